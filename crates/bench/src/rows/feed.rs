//! How soon is a million clients read from a portal's stream, how soon is one change of them in force, what does a client weigh; and how soon does
//! a gateway decide that was started alone?

use super::Plan;
use crate::identity::crowd;
use crate::lab::{Lab, Process, ask_with, listening};
use crate::measure::{Spread, resident_bytes, tree_cpu_time};
use crate::page::{Section, Table, Target, megabytes};
use crate::roles::pinned::Moment;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

const CLIENTS: usize = 1_000_000;
const QUICK_CLIENTS: usize = 20_000;
/// Of the floor of a gateway that is alone, as the authorizers' row has it.
const FLOOR_CLIENTS: usize = 10_000;
const CHANGES: usize = 30;
const STARTS: usize = 5;
/// A read that takes longer is given up.
const READ_MAX: Duration = Duration::from_secs(300);
const READ_MS_MAX: f64 = 30_000.0;
const CHANGE_MS_MAX: f64 = 50.0;
const ALONE_MS_MAX: f64 = 1_000.0;

/// A gateway that runs.
struct Running {
    process: Process,
    begun: Moment,
    address: SocketAddr,
    admin: SocketAddr,
}

pub(super) fn run(lab: &Lab, plan: Plan) -> Result<Section> {
    let clients = if plan.quick { QUICK_CLIENTS } else { CLIENTS };
    let mut section = Section::new("A feed of 1,000,000 clients");
    section.intro = format!(
        "{clients} clients, each with an API key and two grants, over a portal's stream to a gateway with one worker that begins with an empty signed floor and writes down what it \
        shows. `read` is from the start of the process to `live` in `/ready`; a change is from the bytes that leave the publisher to the last worker's having taken it over \
        (`applied_at_ms`); `again` is a start with what was written down, to the first right decision. Alone: a signed floor of {FLOOR_CLIENTS} clients, and nobody \
        listens where its portal and its issuer should be."
    );
    follow(lab, clients, &mut section)?;
    alone(lab, if plan.quick { 1 } else { STARTS }, &mut section)?;
    Ok(section)
}

fn follow(lab: &Lab, clients: usize, section: &mut Section) -> Result<()> {
    let floor = lab.dir.join("feed.floor");
    let args = [
        OsString::from("feed"),
        format!("--clients={clients}").into(),
        format!("--floor={}", floor.display()).into(),
    ];
    let mut publisher = Process::own(lab.load_core, "feed", &args, &lab.dir)?;
    let portal: SocketAddr = publisher.first_line()?.parse().context("no address")?;
    let state_dir = lab.dir.join("feed.state");
    let configuration = configuration(lab, &floor, portal, &state_dir)?;
    let mut gateway = Running::start(lab, &configuration)?;
    gateway.wait_for(|policy| policy["state"] == "live" && policy["revision"] == 1)?;
    let read_ms = gateway.since();
    let cpu_ms = tree_cpu_time(gateway.process.id())?.total().as_secs_f64() * 1e3;
    let resident = resident_bytes(gateway.process.id())?;
    let spread = Spread::of(changes(&mut publisher, &mut gateway)?);
    let after = resident_bytes(gateway.process.id())?;
    drop(gateway);
    let mut again = Running::start(lab, &configuration)?;
    again.wait_for_decision(clients - 1)?;
    let again_ms = again.since();
    drop(again);
    std::fs::remove_dir_all(&state_dir)?;
    let head = [
        "read ms",
        "its CPU ms",
        "again ms",
        "resident MB",
        "bytes a client",
        "change median ms",
        "slowest ms",
    ];
    let mut table = Table::new("", &head);
    let of = |found: Option<f64>| found.map_or("–".to_owned(), |found| format!("{found:.0}"));
    table.row(
        &format!("{read_ms:.0}"),
        None,
        [
            format!("{cpu_ms:.0}"),
            format!("{again_ms:.0}"),
            format!("{:.0}", megabytes(after)),
            format!("{:.0}", after as f64 / clients as f64),
            of(spread.map(|spread| spread.median)),
            of(spread.map(|spread| spread.high)),
        ],
    );
    section.tables.push(table);
    section.notes.push(format!(
        "{} MB are resident just after the read; times of a change are told in whole milliseconds.",
        megabytes(resident).round()
    ));
    section.targets.push(Target::milliseconds(
        "1,000,000 clients, portal's stream: cold read to live",
        Some(read_ms),
        READ_MS_MAX,
    ));
    section.targets.push(Target::milliseconds(
        "1,000,000 clients, portal's stream: one change in every worker, slowest",
        spread.map(|spread| spread.high),
        CHANGE_MS_MAX,
    ));
    Ok(())
}

/// One client after the other is changed: milliseconds from the publisher to the last worker, of each.
fn changes(publisher: &mut Process, gateway: &mut Running) -> Result<Vec<f64>> {
    let mut took = Vec::new();
    for _ in 0..CHANGES {
        publisher.say("change")?;
        let said: Value = serde_json::from_str(&publisher.first_line()?)?;
        let applied = gateway.wait_for(|policy| policy["revision"] == said["revision"])?;
        let (sent, applied) = (said["sent_ms"].as_f64(), applied["applied_at_ms"].as_f64());
        took.push(applied.context("no time")? - sent.context("no time")?);
    }
    Ok(took)
}

