//! Trace context: one trace id under two names, W3C `traceparent` and `X-Amzn-Trace-Id`, that always agree.
//!
//! Ids are continued from any peer; the sampled flag is believed only from a trusted edge. Where both headers are
//! there and disagree, `traceparent` wins (request.md §3.5). Only the parts that are understood are carried on.

use crate::http1::field;

/// What is sent upstream and written to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceContext {
    /// 32 lower-case hex digits, not all zero.
    trace_id: [u8; 32],
    /// This hop's own span: 16 lower-case hex digits, not all zero.
    span_id: [u8; 16],
    sampled: bool,
    /// Whether `traceparent` was continued, so that `tracestate` still belongs to it.
    pub(crate) continues_w3c: bool,
}

impl TraceContext {
    /// From what the peer sent; `unix_s` is the start time that AWS wants in a new id.
    pub(crate) fn derive(
        traceparent: Option<&[u8]>,
        amzn: Option<&[u8]>,
        trusted: bool,
        unix_s: u64,
        random: &mut fastrand::Rng,
    ) -> TraceContext {
        let w3c = traceparent.and_then(parse_traceparent);
        let (trace_id, sampled) = match w3c.or_else(|| amzn.and_then(parse_amzn)) {
            Some((trace_id, sampled)) => (trace_id, sampled && trusted),
            None => (new_trace_id(unix_s, random), false),
        };
        let mut span_id = [0; 16];
        write_hex(&mut span_id, random.u64(1..).into());
        TraceContext {
            trace_id,
            span_id,
            sampled,
            continues_w3c: w3c.is_some(),
        }
    }

    /// The trace id, 32 hex digits.
    pub(crate) fn trace_id(&self) -> &str {
        std::str::from_utf8(&self.trace_id).unwrap_or_default()
    }

    /// Both fields, for the upstream request.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut parent = *b"00-________________________________-________________-00";
        parent[3..35].copy_from_slice(&self.trace_id);
        parent[36..52].copy_from_slice(&self.span_id);
        parent[54] = b'0' + u8::from(self.sampled);
        field(out, b"traceparent", &parent);
        let mut amzn = *b"Root=1-________-________________________;Parent=________________;Sampled=0";
        amzn[7..15].copy_from_slice(&self.trace_id[..8]);
        amzn[16..40].copy_from_slice(&self.trace_id[8..]);
        amzn[48..64].copy_from_slice(&self.span_id);
        amzn[73] = b'0' + u8::from(self.sampled);
        field(out, b"X-Amzn-Trace-Id", &amzn);
    }
}

fn new_trace_id(unix_s: u64, random: &mut fastrand::Rng) -> [u8; 32] {
    let mut id = [0; 32];
    let low = random.u128(1..) & (u128::MAX >> 32);
    write_hex(&mut id, (u128::from(unix_s & 0xffff_ffff) << 96) | low);
    id
}

/// Right-aligned lower-case hex over the whole of `out`.
fn write_hex(out: &mut [u8], mut value: u128) {
    for place in out.iter_mut().rev() {
        *place = b"0123456789abcdef"[(value & 15) as usize];
        value >>= 4;
    }
}

/// `00-<trace id>-<span id>-<flags>`; a later version may have more behind another dash (W3C Trace Context §3.2).
fn parse_traceparent(value: &[u8]) -> Option<([u8; 32], bool)> {
    let version = value.get(..2)?;
    let long_enough = match value.get(55) {
        None => value.len() == 55,
        Some(next) => version != b"00" && *next == b'-',
    };
    let dashes = value.get(2) == Some(&b'-') && value.get(35) == Some(&b'-') && value.get(52) == Some(&b'-');
    if !long_enough || !dashes || version == b"ff" || !is_lower_hex(version) {
        return None;
    }
    let trace_id: [u8; 32] = value.get(3..35)?.try_into().ok()?;
    let span_id = value.get(36..52)?;
    let flags = value.get(53..55)?;
    let usable = |id: &[u8]| is_lower_hex(id) && id.iter().any(|byte| *byte != b'0');
    if !usable(&trace_id) || !usable(span_id) || !is_lower_hex(flags) {
        return None;
    }
    let last = flags[1];
    let nibble = if last.is_ascii_digit() {
        last - b'0'
    } else {
        last - b'a' + 10
    };
    Some((trace_id, nibble & 1 == 1))
}

