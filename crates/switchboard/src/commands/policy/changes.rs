//! What one policy changes of another: by entity and member, as a person looks for it. Pure.
//!
//! Items of lists are told apart by what names them (an `id`, an API, a pattern), not by where they stand.

use super::given::{Entities, Key};
use super::yaml::Doc;
use crate::commands::screen::{ADDED, CHANGED, FAINT, GONE, STRONG};
use ::policy::entity::Kind;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Characters of a value that a line shows.
const SHOWN_CHARACTERS_MAX: usize = 90;

/// What names an item of a list of maps, the first that all items have.
const NAMES: [&str; 5] = ["id", "api", "match", "path", "kid"];

/// One entity that becomes another.
#[derive(Debug, PartialEq)]
pub(crate) enum Change {
    /// It was not there.
    New(Key),
    /// These members of it become others.
    Members(Key, Vec<Member>),
    /// It is there no longer.
    Gone(Key),
}

/// One member.
#[derive(Debug, PartialEq)]
pub(crate) struct Member {
    path: String,
    from: Option<Value>,
    to: Option<Value>,
}

/// All that changes.
#[derive(Debug, PartialEq, Default)]
pub(crate) struct Changes {
    pub(crate) list: Vec<Change>,
    unchanged: usize,
}

impl Changes {
    /// From what is there to what is wanted. What is not wanted goes only with `prune`; revocations never do, because what was taken back
    /// for a reason does not come back by being forgotten in a file.
    pub(crate) fn between(there: &Entities, wanted: &Entities, prune: bool) -> Changes {
        let mut changes = Changes::default();
        let goes = |key: &&Key| prune && key.0 != Kind::Revocation && !wanted.contains_key(*key);
        for (key, to) in wanted {
            match there.get(key) {
                None => changes.list.push(Change::New(key.clone())),
                Some(from) => {
                    let mut members = Vec::new();
                    compare("", Some(from), Some(to), &mut members);
                    match members.is_empty() {
                        true => changes.unchanged += 1,
                        false => changes.list.push(Change::Members(key.clone(), members)),
                    }
                }
            }
        }
        let gone = there.keys().filter(goes).map(|key| Change::Gone(key.clone()));
        changes.list.extend(gone);
        changes.list.sort_by(|one, other| one.key().cmp(other.key()));
        changes
    }

    /// Whether nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The entity that changes, where it is the only one.
    pub(crate) fn only(&self) -> Option<&Key> {
        match self.list.as_slice() {
            [only] => Some(only.key()),
            _ => None,
        }
    }

    /// For a person, in colour.
    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        for change in &self.list {
            change.write(&mut out);
        }
        let count = |is_one: fn(&Change) -> bool| self.list.iter().filter(|change| is_one(change)).count();
        // Writing to a string never fails.
        let _ = writeln!(
            out,
            "{} new, {} changed, {} deleted, {} unchanged",
            count(|change| matches!(change, Change::New(_))),
            count(|change| matches!(change, Change::Members(..))),
            count(|change| matches!(change, Change::Gone(_))),
            self.unchanged
        );
        out
    }

    /// For a program.
    pub(crate) fn to_json(&self) -> Value {
        let changes = self.list.iter().map(|change| {
            let (kind, id) = change.key();
            let what = match change {
                Change::New(_) => "new",
                Change::Members(..) => "changed",
                Change::Gone(_) => "deleted",
            };
            let members: Vec<Value> = match change {
                Change::Members(_, members) => members
                    .iter()
                    .map(|member| json!({ "path": member.path, "from": member.from, "to": member.to }))
                    .collect(),
                _ => Vec::new(),
            };
            json!({ "kind": kind.as_str(), "id": id, "change": what, "members": members })
        });
        json!({ "changes": changes.collect::<Vec<_>>(), "unchanged": self.unchanged })
    }
}

impl Change {
    fn key(&self) -> &Key {
        match self {
            Change::New(key) | Change::Members(key, _) | Change::Gone(key) => key,
        }
    }

    fn write(&self, out: &mut String) {
        let (kind, id) = self.key();
        // Writing to a string never fails, here and below.
        let _ = match self {
            Change::New(_) => writeln!(out, "{ADDED}+ {kind} {id}{ADDED:#}"),
            Change::Gone(_) => writeln!(out, "{GONE}- {kind} {id}{GONE:#}"),
            Change::Members(..) => writeln!(out, "{CHANGED}~{CHANGED:#} {STRONG}{kind} {id}{STRONG:#}"),
        };
        if let Change::Members(_, members) = self {
            for member in members {
                member.write(out);
            }
        }
    }
}

impl Member {
    fn write(&self, out: &mut String) {
        let path = &self.path;
        let _ = match (&self.from, &self.to) {
            (None, Some(to)) => writeln!(out, "    {ADDED}+ {path}: {}{ADDED:#}", shown(to)),
            (Some(from), None) => writeln!(out, "    {GONE}- {path}: {}{GONE:#}", shown(from)),
            (Some(from), Some(to)) => writeln!(
                out,
                "    {CHANGED}~{CHANGED:#} {path}: {GONE}{}{GONE:#} {FAINT}becomes{FAINT:#} {ADDED}{}{ADDED:#}",
                shown(from),
                shown(to)
            ),
            (None, None) => Ok(()),
        };
    }
}

