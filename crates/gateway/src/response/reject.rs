//! Every refusal and failure that the gateway answers with, in one closed type. `docs/errors.md` is generated from it.
//!
//! `code` is the answer's `error` member and stable; `message` is what the caller may know; details for the
//! operator travel beside a `Reject` in the usage record, never in it.

use policy::Code;
use std::fmt;

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller must change the request.
    Client,
    /// The gateway's operator must act.
    Gateway,
    /// The upstream failed.
    Upstream,
}

impl Fault {
    /// As `docs/errors.md` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Fault::Client => "client",
            Fault::Gateway => "gateway",
            Fault::Upstream => "upstream",
        }
    }
}

/// A refusal or a failure. `ALL` lists one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reject {
    /// 400: breaks a rule of RFC 9110 or 9112; the sentence says which.
    RequestMalformed(&'static str),
    /// 400: the path has no canonical form.
    PathNotCanonical(&'static str),
    /// 404.
    RouteNotFound,
    /// 405; the answer's Allow comes from the route table.
    MethodNotAllowed,
    /// 408: the head or the body did not come in time.
    RequestTimeout,
    /// 413.
    BodyTooLarge,
    /// 414.
    TargetTooLong,
    /// 417.
    ExpectationFailed,
    /// 431.
    HeadTooLarge(&'static str),
    /// 501: CONNECT, TRACE, or longer than any method.
    MethodNotImplemented,
    /// 501: WebSocket and other upgrades.
    UpgradeNotSupported,
    /// 505.
    VersionNotSupported,
    /// 503: `connections_max`.
    ConnectionsExhausted,
    /// 508: our own Via came back.
    LoopDetected,
    /// 502: the name did not resolve.
    UpstreamUnresolved,
    /// 502: every address it resolved to is one that must not be dialled.
    UpstreamForbidden,
    /// 502.
    UpstreamRefused,
    /// 504: not connected within `connect_ms`.
    UpstreamConnectTimeout,
    /// 502: TLS failed for another reason than the certificate.
    UpstreamTls,
    /// 502: the upstream's certificate is not one to be trusted for its name.
    UpstreamCertificate,
    /// 502: closed or reset before a whole head.
    UpstreamClosed,
    /// 502: what it sent is not HTTP/1.1.
    UpstreamMalformed(&'static str),
    /// 504: no head within `head_ms`.
    UpstreamTimeout,
    /// 504: `total_ms`.
    TotalTimeout,
    /// 429: a limit is used up.
    RateLimitExceeded(Exhausted),
    /// 401, 403 or 503: what policy says.
    Policy(Code),
}

/// A limit that is used up, as its answer shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted {
    /// How many the limit's period has.
    pub limit: u32,
    /// Seconds until one more is admitted, rounded up, at least 1.
    pub retry_after_s: u64,
    /// The Unix second of that moment.
    pub reset_s: u64,
}

/// Refusals that are the gateway's own.
const OWN_COUNT: usize = 25;

use Reject::*;

impl Reject {
    /// How many there are.
    pub const COUNT: usize = OWN_COUNT + Code::ALL.len();

    /// One of each, each at its `ordinal`; where one carries a sentence or numbers, they are a specimen.
    pub const ALL: [Reject; Reject::COUNT] = {
        let mut all = [TotalTimeout; Reject::COUNT];
        let mut index = 0;
        while index < Reject::COUNT {
            all[index] = if index < OWN_COUNT {
                Reject::OWN[index]
            } else {
                Policy(Code::ALL[index - OWN_COUNT])
            };
            index += 1;
        }
        all
    };

    const OWN: [Reject; OWN_COUNT] = [
        RequestMalformed("the request breaks a rule of HTTP/1.1"),
        PathNotCanonical("the path has no canonical form"),
        RouteNotFound,
        MethodNotAllowed,
        RequestTimeout,
        BodyTooLarge,
        TargetTooLong,
        ExpectationFailed,
        HeadTooLarge("the request head is too large"),
        MethodNotImplemented,
        UpgradeNotSupported,
        VersionNotSupported,
        ConnectionsExhausted,
        LoopDetected,
        UpstreamUnresolved,
        UpstreamForbidden,
        UpstreamRefused,
        UpstreamConnectTimeout,
        UpstreamTls,
        UpstreamCertificate,
        UpstreamClosed,
        UpstreamMalformed("the upstream's answer breaks a rule of HTTP/1.1"),
        UpstreamTimeout,
        TotalTimeout,
        RateLimitExceeded(Exhausted {
            limit: 100,
            retry_after_s: 3,
            reset_s: 1_712_937_600,
        }),
    ];

    /// Its place in `ALL`, whatever sentence it carries.
    pub fn ordinal(self) -> usize {
        match self {
            RequestMalformed(_) => 0,
            PathNotCanonical(_) => 1,
            RouteNotFound => 2,
            MethodNotAllowed => 3,
            RequestTimeout => 4,
            BodyTooLarge => 5,
            TargetTooLong => 6,
            ExpectationFailed => 7,
            HeadTooLarge(_) => 8,
            MethodNotImplemented => 9,
            UpgradeNotSupported => 10,
            VersionNotSupported => 11,
            ConnectionsExhausted => 12,
            LoopDetected => 13,
            UpstreamUnresolved => 14,
            UpstreamForbidden => 15,
            UpstreamRefused => 16,
            UpstreamConnectTimeout => 17,
            UpstreamTls => 18,
            UpstreamCertificate => 19,
            UpstreamClosed => 20,
            UpstreamMalformed(_) => 21,
            UpstreamTimeout => 22,
            TotalTimeout => 23,
            RateLimitExceeded(_) => 24,
            // A code's number is its place in `Code::ALL`, which a test holds.
            Policy(code) => OWN_COUNT + code as usize,
        }
    }

    /// The status.
    pub fn status(self) -> u16 {
        match self {
            RequestMalformed(_) | PathNotCanonical(_) => 400,
            RouteNotFound => 404,
            MethodNotAllowed => 405,
            RequestTimeout => 408,
            BodyTooLarge => 413,
            TargetTooLong => 414,
            ExpectationFailed => 417,
            HeadTooLarge(_) => 431,
            MethodNotImplemented | UpgradeNotSupported => 501,
            UpstreamUnresolved | UpstreamForbidden | UpstreamRefused | UpstreamTls | UpstreamCertificate => {
                502
            }
            UpstreamClosed | UpstreamMalformed(_) => 502,
            ConnectionsExhausted => 503,
            UpstreamConnectTimeout | UpstreamTimeout | TotalTimeout => 504,
            VersionNotSupported => 505,
            LoopDetected => 508,
            RateLimitExceeded(_) => 429,
            Policy(code) => code.status(),
        }
    }

    /// The stable code, snake_case.
    pub fn code(self) -> &'static str {
        match self {
            RequestMalformed(_) => "request_malformed",
            PathNotCanonical(_) => "path_not_canonical",
            RouteNotFound => "route_not_found",
            MethodNotAllowed => "method_not_allowed",
            RequestTimeout => "request_timeout",
            BodyTooLarge => "body_too_large",
            TargetTooLong => "target_too_long",
            ExpectationFailed => "expectation_failed",
            HeadTooLarge(_) => "head_too_large",
            MethodNotImplemented => "method_not_implemented",
            UpgradeNotSupported => "upgrade_not_supported",
            VersionNotSupported => "version_not_supported",
            ConnectionsExhausted => "connections_exhausted",
            LoopDetected => "loop_detected",
            UpstreamUnresolved => "upstream_unresolved",
            UpstreamForbidden => "upstream_forbidden",
            UpstreamRefused => "upstream_refused",
            UpstreamConnectTimeout => "upstream_connect_timeout",
            UpstreamTls => "upstream_tls",
            UpstreamCertificate => "upstream_certificate",
            UpstreamClosed => "upstream_closed",
            UpstreamMalformed(_) => "upstream_malformed",
            UpstreamTimeout => "upstream_timeout",
            TotalTimeout => "total_timeout",
            RateLimitExceeded(_) => "rate_limit_exceeded",
            Policy(code) => code.as_str(),
        }
    }

    /// One sentence for the caller. It names no address, no upstream and nothing that the caller sent.
    pub fn message(self) -> &'static str {
        match self {
            RequestMalformed(rule) | PathNotCanonical(rule) | HeadTooLarge(rule) => rule,
            RouteNotFound => "No route serves this host and path. Check both.",
            MethodNotAllowed => {
                "This path does not take this method. The Allow header lists those that it takes."
            }
            RequestTimeout => "The request did not arrive in time. Send it again, without pauses.",
            BodyTooLarge => "The request body is larger than this path takes. Send less.",
            TargetTooLong => "The request target is too long. Shorten the path or the query.",
            ExpectationFailed => "The only expectation that can be met is 100-continue. Leave out any other.",
            MethodNotImplemented => "This method is not implemented here. Use another one.",
            UpgradeNotSupported => {
                "This protocol upgrade is not supported here. Send the request without Upgrade."
            }
            VersionNotSupported => "This HTTP version is not supported here. Use HTTP/1.1.",
            ConnectionsExhausted => {
                "The gateway has no connection to spare. Wait a moment, then send the request again."
            }
            LoopDetected => {
                "The request came back to the gateway that sent it on. The gateway's operator must mend this."
            }
            UpstreamUnresolved => "The service behind the gateway cannot be found. Try again later.",
            UpstreamForbidden => {
                "The service behind the gateway is at an address that may not be called. The gateway's operator must mend this."
            }
            UpstreamRefused => "The service behind the gateway does not accept connections. Try again later.",
            UpstreamConnectTimeout => {
                "The service behind the gateway cannot be reached in time. Try again later."
            }
            UpstreamTls => {
                "No secure connection to the service behind the gateway can be made. Try again later."
            }
            UpstreamCertificate => {
                "The service behind the gateway could not prove its identity. The gateway's operator must mend this."
            }
            UpstreamClosed => {
                "The service behind the gateway closed the connection without a whole answer. Whether it acted is not known."
            }
            UpstreamMalformed(_) => {
                "The answer of the service behind the gateway is malformed. Whether it acted is not known."
            }
            UpstreamTimeout => {
                "The service behind the gateway did not answer in time. Whether it acted is not known."
            }
            TotalTimeout => {
                "The request took longer than this path allows. Whether the service acted is not known."
            }
            // The answer says after how many seconds.
            RateLimitExceeded(_) => "Too many requests. Retry later.",
            Policy(code) => code.message(),
        }
    }

    /// Whose fault.
    pub fn fault(self) -> Fault {
        match self {
            RequestMalformed(_) | PathNotCanonical(_) | RouteNotFound | MethodNotAllowed => Fault::Client,
            RequestTimeout | BodyTooLarge | TargetTooLong | ExpectationFailed | HeadTooLarge(_) => {
                Fault::Client
            }
            MethodNotImplemented | UpgradeNotSupported | VersionNotSupported => Fault::Client,
            ConnectionsExhausted | LoopDetected | UpstreamForbidden => Fault::Gateway,
            UpstreamUnresolved | UpstreamRefused | UpstreamConnectTimeout | UpstreamTls => Fault::Upstream,
            UpstreamCertificate | UpstreamClosed | UpstreamMalformed(_) => Fault::Upstream,
            UpstreamTimeout | TotalTimeout => Fault::Upstream,
            RateLimitExceeded(_) => Fault::Client,
            Policy(Code::PolicyStale | Code::KeysUnavailable) => Fault::Gateway,
            Policy(_) => Fault::Client,
        }
    }

    /// The RFC 9209 §2.3 error type.
    pub fn proxy_error(self) -> &'static str {
        match self {
            RequestMalformed(_) | PathNotCanonical(_) | MethodNotAllowed | RequestTimeout => {
                "http_request_error"
            }
            BodyTooLarge | TargetTooLong | ExpectationFailed | HeadTooLarge(_) => "http_request_error",
            // `http_request_error` is for 4xx alone, `connection_limit_reached` for the next hop's side.
            MethodNotImplemented | UpgradeNotSupported => "http_request_denied",
            VersionNotSupported | ConnectionsExhausted => "http_request_denied",
            // What was understood and is not permitted (RFC 9209 §2.3.18).
            RateLimitExceeded(_) => "http_request_denied",
            Policy(Code::PolicyStale | Code::KeysUnavailable) => "proxy_internal_error",
            Policy(_) => "http_request_denied",
            RouteNotFound => "destination_not_found",
            LoopDetected => "proxy_loop_detected",
            UpstreamUnresolved => "dns_error",
            UpstreamForbidden => "destination_ip_prohibited",
            UpstreamRefused => "connection_refused",
            UpstreamConnectTimeout => "connection_timeout",
            UpstreamTls => "tls_protocol_error",
            UpstreamCertificate => "tls_certificate_error",
            UpstreamClosed => "connection_terminated",
            UpstreamMalformed(_) => "http_protocol_error",
            UpstreamTimeout | TotalTimeout => "http_response_timeout",
        }
    }

    /// Whether the connection is closed behind the answer, even where it could go on.
    ///
    /// It is wherever the end of the request is in doubt, and after a refused upgrade, as the client may have begun
    /// to speak the other protocol.
    pub fn closes(self) -> bool {
        match self {
            RequestMalformed(_) | RequestTimeout | BodyTooLarge | TargetTooLong | ExpectationFailed => true,
            HeadTooLarge(_) | MethodNotImplemented | UpgradeNotSupported | VersionNotSupported => true,
            ConnectionsExhausted => true,
            PathNotCanonical(_) | RouteNotFound | MethodNotAllowed | LoopDetected => false,
            UpstreamUnresolved | UpstreamForbidden | UpstreamRefused | UpstreamConnectTimeout => false,
            UpstreamTls | UpstreamCertificate | UpstreamClosed | UpstreamMalformed(_) => false,
            UpstreamTimeout | TotalTimeout => false,
            RateLimitExceeded(_) | Policy(_) => false,
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// RFC 9209 §2.3.
    const PROXY_ERRORS: [&str; 32] = [
        "dns_timeout",
        "dns_error",
        "destination_not_found",
        "destination_unavailable",
        "destination_ip_prohibited",
        "destination_ip_unroutable",
        "connection_refused",
        "connection_terminated",
        "connection_timeout",
        "connection_read_timeout",
        "connection_write_timeout",
        "connection_limit_reached",
        "tls_protocol_error",
        "tls_certificate_error",
        "tls_alert_received",
        "http_request_error",
        "http_request_denied",
        "http_response_incomplete",
        "http_response_header_section_size",
        "http_response_header_size",
        "http_response_body_size",
        "http_response_trailer_section_size",
        "http_response_trailer_size",
        "http_response_transfer_coding",
        "http_response_content_coding",
        "http_response_timeout",
        "http_upgrade_failed",
        "http_protocol_error",
        "proxy_internal_response",
        "proxy_internal_error",
        "proxy_configuration_error",
        "proxy_loop_detected",
    ];

    #[test]
    fn all_has_one_of_each_at_its_ordinal() {
        for (index, reject) in Reject::ALL.into_iter().enumerate() {
            assert_eq!(reject.ordinal(), index, "{reject:?}");
        }
        let codes: HashSet<_> = Reject::ALL.iter().map(|reject| reject.code()).collect();
        assert_eq!(codes.len(), Reject::COUNT, "a code is there twice");
    }

    #[test]
    fn status_fault_and_proxy_error_agree() {
        for reject in Reject::ALL {
            let (status, fault, error) = (reject.status(), reject.fault(), reject.proxy_error());
            assert!(PROXY_ERRORS.contains(&error), "{error} is not in RFC 9209");
            assert_eq!(
                fault == Fault::Client,
                status < 500 || matches!(status, 501 | 505),
                "{reject:?}"
            );
            assert_eq!(
                fault == Fault::Upstream,
                matches!(status, 502 | 504) && reject != UpstreamForbidden
            );
            assert!(error != "http_request_error" || status < 500, "{reject:?}");
            assert!(
                reject
                    .code()
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            );
        }
    }
}
