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

impl Known {
    /// Which known name these bytes are, in any case. Identity names also match with `_` in place of `-`.
    pub fn of(name: &[u8]) -> Known {
        let _ = name;
        todo!()
    }
}
