//! Issuers' key sets: rotation without a false refusal, issuers that are down, slow, huge, lying or redirecting, and a
//! flood of unknown keys that must not become a flood to the issuer.

use e2e::{
    Authority, BlackHole, Closed, Gateway, Issuer, Metrics, Setup, SigningKey, Upstream, case, json_answer,
    key_set, seconds_from_now, wait_for,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

const ISSUER: &str = "https://issuer.example";

fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": "api.example.com", "sub": "u1", "exp": seconds_from_now(300) })
}

/// A gateway's file: `auth` with this key set, everything answered by the gateway itself, and these settings.
fn auth(jwks_uri: &str, settings: &str) -> String {
    format!(
        "auth: {{ type: jwt, jwks_uri: \"{jwks_uri}\", issuer: \"{ISSUER}\", audiences: [api.example.com], \
         exclude_paths: [/open] }}\nfailed_credentials: off\n{settings}\n\
         routes: [{{ path: /**, respond: {{ body: fixed }} }}]"
    )
}

fn key_states(gateway: &Gateway) -> Value {
    gateway.ask_admin("/ready").expect(200).json()["policy"]["keys"].clone()
}

#[test]
fn an_issuer_that_does_not_answer_well_gives_503_and_the_gateway_stays_ready() {
    let key = SigningKey::new("a");
    let (closed, hole) = (Closed::new(), BlackHole::new());
    let elsewhere = Issuer::start(&[&key]);
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        elsewhere.jwks_uri()
    );
    let huge = format!("{{\"keys\":[],\"filler\":\"{}\"}}", "x".repeat(600_000));
    let answers = [
        ("redirects", redirect),
        ("is huge", json_answer(&huge)),
        (
            "promises too much",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{".to_owned(),
        ),
        (
            "fails",
            "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n".to_owned(),
        ),
        ("answers with a page", json_answer("<html>welcome</html>")),
        ("has no keys", json_answer("{\"keys\":[]}")),
        (
            "compresses",
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}".to_owned(),
        ),
        ("speaks no HTTP", "220 mail.example ESMTP\r\n".to_owned()),
    ];
    let liars = answers.map(|(what, answer)| {
        let issuer = Issuer::start(&[]);
        issuer.answer_with(answer);
        (what, issuer)
    });
    let mut gateways = vec![
        (
            "is down",
            Gateway::start(&auth(&format!("http://{}/", closed.address), "")),
        ),
        (
            "is slow",
            Gateway::start(&auth(&format!("http://{}/", hole.address), "")),
        ),
    ];
    gateways.extend(
        liars
            .iter()
            .map(|(what, issuer)| (*what, Gateway::start(&auth(&issuer.jwks_uri(), "")))),
    );
    for (what, gateway) in &gateways {
        case(format!("an issuer that {what}"));
        let mut client = gateway.client();
        client
            .get_as(&key.sign(&claims()), "/")
            .expect_error(503, "keys_unavailable");
        client.get("/open").expect(200);
        assert_eq!(key_states(gateway), json!({ "auth": "never" }));
        let failed =
            |metrics: &Metrics| metrics.sum("switchboard_key_set_fetches_total", &[("result", "failed")]);
        assert!(failed(&gateway.metrics()) >= 1.0);
    }
    assert_eq!(elsewhere.fetches(), 0, "a redirect is not followed");
}

#[test]
fn keys_come_from_an_issuer_that_comes_up_late() {
    let key = SigningKey::new("a");
    let issuer = Issuer::start(&[]);
    issuer.answer_with("HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n");
    let gateway = Gateway::start(&auth(&issuer.jwks_uri(), ""));
    issuer.wait_for_fetches(1);
    issuer.publish(&[&key]);
    let token = key.sign(&claims());
    wait_for("the keys to be there", || {
        (gateway.client().get_as(&token, "/").status == 200).then_some(())
    });
    assert_eq!(key_states(&gateway), json!({ "auth": "fetched" }));
}

