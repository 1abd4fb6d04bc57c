//! The demo as a newcomer runs it: the whole tour through a pipe, staying up, a signal, a port that is in use.
//!
//! The tour checks itself: a step that does not turn out as it is told ends it with an error.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

/// Columns that no line may exceed, but for paths and commands, which cannot be broken.
const COLUMNS_MAX: usize = 100;

fn demo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command
        .arg("demo")
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn once(args: &[&str]) -> (String, Output) {
    let output = demo(args).arg("--once").output().unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    (text, output)
}

/// A demo that stays up, past its tour.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    /// What it printed so far.
    text: String,
}

impl Running {
    fn start() -> Running {
        let mut child = demo(&["--port", "0"]).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut running = Running {
            child,
            out,
            text: String::new(),
        };
        while !running.text.contains("Ctrl-C ends everything.") {
            let read = running.out.read_line(&mut running.text).unwrap();
            assert_ne!(read, 0, "it ended: {}", running.text);
        }
        running
    }

    /// The word behind `before`, up to the next blank.
    fn word_after(&self, before: &str) -> &str {
        let (_, behind) = self.text.split_once(before).unwrap();
        behind.split_whitespace().next().unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only a test that failed leaves it running.
        let _ = self.child.kill();
    }
}

#[test]
fn the_tour_goes_well_through_a_pipe() {
    let (text, output) = once(&["--port", "0"]);
    assert!(!text.contains('\u{1b}'), "{text}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    for line in text.lines() {
        let is_short = line.chars().count() <= COLUMNS_MAX;
        assert!(is_short || line.contains('/'), "{line}");
    }
    for part in [
        "10. A change",
        "401 Unauthorized",
        "403 Forbidden",
        "\"asked_by\":{\"client\":\"mobile-app\",\"role\":\"customer\",\"user\":\"usr_8a3f\"}",
        "✘ token_expired",
        "405 Method Not Allowed",
        "502 Bad Gateway",
        "no service was asked",
        "refused by 2 of 2 gateways",
        "as kill -9 does",
        "let in by 2 of 2 gateways",
        "Stopped.",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(!text.contains("Try in another terminal"), "{text}");
}

#[test]
fn a_port_that_is_in_use_is_told_and_another_one_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (text, _) = once(&["--port", &port]);
    assert!(
        text.contains(&format!("Port {port} is in use by another program")),
        "{text}"
    );
    assert!(!text.contains(&format!("http://127.0.0.1:{port}/")), "{text}");
}

#[test]
fn it_stays_up_until_a_signal_and_leaves_nothing_behind() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut running = Running::start();
        let gateway: SocketAddr = running.word_after("caller ----> gateway ").parse().unwrap();
        let file = running.word_after("$EDITOR ").to_owned();
        assert!(get(gateway, "/health").contains("200 OK"));
        assert!(Path::new(&file).exists());

        running.signal(signal);
        let mut rest = String::new();
        running.out.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("Stopped."), "{rest}");
        assert!(running.child.wait().unwrap().success());
        assert!(!Path::new(&file).exists());
        assert!(TcpStream::connect(gateway).is_err());
    }
}

#[test]
fn a_file_that_was_edited_is_kept() {
    let mut running = Running::start();
    let file = running.word_after("$EDITOR ").to_owned();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text + "# mine\n").unwrap();
    running.signal(Signal::INT);
    let mut rest = String::new();
    running.out.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("so it stays"), "{rest}");
    assert!(running.child.wait().unwrap().success());
    std::fs::remove_dir_all(Path::new(&file).parent().unwrap()).unwrap();
}

#[test]
fn a_reader_that_has_seen_enough_ends_it() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = demo(&["--port", "0"]).stdout(writer).spawn().unwrap();
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
