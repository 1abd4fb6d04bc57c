//! One client connection: wait, read a head, decide, exchange or answer, record, and again.
//!
//! One task reads, decides, writes upstream, reads, writes back, in that order, in sight. While it waits for a
//! request it owns nothing but its socket and a timer.

use super::answer;
use super::scratch::Scratch;
use super::worker::{Presence, Worker};
use crate::http1::{self, Expect, Framing, RequestHead};
use crate::io::{Deadline, Elapsed, Transport};
use crate::keys::Wanted;
use crate::request::{Decided, Out, Outbound, Surroundings, Why, customer, decide, request_id};
use crate::response::Reject;
use crate::upstream::{Exchange, Exchanged, exchange};
use crate::usage::Broken;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant, UNIX_EPOCH};
use tokio::net::TcpStream;

/// How long a connection that was just used counts as busy.
const BUSY_PAUSE_MAX: Duration = Duration::from_secs(1);
/// How long a closing connection is read on, so that the answer is not lost to a reset.
const LINGER_MAX: Duration = Duration::from_secs(2);
/// How much a closing connection is read on.
const LINGER_BYTES_MAX: usize = 1024 * 1024;
/// A refused request's body up to this is read and thrown away, to keep the connection.
const DISCARD_BYTES_MAX: u64 = 64 * 1024;

/// Serves a connection in a task of its own.
pub(crate) fn spawn(worker: &Rc<Worker>, stream: std::net::TcpStream, peer: SocketAddr, over_limit: bool) {
    let worker = Rc::clone(worker);
    tokio::task::spawn_local(async move {
        let waker = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
        let presence = worker.enter(waker);
        // A socket that cannot be registered is closed already.
        let Ok(stream) = TcpStream::from_std(stream) else {
            return;
        };
        let _ = stream.set_nodelay(true);
        let peer = peer.ip().to_canonical();
        let connection = Connection {
            worker,
            client: stream.into(),
            peer,
            deadline: Deadline::default(),
            _presence: presence,
        };
        if over_limit {
            connection.refuse().await;
        } else {
            connection.run().await;
        }
    });
}

struct Connection {
    worker: Rc<Worker>,
    client: Transport,
    peer: IpAddr,
    deadline: Deadline,
    _presence: Presence,
}

/// What follows a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// Another request may come.
    Next,
    /// The answer is out; the connection is closed so that it arrives.
    Close,
    /// The connection is closed at once.
    Drop,
}

impl Connection {
    async fn run(mut self) {
        let mut idle = self.worker.snapshot().configuration.timeouts.idle;
        while self.wait(idle).await {
            // Boxed, so that an idle connection's task stays small.
            match Box::pin(self.serve()).await {
                After::Next => {}
                After::Close => return Box::pin(self.linger()).await,
                After::Drop => return,
            }
            idle = self.worker.snapshot().configuration.timeouts.idle;
        }
    }

    /// Waits for the first byte of a request; false when there is none within `limit`.
    async fn wait(&mut self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        let worker = &self.worker;
        let at = || Some(worker.idle_until().map_or(until, |drain| drain.min(until)));
        matches!(
            self.deadline.run_until(at, self.client.readable()).await,
            Ok(Ok(()))
        )
    }

    /// Serves requests until the connection idles or ends. One that was just used will most likely be used again at
    /// once: for a moment it keeps its place here, though no buffer.
    async fn serve(&mut self) -> After {
        loop {
            let after = {
                let mut under_way = UnderWay::begin(&self.worker);
                self.serve_buffered(under_way.scratch()).await
            };
            if after != After::Next || !self.wait(BUSY_PAUSE_MAX).await {
                return after;
            }
        }
    }

    /// Serves requests while there are bytes of a next one.
    async fn serve_buffered(&mut self, scratch: &mut Scratch) -> After {
        loop {
            let Some(after) = self.one(scratch).await else {
                return After::Drop;
            };
            self.worker.record(&mut scratch.account);
            if after != After::Next || scratch.inbound.is_empty() {
                return after;
            }
        }
    }

    /// One request; `None` where the client closed without one.
    async fn one(&mut self, scratch: &mut Scratch) -> Option<After> {
        scratch.head.reset();
        scratch.account.begin(Instant::now(), self.peer);
        self.worker.note_date(scratch);
        let length = match self.read_head(scratch).await? {
            Ok(length) => length,
            Err(Some(reject)) => {
                request_id(
                    None,
                    &mut scratch.account.request_id,
                    &mut self.worker.random.borrow_mut(),
                );
                return Some(self.refuse_with(scratch, reject, None, false).await);
            }
            Err(None) => {
                scratch.account.broken = Some(Broken::Client);
                scratch.account.detail = Some("the client closed within a head".to_owned());
                return Some(After::Drop);
            }
        };
        let mut next = self.decide(scratch, length, true);
        if let Next::AwaitKeys(wanted) = next {
            let client = customer(scratch.account.client);
            // Boxed: every connection's task would have room for a wait that hardly any ever takes.
            Box::pin(self.worker.shared.keys.wait(wanted, client)).await;
            next = self.decide(scratch, length, false);
        }
        match next {
            Next::Forward(outbound) => Some(self.forward(scratch, &outbound).await),
            Next::Written { keep_alive, discard } => Some(self.finish(scratch, keep_alive, discard).await),
            // Not decided where it may not be waited for.
            Next::AwaitKeys(_) => Some(After::Drop),
        }
    }

