//! Bodies flow while they come: nothing is gathered first, nobody is outrun, memory does not grow with length, and
//! interim and early answers arrive when they are sent.

use e2e::{Gate, Gateway, Upstream, wait_for};
use std::io::{Read, Write};
use std::time::Duration;

const LARGE: usize = 60_000_000;
/// What a gateway may use above its start while large bodies pass: buffers of a few connections, what the allocator gives
/// back some milliseconds later (seen: up to 15 MB on a busy machine), and no body.
const MEMORY_GROWTH_MAX_BYTES: u64 = 30_000_000;

/// Bytes that differ wherever a piece could be lost, doubled or moved.
fn pattern(length: usize) -> Vec<u8> {
    let byte = |index: usize| {
        let [low, middle, high, ..] = index.to_le_bytes();
        low ^ middle ^ high
    };
    (0..length).map(byte).collect()
}

fn before(upstream: &Upstream) -> Gateway {
    let url = upstream.url();
    Gateway::start(&format!(
        "routes: [{{ path: /**, upstream: \"{url}\", body_bytes_max: 100000000 }}]"
    ))
}

#[test]
fn a_large_answer_passes_whole_in_constant_memory() {
    for chunked in [false, true] {
        let upstream = Upstream::start(move |mut peer| {
            let body = pattern(LARGE);
            while peer.request().is_some() {
                if !chunked {
                    peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"));
                    peer.send(&body);
                    continue;
                }
                peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                for chunk in body.chunks(77_777) {
                    peer.send(format!("{:x}\r\n", chunk.len()));
                    peer.send(chunk);
                    peer.send("\r\n");
                }
                peer.send("0\r\n\r\n");
            }
        });
        let gateway = before(&upstream);
        let memory = gateway.peak_memory_bytes();
        let mut client = gateway.client();
        for _ in 0..2 {
            assert!(
                client.get("/large").expect(200).body == pattern(LARGE),
                "every byte is in its place"
            );
        }
        let growth = gateway.peak_memory_bytes() - memory;
        assert!(
            growth < MEMORY_GROWTH_MAX_BYTES,
            "{growth} bytes more, chunked: {chunked}"
        );
    }
}

#[test]
fn a_large_request_passes_whole_in_constant_memory() {
    for chunked in [false, true] {
        let upstream = Upstream::answering(|request| {
            let right = request.body == pattern(LARGE);
            format!("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{right:<5}")
        });
        let gateway = before(&upstream);
        let memory = gateway.peak_memory_bytes();
        let mut client = gateway.client();
        let body = pattern(LARGE);
        let head = "PUT /large HTTP/1.1\r\nHost: test.example\r\n";
        if chunked {
            client.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n"));
            for chunk in body.chunks(77_777) {
                client.send([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
            }
            client.send("0\r\n\r\n");
        } else {
            client.send(format!("{head}Content-Length: {LARGE}\r\n\r\n"));
            client.send(&body);
        }
        assert_eq!(
            client.response_to("PUT").expect(200).text(),
            "true ",
            "every byte is in its place"
        );
        let growth = gateway.peak_memory_bytes() - memory;
        assert!(
            growth < MEMORY_GROWTH_MAX_BYTES,
            "{growth} bytes more, chunked: {chunked}"
        );
    }
}

/// Far more than the kernel holds in the four sockets of an exchange.
const FLOOD: usize = 64_000_000;
/// After so long without a byte taken, the sender counts as stalled. A false alarm only makes the test easier to pass.
const PATIENCE: Duration = Duration::from_millis(300);

#[test]
fn a_client_that_does_not_read_stalls_the_upstream() {
    let stalled = Gate::new();
    let told = stalled.clone();
    let upstream = Upstream::start(move |mut peer| {
        if peer.request().is_none() {
            return;
        }
        peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {FLOOD}\r\n\r\n"));
        let body = vec![b'x'; FLOOD];
        let sent = peer.send_until_stalled(&body, PATIENCE);
        if sent < FLOOD {
            told.open();
        }
        peer.send(&body[sent..]);
        peer.close();
    });
    let gateway = before(&upstream);
    let memory = gateway.peak_memory_bytes();
    let mut client = gateway.client();
    client.send("GET /flood HTTP/1.1\r\nHost: test.example\r\n\r\n");
    stalled.wait();
    assert_eq!(
        client.response().expect(200).body.len(),
        FLOOD,
        "it goes on once somebody reads"
    );
    let growth = gateway.peak_memory_bytes() - memory;
    assert!(growth < MEMORY_GROWTH_MAX_BYTES, "{growth} bytes more");
}

#[test]
fn an_upstream_that_does_not_read_stalls_the_client() {
    let read_on = Gate::new();
    let told = read_on.clone();
    let upstream = Upstream::start(move |mut peer| {
        let Some(mut request) = peer.head() else { return };
        told.wait();
        peer.read_body(&mut request);
        let length = request.body.len().to_string();
        peer.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{length}",
            length.len()
        ));
    });
    let gateway = before(&upstream);
    let memory = gateway.peak_memory_bytes();
    let mut client = gateway.client();
    client.send(format!(
        "PUT /flood HTTP/1.1\r\nHost: test.example\r\nContent-Length: {FLOOD}\r\n\r\n"
    ));
    let body = vec![b'x'; FLOOD];
    let mut socket = client.stream().try_clone().expect("a descriptor is left");
    socket
        .set_write_timeout(Some(PATIENCE))
        .expect("the patience is not zero");
    let mut sent = 0;
    while let Ok(count) = socket.write(&body[sent..]) {
        sent += count;
        assert!(sent < FLOOD, "nobody reads, and still everything was taken");
    }
    read_on.open();
    socket.set_write_timeout(None).expect("no limit is a limit");
    socket
        .write_all(&body[sent..])
        .expect("it goes on once somebody reads");
    assert_eq!(client.response_to("PUT").expect(200).text(), FLOOD.to_string());
    let growth = gateway.peak_memory_bytes() - memory;
    assert!(growth < MEMORY_GROWTH_MAX_BYTES, "{growth} bytes more");
}

