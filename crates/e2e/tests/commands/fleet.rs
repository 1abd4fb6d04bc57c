//! `fleet`, `policy wait`, and what the portal says of those who report.

use super::*;

fn fleet(portal: &Portal) -> Value {
    portal.get("/v1/fleet?environment=prod").json()
}

fn place(portal: &Portal) -> (u64, u64) {
    let policy = portal.get("/v1/environments/prod/policy").json();
    (
        policy["epoch"].as_u64().expect("an epoch"),
        policy["revision"].as_u64().expect("a revision"),
    )
}

#[test]
fn who_has_a_revision_and_who_has_not_is_named() {
    let portal = shop();
    let _gateways = [follow(&portal, "api-eu-1"), follow(&portal, "api-eu-2")];
    let (epoch, revision) = place(&portal);
    ok(
        &portal,
        &["policy", "wait", &revision.to_string()],
        &[&format!("revision {epoch}:{revision} on 2 of 2")],
    );
    ok(
        &portal,
        &["policy", "wait", &format!("{epoch}:{revision}")],
        &["on 2 of 2"],
    );
    let ahead = run(&portal, &["policy", "wait", "4711", "--within", "500ms"]);
    let lacks = format!("api-eu-1 has {epoch}:{revision}");
    check(&ahead, 1, &["on 0 of 2", "is not published yet", &lacks], &[]);
    check(
        &run(&portal, &["policy", "wait", "x"]),
        2,
        &[],
        &["is no revision"],
    );

    ok(
        &portal,
        &["fleet"],
        &[
            "NAME",
            "api-eu-1",
            "api-eu-2",
            "gateway",
            "platform",
            "live",
            "2 live, 0 unreachable",
        ],
    );
    let quiet = ok(&portal, &["fleet", "--attention"], &["2 live"]);
    assert!(!quiet.stdout.contains("api-eu-1"), "{quiet:#?}");
}

#[test]
fn who_cannot_be_reached_is_named_until_another_process_takes_its_place() {
    let portal = shop();
    let one = follow(&portal, "api-eu-1");
    let other = follow(&portal, "api-eu-2");
    other.kill();
    e2e::wait_within(LIMIT, "api-eu-2 to be missed", || {
        (fleet(&portal)["counts"]["unreachable"] == 1).then_some(())
    });
    let told = ok(
        &portal,
        &["client", "disable", "app", "--wait"],
        &["refused on 1 of 1 in ", "; api-eu-2 unreachable since ", " UTC ("],
    );
    assert!(told.stdout.contains(" ago)"), "{told:#?}");
    ok(
        &portal,
        &["fleet", "--attention"],
        &[
            "api-eu-2",
            "unreachable",
            "1 live, 1 unreachable",
            "propagation of ",
        ],
    );
    let measured = fleet(&portal)["propagation"].clone();
    assert!(
        measured["measured"].as_u64() >= Some(1) && measured["p99_ms"].is_u64(),
        "{measured}"
    );

    // What was restarted takes the place of what it was.
    let scratch = one.kill();
    let setup = Setup {
        scratch,
        ..Setup::default()
    };
    let file = setup.scratch.path("gateway.yaml");
    let one = setup.start_file(file);
    e2e::wait_within(LIMIT, "the former process to be replaced", || {
        let counts = fleet(&portal)["counts"].clone();
        (counts["replaced"] == 1 && counts["live"] == 1).then_some(())
    });
    assert_eq!(one.policy()["state"], "live");
}

#[test]
fn where_nobody_reports_nobody_is_waited_for_in_vain_and_that_is_said() {
    let portal = shop();
    let finished = run(
        &portal,
        &["client", "disable", "app", "--wait", "--within", "500ms"],
    );
    check(
        &finished,
        1,
        &[
            "client app is suspended",
            "no gateway reports to this environment",
        ],
        &[],
    );
    let finished = run(&portal, &["policy", "wait", "1", "--within", "100ms", "--json"]);
    check(&finished, 1, &["\"live\":0"], &[]);
}

#[test]
fn who_is_below_the_wanted_version_is_shown() {
    let portal = shop();
    let _gateway = follow(&portal, "api-eu-1");
    ok(
        &portal,
        &["fleet", "versions"],
        &["wanted none, lowest allowed none"],
    );
    ok(
        &portal,
        &["fleet", "versions", "--wanted", "7.0.0"],
        &["wanted 7.0.0, lowest allowed none"],
    );
    ok(
        &portal,
        &["fleet"],
        &[
            "version is below the wanted one",
            "version wanted 7.0.0, lowest none",
        ],
    );
    ok(
        &portal,
        &["fleet", "versions", "--lowest", "6.1.0"],
        &["wanted 7.0.0, lowest allowed 6.1.0"],
    );
    ok(&portal, &["fleet"], &["version is not allowed any more"]);
    let wrong = run(&portal, &["fleet", "versions", "--lowest", "8.0.0"]);
    check(&wrong, 1, &[], &["lowest: it is above the wanted one"]);
    ok(
        &portal,
        &[
            "fleet", "versions", "--wanted", "none", "--lowest", "none", "--json",
        ],
        &["\"wanted\":null"],
    );
}

#[test]
fn a_fleet_that_has_more_than_the_database_is_an_alarm() {
    let portal = shop();
    let (epoch, revision) = place(&portal);
    let token = portal.enrol("api-eu-1");
    let report = json!({
        "instance": "i", "kind": "gateway", "name": "api-eu-1", "environment": "prod", "version": "0.1.0",
        "policy": { "state": "live", "source": "feed", "epoch": epoch, "revision": revision + 1, "age_s": 1 },
    });
    let line = format!("Authorization: Bearer {token}");
    portal
        .ask_with("POST", "/v1/fleet/reports", Some(&report), &[&line])
        .expect(200);
    wait_for("the alarm", || {
        (fleet(&portal)["alarm"]["revision"] == revision + 1).then_some(())
    });
    let ready = portal.get("/ready").expect(200).json();
    assert_eq!(ready["alarms"][0]["name"], "api-eu-1", "{ready}");
    portal
        .process()
        .stderr()
        .wait_for("the alarm in the log", |line| {
            line.contains("the fleet has more than the database")
                .then_some(())
        });
    ok(
        &portal,
        &["fleet"],
        &[
            "ALARM: api-eu-1 reports revision ",
            "was it restored from a backup?",
        ],
    );
    // Once the database is there too, it is none.
    portal.put("plans", "gold", &json!({ "rate": "1/s" }));
    wait_for("the alarm to end", || {
        fleet(&portal)["alarm"].is_null().then_some(())
    });
}
