//! The admin port says how things are, and what it must not tell to everybody it does not.

use e2e::{Client, Gateway, Setup, wait_for};
use std::net::{IpAddr, SocketAddr, UdpSocket};

#[test]
fn the_admin_port_says_how_things_are() {
    let gateway = Gateway::start("routes: [{ path: /, respond: { body: fixed } }]");
    gateway.ask_admin("/live").expect(200);
    let ready = gateway.ask_admin("/ready").expect(200);
    assert_eq!(ready.field("Content-Type"), Some("application/json"));
    assert!(ready.json().is_object(), "{}", ready.text());
    let config = gateway.config();
    for key in ["revision", "hash", "last_error"] {
        assert!(config.get(key).is_some(), "{key} in {config}");
    }
    assert!(
        config["hash"].as_str().is_some_and(|hash| hash.len() == 64),
        "{config}"
    );
    let metrics = gateway.ask_admin("/metrics").expect(200);
    assert!(
        metrics
            .field("Content-Type")
            .is_some_and(|kind| kind.contains("version=")),
        "{metrics:#?}"
    );
    gateway.ask_admin("/nowhere").expect(404);
    let mut client = Client::connect(gateway.admin());
    client.send("POST /config HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    client.response_to("POST").expect(405);
    assert_eq!(
        gateway.get("/config").status,
        404,
        "and says nothing of it to callers"
    );
    assert_eq!(gateway.get("/metrics").status, 404);
}

#[test]
fn the_health_port_says_nothing_else() {
    let gateway = Gateway::start("health: 127.0.0.1:0\nroutes: [{ path: /, respond: { body: fixed } }]");
    let ask = |target: &str| {
        let request = format!("GET {target} HTTP/1.1\r\nHost: health\r\nConnection: close\r\n\r\n");
        Client::connect(gateway.health()).exchange(request).status
    };
    assert_eq!(
        (ask("/live"), ask("/ready"), ask("/metrics"), ask("/config")),
        (200, 200, 404, 404)
    );
}

#[test]
fn readiness_ends_when_a_drain_begins() {
    let gateway = Gateway::start("drain_idle_ms: 9000\nroutes: [{ path: /, respond: { body: fixed } }]");
    let mut client = gateway.client();
    client.get("/").expect(200);
    gateway.terminate();
    wait_for("/ready to be 503", || {
        (gateway.ask_admin("/ready").status == 503).then_some(())
    });
    gateway.ask_admin("/live").expect(200);
    drop(client);
    assert_eq!(gateway.wait(), Some(0));
}

/// This machine's own address towards others; no packet is sent.
fn outer_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_loopback()).then_some(own)
}

#[test]
fn the_configuration_is_told_to_loopback_or_for_a_token() {
    let Some(outer) = outer_address() else {
        e2e::case("this machine has no address but loopback, so nobody else could ask");
        return;
    };
    let route = "routes: [{ path: /, respond: { body: fixed } }]";
    let ask = |gateway: &Gateway, host: IpAddr, line: &str| {
        let request = format!("GET /config HTTP/1.1\r\nHost: localhost\r\n{line}Connection: close\r\n\r\n");
        Client::connect(SocketAddr::new(host, gateway.admin().port()))
            .exchange(request)
            .status
    };
    let loopback = IpAddr::from([127, 0, 0, 1]);
    let gateway = Gateway::start(&format!("admin: 0.0.0.0:0\n{route}"));
    assert_eq!(ask(&gateway, loopback, ""), 200);
    assert!(
        matches!(ask(&gateway, outer, ""), 401 | 403),
        "nobody else, where no token was set"
    );

    let setup = Setup::new();
    setup.scratch.write("token", "open-sesame-open-sesame\n");
    let gateway = setup.start(&format!(
        "admin: {{ address: 0.0.0.0:0, token_file: \"$DIR/token\" }}\n{route}"
    ));
    assert_eq!(ask(&gateway, loopback, ""), 200);
    for (line, expected) in [
        ("", 401),
        ("Authorization: Bearer wrong-sesame\r\n", 401),
        ("Authorization: Bearer open-sesame-open-sesam\r\n", 401),
        ("Authorization: Bearer open-sesame-open-sesame\r\n", 200),
    ] {
        assert_eq!(ask(&gateway, outer, line), expected, "{line:?}");
    }
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    Client::connect(SocketAddr::new(outer, gateway.admin().port()))
        .exchange(request)
        .expect(200);
}

#[test]
fn a_page_or_a_proxy_on_this_machine_does_not_see_the_configuration() {
    let gateway = Gateway::start("routes: [{ path: /, respond: { body: fixed } }]");
    for (lines, expected) in [
        ("Host: 127.0.0.1\r\n", 200),
        ("Host: localhost\r\n", 200),
        ("Host: page.example\r\n", 403),
        ("Host: localhost\r\nX-Forwarded-For: 192.0.2.7\r\n", 403),
        ("Host: localhost\r\nVia: 1.1 proxy\r\n", 403),
    ] {
        let request = format!("GET /config HTTP/1.1\r\n{lines}Connection: close\r\n\r\n");
        assert_eq!(
            Client::connect(gateway.admin()).exchange(request).status,
            expected,
            "{lines:?}"
        );
    }
}
