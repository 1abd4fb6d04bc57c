//! Placeholders until the answers land; this file goes away with them.

pub(crate) mod proxy_status {
    /// Our member of `Proxy-Status` on an answer that the upstream made.
    pub(crate) const FORWARDED: &[u8] = b"switchboard";
    /// Our name in `Proxy-Status`.
    pub(crate) const NAME: &[u8] = b"switchboard";
    /// Our member on an answer that a route's configuration gives: made here, and no error.
    pub(crate) const CONFIGURED: &[u8] = b"switchboard; details=\"configured\"";
}

/// The current date as text, formatted once a second.
#[derive(Debug, Default)]
pub(crate) struct DateText {
    second: u64,
    text: String,
}

impl DateText {
    /// Puts the date of `now` (IMF-fixdate) into `out`.
    pub(crate) fn copy_to(&mut self, out: &mut String, now: std::time::SystemTime) {
        let second = now
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        if second != self.second || self.text.is_empty() {
            self.second = second;
            self.text = httpdate::fmt_http_date(now);
        }
        out.clear();
        out.push_str(&self.text);
    }
}
