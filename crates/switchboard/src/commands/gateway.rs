//! `switchboard gateway --config FILE`: serve until SIGTERM, and end when what was in flight is answered.

use super::unreadable;
use crate::logging;
use crate::serving::Serving;
use ::gateway::configuration;
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code: 0 after SIGTERM and a drained end; 1 on a bad configuration, or when the drain deadline cut a request;
/// 2 when the file cannot be read.
#[derive(Debug, Parser)]
pub(crate) struct Gateway {
    /// The configuration, YAML or JSON; a change of it is taken over without a restart
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Gateway {
    /// Serves.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        logging::start("info");
        let checked = match configuration::load(&self.config) {
            Ok(checked) => checked,
            Err(error) => return Ok(unreadable(error)),
        };
        if !checked.problems.is_empty() {
            anstream::eprint!("{}", checked.render());
        }
        if checked.configuration.is_none() {
            anstream::eprintln!("{}: not served; mend the errors above", self.config.display());
            return Ok(ExitCode::FAILURE);
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let drained = runtime.block_on(async {
            let mut signals = Signals::new()?;
            let serving = Serving::start(checked, Some(self.config))?;
            signals.until_end(&serving).await;
            anyhow::Ok(serving.drain())
        })?;
        Ok(if drained {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// The signals that a gateway listens to.
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    /// From here on they no longer end the process by themselves.
    pub(crate) fn new() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Returns on SIGTERM or SIGINT; SIGHUP reloads meanwhile and opens the access log anew.
    pub(crate) async fn until_end(&mut self, serving: &Serving) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => serving.hang_up(),
            }
        }
    }
}
