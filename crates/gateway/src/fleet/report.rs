//! What a report says, and what its answer asks for. Pure but for the machine's name.

use super::untold::Told;
use super::{INTERVAL, INTERVAL_MAX, INTERVAL_MIN};
use crate::follow::{Applied, Follow};
use crate::usage::Used;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Who reports.
pub struct About {
    /// `gateway` or `relay`.
    pub kind: &'static str,
    /// As people know it.
    pub name: Box<str>,
    /// Which environment's policy it shows.
    pub environment: Box<str>,
    /// The SHA-256 of the configuration in force, in hexadecimal; asked for each report.
    pub config: Box<dyn Fn() -> String + Send>,
    /// Where its policy stands.
    pub follow: Arc<Follow>,
    /// Which credentials were used; `None`: nobody calls it.
    pub used: Option<Arc<Used>>,
}

impl fmt::Debug for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("About")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// This machine's name.
pub fn host_name() -> Box<str> {
    let named = |name: String| Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .and_then(named);
    let name = told.or_else(|| std::env::var("HOSTNAME").ok().and_then(named));
    name.map_or_else(|| "unnamed".into(), String::into_boxed_str)
}

/// Tells one process from every other one that has this name, also from the former one on this machine.
pub(super) fn instance(started_ms: u64) -> String {
    format!("{}:{}-{started_ms:x}", host_name(), std::process::id())
}

/// The report, and the number of the last revision in it. `behind`: the one in the last report that was taken.
pub(super) fn report(about: &About, instance: &str, behind: u64, used: &[Told], now_ms: u64) -> (Value, u64) {
    let follow = &about.follow;
    let applied = follow.applied_behind(behind);
    let last = applied.last().map_or(behind, |applied| applied.number);
    let reading = follow.reading(now_ms / 1_000);
    let mut policy = Map::new();
    policy.insert("state".to_owned(), reading.state.word().into());
    policy.insert("source".to_owned(), reading.source.into());
    policy.insert("epoch".to_owned(), reading.epoch.into());
    policy.insert("revision".to_owned(), reading.revision.into());
    // Of what a process began with nobody knows since when.
    if let Some(at_ms) = follow.applied_at_ms() {
        policy.insert("applied_at_ms".to_owned(), at_ms.into());
    }
    policy.insert("age_s".to_owned(), reading.age_s.into());
    policy.insert("applied".to_owned(), applied.iter().map(one).collect());
    let report = json!({
        "instance": instance,
        "kind": about.kind,
        "name": about.name,
        "environment": about.environment,
        "version": env!("CARGO_PKG_VERSION"),
        "config": (about.config)(),
        // By which the portal sees how far this clock is off, and whose times it does not count.
        "sent_at_ms": now_ms,
        "policy": policy,
        "used": used.iter().map(credential).collect::<Vec<_>>(),
    });
    (report, last)
}

fn one(applied: &Applied) -> Value {
    json!({ "epoch": applied.epoch, "revision": applied.revision, "at_ms": applied.at_ms })
}

/// To the minute, in seconds as all times of records are.
fn credential((credential, minute): &Told) -> Value {
    json!({ "credential": credential, "at": u64::from(*minute) * 60 })
}

#[derive(Deserialize)]
struct Answer {
    interval_ms: Option<u64>,
}

/// When the next report is wanted, by what was answered; within bounds, whatever that is.
pub(super) fn interval(answer: &[u8]) -> Duration {
    let answer: Option<Answer> = serde_json::from_slice(answer).ok();
    let asked = answer
        .and_then(|answer| answer.interval_ms)
        .map(Duration::from_millis);
    asked.unwrap_or(INTERVAL).clamp(INTERVAL_MIN, INTERVAL_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_within_bounds_whatever_was_answered() {
        let check = |answer: &str, ms: u64| {
            assert_eq!(interval(answer.as_bytes()), Duration::from_millis(ms), "{answer}");
        };
        check(r#"{"interval_ms":5000}"#, 5_000);
        check(r#"{"interval_ms":0,"more":1}"#, 1_000);
        check(r#"{"interval_ms":18446744073709551615}"#, 60_000);
        check(r#"{"interval_ms":-1}"#, 3_000);
        check("{}", 3_000);
        check("<html>", 3_000);
        check("", 3_000);
    }
}
