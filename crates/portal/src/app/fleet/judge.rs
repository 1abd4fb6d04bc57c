//! What reports mean: who is live, who was replaced, who lags, how long revisions took. Pure; `now` and all rows are passed in.
//!
//! A process's clock is believed only as far as it agrees with the portal's: times of one that is off are shown, and left out of what is
//! measured.

use super::pending::{Applied, read};
use crate::store::fleet::Reported;
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

/// How far a clock may be off for its times to count.
const SKEW_MS_MAX: i64 = 1_000;
/// Reports that may be missed, and what their way may take.
const MISSED_MAX: i64 = 3;
const LATE_MS: i64 = 2_000;
/// An authorizer reports inside invocations alone: it is frozen between them.
const FROZEN_MS_MAX: i64 = 15 * 60_000;

/// Whether a process can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It reports.
    Live,
    /// It does not report any more.
    Unreachable,
    /// It does not, and another one of its name has begun since.
    Replaced,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            State::Live => "live",
            State::Unreachable => "unreachable",
            State::Replaced => "replaced",
        }
    }
}

/// A process as it was read out of its row.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) row: Reported,
    /// What the report says beside the row's columns.
    pub(super) rest: Value,
    pub(super) applied: Vec<Applied>,
}

impl Process {
    pub(super) fn of(row: Reported) -> Process {
        Process {
            rest: serde_json::from_str(&row.report).unwrap_or_default(),
            applied: read(&row.applied),
            row,
        }
    }

    /// The portal's clock minus the process's, with the way of a report in it; `None`: it does not say.
    pub(super) fn skew_ms(&self) -> Option<i64> {
        self.rest["skew_ms"].as_i64()
    }

    fn is_live(&self, now_ms: i64) -> bool {
        let silent = now_ms - self.row.reported_at_ms;
        match self.row.kind.as_str() {
            "authorizer" => silent <= FROZEN_MS_MAX,
            _ => silent <= self.row.interval_ms * MISSED_MAX + LATE_MS,
        }
    }

    /// How long after it was made a revision was in force here. `None`: it was there before this process reported, it is not there yet, or
    /// the clock is off.
    pub(super) fn after_ms(&self, place: (i64, i64), made_at_ms: i64) -> Option<i64> {
        if made_at_ms < self.row.first_at_ms || self.skew_ms().is_some_and(|skew| skew.abs() > SKEW_MS_MAX) {
            return None;
        }
        let first = self
            .applied
            .iter()
            .find(|one| (one.epoch, one.revision) >= place)?;
        let after = first.at_ms - made_at_ms;
        // A clock that says that an effect came before its cause, or after its report, is off.
        let is_off = after < -SKEW_MS_MAX || first.at_ms > self.row.reported_at_ms + SKEW_MS_MAX;
        (!is_off).then_some(after.max(0))
    }

    /// Whether its clock keeps it from being measured.
    pub(super) fn is_off(&self) -> bool {
        self.skew_ms().is_some_and(|skew| skew.abs() > SKEW_MS_MAX)
    }
}

/// Of each process, in their order.
pub(super) fn states(processes: &[Process], now_ms: i64) -> Vec<State> {
    type Name<'p> = (&'p str, &'p str, &'p str, &'p str);
    fn name(row: &Reported) -> Name<'_> {
        (&row.key.team, &row.key.enrolment, &row.kind, &row.name)
    }
    let mut begun: HashMap<Name<'_>, i64> = HashMap::new();
    for process in processes.iter().filter(|process| process.is_live(now_ms)) {
        let latest = begun.entry(name(&process.row)).or_insert(i64::MIN);
        *latest = (*latest).max(process.row.first_at_ms);
    }
    let state = |process: &Process| match process.is_live(now_ms) {
        true => State::Live,
        false => match begun.get(&name(&process.row)) {
            // One that began while this one still reported is another of the same name, and not in its place.
            Some(begun) if *begun >= process.row.reported_at_ms - process.row.interval_ms => State::Replaced,
            _ => State::Unreachable,
        },
    };
    processes.iter().map(state).collect()
}

