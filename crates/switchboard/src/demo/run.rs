//! Starts the services and the gateway, lets the tour run beside them, stays up, and ends everything in order.

use super::place::Place;
use super::services::Services;
use super::stage::Stage;
use crate::commands::gateway::Signals;
use crate::logging;
use crate::serving::Serving;
use ::gateway::{StartError, configuration};
use anyhow::Context as _;
use clap::Parser;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tokio::sync::oneshot;

/// Where the admin port is, if it is free.
const ADMIN_PORT: u16 = 9901;

/// Three small services, an identity provider and a gateway in one process, and a tour of requests. Ctrl-C ends it.
#[derive(Debug, Parser)]
pub(crate) struct Demo {
    /// Where the gateway listens on 127.0.0.1; a free port is taken where this one cannot be had
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// End after the tour instead of staying up
    #[arg(long)]
    once: bool,
}

impl Demo {
    /// Runs until a signal, or with `--once` until the tour is over.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        logging::start("warn");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        match runtime.block_on(self.perform()) {
            // Whoever read the output has seen enough, as `head` does.
            Err(error) if is_closed_pipe(&error) => Ok(ExitCode::SUCCESS),
            Err(error) => Err(error),
            Ok(()) => Ok(ExitCode::SUCCESS),
        }
    }

    async fn perform(self) -> anyhow::Result<()> {
        let mut signals = Signals::new()?;
        let services = Services::start().context("cannot start the services")?;
        let Raised {
            serving,
            place,
            refusal,
        } = raise(self.port, &services)?;
        let mut stage = Stage::new(&serving, services, place)?;
        stage.introduce(refusal.map(|error| (self.port, error)))?;

        let stopped = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stopped);
        let (over, ended) = oneshot::channel();
        // The tour blocks, and this thread has the admin port, reloads and signals to look after.
        let tour = thread::Builder::new().name("tour".to_owned()).spawn(move || {
            let outcome = stage.tour(&seen);
            // Nobody waits any more where a signal came first.
            let _ = over.send(());
            (stage, outcome)
        })?;
        let is_over = tokio::select! {
            () = signals.until_end(&serving) => false,
            _ = ended => true,
        };
        stopped.store(true, Ordering::Relaxed);
        if !is_over {
            serving.drain();
            let (stage, _) = join(tour);
            return stage.end();
        }
        let (mut stage, outcome) = join(tour);
        let outcome = match outcome {
            Ok(()) if !self.once => stage.stay().map_err(Into::into),
            outcome => outcome,
        };
        if outcome.is_ok() && !self.once {
            signals.until_end(&serving).await;
        }
        serving.drain();
        outcome.and(stage.end())
    }
}

fn join<T>(thread: thread::JoinHandle<T>) -> T {
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// A gateway that serves.
struct Raised {
    serving: Serving,
    place: Place,
    /// Why the port that was asked for could not be had, where another one was taken.
    refusal: Option<io::Error>,
}

/// Starts the gateway on `port`, and its admin port where it always is, each on any free port where that one is taken.
fn raise(port: u16, services: &Services) -> anyhow::Result<Raised> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let admin_port = if port == ADMIN_PORT { 0 } else { ADMIN_PORT };
    let (mut listen, mut admin) = (at(port), at(admin_port));
    let mut refusal = None;
    // Three rounds at most: each port is given up once.
    loop {
        let place = Place::prepare(listen, admin, services)?;
        let started = Serving::start(configuration::load(&place.file())?, Some(place.file()));
        let error = match started {
            Ok(serving) => {
                return Ok(Raised {
                    serving,
                    place,
                    refusal,
                });
            }
            Err(error) => error,
        };
        match error.downcast::<StartError>()? {
            StartError::Listen { address, source } if address == listen && address.port() != 0 => {
                refusal = Some(source);
                listen = at(0);
            }
            StartError::Listen { address, .. } if address == admin && address.port() != 0 => admin = at(0),
            error => return Err(error.into()),
        }
    }
}

/// Only writing to standard output leaves an I/O error in the chain; what a connection does is told in words.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
