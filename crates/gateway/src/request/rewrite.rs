//! The request that goes upstream, in the order of request.md §3: drop, drop identity, drop the credential, set ours,
//! forwarded, Host.
//!
//! The head is always serialised anew from parsed fields; nothing is passed on because nobody looked at it.

use super::authorize::Permitted;
use super::forwarded::{self, Hop};
use super::{Out, TraceContext, private_api};
use crate::configuration::{Forward, is_set};
use crate::downstream::Received;
use crate::http1::{self, Expect, FieldRef, Framing, Known, Version};
use crate::response::Reject;
use crate::snapshot::CompiledRoute;
use crate::upstream::is_spelled;
use policy::Permit;
use policy::method::Method;
use std::sync::Arc;

/// A request that is ready to be sent: its head is written, this is what the exchange must know beside it.
#[derive(Debug)]
pub(crate) struct Outbound {
    pub(crate) route: Arc<CompiledRoute>,
    pub(crate) method: Method,
    pub(crate) version: Version,
    pub(crate) framing: Framing,
    pub(crate) expect: Expect,
    /// Whether the client's connection may carry another request.
    pub(crate) keep_alive: bool,
}

/// What the gateway adds of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Added<'a> {
    pub(crate) via_id: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) trace: &'a TraceContext,
    pub(crate) cell: Option<&'a str>,
}

/// Writes the upstream request's head; on an error there is nothing of use.
pub(crate) fn rewrite(
    permitted: &Permitted<'_, '_, '_>,
    forward: &Forward,
    added: &Added<'_>,
    out: Out<'_>,
) -> Result<Outbound, Reject> {
    let Permitted { identified, permit } = permitted;
    let routed = &identified.admitted.routed;
    let received = &routed.received;
    let Out { head: out, trailers } = out;
    let (head, bytes) = (received.head, received.bytes);
    let Some(method) = received.method else {
        return Err(Reject::MethodNotAllowed);
    };

    write_request_line(received, method, forward, out)?;
    let host = if forward.preserve_host {
        head.host(bytes)
    } else {
        forward.origin.authority.as_bytes()
    };
    http1::field(out, b"Host", host);
    let removed = Removed::by(permit.as_ref());
    write_passing(received, forward, &removed, added.trace, out);
    trailers.set(head.fields(bytes), removed.key_header);
    match (permit, added.cell) {
        (Some(permit), _) => {
            for (name, value) in permit.identity() {
                http1::field(out, name.as_bytes(), value.as_bytes());
            }
        }
        (None, Some(cell)) => http1::field(out, b"X-Cell-Id", cell.as_bytes()),
        (None, None) => {}
    }
    let hop = Hop {
        peer: received.peer,
        proto: "http",
        host: head.host(bytes),
        prefix: forward.strip_prefix.as_ref().map(|prefix| prefix.as_str()),
    };
    let believed = if received.trusted { usize::MAX } else { 0 };
    forwarded::write(out, &hop, |known| {
        head.fields(bytes)
            .take(believed)
            .filter(move |field| field.known == known)
            .map(|field| field.value)
    });
    write_via(out, head.fields(bytes), head.version(), added.via_id);
    http1::field(out, b"X-Request-Id", added.request_id.as_bytes());
    added.trace.write(out);
    for (name, value) in &forward.request_headers {
        http1::field(out, name.as_bytes(), value.as_bytes());
    }
    http1::finish_head(out);
    if forward.private_api.is_some() {
        private_api::fits(out)?;
    }
    Ok(Outbound {
        route: Arc::clone(routed.route),
        method,
        version: head.version(),
        framing: head.framing(),
        expect: head.expect(),
        keep_alive: head.keep_alive(),
    })
}

/// The credential that was used: it ends here, unless the API says otherwise.
struct Removed<'a> {
    authorization: bool,
    key_header: Option<&'a str>,
}

impl<'a> Removed<'a> {
    fn by(permit: Option<&'a Permit<'_>>) -> Removed<'a> {
        Removed {
            authorization: permit.is_some_and(Permit::removes_authorization),
            key_header: permit.and_then(Permit::removes_key_header),
        }
    }

    fn has(&self, field: &FieldRef<'_>) -> bool {
        let is_key = |header: &str| is_spelled(field.name, header);
        self.authorization && field.known == Known::Authorization || self.key_header.is_some_and(is_key)
    }
}

