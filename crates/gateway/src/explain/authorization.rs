//! The part of an explanation that policy decides: what was shown, what was proven, what was found on the way, and what
//! came of it.
//!
//! It prints no secret: of a credential its kind and id, of a token nothing but what policy itself has (its issuer's and
//! key's id), never a byte of key, token or claim that does not go upstream anyway.

use crate::downstream::receive;
use crate::enforcement::Enforced;
use crate::http1::{FieldRef, Known, RequestHead};
use crate::request::HeadFields;
use policy::{Code, Decision, Permit, Policy, Rejection, Step};
use serde::Serialize;
use std::net::IpAddr;

/// Schemes whose name may be shown; an unknown one could be a secret without its scheme.
const SCHEMES: [&str; 6] = [
    "Bearer",
    "Basic",
    "Digest",
    "Negotiate",
    "ApiKey",
    "AWS4-HMAC-SHA256",
];
/// The field of an API key where no API says otherwise.
const KEY_FIELD: &str = "X-Api-Key";
const API_KEY: &str = "an API key";
const BEARER_TOKEN: &str = "a bearer token";

/// How policy decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Authorization {
    /// Where the policy comes from: `auth`, `file` or `floor`.
    pub policy: &'static str,
    /// The issuers whose key sets are fetched, and which keys were used here.
    pub keys: Vec<IssuerKeys>,
    /// What the request shows, in the order of its fields.
    pub credentials: Vec<Shown>,
    /// What is known of the token's signature.
    pub signature: Signature,
    /// What was found on the way, up to the decision.
    pub found: Vec<Found>,
    /// Every rule, in order, and what it said.
    pub rules: Vec<Rule>,
    /// What came of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// One issuer's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssuerKeys {
    /// Its id.
    pub issuer: String,
    /// `inline`, `stored` (off the state directory), `fetched` (now), or `never`.
    pub from: String,
}

/// A credential that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The field.
    pub field: String,
    /// What it is.
    pub kind: String,
    /// The id of an API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// What is known of a token's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// Verified.
    Good,
    /// It does not hold.
    Bad,
    /// The key that it needs is not there.
    KeyMissing,
    /// There was none to verify, or another fault came first.
    NotVerified,
}

/// A rule and what it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its name.
    pub rule: &'static str,
    /// What it said.
    pub outcome: Outcome,
}

/// What a rule said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It is what refuses.
    Refused,
    /// There was nothing that it is about.
    NothingShown,
    /// An earlier one refused.
    NotReached,
    /// The operation is public, and needs no more.
    NotAsked,
}

/// Something that was found on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// `api`, `operation`, `credential`, `issuer`, …
    pub rule: String,
    /// Its id.
    pub found: String,
}

/// What policy says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Permitted.
    Permit {
        /// Fields that the service gets.
        identity: Vec<(String, String)>,
        /// Fields that end at the gateway.
        removed: Vec<String>,
        /// Effective scopes.
        scopes: Vec<String>,
        /// The plan of the grant.
        #[serde(skip_serializing_if = "Option::is_none")]
        plan: Option<String>,
    },
    /// Refused.
    Reject {
        /// As `error` in the answer.
        code: &'static str,
        /// The status.
        status: u16,
        /// What the log says beside it.
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'static str>,
        /// Values of `WWW-Authenticate`.
        challenges: Vec<String>,
    },
}

/// How the policy decides about this head. `None`: it is no request that policy is asked about.
pub(super) fn judge(
    enforced: &Enforced,
    keys: Vec<IssuerKeys>,
    head: &RequestHead,
    bytes: &[u8],
    peer: IpAddr,
    cell: Option<&str>,
    unix_s: u64,
) -> Option<Authorization> {
    let received = receive(head, bytes, peer, false).ok()?;
    let fields = HeadFields::of(&received);
    let facts = fields.facts(cell);
    let policy: &Policy = &enforced.policy;
    let proof = policy::verify(policy::present(policy, &facts, &()));
    let decision = policy::decide(policy, &facts, &proof, unix_s);
    let (api, verdict, missing) = match &decision {
        Decision::Permit(permit) => (permit.api(), permitted(permit), false),
        Decision::Reject(rejection) => {
            let missing =
                rejection.detail() == Some("key_unknown") || rejection.code() == Code::KeysUnavailable;
            (rejection.api(), rejected(rejection), missing)
        }
    };
    let is_bad = matches!(&verdict, Verdict::Reject { code, .. } if *code == Code::SignatureInvalid.as_str());
    let signature = match (missing, proof.signature_checked(), is_bad) {
        (true, ..) => Signature::KeyMissing,
        (false, true, false) => Signature::Good,
        (false, _, true) => Signature::Bad,
        (false, false, false) => Signature::NotVerified,
    };
    let key_field = api.map_or(KEY_FIELD, |api| api.key_field());
    let credentials: Vec<Shown> = head
        .fields(bytes)
        .filter_map(|field| shown(&field, key_field))
        .collect();
    Some(Authorization {
        policy: enforced.source(),
        keys,
        rules: rules(&decision, &credentials),
        credentials,
        signature,
        found: decision.reasons().iter().map(|reason| found(reason)).collect(),
        verdict,
    })
}

