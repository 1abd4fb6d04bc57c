//! Tolerant reading: what is whole, what is only recognised, and what is nothing.

use super::*;
use crate::method::Method;
use crate::path::CanonicalPath;
use serde_json::{Value, json};

/// `w`: whole; `u`: unsupported; `n`: nothing.
fn outcome<T>(read: &Read<T>) -> char {
    match read {
        Read::Whole(_) => 'w',
        Read::Unsupported(..) => 'u',
        Read::Nothing(_) => 'n',
    }
}

/// `base` with one member set, or taken out where the value is null.
fn with(base: &Value, name: &str, value: &Value) -> String {
    let mut body = base.clone();
    let members = body.as_object_mut().expect("an object");
    match value {
        Value::Null => drop(members.remove(name)),
        value => drop(members.insert(name.into(), value.clone())),
    }
    body.to_string()
}

fn check<T>(base: &Value, read: impl Fn(&str) -> Read<T>, cases: &[(&str, Value, char)]) {
    assert_eq!(outcome(&read(&base.to_string())), 'w', "{base}");
    for (name, value, expected) in cases {
        let body = with(base, name, value);
        assert_eq!(outcome(&read(&body)), *expected, "{body}");
    }
}

#[test]
fn apis() {
    let base = json!({ "team": "t", "base_path": "/a" });
    let long = vec!["h.example"; 65];
    let many: Vec<_> = (0..2_001)
        .map(|n| json!({ "match": format!("GET /a/{n}") }))
        .collect();
    check(
        &base,
        |body| Api::read("a", body.into(), &[]),
        &[
            ("unknown", json!({ "x": 1 }), 'w'),
            ("team", Value::Null, 'u'),
            ("team", json!("a b"), 'u'),
            ("base_path", Value::Null, 'n'),
            ("base_path", json!("a"), 'n'),
            ("base_path", json!("/a/"), 'n'),
            ("hosts", json!([]), 'n'),
            ("hosts", json!(["a*b"]), 'n'),
            ("hosts", json!(long), 'n'),
            ("hosts", json!(["H.example", "*.example"]), 'w'),
            ("credentials", json!([]), 'u'),
            ("credentials", json!(["jwt", "jwt"]), 'u'),
            ("credentials", json!(["mtls"]), 'u'),
            ("credentials", json!(["certificate"]), 'w'),
            ("api_key_header", json!("Host"), 'u'),
            ("api_key_header", json!("X-Key"), 'w'),
            ("forward_token", json!("yes"), 'u'),
            ("public_credentials", json!("skip"), 'u'),
            ("delegates", json!([{ "path": "/a/b/", "team": "t" }]), 'u'),
            ("public", json!(["GET /b"]), 'u'),
            ("public", json!(["GET /a"]), 'w'),
            ("public", json!(["get /a"]), 'u'),
            ("operations", json!(many), 'u'),
            (
                "operations",
                json!([{ "match": "GET /a", "scopes": [], "any_of": [["x"]] }]),
                'u',
            ),
            ("operations", json!([{ "match": "GET /a", "any_of": [] }]), 'u'),
            ("operations", json!([{ "match": "GET /a", "any_of": [[]] }]), 'u'),
            (
                "operations",
                json!([{ "match": "GET /a", "scopes": ["a b"] }]),
                'u',
            ),
            ("operations", json!([{ "match": "GET /a", "scopes": [] }]), 'w'),
        ],
    );
    assert_eq!(
        outcome(&Api::read("a", (&*base.to_string()).into(), &["more".into()])),
        'u'
    );
    assert_eq!(outcome(&Api::read("a", "[]".into(), &[])), 'n');
    assert_eq!(outcome(&Api::read("a", "{".into(), &[])), 'n');
}

