//! Dead, slow, resetting and lying upstreams: the client gets 502 or 504 with the cause in `Proxy-Status`, or an answer
//! that visibly breaks off. It never hangs, and never gets a well-formed lie.

use e2e::{BlackHole, Closed, End, Gateway, Peer, Response, Upstream, case};
use std::time::Duration;

const GET: &str = "GET /case HTTP/1.1\r\nHost: test.example\r\n\r\n";
const POST: &str = "POST /case HTTP/1.1\r\nHost: test.example\r\nContent-Length: 4\r\n\r\nbody";
/// Limits that end a slow upstream soon; one at a time, so that no other one is met by a slow machine.
const SHORT_CONNECT: &str = "timeouts: { connect_ms: 300 }";
const SHORT_HEAD: &str = "timeouts: { head_ms: 300 }";
const SHORT_IDLE: &str = "timeouts: { idle_ms: 700 }";

/// A gateway with these settings before this upstream.
fn before(settings: &str, url: &str) -> Gateway {
    Gateway::start(&format!(
        "{settings}\nroutes: [{{ path: /**, upstream: \"{url}\" }}]"
    ))
}

/// Asserts that this request is answered by the gateway with this status, code and RFC 9209 error, is recorded so, and
/// that the client's connection is good for another.
fn check_failure(gateway: &Gateway, request: &str, (status, code, cause): (u16, &str, &str)) {
    let mut client = gateway.client();
    for _ in 0..2 {
        client.send(request);
        let response = client.response_to("POST").expect_error(status, code);
        assert_eq!(response.proxy_error().as_deref(), Some(cause), "{response:#?}");
        let record = gateway.record_of(&response);
        assert_eq!(
            (&record["status"], &record["error"]),
            (&status.into(), &code.into()),
            "{record}"
        );
        assert!(
            record["detail"].as_str().is_some_and(|detail| !detail.is_empty()),
            "{record}"
        );
        assert!(!response.closes(), "the client did nothing wrong: {response:#?}");
    }
}

/// Lets an upstream do this with every request on a connection of its own.
fn check_script(settings: &str, expected: (u16, &str, &str), script: fn(Peer)) {
    let upstream = Upstream::start(move |mut peer| {
        if peer.request().is_some() {
            script(peer);
        }
    });
    let gateway = before(settings, &upstream.url());
    check_failure(&gateway, GET, expected);
    check_failure(&gateway, POST, expected);
    // Nothing is kept of a connection that failed.
    upstream.wait_for_open(0);
}

const CLOSED: (u16, &str, &str) = (502, "upstream_closed", "connection_terminated");
const MALFORMED: (u16, &str, &str) = (502, "upstream_malformed", "http_protocol_error");
const SLOW: (u16, &str, &str) = (504, "upstream_timeout", "http_response_timeout");

#[test]
fn a_dead_upstream_is_a_502() {
    let dead = Closed::new();
    let gateway = before("", &format!("http://{}", dead.address));
    check_failure(&gateway, GET, (502, "upstream_refused", "connection_refused"));
    check_failure(&gateway, POST, (502, "upstream_refused", "connection_refused"));
}

#[test]
fn an_upstream_that_lets_nobody_in_is_a_504() {
    let hole = BlackHole::new();
    let gateway = before(SHORT_CONNECT, &format!("http://{}", hole.address));
    check_failure(
        &gateway,
        GET,
        (504, "upstream_connect_timeout", "connection_timeout"),
    );
}

#[test]
fn a_name_that_does_not_resolve_is_a_502_and_no_reason_not_to_start() {
    let gateway = Gateway::start(
        "timeouts: { connect_ms: 2000 }\nroutes:\n  - { path: /case, upstream: \"http://no-such-name.invalid\" }\n  \
         - { path: /fine, respond: { body: fine } }",
    );
    gateway.get("/fine").expect(200);
    check_failure(&gateway, GET, (502, "upstream_unresolved", "dns_error"));
}

#[test]
fn an_upstream_that_closes_or_resets_instead_of_answering_is_a_502() {
    check_script("", CLOSED, Peer::close);
    check_script("", CLOSED, Peer::reset);
    check_script("", CLOSED, |mut peer| {
        peer.send("HTTP/1.1 200 OK\r\nContent-Le");
        peer.close();
    });
    check_script("", CLOSED, |mut peer| {
        peer.send("HTTP/1.1 100 Contin");
        peer.close();
    });
}

