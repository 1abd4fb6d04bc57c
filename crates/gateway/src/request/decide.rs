//! One request from its parsed head to what is done about it: the steps of request.md, in their order, in sight.

use super::admit::admit;
use super::rewrite::{Added, rewrite};
use super::{Outbound, TraceContext, client_address, is_trusted, request_id, route};
use crate::configuration::Action;
use crate::downstream::receive;
use crate::http1::{FieldRef, Known, RequestHead, TargetForm};
use crate::response::Reject;
use crate::snapshot::{CompiledRoute, Snapshot};
use crate::usage::{Account, keep};
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
        /// Why.
        reject: Reject,
        /// Which methods the path has, for 405.
        allow: Option<MethodSet>,
    },
}

/// What a decision needs beside the request.
#[derive(Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) via_id: &'a str,
    pub(crate) peer: IpAddr,
    pub(crate) unix_s: u64,
    pub(crate) random: &'a mut fastrand::Rng,
}

/// Decides. `out` is empty and takes the upstream request's head; `account` takes what the record will say.
pub(crate) fn decide<'a>(
    around: Surroundings<'a>,
    head: &RequestHead,
    bytes: &[u8],
    account: &mut Account,
    out: &mut Vec<u8>,
) -> Decided<'a> {
    let Surroundings {
        snapshot,
        via_id,
        peer,
        unix_s,
        random,
    } = around;
    let edges = &snapshot.configuration.trusted_edges;
    let trusted = is_trusted(edges, peer);
    let trace = note(head, bytes, trusted, unix_s, random, account);
    if trusted {
        account.client = client_address(edges, peer, head.fields(bytes).collect::<Vec<_>>().into_iter());
    }
    if head.form() == TargetForm::Asterisk {
        return Decided::Capabilities;
    }
    let refuse = |reject| Decided::Refuse { reject, allow: None };
    let received = match receive(head, bytes, peer, trusted) {
        Ok(received) => received,
        Err(reject) => return refuse(reject),
    };
    keep(&mut account.path, received.path.as_str().as_bytes());
    let routed = match route(snapshot, received) {
        Ok(routed) => routed,
        Err(unrouted) => {
            return Decided::Refuse {
                reject: unrouted.reject,
                allow: unrouted.allow,
            };
        }
    };
    account.route = Some(Arc::clone(routed.route));
    let compiled = routed.route;
    let admitted = match admit(routed, via_id) {
        Ok(admitted) => admitted,
        Err(reject) => return refuse(reject),
    };
    let Action::Forward(forward) = &compiled.route.action else {
        return Decided::Fixed(compiled);
    };
    let cell = snapshot.configuration.cell.as_deref();
    let added = Added {
        via_id,
        request_id: &account.request_id,
        trace: &trace,
        cell,
    };
    match rewrite(admitted, forward, &added, out) {
        Ok(outbound) => Decided::Forward(outbound),
        Err(reject) => refuse(reject),
    }
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
    unix_s: u64,
    random: &mut fastrand::Rng,
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
    request_id(sent_id, &mut account.request_id, random);
    let trace = TraceContext::derive(traceparent, amzn, trusted, unix_s, random);
    account.trace_id.push_str(trace.trace_id());
    trace
}
