//! What hyper refuses, ours refuses; what ours takes, hyper understands in the same way.
//!
//! Both read the same streams: the fuzz targets' seeds, and many mutations of them. Ours may be stricter and is.
//! The exception is at `hyper_cannot`. A failure prints the stream and the seed; `HTTP1_HYPER_SEED` runs it again.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy.toml means tests, and takes this file's functions for none"
)]

mod http1_events;

use std::cell::RefCell;
use std::convert::Infallible;
use std::path::Path;
use std::rc::Rc;

use gateway::http1::{Framing, Version};
use http_body_util::{BodyExt, Empty};
use http1_events::{Field, Message, Request, Response, requests, responses};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// Mutated streams for each role.
const MUTATIONS: usize = 50_000;

/// A message as either codec saw it: what must be equal.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// `METHOD path?query HTTP/1.x` or `HTTP/1.x 200`.
    line: String,
    fields: Fields,
    /// And trailers; `None` where it did not end as its framing says.
    body: Option<(Vec<u8>, Fields)>,
}

/// Lower-case names, sorted by name, those of one name in order.
type Fields = Vec<(String, Vec<u8>)>;

fn sorted(fields: impl Iterator<Item = (String, Vec<u8>)>) -> Fields {
    let mut fields = fields.collect::<Vec<_>>();
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    fields
}

impl Seen {
    fn of_ours<H>(line: String, fields: &[Field], message: &Message<H>) -> Seen {
        let name = |name: &[u8]| String::from_utf8_lossy(name).to_ascii_lowercase();
        let trailers = message
            .trailers
            .iter()
            .map(|trailer| (name(&trailer.0), trailer.1.clone()));
        Seen {
            line,
            fields: sorted(
                fields
                    .iter()
                    .map(|field| (name(&field.name), field.value.clone())),
            ),
            body: message.whole.then(|| (message.body.clone(), sorted(trailers))),
        }
    }

    fn of_request(message: &Message<Request>) -> Seen {
        let Request {
            method,
            path,
            query,
            version,
            fields,
            ..
        } = &message.head;
        let mut target = path.clone();
        if let Some(query) = query {
            target.push(b'?');
            target.extend_from_slice(query);
        }
        let (method, target) = (String::from_utf8_lossy(method), String::from_utf8_lossy(&target));
        Seen::of_ours(
            format!("{method} {target} {}", version_name(*version)),
            fields,
            message,
        )
    }

    fn of_response(message: &Message<Response>) -> Seen {
        let Response {
            status,
            version,
            fields,
            ..
        } = &message.head;
        Seen::of_ours(format!("{} {status}", version_name(*version)), fields, message)
    }

    async fn of_hyper(line: String, headers: &HeaderMap, body: Incoming) -> Seen {
        let fields = |map: &HeaderMap| {
            sorted(
                map.iter()
                    .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())),
            )
        };
        let body = body.collect().await.ok().map(|body| {
            let trailers = body.trailers().map(fields).unwrap_or_default();
            (body.to_bytes().to_vec(), trailers)
        });
        Seen {
            line,
            fields: fields(headers),
            body,
        }
    }

    /// Whether hyper, which saw `theirs`, agrees with ours: on the whole message, or on the head where our body broke off.
    fn agrees(&self, theirs: Option<&Seen>) -> bool {
        theirs.is_some_and(|theirs| {
            let heads = (&self.line, &self.fields) == (&theirs.line, &theirs.fields);
            heads && (self.body.is_none() || self.body == theirs.body)
        })
    }
}

fn version_name(version: Version) -> &'static str {
    match version {
        Version::Http10 => "HTTP/1.0",
        Version::Http11 => "HTTP/1.1",
    }
}

/// The messages that hyper's server takes from `input`, up to the first that it refuses.
async fn hyper_requests(input: &[u8]) -> Vec<Seen> {
    let (mut client, server) = tokio::io::duplex(input.len() + 1_000_000);
    let seen = Rc::new(RefCell::new(Vec::new()));
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let seen = Rc::clone(&seen);
        async move {
            let (head, body) = request.into_parts();
            let line = format!("{} {} {:?}", head.method, local_part(&head.uri), head.version);
            let message = Seen::of_hyper(line, &head.headers, body).await;
            seen.borrow_mut().push(message);
            Ok::<_, Infallible>(hyper::Response::new(Empty::<Bytes>::new()))
        }
    });
    client.write_all(input).await.unwrap();
    client.shutdown().await.unwrap();
    // A refusal is an error here; what counts is what the service was given before.
    let _ = hyper::server::conn::http1::Builder::new()
        .half_close(true)
        .serve_connection(TokioIo::new(server), service)
        .await;
    seen.take()
}

fn local_part(uri: &Uri) -> String {
    uri.path_and_query()
        .map_or_else(|| "/".to_owned(), ToString::to_string)
}

