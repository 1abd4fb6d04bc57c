//! A PostgreSQL server of one test: its own cluster in a scratch directory, on a unix socket alone.
//!
//! PostgreSQL does not run as root. Where a test does, the server runs as the user `postgres`.

use crate::process::{Process, Signal};
use crate::scratch::Scratch;
use crate::wait::wait_for;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A running server. It is stopped when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    scratch: Scratch,
    databases: AtomicU32,
}

impl Postgres {
    /// Whether one is installed: `None` where not, and a test that needs it says so and passes.
    pub fn start_where_there_is_one() -> Option<Postgres> {
        let bin = installed()?;
        Some(Postgres::start(&bin))
    }

    fn start(bin: &std::path::Path) -> Postgres {
        let scratch = Scratch::new();
        let directory = scratch.directory();
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(directory, open).expect("a scratch directory can be opened to all");
        let cluster = scratch.path("cluster");
        let mut init = as_its_user(&bin.join("initdb"));
        init.args([
            "--auth=trust",
            "--username=portal",
            "--encoding=UTF8",
            "--no-sync",
            "-D",
        ])
        .arg(&cluster);
        let made = init.output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut command = as_its_user(&bin.join("postgres"));
        command.arg("-D").arg(&cluster).arg("-k").arg(directory);
        command.args([
            "-c",
            "listen_addresses=",
            "-c",
            "fsync=off",
            "-c",
            "max_connections=200",
        ]);
        let process = Process::start(command);
        let socket = scratch.path(".s.PGSQL.5432");
        wait_for("PostgreSQL's socket", || socket.exists().then_some(()));
        process.stderr().wait_for("PostgreSQL to be ready", |line| {
            line.contains("ready to accept connections").then_some(())
        });
        Postgres {
            process,
            scratch,
            databases: AtomicU32::new(0),
        }
    }

    /// The URL of a new, empty database.
    pub fn url(&self) -> String {
        let name = format!("portal{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let bin = installed().expect("it runs");
        let made = Command::new(bin.join("createdb"))
            .arg("-h")
            .arg(self.scratch.directory())
            .args(["-U", "portal", &name])
            .output()
            .expect("createdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        self.url_of(&name)
    }

    fn url_of(&self, name: &str) -> String {
        let host = self.scratch.directory().display().to_string().replace('/', "%2F");
        format!("postgres://portal@{host}/{name}")
    }

    /// Runs a statement with `psql` in the database of this URL's name; what it printed.
    pub fn psql(&self, url: &str, statement: &str) -> String {
        let name = url.rsplit('/').next().unwrap_or_default();
        let bin = installed().expect("it runs");
        let ran = Command::new(bin.join("psql"))
            .arg("-h")
            .arg(self.scratch.directory())
            .args(["-U", "portal", "-At", "-c", statement, name])
            .output()
            .expect("psql runs");
        format!(
            "{}{}",
            String::from_utf8_lossy(&ran.stdout),
            String::from_utf8_lossy(&ran.stderr)
        )
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // At once: nothing in it is worth keeping.
        self.process.signal(Signal::QUIT);
    }
}

/// Where its programs are.
fn installed() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let known = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all: Vec<PathBuf> = known.chain(std::env::split_paths(&path)).collect();
    all.into_iter()
        .find(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
}

fn as_its_user(program: &std::path::Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program);
    command
}