#[test]
fn the_old_set_stays_while_the_issuer_is_down_or_lies() {
    let (old, new) = (SigningKey::new("old"), SigningKey::new("new"));
    let issuer = Issuer::start(&[&old]);
    let gateway = Gateway::start(&auth(&issuer.jwks_uri(), ""));
    let mut client = gateway.client();
    client.get_as(&old.sign(&claims()), "/").expect(200);
    issuer.answer_with(json_answer("garbage"));
    let refused = client.get_as(&new.sign(&claims()), "/");
    let refused = refused.expect_error(401, "signature_invalid");
    assert_eq!(gateway.record_of(&refused)["detail"], "key_unknown");
    client.get_as(&old.sign(&claims()), "/").expect(200);
    issuer.stop();
    client.get_as(&old.sign(&claims()), "/").expect(200);
}

#[test]
fn a_key_under_a_known_id_that_is_another_key_is_refused() {
    let (key, other) = (SigningKey::new("a"), SigningKey::new("a"));
    let issuer = Issuer::start(&[&key]);
    let gateway = Gateway::start(&auth(&issuer.jwks_uri(), ""));
    let mut client = gateway.client();
    client.get_as(&key.sign(&claims()), "/").expect(200);
    let refused = client.get_as(&other.sign(&claims()), "/");
    refused.expect_error(401, "signature_invalid");
    assert_eq!(issuer.fetches(), 1, "no fetch mends a wrong signature");
}

