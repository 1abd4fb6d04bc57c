//! `policy verify`: what a portal published, as files, with no portal there.

use super::*;

fn verify(arguments: &[&str]) -> Finished {
    let mut command = switchboard(&["policy", "verify"]);
    command.args(arguments);
    e2e::run(command)
}

#[test]
fn a_floor_a_bundle_and_a_last_known_good_hold_or_do_not() {
    let portal = shop();
    let gateway = follow(&portal, "api-eu-1");
    ok(&portal, &["client", "disable", "app", "--wait"], &[]);
    let line = format!("Authorization: Bearer {}", portal.token());
    let get = |what: &str| {
        let answer = portal.ask_with("GET", &format!("/v1/feeds/prod/{what}"), None, &[&line]);
        answer.expect(200).text()
    };
    let (floor_text, bundle_text) = (get("floor"), get("bundle"));
    let floor = portal.scratch.write("prod.floor", &floor_text);
    let bundle = portal.scratch.write("prod.bundle", &bundle_text);
    drop(portal.process());
    let scratch = gateway.end();
    let kept = scratch.path("state/policy/last_known_good");

    let good = [
        "good, a floor of the feed prod",
        "keyring by root root-",
        "2 entities: 1 api, 1 client",
        "digest",
    ];
    check(&verify(&[path(&floor)]), 0, &good, &[]);
    let json = json_of(&verify(&[path(&floor), "--json"]));
    assert_eq!(
        (&json["holds"], &json["entities"], &json["signed"]),
        (&json!(true), &json!(2), &json!(true))
    );

    check(
        &verify(&[path(&bundle)]),
        2,
        &[],
        &["say --roots with a floor that you trust"],
    );
    for file in [&bundle, &kept] {
        let finished = verify(&[path(file), "--roots", path(&floor)]);
        check(&finished, 0, &["good", "of the feed prod", "2 entities"], &[]);
    }
    check(
        &verify(&[path(&floor), "--roots", path(&bundle)]),
        2,
        &[],
        &["does not begin with roots"],
    );

    let other = Portal::start();
    let line = format!("Authorization: Bearer {}", other.token());
    other.wait_published("prod", 1);
    let others = other
        .ask_with("GET", "/v1/feeds/prod/floor", None, &[&line])
        .expect(200)
        .text();
    let others = other.scratch.write("other.floor", &others);
    check(
        &verify(&[path(&floor), "--roots", path(&others)]),
        1,
        &[],
        &["pins other roots"],
    );
    let finished = verify(&[path(&bundle), "--roots", path(&others), "--json"]);
    check(
        &finished,
        1,
        &["\"holds\":false"],
        &["signed by a root that is not pinned"],
    );

    let changed = |text: &str| portal.scratch.write("changed", text);
    let roots = ["--roots", path(&floor)];
    let tampered = changed(&bundle_text.replace("orders.read", "orders.rood"));
    check(
        &verify(&[path(&tampered), roots[0], roots[1]]),
        1,
        &[],
        &["number or digest of its records"],
    );
    let cut = changed(&bundle_text[..bundle_text.len() - 40]);
    check(
        &verify(&[path(&cut), roots[0], roots[1]]),
        1,
        &[],
        &["does not hold"],
    );
    let tampered = changed(&floor_text.replace("orders.read", "orders.rood"));
    check(&verify(&[path(&tampered)]), 1, &[], &["a byte of it was changed"]);
    check(&verify(&["no-such.floor"]), 2, &[], &["cannot be read"]);
}