#[test]
fn each_piece_of_an_answer_arrives_before_the_next_is_sent() {
    let arrived = [Gate::new(), Gate::new(), Gate::new()];
    let seen = arrived.clone();
    let upstream = Upstream::start(move |mut peer| {
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        for gate in &seen {
            peer.send("6\r\nevent\n\r\n");
            gate.wait();
        }
        peer.send("0\r\n\r\n");
        peer.wait_until_closed();
    });
    let gateway = before(&upstream);
    let mut client = gateway.client();
    client.send("GET /events HTTP/1.1\r\nHost: test.example\r\n\r\n");
    let mut seen = String::new();
    for (index, gate) in arrived.iter().enumerate() {
        while seen.matches("event\n").count() <= index {
            let mut bytes = [0; 1024];
            let count = client
                .stream()
                .read(&mut bytes)
                .expect("a piece comes within the limit");
            assert!(count > 0, "the answer ended early: {seen}");
            seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        gate.open();
    }
}

#[test]
fn each_piece_of_a_request_arrives_before_the_next_is_sent() {
    let upstream = Upstream::ok();
    let gateway = before(&upstream);
    let mut client = gateway.client();
    client.send("POST /pieces HTTP/1.1\r\nHost: test.example\r\nTransfer-Encoding: chunked\r\n\r\n");
    for piece in ["one", "two", "three"] {
        client.send(format!("{:x}\r\n{piece}\r\n", piece.len()));
        wait_for("the piece at the upstream", || {
            upstream.received_text().contains(piece).then_some(())
        });
    }
    client.send("0\r\n\r\n");
    client.response_to("POST").expect(200);
}

#[test]
fn the_upstream_decides_whether_the_client_continues() {
    let upstream = Upstream::start(|mut peer| {
        while let Some(mut request) = peer.head() {
            assert_eq!(request.field("Expect"), Some("100-continue"));
            if request.target == "/refused" {
                peer.send("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
                return peer.close();
            }
            peer.send("HTTP/1.1 100 Continue\r\nX-Interim: yes\r\n\r\n");
            peer.read_body(&mut request);
            peer.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}",
                request.body.len(),
                request.text()
            ));
        }
    });
    let gateway = before(&upstream);
    let mut client = gateway.client();
    let head = |target: &str, framing: &str| {
        format!("POST {target} HTTP/1.1\r\nHost: test.example\r\nExpect: 100-continue\r\n{framing}\r\n\r\n")
    };
    client.send(head("/wanted", "Content-Length: 4"));
    let interim = client.response();
    assert_eq!((interim.status, interim.field("X-Interim")), (100, Some("yes")));
    client.send("body");
    assert_eq!(client.response_to("POST").expect(200).text(), "body");

    client.send(head("/wanted", "Transfer-Encoding: chunked"));
    assert_eq!(client.response().status, 100);
    client.send("4\r\nbody\r\n0\r\n\r\n");
    assert_eq!(client.response_to("POST").expect(200).text(), "body");

    // Nobody has to wait for the 100 (RFC 9110 §10.1.1).
    client.send(head("/wanted", "Content-Length: 4") + "body");
    assert_eq!(client.response().status, 100);
    assert_eq!(client.response_to("POST").expect(200).text(), "body");

    client.send(head("/refused", "Content-Length: 4"));
    let response = client.response_to("POST").expect(403);
    assert_eq!(response.text(), "no", "no 100 came before it");
    // The body was never sent, so nothing can follow on this connection.
    assert!(response.closes(), "{response:#?}");
    client.expect_close();
}