/// How long recent revisions took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Propagation {
    pub(super) revisions: usize,
    pub(super) measured: usize,
    /// Processes whose clocks are off.
    pub(super) left_out: usize,
    pub(super) p50_ms: Option<i64>,
    pub(super) p99_ms: Option<i64>,
}

/// Of these revisions (place and when each was made), at the gateways among these processes.
pub(super) fn propagation(
    processes: &[Process],
    states: &[State],
    made: &BTreeMap<(i64, i64), i64>,
) -> Propagation {
    let gateways = processes.iter().zip(states);
    let gateways =
        gateways.filter(|(process, state)| **state == State::Live && process.row.kind == "gateway");
    let mut times = Vec::new();
    let mut left_out = 0;
    for (process, _) in gateways {
        left_out += usize::from(process.is_off());
        times.extend(
            made.iter()
                .filter_map(|(place, at_ms)| process.after_ms(*place, *at_ms)),
        );
    }
    times.sort_unstable();
    Propagation {
        revisions: made.len(),
        measured: times.len(),
        left_out,
        p50_ms: percentile(&times, 50),
        p99_ms: percentile(&times, 99),
    }
}

/// The smallest of sorted times that so many percent do not exceed.
pub(super) fn percentile(times: &[i64], percent: usize) -> Option<i64> {
    let rank = (times.len() * percent).div_ceil(100);
    times.get(rank.checked_sub(1)?).copied()
}

/// A version as `1.2.3`, with or without `-rc.1` behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version<'a> {
    numbers: [u64; 3],
    /// What is released before those numbers; empty: they themselves.
    before: &'a str,
}

impl<'a> Version<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Version<'a>> {
        let (text, _build) = text.split_once('+').unwrap_or((text, ""));
        let (numbers, before) = text.split_once('-').unwrap_or((text, ""));
        let mut parts = numbers.split('.');
        let mut next = || {
            let part = parts.next()?;
            part.bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| part.parse().ok())?
        };
        let numbers = [next()?, next()?, next()?];
        parts.next().is_none().then_some(Version { numbers, before })
    }

    /// Whether this one comes before another.
    pub(super) fn is_below(&self, other: &Version<'_>) -> bool {
        match self.numbers.cmp(&other.numbers) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => match (self.before.is_empty(), other.before.is_empty()) {
                (false, true) => true,
                (true, _) => false,
                (false, false) => self.before < other.before,
            },
        }
    }
}