fn shown(value: &Value) -> String {
    let flow = serde_json::from_value::<Doc>(value.clone())
        .map(|doc| doc.flow())
        .unwrap_or_default();
    match flow.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", flow.get(..end).unwrap_or_default()),
        None => flow,
    }
}

fn compare(path: &str, from: Option<&Value>, to: Option<&Value>, out: &mut Vec<Member>) {
    match (from, to) {
        (Some(from), Some(to)) if from == to => {}
        (Some(Value::Object(from)), Some(Value::Object(to))) => compare_maps(path, from, to, out),
        (Some(Value::Array(from)), Some(Value::Array(to))) if name_of(from).or(name_of(to)).is_some() => {
            compare_lists(path, from, to, out);
        }
        _ => out.push(Member {
            path: path.to_owned(),
            from: from.cloned(),
            to: to.cloned(),
        }),
    }
}

fn compare_maps(path: &str, from: &Map<String, Value>, to: &Map<String, Value>, out: &mut Vec<Member>) {
    let keys: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    for key in keys {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        compare(&path, from.get(key), to.get(key), out);
    }
}

/// By what all items of a list are named.
fn name_of(items: &[Value]) -> Option<&'static str> {
    let has = |name: &&str| items.iter().all(|item| item[*name].is_string());
    NAMES.into_iter().find(|name| !items.is_empty() && has(name))
}

fn compare_lists(path: &str, from: &[Value], to: &[Value], out: &mut Vec<Member>) {
    let (Some(name), true) = (name_of(from).or(name_of(to)), are_named_alike(from, to)) else {
        return compare(path, Some(&Value::from(from)), None, out);
    };
    let named = |items: &[Value], id: &Value| items.iter().find(|item| item[name] == *id).cloned();
    let mut ids: Vec<&Value> = Vec::new();
    for item in from.iter().chain(to) {
        let id = &item[name];
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    for id in ids {
        let path = format!("{path}[{}]", id.as_str().unwrap_or_default());
        compare(&path, named(from, id).as_ref(), named(to, id).as_ref(), out);
    }
}

fn are_named_alike(from: &[Value], to: &[Value]) -> bool {
    from.is_empty() || to.is_empty() || name_of(from) == name_of(to)
}

#[cfg(test)]
mod tests {
    //! What a person is told of a change.

    use super::*;

    fn client(id: &str, body: Value) -> (Key, Value) {
        ((Kind::Client, id.to_owned()), body)
    }

    #[track_caller]
    fn check(from: Value, to: Value, expected: &str) {
        let there: Entities = [client("a", from)].into();
        let wanted: Entities = [client("a", to)].into();
        let text = Changes::between(&there, &wanted, false).to_text();
        let plain = anstream::adapter::strip_str(&text).to_string();
        let told = plain
            .lines()
            .filter(|line| line.starts_with("    "))
            .collect::<Vec<_>>()
            .join("\n");
        assert_eq!(told, expected);
    }

    #[test]
    fn members_are_told_by_their_names_and_not_by_their_places() {
        check(
            json!({ "team": "t", "grants": [{ "api": "x", "scopes": ["r"] }, { "api": "y" }] }),
            json!({ "team": "t", "grants": [{ "api": "y" }, { "api": "x", "scopes": ["r", "w"] }, { "api": "z" }] }),
            "    ~ grants[x].scopes: [r] becomes [r, w]\n    + grants[z]: { api: z }",
        );
        check(
            json!({ "status": "suspended", "tenant": "acme" }),
            json!({ "tenant": "globex" }),
            "    - status: suspended\n    ~ tenant: acme becomes globex",
        );
        check(
            json!({ "grants": [] }),
            json!({ "grants": [{ "api": "x" }] }),
            "    + grants[x]: { api: x }",
        );
        check(
            json!({ "public": ["GET /a"] }),
            json!({ "public": [] }),
            "    ~ public: [GET /a] becomes []",
        );
    }

    #[test]
    fn the_order_of_named_items_is_no_change() {
        check(
            json!({ "credentials": [{ "id": "a" }, { "id": "b" }] }),
            json!({ "credentials": [{ "id": "b" }, { "id": "a" }] }),
            "",
        );
    }

    #[test]
    fn what_is_not_in_a_file_goes_only_when_that_is_asked_for_and_a_revocation_never() {
        let revocation = ((Kind::Revocation, "r".to_owned()), json!({ "credential": "k" }));
        let there: Entities = [client("a", json!({})), client("b", json!({})), revocation].into();
        let wanted: Entities = [client("a", json!({}))].into();
        assert!(Changes::between(&there, &wanted, false).is_empty());
        let pruned = Changes::between(&there, &wanted, true);
        assert_eq!(pruned.list, [Change::Gone((Kind::Client, "b".to_owned()))]);
        assert!(
            pruned
                .to_text()
                .ends_with("0 new, 0 changed, 1 deleted, 1 unchanged\n")
        );
    }
}
