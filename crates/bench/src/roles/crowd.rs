//! Writes the floor of a policy of any size. A process of its own, so that the memory it takes is gone before anything is
//! measured.

use crate::identity::crowd::entities;
use anyhow::{Context, Result};
use clap::Args;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Arguments of the role.
#[derive(Debug, Args)]
pub(crate) struct Crowd {
    /// How many clients.
    #[arg(long)]
    clients: usize,
    /// Where the floor is written.
    #[arg(long, value_name = "FILE")]
    floor: PathBuf,
}

impl Crowd {
    /// Prints nothing.
    pub(crate) fn run(self) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let entities: Vec<_> = entities(self.clients).collect();
        let parts = entities
            .iter()
            .map(|entity| (entity.kind, entity.id.as_str(), entity.body.as_str()));
        let written = feed::write_floor("bench", now, now, parts);
        std::fs::write(&self.floor, written.bytes)
            .with_context(|| format!("cannot write {}", self.floor.display()))
    }
}
