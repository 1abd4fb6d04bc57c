//! The current date as an answer's `Date` field has it (RFC 9110 §5.6.7), formatted once a second.

use std::time::{SystemTime, UNIX_EPOCH};

/// The text of the last second that was asked for.
#[derive(Debug, Default)]
pub(crate) struct DateText {
    second: u64,
    text: String,
}

impl DateText {
    /// Puts the date of `now` (IMF-fixdate) into `out`.
    pub(crate) fn copy_to(&mut self, out: &mut String, now: SystemTime) {
        let second = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if second != self.second || self.text.is_empty() {
            self.second = second;
            self.text = httpdate::fmt_http_date(now);
        }
        out.clear();
        out.push_str(&self.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_text_follows_the_clock_both_ways() {
        let mut date = DateText::default();
        let mut out = String::from("left over");
        for (second, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (784_111_776, "Sun, 06 Nov 1994 08:49:36 GMT"),
        ] {
            for fraction in [0, 999] {
                let now = UNIX_EPOCH + Duration::from_secs(second) + Duration::from_millis(fraction);
                date.copy_to(&mut out, now);
                assert_eq!(out, expected);
            }
        }
    }
}
