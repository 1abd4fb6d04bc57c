//! Whether a cached answer of an AWS Lambda authorizer can say exactly what the policy says (authorizers.md).
//!
//! A cached answer is a list of ARNs, allowed and denied, and a `*` in one crosses slashes. So a parameter cannot be said,
//! and below a wildcard only one more level can: what is permitted inside of what is denied inside of what is permitted has no
//! spelling. Refuses some that could be said, never the reverse. Both `policy build` and the authorizer ask here.

use crate::path::{Pattern, Segment};
use crate::{Api, Operation};
use std::collections::BTreeSet;

/// Patterns of an API that one answer can name: its 8,192 bytes have no place for more.
const PATTERNS_COUNT_MAX: usize = 128;

/// The paths of an API.
#[derive(Debug, Clone)]
pub struct Paths<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its base path.
    pub base_path: &'a str,
    /// Its operations as written, public ones among them: `METHOD PATTERN`.
    pub operations: Vec<&'a str>,
}

impl<'a> Paths<'a> {
    /// Those of a compiled API.
    pub fn of(api: &'a Api) -> Paths<'a> {
        Paths {
            id: api.id(),
            base_path: api.base_path(),
            operations: api.operations().iter().map(Operation::matches).collect(),
        }
    }
}

/// An operation that no list of ARNs can say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inexact {
    /// The API's id.
    pub api: Box<str>,
    /// The operation as written.
    pub operation: Box<str>,
    /// Why.
    pub why: String,
}

