//! The header fields of an event, which has them up to twice: one value each in `headers`, all of them in
//! `multiValueHeaders`. Where the two tell different stories, neither is believed; and some names are not to be there.

use super::json::{Object, WrongKind, is_array, is_null, text, texts};
use super::names::{self, Case};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// Every value of every field, in the order of the event; names in lower case.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a> {
    by_name: HashMap<String, Vec<Cow<'a, str>>>,
}

/// Why an event has no header fields that could be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldsFault {
    /// Something in the maps is neither text nor an array of texts.
    Malformed,
    /// The two maps disagree.
    Disagree,
    /// An identity field in a spelling that no integration overwrites.
    Identity,
    /// A field by which API Gateway may invoke another method.
    MethodOverride,
}

impl From<WrongKind> for FieldsFault {
    fn from(_: WrongKind) -> FieldsFault {
        FieldsFault::Malformed
    }
}

impl<'a> Fields<'a> {
    /// The fields of an event that has the usual two maps, either of which may be null or missing.
    pub(super) fn read(event: &Object<'a>, case: Case) -> Result<Fields<'a>, FieldsFault> {
        let maps = [event.object("headers")?, event.object("multiValueHeaders")?];
        let [single, multiple] = maps
            .each_ref()
            .map(|map| map.as_ref().map(Fields::of).transpose());
        let fields = match (single?, multiple?) {
            (Some(single), Some(multiple)) if multiple.confirms(&single) => multiple,
            (Some(_), Some(_)) => return Err(FieldsFault::Disagree),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Fields::default(),
        };
        // As they were sent, also those without a value.
        let names = maps.iter().flatten().flat_map(Object::members);
        names::check(names.map(|(name, _)| name), case)?;
        Ok(fields)
    }

    /// One field alone, of an event that carries no other.
    pub(super) fn one(name: &str, value: Cow<'a, str>) -> Fields<'a> {
        let mut fields = Fields::default();
        fields.add(name, value);
        fields
    }

    fn of(map: &Object<'a>) -> Result<Fields<'a>, WrongKind> {
        let mut fields = Fields::default();
        for (name, value) in map.members() {
            for value in values(value)? {
                fields.add(name, value);
            }
        }
        Ok(fields)
    }

    fn add(&mut self, name: &str, value: Cow<'a, str>) {
        let values = self.by_name.entry(name.to_ascii_lowercase()).or_default();
        values.push(trimmed(value));
    }

    /// Whether these are the same fields, and each single value is one of these values or all of them in one line.
    fn confirms(&self, single: &Fields<'_>) -> bool {
        self.by_name.len() == single.by_name.len()
            && single.by_name.iter().all(|(name, said)| {
                self.by_name.get(name).is_some_and(|own| {
                    let joined = own.join(",");
                    let own: HashSet<&str> = own.iter().map(Cow::as_ref).collect();
                    said.iter()
                        .all(|value| own.contains(value.as_ref()) || joined == *value)
                })
            })
    }
}

impl<'a> policy::Fields<'a> for &'a Fields<'_> {
    fn values(&self, name: &str, take: &mut dyn FnMut(&'a [u8])) {
        let found = self.by_name.get(&name.to_ascii_lowercase());
        for value in found.into_iter().flatten() {
            take(value.as_bytes());
        }
    }
}

/// Text, an array of texts, or nothing.
fn values(value: &RawValue) -> Result<Vec<Cow<'_, str>>, WrongKind> {
    if is_null(value) {
        Ok(Vec::new())
    } else if is_array(value) {
        texts(value)
    } else {
        text(value).map(|text| vec![text])
    }
}

/// Without the white space that RFC 9110 §5.5 excludes from a value.
fn trimmed(value: Cow<'_, str>) -> Cow<'_, str> {
    match value {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches([' ', '\t'])),
        Cow::Owned(text) => Cow::Owned(text.trim_matches([' ', '\t']).to_owned()),
    }
}
