//! TLS towards upstreams: verified always, against the roots that the file names, and a failure says so.

use e2e::{Authority, Gateway, Identity, Scratch, Setup, Upstream};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn serving(identity: &Identity) -> Upstream {
    Upstream::start_tls(identity, |mut peer| {
        while peer.request().is_some() {
            peer.send(OK);
        }
    })
}

/// A gateway that trusts this authority and nobody else, before `https://` and this host.
fn before(upstream: &Upstream, host: &str, trusted: &Authority) -> Gateway {
    let setup = Setup::new();
    let ca = ca_file(&setup.scratch, trusted);
    let port = upstream.address().port();
    setup.start(&format!(
        "timeouts: {{ connect_ms: 5000 }}\nroutes: [{{ path: /**, upstream: {{ url: \"https://{host}:{port}\", ca: \"{ca}\" }} }}]"
    ))
}

fn ca_file(scratch: &Scratch, authority: &Authority) -> String {
    authority.pem_file(scratch, "ca.pem").display().to_string()
}

#[test]
fn a_certificate_of_the_named_authority_for_the_right_name_is_trusted() {
    let authority = Authority::new();
    let upstream = serving(&authority.identity(&["127.0.0.1"]));
    let gateway = before(&upstream, "127.0.0.1", &authority);
    let mut client = gateway.client();
    assert_eq!(client.get("/first").expect(200).text(), "ok");
    assert_eq!(client.get("/second").expect(200).text(), "ok");
    assert_eq!(upstream.connections(), 1, "and its connection is used again");
    assert_eq!(upstream.requests().len(), 2);
}

#[test]
fn a_certificate_that_does_not_hold_is_a_502() {
    let authority = Authority::new();
    let other = Authority::new();
    for (what, identity, trusted) in [
        ("another authority", authority.identity(&["127.0.0.1"]), &other),
        ("another address", authority.identity(&["127.0.0.2"]), &authority),
        (
            "a name in place of an address",
            authority.identity(&["test.example"]),
            &authority,
        ),
        ("expired", authority.expired_identity(&["127.0.0.1"]), &authority),
    ] {
        e2e::case(what);
        let upstream = serving(&identity);
        let gateway = before(&upstream, "127.0.0.1", trusted);
        let response = gateway.get("/case").expect_error(502, "upstream_certificate");
        assert_eq!(response.proxy_error().as_deref(), Some("tls_certificate_error"));
        assert!(
            gateway.record_of(&response)["detail"].is_string(),
            "the operator learns why"
        );
        assert_eq!(upstream.received_text(), "", "not a byte of the request was sent");
    }
}

#[test]
fn an_upstream_that_speaks_no_tls_is_a_502() {
    let authority = Authority::new();
    let upstream = Upstream::start(|mut peer| {
        peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        peer.close();
    });
    let gateway = before(&upstream, "127.0.0.1", &authority);
    let response = gateway.get("/case").expect_error(502, "upstream_tls");
    assert_eq!(response.proxy_error().as_deref(), Some("tls_protocol_error"));
}

#[test]
fn an_upstream_that_never_shakes_hands_is_a_504() {
    let authority = Authority::new();
    let upstream = Upstream::start(|mut peer| peer.wait_until_closed());
    let setup = Setup::new();
    let ca = ca_file(&setup.scratch, &authority);
    let address = upstream.address();
    let gateway = setup.start(&format!(
        "timeouts: {{ connect_ms: 300 }}\nroutes: [{{ path: /**, upstream: {{ url: \"https://{address}\", ca: \"{ca}\" }} }}]"
    ));
    gateway.get("/case").expect_error(504, "upstream_connect_timeout");
}

#[test]
fn a_name_is_checked_and_sent_as_it_stands_in_the_url() {
    let authority = Authority::new();
    let upstream = serving(&authority.identity(&["localhost"]));
    let gateway = before(&upstream, "localhost", &authority);
    assert_eq!(gateway.get("/case").expect(200).text(), "ok");
    let host = upstream.requests()[0].field("Host").map(str::to_owned);
    assert_eq!(host, Some(format!("localhost:{}", upstream.address().port())));
}

#[test]
fn a_body_passes_over_tls_in_both_directions() {
    let authority = Authority::new();
    let upstream = Upstream::start_tls(&authority.identity(&["127.0.0.1"]), |mut peer| {
        while let Some(request) = peer.request() {
            peer.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                request.body.len()
            ));
            peer.send(&request.body);
        }
    });
    let gateway = before(&upstream, "127.0.0.1", &authority);
    let body = (0..3_000_000_u32)
        .flat_map(u32::to_le_bytes)
        .take(3_000_000)
        .collect::<Vec<_>>();
    let mut client = gateway.client();
    client.send(format!(
        "POST /echo HTTP/1.1\r\nHost: test.example\r\nContent-Length: {}\r\n\r\n",
        body.len()
    ));
    client.send(&body);
    assert!(
        client.response_to("POST").expect(200).body == body,
        "every byte is in its place"
    );
}

#[test]
fn a_tls_upstream_that_closes_without_saying_so_breaks_the_answer_off() {
    let authority = Authority::new();
    let upstream = Upstream::start_tls(&authority.identity(&["127.0.0.1"]), |mut peer| {
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\n\r\nhalf");
        // No close_notify: anybody on the way could have cut it here.
        peer.close();
    });
    let gateway = before(&upstream, "127.0.0.1", &authority);
    let mut client = gateway.client();
    client.send("GET /case HTTP/1.1\r\nHost: test.example\r\n\r\n");
    let response = client.receive("GET").expect("an answer begins");
    assert!(response.end != e2e::End::Whole, "{response:#?}");
}
