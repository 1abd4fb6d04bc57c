//! One request from its parsed head to what is done about it: the steps of request.md, in their order, in sight.

use super::admit::admit;
use super::authenticate::authenticate;
use super::authorize::{Refused, authorize};
use super::failed_credentials::Budget;
use super::rewrite::{Added, rewrite};
use super::route::Unrouted;
use super::{FailedCredentials, HeadFields, Outbound, Proofs, TraceContext};
use super::{client_address, is_trusted, request_id, route};
use crate::configuration::Action;
use crate::downstream::receive;
use crate::http1::{FieldRef, Known, RequestHead, TargetForm};
use crate::keys::Wanted;
use crate::response::Reject;
use crate::snapshot::{CompiledRoute, Snapshot};
use crate::upstream::Declared;
use crate::usage::{Account, Metrics, Noted, keep};
use policy::Code;
use policy::method::MethodSet;
use std::net::IpAddr;
use std::sync::Arc;

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Decided<'a> {
    /// It goes upstream; its head is written.
    Forward(Outbound),
    /// The gateway answers as the route says (a redirect or a fixed response).
    Fixed(&'a Arc<CompiledRoute>),
    /// `OPTIONS *`.
    Capabilities,
    /// The gateway refuses.
    Refuse {
        /// As what.
        reject: Reject,
        /// What the answer says beside it.
        why: Why,
    },
    /// A key is missing that its issuer may have: to be decided again, once it was asked.
    AwaitKeys(Wanted),
}

/// What a refusal says beside its code.
#[derive(Debug, Default)]
pub(crate) struct Why {
    /// Which methods the path has, for 405.
    pub(crate) allow: Option<MethodSet>,
    /// Values of `WWW-Authenticate`.
    pub(crate) challenges: Vec<String>,
}

/// What a decision needs beside the request.
#[derive(Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) via_id: &'a str,
    pub(crate) peer: IpAddr,
    /// When the request began, in Unix seconds: for ids.
    pub(crate) started_s: u64,
    /// The second that policy is asked for.
    pub(crate) now_s: u64,
    pub(crate) random: &'a mut fastrand::Rng,
    /// Who failed how often; `None` where nobody is counted.
    pub(crate) failed: Option<&'a FailedCredentials>,
    pub(crate) proofs: &'a Proofs,
    pub(crate) metrics: &'a Metrics,
    /// Where credentials are noted that let a request in; `None` where nobody is told.
    pub(crate) noted: Option<&'a Noted>,
    /// Whether a missing key may be waited for.
    pub(crate) may_wait: bool,
}

/// What the upstream request is written to; all of it is empty.
#[derive(Debug)]
pub(crate) struct Out<'o> {
    /// Its head.
    pub(crate) head: &'o mut Vec<u8>,
    /// Which trailers may follow.
    pub(crate) trailers: &'o mut Declared,
}

/// Decides. `account` takes what the record will say.
pub(crate) fn decide<'a>(
    mut around: Surroundings<'a>,
    head: &RequestHead,
    bytes: &[u8],
    account: &mut Account,
    out: Out<'_>,
) -> Decided<'a> {
    let snapshot = around.snapshot;
    let edges = &snapshot.configuration.trusted_edges;
    let trusted = is_trusted(edges, around.peer);
    let trace = note(head, bytes, trusted, &mut around, account);
    if trusted {
        let fields = head.fields(bytes).collect::<Vec<_>>();
        account.client = client_address(edges, around.peer, fields.into_iter());
    }
    if head.form() == TargetForm::Asterisk {
        return Decided::Capabilities;
    }
    let received = match receive(head, bytes, around.peer, trusted) {
        Ok(received) => received,
        Err(reject) => return refuse(reject),
    };
    keep(&mut account.path, received.path.as_str().as_bytes());
    let routed = match route(snapshot, received) {
        Ok(routed) => routed,
        Err(unrouted) => return unrouted.into(),
    };
    account.route = Some(Arc::clone(routed.route));
    let compiled = routed.route;
    let budget = budget(&around, account.client);
    let admitted = match admit(routed, around.via_id, budget.as_ref()) {
        Ok(admitted) => admitted,
        Err(reject) => return unadmitted(reject, &around),
    };
    // Before credentials are looked at: what they would be held to is what is too old.
    let enforced = snapshot.enforced.as_ref();
    if enforced.is_some_and(|enforced| enforced.is_too_old(around.now_s)) {
        return refuse(Reject::Policy(Code::PolicyStale));
    }
    let cell = snapshot.configuration.cell.as_deref();
    let identified = authenticate(admitted, &around, cell);
    let fields = HeadFields::of(identified.received());
    let facts = fields.facts(cell);
    let permitted = match authorize(&identified, &facts, around.now_s, account) {
        Ok(permitted) => permitted,
        Err(refused) => return unpermitted(refused, &around, budget.as_ref(), account),
    };
    if let (Some(noted), Some(permit)) = (around.noted, &permitted.permit) {
        permit
            .credentials()
            .for_each(|credential| noted.note(credential, around.now_s));
    }
    let Action::Forward(forward) = &compiled.route.action else {
        return Decided::Fixed(compiled);
    };
    let added = Added {
        via_id: around.via_id,
        request_id: &account.request_id,
        trace: &trace,
        cell,
    };
    match rewrite(&permitted, forward, &added, out) {
        Ok(outbound) => Decided::Forward(outbound),
        Err(reject) => refuse(reject),
    }
}

