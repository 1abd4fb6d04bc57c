//! The table: tiers, order and backtracking against a naive matcher, what it costs, and what it says about it.

use super::*;

pub(super) fn host(text: &str) -> Host<'_> {
    Host::parse(text.as_bytes()).unwrap()
}

pub(super) fn path(text: &str) -> CanonicalPath<'_> {
    CanonicalPath::parse(text.as_bytes()).unwrap()
}

/// Of `host/path` or `/path`; the value is the text itself.
pub(super) fn table<S: AsRef<str>>(routes: &[S]) -> Table<String> {
    let mut builder = TableBuilder::new();
    for route in routes {
        let (host, pattern) = split(route.as_ref());
        builder.entry(host.as_ref(), &pattern, || route.as_ref().to_owned());
    }
    builder.build()
}

fn split(route: &str) -> (Option<HostPattern>, Pattern) {
    let (host, pattern) = route.split_at(route.find('/').unwrap());
    let host = (!host.is_empty()).then(|| HostPattern::parse(host).unwrap());
    (host, Pattern::parse(pattern).unwrap())
}

/// Each request is `host/path`; its answer is one of the routes, or nothing.
#[track_caller]
fn check(routes: &[&str], expected: &[(&str, &str)]) {
    let forward = table(routes);
    let backward = table(&routes.iter().rev().collect::<Vec<_>>());
    for (request, answer) in expected {
        let (name, target) = request.split_at(request.find('/').unwrap());
        let name = if name.is_empty() { "any" } else { name };
        for table in [&forward, &backward] {
            let found = table.find(&host(name), &path(target)).map_or("", String::as_str);
            assert_eq!(found, *answer, "{request}");
        }
    }
}

#[test]
fn an_empty_table_has_nothing() {
    check(&[], &[("/", ""), ("/a", "")]);
    let none = table::<&str>(&[]);
    assert!(none.is_empty() && none.steps_max() == 0 && none.entries().next().is_none());
}

#[test]
fn literal_before_parameter_before_rest() {
    let routes = ["/a/b", "/a/{x}", "/a/**", "/{x}/b", "/**", "/a", "/a/"];
    check(
        &routes,
        &[
            ("/a/b", "/a/b"),
            ("/a/c", "/a/{x}"),
            ("/a/c/d", "/a/**"),
            ("/a/b/", "/a/**"),
            ("/a", "/a"),
            ("/a/", "/a/"),
            ("/c/b", "/{x}/b"),
            ("/c/c", "/**"),
            ("/", "/**"),
            ("/A/b", "/{x}/b"),
        ],
    );
}

#[test]
fn a_dead_end_goes_back_to_the_next_choice() {
    let routes = [
        "/a/b/c/d",
        "/a/{x}/c/e",
        "/a/**",
        "/{x}/b/{y}/f",
        "/{x}/{y}/{z}/g",
    ];
    check(
        &routes,
        &[
            ("/a/b/c/d", "/a/b/c/d"),
            ("/a/b/c/e", "/a/{x}/c/e"),
            ("/a/b/c/f", "/a/**"),
            ("/a/b/c/g", "/a/**"),
            ("/b/b/c/f", "/{x}/b/{y}/f"),
            ("/b/b/c/g", "/{x}/{y}/{z}/g"),
            ("/b/b/c/h", ""),
            ("/b/b/c", ""),
            ("/b/b/c/g/", ""),
        ],
    );
    // The same without the rest that catches them.
    check(
        &["/a/b/c/d", "/{x}/b/{y}/f", "/{x}/{y}/{z}/g"],
        &[("/a/b/c/f", "/{x}/b/{y}/f"), ("/a/b/c/g", "/{x}/{y}/{z}/g")],
    );
}

#[test]
fn a_rest_fits_its_own_path_with_and_without_slash() {
    check(
        &["/p/**", "/{x}/**"],
        &[
            ("/p", "/p/**"),
            ("/p/", "/p/**"),
            ("/p/a/b/", "/p/**"),
            ("/q", "/{x}/**"),
            ("/q/", "/{x}/**"),
            ("/", ""),
        ],
    );
}

#[test]
fn a_parameter_never_takes_an_empty_segment() {
    check(
        &["/a/{x}", "/{x}"],
        &[
            ("/a/", ""),
            ("/", ""),
            ("/a/b", "/a/{x}"),
            ("/a/b/", ""),
            ("/a", "/{x}"),
        ],
    );
    // Also not on the way back up.
    check(&["/a/**", "/a/{x}/c"], &[("/a/", "/a/**")]);
    check(&["/{x}/", "/{x}/{y}"], &[("/a/", "/{x}/")]);
}