/// How a version stands to what is wanted: `fits`, `below_wanted`, `below_lowest`, or `unknown` where it is none.
pub(super) fn standing(version: &str, wanted: Option<&str>, lowest: Option<&str>) -> &'static str {
    if wanted.is_none() && lowest.is_none() {
        return "fits";
    }
    let Some(version) = Version::parse(version) else {
        return "unknown";
    };
    let is_below = |other: Option<&str>| {
        other
            .and_then(Version::parse)
            .is_some_and(|other| version.is_below(&other))
    };
    match (is_below(lowest), is_below(wanted)) {
        (true, _) => "below_lowest",
        (false, true) => "below_wanted",
        (false, false) => "fits",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fleet::ReportKey;
    use serde_json::json;

    const NOW: i64 = 1_763_900_000_000;

    fn process(name: &str, instance: &str, first_at_ms: i64, reported_at_ms: i64, applied: &str) -> Process {
        Process::of(Reported {
            key: ReportKey {
                environment: "prod".into(),
                team: "t".into(),
                enrolment: "e".into(),
                instance: instance.into(),
            },
            kind: "gateway".into(),
            name: name.into(),
            version: "0.1.0".into(),
            epoch: 1,
            revision: 1,
            report: "{}".into(),
            applied: applied.into(),
            first_at_ms,
            reported_at_ms,
            interval_ms: 3_000,
        })
    }

    fn check_states(processes: &[Process], expected: &[State]) {
        assert_eq!(states(processes, NOW), expected);
    }

    #[test]
    fn who_is_silent_is_unreachable_unless_another_took_its_place() {
        use State::{Live, Replaced, Unreachable};
        let live = process("a", "2", NOW - 20_000, NOW - 1_000, "");
        let gone = |name: &str| process(name, "1", NOW - 900_000, NOW - 21_000, "");
        check_states(&[live, gone("a"), gone("b")], &[Live, Replaced, Unreachable]);
        // Two of one name that ran side by side: the one that is gone is missed.
        let beside = process("a", "3", NOW - 800_000, NOW - 1_000, "");
        check_states(&[beside, gone("a")], &[Live, Unreachable]);
        let mut frozen = gone("f");
        frozen.row.kind = "authorizer".into();
        check_states(&[frozen], &[Live]);
        check_states(&[process("a", "1", 0, NOW - 11_000, "")], &[Live]);
        check_states(&[process("a", "1", 0, NOW - 11_001, "")], &[Unreachable]);
    }

    #[test]
    fn a_revision_takes_until_it_or_a_later_one_is_in_force() {
        let gateway = |skew: Option<i64>| {
            let mut one = process(
                "a",
                "1",
                NOW - 60_000,
                NOW,
                &format!("1:41@{} 1:43@{}", NOW - 20_000, NOW - 9_300),
            );
            one.rest = json!({ "skew_ms": skew });
            one
        };
        let of = |skew, place, made| gateway(skew).after_ms(place, made);
        assert_eq!(of(None, (1, 41), NOW - 20_500), Some(500));
        assert_eq!(of(None, (1, 42), NOW - 10_000), Some(700));
        assert_eq!(of(None, (1, 44), NOW - 10_000), None, "it is not there yet");
        assert_eq!(
            of(None, (1, 41), NOW - 70_000),
            None,
            "it was there before this process"
        );
        assert_eq!(of(Some(-5_000), (1, 42), NOW - 10_000), None, "its clock is off");
        assert_eq!(
            of(Some(40), (1, 42), NOW - 9_290),
            Some(0),
            "nothing is before its cause"
        );
        assert_eq!(
            of(None, (1, 42), NOW - 5_000),
            None,
            "a clock that says so is off"
        );
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let made: BTreeMap<(i64, i64), i64> = [((1, 1), NOW - 10_000), ((1, 2), NOW - 9_000)].into();
        let at = |one: i64, two: i64| format!("1:1@{} 1:2@{}", NOW - 10_000 + one, NOW - 9_000 + two);
        let processes = [
            process("a", "1", NOW - 60_000, NOW, &at(10, 20)),
            process("b", "2", NOW - 60_000, NOW, &at(30, 900)),
        ];
        let states = [State::Live, State::Live];
        let found = propagation(&processes, &states, &made);
        assert_eq!(
            (found.measured, found.p50_ms, found.p99_ms),
            (4, Some(20), Some(900))
        );
        assert_eq!(
            propagation(&processes, &[State::Unreachable; 2], &made).p50_ms,
            None
        );
        let hundred: Vec<i64> = (1..=100).collect();
        assert_eq!(
            (percentile(&hundred, 50), percentile(&hundred, 99)),
            (Some(50), Some(99))
        );
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (version, wanted, lowest, expected) in [
            ("0.10.0", Some("0.9.0"), None, "fits"),
            ("0.9.9", Some("0.10.0"), Some("0.9.0"), "below_wanted"),
            ("0.8.0", Some("0.10.0"), Some("0.9.0"), "below_lowest"),
            ("1.0.0-rc.1", Some("1.0.0"), None, "below_wanted"),
            ("1.0.0+build", Some("1.0.0"), None, "fits"),
            ("nightly", Some("1.0.0"), None, "unknown"),
            ("nightly", None, None, "fits"),
        ] {
            assert_eq!(standing(version, wanted, lowest), expected, "{version}");
        }
        for none in ["", "1", "1.2", "1.2.3.4", "a.b.c", "1..2", "+1.2.3"] {
            assert_eq!(Version::parse(none), None, "{none}");
        }
    }
}
