//! AWS Lambda as a function sees it: the Runtime API over real HTTP, and the environment in which Lambda starts a process.
//!
//! One double serves both builds: the `bootstrap` speaks to it by itself, a Node.js handler through the small loop in
//! `packages/authorizer/tools`, which stands in for the one that AWS's managed runtime has. What is measured with it is
//! the function: there is no freezing, no microVM and no network but loopback.

use crate::message::{Request, read_request_body, read_request_head};
use crate::process::{Process, Signal};
use crate::wait::{LIMIT, wait_for};
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::io::{BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// What every path of the Runtime API begins with.
const BASE: &str = "/2018-06-01/runtime/";

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invoked {
    /// What the function returned: its bytes.
    Response(String),
    /// The error that the function ended with: its body.
    Error(Value),
}

/// A function that runs in a process of its own.
#[derive(Debug)]
pub struct Function {
    api: RuntimeApi,
    process: Process,
}

/// The two builds of the authorizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// `crates/authorizer`.
    Rust,
    /// `packages/authorizer`.
    Node,
}

impl Build {
    /// Both.
    pub const BOTH: [Build; 2] = [Build::Rust, Build::Node];

    /// Whether it was built, and so can be started.
    pub fn artefact(self) -> PathBuf {
        match self {
            Build::Rust => crate::process::beside("bootstrap"),
            Build::Node => package().join("dist/index.mjs"),
        }
    }

    /// The command that starts it, without an environment.
    fn command(self) -> Command {
        let artefact = self.artefact();
        assert!(
            artefact.is_file(),
            "{} is not built; run `{}`",
            artefact.display(),
            match self {
                Build::Rust => "cargo build -p authorizer",
                Build::Node => "npm ci && npm run build --workspace packages/authorizer",
            }
        );
        match self {
            Build::Rust => Command::new(artefact),
            Build::Node => {
                let mut command = Command::new("node");
                command.arg(package().join("tools/runtime.mjs"));
                command
            }
        }
    }
}

/// `packages/authorizer`.
fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packages/authorizer")
}

impl Function {
    /// Starts a build with these settings, in the environment that Lambda gives it and no other.
    pub fn start(build: Build, settings: &[(&str, &str)]) -> Function {
        Function::begin(build, settings, RuntimeApi::start())
    }

    fn begin(build: Build, settings: &[(&str, &str)], api: RuntimeApi) -> Function {
        let mut command = build.command();
        let task_root = build.artefact();
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "authorizer")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/authorizer")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]0")
            .env("AWS_REGION", "eu-central-1")
            .env("LAMBDA_TASK_ROOT", task_root.parent().unwrap_or(Path::new("/")))
            .env("_HANDLER", "index.handler")
            .envs(settings.iter().copied())
            .stdin(Stdio::null());
        Function {
            process: Process::start(command),
            api,
        }
    }

    /// From the start of the process to its first answer, which is to this event.
    pub fn first_decision(build: Build, settings: &[(&str, &str)], event: &[u8]) -> (Duration, Invoked) {
        let api = RuntimeApi::start();
        let id = api.submit(event);
        let begun = Instant::now();
        let function = Function::begin(build, settings, api);
        let invoked = function.api.result_of(&id);
        (begun.elapsed(), invoked)
    }

    /// How long so many invocations with this event take, one behind the other; what comes of them is not looked at.
    pub fn warm_decisions(&self, event: &[u8], count: u32) -> Duration {
        let begun = Instant::now();
        for _ in 0..count {
            self.invoke(event);
        }
        begun.elapsed()
    }

    /// Invokes it, and waits for what comes of it.
    pub fn invoke(&self, event: &[u8]) -> Invoked {
        let id = self.api.submit(event);
        self.api.result_of(&id)
    }

    /// Waits until it says that it cannot start, and for its end: the error, and the exit code.
    pub fn init_error(mut self) -> (Value, Option<i32>) {
        let error = wait_for("an init error", || self.api.state().init_error.clone());
        (error, self.process.wait())
    }

    /// Ends it; all that it wrote to its log of refusals. What it writes before an answer is in it.
    pub fn into_log(self) -> Vec<String> {
        self.process.signal(Signal::KILL);
        let log = self.process.finish().stdout;
        log.lines().map(str::to_owned).collect()
    }

    /// Ends it; all that it told its operators so far.
    pub fn into_errors(self) -> Vec<String> {
        self.process.signal(Signal::KILL);
        let log = self.process.finish().stderr;
        log.lines().map(str::to_owned).collect()
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }
}

