//! What can be wrong with a message, in words that an answer's `message` and a log line may carry.

/// Why a request head is refused. The connection is closed after each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// 400; the sentence says which rule was broken and never quotes the input.
    #[error("{0}")]
    Malformed(&'static str),
    /// 414.
    #[error("the request line is too long")]
    TargetTooLong,
    /// 431: too many bytes or too many fields.
    #[error("{0}")]
    HeadTooLarge(&'static str),
    /// 501: longer than any registered method.
    #[error("the method is too long")]
    MethodTooLong,
    /// 501: CONNECT or TRACE.
    #[error("the method is not implemented")]
    MethodRefused,
    /// 505.
    #[error("the HTTP version is not supported; this listener speaks HTTP/1.1 and HTTP/1.0")]
    VersionUnsupported,
    /// 417.
    #[error("the only expectation that is met is 100-continue")]
    ExpectationUnknown,
}

/// Why an upstream's head is refused: 502, and the connection is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResponseFault {
    /// The sentence says which rule was broken.
    #[error("{0}")]
    Malformed(&'static str),
    /// Over `head_bytes_max` or `header_count_max`.
    #[error("{0}")]
    HeadTooLarge(&'static str),
}

/// Why a chunked body is refused, in either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BodyFault(pub &'static str);

/// What both heads have in common to be refused for; becomes the fault of the one or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadFault {
    /// The sentence says which rule was broken.
    Malformed(&'static str),
    /// The request or status line has not ended where the head must.
    FirstLineTooLong,
    /// Too many bytes or fields.
    TooLarge(&'static str),
}

impl From<HeadFault> for RequestFault {
    fn from(fault: HeadFault) -> Self {
        match fault {
            HeadFault::Malformed(rule) => RequestFault::Malformed(rule),
            HeadFault::FirstLineTooLong => RequestFault::TargetTooLong,
            HeadFault::TooLarge(limit) => RequestFault::HeadTooLarge(limit),
        }
    }
}

impl From<HeadFault> for ResponseFault {
    fn from(fault: HeadFault) -> Self {
        match fault {
            HeadFault::Malformed(rule) => ResponseFault::Malformed(rule),
            HeadFault::FirstLineTooLong => ResponseFault::HeadTooLarge("the status line is too long"),
            HeadFault::TooLarge(limit) => ResponseFault::HeadTooLarge(limit),
        }
    }
}