/// Every operation of the `fronted` APIs that ARNs cannot say exactly. `apis` are all of the policy: one that is not
/// fronted, but lies below one that is, counts too.
pub fn inexact(fronted: &[&str], apis: &[Paths<'_>]) -> Vec<Inexact> {
    let is_fronted = |api: &&Paths<'_>| fronted.contains(&api.id);
    // Stems: what stands before `/**`; everything at a base path and below is its API's alone.
    let mut permitting: BTreeSet<String> = BTreeSet::new();
    let mut dividing: BTreeSet<String> = apis
        .iter()
        .map(|api| stem_of_base(api.base_path).to_owned())
        .collect();
    for api in apis.iter().filter(is_fronted) {
        for pattern in api
            .operations
            .iter()
            .filter_map(|operation| pattern_of(operation))
        {
            if let Some(stem) = pattern.as_str().strip_suffix("/**") {
                permitting.insert(stem.to_owned());
                dividing.insert(stem.to_owned());
            }
        }
    }
    let mut found = Vec::new();
    for api in apis.iter().filter(is_fronted) {
        let mut named = BTreeSet::new();
        for operation in &api.operations {
            let Some(pattern) = pattern_of(operation) else {
                continue;
            };
            named.insert(pattern.as_str().to_owned());
            let why = unsayable(&pattern)
                .or_else(|| too_deep(&pattern, &permitting, &dividing))
                .or_else(|| too_many(named.len()));
            if let Some(why) = why {
                found.push(Inexact {
                    api: api.id.into(),
                    operation: (*operation).into(),
                    why,
                });
            }
        }
    }
    found
}

fn pattern_of(operation: &str) -> Option<Pattern> {
    let (_, pattern) = operation.split_once(' ')?;
    Pattern::parse(pattern).ok()
}

fn stem_of_base(base_path: &str) -> &str {
    if base_path == "/" { "" } else { base_path }
}

/// What no ARN can say, wherever it stands.
fn unsayable(pattern: &Pattern) -> Option<String> {
    pattern.segments().find_map(|segment| match segment {
        Segment::Param(name) => Some(format!(
            "`{{{name}}}` is one segment, and a `*` in an ARN crosses slashes"
        )),
        // The start of a policy variable; what stands for it is not settled for API Gateway.
        Segment::Literal(text) if text.contains('$') => {
            Some("`$` has a meaning of its own in an ARN".to_owned())
        }
        // Below a wildcard every path with an escape is denied, because none can tell the canonical spelling of one.
        Segment::Literal(text) if text.contains('%') => {
            Some("`%` begins an escape, and a cached answer denies them".to_owned())
        }
        _ => None,
    })
}

/// A wildcard that divides what another one permits, and this pattern inside of both.
fn too_deep(pattern: &Pattern, permitting: &BTreeSet<String>, dividing: &BTreeSet<String>) -> Option<String> {
    let text = pattern.as_str();
    let (path, is_wildcard) = match text.strip_suffix("/**") {
        Some(stem) => (stem, true),
        None => (text, false),
    };
    let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
    // A wildcard is not inside of itself; a single path is inside of the wildcard at it.
    let at = (!is_wildcard && !path.ends_with('/')).then_some(path);
    let mut outer = None;
    for stem in above.chain(at) {
        match outer {
            None if permitting.contains(stem) => outer = Some(stem),
            Some(outer) if dividing.contains(stem) => {
                return Some(format!(
                    "it lies inside of `{stem}/**`, and that inside of `{outer}/**`: two levels below a wildcard"
                ));
            }
            _ => {}
        }
    }
    None
}

fn too_many(patterns: usize) -> Option<String> {
    (patterns > PATTERNS_COUNT_MAX)
        .then(|| format!("it is the {patterns}th pattern, and an answer names at most {PATTERNS_COUNT_MAX}"))
}

#[cfg(test)]
mod tests {
    //! What can be said, and what cannot.

    use super::*;

    /// APIs as `id base_path: pattern …`; those that begin with `-` are not fronted. Expected: the patterns that are refused.
    fn check(apis: &[&str], expected: &[&str]) {
        let texts: Vec<(bool, &str, &str, Vec<String>)> = apis
            .iter()
            .map(|api| {
                let (named, operations) = api.split_once(": ").unwrap_or((api.trim_end_matches(':'), ""));
                let (id, base_path) = named.split_once(' ').unwrap();
                let operations = operations.split_whitespace().map(|path| format!("GET {path}"));
                let is_fronted = !id.starts_with('-');
                (
                    is_fronted,
                    id.trim_start_matches('-'),
                    base_path,
                    operations.collect(),
                )
            })
            .collect();
        let paths: Vec<Paths<'_>> = texts
            .iter()
            .map(|(_, id, base_path, operations)| Paths {
                id,
                base_path,
                operations: operations.iter().map(String::as_str).collect(),
            })
            .collect();
        let fronted: Vec<&str> = texts.iter().filter(|api| api.0).map(|api| api.1).collect();
        let found = inexact(&fronted, &paths);
        let found: Vec<&str> = found.iter().map(|one| &one.operation[4..]).collect();
        assert_eq!(found, expected, "{apis:?}");
    }

    #[test]
    fn parameters_and_dollars() {
        check(&["a /a: /a/b /a/{id} /a/{id}/c/**"], &["/a/{id}", "/a/{id}/c/**"]);
        check(&["a /a: /a/$x"], &["/a/$x"]);
        check(&["a /a: /a/%C3%A4"], &["/a/%C3%A4"]);
        check(&["-a /a: /a/{id}", "b /b: /b/**"], &[]);
    }

    #[test]
    fn no_more_than_an_answer_can_name() {
        let paths: Vec<String> = (0..=PATTERNS_COUNT_MAX)
            .map(|number| format!("/a/{number}"))
            .collect();
        check(&[&format!("a /a: {}", paths[1..].join(" "))], &[]);
        check(&[&format!("a /a: {}", paths.join(" "))], &["/a/128"]);
    }

    #[test]
    fn one_level_below_a_wildcard() {
        check(&["a /a: /a/** /a/b /a/c/ /a/d/e/f"], &[]);
        check(&["a /a: /a/** /a/b/** /a/c/d/**"], &[]);
        check(&["a /: /** /a /b/**"], &[]);
        check(&["a /a: /a/** /a /a/"], &[]);
        check(&["a /a: /a/b /a/b/c /a/b/c/d"], &[]);
        check(&["a /a: /a/b/** /a/c/**"], &[]);
    }

    #[test]
    fn two_levels_below_a_wildcard() {
        check(&["a /a: /a/** /a/b/** /a/b/c"], &["/a/b/c"]);
        check(&["a /a: /a/** /a/b/** /a/b/c/**"], &["/a/b/c/**"]);
        check(&["a /a: /a/** /a/b/** /a/b"], &["/a/b"]);
        check(&["a /: /** /a/** /a/"], &["/a/"]);
        check(&["a /a: /a/** /a/b/** /a/bc"], &[]);
    }

    #[test]
    fn apis_inside_of_each_other() {
        // What the other one does is not asked here: all of it is denied.
        check(&["a /a: /a/**", "-b /a/b: /a/b/** /a/b/c"], &[]);
        check(&["a /a: /a/**", "b /a/b: /a/b/**"], &[]);
        check(&["a /a: /a/**", "b /a/b: /a/b/c"], &["/a/b/c"]);
        check(
            &["a /a: /a/**", "-b /a/b:", "c /a/b/c: /a/b/c/**"],
            &["/a/b/c/**"],
        );
        // Nothing is permitted around it.
        check(&["-a /a: /a/**", "b /a/b: /a/b/** /a/b/c"], &[]);
    }
}
