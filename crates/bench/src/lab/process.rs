//! Child processes that end when the lab ends, however it ends: by this guard, or by their parent-death signal.

use crate::roles::pinned::Moment;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a process may take to end by itself.
const END_TIMEOUT: Duration = Duration::from_secs(3);
/// How long anything that becomes true soon is waited for, and how often it is looked at.
const READY_TIMEOUT: Duration = Duration::from_secs(20);
const READY_INTERVAL: Duration = Duration::from_millis(5);

/// One running child.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
    /// Where its standard error goes.
    errors: PathBuf,
}

impl Process {
    /// This binary in one of its roles.
    pub(crate) fn own(core: usize, name: &str, args: &[OsString], dir: &Path) -> Result<Self> {
        let own = std::env::current_exe().context("cannot tell where this binary is")?;
        Self::start(core, name, &own, args, dir, None)
    }

    /// A program on one core. Its standard error goes to a file in `dir`; its standard output to `output`, or is read here.
    pub(crate) fn start(
        core: usize,
        name: &str,
        program: &Path,
        args: &[OsString],
        dir: &Path,
        output: Option<File>,
    ) -> Result<Self> {
        Self::spawn(core, name, &[], program, args, dir, output)
    }

    /// A program on one core, with these variables in its environment, and the moment at which it began: just before this
    /// binary became it, so that neither this process nor the wrapper counts.
    pub(crate) fn stamped(
        core: usize,
        name: &str,
        program: &Path,
        args: &[OsString],
        environment: &[(&str, String)],
        dir: &Path,
    ) -> Result<(Self, Moment)> {
        let mut wrapper: Vec<OsString> = vec!["--stamp".into()];
        for (variable, value) in environment {
            wrapper.push(format!("--env={variable}={value}").into());
        }
        let mut process = Self::spawn(core, name, &wrapper, program, args, dir, None)?;
        let line = process.first_line()?;
        let begun = line
            .parse()
            .map_err(|_| anyhow::anyhow!("{name} said {line:?} instead of when it began"))?;
        Ok((process, begun))
    }

    fn spawn(
        core: usize,
        name: &str,
        wrapper: &[OsString],
        program: &Path,
        args: &[OsString],
        dir: &Path,
        output: Option<File>,
    ) -> Result<Self> {
        let errors = dir.join(format!("{}.stderr", name.replace(' ', "-")));
        let error_file =
            File::create(&errors).with_context(|| format!("cannot make {}", errors.display()))?;
        let own = std::env::current_exe().context("cannot tell where this binary is")?;
        let mut command = Command::new(own);
        command
            .args(["pinned", "--core", &core.to_string()])
            .args(wrapper)
            .arg("--")
            .arg(program)
            .args(args);
        // A group of its own: Ctrl-C ends the lab alone, and the lab's end ends the rest in order.
        command.process_group(0).stdin(Stdio::piped()).stderr(error_file);
        command.stdout(output.map_or_else(Stdio::piped, Stdio::from));
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let (input, output) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
        Ok(Self {
            name: name.to_owned(),
            child,
            input,
            output,
            errors,
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The first line that it prints.
    pub(crate) fn first_line(&mut self) -> Result<String> {
        let mut line = String::new();
        if let Some(output) = &mut self.output {
            output.read_line(&mut line)?;
        }
        match line.trim() {
            "" => bail!("{} said nothing: {}", self.name, self.complaint()),
            line => Ok(line.to_owned()),
        }
    }

    /// Sends a line to its standard input.
    pub(crate) fn say(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("its standard input is closed")?;
        writeln!(input, "{line}").with_context(|| format!("{} does not listen", self.name))
    }

    /// Closes its standard input and waits for its end; what it printed. An error if it failed.
    pub(crate) fn finish(&mut self) -> Result<String> {
        self.input = None;
        self.output()
    }

    /// Waits for its end; what it printed. An error if it failed.
    pub(crate) fn output(&mut self) -> Result<String> {
        let mut text = String::new();
        if let Some(output) = &mut self.output {
            output.read_to_string(&mut text)?;
        }
        let status = self.child.wait()?;
        if !status.success() {
            bail!("{}: {status}: {}", self.name, self.complaint());
        }
        Ok(text)
    }

    /// Looks again and again until `ready` has something; an error if the process ends or it takes too long.
    pub(crate) fn wait_until<T>(&mut self, ready: impl FnMut(&Path) -> Option<T>) -> Result<T> {
        self.wait_within(READY_TIMEOUT, ready)
    }

    /// The same with a limit of its own.
    pub(crate) fn wait_within<T>(
        &mut self,
        limit: Duration,
        mut ready: impl FnMut(&Path) -> Option<T>,
    ) -> Result<T> {
        let begun = Instant::now();
        loop {
            if let Some(found) = ready(&self.errors) {
                return Ok(found);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{}: {status}: {}", self.name, self.complaint());
            }
            if begun.elapsed() > limit {
                bail!("{} is not ready after {limit:?}: {}", self.name, self.complaint());
            }
            std::thread::sleep(READY_INTERVAL);
        }
    }

    /// All that it wrote to its standard error.
    pub(crate) fn errors(&self) -> Result<String> {
        std::fs::read_to_string(&self.errors)
            .with_context(|| format!("cannot read {}", self.errors.display()))
    }

    /// The end of its standard error.
    pub(crate) fn complaint(&self) -> String {
        let text = std::fs::read(&self.errors).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let last: Vec<&str> = text.lines().rev().take(5).collect();
        if last.is_empty() {
            return "nothing on standard error".to_owned();
        }
        last.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let signal = |signal| {
            if let Some(pid) = pid {
                let _ = kill_process(pid, signal);
            }
        };
        signal(Signal::TERM);
        let begun = Instant::now();
        while begun.elapsed() < END_TIMEOUT {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(READY_INTERVAL);
        }
        signal(Signal::KILL);
        let _ = self.child.wait();
    }
}
