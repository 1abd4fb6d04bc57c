//! One suite for every carrier: what is published comes to be in force, what is not published does not, and what was in force stays, whatever
//! carries it. Written once; run for each.
//!
//! A carrier here says how a gateway is told of it, how it comes to carry something, and how one knows that the gateway has looked.

use super::*;
use e2e::kafka::{Broker, Log, Written};
use e2e::{Content, StreamServer};
use feed::kafka::default_topic;

/// A gateway, and what brings it its policy.
struct World {
    gateway: Option<Gateway>,
    carrier: Carrier,
    publisher: Publisher,
    /// What the carrier carries.
    carried: Content,
}

enum Carrier {
    /// The floor's file, which changes; the feed is dead.
    Floor,
    /// What was written down before a kill, under an old floor; the feed is dead.
    LastKnownGood,
    File,
    Http(BundleServer),
    Stream(StreamServer),
    Kafka(Topic),
}

/// A topic of a broker of its own.
struct Topic {
    broker: Broker,
    log: Log,
}

impl Topic {
    fn start(publisher: &Publisher) -> Topic {
        let broker = Broker::start();
        broker.create_topic(&default_topic(FEED), &[("cleanup.policy", "compact")]);
        let log = Topic::log(&broker);
        log.write(&publisher.log());
        Topic { broker, log }
    }

    fn log(broker: &Broker) -> Log {
        Log::of(broker, &default_topic(FEED), "publisher")
    }
}

/// The transaction that makes it of `former`.
fn transaction(content: &Content, former: &Content) -> Vec<Written> {
    let keyring =
        (content.keyring != former.keyring).then(|| ("keyring".to_owned(), Some(content.keyring.clone())));
    let changed = content
        .records
        .iter()
        .filter(|(key, line)| former.records.get(*key) != Some(line));
    let changed = changed.map(|(key, line)| (key.clone(), Some(line.clone())));
    let gone = former
        .records
        .keys()
        .filter(|key| !content.records.contains_key(*key));
    let gone = gone.map(|key| (key.clone(), None));
    let commit = ("commit".to_owned(), Some(content.commit.clone()));
    keyring
        .into_iter()
        .chain(changed)
        .chain(gone)
        .chain([commit])
        .collect()
}

/// What brings nothing.
const DEAD: &str = "bundle: nowhere.bundle";

impl Carrier {
    /// Of this, as `policy.feed` has it.
    fn feed(&self) -> String {
        match self {
            Carrier::Floor | Carrier::LastKnownGood => DEAD.to_owned(),
            Carrier::File => format!("bundle: {BUNDLE}"),
            Carrier::Http(server) => format!("bundle: \"{}\"", server.url()),
            Carrier::Stream(server) => {
                format!("portal: \"{}\", token: {}", server.url(), StreamServer::TOKEN)
            }
            Carrier::Kafka(topic) => format!("kafka: {{ brokers: [\"{}\"] }}", topic.broker.address()),
        }
    }
}

impl World {
    /// In force is what a publisher has published first, by floor and carrier alike.
    fn new(carrier: impl FnOnce(&Publisher) -> Carrier) -> World {
        let publisher = published();
        let carrier = carrier(&publisher);
        let scratch = Scratch::new();
        scratch.write("policy.floor", &publisher.floor());
        scratch.write(BUNDLE, &publisher.bundle());
        let mut world = World {
            gateway: None,
            carrier,
            carried: publisher.content(),
            publisher,
        };
        world.start(scratch);
        world
    }

    fn start(&mut self, scratch: Scratch) {
        let yaml = format!(
            "policy: {{ floor: policy.floor, feed: {{ {} }} }}\nenvironment: prod\nstate_dir: state\n{ROUTES}",
            self.carrier.feed()
        );
        self.gateway = Some(start_with(scratch, &yaml));
    }

    fn gateway(&self) -> &Gateway {
        self.gateway.as_ref().expect("one is running")
    }

    /// Whether somebody says of a carrier that it is the feed's.
    fn is_feed(&self) -> bool {
        !matches!(self.carrier, Carrier::Floor | Carrier::LastKnownGood)
    }