#[test]
fn an_api_that_is_only_recognised_allows_nothing() {
    let body = json!({
        "team": "t", "base_path": "/a", "hosts": ["h"], "public": ["GET /a"], "credentials": ["certificate"],
        "api_key_header": "X-Key", "public_credentials": "ignore", "new_rule": 1, "forward_token": "maybe",
    });
    let Read::Unsupported(api, message) = Api::read("a", (&*body.to_string()).into(), &[]) else {
        panic!("recognised");
    };
    assert!(message.contains("boolean"), "{message}");
    assert!(api.operations().is_empty() && !api.ignores_on_public && !api.is_supported());
    assert_eq!(
        (api.accepts, api.key_field(), api.hosts().len()),
        (DEFAULT_ACCEPTS, "x-api-key", 1)
    );
}

#[test]
fn the_path_is_chosen_first_and_then_the_method() {
    let body = json!({
        "team": "t", "base_path": "/a", "public": ["GET /a/{p}"],
        "operations": [
            { "match": "ANY /a/{x}", "scopes": ["x"] },
            { "match": "GET /a/**" },
            { "match": "HEAD /a/b" },
            { "match": "GET /a/b" },
            { "match": "POST /a/b/c" },
        ],
    });
    let Read::Whole(api) = Api::read("a", (&*body.to_string()).into(), &[]) else {
        panic!("whole");
    };
    let check = |method: &str, path: &str, expected: Option<&str>| {
        let canonical = CanonicalPath::parse(path.as_bytes()).expect("canonical");
        let found = api.operation(&canonical, Method::parse(method.as_bytes()));
        assert_eq!(found.map(Operation::matches), expected, "{method} {path}");
    };
    check("GET", "/a/7", Some("GET /a/{p}"));
    check("HEAD", "/a/7", Some("ANY /a/{x}"));
    check("PUT", "/a/7", Some("ANY /a/{x}"));
    check("GET", "/a/b", Some("GET /a/b"));
    check("HEAD", "/a/b", Some("HEAD /a/b"));
    check("PUT", "/a/b", None);
    check("GET", "/a/b/c", None);
    check("HEAD", "/a/x/y", Some("GET /a/**"));
    check("TRACE", "/a/7", None);
    check("GET", "/other", None);
}

#[test]
fn clients() {
    let base = json!({ "team": "t" });
    let key = json!({ "type": "api_key", "id": "k", "sha256": "0".repeat(64) });
    let at = |time: &str| {
        let mut key = key.clone();
        key["expires_at"] = json!(time);
        json!([key])
    };
    let read = |body: &str| Client::read("c", body.into(), &[], &mut Strings::default());
    check(
        &base,
        read,
        &[
            ("team", Value::Null, 'u'),
            ("status", json!("gone"), 'u'),
            ("tenant", json!("a_b"), 'u'),
            ("credentials", json!([key]), 'w'),
            ("credentials", at("2027-01-01T00:00:00Z"), 'w'),
            ("credentials", at("2027-01-01"), 'u'),
            ("credentials", json!([{ "type": "secret", "id": "k" }]), 'u'),
            (
                "credentials",
                json!([{ "type": "api_key", "id": "k", "sha256": "00" }]),
                'u',
            ),
            (
                "credentials",
                json!([{ "type": "api_key", "id": "a_b", "sha256": "0".repeat(64) }]),
                'u',
            ),
            (
                "credentials",
                json!([{ "type": "jwt", "id": "k", "issuer": "i", "client": "" }]),
                'u',
            ),
            ("credentials", json!([{ "type": "certificate", "id": "k" }]), 'u'),
            (
                "credentials",
                json!([{ "type": "certificate", "id": "k", "san": "a", "spki_sha256": "0".repeat(64) }]),
                'u',
            ),
            ("credentials", json!(vec![key.clone(); 65]), 'u'),
            (
                "grants",
                json!([{ "api": "a", "scopes": ["x"], "plan": "p" }]),
                'w',
            ),
            ("grants", json!([{ "api": "a b" }]), 'u'),
            ("grants", json!([{ "api": "a", "scopes": [""] }]), 'u'),
            ("grants", json!([{ "scopes": ["x"] }]), 'u'),
        ],
    );
}

