//! Times for people: always UTC and said so, and how long ago.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY_S: u64 = 86_400;

/// Unix milliseconds.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Unix seconds.
pub(crate) fn now_s() -> u64 {
    now_ms() / 1_000
}

/// RFC 3339 of Unix seconds.
pub(crate) fn utc(unix_s: u64) -> String {
    let (days, second) = (unix_s / DAY_S, unix_s % DAY_S);
    // Years that begin in March, from the year 0; a cycle of 400 of them has 146,097 days.
    let days = days + 719_468;
    let cycle = days / 146_097;
    let day = days % 146_097;
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = cycle * 400 + year + next;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `02:41 UTC` where that is of the last 20 hours, else with its day.
pub(crate) fn clock(unix_ms: u64, now_ms: u64) -> String {
    let text = utc(unix_ms / 1_000);
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    let time = time.get(..5).unwrap_or_default();
    match now_ms.saturating_sub(unix_ms) < 20 * 3_600_000 {
        true => format!("{time} UTC"),
        false => format!("{day} {time} UTC"),
    }
}

/// `3 s ago`, in the largest unit that fits.
pub(crate) fn ago(unix_ms: u64, now_ms: u64) -> String {
    let s = now_ms.saturating_sub(unix_ms) / 1_000;
    match s {
        0..=119 => format!("{s} s ago"),
        120..=7_199 => format!("{} min ago", s / 60),
        7_200..=172_799 => format!("{} h ago", s / 3_600),
        _ => format!("{} d ago", s / DAY_S),
    }
}

/// `0.7 s` of milliseconds; below a tenth of a second in milliseconds.
pub(crate) fn seconds(ms: u64) -> String {
    match ms {
        0..=99 => format!("{ms} ms"),
        100..=99_949 => format!("{}.{} s", (ms + 50) / 1_000, (ms + 50) % 1_000 / 100),
        _ => format!("{} s", (ms + 500) / 1_000),
    }
}

/// A span as people write it: `500ms`, `30s`, `15m`, `24h`, `7d`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no span: write a number and a unit, as in 30s, 15m, 24h or 7d");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let number: u32 = number.parse().map_err(|_| wrong())?;
    let ms: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => DAY_S * 1_000,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_millis(u64::from(number) * ms))
}

#[cfg(test)]
mod tests {
    //! Days that are easy to get wrong, and the bounds between units.

    use super::*;

    #[test]
    fn days() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_763_900_421, "2025-11-23T12:20:21Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(seconds), expected);
        }
    }

    #[test]
    fn a_time_is_said_as_short_as_it_is_clear() {
        let now = 1_763_900_421_000;
        assert_eq!(clock(now - 60_000, now), "12:19 UTC");
        assert_eq!(clock(now - 86_400_000, now), "2025-11-22 12:20 UTC");
        for (before_s, said) in [
            (0, "0 s ago"),
            (119, "119 s ago"),
            (120, "2 min ago"),
            (7_200, "2 h ago"),
            (172_800, "2 d ago"),
        ] {
            assert_eq!(ago(now - before_s * 1_000, now), said);
        }
        for (ms, said) in [
            (0, "0 ms"),
            (99, "99 ms"),
            (100, "0.1 s"),
            (699, "0.7 s"),
            (1_960, "2.0 s"),
            (120_000, "120 s"),
        ] {
            assert_eq!(seconds(ms), said);
        }
    }

    #[test]
    fn a_span_has_a_unit() {
        assert_eq!(span("24h"), Ok(Duration::from_secs(86_400)));
        assert_eq!(span("500ms"), Ok(Duration::from_millis(500)));
        for wrong in ["24", "h", "", "1.5h", "-1s", "1 h", "99999999999s", "5é"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