    /// From now on it carries this, whole, and the gateway has looked.
    fn carry(&mut self, content: &Content, is_honest: bool) {
        let before = self.refusals();
        let former = std::mem::replace(&mut self.carried, content.clone());
        match &self.carrier {
            Carrier::Floor => {
                let floor = self.publisher.floor_of(content);
                self.gateway().scratch.replace("policy.floor", &floor);
            }
            Carrier::LastKnownGood => {
                let scratch = self.gateway.take().expect("one is running").kill();
                let kept = scratch.path("state/policy/last_known_good");
                let gone = former
                    .records
                    .keys()
                    .filter(|key| !content.records.contains_key(*key));
                let gone: String = gone
                    .map(|key| format!("{{\"key\":\"{key}\",\"deleted\":true}}\n"))
                    .collect();
                // What does not hold is cut off at the next start, so that each stands for itself.
                let lines = gone + &content.bundle();
                let had = std::fs::read(&kept).expect("what is shown was written down");
                std::fs::write(kept, [had, lines.into_bytes()].concat()).expect("it can be written");
                self.start(scratch);
                return;
            }
            Carrier::File => self.gateway().scratch.replace(BUNDLE, &content.bundle()),
            Carrier::Http(server) => server.serve(content.bundle()),
            Carrier::Stream(server) if is_honest => server.serve(content.clone()),
            Carrier::Stream(server) => server.pretend(content.clone()),
            Carrier::Kafka(topic) => topic.log.write(&transaction(content, &former)),
        }
        if !is_honest {
            wait_for("the lie to be told", || (self.refusals() > before).then_some(()));
        }
    }

    /// How often what was carried was told to be none.
    fn refusals(&self) -> f64 {
        let refused = |line: &&String| {
            line.contains("the former policy stays in force") || line.contains("the floor is not above")
        };
        match self.carrier {
            Carrier::Floor => {
                let told = self.gateway().log().so_far().iter().filter(refused).count();
                u32::try_from(told).expect("a log has fewer lines").into()
            }
            Carrier::LastKnownGood => 0.0,
            _ => counted(self.gateway(), "mismatches"),
        }
    }

    /// What is published now is carried, and comes to be in force.
    fn publish(&mut self) {
        let content = self.publisher.content();
        self.carry(&content, true);
        wait_for_place(self.gateway(), self.publisher.place());
        if self.is_feed() {
            wait_for_state(self.gateway(), "live");
        }
    }

    /// This is carried, and changes nothing. What is honest afterwards is believed.
    fn lie(&mut self, lie: &Content) {
        let (place, status) = (place(self.gateway()), ask(self.gateway()).status);
        self.carry(lie, false);
        assert_eq!(super::place(self.gateway()), place);
        assert_eq!(ask(self.gateway()).status, status);
        if self.is_feed() {
            assert_ne!(self.gateway().policy()["state"], "live");
            assert!(self.gateway().policy()["last_error"].is_string());
        }
    }

    /// Nobody brings anything any more.
    fn die(&mut self) {
        let carrier = &mut self.carrier;
        let gateway = self.gateway.as_ref().expect("one is running");
        let remove = |file: &str| std::fs::remove_file(gateway.scratch.path(file)).expect("it was written");
        match carrier {
            Carrier::Floor => remove("policy.floor"),
            // What was written down is lost; the floor stays.
            Carrier::LastKnownGood => return,
            Carrier::File => remove(BUNDLE),
            Carrier::Http(server) => server.stop(),
            Carrier::Stream(server) => server.stop(),
            Carrier::Kafka(topic) => topic.broker.stop(),
        }
        if self.is_feed() {
            wait_for_state(self.gateway(), "catching_up");
        }
    }

    /// It is there again, and carries what is published by now.
    fn come_back(&mut self) {
        if let Carrier::Stream(server) = &self.carrier {
            server.go_on();
        }
        if let Carrier::Http(server) = &self.carrier {
            server.go_on();
        }
        if let Carrier::Kafka(topic) = &mut self.carrier {
            topic.broker.start_again();
            topic.log = Topic::log(&topic.broker);
        }
        self.publish();
    }

    fn expect_permitted(&self) {
        ask(self.gateway()).expect(200);
    }

    fn expect_refused(&self) {
        ask(self.gateway()).expect_error(403, "scope_missing");
    }
}

/// The scenarios; `floor` and the others are told apart only where what they are is another thing.
mod scenarios {
    use super::*;

    pub(super) fn first_view(mut world: World) {
        world.publish();
        world.expect_permitted();
        assert_eq!(
            world.gateway().policy()["digest"].as_str().map(str::len),
            Some(64)
        );
    }

