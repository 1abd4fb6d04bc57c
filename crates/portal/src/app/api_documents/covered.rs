//! Whether an API's operations and its document speak of the same: what is let through and described nowhere, and what is described and never
//! let through. Pure.
//!
//! Generous: it is said of an operation that no path in the document could be meant, and never that one is wrong. Bounded, whatever was written:
//! both sides are somebody's, and one is compared with each of the other.

use super::document::described;
use crate::app::mentions::{list, text};
use crate::app::refused::FieldError;
use policy::path::{Pattern, Segment};
use serde_json::{Map, Value};
use std::cell::Cell;
use std::collections::BTreeSet;

/// Warnings of each kind.
const TOLD_MAX: usize = 20;
/// Different paths of servers that are looked below.
const PREFIXES_MAX: usize = 20;
/// Bytes of such a path.
const PREFIX_BYTES_MAX: usize = 1024;
/// Steps of all comparisons for one document: a segment each, and one more for every so many bytes of it. Seconds of a core at worst.
const STEPS_MAX: usize = 50_000_000;
const STEP_BYTES: usize = 64;

/// An operation, with where it stands.
struct Operation<'a> {
    at: String,
    text: &'a str,
    method: &'a str,
    pattern: Pattern,
    /// How many of its segments lie in a prefix, once for each number that there is: what is behind them is compared with paths.
    behind: BTreeSet<usize>,
}

/// Comparisons, as long as there may be more.
struct Comparing {
    steps_left: Cell<usize>,
}

/// What does not fit together. `api`: the API's body.
pub(super) fn warnings(api: &Map<String, Value>, document: &Map<String, Value>) -> Vec<FieldError> {
    bounded(api, document, STEPS_MAX)
}

fn bounded(api: &Map<String, Value>, document: &Map<String, Value>, steps_max: usize) -> Vec<FieldError> {
    let base = text(api, "base_path").unwrap_or("/").trim_end_matches('/');
    let mut told = Vec::new();
    let prefixes = prefixes(document, base, &mut told);
    let operations = operations(api, &prefixes);
    let described: Vec<(&str, &str)> = described(document).collect();
    let comparing = Comparing {
        steps_left: Cell::new(steps_max),
    };
    let unknown = operations.iter().filter(|operation| {
        let mut all = described.iter();
        !all.any(|(path, method)| comparing.meets(operation, method, path))
    });
    told.extend(unknown.take(TOLD_MAX).map(|operation| {
        let message = format!(
            "`{}` is let through, and the document describes nothing there",
            operation.text
        );
        FieldError::new(operation.at.clone(), message)
    }));
    let refused = described.iter().filter(|(path, method)| {
        let mut all = operations.iter();
        !all.any(|operation| comparing.meets(operation, method, path))
    });
    told.extend(refused.take(TOLD_MAX).map(|(path, method)| {
        let at = format!("paths.{path}.{method}");
        let method = method.to_uppercase();
        let message = format!("`{method} {path}` is described, and no operation of the API lets it through");
        FieldError::new(at, message)
    }));
    if comparing.steps_left.get() == 0 {
        let message = "the document and the API have so many operations that not all of them were compared";
        told.push(FieldError::new("paths", message));
    }
    told
}

/// The API's operations; each with where it could begin, as its path may lie below each of these prefixes.
fn operations<'a>(api: &'a Map<String, Value>, prefixes: &BTreeSet<&str>) -> Vec<Operation<'a>> {
    let public = api.get("public").and_then(Value::as_array).into_iter().flatten();
    let public = public
        .enumerate()
        .map(|(at, one)| (format!("public[{at}]"), one.as_str()));
    let guarded = list(api, "operations")
        .enumerate()
        .map(|(at, one)| (format!("operations[{at}]"), text(one, "match")));
    let all = public.chain(guarded).filter_map(|(at, text)| {
        let text = text?;
        let (method, pattern) = text.split_once(' ')?;
        let pattern = Pattern::parse(pattern.trim()).ok()?;
        let behind = prefixes.iter().filter_map(|prefix| behind(&pattern, prefix));
        let behind = behind.collect();
        Some(Operation {
            at,
            text,
            method,
            pattern,
            behind,
        })
    });
    all.collect()
}

