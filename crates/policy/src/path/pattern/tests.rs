//! Patterns: what may be written, what fits, and which of two comes first.

use super::*;
use Ordering::*;
use proptest::prelude::*;

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Segments as `a`, `{x}` and `**`, joined by blanks; a trailing slash is `_`.
#[track_caller]
fn check(text: &str, segments: &str, shape: &str) {
    let parsed = pattern(text);
    let shown: Vec<_> = parsed
        .segments()
        .map(|segment| match segment {
            Segment::Literal("") => "_".to_owned(),
            segment => segment.to_string(),
        })
        .collect();
    assert_eq!(shown.join(" "), segments, "{text}");
    assert_eq!(parsed.shape(), shape, "{text}");
    assert_eq!(parsed.as_str(), text);
    assert_eq!(parsed.to_string(), text);
}

#[test]
fn a_pattern_is_literals_parameters_and_a_rest() {
    check("/", "_", "/");
    check("/**", "**", "/**");
    check("/a", "a", "/a");
    check("/a/", "a _", "/a/");
    check("/api/orders/**", "api orders **", "/api/orders/**");
    check(
        "/users/{user_id}/orders/{n}",
        "users {user_id} orders {n}",
        "/users/{}/orders/{}",
    );
    check("/{a-b}/", "{a-b} _", "/{}/");
    check("/{_x9}/**", "{_x9} **", "/{}/**");
    check("/caf%C3%A9/~a/x;v=1", "caf%C3%A9 ~a x;v=1", "/caf%C3%A9/~a/x;v=1");
    check(
        "/.well-known/a:cancel",
        ".well-known a:cancel",
        "/.well-known/a:cancel",
    );
    check("/a%2Fb", "a%2Fb", "/a%2Fb");
}

/// The message has the first part, the help the second.
#[track_caller]
fn check_error(text: &str, message: &str, help: &str) {
    let error = Pattern::parse(text).expect_err(text);
    assert!(error.message.contains(message), "{text}: {}", error.message);
    assert!(error.help.contains(help), "{text}: {}", error.help);
    assert_eq!(error.to_string(), error.message);
}

#[test]
fn an_error_says_what_to_write() {
    check_error("", "is empty", "write `/`");
    check_error("api/a", "does not begin with a slash", "write `/api/a`");
    check_error("http://a.example/b/**", "a whole URL", "write `/b/**`");
    check_error("https://a.example", "a whole URL", "write `/`");
    check_error("/a?b=1", "has a query", "write `/a`");
    check_error("/a#b", "has a query or fragment", "write `/a`");
    check_error("//a", "empty segment", "write `/a`");
    check_error("/a///b/**", "empty segment", "write `/a/b/**`");
    check_error("/a//", "empty segment", "write `/a/`");
    check_error("/a/**/b", "before the end", "write `/a/**`");
    check_error("/**/b", "before the end", "write `/**`");
    check_error("/a/**/", "before the end", "write `/a/**`");
    check_error("/a/*", "`*` does not stand", "write `{name}`");
    check_error("/a/b*", "`*` does not stand", "end the path with `/**`");
    check_error("/a/***", "`*` does not stand", "end the path with `/**`");
    check_error("/a/{rest*}", "`*` does not stand", "end the path with `/**`");
    check_error("/v{n}/a", "a whole segment (in `v{n}`)", "write `{name}` alone");
    check_error("/{a}.json", "a whole segment", "between two slashes");
    check_error("/{a", "a whole segment", "write `{name}`");
    check_error("/a}", "a whole segment", "write `{name}`");
    check_error("/{}", "`{}` is not a parameter", "`{order_id}`");
    check_error("/{1a}", "is not a parameter", "begins with a letter");
    check_error("/{a:[0-9]+}", "is not a parameter", "no type or expression");
    check_error("/{a}{b}", "is not a parameter", "whole segment");
    check_error("/{id}/a/{id}", "`{id}` stands twice", "its own name");
    check_error(&format!("/{}", "a".repeat(8_192)), "has 8193 bytes", "`/**`");
}

