//! What does a decision cost among a million clients, in Rust and in TypeScript; how soon is a change seen, and what does a
//! client weigh?

use super::Plan;
use crate::lab::{EXTRA_ROUNDS, Lab, Process, keep};
use crate::measure::Spread;
use crate::page::{Section, Table, Target, spread_cell};
use anyhow::{Context, Result};
use serde_json::Value;
use std::ffi::OsString;
use std::path::Path;

const CLIENTS: usize = 1_000_000;
const QUICK_CLIENTS: usize = 20_000;
/// Decisions of a round: enough for steal time to show, which is told in hundredths of a second.
const DECISIONS: usize = 1_000_000;
const QUICK_DECISIONS: usize = 50_000;
const CHANGE_MS_MAX: f64 = 50.0;
/// So that memory can be told after a collection, and a million clients have room.
const NODE_FLAGS: [&str; 2] = ["--expose-gc", "--max-old-space-size=12000"];

/// What one language's role said.
#[derive(Debug)]
struct Report {
    floor_bytes: f64,
    ready_ms: f64,
    memory_bytes: f64,
    ns: Vec<f64>,
    /// Rounds that were thrown away, and disturbed ones that were kept.
    thrown_away: usize,
    disturbed: usize,
    changes: Vec<(String, Vec<f64>)>,
}

pub(super) fn run(lab: &Lab, plan: Plan) -> Result<Section> {
    let clients = if plan.quick { QUICK_CLIENTS } else { CLIENTS };
    let mut section = Section::new("Decisions among 1,000,000 clients");
    section.intro = format!(
        "{clients} clients, each with an API key and two grants; 50 APIs with four operations. Requests go uniformly at random over all \
        clients, and every one has to be permitted to the right one. A decision begins with the bytes of path, host and key: \
        the canonical path, the key's SHA-256, client, operation, grant and scopes are all in it. `ready` is from the bytes \
        of a floor, its digest checked, to the first decision; a change is from the record to the policy that the next request sees. Memory is what the process holds more than before: resident in Rust, \
        heap and buffers after a collection in TypeScript."
    );
    let floor = lab.dir.join("crowd.floor");
    let args = [
        OsString::from("crowd"),
        format!("--clients={clients}").into(),
        format!("--floor={}", floor.display()).into(),
    ];
    Process::own(lab.load_core, "crowd", &args, &lab.dir)?
        .output()
        .context("cannot write the floor")?;
    let head = [
        "language",
        "CPU ns a decision",
        "ready ms",
        "floor MB",
        "memory MB",
        "bytes a client",
    ];
    let mut table = Table::new("", &head);
    let mut changes = Table::new("One change", &["what", "language", "median ms", "slowest ms"]);
    let reports = [
        ("Rust", 1_000.0, rust(lab, plan, clients, &floor)),
        ("TypeScript", 10_000.0, typescript(lab, plan, clients, &floor)),
    ];
    for (language, ns_max, report) in reports {
        tell_costs(&mut table, language, clients, &report);
        let slowest = tell_changes(&mut changes, language, &report);
        if let Ok(report) = &report {
            section.notes.push(report.note(language));
        }
        let ns = report.ok().and_then(|report| Spread::of(report.ns));
        section.targets.push(Target::microseconds(
            &format!("1,000,000 clients, {language}: one decision"),
            ns.map(|ns| ns.median / 1e3),
            ns_max / 1e3,
        ));
        section.targets.push(Target::milliseconds(
            &format!("1,000,000 clients, {language}: one change, slowest of all"),
            slowest,
            CHANGE_MS_MAX,
        ));
    }
    section.tables.extend([table, changes]);
    std::fs::remove_file(&floor)?;
    Ok(section)
}

fn tell_costs(table: &mut Table, language: &str, clients: usize, report: &Result<Report>) {
    match report {
        Ok(report) => table.row(
            language,
            None,
            [
                spread_cell(&report.ns, 0),
                format!("{:.0}", report.ready_ms),
                format!("{:.0}", report.floor_bytes / 1e6),
                format!("{:.0}", report.memory_bytes / 1e6),
                format!("{:.0}", report.memory_bytes / clients as f64),
            ],
        ),
        Err(error) => table.row(
            language,
            Some(&format!("{error:#}")),
            [const { String::new() }; 5],
        ),
    }
}

