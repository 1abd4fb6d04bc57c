//! JSON of tokens by one written rule (contract §5), the same in both languages.
//!
//! serde_json reads the grammar; what it lets through and the rule does not (a member twice, depth, a number that no
//! double holds exactly as another language reads it) is refused here. Nothing is kept of a text that breaks the rule.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// How deep objects and arrays may lie in each other; the outermost is 1.
pub(super) const DEPTH_MAX: u8 = 16;

/// A JSON value. Every number is a double, as in the twin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    Number(f64),
    String(Box<str>),
    Array(Box<[Value]>),
    Object(Object),
}

/// The members of an object, in the order of their names.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Object(Box<[(Box<str>, Value)]>);

impl Value {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Object {
    /// The object that the whole text is; `None` where the text breaks the rule.
    pub(crate) fn parse(text: &[u8]) -> Option<Object> {
        let mut reader = serde_json::Deserializer::from_slice(text);
        let value = Depth(0).deserialize(&mut reader).ok()?;
        reader.end().ok()?;
        match value {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let at = self.0.binary_search_by(|(found, _)| (**found).cmp(name)).ok()?;
        Some(&self.0[at].1)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Reads a value that lies below this many objects and arrays.
#[derive(Clone, Copy)]
struct Depth(u8);

impl Depth {
    fn below<E: Error>(self) -> Result<Depth, E> {
        if self.0 < DEPTH_MAX {
            Ok(Depth(self.0 + 1))
        } else {
            Err(E::custom("too deep"))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// As `as f64` of an integer: the nearest double, which is what a text of digits is read as.
#[allow(
    clippy::cast_precision_loss,
    reason = "rounding to the nearest double is the rule"
)]
impl<'de> Visitor<'de> for Depth {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        if value.is_finite() {
            Ok(Value::Number(value))
        } else {
            Err(E::custom("beyond a double"))
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(below)? {
            items.push(item);
        }
        Ok(Value::Array(items.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut members: Vec<(Box<str>, Value)> = Vec::new();
        while let Some(name) = access.next_key::<Box<str>>()? {
            members.push((name, access.next_value_seed(below)?));
        }
        members.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        if members.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(A::Error::custom("a member twice"));
        }
        Ok(Value::Object(Object(members.into())))
    }
}

#[cfg(test)]
mod tests;
