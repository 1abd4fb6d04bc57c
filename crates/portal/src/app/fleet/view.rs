//! The fleet of one environment as it is asked for: counts and propagation of all of it, and a part of its processes.

use super::judge::{Process, Propagation, State, percentile, propagation, standing, states};
use crate::app::answer::Answer;
use crate::app::asked::Asked;
use crate::app::authorize::authorize;
use crate::app::context::App;
use crate::app::page::Page;
use crate::app::refused::Refused;
use crate::identity::{Object, Operation};
use crate::store::feeds::Feed;
use crate::store::fleet::{self, Versions};
use crate::store::{Connection, feeds, revisions};
use crate::text::now_ms;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Processes of an environment that are looked at: those that reported last.
const PROCESSES_MAX: i64 = 20_000;
/// Recent revisions that propagation is measured by.
const RECENT_MAX: i64 = 100;

/// What of a fleet is asked about.
#[derive(Debug)]
struct Looked {
    processes: Vec<Process>,
    states: Vec<State>,
    feed: Feed,
    versions: Versions,
    now_ms: i64,
}

/// Answers. `asked_place`: who has this revision, and since when.
pub(crate) async fn view(
    app: &App,
    asked: &Asked,
    asked_place: Option<(i64, i64)>,
    page: &Page,
) -> Result<Answer, Refused> {
    authorize(&asked.actor, Operation::SeeFleet, Object::Organisation)?;
    // What this portal was told is in the answer; what another was told comes within half a second.
    app.fleet.write(&app.store).await?;
    let mut connection = app.store.connection().await?;
    let feed = feeds::get(&mut connection, &asked.environment).await?;
    let feed = feed.ok_or_else(|| Refused::NotFound(format!("environment `{}`", asked.environment)))?;
    let rows = fleet::all(&mut connection, &asked.environment, PROCESSES_MAX).await?;
    app.fleet.set_count(&asked.environment, rows.len());
    let processes: Vec<Process> = rows.into_iter().map(Process::of).collect();
    let now_ms = now_ms();
    let looked = Looked {
        states: states(&processes, now_ms),
        processes,
        versions: fleet::versions(&mut connection, &asked.environment).await?,
        feed,
        now_ms,
    };
    let made = made(&mut connection, &looked.feed).await?;
    let made_at = match asked_place {
        Some((epoch, revision)) if epoch == looked.feed.epoch => {
            let found = revisions::get(&mut connection, &asked.environment, revision).await?;
            found.and_then(|one| one.made_at_ms)
        }
        _ => None,
    };
    drop(connection);
    Ok(looked.answer(app, &made, asked_place.map(|place| (place, made_at)), page))
}

/// When recent revisions of this epoch were made.
async fn made(connection: &mut Connection, feed: &Feed) -> Result<BTreeMap<(i64, i64), i64>, Refused> {
    let recent = revisions::page(connection, &feed.environment, i64::MAX, RECENT_MAX).await?;
    let recent = recent.into_iter().filter(|one| one.epoch == feed.published_epoch);
    let recent = recent.filter(|one| one.revision <= feed.published);
    Ok(recent
        .filter_map(|one| Some(((one.epoch, one.revision), one.made_at_ms?)))
        .collect())
}

type AskedPlace = Option<((i64, i64), Option<i64>)>;

impl Looked {
    fn answer(&self, app: &App, made: &BTreeMap<(i64, i64), i64>, place: AskedPlace, page: &Page) -> Answer {
        let mut order: Vec<usize> = (0..self.processes.len()).collect();
        let key = |index: &usize| {
            self.processes
                .get(*index)
                .map(|one| (&one.row.name, &one.row.key))
        };
        order.sort_by(|one, other| key(one).cmp(&key(other)));
        // A cursor is the place in this order: who comes or goes meanwhile moves it, and the next look is whole again.
        let from = page.after.parse::<usize>().unwrap_or(0);
        let limit = usize::try_from(page.limit).unwrap_or(0);
        let part = order.iter().skip(from).take(limit);
        let instances: Vec<Value> = part.filter_map(|index| self.shown(*index, place)).collect();
        let next = (from + limit < order.len()).then(|| Page::cursor(&(from + limit).to_string()));
        let alarm = app
            .fleet
            .alarm(&self.feed.environment)
            .map(|alarm| json!({ "name": alarm.name, "epoch": alarm.epoch, "revision": alarm.revision }));
        let published = self.feed.commit_line.as_ref().map(|_| {
            json!({
                "epoch": self.feed.published_epoch, "revision": self.feed.published,
                "committed_at": self.feed.committed_at,
            })
        });
        Answer::ok(json!({
            "environment": self.feed.environment, "at_ms": self.now_ms, "published": published, "alarm": alarm,
            "versions": { "wanted": self.versions.wanted, "lowest": self.versions.lowest },
            "counts": self.counts(),
            "propagation": shown_propagation(&propagation(&self.processes, &self.states, made)),
            "asked": place.map(|place| self.asked(place)),
            "instances": instances, "next_cursor": next,
        }))
    }