    /// Reads until a head is whole. `None`: the client closed before its first byte; `Err(None)`: within the head.
    async fn read_head(&mut self, scratch: &mut Scratch) -> Option<Result<usize, Option<Reject>>> {
        let (limits, limit) = {
            let snapshot = self.worker.snapshot();
            (
                snapshot.configuration.head_limits,
                snapshot.configuration.timeouts.head,
            )
        };
        let until = scratch.account.started + limit;
        loop {
            if !scratch.inbound.is_empty() {
                scratch.account.open = true;
                match scratch.head.parse(scratch.inbound.filled(), &limits) {
                    Ok(http1::Progress::Complete(length)) => return Some(Ok(length)),
                    Ok(http1::Progress::Partial) => {}
                    Err(fault) => return Some(Err(Some(fault.into()))),
                }
                if scratch.inbound.len() == scratch.inbound.capacity() {
                    if scratch.inbound.capacity() > limits.head_bytes_max {
                        return Some(Err(Some(Reject::HeadTooLarge("the request head is too large"))));
                    }
                    scratch.inbound.grow(scratch.inbound.capacity() * 2);
                }
            }
            match self
                .deadline
                .run(until, self.client.read(&mut scratch.inbound))
                .await
            {
                Ok(Ok(count)) if count > 0 => {}
                Ok(Ok(_) | Err(_)) if scratch.inbound.is_empty() => return None,
                Ok(Ok(_) | Err(_)) => return Some(Err(None)),
                Err(Elapsed) if scratch.inbound.is_empty() => return None,
                Err(Elapsed) => return Some(Err(Some(Reject::RequestTimeout))),
            }
        }
    }

    /// Decides, and writes what the gateway answers by itself. The head is consumed, unless keys are to be waited for.
    fn decide(&self, scratch: &mut Scratch, length: usize, may_wait: bool) -> Next {
        let snapshot = self.worker.snapshot();
        let Scratch {
            inbound,
            head,
            request,
            account,
            request_trailers,
            response,
            date,
            ..
        } = scratch;
        request.clear();
        response.clear();
        let bytes = &inbound.filled()[..length];
        // A head may have taken its time, and waiting for keys too; policy is asked for this second.
        let now = snapshot
            .enforced
            .as_ref()
            .map_or(account.started, |_| Instant::now());
        let around = Surroundings {
            snapshot: &snapshot,
            via_id: &self.worker.shared.via_id,
            peer: self.peer,
            started_s: self.unix_s(account.started),
            now_s: self.unix_s(now),
            random: &mut self.worker.random.borrow_mut(),
            failed: Some(&self.worker.shared.failed),
            proofs: &self.worker.proofs,
            metrics: self.worker.metrics(),
            noted: self.worker.noted.as_ref(),
            may_wait,
        };
        let out = Out {
            head: request,
            trailers: request_trailers,
        };
        let decided = decide(around, head, bytes, account, out);
        let reject = match &decided {
            Decided::Refuse { reject, .. } => Some(*reject),
            Decided::Forward(_) | Decided::Fixed(_) | Decided::Capabilities | Decided::AwaitKeys(_) => None,
        };
        let keep_alive = self.may_keep(head, reject);
        let context = answer::Context {
            version: head.version(),
            to_head: head.method_bytes(bytes) == b"HEAD",
            keep_alive,
            date,
        };
        match decided {
            Decided::AwaitKeys(wanted) => return Next::AwaitKeys(wanted),
            Decided::Forward(outbound) => {
                inbound.consume(length);
                return Next::Forward(outbound);
            }
            Decided::Fixed(route) => answer::fixed(response, account, &route.route.action, &context),
            Decided::Capabilities => answer::capabilities(response, account, &context),
            Decided::Refuse { reject, why } => {
                answer::refusal(response, account, reject, &why, &context);
            }
        }
        let discard = if let Framing::Length(length) = head.framing() {
            length
        } else {
            0
        };
        inbound.consume(length);
        Next::Written { keep_alive, discard }
    }

    fn unix_s(&self, at: Instant) -> u64 {
        let since = self.worker.system_time(at).duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    }

    /// Whether the connection stays open behind an answer of our own: only if what is left of the request is soon read.
    fn may_keep(&self, head: &RequestHead, reject: Option<Reject>) -> bool {
        let small = match head.framing() {
            Framing::Empty => true,
            Framing::Length(length) => length <= DISCARD_BYTES_MAX && head.expect() == Expect::Nothing,
            Framing::Chunked | Framing::Close => false,
        };
        small && head.keep_alive() && !self.worker.is_draining() && !reject.is_some_and(Reject::closes)
    }