#[test]
fn host_tiers_come_before_paths() {
    let routes = ["a.b.c/x", "*.b.c/x/**", "*.c/**", "/x", "/y/**", "*.b.c/z"];
    check(
        &routes,
        &[
            ("a.b.c/x", "a.b.c/x"),
            ("A.B.C.:80/x", "a.b.c/x"),
            ("a.b.c/x/", "*.b.c/x/**"),
            ("a.b.c/z", "*.b.c/z"),
            ("a.b.c/y", "*.c/**"),
            ("q.b.c/x", "*.b.c/x/**"),
            ("q.r.b.c/x", "*.b.c/x/**"),
            ("b.c/x", "*.c/**"),
            ("c/x", "/x"),
            ("c/y/1", "/y/**"),
            ("c/z", ""),
            ("xb.c/z", "*.c/**"),
        ],
    );
}

#[test]
fn an_exact_host_is_not_a_suffix_and_names_cannot_forge_one() {
    check(
        &["*.b/x", "b/x"],
        &[("b/x", "b/x"), ("a.b/x", "*.b/x"), ("a/x", "")],
    );
    check(&["[::1]/x"], &[("[0::1]:80/x", "[::1]/x"), ("[::2]/x", "")]);
}

#[test]
fn nothing_in_a_path_can_name_a_parameter_edge() {
    check(
        &["/{x}/a", "/**"],
        &[("/%7B%7D/a", "/{x}/a"), ("/**/a", "/{x}/a"), ("/*", "/**")],
    );
}

#[test]
fn segments_of_any_length_are_compared_whole() {
    let names: Vec<_> = (1..40).map(|len| format!("/{}/x", "s".repeat(len))).collect();
    let built = table(&names);
    for name in &names {
        assert_eq!(built.find(&host("h"), &path(name)), Some(name));
    }
    for len in [40, 1_000, 60_000] {
        assert_eq!(
            built.find(&host("h"), &path(&format!("/{}/x", "s".repeat(len)))),
            None
        );
    }
    let nearly = names[30].replace("ss/x", "st/x");
    assert_eq!(built.find(&host("h"), &path(&nearly)), None);
}

#[test]
fn patterns_of_one_shape_share_an_entry() {
    let mut builder = TableBuilder::new();
    let b = HostPattern::parse("b").unwrap();
    for (host, pattern) in [
        (None, "/a/{x}"),
        (None, "/a/{y}"),
        (Some(&b), "/a/{x}"),
        (None, "/a/{x}/**"),
        (None, "/a/{z}"),
    ] {
        builder
            .entry(host, &Pattern::parse(pattern).unwrap(), Vec::new)
            .push(pattern);
    }
    let built = builder.build();
    let all: Vec<_> = built
        .entries()
        .map(|entry| {
            (
                entry.host.cloned(),
                entry.pattern().to_string(),
                entry.value.clone(),
            )
        })
        .collect();
    assert_eq!(
        all,
        [
            (None, "/a/{x}".into(), vec!["/a/{x}", "/a/{y}", "/a/{z}"]),
            (Some(b), "/a/{x}".into(), vec!["/a/{x}"]),
            (None, "/a/{x}/**".into(), vec!["/a/{x}/**"]),
        ]
    );
    assert_eq!((built.len(), built.entries().len()), (3, 3));
}

#[test]
fn a_large_table_finds_each_of_its_entries_and_nothing_else() {
    let routes: Vec<_> = (0..20_000)
        .map(|n| format!("/service-{}/items-of-{n}/**", n % 97))
        .collect();
    let built = table(&routes);
    for (n, route) in routes.iter().enumerate() {
        let target = format!("/service-{}/items-of-{n}/1", n % 97);
        assert_eq!(built.find(&host("h"), &path(&target)), Some(route));
        let elsewhere = format!("/service-{}/items-of-{n}", (n + 1) % 97);
        assert_eq!(built.find(&host("h"), &path(&elsewhere)), None);
    }
}

/// The nodes that the worst path visits, and what one given path does.
fn steps(table: &Table<String>, target: &str) -> u32 {
    table.search(table.any, path(target).as_str().as_bytes()).1
}

