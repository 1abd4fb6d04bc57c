//! Methods: which tokens there are, and what sets of them say.

use super::*;

#[test]
fn every_token_parses_to_itself_and_only_in_its_case() {
    for method in Method::all() {
        let token = method.as_str();
        assert_eq!(Method::parse(token.as_bytes()), Some(method));
        assert_eq!(
            Method::parse(token.to_ascii_lowercase().as_bytes()),
            None,
            "{token}"
        );
        assert_eq!(Method::parse(format!("{token} ").as_bytes()), None, "{token}");
        assert_eq!(method.to_string(), token);
    }
    assert_eq!(Method::all().count(), 37);
}

#[test]
fn what_a_gateway_never_forwards_is_no_method() {
    for token in ["CONNECT", "TRACE", "PRI", "*", "", "GE", "GETT"] {
        assert_eq!(Method::parse(token.as_bytes()), None, "{token}");
    }
}

#[test]
fn the_named_constants_stand_at_their_index() {
    let named = [
        (Method::GET, "GET"),
        (Method::HEAD, "HEAD"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::DELETE, "DELETE"),
        (Method::PATCH, "PATCH"),
        (Method::OPTIONS, "OPTIONS"),
    ];
    for (method, token) in named {
        assert_eq!(Method::parse(token.as_bytes()), Some(method));
    }
}

#[test]
fn only_three_methods_are_not_idempotent() {
    let others: Vec<_> = Method::all()
        .filter(|method| !method.is_idempotent())
        .map(Method::as_str)
        .collect();
    assert_eq!(others, ["POST", "PATCH", "LOCK"]);
}

fn set(tokens: &str) -> MethodSet {
    tokens
        .split_whitespace()
        .map(|token| Method::parse(token.as_bytes()).unwrap())
        .collect()
}

#[test]
fn allow_lists_head_where_get_is() {
    let check = |tokens: &str, expected: &str| assert_eq!(set(tokens).to_string(), expected);
    check("GET", "GET, HEAD");
    check("POST GET", "GET, HEAD, POST");
    check("HEAD", "HEAD");
    check("VERSION-CONTROL DELETE", "DELETE, VERSION-CONTROL");
    check("", "");
}

#[test]
fn get_covers_head_and_head_covers_only_itself() {
    assert!(set("GET").covers(Method::HEAD) && set("GET").covers(Method::GET));
    assert!(!set("GET").contains(Method::HEAD));
    assert!(set("HEAD").covers(Method::HEAD) && !set("HEAD").covers(Method::GET));
    assert!(!set("POST PUT").covers(Method::HEAD));
}

#[test]
fn a_route_for_head_beside_one_for_get_has_no_method_in_common() {
    assert!(!set("GET").intersects(set("HEAD")));
    assert!(set("GET POST").intersects(set("POST")));
    assert_eq!(set("GET").union(set("POST")), set("POST GET"));
}

#[test]
fn all_holds_every_method_and_the_empty_set_none() {
    assert!(Method::all().all(|method| MethodSet::ALL.contains(method)));
    assert_eq!(MethodSet::ALL, Method::all().collect());
    assert!(MethodSet::EMPTY.is_empty() && !MethodSet::ALL.is_empty());
    assert_eq!(MethodSet::EMPTY, MethodSet::default());
    assert_eq!(
        MethodSet::of(&[Method::POST, Method::GET])
            .iter()
            .collect::<Vec<_>>(),
        [Method::GET, Method::POST]
    );
}
