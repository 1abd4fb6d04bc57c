//! Field lines as slices of the head's bytes, with the names that the gateway acts on already recognised.

/// One field line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldRef<'a> {
    /// The name as it was sent; a token.
    pub name: &'a [u8],
    /// The value without the blanks around it; no CR, LF, NUL or other control byte but HTAB.
    pub value: &'a [u8],
    /// Which known name it is.
    pub known: Known,
}

/// Names that some step treats in its own way. Recognised once, when a head is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the field of its name")]
pub enum Known {
    Other,
    Authorization,
    Connection,
    ContentLength,
    ContentType,
    Date,
    Expect,
    Forwarded,
    Host,
    KeepAlive,
    ProxyAuthenticate,
    ProxyAuthorization,
    ProxyConnection,
    ProxyStatus,
    Te,
    Traceparent,
    Tracestate,
    Trailer,
    TransferEncoding,
    Upgrade,
    UserAgent,
    Via,
    XAmznTraceId,
    XForwardedFor,
    XForwardedHost,
    XForwardedPrefix,
    XForwardedProto,
    XRequestId,
    /// `Proxy`, `HTTP2-Settings`, `X-Original-URL` and the others that request.md §3.1 drops. A service that heeds one of
    /// them sees another method, path or API than was routed and permitted, whatever kind of upstream it is.
    Dangerous,
    /// `X-User-Id`, `X-User-Role`, `X-Client-Id`, `X-Tenant-Id`, also with `_` for `-`.
    Identity,
    /// `X-Cell-Id`, also with `_` for `-`.
    XCellId,
}

/// The known names by their length: lengths are few and names of one length fewer, so a name costs a look-up and
/// hardly more than one compare.
static BY_LENGTH: [&[(Key, Known)]; NAME_BYTES_END] = {
    let mut names: [&[(Key, Known)]; NAME_BYTES_END] = [&[]; NAME_BYTES_END];
    names[2] = &[(key(b"te"), Known::Te)];
    names[3] = &[(key(b"via"), Known::Via)];
    names[4] = &[(key(b"host"), Known::Host), (key(b"date"), Known::Date)];
    names[5] = &[(key(b"proxy"), Known::Dangerous)];
    names[6] = &[(key(b"expect"), Known::Expect)];
    names[7] = &[
        (key(b"upgrade"), Known::Upgrade),
        (key(b"trailer"), Known::Trailer),
    ];
    names[9] = &[
        (key(b"forwarded"), Known::Forwarded),
        (key(b"x-user-id"), Known::Identity),
        (key(b"x-cell-id"), Known::XCellId),
    ];
    names[10] = &[
        (key(b"connection"), Known::Connection),
        (key(b"user-agent"), Known::UserAgent),
        (key(b"keep-alive"), Known::KeepAlive),
        (key(b"tracestate"), Known::Tracestate),
    ];
    names[11] = &[
        (key(b"traceparent"), Known::Traceparent),
        (key(b"x-user-role"), Known::Identity),
        (key(b"x-client-id"), Known::Identity),
        (key(b"x-tenant-id"), Known::Identity),
    ];
    names[12] = &[
        (key(b"content-type"), Known::ContentType),
        (key(b"x-request-id"), Known::XRequestId),
        (key(b"proxy-status"), Known::ProxyStatus),
    ];
    names[13] = &[
        (key(b"authorization"), Known::Authorization),
        (key(b"x-http-method"), Known::Dangerous),
        (key(b"x-rewrite-url"), Known::Dangerous),
    ];
    names[14] = &[
        (key(b"content-length"), Known::ContentLength),
        (key(b"http2-settings"), Known::Dangerous),
        (key(b"x-original-url"), Known::Dangerous),
        (key(b"x-apigw-api-id"), Known::Dangerous),
    ];
    names[15] = &[
        (key(b"x-forwarded-for"), Known::XForwardedFor),
        (key(b"x-amzn-trace-id"), Known::XAmznTraceId),
    ];
    names[16] = &[
        (key(b"x-forwarded-host"), Known::XForwardedHost),
        (key(b"proxy-connection"), Known::ProxyConnection),
    ];
    names[17] = &[
        (key(b"transfer-encoding"), Known::TransferEncoding),
        (key(b"x-forwarded-proto"), Known::XForwardedProto),
        (key(b"x-method-override"), Known::Dangerous),
    ];
    names[18] = &[
        (key(b"x-forwarded-prefix"), Known::XForwardedPrefix),
        (key(b"proxy-authenticate"), Known::ProxyAuthenticate),
    ];
    names[19] = &[(key(b"proxy-authorization"), Known::ProxyAuthorization)];
    names[22] = &[(key(b"x-http-method-override"), Known::Dangerous)];
    names[24] = &[(key(b"x-amzn-apigateway-api-id"), Known::Dangerous)];
    names
};

