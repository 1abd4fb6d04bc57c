//! What would become of a request: the route chosen, why each other one lost, and what would be sent upstream.
//!
//! Takes the very steps that a request takes, on a snapshot compiled as for serving; it opens no connection (unless it
//! was asked to fetch keys), and prints no secret.

mod authorization;
mod candidates;
mod text;

use crate::configuration::{AccessLog, Action, Configuration, Route};
use crate::enforcement::Enforced;
use crate::http1::{Progress, RequestHead};
use crate::keys::{self, KeyStore, SetState};
use crate::request::{Decided, Out, Proofs, Surroundings, decide};
use crate::response::Reject;
use crate::snapshot::{CompileError, Snapshot};
use crate::upstream::{Declared, Upstreams};
use crate::usage::{Account, Metrics};
use policy::Code;
use policy::method::MethodSet;
use serde::Serialize;
use std::net::IpAddr;
use std::sync::Arc;

pub use authorization::{
    Authorization, Found, IssuerKeys, Outcome, Rule, Shown, Signature, Verdict as PolicyVerdict,
};
pub use candidates::{Candidate, Verdict};

/// What to explain.
#[derive(Debug, Clone)]
pub struct Question {
    /// The method's token.
    pub method: String,
    /// The request target: a path with an optional query, or an absolute URL.
    pub target: String,
    /// Field lines; Host among them, or it is made up from the target or the listener.
    pub headers: Vec<(String, String)>,
    /// Who asks.
    pub peer: IpAddr,
    /// When, in Unix seconds.
    pub unix_s: u64,
    /// Whether issuers may be asked for their keys; otherwise those that are inline or in the state directory count.
    pub fetch_keys: bool,
}

/// The whole decision path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What was asked, as the gateway reads it.
    pub request: Asked,
    /// What policy says; absent where there is none, or where it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Authorization>,
    /// What would be done.
    pub decision: Decision,
    /// The chosen route and those that lost; the nearest first.
    pub candidates: Vec<Candidate>,
    /// Routes that lost and are not listed, because they are further off than those that are.
    pub candidates_left_out: usize,
}

/// The request as the gateway reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The method's token.
    pub method: String,
    /// The target as it was given.
    pub target: String,
    /// The Host field.
    pub host: String,
    /// The path that everything matches on; the raw one where it has no canonical form.
    pub path: String,
}

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Decision {
    /// Sent upstream.
    Forward {
        /// The route's name.
        route: String,
        /// Its line in the file.
        line: usize,
        /// Scheme and authority.
        upstream: String,
        /// What is dialled in the upstream's place: a private API's VPC endpoint.
        #[serde(skip_serializing_if = "Option::is_none")]
        through: Option<Through>,
        /// The head that would be sent, line by line; ids are examples, secrets are masked.
        request: Vec<String>,
    },
    /// Answered with a Location.
    Redirect {
        /// The route's name.
        route: String,
        /// Its line in the file.
        line: usize,
        /// The status.
        status: u16,
        /// The Location.
        to: String,
    },
    /// Answered with a fixed response.
    Respond {
        /// The route's name.
        route: String,
        /// Its line in the file.
        line: usize,
        /// The status.
        status: u16,
    },
    /// `OPTIONS *`: answered by the gateway itself.
    Capabilities,
    /// Refused.
    Refuse {
        /// The status.
        status: u16,
        /// As `error` in the answer.
        code: &'static str,
        /// As `message` in the answer.
        message: &'static str,
        /// The `Allow` field of a 405.
        #[serde(skip_serializing_if = "Option::is_none")]
        allow: Option<String>,
    },
}

/// A VPC endpoint, and the API that has to answer behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Through {
    /// The DNS name that is resolved and dialled, and the port.
    pub vpc_endpoint: String,
    /// What SNI and Host say, and the certificate has to be for.
    pub server_name: String,
}

/// Explains what `configuration` does with the request.
pub fn explain(mut configuration: Configuration, question: &Question) -> Result<Explanation, CompileError> {
    // Nothing is to be recorded, and a log file not to be made.
    configuration.access_log = AccessLog::Off;
    let host = host_of(question, &configuration);
    let (enforced, keys) = policy_of(&configuration, question.fetch_keys)?;
    let snapshot = Snapshot::compile(
        configuration,
        enforced,
        None,
        &Upstreams::default(),
        &Arc::new(Metrics::default()),
    )?;

    let bytes = head_bytes(question, &host);
    let mut account = Account::new();
    let mut out = Vec::new();
    let (decision, authorization) = decision(&snapshot, keys, question, &bytes, &mut account, &mut out);
    let path = if account.path.is_empty() {
        question.target.as_bytes()
    } else {
        &account.path
    };
    let asked = Asked {
        method: question.method.clone(),
        target: question.target.clone(),
        host,
        path: String::from_utf8_lossy(path).into_owned(),
    };
    let (candidates, candidates_left_out) = candidates::judge(&snapshot, &asked, &decision);
    Ok(Explanation {
        request: asked,
        authorization,
        decision,
        candidates,
        candidates_left_out,
    })
}