    pub(super) fn a_change(mut world: World) {
        take_away(&mut world.publisher);
        world.publish();
        world.expect_refused();
    }

    pub(super) fn a_deletion(mut world: World) {
        world.publisher.publish(&[("client/app", None)]);
        world.publish();
        ask(world.gateway()).expect_error(401, "api_key_unknown");
    }

    pub(super) fn a_revision_that_does_not_hold(mut world: World) {
        take_away(&mut world.publisher);
        world.publisher.publish(&[("client/other", client(&[]))]);
        let mut lie = world.publisher.content();
        lie.records.remove("client/other");
        world.lie(&lie);
    }

    pub(super) fn a_forged_commit(mut world: World) {
        let mut forged = published();
        for _ in 0..3 {
            take_away(&mut forged);
        }
        let mut lie = forged.content();
        let signature = lie.commit.rfind("\"sig\":\"").expect("it is signed") + 7;
        let other = if lie.commit[signature..].starts_with('A') {
            "B"
        } else {
            "A"
        };
        lie.commit.replace_range(signature..=signature, other);
        world.lie(&lie);
    }

    pub(super) fn a_strangers_feed(mut world: World) {
        let mut stranger = Publisher::stranger(FEED);
        for _ in 0..9 {
            stranger.publish(&[("client/app", client(&[]))]);
        }
        world.lie(&stranger.content());
    }

    pub(super) fn an_older_commit_again(mut world: World) {
        let older = world.publisher.content();
        take_away(&mut world.publisher);
        world.publish();
        world.expect_refused();
        world.lie(&older);
        world.expect_refused();
    }

    pub(super) fn a_rotated_key(mut world: World) {
        world.publisher.rotate();
        world.publish();
        take_away(&mut world.publisher);
        world.publish();
        world.expect_refused();
    }

    pub(super) fn a_new_epoch(mut world: World) {
        take_away(&mut world.publisher);
        world.publish();
        let former = world.publisher.content();
        world.publisher.new_epoch();
        world
            .publisher
            .publish(&[("client/app", client(&["orders.read"]))]);
        world.publish();
        world.expect_permitted();
        world.lie(&former);
        world.expect_permitted();
    }

    pub(super) fn a_heartbeat_renews_the_age(mut world: World) {
        world.publisher.publish(&[("client/other", client(&[]))]);
        world.publisher.beat_aged(1_000);
        world.publish();
        let age = |world: &World| world.gateway().policy()["age_s"].as_u64().expect("a number");
        assert!(age(&world) >= 1_000);
        world.publisher.beat();
        let content = world.publisher.content();
        world.carry(&content, true);
        wait_for("the age to be renewed", || (age(&world) < 1_000).then_some(()));
    }

    pub(super) fn it_dies_and_comes_back(mut world: World) {
        world.publish();
        world.die();
        take_away(&mut world.publisher);
        world.expect_permitted();
        world.come_back();
        world.expect_refused();
    }

    pub(super) fn it_begins_again(mut world: World) {
        take_away(&mut world.publisher);
        world.publisher.publish(&[("client/other", client(&[]))]);
        let mut lie = world.publisher.content();
        lie.records.remove("client/other");
        world.lie(&lie);
        // Within the five seconds after which it is read from its start.
        world.publish();
        world.expect_refused();
    }
}

macro_rules! suite {
    ($($carrier:ident: $new:expr;)*) => {$(
        mod $carrier {
            use super::*;
            suite!(@ $new; first_view, a_change, a_deletion, a_revision_that_does_not_hold, a_forged_commit,
                a_strangers_feed, an_older_commit_again, a_rotated_key, a_new_epoch, a_heartbeat_renews_the_age,
                it_dies_and_comes_back, it_begins_again);
        }
    )*};
    (@ $new:expr; $($scenario:ident),*) => {$(
        #[test]
        fn $scenario() {
            scenarios::$scenario(World::new($new));
        }
    )*};
}

suite! {
    floor: |_| Carrier::Floor;
    last_known_good: |_| Carrier::LastKnownGood;
    bundle_in_a_file: |_| Carrier::File;
    bundle_over_http: |publisher: &Publisher| Carrier::Http(BundleServer::start(publisher.bundle()));
    stream: |publisher: &Publisher| Carrier::Stream(StreamServer::start(publisher.content()));
    kafka: |publisher: &Publisher| Carrier::Kafka(Topic::start(publisher));
}
