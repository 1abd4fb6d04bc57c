//! An authorizer that reads a real broker by itself, as the bootstrap does with the feature `kafka`: `cargo test --workspace --features authorizer/kafka --test kafka`.

use authorizer::{Authorizer, Function, Settings, Source};
use e2e::kafka::{Broker, Log};
use e2e::{Publisher, Scratch};
use feed::kafka::default_topic;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How long a wait for a broker may take.
const LIMIT: Duration = Duration::from_secs(40);

/// Revision 1: one API that is open for this method.
fn publish(publisher: &mut Publisher, method: &str) {
    let matches = &format!("{method} /orders/**");
    let api = json!({ "team": "t", "base_path": "/orders", "public": [matches], "operations": [{ "match": matches }] });
    publisher.publish(&[("api/orders", Some(api))]);
}

fn start(scratch: &Scratch, address: &str, publisher: &Publisher, more: &[(&str, &str)]) -> Function {
    let floor = scratch.write("policy.floor", &publisher.floor());
    let kafka = scratch.write("kafka.yaml", &format!("brokers: [\"{address}\"]\n"));
    let given = [
        ("SWITCHBOARD_FLOOR", floor.to_str().expect("it is text")),
        ("SWITCHBOARD_APIS", "orders"),
        ("SWITCHBOARD_KAFKA", kafka.to_str().expect("it is text")),
    ];
    let all = given.iter().chain(more);
    let settings = Settings::read(all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let settings = settings.expect("they are good");
    let (source, beginning) = Source::begin(&settings, Some(now())).expect("the floor is good");
    let authorizer = Authorizer::start(settings.clone(), source).expect("it can start");
    let say = Box::new(|_: &str| {});
    Function::start(&settings, beginning, authorizer, ("authorizer", "00"), say).expect("it can follow")
}

fn now() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
    since.expect("it is after 1970").as_secs()
}

/// Whether a request without a credential is let in, and the state.
fn ask(runtime: &Runtime, function: &mut Function) -> (bool, String) {
    let event = json!({ "type": "REQUEST", "version": "2.0", "headers": {}, "rawPath": "/prod/orders/7",
        "routeArn": "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/GET/orders/7",
        "requestContext": { "http": { "method": "GET" } } });
    let answer = runtime.block_on(function.answer(event.to_string().as_bytes(), |_| {}));
    let answer: Value = serde_json::from_str(&answer.to_json()).expect("an answer is JSON");
    let state = answer["context"]["state"].as_str().unwrap_or_default();
    (answer["context"]["code"].is_null(), state.to_owned())
}

fn settles(runtime: &Runtime, function: &mut Function, expected: (bool, &str)) {
    let begun = Instant::now();
    loop {
        let (lets_in, state) = ask(runtime, function);
        if (lets_in, &*state) == expected {
            return;
        }
        assert!(begun.elapsed() < LIMIT, "{lets_in} {state}, and not {expected:?}");
        std::thread::yield_now();
    }
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("there is a runtime")
}

#[test]
fn an_authorizer_reads_a_broker_between_its_answers_and_outlives_it() {
    let mut broker = Broker::start();
    let topic = default_topic("prod");
    broker.create_topic(&topic, &[("cleanup.policy", "compact")]);
    let mut publisher = Publisher::new("prod");
    publish(&mut publisher, "GET");
    let log = Log::of(&broker, &topic, "portal");
    log.write(&publisher.log());
    let (scratch, runtime) = (Scratch::new(), runtime());
    let mut function = start(&scratch, &broker.address(), &publisher, &[]);
    settles(&runtime, &mut function, (true, "live"));

    publish(&mut publisher, "POST");
    log.write(&publisher.transaction());
    settles(&runtime, &mut function, (false, "live"));

    broker.kill();
    settles(&runtime, &mut function, (false, "catching_up"));
    broker.start_again();
    publish(&mut publisher, "GET");
    log.write(&publisher.transaction());
    settles(&runtime, &mut function, (true, "live"));
}

/// As behind a long freeze: what is there is older than it may get, and the log has more.
#[test]
fn what_is_too_old_is_not_decided_by_before_the_log_was_tried() {
    let broker = Broker::start();
    let topic = default_topic("prod");
    broker.create_topic(&topic, &[("cleanup.policy", "compact")]);
    let mut publisher = Publisher::new("prod");
    publish(&mut publisher, "GET");
    publisher.beat_aged(7_200);
    let old = publisher.clone();
    publish(&mut publisher, "GET");
    Log::of(&broker, &topic, "portal").write(&publisher.log());
    let (scratch, runtime) = (Scratch::new(), runtime());
    let denies = [
        ("SWITCHBOARD_ON_STALE", "deny"),
        ("SWITCHBOARD_FLOOR_MAX_AGE_S", "3600"),
    ];
    broker.cut();
    let mut function = start(&scratch, &broker.far_address(), &old, &denies);
    let begun = Instant::now();
    let (lets_in, _) = ask(&runtime, &mut function);
    assert!(!lets_in, "it would be open by the floor, which is too old");
    assert!(begun.elapsed().as_millis() >= 900, "it waits for the log");
    broker.mend();
    settles(&runtime, &mut function, (true, "live"));
}
