//! What the portal is told of a function: what it is, what it decides by, and since when (portal.md §3).
//!
//! At most once a minute, inside an invocation, and behind its answer's decision, so that the credential that it was made by is told with it. Of a
//! request nothing else is in it.

use super::REPORT_EVERY_MS;
use super::fault::{Failure, FollowFault};
use super::http::Server;
use super::pace::{Moment, Pause};
use super::reading::Applied;
use super::uses::Use;
use serde::Serialize;
use std::fs::File;
use std::io::Read as _;

/// What is read of an answer, in bytes; nothing of it is used.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Who this is; it does not change.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    instance: Box<str>,
    name: Box<str>,
    environment: Box<str>,
    config: Box<str>,
}

/// What it decides by.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Standing {
    pub(super) state: &'static str,
    pub(super) source: &'static str,
    pub(super) epoch: u64,
    pub(super) revision: u64,
    pub(super) age_s: u64,
}

/// What is told once, and again until it is taken.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) applied: Vec<Applied>,
    pub(super) uses: Vec<Use>,
}

#[derive(Serialize)]
struct Report<'a> {
    instance: &'a str,
    kind: &'static str,
    name: &'a str,
    environment: &'a str,
    version: &'static str,
    config: &'a str,
    sent_at_ms: u64,
    policy: Policy,
    used: Vec<Used<'a>>,
    quarantined: [(); 0],
}

#[derive(Serialize)]
struct Used<'a> {
    credential: &'a str,
    at: u64,
}

#[derive(Serialize)]
struct Policy {
    #[serde(flatten)]
    standing: Standing,
    applied_at_ms: Option<u64>,
    applied: Vec<Revision>,
}

#[derive(Serialize)]
struct Revision {
    epoch: u64,
    revision: u64,
    at_ms: u64,
}

impl Identity {
    /// Of this process: a number by chance, since every environment of a function has the same name.
    pub(super) fn new(name: &str, environment: &str, config: &str) -> Result<Identity, FollowFault> {
        let mut bytes = [0; 16];
        // Not aws-lc's numbers: it gathers entropy first, for longer than all the rest of the start takes. This is a name, and no secret.
        let random = File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes));
        random.map_err(|_| FollowFault::NoRandom)?;
        // RFC 9562 §5.4: a version 4 of variant 10.
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut instance = digits;
        for at in [20, 16, 12, 8] {
            instance.insert(at, '-');
        }
        Ok(Identity {
            instance: instance.into(),
            name: name.into(),
            environment: environment.into(),
            config: config.into(),
        })
    }

    /// As the portal takes it.
    pub(super) fn report(&self, standing: Standing, told: &Told, now: Moment) -> String {
        let Told { applied, uses } = told;
        let used = uses.iter().map(|(credential, at)| Used { credential, at: *at });
        let report = Report {
            instance: &self.instance,
            kind: "authorizer",
            name: &self.name,
            environment: &self.environment,
            version: env!("CARGO_PKG_VERSION"),
            config: &self.config,
            sent_at_ms: now.wall,
            policy: Policy {
                standing,
                applied_at_ms: applied.last().map(|last| last.at_ms),
                applied: applied
                    .iter()
                    .map(|applied| Revision {
                        epoch: applied.epoch,
                        revision: applied.revision,
                        at_ms: applied.at_ms,
                    })
                    .collect(),
            },
            used: used.collect(),
            quarantined: [],
        };
        serde_json::to_string(&report).expect("texts and numbers alone have JSON")
    }
}

/// When the portal is told next.
#[derive(Debug, Default)]
pub(super) struct Due(Option<Pause>);

impl Due {
    /// Whether it is time to; then it is not again for a while, whatever comes of it.
    pub(super) fn take(&mut self, now: Moment) -> bool {
        let is_due = self.0.is_none_or(|pause| pause.is_over(now));
        if is_due {
            self.0 = Some(Pause::new(now, REPORT_EVERY_MS));
        }
        is_due
    }
}

/// Tells the portal.
pub(super) async fn send(portal: &mut Server, report: String) -> Result<(), Failure> {
    let path = format!("{}/v1/fleet/reports", portal.url().path);
    let (head, body) = portal.post(&path, report).await?;
    portal.whole(body, ANSWER_BYTES_MAX).await?;
    match head.status().is_success() {
        true => Ok(()),
        false => Err(Failure::Status(head.status().as_u16())),
    }
}
