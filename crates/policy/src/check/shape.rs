//! Holds one value to its form: types, keys, counts and strings, going on after each problem.

use super::describe::{described, known_here, listing, named, quoted};
use super::form::{Form, Items, Known, Rule};
use super::problem::{At, Problems};
use serde_json::{Map as Object, Value};
use std::collections::HashMap;

/// Members of a JWK that only its owner has (RFC 7518 §6.2.2, §6.3.2, §6.4.1; RFC 8037 §2).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Whether the value has the form; if not, every reason is among the problems.
pub(super) fn fits(form: Form, value: &Value, at: &At<'_>, problems: &mut Problems) -> bool {
    let before = problems.errors();
    match (form, value) {
        (Form::Text(rule), Value::String(found)) => text(rule, found, at, problems),
        (Form::Word(known), Value::String(found)) => word(known, found, at, problems),
        (Form::Flag, Value::Bool(_)) => {}
        (Form::Whole(min, max), Value::Number(number)) => whole(min, max, number, at, problems),
        (Form::List(items), Value::Array(found)) => list(items, found, at, problems),
        (Form::Map(known), Value::Object(found)) => map(known, &[], found, at, problems),
        (Form::Typed(kinds), Value::Object(found)) => typed(kinds, found, at, problems),
        (Form::Key, Value::Object(found)) => key(found, at, problems),
        _ => wrong_type(form, value, at, problems),
    }
    problems.errors() == before
}

fn wrong_type(form: Form, value: &Value, at: &At<'_>, problems: &mut Problems) {
    let expected = match form {
        Form::Text(rule) => rule.what.to_owned(),
        Form::Word(known) => format!("one of {}", listing(known)),
        Form::Flag => "`true` or `false`".to_owned(),
        Form::Whole(min, max) => format!("a whole number from {min} to {max}"),
        Form::List(_) => "a list".to_owned(),
        Form::Map(_) | Form::Typed(_) => "a map".to_owned(),
        Form::Key => "a JSON Web Key, which is a map".to_owned(),
    };
    let help = match (form, value) {
        (_, Value::Null) => "leave the key out where it has no value",
        (Form::Text(_), Value::Number(_) | Value::Bool(_)) => "put quotes around it",
        (Form::Flag, _) => "write `true` or `false`, without quotes",
        (Form::Whole(..), _) => "write plain decimal digits, without quotes and unit",
        (Form::List(_), _) => "write it as a list: `[…]`, or lines that begin with `- `",
        (Form::Map(_) | Form::Typed(_) | Form::Key, _) => {
            "write it as `{ KEY: VALUE }`, or as lines `KEY: VALUE` that are indented"
        }
        _ => "write a string",
    };
    problems
        .error(
            at.value(),
            format!("expected {expected}, found {}", described(value)),
        )
        .help(help);
}

fn text(rule: &Rule, found: &str, at: &At<'_>, problems: &mut Problems) {
    let Rule {
        what,
        bytes_max,
        judge,
        ..
    } = rule;
    if found.is_empty() {
        problems
            .error(at.value(), format!("expected {what}, found an empty string"))
            .help("leave the key out where it has no value");
    } else if found.len() > *bytes_max {
        let message = format!("{} has {} bytes", quoted(found), found.len());
        problems
            .error(at.value(), message)
            .help(format!("at most {bytes_max} bytes are allowed"));
    } else if let Err(fault) = judge(found) {
        problems.error(at.value(), fault.message).help(fault.help);
    }
}

fn word(known: &[&str], found: &str, at: &At<'_>, problems: &mut Problems) {
    if !known.contains(&found) {
        problems
            .error(at.value(), format!("{} is not known here", quoted(found)))
            .help(known_here(found, known));
    }
}

