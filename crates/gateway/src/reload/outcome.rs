//! What is in force, and what went wrong last: written by whoever reloads, read by the admin port.

use crate::usage::rfc3339;
use serde_json::{Value, json};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Shows the configuration in force as JSON, without its secrets. Called when somebody asks.
type Show = Arc<dyn Fn() -> Value + Send + Sync>;

/// The history of reloads, as far as it matters.
#[derive(Debug)]
pub struct Outcomes(Mutex<Outcome>);

/// Where it stands.
#[derive(Clone)]
pub struct Outcome {
    /// 1 after the start, and one more for every configuration that was taken over.
    pub revision: u64,
    /// SHA-256 of the file's text, in lower-case hexadecimal.
    pub hash: Arc<str>,
    /// When the configuration in force was taken over.
    pub since: SystemTime,
    /// Why the last try was refused; `None` where it was taken over.
    pub last_error: Option<Failure>,
    /// The same of the policy's own file, where only that had changed.
    pub last_policy_error: Option<Failure>,
    show: Show,
}

/// A configuration that was refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// When.
    pub at: SystemTime,
    /// Why, in one sentence.
    pub message: String,
    /// The problems as `check --format json` has them, or null.
    pub problems: Value,
}

impl Outcomes {
    /// At the start. `show` gives the configuration in force as JSON, without its secrets.
    pub fn started(
        hash: &str,
        now: SystemTime,
        show: impl Fn() -> Value + Send + Sync + 'static,
    ) -> Outcomes {
        Outcomes(Mutex::new(Outcome {
            revision: 1,
            hash: hash.into(),
            since: now,
            last_error: None,
            last_policy_error: None,
            show: Arc::new(show),
        }))
    }

    /// A configuration was taken over. Returns its revision.
    pub fn applied(
        &self,
        hash: &str,
        now: SystemTime,
        show: impl Fn() -> Value + Send + Sync + 'static,
    ) -> u64 {
        let mut outcome = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.revision += 1;
        outcome.hash = hash.into();
        outcome.since = now;
        outcome.last_error = None;
        outcome.last_policy_error = None;
        outcome.show = Arc::new(show);
        outcome.revision
    }

    /// The policy's own file was taken over, under the configuration in force. Returns the revision.
    pub fn policy_applied(&self, now: SystemTime) -> u64 {
        let mut outcome = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.revision += 1;
        outcome.since = now;
        outcome.last_policy_error = None;
        outcome.revision
    }

    /// The policy's own file was refused; the one before stays in force.
    pub fn policy_failed(&self, message: impl Into<String>, problems: Value, now: SystemTime) {
        let mut outcome = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.last_policy_error = Some(Failure {
            at: now,
            message: message.into(),
            problems,
        });
    }

    /// A configuration was refused; the one before stays in force. `problems`: as `check --format json` has them, or null.
    pub fn failed(&self, message: impl Into<String>, problems: Value, now: SystemTime) {
        let mut outcome = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.last_error = Some(Failure {
            at: now,
            message: message.into(),
            problems,
        });
    }

    /// Where it stands now.
    pub fn latest(&self) -> Outcome {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Outcome {
    /// What the admin port shows: `{"revision","hash","since","last_error","configuration"}`, moments as RFC 3339 has them.
    pub fn to_json(&self) -> Value {
        // A bad configuration hides a bad policy: it is to be mended first, and names it then.
        let last_error = self.last_error.as_ref().or(self.last_policy_error.as_ref());
        let last_error = last_error.map(|failure| {
            json!({
                "at": rfc3339(failure.at),
                "message": failure.message,
                "problems": failure.problems,
            })
        });
        json!({
            "revision": self.revision,
            "hash": &*self.hash,
            "since": rfc3339(self.since),
            "last_error": last_error,
            "configuration": (self.show)(),
        })
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("revision", &self.revision)
            .field("hash", &self.hash)
            .field("since", &self.since)
            .field("last_error", &self.last_error)
            .field("last_policy_error", &self.last_policy_error)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn at(second: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(second)
    }

    #[test]
    fn a_failure_keeps_what_is_in_force_and_a_success_clears_it() {
        let outcomes = Outcomes::started("aa", at(0), || json!({ "listen": "a" }));
        outcomes.failed("two problems", json!([{ "line": 3 }]), at(1));
        assert_eq!(
            outcomes.latest().to_json(),
            json!({
                "revision": 1,
                "hash": "aa",
                "since": "1970-01-01T00:00:00.000000Z",
                "last_error": {
                    "at": "1970-01-01T00:00:01.000000Z",
                    "message": "two problems",
                    "problems": [{ "line": 3 }],
                },
                "configuration": { "listen": "a" },
            })
        );
        assert_eq!(outcomes.applied("bb", at(2), || json!({ "listen": "b" })), 2);
        assert_eq!(
            outcomes.latest().to_json(),
            json!({
                "revision": 2,
                "hash": "bb",
                "since": "1970-01-01T00:00:02.000000Z",
                "last_error": null,
                "configuration": { "listen": "b" },
            })
        );
    }
}
