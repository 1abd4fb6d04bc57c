//! What a gateway tells its fleet, and that a portal which is down is told later and stops nothing.

use super::*;
use e2e::StreamServer;

fn start(server: &StreamServer, publisher: &Publisher, feed: &str, fleet: &str) -> Gateway {
    let scratch = Scratch::new();
    scratch.write("policy.floor", &publisher.floor());
    scratch.write(BUNDLE, &publisher.bundle());
    scratch.write("token", StreamServer::TOKEN);
    let portal = format!("portal: \"{}\", token: \"${{file:token}}\"", server.url());
    let feed = feed.replace("PORTAL", &portal);
    let fleet = fleet.replace("PORTAL", &portal);
    start_with(
        scratch,
        &format!(
            "policy: {{ floor: policy.floor, feed: {{ {feed} }} }}\nstate_dir: state\n{fleet}\n{ROUTES}"
        ),
    )
}

/// The first report that `found` finds something in.
fn wait_for_report<T>(server: &StreamServer, what: &str, found: impl Fn(&Value) -> Option<T>) -> T {
    wait_for(what, || {
        let reports = server.reports();
        let mut bodies = reports.iter().map(|request| {
            assert_eq!(request.field("Content-Type"), Some("application/json"));
            serde_json::from_slice(&request.body).expect("a report is JSON")
        });
        bodies.find_map(|body: Value| found(&body))
    })
}

/// Applied, by the reports so far, in their order.
fn applied(server: &StreamServer) -> Vec<u64> {
    let reports = server.reports();
    let bodies = reports
        .iter()
        .map(|request| serde_json::from_slice(&request.body));
    let bodies = bodies.map(|body: Result<Value, _>| body.expect("a report is JSON"));
    bodies
        .flat_map(|body| body["policy"]["applied"].as_array().cloned().unwrap_or_default())
        .map(|one| one["revision"].as_u64().expect("a number"))
        .collect()
}

#[test]
fn a_gateway_says_who_it_is_and_since_when_each_revision_is_in_force() {
    let mut publisher = published();
    let server = StreamServer::start(publisher.content());
    let gateway = start(&server, &publisher, "PORTAL", "fleet: { name: api-eu-3 }");
    let first = wait_for_report(&server, "a report", |report| Some(report.clone()));
    assert_eq!(first["kind"], "gateway");
    assert_eq!(first["name"], "api-eu-3");
    assert_eq!(first["environment"], FEED);
    assert_eq!(first["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(first["config"], gateway.config()["hash"]);
    assert_eq!(first["policy"]["epoch"], publisher.place().0);
    assert_eq!(first["policy"]["revision"], 1);
    assert_eq!(first["policy"]["applied"], json!([]), "it began with it");
    assert!(
        first["policy"]["applied_at_ms"].is_null() && first["quarantined"].is_null(),
        "{first}"
    );
    take_away(&mut publisher);
    server.serve(publisher.content());
    let report = wait_for_report(&server, "the revision to be reported", |report| {
        (report["policy"]["revision"] == 2).then(|| report.clone())
    });
    assert_eq!(report["instance"], first["instance"]);
    let policy = &report["policy"];
    assert_eq!(
        (&policy["state"], &policy["source"]),
        (&json!("live"), &json!("feed"))
    );
    let one = &policy["applied"][0];
    assert_eq!(
        (&one["revision"], &one["at_ms"]),
        (&json!(2), &policy["applied_at_ms"])
    );
    assert_eq!(policy["applied_at_ms"], gateway.policy()["applied_at_ms"]);
    assert!(policy["age_s"].is_u64(), "{policy}");
}

#[test]
fn what_was_applied_while_reports_were_refused_is_told_once_they_are_taken() {
    let mut publisher = published();
    let server = StreamServer::start(publisher.content());
    let gateway = start(
        &server,
        &publisher,
        &format!("bundle: {BUNDLE}"),
        "fleet: { PORTAL }",
    );
    wait_for_report(&server, "a report", |report| {
        (report["policy"]["state"] == "live").then_some(())
    });
    server.refuse(Some("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
    gateway.log().wait_for("the refusal to be told", |line| {
        (line.contains("a report was not taken") && line.contains("may not report to the fleet"))
            .then_some(())
    });
    for scopes in [&[][..], &["orders.read"], &[]] {
        publisher.publish(&[("client/app", client(scopes))]);
        gateway.scratch.replace(BUNDLE, &publisher.bundle());
        wait_for_place(&gateway, publisher.place());
    }
    ask(&gateway).expect_error(403, "scope_missing");
    server.refuse(None);
    wait_for("all three to be reported", || {
        (applied(&server).len() >= 3).then_some(())
    });
    assert_eq!(applied(&server), [2, 3, 4], "each once, in order");
    let told = gateway.log().so_far().join("\n") + &gateway.config().to_string();
    assert!(!told.contains(StreamServer::TOKEN), "{told}");
}

#[test]
fn a_fleet_that_cannot_be_reached_stops_neither_requests_nor_the_end() {
    let publisher = published();
    let server = StreamServer::start(publisher.content());
    server.stop();
    let gateway = start(&server, &publisher, "PORTAL", "");
    ask(&gateway).expect(200);
    gateway.log().wait_for("the failure to be told", |line| {
        line.contains("a report was not taken").then_some(())
    });
    gateway.terminate();
    assert_eq!(gateway.wait(), Some(0));
}
