//! A publisher as a process with its journal, and what a reader of its topic sees.

use e2e::kafka::{Broker, Journal};
use e2e::{Process, Scratch, Signal, wait_within};
use feed::kafka::{Next, Reader, Settings, default_topic, make_topic};
use feed::{Read, State};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::process::Command;
use std::time::{Duration, Instant};

pub(crate) const FEED: &str = "prod";
pub(crate) const EPOCH: u64 = 1_763_900_000;
/// How long any wait for a broker may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(90);
/// How long one call waits.
const STEP: Duration = Duration::from_millis(100);

pub(crate) fn settings(broker: &Broker) -> Settings {
    Settings::new(vec![broker.address().as_str().into()], None, None, None).expect("an address is a broker")
}

fn now() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
    since.expect("it is after 1970").as_secs()
}

/// A journal, and the processes that publish it.
pub(crate) struct Publishing {
    pub(crate) scratch: Scratch,
    pub(crate) settings: Settings,
    broker: String,
}

impl Publishing {
    /// With a topic as it should be, and a journal that process `a` may publish.
    pub(crate) fn new(broker: &Broker) -> Publishing {
        let settings = settings(broker);
        make_topic(&settings, &default_topic(FEED)).expect("a topic can be made");
        let scratch = Scratch::new();
        Journal::begin(&scratch.path(""), EPOCH, "a");
        Publishing {
            settings,
            scratch,
            broker: broker.address(),
        }
    }

    pub(crate) fn start(&self, name: &str) -> Process {
        let own = std::env::current_exe().expect("a process knows its executable");
        let profile = own
            .ancestors()
            .nth(2)
            .expect("tests run from target/PROFILE/deps");
        let mut command = Command::new(profile.join("examples/kafka_publisher"));
        command
            .args([&self.broker, FEED])
            .arg(self.scratch.path(""))
            .arg(name);
        Process::start(command)
    }

    pub(crate) fn append(&self, changes: &[(&str, Option<Value>)]) {
        let bodies = changes.iter();
        let bodies = bodies
            .map(|(key, body)| ((*key).to_owned(), body.as_ref()))
            .collect();
        Journal::append(&self.scratch.path(""), &bodies);
    }

    pub(crate) fn journal(&self) -> Journal {
        Journal::open(&self.scratch.path(""), FEED, "reader")
    }

    pub(crate) fn seen(&self) -> Seen {
        Seen {
            kafka: Reader::new(&self.settings, FEED),
            feed: feed::Reader::new(self.journal().roots()),
            shown: BTreeMap::new(),
            at_end: false,
            error: None,
        }
    }
}

/// Waits until a process says this word.
pub(crate) fn until_says(process: &Process, word: &str) {
    let found = || {
        process
            .stdout()
            .so_far()
            .last()
            .filter(|line| line.starts_with(word))
            .cloned()
    };
    wait_within(LIMIT, &format!("{word}: {process:?}"), found);
}

pub(crate) fn kill(mut process: Process) {
    process.signal(Signal::KILL);
    process.wait();
}

/// A reader of the topic.
pub(crate) struct Seen {
    kafka: Reader,
    pub(crate) feed: feed::Reader,
    pub(crate) shown: BTreeMap<String, String>,
    at_end: bool,
    error: Option<String>,
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen")
            .field("view", &self.feed.view())
            .field("at_end", &self.at_end)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl Seen {
    /// One step. What became of a record, if one came.
    pub(crate) fn step(&mut self) -> Option<Read> {
        match self.kafka.next(STEP) {
            Ok(Next::Record { key, value }) => {
                let read = self.feed.record(&key, value.as_deref(), now());
                if let Read::Shown(shown) = &read {
                    for (key, value) in &shown.changes {
                        match value {
                            Some(value) => {
                                let value = String::from_utf8_lossy(value).into_owned();
                                self.shown.insert(key.to_string(), value);
                            }
                            None => drop(self.shown.remove(&**key)),
                        }
                    }
                }
                return Some(read);
            }
            Ok(Next::AtEnd) => {
                self.at_end = true;
                if !self.feed.is_at_view() {
                    self.begin_again();
                }
            }
            Ok(Next::Lost) => self.begin_again(),
            Ok(Next::Idle) => {}
            Err(error) => self.error = Some(error.to_string()),
        }
        None
    }

    fn begin_again(&mut self) {
        self.at_end = false;
        self.feed.restart();
        self.kafka.restart();
    }

    /// Steps until this holds.
    pub(crate) fn until(&mut self, what: &str, mut holds: impl FnMut(&Seen) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            self.step();
            assert!(
                began.elapsed() < LIMIT,
                "waited {LIMIT:?} in vain for {what}: {self:?}"
            );
        }
    }

    /// Steps until the journal is what is shown, live.
    pub(crate) fn until_live(&mut self, journal: &Journal) {
        self.until("what the journal says", |seen| {
            let bounds = feed::Bounds { staleness_s_max: 60 };
            seen.place() == Some(journal.place())
                && seen.feed.state(seen.at_end, bounds, now()) == State::Live
        });
        assert_eq!(&self.shown, journal.live());
    }

    pub(crate) fn place(&self) -> Option<(u64, u64)> {
        self.feed.view().map(|view| (view.epoch, view.revision))
    }
}
