//! Becomes another program, on one core, that cannot outlive the lab. A wrapper process because all three settings must
//! be made in the child before it runs the program, and survive `exec`.

use anyhow::{Context, Result};
use clap::Args;
use rustix::process::{Resource, Signal, getrlimit, set_parent_process_death_signal, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Arguments of the role.
#[derive(Debug, Args)]
pub(crate) struct Pinned {
    /// Which core.
    #[arg(long)]
    core: usize,
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
        let error = Command::new(program).args(args).exec();
        Err(error).with_context(|| format!("cannot start {}", program.display()))
    }
}

/// Keeps the calling thread, and what it starts from now on, on one core.
pub(crate) fn pin(core: usize) -> Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores).with_context(|| format!("cannot stay on core {core}"))
}
