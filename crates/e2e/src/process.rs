//! Child processes: the binary under test, what it prints line by line, and signals.

use crate::wait::{LIMIT, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

/// The binary under test, as cargo built it beside this test's executable.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("a process knows its executable");
    let profile = own
        .ancestors()
        .nth(2)
        .expect("tests run from target/PROFILE/deps");
    let binary = profile.join("switchboard");
    assert!(
        binary.is_file(),
        "{} is not built; run `cargo build -p switchboard`",
        binary.display()
    );
    binary
}

/// A command of the binary under test, without the caller's colours and log settings.
pub fn switchboard(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .env_remove("SWITCHBOARD_LOG")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null());
    command
}

/// A command that ended.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

/// Runs a command to its end, within [`LIMIT`].
pub fn run(mut command: Command) -> Finished {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running::start(command);
    let stdout = Lines::of(running.child.stdout.take().expect("stdout is piped"));
    let stderr = Lines::of(running.child.stderr.take().expect("stderr is piped"));
    let status = running.wait();
    Finished {
        code: status.code(),
        stdout: stdout.to_the_end(),
        stderr: stderr.to_the_end(),
    }
}

/// A child process that does not outlive its test.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) child: Child,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Running {
        let child = command.spawn().expect("the binary can be started");
        Running { child }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // A process that has ended cannot be signalled; whoever waits for it finds out.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait_for("the end of the process", || {
            self.child.try_wait().expect("a child can be waited for")
        })
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("a child can be waited for")
            .is_none()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process printed so far, read by a thread so that the process never waits for its reader.
#[derive(Debug, Clone)]
pub struct Lines {
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    /// Reads this pipe from now on.
    pub fn of(pipe: impl Read + Send + 'static) -> Lines {
        let lines = Lines { seen: Arc::default() };
        let seen = Arc::clone(&lines.seen);
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n') {
                let Ok(line) = line else { break };
                let line = String::from_utf8_lossy(&line).into_owned();
                seen.lock().expect("no reader panics").lines.push(line);
            }
            seen.lock().expect("no reader panics").ended = true;
        });
        lines
    }

    /// All lines so far.
    pub fn so_far(&self) -> Vec<String> {
        self.seen.lock().expect("no reader panics").lines.clone()
    }

    /// Everything, once the other end is closed.
    pub fn to_the_end(&self) -> String {
        wait_for("the end of a process's output", || {
            let seen = self.seen.lock().expect("no reader panics");
            seen.ended.then(|| seen.lines.join("\n"))
        })
    }

    /// Waits for the first line that `wanted` makes something of.
    pub fn wait_for<T>(&self, what: &str, mut wanted: impl FnMut(&str) -> Option<T>) -> T {
        let mut next = 0;
        let until = std::time::Instant::now() + LIMIT;
        loop {
            let lines = self.so_far();
            if let Some(found) = lines[next..].iter().find_map(|line| wanted(line)) {
                return found;
            }
            next = lines.len();
            let ended = self.seen.lock().expect("no reader panics").ended && next == self.so_far().len();
            assert!(
                !ended && std::time::Instant::now() < until,
                "waited in vain for {what}; printed:\n{}",
                lines.join("\n")
            );
            std::thread::park_timeout(std::time::Duration::from_millis(2));
        }
    }
}
