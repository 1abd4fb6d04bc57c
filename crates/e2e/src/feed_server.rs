//! A server of a feed as the portal and a relay are: the commit beside the bundle, entity tags, rests of a bundle, tokens, and a place for
//! reports; and all the ways in which such a server fails those who ask.
//!
//! Written from contract §7 and feed.md §5; nothing here reads what an authorizer reads.

use crate::authority::Identity;
use crate::message::Request;
use crate::upstream::{Peer, Upstream};
use crate::wait::{LIMIT, wait_for};
use serde_json::Value;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// At once, all of it.
    Good,
    /// It takes the request, and never says anything.
    Silent,
    /// As good, but of a bundle only so many bytes come; the rest when it is told to go on.
    Halting(usize),
    /// As good, but of a bundle only so many bytes come before the connection ends.
    BreakingOff(usize),
    /// After so long.
    Late(Duration),
    /// With this status and nothing else.
    Status(u16),
    /// At once, and rests of whatever it has, as object storage does that knows ranges and not `If-Range`.
    RangesAlone,
}

/// What it was asked, and what it answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The path.
    pub path: String,
    /// The status; 0 where nothing was said.
    pub status: u16,
}

/// The server.
#[derive(Debug)]
pub struct FeedServer {
    upstream: Upstream,
    shared: Arc<Shared>,
    scheme: &'static str,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    commit: String,
    bundle: String,
    manner: Manner,
    /// Bundles that halt go on up to this one.
    gone_on: usize,
    halted: usize,
    token: Option<String>,
    asked: Vec<Asked>,
    reports: Vec<Value>,
    open: Vec<TcpStream>,
}

impl FeedServer {
    /// Serves this bundle, and its last line as the commit, over plain HTTP.
    pub fn start(bundle: &str) -> FeedServer {
        let shared = Shared::new(bundle);
        let own = Arc::clone(&shared);
        FeedServer {
            upstream: Upstream::start(move |peer| own.serve(peer)),
            shared,
            scheme: "http",
        }
    }

    /// The same over TLS.
    pub fn start_tls(identity: &Identity, bundle: &str) -> FeedServer {
        let shared = Shared::new(bundle);
        let own = Arc::clone(&shared);
        FeedServer {
            upstream: Upstream::start_tls(identity, move |peer| own.serve(peer)),
            shared,
            scheme: "https",
        }
    }

    /// Where the bundle is, under this host.
    pub fn bundle_at(&self, host: &str) -> String {
        format!(
            "{}://{host}:{}/v1/feeds/prod/bundle",
            self.scheme,
            self.upstream.address().port()
        )
    }

    /// Where the bundle is.
    pub fn bundle(&self) -> String {
        self.bundle_at("127.0.0.1")
    }

    /// Where reports go.
    pub fn portal(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.upstream.address().port())
    }

    /// From now on this bundle, and its last line as the commit.
    pub fn serve(&self, bundle: &str) {
        let commit = bundle.lines().last().unwrap_or_default().to_owned();
        self.serve_with(bundle, &commit);
    }

    /// From now on this bundle, and this commit beside it.
    pub fn serve_with(&self, bundle: &str, commit: &str) {
        let mut state = self.shared.state();
        bundle.clone_into(&mut state.bundle);
        state.commit = format!("{commit}\n");
    }

    /// From now on in this manner.
    pub fn behave(&self, manner: Manner) {
        self.shared.state().manner = manner;
    }

    /// From now on nobody is answered without this token.
    pub fn ask_for(&self, token: &str) {
        self.shared.state().token = Some(token.to_owned());
    }

    /// Bundles that halt go on.
    pub fn go_on(&self) {
        let mut state = self.shared.state();
        state.gone_on = usize::MAX;
        self.shared.changed.notify_all();
    }

    /// Waits until so many bundles have halted.
    pub fn wait_for_halt(&self, count: usize) {
        wait_for("a bundle that halts", || {
            (self.shared.state().halted >= count).then_some(())
        });
    }

    /// Ends every connection.
    pub fn cut(&self) {
        for open in self.shared.state().open.drain(..) {
            // One that has ended already cannot be ended.
            let _ = open.shutdown(Shutdown::Both);
        }
    }

    /// Listens no more, and ends every connection.
    pub fn stop(&self) {
        self.upstream.stop();
        self.cut();
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.state().asked.clone()
    }

    /// How often it was asked for the commit, and for the bundle.
    pub fn counts(&self) -> (usize, usize) {
        let asked = self.asked();
        let count = |end: &str| asked.iter().filter(|asked| asked.path.ends_with(end)).count();
        (count("/commit"), count("/bundle"))
    }

    /// Waits for so many reports.
    pub fn reports(&self, count: usize) -> Vec<Value> {
        wait_for("reports", || {
            let state = self.shared.state();
            (state.reports.len() >= count).then(|| state.reports.clone())
        })
    }
}

