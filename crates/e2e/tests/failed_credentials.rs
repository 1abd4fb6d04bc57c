//! The budget of failed credentials: so many 401 for one address, and then 429 before anything about the caller is
//! looked at.

use e2e::{Gateway, Response, SigningKey, Upstream, key_set, seconds_from_now};
use e2e::{Setup, wait_for};
use serde_json::{Value, json};

/// A gateway whose policy has one issuer with this key, with these settings.
fn gateway(key: &SigningKey, upstream: &Upstream, settings: &str) -> Gateway {
    let keys = serde_json::from_str::<Value>(&key_set(&[key])).expect("a key set is JSON");
    let setup = Setup::new();
    setup.scratch.write(
        "policy.yaml",
        &format!(
            "issuers: [{{ id: corp, issuer: \"https://issuer.example\", audiences: [api], clients: any, keys: {} }}]\n\
             apis: [{{ id: all, team: t, base_path: /, operations: [{{ match: ANY /** }}] }}]",
            keys["keys"]
        ),
    );
    setup.start(&format!(
        "policy: {{ file: policy.yaml }}\n{settings}\nroutes: [{{ path: /**, upstream: \"{}\" }}]",
        upstream.url()
    ))
}

fn token(key: &SigningKey) -> String {
    key.sign(&json!({ "iss": "https://issuer.example", "aud": "api", "exp": seconds_from_now(300) }))
}

fn expect_exhausted(response: &Response, limit: &str) {
    assert_eq!(response.status, 429, "{response:#?}");
    let number = |name: &str| {
        let value = response.field(name).unwrap_or_else(|| panic!("no {name}"));
        value.parse::<u64>().expect("a plain number")
    };
    let retry_after = number("Retry-After");
    assert!((1..=60).contains(&retry_after), "{retry_after}");
    assert_eq!(response.field("Content-Type"), Some("application/json"));
    assert_eq!(response.field("X-RateLimit-Limit"), Some(limit));
    assert_eq!(response.field("X-RateLimit-Remaining"), Some("0"));
    let now = u64::try_from(seconds_from_now(0)).expect("it is after 1970");
    let reset = number("X-RateLimit-Reset");
    assert!(reset + 120 > now && reset <= now + 61, "{reset} at {now}");
    let body = format!(
        "{{\"error\":\"rate_limit_exceeded\",\"message\":\"Too many requests. Retry after {retry_after} seconds.\",\
         \"retry_after\":{retry_after}}}"
    );
    assert_eq!(response.text(), body);
    assert_eq!(response.proxy_error().as_deref(), Some("http_request_denied"));
    assert!(response.field("X-Request-Id").is_some());
    assert_eq!(response.field("WWW-Authenticate"), None);
}

#[test]
fn beyond_its_budget_an_address_is_answered_429_whatever_it_shows() {
    let (key, other, upstream) = (SigningKey::new("a"), SigningKey::new("a"), Upstream::ok());
    let gateway = gateway(&key, &upstream, "failed_credentials: { per_minute: 3 }");
    let mut client = gateway.client();
    client.get_as(&token(&key), "/").expect(200);
    for _ in 0..3 {
        client.get_as(&token(&key), "/nowhere").expect(200);
        client
            .get_as(&token(&other), "/")
            .expect_error(401, "signature_invalid");
    }
    for token in [token(&other), token(&key)] {
        expect_exhausted(&client.get_as(&token, "/"), "3");
    }
    expect_exhausted(&client.get("/"), "3");
    let metrics = gateway.metrics();
    let verified = metrics.sum("switchboard_token_signatures_total", &[("result", "verified")]);
    let good = upstream.requests().len();
    assert!(
        verified <= 3.0 + good as f64,
        "no signature is computed beyond the budget"
    );
    assert_eq!(
        metrics.sum("switchboard_failed_credentials_exhausted_total", &[]),
        3.0
    );
    gateway.wait_for_metrics("three refusals", |metrics| {
        (metrics.sum("switchboard_rejects_total", &[("code", "rate_limit_exceeded")]) == 3.0).then_some(())
    });
}

#[test]
fn a_refusal_that_is_no_401_and_a_missing_route_spend_nothing() {
    let (key, upstream) = (SigningKey::new("a"), Upstream::ok());
    let gateway = gateway(&key, &upstream, "failed_credentials: { per_minute: 1 }");
    let mut client = gateway.client();
    for _ in 0..3 {
        client
            .get_with("/%2e%2e", &["X-Api-Key: x"])
            .expect_error(400, "path_not_canonical");
    }
    client.get("/").expect_error(401, "credential_missing");
    expect_exhausted(&client.get("/"), "1");
}

#[test]
fn the_budget_is_one_over_all_workers_and_each_address_has_its_own() {
    let (key, upstream) = (SigningKey::new("a"), Upstream::ok());
    let settings =
        "workers: 4\ntrusted_edges: [{ cidrs: [127.0.0.0/8] }]\nfailed_credentials: { per_minute: 20 }";
    let gateway = gateway(&key, &upstream, settings);
    let mut clients: Vec<_> = (0..8).map(|_| gateway.client()).collect();
    let from = |address: &str| format!("X-Forwarded-For: {address}");
    let mut statuses = Vec::new();
    for _ in 0..5 {
        for client in &mut clients {
            statuses.push(client.get_with("/", &[&from("192.0.2.1")]).status);
        }
    }
    let refused = statuses.iter().filter(|status| **status == 401).count();
    assert_eq!((refused, statuses.len()), (20, 40), "{statuses:?}");
    let status = |client: &mut e2e::Client, address: &str| client.get_with("/", &[&from(address)]).status;
    assert_eq!(status(&mut clients[0], "192.0.2.2"), 401);
    for low in 0..20 {
        assert_eq!(status(&mut clients[1], &format!("2001:db8:0:1::{low:x}")), 401);
    }
    assert_eq!(
        status(&mut clients[2], "2001:db8:0:1:ffff::1"),
        429,
        "one customer has a whole /64"
    );
    assert_eq!(status(&mut clients[3], "2001:db8:0:2::1"), 401);
}

#[test]
fn it_can_be_switched_off_and_is_given_back_with_time() {
    let (key, upstream) = (SigningKey::new("a"), Upstream::ok());
    let off = gateway(&key, &upstream, "failed_credentials: off");
    let mut client = off.client();
    for _ in 0..700 {
        client.get("/").expect_error(401, "credential_missing");
    }
    // One comes back each 100 ms.
    let quick = gateway(&key, &upstream, "failed_credentials: { per_minute: 600 }");
    let mut client = quick.client();
    let mut refused = 0;
    while client.get("/").status == 401 {
        refused += 1;
        assert!(refused < 100_000, "the budget is never used up");
    }
    assert!(refused >= 600, "{refused}");
    wait_for("a failure to be admitted again", || {
        (client.get("/").status == 401).then_some(())
    });
}