/// `Root=1-<8 hex>-<24 hex>;Parent=…;Sampled=0|1`, in any order (AWS X-Ray tracing header).
fn parse_amzn(value: &[u8]) -> Option<([u8; 32], bool)> {
    let mut trace_id = None;
    let mut sampled = false;
    for part in value.split(|byte| *byte == b';') {
        let part = part.trim_ascii();
        if let Some(root) = part.strip_prefix(b"Root=1-") {
            if root.len() != 33 || root[8] != b'-' {
                return None;
            }
            let mut id = [0; 32];
            id[..8].copy_from_slice(&root[..8]);
            id[8..].copy_from_slice(&root[9..]);
            id.make_ascii_lowercase();
            if !is_lower_hex(&id) || id.iter().all(|byte| *byte == b'0') {
                return None;
            }
            trace_id = Some(id);
        } else if part == b"Sampled=1" {
            sampled = true;
        }
    }
    trace_id.map(|id| (id, sampled))
}

fn is_lower_hex(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const W3C: &[u8] = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const AMZN: &[u8] = b"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

    fn derive(w3c: Option<&[u8]>, amzn: Option<&[u8]>, trusted: bool) -> TraceContext {
        TraceContext::derive(w3c, amzn, trusted, 0x6543_2100, &mut fastrand::Rng::with_seed(7))
    }

    #[test]
    fn traceparent_wins_where_both_disagree() {
        assert_eq!(
            derive(Some(W3C), Some(AMZN), false).trace_id(),
            "0af7651916cd43dd8448eb211c80319c"
        );
        assert_eq!(
            derive(None, Some(AMZN), false).trace_id(),
            "5759e988bd862e3fe1be46a994272793"
        );
        assert_eq!(
            derive(Some(b"nonsense"), Some(AMZN), false).trace_id(),
            "5759e988bd862e3fe1be46a994272793"
        );
    }

    #[test]
    fn the_sampled_flag_is_believed_only_from_a_trusted_edge() {
        assert!(!derive(Some(W3C), None, false).sampled);
        assert!(derive(Some(W3C), None, true).sampled);
        assert!(!derive(None, Some(AMZN), false).sampled);
        assert!(derive(None, Some(AMZN), true).sampled);
    }

    #[test]
    fn a_new_id_begins_with_the_time_that_aws_wants_and_is_never_zero() {
        let new = derive(None, None, true);
        assert!(new.trace_id().starts_with("65432100"));
        assert!(!new.sampled && !new.continues_w3c);
    }

    #[test]
    fn both_fields_carry_the_same_ids() {
        let mut out = Vec::new();
        derive(Some(W3C), None, true).write(&mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with("traceparent: 00-0af7651916cd43dd8448eb211c80319c-"),
            "{text}"
        );
        assert!(
            text.contains("X-Amzn-Trace-Id: Root=1-0af76519-16cd43dd8448eb211c80319c;Parent="),
            "{text}"
        );
        assert!(text.trim_end().ends_with("Sampled=1"), "{text}");
        let parent = text.split("Parent=").nth(1).unwrap().split(';').next().unwrap();
        assert!(text.contains(&format!("-{parent}-01")), "{text}");
    }

    #[test]
    fn what_is_not_trace_context_is_not_continued() {
        for bad in [
            &b"00-00000000000000000000000000000000-b7ad6b7169203331-01"[..],
            b"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            b"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            b"00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            b"",
        ] {
            assert_eq!(parse_traceparent(bad), None, "{}", String::from_utf8_lossy(bad));
        }
        assert!(
            parse_traceparent(b"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-later").is_some()
        );
        for bad in [
            &b"Root=1-5759e988"[..],
            b"Root=1-5759e988-bd862e3fe1be46a99427279x",
            b"Self=1-2",
            b"",
        ] {
            assert_eq!(parse_amzn(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }
}
