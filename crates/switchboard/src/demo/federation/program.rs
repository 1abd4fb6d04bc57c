//! This binary in another role, as a process of its own: started, found by the addresses that its log names, and killed.

use anyhow::{Context as _, bail};
use serde_json::Value;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take until it listens.
const START_PATIENCE: Duration = Duration::from_secs(20);
const START_POLL: Duration = Duration::from_millis(5);

/// It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    pub(super) addresses: Addresses,
}

/// Where it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addresses {
    pub(super) listen: SocketAddr,
    /// Where it has an admin port.
    pub(super) admin: Option<SocketAddr>,
}

impl Program {
    /// Starts it in this directory, its log in a file of this name, and waits until it listens.
    pub(super) fn start(dir: &Path, name: &str, arguments: &[&str]) -> anyhow::Result<Program> {
        let log = dir.join(format!("{name}.log"));
        let child = spawn(dir, &log, arguments).with_context(|| format!("cannot start the {name}"))?;
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut program = Program {
            child,
            addresses: Addresses {
                listen: nowhere,
                admin: None,
            },
        };
        program.addresses = program
            .listening(&log)
            .with_context(|| format!("the {name} does not listen"))?;
        Ok(program)
    }

    fn listening(&mut self, log: &Path) -> anyhow::Result<Addresses> {
        let begun = Instant::now();
        loop {
            let text = std::fs::read_to_string(log)?;
            if let Some(addresses) = text.lines().find_map(addresses) {
                return Ok(addresses);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}: {text}");
            }
            if begun.elapsed() > START_PATIENCE {
                bail!("its log names no address after {START_PATIENCE:?}: {text}");
            }
            thread::sleep(START_POLL);
        }
    }

    /// Ends it as a crash does.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that was killed before cannot be killed again.
        let _ = self.kill();
    }
}

fn spawn(dir: &Path, log: &PathBuf, arguments: &[&str]) -> anyhow::Result<Child> {
    let child = Command::new(std::env::current_exe()?)
        .args(arguments)
        .current_dir(dir)
        .env("SWITCHBOARD_LOG", "info")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(log)?)
        .spawn()?;
    Ok(child)
}

fn addresses(line: &str) -> Option<Addresses> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields")?;
    if fields.get("message")? != "listening" {
        return None;
    }
    let address = |name: &str| fields.get(name).and_then(Value::as_str)?.parse().ok();
    Some(Addresses {
        listen: address("listen")?,
        admin: address("admin"),
    })
}

#[cfg(test)]
mod tests {
    //! Addresses are found in a log.

    use super::*;

    #[test]
    fn a_log_names_addresses() {
        let line = r#"{"fields":{"message":"listening","listen":"127.0.0.1:4000","admin":"127.0.0.1:4001"}}"#;
        let found = addresses(line).unwrap();
        assert_eq!((found.listen.port(), found.admin.unwrap().port()), (4000, 4001));
        let line = r#"{"fields":{"message":"listening","listen":"127.0.0.1:4000"}}"#;
        assert!(addresses(line).unwrap().admin.is_none());
        for line in [
            r#"{"fields":{"message":"else","listen":"127.0.0.1:4000"}}"#,
            "listening",
        ] {
            assert!(addresses(line).is_none(), "{line}");
        }
    }
}