    async fn forward(&mut self, scratch: &mut Scratch, outbound: &Outbound) -> After {
        let exchanged = exchange(Exchange {
            client: &self.client,
            deadline: &mut self.deadline,
            worker: &self.worker,
            scratch,
            outbound,
            body_left: false,
        })
        .await;
        match exchanged {
            Exchanged::Complete { reuse_client: true } => After::Next,
            Exchanged::Complete { reuse_client: false } => After::Close,
            Exchanged::Broken { reset } => {
                if reset {
                    self.client.reset_on_close();
                }
                After::Drop
            }
            Exchanged::Failed { reject, body_left } => {
                let keep_alive =
                    outbound.keep_alive && !body_left && !reject.closes() && !self.worker.is_draining();
                self.refuse_with(scratch, reject, Some(outbound), keep_alive)
                    .await
            }
        }
    }

    /// Answers with a refusal that came up after the decision, or before there was anything to decide on.
    async fn refuse_with(
        &mut self,
        scratch: &mut Scratch,
        reject: Reject,
        outbound: Option<&Outbound>,
        keep_alive: bool,
    ) -> After {
        let context = answer::Context {
            version: outbound.map_or(http1::Version::Http11, |outbound| outbound.version),
            to_head: outbound.is_some_and(|outbound| outbound.method == policy::method::Method::HEAD),
            keep_alive,
            date: &scratch.date,
        };
        scratch.response.clear();
        answer::refusal(
            &mut scratch.response,
            &mut scratch.account,
            reject,
            &Why::default(),
            &context,
        );
        self.finish(scratch, keep_alive, 0).await
    }

    /// Sends the answer that is written, and reads away a small body that nobody wanted.
    async fn finish(&mut self, scratch: &mut Scratch, keep_alive: bool, discard: u64) -> After {
        let until = Instant::now() + self.worker.snapshot().configuration.timeouts.idle;
        let written = self
            .deadline
            .run(until, self.client.write_all(&scratch.response))
            .await;
        if !matches!(written, Ok(Ok(()))) {
            scratch.account.broken = Some(Broken::Client);
            return After::Drop;
        }
        if !keep_alive {
            return After::Close;
        }
        let mut left = usize::try_from(discard).unwrap_or(usize::MAX);
        loop {
            let here = left.min(scratch.inbound.len());
            scratch.inbound.consume(here);
            left -= here;
            if left == 0 {
                return After::Next;
            }
            match self
                .deadline
                .run(until, self.client.read(&mut scratch.inbound))
                .await
            {
                Ok(Ok(count)) if count > 0 => {}
                _ => return After::Drop,
            }
        }
    }

    /// One connection too many: says so without reading a request.
    async fn refuse(mut self) {
        let mut scratch = self.worker.scratches.take();
        scratch.account.begin(Instant::now(), self.peer);
        self.worker.note_date(&mut scratch);
        request_id(
            None,
            &mut scratch.account.request_id,
            &mut self.worker.random.borrow_mut(),
        );
        let after = self
            .refuse_with(&mut scratch, Reject::ConnectionsExhausted, None, false)
            .await;
        self.worker.record(&mut scratch.account);
        self.worker.scratches.put(scratch);
        if after == After::Close {
            Box::pin(self.linger()).await;
        }
    }

    /// Closes so that what was written arrives: closing a socket with unread bytes would reset it (RFC 9112 §9.6).
    async fn linger(mut self) {
        if self.client.shutdown().await.is_err() {
            return;
        }
        let until = Instant::now() + LINGER_MAX;
        let mut scratch = self.worker.scratches.take();
        let mut left = LINGER_BYTES_MAX;
        scratch.inbound.clear();
        while let Ok(Ok(count)) = self
            .deadline
            .run(until, self.client.read(&mut scratch.inbound))
            .await
        {
            scratch.inbound.clear();
            left = left.saturating_sub(count);
            if count == 0 || left == 0 {
                break;
            }
        }
        self.worker.scratches.put(scratch);
    }
}

/// The request that a connection is at. Dropped in the middle of one, which only the drain deadline does, it leaves
/// the record that every request gets.
struct UnderWay {
    worker: Rc<Worker>,
    scratch: Option<Box<Scratch>>,
}

impl UnderWay {
    fn begin(worker: &Rc<Worker>) -> UnderWay {
        UnderWay {
            worker: Rc::clone(worker),
            scratch: Some(worker.scratches.take()),
        }
    }

    fn scratch(&mut self) -> &mut Scratch {
        self.scratch.as_mut().expect("only the drop takes it")
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Some(mut scratch) = self.scratch.take() else {
            return;
        };
        let account = &mut scratch.account;
        if account.open {
            account.broken = Some(Broken::Gateway);
            account.detail = Some("drain_ms was over".to_owned());
            self.worker.record(account);
            self.worker.note_cut();
        }
        self.worker.scratches.put(scratch);
    }
}

/// What is to be done after a decision.
enum Next {
    Forward(Outbound),
    /// To be decided again, once the issuer was asked.
    AwaitKeys(Wanted),
    /// The answer is written.
    Written {
        keep_alive: bool,
        /// Body bytes still to come that nobody wants.
        discard: u64,
    },
}

#[cfg(test)]
mod tests;