/// The slowest of all changes, in milliseconds.
fn tell_changes(table: &mut Table, language: &str, report: &Result<Report>) -> Option<f64> {
    let spreads = report.as_ref().ok()?.changes.iter();
    let mut slowest = None;
    for (what, took) in spreads {
        let spread = Spread::of(took.iter().copied())?;
        slowest = Some(slowest.map_or(spread.high, |slowest: f64| slowest.max(spread.high)));
        let cells = [
            language.to_owned(),
            format!("{:.3}", spread.median),
            format!("{:.3}", spread.high),
        ];
        table.row(what, None, cells);
    }
    slowest
}

impl Report {
    fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).with_context(|| format!("it printed {text:?}"))?;
        let read = || {
            let numbers = |value: &Value| {
                value
                    .as_array()?
                    .iter()
                    .map(Value::as_f64)
                    .collect::<Option<Vec<_>>>()
            };
            let number = |name: &str| value[name].as_f64();
            let rounds = value["rounds"].as_array()?.iter();
            let mut rounds: Vec<(f64, f64)> = rounds
                .map(|round| Some((round["ns"].as_f64()?, round["stolen"].as_f64()?)))
                .collect::<Option<_>>()?;
            let tried = rounds.len();
            let disturbed = keep(&mut rounds, tried, |round| round.1);
            let changes = value["changes"].as_array()?.iter();
            Some(Self {
                floor_bytes: number("floor_bytes")?,
                ready_ms: number("ready_ms")?,
                memory_bytes: number("memory_after")? - number("memory_before")?,
                thrown_away: tried - rounds.len(),
                ns: rounds.into_iter().map(|(ns, _)| ns).collect(),
                disturbed,
                changes: changes
                    .map(|change| Some((change["what"].as_str()?.to_owned(), numbers(&change["ms"])?)))
                    .collect::<Option<_>>()?,
            })
        };
        read().with_context(|| format!("it printed {text:?}"))
    }

    fn note(&self, language: &str) -> String {
        let Self {
            ns,
            thrown_away,
            disturbed,
            ..
        } = self;
        let mut note = format!(
            "{language}: {} rounds, {thrown_away} more discarded for steal time",
            ns.len()
        );
        if *disturbed > 0 {
            note.push_str(&format!(
                "; {disturbed} of those kept were disturbed too, for want of better"
            ));
        }
        note + "."
    }
}

/// What both roles are told.
fn args(lab: &Lab, plan: Plan, clients: usize, floor: &Path) -> Vec<OsString> {
    let decisions = if plan.quick { QUICK_DECISIONS } else { DECISIONS };
    let extra = if plan.quick { 0 } else { EXTRA_ROUNDS };
    let args = [
        format!("--floor={}", floor.display()),
        format!("--clients={clients}"),
        format!("--rounds={}", plan.rounds + extra),
        format!("--decisions={decisions}"),
        format!("--core={}", lab.proxy_core),
    ];
    args.map(OsString::from).into()
}

fn rust(lab: &Lab, plan: Plan, clients: usize, floor: &Path) -> Result<Report> {
    let mut given = vec![OsString::from("decide")];
    given.extend(args(lab, plan, clients, floor));
    let mut role = Process::own(lab.proxy_core, "decide", &given, &lab.dir)?;
    Report::parse(&role.output()?)
}

fn typescript(lab: &Lab, plan: Plan, clients: usize, floor: &Path) -> Result<Report> {
    let mut given = NODE_FLAGS.map(OsString::from).to_vec();
    given.push(lab.programs.policy_bench.clone().into_os_string());
    given.extend(args(lab, plan, clients, floor));
    let node = &lab.programs.node;
    let mut role = Process::start(lab.proxy_core, "decide node", node, &given, &lab.dir, None)?;
    Report::parse(&role.output()?)
}
