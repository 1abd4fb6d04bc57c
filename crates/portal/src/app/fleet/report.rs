//! One report: held to its limits and to the enrolment it comes by, then kept for the next write.
//!
//! What it says of itself is believed of nobody else: the token says whose it is, and which environment.

use super::pending::{APPLIED_MAX, Applied};
use super::uses::{USED_MAX, UsedCredential, uses};
use crate::app::answer::Answer;
use crate::app::asked::Asked;
use crate::app::authorize::authorize;
use crate::app::context::App;
use crate::app::refused::{ERRORS_MAX, FieldError, Refused};
use crate::identity::{Object, Operation};
use crate::store::fleet::{ReportKey, Reported};
use crate::store::uses::Reporter;
use crate::text::now_ms;
use serde::Deserialize;
use serde_json::json;

/// Bytes of what names a process, of a version, and of a word.
const NAME_BYTES_MAX: usize = 128;
const VERSION_BYTES_MAX: usize = 64;
/// Services that are named as quarantined, and bytes of a reason.
const QUARANTINED_MAX: usize = 100;
const REASON_BYTES_MAX: usize = 500;
/// What numbers are below in a feed.
const NUMBER_MAX: u64 = 1 << 53;
/// How long a gateway waits until its next report, where the fleet is small; and where it lacks what was just published.
const INTERVAL_MS: i64 = 3_000;
const INTERVAL_LACKING_MS: i64 = 1_000;
/// How long an authorizer waits: it reports inside an invocation.
const INTERVAL_AUTHORIZER_MS: i64 = 60_000;
/// Milliseconds for each process of the environment, so that a portal takes at most a thousand reports a second.
const INTERVAL_EACH_MS: usize = 1;
const INTERVAL_MS_MAX: i64 = 60_000;
/// Processes up to which those that lack something are asked more often.
const HURRIED_MAX: usize = 500;

/// What a process says of itself. Members that are not known are a newer version's, and ignored.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(crate) struct NewReport {
    /// Of this process alone, as a UUID.
    instance: String,
    /// `gateway`, `authorizer` or `relay`.
    kind: String,
    /// For people; several processes may have one.
    name: String,
    /// The token's.
    environment: String,
    version: String,
    /// SHA-256 of its configuration.
    #[serde(default)]
    config: Option<String>,
    /// Its clock when it sent this, Unix milliseconds: by it the portal sees how far that is off.
    #[serde(default)]
    sent_at_ms: Option<u64>,
    policy: ReportedPolicy,
    #[serde(default)]
    quarantined: Vec<Quarantined>,
    /// Credentials that let requests in since the last report that was taken; at most 1,000, the others with the next.
    #[serde(default)]
    used: Vec<UsedCredential>,
}

/// What it decides by.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct ReportedPolicy {
    /// `floor`, `catching_up`, `live`, `stale` or `forked`.
    state: String,
    /// `floor`, `last_known_good` or `feed`.
    source: String,
    epoch: u64,
    revision: u64,
    #[serde(default)]
    applied_at_ms: Option<u64>,
    #[serde(default)]
    age_s: Option<u64>,
    /// Revisions that were put in force since the last report that was taken, oldest first.
    #[serde(default)]
    applied: Vec<ReportedRevision>,
}

/// A revision that was put in force.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct ReportedRevision {
    /// Where absent, the epoch of what it decides by.
    #[serde(default)]
    epoch: Option<u64>,
    revision: u64,
    at_ms: u64,
}

/// A service that is out of service.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct Quarantined {
    service: String,
    reason: String,
}

/// Takes a report.
pub(crate) async fn report(app: &App, asked: &Asked, new: &NewReport) -> Result<Answer, Refused> {
    authorize(
        &asked.actor,
        Operation::Report,
        Object::Environment {
            environment: &new.environment,
        },
    )?;
    let errors = new.errors();
    if !errors.is_empty() {
        return Err(Refused::Invalid(errors));
    }
    let team = asked.actor.teams().pop().unwrap_or_default();
    let at_ms = now_ms();
    let count = app.fleet.count(&new.environment);
    let row = new.row(asked, team, at_ms, new.interval_ms(app, count));
    let interval_ms = row.interval_ms;
    let by = Reporter {
        team: row.key.team.clone(),
        enrolment: row.key.enrolment.clone(),
    };
    let skew_ms = new.sent_at_ms.map_or(0, |sent| at_ms - number(sent));
    let used = uses(&new.used, &by, skew_ms, at_ms);
    // Nobody tells them again once they are taken. An authorizer does not wait: a caller waits for it.
    let waits = !used.is_empty() && new.kind != "authorizer";
    let batch = app.fleet.take(row, new.applied(), used)?;
    if waits {
        app.fleet.written(batch).await?;
    }
    Ok(Answer::ok(json!({ "interval_ms": interval_ms })))
}

