//! Who may call, and the sections that are not in this version, which are read and checked in full all the same.

use super::{check_told as check, checked};

const AUTH: &str = "type: jwt, issuer: i, audiences: [a]";
const KEYS: &str = "jwks_uri: 'https://a/k'";

/// Checks this body of `auth` behind one route; it begins in line 3.
#[track_caller]
fn auth(body: &str, expected: &[&str]) {
    let routes = "routes: [{ path: /x/**, respond: {} }]\n";
    check(&format!("{routes}auth: {{\n{body}\n}}\n"), expected);
}

#[test]
fn an_issuer_of_tokens() {
    let (base, jwks) = (AUTH, KEYS);
    auth(&format!("{base}, {jwks}"), &[]);
    auth(
        "",
        &[
            "2:7 `type` is missing | add `type: …` here",
            "2:7 `jwks_uri` is missing | add `jwks_uri: …` here",
            "2:7 `issuer` is missing | add `issuer: …` here",
            "2:7 `audiences` is missing | add `audiences: …` here",
        ],
    );
    auth(
        &format!("type: oidc, issuer: '', audiences: [], {jwks}"),
        &[
            "3:7 the string \"oidc\" is not known here | known here: `jwt`",
            "3:21 the issuer is empty | name one, or leave the key out",
            "3:25 no audience: no token would be taken | name this API as its tokens name it in `aud`",
        ],
    );
    auth(
        &format!("{base}, jwks_uri: 'http://10.0.0.1/k'"),
        &[
            "3:49 a key set over `http`, from an address that `allow_targets` does not name | write `https`, or name the address in `allow_targets`",
        ],
    );
    auth(
        &format!("{base}, jwks_uri: 'https://localhost/k'"),
        &[
            "3:49 localhost is this machine (loopback): it is not called unless it is allowed | write `allow_targets: [127.0.0.0/8]` at the top if it is meant",
        ],
    );
}

#[test]
fn what_is_taken_of_a_token() {
    let (base, jwks) = (AUTH, KEYS);
    auth(
        &format!(
            "{base}, {jwks},\nalgorithms: [RS256, HS256, none, RS256], leeway_s: 301, claims: {{ user: /a~b }}, forward_token: true"
        ),
        &[
            "4:21 the string \"HS256\" is not known here | write `ES256`? Known here: `RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`, `ES256`, `ES384`, `EdDSA`, `Ed25519`",
            "4:28 the string \"none\" is not known here | known here: `RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`, `ES256`, `ES384`, `EdDSA`, `Ed25519`",
            "4:34 given twice | keep one",
            "4:52 the number 301 is too large | write a number from 0 to 300",
            "4:73 \"/a~b\" is not a JSON Pointer | in a pointer, `~` is written `~0` and a slash `~1`",
        ],
    );
    auth(
        &format!(
            "{base}, {jwks},\nalgorithms: [EdDSA, Ed25519], claims: {{ role: '{}' }}",
            "r".repeat(257)
        ),
        &[
            "4:21 given twice | keep one",
            "4:47 a claim of more than 256 bytes | shorten it",
        ],
    );
    auth(
        &format!("type: jwt, audiences: [a], issuer: 'a b', {jwks}"),
        &[
            "3:36 \"a b\" has a blank, control or non-ASCII character | write it exactly as tokens have it in `iss`",
        ],
    );
    auth(
        &format!("{base}, {jwks},\nexclude_paths: [/x, /x/y, '/x/{{z}}', /y, /x, z]"),
        &[
            "?4:37 no route serves `/y`: the exclusion has no effect | add the route, or take this out",
            "4:41 `/x` is given twice | keep one of them",
            "4:45 the path `z` does not begin with a slash | write `/z`",
        ],
    );
    check(
        &format!("policy: {{ floor: f }}\nauth: {{ {base}, {jwks} }}\n"),
        &["2:1 `auth` beside `policy`: one of them decides who may call | keep one of them"],
    );
}

