//! One request against its upstream: a connection, the request, the answer; again where that is safe.
//!
//! A request of which no byte was taken goes again on a fresh connection. One that was sent goes again only if it is
//! idempotent, its route says so, its body is still at hand, and not a byte of an answer came.

use super::dial::{Failure, dial};
use super::download::{Download, DownloadEnd, Tally};
use super::pool::Pooled;
use super::upload::{Progress, Upload, UploadEnd};
use crate::configuration::{Action, Forward, Timeouts};
use crate::downstream::{Scratch, Worker};
use crate::http1::{Expect, Framing};
use crate::io::{Deadline, Elapsed, Transport};
use crate::request::Outbound;
use crate::response::Reject;
use crate::usage::Broken;
use policy::method::Method;
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// How an exchange ended, for the client's connection.
#[derive(Debug)]
pub(crate) enum Exchanged {
    /// A whole answer went out.
    Complete {
        /// Whether another request may follow.
        reuse_client: bool,
    },
    /// Nothing final went out: this is to be answered.
    Failed {
        /// With this.
        reject: Reject,
        /// Whether the client still has to send, or sent what nobody read, of its body.
        body_left: bool,
    },
    /// An answer was begun and broke off, or there is nobody to answer.
    Broken {
        /// Whether closing must look like a fault.
        reset: bool,
    },
}

/// What an exchange works with.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    pub(crate) client: &'a Transport,
    pub(crate) deadline: &'a mut Deadline,
    pub(crate) worker: &'a Rc<Worker>,
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) outbound: &'a Outbound,
    /// Whether some of the request's body was not read; false to begin with.
    pub(crate) body_left: bool,
}

/// How one try ended.
enum Tried {
    Ended(Exchanged),
    /// No byte of the request was taken.
    Unsent(Failure),
    /// It was sent; no byte of an answer came.
    Unanswered(Failure),
}

/// Runs it. `scratch.request` holds the head to send; what came of it is in `scratch.account`.
pub(crate) async fn exchange(mut exchange: Exchange<'_>) -> Exchanged {
    let Action::Forward(forward) = &exchange.outbound.route.route.action else {
        return Exchanged::Failed {
            reject: Reject::RouteNotFound,
            body_left: true,
        };
    };
    let streams = exchange.take_buffered_body();
    exchange.body_left = streams;
    let may_repeat = !streams && exchange.outbound.method.is_idempotent();
    let mut repeats_left = if may_repeat { forward.retries.attempts } else { 0 };
    let mut fresh = false;
    loop {
        let (connection, reused) = match exchange.connection(fresh).await {
            Ok(connection) => connection,
            Err(failure) => return exchange.fail(failure),
        };
        exchange.scratch.account.tries += 1;
        match exchange.attempt(forward, connection, streams).await {
            Tried::Ended(ended) => return ended,
            Tried::Unsent(_) if reused => fresh = true,
            Tried::Unanswered(_) if repeats_left > 0 => {
                repeats_left -= 1;
                fresh = true;
            }
            Tried::Unsent(failure) | Tried::Unanswered(failure) => return exchange.fail(failure),
        }
    }
}

