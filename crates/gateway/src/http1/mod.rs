//! One sans-IO HTTP/1 codec for both sides: bytes in, heads and body parts out; heads and body parts in, bytes out.
//!
//! It holds no socket and no clock. It decides framing (RFC 9112) once, for everyone, and is as strict as
//! `docs/life-of-a-request.md` §receive lists. Whatever it accepts is never passed on as it came: heads are re-serialised.

mod block;
mod body;
mod chunk;
mod encode;
mod fault;
mod fields;
mod request;
mod response;
mod scan;
mod target;
mod trailers;

pub use body::{BodyDecoder, BodyPart};
pub use encode::{
    begin_request, begin_response, chunk_begin, chunk_end, chunk_last, field, field_decimal, finish_head,
};
pub use fault::{BodyFault, RequestFault, ResponseFault};
pub use fields::{FieldRef, Known};
pub use request::{Expect, RequestHead, TargetForm};
pub use response::ResponseHead;

/// How large a head may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadLimits {
    /// Request or status line and fields together, in bytes, the empty line included.
    pub head_bytes_max: usize,
    /// Field lines.
    pub header_count_max: usize,
}

/// How far a head is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// More bytes are needed; call again with all bytes so far and more behind them.
    Partial,
    /// The head ends after this many bytes.
    Complete(usize),
}

/// The versions that this codec speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
}

/// How a body is delimited (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// There is none.
    #[default]
    Empty,
    /// Exactly this many bytes, at least one.
    Length(u64),
    /// Chunked coding.
    Chunked,
    /// Until the connection closes; responses only.
    Close,
}