impl NewReport {
    fn errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut text = |field: &str, value: &str, bytes_max: usize| {
            if !(1..=bytes_max).contains(&value.len()) || value.chars().any(char::is_control) {
                errors.push(FieldError::new(
                    field,
                    format!("write 1 to {bytes_max} bytes without control characters"),
                ));
            }
        };
        text("instance", &self.instance, NAME_BYTES_MAX);
        text("name", &self.name, NAME_BYTES_MAX);
        text("version", &self.version, VERSION_BYTES_MAX);
        if let Some(config) = &self.config {
            text("config", config, NAME_BYTES_MAX);
        }
        for one in self.quarantined.iter().take(QUARANTINED_MAX) {
            text("quarantined.service", &one.service, NAME_BYTES_MAX);
            text("quarantined.reason", &one.reason, REASON_BYTES_MAX);
        }
        let mut word = |field: &str, value: &str, known: &[&str]| {
            if !known.contains(&value) {
                errors.push(FieldError::new(
                    field,
                    format!("write one of {}", known.join(", ")),
                ));
            }
        };
        word("kind", &self.kind, &["gateway", "authorizer", "relay"]);
        let policy = &self.policy;
        word(
            "policy.state",
            &policy.state,
            &["floor", "catching_up", "live", "stale", "forked"],
        );
        word(
            "policy.source",
            &policy.source,
            &["floor", "last_known_good", "feed"],
        );
        if policy.applied.len() > APPLIED_MAX {
            errors.push(FieldError::new(
                "policy.applied",
                format!("at most the last {APPLIED_MAX} are taken"),
            ));
        }
        if self.quarantined.len() > QUARANTINED_MAX {
            errors.push(FieldError::new(
                "quarantined",
                format!("at most {QUARANTINED_MAX} are taken"),
            ));
        }
        errors.extend(wrong_uses(&self.used));
        let numbers = [policy.epoch, policy.revision].into_iter();
        let numbers = numbers.chain(
            [policy.applied_at_ms, policy.age_s, self.sent_at_ms]
                .into_iter()
                .flatten(),
        );
        let applied = policy.applied.iter().take(APPLIED_MAX);
        let applied = applied.flat_map(|one| [one.epoch.unwrap_or(0), one.revision, one.at_ms]);
        if numbers.chain(applied).any(|number| number >= NUMBER_MAX) {
            errors.push(FieldError::new("policy", "numbers are below 2^53"));
        }
        errors.truncate(ERRORS_MAX);
        errors
    }

    fn interval_ms(&self, app: &App, count: usize) -> i64 {
        if self.kind == "authorizer" {
            return INTERVAL_AUTHORIZER_MS;
        }
        let standing = app
            .hub
            .feed(&self.environment)
            .map(|feed| feed.standing.borrow().clone());
        let lacks = standing.is_some_and(|standing| {
            (standing.epoch, standing.revision) > (number(self.policy.epoch), number(self.policy.revision))
        });
        if lacks && count <= HURRIED_MAX {
            return INTERVAL_LACKING_MS;
        }
        let spread = i64::try_from(count * INTERVAL_EACH_MS).unwrap_or(INTERVAL_MS_MAX);
        INTERVAL_MS.max(spread).min(INTERVAL_MS_MAX)
    }

    fn row(&self, asked: &Asked, team: String, at_ms: i64, interval_ms: i64) -> Reported {
        let policy = &self.policy;
        let quarantined = self
            .quarantined
            .iter()
            .map(|one| json!({ "service": one.service, "reason": one.reason }));
        let rest = json!({
            "config": self.config, "state": policy.state, "source": policy.source, "age_s": policy.age_s,
            "applied_at_ms": policy.applied_at_ms,
            "skew_ms": self.sent_at_ms.map(|sent| at_ms - number(sent)),
            "quarantined": quarantined.collect::<Vec<_>>(),
        });
        Reported {
            key: ReportKey {
                environment: self.environment.clone(),
                team,
                enrolment: asked.actor.id().to_owned(),
                instance: self.instance.clone(),
            },
            kind: self.kind.clone(),
            name: self.name.clone(),
            version: self.version.clone(),
            epoch: number(policy.epoch),
            revision: number(policy.revision),
            report: rest.to_string(),
            applied: String::new(),
            first_at_ms: at_ms,
            reported_at_ms: at_ms,
            interval_ms,
        }
    }

    fn applied(&self) -> Vec<Applied> {
        let policy = &self.policy;
        let applied = policy.applied.iter().map(|one| Applied {
            epoch: number(one.epoch.unwrap_or(policy.epoch)),
            revision: number(one.revision),
            at_ms: number(one.at_ms),
        });
        applied.collect()
    }
}

fn wrong_uses(used: &[UsedCredential]) -> Option<FieldError> {
    let message = if used.len() > USED_MAX {
        format!("at most {USED_MAX} are taken: send the others with the next report")
    } else if used.iter().any(|one| one.at >= NUMBER_MAX) {
        "numbers are below 2^53".to_owned()
    } else {
        return None;
    };
    Some(FieldError::new("used", message))
}

/// Held to be below 2^53 before.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
