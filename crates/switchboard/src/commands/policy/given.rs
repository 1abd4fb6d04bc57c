//! A policy file that is to be sent to a portal: checked as far as this machine can, every problem at its place, and what the portal finds
//! wrong with it as well.
//!
//! A file may be a part: what it names may be in the portal alone. So it is checked together with what the portal has, where that may be
//! read; only what is wrong with the file's own lines is an error of the file.

use crate::commands::portal_client::Problem;
use ::gateway::configuration::{CheckedDocument, Judged, Unreadable, check_document_text};
use ::policy::check::{self, Mark, Place, Severity, Step};
use ::policy::entity::Kind;
use anyhow::bail;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// Kind and id.
pub(crate) type Key = (Kind, String);
/// Bodies without `id`, in the form of records: members that have their default are left out.
pub(crate) type Entities = BTreeMap<Key, Value>;

/// A file that was read.
#[derive(Debug)]
pub(crate) struct Given {
    file: PathBuf,
    text: String,
}

/// What a file says.
#[derive(Debug)]
pub(crate) struct Said {
    /// By kind and id.
    pub(crate) entities: Entities,
}

impl Given {
    /// Reads a file; nothing is judged yet.
    pub(crate) fn read(file: &Path) -> Result<Given, Unreadable> {
        // What cannot be read is told as by `check`.
        ::gateway::configuration::text_of(file).map(|text| Given {
            file: file.to_owned(),
            text,
        })
    }

    /// The entities that it names by an id, whether good or not.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let found = self.judge(|document| Judged {
            value: Some(own_keys(document)),
            problems: Vec::new(),
        });
        let mut keys: Vec<Key> = found.value.unwrap_or_default().into_iter().collect();
        keys.sort();
        keys
    }

    /// Checks it where what it names cannot be seen. Where it does not stand by itself, the portal judges it, and [`Given::placed`] tells
    /// what it says.
    pub(crate) fn check_alone(&self) -> anyhow::Result<Option<Said>> {
        self.checked_by(judge_alone)
    }

    /// Checks it together with what there is besides; problems go to stderr. `None`: it has errors.
    pub(crate) fn check(&self, besides: &Entities) -> anyhow::Result<Option<Said>> {
        self.checked_by(|document| judge(document, besides))
    }

    fn checked_by(
        &self,
        check: impl FnOnce(&Value) -> Judged<Option<Vec<check::Entity>>>,
    ) -> anyhow::Result<Option<Said>> {
        let checked = self.judge(check);
        anstream::eprint!("{}", checked.render());
        let Some(entities) = checked.value else {
            return Ok(None);
        };
        let mut said = Entities::new();
        for entity in entities {
            let body = serde_json::from_str(&entity.body)?;
            said.insert((entity.kind, entity.id.into()), body);
        }
        if said.is_empty() {
            bail!("{} has no entities: nothing is to be done", self.file.display());
        }
        Ok(Some(Said { entities: said }))
    }

    /// As [`Given::check`], where it has to stand by itself. What only others could give a meaning is no warning here.
    pub(crate) fn check_whole(&self) -> anyhow::Result<Option<Said>> {
        self.checked_by(|document| {
            let mut judged = judge(document, &Entities::new());
            judged
                .problems
                .retain(|problem| problem.severity == Severity::Error);
            judged
        })
    }

    /// What the portal says of members of this file, at their places; `None` where it says nothing of members. `only`: the one entity that
    /// would change, whose name the portal then leaves out.
    pub(crate) fn placed(&self, problem: &Problem, only: Option<&Key>) -> Option<String> {
        if problem.errors.is_empty() {
            return None;
        }
        let checked = self.judge(|document| Judged {
            value: Some(()),
            problems: problem
                .errors
                .iter()
                .map(|(field, message)| check::Problem {
                    at: place(document, field, only),
                    severity: Severity::Error,
                    message: message.clone(),
                    help: None,
                    related: None,
                })
                .collect(),
        });
        Some(checked.render())
    }

    fn judge<T>(&self, judge: impl FnOnce(&Value) -> Judged<Option<T>>) -> CheckedDocument<T> {
        check_document_text(&self.file.display().to_string(), &self.text, judge)
    }
}

/// The strict check of a document among others; of what it says, only what is the document's.
fn judge(document: &Value, besides: &Entities) -> Judged<Option<Vec<check::Entity>>> {
    let own = own_keys(document);
    let checked = check::check(&together(document, &own, besides));
    let problems = checked
        .problems
        .into_iter()
        .filter_map(|problem| of_file(problem, document));
    let mut entities = checked.entities;
    entities.retain(|entity| own.contains(&(entity.kind, entity.id.to_string())));
    Judged {
        value: Some(entities),
        problems: problems.collect(),
    }
}

