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
    /// `Proxy`, `HTTP2-Settings`, `X-Original-URL` and the others that request.md §3.1 drops.
    Dangerous,
    /// `X-User-Id`, `X-User-Role`, `X-Client-Id`, `X-Tenant-Id`, also with `_` for `-`.
    Identity,
    /// `X-Cell-Id`, also with `_` for `-`.
    XCellId,
}

/// Names of each length that occurs. Lengths are few and names of one length fewer, so a name costs a jump and a compare.
fn candidates(len: usize) -> &'static [(&'static [u8], Known)] {
    match len {
        2 => &[(b"te", Known::Te)],
        3 => &[(b"via", Known::Via)],
        4 => &[(b"host", Known::Host), (b"date", Known::Date)],
        5 => &[(b"proxy", Known::Dangerous)],
        6 => &[(b"expect", Known::Expect)],
        7 => &[(b"upgrade", Known::Upgrade), (b"trailer", Known::Trailer)],
        9 => &[
            (b"forwarded", Known::Forwarded),
            (b"x-user-id", Known::Identity),
            (b"x-cell-id", Known::XCellId),
        ],
        10 => &[
            (b"connection", Known::Connection),
            (b"user-agent", Known::UserAgent),
            (b"keep-alive", Known::KeepAlive),
            (b"tracestate", Known::Tracestate),
        ],
        11 => &[
            (b"traceparent", Known::Traceparent),
            (b"x-user-role", Known::Identity),
            (b"x-client-id", Known::Identity),
            (b"x-tenant-id", Known::Identity),
        ],
        12 => &[
            (b"content-type", Known::ContentType),
            (b"x-request-id", Known::XRequestId),
            (b"proxy-status", Known::ProxyStatus),
        ],
        13 => &[
            (b"authorization", Known::Authorization),
            (b"x-http-method", Known::Dangerous),
            (b"x-rewrite-url", Known::Dangerous),
        ],
        14 => &[
            (b"content-length", Known::ContentLength),
            (b"http2-settings", Known::Dangerous),
            (b"x-original-url", Known::Dangerous),
            (b"x-apigw-api-id", Known::Dangerous),
        ],
        15 => &[
            (b"x-forwarded-for", Known::XForwardedFor),
            (b"x-amzn-trace-id", Known::XAmznTraceId),
        ],
        16 => &[
            (b"x-forwarded-host", Known::XForwardedHost),
            (b"proxy-connection", Known::ProxyConnection),
        ],
        17 => &[
            (b"transfer-encoding", Known::TransferEncoding),
            (b"x-forwarded-proto", Known::XForwardedProto),
            (b"x-method-override", Known::Dangerous),
        ],
        18 => &[
            (b"x-forwarded-prefix", Known::XForwardedPrefix),
            (b"proxy-authenticate", Known::ProxyAuthenticate),
        ],
        19 => &[(b"proxy-authorization", Known::ProxyAuthorization)],
        22 => &[(b"x-http-method-override", Known::Dangerous)],
        _ => &[],
    }
}

impl Known {
    /// Which known name these bytes are, in any case.
    ///
    /// With `_` in place of `-`, identity names, `X-Cell-Id` and the dangerous names match too, and a name that
    /// the gateway writes itself (`X_Forwarded_For`, `X_Request_Id`, …) is `Dangerous`: CGI-like upstreams
    /// cannot tell the two spellings apart, and would take the caller's copy for ours.
    pub fn of(name: &[u8]) -> Known {
        let candidates = candidates(name.len());
        for &(candidate, known) in candidates {
            if name.eq_ignore_ascii_case(candidate) {
                return known;
            }
        }
        if candidates.is_empty() || !name.contains(&b'_') {
            return Known::Other;
        }
        let same = |candidate: &[u8]| {
            name.iter().zip(candidate).all(|(&sent, &byte)| {
                let sent = if sent == b'_' {
                    b'-'
                } else {
                    sent.to_ascii_lowercase()
                };
                sent == byte
            })
        };
        match candidates
            .iter()
            .find(|(candidate, _)| same(candidate))
            .map(|&(_, known)| known)
        {
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