#[test]
fn a_literal_must_be_canonical_and_the_help_spells_it() {
    check_error(
        "/a/caf%c3%a9",
        "`caf%c3%a9` is not in its canonical spelling",
        "write `caf%C3%A9`",
    );
    check_error("/%61b/c", "`%61b` is not in its canonical", "write `ab`");
    check_error("/café/x", "`café` has characters", "write `caf%C3%A9`");
    check_error("/a b", "`a b` has a character", "write `a%20b`");
    check_error("/100%", "`100%` has a `%` without", "write `100%25`");
    check_error("/é%7e", "`é%7e` has characters", "write `%C3%A9~`");
    check_error("/a[1]", "has a character", "write `a%5B1%5D`");
    check_error("/a\\b", "can never be met", "without dot segments");
    check_error("/a%5Cb", "can never be met", "without dot segments");
    check_error("/a%00", "can never be met", "control characters");
    check_error("/a%FF", "can never be met", "without dot segments");
    check_error("/a/../b", "`..` is a dot segment", "without dot segments");
    check_error("/a/%2e", "`%2e` is a dot segment", "without dot segments");
    check_error("/a/..;x", "`..;x` is a dot segment", "without dot segments");
    check_error("/;x/a", "can never be met", "empty segments");
    check_error("/a%2F/b", "can never be met", "empty segments");
    check_error("/a/%2Fb", "can never be met", "empty segments");
}

#[track_caller]
fn check_match(text: &str, path: &str, expected: bool) {
    let parsed = pattern(text);
    let path = CanonicalPath::parse(path.as_bytes()).unwrap();
    assert_eq!(parsed.matches(&path), expected, "{text} {}", path.as_str());
}

#[test]
fn a_rest_fits_nothing_a_slash_and_everything_below() {
    for path in ["/p", "/p/", "/p/a", "/p/a/", "/p/a/b"] {
        check_match("/p/**", path, true);
    }
    for path in ["/", "/pa", "/P", "/p%2Fa", "/q/p", "/p;x"] {
        check_match("/p/**", path, false);
    }
    for path in ["/", "/a", "/a/b/"] {
        check_match("/**", path, true);
    }
    check_match("/{x}/**", "/a", true);
    check_match("/{x}/**", "/", false);
}

#[test]
fn an_exact_path_does_not_fit_its_slashed_form() {
    check_match("/a", "/a", true);
    check_match("/a", "/a/", false);
    check_match("/a/", "/a/", true);
    check_match("/a/", "/a", false);
    check_match("/", "/", true);
    check_match("/", "/a", false);
    check_match("/a", "/A", false);
}

#[test]
fn a_parameter_is_one_segment_and_never_empty() {
    check_match("/{x}", "/a", true);
    check_match("/{x}", "/", false);
    check_match("/{x}", "/a/", false);
    check_match("/{x}", "/a/b", false);
    check_match("/a/{x}", "/a/", false);
    check_match("/a/{x}/", "/a/b/", true);
    check_match("/a/{x}/c", "/a/b%2Fb/c", true);
    check_match("/a/{x}", "/a/b;c", true);
}

#[track_caller]
fn check_order(less: &str, more: &str) {
    assert_eq!(pattern(less).compare(&pattern(more)), Less, "{less} {more}");
    assert_eq!(pattern(more).compare(&pattern(less)), Greater, "{less} {more}");
}

#[test]
fn the_more_specific_comes_first() {
    check_order("/a/b", "/a/{x}");
    check_order("/a/{x}", "/a/**");
    check_order("/a/b/**", "/a/{x}/c");
    check_order("/a/**", "/{x}/b");
    check_order("/{x}/b", "/{x}/{y}");
    check_order("/{x}", "/**");
    check_order("/a", "/a/**");
    check_order("/{x}", "/{x}/**");
    check_order("/a/", "/a/**");
    check_order("/", "/**");
    check_order("/a/{x}/**", "/a/**");
}

#[test]
fn the_names_of_parameters_do_not_count() {
    assert_eq!(pattern("/a/{x}/**").compare(&pattern("/a/{y}/**")), Equal);
    assert_eq!(pattern("/a/{x}/**").shape(), pattern("/a/{y}/**").shape());
    assert_ne!(pattern("/{x}"), pattern("/{y}"));
}

#[track_caller]
fn check_below(text: &str, prefix: &str, expected: bool) {
    assert_eq!(
        pattern(text).is_below(&PathPrefix::parse(prefix).unwrap()),
        expected,
        "{text} {prefix}"
    );
}

#[test]
fn below_a_prefix_is_at_a_segment_boundary_and_for_every_path() {
    check_below("/api", "/api", true);
    check_below("/api/", "/api", true);
    check_below("/api/**", "/api", true);
    check_below("/api/{x}/y", "/api", true);
    check_below("/api/v1/**", "/api/v1", true);
    check_below("/api/**", "/api/v1", false);
    check_below("/apis", "/api", false);
    check_below("/{x}/**", "/api", false);
    check_below("/**", "/api", false);
    check_below("/", "/api", false);
}