fn judge_alone(document: &Value) -> Judged<Option<Vec<check::Entity>>> {
    let checked = check::check(document);
    let is_good = checked
        .problems
        .iter()
        .all(|problem| problem.severity != Severity::Error);
    let (value, problems) = match (is_good, as_written(document)) {
        (false, Some(entities)) => (entities, Vec::new()),
        _ => (checked.entities, checked.problems),
    };
    Judged {
        value: Some(value),
        problems,
    }
}

/// The entities as they stand there; `None` where something would be lost.
fn as_written(document: &Value) -> Option<Vec<check::Entity>> {
    let mut entities = Vec::new();
    for (section, items) in document.as_object()? {
        let kind = Kind::ALL.into_iter().find(|kind| kind.section() == section)?;
        for item in items.as_array()? {
            let mut body = item.as_object()?.clone();
            let Some(Value::String(id)) = body.remove("id") else {
                return None;
            };
            entities.push(check::Entity {
                kind,
                id: id.into(),
                body: Value::Object(body).to_string().into(),
            });
        }
    }
    Some(entities)
}

fn items(document: &Value, kind: Kind) -> &[Value] {
    document[kind.section()].as_array().map_or(&[], Vec::as_slice)
}

fn own_keys(document: &Value) -> HashSet<Key> {
    let keys = Kind::ALL.into_iter().flat_map(|kind| {
        let ids = items(document, kind)
            .iter()
            .filter_map(|item| item["id"].as_str());
        ids.map(move |id| (kind, id.to_owned()))
    });
    keys.collect()
}

/// The document with what there is besides, behind its own items, so that places in the document stay.
fn together(document: &Value, own: &HashSet<Key>, besides: &Entities) -> Value {
    let mut whole = document.clone();
    let Some(sections) = whole.as_object_mut() else {
        return whole;
    };
    for (key, body) in besides {
        if own.contains(key) {
            continue;
        }
        let section = sections
            .entry(key.0.section())
            .or_insert_with(|| Value::Array(Vec::new()));
        if let (Some(section), Some(body)) = (section.as_array_mut(), body.as_object()) {
            section.push(Value::Object(with_id(&key.1, body)));
        }
    }
    whole
}

pub(crate) fn with_id(id: &str, body: &Map<String, Value>) -> Map<String, Value> {
    let mut whole = Map::new();
    whole.insert("id".to_owned(), id.into());
    whole.extend(body.iter().map(|(key, value)| (key.clone(), value.clone())));
    whole
}

/// A problem of the whole as one of the file: at the file's place where it names one. Warnings about others are not for here.
fn of_file(problem: check::Problem, document: &Value) -> Option<check::Problem> {
    if is_within(&problem.at, document) {
        let related = problem.related.filter(|(place, _)| is_within(place, document));
        return Some(check::Problem { related, ..problem });
    }
    if problem.severity == Severity::Warning {
        return None;
    }
    let at = match problem.related {
        Some((place, _)) if is_within(&place, document) => place,
        _ => Place {
            path: Vec::new(),
            mark: Mark::Value,
        },
    };
    Some(check::Problem {
        message: format!(
            "what is not in this file does not go with it: {}: {}",
            problem.at, problem.message
        ),
        at,
        related: None,
        ..problem
    })
}

/// Whether a place is in the document itself.
fn is_within(place: &Place, document: &Value) -> bool {
    match place.path.as_slice() {
        [Step::Key(section), Step::Index(index), ..] => document[&**section]
            .as_array()
            .is_some_and(|items| *index < items.len()),
        _ => true,
    }
}

