//! Why a command did not get what it asked a portal for, told so that a person can act, and the exit code that follows.
//!
//! What a portal says is printed without control characters: an answer must not be able to drive a terminal.

use crate::commands::exit;
use serde_json::Value;
use std::fmt::{Display, Formatter};

/// Members that are told of one answer.
const FIELDS_MAX: usize = 50;
/// Characters of one text out of an answer.
const TEXT_CHARACTERS_MAX: usize = 2_000;

/// Why not.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command was not given what it needs, or not in its form.
    Usage(String),
    /// The portal was not reached, or its answer did not come whole.
    Unreachable {
        /// Where.
        portal: String,
        /// Why.
        why: String,
        /// Whether a change may have been made all the same.
        is_unknown: bool,
    },
    /// The portal answered no.
    Refused(Box<Problem>),
}

/// A problem document (RFC 9457), or what could be made of an answer that should have been one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The HTTP status.
    pub(crate) status: u16,
    /// A stable word.
    pub(crate) code: String,
    /// What is wrong.
    pub(crate) detail: String,
    /// Which members are wrong, and how.
    pub(crate) errors: Vec<(String, String)>,
    /// For the portal's log.
    pub(crate) request_id: Option<String>,
}

impl Failure {
    /// The command's exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Usage(_) => exit::INPUT,
            Failure::Unreachable { .. } => exit::NO_PORTAL,
            Failure::Refused(problem) if problem.status >= 500 || problem.status == 429 => exit::NO_PORTAL,
            Failure::Refused(_) => exit::NOT_SO,
        }
    }

    /// The problem, where the portal answered with one of this status.
    pub(crate) fn refused(&self, status: u16) -> Option<&Problem> {
        match self {
            Failure::Refused(problem) if problem.status == status => Some(problem),
            _ => None,
        }
    }
}

impl std::error::Error for Failure {}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Usage(text) => f.write_str(text),
            Failure::Unreachable {
                portal,
                why,
                is_unknown,
            } => {
                write!(f, "the portal {portal} cannot be reached: {why}")?;
                if *is_unknown {
                    f.write_str(
                        "\n  = help: whether the change was made is not known: look before you repeat it, \
                         or run a command that can be repeated again",
                    )?;
                }
                Ok(())
            }
            Failure::Refused(problem) => problem.fmt(f),
        }
    }
}

impl Problem {
    /// Of an answer that is no success.
    pub(crate) fn of(status: u16, body: &[u8]) -> Problem {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |key: &str| answer[key].as_str().map(printable).unwrap_or_default();
        let mut detail = text("detail");
        if detail.is_empty() {
            detail = text("title");
        }
        if detail.is_empty() {
            detail = match body.is_empty() {
                true => "the answer has no body; is this a portal?".to_owned(),
                false => "the answer says nothing that a portal would; is this one, and nothing between?"
                    .to_owned(),
            };
        }
        let errors = answer["errors"].as_array().into_iter().flatten();
        let errors = errors.take(FIELDS_MAX).map(|error| {
            let part = |key: &str| error[key].as_str().map(printable).unwrap_or_default();
            (part("field"), part("message"))
        });
        Problem {
            status,
            code: text("code"),
            detail,
            errors: errors.collect(),
            request_id: answer["request_id"].as_str().map(printable),
        }
    }

    /// What to do about it, where the portal's own words do not say so.
    fn help(&self) -> Option<&'static str> {
        match (self.status, &*self.code) {
            (_, "confirm_needed" | "confirmation_needed" | "needs_confirm") => {
                Some("look at it with `switchboard policy diff`, then say --confirm")
            }
            (401, _) => Some("the token is unknown or has ended: make another one in the portal"),
            (412, _) => Some("somebody changed it meanwhile: run the command again"),
            (429, _) => Some("wait, and run the command again"),
            (502..=504, _) => Some("the portal, or what stands before it, is not up: run the command again"),
            _ => None,
        }
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "the portal answered {}", self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        write!(f, ": {}", self.detail)?;
        for (field, message) in &self.errors {
            match field.is_empty() {
                true => write!(f, "\n  {message}")?,
                false => write!(f, "\n  {field}: {message}")?,
            }
        }
        if let Some(help) = self.help() {
            write!(f, "\n  = help: {help}")?;
        }
        match &self.request_id {
            Some(id) if self.status >= 500 => write!(f, "\n  = request {id}, for the portal's log"),
            _ => Ok(()),
        }
    }
}

/// A text out of an answer, on one line, without what a terminal would obey.
pub(crate) fn printable(text: &str) -> String {
    let kept = text.chars().take(TEXT_CHARACTERS_MAX);
    kept.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    //! From answers to what a person reads.

    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, code: u8, expected: &str) {
        let failure = Failure::Refused(Box::new(Problem::of(status, body.as_bytes())));
        assert_eq!(
            (failure.to_string().as_str(), failure.exit_code()),
            (expected, code)
        );
    }

    #[test]
    fn what_the_portal_says_is_told_with_what_to_do() {
        check(
            403,
            r#"{"title":"Forbidden","detail":"only an owner of the team may do that","code":"needs_owner","request_id":"r"}"#,
            exit::NOT_SO,
            "the portal answered 403 needs_owner: only an owner of the team may do that",
        );
        check(
            422,
            r#"{"title":"no","code":"invalid","errors":[{"field":"clients[0].team","message":"no team has the id `x`"},{"message":"and"}]}"#,
            exit::NOT_SO,
            "the portal answered 422 invalid: no\n  clients[0].team: no team has the id `x`\n  and",
        );
        check(
            500,
            r#"{"detail":"broken","request_id":"r-7"}"#,
            exit::NO_PORTAL,
            "the portal answered 500: broken\n  = request r-7, for the portal's log",
        );
    }

    #[test]
    fn an_answer_that_no_portal_gives_is_called_that() {
        for body in ["<html>", "[]", "3", "{\"detail\":3}"] {
            let said = Problem::of(404, body.as_bytes()).to_string();
            assert!(said.contains("is this one, and nothing between?"), "{said}");
        }
        let said = Problem::of(502, b"").to_string();
        assert!(said.contains("no body") && said.contains("not up"), "{said}");
    }

    #[test]
    fn no_answer_drives_a_terminal() {
        let said = Problem::of(400, "{\"detail\":\"a\\u001b[31m\\nb\\u009b\"}".as_bytes()).to_string();
        assert_eq!(said, "the portal answered 400: a [31m b ");
    }
}
