//! `client`, `key` and `revoke`, by what real gateways then do.

use super::*;

/// A key that `key create` made, and its id.
fn made(finished: &Finished) -> (String, String) {
    let key = finished.stdout.trim().to_owned();
    let id = key.split('_').nth(1).expect("a key has an id").to_owned();
    (key, id)
}

#[test]
fn a_client_that_is_disabled_is_refused_everywhere_and_one_sees_how_fast() {
    let portal = shop();
    let gateways = [follow(&portal, "api-eu-1"), follow(&portal, "api-eu-2")];
    let key = made(&ok(&portal, &["key", "create", "app", "--wait"], &[])).0;
    assert_eq!(
        gateways.each_ref().map(|gateway| with_key(gateway, &key)),
        [200, 200]
    );

    let disabled = ok(
        &portal,
        &["client", "disable", "app", "--wait"],
        &["client app is suspended (revision "],
    );
    assert_eq!(
        gateways.each_ref().map(|gateway| with_key(gateway, &key)),
        [403, 403]
    );
    let told = disabled.stdout.lines().last().expect("a line");
    let time = told.strip_prefix("refused on 2 of 2 in ").expect("how fast");
    assert!(time.ends_with(" ms") || time.ends_with(" s"), "{told}");

    let again = json_of(&ok(
        &portal,
        &["client", "disable", "app", "--wait", "--json"],
        &[],
    ));
    assert_eq!(
        (&again["status"], &again["waited"]["have"]),
        (&json!("suspended"), &json!(2))
    );
    assert!(again["waited"]["slowest_ms"].as_u64() < Some(10_000), "{again}");

    ok(
        &portal,
        &["client", "enable", "app", "--wait"],
        &["let through on 2 of 2 in "],
    );
    assert_eq!(
        gateways.each_ref().map(|gateway| with_key(gateway, &key)),
        [200, 200]
    );
    let nobody = run(&portal, &["client", "disable", "nobody"]);
    check(&nobody, 1, &[], &["404 not_found"]);
    let no_id = run(&portal, &["client", "disable", "a/b"]);
    check(&no_id, 2, &[], &["an id has 1 to 128"]);
}

#[test]
fn a_key_is_shown_once_rotated_with_overlap_and_ended() {
    let portal = shop();
    let gateway = follow(&portal, "api-eu-1");
    ok(
        &portal,
        &["client", "create", "web", "--team", "web"],
        &["client web of team web is there"],
    );
    check(
        &run(&portal, &["client", "create", "web", "--team", "web"]),
        1,
        &[],
        &["there is a client web already"],
    );
    let grant = json!({ "client": "web", "api": "orders", "scopes": ["orders.read"] });
    portal
        .ask("POST", "/v1/environments/prod/grants", Some(&grant))
        .expect(201);

    let first = ok(&portal, &["key", "create", "web", "--wait"], &["sb_"]);
    assert!(first.stderr.contains("shown now and never again"), "{first:#?}");
    let (key, id) = made(&first);
    assert_eq!(with_key(&gateway, &key), 200);

    let out = portal.scratch.path("web.key");
    let rotate = [
        "key",
        "rotate",
        "web",
        "--overlap",
        "24h",
        "--out",
        path(&out),
        "--wait",
    ];
    let rotated = ok(&portal, &rotate, &[]);
    assert!(
        rotated.stderr.contains("the former key counts until"),
        "{rotated:#?}"
    );
    let next = std::fs::read_to_string(&out).expect("it was written");
    let mode = std::os::unix::fs::PermissionsExt::mode(&out.metadata().expect("it is there").permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        (with_key(&gateway, &key), with_key(&gateway, next.trim())),
        (200, 200)
    );
    let there = run(&portal, &rotate);
    check(&there, 2, &[], &["web.key cannot be written", "no key was made"]);

    ok(
        &portal,
        &["key", "revoke", "web", &id, "--wait"],
        &["is ended", "refused on 1 of 1 in "],
    );
    assert_eq!(
        (with_key(&gateway, &key), with_key(&gateway, next.trim())),
        (401, 200)
    );
    ok(
        &portal,
        &["client", "show", "web"],
        &["team web, active", "CREDENTIAL", "api_key", "orders.read"],
    );
    ok(&portal, &["client", "list", "--team", "web"], &["web", "active"]);
    let listed = ok(&portal, &["client", "list", "--json"], &[]);
    assert_eq!(listed.stdout.lines().count(), 2, "{listed:#?}");
}