fn alone(lab: &Lab, starts: usize, section: &mut Section) -> Result<()> {
    let floor = lab.dir.join("alone.floor");
    let args = [
        OsString::from("feed"),
        format!("--clients={FLOOR_CLIENTS}").into(),
        format!("--floor={}", floor.display()).into(),
        "--whole".into(),
    ];
    Process::own(lab.load_core, "feed", &args, &lab.dir)?
        .output()
        .context("cannot write the floor")?;
    let state_dir = lab.dir.join("alone.state");
    let mut took = Vec::new();
    for _ in 0..starts {
        // A port that was free a moment ago: nobody is there.
        let dead = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let configuration = configuration(lab, &floor, dead, &state_dir)?;
        let mut gateway = Running::start(lab, &configuration)?;
        gateway.wait_for_decision(FLOOR_CLIENTS - 1)?;
        took.push(gateway.since());
        let policy = gateway.policy()?;
        if policy["state"] != "floor" || !policy["age_s"].is_u64() {
            bail!("a gateway that is alone says {policy}");
        }
        drop(gateway);
        // Each of them is new.
        std::fs::remove_dir_all(&state_dir)?;
    }
    let spread = Spread::of(took).context("nothing was started")?;
    let mut table = Table::new("Alone", &["first right decision, median ms", "slowest ms"]);
    table.row(
        &format!("{:.0}", spread.median),
        None,
        [format!("{:.0}", spread.high)],
    );
    section.tables.push(table);
    section.targets.push(Target::milliseconds(
        "portal and issuer dead: process start to first right decision, slowest",
        Some(spread.high),
        ALONE_MS_MAX,
    ));
    Ok(())
}

fn configuration(lab: &Lab, floor: &Path, portal: SocketAddr, state_dir: &Path) -> Result<PathBuf> {
    let file = lab.dir.join("feed.json");
    let text = json!({
        "listen": "127.0.0.1:0",
        "admin": "127.0.0.1:0",
        "workers": 1,
        "access_log": "off",
        "allow_targets": ["127.0.0.0/8"],
        "state_dir": state_dir,
        "policy": { "floor": floor, "feed": { "portal": format!("http://{portal}"), "token": "sbg_bench" } },
        "routes": [{ "path": "/**", "respond": { "body": "right" } }],
    });
    std::fs::write(&file, text.to_string())?;
    Ok(file)
}

impl Running {
    fn start(lab: &Lab, configuration: &Path) -> Result<Running> {
        let args = ["gateway".into(), "--config".into(), configuration.into()];
        let (mut process, begun) = Process::stamped(
            lab.proxy_core,
            "gateway feed",
            &lab.programs.switchboard,
            &args,
            &[],
            &lab.dir,
        )?;
        let (address, admin) = process.wait_within(READ_MAX, |errors| {
            let log = std::fs::read_to_string(errors).ok()?;
            Some((listening(&log, "listen")?, listening(&log, "admin")?))
        })?;
        Ok(Running {
            process,
            begun,
            address,
            admin,
        })
    }

    /// Milliseconds since the program's first instruction.
    fn since(&self) -> f64 {
        Moment::now().since(self.begun).as_secs_f64() * 1e3
    }

    fn policy(&self) -> Result<Value> {
        policy(self.admin)
    }

    /// What `/ready` says of policy, once it is so.
    fn wait_for(&mut self, is_so: impl Fn(&Value) -> bool) -> Result<Value> {
        let admin = self.admin;
        self.process
            .wait_within(READ_MAX, |_| policy(admin).ok().filter(|policy| is_so(policy)))
    }

    /// Until this client's key is let through to its API, and another one is not.
    fn wait_for_decision(&mut self, number: usize) -> Result<()> {
        let address = self.address;
        let path = format!("{}/orders/7", crowd::base_path(number));
        let status = |key: &str| -> Option<u16> {
            let answer = ask_with(address, &path, &format!("X-Api-Key: {key}\r\n")).ok()?;
            let status = String::from_utf8_lossy(answer.get(9..12)?).into_owned();
            status.parse().ok()
        };
        self.process
            .wait_within(READ_MAX, |_| (status(&crowd::key(number))? == 200).then_some(()))?;
        match status(&crowd::key(number + 1)) {
            Some(401) => Ok(()),
            other => bail!("wrong answer: an unknown key is answered {other:?}"),
        }
    }
}

fn policy(admin: SocketAddr) -> Result<Value> {
    let answer = ask_with(admin, "/ready", "")?;
    let text = String::from_utf8_lossy(&answer);
    let (_, body) = text.split_once("\r\n\r\n").context("no body")?;
    let body: Value = serde_json::from_str(body)?;
    Ok(body["policy"].clone())
}
