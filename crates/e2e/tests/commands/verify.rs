//! `policy verify`: what a portal published, as files, with no portal there.

use super::*;

fn verify(arguments: &[&str]) -> Finished {
    let mut command = switchboard(&["policy", "verify"]);
    command.args(arguments);
    e2e::run(command)
}

/// A floor and a bundle of a portal, in files of its own.
fn published(portal: &Portal) -> [(std::path::PathBuf, String); 2] {
    let line = format!("Authorization: Bearer {}", portal.token());
    ["floor", "bundle"].map(|what| {
        let answer = portal.ask_with("GET", &format!("/v1/feeds/prod/{what}"), None, &[&line]);
        let text = answer.expect(200).text();
        (portal.scratch.write(&format!("prod.{what}"), &text), text)
    })
}

#[test]
fn a_floor_a_bundle_and_a_last_known_good_hold() {
    let portal = shop();
    let gateway = follow(&portal, "api-eu-1");
    ok(&portal, &["client", "disable", "app", "--wait"], &[]);
    let [(floor, _), (bundle, _)] = published(&portal);
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
    let told = (&json["holds"], &json["entities"], &json["signed"]);
    assert_eq!(told, (&json!(true), &json!(2), &json!(true)));
    for file in [&bundle, &kept] {
        let finished = verify(&[path(file), "--roots", path(&floor)]);
        check(&finished, 0, &["good", "of the feed prod", "2 entities"], &[]);
    }
}

#[test]
fn what_nobody_trusted_signed_does_not_hold() {
    let (portal, other) = (shop(), Portal::start());
    portal.wait_published("prod", 2);
    other.wait_published("prod", 1);
    let [(floor, _), (bundle, _)] = published(&portal);
    let [(others, _), _] = published(&other);
    let said = &["say --roots with a floor that you trust"];
    check(&verify(&[path(&bundle)]), 2, &[], said);
    let said = &["does not begin with roots"];
    check(&verify(&[path(&floor), "--roots", path(&bundle)]), 2, &[], said);
    let said = &["pins other roots"];
    check(&verify(&[path(&floor), "--roots", path(&others)]), 1, &[], said);
    let finished = verify(&[path(&bundle), "--roots", path(&others), "--json"]);
    check(
        &finished,
        1,
        &["\"holds\":false"],
        &["does not hold: the keyring"],
    );
}

#[test]
fn what_was_changed_or_cut_off_does_not_hold() {
    let portal = shop();
    portal.wait_published("prod", 2);
    let [(floor, floor_text), (_, bundle_text)] = published(&portal);
    let verify_changed = |text: &str, more: &[&str]| {
        let file = portal.scratch.write("changed", text);
        verify(&[&[path(&file)], more].concat())
    };
    let roots = ["--roots", path(&floor)];
    let tampered = bundle_text.replace("orders.read", "orders.rood");
    check(
        &verify_changed(&tampered, &roots),
        1,
        &[],
        &["number or digest of its records"],
    );
    let cut = &bundle_text[..bundle_text.len() - 40];
    check(&verify_changed(cut, &roots), 1, &[], &["does not hold"]);
    let tampered = floor_text.replace("orders.read", "orders.rood");
    check(
        &verify_changed(&tampered, &[]),
        1,
        &[],
        &["a byte of it was changed"],
    );
    check(&verify(&["no-such.floor"]), 2, &[], &["cannot be read"]);
}
