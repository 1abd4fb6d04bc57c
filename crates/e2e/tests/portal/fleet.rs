//! Reports of a fleet: whose they are, what they may hold, and what is made of them, on both databases and by several portals.

use super::*;
use e2e::wait_for;

fn report(place: (i64, i64)) -> Value {
    json!({
        "instance": "host:7-1", "kind": "gateway", "name": "api-eu-1", "environment": "prod", "version": "0.1.0",
        "config": "00", "policy": { "state": "live", "source": "feed", "epoch": place.0, "revision": place.1, "age_s": 2 },
        "something": "of a newer version",
    })
}

fn post(portal: &Portal, token: &str, body: &Value) -> Response {
    let line = format!("Authorization: Bearer {token}");
    portal.ask_with("POST", "/v1/fleet/reports", Some(body), &[&line])
}

fn fleet(portal: &Portal, more: &str) -> Value {
    portal
        .get(&format!("/v1/fleet?environment=prod{more}"))
        .expect(200)
        .json()
}

fn place(portal: &Portal) -> (i64, i64) {
    let policy = portal.get("/v1/environments/prod/policy").json();
    (
        policy["epoch"].as_i64().expect("an epoch"),
        policy["revision"].as_i64().expect("a revision"),
    )
}

fn now_ms() -> i64 {
    e2e::seconds_from_now(0) * 1_000
}

#[test]
fn a_report_is_its_tokens_and_replaces_nobody_elses() {
    on_both(|setup| {
        let portal = setup().with_environments(&["prod", "test"]).start();
        let (one, other) = (portal.enrol("one"), portal.enrol("other"));
        let place = place(&portal);
        let answer = post(&portal, &one, &report(place)).expect(200).json();
        assert_eq!(answer["interval_ms"], 3_000);
        post(&portal, &other, &report(place)).expect(200);
        let mut again = report(place);
        again["version"] = json!("0.2.0");
        post(&portal, &one, &again).expect(200);
        let seen = fleet(&portal, "");
        let versions: Vec<(&Value, &Value)> = seen["instances"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| (&one["enrolment"], &one["version"]))
            .collect();
        assert_eq!(
            versions,
            [
                (&json!("one"), &json!("0.2.0")),
                (&json!("other"), &json!("0.1.0"))
            ]
        );

        refused(
            post(&portal, portal.token(), &report(place)),
            403,
            "only_gateways",
        );
        refused(
            post(&portal, "sbg_nobody", &report(place)),
            401,
            "unauthenticated",
        );
        let mut elsewhere = report(place);
        elsewhere["environment"] = json!("test");
        refused(post(&portal, &one, &elsewhere), 404, "not_found");
        let line = format!("Authorization: Bearer {one}");
        refused(
            portal.ask_with("GET", "/v1/fleet?environment=prod", None, &[&line]),
            403,
            "not_for_gateways",
        );
    });
}

#[test]
fn a_report_is_held_to_its_limits() {
    let portal = Portal::start();
    let token = portal.enrol("one");
    let check = |change: fn(&mut Value), field: &str, words: &str| {
        let mut body = report((1, 1));
        change(&mut body);
        refused_field(post(&portal, &token, &body), field, words);
    };
    check(|body| body["instance"] = json!(""), "instance", "1 to 128");
    check(|body| body["name"] = json!("x".repeat(129)), "name", "1 to 128");
    check(
        |body| body["name"] = json!("a\u{1b}[31m"),
        "name",
        "control characters",
    );
    check(
        |body| body["version"] = json!("1".repeat(65)),
        "version",
        "1 to 64",
    );
    check(
        |body| body["kind"] = json!("toaster"),
        "kind",
        "gateway, authorizer, relay",
    );
    check(
        |body| body["policy"]["state"] = json!("fine"),
        "policy.state",
        "catching_up",
    );
    check(
        |body| body["policy"]["source"] = json!("rumour"),
        "policy.source",
        "last_known_good",
    );
    check(
        |body| body["policy"]["revision"] = json!(1_u64 << 53),
        "policy",
        "2^53",
    );
    check(
        |body| body["policy"]["applied"] = (0..257).map(|n| json!({ "revision": n, "at_ms": n })).collect(),
        "policy.applied",
        "the last 256",
    );
    check(
        |body| {
            body["quarantined"] = (0..101)
                .map(|_| json!({ "service": "s", "reason": "r" }))
                .collect();
        },
        "quarantined",
        "at most 100",
    );
    check(|body| body["policy"] = json!({}), "", "missing field");
    let mut large = report((1, 1));
    large["padding"] = json!("x".repeat(200_000));
    refused(post(&portal, &token, &large), 413, "too_large");
    assert_eq!(fleet(&portal, "")["instances"], json!([]));
}

