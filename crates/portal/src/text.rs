//! Small texts: hexadecimal, digests, ids and secrets by chance, times.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string never fails.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes.as_ref()))
}

/// 32 bytes that nobody can guess.
pub(crate) fn secret_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    // It fails only where the system has no randomness at all; nothing may go on without.
    rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// 43 base64url characters that nobody can guess.
pub(crate) fn secret() -> String {
    URL_SAFE_NO_PAD.encode(secret_bytes())
}

/// By chance, from 0 to 1.
pub(crate) fn chance() -> f64 {
    let [a, b, c, d, ..] = secret_bytes();
    f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX)
}

/// An id that sorts by the time of its making: `[0-9a-z]`, 20 characters.
pub(crate) fn id() -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut number = now_ms().unsigned_abs();
    let mut time = [b'0'; 9];
    for place in time.iter_mut().rev() {
        *place = digit(DIGITS, number % 36);
        number /= 36;
    }
    let chance = secret_bytes();
    let chance = chance
        .iter()
        .take(11)
        .map(|byte| digit(DIGITS, u64::from(*byte) % 36));
    time.into_iter().chain(chance).map(char::from).collect()
}

fn digit(digits: &[u8; 36], at: u64) -> u8 {
    let at = usize::try_from(at).unwrap_or_default();
    digits.get(at).copied().unwrap_or(b'0')
}

/// Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Unix seconds.
pub(crate) fn now() -> i64 {
    now_ms() / 1_000
}

/// RFC 3339 with `Z` and whole seconds.
pub(crate) fn rfc3339(unix_s: i64) -> String {
    let (days, second) = (unix_s.div_euclid(86_400), unix_s.rem_euclid(86_400));
    // The proleptic Gregorian calendar, counted in years that begin in March.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second % 3_600 / 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Unix seconds of a time as [`rfc3339`] writes it.
pub(crate) fn unix_seconds(text: &str) -> Option<i64> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let shifted = if month > 2 { year } else { year - 1 };
    let march = (month + 9) % 12;
    let leaps = shifted.div_euclid(4) - shifted.div_euclid(100) + shifted.div_euclid(400);
    let days = shifted * 365 + leaps + (march * 153 + 2) / 5 + day - 1 - 719_468;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    // What is no date, or written in another way, does not come back as it was.
    (rfc3339(seconds).as_bytes() == bytes).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (1_798_761_600, "2027-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
            assert_eq!(unix_seconds(text), Some(seconds));
        }
        for wrong in [
            "",
            "2027-02-29T00:00:00Z",
            "2027-01-01 00:00:00Z",
            "2027-1-01T00:00:000Z",
            "+027-01-01T00:00:00Z",
        ] {
            assert_eq!(unix_seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ids_sort_by_time_and_never_repeat() {
        let ids: Vec<String> = (0..100).map(|_| id()).collect();
        assert!(ids.iter().all(|id| id.len() == 20));
        let times: Vec<&str> = ids.iter().map(|id| &id[..9]).collect();
        assert!(times.is_sorted());
        let distinct: std::collections::HashSet<&String> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert_eq!(secret().len(), 43);
    }
}