#[test]
fn what_leaked_is_revoked_without_being_sent() {
    let portal = shop();
    let gateway = follow(&portal, "api-eu-1");
    let (key, id) = made(&ok(&portal, &["key", "create", "app", "--wait"], &[]));
    assert_eq!(with_key(&gateway, &key), 200);
    let file = portal.scratch.write("leaked", &key);
    let revoked = ok(
        &portal,
        &["revoke", "token", "--file", path(&file), "--wait"],
        &[
            &format!("credential {id} is revoked as r-"),
            "refused on 1 of 1 in ",
        ],
    );
    assert_eq!(with_key(&gateway, &key), 401);
    let again = ok(&portal, &["revoke", "key", &id, "--json"], &[]);
    let (one, other) = (
        &revoked.stdout,
        json_of(&again)["id"].as_str().map(str::to_owned).expect("an id"),
    );
    assert!(
        one.contains(&other),
        "the same again is the same one: {one} {other}"
    );
    ok(
        &portal,
        &["revoke", "list"],
        &["REVOCATION", &other, &format!("credential {id}")],
    );

    // For ever stays for ever, whatever a later command says.
    ok(&portal, &["revoke", "key", &id, "--until", "1h"], &[]);
    let body = portal
        .get(&format!("/v1/environments/prod/revocations/{other}"))
        .json();
    assert!(body["until"].is_null(), "{body}");

    ok(&portal, &["revoke", "lift", &other, "--wait"], &["is lifted"]);
    assert_eq!(with_key(&gateway, &key), 200);
    let token = portal.scratch.write("leaked", "no token at all");
    check(
        &run(&portal, &["revoke", "token", "--file", path(&token)]),
        2,
        &[],
        &["holds neither a token"],
    );
}

#[test]
fn tokens_of_a_subject_of_an_issuers_key_and_single_ones_are_revoked() {
    let portal = shop();
    let issuer = json!({
        "issuer": "https://auth.example.com", "audiences": ["a"],
        "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k-2025", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }],
    });
    portal.put("issuers", "corp", &issuer);
    ok(
        &portal,
        &["revoke", "subject", "u1", "--issuer", "corp", "--until", "24h"],
        &["what subject u1 was given is revoked until"],
    );
    ok(
        &portal,
        &["revoke", "signing-key", "k-2025", "--issuer", "corp"],
        &["what key k-2025 signed is revoked"],
    );
    ok(
        &portal,
        &["revoke", "token", "--issuer", "corp", "--jti", "7c1f"],
        &["the token is revoked"],
    );
    ok(
        &portal,
        &["revoke", "client", "mobile", "--issuer", "corp"],
        &["what client mobile was given is revoked"],
    );
    let file = portal.scratch.write("leaked", "Bearer aa.bb.cc\n");
    ok(
        &portal,
        &["revoke", "token", "--file", path(&file)],
        &["the token is revoked"],
    );
    let policy = portal.get("/v1/environments/prod/policy").json();
    let mut named: Vec<String> = policy["revocations"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|one| one.as_object().expect("a map").keys().cloned())
        .filter(|key| !matches!(key.as_str(), "id" | "issuer" | "until"))
        .collect();
    named.sort();
    assert_eq!(
        named,
        [
            "client",
            "issued_before",
            "issued_before",
            "jti",
            "kid",
            "subject",
            "token_sha256"
        ]
    );
    let unknown = run(&portal, &["revoke", "subject", "u1", "--issuer", "nobody"]);
    check(&unknown, 1, &[], &["422 invalid", "issuer"]);
    check(&run(&portal, &["revoke", "token"]), 2, &[], &["--jti"]);
}
