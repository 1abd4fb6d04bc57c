//! An answer that API Gateway keeps: it is applied to every method and path of the stage, so it has to say what the
//! decision would be for each of them, in resources and wildcards.
//!
//! The wildcard `*` of a policy crosses `/`. So a granted pattern is named twice (`GET/orders`, `GET/orders/*`), what
//! is nested in it and not granted is denied by name, and all that is not named is denied explicitly: where a resource
//! policy allows, silence would let in.

use policy::method::Method;

/// The methods that API Gateway carries, in the order of their names.
pub(crate) const METHODS: [Method; 7] = [
    Method::DELETE,
    Method::GET,
    Method::HEAD,
    Method::OPTIONS,
    Method::PATCH,
    Method::POST,
    Method::PUT,
];

/// What a wildcard would let in although no path that means it is canonical: escapes (which of them are spelled as they
/// must be, no wildcard can say), backslashes, empty segments, dot segments, and what comes before a `;`.
pub(crate) const NEVER: [&str; 10] = [
    "*%*", "*\\*", "*//*", "*/.", "*/./*", "*/.;*", "*/..", "*/../*", "*/..;*", "*/;*",
];

/// What is granted and what has to be denied by name, as resources of a stage (`GET/orders/*`), each sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cached {
    pub(crate) allow: Vec<String>,
    pub(crate) deny: Vec<String>,
    /// Whether a wildcard is among what is granted.
    pub(crate) wildcard: bool,
}

/// What a pattern covers of the paths that API Gateway has, without the prefix that it took away.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Covered {
    /// One path.
    exact: Option<String>,
    /// Every path that begins so.
    below: Option<String>,
    /// A path, as policy sees it, that only this pattern fits best.
    sample: Option<String>,
}

impl Cached {
    /// `patterns`: of the API, each once. `nested`: base paths of other APIs in it. `permits`: the decision.
    pub(crate) fn of(
        patterns: &[&str],
        nested: &[&str],
        prefix: Option<&str>,
        mut permits: impl FnMut(&str, Method) -> bool,
    ) -> Cached {
        let covered = covered(patterns, nested, prefix);
        let mut cached = Cached::default();
        for method in METHODS {
            let granted: Vec<bool> = covered
                .iter()
                .map(|covered| {
                    covered
                        .sample
                        .as_deref()
                        .is_some_and(|sample| permits(sample, method))
                })
                .collect();
            let of = |wanted: bool| {
                let both = covered.iter().zip(&granted);
                both.filter_map(move |(covered, &granted)| (granted == wanted).then_some(covered))
            };
            let open: Vec<&str> = of(true).filter_map(|covered| covered.below.as_deref()).collect();
            for covered in of(true) {
                cached
                    .allow
                    .extend(covered.exact.iter().map(|path| format!("{method}{path}")));
                cached
                    .allow
                    .extend(covered.below.iter().map(|path| format!("{method}{path}*")));
            }
            let inside = |path: &str| open.iter().any(|open| path.starts_with(open));
            for covered in of(false) {
                let exact = covered.exact.iter().filter(|path| inside(path));
                cached.deny.extend(exact.map(|path| format!("{method}{path}")));
                let below = covered.below.iter().filter(|path| inside(path));
                cached.deny.extend(below.map(|path| format!("{method}{path}*")));
            }
            cached.wildcard |= !open.is_empty();
        }
        cached.allow.sort();
        cached.deny.sort();
        cached.deny.dedup();
        cached
    }
}

/// What each pattern covers; what no request can reach behind the prefix is left out.
fn covered(patterns: &[&str], nested: &[&str], prefix: Option<&str>) -> Vec<Covered> {
    let fresh = fresh(patterns, nested);
    let mut whole = false;
    let mut all = Vec::new();
    for pattern in patterns {
        match pattern.strip_suffix("/**") {
            None => all.extend(literal(pattern, prefix)),
            // Of several that cover all that is behind the prefix only the most specific is ever met: by any sample.
            Some(base) if covers_all(base, prefix) => whole = true,
            Some(base) => all.extend(rest(base, prefix, Some(&fresh))),
        }
    }
    if whole {
        all.push(Covered {
            exact: None,
            below: Some("/".to_owned()),
            sample: Some(format!("{}/{fresh}", prefix.unwrap_or_default())),
        });
    }
    // The one path of a pattern's own that another pattern names is decided by that one.
    let named: Vec<String> = all
        .iter()
        .filter(|covered| covered.below.is_none())
        .filter_map(|covered| covered.exact.clone())
        .collect();
    for covered in &mut all {
        if covered.below.is_some() && covered.exact.as_ref().is_some_and(|exact| named.contains(exact)) {
            covered.exact = None;
        }
    }
    all.extend(nested.iter().filter_map(|base| rest(base, prefix, None)));
    all
}

