//! Becomes another program, on one core, that cannot outlive the lab. A wrapper process because all three settings must
//! be made in the child before it runs the program, and survive `exec`.

use anyhow::{Context, Result};
use clap::Args;
use rustix::process::{Resource, Signal, getrlimit, set_parent_process_death_signal, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use std::ffi::OsString;
use std::fmt;
use std::io::Write;
use std::num::ParseIntError;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::str::FromStr;
use std::time::Duration;

/// Arguments of the role.
#[derive(Debug, Args)]
pub(crate) struct Pinned {
    /// Which core.
    #[arg(long)]
    core: usize,
    /// Set in its environment, `NAME=VALUE`.
    #[arg(long)]
    env: Vec<String>,
    /// Print the moment at which the program begins.
    #[arg(long)]
    stamp: bool,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<OsString>,
}

impl Pinned {
    /// Does not return if the program starts.
    pub(crate) fn run(self) -> Result<()> {
        pin(self.core)?;
        // SIGTERM, not SIGKILL: nginx's master then takes its worker along.
        set_parent_process_death_signal(Some(Signal::TERM))
            .context("cannot ask for a parent-death signal")?;
        let mut files = getrlimit(Resource::Nofile);
        files.current = files.maximum;
        setrlimit(Resource::Nofile, files).context("cannot raise the limit of open files")?;
        let (program, args) = self.command.split_first().context("no program")?;
        let mut command = Command::new(program);
        command.args(args);
        command.envs(self.env.iter().filter_map(|pair| pair.split_once('=')));
        if self.stamp {
            writeln!(std::io::stdout(), "{}", Moment::now())?;
        }
        let error = command.exec();
        Err(error).with_context(|| format!("cannot start {}", program.display()))
    }
}

/// A moment on a clock that all processes share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Duration);

impl Moment {
    pub(crate) fn now() -> Self {
        let now = clock_gettime(ClockId::Monotonic);
        // The time since the machine started is neither negative nor out of range.
        Self(Duration::try_from(now).unwrap_or_default())
    }

    /// From an earlier moment to this one.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Nanoseconds, in decimal.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_nanos())
    }
}

impl FromStr for Moment {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        Ok(Self(Duration::from_nanos(text.parse()?)))
    }
}

/// Keeps the calling thread, and what it starts from now on, on one core.
pub(crate) fn pin(core: usize) -> Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores).with_context(|| format!("cannot stay on core {core}"))
}