/// Paths of the servers that it names (OpenAPI 3.1.1 §4.8.5), and the API's own. Where some are left out, that is told.
fn prefixes<'a>(
    document: &'a Map<String, Value>,
    base: &'a str,
    told: &mut Vec<FieldError>,
) -> BTreeSet<&'a str> {
    let mut prefixes = BTreeSet::from(["", base]);
    let own = prefixes.len();
    let mut is_all = true;
    for server in list(document, "servers") {
        let url = text(server, "url").unwrap_or_default();
        let path = match url.split_once("://") {
            Some((_, behind)) => behind
                .find('/')
                .and_then(|at| behind.get(at..))
                .unwrap_or_default(),
            None => url,
        };
        let path = path.trim_end_matches('/');
        let is_taken = path.len() <= PREFIX_BYTES_MAX && prefixes.len() < own + PREFIXES_MAX;
        if is_taken || prefixes.contains(path) {
            prefixes.insert(path);
        } else {
            is_all = false;
        }
    }
    if !is_all {
        let message = format!(
            "only the first {PREFIXES_MAX} paths that differ, of at most {PREFIX_BYTES_MAX} bytes, were looked below"
        );
        told.push(FieldError::new("servers", message));
    }
    prefixes
}

/// How many segments of the pattern a prefix takes up, where both could be meant.
fn behind(pattern: &Pattern, prefix: &str) -> Option<usize> {
    let mut taken = 0;
    let mut segments = pattern.segments();
    for found in prefix.split('/').skip(1) {
        match segments.next()? {
            Segment::Rest => return Some(taken),
            segment if fits(segment, found) => taken += 1,
            _ => return None,
        }
    }
    Some(taken)
}

/// GET answers HEAD as well. `method`: in small letters, as documents have it.
fn takes(ours: &str, method: &str) -> bool {
    ours == "ANY" || ours.eq_ignore_ascii_case(method) || (ours == "GET" && method == "head")
}

/// Whether a request's segment could be meant by both: a template's parameter may stand for any.
fn fits(segment: Segment<'_>, found: &str) -> bool {
    match segment {
        Segment::Literal(text) => text == found || found.contains('{'),
        Segment::Param(_) => !found.is_empty(),
        Segment::Rest => true,
    }
}

impl Comparing {
    /// Whether a request could be meant by both. Where nobody knows, as there were too many comparisons: yes.
    fn meets(&self, operation: &Operation<'_>, method: &str, path: &str) -> bool {
        takes(operation.method, method)
            && operation
                .behind
                .iter()
                .any(|taken| self.could_be(&operation.pattern, *taken, path))
    }

    /// Whether what is behind so many segments of the pattern could be meant by the path.
    fn could_be(&self, pattern: &Pattern, taken: usize, path: &str) -> bool {
        if !self.spend(1 + taken) {
            return true;
        }
        let mut path = path.split('/').skip(1);
        for segment in pattern.segments().skip(taken) {
            let found = path.next();
            if !self.spend(1 + found.map_or(0, str::len) / STEP_BYTES) {
                return true;
            }
            let fits = match (segment, found) {
                (Segment::Rest, _) => return true,
                (_, None) => false,
                (segment, Some(found)) => fits(segment, found),
            };
            if !fits {
                return false;
            }
        }
        path.next().is_none()
    }

    /// Takes so many steps, if there are still some.
    fn spend(&self, steps: usize) -> bool {
        let left = self.steps_left.get().saturating_sub(steps);
        self.steps_left.set(left);
        left > 0
    }
}

#[cfg(test)]
mod tests {
    //! APIs beside documents.

    use super::*;
    use serde_json::json;