#[test]
fn a_rotation_under_load_refuses_nobody() {
    let (old, new) = (Arc::new(SigningKey::new("old")), Arc::new(SigningKey::new("new")));
    let issuer = Issuer::start(&[&old]);
    let gateway = Gateway::start(&auth(&issuer.jwks_uri(), ""));
    gateway.client().get_as(&old.sign(&claims()), "/").expect(200);
    let rotated = Arc::new(AtomicBool::new(false));
    let with_new = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..16 {
            let (old, new) = (Arc::clone(&old), Arc::clone(&new));
            let (rotated, with_new) = (Arc::clone(&rotated), Arc::clone(&with_new));
            let mut client = gateway.client();
            scope.spawn(move || {
                let mut after = 0;
                while after < 20 {
                    let is_new = rotated.load(Ordering::SeqCst);
                    let key = if is_new { &new } else { &old };
                    // Each token is another one, so that no proof is remembered.
                    let mut claims = claims();
                    claims["jti"] = json!(format!("{after}-{:?}", std::thread::current().id()));
                    client.get_as(&key.sign(&claims), "/").expect(200);
                    if is_new {
                        after += 1;
                        with_new.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        issuer.publish(&[&old, &new]);
        rotated.store(true, Ordering::SeqCst);
    });
    assert_eq!(with_new.load(Ordering::SeqCst), 320);
    assert!(
        issuer.fetches() <= 3,
        "{} fetches for one rotation",
        issuer.fetches()
    );
}

#[test]
fn a_rotation_just_after_a_fetch_is_waited_for() {
    let keys: Vec<_> = ["a", "b", "c"].map(SigningKey::new).into();
    let issuer = Issuer::start(&[&keys[0]]);
    let gateway = Gateway::start(&auth(&issuer.jwks_uri(), ""));
    let mut client = gateway.client();
    client.get_as(&keys[0].sign(&claims()), "/").expect(200);
    for upto in 2..=3 {
        issuer.publish(&keys[..upto].iter().collect::<Vec<_>>());
        client.get_as(&keys[upto - 1].sign(&claims()), "/").expect(200);
    }
    assert_eq!(issuer.fetches(), 3);
}

#[test]
fn a_flood_of_unknown_keys_is_none_to_the_issuer_and_a_new_key_still_holds_soon() {
    let (old, new) = (SigningKey::new("old"), SigningKey::new("new"));
    let issuer = Issuer::start(&[&old]);
    let gateway = Gateway::start(&auth(&issuer.jwks_uri(), ""));
    gateway.client().get_as(&old.sign(&claims()), "/").expect(200);
    let begun = Instant::now();
    let over = AtomicBool::new(false);
    let refused = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..32 {
            let (old, over, refused, gateway) = (&old, &over, &refused, &gateway);
            scope.spawn(move || {
                let mut client = gateway.client();
                let mut number = 0;
                while !over.load(Ordering::SeqCst) {
                    number += 1;
                    let token = old.sign_as(&format!("x-{thread}-{number}"), &claims());
                    client.get_as(&token, "/").expect_error(401, "signature_invalid");
                    refused.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        wait_for("the flood to be under way", || {
            (refused.load(Ordering::SeqCst) > 32).then_some(())
        });
        issuer.publish(&[&old, &new]);
        let token = new.sign(&claims());
        wait_for("the new key to hold", || {
            (gateway.client().get_as(&token, "/").status == 200).then_some(())
        });
        gateway.client().get_as(&old.sign(&claims()), "/").expect(200);
        over.store(true, Ordering::SeqCst);
    });
    let most = 3 + begun.elapsed().as_secs() / 5;
    let fetches = issuer.fetches() as u64;
    assert!(fetches <= most, "{fetches} fetches, {most} at most");
}

#[test]
fn the_last_set_outlives_a_restart_while_the_issuer_is_dead() {
    let key = SigningKey::new("a");
    let issuer = Issuer::start(&[&key]);
    let file = auth(&issuer.jwks_uri(), "state_dir: $DIR/state");
    let gateway = Gateway::start(&file);
    gateway.client().get_as(&key.sign(&claims()), "/").expect(200);
    let scratch = gateway.end();
    issuer.stop();
    let setup = Setup {
        scratch,
        ..Setup::default()
    };
    let gateway = setup.start(&file);
    gateway.client().get_as(&key.sign(&claims()), "/").expect(200);
    assert_eq!(key_states(&gateway), json!({ "auth": "stored" }));
}

#[test]
fn a_broken_state_directory_stops_nobody() {
    let key = SigningKey::new("a");
    let issuer = Issuer::start(&[&key]);
    let setup = Setup::new();
    setup.scratch.write("state", "a file, not a directory");
    let gateway = setup.start(&auth(&issuer.jwks_uri(), "state_dir: $DIR/state"));
    gateway.client().get_as(&key.sign(&claims()), "/").expect(200);
}

#[test]
fn plain_http_is_for_addresses_that_are_named() {
    let key = SigningKey::new("a");
    let issuer = Issuer::start(&[&key]);
    let setup = Setup::new();
    setup.scratch.write(
        "policy.yaml",
        &format!(
            "issuers: [{{ id: corp, issuer: \"{ISSUER}\", audiences: [api.example.com], jwks_uri: \"{}\", clients: any }}]\n\
             apis: [{{ id: all, team: t, base_path: /, operations: [{{ match: GET /** }}] }}]",
            issuer.jwks_uri()
        ),
    );
    let gateway = setup.start(
        "allow_targets: [10.0.0.0/8]\npolicy: { file: policy.yaml }\nroutes: [{ path: /**, respond: { body: x } }]",
    );
    let refused = gateway.client().get_as(&key.sign(&claims()), "/");
    refused.expect_error(503, "keys_unavailable");
    gateway.log().wait_for("why the key set is not fetched", |line| {
        (line.contains("allow_targets: [10.0.0.0/8, 127.0.0.0/8]") && line.contains("corp")).then_some(())
    });
    assert_eq!(issuer.fetches(), 0);
}

#[test]
fn keys_over_tls_are_taken_from_whoever_proves_to_be_the_issuer() {
    let key = SigningKey::new("a");
    let authority = Authority::new();
    let answer = json_answer(&key_set(&[&key]));
    let serve = |names: &[&str]| {
        let answer = answer.clone();
        Upstream::start_tls(&authority.identity(names), move |mut peer| {
            while peer.request().is_some() && peer.send(&answer) {}
        })
    };
    let (right, wrong) = (serve(&["127.0.0.1"]), serve(&["other.example"]));
    for (server, status) in [(&right, 200), (&wrong, 503)] {
        let mut setup = Setup::new();
        let roots = authority.pem_file(&setup.scratch, "roots.pem");
        setup.environment = vec![("SSL_CERT_FILE".to_owned(), roots.display().to_string())];
        let gateway = setup.start(&auth(&format!("https://{}/keys?x=1", server.address()), ""));
        gateway.client().get_as(&key.sign(&claims()), "/").expect(status);
    }
    let requests = right.requests();
    assert_eq!(requests[0].target, "/keys?x=1");
    assert!(wrong.requests().is_empty());
}
