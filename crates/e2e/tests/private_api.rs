//! Private APIs behind a VPC endpoint: the endpoint is dialled, the API's own name is asked for and has to answer, and no
//! caller can mean another API, method or stage than was routed.

use e2e::{Authority, Gateway, Identity, Request, Setup, Upstream, case, run, switchboard};

const REGION: &str = "eu-central-1";
const NAME: &str = "abc123.execute-api.eu-central-1.amazonaws.com";
const OTHER_NAME: &str = "xyz789.execute-api.eu-central-1.amazonaws.com";
/// As AWS has it.
const ANY_NAME: &str = "*.execute-api.eu-central-1.amazonaws.com";

/// An endpoint that shows this certificate and answers with the name that it was asked for, and its connection's number.
fn endpoint(identity: &Identity) -> Upstream {
    Upstream::start_tls(identity, |mut peer| {
        while peer.request().is_some() {
            let name = peer.server_name.as_deref().unwrap_or("none");
            let body = format!("{name} {}", peer.number);
            let length = body.len();
            peer.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
            ));
        }
    })
}

/// An endpoint whose every answer has these field lines.
fn answering(authority: &Authority, lines: &'static str) -> Upstream {
    Upstream::start_tls(&authority.identity(&[ANY_NAME]), move |mut peer| {
        while peer.request().is_some() {
            peer.send(format!(
                "HTTP/1.1 401 Unauthorized\r\n{lines}Content-Length: 0\r\n\r\n"
            ));
        }
    })
}

/// An upstream of a route: this API behind this endpoint, trusted by the file `ca.pem`.
fn target(api_id: &str, endpoint: &Upstream) -> String {
    let port = endpoint.address().port();
    format!(
        "{{ private_api: {{ region: {REGION}, api_id: {api_id}, stage: prod, vpc_endpoint: \"localhost:{port}\" }}, ca: \"$DIR/ca.pem\" }}"
    )
}

/// A gateway of one worker, hence of one pool, that trusts this authority.
fn gateway(authority: &Authority, routes: &str) -> Gateway {
    let setup = Setup::new();
    authority.pem_file(&setup.scratch, "ca.pem");
    setup.start(&format!("workers: 1\ntimeouts: {{ connect_ms: 5000 }}\n{routes}"))
}

fn before(endpoint: &Upstream, authority: &Authority) -> Gateway {
    let routes = format!(
        "routes: [{{ path: /**, upstream: {} }}]",
        target("abc123", endpoint)
    );
    gateway(authority, &routes)
}

/// What reached the endpoint of this request, which is answered 200.
fn sent(gateway: &Gateway, endpoint: &Upstream, request: &str) -> Request {
    let count = endpoint.requests().len();
    let response = gateway.client().exchange(request).expect(200);
    assert!(response.text().starts_with(NAME), "SNI: {}", response.text());
    endpoint.wait_for_requests(count + 1).remove(count)
}

#[test]
fn the_endpoint_is_dialled_and_the_api_asked_for_by_its_own_name() {
    let authority = Authority::new();
    let endpoint = endpoint(&authority.identity(&[ANY_NAME]));
    let route = format!(
        "routes: [{{ path: /api/**, strip_prefix: /api, add_prefix: /v1, upstream: {} }}]",
        target("abc123", &endpoint)
    );
    let gateway = gateway(&authority, &route);
    sent(
        &gateway,
        &endpoint,
        "GET /api/orders/7?b=%7e&a=1;c=+&b= HTTP/1.1\r\nHost: shop.example\r\nX-Own: 1\r\n\r\n",
    );
    let bytes = endpoint.received_text();
    let head = format!("GET /prod/v1/orders/7?b=%7e&a=1;c=+&b= HTTP/1.1\r\nHost: {NAME}\r\nX-Own: 1\r\n");
    assert!(bytes.starts_with(&head), "{bytes}");
    assert!(
        bytes.contains("\r\nX-Forwarded-Host: shop.example\r\n"),
        "{bytes}"
    );
}

