//! What is refused on sight, before anything about the caller is looked at: what no route takes, and an address that has
//! failed too often. It is asked before a signature is computed.
//!
//! Limits that need no principal stand here too, once they exist.

use super::Routed;
use super::failed_credentials::Budget;
use crate::http1::{Framing, Known};
use crate::response::Reject;

/// A request whose caller may be looked at. Only `admit` makes one.
#[derive(Debug)]
pub(crate) struct Admitted<'s, 'r> {
    pub(super) routed: Routed<'s, 'r>,
}

/// Admits the request, or says why not. `via_id`: this gateway's pseudonym in `Via`; `budget`: of failed credentials,
/// where there is one.
pub(crate) fn admit<'s, 'r>(
    routed: Routed<'s, 'r>,
    via_id: &str,
    budget: Option<&Budget<'_>>,
) -> Result<Admitted<'s, 'r>, Reject> {
    if let Some(exhausted) = budget.and_then(Budget::exhausted) {
        return Err(Reject::RateLimitExceeded(exhausted));
    }
    match refusal(&routed, via_id) {
        Some(reject) => Err(reject),
        None => Ok(Admitted { routed }),
    }
}

fn refusal(routed: &Routed<'_, '_>, via_id: &str) -> Option<Reject> {
    let received = &routed.received;
    if let Framing::Length(length) = received.head.framing()
        && length > routed.route.route.body_bytes_max
    {
        return Some(Reject::BodyTooLarge);
    }
    let mut own_visits = 0;
    for field in received.head.fields(received.bytes) {
        match field.known {
            // h2c and other offers may be ignored (RFC 9110 §7.8); a WebSocket client would hang on an ordinary answer.
            Known::Upgrade if names_websocket(field.value) => return Some(Reject::UpgradeNotSupported),
            Known::Via => own_visits += visits(field.value, via_id.as_bytes()),
            _ => {}
        }
    }
    (own_visits >= 2).then_some(Reject::LoopDetected)
}

fn names_websocket(value: &[u8]) -> bool {
    value
        .split(|byte| *byte == b',')
        .any(|offer| offer.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

/// How many members of a `Via` list were received by us: `1.1 <id>` with an optional comment.
fn visits(value: &[u8], via_id: &[u8]) -> usize {
    let by_us = |member: &&[u8]| {
        let mut words = member
            .split(|byte| *byte == b' ' || *byte == b'\t')
            .filter(|word| !word.is_empty());
        words.nth(1) == Some(via_id)
    };
    value.split(|byte| *byte == b',').filter(by_us).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visits_are_counted_by_pseudonym_alone() {
        assert_eq!(visits(b"1.1 sb-1, 1.0 other, 1.1 sb-1 (again)", b"sb-1"), 2);
        assert_eq!(visits(b"1.1 sb-10, HTTP/1.1 sb-1x", b"sb-1"), 0);
        assert_eq!(visits(b"", b"sb-1"), 0);
    }

    #[test]
    fn websocket_is_found_among_offers() {
        assert!(names_websocket(b"h2c, WebSocket"));
        assert!(!names_websocket(b"h2c"));
    }
}
