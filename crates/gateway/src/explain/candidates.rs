//! Why each route won or lost, judged one by one with the same comparisons that the table is built on.

use super::{Asked, Decision};
use crate::configuration::Route;
use policy::method::Method;
use policy::path::{CanonicalPath, Host, HostPattern, Segment};
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

/// Judges all routes; lists the nearest and counts the others.
pub(super) fn judge(routes: &[Route], asked: &Asked, decision: &Decision) -> (Vec<Candidate>, usize) {
    let Ok(path) = CanonicalPath::parse(asked.path.as_bytes()) else {
        return (Vec::new(), routes.len());
    };
    let Ok(host) = Host::parse(asked.host.as_bytes()) else {
        return (Vec::new(), routes.len());
    };
    let method = Method::parse(asked.method.as_bytes());
    let winner = winner(routes, &host, &path);
    let chosen_line = match decision {
        Decision::Forward { line, .. } | Decision::Redirect { line, .. } | Decision::Respond { line, .. } => {
            Some(*line)
        }
        Decision::Capabilities | Decision::Refuse { .. } => None,
    };
    let mut judged = routes
        .iter()
        .map(|route| {
            let (verdict, because, nearness) = judge_one(route, winner, chosen_line, &host, &path, method);
            let candidate = Candidate {
                route: route.name.to_string(),
                line: route.line,
                verdict,
                because,
            };
            (Reverse((verdict == Verdict::Chosen, nearness)), candidate)
        })
        .collect::<Vec<_>>();
    judged.sort_by_key(|(order, _)| *order);
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

/// The route whose path is chosen, whatever its methods: first the host's tier, then the pattern.
fn winner<'a>(routes: &'a [Route], host: &Host<'_>, path: &CanonicalPath<'_>) -> Option<&'a Route> {
    let fits = |route: &&Route| {
        route.host.as_ref().is_none_or(|pattern| pattern.matches(host)) && route.pattern.matches(path)
    };
    routes.iter().filter(fits).min_by(|a, b| {
        let tier = |route: &Route| Reverse(tier(route.host.as_ref()));
        tier(a).cmp(&tier(b)).then_with(|| a.pattern.compare(&b.pattern))
    })
}

/// Higher wins: exact, then the longer suffix, then the shorter, then none.
fn tier(host: Option<&HostPattern>) -> (u8, usize) {
    match host {
        Some(HostPattern::Exact(_)) => (2, 0),
        Some(HostPattern::Suffix(suffix)) => (1, suffix.len()),
        None => (0, 0),
    }
}

/// The verdict, the reason, and how near it came (for the order of the list).
fn judge_one(
    route: &Route,
    winner: Option<&Route>,
    chosen_line: Option<usize>,
    host: &Host<'_>,
    path: &CanonicalPath<'_>,
    method: Option<Method>,
) -> (Verdict, String, usize) {
    if !route.host.as_ref().is_none_or(|pattern| pattern.matches(host)) {
        let nearness = route.pattern.matches(path).into();
        return (
            Verdict::NoMatch,
            format!("serves another host than {}", host.as_str()),
            nearness,
        );
    }
    if !route.pattern.matches(path) {
        let (because, depth) = mismatch(route, path);
        return (Verdict::NoMatch, because, 2 + depth);
    }
    let Some(winner) = winner else {
        return (Verdict::NoMatch, "does not match".to_owned(), 0);
    };
    if tier(route.host.as_ref()) != tier(winner.host.as_ref()) {
        let because = format!("fits, but `{}` names the host more exactly", winner.name);
        return (Verdict::Lost, because, usize::MAX - 2);
    }
    if route.pattern.compare(&winner.pattern).is_ne() {
        return (Verdict::Lost, less_specific(route, winner), usize::MAX - 1);
    }
    if chosen_line == Some(route.line) {
        return (
            Verdict::Chosen,
            "the most specific route that fits".to_owned(),
            usize::MAX,
        );
    }
    if !method.is_some_and(|method| route.methods.covers(method)) {
        let because = format!("has this path, but only for {}", route.methods);
        return (Verdict::OtherMethods, because, usize::MAX);
    }
    let because = match chosen_line {
        Some(_) => "has this path, and another route names the method itself".to_owned(),
        None => "has this path; the request was refused before it could be sent".to_owned(),
    };
    (Verdict::Lost, because, usize::MAX)
}

/// Which segment does not fit, and how many did.
fn mismatch(route: &Route, path: &CanonicalPath<'_>) -> (String, usize) {
    let mut wanted = route.pattern.segments();
    let mut depth = 0;
    for found in path.segments() {
        depth += 1;
        match wanted.next() {
            None => {
                return (
                    format!("ends before segment {depth} of the path, `{found}`"),
                    depth,
                );
            }
            Some(Segment::Literal(literal)) if literal != found => {
                let because = match (literal, found) {
                    ("", _) => format!("wants the path to end with a slash at segment {depth}"),
                    (_, "") => format!("segment {depth} is empty (a trailing slash), not `{literal}`"),
                    _ => format!("segment {depth} is `{found}`, not `{literal}`"),
                };
                return (because, depth);
            }
            Some(Segment::Param(name)) if found.is_empty() => {
                return (
                    format!("segment {depth} is empty, and {{{name}}} wants something"),
                    depth,
                );
            }
            Some(_) => {}
        }
    }
    (format!("wants more than the {depth} segments of the path"), depth)
}

/// Which segment decided between two patterns that both fit.
fn less_specific(route: &Route, winner: &Route) -> String {
    let mut own = route.pattern.segments();
    let mut better = winner.pattern.segments();
    let mut depth = 0;
    loop {
        depth += 1;
        match (own.next(), better.next()) {
            (Some(Segment::Param(_)), Some(Segment::Param(_))) => {}
            (Some(own), Some(better)) if own == better => {}
            (Some(own), Some(better)) => {
                return format!(
                    "fits, but at segment {depth} `{better}` of `{}` is more specific than `{own}`",
                    winner.name
                );
            }
            (Some(own), None) => return format!("fits, but `{}` ends where `{own}` goes on", winner.name),
            (None, _) => return format!("fits, but `{}` is more specific", winner.name),
        }
    }
}
