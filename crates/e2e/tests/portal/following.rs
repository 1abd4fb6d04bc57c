//! A real gateway on a real portal's stream: a change is enforced, a portal that dies stops nothing, one that comes back is gone on with.

use super::*;
use e2e::{Gateway, Setup, wait_for, wait_within};
use std::time::Duration;

/// A gateway that follows this portal, enrolled under this name.
pub(crate) fn follow(portal: &Portal, name: &str) -> Gateway {
    let token = portal.enrol(name);
    let line = format!("Authorization: Bearer {token}");
    let floor = portal.ask_with("GET", "/v1/feeds/prod/floor", None, &[&line]);
    let setup = Setup::new();
    setup.scratch.write("policy.floor", &floor.expect(200).text());
    setup.scratch.write("token", &token);
    let address = portal.address();
    setup.start(&format!(
        "policy: {{ floor: policy.floor, feed: {{ portal: \"http://{address}\", token: \"${{file:token}}\" }} }}\n\
         environment: prod\nstate_dir: state\nroutes: [{{ path: /api/orders/**, respond: {{ status: 200 }} }}]\n"
    ))
}

fn ask(gateway: &Gateway) -> u16 {
    let line = format!("X-Api-Key: {KEY}");
    gateway.client().get_with("/api/orders/1", &[&line]).status
}

pub(crate) fn wait_for_state(gateway: &Gateway, state: &str) {
    wait_for(&format!("the state {state}"), || {
        (gateway.policy()["state"] == state).then_some(())
    });
}

/// Puts the client with these scopes, and waits until the gateway decides by that revision.
fn change(portal: &Portal, gateway: &Gateway, scopes: &[&str]) {
    let made = portal.put("clients", "app", &client(scopes));
    wait_for("the revision to be in force", || {
        (gateway.policy()["revision"] == made["revision"]).then_some(())
    });
}

/// Whether each opening of the feed went on where it was.
fn resumed(gateway: &Gateway) -> Vec<bool> {
    let log = gateway.log().so_far();
    let lines = log
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let opened = lines.filter(|line| line["fields"]["message"] == "the feed is open");
    opened.map(|line| line["fields"]["resumed"] == true).collect()
}

#[test]
fn what_is_changed_in_the_portal_is_refused_and_a_portal_that_was_killed_is_gone_on_with() {
    on_both(|setup| {
        let mut portal = setup().start();
        shop(&portal);
        portal.wait_published("prod", 3);
        let gateway = follow(&portal, "gw-1");
        wait_for_state(&gateway, "live");
        assert_eq!(ask(&gateway), 200);
        change(&portal, &gateway, &[]);
        assert_eq!(ask(&gateway), 403);
        portal.kill();
        wait_for_state(&gateway, "catching_up");
        assert_eq!(ask(&gateway), 403, "it decides by what it was told");
        // Another process on the same state, while nobody publishes.
        let scratch = gateway.kill();
        let setup = Setup {
            scratch,
            ..Setup::default()
        };
        let file = setup.scratch.path("gateway.yaml");
        let gateway = setup.start_file(file);
        assert_eq!(ask(&gateway), 403);
        assert_eq!(gateway.policy()["source"], "last_known_good");
        portal.restart();
        wait_for_state(&gateway, "live");
        change(&portal, &gateway, &["orders.read"]);
        assert_eq!(ask(&gateway), 200);
        let opened = resumed(&gateway);
        assert!(
            !opened.is_empty() && opened.iter().all(|resumed| *resumed),
            "{opened:?}"
        );
    });
}

#[test]
fn a_gateway_that_was_taken_out_is_told_so_and_decides_on() {
    let portal = Portal::start();
    shop(&portal);
    portal.wait_published("prod", 3);
    let gateway = follow(&portal, "gw-1");
    wait_for_state(&gateway, "live");
    let listed = portal.get("/v1/gateways").json();
    let all = listed["items"].as_array().expect("a list");
    let id = all
        .iter()
        .find(|one| one["name"] == "gw-1")
        .expect("it is enrolled")["id"]
        .clone();
    let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    let answer = portal.ask("DELETE", &format!("/v1/gateways/{id}"), None);
    assert!(matches!(answer.status, 200 | 204), "{answer:#?}");
    // An open stream is looked at with each heartbeat.
    let error = wait_within(Duration::from_secs(40), "the refusal to show", || {
        let error = gateway.policy()["last_error"].as_str().map(str::to_owned);
        error.filter(|error| error.contains("401"))
    });
    assert!(error.contains("gateways create"), "{error}");
    assert_eq!(ask(&gateway), 200);
    assert_eq!(gateway.policy()["state"], "catching_up");
}
