//! JSON values as YAML for people: maps in blocks, what is short on one line, strings plain where they can be.
//!
//! Members keep their order. What is written here is read back as it was (YAML 1.2, core schema).

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Columns that a line may have before it is broken into a block.
const WIDTH: usize = 110;

/// A JSON value whose members have an order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Doc {
    /// As it is written on one line.
    Scalar(String),
    List(Vec<Doc>),
    Map(Vec<(String, Doc)>),
}

impl Doc {
    /// A string.
    pub(super) fn text(text: &str) -> Doc {
        Doc::Scalar(scalar(text))
    }

    /// All of it on one line.
    pub(super) fn flow(&self) -> String {
        match self {
            Doc::Scalar(text) => text.clone(),
            Doc::List(items) => {
                let items: Vec<String> = items.iter().map(Doc::flow).collect();
                format!("[{}]", items.join(", "))
            }
            Doc::Map(members) if members.is_empty() => "{}".to_owned(),
            Doc::Map(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("{}: {}", scalar(key), value.flow()))
                    .collect();
                format!("{{ {} }}", members.join(", "))
            }
        }
    }

    /// Whether it is written in one line, however wide: nothing in it is a map.
    fn is_plain(&self) -> bool {
        match self {
            Doc::Scalar(_) => true,
            Doc::List(items) => items.iter().all(|item| matches!(item, Doc::Scalar(_))),
            Doc::Map(members) => members.iter().all(|(_, value)| matches!(value, Doc::Scalar(_))),
        }
    }
}

/// Writes a map as an item of a block list, indented by so many blanks.
pub(super) fn write_item(members: &[(String, Doc)], indent: usize, out: &mut String) {
    for (index, (key, value)) in members.iter().enumerate() {
        out.push_str(&" ".repeat(indent));
        out.push_str(if index == 0 { "- " } else { "  " });
        out.push_str(&scalar(key));
        out.push(':');
        write_value(value, indent + 2, key.len() + 1, out);
    }
}

/// Writes what stands behind a key; `indent` is the key's own, `before` how much of the line is used behind it.
fn write_value(value: &Doc, indent: usize, before: usize, out: &mut String) {
    let flow = value.flow();
    if matches!(value, Doc::Scalar(_)) || (value.is_plain() && indent + before + flow.len() < WIDTH) {
        out.push(' ');
        out.push_str(&flow);
        out.push('\n');
        return;
    }
    out.push('\n');
    match value {
        Doc::Scalar(_) => {}
        Doc::List(items) => {
            for item in items {
                write_list_item(item, indent + 2, out);
            }
        }
        Doc::Map(members) => {
            for (key, value) in members {
                out.push_str(&" ".repeat(indent + 2));
                out.push_str(&scalar(key));
                out.push(':');
                write_value(value, indent + 2, key.len() + 1, out);
            }
        }
    }
}

fn write_list_item(item: &Doc, indent: usize, out: &mut String) {
    let flow = item.flow();
    match item {
        Doc::Map(members) if indent + 2 + flow.len() > WIDTH && !members.is_empty() => {
            write_item(members, indent, out);
        }
        _ => {
            out.push_str(&" ".repeat(indent));
            out.push_str("- ");
            out.push_str(&flow);
            out.push('\n');
        }
    }
}

/// A string, plain where nothing could read it otherwise, also inside of `[ ]` and `{ }`.
fn scalar(text: &str) -> String {
    let plain_byte = |byte: u8| byte.is_ascii_alphanumeric() || b" ._/-*@+~$=;:()".contains(&byte);
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/');
    let ends = !text.ends_with([' ', ':']);
    let is_safe = text.bytes().all(plain_byte) && begins && ends && !text.contains(": ");
    // Whatever begins with a digit and has nothing but what numbers have is left to no reader's judgement.
    let is_number = text.starts_with(|first: char| first.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || b"xo_.+-".contains(&byte));
    let is_word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off"
    );
    if is_safe && !is_number && !is_word {
        return text.to_owned();
    }
    // A JSON string is a YAML string in double quotes, but for two characters that YAML takes for line ends.
    serde_json::to_string(text)
        .unwrap_or_default()
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
        .replace('\u{85}', "\\u0085")
        .replace('\u{7f}', "\\u007f")
        .replace('\u{feff}', "\\ufeff")
}

impl<'de> Deserialize<'de> for Doc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Doc, D::Error> {
        deserializer.deserialize_any(Build)
    }
}

struct Build;

impl<'de> Visitor<'de> for Build {
    type Value = Doc;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Doc, E> {
        Ok(Doc::Scalar("null".to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Doc, E> {
        Ok(Doc::Scalar(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Doc, E> {
        Ok(Doc::Scalar(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Doc, E> {
        Ok(Doc::Scalar(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Doc, E> {
        Ok(Doc::Scalar(value.to_string()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Doc, E> {
        Ok(Doc::text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Doc, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Doc::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Doc, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Doc::Map(members))
    }
}

#[cfg(test)]
mod tests {
    //! How values look.

    use super::*;

    fn check(json: &str, expected: &str) {
        let Doc::Map(members) = serde_json::from_str(json).unwrap() else {
            panic!("{json} is no map");
        };
        let mut out = String::new();
        write_item(&members, 2, &mut out);
        assert_eq!(out, expected, "{json}");
    }

    #[test]
    fn short_values_stand_on_their_line() {
        check(
            r#"{"id":"a","n":5,"b":true,"list":["x y","2"],"map":{"user":"sub"},"none":[],"nothing":{}}"#,
            "  - id: a\n    n: 5\n    b: true\n    list: [x y, \"2\"]\n    map: { user: sub }\n    none: []\n    nothing: {}\n",
        );
    }

    #[test]
    fn lists_of_maps_are_blocks() {
        check(
            r#"{"operations":[{"match":"GET /a/{id}","scopes":["a"]},{"match":"GET /a/**"}]}"#,
            "  - operations:\n      - { match: \"GET /a/{id}\", scopes: [a] }\n      - { match: GET /a/** }\n",
        );
        let long = "x".repeat(120);
        check(
            &format!(r#"{{"keys":[{{"kty":"RSA","n":"{long}"}}]}}"#),
            &format!("  - keys:\n      - kty: RSA\n        n: {long}\n"),
        );
    }

    #[test]
    fn strings_are_quoted_where_they_could_be_read_otherwise() {
        for plain in [
            "a",
            "GET /a/**",
            "https://a.example:8443/x",
            "100/s",
            "2027-01-01T00:00:00Z",
            "a b",
        ] {
            assert_eq!(scalar(plain), plain);
        }
        for quoted in [
            "", "1", "0x1f", "9f86", "1e5", "true", "No", "null", "~", "-", "a: b", "a:", " a", "a ", "a,b",
            "[a", "{a}", "*a", "&a", "#a", "a #b", "é", "!", "%", "'",
        ] {
            assert_eq!(scalar(quoted), format!("\"{quoted}\""));
        }
        assert_eq!(scalar("a\n\"\u{2028}"), r#""a\n\"\u2028""#);
    }
}