#[test]
fn no_caller_means_another_api_method_or_stage() {
    let authority = Authority::new();
    let endpoint = endpoint(&authority.identity(&[ANY_NAME]));
    let gateway = before(&endpoint, &authority);
    for host in [OTHER_NAME, "localhost", NAME] {
        case(host);
        let request = sent(
            &gateway,
            &endpoint,
            &format!("GET /orders HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        );
        assert_eq!(
            (&*request.target, request.field("Host")),
            ("/prod/orders", Some(NAME))
        );
        let absolute = format!("GET https://{host}/test/../x HTTP/1.1\r\nHost: {host}\r\n\r\n");
        gateway
            .client()
            .exchange(absolute)
            .expect_error(400, "path_not_canonical");
    }
    let names = [
        "x-apigw-api-id",
        "X-Amzn-Apigateway-Api-Id",
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Method-Override",
    ];
    let spellings: [fn(&str) -> String; 4] = [
        str::to_owned,
        str::to_uppercase,
        |name| name.replace('-', "_"),
        |name| name.replacen('-', "_", 1),
    ];
    let lines = spellings
        .map(|spell| names.map(|name| format!("{}: xyz789\r\n", spell(name))).concat())
        .concat();
    // As trailers too, which are declared and would otherwise pass.
    let request = format!(
        "POST /orders HTTP/1.1\r\nHost: a\r\n{lines}Trailer: X-Sum, {}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n{lines}X-Sum: 1\r\n\r\n",
        names.join(", ")
    );
    let count = endpoint.requests().len();
    let mut client = gateway.client();
    client.send(request);
    client.response_to("POST").expect(200);
    let request = endpoint.wait_for_requests(count + 1).remove(count);
    assert_eq!(request.method, "POST");
    let all = [&request.fields[..], &request.trailers[..]].concat();
    assert!(all.iter().all(|(_, value)| value != "xyz789"), "{request:#?}");
    assert_eq!(request.trailers, [("X-Sum".to_owned(), "1".to_owned())]);
}

#[test]
fn a_certificate_has_to_be_for_the_apis_name() {
    let authority = Authority::new();
    for (names, is_its_own) in [
        (&[NAME][..], true),
        (&[ANY_NAME], true),
        (&[OTHER_NAME], false),
        // The endpoint's own name proves nothing of the API behind it.
        (&["localhost", "127.0.0.1"], false),
        (&["*.amazonaws.com"], false),
        (&["*.execute-api.eu-west-1.amazonaws.com"], false),
    ] {
        case(format!("{names:?}"));
        let endpoint = endpoint(&authority.identity(names));
        let gateway = before(&endpoint, &authority);
        let response = gateway.get("/case");
        if is_its_own {
            response.expect(200);
            continue;
        }
        let response = response.expect_error(502, "upstream_certificate");
        assert_eq!(
            gateway.record_of(&response)["upstream"],
            endpoint.address().to_string()
        );
        assert_eq!(endpoint.received_text(), "", "not a byte of the request was sent");
    }
    let endpoint = endpoint(&Authority::new().identity(&[NAME]));
    before(&endpoint, &authority)
        .get("/case")
        .expect_error(502, "upstream_certificate");
}

#[test]
fn two_apis_behind_one_endpoint_never_share_a_connection() {
    let authority = Authority::new();
    let endpoint = endpoint(&authority.identity(&[ANY_NAME]));
    let gateway = gateway(
        &authority,
        &format!(
            "routes: [{{ path: /a/**, upstream: {} }}, {{ path: /b/**, upstream: {} }}, {{ path: /a/test/**, upstream: {} }}]",
            target("abc123", &endpoint),
            target("xyz789", &endpoint),
            target("abc123", &endpoint).replace("prod", "test")
        ),
    );
    for _ in 0..3 {
        assert_eq!(gateway.get("/a/1").expect(200).text(), format!("{NAME} 0"));
        assert_eq!(gateway.get("/b/1").expect(200).text(), format!("{OTHER_NAME} 1"));
        assert_eq!(
            gateway.get("/a/test/1").expect(200).text(),
            format!("{NAME} 0"),
            "another stage, not another API"
        );
    }
    assert_eq!(endpoint.connections(), 2);
    let on = |connection: &Vec<u8>, name: &str| {
        String::from_utf8_lossy(connection)
            .matches(&format!("\r\nHost: {name}\r\n"))
            .count()
    };
    let received = endpoint.received();
    assert_eq!([on(&received[0], NAME), on(&received[0], OTHER_NAME)], [6, 0]);
    assert_eq!([on(&received[1], NAME), on(&received[1], OTHER_NAME)], [0, 3]);
}

#[test]
fn what_api_gateway_would_refuse_for_its_size_is_refused_before_it() {
    let authority = Authority::new();
    let endpoint = endpoint(&authority.identity(&[NAME]));
    let gateway = before(&endpoint, &authority);
    let target = |length: usize| format!("/{}?q", "a".repeat(length - "/prod/?q".len()));
    let of_target = |length| gateway.get(&target(length));
    of_target(8_192).expect(200);
    of_target(8_193).expect_error(414, "target_too_long");

    let with = |length: usize| {
        format!(
            "GET /a HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n",
            "b".repeat(length)
        )
    };
    // Whatever the gateway adds counts too, so it is measured first.
    let count = endpoint.requests().len();
    gateway.client().exchange(with(1)).expect(200);
    let request = endpoint.wait_for_requests(count + 1).remove(count);
    let fields: usize = request
        .fields
        .iter()
        .map(|(name, value)| name.len() + value.len() + ": \r\n".len())
        .sum();
    // Ids have one length, ports of the test's client do not show.
    gateway.client().exchange(with(8_000 - fields + 1)).expect(200);
    gateway
        .client()
        .exchange(with(8_000 - fields + 2))
        .expect_error(431, "head_too_large");

    let declared = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10000001\r\n\r\n";
    gateway
        .client()
        .exchange(declared)
        .expect_error(413, "body_too_large");
    let before = endpoint.requests().len();
    assert_eq!(before, 3, "nothing that was refused was sent");
}

#[test]
fn a_renamed_challenge_gets_its_name_back_and_nothing_else_does() {
    let authority = Authority::new();
    let renamed = "x-amzn-Remapped-WWW-Authenticate: Bearer realm=\"a\"\r\nX-AMZN-REMAPPED-www-authenticate: Basic\r\n\
                   x-amzn-Remapped-Date: then\r\nx-amzn-Remapped-Server: nginx\r\n";
    let endpoint = answering(&authority, renamed);
    let response = before(&endpoint, &authority).get("/case").expect(401);
    assert_eq!(response.all("WWW-Authenticate"), ["Bearer realm=\"a\"", "Basic"]);
    assert_eq!(response.all("x-amzn-Remapped-WWW-Authenticate"), [""; 0]);
    assert_eq!(response.field("x-amzn-Remapped-Date"), Some("then"));
    assert_eq!(response.field("x-amzn-Remapped-Server"), Some("nginx"));
    assert_eq!(response.all("Server"), [""; 0]);

    case("one of its own stays, and the other one as it came");
    let both = "WWW-Authenticate: Bearer\r\nx-amzn-Remapped-WWW-Authenticate: Basic\r\n";
    let endpoint = answering(&authority, both);
    let response = before(&endpoint, &authority).get("/case").expect(401);
    assert_eq!(response.field("WWW-Authenticate"), Some("Bearer"));
    assert_eq!(response.field("x-amzn-Remapped-WWW-Authenticate"), Some("Basic"));

    case("what the route sets stands in its place");
    let endpoint = answering(&authority, "x-amzn-Remapped-WWW-Authenticate: Basic\r\n");
    let set = "headers: { response: { WWW-Authenticate: Own } }";
    let routes = format!(
        "routes: [{{ path: /**, {set}, upstream: {} }}]",
        target("abc123", &endpoint)
    );
    let response = gateway(&authority, &routes).get("/case").expect(401);
    assert_eq!(response.field("WWW-Authenticate"), Some("Own"));

    case("another kind of upstream renames nothing");
    let plain = Upstream::answering(
        |_| "HTTP/1.1 401 Unauthorized\r\nx-amzn-Remapped-WWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
    );
    let response = Gateway::before(&plain.url()).get("/case").expect(401);
    assert_eq!(response.all("WWW-Authenticate"), [""; 0]);
    assert_eq!(response.field("x-amzn-Remapped-WWW-Authenticate"), Some("Basic"));
}

#[test]
fn explain_and_the_admin_port_show_endpoint_name_and_path() {
    let setup = Setup::new();
    let yaml = format!(
        "routes: [{{ path: /api/**, strip_prefix: /api, upstream: {{ private_api: {{ region: {REGION}, api_id: abc123, stage: prod, vpc_endpoint: vpce.example }} }} }}]\n"
    );
    let file = setup.scratch.write("explained.yaml", &yaml).display().to_string();
    let explain = |more: &[&str]| {
        let finished = run(switchboard(
            &[&["explain", "GET", "/api/orders?a=1", "--config", &file], more].concat(),
        ));
        assert_eq!(finished.code, Some(0), "{finished:#?}");
        finished.stdout
    };
    let text = explain(&[]);
    for line in [
        format!("forwarded to https://{NAME} by"),
        "through the VPC endpoint vpce.example:443".to_owned(),
        format!("SNI and Host  {NAME}"),
        "GET /prod/orders?a=1 HTTP/1.1".to_owned(),
        format!("Host: {NAME}"),
    ] {
        assert!(text.contains(&line), "{line} in\n{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&explain(&["--format", "json"])).expect("it is JSON");
    let through = serde_json::json!({ "vpc_endpoint": "vpce.example:443", "server_name": NAME });
    assert_eq!(json["decision"]["through"], through);

    let gateway = setup.start(&yaml);
    let api = serde_json::json!({ "region": REGION, "api_id": "abc123", "stage": "prod", "vpc_endpoint": "vpce.example" });
    let route = &gateway.config()["configuration"]["routes"][0];
    assert_eq!(route["upstream"], serde_json::json!({ "private_api": api }));
}
