//! The upstream's answer on its way to the client: heads, then the body, with back-pressure and constant memory.
//!
//! A body that the upstream does not finish is never finished for it: the client sees it break off.

use super::dial::Failure;
use super::pool::idle_limit;
use super::trailers::{self, Declared};
use super::upload::Progress;
use crate::configuration::{Forward, Timeouts};
use crate::downstream::Worker;
use crate::http1::{self, BodyDecoder, BodyPart, Framing, HeadLimits, ResponseHead, Version};
use crate::io::{Buffer, Deadline, Elapsed, Transport};
use crate::response::{BodyOut, HeadContext, Reject, write_head, write_interim};
use crate::usage::Broken;
use std::time::{Duration, Instant};

/// Heads of an upstream: their limits are not the client's business, so they are not settings.
const HEAD_LIMITS: HeadLimits = HeadLimits {
    head_bytes_max: 65_536,
    header_count_max: 256,
};
/// Interim (1xx) answers before the final one.
const INTERIM_COUNT_MAX: usize = 32;
/// Body bytes up to this are copied behind the head, so that both leave in one write.
const COPY_BYTES_MAX: usize = 16 * 1024;
/// How large the buffer gets once a body turns out to be long.
pub(super) const LONG_BODY_BUFFER_BYTES: usize = 128 * 1024;

/// How a download ended.
#[derive(Debug)]
pub(crate) enum DownloadEnd {
    /// The whole answer went out.
    Complete {
        /// Whether the client was told that its connection stays open.
        reuse_client: bool,
        /// Whether the upstream's connection may carry another request, as far as the answer tells.
        reuse_upstream: bool,
    },
    /// The upstream closed before the first byte of an answer.
    NoAnswer(Failure),
    /// There is no whole head; nothing but interim answers went out.
    Failed(Failure),
    /// The answer was begun and broke off.
    Broken {
        /// Whose doing it was.
        by: Broken,
        /// For the operator.
        detail: String,
        /// Whether the client could take the end of the connection for the end of the body.
        ambiguous: bool,
    },
}

/// One download.
#[derive(Debug)]
pub(crate) struct Download<'a> {
    pub(crate) client: &'a Transport,
    pub(crate) upstream: &'a Transport,
    pub(crate) deadline: &'a mut Deadline,
    pub(crate) answer: &'a mut Buffer,
    pub(crate) head: &'a mut ResponseHead,
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) progress: &'a Progress,
    pub(crate) declared: &'a mut Declared,
    pub(crate) client_version: Version,
    pub(crate) to_head: bool,
    /// Whether the client's connection could stay open, as far as the request tells.
    pub(crate) keep_alive: bool,
    /// Knows whether a drain has begun meanwhile.
    pub(crate) worker: &'a Worker,
    pub(crate) timeouts: Timeouts,
    pub(crate) total_until: Option<Instant>,
    pub(crate) request_id: &'a str,
    pub(crate) date: &'a str,
    pub(crate) forward: &'a Forward,
    pub(crate) tally: &'a mut Tally,
}

/// What the record wants to know of a download.
#[derive(Debug)]
pub(crate) struct Tally {
    /// The last moment that was looked at: asking the clock costs, and what follows a read follows it at once.
    pub(crate) now: Instant,
    pub(crate) status: u16,
    pub(crate) bytes_out: u64,
    /// Time spent waiting for the upstream.
    pub(crate) waited: Duration,
    /// How long the upstream lets its connection idle.
    pub(crate) idle_limit: Duration,
}

impl Tally {
    /// At the moment when the request was out, or began to stream.
    pub(crate) fn new(now: Instant) -> Tally {
        Tally {
            now,
            status: 0,
            bytes_out: 0,
            waited: Duration::ZERO,
            idle_limit: Duration::ZERO,
        }
    }

    /// Looks at the clock; what went by since `before` was spent waiting for the upstream.
    fn waited_since(&mut self, before: Instant) {
        self.now = Instant::now();
        self.waited += self.now - before;
    }
}

