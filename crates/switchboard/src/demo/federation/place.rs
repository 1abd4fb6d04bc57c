//! The files of the second act: the portal's data, and a directory for each gateway with its configuration, its token and its floor.

use super::people::ENVIRONMENT;
use anyhow::Context as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Removed when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    dir: TempDir,
}

impl Place {
    pub(super) fn prepare() -> anyhow::Result<Place> {
        let dir = tempfile::Builder::new()
            .prefix("switchboard-federation-")
            .tempdir()
            .context("cannot make a directory for portal and gateways")?;
        Ok(Place { dir })
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// What the portal wrote at its first start.
    pub(super) fn admin_token(&self) -> anyhow::Result<String> {
        let file = self.path().join("portal/admin.token");
        let token = std::fs::read_to_string(&file);
        let token = token.with_context(|| format!("cannot read {}", file.display()))?;
        Ok(token.trim().to_owned())
    }

    /// A directory for a gateway, with all that it starts with.
    pub(super) fn gateway(&self, name: &str, given: &Given<'_>) -> anyhow::Result<PathBuf> {
        let dir = self.path().join(name);
        std::fs::create_dir(&dir)?;
        std::fs::write(dir.join("token"), given.token)?;
        std::fs::write(dir.join("policy.floor"), given.floor)?;
        let (portal, service) = (given.portal, given.service);
        let yaml = format!(
            "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nenvironment: {ENVIRONMENT}\nstate_dir: state\naccess_log: off\nallow_targets: [127.0.0.0/8]\n\
             policy:\n  floor: policy.floor\n  feed: {{ portal: \"http://{portal}\", token: \"${{file:token}}\" }}\n\
             routes:\n  - {{ path: /api/orders/**, upstream: \"http://{service}\", strip_prefix: /api }}\n"
        );
        std::fs::write(dir.join("switchboard.yaml"), yaml)?;
        Ok(dir)
    }
}

/// What a gateway is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'g> {
    /// Who it is to the portal.
    pub(super) token: &'g str,
    /// What it decides by until the portal says more.
    pub(super) floor: &'g str,
    pub(super) portal: SocketAddr,
    /// Behind its one route.
    pub(super) service: SocketAddr,
}