#[test]
fn a_client_that_is_only_recognised_keeps_what_names_it() {
    let body = json!({
        "team": "t", "grants": [{ "api": "a" }],
        "credentials": [
            { "type": "secret", "id": "s" },
            { "type": "api_key", "id": "k", "sha256": "0".repeat(64) },
            { "type": "certificate", "id": "k", "san": "a" },
            { "type": "jwt", "id": "j", "issuer": "i", "client": "x" },
        ],
    });
    let read = Client::read("c", (&*body.to_string()).into(), &[], &mut Strings::default());
    let Read::Unsupported(client, _) = read else {
        panic!("recognised");
    };
    let ids: Vec<_> = client
        .credentials
        .iter()
        .map(|credential| &*credential.id)
        .collect();
    assert_eq!(ids, ["k", "j"]);
    assert_eq!(client.state, State::Unsupported);
    assert!(client.grant("a").is_none());
}

#[test]
fn of_two_grants_for_one_api_the_first_holds() {
    let body = json!({ "team": "t", "grants": [
        { "api": "b", "scopes": ["x", "y", "x"] }, { "api": "a" }, { "api": "b", "scopes": ["z"] },
    ] });
    let Read::Whole(client) = Client::read("c", (&*body.to_string()).into(), &[], &mut Strings::default())
    else {
        panic!("whole");
    };
    let scopes: Vec<_> = client
        .grant("b")
        .expect("a grant")
        .scopes()
        .iter()
        .map(|scope| &**scope)
        .collect();
    assert_eq!(scopes, ["x", "y"]);
    assert_eq!(client.grants().len(), 2);
    assert!(client.grant("c").is_none());
}

#[test]
fn issuers() {
    let base = json!({ "issuer": "https://i", "audiences": ["x"] });
    check(
        &base,
        |body| Issuer::read("i", body.into(), &[]),
        &[
            ("issuer", Value::Null, 'n'),
            ("issuer", json!("a b"), 'n'),
            ("audiences", Value::Null, 'u'),
            ("audiences", json!([]), 'u'),
            ("audiences", json!([""]), 'u'),
            ("algorithms", json!([]), 'u'),
            ("algorithms", json!(["RS256", "none"]), 'u'),
            ("algorithms", json!(["EdDSA", "Ed25519"]), 'u'),
            ("algorithms", json!(["ES384"]), 'w'),
            ("jwks_uri", json!("file:///keys"), 'u'),
            ("keys", json!([{ "kty": "oct" }]), 'w'),
            ("keys", json!([1]), 'u'),
            ("keys", json!(vec![json!({}); 129]), 'u'),
            ("claims", json!({ "user": "/a~" }), 'u'),
            ("claims", json!({ "user": "/a/b", "more": 1 }), 'w'),
            ("preset", json!("cognito"), 'w'),
            ("preset", json!("okta"), 'u'),
            ("clients", json!("some"), 'u'),
            ("leeway_s", json!(301), 'u'),
            ("leeway_s", json!(300.0), 'w'),
            ("leeway_s", json!(-1), 'u'),
        ],
    );
}

#[test]
fn plans_tenants_and_cells() {
    let plan = json!({ "rate": "1/s" });
    check(
        &plan,
        |body| Plan::read("p", body.into(), &[]),
        &[
            ("rate", Value::Null, 'u'),
            ("rate", json!("1/day"), 'u'),
            ("quota", json!("5/month"), 'w'),
            ("quota", json!("5/s"), 'u'),
            ("burst", json!(0), 'u'),
            ("burst", json!(7.0), 'w'),
            ("burst", json!(1_000_000_001), 'u'),
        ],
    );
    check(
        &json!({}),
        |body| Tenant::read("t", body.into(), &[]),
        &[
            ("cell", json!("eu-1"), 'w'),
            ("cell", json!("eu_1"), 'u'),
            ("status", json!("suspended"), 'w'),
            ("status", json!("off"), 'u'),
        ],
    );
    check(
        &json!({}),
        |body| Cell::read("c", body.into(), &[]),
        &[("region", json!("eu"), 'w')],
    );
    assert_eq!(outcome(&Cell::read("c", "{}".into(), &["more".into()])), 'u');
    assert_eq!(outcome(&Cell::read("c", "[]".into(), &[])), 'u');
}