/// Every rule with what it said. A rule about a kind of credential that is not shown says nothing.
fn rules(decision: &Decision<'_>, credentials: &[Shown]) -> Vec<Rule> {
    let shows = |kind: &str| credentials.iter().any(|shown| shown.kind == kind);
    let (refused, is_public) = match decision {
        Decision::Permit(permit) => {
            let operation = permit.operation();
            (None, operation.is_some_and(|operation| operation.is_public()))
        }
        Decision::Reject(rejection) => (Some(rejection.step()), false),
    };
    let outcome = |step: Step| {
        let is_about_nothing = match step {
            Step::Key => !shows(API_KEY),
            Step::Token => !shows(BEARER_TOKEN),
            // The gateway's own listeners prove none yet.
            Step::Certificate => true,
            _ => credentials.is_empty(),
        };
        match refused {
            // A public operation asks for nothing, and where nothing is shown there is nothing to ask about.
            None if credentials.is_empty() => Outcome::NotAsked,
            Some(refused) if step == refused => Outcome::Refused,
            Some(refused) if step > refused => Outcome::NotReached,
            None if is_public && !step.is_for_public() => Outcome::NotAsked,
            _ if is_about_nothing => Outcome::NothingShown,
            _ => Outcome::Passed,
        }
    };
    Step::ALL
        .into_iter()
        .map(|step| Rule {
            rule: step.as_str(),
            outcome: outcome(step),
        })
        .collect()
}

fn permitted(permit: &Permit<'_>) -> Verdict {
    let identity = permit.identity();
    let own = identity
        .into_iter()
        .map(|(name, value)| (name.to_owned(), (*value).to_owned()));
    let authorization = permit.removes_authorization().then_some("Authorization");
    let removed = authorization.into_iter().chain(permit.removes_key_header());
    Verdict::Permit {
        identity: own.collect(),
        removed: removed.map(str::to_owned).collect(),
        scopes: permit.scopes().iter().map(|scope| scope.to_string()).collect(),
        plan: permit.plan().map(str::to_owned),
    }
}

fn rejected(rejection: &Rejection<'_>) -> Verdict {
    let code = rejection.code();
    Verdict::Reject {
        code: code.as_str(),
        status: code.status(),
        detail: rejection.detail(),
        challenges: rejection.challenges(),
    }
}

/// `kind/ID` as two.
fn found(reason: &str) -> Found {
    let (rule, found) = reason.split_once('/').unwrap_or((reason, ""));
    Found {
        rule: rule.to_owned(),
        found: found.to_owned(),
    }
}

fn shown(field: &FieldRef<'_>, key_field: &str) -> Option<Shown> {
    let name = String::from_utf8_lossy(field.name).into_owned();
    if field.known == Known::Authorization {
        let scheme = field.value.split(|byte| *byte == b' ').next().unwrap_or_default();
        let known = SCHEMES
            .into_iter()
            .find(|known| known.as_bytes().eq_ignore_ascii_case(scheme));
        let kind = match known {
            Some("Bearer") => BEARER_TOKEN.to_owned(),
            Some(scheme) => format!("a credential of the scheme {scheme}"),
            None => "a credential of another scheme".to_owned(),
        };
        return Some(Shown {
            field: name,
            kind,
            id: None,
        });
    }
    field
        .name
        .eq_ignore_ascii_case(key_field.as_bytes())
        .then(|| Shown {
            field: name,
            kind: API_KEY.to_owned(),
            id: key_id(field.value),
        })
}

/// The id of `sb_<id>_<secret>`; a value of another form is all secret.
fn key_id(value: &[u8]) -> Option<String> {
    let rest = std::str::from_utf8(value).ok()?.strip_prefix("sb_")?;
    let (id, secret) = rest.split_once('_')?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    (!secret.is_empty() && id.bytes().all(fits)).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str, expected: Option<(&str, Option<&str>)>) {
        let field = FieldRef {
            name: name.as_bytes(),
            value: value.as_bytes(),
            known: Known::of(name.as_bytes()),
        };
        let shown = shown(&field, "X-Api-Key");
        let found = shown.as_ref().map(|shown| (&*shown.kind, shown.id.as_deref()));
        assert_eq!(found, expected, "{name}: {value}");
    }

    #[test]
    fn a_credential_is_named_and_never_shown() {
        check("authorization", "bearer abc", Some(("a bearer token", None)));
        check(
            "Authorization",
            "Basic abc",
            Some(("a credential of the scheme Basic", None)),
        );
        check(
            "Authorization",
            "s3cret",
            Some(("a credential of another scheme", None)),
        );
        check("x-api-key", "sb_k7f3_secret", Some(("an API key", Some("k7f3"))));
        for secret in ["s3cret", "sb_s3cret", "sb_k7_", "sb_a b_c"] {
            check("X-Api-Key", secret, Some(("an API key", None)));
        }
        check("X-Other", "x", None);
    }
}
