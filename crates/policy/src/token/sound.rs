//! Whether a text is one object by the written rule (contract §5), where nothing of it is to be kept.
//!
//! Bodies of records and sets of keys are read into types that would let a member stand twice, or lie too deep, wherever
//! they do not look. A million bodies pass here, so no value is built.

use super::json::DEPTH_MAX;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Whether a member may stand in an object more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// By the rule.
    Refused,
    /// All of the rule but this.
    Allowed,
}

/// Whether the whole text is one object.
pub(crate) fn is_object(text: &[u8], repeats: Repeats) -> bool {
    let first = text
        .iter()
        .find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Sound { depth: 0, repeats };
    first == Some(&b'{') && value.deserialize(&mut reader).is_ok() && reader.end().is_ok()
}

/// A value that lies below this many objects and arrays.
#[derive(Clone, Copy)]
struct Sound {
    depth: u8,
    repeats: Repeats,
}

impl Sound {
    fn below<E: Error>(self) -> Result<Sound, E> {
        if self.depth < DEPTH_MAX {
            let depth = self.depth + 1;
            Ok(Sound { depth, ..self })
        } else {
            Err(E::custom("too deep"))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Sound {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        // Not `deserialize_ignored_any`, which looks neither at escapes nor at the size of numbers.
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Sound {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        if value.is_finite() {
            Ok(())
        } else {
            Err(E::custom("beyond a double"))
        }
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let below = self.below()?;
        while access.next_element_seed(below)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let below = self.below()?;
        let mut names: Vec<Cow<'de, str>> = Vec::new();
        while let Some(name) = access.next_key_seed(Name)? {
            access.next_value_seed(below)?;
            names.push(name);
        }
        names.sort_unstable();
        let is_repeated = names.windows(2).any(|pair| pair[0] == pair[1]);
        if is_repeated && self.repeats == Repeats::Refused {
            return Err(A::Error::custom("a member stands twice"));
        }
        Ok(())
    }
}

/// The name of a member, borrowed where it has no escape.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    //! Held to the reader that builds what it reads.

    use super::super::json::Object;
    use super::*;

    #[test]
    fn as_the_reader_of_tokens() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        let texts = [
            "{}",
            " {\"a\" : [ {} ] }\n",
            "[]",
            "1",
            "\"{}\"",
            "null",
            "",
            " ",
            "{}x",
            "{}{}",
            "\u{feff}{}",
            r#"{"a":1,"b":{"a":1}}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"a":{"b":1,"c":0,"b":1}}"#,
            r#"{"a":[{"b":1,"b":1}]}"#,
            r#"{"a":"\ud83d\ude00"}"#,
            r#"{"a":"\ud83d"}"#,
            r#"{"\ude00":1}"#,
            r#"{"a":1e400}"#,
            r#"{"a":-1e-400,"b":1e308,"c":18446744073709551616,"d":-7}"#,
            r#"{"a":01}"#,
            "{\"a\":\"\t\"}",
            r#"{"a":true,"b":null}"#,
            &nested(16),
            &nested(17),
            &nested(100_000),
        ];
        for text in texts {
            let expected = Object::parse(text.as_bytes()).is_some();
            assert_eq!(is_object(text.as_bytes(), Repeats::Refused), expected, "{text}");
        }
        assert!(!is_object(b"{\"a\":\"\xff\"}", Repeats::Refused));
    }

    #[test]
    fn all_but_repeats() {
        let allowed = |text: &str| is_object(text.as_bytes(), Repeats::Allowed);
        assert!(allowed(r#"{"a":1,"b":{"c":1,"c":2},"a":1}"#));
        for worse in [r#""b":1e400"#, r#""b":"\ud800""#, r#""b":"#] {
            assert!(!allowed(&format!(r#"{{"a":1,"a":1,{worse}}}"#)), "{worse}");
        }
        assert!(!allowed("[]"));
    }
}
