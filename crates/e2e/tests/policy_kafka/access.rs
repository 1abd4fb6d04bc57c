//! Who one is within TLS: each way to say it works with the right to read the topic alone, and what is wrong is told as what it is.

use super::Follower;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::Publisher;
use e2e::kafka::{Broker, GATEWAY, Log, PASSWORD};
use feed::kafka::{Identity, KafkaError, Sasl, ScramHash, Secret, Settings, Tls, Token, default_topic};
use serde_json::json;
use std::path::Path;

fn within(broker: &Broker, ca: &Path, identity: Option<Identity>, sasl: Sasl) -> Settings {
    let tls = Tls {
        ca: Some(ca.to_owned()),
        identity,
    };
    Settings::new(vec![broker.secure_address().into()], None, Some(tls), Some(sasl)).expect("these can be")
}

fn scram(hash: ScramHash, password: &str) -> Sasl {
    Sasl::Scram {
        hash,
        user: GATEWAY.into(),
        password: Secret::new(password),
    }
}

#[test]
fn a_reader_says_who_it_is_within_tls_and_needs_the_right_to_read_alone() {
    let broker = Broker::start();
    let topic = default_topic("prod");
    broker.create_topic(&topic, &[("cleanup.policy", "compact")]);
    let mut publisher = Publisher::new("prod");
    publisher.publish(&[("client/c1", Some(json!({})))]);
    Log::of(&broker, &topic, "portal").write(&publisher.log());
    let (ca, client) = broker.certificates();

    // Nobody may do anything that is not allowed.
    let sasl = || scram(ScramHash::Sha512, PASSWORD);
    let mut refused = Follower::new(&within(&broker, &ca, None, sasl()), "prod", &publisher);
    refused.until("word that it is not let in", |refused| {
        matches!(
            refused.error,
            Some(KafkaError::NoTopic(_) | KafkaError::Denied(_))
        )
    });
    broker.allow(GATEWAY, &["Read", "Describe"], &topic);
    refused.until_live(&publisher);

    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let claims = json!({ "sub": GATEWAY, "iat": now, "exp": now + 600 }).to_string();
    let token = broker.write(
        "token",
        &format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
            URL_SAFE_NO_PAD.encode(claims)
        ),
    );
    let plain = Sasl::Plain {
        user: GATEWAY.into(),
        password: Secret::new(PASSWORD),
    };
    let identity = Identity {
        certificate: client.clone(),
        key: client,
        key_password: None,
    };
    for (identity, sasl) in [
        (None, scram(ScramHash::Sha256, PASSWORD)),
        (Some(identity), sasl()),
        (None, plain),
        (None, Sasl::OAuthBearer(Token::File(token))),
    ] {
        let mut follower = Follower::new(&within(&broker, &ca, identity, sasl), "prod", &publisher);
        follower.until_live(&publisher);
        assert_eq!((follower.mismatches, follower.losses), (0, 0));
    }

    let check = |settings: Settings, part: &str| check_refused(&settings, &publisher, part);
    check(
        within(&broker, &ca, None, scram(ScramHash::Sha512, "wrong-word")),
        "the broker refuses",
    );
    let missing = Sasl::OAuthBearer(Token::File("/nowhere/token".into()));
    check(within(&broker, &ca, None, missing), "file of the token");
    let other = broker.write("other.pem", &e2e::Authority::new().pem());
    check(within(&broker, &other, None, sasl()), "certificate");
    check(
        within(&broker, Path::new("/nowhere/ca.pem"), None, sasl()),
        "settings cannot be used",
    );
}

/// What is wrong is told by this part of a sentence, and the password is not told.
fn check_refused(settings: &Settings, publisher: &Publisher, part: &str) {
    let mut follower = Follower::new(settings, "prod", publisher);
    follower.until("word of what is wrong", |follower| {
        let error = follower.error.as_ref().map(ToString::to_string);
        error.is_some_and(|error| error.contains(part))
    });
    let error = format!("{:?}", follower.error);
    assert!(!error.contains("wrong-word"), "{error}");
}
