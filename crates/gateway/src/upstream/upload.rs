//! The request's body on its way up, while the answer may already be on its way down.

use super::download::LONG_BODY_BUFFER_BYTES;
use super::trailers::{self, Declared};
use crate::http1::{self, BodyDecoder, BodyPart, Framing};
use crate::io::{Buffer, Deadline, Elapsed, Transport};
use crate::response::Reject;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// Up to this much of chunked data is gathered before it is written.
const GATHER_BYTES: usize = LONG_BODY_BUFFER_BYTES / 2;
/// A body that has shown this many bytes and goes on is long.
const LONG_BODY_BYTES: u64 = 16 * 1024;

/// What both directions of one exchange tell each other.
#[derive(Debug)]
pub(crate) struct Progress {
    /// When the upstream's head must be there; `None` while the request is still being sent.
    pub(crate) head_until: Cell<Option<Instant>>,
    /// Whether the request is out, whole.
    pub(crate) sent: Cell<bool>,
    /// Whether the client was told the final status.
    pub(crate) answering: Cell<bool>,
    /// Body bytes so far.
    pub(crate) bytes_in: Cell<u64>,
}

/// How an upload ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadEnd {
    /// The whole body is out.
    Sent,
    /// The upstream does not take more; it may have answered all the same.
    UpstreamClosed,
    /// The upstream did not take a byte for `idle_ms`.
    UpstreamStalled,
    /// The client's body is bad, too large or too slow.
    Refused(Reject),
    /// The client is gone.
    ClientGone,
}

/// One upload.
#[derive(Debug)]
pub(crate) struct Upload<'a> {
    pub(crate) client: &'a Transport,
    pub(crate) upstream: &'a Transport,
    /// Client bytes, the body's first ones among them.
    pub(crate) inbound: &'a mut Buffer,
    /// Where chunks are put together.
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) framing: Framing,
    pub(crate) bytes_max: u64,
    pub(crate) idle: Duration,
    pub(crate) declared: &'a Declared,
    pub(crate) progress: &'a Progress,
}

impl Upload<'_> {
    /// Sends the body until it ends, in whatever way.
    pub(crate) async fn run(mut self) -> UploadEnd {
        let mut deadline = Deadline::default();
        let mut decoder = BodyDecoder::new(self.framing, trailers::BYTES_MAX, trailers::COUNT_MAX);
        match self.pump(&mut decoder, &mut deadline).await {
            Ok(()) => UploadEnd::Sent,
            Err(end) => end,
        }
    }

    async fn pump(&mut self, decoder: &mut BodyDecoder, deadline: &mut Deadline) -> Result<(), UploadEnd> {
        self.out.clear();
        loop {
            while !decoder.is_ended() && !self.inbound.is_empty() {
                self.step(decoder, deadline).await?;
            }
            if decoder.is_ended() {
                if self.framing == Framing::Chunked {
                    http1::chunk_last(self.out, trailers::passing(decoder.trailers(), self.declared));
                }
                return self.send(deadline).await;
            }
            self.send(deadline).await?;
            if self.progress.bytes_in.get() >= LONG_BODY_BYTES {
                self.inbound.grow(LONG_BODY_BUFFER_BYTES);
            }
            let read = deadline
                .run_for(self.idle, None, self.client.read(self.inbound))
                .await;
            match read {
                Ok(Ok(count)) if count > 0 => self.progress.head_until.set(None),
                Ok(Ok(_) | Err(_)) => return Err(UploadEnd::ClientGone),
                Err(Elapsed) => return Err(UploadEnd::Refused(Reject::RequestTimeout)),
            }
        }
    }

    /// Takes one part off the buffer.
    async fn step(&mut self, decoder: &mut BodyDecoder, deadline: &mut Deadline) -> Result<(), UploadEnd> {
        let (used, part) = decoder
            .next(self.inbound.filled())
            .map_err(|fault| UploadEnd::Refused(Reject::RequestMalformed(fault.0)))?;
        if let BodyPart::Data(data) = part {
            let total = self.progress.bytes_in.get() + data.len() as u64;
            self.progress.bytes_in.set(total);
            if total > self.bytes_max {
                return Err(UploadEnd::Refused(Reject::BodyTooLarge));
            }
            if self.framing == Framing::Chunked {
                http1::chunk_begin(self.out, data.len());
                self.out.extend_from_slice(data);
                http1::chunk_end(self.out);
            } else {
                let written = deadline
                    .run_for(self.idle, None, self.upstream.write_all(data))
                    .await;
                written
                    .map_err(|Elapsed| UploadEnd::UpstreamStalled)?
                    .map_err(|_| UploadEnd::UpstreamClosed)?;
            }
        }
        self.inbound.consume(used);
        if self.out.len() >= GATHER_BYTES {
            self.send(deadline).await
        } else {
            Ok(())
        }
    }

    /// Writes out what was put together.
    async fn send(&mut self, deadline: &mut Deadline) -> Result<(), UploadEnd> {
        if self.out.is_empty() {
            return Ok(());
        }
        let written = deadline
            .run_for(self.idle, None, self.upstream.write_all(self.out))
            .await;
        self.out.clear();
        written
            .map_err(|Elapsed| UploadEnd::UpstreamStalled)?
            .map_err(|_| UploadEnd::UpstreamClosed)
    }
}