#[track_caller]
fn check_overlap(one: &str, other: &str, expected: bool) {
    assert_eq!(pattern(one).overlaps(&pattern(other)), expected, "{one} {other}");
    assert_eq!(pattern(other).overlaps(&pattern(one)), expected, "{other} {one}");
}

#[test]
fn patterns_overlap_where_one_path_fits_both() {
    check_overlap("/a", "/a", true);
    check_overlap("/a", "/b", false);
    check_overlap("/a/**", "/a", true);
    check_overlap("/a/**", "/a/b/c", true);
    check_overlap("/a/{x}", "/{y}/b", true);
    check_overlap("/a/{x}", "/a/", false);
    check_overlap("/a/{x}", "/a", false);
    check_overlap("/a/{x}/**", "/a", false);
    check_overlap("/{x}/b/**", "/a/**", true);
    check_overlap("/a/", "/a", false);
    check_overlap("/**", "/", true);
    check_overlap("/{x}", "/{y}", true);
    check_overlap("/{x}", "/{y}/", false);
}

fn patterns() -> impl Strategy<Value = Pattern> {
    let segment = prop_oneof![Just("/a"), Just("/b"), Just("/{}")];
    (
        proptest::collection::vec(segment, 0..4),
        prop_oneof![Just(""), Just("/"), Just("/**")],
    )
        .prop_map(|(segments, end)| {
            let named = segments
                .iter()
                .enumerate()
                .map(|(n, text)| text.replace("{}", &format!("{{x{n}}}")));
            let text = named.collect::<String>() + end;
            pattern(if text.is_empty() { "/" } else { &text })
        })
}

fn paths() -> Vec<String> {
    let mut all = vec![String::new()];
    for depth in 0..5 {
        let longer: Vec<_> = all
            .iter()
            .filter(|path| path.matches('/').count() == depth)
            .flat_map(|path| ["a", "b", "c"].map(|segment| format!("{path}/{segment}")))
            .collect();
        all.extend(longer);
    }
    let slashed: Vec<_> = all.iter().map(|path| format!("{path}/")).collect();
    all.extend(slashed);
    all.retain(|path| !path.is_empty());
    all
}

proptest! {
    #[test]
    fn compare_is_a_total_order_over_shapes(a in patterns(), b in patterns(), c in patterns()) {
        prop_assert_eq!(a.compare(&b), b.compare(&a).reverse());
        prop_assert_eq!(a.compare(&b) == Equal, a.shape() == b.shape());
        if a.compare(&b) != Greater && b.compare(&c) != Greater {
            prop_assert_ne!(a.compare(&c), Greater);
        }
    }

    #[test]
    fn overlap_means_that_some_path_fits_both(a in patterns(), b in patterns()) {
        let common = paths().iter().any(|path| {
            let path = CanonicalPath::parse(path.as_bytes()).unwrap();
            a.matches(&path) && b.matches(&path)
        });
        prop_assert_eq!(a.overlaps(&b), common, "{} {}", a, b);
    }

    #[test]
    fn no_text_panics(text in "[/a{}*.%;2Fé#? -]{0,12}") {
        if let Ok(parsed) = Pattern::parse(&text) {
            prop_assert_eq!(Pattern::parse(parsed.as_str()), Ok(parsed.clone()));
            let filled: String = parsed.segments().fold(String::new(), |path, segment| match segment {
                Segment::Literal(text) => path + "/" + text,
                Segment::Param(_) => path + "/x",
                Segment::Rest => path + "/y/z",
            });
            // Every pattern can be met.
            let path = CanonicalPath::parse(filled.as_bytes());
            prop_assert!(path.is_ok_and(|path| parsed.matches(&path) && path.as_str() == filled), "{}", text);
        }
    }

    #[test]
    fn help_with_a_spelling_is_accepted_when_followed(segment in "[a-c%é \\[\"|{}^*]{1,4}") {
        if let Err(error) = Pattern::parse(&format!("/{segment}/z")) {
            let spelled = error.help.strip_prefix("write `").and_then(|rest| rest.strip_suffix('`'));
            if let Some(spelled) = spelled {
                prop_assert!(Pattern::parse(&format!("/{spelled}/z")).is_ok(), "{} -> {}", segment, spelled);
            }
        }
    }
}
