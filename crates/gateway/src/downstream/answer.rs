//! The gateway's own answers, from what was decided to bytes: refusals, redirects, fixed responses, `OPTIONS *`.
//!
//! Fills the account as it goes, so that what is recorded is what was sent.

use crate::configuration::{Action, Redirect, Respond};
use crate::http1::{self, Version};
use crate::response::{Reject, proxy_status};
use crate::usage::Account;
use policy::method::MethodSet;
use std::io::Write as _;

/// What every answer needs to know of the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) version: Version,
    pub(super) to_head: bool,
    pub(super) keep_alive: bool,
    /// The current date (IMF-fixdate).
    pub(super) date: &'a str,
}

/// A refusal: `{"error", "message", "request_id"}` (request.md §4).
pub(super) fn refusal(
    out: &mut Vec<u8>,
    account: &mut Account,
    reject: Reject,
    allow: Option<&str>,
    context: &Context<'_>,
) {
    account.reject = Some(reject);
    let mut body = Vec::with_capacity(160);
    let (code, message, id) = (reject.code(), reject.message(), &account.request_id);
    // Codes, sentences and ids hold nothing that JSON escapes; writing to a vector does not fail.
    let _ = write!(body, r#"{{"error":"{code}","message":"{message}","request_id":"{id}"}}"#);
    begin(out, account, reject.status(), context);
    http1::field(out, b"Content-Type", b"application/json");
    if let Some(allow) = allow {
        http1::field(out, b"Allow", allow.as_bytes());
    }
    out.extend_from_slice(b"Proxy-Status: ");
    out.extend_from_slice(proxy_status::NAME);
    out.extend_from_slice(b"; error=");
    out.extend_from_slice(reject.proxy_error().as_bytes());
    out.extend_from_slice(b"\r\n");
    end(out, account, &body, context);
}

/// What a route answers by itself.
pub(super) fn fixed(out: &mut Vec<u8>, account: &mut Account, action: &Action, context: &Context<'_>) {
    match action {
        Action::Redirect(redirect) => redirected(out, account, redirect, context),
        Action::Respond(respond) => responded(out, account, respond, context),
        // Never decided as fixed; refusing is what a fault of ours should do.
        Action::Forward(_) => refusal(out, account, Reject::RouteNotFound, None, context),
    }
}

fn redirected(out: &mut Vec<u8>, account: &mut Account, redirect: &Redirect, context: &Context<'_>) {
    begin(out, account, redirect.status, context);
    http1::field(out, b"Location", redirect.to.as_bytes());
    own_status(out);
    end(out, account, b"", context);
}

fn responded(out: &mut Vec<u8>, account: &mut Account, respond: &Respond, context: &Context<'_>) {
    begin(out, account, respond.status, context);
    for (name, value) in &respond.headers {
        http1::field(out, name.as_bytes(), value.as_bytes());
    }
    own_status(out);
    end(out, account, &respond.body, context);
}

/// `OPTIONS *`: what the gateway can do at all (RFC 9110 §9.3.7).
pub(super) fn capabilities(out: &mut Vec<u8>, account: &mut Account, context: &Context<'_>) {
    begin(out, account, 200, context);
    http1::field(out, b"Allow", MethodSet::ALL.to_string().as_bytes());
    own_status(out);
    end(out, account, b"", context);
}

fn own_status(out: &mut Vec<u8>) {
    http1::field(out, b"Proxy-Status", proxy_status::CONFIGURED);
}

fn begin(out: &mut Vec<u8>, account: &mut Account, status: u16, context: &Context<'_>) {
    out.clear();
    account.status = status;
    http1::begin_response(out, Version::Http11, status, b"");
    http1::field(out, b"Date", context.date.as_bytes());
    http1::field(out, b"X-Request-Id", account.request_id.as_bytes());
}

/// Length, connection, the empty line and the body; HEAD gets the same head and no body (RFC 9110 §9.3.2).
fn end(out: &mut Vec<u8>, account: &mut Account, body: &[u8], context: &Context<'_>) {
    if !matches!(account.status, 204 | 304) {
        http1::field_decimal(out, b"Content-Length", body.len() as u64);
    }
    match (context.keep_alive, context.version) {
        (false, _) => http1::field(out, b"Connection", b"close"),
        (true, Version::Http10) => http1::field(out, b"Connection", b"keep-alive"),
        (true, Version::Http11) => {}
    }
    http1::finish_head(out);
    if !context.to_head {
        account.bytes_out = body.len() as u64;
        out.extend_from_slice(body);
    }
}
