//! A moment as RFC 3339 has it, UTC with microseconds: `2026-04-12T09:30:00.000042Z`.
//!
//! The text up to the second is kept, as thousands of lines share it.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

const DAY_S: u64 = 86_400;

/// The text of the last second that was asked for.
#[derive(Debug, Default)]
pub(crate) struct Stamp {
    second: u64,
    text: String,
}

impl Stamp {
    /// Appends the moment. One before 1970 is written as its first second.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, now: SystemTime) {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        if since.as_secs() != self.second || self.text.is_empty() {
            self.second = since.as_secs();
            self.text.clear();
            write_second(&mut self.text, self.second);
        }
        out.extend_from_slice(self.text.as_bytes());
        let mut digits = *b".000000Z";
        let mut left = since.subsec_micros();
        for digit in digits[1..7].iter_mut().rev() {
            *digit = b'0' + (left % 10) as u8;
            left /= 10;
        }
        out.extend_from_slice(&digits);
    }
}

/// The moment as text of its own.
pub(crate) fn rfc3339(moment: SystemTime) -> String {
    let mut out = Vec::with_capacity(32);
    Stamp::default().write(&mut out, moment);
    // Digits and punctuation are all that is in it.
    String::from_utf8(out).unwrap_or_default()
}

fn write_second(text: &mut String, second: u64) {
    let (year, month, day) = date(second / DAY_S);
    let of_day = second % DAY_S;
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    // Writing to memory does not fail.
    let _ = write!(
        text,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
    );
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Counts from 1 March of year 0: then a leap day is the last day of its year, and months have a regular pattern.
fn date(day: u64) -> (u64, u64, u64) {
    const ERA_DAYS: u64 = 146_097;
    let day = day + 719_468;
    let (era, of_era) = (day / ERA_DAYS, day % ERA_DAYS);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year_of_era + later, month, of_month + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn stamp(micros: u64) -> String {
        rfc3339(UNIX_EPOCH + Duration::from_micros(micros))
    }

    #[test]
    fn known_moments() {
        assert_eq!(stamp(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(stamp(951_782_400_000_042), "2000-02-29T00:00:00.000042Z");
        assert_eq!(stamp(4_107_542_399_999_999), "2100-02-28T23:59:59.999999Z");
        assert_eq!(stamp(4_107_542_400_000_000), "2100-03-01T00:00:00.000000Z");
    }

    #[test]
    fn the_kept_second_is_left_when_the_clock_does() {
        let mut stamp = Stamp::default();
        for (second, expected) in [(59, "00:00:59"), (60, "00:01:00"), (59, "00:00:59")] {
            let mut out = Vec::new();
            stamp.write(&mut out, UNIX_EPOCH + Duration::from_secs(second));
            assert_eq!(out, format!("1970-01-01T{expected}.000000Z").as_bytes());
        }
    }

    proptest! {
        /// httpdate writes the same date in other words.
        #[test]
        fn agrees_with_another_calendar(second in 0_u64..250_000_000_000) {
            let other = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
            let ours = stamp(second * 1_000_000);
            let (date, time) = ours.split_once('T').unwrap();
            let parts: Vec<_> = date.split('-').collect();
            let month = "JanFebMarAprMayJunJulAugSepOctNovDec".as_bytes();
            let number: usize = parts[1].parse().unwrap();
            let month = std::str::from_utf8(&month[number * 3 - 3..number * 3]).unwrap();
            let expected = format!("{} {month} {} {} GMT", parts[2], parts[0], &time[..8]);
            prop_assert_eq!(&other[5..], expected);
        }
    }
}
