//! An upstream's response head as the client gets it: hop-by-hop fields off, framing ours, and who made it on.

use super::proxy_status;
use crate::configuration::{Forward, is_set};
use crate::http1::{self, FieldRef, Framing, Known, ResponseHead, Version};

/// API Gateway gives a service's challenge this other name, by which no OAuth client finds it. Only this one field gets
/// its name back: the others that are renamed so (`Date`, `Server`, …) have a value of API Gateway's own in their place.
const REMAPPED_CHALLENGE: &[u8] = b"x-amzn-Remapped-WWW-Authenticate";
const CHALLENGE: &[u8] = b"WWW-Authenticate";

/// How the body goes to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyOut {
    /// As many bytes as Content-Length says, or none.
    Plain,
    /// Chunked coding, ours.
    Chunked,
    /// Until we close: an HTTP/1.0 client and a length that is not known.
    Close,
}

impl BodyOut {
    /// For an upstream's framing and a client's version.
    pub(crate) fn of(framing: Framing, client: Version) -> BodyOut {
        match (framing, client) {
            (Framing::Empty | Framing::Length(_), _) => BodyOut::Plain,
            (Framing::Chunked | Framing::Close, Version::Http11) => BodyOut::Chunked,
            (Framing::Chunked | Framing::Close, Version::Http10) => BodyOut::Close,
        }
    }
}

/// What the client's head needs beside the upstream's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadContext<'a> {
    pub(crate) client: Version,
    pub(crate) body: BodyOut,
    /// Whether the client's connection stays open.
    pub(crate) keep_alive: bool,
    pub(crate) request_id: &'a str,
    /// The current date, for an upstream that sent none (RFC 9110 §6.6.1).
    pub(crate) date: &'a str,
    /// What the route sets, and whether the upstream is one that renames fields.
    pub(crate) forward: &'a Forward,
}

/// Writes the whole head.
pub(crate) fn write(out: &mut Vec<u8>, head: &ResponseHead, bytes: &[u8], context: &HeadContext<'_>) {
    http1::begin_response(out, Version::Http11, head.status(), head.reason(bytes));
    let bodiless = head.status() == 204;
    let hop_by_hop = head.has_connection_names();
    let set = &context.forward.response_headers;
    let challenges_renamed = context.forward.private_api.is_some() && !has_challenge(head, bytes);
    let mut has_date = false;
    for field in head.fields(bytes) {
        let named = hop_by_hop && head.connection_names(bytes, field.name);
        let name = match challenges_renamed && field.name.eq_ignore_ascii_case(REMAPPED_CHALLENGE) {
            true => CHALLENGE,
            false => field.name,
        };
        if named || !passes(&field, context, bodiless) || is_set(set, name) {
            continue;
        }
        has_date |= field.known == Known::Date;
        http1::field(out, name, field.value);
    }
    if !has_date {
        http1::field(out, b"Date", context.date.as_bytes());
    }
    for (name, value) in set {
        http1::field(out, name.as_bytes(), value.as_bytes());
    }
    http1::field(out, b"X-Request-Id", context.request_id.as_bytes());
    write_proxy_status(out, head, bytes);
    match (context.body, context.keep_alive, context.client) {
        (BodyOut::Chunked, true, _) => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        (BodyOut::Chunked, false, _) => {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\nConnection: close\r\n");
        }
        (_, false, _) => out.extend_from_slice(b"Connection: close\r\n"),
        (_, true, Version::Http10) => out.extend_from_slice(b"Connection: keep-alive\r\n"),
        (_, true, Version::Http11) => {}
    }
    http1::finish_head(out);
}

/// Whether API Gateway itself, or a response of its authorizer, says what it would take.
fn has_challenge(head: &ResponseHead, bytes: &[u8]) -> bool {
    head.fields(bytes)
        .any(|field| field.name.eq_ignore_ascii_case(CHALLENGE))
}

/// An interim (1xx) head, field for field but for what belongs to one hop.
pub(crate) fn write_interim(out: &mut Vec<u8>, head: &ResponseHead, bytes: &[u8]) {
    http1::begin_response(out, Version::Http11, head.status(), head.reason(bytes));
    let hop_by_hop = head.has_connection_names();
    for field in head.fields(bytes) {
        if !(is_hop_by_hop(field.known) || hop_by_hop && head.connection_names(bytes, field.name)) {
            http1::field(out, field.name, field.value);
        }
    }
    http1::finish_head(out);
}

/// Whether an upstream's field goes on. A length goes on where the body goes as it came.
fn passes(field: &FieldRef<'_>, context: &HeadContext<'_>, bodiless: bool) -> bool {
    match field.known {
        Known::ContentLength => context.body == BodyOut::Plain && !bodiless,
        Known::ProxyStatus | Known::XRequestId => false,
        known => !is_hop_by_hop(known),
    }
}

fn is_hop_by_hop(known: Known) -> bool {
    matches!(
        known,
        Known::Connection
            | Known::KeepAlive
            | Known::ProxyAuthenticate
            | Known::ProxyAuthorization
            | Known::ProxyConnection
            | Known::Te
            | Known::TransferEncoding
            | Known::Upgrade
    )
}

/// One list: the upstream's own members first, then ours without `error`, as the upstream made this answer (RFC 9209 §2).
fn write_proxy_status(out: &mut Vec<u8>, head: &ResponseHead, bytes: &[u8]) {
    out.extend_from_slice(b"Proxy-Status: ");
    for earlier in head
        .fields(bytes)
        .filter(|field| field.known == Known::ProxyStatus && !field.value.is_empty())
    {
        out.extend_from_slice(earlier.value);
        out.extend_from_slice(b", ");
    }
    out.extend_from_slice(proxy_status::FORWARDED);
    out.extend_from_slice(b"\r\n");
}
