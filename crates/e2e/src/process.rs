//! Child processes: the binary under test, what it prints line by line, and signals.

use crate::wait::{LIMIT, wait_for, wait_within};
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The binary under test, as cargo built it beside this test's executable.
pub fn binary() -> PathBuf {
    let binary = beside("switchboard");
    assert!(
        binary.is_file(),
        "{} is not built; run `cargo build -p switchboard`",
        binary.display()
    );
    binary
}

/// Where cargo puts the binary of this name, of the same profile as this test's executable.
pub(crate) fn beside(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a process knows its executable");
    let profile = own
        .ancestors()
        .nth(2)
        .expect("tests run from target/PROFILE/deps");
    profile.join(name)
}

/// Where `cargo xtask` installs what tests need.
pub(crate) fn tools(name: &str) -> PathBuf {
    let profile = beside("");
    let target = profile.parent().expect("a profile's directory has one above it");
    target.join("tools").join(name)
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
pub fn run(command: Command) -> Finished {
    Process::start(command).finish()
}

/// A child process that does not outlive its test.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

impl Process {
    /// Starts it; whatever it prints is kept.
    pub fn start(mut command: Command) -> Process {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary can be started");
        let stdout = Lines::of(child.stdout.take().expect("stdout is piped"));
        let stderr = Lines::of(child.stderr.take().expect("stderr is piped"));
        Process {
            child,
            stdout,
            stderr,
        }
    }

    /// What it prints.
    pub fn stdout(&self) -> &Lines {
        &self.stdout
    }

    /// What it complains about, and its operational log.
    pub fn stderr(&self) -> &Lines {
        &self.stderr
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        // A process that has ended cannot be signalled; whoever waits for it finds out.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Whether it is over.
    pub fn has_ended(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("a child can be waited for")
            .is_some()
    }

    /// Waits for its end; the exit code, `None` where a signal ended it.
    pub fn wait(&mut self) -> Option<i32> {
        let ended = || self.child.try_wait().expect("a child can be waited for");
        wait_for("the end of the process", ended).code()
    }

    /// Waits for its end, and for the end of what it prints.
    pub fn finish(self) -> Finished {
        self.finish_within(LIMIT)
    }

    /// As `finish`, for a program that may take longer than [`LIMIT`].
    pub fn finish_within(mut self, limit: Duration) -> Finished {
        let ended = || self.child.try_wait().expect("a child can be waited for");
        let status = wait_within(limit, "the end of the process", ended);
        Finished {
            code: status.code(),
            stdout: self.stdout.to_the_end(),
            stderr: self.stderr.to_the_end(),
        }
    }
}

impl Drop for Process {
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
    fn of(pipe: impl Read + Send + 'static) -> Lines {
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