#[test]
fn propagation_is_measured_by_when_each_revision_was_in_force_and_a_clock_that_is_off_counts_for_nothing() {
    on_both(|setup| {
        let portal = setup().start();
        let tokens = [portal.enrol("one"), portal.enrol("two"), portal.enrol("off")];
        let begun = place(&portal);
        for (index, token) in tokens.iter().enumerate() {
            let mut body = report(begun);
            body["name"] = json!(format!("g{index}"));
            post(&portal, token, &body).expect(200);
        }
        fleet(&portal, "");
        portal.put("plans", "gold", &json!({ "rate": "1/s" }));
        let (epoch, revision) = place(&portal);
        portal.wait_published("prod", revision);
        let asked = format!("&revision={epoch}:{revision}");
        let seen = fleet(&portal, &asked);
        let made = seen["asked"]["made_at_ms"].as_i64().expect("it was made");
        assert_eq!(
            (&seen["asked"]["live"], &seen["asked"]["have"]),
            (&json!(3), &json!(0))
        );
        assert_eq!(seen["instances"][0]["behind"], 1);
        for (index, (token, after)) in tokens.iter().zip([80, 640, 90]).enumerate() {
            let mut body = report((epoch, revision));
            body["name"] = json!(format!("g{index}"));
            body["policy"]["applied"] =
                json!([{ "epoch": epoch, "revision": revision, "at_ms": made + after }]);
            if index == 2 {
                body["sent_at_ms"] = json!(now_ms() + 60_000);
            }
            post(&portal, token, &body).expect(200);
        }
        let seen = fleet(&portal, &asked);
        let asked = &seen["asked"];
        assert_eq!(
            (&asked["have"], &asked["p50_ms"], &asked["max_ms"]),
            (&json!(3), &json!(80), &json!(640))
        );
        let after: Vec<&Value> = seen["instances"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| &one["asked"]["after_ms"])
            .collect();
        assert_eq!(after, [&json!(80), &json!(640), &Value::Null]);
        assert!(
            seen["instances"][2]["skew_ms"].as_i64() < Some(-50_000),
            "{seen:#}"
        );
        let propagation = &seen["propagation"];
        assert_eq!(
            (
                &propagation["measured"],
                &propagation["left_out"],
                &propagation["p99_ms"]
            ),
            (&json!(2), &json!(1), &json!(640))
        );
    });
}

#[test]
fn what_one_portal_was_told_another_one_says() {
    let Some(postgres) = Postgres::start_where_there_is_one() else {
        eprintln!("no PostgreSQL is installed: this was not tried");
        return;
    };
    let url = postgres.url();
    let one = PortalSetup::new().at(&url).start();
    let mut other = PortalSetup::new().at(&url).start();
    other.use_token(one.token());
    let token = one.enrol("gw");
    post(&one, &token, &report(place(&one))).expect(200);
    wait_for("the report to be seen at the other portal", || {
        let seen = fleet(&other, "");
        (seen["instances"][0]["name"] == "api-eu-1").then_some(())
    });
}

#[test]
fn a_fleet_is_read_in_parts() {
    let portal = Portal::start();
    let token = portal.enrol("many");
    let place = place(&portal);
    for number in 0..5 {
        let mut body = report(place);
        body["instance"] = json!(number.to_string());
        body["name"] = json!(format!("g{number}"));
        post(&portal, &token, &body).expect(200);
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let part = fleet(&portal, &format!("&limit=2{cursor}"));
        assert_eq!(part["counts"]["live"], 5);
        let all = part["instances"].as_array().expect("a list");
        names.extend(
            all.iter()
                .map(|one| one["name"].as_str().expect("a name").to_owned()),
        );
        match part["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["g0", "g1", "g2", "g3", "g4"]);
    refused_field(
        portal.get("/v1/fleet?environment=prod&revision=42"),
        "revision",
        "EPOCH:REVISION",
    );
    refused(portal.get("/v1/fleet?environment=nowhere"), 404, "not_found");
}