/// A segment that stands in no pattern.
fn fresh(patterns: &[&str], nested: &[&str]) -> String {
    let mut fresh = "~".to_owned();
    while patterns.iter().chain(nested).any(|text| text.contains(&fresh)) {
        fresh.push('~');
    }
    fresh
}

/// Whether every path behind the prefix is at or below `base`.
fn covers_all(base: &str, prefix: Option<&str>) -> bool {
    match prefix.unwrap_or_default().strip_prefix(base) {
        Some(behind) => behind.is_empty() || behind.starts_with('/'),
        None => false,
    }
}

/// One path. What API Gateway took away leaves `/`, so behind a prefix no request has the prefix and a slash alone.
fn literal(path: &str, prefix: Option<&str>) -> Option<Covered> {
    let behind = path.strip_prefix(prefix.unwrap_or_default())?;
    let exact = match (behind, prefix) {
        ("", _) => "/",
        ("/", Some(_)) => return None,
        _ => behind,
    };
    exact.starts_with('/').then(|| Covered {
        exact: Some(exact.to_owned()),
        below: None,
        sample: Some(path.to_owned()),
    })
}

/// Everything at a path and below it. Without a segment for a sample, nothing of it is ever granted.
fn rest(base: &str, prefix: Option<&str>, fresh: Option<&str>) -> Option<Covered> {
    let behind = base.strip_prefix(prefix.unwrap_or_default())?;
    behind.starts_with('/').then(|| Covered {
        exact: Some(behind.to_owned()),
        below: Some(format!("{behind}/")),
        sample: fresh.map(|fresh| format!("{base}/{fresh}")),
    })
}

#[cfg(test)]
mod tests {
    //! Which resources are named for which patterns.

    use super::*;

    /// `granted`: `METHOD PATH`s, by the paths that only one pattern fits best (`~` for a wildcard's).
    fn check(
        patterns: &[&str],
        nested: &[&str],
        prefix: Option<&str>,
        granted: &[&str],
        allow: &[&str],
        deny: &[&str],
    ) {
        let cached = Cached::of(patterns, nested, prefix, |path, method| {
            granted.contains(&format!("{method} {path}").as_str())
        });
        assert_eq!(cached.allow, allow, "{patterns:?}");
        assert_eq!(cached.deny, deny, "{patterns:?}");
        assert_eq!(
            cached.wildcard,
            allow.iter().any(|resource| resource.ends_with('*'))
        );
    }

    #[test]
    fn a_wildcard_is_named_with_and_without_its_slash() {
        check(&["/o/**"], &[], None, &["GET /o/~"], &["GET/o", "GET/o/*"], &[]);
        check(&["/**"], &[], None, &["GET /~"], &["GET/*"], &[]);
        check(&["/"], &[], None, &["GET /"], &["GET/"], &[]);
    }

    #[test]
    fn what_is_nested_and_not_granted_is_denied_by_name() {
        let patterns = ["/o/**", "/o/admin/**", "/o/health", "/o"];
        check(
            &patterns,
            &[],
            None,
            &["GET /o/~", "POST /o/admin/~", "POST /o"],
            &["GET/o/*", "POST/o", "POST/o/admin", "POST/o/admin/*"],
            &["GET/o/admin", "GET/o/admin/*", "GET/o/health"],
        );
    }

    #[test]
    fn an_api_of_another_is_denied_where_a_wildcard_covers_it() {
        check(
            &["/o/**", "/o/x"],
            &["/o/returns", "/other"],
            None,
            &["GET /o/~", "PUT /o/x"],
            &["GET/o", "GET/o/*", "PUT/o/x"],
            &["GET/o/returns", "GET/o/returns/*", "GET/o/x"],
        );
    }

    #[test]
    fn behind_a_prefix_paths_are_what_is_left() {
        let patterns = [
            "/api/**",
            "/api/o/**",
            "/api/o/x/**",
            "/api/o",
            "/api/o/",
            "/api/oo",
        ];
        check(
            &patterns,
            &["/api/o/returns"],
            Some("/api/o"),
            &["GET /api/o/~", "POST /api/o", "GET /api/oo", "GET /api/o/"],
            &["GET/*", "POST/"],
            &["GET/", "GET/returns", "GET/returns/*", "GET/x", "GET/x/*"],
        );
    }

    #[test]
    fn a_sample_is_a_path_that_nothing_else_names() {
        check(
            &["/o/**", "/o/~"],
            &[],
            None,
            &["GET /o/~~"],
            &["GET/o", "GET/o/*"],
            &["GET/o/~"],
        );
    }
}