impl Exchange<'_> {
    fn timeouts(&self) -> Timeouts {
        *self.outbound.route.route.timeouts
    }

    fn total_until(&self) -> Option<Instant> {
        self.timeouts()
            .total
            .map(|total| self.scratch.account.started + total)
    }

    /// A body that is in already goes behind the head, to leave in the same write. Returns whether a body is left to stream.
    fn take_buffered_body(&mut self) -> bool {
        match self.outbound.framing {
            Framing::Empty | Framing::Close => false,
            Framing::Length(length) => {
                let Some(whole) = usize::try_from(length)
                    .ok()
                    .filter(|length| *length <= self.scratch.inbound.len())
                else {
                    return true;
                };
                self.scratch
                    .request
                    .extend_from_slice(&self.scratch.inbound.filled()[..whole]);
                self.scratch.inbound.consume(whole);
                self.scratch.account.bytes_in = length;
                false
            }
            Framing::Chunked => true,
        }
    }

    /// A pooled connection, or a fresh one; says whether it was used before.
    async fn connection(&mut self, fresh: bool) -> Result<(Pooled, bool), Failure> {
        let Some(upstream) = &self.outbound.route.upstream else {
            return Err(Failure::new(Reject::RouteNotFound, "the route has no upstream"));
        };
        let now = Instant::now();
        if !fresh && let Some(pooled) = self.worker.pool.take(upstream.id, now) {
            self.worker.metrics().upstream_reused();
            return Ok((pooled, true));
        }
        let mut limit = self.timeouts().connect;
        let total_left = self
            .total_until()
            .map(|until| until.saturating_duration_since(now));
        limit = total_left.map_or(limit, |left| left.min(limit));
        let rules = self.worker.target_rules();
        let dialled = Box::pin(dial(upstream, &self.worker.lookups, &rules, limit)).await;
        self.scratch.account.upstream += now.elapsed();
        let (transport, endpoint) = match dialled {
            Ok(dialled) => dialled,
            Err(mut failure) => {
                if total_left.is_some_and(|left| left <= limit)
                    && failure.reject == Reject::UpstreamConnectTimeout
                {
                    failure.reject = Reject::TotalTimeout;
                }
                return Err(failure);
            }
        };
        Ok((
            Pooled {
                transport,
                endpoint,
                until: now,
                _open: self.worker.metrics().upstream_opened(),
            },
            false,
        ))
    }

    async fn attempt(&mut self, forward: &Forward, connection: Pooled, streams: bool) -> Tried {
        self.scratch.account.endpoint = Some(connection.endpoint);
        if let Err(tried) = self.send_head(&connection.transport).await {
            return tried;
        }
        let now = Instant::now();
        let waits_for_continue = self.outbound.expect == Expect::Continue;
        let head_until = (!streams || waits_for_continue).then(|| now + self.timeouts().head);
        let progress = Progress {
            head_until: Cell::new(head_until),
            sent: Cell::new(!streams),
            answering: Cell::new(false),
            bytes_in: Cell::new(self.scratch.account.bytes_in),
        };
        let mut tally = Tally::new(now);
        let end = if streams {
            Box::pin(self.both_ways(forward, &connection.transport, &progress, &mut tally)).await
        } else {
            self.download(forward, &connection.transport, &progress, &mut tally)
                .await
        };
        let account = &mut self.scratch.account;
        account.bytes_in = progress.bytes_in.get();
        account.bytes_out = tally.bytes_out;
        account.status = tally.status;
        account.upstream += tally.waited;
        self.body_left = !progress.sent.get();
        self.conclude(end, connection, progress.sent.get(), &tally)
    }

    async fn send_head(&mut self, upstream: &Transport) -> Result<(), Tried> {
        let (idle, total_until) = (self.timeouts().idle, self.total_until());
        match self
            .deadline
            .run_for(idle, total_until, upstream.write_all(&self.scratch.request))
            .await
        {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                let failure = Failure::new(Reject::UpstreamClosed, format!("cannot send: {}", error.source));
                Err(if error.written == 0 {
                    Tried::Unsent(failure)
                } else {
                    Tried::Unanswered(failure)
                })
            }
            Err(Elapsed) => {
                let failure = Failure::new(Reject::UpstreamTimeout, "the upstream does not take the request");
                Err(Tried::Ended(self.fail(failure)))
            }
        }
    }

    async fn download(
        &mut self,
        forward: &Forward,
        upstream: &Transport,
        progress: &Progress,
        tally: &mut Tally,
    ) -> DownloadEnd {
        let (_, download) = self.halves(forward, upstream, progress, tally);
        download.run().await
    }

    /// Streams the request's body while the answer comes back, whichever ends first.
    async fn both_ways(
        &mut self,
        forward: &Forward,
        upstream: &Transport,
        progress: &Progress,
        tally: &mut Tally,
    ) -> DownloadEnd {
        let head_limit = self.timeouts().head;
        let (upload, download) = self.halves(forward, upstream, progress, tally);
        let mut upload = pin!(upload.run());
        let mut download = pin!(download.run());
        let mut uploading = true;
        poll_fn(|context| {
            if uploading && let Poll::Ready(end) = upload.as_mut().poll(context) {
                uploading = false;
                if let Some(end) = upload_ended(end, progress, head_limit) {
                    return Poll::Ready(end);
                }
            }
            download.as_mut().poll(context)
        })
        .await
    }

    fn halves<'b>(
        &'b mut self,
        forward: &'b Forward,
        upstream: &'b Transport,
        progress: &'b Progress,
        tally: &'b mut Tally,
    ) -> (Upload<'b>, Download<'b>) {
        let (timeouts, total_until) = (self.timeouts(), self.total_until());
        let scratch = &mut *self.scratch;
        scratch.answer.clear();
        let upload = Upload {
            client: self.client,
            upstream,
            inbound: &mut scratch.inbound,
            out: &mut scratch.chunks,
            framing: self.outbound.framing,
            bytes_max: self.outbound.route.route.body_bytes_max,
            idle: timeouts.idle,
            declared: &scratch.request_trailers,
            progress,
        };
        let download = Download {
            client: self.client,
            upstream,
            deadline: self.deadline,
            answer: &mut scratch.answer,
            head: &mut scratch.answer_head,
            out: &mut scratch.response,
            progress,
            declared: &mut scratch.response_trailers,
            client_version: self.outbound.version,
            to_head: self.outbound.method == Method::HEAD,
            keep_alive: self.outbound.keep_alive,
            worker: self.worker,
            timeouts,
            total_until,
            request_id: &scratch.account.request_id,
            date: &scratch.date,
            forward,
            tally,
        };
        (upload, download)
    }

    /// From the end of a download to the end of the try: the connection is kept or dropped, the account filled.
    fn conclude(&mut self, end: DownloadEnd, connection: Pooled, sent: bool, tally: &Tally) -> Tried {
        match end {
            DownloadEnd::Complete {
                reuse_client,
                reuse_upstream,
            } => {
                if reuse_upstream && sent && !tally.idle_limit.is_zero() {
                    self.keep(connection, tally.now + tally.idle_limit);
                }
                Tried::Ended(Exchanged::Complete {
                    reuse_client: reuse_client && sent,
                })
            }
            DownloadEnd::NoAnswer(failure) => Tried::Unanswered(failure),
            DownloadEnd::Failed(failure) => Tried::Ended(self.fail(failure)),
            DownloadEnd::Broken {
                by,
                detail,
                ambiguous,
            } => {
                self.scratch.account.broken = Some(by);
                self.scratch.account.detail = Some(detail);
                Tried::Ended(Exchanged::Broken {
                    reset: ambiguous && by != Broken::Client,
                })
            }
        }
    }

    fn keep(&self, connection: Pooled, until: Instant) {
        if let Some(upstream) = &self.outbound.route.upstream {
            self.worker.keep_idle(upstream.id, Pooled { until, ..connection });
        }
    }

    fn fail(&mut self, failure: Failure) -> Exchanged {
        let account = &mut self.scratch.account;
        account.detail = Some(failure.detail);
        account.endpoint = failure.endpoint.or(account.endpoint);
        Exchanged::Failed {
            reject: failure.reject,
            body_left: self.body_left,
        }
    }
}

