//! Client connections: spread over the workers, limited in number and in time, and ended without losing a request.

use e2e::{Client, Closed, End, Gate, Gateway, Upstream, start_in_vain, wait_for};
use std::net::SocketAddr;
use std::time::Duration;

const GET: &str = "GET /case HTTP/1.1\r\nHost: test.example\r\n\r\n";
const FIXED: &str = "routes: [{ path: /**, respond: { body: fixed } }]";

#[test]
fn a_connection_over_the_limit_is_told_so_and_closed() {
    let gateway = Gateway::start(&format!("connections_max: 3\n{FIXED}"));
    let mut clients = (0..3).map(|_| gateway.client()).collect::<Vec<_>>();
    for client in &mut clients {
        client.get("/").expect(200);
    }
    for _ in 0..5 {
        let mut refused = gateway.client();
        let response = refused.response().expect_error(503, "connections_exhausted");
        assert!(response.closes(), "{response:#?}");
        refused.expect_close();
    }
    clients[0].get("/").expect(200);
    clients.pop();
    wait_for("room for another connection", || {
        (gateway.get("/").status == 200).then_some(())
    });
    let refused = |record: &&e2e::Record| record["error"] == "connections_exhausted";
    wait_for("the record of each refusal", || {
        (gateway.records().iter().filter(refused).count() >= 5).then_some(())
    });
}

#[test]
fn a_head_that_trickles_in_for_too_long_is_answered_408() {
    let gateway = Gateway::start(&format!("timeouts: {{ head_ms: 300 }}\n{FIXED}"));
    let mut client = gateway.client();
    let mut sending = client.stream().try_clone().expect("a descriptor is left");
    let sender = std::thread::spawn(move || {
        use std::io::Write;
        let head = "GET / HTTP/1.1\r\nHost: test.example\r\n".to_owned() + &"X-Slow: loris\r\n".repeat(1_000);
        // Never silent for long, until the gateway has had enough.
        for byte in head.into_bytes() {
            std::thread::park_timeout(Duration::from_millis(10));
            if sending.write_all(&[byte]).is_err() {
                return;
            }
        }
    });
    let response = client.response().expect_error(408, "request_timeout");
    assert!(response.closes(), "{response:#?}");
    let (rest, _) = client.rest();
    assert!(rest.is_empty());
    drop(client);
    sender.join().expect("the sender only sends");
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let gateway = Gateway::start(&format!("timeouts: {{ idle_ms: 1000 }}\n{FIXED}"));
    gateway.client().expect_close();
    let mut client = gateway.client();
    client.get("/").expect(200);
    client.expect_close();
    assert_eq!(
        gateway.wait_for_records(1).len(),
        1,
        "nothing was asked, so nothing is recorded"
    );
}

#[test]
fn a_body_that_stalls_is_answered_408_and_never_whole_upstream() {
    let upstream = Upstream::ok();
    let gateway = Gateway::start(&format!(
        "timeouts: {{ idle_ms: 1000 }}\nroutes: [{{ path: /**, upstream: \"{}\" }}]",
        upstream.url()
    ));
    for start in [
        "Content-Length: 10\r\n\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let mut client = gateway.client();
        client.send(format!("POST /case HTTP/1.1\r\nHost: test.example\r\n{start}"));
        let response = client.response_to("POST").expect_error(408, "request_timeout");
        assert!(response.closes(), "{response:#?}");
        client.expect_close();
    }
    upstream.wait_for_open(0);
    assert_eq!(upstream.requests().len(), 0);
}

#[test]
fn every_listener_serves() {
    let gateway = Gateway::start(&format!("listen: [127.0.0.1:0, 127.0.0.2:0]\n{FIXED}"));
    let addresses = gateway.addresses(2);
    assert_ne!(addresses[0].ip(), addresses[1].ip());
    for address in addresses {
        assert_eq!(Client::connect(address).get("/").expect(200).text(), "fixed");
    }
}

#[test]
fn a_port_in_use_ends_the_gateway_with_a_clear_message() {
    let taken = Closed::new();
    for key in ["listen", "admin", "health"] {
        let finished = start_in_vain(&format!("{key}: {}\n{FIXED}", taken.address));
        assert_eq!(finished.code, Some(1), "{key}: {finished:#?}");
        assert!(
            finished.stderr.contains(&taken.address.to_string()),
            "{key}: {finished:#?}"
        );
        assert!(finished.stderr.contains("in use"), "{key}: {finished:#?}");
    }
}

