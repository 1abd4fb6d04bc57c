//! What goes back to API Gateway: a policy, a simple verdict, or the one error that it turns into a 401.
//!
//! Exactly these bytes of JSON are what AWS reads; own types, because the usual ones know no `NotResource`. Nothing here
//! decides.

use serde::Serialize;
use std::borrow::Cow;

/// Largest answer, in bytes: API Gateway takes no larger one of a WebSocket authorizer, and no larger policy.
pub(crate) const ANSWER_BYTES_MAX: usize = 8_192;

/// Who an answer is about that names no client.
pub(crate) const ANONYMOUS: &str = "anonymous";

/// What is done with a request; its JSON is what a function returns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// For every event, unless a simple verdict is asked for.
    Policy(PolicyAnswer),
    /// For payload 2.0 of HTTP APIs, where settings ask for it.
    Simple(SimpleAnswer),
    /// The function fails, with exactly the message `Unauthorized`: a 401 on REST and WebSocket APIs.
    #[serde(skip)]
    Unauthorized,
}

/// An IAM policy and who it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyAnswer {
    /// The client's id, or `anonymous`.
    pub principal_id: String,
    /// The policy.
    pub policy_document: PolicyDocument,
    /// What the API's integration and its gateway responses may show.
    pub context: Context,
    /// By which API Gateway's usage plan counts; on REST and WebSocket APIs, of a client that is let in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_identifier_key: Option<String>,
}

/// The policy of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyDocument {
    version: &'static str,
    /// Its statements, at least one. An explicit Deny wins over every Allow.
    pub statement: Vec<Statement>,
}

/// A statement about `execute-api:Invoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    action: &'static str,
    /// Whether it lets in.
    pub effect: Effect,
    /// What it is about.
    #[serde(flatten)]
    pub about: About,
}

/// Whether a statement lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Effect {
    /// It does.
    Allow,
    /// It refuses, whatever else is said.
    Deny,
}

/// What a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum About {
    /// This one.
    #[serde(rename = "Resource")]
    One(String),
    /// What fits any of these.
    #[serde(rename = "Resource")]
    Any(Vec<String>),
    /// What fits none of these.
    #[serde(rename = "NotResource")]
    None(Vec<String>),
}

/// A verdict alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimpleAnswer {
    /// Whether the request is let in.
    pub is_authorized: bool,
    /// As of a policy.
    pub context: Context,
}

/// What is told beside the verdict: scalars alone, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Context {
    /// Of what is let in.
    Permit(PermitContext),
    /// Of what is not.
    Refusal(RefusalContext),
}

/// Who is let in. All of it is always there, and empty where the decision says nothing: an integration maps each member
/// onto a field, and only that takes away the field of this name that a caller sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PermitContext {
    /// The client's id, or the client claim; in header form, as the three that follow.
    pub client: String,
    /// The user.
    pub user: String,
    /// The role.
    pub role: String,
    /// The tenant.
    pub tenant: String,
    /// The authorizer's own cell.
    pub cell: String,
    /// Effective scopes that are scope tokens, joined by blanks.
    pub scopes: String,
    /// The policy that decided.
    #[serde(flatten)]
    pub policy: PolicyState,
}

/// Why nobody is let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusalContext {
    /// The code.
    pub code: &'static str,
    /// Its one sentence. It can stand in a JSON string as it is, which is where a gateway response puts it.
    pub message: &'static str,
    /// The client's id, where it was established.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The policy that decided.
    #[serde(flatten)]
    pub policy: PolicyState,
}

/// Which policy decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PolicyState {
    /// Its revision.
    pub revision: u64,
    /// How it is held: `floor`, `catching_up`, `live`, `stale` or `forked`.
    pub state: &'static str,
}

impl Context {
    /// The client's id, where there is one.
    pub fn client(&self) -> Option<&str> {
        match self {
            Context::Permit(permit) => Some(permit.client.as_str()).filter(|client| !client.is_empty()),
            Context::Refusal(refusal) => refusal.client.as_deref(),
        }
    }
}

impl PolicyAnswer {
    /// With these statements.
    pub(crate) fn new(
        context: Context,
        statement: Vec<Statement>,
        usage_identifier_key: Option<String>,
    ) -> PolicyAnswer {
        PolicyAnswer {
            principal_id: context.client().unwrap_or(ANONYMOUS).to_owned(),
            policy_document: PolicyDocument {
                version: "2012-10-17",
                statement,
            },
            context,
            usage_identifier_key,
        }
    }
}

impl Statement {
    /// About this.
    pub(crate) fn new(effect: Effect, about: About) -> Statement {
        Statement {
            action: "execute-api:Invoke",
            effect,
            about,
        }
    }
}

impl Answer {
    /// The message of the error, where it is one.
    pub fn error(&self) -> Option<&'static str> {
        (*self == Answer::Unauthorized).then_some("Unauthorized")
    }

    /// As JSON; of the error, what Lambda makes of it.
    pub fn to_json(&self) -> Cow<'static, str> {
        match self {
            Answer::Unauthorized => {
                Cow::Borrowed(r#"{"errorType":"Unauthorized","errorMessage":"Unauthorized"}"#)
            }
            answer => {
                Cow::Owned(serde_json::to_string(answer).expect("texts, numbers and lists alone have JSON"))
            }
        }
    }

    /// Whether API Gateway takes an answer of this size.
    pub(crate) fn fits(&self) -> bool {
        self.to_json().len() <= ANSWER_BYTES_MAX
    }
}