#[test]
fn an_upstream_that_does_not_answer_in_time_is_a_504() {
    check_script(SHORT_HEAD, SLOW, |mut peer| peer.wait_until_closed());
    check_script(SHORT_HEAD, SLOW, |mut peer| {
        peer.send("HTTP/1.1 200 OK\r\nContent-Le");
        peer.wait_until_closed();
    });
    check_script(SHORT_HEAD, SLOW, |mut peer| {
        // Always busy, never done.
        peer.drip(
            "HTTP/1.1 200 OK\r\n".to_owned() + &"X: y\r\n".repeat(10_000),
            Duration::from_millis(5),
        );
    });
}

#[test]
fn an_exchange_that_takes_longer_than_the_total_is_a_504() {
    let total = "timeouts: { total_ms: 300 }";
    check_script(
        total,
        (504, "total_timeout", "http_response_timeout"),
        |mut peer| peer.wait_until_closed(),
    );
}

/// Heads that no strict reader takes.
const BAD_HEADS: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
    "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 02\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent_Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nX-Folded: one\r\n two\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nX-Space : one\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nX-Nul: one\0two\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nX-Bare: one\rtwo\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 600 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 two OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok",
    " HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "SSH-2.0-OpenSSH_9.2p1\r\n",
    "<html>502 Bad Gateway</html>\r\n\r\n",
    "\x15\x03\x03\0\x02\x02\x28 a TLS alert\r\n\r\n",
];

/// An upstream that answers every request with these bytes and keeps its connection open.
fn answering(bytes: String) -> Upstream {
    Upstream::start(move |mut peer| {
        if peer.request().is_some() {
            peer.send(&bytes);
            peer.wait_until_closed();
        }
    })
}

#[test]
fn a_head_that_is_not_strictly_http_1_1_is_a_502_and_the_connection_is_dropped() {
    let upstream = Upstream::start(|mut peer| {
        if let Some(request) = peer.request() {
            let index = request
                .target
                .trim_start_matches('/')
                .parse::<usize>()
                .expect("the test sends an index");
            peer.send(BAD_HEADS[index]);
            peer.wait_until_closed();
        }
    });
    let gateway = before("", &upstream.url());
    for (index, head) in BAD_HEADS.iter().enumerate() {
        case(format!("{head:?}"));
        let request = format!("GET /{index} HTTP/1.1\r\nHost: test.example\r\n\r\n");
        check_failure(&gateway, &request, MALFORMED);
        upstream.wait_for_open(0);
    }
}

#[test]
fn a_head_without_end_is_a_502() {
    for head in [
        "X-Large: ".to_owned() + &"x".repeat(100_000),
        "X-Line: 1\r\n".repeat(1_000),
    ] {
        let upstream = answering(format!("HTTP/1.1 200 OK\r\n{head}"));
        let gateway = before("", &upstream.url());
        check_failure(&gateway, GET, MALFORMED);
    }
}

