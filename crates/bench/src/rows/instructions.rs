//! How many instructions does a request take in user space? Unlike time, the count hardly varies from run to run, so a
//! small difference shows. The processor counts them (`perf stat`) where the machine lets it, else an emulator does
//! (`valgrind --tool=callgrind`).

use super::{ENVOY, FLOOR, FORWARDER, HAPROXY, NGINX, Plan, SWITCHBOARD, start_all};
use crate::lab::{Kind, Lab, LoadReport, Process, Proxy, Shot, Wrapper};
use crate::measure::tree;
use crate::page::{Section, Table};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

const EVENT: &str = "instructions:u";
/// Of the shorter run under the emulator, in seconds; the longer one takes `LONGER` times as long.
const SHORT_SECONDS: f64 = 1.0;
const LONGER: f64 = 4.0;

pub(super) fn run(lab: &Lab, plan: Plan) -> Result<Section> {
    let mut section = Section::new("Instructions a request");
    let mut table = Table::new("", &["proxy", "user-space instructions"]);
    let mut row = |name: &str, counted: Result<f64>| match counted {
        Ok(count) => table.row(name, None, [format!("{count:.0}")]),
        Err(error) => table.row(name, Some(&format!("{error:#}")), [String::new()]),
    };
    if perf_counts() {
        section.intro = "Under the plain row's load, from `perf stat`.".to_owned();
        let wanted = [NGINX, HAPROXY, ENVOY, FLOOR, FORWARDER, SWITCHBOARD];
        for proxy in &start_all(lab, &wanted, &mut section) {
            row(&proxy.name, by_processor(lab, proxy, &Shot::plain(plan.seconds)));
        }
    } else if emulator_is_there() {
        section.intro = "Under the plain row's load, from callgrind, since `perf` cannot count on this machine. What a longer \
            run has more than a shorter one, divided by the requests that it has more: starting up counts for nothing. \
            Envoy is too large for the emulator."
            .to_owned();
        for (name, kind) in [NGINX, HAPROXY, FLOOR, FORWARDER, SWITCHBOARD] {
            row(name, by_emulator(lab, name, kind));
        }
    } else {
        section
            .notes
            .push("Not measured: `perf` cannot count on this machine, and valgrind is not there.".to_owned());
        return Ok(section);
    }
    section.tables.push(table);
    Ok(section)
}

/// Whether a trial count yields a number: in many virtual machines it does not.
fn perf_counts() -> bool {
    let trial = Command::new("perf")
        .args(["stat", "-x,", "-e", EVENT, "true"])
        .output();
    trial.is_ok_and(|trial| parse_perf(&String::from_utf8_lossy(&trial.stderr)).is_some())
}

fn emulator_is_there() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok()
}

fn by_processor(lab: &Lab, proxy: &Proxy, shot: &Shot) -> Result<f64> {
    let processes: Vec<String> = tree(proxy.process.id())?
        .iter()
        .map(ToString::to_string)
        .collect();
    // It counts for as long as its command runs: this binary, as the load.
    let own = std::env::current_exe()?;
    let mut args: Vec<OsString> = ["stat", "-x,", "-e", EVENT, "-p"].map(Into::into).into();
    args.extend([processes.join(",").into(), "--".into(), own.into_os_string()]);
    args.extend(shot.args(proxy.address));
    let mut perf = Process::start(lab.load_core, "perf", Path::new("perf"), &args, &lab.dir, None)?;
    let report = LoadReport::parse(&perf.output()?)?;
    proxy.empty_log()?;
    let output = perf.errors()?;
    let count = parse_perf(&output).with_context(|| format!("perf printed {output:?}"))?;
    Ok(count / report.requests as f64)
}

fn by_emulator(lab: &Lab, name: &str, kind: Kind) -> Result<f64> {
    let run = |name: &str, seconds: f64| -> Result<(f64, f64)> {
        let counts = lab.dir.join(format!("{}.callgrind", name.replace(' ', "-")));
        std::fs::create_dir_all(&counts)?;
        let log = format!("--log-file={}/%p", counts.display());
        let flags = ["--tool=callgrind", "--callgrind-out-file=/dev/null", &log];
        let wrapper = Wrapper {
            program: "valgrind".into(),
            args: flags.map(OsString::from).into(),
        };
        let proxy = lab.start_in(&wrapper, name, kind)?;
        let requests = lab.measure(&proxy, &Shot::plain(seconds))?.requests;
        // The counts are written when the processes end.
        drop(proxy);
        let mut sum = 0.0;
        for entry in std::fs::read_dir(&counts)? {
            sum += parse_callgrind(&std::fs::read_to_string(entry?.path())?).unwrap_or(0.0);
        }
        Ok((sum, requests as f64))
    };
    let short = run(&format!("{name} emulated"), SHORT_SECONDS)?;
    let long = run(&format!("{name} emulated longer"), SHORT_SECONDS * LONGER)?;
    let (instructions, requests) = (long.0 - short.0, long.1 - short.1);
    if instructions <= 0.0 || requests <= 0.0 {
        bail!("the longer run did not do more: {long:?} after {short:?}");
    }
    Ok(instructions / requests)
}

/// The count in the output of `perf stat -x,`: the first field of the event's line.
fn parse_perf(output: &str) -> Option<f64> {
    let fields = output.lines().map(|line| line.split(',').collect::<Vec<_>>());
    fields
        .filter(|fields| fields.get(2) == Some(&EVENT))
        .find_map(|fields| fields.first()?.parse().ok())
}

/// The count in callgrind's last words: `==PID== Collected : COUNT`.
fn parse_callgrind(log: &str) -> Option<f64> {
    log.lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, count)| count.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    //! What both tools print where they can count and where they cannot.

    use super::*;

    #[test]
    fn counts_and_their_absence() {
        assert_eq!(
            parse_perf("123456,,instructions:u,1000,100.00,,\n"),
            Some(123_456.0)
        );
        assert_eq!(parse_perf("<not supported>,,instructions:u,0,100.00,,\n"), None);
        assert_eq!(parse_perf("perf: not found"), None);
        assert_eq!(
            parse_callgrind("==7== \n==7== Events    : Ir\n==7== Collected : 9876\n"),
            Some(9876.0)
        );
        assert_eq!(parse_callgrind("==7== killed\n"), None);
    }
}