/// The path after `strip_prefix` and `add_prefix`, canonical again, and the query byte for byte.
fn write_request_line(
    received: &Received<'_>,
    method: Method,
    forward: &Forward,
    out: &mut Vec<u8>,
) -> Result<(), Reject> {
    out.extend_from_slice(method.as_str().as_bytes());
    out.push(b' ');
    received
        .path
        .rewrite_into(forward.strip_prefix.as_ref(), forward.add_prefix.as_ref(), out)
        .map_err(|error| Reject::PathNotCanonical(error.message()))?;
    if let Some(query) = received.head.query(received.bytes) {
        out.push(b'?');
        out.extend_from_slice(query);
    }
    out.extend_from_slice(b" HTTP/1.1\r\n");
    Ok(())
}

/// The client's own fields, less those that end here, and the framing in our words.
fn write_passing(
    received: &Received<'_>,
    forward: &Forward,
    removed: &Removed<'_>,
    trace: &TraceContext,
    out: &mut Vec<u8>,
) {
    let (head, bytes) = (received.head, received.bytes);
    let hop_by_hop = head.has_connection_names();
    let (mut has_length, mut trailers) = (false, false);
    for field in head.fields(bytes) {
        match field.known {
            Known::ContentLength => has_length = true,
            Known::Te => trailers |= accepts_trailers(field.value),
            _ => {}
        }
        let named = hop_by_hop && head.connection_names(bytes, field.name);
        if passes(&field, trace)
            && !removed.has(&field)
            && !named
            && !is_set(&forward.request_headers, field.name)
        {
            http1::field(out, field.name, field.value);
        }
    }
    write_framing(out, head.framing(), has_length);
    if trailers {
        out.extend_from_slice(b"TE: trailers\r\nConnection: TE\r\n");
    }
}

/// Whether a client's field goes on as it is. What is missing here is written by us, or belongs to one hop only.
fn passes(field: &FieldRef<'_>, trace: &TraceContext) -> bool {
    match field.known {
        Known::Tracestate => trace.continues_w3c,
        Known::Other
        | Known::Authorization
        | Known::ContentType
        | Known::Date
        | Known::Expect
        | Known::ProxyStatus
        | Known::Trailer
        | Known::UserAgent => true,
        Known::Connection
        | Known::ContentLength
        | Known::Dangerous
        | Known::Forwarded
        | Known::Host
        | Known::Identity
        | Known::KeepAlive
        | Known::ProxyAuthenticate
        | Known::ProxyAuthorization
        | Known::ProxyConnection
        | Known::Te
        | Known::Traceparent
        | Known::TransferEncoding
        | Known::Upgrade
        | Known::Via
        | Known::XAmznTraceId
        | Known::XCellId
        | Known::XForwardedFor
        | Known::XForwardedHost
        | Known::XForwardedPrefix
        | Known::XForwardedProto
        | Known::XRequestId => false,
    }
}

/// An explicit `Content-Length: 0` is kept: without it some services answer a POST with 411.
fn write_framing(out: &mut Vec<u8>, framing: Framing, has_length: bool) {
    match framing {
        Framing::Empty if has_length => out.extend_from_slice(b"Content-Length: 0\r\n"),
        Framing::Length(length) => {
            http1::field(
                out,
                b"Content-Length",
                itoa::Buffer::new().format(length).as_bytes(),
            );
        }
        Framing::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        // A request has no close-delimited body (RFC 9112 §6.3).
        Framing::Empty | Framing::Close => {}
    }
}

fn accepts_trailers(value: &[u8]) -> bool {
    value
        .split(|byte| *byte == b',')
        .any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"trailers"))
}

fn write_via<'a>(
    out: &mut Vec<u8>,
    fields: impl Iterator<Item = FieldRef<'a>>,
    version: Version,
    via_id: &str,
) {
    out.extend_from_slice(b"Via: ");
    for earlier in fields.filter(|field| field.known == Known::Via && !field.value.is_empty()) {
        out.extend_from_slice(earlier.value);
        out.extend_from_slice(b", ");
    }
    out.extend_from_slice(if version == Version::Http11 {
        b"1.1 "
    } else {
        b"1.0 "
    });
    out.extend_from_slice(via_id.as_bytes());
    out.extend_from_slice(b"\r\n");
}
