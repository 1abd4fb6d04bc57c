//! Our member of `Proxy-Status` (RFC 9209): it has `error` exactly when the gateway made the answer.
//!
//! It never names an address or a next hop: those are for the access log.

use super::Reject;

/// The member on an answer that the upstream made; it follows the upstream's own members.
pub(crate) const FORWARDED: &[u8] = b"switchboard";

/// The whole field on an answer that the gateway made because its configuration says so: a redirect, a fixed
/// response, `OPTIONS *` (RFC 9209 §2.3.29: made without trying the next hop).
pub(crate) const INTERNAL: &[u8] = b"Proxy-Status: switchboard; error=proxy_internal_response\r\n";

/// The whole field on a refusal.
pub(crate) fn write_refusal(out: &mut Vec<u8>, reject: Reject) {
    out.extend_from_slice(b"Proxy-Status: switchboard; error=");
    out.extend_from_slice(reject.proxy_error().as_bytes());
    out.extend_from_slice(b"\r\n");
}
