//! The AWS provider as a process that stays: Terraform starts one for each step of each call otherwise, several in a plan, and each takes seconds
//! of a core before it says a word. Terraform calls this reattaching; what it asks of the provider is the same.

use crate::process::{Process, tools};
use crate::scratch::Scratch;
use crate::wait::wait_within;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What the provider writes its address behind, and Terraform reads it from.
pub(super) const VARIABLE: &str = "TF_REATTACH_PROVIDERS";

/// Terraform and its providers are written in Go, and spend most of their time on collecting again and again what a schema has of small values.
/// Four times the memory is some 2 GB.
pub(super) const COLLECTOR: (&str, &str) = ("GOGC", "400");

/// It makes its schema before it says where it is.
const START: Duration = Duration::from_secs(60);

/// Below a mirror: its versions.
const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";

/// A running provider.
#[derive(Debug)]
pub(super) struct Provider {
    /// What [`VARIABLE`] says.
    pub(super) address: String,
    _process: Process,
    /// Its socket's directory.
    _scratch: Scratch,
}

impl Provider {
    /// For the configuration in this directory: files are found from there.
    pub(super) fn start(directory: &Path) -> Provider {
        let scratch = Scratch::new();
        let mut command = Command::new(program());
        command
            .arg("-debug")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", scratch.directory())
            .env("TMPDIR", scratch.directory())
            .env(COLLECTOR.0, COLLECTOR.1)
            .current_dir(directory)
            .stdin(Stdio::null());
        let process = Process::start(command);
        let address = wait_within(START, "the provider's address", || {
            process.stdout().so_far().iter().find_map(|line| address_in(line))
        });
        Provider {
            address,
            _process: process,
            _scratch: scratch,
        }
    }
}

/// `TF_REATTACH_PROVIDERS='{…}'`.
fn address_in(line: &str) -> Option<String> {
    let behind = line.split_once(&format!("{VARIABLE}='"))?.1;
    Some(behind.strip_suffix('\'')?.to_owned())
}

/// The newest below the mirror that `cargo xtask terraform` links.
fn program() -> PathBuf {
    let plugins = tools("terraform-plugins").join(PROVIDER);
    let mut found: Vec<PathBuf> = below(&plugins)
        .iter()
        .flat_map(|version| below(version))
        .flat_map(|platform| below(&platform))
        .filter(|file| {
            file.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("terraform-provider-aws"))
        })
        .collect();
    found.sort();
    found
        .pop()
        .expect("the AWS provider is not linked; `cargo xtask terraform` does that")
}

fn below(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