/// The final response that hyper's client takes from `input`; `None` where it refuses.
async fn hyper_response(input: &[u8], to_head: bool) -> Option<Seen> {
    let (client, mut server) = tokio::io::duplex(input.len() + 1_000_000);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(client))
        .await
        .ok()?;
    let method = if to_head { "HEAD" } else { "GET" };
    let request = hyper::Request::builder()
        .method(method)
        .uri("/")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let exchange = async move {
        let (head, body) = sender.send_request(request).await.ok()?.into_parts();
        let line = format!("{:?} {}", head.version, head.status.as_u16());
        Some(Seen::of_hyper(line, &head.headers, body).await)
    };
    let peer = async {
        read_head(&mut server).await;
        server.write_all(input).await.unwrap();
        server.shutdown().await.unwrap();
    };
    tokio::join!(connection, exchange, peer).1
}

/// An answer that comes before its question would be refused for that.
async fn read_head(server: &mut DuplexStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        assert!(server.read_buf(&mut head).await.unwrap() > 0);
    }
}

/// A length that ours takes and hyper keeps for its own marks.
fn hyper_cannot(framing: Framing) -> bool {
    matches!(framing, Framing::Length(length) if length > u64::MAX - 2)
}

/// The one helper of this file, for requests. Returns how many messages both took.
async fn check_requests(input: &[u8], seed: u64) -> usize {
    let ours = requests(input, &[]).0;
    let theirs = hyper_requests(input).await;
    for (at, message) in ours.iter().enumerate() {
        let seen = Seen::of_request(message);
        let agreed = seen.agrees(theirs.get(at)) || hyper_cannot(message.head.framing);
        assert!(
            agreed,
            "message {at} of {} (seed {seed}): {seen:?}, {theirs:?}",
            input.escape_ascii()
        );
    }
    ours.iter().filter(|message| message.whole).count()
}

/// The same for responses, of which hyper's client takes one and skips those before it that are interim.
async fn check_responses(input: &[u8], seed: u64) -> usize {
    let mut taken = 0;
    for to_head in [false, true] {
        let ours = responses(input, to_head, &[]).0;
        let Some(message) = ours.iter().find(|message| message.head.status >= 200) else {
            continue;
        };
        let seen = Seen::of_response(message);
        let theirs = hyper_response(input, to_head).await;
        let agreed = seen.agrees(theirs.as_ref()) || hyper_cannot(message.head.framing);
        assert!(
            agreed,
            "{} (to HEAD: {to_head}, seed {seed}): {seen:?}, {theirs:?}",
            input.escape_ascii()
        );
        taken += usize::from(message.whole);
    }
    taken
}

fn seeds(kind: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(kind);
    let mut paths: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// One to three small changes: bytes that parsers care about, pieces of other messages, repeated or missing pieces.
fn mutate(base: &[u8], seeds: &[Vec<u8>], random: &mut fastrand::Rng) -> Vec<u8> {
    const BYTES: &[u8] = b"\r\n \t\0:;,=/?#%*0159afx\x0b\x7f\x80\xff\"'[]{}@._-+";
    let mut bytes = base.to_vec();
    for _ in 0..random.usize(1..=3) {
        let at = random.usize(..=bytes.len());
        let end = (at + random.usize(..12)).min(bytes.len());
        let byte = BYTES[random.usize(..BYTES.len())];
        match random.u8(..6) {
            0 => bytes.insert(at, byte),
            1 if at < bytes.len() => bytes[at] = byte,
            2 if at < bytes.len() => bytes[at] = random.u8(..),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let repeated = bytes[at..end].to_vec();
                bytes.splice(at..at, repeated);
            }
            _ => {
                // Whole lines from elsewhere reach rules that single bytes hardly would.
                let other = &seeds[random.usize(..seeds.len())];
                let lines: Vec<_> = other.split_inclusive(|&byte| byte == b'\n').collect();
                let line = lines
                    .get(random.usize(..lines.len().max(1)))
                    .copied()
                    .unwrap_or_default();
                let at = bytes[..at]
                    .iter()
                    .rposition(|&byte| byte == b'\n')
                    .map_or(0, |at| at + 1);
                bytes.splice(at..at, line.iter().copied());
            }
        }
    }
    bytes
}

/// Runs `check` over the seeds and their mutations, and holds that enough of them are good messages to mean something.
async fn run(kind: &str, mut check: impl AsyncFnMut(&[u8], u64) -> usize) {
    let given = std::env::var("HTTP1_HYPER_SEED")
        .ok()
        .map(|seed| seed.parse().unwrap());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    println!("{kind}: HTTP1_HYPER_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let seeds = seeds(kind);
    let mut good = Vec::new();
    for input in &seeds {
        if check(input, seed).await > 0 {
            good.push(input.clone());
        }
    }
    assert!(good.len() >= 15, "only {} good seeds of {kind}", good.len());
    let mut taken = 0;
    for at in 0..MUTATIONS {
        // Where the seed was refused already, a mutation rarely says more.
        let base = if at % 4 == 0 { &seeds } else { &good };
        let input = mutate(&base[random.usize(..base.len())], &seeds, &mut random);
        taken += check(&input, seed).await;
    }
    println!("{kind}: {taken} messages were taken by both");
    assert!(
        taken >= MUTATIONS / 10,
        "only {taken} good messages in the mutations of {kind}"
    );
}

#[tokio::test]
async fn requests_that_hyper_refuses_are_refused() {
    run("http1_request", check_requests).await;
}

#[tokio::test]
async fn responses_that_hyper_refuses_are_refused() {
    run("http1_response", check_responses).await;
}