impl Shared {
    fn new(bundle: &str) -> Arc<Shared> {
        Arc::new(Shared {
            state: Mutex::new(State {
                commit: format!("{}\n", bundle.lines().last().unwrap_or_default()),
                bundle: bundle.to_owned(),
                manner: Manner::Good,
                gone_on: 0,
                halted: 0,
                token: None,
                asked: Vec::new(),
                reports: Vec::new(),
                open: Vec::new(),
            }),
            changed: Condvar::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }

    /// One connection, until either side has had enough.
    fn serve(&self, mut peer: Peer) {
        self.state().open.push(peer.socket());
        while let Some(request) = peer.request() {
            if !self.answer(&mut peer, &request) {
                return;
            }
        }
    }

    /// Whether the connection stays.
    fn answer(&self, peer: &mut Peer, request: &Request) -> bool {
        let mut state = self.state();
        let manner = state.manner;
        let told = format!("Bearer {}", state.token.as_deref().unwrap_or_default());
        let status = match (manner, &state.token) {
            (Manner::Silent, _) => 0,
            (Manner::Status(status), _) => status,
            (_, Some(_)) if request.field("Authorization") != Some(told.as_str()) => 401,
            _ if request.target.ends_with("/v1/fleet/reports") => {
                let report = serde_json::from_slice(&request.body);
                state.reports.push(report.unwrap_or(Value::Null));
                200
            }
            _ if request.target.ends_with("/commit") || request.target.ends_with("/bundle") => 200,
            _ => 404,
        };
        let is_bundle = request.target.ends_with("/bundle");
        let (status, body, fields) = match status {
            200 if is_bundle => bundle(&state.bundle, request, manner != Manner::RangesAlone),
            200 if request.target.ends_with("/commit") => (200, state.commit.clone(), String::new()),
            status => (status, "{}".to_owned(), String::new()),
        };
        state.asked.push(Asked {
            path: request.target.clone(),
            status,
        });
        drop(state);
        if status == 0 {
            peer.wait_until_closed();
            return false;
        }
        if let Manner::Late(pause) = manner {
            std::thread::sleep(pause);
        }
        let head = format!(
            "HTTP/1.1 {status} x\r\nContent-Length: {}\r\n{fields}\r\n",
            body.len()
        );
        match manner {
            Manner::Halting(bytes) if is_bundle && bytes < body.len() => {
                let (front, rest) = body.split_at(bytes);
                peer.send(head + front) && self.halt() && peer.send(rest)
            }
            Manner::BreakingOff(bytes) if is_bundle => {
                peer.send(head + body.get(..bytes).unwrap_or(&body));
                false
            }
            _ => peer.send(head + &body),
        }
    }

    /// Waits until it is told to go on.
    fn halt(&self) -> bool {
        let mut state = self.state();
        state.halted += 1;
        let number = state.halted;
        let (state, _) = self
            .changed
            .wait_timeout_while(state, LIMIT, |state| state.gone_on < number)
            .expect("nobody panics with it");
        state.gone_on >= number
    }
}

/// All of it, or what was asked for of it where its tag is still the same (RFC 9110 §13.1.5). The tag is that of revision and digest, as
/// feed.md §4 has it: a later commit of the same revision does not change it.
fn bundle(bundle: &str, request: &Request, heeds_if_range: bool) -> (u16, String, String) {
    let commit: Value = serde_json::from_str(bundle.lines().last().unwrap_or_default()).unwrap_or_default();
    let tag = format!(
        "\"{}-{}-{}\"",
        commit["epoch"],
        commit["revision"],
        commit["digest"].as_str().unwrap_or_default()
    );
    let field = format!("ETag: {tag}\r\n");
    if request.field("If-None-Match") == Some(tag.as_str()) {
        return (304, String::new(), field);
    }
    let range = request
        .field("Range")
        .filter(|_| !heeds_if_range || request.field("If-Range") == Some(tag.as_str()));
    let from = range.and_then(|range| {
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse::<usize>()
            .ok()
    });
    if !heeds_if_range && from.is_some_and(|from| from >= bundle.len()) {
        return (416, String::new(), field);
    }
    match from.and_then(|from| Some((from, bundle.get(from..)?))) {
        Some((from, rest)) => {
            let last = bundle.len().saturating_sub(1);
            let range = format!("Content-Range: bytes {from}-{last}/{}\r\n", bundle.len());
            (206, rest.to_owned(), field + &range)
        }
        None => (200, bundle.to_owned(), field),
    }
}