#[test]
fn interim_answers_without_end_are_a_502() {
    let upstream = answering("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1_000));
    let gateway = before("", &upstream.url());
    let mut client = gateway.client();
    client.send(GET);
    let last = (0..1_000)
        .map(|_| client.response())
        .find(|response| response.status != 103);
    last.expect("there is an end")
        .expect_error(502, "upstream_malformed");
}

/// What an upstream does when it has sent what it had.
type Then = fn(Peer);

/// How an answer came to a client of this version when the upstream sent these bytes and then did that.
fn broken_off(request: &str, answer: &'static str, then: Then) -> (Response, Gateway) {
    let upstream = Upstream::start(move |mut peer| {
        if peer.request().is_some() {
            peer.send(answer);
            then(peer);
        }
    });
    let gateway = before(SHORT_IDLE, &upstream.url());
    let mut client = gateway.client();
    client.send(request);
    let response = client.receive("GET").expect("an answer begins");
    let (rest, _) = client.rest();
    assert!(rest.is_empty(), "nothing follows an answer that broke off");
    (response, gateway)
}

#[test]
fn a_body_that_the_upstream_does_not_finish_is_never_finished_for_it() {
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    let endless = "HTTP/1.1 200 OK\r\n\r\nhalf";
    let old = "GET /case HTTP/1.0\r\nHost: test.example\r\n\r\n";
    let stall: Then = |mut peer| peer.wait_until_closed();
    let all: &[(&str, &'static str, Then)] = &[
        (GET, length, Peer::close),
        (GET, length, Peer::reset),
        (GET, length, stall),
        (GET, chunked, Peer::close),
        (GET, chunked, Peer::reset),
        (GET, chunked, stall),
        (GET, endless, Peer::reset),
        (GET, endless, stall),
        (old, length, Peer::close),
        (old, chunked, Peer::close),
        (old, chunked, stall),
        (old, endless, Peer::reset),
        (old, endless, stall),
    ];
    for &(request, answer, then) in all {
        case(format!("{request:?} {answer:?}"));
        let (response, gateway) = broken_off(request, answer, then);
        assert_eq!(response.status, 200);
        assert!("half".starts_with(&response.text()), "{response:#?}");
        assert!(
            response.end != End::Whole,
            "its end must not look like one: {response:#?}"
        );
        let record = gateway.record_of(&response);
        assert_eq!(
            (&record["status"], &record["error"]),
            (&200.into(), &"broken_by_upstream".into()),
            "{record}"
        );
    }
}

#[test]
fn chunks_that_turn_bad_break_the_answer_off() {
    for bad in [
        "zz\r\nmore\r\n",
        "4\r\nmore!\r\n",
        "-1\r\n",
        "4 \r\nmore\r\n",
        "0\r\nno colon\r\n\r\n",
        "4\nmore\n0\n\n",
    ] {
        case(format!("{bad:?}"));
        let upstream = Upstream::start(move |mut peer| {
            if peer.request().is_some() {
                peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n");
                // The last byte of the good part has been passed on once the client was able to ask for the rest.
                peer.drip(bad, Duration::from_millis(1));
                peer.wait_until_closed();
            }
        });
        let gateway = before("", &upstream.url());
        let mut client = gateway.client();
        client.send(GET);
        match client.receive("GET") {
            Some(response) if response.status == 502 => {
                response.expect_error(502, "upstream_malformed");
            }
            Some(response) => assert!(response.end != End::Whole, "{response:#?}"),
            None => panic!("the client is told something"),
        }
        upstream.wait_for_open(0);
    }
}

#[test]
fn a_bad_chunk_right_behind_the_head_is_a_502() {
    let upstream = answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_owned());
    let gateway = before("", &upstream.url());
    check_failure(&gateway, GET, MALFORMED);
}

#[test]
fn an_answer_that_never_ends_is_cut_by_the_total() {
    let upstream = Upstream::start(|mut peer| {
        if peer.request().is_some() {
            peer.send("HTTP/1.1 200 OK\r\n\r\n");
            peer.drip("x".repeat(100_000), Duration::from_millis(5));
        }
    });
    let gateway = before("timeouts: { total_ms: 300 }", &upstream.url());
    let mut client = gateway.client();
    client.send(GET);
    let response = client.receive("GET").expect("an answer begins");
    assert!(
        response.status == 200 && response.end != End::Whole,
        "{response:#?}"
    );
    assert_eq!(gateway.record_of(&response)["error"], "broken_by_gateway");
}

#[test]
fn an_upstream_that_stops_reading_a_body_is_a_504() {
    let upstream = Upstream::start(|mut peer| {
        if peer.head().is_some() {
            // Neither reads nor answers until the gateway has given up.
            peer.send("");
            std::thread::park_timeout(e2e::LIMIT);
        }
    });
    let gateway = Gateway::start(&format!(
        "timeouts: {{ idle_ms: 2000 }}\nroutes: [{{ path: /**, upstream: \"{}\", body_bytes_max: 100000000 }}]",
        upstream.url()
    ));
    let mut client = gateway.client();
    client.send("PUT /case HTTP/1.1\r\nHost: test.example\r\nContent-Length: 64000000\r\n\r\n");
    let mut sending = client.stream().try_clone().expect("a descriptor is left");
    let sender = std::thread::spawn(move || {
        use std::io::Write;
        // Ends when the gateway has answered and closed.
        let _ = sending.write_all(&vec![b'x'; 64_000_000]);
    });
    client.response_to("PUT").expect_error(504, "upstream_timeout");
    drop(client);
    sender.join().expect("the sender only sends");
}
