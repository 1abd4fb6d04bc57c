//! `application/x-www-form-urlencoded`: queries and bodies of OAuth requests (RFC 6749 appendix B). Pure.

use std::fmt::Write as _;

/// One text, every byte but letters, digits and `-._` in percent.
pub(super) fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => escaped.push(char::from(byte)),
            // Writing to a string never fails.
            other => {
                let _ = write!(escaped, "%{other:02X}");
            }
        }
        escaped
    })
}

/// Names and values.
pub(super) fn encode(pairs: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{}={}", escape(name), escape(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// A URL with these parameters behind those that it has.
pub(super) fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let sign = if url.contains('?') { '&' } else { '?' };
    format!("{url}{sign}{}", encode(pairs))
}

#[cfg(test)]
mod tests {
    //! What could be read otherwise is escaped.

    use super::*;

    #[test]
    fn encoded() {
        let pairs = [("a", "b c&d=e"), ("ü", "+/?#%")];
        assert_eq!(encode(&pairs), "a=b%20c%26d%3De&%C3%BC=%2B%2F%3F%23%25");
        assert_eq!(with_query("https://a/b", &[("x", "1")]), "https://a/b?x=1");
        assert_eq!(
            with_query("https://a/b?p=q", &[("x", "1")]),
            "https://a/b?p=q&x=1"
        );
    }
}
