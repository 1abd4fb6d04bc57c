//! Connections to upstreams: used again while that is safe, dropped when anything about them is odd, and requests sent
//! again only where that cannot do harm.

use e2e::{Gate, Gateway, Peer, Upstream, case};

const GET: &str = "GET /case HTTP/1.1\r\nHost: test.example\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// One worker, so that all requests meet one pool.
fn before(url: &str, route: &str) -> Gateway {
    Gateway::start(&format!(
        "workers: 1\nroutes: [{{ path: /**, upstream: \"{url}\", {route} }}]"
    ))
}

#[test]
fn one_connection_carries_many_requests_of_many_clients() {
    let upstream = Upstream::ok();
    let gateway = before(&upstream.url(), "");
    for _ in 0..3 {
        let mut client = gateway.client();
        for _ in 0..5 {
            client.get("/case").expect(200);
        }
    }
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn an_upstream_that_says_it_closes_is_not_used_again() {
    for answer in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 2\r\n\r\nok",
    ] {
        case(format!("{answer:?}"));
        let upstream = Upstream::answering(move |_| answer);
        let gateway = before(&upstream.url(), "");
        let mut client = gateway.client();
        for _ in 0..3 {
            assert_eq!(client.get("/case").expect(200).text(), "ok");
        }
        assert_eq!(upstream.connections(), 3);
        upstream.wait_for_open(0);
    }
}

/// What follows a whole answer is said by nobody to nobody.
#[test]
fn bytes_behind_an_answer_drop_the_connection_and_reach_no_client() {
    let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    for (method, answer) in [
        ("GET", format!("{OK}{evil}")),
        ("GET", format!("{OK}x")),
        (
            "GET",
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n{evil}"),
        ),
        ("HEAD", OK.to_owned()),
        (
            "HEAD",
            format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{evil}"),
        ),
        ("GET", format!("HTTP/1.1 204 No Content\r\n\r\n{evil}")),
        (
            "GET",
            format!("HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n{evil}"),
        ),
    ] {
        case(format!("{method} {answer:?}"));
        let upstream = Upstream::answering(move |request| {
            if request.target == "/odd" {
                answer.clone()
            } else {
                OK.to_owned()
            }
        });
        let gateway = before(&upstream.url(), "");
        let mut client = gateway.client();
        client.send(format!("{method} /odd HTTP/1.1\r\nHost: test.example\r\n\r\n"));
        let response = client.response_to(method);
        assert!(!response.text().contains("evil"), "{response:#?}");
        assert_eq!(client.get("/next").expect(200).text(), "ok");
        assert_eq!(gateway.get("/other").expect(200).text(), "ok");
        assert_eq!(upstream.connections(), 2, "the odd one was not used again");
    }
}

/// Lets the first connection answer once and then do this while it is idle.
fn check_idle(disturb: fn(&mut Peer)) {
    let disturbed = Gate::new();
    let told = disturbed.clone();
    let upstream = Upstream::start(move |mut peer| {
        while peer.request().is_some() {
            peer.send(OK);
            if peer.number == 0 {
                disturb(&mut peer);
                told.open();
            }
        }
    });
    let gateway = before(&upstream.url(), "");
    gateway.get("/first").expect(200);
    disturbed.wait();
    let response = gateway.get("/second").expect(200);
    assert_eq!(response.text(), "ok");
    assert_eq!(
        gateway.record_of(&response)["tries"],
        1,
        "nothing was tried on the disturbed one"
    );
    assert_eq!(upstream.connections(), 2);
}

#[test]
fn a_connection_that_was_closed_or_written_to_while_idle_is_not_used() {
    check_idle(|peer| peer.finish_sending());
    check_idle(|peer| {
        peer.send("x");
    });
    check_idle(|peer| {
        peer.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\nConnection: close\r\n\r\nevil");
        peer.finish_sending();
    });
}

/// Resets the first `failing` connections when they have a request, and answers on all later ones.
fn resetting(failing: usize) -> Upstream {
    Upstream::start(move |mut peer| {
        while peer.request().is_some() {
            if peer.number < failing {
                return peer.reset();
            }
            peer.send(OK);
        }
    })
}

#[test]
fn a_request_that_was_sent_goes_again_only_if_it_is_idempotent_and_configured() {
    let body = "Content-Length: 4\r\n\r\nbody";
    for (method, rest, retries, failing, status, connections) in [
        ("GET", "\r\n", 0, 1, 502, 1),
        ("GET", "\r\n", 1, 1, 200, 2),
        ("HEAD", "\r\n", 1, 1, 200, 2),
        ("OPTIONS", "\r\n", 1, 1, 200, 2),
        ("PUT", body, 1, 1, 200, 2),
        ("DELETE", body, 2, 2, 200, 3),
        ("GET", "\r\n", 2, 9, 502, 3),
        ("POST", body, 2, 1, 502, 1),
        ("POST", "\r\n", 2, 1, 502, 1),
        ("PATCH", body, 2, 1, 502, 1),
    ] {
        case(format!("{method} with {retries} retries and {failing} failures"));
        let upstream = resetting(failing);
        let gateway = before(&upstream.url(), &format!("retries: {retries}"));
        let mut client = gateway.client();
        client.send(format!("{method} /case HTTP/1.1\r\nHost: test.example\r\n{rest}"));
        let response = client.response_to(method).expect(status);
        assert_eq!(upstream.connections(), connections);
        assert_eq!(gateway.record_of(&response)["tries"], connections);
        let requests = upstream.requests();
        assert_eq!(requests.len(), connections);
        let id = |request: &e2e::Request| request.field("X-Request-Id").map(str::to_owned);
        assert!(
            requests.iter().all(|request| id(request) == id(&requests[0])),
            "one request, one id"
        );
        assert!(
            requests.iter().all(|request| request.body == requests[0].body),
            "and one body"
        );
    }
}

#[test]
fn a_request_whose_answer_had_begun_does_not_go_again() {
    for answer in ["H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n"] {
        case(format!("{answer:?}"));
        let upstream = Upstream::start(move |mut peer| {
            if peer.request().is_some() {
                peer.send(answer);
                peer.close();
            }
        });
        let gateway = before(&upstream.url(), "retries: 3");
        let mut client = gateway.client();
        client.send(GET);
        let last = std::iter::repeat_with(|| client.response()).find(|response| response.status != 103);
        last.expect("there is one").expect_error(502, "upstream_closed");
        assert_eq!(upstream.connections(), 1);
    }
}

#[test]
fn a_body_that_is_not_at_hand_any_more_does_not_go_again() {
    let upstream = resetting(1);
    let gateway = before(&upstream.url(), "retries: 3");
    let mut client = gateway.client();
    client.send("PUT /case HTTP/1.1\r\nHost: test.example\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
    client.response_to("PUT").expect_error(502, "upstream_closed");
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn a_used_connection_that_breaks_under_a_post_is_a_502_and_not_a_second_post() {
    let upstream = Upstream::start(|mut peer| {
        if peer.request().is_some() {
            peer.send(OK);
            if peer.request().is_some() {
                peer.reset();
            }
        }
    });
    let gateway = before(&upstream.url(), "retries: 5");
    let mut client = gateway.client();
    client.get("/first").expect(200);
    client.send("POST /case HTTP/1.1\r\nHost: test.example\r\nContent-Length: 4\r\n\r\nbody");
    client.response_to("POST").expect_error(502, "upstream_closed");
    let posts = upstream
        .requests()
        .into_iter()
        .filter(|request| request.method == "POST");
    assert_eq!(posts.count(), 1);
}