/// The policy of the configuration with the keys that there are, and where those are from.
fn policy_of(
    configuration: &Configuration,
    fetch_keys: bool,
) -> Result<(Option<Enforced>, Vec<IssuerKeys>), CompileError> {
    let store = KeyStore::new(configuration.state_dir.as_deref());
    let Some(mut enforced) = Enforced::load(configuration, &store)? else {
        return Ok((None, Vec::new()));
    };
    let followed = enforced.followed();
    let fetched = match fetch_keys {
        true => keys::fetch_all(&followed, &configuration.targets)?,
        false => Vec::new(),
    };
    let mut from = Vec::new();
    for (index, issuer) in followed.iter().enumerate() {
        let state = store.state(&issuer.issuer, &issuer.jwks_uri);
        let mut state = match (state, issuer.has_inline_keys) {
            (SetState::Never, true) => "inline".to_owned(),
            (state, _) => state.as_str().to_owned(),
        };
        match fetched.get(index) {
            Some(Ok(set)) => match enforced.with_keys(&issuer.id, set) {
                Ok(with_keys) => (enforced, state) = (with_keys, "fetched".to_owned()),
                Err(error) => state = format!("{state} ({error})"),
            },
            Some(Err(error)) => state = format!("{state} ({error})"),
            None => {}
        }
        from.push(IssuerKeys {
            issuer: issuer.id.to_string(),
            from: state,
        });
    }
    Ok((Some(enforced), from))
}

fn decision(
    snapshot: &Snapshot,
    keys: Vec<IssuerKeys>,
    question: &Question,
    bytes: &[u8],
    account: &mut Account,
    out: &mut Vec<u8>,
) -> (Decision, Option<Authorization>) {
    let mut head = RequestHead::new();
    match head.parse(bytes, &snapshot.configuration.head_limits) {
        Ok(Progress::Complete(length)) if length == bytes.len() => {}
        Ok(_) => {
            let broken = Reject::RequestMalformed("the method, target or headers hold a line break");
            return (refuse(broken, None), None);
        }
        Err(fault) => return (refuse(fault.into(), None), None),
    }
    let around = Surroundings {
        snapshot,
        via_id: "sb-example",
        peer: question.peer,
        // Ids are examples.
        started_s: 0,
        now_s: question.unix_s,
        // The same ids each time, so that two explanations can be compared.
        random: &mut fastrand::Rng::with_seed(0),
        failed: None,
        proofs: &Proofs::default(),
        metrics: &Metrics::default(),
        // Nobody was let in.
        noted: None,
        may_wait: false,
    };
    let written = Out {
        head: out,
        trailers: &mut Declared::default(),
    };
    let (decision, asks_policy) = match decide(around, &head, bytes, account, written) {
        Decided::Capabilities => (Decision::Capabilities, false),
        Decided::Refuse { reject, why } => (refuse(reject, why.allow), matches!(reject, Reject::Policy(_))),
        Decided::Fixed(compiled) => (fixed(&compiled.route), true),
        Decided::Forward(outbound) => (forward(&outbound.route.route, out), true),
        // Only where it may be waited for.
        Decided::AwaitKeys(_) => (refuse(Reject::Policy(Code::KeysUnavailable), None), true),
    };
    let enforced = snapshot.enforced.as_ref().filter(|_| asks_policy);
    let authorization = enforced.and_then(|enforced| {
        let cell = snapshot.configuration.cell.as_deref();
        authorization::judge(enforced, keys, &head, bytes, question.peer, cell, question.unix_s)
    });
    (decision, authorization)
}

fn refuse(reject: Reject, allow: Option<MethodSet>) -> Decision {
    Decision::Refuse {
        status: reject.status(),
        code: reject.code(),
        message: reject.message(),
        allow: allow.map(|methods| methods.to_string()),
    }
}

fn fixed(route: &Route) -> Decision {
    let (name, line) = (route.name.to_string(), route.line);
    match &route.action {
        Action::Redirect(redirect) => Decision::Redirect {
            route: name,
            line,
            status: redirect.status,
            to: redirect.to.to_string(),
        },
        Action::Respond(respond) => Decision::Respond {
            route: name,
            line,
            status: respond.status,
        },
        Action::Forward(_) => Decision::Capabilities,
    }
}

fn forward(route: &Route, head: &[u8]) -> Decision {
    let Action::Forward(forward) = &route.action else {
        return fixed(route);
    };
    let head = String::from_utf8_lossy(head);
    let set = |name: &str| {
        forward
            .request_headers
            .iter()
            .any(|(own, _)| own.eq_ignore_ascii_case(name))
    };
    Decision::Forward {
        route: route.name.to_string(),
        line: route.line,
        upstream: forward.origin.to_string(),
        through: forward.origin.via.as_ref().map(|via| Through {
            vpc_endpoint: format!("{via}:{}", forward.origin.port),
            server_name: forward.origin.host.to_string(),
        }),
        request: head
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| mask(line, set))
            .collect(),
    }
}

/// A line without its secret: what proves somebody's identity, and what the configuration sets (it may come from a file).
fn mask(line: &str, is_set: impl Fn(&str) -> bool) -> String {
    let Some((name, _)) = line.split_once(": ") else {
        return line.to_owned();
    };
    let lower = name.to_ascii_lowercase();
    let secret = [
        "authorization",
        "cookie",
        "key",
        "token",
        "secret",
        "password",
        "signature",
    ];
    if is_set(name) || secret.iter().any(|word| lower.contains(word)) {
        format!("{name}: ***")
    } else {
        line.to_owned()
    }
}

/// The head as a client would send it.
fn head_bytes(question: &Question, host: &str) -> Vec<u8> {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {host}\r\n",
        question.method, question.target
    );
    for (name, value) in question
        .headers
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("host"))
    {
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// The Host that was given, else the target's own, else the listener's.
fn host_of(question: &Question, configuration: &Configuration) -> String {
    let given = question
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("host"));
    if let Some((_, value)) = given {
        return value.clone();
    }
    let authority = question
        .target
        .split_once("://")
        .map(|(_, rest)| rest.split(['/', '?']).next().unwrap_or(rest));
    match (authority, configuration.listen.first()) {
        (Some(authority), _) => authority.to_owned(),
        (None, Some(listen)) if !listen.ip().is_unspecified() => listen.to_string(),
        (None, _) => "localhost".to_owned(),
    }
}