/// The server that a function asks for its next event.
#[derive(Debug)]
struct RuntimeApi {
    address: SocketAddr,
    listener: TcpListener,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    submitted: u64,
    waiting: VecDeque<(String, Vec<u8>)>,
    done: HashMap<String, Invoked>,
    init_error: Option<Value>,
    closed: bool,
}

impl RuntimeApi {
    fn start() -> RuntimeApi {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::<Shared>::default();
        let api = RuntimeApi {
            address,
            listener: listener.try_clone().expect("a descriptor is left"),
            shared: Arc::clone(&shared),
        };
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        api
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    /// Puts an event behind those that wait; the id of its invocation.
    fn submit(&self, event: &[u8]) -> String {
        let mut state = self.state();
        state.submitted += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", state.submitted);
        state.waiting.push_back((id.clone(), event.to_vec()));
        self.shared.changed.notify_all();
        id
    }

    fn result_of(&self, id: &str) -> Invoked {
        let (mut state, _) = self
            .shared
            .changed
            .wait_timeout_while(self.state(), LIMIT, |state| {
                !state.done.contains_key(id) && state.init_error.is_none()
            })
            .expect("no connection panics here");
        let init_error = state.init_error.clone();
        state.done.remove(id).unwrap_or_else(|| {
            panic!("no answer to invocation {id} within {LIMIT:?}; init error: {init_error:?}")
        })
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.state().closed = true;
        self.shared.changed.notify_all();
        // Wakes the thread that accepts.
        let _ = rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no connection panics here")
    }

    /// One connection: request by request until either side has had enough.
    fn serve(&self, stream: TcpStream) {
        let Ok(mut answers) = stream.try_clone() else {
            return;
        };
        let _ = stream.set_nodelay(true);
        let mut from = BufReader::new(stream);
        while let Some(mut request) = read_request_head(&mut from) {
            read_request_body(&mut from, &mut request);
            let Some(answer) = self.answer(&request) else {
                break;
            };
            if answers.write_all(answer.as_slice()).is_err() {
                break;
            }
        }
        let _ = answers.shutdown(Shutdown::Both);
    }

    /// `None` where there is nothing to say any more.
    fn answer(&self, request: &Request) -> Option<Vec<u8>> {
        let path = request.target.strip_prefix(BASE)?;
        match (
            request.method.as_str(),
            path.split('/').collect::<Vec<_>>().as_slice(),
        ) {
            ("GET", ["invocation", "next"]) => self.next(),
            ("POST", ["invocation", id, "response"]) => {
                self.done(id, Invoked::Response(request.text()));
                Some(accepted())
            }
            ("POST", ["invocation", id, "error"]) => {
                self.done(id, Invoked::Error(body_of(request)));
                Some(accepted())
            }
            ("POST", ["init", "error"]) => {
                self.state().init_error = Some(body_of(request));
                self.changed.notify_all();
                Some(accepted())
            }
            _ => Some(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec()),
        }
    }

    fn next(&self) -> Option<Vec<u8>> {
        let mut state = self
            .changed
            .wait_while(self.state(), |state| state.waiting.is_empty() && !state.closed)
            .expect("no connection panics here");
        let (id, event) = state.waiting.pop_front()?;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Lambda-Runtime-Aws-Request-Id: {id}\r\nLambda-Runtime-Deadline-Ms: 4102444800000\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:123456789012:function:authorizer\r\n\
             Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0\r\n\r\n",
            event.len()
        );
        Some([head.as_bytes(), &event].concat())
    }

    fn done(&self, id: &str, invoked: Invoked) {
        self.state().done.insert(id.to_owned(), invoked);
        self.changed.notify_all();
    }
}

fn body_of(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_else(|_| Value::String(request.text()))
}

fn accepted() -> Vec<u8> {
    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"status\":\"OK\"}".to_vec()
}
