//! Reading JSON that somebody else shaped: a member is looked at only when it is asked for, and one of a wrong kind is a
//! finding, not an error of the whole.
//!
//! Members are kept as raw text, so that what nobody asks for is skipped without recursion, however deep it is. Where a
//! name stands twice the last one counts, as in JavaScript's reader, which AWS puts before the other build.

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// An object's members, in the order of their names' first places.
#[derive(Debug, Default)]
pub(super) struct Object<'a> {
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
    places: HashMap<Cow<'a, str>, usize>,
}

/// A value of another kind than it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrongKind;

impl<'a> Object<'a> {
    /// `None` where the text is not one object, or a name in it is no Unicode text.
    pub(super) fn parse(text: &'a str) -> Option<Object<'a>> {
        serde_json::from_str(text).ok()
    }

    /// The members.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.members.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// The member of this name; one that is null is as good as none.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let place = *self.places.get(name)?;
        let value = self.members.get(place).map(|(_, value)| *value);
        value.filter(|value| !is_null(value))
    }

    /// A string.
    pub(super) fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, WrongKind> {
        self.get(name).map(text).transpose()
    }

    /// An object.
    pub(super) fn object(&self, name: &str) -> Result<Option<Object<'a>>, WrongKind> {
        let parsed = |value: &'a RawValue| Object::parse(value.get()).ok_or(WrongKind);
        self.get(name).map(parsed).transpose()
    }
}

/// The text of a string.
pub(super) fn text(value: &RawValue) -> Result<Cow<'_, str>, WrongKind> {
    let read: Result<Text<'_>, _> = serde_json::from_str(value.get());
    read.map(|text| text.0).map_err(|_| WrongKind)
}

/// The elements of an array of strings.
pub(super) fn texts(value: &RawValue) -> Result<Vec<Cow<'_, str>>, WrongKind> {
    let read: Result<Texts<'_>, _> = serde_json::from_str(value.get());
    read.map(|texts| texts.0).map_err(|_| WrongKind)
}

/// Whether it is an array.
pub(super) fn is_array(value: &RawValue) -> bool {
    value.get().starts_with('[')
}

/// Whether it is null.
pub(super) fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

/// A string, borrowed where it has no escapes.
#[derive(PartialEq, Eq, Hash)]
struct Text<'a>(Cow<'a, str>);

struct Texts<'a>(Vec<Cow<'a, str>>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Read)
    }
}

impl<'de> Deserialize<'de> for Texts<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Texts<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of strings")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Texts<'de>, A::Error> {
                let mut texts = Vec::new();
                while let Some(Text(text)) = from.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_seq(Read)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Object<'de>, A::Error> {
                let mut object = Object::default();
                while let Some((Text(name), value)) = from.next_entry::<Text<'de>, &'de RawValue>()? {
                    match object
                        .places
                        .get(&name)
                        .and_then(|&place| object.members.get_mut(place))
                    {
                        Some(member) => member.1 = value,
                        None => {
                            object.places.insert(name.clone(), object.members.len());
                            object.members.push((name, value));
                        }
                    }
                }
                Ok(object)
            }
        }
        deserializer.deserialize_map(Read)
    }
}

#[cfg(test)]
mod tests {
    //! What is asked for is found; what is wrong spoils nothing else.

    use super::*;

    #[test]
    fn a_wrong_kind_is_found_when_it_is_asked_for() {
        let object =
            Object::parse(r#"{"a":"x","b":["y"],"c":null,"d":{"e":1},"a":"\u0078z","f":"\ud800"}"#).unwrap();
        assert_eq!(object.text("a").unwrap().as_deref(), Some("xz"));
        assert_eq!(object.text("b"), Err(WrongKind));
        assert_eq!(object.text("c"), Ok(None));
        assert_eq!(object.text("f"), Err(WrongKind));
        assert_eq!(object.text("g"), Ok(None));
        assert!(object.object("a").is_err());
        assert!(object.object("d").unwrap().unwrap().get("e").is_some());
        assert_eq!(texts(object.get("b").unwrap()), Ok(vec![Cow::Borrowed("y")]));
        let names: Vec<&str> = object.members().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b", "c", "d", "f"]);
    }

    #[test]
    fn what_nobody_asks_for_may_be_as_deep_as_it_likes() {
        let deep = format!(
            r#"{{"deep":{}{},"a":"x"}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let object = Object::parse(&deep).unwrap();
        assert_eq!(object.text("a").unwrap().as_deref(), Some("x"));
    }

    #[test]
    fn what_is_no_object_is_none() {
        for text in ["", "null", "[]", "1", "{", r#"{"a":1} x"#, r#"{"\ud800":1}"#] {
            assert!(Object::parse(text).is_none(), "{text}");
        }
    }
}