    fn check(operations: &[&str], paths: &[(&str, &str)], servers: &[&str], expected: &[&str]) {
        let operations: Vec<Value> = operations.iter().map(|one| json!({ "match": one })).collect();
        let api = json!({ "base_path": "/api/orders", "operations": operations, "public": ["GET /api/orders/health"] });
        let mut described = json!({ "/health": { "get": {} } });
        for (path, method) in paths {
            described[*path][*method] = json!({});
        }
        let servers: Vec<Value> = servers.iter().map(|url| json!({ "url": url })).collect();
        let document = json!({ "paths": described, "servers": servers });
        let told = warnings(api.as_object().unwrap(), document.as_object().unwrap());
        let fields: Vec<&str> = told.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, expected, "{told:?}");
    }

    #[test]
    fn what_is_missing_on_either_side_is_told() {
        check(&["GET /api/orders/**"], &[("/{id}", "get")], &[], &[]);
        check(&["GET /api/orders/{id}"], &[("/{id}", "head")], &[], &[]);
        check(&["GET /api/orders/**"], &[("/api/orders/{id}", "get")], &[], &[]);
        check(
            &["ANY /api/orders/{id}/lines"],
            &[("/{order}/lines", "patch")],
            &["https://shop.example.com/api/orders/"],
            &[],
        );
        check(&["GET /api/orders/new"], &[("/{id}", "get")], &[], &[]);
        check(
            &["GET /api/orders/**", "POST /api/orders/"],
            &[("/{id}", "get")],
            &[],
            &["operations[1]"],
        );
        check(
            &["GET /api/orders/{id}"],
            &[("/{id}", "get"), ("/{id}", "delete"), ("/{id}/lines", "get")],
            &["/v1"],
            &["paths./{id}.delete", "paths./{id}/lines.get"],
        );
    }

    /// A document with this member in place of its own, beside an API of one operation; the fields that are told.
    fn told(operation: &str, member: &str, value: Value, steps_max: usize) -> Vec<String> {
        let api = json!({ "base_path": "/api/orders", "operations": [{ "match": operation }] });
        let mut document = json!({ "paths": { "/{id}": { "get": {} } } });
        document[member] = value;
        let told = bounded(api.as_object().unwrap(), document.as_object().unwrap(), steps_max);
        told.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn what_is_too_much_to_be_looked_at_is_left_out_and_told() {
        let servers = |count: usize, path: &str| -> Value {
            let all = (0..count).map(|n| json!({ "url": format!("https://eu-{n}.example.com{path}") }));
            all.collect()
        };
        let mut many: Vec<Value> = (0..PREFIXES_MAX)
            .map(|n| json!({ "url": format!("/v{n}") }))
            .collect();
        let get = "GET /api/orders/{id}";
        let none: [&str; 0] = [];
        assert_eq!(told(get, "servers", many.clone().into(), STEPS_MAX), none);
        many.push(json!({ "url": "/other" }));
        assert_eq!(told(get, "servers", many.into(), STEPS_MAX), ["servers"]);
        // Regions are one path.
        assert_eq!(told(get, "servers", servers(100, "/v1"), STEPS_MAX), none);
        let long = format!("/{}", "x".repeat(PREFIX_BYTES_MAX));
        assert_eq!(told(get, "servers", servers(1, &long), STEPS_MAX), ["servers"]);
        // Nothing is said of what was not compared.
        let paths = json!({ "/{id}": { "get": {} }, "/{id}/lines": { "get": {} } });
        let lines = "paths./{id}/lines.get";
        assert_eq!(told(get, "paths", paths.clone(), STEPS_MAX), [lines]);
        assert_eq!(told(get, "paths", paths, 1), ["paths"]);
    }

    #[test]
    fn a_prefix_is_no_longer_than_what_is_let_through() {
        check(&["GET /api/**"], &[("/orders/{id}", "get")], &["/api"], &[]);
        check(&["GET /api/**"], &[("/{id}", "get")], &["/api/orders/v1/x"], &[]);
        check(
            &["GET /api/orders"],
            &[("/{id}", "get")],
            &["/api/orders/v1"],
            &["operations[0]"],
        );
    }

    #[test]
    fn no_more_is_told_than_anybody_reads() {
        let operations: Vec<String> = (0..50).map(|n| format!("GET /api/orders/x{n}")).collect();
        let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
        let expected: Vec<String> = (0..TOLD_MAX).map(|n| format!("operations[{n}]")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&operations, &[], &[], &expected);
    }
}