    fn counts(&self) -> Value {
        let state = |wanted: State| self.states.iter().filter(|state| **state == wanted).count();
        let live = || {
            self.processes
                .iter()
                .zip(&self.states)
                .filter(|(_, state)| **state == State::Live)
        };
        let standing = |word: &str| {
            live()
                .filter(|(process, _)| self.standing(process) == word)
                .count()
        };
        let is_behind = |process: &Process| self.behind(process) != Some(0);
        let quarantined = |process: &Process| {
            process.rest["quarantined"]
                .as_array()
                .is_some_and(|all| !all.is_empty())
        };
        json!({
            "live": state(State::Live), "unreachable": state(State::Unreachable), "replaced": state(State::Replaced),
            "behind": live().filter(|(process, _)| is_behind(process)).count(),
            "below_wanted": standing("below_wanted"), "below_lowest": standing("below_lowest"),
            "quarantined": live().filter(|(process, _)| quarantined(process)).count(),
        })
    }

    /// How the live gateways stand to one revision.
    fn asked(&self, (place, made_at): ((i64, i64), Option<i64>)) -> Value {
        let gateways = self.processes.iter().zip(&self.states);
        let gateways =
            gateways.filter(|(process, state)| **state == State::Live && process.row.kind == "gateway");
        let (mut live, mut have, mut times) = (0, 0, Vec::new());
        for (process, _) in gateways {
            live += 1;
            have += usize::from(has(process, place));
            times.extend(made_at.and_then(|made| process.after_ms(place, made)));
        }
        times.sort_unstable();
        json!({
            "epoch": place.0, "revision": place.1, "made_at_ms": made_at, "live": live, "have": have,
            "p50_ms": percentile(&times, 50), "p99_ms": percentile(&times, 99), "max_ms": times.last(),
        })
    }

    fn standing(&self, process: &Process) -> &'static str {
        standing(
            &process.row.version,
            self.versions.wanted.as_deref(),
            self.versions.lowest.as_deref(),
        )
    }

    /// Revisions behind what is published; `None`: of another epoch.
    fn behind(&self, process: &Process) -> Option<i64> {
        let same = process.row.epoch == self.feed.published_epoch;
        same.then(|| (self.feed.published - process.row.revision).max(0))
    }

    fn shown(&self, index: usize, place: AskedPlace) -> Option<Value> {
        let (process, state) = (self.processes.get(index)?, self.states.get(index)?);
        let (row, rest) = (&process.row, &process.rest);
        let asked = place.map(|(place, made_at)| {
            json!({
                "has": has(process, place),
                "after_ms": made_at.and_then(|made| process.after_ms(place, made)),
            })
        });
        Some(json!({
            "instance": row.key.instance, "name": row.name, "kind": row.kind, "team": row.key.team,
            "enrolment": row.key.enrolment, "state": state.word(),
            "first_at_ms": row.first_at_ms, "reported_at_ms": row.reported_at_ms,
            "unreachable_since_ms": (*state != State::Live).then_some(row.reported_at_ms),
            "version": row.version, "standing": self.standing(process), "config": rest["config"],
            "policy": {
                "state": rest["state"], "source": rest["source"], "epoch": row.epoch, "revision": row.revision,
                "applied_at_ms": rest["applied_at_ms"], "age_s": rest["age_s"],
            },
            "behind": self.behind(process), "skew_ms": process.skew_ms(),
            "quarantined": rest["quarantined"], "asked": asked,
        }))
    }
}

fn has(process: &Process, place: (i64, i64)) -> bool {
    (process.row.epoch, process.row.revision) >= place
}

fn shown_propagation(found: &Propagation) -> Value {
    json!({
        "revisions": found.revisions, "measured": found.measured, "left_out": found.left_out,
        "p50_ms": found.p50_ms, "p99_ms": found.p99_ms,
    })
}
