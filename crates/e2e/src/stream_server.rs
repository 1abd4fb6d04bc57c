//! A server of one feed's stream, as a portal has it: resumed behind a position that it knows, else from the start; and what portals and liars do
//! beside it.
//!
//! Written from feed.md §4, over bytes that a publisher gave; nothing here reads what a gateway reads. Connections are threads, as in `upstream`.

use crate::message::{Request, read_request_body, read_request_head};
use crate::publisher::Content;
use std::collections::HashMap;
use std::io::{BufReader, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

/// One request for the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The path, without its query.
    pub path: String,
    /// The position that it was to be resumed behind, as it was written.
    pub position: Option<String>,
    /// Whether it was.
    pub resumed: bool,
}

/// A portal's stream of one feed.
#[derive(Debug)]
pub struct StreamServer {
    address: SocketAddr,
    token: String,
    listener: Mutex<Option<TcpListener>>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    content: Content,
    /// By position: what it was.
    known: HashMap<String, Content>,
    /// Connections that are open.
    open: Vec<TcpStream>,
    asked: Vec<Opened>,
    reports: Vec<Request>,
    /// Answered in place of a stream.
    refusal: Option<String>,
    /// Nothing is sent any more, and nothing is closed.
    is_silent: bool,
    /// Every position is one of somebody else.
    forgets: bool,
}

impl StreamServer {
    /// The token that it asks for.
    pub const TOKEN: &str = "sbg_Test-Token-0123456789";

    /// Serves this.
    pub fn start(content: Content) -> StreamServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let server = StreamServer {
            address: listener.local_addr().expect("it is bound"),
            token: format!("Bearer {}", StreamServer::TOKEN),
            listener: Mutex::new(None),
            state: Arc::default(),
        };
        server.serve(content);
        server.listen(listener);
        server
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on: this. Those who are connected are sent what makes it of what there was.
    pub fn serve(&self, content: Content) {
        let mut state = self.state();
        let lines = content.behind(&state.content);
        state.known.insert(position(&content.commit), content.clone());
        state.content = content;
        state.send(&lines);
    }

    /// As `serve`, to whoever comes anew alone.
    pub fn keep_back(&self, content: Content) {
        let mut state = self.state();
        state.known.insert(position(&content.commit), content.clone());
        state.content = content;
    }

    /// As `serve`, of something that is no position of its own: a lie.
    pub fn pretend(&self, content: Content) {
        let mut state = self.state();
        let lines = content.behind(&state.content);
        state.content = content;
        state.send(&lines);
    }

    /// Those who are connected are sent these bytes as they are.
    pub fn send(&self, bytes: &[u8]) {
        self.state().send_bytes(bytes);
    }

    /// Connections are cut, and new ones are served.
    pub fn cut(&self) {
        self.state().cut();
    }

    /// Every position is unknown from now on.
    pub fn forget_positions(&self) {
        self.state().forgets = true;
    }

    /// From now on every request for a stream is answered with this, whole.
    pub fn refuse(&self, answer: Option<&str>) {
        let mut state = self.state();
        state.refusal = answer.map(str::to_owned);
        state.cut();
    }

    /// It takes connections and requests, and says nothing.
    pub fn fall_silent(&self, is_silent: bool) {
        self.state().is_silent = is_silent;
    }

    /// Nobody is there any more.
    pub fn stop(&self) {
        let listener = self.listener.lock().expect("nobody panics with it").take();
        if let Some(listener) = listener {
            // On Linux this wakes the thread that accepts; the port is refused from then on.
            let _ = rustix::net::shutdown(&listener, rustix::net::Shutdown::Both);
        }
        self.cut();
    }

    /// It is there again, at the same address.
    pub fn go_on(&self) {
        let listener = crate::wait::wait_for("the port to be free", || TcpListener::bind(self.address).ok());
        self.listen(listener);
    }

    /// All requests for the stream so far.
    pub fn asked(&self) -> Vec<Opened> {
        self.state().asked.clone()
    }

    /// All reports so far.
    pub fn reports(&self) -> Vec<Request> {
        self.state().reports.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }

    fn listen(&self, listener: TcpListener) {
        let own = listener.try_clone().expect("a descriptor is left");
        *self.listener.lock().expect("nobody panics with it") = Some(own);
        let (state, token) = (Arc::clone(&self.state), self.token.clone());
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let (state, token) = (Arc::clone(&state), token.clone());
                std::thread::spawn(move || answer(stream, &state, &token));
            }
        });
    }
}

impl Drop for StreamServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Requests of one connection, until one is for the stream.
fn answer(mut stream: TcpStream, state: &Mutex<State>, token: &str) {
    let mut from = BufReader::new(stream.try_clone().expect("a descriptor is left"));
    while let Some(mut request) = read_request_head(&mut from) {
        read_request_body(&mut from, &mut request);
        let mut state = state.lock().expect("nobody panics with it");
        let refused = match request.field("Authorization") {
            Some(shown) if shown == token => None,
            _ => Some(problem(401, "Unauthorized")),
        };
        let refusal = refused.or_else(|| state.refusal.clone());
        let is_report = request.target == "/v1/fleet/reports" && request.method == "POST";
        let answer = match (refusal, is_report) {
            (Some(refusal), _) => refusal,
            (None, true) => {
                state.reports.push(request);
                let body = r#"{"interval_ms":1000}"#;
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            }
            (None, false) if !request.target.contains("/stream") => problem(404, "Not Found"),
            (None, false) => return state.begin(stream, &request),
        };
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn problem(status: u16, title: &str) -> String {
    let body = format!(r#"{{"title":"{title}","status":{status}}}"#);
    format!(
        "HTTP/1.1 {status} {title}\r\nContent-Type: application/problem+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// As a reader writes it.
fn position(commit: &str) -> String {
    let commit: serde_json::Value = serde_json::from_str(commit).expect("a commit is JSON");
    format!(
        "epoch={}&revision={}&digest={}",
        commit["epoch"],
        commit["revision"],
        commit["digest"].as_str().unwrap_or_default()
    )
}

fn chunk(lines: &[String]) -> Vec<u8> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    chunk_of(text.as_bytes())
}

fn chunk_of(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

impl State {
    fn begin(&mut self, mut stream: TcpStream, request: &Request) {
        let (path, query) = match request.target.split_once('?') {
            Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
            None => (request.target.clone(), None),
        };
        let former = query
            .as_ref()
            .filter(|_| !self.forgets)
            .and_then(|query| self.known.get(query));
        let said = if former.is_some() { "resumed" } else { "reset" };
        let lines = match former {
            // The keyring comes first, also where it is known.
            Some(former) => {
                let mut lines = self.content.behind(former);
                lines.retain(|line| *line != self.content.keyring);
                lines.insert(0, self.content.keyring.clone());
                lines
            }
            None => self.content.behind(&Content::default()),
        };
        self.asked.push(Opened {
            path,
            position: query,
            resumed: former.is_some(),
        });
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\nSwitchboard-Stream: {said}\r\n\r\n"
        );
        let first = [head.as_bytes(), &chunk(&lines)].concat();
        if self.is_silent || stream.write_all(&first).is_ok() {
            self.open.push(stream);
        }
    }

    fn send(&mut self, lines: &[String]) {
        self.write(&chunk(lines));
    }

    fn send_bytes(&mut self, bytes: &[u8]) {
        self.write(&chunk_of(bytes));
    }

    fn write(&mut self, bytes: &[u8]) {
        if !self.is_silent {
            self.open.retain_mut(|stream| stream.write_all(bytes).is_ok());
        }
    }

    fn cut(&mut self) {
        for stream in self.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