#[test]
fn rate_limiting() {
    let routes = "routes: [{ path: /x/**, respond: {} }]\n";
    let limits =
        |body: &str, expected: &[&str]| check(&format!("{routes}rate_limiting: {{\n{body}\n}}\n"), expected);
    limits("", &["2:1 no limit in it | add `default`, `overrides`, or both"]);
    limits(
        "default: { requests_per_hour: 5, burst: 2, key: 'header:X-A' }",
        &[],
    );
    limits(
        "default: { requests_per_second: 5, requests_per_minute: 4, key: 'header:' }",
        &[
            "3:36 `requests_per_minute` beside `requests_per_second`: a limit has exactly one period | keep one of them",
            "3:65 \"header:\" is nothing to count by | write `client_ip`, `global`, or `header:NAME`",
        ],
    );
    limits(
        "default: { requests: 5 }",
        &[
            "3:1 a limit without a number | add `requests_per_second`, `requests_per_minute` or `requests_per_hour`",
            "3:12 unknown key `requests` | known here: `requests_per_second`, `requests_per_minute`, `requests_per_hour`, `burst`, `key`",
            "3:12 `key` is missing | add `key: …` here",
        ],
    );
    limits(
        "overrides: [\n{ path: /q, requests_per_second: 1, key: client_pi }, { path: /x, requests_per_hour: 5, burst: 0, key: global }, { path: /x, requests_per_hour: 5, key: global }\n]",
        &[
            "?4:9 no route serves `/q`: the limit has no effect | add the route, or take this out",
            "4:42 \"client_pi\" is nothing to count by | write `client_ip`?",
            "4:96 the number 0 is too small | write a number from 1 to 1000000000",
            "4:122 `/x` is given twice | keep one of them",
        ],
    );
}

#[test]
fn aggregations() {
    let routes = "routes: [{ path: /x/**, respond: {} }]\n";
    let check =
        |body: &str, expected: &[&str]| check(&format!("{routes}aggregations: [{{\n{body}\n}}]\n"), expected);
    check(
        "path: '/both/{id}', parts: { a: { path: '/x/{id}?a=b' }, b: { path: /x, optional: true } }",
        &[],
    );
    check(
        "path: /both/**, parts: {}",
        &[
            "3:7 an aggregation answers one path, not all below it | leave `/**` out",
            "3:17 0 parts | an aggregation has 1 to 32 parts",
        ],
    );
    check(
        "path: /both, parts: { a: { path: '/x?q=a b', optional: true }, '': { path: '/x/{no}', optional: true } }",
        &[
            "?3:14 every part is optional: with all services down the answer is still 200 | leave `optional` out of one",
            "3:34 a character in a query that no URL has | percent-encode it",
            "3:64 a part without a name | its name is its member in the answer",
            "3:76 a parameter that the aggregation's path does not have | use one of its names, or a literal",
        ],
    );
    check(
        "path: /x/**, parts: { a: { path: x }, b: { path: /x/** }, c: { path: /y } }",
        &[
            "3:7 an aggregation answers one path, not all below it | leave `/**` out",
            "3:7 the route of line 1 answers the same path | keep one of them",
            "3:34 the path `x` does not begin with a slash | write `/x`",
            "3:50 a part is one path, not all below it | leave `/**` out",
            "?3:70 no route serves `/y`: the part has no effect | add the route, or take this out",
        ],
    );
}

#[test]
fn transformations() {
    let routes = "routes: [{ path: /x/**, respond: {} }]\n";
    let check = |body: &str, expected: &[&str]| {
        check(&format!("{routes}transformations: [{{\n{body}\n}}]\n"), expected);
    };
    check(
        "path: /x, response: { remove_fields: [a], rename_fields: { b: c } }",
        &[],
    );
    check(
        "path: /y, response: {}",
        &[
            "?3:7 no route serves `/y`: the transformation has no effect | add the route, or take this out",
            "3:11 a transformation that changes nothing | add `remove_fields`, `rename_fields`, or both",
        ],
    );
    check(
        "path: /x, response: { remove_fields: [a, a, ''], rename_fields: { a: b, c: b } }",
        &[
            "3:42 \"a\" is given twice | keep one",
            "3:45 a field is empty | name one, or leave the key out",
            "3:67 `a` is removed and renamed | keep one",
            "3:76 two fields become \"b\" | give each its own name",
        ],
    );
}

