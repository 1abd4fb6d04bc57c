//! Why a request was refused, for those who run the API: one line of JSON, for a log and never for the caller.
//!
//! API Gateway lets no code travel with a 401 of a REST or WebSocket API, and no detail with anything. So nothing here may
//! be a credential, a claim but the client's id, or a query. `packages/authorizer` writes the same line.

use crate::event::{Fault, Request};
use policy::{Code, Decision};
use serde::Serialize;
use std::borrow::Cow;

/// Longest path that is told, in bytes; of a longer one as much of its front.
const PATH_BYTES_MAX: usize = 256;

/// Longest id of a request that is told, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// How many characters HTTP and WebSocket APIs put before the `=` of an id: eleven bytes in base64url.
const SHORT_ID_CHARACTERS: usize = 15;

/// A request that was refused. What is not known is left out of its line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused<'a> {
    refused: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<Cow<'a, str>>,
}

impl<'a> Refused<'a> {
    /// What the decision refuses, or its answer after all. The client is a registered one, established before.
    pub(crate) fn by(
        decision: &'a Decision<'_>,
        code: Code,
        request: &'a Request<'_>,
        request_id: Option<Cow<'a, str>>,
    ) -> Refused<'a> {
        let (detail, client, api) = match decision {
            Decision::Permit(permit) => (None, permit.client(), permit.api()),
            Decision::Reject(rejection) => (rejection.detail(), rejection.client(), rejection.api()),
        };
        Refused {
            detail,
            client: client.map(|client| client.id()),
            api: api.map(|api| api.id()),
            method: Some(request.verb),
            path: Some(front(request.path.as_str())),
            ..Refused::of(code, request_id)
        }
    }

    /// What is refused before anything is decided.
    pub(crate) fn undecided(
        code: Code,
        request: &'a Request<'_>,
        request_id: Option<Cow<'a, str>>,
    ) -> Refused<'a> {
        Refused {
            method: Some(request.verb),
            path: Some(front(request.path.as_str())),
            ..Refused::of(code, request_id)
        }
    }

    /// An event that is about no request.
    pub(crate) fn at_once(fault: Fault, request_id: Option<Cow<'a, str>>) -> Refused<'a> {
        Refused {
            fault: Some(fault.as_str()),
            ..Refused::of(Code::OperationUnknown, request_id)
        }
    }

    /// Its line, with the line's end: at most 1,024 bytes, since every member has a limit.
    pub fn to_line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("texts and numbers alone have JSON");
        line.push('\n');
        line
    }

    fn of(code: Code, request_id: Option<Cow<'a, str>>) -> Refused<'a> {
        Refused {
            refused: code.as_str(),
            status: code.status(),
            fault: None,
            detail: None,
            client: None,
            api: None,
            method: None,
            path: None,
            request_id: request_id.filter(|id| is_plain(id)),
        }
    }
}

fn front(path: &str) -> &str {
    // A path that a policy can name is ASCII.
    path.get(..PATH_BYTES_MAX).unwrap_or(path)
}

/// In the form of API Gateway's own ids. A client can choose the id of its request, and so no form is taken that a token or
/// a key could have.
fn is_plain(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    match id.strip_suffix('=') {
        Some(short) => {
            short.len() == SHORT_ID_CHARACTERS && short.bytes().all(|byte| plain(byte) || byte == b'_')
        }
        None => (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(plain),
    }
}

#[cfg(test)]
mod tests {
    //! What a line holds at most.

    use super::*;

    #[test]
    fn a_line_of_the_longest_members_has_its_limit() {
        let longest = "x".repeat(128);
        for code in Code::ALL {
            let refused = Refused {
                fault: Some(Fault::PathNotCanonical.as_str()),
                detail: Some("key_ambiguous"),
                client: Some(&longest),
                api: Some(&longest),
                method: Some(&longest[..32]),
                path: Some(front("/x".repeat(500).leak())),
                ..Refused::of(code, Some(Cow::Borrowed(&longest[..64])))
            };
            assert!(refused.request_id.is_some());
            assert!(refused.to_line().len() <= 1_024, "{}", refused.to_line());
        }
    }

    #[test]
    fn a_path_is_told_up_to_its_limit() {
        let path = "/x".repeat(128);
        assert_eq!(front(&path), path);
        assert_eq!(front(&format!("{path}y")), path);
        assert_eq!(front("/"), "/");
    }

    #[test]
    fn an_id_of_another_form_is_not_told() {
        for (id, told) in [
            ("c6af9ac6-7b61-11e6-9a41-93e8deadbeef", true),
            ("JKJaXmPLvHcESHA=", true),
            ("JKJ_XmPL-HcESHA=", true),
            ("JKJ_XmPL-HcESHA", false),
            ("JKJaXmPLvHcESHAA=", false),
            ("=", false),
            (&"x".repeat(64), true),
            (&"x".repeat(65), false),
            ("", false),
            ("a b", false),
            ("a=", false),
            ("\u{e4}", false),
        ] {
            let refused = Refused::at_once(Fault::Malformed, Some(Cow::Borrowed(id)));
            assert_eq!(refused.request_id.is_some(), told, "{id}");
        }
    }
}
