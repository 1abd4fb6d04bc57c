//! The table against a naive matcher: random tables and requests, one route after the other, by the rules as written.

use super::tests::{host, path, table};
use super::*;
use proptest::prelude::*;
use std::cmp::Reverse;

fn routes() -> impl Strategy<Value = Vec<String>> {
    let segment = prop_oneof![3 => Just("/a"), 2 => Just("/b"), 1 => Just("/a-segment-of-some-length"), 3 => Just("/{}")];
    let host = prop_oneof![
        4 => Just(""),
        1 => Just("a.b.c"),
        1 => Just("b.c"),
        1 => Just("*.b.c"),
        1 => Just("*.c"),
        1 => Just("*.a.b.c")
    ];
    let end = prop_oneof![3 => Just(""), 1 => Just("/"), 2 => Just("/**")];
    let route = (host, proptest::collection::vec(segment, 0..5), end).prop_map(|(host, segments, end)| {
        let named = segments
            .iter()
            .enumerate()
            .map(|(n, text)| text.replace("{}", &format!("{{x{n}}}")));
        let path = named.collect::<String>() + end;
        format!("{host}{}", if path.is_empty() { "/" } else { &path })
    });
    proptest::collection::vec(route, 0..40)
}

fn targets() -> impl Strategy<Value = String> {
    let segment = prop_oneof![4 => Just("/a"), 3 => Just("/b"), 1 => Just("/c"), 1 => Just("/a-segment-of-some-length")];
    (
        proptest::collection::vec(segment, 0..6),
        prop_oneof![2 => Just(""), 1 => Just("/")],
    )
        .prop_map(|(segments, end)| {
            let path = segments.concat() + end;
            if path.is_empty() { "/".into() } else { path }
        })
}

fn names() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["a.b.c", "b.c", "c", "x.c", "q.a.b.c", "d"])
}

/// The rules of matching as they are written, over texts, one route after the other.
fn naive<'r>(routes: &'r [String], host: &str, target: &str) -> Option<&'r String> {
    let fits_host = |pattern: &str| match pattern.strip_prefix('*') {
        Some(suffix) => host.ends_with(suffix),
        None => pattern.is_empty() || pattern == host,
    };
    let tier = |pattern: &str| match pattern.strip_prefix('*') {
        Some(suffix) => (1, Reverse(suffix.len())),
        None if pattern.is_empty() => (2, Reverse(0)),
        None => (0, Reverse(0)),
    };
    let found: Vec<_> = target[1..].split('/').collect();
    // One character per segment, in the order of preference; `None`: the path does not fit.
    let specificity = |pattern: &str| -> Option<String> {
        let wanted: Vec<_> = pattern[1..].split('/').collect();
        let mut out = String::new();
        for (n, segment) in wanted.iter().enumerate() {
            if *segment == "**" {
                return Some(out + "4");
            }
            let text = *found.get(n)?;
            if segment.starts_with('{') && !text.is_empty() {
                out += "2";
            } else if *segment == text {
                out += "1";
            } else {
                return None;
            }
        }
        (wanted.len() == found.len()).then(|| out + "3")
    };
    routes
        .iter()
        .filter_map(|route| {
            let (pattern_host, pattern) = route.split_at(route.find('/').unwrap());
            let key = (tier(pattern_host), specificity(pattern)?);
            fits_host(pattern_host).then_some((key, route))
        })
        .min_by(|(one, _), (other, _)| one.cmp(other))
        .map(|(_, route)| route)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn it_answers_as_the_naive_matcher(
        routes in routes(),
        requests in proptest::collection::vec((names(), targets()), 1..24),
    ) {
        let built = table(&routes);
        for (name, target) in requests {
            let (name, target) = (host(name), path(&target));
            let found = built.find(&name, &target);
            prop_assert_eq!(found, naive(&routes, name.as_str(), target.as_str()), "{:?} {:?}", name, target);
            prop_assert!(built.search(built.any, target.as_str().as_bytes()).1 <= built.steps_max());
        }
    }

    #[test]
    fn what_is_explained_is_what_is_found(routes in routes(), name in names(), target in targets()) {
        let built = table(&routes);
        let (name, target) = (host(name), path(&target));
        let explained = built.explain(&name, &target);
        prop_assert_eq!(explained.len(), built.len());
        let chosen: Vec<_> =
            explained.iter().filter(|one| one.verdict == Verdict::Chosen).map(|one| one.entry.value).collect();
        prop_assert_eq!(chosen, built.find(&name, &target).into_iter().collect::<Vec<_>>());
        for one in &explained {
            let fits_host = one.entry.host.is_none_or(|pattern| pattern.matches(&name));
            let fits_path = one.entry.pattern().matches(&target);
            let expected = match &one.verdict {
                Verdict::HostDiffers => !fits_host,
                Verdict::PathDiffers { .. } => fits_host && !fits_path,
                _ => fits_host && fits_path,
            };
            prop_assert!(expected, "{:?}", one);
        }
    }
}