fn refuse<'a>(reject: Reject) -> Decided<'a> {
    Decided::Refuse {
        reject,
        why: Why::default(),
    }
}

impl From<Unrouted> for Decided<'_> {
    fn from(unrouted: Unrouted) -> Self {
        Decided::Refuse {
            reject: unrouted.reject,
            why: Why {
                allow: unrouted.allow,
                ..Why::default()
            },
        }
    }
}

fn unadmitted<'a>(reject: Reject, around: &Surroundings<'_>) -> Decided<'a> {
    if let Reject::RateLimitExceeded(_) = reject {
        around.metrics.credentials_exhausted();
    }
    refuse(reject)
}

/// A missing key may be waited for; any other 401 counts against its address.
fn unpermitted<'a>(
    refused: Refused,
    around: &Surroundings<'_>,
    budget: Option<&Budget<'_>>,
    account: &mut Account,
) -> Decided<'a> {
    if let Some(wanted) = refused.wanted
        && around.may_wait
    {
        account.detail = None;
        return Decided::AwaitKeys(wanted);
    }
    if refused.code.status() == 401
        && let Some(exhausted) = budget.and_then(Budget::spend)
    {
        return unadmitted(Reject::RateLimitExceeded(exhausted), around);
    }
    Decided::Refuse {
        reject: Reject::Policy(refused.code),
        why: Why {
            challenges: refused.challenges,
            ..Why::default()
        },
    }
}

/// Of failed credentials, where there is a policy that they can fail by.
fn budget<'a>(around: &Surroundings<'a>, client: IpAddr) -> Option<Budget<'a>> {
    around.snapshot.enforced.as_ref()?;
    Some(Budget {
        failed: around.failed?,
        per_minute: around.snapshot.configuration.failed_credentials?,
        client,
        unix_s: around.now_s,
    })
}

/// Takes a field's value. One that comes again is none of the two: nobody could tell whose it is, and none of these
/// fields is well-formed when it is empty.
fn only<'a>(slot: &mut Option<&'a [u8]>, value: &'a [u8]) {
    *slot = Some(if slot.is_some() { b"" } else { value });
}

/// Writes down what the head says, so that a refusal is recorded as fully as an answer.
fn note(
    head: &RequestHead,
    bytes: &[u8],
    trusted: bool,
    around: &mut Surroundings<'_>,
    account: &mut Account,
) -> TraceContext {
    account.version = Some(head.version());
    keep(&mut account.method, head.method_bytes(bytes));
    keep(&mut account.host, head.host(bytes));
    keep(&mut account.path, head.path(bytes));
    let (mut sent_id, mut traceparent, mut amzn) = (None, None, None);
    for FieldRef { value, known, .. } in head.fields(bytes) {
        match known {
            Known::UserAgent => keep(&mut account.user_agent, value),
            Known::XRequestId => only(&mut sent_id, value),
            Known::Traceparent => only(&mut traceparent, value),
            Known::XAmznTraceId => only(&mut amzn, value),
            _ => {}
        }
    }
    request_id(sent_id, &mut account.request_id, around.random);
    let trace = TraceContext::derive(traceparent, amzn, trusted, around.started_s, around.random);
    // A request that is decided again has one already.
    account.trace_id.clear();
    account.trace_id.push_str(trace.trace_id());
    trace
}
