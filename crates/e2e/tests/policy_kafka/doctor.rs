//! `switchboard feed doctor` on a real broker: what it finds, what its commands make, and its exit code.

use e2e::kafka::{Broker, GATEWAY, Log, PASSWORD};
use e2e::{Publisher, Scratch, run, switchboard};
use feed::kafka::default_topic;
use feed::kafka::doctor::{Facts, judge};
use serde_json::Value;

fn doctor(arguments: &[&str]) -> (Option<i32>, Value) {
    let arguments = [&["feed", "doctor", "--json", "--watch-s", "1"], arguments].concat();
    let finished = run(switchboard(&arguments));
    let said = serde_json::from_str(&finished.stdout).unwrap_or(Value::Null);
    assert!(said.is_object() || finished.code == Some(2), "{finished:?}");
    (finished.code, said)
}

fn graded(said: &Value, grade: &str) -> Vec<String> {
    let findings = said["findings"].as_array().expect("findings");
    let graded = findings.iter().filter(|finding| finding["grade"] == grade);
    graded
        .map(|finding| finding["what"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn a_doctor_says_what_is_wrong_with_a_topic_and_how_to_mend_it() {
    let broker = Broker::start();
    let address = broker.address();
    let of = |feed| doctor(&["--brokers", &address, "--feed", feed]);
    let (code, said) = of("prod");
    assert_eq!(
        (code, graded(&said, "wrong")),
        (Some(1), vec!["partitions".to_owned()])
    );

    // What its own command would make, on this one broker.
    let facts = Facts {
        brokers: 1,
        ..Facts::default()
    };
    let command = judge(&facts, &address, "t").remove(0).mend.expect("a command");
    let mut settings: Vec<(&str, &str)> = command
        .split(" --config ")
        .skip(1)
        .filter_map(|setting| setting.trim().split_once('='))
        .collect();
    assert!(settings.len() >= 8, "{command}");
    let topic = default_topic("prod");
    broker.create_topic(&topic, &settings);
    let (code, said) = of("prod");
    assert_eq!((code, graded(&said, "wrong")), (Some(0), Vec::new()), "{said}");
    assert_eq!(
        graded(&said, "warning"),
        ["replication factor", "min.insync.replicas"]
    );

    settings[0] = ("cleanup.policy", "delete");
    settings.retain(|(name, _)| *name != "segment.ms");
    broker.create_topic(&default_topic("bad"), &settings);
    let (code, said) = of("bad");
    assert_eq!(
        (code, graded(&said, "wrong")),
        (Some(1), vec!["cleanup.policy".to_owned()])
    );
    assert!(
        graded(&said, "warning").contains(&"segment.ms".to_owned()),
        "{said}"
    );

    let stranger = Log::of(&broker, &topic, "stranger");
    stranger.begin(&[("client/evil".to_owned(), None)]);
    let (code, said) = of("prod");
    assert_eq!(
        (code, graded(&said, "wrong")),
        (Some(1), vec!["last stable offset".to_owned()])
    );
    stranger.abort();
    assert_eq!(of("prod").0, Some(0));
    let text = run(switchboard(&[
        "feed",
        "doctor",
        "--brokers",
        &address,
        "--feed",
        "bad",
    ]));
    assert!(
        text.stdout.contains("kafka-configs.sh") && !text.stdout.contains('\u{1b}'),
        "{text:?}"
    );
}

#[test]
fn a_doctor_reaches_kafka_as_a_gateway_does_and_says_why_it_cannot() {
    let mut broker = Broker::start();
    let topic = default_topic("prod");
    broker.create_topic(&topic, &[("cleanup.policy", "compact")]);
    broker.allow(GATEWAY, &["Read", "Describe"], &topic);
    let (ca, _) = broker.certificates();
    let scratch = Scratch::new();
    scratch.write("policy.floor", &Publisher::new("prod").floor());
    let configuration = |password: &str| {
        let file = scratch.write(
            "gateway.yaml",
            &format!(
                "state_dir: s\nenvironment: prod\npolicy:\n  floor: policy.floor\n  feed:\n    kafka:\n      brokers: [\"{}\"]\n      tls: {{ ca: \"{}\" }}\n      \
                 sasl: {{ mechanism: SCRAM-SHA-512, user: {GATEWAY}, password: {password} }}\nroutes: [{{ path: /**, respond: {{ body: x }} }}]\n",
                broker.secure_address(),
                ca.display()
            ),
        );
        file.display().to_string()
    };
    // A gateway's principal may not read settings, and that is no fault.
    let (code, said) = doctor(&["--config", &configuration(PASSWORD)]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said["topic"], topic);
    assert!(
        graded(&said, "unknown").contains(&"settings".to_owned()),
        "{said}"
    );
    broker.allow(GATEWAY, &["DescribeConfigs"], &topic);
    let (code, said) = doctor(&["--config", &configuration(PASSWORD)]);
    assert_eq!(code, Some(1), "{said}");

    let refused = run(switchboard(&[
        "feed",
        "doctor",
        "--config",
        &configuration("wrong-word"),
    ]));
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("the broker refuses") && !refused.stderr.contains("wrong-word"),
        "{refused:?}"
    );
    let address = broker.address();
    broker.stop();
    let gone = run(switchboard(&[
        "feed",
        "doctor",
        "--brokers",
        &address,
        "--feed",
        "prod",
    ]));
    assert_eq!(gone.code, Some(2));
    assert!(gone.stderr.contains("no broker answers"), "{gone:?}");
}
