//! Who lies or contradicts himself changes nothing, and is told.

use super::*;

/// What a relay could serve in place of revision 3, where revision 2 is in force.
fn lies(newer: &Publisher, older: &str) -> Vec<(String, String)> {
    let honest = newer.bundle();
    let mut unsigned = honest.clone();
    let signed = unsigned.rfind(r#","key":""#).expect("the commit is signed");
    unsigned.truncate(signed);
    unsigned.push_str("}\n");
    let mut stranger = Publisher::stranger(FEED);
    let mut other = Publisher::new("other");
    for publisher in [&mut stranger, &mut other] {
        for _ in 0..9 {
            publisher.publish(&[("client/app", client(&[]))]);
        }
    }
    let mut lies = vec![
        (
            "a changed byte".to_owned(),
            honest.replacen("client", "clienu", 1),
        ),
        (
            "a changed scope".to_owned(),
            honest.replacen("\"team\":\"t\"", "\"team\":\"u\"", 1),
        ),
        ("an older bundle".to_owned(), older.to_owned()),
        ("another's bundle".to_owned(), stranger.bundle()),
        ("another feed's bundle".to_owned(), other.bundle()),
        ("roots of its own".to_owned(), stranger.floor()),
        ("an unsigned one".to_owned(), unsigned),
        ("nothing".to_owned(), String::new()),
        ("no lines".to_owned(), "x".repeat(1 << 20)),
    ];
    for part in 1..4 {
        let cut = honest.len() * part / 4;
        lies.push((format!("cut off at byte {cut}"), honest[..cut].to_owned()));
    }
    lies.push((
        "cut off in its last byte".to_owned(),
        honest[..honest.len() - 2].to_owned(),
    ));
    lies
}

#[test]
fn who_lies_changes_nothing_and_the_age_tells() {
    let mut publisher = published();
    let (floor, older) = (publisher.floor(), publisher.bundle());
    take_away(&mut publisher);
    let (bundle, in_force) = (publisher.bundle(), publisher.place());
    publisher.publish(&[("client/app", client(&["orders.read"]))]);
    let lies = lies(&publisher, &older);
    let gateways: Vec<Gateway> = lies
        .iter()
        .map(|_| start(&floor, &bundle, ", max_staleness_s: 1, feed_wait_ms: 10000"))
        .collect();
    for (gateway, (_, lie)) in gateways.iter().zip(&lies) {
        wait_for_place(gateway, in_force);
        gateway.scratch.replace(BUNDLE, lie);
    }
    for (gateway, (name, _)) in gateways.iter().zip(&lies) {
        case(name);
        wait_for("a mismatch", || {
            (counted(gateway, "mismatches") >= 1.0).then_some(())
        });
        wait_for_state(gateway, "stale");
        assert_eq!(place(gateway), in_force);
        assert!(gateway.policy()["last_error"].is_string(), "{}", gateway.policy());
        ask(gateway).expect_error(403, "scope_missing");
    }
}

#[test]
fn who_is_honest_again_is_believed_again() {
    let mut publisher = published();
    let gateway = start(&publisher.floor(), &publisher.bundle(), "");
    take_away(&mut publisher);
    gateway.scratch.replace(BUNDLE, "");
    wait_for("a mismatch", || {
        (counted(&gateway, "mismatches") >= 1.0).then_some(())
    });
    // Within the five seconds after which it is read again, so that it is not told twice.
    gateway.scratch.replace(BUNDLE, &publisher.bundle());
    wait_for_place(&gateway, publisher.place());
    ask(&gateway).expect_error(403, "scope_missing");
}

#[test]
fn a_redirect_is_not_followed() {
    let mut publisher = published();
    let floor = publisher.floor();
    take_away(&mut publisher);
    let server = BundleServer::start(publisher.bundle());
    let to = server.url();
    let redirecting = Upstream::answering(move |_| {
        format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
    });
    let scratch = Scratch::new();
    scratch.write("policy.floor", &floor);
    let gateway = start_with(scratch, &configuration(&redirecting.url(), ""));
    let error = wait_for("the failure to show", || {
        gateway.policy()["last_error"].as_str().map(str::to_owned)
    });
    assert!(error.contains("redirect"), "{error}");
    assert_eq!(server.answers(), (0, 0));
    assert_eq!(gateway.policy()["state"], "floor");
    ask(&gateway).expect(200);
}

#[test]
fn two_publishers_of_one_revision_are_told_and_the_first_stays() {
    let (mut one, mut other) = (published(), published());
    let gateway = start(&one.floor(), &one.bundle(), "");
    take_away(&mut one);
    gateway.scratch.replace(BUNDLE, &one.bundle());
    wait_for_place(&gateway, one.place());
    other.publish(&[("client/other", client(&["orders.read"]))]);
    gateway.scratch.replace(BUNDLE, &other.bundle());
    wait_for_state(&gateway, "forked");
    ask(&gateway).expect_error(403, "scope_missing");
}
