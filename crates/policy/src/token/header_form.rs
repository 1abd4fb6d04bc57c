//! How a claim's value is written into a header (policy §5), so that no value can be read as two.
//!
//! A value without such a form has none; it is never cut or repaired.

use super::json::Value;
use std::borrow::Cow;
use std::fmt::Write;

/// Bytes of one value in a header.
pub(crate) const HEADER_FORM_BYTES_MAX: usize = 1_024;

/// The largest magnitude of which a double holds every integer, 2^53.
const INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

/// A string of visible ASCII as it is, a boolean, an integer in decimal, or strings joined by `,` and percent-encoded.
/// Never empty. May be longer than `HEADER_FORM_BYTES_MAX`.
pub(crate) fn header_form(value: &Value) -> Option<Cow<'_, str>> {
    let text = match value {
        Value::String(text) if crate::rules::is_visible(text) => Cow::Borrowed(&**text),
        Value::Boolean(true) => Cow::Borrowed("true"),
        Value::Boolean(false) => Cow::Borrowed("false"),
        Value::Number(number) => Cow::Owned(integer(*number)?),
        Value::Array(items) => Cow::Owned(joined(items)?),
        Value::Null | Value::String(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn integer(number: f64) -> Option<String> {
    let whole = number.fract() == 0.0 && number.abs() <= INTEGER_MAX;
    #[allow(clippy::cast_possible_truncation, reason = "integral and within 2^53")]
    whole.then(|| (number as i64).to_string())
}

fn joined(items: &[Value]) -> Option<String> {
    let mut joined = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            joined.push(',');
        }
        for &byte in item.as_str()?.as_bytes() {
            if byte.is_ascii_graphic() && !matches!(byte, b'%' | b',') {
                joined.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(joined, "%{byte:02X}");
            }
        }
    }
    Some(joined)
}

#[cfg(test)]
mod tests {
    //! Every type of value.

    use super::*;
    use crate::token::json::Object;

    fn check(json: &str, expected: Option<&str>) {
        let object = Object::parse(format!("{{\"v\":{json}}}").as_bytes()).expect("JSON");
        let value = object.get("v").expect("a member");
        assert_eq!(header_form(value).as_deref(), expected, "{json}");
    }

    #[test]
    fn strings() {
        check(r#""u-1""#, Some("u-1"));
        check(r#""a,b%20~!""#, Some("a,b%20~!"));
        for absent in [
            r#""""#,
            r#""a b""#,
            r#""é""#,
            r#""a\nb""#,
            r#""\u007f""#,
            r#""\u0000""#,
        ] {
            check(absent, None);
        }
    }

    #[test]
    fn numbers_and_booleans() {
        check("true", Some("true"));
        check("false", Some("false"));
        check("0", Some("0"));
        check("-0", Some("0"));
        check("-0.0", Some("0"));
        check("5.0", Some("5"));
        check("-12", Some("-12"));
        check("1e3", Some("1000"));
        check("9007199254740992", Some("9007199254740992"));
        check("-9007199254740992", Some("-9007199254740992"));
        for absent in ["0.5", "9007199254740994", "1e300", "null", "{}", "{\"a\":1}"] {
            check(absent, None);
        }
    }

    #[test]
    fn lists() {
        check(r#"["a"]"#, Some("a"));
        check(
            r#"["a","b,c","d%e","f g","é"]"#,
            Some("a,b%2Cc,d%25e,f%20g,%C3%A9"),
        );
        check(r#"["",""]"#, Some(","));
        for absent in ["[]", r#"[""]"#, r#"["a",1]"#, r#"["a",null]"#, r#"[["a"]]"#] {
            check(absent, None);
        }
    }
}