/// What the end of an upload means: `Some` ends the exchange, otherwise the answer is waited for.
fn upload_ended(end: UploadEnd, progress: &Progress, head_limit: Duration) -> Option<DownloadEnd> {
    let broken = |detail: &str| DownloadEnd::Broken {
        by: Broken::Client,
        detail: detail.to_owned(),
        ambiguous: false,
    };
    match end {
        UploadEnd::Sent => {
            progress.sent.set(true);
            progress.head_until.set(Some(Instant::now() + head_limit));
            None
        }
        // An upstream may answer and close without reading on (413, 401 …): its answer is still worth waiting for.
        UploadEnd::UpstreamClosed => {
            progress.head_until.set(Some(Instant::now() + head_limit));
            None
        }
        _ if progress.answering.get() => {
            Some(broken("the request's body broke off after the answer had begun"))
        }
        UploadEnd::UpstreamStalled => {
            let detail = "the upstream did not take the request's body in time";
            Some(DownloadEnd::Failed(Failure::new(Reject::UpstreamTimeout, detail)))
        }
        UploadEnd::Refused(reject) => Some(DownloadEnd::Failed(Failure::new(
            reject,
            "the request's body was refused",
        ))),
        UploadEnd::ClientGone => Some(broken("the client closed within its body")),
    }
}