#[test]
fn the_federated_form() {
    check(
        "environment: prod\nstate_dir: s\npolicy: { floor: f, feed: { portal: 'https://p', token: '${file:token}' }, feed_wait_ms: 5, max_staleness_s: 5, on_stale: deny, floor_max_age_s: 9 }\nservices: { directory: d }\nfailed_credentials: off\n",
        &[],
    );
    check(
        "environment: a/b\nservices: {}\nfailed_credentials: { per_minute: 0 }\npolicy: { floor: f }\n",
        &[
            "1:14 \"a/b\" is not the name of an environment | use letters, digits, `.` and `-`",
            "2:11 `directory` is missing | add `directory: …` here",
            "3:35 the number 0 is too small | write a number from 1 to 1000000",
        ],
    );
    check(
        "environment: prod\npolicy: { file: f }\n",
        &[
            "1:1 `environment` has no effect without `policy: { floor: … }` | leave it out: a file and `auth` belong to no environment",
        ],
    );
    check(
        "failed_credentials: off\n",
        &["?1:1 `failed_credentials` has no effect: there is neither `auth` nor `policy` | leave it out"],
    );
    check(
        "policy: { floor: a, file: b, feed: { token: x }, on_stale: deny }\n",
        &[
            "1:21 `file` beside `floor`: a policy comes from one of them | keep one of them",
            "?1:30 `feed` without `state_dir`: a restart goes back to the floor | name a directory that outlives a restart, for one gateway alone",
            "1:30 a feed from nowhere | add `portal`, `kafka` or `bundle`",
            "1:38 `token` has no effect without `portal` | leave it out",
            "1:50 `on_stale: deny` without `floor_max_age_s` | say how old a floor may get as long as no feed was heard",
        ],
    );
}

#[test]
fn a_feed() {
    let feed =
        |policy: &str, expected: &[&str]| check(&format!("state_dir: s\npolicy: {{ {policy} }}\n"), expected);
    feed("floor: f, feed: { bundle: b.bundle }", &[]);
    feed(
        "floor: f, feed: { bundle: 'https://b/x?y' }, feed_wait_ms: 0, max_staleness_s: 60, on_stale: deny, floor_max_age_s: 9",
        &[],
    );
    feed(
        "file: f, feed: { bundle: b }",
        &[
            "2:20 `feed` without `floor`: nothing says whose signatures count | add `floor`, a signed one: its roots pin the feed",
        ],
    );
    feed(
        "floor: f, feed: { bundle: 'https://u:p@b/x' }",
        &[
            "2:37 \"https://u:p@b/x\": a user or password in a URL | leave it out: a credential is never written into a URL; set a header, with `${file:…}` as its value",
        ],
    );
    feed(
        "floor: f, feed: { bundle: 'ftp://b' }",
        &["2:37 \"ftp://b\": not an `http` or `https` URL | write `http://HOST:PORT` or `https://HOST`"],
    );
    feed(
        "floor: f, feed: { bundle: '' }",
        &["2:37 the path is empty | name one, or leave the key out"],
    );
    feed(
        "floor: f, feed: { bundle: b, portal: 'https://p', token: x }",
        &["2:29 `bundle` beside `portal`: a feed has exactly one carrier | keep one of them"],
    );
    feed(
        "floor: f, feed: { bundle: b }, floor_max_age_s: 9",
        &["?2:42 `floor_max_age_s` has no effect without `on_stale: deny` | leave it out"],
    );
    let missing =
        |key: &str| format!("2:21 `{key}` has no effect without `feed` | leave it out, or add `feed`");
    for (key, value) in [
        ("feed_wait_ms", "5"),
        ("max_staleness_s", "5"),
        ("on_stale", "serve"),
        ("floor_max_age_s", "5"),
    ] {
        feed(&format!("floor: f, {key}: {value}"), &[&missing(key)]);
    }
}

#[test]
fn a_feed_from_a_portal() {
    let portal = |url: &str, more: &str, expected: &[&str]| {
        let feed = format!("feed: {{ portal: '{url}'{more} }}");
        check(
            &format!("state_dir: s\npolicy: {{ floor: f, {feed} }}\n"),
            expected,
        );
    };
    let token = ", token: sbg_x";
    for url in [
        "https://p",
        "https://p/portal/",
        "http://127.0.0.1:1",
        "http://localhost:1",
        "http://[::1]:1",
    ] {
        portal(url, token, &[]);
    }
    portal(
        "https://p",
        "",
        &[
            "2:29 `portal` without `token`: it tells nobody what is published | add `token: \"${file:PATH}\"`, with what `switchboard portal gateways create` printed",
        ],
    );
    for bad in ["", "a b", "a\u{e4}"] {
        portal(
            "https://p",
            &format!(", token: '{bad}'"),
            &[
                "2:57 a token has 1 to 4096 visible ASCII characters, and no blank | take what `switchboard portal gateways create` printed, as it stands",
            ],
        );
    }
    for url in ["http://p", "http://10.1.0.1"] {
        portal(
            url,
            token,
            &[&format!(
                "2:37 \"{url}\": a token would be shown over plain HTTP, to whoever is on the way | write `https://…`, or name the portal's addresses in `allow_targets`"
            )],
        );
    }
    portal(
        "https://p?x=y",
        token,
        &[
            "2:37 \"https://p?x=y\": a query in a portal's URL | leave it out: paths of the portal's API are added to the URL",
        ],
    );
    check(
        "state_dir: s\nallow_targets: [10.1.0.0/16]\npolicy: { floor: f, feed: { portal: 'http://10.1.0.1', token: x } }\n",
        &[],
    );
    portal(
        "https://p",
        ", token: x, bundle: b",
        &["2:60 `bundle` beside `portal`: a feed has exactly one carrier | keep one of them"],
    );
}

