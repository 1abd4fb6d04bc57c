//! Both authorizers before an API of an emulator of AWS: what is permitted reaches the backend, and nothing else does.
//!
//! What this emulator cannot carry is listed in docs/authorizers.md; the cases of the contract stand for that.

use e2e::{
    Build, DeployedApi, Emulator, FeedServer, Publisher, Scratch, Upstream, case, given_floor, given_text,
};
use serde_json::json;

/// A request, the status that it has to get, and whether it reaches the backend.
struct Expected {
    method: &'static str,
    path: &'static str,
    key: Option<String>,
    status: u16,
}

fn expected(method: &'static str, path: &'static str, key: Option<&str>, status: u16) -> Expected {
    let key = key.map(str::to_owned);
    Expected {
        method,
        path,
        key,
        status,
    }
}

fn check(emulator: &Emulator, api: &DeployedApi, backend: &Upstream, all: &[Expected]) {
    for each in all {
        case(format!("{} {} {:?}", each.method, each.path, each.key.is_some()));
        let before = backend.requests().len();
        let fields: Vec<(&str, &str)> = each.key.iter().map(|key| ("X-Api-Key", key.as_str())).collect();
        let answer = emulator.request(api, each.method, each.path, &fields);
        assert_eq!(answer.status, each.status, "{answer:#?} {}", answer.text());
        let reached = backend.requests().len() - before;
        assert_eq!(
            reached,
            usize::from(each.status == 200),
            "{} {}",
            each.method,
            each.path
        );
    }
}

fn good_key() -> String {
    given_text("key:k1")
}

#[test]
fn a_rest_api_asks_and_is_answered() {
    let (scratch, emulator, backend) = (Scratch::new(), Emulator::start(), Upstream::ok());
    let floor = given_floor(&scratch, "shop");
    let good = good_key();
    for build in Build::BOTH {
        let name = format!("rest-{build:?}").to_lowercase();
        let function = emulator.deploy(&name, build, &floor, &json!({ "SWITCHBOARD_APIS": "orders" }));
        let api = emulator.rest_api(&function, backend.address(), 0);
        check(
            &emulator,
            &api,
            &backend,
            &[
                expected("GET", "/api/orders/7", Some(&good), 200),
                expected("GET", "/api/orders/7", Some("bad"), 401),
                expected("GET", "/api/orders/7", None, 401),
                expected("POST", "/api/orders/7", Some(&good), 403),
                expected("GET", "/api/orders/admin/x", Some(&good), 403),
                // That API takes no keys.
                expected("GET", "/api/orders/returns/1", Some(&good), 401),
                expected("GET", "/api/orders/health", None, 200),
                expected("GET", "/api//orders/7", Some(&good), 403),
                expected("GET", "/api/orders/../orders/7", Some(&good), 403),
                expected("GET", "/api/orders/*", Some(&good), 403),
                expected("GET", "/elsewhere", Some(&good), 403),
            ],
        );
    }
}

#[test]
fn a_rest_api_that_keeps_answers_applies_them_to_every_operation() {
    let (scratch, emulator, backend) = (Scratch::new(), Emulator::start(), Upstream::ok());
    let floor = given_floor(&scratch, "shop");
    let good = good_key();
    for build in Build::BOTH {
        let name = format!("kept-{build:?}").to_lowercase();
        let settings = json!({ "SWITCHBOARD_APIS": "orders", "SWITCHBOARD_RESULT_TTL_S": "300" });
        let function = emulator.deploy(&name, build, &floor, &settings);
        let api = emulator.rest_api(&function, backend.address(), 300);
        check(
            &emulator,
            &api,
            &backend,
            &[
                // The first is refused, and must not spoil those that are kept with it.
                expected("GET", "/api/orders/admin/x", Some(&good), 403),
                expected("GET", "/api/orders/7", Some(&good), 200),
                expected("GET", "/api/orders", Some(&good), 200),
                expected("POST", "/api/orders/import", Some(&good), 200),
                expected("POST", "/api/orders/7", Some(&good), 403),
                // Of what is kept, a Deny: no 401 is said any more.
                expected("GET", "/api/orders/returns/1", Some(&good), 403),
                expected("GET", "/api/orders-admin", Some(&good), 403),
                expected("GET", "/api/orders/../orders/7", Some(&good), 403),
            ],
        );
    }
}

#[test]
fn a_rest_api_follows_what_is_published() {
    let (scratch, emulator, backend) = (Scratch::new(), Emulator::start(), Upstream::ok());
    let api = |scopes: &[&str]| {
        let orders = "GET /api/orders/**";
        json!({ "team": "t", "base_path": "/api/orders", "public": scopes.is_empty().then_some(orders).into_iter().collect::<Vec<_>>(),
            "operations": [{ "match": orders, "scopes": scopes }] })
    };
    for build in Build::BOTH {
        let mut publisher = Publisher::new("prod");
        publisher.publish(&[("api/orders", Some(api(&[])))]);
        let floor = scratch.write("signed.floor", &publisher.floor());
        let server = FeedServer::start(&publisher.bundle());
        let settings = json!({ "SWITCHBOARD_APIS": "orders", "SWITCHBOARD_BUNDLE": server.bundle(), "SWITCHBOARD_SYNC_AFTER_MS": "0" });
        let function = emulator.deploy(
            &format!("feed-{build:?}").to_lowercase(),
            build,
            &floor,
            &settings,
        );
        let deployed = emulator.rest_api(&function, backend.address(), 0);
        let open = [expected("GET", "/api/orders/7", None, 200)];
        check(&emulator, &deployed, &backend, &open);
        publisher.publish(&[("api/orders", Some(api(&["orders.read"])))]);
        server.serve(&publisher.bundle());
        check(
            &emulator,
            &deployed,
            &backend,
            &[expected("GET", "/api/orders/7", None, 401)],
        );
        publisher.publish(&[("api/orders", Some(api(&[])))]);
        server.serve(&publisher.bundle());
        check(&emulator, &deployed, &backend, &open);
    }
}

#[test]
fn http_apis_ask_in_either_payload_format() {
    let (scratch, emulator, backend) = (Scratch::new(), Emulator::start(), Upstream::ok());
    let floor = given_floor(&scratch, "shop");
    let good = good_key();
    for build in Build::BOTH {
        for (payload, response) in [("1.0", "policy"), ("2.0", "policy"), ("2.0", "simple")] {
            let name = format!("http-{build:?}-{}-{response}", payload.replace('.', "")).to_lowercase();
            let settings = json!({ "SWITCHBOARD_APIS": "orders", "SWITCHBOARD_RESPONSE": response });
            let function = emulator.deploy(&name, build, &floor, &settings);
            let api = emulator.http_api(&function, backend.address(), payload, response == "simple");
            // The emulator leaves `version` out of payload 1.0, so that it looks like a REST API's event: no 401 there.
            let bad_key = (payload != "1.0").then(|| expected("GET", "/api/orders/7", Some("bad"), 403));
            let mut all = vec![
                expected("GET", "/api/orders/7", Some(&good), 200),
                expected("POST", "/api/orders/7", Some(&good), 403),
                expected("GET", "/api/orders/admin/x", Some(&good), 403),
                expected("GET", "/api/orders/7", None, 401),
            ];
            all.extend(bad_key);
            check(&emulator, &api, &backend, &all);
        }
    }
}
