//! What serde would let through and the contract does not: null for a value, a list for an object, an object for a word.
//!
//! One shape for each member, so that a reader in another language has to know no more than JSON. Used by the wire types
//! alone.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use std::borrow::Cow;
use std::fmt;

/// A value that is there. Null is one of no member, so that a member is either left out or says something.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A whole number; `5.0` is one too, because a reader in another language cannot tell it from `5`.
pub(super) fn integral<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let number = f64::deserialize(deserializer)?;
    // 2^53: what a double holds exactly.
    let fits = number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number);
    if !fits {
        return Err(D::Error::custom("not a whole number"));
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "integral and within 0 to 2^53"
    )]
    Ok(Some(number as u64))
}

/// One of an enum's words, as a string.
pub(super) fn word<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Word::deserialize(deserializer).map(|word| word.0)
}

/// As `word`, where the member may be left out.
pub(super) fn given_word<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    word(deserializer).map(Some)
}

/// A list of such words, where the member may be left out.
pub(super) fn given_words<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let words = Vec::<Word<T>>::deserialize(deserializer)?;
    Ok(Some(words.into_iter().map(|word| word.0).collect()))
}

/// An object.
pub(crate) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(AsObject(deserializer))
}

/// A list of objects.
pub(super) fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|object| object.0).collect())
}

struct Word<T>(T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = Cow::<str>::deserialize(deserializer)?;
        T::deserialize(StrDeserializer::new(&word)).map(Word)
    }
}

/// What was an object in the text.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Object)
    }
}

/// Asks for an object whatever is asked of it.
struct AsObject<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for AsObject<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(OnlyMap(visitor))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct OnlyMap<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for OnlyMap<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(access)
    }
}

#[cfg(test)]
mod tests {
    //! Shapes that serde alone would take.

    use crate::entity::{Api, Cell, Client, Issuer, Plan, Tenant};
    use serde::Deserialize;

    fn check<T: for<'de> Deserialize<'de>>(good: &str, bad: &[&str]) {
        let read = |text: &str| serde_json::from_str::<super::Object<T>>(text).map(drop);
        read(good).expect(good);
        for text in bad {
            read(text).expect_err(text);
        }
    }

    #[test]
    fn lists_are_no_objects() {
        check::<Cell>("{}", &["[]", "null", "1", "\"\""]);
        check::<Plan>(r#"{"rate":"1/s"}"#, &[r#"["1/s"]"#]);
        check::<Client>(
            r#"{"team":"t","grants":[{"api":"a"}],"credentials":[{"type":"api_key","id":"i","sha256":""}]}"#,
            &[
                r#"{"team":"t","grants":[["a"]]}"#,
                r#"{"team":"t","grants":{}}"#,
                r#"{"team":"t","credentials":[["api_key","i",""]]}"#,
            ],
        );
        check::<Api>(
            r#"{"team":"t","base_path":"/","operations":[{"match":"GET /"}],"delegates":[{"path":"/a","team":"t"}]}"#,
            &[
                r#"{"team":"t","base_path":"/","operations":[["GET /"]]}"#,
                r#"{"team":"t","base_path":"/","delegates":[["/a","t"]]}"#,
            ],
        );
        check::<Issuer>(
            r#"{"issuer":"i","audiences":[],"claims":{}}"#,
            &[
                r#"{"issuer":"i","audiences":[],"claims":[]}"#,
                r#"{"issuer":"i","audiences":[],"keys":[[]]}"#,
            ],
        );
    }

    #[test]
    fn null_is_no_value() {
        check::<Tenant>(
            r#"{"cell":"c","status":"active"}"#,
            &[r#"{"cell":null}"#, r#"{"status":null}"#],
        );
        check::<Issuer>(
            r#"{"issuer":"i","audiences":[],"leeway_s":5.0}"#,
            &[
                r#"{"issuer":"i","audiences":[],"leeway_s":null}"#,
                r#"{"issuer":"i","audiences":[],"leeway_s":5.5}"#,
                r#"{"issuer":"i","audiences":[],"leeway_s":"5"}"#,
                r#"{"issuer":"i","audiences":[],"preset":null}"#,
                r#"{"issuer":"i","audiences":[],"claims":{"user":null}}"#,
                r#"{"issuer":"i","audiences":[],"jwks_uri":null}"#,
            ],
        );
        check::<Client>(
            r#"{"team":"t"}"#,
            &[
                r#"{"team":"t","grants":null}"#,
                r#"{"team":"t","tenant":null}"#,
                r#"{"team":"t","credentials":[{"type":"api_key","id":"i","sha256":"","expires_at":null}]}"#,
            ],
        );
    }

    #[test]
    fn words_are_strings() {
        check::<Tenant>(
            r#"{"status":"suspended"}"#,
            &[
                r#"{"status":{"suspended":null}}"#,
                r#"{"status":"Active"}"#,
                r#"{"status":["active"]}"#,
            ],
        );
        check::<Api>(
            r#"{"team":"t","base_path":"/","credentials":["jwt"],"public_credentials":"ignore"}"#,
            &[
                r#"{"team":"t","base_path":"/","credentials":[{"jwt":null}]}"#,
                r#"{"team":"t","base_path":"/","credentials":null}"#,
                r#"{"team":"t","base_path":"/","public_credentials":{"ignore":null}}"#,
            ],
        );
    }
}
