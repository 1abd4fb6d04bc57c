//! What a value may be: the few forms that a policy is made of. `table` puts them together.

use super::problem::{At, Problems};
use serde_json::{Map as Object, Value};

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// A string that keeps a rule.
    Text(&'static Rule),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A whole number, both bounds included.
    Whole(u64, u64),
    /// A list.
    List(&'static Items),
    /// A map with known keys.
    Map(&'static Known),
    /// A map whose keys depend on the word under `type`.
    Typed(&'static [(&'static str, &'static Known)]),
    /// A JSON Web Key (RFC 7517 §4).
    Key,
}

/// A rule for strings.
#[derive(Debug)]
pub(super) struct Rule {
    /// What the string is, for messages: `an id`.
    pub(super) what: &'static str,
    /// Most bytes.
    pub(super) bytes_max: usize,
    /// The rule as far as a regular expression (ECMA-262) can say it, for editors.
    pub(super) pattern: Option<&'static str>,
    /// The rule, for a string that is neither empty nor too long.
    pub(super) judge: fn(&str) -> Result<(), Fault>,
}

/// Why a string is refused, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) help: String,
}

/// What a list holds.
#[derive(Debug)]
pub(super) struct Items {
    pub(super) of: Form,
    pub(super) count_min: usize,
    pub(super) count_max: usize,
    /// What of an item no other may have (given as strings); `None` where items may be equal.
    pub(super) distinct: Option<fn(&str) -> String>,
}

/// A map with known keys.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) members: &'static [Member],
    /// What its members have to be together; called where each alone is good.
    pub(super) together: fn(&Object<String, Value>, &At<'_>, &mut Problems),
    /// The same as members of a JSON Schema, as far as one can say it.
    pub(super) also: fn() -> Value,
}

/// One key of a map.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: &'static str,
    pub(super) required: bool,
    pub(super) form: Form,
}

impl Known {
    pub(super) fn keys(&self) -> Vec<&'static str> {
        self.members.iter().map(|member| member.key).collect()
    }
}

/// A key that has to be there.
pub(super) const fn required(key: &'static str, form: Form) -> Member {
    Member {
        key,
        required: true,
        form,
    }
}

/// A key that may be left out.
pub(super) const fn optional(key: &'static str, form: Form) -> Member {
    Member {
        key,
        required: false,
        form,
    }
}

/// A list of items that differ.
pub(super) const fn distinct(of: Form, count_min: usize, count_max: usize) -> Items {
    Items {
        of,
        count_min,
        count_max,
        distinct: Some(str::to_owned),
    }
}

/// A list of items that may be equal, or whose being equal is judged elsewhere.
pub(super) const fn items(of: Form, count_min: usize, count_max: usize) -> Items {
    Items {
        of,
        count_min,
        count_max,
        distinct: None,
    }
}

/// Members that need nothing of each other.
pub(super) fn apart(_: &Object<String, Value>, _: &At<'_>, _: &mut Problems) {}

/// As [`apart`], in a schema.
pub(super) fn nothing() -> Value {
    Value::Object(Object::new())
}
