//! A real portal that publishes to a real Kafka, and a real gateway that follows the topic: what is changed is refused, whoever is killed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use e2e::kafka::{Broker, Log};
use e2e::{Gateway, Portal, PortalSetup, Setup, wait_within};
use feed::kafka::default_topic;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// Kafka fences, reads and is read; a broker that comes back takes its time.
const LIMIT: Duration = Duration::from_secs(90);

fn api_key() -> String {
    format!("sb_k1_{}", "A".repeat(43))
}

fn client(scopes: &[&str]) -> Value {
    let digest = Sha256::digest(api_key());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "team": "t",
        "credentials": [{ "type": "api_key", "id": "k1", "sha256": digest }],
        "grants": [{ "api": "orders", "scopes": scopes }],
    })
}

struct Scene {
    broker: Broker,
    portal: Portal,
    gateway: Gateway,
}

impl Scene {
    /// All three, and a client that may.
    fn new() -> Scene {
        let broker = Broker::start();
        broker.create_topic(&default_topic("prod"), &[("cleanup.policy", "compact")]);
        let yaml = format!("kafka: {{ brokers: [\"{}\"] }}\n", broker.address());
        let portal = PortalSetup::new().with_config(&yaml).start();
        let api = json!({
            "team": "t", "base_path": "/orders", "credentials": ["api_key"],
            "operations": [{ "match": "GET /orders/**", "scopes": ["orders.read"] }],
        });
        portal.put("apis", "orders", &api);
        let gateway = follow(&portal, &broker);
        let scene = Scene {
            broker,
            portal,
            gateway,
        };
        scene.change(&["orders.read"]);
        scene
    }

    /// Gives the client these scopes, and waits until the gateway decides so.
    fn change(&self, scopes: &[&str]) {
        let made = self.portal.put("clients", "app", &client(scopes));
        self.wait_for_revision(&made["revision"]);
        let expected = if scopes.is_empty() { 403 } else { 200 };
        assert_eq!(self.status(), expected);
    }

    fn wait_for_revision(&self, revision: &Value) {
        wait_within(LIMIT, &format!("revision {revision} to be in force"), || {
            (self.gateway.policy()["revision"] == *revision).then_some(())
        });
    }

    fn status(&self) -> u16 {
        let line = format!("X-Api-Key: {}", api_key());
        self.gateway.client().get_with("/orders/1", &[&line]).status
    }

    /// What `/ready` of the portal says of Kafka; empty where all is well.
    fn trouble(&self) -> String {
        let ready: Value = serde_json::from_str(&self.portal.get("/ready").text()).unwrap();
        let troubles = ready["troubles"].as_array().cloned().unwrap_or_default();
        let of_kafka = troubles.iter().filter(|one| one["feed"] == "prod in Kafka");
        of_kafka
            .map(|one| one["why"].as_str().unwrap_or_default())
            .collect()
    }

    /// While the portal is down.
    fn while_down(&mut self, work: impl FnOnce(&Portal)) {
        assert_eq!(self.portal.terminate(), Some(0));
        work(&self.portal);
        self.portal.restart();
    }

    fn wait_for_trouble(&self, part: &str) {
        wait_within(LIMIT, &format!("the trouble {part:?}"), || {
            let trouble = self.trouble();
            match part {
                "" => trouble.is_empty().then_some(()),
                part => trouble.contains(part).then_some(()),
            }
        });
    }
}

fn follow(portal: &Portal, broker: &Broker) -> Gateway {
    portal.wait_published("prod", 2);
    let floor = portal.get("/v1/feeds/prod/floor").expect(200).text();
    let setup = Setup::new();
    setup.scratch.write("policy.floor", &floor);
    setup.start(&format!(
        "policy: {{ floor: policy.floor, feed: {{ kafka: {{ brokers: [\"{}\"] }} }} }}\n\
         environment: prod\nstate_dir: state\nroutes: [{{ path: /**, respond: {{ body: fixed }} }}]",
        broker.address()
    ))
}

#[test]
fn what_is_changed_in_the_portal_is_refused_over_kafka_whoever_is_killed() {
    let mut scene = Scene::new();
    scene.change(&[]);

    // The portal dies, and the one that comes fences it, reads the topic and goes on behind what stands there.
    scene.portal.kill();
    assert_eq!(scene.status(), 403);
    scene.portal.restart();
    scene.change(&["orders.read"]);

    // The broker dies. Changes are taken and told by the portal's own stream; the gateway hears of them when the broker is back.
    scene.broker.kill();
    let made = scene.portal.put("clients", "app", &client(&[]));
    scene
        .portal
        .wait_published("prod", made["revision"].as_i64().unwrap());
    assert_eq!(scene.status(), 200, "it decides by what it was told");
    scene.broker.start_again();
    scene.wait_for_revision(&made["revision"]);
    assert_eq!(scene.status(), 403);
    scene.wait_for_trouble("");
}

