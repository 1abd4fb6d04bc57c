//! Which gateways have a revision, which have not, and which cannot say: a pure function of what the portal knows.

use super::answer::{FleetAnswer, Instance};
use crate::commands::portal_client::Position;
use crate::commands::screen::{GOOD, WARNING, ago, clock, seconds};
use serde_json::{Value, json};

/// Gateways that are named.
const NAMED_MAX: usize = 20;

/// How a fleet stands to a revision.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    position: Position,
    /// The revision is not published yet.
    is_ahead: bool,
    /// Live gateways, and those of them that have it.
    live: usize,
    have: usize,
    /// Until the last of them had it.
    slowest_ms: Option<u64>,
    /// Those of them whose time is not known.
    untimed: usize,
    /// Live, and behind: name, and what it has.
    lacking: Vec<(String, Position)>,
    /// Name, and since when.
    unreachable: Vec<(String, u64)>,
    /// Authorizers and relays that reported, and those of them that have it.
    others: usize,
    others_have: usize,
    now_ms: u64,
}

impl Verdict {
    /// Of what the portal says about this revision.
    pub(crate) fn of(answer: &FleetAnswer, position: Position) -> Verdict {
        let mut verdict = Verdict {
            position,
            is_ahead: answer
                .published
                .is_none_or(|published| published.position() < position),
            live: 0,
            have: 0,
            slowest_ms: None,
            untimed: 0,
            lacking: Vec::new(),
            unreachable: Vec::new(),
            others: 0,
            others_have: 0,
            now_ms: answer.at_ms,
        };
        for instance in &answer.instances {
            verdict.take(instance);
        }
        verdict.lacking.sort();
        verdict.unreachable.sort();
        verdict
    }

    fn take(&mut self, instance: &Instance) {
        // A process that another one of its name took the place of decides nothing any more.
        if instance.state == "replaced" {
            return;
        }
        let has = instance
            .asked
            .map_or(instance.position() >= self.position, |asked| asked.has);
        if !instance.is_gateway() {
            self.others += 1;
            self.others_have += usize::from(has);
            return;
        }
        if !instance.is_live() {
            self.unreachable
                .push((instance.name.clone(), instance.reported_at_ms));
            return;
        }
        self.live += 1;
        if !has {
            self.lacking.push((instance.name.clone(), instance.position()));
            return;
        }
        self.have += 1;
        match instance.asked.and_then(|asked| asked.after_ms) {
            Some(after_ms) => self.slowest_ms = self.slowest_ms.max(Some(after_ms)),
            None => self.untimed += 1,
        }
    }

    /// Every live gateway has it, and there is one.
    pub(crate) fn holds(&self) -> bool {
        self.live > 0 && self.have == self.live
    }

    /// `49 of 50`.
    pub(crate) fn counted(&self) -> String {
        format!("{} of {}", self.have, self.live)
    }

    /// For a person: `refused on 50 of 50 in 0.7 s; api-eu-3 unreachable since 02:41 UTC`.
    pub(crate) fn to_text(&self, verb: &str) -> String {
        if self.live == 0 && self.unreachable.is_empty() {
            return format!(
                "{WARNING}no gateway reports{WARNING:#} to this environment: who has revision {} is not known",
                self.position
            );
        }
        let style = if self.holds() { GOOD } else { WARNING };
        let mut text = format!("{verb} on {style}{}{style:#}", self.counted());
        if let Some(slowest) = self.slowest_ms {
            text += &format!(" in {}", seconds(slowest));
        }
        if self.untimed > 0 && self.have > 0 {
            text += &format!(
                " ({} without a time, as they had it from the start or their clock is off)",
                self.untimed
            );
        }
        if self.is_ahead {
            text += &format!("; revision {} is not published yet", self.position);
        }
        text += &named(&self.lacking, |(name, position)| format!("{name} has {position}"));
        text += &named(&self.unreachable, |(name, since)| {
            format!(
                "{name} {WARNING}unreachable{WARNING:#} since {} ({})",
                clock(*since, self.now_ms),
                ago(*since, self.now_ms)
            )
        });
        if self.others > 0 {
            text += &format!(
                "; authorizers and relays, which look by themselves: {} of {}",
                self.others_have, self.others
            );
        }
        text
    }

