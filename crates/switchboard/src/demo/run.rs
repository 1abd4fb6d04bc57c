//! Starts the services and the gateway, lets the tour run beside them, stays up, and ends everything in order.

use super::place::Place;
use super::screen::Screen;
use super::services::Services;
use super::shop::Service;
use super::tour::Tour;
use crate::commands::gateway::Signals;
use crate::logging;
use crate::serving::Serving;
use anyhow::{Context as _, bail};
use clap::Parser;
use ::gateway::configuration;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tokio::sync::oneshot;

/// Where the admin port is, if it is free.
const ADMIN_PORT: u16 = 9901;

/// Three small services and a gateway in one process, and a tour of requests. Ctrl-C ends it.
#[derive(Debug, Parser)]
pub(crate) struct Demo {
    /// Where the gateway listens on 127.0.0.1; a free port is taken where this one is in use
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// End after the tour instead of staying up
    #[arg(long)]
    once: bool,
}
