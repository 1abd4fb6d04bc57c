//! A gateway on a floor: the policy in one file that is believed whole or not at all, with the keys of its issuers in it.

use e2e::{Gateway, Issuer, Scratch, Setup, SigningKey, run, seconds_from_now, switchboard, wait_for};
use serde_json::json;

const ROUTES: &str = "routes: [{ path: /**, respond: { body: fixed } }]";

fn policy(issuer: &Issuer, more: &str) -> String {
    format!(
        "issuers: [{{ id: corp, issuer: \"https://issuer.example\", audiences: [api], clients: any, jwks_uri: \"{}\" }}]\n\
         apis: [{{ id: all, team: t, base_path: /, operations: [{{ match: ANY /** }}] }}]\n{more}\n",
        issuer.jwks_uri()
    )
}

/// Builds a floor of this policy for this environment, beside the gateway's file.
fn build(scratch: &Scratch, policy: &str, environment: &str) {
    let from = scratch.write("policy.yaml", policy).display().to_string();
    let to = scratch.path("policy.floor").display().to_string();
    let built = run(switchboard(&[
        "policy",
        "build",
        &from,
        "--out",
        &to,
        "--feed",
        environment,
    ]));
    assert_eq!(built.code, Some(0), "{built:#?}");
}

fn token(key: &SigningKey) -> String {
    let claims =
        json!({ "iss": "https://issuer.example", "aud": "api", "jti": "t", "exp": seconds_from_now(300) });
    key.sign(&claims)
}

fn start(scratch: Scratch) -> Gateway {
    let setup = Setup {
        scratch,
        ..Setup::default()
    };
    setup.start(&format!(
        "policy: {{ floor: policy.floor }}\nenvironment: prod\n{ROUTES}"
    ))
}

#[test]
fn a_floor_decides_with_its_issuer_dead_and_a_new_one_is_taken_over() {
    let key = SigningKey::new("a");
    let issuer = Issuer::start(&[&key]);
    let scratch = Scratch::new();
    build(&scratch, &policy(&issuer, ""), "prod");
    let fetched = issuer.fetches();
    let gateway = start(scratch);
    gateway.client().get_as(&token(&key), "/").expect(200);
    let in_force = gateway.ask_admin("/ready").expect(200).json()["policy"].clone();
    assert_eq!(in_force["source"], "floor");
    assert!(
        in_force["revision"].is_u64() && in_force["digest"].is_string(),
        "{in_force}"
    );
    assert_eq!(in_force["keys"], json!({ "corp": "inline" }));
    assert_eq!(issuer.fetches(), fetched, "the floor has the keys");

    // One byte is another, and the floor holds no longer.
    let good = std::fs::read(gateway.scratch.path("policy.floor")).expect("it was built");
    let bad = String::from_utf8_lossy(&good).replacen("/**", "/*!", 1);
    gateway.scratch.replace("policy.floor", &bad);
    wait_for("the failure to show", || {
        (!gateway.config()["last_error"].is_null()).then_some(())
    });
    gateway.client().get_as(&token(&key), "/").expect(200);
    assert_eq!(gateway.ask_admin("/ready").expect(200).json()["policy"], in_force);

    let revoked = policy(&issuer, "revocations: [{ id: r1, issuer: corp, jti: t }]");
    build(&gateway.scratch, &revoked, "prod");
    wait_for("the new floor to be in force", || {
        (gateway.client().get_as(&token(&key), "/").status == 401).then_some(())
    });
    wait_for("the error to be gone", || {
        gateway.config()["last_error"].is_null().then_some(())
    });
}

#[test]
fn a_floor_of_another_environment_is_refused() {
    let key = SigningKey::new("a");
    let issuer = Issuer::start(&[&key]);
    let scratch = Scratch::new();
    build(&scratch, &policy(&issuer, ""), "test");
    let config = scratch.write(
        "gateway.yaml",
        &format!("listen: 127.0.0.1:0\npolicy: {{ floor: policy.floor }}\nenvironment: prod\n{ROUTES}"),
    );
    for command in [&["check"][..], &["gateway", "--config"]] {
        let mut command = switchboard(command);
        command.arg(&config);
        let finished = run(command);
        assert_eq!(finished.code, Some(1), "{finished:#?}");
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!(said.contains("of the environment test, not of prod"), "{said}");
    }
}