/// Waits until nobody is let in any more, which is how a client sees that a drain has begun.
fn wait_for_drain(address: SocketAddr) {
    wait_for("the listener to close", || {
        Client::try_connect(address).is_err().then_some(())
    });
}

/// An upstream that answers when the gate is open, and a gateway before it with these settings.
fn held(settings: &str) -> (Upstream, Gate, Gateway) {
    let gate = Gate::new();
    let told = gate.clone();
    let upstream = Upstream::start(move |mut peer| {
        while peer.request().is_some() {
            told.wait();
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let route = format!("routes: [{{ path: /**, upstream: \"{}\" }}]", upstream.url());
    let gateway = Gateway::start(&format!("{settings}\n{route}"));
    (upstream, gate, gateway)
}

#[test]
fn sigterm_lets_what_is_in_flight_finish() {
    let (upstream, gate, gateway) = held("");
    let mut client = gateway.client();
    client.send(GET);
    upstream.wait_for_requests(1);
    gateway.terminate();
    wait_for_drain(gateway.address());
    gate.open();
    let response = client.response().expect(200);
    assert_eq!(response.text(), "ok");
    assert!(response.closes(), "no other request can follow: {response:#?}");
    client.expect_close();
    gateway.record_of(&response);
    drop(client);
    assert_eq!(gateway.wait(), Some(0));
}

#[test]
fn sigterm_lets_a_streaming_answer_finish() {
    let gate = Gate::new();
    let told = gate.clone();
    let upstream = Upstream::start(move |mut peer| {
        if peer.request().is_some() {
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
            told.wait();
            peer.send("6\r\n whole\r\n0\r\n\r\n");
            peer.wait_until_closed();
        }
    });
    let gateway = Gateway::before(&upstream.url());
    let mut client = gateway.client();
    client.send(GET);
    upstream.wait_for_requests(1);
    gateway.terminate();
    wait_for_drain(gateway.address());
    gate.open();
    assert_eq!(client.response().expect(200).text(), "half whole");
    client.expect_close();
    drop(client);
    assert_eq!(gateway.wait(), Some(0));
}

#[test]
fn during_a_drain_an_idle_connection_gets_one_more_answer() {
    let gateway = Gateway::start(&format!("drain_idle_ms: 9000\n{FIXED}"));
    let mut used = gateway.client();
    used.get("/").expect(200);
    let fresh = gateway.client();
    gateway.get("/");
    gateway.terminate();
    wait_for_drain(gateway.address());
    for mut client in [used, fresh] {
        let response = client.get("/").expect(200);
        assert!(response.closes(), "{response:#?}");
        client.expect_close();
    }
    assert_eq!(
        gateway.wait(),
        Some(0),
        "and nobody waits for the rest of drain_idle_ms"
    );
}

#[test]
fn during_a_drain_an_idle_connection_is_closed_in_time() {
    let gateway = Gateway::start(&format!("drain_idle_ms: 200\n{FIXED}"));
    let mut client = gateway.client();
    client.get("/").expect(200);
    gateway.terminate();
    client.expect_close();
    assert_eq!(gateway.wait(), Some(0));
}

#[test]
fn a_drain_deadline_that_cuts_a_request_is_told_by_the_exit_code() {
    let (upstream, gate, gateway) = held("drain_ms: 300");
    let mut client = gateway.client();
    client.send(GET);
    upstream.wait_for_requests(1);
    gateway.terminate();
    let response = client.receive("GET");
    assert!(response.is_none_or(|response| response.end != End::Whole || response.status >= 500));
    let record = gateway.wait_for_records(1).remove(0);
    assert_eq!(
        (&record["path"], &record["error"]),
        (&"/case".into(), &"broken_by_gateway".into()),
        "{record}"
    );
    assert_eq!(gateway.wait(), Some(1));
    gate.open();
}

#[test]
fn a_drain_deadline_that_cuts_no_request_is_a_clean_end() {
    let (upstream, gate, gateway) = held("drain_ms: 1500");
    let mut client = gateway.client();
    client.send(GET);
    upstream.wait_for_requests(1);
    gateway.terminate();
    wait_for_drain(gateway.address());
    gate.open();
    client.response().expect(200);
    // The answer is out; that its client does not hang up is no reason to call the end a bad one.
    assert_eq!(gateway.wait(), Some(0));
    drop(client);
}

#[test]
fn a_second_signal_does_not_cut_a_drain_short() {
    let (upstream, gate, gateway) = held("");
    let mut client = gateway.client();
    client.send(GET);
    upstream.wait_for_requests(1);
    gateway.terminate();
    wait_for_drain(gateway.address());
    gateway.terminate();
    gateway.hang_up();
    gate.open();
    client.response().expect(200);
    drop(client);
    assert_eq!(gateway.wait(), Some(0));
}
#[test]
fn connections_spread_evenly_over_eight_workers() {
    let gateway = Gateway::start(&format!("workers: 8\n{FIXED}"));
    let mut clients = (0..80).map(|_| gateway.client()).collect::<Vec<_>>();
    for client in &mut clients {
        client.get("/").expect(200);
    }
    let by_worker = gateway.metrics().values("switchboard_worker_connections");
    assert_eq!(by_worker, [10.0; 8]);
    // Whoever stays, new ones go where there is room.
    let mut kept = clients.drain(..).step_by(2).collect::<Vec<_>>();
    gateway.wait_for_metrics("half of the connections to be gone", |metrics| {
        (metrics.sum("switchboard_worker_connections", &[]) == 40.0).then_some(())
    });
    kept.extend((0..40).map(|_| gateway.client()));
    for client in &mut kept {
        client.get("/").expect(200);
    }
    assert_eq!(
        gateway.metrics().values("switchboard_worker_connections"),
        [10.0; 8]
    );
}

#[test]
fn a_refused_request_leaves_its_connection_usable_where_its_body_is_small() {
    let gateway = Gateway::start("routes: [{ path: /, methods: [GET], respond: { body: fixed } }]");
    let post = |rest: &str| format!("POST /nowhere HTTP/1.1\r\nHost: test.example\r\n{rest}");
    for (request, closes) in [
        (post("\r\n"), false),
        (post("Content-Length: 4\r\n\r\nbody"), false),
        (
            post(&format!("Content-Length: 60000\r\n\r\n{}", "x".repeat(60_000))),
            false,
        ),
        (post("Content-Length: 9000000\r\n\r\n"), true),
        (
            post("Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"),
            true,
        ),
        (post("Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"), true),
        (post("Connection: close\r\n\r\n"), true),
        (
            "GET /nowhere HTTP/1.0\r\nHost: test.example\r\n\r\n".to_owned(),
            true,
        ),
        (
            "GET /nowhere HTTP/1.0\r\nHost: test.example\r\nConnection: keep-alive\r\n\r\n".to_owned(),
            false,
        ),
    ] {
        e2e::case(request.lines().take(4).collect::<Vec<_>>().join(", "));
        let mut client = gateway.client();
        client.send(&request);
        let response = client.response_to("POST").expect_error(404, "route_not_found");
        assert_eq!(response.closes(), closes, "{response:#?}");
        if closes {
            client.expect_close();
        } else {
            assert_eq!(client.get("/").expect(200).text(), "fixed");
        }
    }
    let mut client = gateway.client();
    client.send("HEAD /nowhere HTTP/1.1\r\nHost: test.example\r\n\r\n");
    let response = client.response_to("HEAD").expect(404);
    assert!(
        response.field("Content-Length") > Some("0") && response.body.is_empty(),
        "{response:#?}"
    );
    assert_eq!(client.get("/").expect(200).text(), "fixed");
}

#[test]
fn no_request_on_an_open_connection_meets_a_closing_socket() {
    let upstream = Upstream::ok();
    let gateway = Gateway::start(&format!(
        "drain_idle_ms: 5000\nroutes: [{{ path: /up, upstream: \"{}\" }}, {{ path: /, respond: {{ body: fixed }} }}]",
        upstream.url()
    ));
    let address = gateway.address();
    let clients = (0..4).map(|number| {
        std::thread::spawn(move || {
            let mut client = Client::connect(address);
            let target = if number % 2 == 0 { "/up" } else { "/" };
            let mut count = 0;
            while !client.get(target).expect(200).closes() {
                count += 1;
            }
            count
        })
    });
    let clients = clients.collect::<Vec<_>>();
    gateway.wait_for_records(200);
    gateway.terminate();
    for client in clients {
        assert!(client.join().expect("every request was answered") > 0);
    }
    assert_eq!(gateway.wait(), Some(0));
}