#[test]
fn every_way_through_a_tree_of_choices_is_walked_once() {
    // All 2^10 ways of writing ten segments as `a` or a parameter.
    let routes: Vec<_> = (0..1u32 << 10)
        .map(|bits| {
            let segment = |n: u32| {
                if (bits >> n) & 1 == 0 {
                    "/a".to_owned()
                } else {
                    format!("/{{x{n}}}")
                }
            };
            (0..10).map(segment).collect::<String>() + "/end"
        })
        .collect();
    let built = table(&routes);
    // The whole tree but its last literals, and then with them.
    assert_eq!(steps(&built, &("/a".repeat(10) + "/other")), (1 << 11) - 1);
    assert_eq!(
        steps(&built, &("/a".repeat(10) + "/end/")),
        (1 << 11) - 1 + (1 << 10)
    );
    assert_eq!(built.steps_max(), (1 << 11) - 1 + (1 << 10));
}

#[test]
fn a_table_that_would_make_a_naive_matcher_exponential_does_not() {
    // Sixty segments, any one or two of which are parameters: a matcher that tried every combination of literal
    // and parameter would try 2^60 of them for a path that fits almost everything.
    let depth = 60;
    let mut routes = Vec::new();
    for one in 0..depth {
        for other in one..depth {
            let segment = |n: usize| {
                if n == one || n == other {
                    format!("/{{x{n}}}")
                } else {
                    "/a".to_owned()
                }
            };
            routes.push((0..depth).map(segment).collect::<String>() + "/end");
        }
    }
    let built = table(&routes);
    let visited = steps(&built, &("/a".repeat(depth) + "/other"));
    assert!(visited <= built.steps_max(), "{visited} {}", built.steps_max());
    let nodes = built.nodes.iter().filter(|node| node.parent != NONE).count();
    assert!(built.steps_max() as usize <= nodes);
    assert!(nodes < routes.len() * (depth + 1));
}

#[test]
fn ordinary_tables_have_few_steps() {
    let of = |routes: &[&str]| table(routes).steps_max();
    assert_eq!(of(&["/**"]), 1);
    assert_eq!(of(&["/a", "/b", "/c"]), 2);
    assert_eq!(of(&["/a/b/c/**"]), 4);
    assert_eq!(of(&["/users/{id}", "/users/me", "/users/{id}/orders/{n}"]), 6);
    let many: Vec<_> = (0..1_000)
        .map(|n| format!("/api/v1/r{n}/{{id}}/parts/{{part}}"))
        .collect();
    assert_eq!(table(&many).steps_max(), 7);
}

/// Why each route was chosen or not, as `route: verdict`.
#[track_caller]
fn check_explained(routes: &[&str], request: &str, expected: &[&str]) {
    let built = table(routes);
    let (name, target) = request.split_at(request.find('/').unwrap());
    let lines: Vec<_> = built
        .explain(&host(name), &path(target))
        .iter()
        .map(|explained| format!("{}: {}", explained.entry.value, explained.verdict))
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn every_entry_is_told_why() {
    check_explained(
        &[
            "/**",
            "/a/{x}",
            "b.c/a/b",
            "*.c/a/**",
            "*.c/a/b/c",
            "*.c/a/{x}",
            "*.c/a/",
            "x/a",
            "*.c/a/c",
            "*.c/a",
            "*.c/a/{x}/",
            "*.c/",
        ],
        "q.c/a/b",
        &[
            "*.c/a/{x}: chosen",
            "*.c/a/**: less specific from segment 2 on",
            "/**: names the host less closely",
            "/a/{x}: names the host less closely",
            "*.c/a/b/c: goes on with segment 3, `c`",
            "*.c/a/: ends with a slash before segment 2, `b`",
            "*.c/a/c: segment 2 is `b`, not `c`",
            "*.c/a: ends before segment 2 of the path",
            "*.c/a/{x}/: has a trailing slash",
            "*.c/: ends with a slash before segment 1, `a`",
            "b.c/a/b: another host",
            "x/a: another host",
        ],
    );
}

#[test]
fn a_path_that_nothing_fits_is_explained_too() {
    check_explained(
        &["/a/{x}", "/a", "/b/**"],
        "h/a/",
        &[
            "/a/{x}: segment 2 is empty in the path, `{x}` in the pattern",
            "/a: has no trailing slash",
            "/b/**: segment 1 is `a`, not `b`",
        ],
    );
}
