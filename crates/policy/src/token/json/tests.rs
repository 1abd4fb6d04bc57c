//! What the rule lets through, and what it refuses.

use super::*;

fn check(text: &str, good: bool) {
    assert_eq!(Object::parse(text.as_bytes()).is_some(), good, "{text}");
}

fn number(text: &str) -> Option<f64> {
    match Object::parse(format!("{{\"n\":{text}}}").as_bytes())?.get("n") {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    }
}

#[test]
fn one_object_with_white_space_around() {
    check(" \t\r\n{ } \n", true);
    for text in [
        "",
        "[]",
        "\"a\"",
        "1",
        "null",
        "{} {}",
        "{},",
        "{",
        "{a:1}",
        "{\"a\":1,}",
        "\u{feff}{}",
        "{}\u{0}",
        "\u{a0}{}",
        "\u{c}{}",
    ] {
        check(text, false);
    }
    assert!(Object::parse(b"{\"a\":\"\xff\"}").is_none());
    assert!(Object::parse(b"{\"a\":\"\xed\xa0\x80\"}").is_none());
}

#[test]
fn depth_is_counted_from_the_object() {
    let nested = |depth: usize| {
        let inner = depth - 1;
        format!("{{\"a\":{}{}}}", "[".repeat(inner), "]".repeat(inner))
    };
    check(&nested(16), true);
    check(&nested(17), false);
    check(&nested(16).replace("[]", "[1]"), true);
    check(&nested(16).replace("[]", "[{}]"), false);
    check(&nested(17).replace("[]", "[1]"), false);
}

#[test]
fn no_member_twice_at_any_depth() {
    check(r#"{"a":1,"b":2}"#, true);
    check(r#"{"a":1,"a":1}"#, false);
    check(r#"{"a":1,"\u0061":1}"#, false);
    check(r#"{"x":[{"a":1,"b":{"c":1,"c":2}}]}"#, false);
    check(r#"{"a":{"a":{"a":1}}}"#, true);
    check(r#"{"":1,"":2}"#, false);
}

#[test]
fn strings_are_unicode() {
    check(r#"{"a":"\ud83d\ude00"}"#, true);
    for text in [
        r#"{"a":"\ud83d"}"#,
        r#"{"a":"\ude00\ud83d"}"#,
        r#"{"\ud800":1}"#,
        r#"{"a":"\ud83d\u0041"}"#,
        "{\"a\":\"\n\"}",
        r#"{"a":"\x41"}"#,
        r#"{"a":"\u12"}"#,
    ] {
        check(text, false);
    }
    check("{\"a\":\"\u{7f}\u{0}\"}", false);
    check("{\"a\":\"\u{7f}\"}", true);
    check(r#"{"a":"\u0000"}"#, true);
}

#[test]
fn numbers_are_doubles() {
    assert_eq!(number("5.0"), Some(5.0));
    assert_eq!(number("-0").map(f64::to_bits), Some((-0.0f64).to_bits()));
    assert_eq!(number("9007199254740993"), Some(9_007_199_254_740_992.0));
    assert_eq!(number("18446744073709551616"), Some(18_446_744_073_709_551_616.0));
    assert_eq!(number("1e-400"), Some(0.0));
    assert_eq!(number("1.7976931348623157e308"), Some(f64::MAX));
    assert_eq!(number("17976931348623158e292"), Some(f64::MAX));
    assert_eq!(number("0.1e1"), Some(1.0));
    assert_eq!(
        number("123456789012345678901234567890"),
        Some(123_456_789_012_345_678_901_234_567_890.0)
    );
    for text in [
        "1e309",
        "-1e309",
        "1.7976931348623159e308",
        "01",
        "+1",
        ".5",
        "5.",
        "1e",
        "0x1",
        "NaN",
        "Infinity",
        "-",
    ] {
        assert_eq!(number(text), None, "{text}");
    }
}