fn whole(min: u64, max: u64, number: &serde_json::Number, at: &At<'_>, problems: &mut Problems) {
    if !number
        .as_u64()
        .is_some_and(|number| (min..=max).contains(&number))
    {
        problems
            .error(
                at.value(),
                format!("{number} is not a whole number from {min} to {max}"),
            )
            .help(format!("write plain decimal digits, from {min} to {max}"));
    }
}

fn list(items: &Items, found: &[Value], at: &At<'_>, problems: &mut Problems) {
    if found.len() < items.count_min {
        problems
            .error(at.value(), "an empty list")
            .help(match items.count_min {
                1 => "name at least one, or leave the key out where that is allowed",
                _ => "name more",
            });
    }
    if found.len() > items.count_max {
        let message = format!("{} items, at most {} are allowed", found.len(), items.count_max);
        problems.error(at.value(), message).help("take some out");
        return;
    }
    let mut firsts: HashMap<String, usize> = HashMap::new();
    for (index, item) in found.iter().enumerate() {
        let here = at.index(index);
        if !fits(items.of, item, &here, problems) {
            continue;
        }
        let (Some(distinct), Some(text)) = (items.distinct, item.as_str()) else {
            continue;
        };
        let first = *firsts.entry(distinct(text)).or_insert(index);
        if first != index {
            problems
                .error(here.value(), format!("{} stands in the list twice", quoted(text)))
                .help("take one of them out")
                .related(at.index(first).value(), "first here");
        }
    }
}

fn map(known: &Known, besides: &[&str], found: &Object<String, Value>, at: &At<'_>, problems: &mut Problems) {
    let before = problems.errors();
    for (key, value) in found {
        let here = at.key(key);
        if let Some(member) = known.members.iter().find(|member| member.key == key) {
            fits(member.form, value, &here, problems);
        } else if !besides.contains(&key.as_str()) {
            let mut all: Vec<&str> = besides.to_vec();
            // `$schema` is for editors.
            all.extend(known.keys().iter().filter(|key| !key.starts_with('$')));
            problems
                .error(here.its_key(), format!("unknown key {}", named(key)))
                .help(known_here(key, &all));
        }
    }
    for member in known.members.iter().filter(|member| member.required) {
        if !found.contains_key(member.key) {
            problems
                .error(at.value(), format!("`{}` is missing", member.key))
                .help(format!("add `{}: …` here", member.key));
        }
    }
    if problems.errors() == before {
        (known.together)(found, at, problems);
    }
}

fn typed(
    kinds: &[(&'static str, &'static Known)],
    found: &Object<String, Value>,
    at: &At<'_>,
    problems: &mut Problems,
) {
    let words: Vec<&str> = kinds.iter().map(|(word, _)| *word).collect();
    let Some(kind) = found.get("type") else {
        problems
            .error(at.value(), "`type` is missing")
            .help(format!("add `type: …` here, one of {}", listing(&words)));
        return;
    };
    let here = at.key("type");
    match kind {
        Value::String(kind) => match kinds.iter().find(|(word, _)| word == kind) {
            Some((_, known)) => map(known, &["type"], found, at, problems),
            None => word(&words, kind, &here, problems),
        },
        other => {
            let message = format!("expected one of {}, found {}", listing(&words), described(other));
            problems
                .error(here.value(), message)
                .help("write one of these words");
        }
    }
}

fn key(found: &Object<String, Value>, at: &At<'_>, problems: &mut Problems) {
    if let Some(private) = PRIVATE.into_iter().find(|private| found.contains_key(*private)) {
        problems
            .error(at.key(private).its_key(), "a private or secret key in a policy")
            .help(
                "a policy goes to everyone who decides by it: write the public key alone, and replace the key \
                 pair where this file has been seen",
            );
    }
    match found.get("kty") {
        Some(Value::String(_)) => {}
        _ => {
            problems
                .error(at.value(), "`kty` is missing: this is no JSON Web Key")
                .help("write it as its owner publishes it (RFC 7517 §4)");
        }
    }
}