#[test]
fn a_fleet() {
    let check = |feed: &str, fleet: &str, expected: &[&str]| {
        let text =
            format!("state_dir: s\npolicy: {{ floor: f, feed: {{ {feed} }} }}\nfleet: {{ {fleet} }}\n");
        check(&text, expected);
    };
    let portal = "portal: 'https://p', token: x";
    check(portal, "", &[]);
    check(portal, "name: api-eu-3", &[]);
    check(portal, "portal: 'https://q', token: y", &[]);
    check("bundle: b", portal, &[]);
    check(
        "bundle: b",
        "name: a",
        &[
            "3:1 `fleet` without `portal`: nobody is reported to | add `portal` and `token`: the feed does not come from a portal",
        ],
    );
    check(
        portal,
        "token: y, name: 'a b'",
        &[
            "3:10 `token` has no effect without `portal` | add `portal`, or leave `token` out for the one of `policy.feed`",
            "3:26 \"a b\" is not the name of a gateway | use letters, digits, `.` and `-`",
        ],
    );
    check(
        portal,
        "portal: 'http://q'",
        &[
            "3:10 `portal` without `token`: it takes no report of a stranger | add `token`, or leave `portal` out for the one of `policy.feed`",
            "3:18 \"http://q\": a token would be shown over plain HTTP, to whoever is on the way | write `https://…`, or name the portal's addresses in `allow_targets`",
        ],
    );
    let told = super::told(&super::checked(
        "policy: { floor: f }\nfleet: { portal: 'https://p', token: x }\n",
    ));
    let expected = "2:1 `fleet` has no effect without `policy: { feed: … }` | leave it out: revisions of a feed are what is reported";
    assert!(told.iter().any(|line| line == expected), "{told:?}");
}

#[test]
fn who_follows_a_portal_reports_there_too() {
    let fleet = |more: &str| {
        let text = format!("policy: {{ floor: f, feed: {{ portal: 'https://p', token: x }} }}\n{more}");
        let fleet = super::checked(&text)
            .configuration
            .and_then(|configuration| configuration.fleet);
        fleet.map(|fleet| (fleet.name, fleet.portal.url))
    };
    assert_eq!(fleet(""), Some((None, "https://p".into())));
    assert_eq!(
        fleet("fleet: { name: a }\n"),
        Some((Some("a".into()), "https://p".into()))
    );
    assert_eq!(
        fleet("fleet: { portal: 'https://q', token: y }\n"),
        Some((None, "https://q".into()))
    );
}

#[test]
fn what_is_not_in_this_version_is_refused_by_name() {
    let text = "listen: [{ address: 127.0.0.1:1, tls: {}, http2: true, proxy_protocol: true }]\nrate_limiting: {}\naggregations: []\ntransformations: []\npolicy: { floor: f, feed: { bundle: b } }\nservices: {}\nroutes:\n- { path: /a, cors: {}, cache: {}, upstream: { endpoints: ['http://a'], credential: x } }\n";
    let checked = checked(text);
    let refused: Vec<&str> = checked
        .problems
        .iter()
        .filter(|problem| problem.not_in_this_version)
        .filter_map(|problem| problem.message.split('`').nth(1))
        .collect();
    let expected = [
        "tls",
        "http2",
        "proxy_protocol",
        "rate_limiting",
        "aggregations",
        "transformations",
        "services",
        "cors",
        "cache",
        "endpoints",
        "credential",
    ];
    assert_eq!(refused, expected);
    assert!(checked.configuration.is_none());
}
