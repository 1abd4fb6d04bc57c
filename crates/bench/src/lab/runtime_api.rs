//! A double of AWS Lambda's Runtime API over real HTTP: hands out events one at a time, takes the answers, checks each, and
//! knows when the first one came. It runs in the lab's process, on the load's core.
//!
//! It answers what a runtime client needs (`next`, `response`, `error`, `init/error`) and trusts its framing: the authorizers
//! that are measured are its only clients.

use crate::roles::pinned::Moment;
use crate::wire::{content_length, head_end};
use anyhow::{Context, Result, bail};
use memchr::memmem;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a function may take with what was handed out.
const ANSWERS_TIMEOUT: Duration = Duration::from_secs(20);
/// What a function may do with one event, told to it as a moment.
const DEADLINE_MS: u64 = 10_000;

/// An event, and what its answer has to hold.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) body: String,
    pub(crate) holds: Vec<String>,
}

/// The double; its threads end when it is dropped.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    events: Vec<Event>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// How many events are handed out in all, have been handed out, and have been answered.
    wanted: usize,
    given: usize,
    answered: usize,
    last: Option<Moment>,
    /// Nothing more is handed out.
    closed: bool,
    wrong: Option<String>,
}

impl RuntimeApi {
    /// Listens; hands nothing out yet.
    pub(crate) fn open(events: Vec<Event>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on loopback")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            events,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if own.lock().closed {
                    return;
                }
                let shared = Arc::clone(&own);
                // Its end is the function's end, which the lab sees by itself.
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Ok(Self { address, shared })
    }

    /// Hands out so many more events, in turn from all; the moment at which the last was answered.
    pub(crate) fn invoke(&self, count: usize) -> Result<Moment> {
        let mut state = self.shared.lock();
        state.wanted += count;
        self.shared.changed.notify_all();
        let unfinished = |state: &mut State| state.wrong.is_none() && state.answered < state.wanted;
        let (state, timeout) = self
            .shared
            .changed
            .wait_timeout_while(state, ANSWERS_TIMEOUT, unfinished)
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(wrong) = &state.wrong {
            bail!("wrong answer: {wrong}");
        }
        if timeout.timed_out() {
            bail!(
                "{} of {} events answered within {ANSWERS_TIMEOUT:?}",
                state.answered,
                state.wanted
            );
        }
        state.last.context("no event was handed out")
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        // Wakes the thread that accepts. If that fails, so will every other connection.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    /// What a thread that panicked leaves is whole: every change is a single one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let (mut input, mut buffer) = (Vec::new(), [0; 16 * 1024]);
        loop {
            let Some(end) = head_end(&input) else {
                match stream.read(&mut buffer)? {
                    0 => return Ok(()),
                    count => input.extend_from_slice(buffer.get(..count).unwrap_or_default()),
                }
                continue;
            };
            let head = String::from_utf8_lossy(input.get(..end).unwrap_or_default()).into_owned();
            let length = end + content_length(head.as_bytes()).unwrap_or(0);
            while input.len() < length {
                match stream.read(&mut buffer)? {
                    0 => bail!("a request broke off"),
                    count => input.extend_from_slice(buffer.get(..count).unwrap_or_default()),
                }
            }
            let answer = self.answer(&head, input.get(end..length).unwrap_or_default());
            stream.write_all(answer.as_bytes())?;
            input.drain(..length);
        }
    }

    fn answer(&self, head: &str, body: &[u8]) -> String {
        const INVOCATION: &str = "/2018-06-01/runtime/invocation/";
        let target = head.split(' ').nth(1).unwrap_or_default();
        let path = target.strip_prefix(INVOCATION).unwrap_or_default();
        if path == "next" {
            return self.next();
        }
        let number = path
            .strip_suffix("/response")
            .and_then(|id| id.rsplit('-').next()?.parse::<usize>().ok());
        let mut state = self.lock();
        match number.and_then(|number| self.event(number)) {
            Some(event) => {
                let lacks = event
                    .holds
                    .iter()
                    .find(|part| memmem::find(body, part.as_bytes()).is_none());
                if let Some(part) = lacks {
                    state.wrong = Some(format!("{} lacks {part}", String::from_utf8_lossy(body)));
                }
                state.answered += 1;
                state.last = Some(Moment::now());
            }
            None => state.wrong = Some(format!("{target}: {}", String::from_utf8_lossy(body))),
        }
        // Whoever waits has nothing to do before the end.
        if state.answered == state.wanted || state.wrong.is_some() {
            self.changed.notify_all();
        }
        "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"status\":\"OK\"}".to_owned()
    }

    fn event(&self, number: usize) -> Option<&Event> {
        self.events.get(number.checked_rem(self.events.len())?)
    }

    /// Waits, as the real one does, until there is an event; what it says when it is closed nobody reads.
    fn next(&self) -> String {
        let mut state = self
            .changed
            .wait_while(self.lock(), |state| state.given >= state.wanted && !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        let number = state.given;
        state.given += 1;
        drop(state);
        let body = self.event(number).map_or("", |event| event.body.as_str());
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let deadline = now.map_or(0, |now| now.as_millis()) + u128::from(DEADLINE_MS);
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
            Lambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-{number:012}\r\n\
            Lambda-Runtime-Deadline-Ms: {deadline}\r\n\
            Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:123456789012:function:authorizer\r\n\
            Lambda-Runtime-Trace-Id: Root=1-00000000-000000000000000000000000;Sampled=0\r\n\r\n{body}",
            body.len()
        )
    }
}

#[cfg(test)]
mod tests {
    //! A function that answers is counted, one that answers something else is told.

    use super::*;

    fn exchange(stream: &mut TcpStream, request: &str) -> String {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = vec![0; 4096];
        let count = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..count]).into_owned()
    }

    fn check(answer: &'static str, path: &'static str, right: bool) {
        let event = Event {
            body: "{\"n\":1}".into(),
            holds: vec!["Allow".into()],
        };
        let api = RuntimeApi::open(vec![event]).unwrap();
        let address = api.address;
        let function = std::thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            for _ in 0..2 {
                let next = exchange(
                    &mut stream,
                    "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n",
                );
                assert!(next.ends_with("{\"n\":1}"), "{next}");
                let id = next
                    .split_once("Request-Id: ")
                    .unwrap()
                    .1
                    .split_once('\r')
                    .unwrap()
                    .0
                    .to_owned();
                let request = format!(
                    "POST /2018-06-01/runtime/invocation/{id}/{path} HTTP/1.1\r\nContent-Length: {}\r\n\r\n{answer}",
                    answer.len()
                );
                assert!(exchange(&mut stream, &request).starts_with("HTTP/1.1 202 "));
            }
        });
        assert_eq!(api.invoke(2).is_ok(), right, "{answer}");
        function.join().unwrap();
    }

    #[test]
    fn answers_are_checked() {
        check("{\"Effect\":\"Allow\"}", "response", true);
        check("{\"Effect\":\"Deny\"}", "response", false);
        check("{\"errorType\":\"Allow\"}", "error", false);
    }
}