/// The place of a member as the portal names it: `clients[mobile-app].grants[0].api`, or `grants[0].api` where only one entity would change.
fn place(document: &Value, field: &str, only: Option<&Key>) -> Place {
    let mut path = Vec::new();
    let mut rest = field;
    if let Some(key) = whose(document, field, only) {
        path = vec![Step::Key(key.0.section().into()), Step::Index(key.1)];
        rest = key.2;
    }
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if let Some((index, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let Ok(index) = index.parse() else { break };
            path.push(Step::Index(index));
            rest = behind;
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        path.push(Step::Key(rest[..end].into()));
        rest = &rest[end..];
    }
    // A member that is missing has no place: what it is missing in has one.
    while !path.is_empty() && at(document, &path).is_none() {
        path.pop();
    }
    Place {
        path,
        mark: Mark::Value,
    }
}

/// Which item of which section is meant, and the path in it.
fn whose<'f>(document: &Value, field: &'f str, only: Option<&Key>) -> Option<(Kind, usize, &'f str)> {
    let index_of = |kind: Kind, id: &str| items(document, kind).iter().position(|item| item["id"] == id);
    let named = Kind::ALL.into_iter().find_map(|kind| {
        let rest = field.strip_prefix(kind.section())?.strip_prefix('[')?;
        let (id, rest) = rest.split_once(']')?;
        Some((kind, index_of(kind, id)?, rest))
    });
    let is_section = || {
        Kind::ALL
            .into_iter()
            .any(|kind| field.starts_with(kind.section()))
    };
    named.or_else(|| {
        let (kind, id) = only.filter(|_| !is_section())?;
        Some((*kind, index_of(*kind, id)?, field))
    })
}

fn at<'v>(document: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(document, |value, step| match step {
        Step::Key(key) => value.get(&**key),
        Step::Index(index) => value.get(*index),
    })
}

#[cfg(test)]
mod tests {
    //! A part is checked with what it is a part of, and the portal's words stand at the file's places.

    use super::*;
    use serde_json::json;

    fn given(text: &str) -> Given {
        Given {
            file: "part.yaml".into(),
            text: text.to_owned(),
        }
    }

    fn portal() -> Entities {
        let api = json!({ "team": "commerce", "base_path": "/api/orders",
            "operations": [{ "match": "GET /api/orders/**", "scopes": ["orders.read"] }] });
        let client = json!({ "team": "mobile", "credentials": [{ "type": "api_key", "id": "k1", "sha256": "0".repeat(64) }] });
        [
            ((Kind::Api, "orders".to_owned()), api),
            ((Kind::Client, "old".to_owned()), client),
        ]
        .into()
    }

    fn problems(text: &str, besides: &Entities) -> String {
        let checked = given(text).judge(|document| judge(document, besides));
        checked.render_plain()
    }

    const PART: &str =
        "clients:\n  - id: new\n    team: mobile\n    grants: [{ api: orders, scopes: [orders.read] }]\n";

    #[test]
    fn a_part_may_name_what_the_portal_has() {
        assert!(problems(PART, &Entities::new()).contains("part.yaml:4:21: no API has the id `orders`"));
        let said = problems(PART, &portal());
        assert!(
            said.starts_with("part.yaml:2:5: warning: nobody can call as `new`"),
            "{said}"
        );
        assert_eq!(said.matches("part.yaml:").count(), 1, "{said}");
        let checked = given(PART).judge(|document| judge(document, &portal()));
        let entities = checked.value.unwrap();
        assert_eq!(entities.len(), 1, "{entities:?}");
        assert_eq!(&*entities[0].id, "new");
    }

    #[test]
    fn what_the_portal_has_and_the_file_contradicts_is_told_at_the_files_line() {
        let text = format!(
            "{PART}    credentials: [{{ type: api_key, id: k1, sha256: \"{}\" }}]\n",
            "1".repeat(64)
        );
        let said = problems(&text, &portal());
        assert!(
            said.contains("part.yaml:5:40: what is not in this file does not go with it"),
            "{said}"
        );
        assert!(said.contains("a second credential with the id `k1`"), "{said}");
    }

    #[test]
    fn what_the_portal_says_of_a_member_stands_at_its_place() {
        let two = format!("{PART}  - {{ id: other, team: web }}\n");
        for (text, field, place) in [
            (two.as_str(), "clients[new].grants[0].scopes[0]", "4:38"),
            (&two, "clients[other].team", "5:24"),
            (&two, "clients[other].tenant", "5:7"),
            (&two, "clients[nobody].team", "2:3"),
            (PART, "grants[0].api", "4:21"),
            (PART, "", "2:5"),
        ] {
            let only = (text == PART).then(|| (Kind::Client, "new".to_owned()));
            let problem = Problem {
                errors: vec![(field.to_owned(), "no".to_owned())],
                ..Problem::default()
            };
            let said = given(text).placed(&problem, only.as_ref()).unwrap();
            let plain = anstream::adapter::strip_str(&said).to_string();
            assert!(
                plain.contains(&format!("part.yaml:{place}: no")),
                "{field}: {plain}"
            );
        }
    }
}