    /// For a program.
    pub(crate) fn to_json(&self) -> Value {
        let lacking = self.lacking.iter().map(|(name, position)| {
            json!({ "name": name, "epoch": position.epoch, "revision": position.revision })
        });
        let unreachable = self
            .unreachable
            .iter()
            .map(|(name, since)| json!({ "name": name, "since_ms": since }));
        json!({
            "epoch": self.position.epoch,
            "revision": self.position.revision,
            "published": !self.is_ahead,
            "live": self.live,
            "have": self.have,
            "slowest_ms": self.slowest_ms,
            "lacking": lacking.collect::<Vec<_>>(),
            "unreachable": unreachable.collect::<Vec<_>>(),
            "others": self.others,
            "others_have": self.others_have,
        })
    }
}

fn named<T>(all: &[T], said: impl Fn(&T) -> String) -> String {
    let mut text: String = all
        .iter()
        .take(NAMED_MAX)
        .map(|one| format!("; {}", said(one)))
        .collect();
    if all.len() > NAMED_MAX {
        text += &format!("; and {} more", all.len() - NAMED_MAX);
    }
    text
}

#[cfg(test)]
mod tests {
    //! What is said of a fleet.

    use super::*;

    const NOW: u64 = 1_763_900_421_000;

    fn instance(name: &str, kind: &str, state: &str, revision: u64, after_ms: Option<u64>) -> Value {
        json!({
            "instance": name, "name": name, "kind": kind, "team": "t", "state": state,
            "reported_at_ms": NOW - 600_000, "version": "0.1.0", "standing": "fits",
            "policy": { "state": "live", "epoch": 1, "revision": revision, "age_s": 1 },
            "behind": 0, "skew_ms": 0, "quarantined": [],
            "asked": { "has": revision >= 42, "after_ms": after_ms },
        })
    }

    fn verdict(instances: &[Value]) -> Verdict {
        let answer = json!({
            "at_ms": NOW, "published": { "epoch": 1, "revision": 42 }, "alarm": null,
            "versions": { "wanted": null, "lowest": null },
            "propagation": { "revisions": 1, "measured": 1, "left_out": 0, "p50_ms": 1, "p99_ms": 1 },
            "instances": instances, "next_cursor": null,
        });
        let answer: FleetAnswer = serde_json::from_value(answer).unwrap();
        Verdict::of(
            &answer,
            Position {
                epoch: 1,
                revision: 42,
            },
        )
    }

    #[track_caller]
    fn check(instances: &[Value], holds: bool, expected: &str) {
        let verdict = verdict(instances);
        let plain = anstream::adapter::strip_str(&verdict.to_text("refused")).to_string();
        assert_eq!((plain.as_str(), verdict.holds()), (expected, holds));
    }

    #[test]
    fn the_slowest_live_gateway_counts_and_who_cannot_be_reached_is_named() {
        check(
            &[
                instance("api-eu-1", "gateway", "live", 42, Some(120)),
                instance("api-eu-2", "gateway", "live", 43, Some(699)),
                instance("api-eu-3", "gateway", "unreachable", 41, None),
                instance("api-eu-2", "gateway", "replaced", 3, None),
            ],
            true,
            "refused on 2 of 2 in 0.7 s; api-eu-3 unreachable since 12:10 UTC (10 min ago)",
        );
    }

    #[test]
    fn who_lacks_it_is_named_with_what_it_has() {
        check(
            &[
                instance("b", "gateway", "live", 42, None),
                instance("a", "gateway", "live", 40, None),
                instance("fn", "authorizer", "unreachable", 42, None),
            ],
            false,
            "refused on 1 of 2 (1 without a time, as they had it from the start or their clock is off); a has 1:40; \
             authorizers and relays, which look by themselves: 1 of 1",
        );
    }

    #[test]
    fn nobody_is_not_everybody() {
        check(
            &[],
            false,
            "no gateway reports to this environment: who has revision 1:42 is not known",
        );
        let lost = [instance("a", "gateway", "unreachable", 41, None)];
        check(
            &lost,
            false,
            "refused on 0 of 0; a unreachable since 12:10 UTC (10 min ago)",
        );
    }

    #[test]
    fn many_names_are_cut() {
        let all: Vec<Value> = (0..30)
            .map(|n| instance(&format!("g{n:02}"), "gateway", "live", 1, None))
            .collect();
        let text = verdict(&all).to_text("has it");
        assert!(text.ends_with("; g19 has 1:1; and 10 more"), "{text}");
    }
}
