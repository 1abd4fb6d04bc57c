//! One case for each operation of the document and each row of the table that it can be: what is asked for, of one's own and of others'.
//!
//! Here is what a case is; one file for each family of operations has its cases.

mod entities;
mod grants;
mod people;
mod policy;

use super::fixture::{Fixture, user_of};
use serde_json::{Value, json};

/// An operation as one row of the table.
pub(crate) struct Case {
    pub(crate) row: &'static str,
    /// `METHOD /path` of the document.
    pub(crate) operation: &'static str,
    own: Wanted,
    other: Wanted,
    /// It is of a version that never was: refused after it was allowed.
    pub(crate) old_version: bool,
}

/// What is asked for.
#[derive(Clone)]
enum Wanted {
    /// This target, in which `{name}` is an id that the portal made, with this body.
    Plain(String, Value),
    /// `{user}` is whoever asks, or else a stranger.
    Self_(String, Value),
    /// `{token}` is a new token of whoever asks, or else of a stranger.
    Token(String),
    /// Puts the user `spare` into this team before.
    Spare(&'static str),
    /// Cannot be asked for.
    Nothing,
}

impl Case {
    /// Target and body; `None`: the case says nothing of it.
    pub(crate) async fn request(
        &self,
        fixture: &Fixture,
        column: &str,
        is_own: bool,
    ) -> Option<(String, Value)> {
        let wanted = if is_own { &self.own } else { &self.other };
        let user = if is_own {
            user_of(column).unwrap_or("stranger")
        } else {
            "stranger"
        };
        match wanted {
            Wanted::Nothing => None,
            Wanted::Plain(target, body) => Some((filled(fixture, target), filled_body(fixture, body))),
            Wanted::Self_(target, body) => Some((target.replace("{user}", user), body.clone())),
            Wanted::Token(target) => Some((
                target.replace("{token}", &fixture.token_of(user).await),
                Value::Null,
            )),
            Wanted::Spare(team) => {
                let target = format!("/v1/teams/{team}/members/spare");
                fixture.made("PUT", &target, &json!({ "role": "member" })).await;
                Some((target, Value::Null))
            }
        }
    }
}

fn filled(fixture: &Fixture, text: &str) -> String {
    fixture
        .ids
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .fold(text.to_owned(), |text, (name, id)| {
            text.replace(&format!("{{{name}}}"), id)
        })
}

fn filled_body(fixture: &Fixture, body: &Value) -> Value {
    if body.is_null() {
        return Value::Null;
    }
    serde_json::from_str(&filled(fixture, &body.to_string())).expect("it was JSON")
}

fn two(row: &'static str, operation: &'static str, own: (&str, Value), other: (&str, Value)) -> Case {
    Case {
        row,
        operation,
        own: Wanted::Plain(own.0.to_owned(), own.1),
        other: Wanted::Plain(other.0.to_owned(), other.1),
        old_version: false,
    }
}

/// The same for everybody's things.
fn one(row: &'static str, operation: &'static str, target: &str, body: Value) -> Case {
    two(row, operation, (target, body.clone()), (target, body))
}

fn see(row: &'static str, operation: &'static str, target: &str) -> Case {
    one(row, operation, target, Value::Null)
}

fn old(case: Case) -> Case {
    Case {
        old_version: true,
        ..case
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut all = people::cases();
    all.extend(entities::cases());
    all.extend(grants::cases());
    all.extend(policy::cases());
    // Last: it ends the sessions that everything else needs.
    all.push(Case {
        other: Wanted::Nothing,
        ..see("sign_out", "DELETE /v1/sessions/current", "/v1/sessions/current")
    });
    all
}

fn at(section_and_id: &str) -> String {
    format!("/v1/environments/own/{section_and_id}")
}

/// A change that is judged and not made.
fn dry(section_and_id: &str) -> String {
    format!("{}?dry_run=true", at(section_and_id))
}