#[test]
fn early_hints_and_other_interim_answers_pass_as_they_come() {
    let upstream = Upstream::answering(|_| {
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\
         Connection: X-Hop\r\nX-Hop: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    });
    let gateway = before(&upstream);
    let mut client = gateway.client();
    for _ in 0..2 {
        assert_eq!(client.get("/hints").status, 102);
        let hints = client.response().expect(103);
        assert_eq!(hints.field("Link"), Some("</style.css>; rel=preload"));
        assert_eq!(hints.all("X-Hop"), [""; 0]);
        assert_eq!(client.response().expect(200).text(), "ok");
    }
}

#[test]
fn an_answer_that_comes_before_the_body_is_whole_arrives_at_once() {
    let upstream = Upstream::start(|mut peer| {
        if peer.head().is_some() {
            peer.send("HTTP/1.1 413 Too Much\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge");
            peer.close();
        }
    });
    let gateway = before(&upstream);
    for framing in ["Content-Length: 1000000", "Transfer-Encoding: chunked"] {
        let mut client = gateway.client();
        client.send(format!(
            "PUT /early HTTP/1.1\r\nHost: test.example\r\n{framing}\r\n\r\n"
        ));
        let response = client.response_to("PUT").expect(413);
        assert_eq!(response.text(), "large");
        assert_eq!(
            response.proxy_error(),
            None,
            "the service answered: {response:#?}"
        );
        assert!(response.closes(), "its body is not out: {response:#?}");
        client.expect_close();
    }
}

#[test]
fn an_answer_may_begin_while_the_request_still_flows() {
    let upstream = Upstream::start(|mut peer| {
        if peer.head().is_none() {
            return;
        }
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for _ in 0..3 {
            // A chunk of one byte, back in capitals.
            peer.read("1\r\nx\r\n".len());
            peer.send("1\r\nX\r\n");
        }
        peer.read("0\r\n\r\n".len());
        peer.send("0\r\n\r\n");
        peer.wait_until_closed();
    });
    let gateway = before(&upstream);
    let mut client = gateway.client();
    client.send("POST /echo HTTP/1.1\r\nHost: test.example\r\nTransfer-Encoding: chunked\r\n\r\n");
    let mut seen = String::new();
    let mut read_until = |wanted: &dyn Fn(&str) -> bool, stream: &mut &std::net::TcpStream| {
        while !wanted(&seen) {
            let mut bytes = [0; 1024];
            let count = stream.read(&mut bytes).expect("a piece comes within the limit");
            assert!(count > 0, "the answer ended early: {seen}");
            seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    };
    for round in 1..=3 {
        client.send("1\r\nx\r\n");
        read_until(
            &|seen| seen.matches("X\r\n").count() == round,
            &mut client.stream(),
        );
    }
    client.send("0\r\n\r\n");
    read_until(&|seen| seen.ends_with("0\r\n\r\n"), &mut client.stream());
}