impl Download<'_> {
    /// Runs until the answer ends, in whatever way.
    pub(crate) async fn run(mut self) -> DownloadEnd {
        match self.relay().await {
            Ok(end) | Err(end) => end,
        }
    }

    async fn relay(&mut self) -> Result<DownloadEnd, DownloadEnd> {
        let before = self.tally.now;
        let head = self.final_head().await;
        self.tally.waited_since(before);
        let length = head?;
        let framing = self.head.framing();
        let body = BodyOut::of(framing, self.client_version);
        let may_stay = self.keep_alive && !self.worker.is_draining();
        let keep_alive = may_stay && body != BodyOut::Close && self.progress.sent.get();
        let context = HeadContext {
            client: self.client_version,
            body,
            keep_alive,
            request_id: self.request_id,
            date: self.date,
            forward: self.forward,
        };
        self.out.clear();
        write_head(self.out, self.head, &self.answer.filled()[..length], &context);
        self.declared
            .set(self.head.fields(&self.answer.filled()[..length]), None);
        let reuse_upstream = self.head.keep_alive() && framing != Framing::Close;
        self.tally.status = self.head.status();
        self.tally.idle_limit = idle_limit(self.head.fields(&self.answer.filled()[..length]));
        self.answer.consume(length);
        self.body(framing, body).await?;
        let reuse_upstream = reuse_upstream && self.answer.is_empty();
        Ok(DownloadEnd::Complete {
            reuse_client: keep_alive,
            reuse_upstream,
        })
    }

    /// Reads heads until the final one, which stays in the buffer; passes interim ones on. Returns the final head's length.
    async fn final_head(&mut self) -> Result<usize, DownloadEnd> {
        for interim_count in 0..=INTERIM_COUNT_MAX {
            self.head.reset();
            let length = self.whole_head(interim_count == 0).await?;
            if !self.head.is_interim() {
                return Ok(length);
            }
            // HTTP/1.0 knows no interim answers (RFC 9110 §15.2).
            if self.client_version == Version::Http11 {
                self.out.clear();
                write_interim(self.out, self.head, &self.answer.filled()[..length]);
                let at = Instant::now() + self.timeouts.idle;
                let written = self.deadline.run(at, self.client.write_all(self.out)).await;
                if !matches!(written, Ok(Ok(()))) {
                    return Err(self.broken(
                        Broken::Client,
                        "the client did not take an interim answer",
                        false,
                    ));
                }
            }
            self.answer.consume(length);
            if self.progress.head_until.get().is_some() {
                self.progress
                    .head_until
                    .set(Some(Instant::now() + self.timeouts.head));
            }
        }
        Err(malformed("the upstream sent too many interim answers"))
    }

    /// `first`: whether no interim answer came before it.
    async fn whole_head(&mut self, first: bool) -> Result<usize, DownloadEnd> {
        loop {
            match self.head.parse(self.answer.filled(), self.to_head, &HEAD_LIMITS) {
                Ok(http1::Progress::Complete(length)) => return Ok(length),
                Ok(http1::Progress::Partial) => {}
                Err(http1::ResponseFault::Malformed(rule) | http1::ResponseFault::HeadTooLarge(rule)) => {
                    return Err(malformed(rule));
                }
            }
            if self.answer.len() == self.answer.capacity() {
                self.answer.grow(self.answer.capacity() * 2);
            }
            let (head_until, total_until) = (&self.progress.head_until, self.total_until);
            let at = || earliest(head_until.get(), total_until);
            let read = self.deadline.run_until(at, self.upstream.read(self.answer)).await;
            match read {
                Ok(Ok(count)) if count > 0 => {}
                Ok(closed) => return Err(self.closed_early(closed.err(), first)),
                Err(Elapsed) => return Err(DownloadEnd::Failed(self.late())),
            }
        }
    }

    fn closed_early(&self, error: Option<std::io::Error>, first: bool) -> DownloadEnd {
        let how = error.map_or_else(
            || "closed the connection".to_owned(),
            |error| format!("broke the connection ({error})"),
        );
        if self.answer.is_empty() && first {
            DownloadEnd::NoAnswer(Failure::new(
                Reject::UpstreamClosed,
                format!("the upstream {how} before its answer"),
            ))
        } else {
            DownloadEnd::Failed(Failure::new(
                Reject::UpstreamClosed,
                format!("the upstream {how} within its head"),
            ))
        }
    }

    fn late(&self) -> Failure {
        if self.total_until.is_some_and(|until| until <= Instant::now()) {
            return Failure::new(
                Reject::TotalTimeout,
                "total_ms was over before the upstream's head",
            );
        }
        let detail = format!(
            "no head from the upstream within {} ms",
            self.timeouts.head.as_millis()
        );
        Failure::new(Reject::UpstreamTimeout, detail)
    }

    /// Passes the body on. `out` holds the head, which leaves with the first bytes.
    async fn body(&mut self, framing: Framing, body: BodyOut) -> Result<(), DownloadEnd> {
        let mut decoder = BodyDecoder::new(framing, trailers::BYTES_MAX, trailers::COUNT_MAX);
        loop {
            while !decoder.is_ended() && !self.answer.is_empty() {
                self.step(&mut decoder, body).await?;
            }
            if decoder.is_ended() {
                break;
            }
            self.send().await?;
            if decoder
                .remaining()
                .is_none_or(|remaining| remaining > self.answer.capacity() as u64)
            {
                self.widen();
            }
            if self.read_body().await? == 0 {
                let finished = decoder.finish();
                finished.map_err(|fault| self.fault(fault.0, body))?;
                break;
            }
        }
        if body == BodyOut::Chunked {
            http1::chunk_last(self.out, trailers::passing(decoder.trailers(), self.declared));
        }
        self.send().await
    }

    /// A long body is worth fewer, larger reads. A stream that trickles never fills the small buffer and never comes here twice.
    fn widen(&mut self) {
        if self.tally.bytes_out >= COPY_BYTES_MAX as u64 {
            self.answer.grow(LONG_BODY_BUFFER_BYTES);
        }
    }

    /// Takes one part off the buffer.
    async fn step(&mut self, decoder: &mut BodyDecoder, body: BodyOut) -> Result<(), DownloadEnd> {
        let (used, part) = match decoder.next(self.answer.filled()) {
            Ok(next) => next,
            Err(fault) => return Err(self.fault(fault.0, body)),
        };
        if let BodyPart::Data(data) = part {
            self.tally.bytes_out += data.len() as u64;
            if body == BodyOut::Chunked {
                http1::chunk_begin(self.out, data.len());
                self.out.extend_from_slice(data);
                http1::chunk_end(self.out);
            } else if self.out.len() + data.len() <= COPY_BYTES_MAX {
                self.out.extend_from_slice(data);
            } else {
                self.progress.answering.set(true);
                for bytes in [&*self.out, data] {
                    write(
                        self.client,
                        self.deadline,
                        self.timeouts.idle,
                        self.total_until,
                        bytes,
                    )
                    .await?;
                }
                self.out.clear();
            }
        }
        self.answer.consume(used);
        if self.out.len() > COPY_BYTES_MAX {
            self.send().await
        } else {
            Ok(())
        }
    }

    async fn read_body(&mut self) -> Result<usize, DownloadEnd> {
        // A write may have waited for the client since the last look.
        let before = Instant::now();
        let at = earliest(Some(before + self.timeouts.idle), self.total_until);
        let read = self
            .deadline
            .run(at.unwrap_or(before), self.upstream.read(self.answer))
            .await;
        self.tally.waited_since(before);
        match read {
            Ok(Ok(count)) => Ok(count),
            Ok(Err(error)) => Err(self.broken(
                Broken::Upstream,
                format!("the upstream broke the connection: {error}"),
                true,
            )),
            Err(Elapsed) if self.total_until.is_some_and(|until| until <= Instant::now()) => {
                Err(self.broken(Broken::Gateway, "total_ms was over within the body", true))
            }
            Err(Elapsed) => Err(self.broken(Broken::Upstream, "the upstream stalled within its body", true)),
        }
    }

    /// Writes out what was put together.
    async fn send(&mut self) -> Result<(), DownloadEnd> {
        if !self.out.is_empty() {
            self.progress.answering.set(true);
            write(
                self.client,
                self.deadline,
                self.timeouts.idle,
                self.total_until,
                self.out,
            )
            .await?;
            self.out.clear();
        }
        Ok(())
    }

    /// A body that breaks a rule. As long as the head is still here, the client can be told so.
    fn fault(&self, rule: &'static str, body: BodyOut) -> DownloadEnd {
        if self.progress.answering.get() {
            self.broken(Broken::Upstream, rule, body == BodyOut::Close)
        } else {
            malformed(rule)
        }
    }

    fn broken(&self, by: Broken, detail: impl Into<String>, ambiguous: bool) -> DownloadEnd {
        DownloadEnd::Broken {
            by,
            detail: detail.into(),
            ambiguous,
        }
    }
}

async fn write(
    client: &Transport,
    deadline: &mut Deadline,
    idle: Duration,
    total_until: Option<Instant>,
    bytes: &[u8],
) -> Result<(), DownloadEnd> {
    let detail = match deadline.run_for(idle, total_until, client.write_all(bytes)).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => format!("the client went away: {}", error.source),
        Err(Elapsed) => "the client did not read in time".to_owned(),
    };
    Err(DownloadEnd::Broken {
        by: Broken::Client,
        detail,
        ambiguous: true,
    })
}

fn malformed(rule: &'static str) -> DownloadEnd {
    DownloadEnd::Failed(Failure::new(Reject::UpstreamMalformed(rule), rule))
}

fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
