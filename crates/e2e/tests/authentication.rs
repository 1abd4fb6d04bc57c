//! Who gets through, as whom, and what the service sees of the credential: `auth` as it is written in one file, and
//! policies that a person wrote.

use e2e::{Gateway, Issuer, Setup, SigningKey, Upstream, case, key_set, seconds_from_now};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const ISSUER: &str = "https://issuer.example";

/// The claims of a token that passes.
fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "api.example.com", "sub": "u1", "exp": seconds_from_now(300),
        "azp": "mobile", "scope": "orders.read",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

/// `auth` with this issuer's key set, and one route to this upstream.
fn auth(issuer: &Issuer, upstream: &Upstream, more: &str) -> String {
    format!(
        "auth: {{ type: jwt, jwks_uri: \"{}\", issuer: \"{ISSUER}\", audiences: [api.example.com], \
         exclude_paths: [/open/**] {more} }}\nroutes: [{{ path: /**, upstream: \"{}\" }}]",
        issuer.jwks_uri(),
        upstream.url()
    )
}

/// An API key and the digest that a policy has of it.
fn api_key(id: &str) -> (String, String) {
    let key = format!("sb_{id}_{}", "A".repeat(43));
    let digest = Sha256::digest(&key)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    (key, digest)
}

/// A policy with one API, two operations, and two clients with a key each; the second has no grant.
fn policy(key: &SigningKey, more: &str) -> String {
    let keys = serde_json::from_str::<Value>(&key_set(&[key])).expect("a key set is JSON");
    format!(
        "issuers: [{{ id: corp, issuer: \"{ISSUER}\", audiences: [api.example.com], keys: {} }}]
apis:
  - id: orders
    team: commerce
    base_path: /api
    public: [GET /api/health]
    operations:
      - {{ match: GET /api/orders/**, scopes: [orders.read] }}
      - {{ match: POST /api/orders/**, scopes: [orders.write] }}
clients:
  - id: mobile-app
    team: mobile
    credentials:
      - {{ type: api_key, id: k1, sha256: {} }}
      - {{ type: jwt, id: c1, issuer: corp, client: mobile }}
    grants: [{{ api: orders, scopes: [orders.read] }}]
  - id: stranger
    team: mobile
    credentials: [{{ type: api_key, id: k2, sha256: {} }}]
{more}",
        keys["keys"],
        api_key("k1").1,
        api_key("k2").1
    )
}

/// A gateway under this policy, with these settings, before this upstream.
fn under(policy: &str, settings: &str, upstream: &Upstream) -> Gateway {
    let setup = Setup::new();
    setup.scratch.write("policy.yaml", policy);
    setup.start(&format!(
        "policy: {{ file: policy.yaml }}\n{settings}\nroutes: [{{ path: /**, upstream: \"{}\" }}]",
        upstream.url()
    ))
}

#[test]
fn a_good_token_passes_and_the_service_sees_who_it_is_and_not_the_token() {
    let (key, upstream) = (SigningKey::new("a"), Upstream::ok());
    let issuer = Issuer::start(&[&key]);
    let gateway = Gateway::start(&auth(&issuer, &upstream, ""));
    let token = key.sign(&with("role", json!(["admin", "ops"])));
    let forged = [
        &format!("Authorization: Bearer {token}"),
        "X-User-Id: root",
        "x_client_id: root",
        "X-Tenant-Id: root",
        "X-Cell-Id: root",
    ];
    gateway.client().get_with("/api/orders", &forged).expect(200);
    let [request] = &upstream.wait_for_requests(1)[..] else {
        panic!("one request");
    };
    assert_eq!(request.field("X-User-Id"), Some("u1"));
    assert_eq!(request.field("X-User-Role"), Some("admin,ops"));
    assert_eq!(request.field("X-Client-Id"), Some("mobile"));
    for absent in ["Authorization", "X-Tenant-Id", "X-Cell-Id", "x_client_id"] {
        assert_eq!(request.field(absent), None, "{absent}");
    }
    assert!(
        !upstream.received_text().contains(&token),
        "not a byte of the token arrives"
    );
}

#[test]
fn forward_token_leaves_the_token_where_it_is() {
    let (key, upstream) = (SigningKey::new("a"), Upstream::ok());
    let issuer = Issuer::start(&[&key]);
    let gateway = Gateway::start(&auth(&issuer, &upstream, ", forward_token: true"));
    let token = key.sign(&claims());
    gateway.client().get_as(&token, "/").expect(200);
    let requests = upstream.wait_for_requests(1);
    assert_eq!(
        requests[0].field("Authorization"),
        Some(&*format!("Bearer {token}"))
    );
}

#[test]
fn each_fault_of_a_token_has_its_code_and_its_challenge() {
    let (key, other, upstream) = (SigningKey::new("a"), SigningKey::new("a"), Upstream::ok());
    let issuer = Issuer::start(&[&key]);
    let gateway = Gateway::start(&auth(&issuer, &upstream, ""));
    let good = key.sign(&claims());
    let (front, signature) = good.rsplit_once('.').expect("three parts");
    let cases = [
        (
            key.sign(&with("exp", json!(seconds_from_now(-40)))),
            "token_expired",
        ),
        (
            key.sign(&with("nbf", json!(seconds_from_now(90)))),
            "token_not_yet_valid",
        ),
        (
            key.sign(&with("aud", json!("other.example.com"))),
            "audience_mismatch",
        ),
        (
            key.sign(&with("iss", json!("https://issuer.example/"))),
            "issuer_unknown",
        ),
        (other.sign(&claims()), "signature_invalid"),
        (format!("{front}."), "signature_invalid"),
        (format!("{front}.{signature}="), "token_malformed"),
        ("no-token".to_owned(), "token_malformed"),
    ];
    let mut client = gateway.client();
    for (token, code) in cases {
        case(code);
        let response = client.get_as(&token, "/api").expect_error(401, code);
        assert_eq!(
            response.field("WWW-Authenticate"),
            Some("Bearer realm=\"auth\", error=\"invalid_token\"")
        );
        let record = gateway.record_of(&response);
        assert_eq!((&record["error"], &record["api"]), (&json!(code), &json!("auth")));
        assert!(!record.to_string().contains(&token), "no token in the log");
    }
    let missing = client.get("/api").expect_error(401, "credential_missing");
    assert_eq!(missing.field("WWW-Authenticate"), Some("Bearer realm=\"auth\""));
    let basic = client.get_with("/api", &["Authorization: Basic dTpw"]);
    basic.expect_error(401, "credential_unsupported");
    let twice = format!("Authorization: Bearer {good}");
    client
        .get_with("/api", &[&twice, &twice])
        .expect_error(401, "credentials_disagree");
    client.get_as(&good, "/api").expect(200);
    assert_eq!(upstream.requests().len(), 1, "nothing that was refused arrived");
}

#[test]
fn an_excluded_path_is_open_and_nothing_is_looked_at_on_it() {
    let (key, upstream) = (SigningKey::new("a"), Upstream::ok());
    let issuer = Issuer::start(&[&key]);
    let gateway = Gateway::start(&auth(&issuer, &upstream, ""));
    let mut client = gateway.client();
    client.get("/open").expect(200);
    client
        .get_with(
            "/open/door",
            &["Authorization: Bearer nonsense", "X-User-Id: root"],
        )
        .expect(200);
    for near in ["/opened", "/Open/door", "/api/open"] {
        client.get(near).expect_error(401, "credential_missing");
    }
    let requests = upstream.wait_for_requests(2);
    assert_eq!(requests[1].field("Authorization"), Some("Bearer nonsense"));
    assert_eq!(requests[1].field("X-User-Id"), None);
}

#[test]
fn what_the_gateway_answers_itself_is_behind_the_policy_too_and_routing_comes_first() {
    let (key, upstream) = (SigningKey::new("a"), Upstream::ok());
    let issuer = Issuer::start(&[&key]);
    let file = auth(&issuer, &upstream, "");
    let (front, _) = file.split_once("routes:").expect("there are routes");
    let gateway = Gateway::start(&format!(
        "{front}routes: [{{ path: /fixed, respond: {{ body: secret }}, methods: [GET] }}, {{ path: /away, redirect: {{ to: /secret }} }}]"
    ));
    let mut client = gateway.client();
    let refused = client.get("/fixed").expect_error(401, "credential_missing");
    assert!(!refused.text().contains("secret"));
    client.get("/away").expect_error(401, "credential_missing");
    client.get("/nowhere").expect_error(404, "route_not_found");
    client.send("DELETE /fixed HTTP/1.1\r\nHost: test.example\r\n\r\n");
    client
        .response_to("DELETE")
        .expect_error(405, "method_not_allowed");
    let token = key.sign(&claims());
    assert_eq!(client.get_as(&token, "/fixed").expect(200).text(), "secret");
    client.get_as(&token, "/away").expect(302);
    client.send("HEAD /fixed HTTP/1.1\r\nHost: test.example\r\n\r\n");
    let head = client.response_to("HEAD").expect(401);
    assert!(head.field("WWW-Authenticate").is_some() && head.body.is_empty());
}

#[test]
fn a_key_names_its_client_and_ends_at_the_gateway_in_every_spelling() {
    let (key, upstream) = (SigningKey::new("a"), Upstream::ok());
    let gateway = under(&policy(&key, ""), "cell: eu-1", &upstream);
    let secret = api_key("k1").0;
    let request = format!(
        "GET /api/orders/7 HTTP/1.1\r\nHost: test.example\r\nx-api-KEY: {secret}\r\nX_Api_Key: {secret}\r\n\
         Transfer-Encoding: chunked\r\nTrailer: X-Api-Key, X-Checksum\r\n\r\n\
         1\r\nx\r\n0\r\nX-Api-Key: {secret}\r\nX-Checksum: 1\r\n\r\n"
    );
    let response = gateway.client().exchange(request).expect(200);
    let requests = upstream.wait_for_requests(1);
    assert_eq!(requests[0].field("X-Client-Id"), Some("mobile-app"));
    assert_eq!(requests[0].field("X-Cell-Id"), Some("eu-1"));
    assert_eq!(requests[0].field("X-User-Id"), None);
    assert_eq!(requests[0].trailers, [("X-Checksum".to_owned(), "1".to_owned())]);
    assert!(
        !upstream.received_text().contains(&secret),
        "{}",
        upstream.received_text()
    );
    let record = gateway.record_of(&response);
    assert_eq!(
        (&record["client_id"], &record["api"]),
        (&json!("mobile-app"), &json!("orders"))
    );
    assert!(!record.to_string().contains(&secret));
}

#[test]
fn what_a_client_may_not_do_is_403_and_says_which_scope_is_missing() {
    let (key, upstream) = (SigningKey::new("a"), Upstream::ok());
    let gateway = under(&policy(&key, ""), "", &upstream);
    let mut client = gateway.client();
    let with_key = |id: &str| format!("X-Api-Key: {}", api_key(id).0);
    let post = format!(
        "POST /api/orders/7 HTTP/1.1\r\nHost: test.example\r\n{}\r\nContent-Length: 0\r\n\r\n",
        with_key("k1")
    );
    let refused = client.exchange(post).expect_error(403, "scope_missing");
    assert_eq!(
        refused.field("WWW-Authenticate"),
        Some("Bearer error=\"insufficient_scope\", scope=\"orders.write\"")
    );
    let grant = client.get_with("/api/orders/7", &[&with_key("k2")]);
    grant.expect_error(403, "grant_missing");
    let operation = client.get_with("/api/elsewhere", &[&with_key("k1")]);
    operation.expect_error(403, "operation_unknown");
    let unknown = client.get_with("/api/orders/7", &[&with_key("k9")]);
    let unknown = unknown.expect_error(401, "api_key_unknown");
    assert_eq!(
        unknown.all("WWW-Authenticate"),
        ["Bearer realm=\"orders\"", "ApiKey realm=\"orders\""]
    );
    client.get("/outside").expect_error(401, "credential_missing");
    client.get("/api/health").expect(200);
    let scope = with("scope", json!("orders.list"));
    client
        .get_as(&key.sign(&scope), "/api/orders/7")
        .expect_error(403, "scope_missing");
    client.get_as(&key.sign(&claims()), "/api/orders/7").expect(200);
}

#[test]
fn the_cell_of_a_process_comes_from_its_environment() {
    let (key, upstream) = (SigningKey::new("a"), Upstream::ok());
    let mut setup = Setup::new();
    setup.environment = vec![("SWITCHBOARD_CELL".to_owned(), "eu-2".to_owned())];
    let tenants = "tenants: [{ id: acme, cell: eu-2 }, { id: initech, cell: eu-1 }]\ncells: [{ id: eu-1 }, { id: eu-2 }]";
    setup.scratch.write("policy.yaml", &policy(&key, tenants));
    let gateway = setup.start(&format!(
        "policy: {{ file: policy.yaml }}\nroutes: [{{ path: /**, upstream: \"{}\" }}]",
        upstream.url()
    ));
    let mut client = gateway.client();
    let of = |tenant: &str| key.sign(&with("tenant_id", json!(tenant)));
    client.get_as(&of("acme"), "/api/orders/1").expect(200);
    client
        .get_as(&of("initech"), "/api/orders/1")
        .expect_error(403, "cell_mismatch");
    let requests = upstream.wait_for_requests(1);
    assert_eq!(requests[0].field("X-Cell-Id"), Some("eu-2"));
    assert_eq!(requests[0].field("X-Tenant-Id"), Some("acme"));
}

#[test]
fn a_signature_is_computed_once_for_a_token_and_a_forged_one_is_never_remembered() {
    let (key, other, upstream) = (SigningKey::new("a"), SigningKey::new("a"), Upstream::ok());
    let gateway = under(&policy(&key, ""), "workers: 1", &upstream);
    let mut client = gateway.client();
    let (good, forged) = (key.sign(&claims()), other.sign(&claims()));
    for _ in 0..5 {
        client.get_as(&good, "/api/orders/1").expect(200);
        client
            .get_as(&forged, "/api/orders/1")
            .expect_error(401, "signature_invalid");
    }
    let metrics = gateway.metrics();
    let signatures = |result: &str| metrics.sum("switchboard_token_signatures_total", &[("result", result)]);
    assert_eq!((signatures("recalled"), signatures("verified")), (4.0, 6.0));
    gateway.wait_for_metrics("five refusals", |metrics| {
        (metrics.sum("switchboard_rejects_total", &[("code", "signature_invalid")]) == 5.0).then_some(())
    });
}
