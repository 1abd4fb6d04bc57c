//! Why each route won or lost: the table's own verdict on each path, and the methods within the chosen one.

use super::{Asked, Decision};
use crate::configuration::Route;
use crate::snapshot::Snapshot;
use policy::method::Method;
use policy::path::{self, CanonicalPath, Explained, Host, Pattern};
use serde::Serialize;
use std::cmp::Reverse;

/// How many routes are listed.
const LISTED_MAX: usize = 12;

/// One route and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The route's name.
    pub route: String,
    /// Its line in the file.
    pub line: usize,
    /// Whether it was chosen.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub because: String,
}

/// What became of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It answers.
    Chosen,
    /// It fits the request, and another one fits better.
    Lost,
    /// It has the chosen path, under other methods.
    OtherMethods,
    /// It does not fit.
    NoMatch,
}

/// How near a route came, for the order of the list: the kind of verdict, the segment that decided (a later one is
/// nearer), the line.
type Distance = (u8, Reverse<usize>, usize);

/// Judges all routes; lists the nearest and counts the others.
pub(super) fn judge(snapshot: &Snapshot, asked: &Asked, decision: &Decision) -> (Vec<Candidate>, usize) {
    let (Ok(path), Ok(host)) = (
        CanonicalPath::parse(asked.path.as_bytes()),
        Host::parse(asked.host.as_bytes()),
    ) else {
        return (Vec::new(), snapshot.routes().count());
    };
    let method = Method::parse(asked.method.as_bytes());
    let explained = snapshot.table.explain(&host, &path);
    let chosen = explained
        .iter()
        .find(|explained| explained.verdict == path::Verdict::Chosen);
    let chosen = chosen.map(|explained| explained.entry.pattern());
    let mut judged: Vec<(Distance, Candidate)> = Vec::new();
    for Explained { entry, verdict } in &explained {
        let pattern = entry.pattern();
        for compiled in &entry.value.routes {
            let route = &compiled.route;
            let (of_route, because) = match verdict {
                path::Verdict::Chosen => within_the_path(route, decision, method),
                verdict => beside_the_path(verdict, &pattern, chosen.as_ref(), &host),
            };
            let (kind, segment) = distance(verdict, of_route);
            let (name, line) = (route.name.to_string(), route.line);
            let candidate = Candidate {
                route: name,
                line,
                verdict: of_route,
                because,
            };
            judged.push(((kind, Reverse(segment), line), candidate));
        }
    }
    judged.sort_by_key(|(distance, _)| *distance);
    let left_out = judged.len().saturating_sub(LISTED_MAX);
    (
        judged
            .into_iter()
            .take(LISTED_MAX)
            .map(|(_, candidate)| candidate)
            .collect(),
        left_out,
    )
}

/// A route of the chosen path.
fn within_the_path(route: &Route, decision: &Decision, method: Option<Method>) -> (Verdict, String) {
    let chosen_line = match decision {
        Decision::Forward { line, .. } | Decision::Redirect { line, .. } | Decision::Respond { line, .. } => {
            Some(*line)
        }
        Decision::Capabilities | Decision::Refuse { .. } => None,
    };
    if chosen_line == Some(route.line) {
        return (Verdict::Chosen, "the most specific route that fits".to_owned());
    }
    if !method.is_some_and(|method| route.methods.covers(method)) {
        return (
            Verdict::OtherMethods,
            format!("has this path, but only for {}", route.methods),
        );
    }
    let because = match chosen_line {
        Some(_) => "has this path, and another route names the method itself",
        None => "has this path; the request was refused before it could be sent",
    };
    (Verdict::Lost, because.to_owned())
}

/// A route of another path.
fn beside_the_path(
    verdict: &path::Verdict,
    own: &Pattern,
    chosen: Option<&Pattern>,
    host: &Host<'_>,
) -> (Verdict, String) {
    match verdict {
        path::Verdict::LessSpecific { segment } => (Verdict::Lost, less_specific(*segment, own, chosen)),
        path::Verdict::LowerHostTier => {
            let better = chosen.map_or("another route", Pattern::as_str);
            (
                Verdict::Lost,
                format!("fits, but `{better}` names the host more exactly"),
            )
        }
        path::Verdict::HostDiffers => (
            Verdict::NoMatch,
            format!("serves another host than {}", host.as_str()),
        ),
        path::Verdict::PathDiffers { .. } | path::Verdict::Chosen => (Verdict::NoMatch, verdict.to_string()),
    }
}

fn less_specific(segment: usize, own: &Pattern, chosen: Option<&Pattern>) -> String {
    let Some(chosen) = chosen else {
        return "fits, but another route is more specific".to_owned();
    };
    let at = |pattern: &Pattern| {
        pattern
            .segments()
            .nth(segment - 1)
            .map(|segment| segment.to_string())
    };
    match (at(chosen), at(own)) {
        (Some(better), Some(own)) => {
            let winner = chosen.as_str();
            format!("fits, but at segment {segment} `{better}` of `{winner}` is more specific than `{own}`")
        }
        (None, Some(own)) => format!("fits, but `{}` ends where `{own}` goes on", chosen.as_str()),
        (_, None) => format!("fits, but `{}` is more specific", chosen.as_str()),
    }
}

fn distance(of_path: &path::Verdict, of_route: Verdict) -> (u8, usize) {
    match of_path {
        path::Verdict::Chosen => (if of_route == Verdict::Chosen { 0 } else { 1 }, 0),
        path::Verdict::LessSpecific { segment } => (2, *segment),
        path::Verdict::LowerHostTier => (3, 0),
        path::Verdict::PathDiffers { segment, .. } => (4, *segment),
        path::Verdict::HostDiffers => (5, 0),
    }
}
