//! Times in policies: RFC 3339 with `Z` and whole seconds, as Unix seconds.
//!
//! One spelling only, so that both languages read the same moment. Must not know what time it is.

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// Unix seconds of `2027-01-01T00:00:00Z`; what lies before 1970 is 0. `None` where it is anything else.
pub(crate) fn unix_seconds(text: &str) -> Option<u64> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let marks = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (19, b'Z'),
    ];
    if marks.iter().any(|&(at, mark)| bytes[at] != mark) {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to].iter().try_fold(0i64, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * DAY_S + hour * 3_600 + minute * 60 + second;
    Some(u64::try_from(seconds).unwrap_or(0))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    //! One spelling, and the right second.

    use super::*;

    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(unix_seconds(text), expected, "{text}");
    }

    #[test]
    fn moments() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("1970-01-01T00:00:01Z", Some(1));
        check("2000-02-29T23:59:59Z", Some(951_868_799));
        check("2027-01-01T00:00:00Z", Some(1_798_761_600));
        check("9999-12-31T23:59:59Z", Some(253_402_300_799));
        check("1969-12-31T23:59:59Z", Some(0));
        check("0000-01-01T00:00:00Z", Some(0));
    }

    #[test]
    fn every_other_spelling_is_refused() {
        for text in [
            "",
            "2027-01-01",
            "2027-01-01T00:00:00z",
            "2027-01-01t00:00:00Z",
            "2027-01-01 00:00:00Z",
            "2027-01-01T00:00:00.0Z",
            "2027-01-01T00:00:00+00:00",
            "2027-1-01T00:00:00Z",
            "2027-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2027-04-31T00:00:00Z",
            "2027-00-10T00:00:00Z",
            "2027-13-10T00:00:00Z",
            "2027-01-00T00:00:00Z",
            "2027-01-01T24:00:00Z",
            "2027-01-01T00:60:00Z",
            "2016-12-31T23:59:60Z",
            "2027-01-01T00:00:-1Z",
            "٢027-01-01T00:00:0Z",
        ] {
            check(text, None);
        }
    }
}
