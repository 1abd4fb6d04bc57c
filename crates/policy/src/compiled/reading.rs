//! How a body becomes an entity: whole, or as much of it as can be recognised.
//!
//! Shared by all kinds. Says why something was not taken as it is, for a report; decides nothing.

use super::client::Grant;
use crate::entity;
use crate::policy::Body;
use crate::token::{Repeats, is_object};
use foldhash::fast::FixedState;
use hashbrown::HashSet;
use std::sync::Arc;

/// What became of a body.
#[derive(Debug)]
pub(crate) enum Read<T> {
    /// All of it is understood.
    Whole(T),
    /// It can be recognised, and nothing of it may be allowed.
    Unsupported(T, String),
    /// Nothing can be made of it.
    Nothing(String),
}

/// What a client or a tenant may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Active,
    Suspended,
    /// Not understood in full.
    Unsupported,
}

impl From<entity::Status> for State {
    fn from(status: entity::Status) -> State {
        match status {
            entity::Status::Active => State::Active,
            entity::Status::Suspended => State::Suspended,
        }
    }
}

/// A member whose value its rule refuses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused(pub(super) &'static str);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` has a value that this version does not take", self.0)
    }
}

/// `value`, or the refusal of this member.
pub(super) fn ruled<T>(member: &'static str, value: Option<T>) -> Result<T, Refused> {
    value.ok_or(Refused(member))
}

/// As `ruled`, for a rule that is a question.
pub(super) fn holds(member: &'static str, rule: bool) -> Result<(), Refused> {
    if rule { Ok(()) } else { Err(Refused(member)) }
}

/// The wire form of a body that asks for nothing that this reader does not know.
pub(super) fn wire<'b, T: serde::Deserialize<'b>>(body: Body<'b>, needs: &[Box<str>]) -> Result<T, String> {
    if let Some(word) = needs.first() {
        return Err(format!("needs `{word}`, which this version does not know"));
    }
    let object: entity::Object<T> = serde_json::from_str(body.as_str()).map_err(|error| error.to_string())?;
    // What the types look past is held to the rule as well, so that no other reader sees something else there.
    if !body.is_held() && !is_object(body.as_str().as_bytes(), Repeats::Refused) {
        return Err("a member stands twice, or lies too deep".to_owned());
    }
    Ok(object.0)
}

/// The members of a body that is not understood in full; of one that stands twice the last. None where more is wrong
/// with the text.
pub(super) fn members(body: Body<'_>) -> serde_json::Map<String, serde_json::Value> {
    if !is_object(body.as_str().as_bytes(), Repeats::Allowed) {
        return serde_json::Map::new();
    }
    serde_json::from_str(body.as_str()).unwrap_or_default()
}

/// Without repetitions; the first of equal ones stays.
pub(super) fn distinct(items: &[Box<str>]) -> Vec<&str> {
    let mut seen: Vec<&str> = Vec::with_capacity(items.len());
    for item in items {
        if !seen.contains(&&**item) {
            seen.push(item);
        }
    }
    seen
}

/// Texts that many entities share, kept once while a batch of changes is read.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    texts: HashSet<Arc<str>, FixedState>,
    lists: HashSet<Arc<[Arc<str>]>, FixedState>,
    grants: HashSet<Arc<[Grant]>, FixedState>,
}

impl Strings {
    pub(super) fn text(&mut self, text: &str) -> Arc<str> {
        Arc::clone(self.texts.get_or_insert_with(text, |text| text.into()))
    }

    pub(super) fn list(&mut self, texts: &[&str]) -> Arc<[Arc<str>]> {
        let list: Arc<[Arc<str>]> = texts.iter().map(|text| self.text(text)).collect();
        Arc::clone(self.lists.get_or_insert(list))
    }

    /// Clients of one plan often have the same grants.
    pub(super) fn grants(&mut self, grants: Vec<Grant>) -> Arc<[Grant]> {
        Arc::clone(self.grants.get_or_insert(grants.into()))
    }
}