#[test]
fn revocations() {
    let hash = "0".repeat(64);
    let read = |body: &Value| Revocation::read("r", (&*body.to_string()).into(), &[]).is_ok();
    for good in [
        json!({ "issuer": "i", "jti": "j" }),
        json!({ "token_sha256": hash }),
        json!({ "credential": "c", "until": "2027-01-01T00:00:00Z", "more": 1 }),
        json!({ "issuer": "i", "kid": "k" }),
        json!({ "issuer": "i", "subject": "s", "issued_before": "2027-01-01T00:00:00Z" }),
        json!({ "issuer": "i", "client": "c", "issued_before": "2027-01-01T00:00:00Z" }),
    ] {
        assert!(read(&good), "{good}");
    }
    for bad in [
        json!({}),
        json!({ "issuer": "i" }),
        json!({ "jti": "j" }),
        json!({ "issuer": "i", "jti": "j", "kid": "k" }),
        json!({ "issuer": "i", "jti": "" }),
        json!({ "issuer": "i", "token_sha256": hash }),
        json!({ "token_sha256": "AB" }),
        json!({ "credential": "c", "until": "soon" }),
        json!({ "credential": "c", "issued_before": "2027-01-01T00:00:00Z" }),
        json!({ "issuer": "i", "subject": "s" }),
        json!({ "issuer": "i", "subject": "s", "client": "c", "issued_before": "2027-01-01T00:00:00Z" }),
    ] {
        assert!(!read(&bad), "{bad}");
    }
    assert!(Revocation::read("r", "{\"credential\":\"c\"}".into(), &["more".into()]).is_err());
}

#[test]
fn a_revocation_ends() {
    let body = json!({ "credential": "c", "until": "1970-01-01T00:01:40Z" }).to_string();
    let revocation = Revocation::read("r", body.as_str().into(), &[]).expect("one");
    assert!(revocation.holds(99) && !revocation.holds(100));
}

#[test]
fn bodies_are_held_to_the_rule_where_nobody_looks_too() {
    let api = |more: &str| format!(r#"{{"team":"t","base_path":"/"{more}}}"#);
    let nested = |depth: usize| format!(r#","x":{}{}"#, "[".repeat(depth), "]".repeat(depth));
    for (more, expected) in [
        (r#","x":{"y":1}"#, 'w'),
        (&nested(15), 'w'),
        (r#","base_path":"/""#, 'u'),
        (r#","x":1,"x":1"#, 'u'),
        (r#","x":[{"y":1,"y":1}]"#, 'u'),
        (&nested(16), 'n'),
        (r#","x":"\ud800""#, 'n'),
        (r#","x":1e400"#, 'n'),
    ] {
        assert_eq!(
            outcome(&Api::read("a", (&*api(more)).into(), &[])),
            expected,
            "{more}"
        );
    }
    // To be recognised, the last of them counts.
    let Read::Unsupported(twice, _) = Api::read("a", (&*api(r#","base_path":"/b""#)).into(), &[]) else {
        panic!("it has a base path");
    };
    assert_eq!(twice.base_path(), "/b");
    let twice = r#"{"issuer":"i","audiences":["a"],"keys":[{"kty":"oct","kid":"a","kid":"b"}]}"#;
    assert_eq!(outcome(&Issuer::read("i", twice.into(), &[])), 'u');
}
