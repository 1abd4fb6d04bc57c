//! Uses of credentials between their report and the database: held to what can be, and the latest of each kept.

use crate::app::entities::is_id;
use crate::store::uses::{MINUTE_S, Reporter, Use};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Credentials of one report.
pub(super) const USED_MAX: usize = 1_000;
/// Credentials that are kept until they are written.
const KEPT_MAX: usize = 100_000;

/// A credential that let a request in.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct UsedCredential {
    /// Its id. One that there is not is passed over.
    credential: String,
    /// When it was used last, in Unix seconds; counted to the minute.
    pub(super) at: u64,
}

/// When each was used, by a clock that was `skew_ms` behind the portal's. One that is off by minutes is put right; whatever it says, no use is
/// later than now.
pub(super) fn uses(reported: &[UsedCredential], by: &Reporter, skew_ms: i64, now_ms: i64) -> Vec<Use> {
    let skew_s = skew_ms / 1_000;
    let off_s = if skew_s.abs() >= MINUTE_S { skew_s } else { 0 };
    let one = |reported: &UsedCredential| {
        let at = i64::try_from(reported.at).unwrap_or(i64::MAX);
        let at = at.saturating_add(off_s).clamp(0, now_ms / 1_000);
        Use {
            credential: reported.credential.clone(),
            used_at: at - at % MINUTE_S,
            by: by.clone(),
        }
    };
    // What is no id is nobody's, and no business of the database's.
    let reported = reported.iter().filter(|one| is_id(&one.credential).is_ok());
    reported.map(one).collect()
}

/// What is not written yet: the latest use of each credential, by environment and id.
#[derive(Debug, Default)]
pub(super) struct Uses {
    by_environment: BTreeMap<String, BTreeMap<String, Use>>,
    count: usize,
}

impl Uses {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether so many more can be kept.
    pub(super) fn has_room(&self, count: usize) -> bool {
        self.count + count <= KEPT_MAX
    }

    /// Adds those that are later than what is kept.
    pub(super) fn add(&mut self, environment: &str, uses: impl IntoIterator<Item = Use>) {
        let kept = self.by_environment.entry(environment.to_owned()).or_default();
        let before = kept.len();
        for one in uses {
            let entry = kept.entry(one.credential.clone());
            let held = entry.or_insert_with(|| one.clone());
            if held.used_at < one.used_at {
                *held = one;
            }
        }
        self.count += kept.len() - before;
    }

    /// Adds all of these.
    pub(super) fn add_all(&mut self, uses: Uses) {
        for (environment, uses) in uses.by_environment {
            self.add(&environment, uses.into_values());
        }
    }

    /// Of each environment, by id: all portals write in one order, and so never wait for each other in a ring.
    pub(super) fn sorted(&self) -> impl Iterator<Item = (&str, Vec<Use>)> {
        let all = self.by_environment.iter();
        all.map(|(environment, uses)| (environment.as_str(), uses.values().cloned().collect()))
    }
}

#[cfg(test)]
mod tests {
    //! Which minute a use is of, whatever clock it was told by, and what is kept of several.

    use super::*;

    fn by(enrolment: &str) -> Reporter {
        Reporter {
            team: "t".to_owned(),
            enrolment: enrolment.to_owned(),
        }
    }

    fn one(credential: &str, used_at: i64, enrolment: &str) -> Use {
        Use {
            credential: credential.to_owned(),
            used_at,
            by: by(enrolment),
        }
    }

    #[test]
    fn a_use_is_of_a_minute_that_is_not_to_come() {
        let check = |at: u64, skew_ms: i64, used_at: i64| {
            let reported = UsedCredential {
                credential: "k1".to_owned(),
                at,
            };
            let found = uses(&[reported], &by("g"), skew_ms, 6_030_500);
            assert_eq!(found, [one("k1", used_at, "g")], "{at} {skew_ms}");
        };
        check(5_940, 0, 5_940);
        check(5_999, 0, 5_940);
        check(6_000, 59_999, 6_000);
        check(6_000, -59_999, 6_000);
        // Two minutes behind, and an hour ahead.
        check(5_820, 120_000, 5_940);
        check(9_540, -3_600_000, 5_940);
        check(6_031, 0, 6_000);
        check((1 << 53) - 1, 0, 6_000);
        check(0, i64::MIN, 0);
        check(60, i64::MAX, 6_000);
        for credential in ["", "k 1", "k1\0", &"k".repeat(129)] {
            let reported = UsedCredential {
                credential: credential.to_owned(),
                at: 60,
            };
            assert_eq!(uses(&[reported], &by("g"), 0, 6_030_500), [], "{credential}");
        }
    }

    #[test]
    fn of_several_the_latest_is_kept_and_the_first_of_one_minute() {
        let mut kept = Uses::default();
        kept.add("prod", [one("k2", 60, "g1"), one("k1", 120, "g1")]);
        kept.add("prod", [one("k1", 60, "g2"), one("k2", 60, "g2")]);
        kept.add("test", [one("k1", 180, "g3")]);
        assert!(!kept.is_empty() && kept.has_room(KEPT_MAX - 3) && !kept.has_room(KEPT_MAX - 2));
        let mut newer = Uses::default();
        newer.add("prod", [one("k2", 240, "g4")]);
        newer.add_all(kept);
        let all: Vec<(&str, Vec<Use>)> = newer.sorted().collect();
        assert_eq!(
            all,
            [
                ("prod", vec![one("k1", 120, "g1"), one("k2", 240, "g4")]),
                ("test", vec![one("k1", 180, "g3")]),
            ]
        );
        assert_eq!(newer.count, 3);
    }
}