impl Known {
    /// Which known name these bytes are, in any case.
    ///
    /// With `_` in place of `-`, identity names, `X-Cell-Id` and the dangerous names match too, and a name that
    /// the gateway writes itself (`X_Forwarded_For`, `X_Request_Id`, …) is `Dangerous`: CGI-like upstreams
    /// cannot tell the two spellings apart, and would take the caller's copy for ours.
    pub fn of(name: &[u8]) -> Known {
        let candidates = BY_LENGTH.get(name.len()).copied().unwrap_or_default();
        if candidates.is_empty() {
            return Known::Other;
        }
        let find = |key: Key| candidates.iter().find(|(candidate, _)| *candidate == key);
        let sent = key(name).map(lower_case);
        if let Some(&(_, known)) = find(sent) {
            return known;
        }
        let hyphened = sent.map(with_hyphens);
        if hyphened == sent {
            return Known::Other;
        }
        match find(hyphened).map(|&(_, known)| known) {
            Some(known @ (Known::Identity | Known::XCellId | Known::Dangerous)) => known,
            Some(
                Known::ProxyAuthorization
                | Known::ProxyConnection
                | Known::ProxyStatus
                | Known::XAmznTraceId
                | Known::XForwardedFor
                | Known::XForwardedHost
                | Known::XForwardedPrefix
                | Known::XForwardedProto
                | Known::XRequestId,
            ) => Known::Dangerous,
            _ => Known::Other,
        }
    }
}

/// Longer than the longest known name (`x-amzn-apigateway-api-id`, 24 bytes, which is as long as a key can be).
const NAME_BYTES_END: usize = 25;

/// All bytes of a name of up to 24, as words that compare at once: its first eight, its last eight, and those between
/// where there are any. Names of one length have equal keys only if they are equal.
type Key = [u64; 3];

/// The words are read as they lie, since a copy of the name would cost more than all the rest.
const fn key(name: &[u8]) -> Key {
    let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) else {
        let (mut word, mut rest) = (0, name);
        while let [byte, others @ ..] = rest {
            word = word << 8 | *byte as u64;
            rest = others;
        }
        return [word, 0, 0];
    };
    let between = match name.split_at_checked(8) {
        Some((_, rest)) if rest.len() > 8 => rest.first_chunk(),
        _ => None,
    };
    let between = match between {
        Some(between) => u64::from_le_bytes(*between),
        None => 0,
    };
    [u64::from_le_bytes(*first), between, u64::from_le_bytes(*last)]
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHS: u64 = ONES * 0x80;

/// Eight letters at once: a capital gets bit 5, anything else is left as it is. No sum leaves its byte.
fn lower_case(word: u64) -> u64 {
    let low_bits = word & !HIGHS;
    let from_a = low_bits + ONES * (0x80 - u64::from(b'A'));
    let beyond_z = low_bits + ONES * (0x80 - u64::from(b'Z') - 1);
    word | (from_a & !beyond_z & !word & HIGHS) >> 2
}

/// Each `_` becomes `-`.
fn with_hyphens(word: u64) -> u64 {
    let from_underscore = word ^ (ONES * u64::from(b'_'));
    let others = ((from_underscore & !HIGHS) + !HIGHS) | from_underscore;
    word ^ (((!others & HIGHS) >> 7) * u64::from(b'_' ^ b'-'))
}

/// Whether a careless reader could take this name for `Content-Length` or `Transfer-Encoding`: the letters are the
/// same in the same order, whatever stands between them. True for the right names too.
pub(super) fn resembles_framing(name: &[u8]) -> bool {
    let spells = |word: &[u8]| {
        let letters = name.iter().filter(|byte| byte.is_ascii_alphabetic());
        letters.map(u8::to_ascii_lowercase).eq(word.iter().copied())
    };
    name.len() >= b"contentlength".len() && (spells(b"contentlength") || spells(b"transferencoding"))
}

/// The value without SP and HTAB around it (RFC 9110 §5.6.3).
pub(super) fn trim_blanks(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests;