#[test]
fn a_topic_that_was_lost_is_sent_again_by_whoever_says_so() {
    let scene = Scene::new();
    let topic = default_topic("prod");
    scene.wait_for_trouble("");
    scene.broker.delete_topic(&topic);
    scene
        .broker
        .create_topic(&topic, &[("cleanup.policy", "compact")]);
    let made = scene.portal.put("clients", "app", &client(&[]));
    // A publisher that begins anew finds nothing where it has published before, and asks for a person.
    let Scene {
        broker,
        mut portal,
        gateway,
    } = scene;
    portal.kill();
    portal.restart();
    let scene = Scene {
        broker,
        portal,
        gateway,
    };
    scene.wait_for_trouble("topic_lost");
    assert_eq!(scene.status(), 200, "an empty topic never replaces a view");
    let done = scene
        .portal
        .command(&["new-epoch", "--environment", "prod", "--republish"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    scene.wait_for_revision(&made["revision"]);
    assert_eq!(scene.status(), 403);
    scene.wait_for_trouble("");
}

#[test]
fn a_strangers_open_transaction_is_told() {
    let scene = Scene::new();
    scene.wait_for_trouble("");
    let stranger = Log::of(&scene.broker, &default_topic("prod"), "stranger");
    stranger.begin(&[("client/x".to_owned(), Some("{}".to_owned()))]);
    scene.portal.put("clients", "app", &client(&[]));
    scene.wait_for_trouble("not visible");
    assert_eq!(scene.status(), 200, "nobody sees what it hides");
    stranger.abort();
    scene.wait_for_trouble("");
    wait_within(LIMIT, "the change to be in force", || {
        (scene.status() == 403).then_some(())
    });
}

#[test]
fn a_new_epoch_after_a_restore_takes_from_the_topic_what_the_backup_lacks() {
    let mut scene = Scene::new();
    scene.wait_for_trouble("");
    let database = |portal: &Portal| portal.scratch.path("portal.sqlite");
    let mut backup = Vec::new();
    scene.while_down(|portal| backup = std::fs::read(database(portal)).unwrap());
    let suspend = "/v1/environments/prod/clients/app/suspend";
    let suspended = scene.portal.ask("POST", suspend, Some(&json!({})));
    assert_eq!(suspended.status, 200, "{suspended:#?}");
    scene.wait_for_revision(&suspended.json()["revision"]);
    assert_eq!(scene.status(), 403);
    let former = scene.gateway.policy()["epoch"].as_u64().unwrap();

    scene.while_down(|portal| {
        for beside in ["portal.sqlite-wal", "portal.sqlite-shm"] {
            drop(std::fs::remove_file(portal.scratch.path(beside)));
        }
        std::fs::write(database(portal), &backup).unwrap();
    });
    scene.wait_for_trouble("needs_new_epoch");
    let new_epoch = |more: &[&str]| {
        let mut arguments = vec!["new-epoch", "--environment", "prod"];
        arguments.extend(more);
        scene.portal.command(&arguments)
    };
    let vain = new_epoch(&[]);
    assert_eq!(vain.code, Some(1), "{vain:#?}");
    assert!(vain.stderr.contains("--config portal.yaml"), "{vain:#?}");
    let config = scene.portal.scratch.path("portal.yaml").display().to_string();
    let done = new_epoch(&["--config", &config]);
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert!(done.stdout.contains("client/app: suspended"), "{done:#?}");
    wait_within(LIMIT, "the new epoch to be in force", || {
        (scene.gateway.policy()["epoch"].as_u64() > Some(former)).then_some(())
    });
    assert_eq!(scene.status(), 403, "what was taken stays taken");
    scene.wait_for_trouble("");

    // While the broker is gone nobody knows what its topic has.
    scene.broker.kill();
    let blind = scene
        .portal
        .command(&["new-epoch", "--environment", "prod", "--config", &config]);
    assert_eq!(blind.code, Some(1), "{blind:#?}");
    assert!(
        blind.stderr.contains("cannot be read") && blind.stderr.contains("--accept-loss"),
        "{blind:#?}"
    );
}
