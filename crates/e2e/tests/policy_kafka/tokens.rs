//! Tokens of an authorisation server (RFC 6749 §4.4), fetched over TLS, before a broker that verifies them by the server's key set.

use super::follower::LIMIT;
use super::relay::{address_of, ready, relay, wait_for};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::kafka::{Broker, GATEWAY, Log};
use e2e::{
    Authority, Issuer, Process, Publisher, Request, Scratch, SigningKey, Upstream, json_answer,
    seconds_from_now, wait_within,
};
use feed::kafka::default_topic;
use serde_json::json;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// A secret that has to be encoded before it is sent.
const SECRET: &str = "tell:nobody&more";
/// Seconds that a token is said to live.
const LIFE_S: i64 = 5;

/// A token endpoint with one client.
struct Server {
    upstream: Upstream,
    /// The key that signs.
    key: Arc<Mutex<SigningKey>>,
    certificates: PathBuf,
    scratch: Scratch,
}

impl Server {
    fn start(key: SigningKey) -> Server {
        let (scratch, authority) = (Scratch::new(), Authority::new());
        let certificates = authority.pem_file(&scratch, "ca.pem");
        let key = Arc::new(Mutex::new(key));
        let current = Arc::clone(&key);
        let upstream = Upstream::start_tls(&authority.identity(&["localhost"]), move |mut peer| {
            while let Some(request) = peer.request() {
                let answer = match is_of_the_client(&request) {
                    true => json_answer(&token(&current.lock().expect("nobody panics with it"))),
                    false => "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_owned(),
                };
                peer.send(answer);
            }
        });
        Server {
            upstream,
            key,
            certificates,
            scratch,
        }
    }

    /// A relay that shows this secret.
    fn relay(&self, broker: &Broker, floor: &str, secret: &str) -> Process {
        let (ca, _) = broker.certificates();
        self.scratch.write("secret", secret);
        let kafka = self.scratch.write(
            "kafka.yaml",
            &format!(
                "brokers: [\"{}\"]\ntls: {{ ca: {} }}\nsasl: {{ mechanism: OAUTHBEARER, token_url: \"https://localhost:{}/token\", \
                 client_id: fleet 1, client_secret_file: secret, scope: kafka }}\n",
                broker.secure_address(),
                ca.display(),
                self.upstream.address().port()
            ),
        );
        let floor = self.scratch.write("policy.floor", floor);
        let mut command = relay(&self.scratch, &floor, &kafka);
        // What the system trusts.
        command.env("SSL_CERT_FILE", &self.certificates);
        Process::start(command)
    }
}

fn is_of_the_client(request: &Request) -> bool {
    let credential = STANDARD.encode("fleet%201:tell%3Anobody%26more");
    let is_authenticated = request.fields.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("authorization") && *value == format!("Basic {credential}")
    });
    is_authenticated && request.body == b"grant_type=client_credentials&scope=kafka"
}

fn token(key: &SigningKey) -> String {
    let claims = json!({
        "sub": GATEWAY, "aud": "kafka", "iat": seconds_from_now(-1), "exp": seconds_from_now(600),
    });
    json!({ "access_token": key.sign(&claims), "token_type": "Bearer", "expires_in": LIFE_S }).to_string()
}

/// Waits until the relay says this of the broker, and its secret nowhere.
fn check_refused(relay: &Process, part: &str) {
    let address = address_of(relay);
    wait_within(LIMIT, part, || {
        let error = ready(address)["policy"]["last_error"].to_string();
        error.contains(part).then_some(())
    });
    let log = relay.stderr().so_far().join("\n");
    assert!(!log.contains("nobody"), "{log}");
}

#[test]
fn tokens_are_fetched_verified_by_the_broker_and_renewed_before_they_end() {
    let key = SigningKey::new("as-1");
    let issuer = Issuer::start(&[&key]);
    let server = Server::start(key);
    let broker = Broker::start_believing(&issuer.jwks_uri());
    let topic = default_topic("prod");
    broker.create_topic(&topic, &[("cleanup.policy", "compact")]);
    broker.allow(GATEWAY, &["Read", "Describe"], &topic);
    let mut publisher = Publisher::new("prod");
    let floor = publisher.floor();
    publisher.publish(&[("client/c1", Some(json!({})))]);
    let log = Log::of(&broker, &topic, "portal");
    log.write(&publisher.log());

    let relay = server.relay(&broker, &floor, SECRET);
    let address = address_of(&relay);
    wait_for(address, &publisher);
    let asked = server.upstream.requests().len();
    assert!(asked > 0);
    server.upstream.wait_for_requests(asked + 1);
    publisher.publish(&[("client/c1", Some(json!({ "team": "t" })))]);
    log.write(&publisher.transaction());
    wait_for(address, &publisher);

    check_refused(&server.relay(&broker, &floor, "tell:nobody"), "status 401");
    // A key that nobody published, under the name of one that is.
    *server.key.lock().expect("nobody panics with it") = SigningKey::new("as-1");
    check_refused(&server.relay(&broker, &floor, SECRET), "the broker refuses");
}
