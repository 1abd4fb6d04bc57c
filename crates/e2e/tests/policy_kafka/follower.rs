//! A reader of the topic and a reader of the feed behind one another, as a gateway has them, without its pauses.

use e2e::Publisher;
use feed::kafka::{KafkaError, Next, Reader, Settings};
use feed::{Line, Read, Roots, Scratch, State, View};
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// How long a wait for a broker may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(40);

/// How long one call waits.
const STEP: Duration = Duration::from_millis(100);

/// Reads one feed from one broker.
pub(crate) struct Follower {
    pub(crate) kafka: Reader,
    pub(crate) feed: feed::Reader,
    /// What is shown, by key.
    pub(crate) shown: BTreeMap<String, String>,
    pub(crate) at_end: bool,
    /// How often the end was not the view.
    pub(crate) mismatches: usize,
    pub(crate) losses: usize,
    pub(crate) error: Option<KafkaError>,
}

/// Where a broker is, in the clear.
pub(crate) fn settings(address: &str) -> Settings {
    Settings::new(vec![address.into()], None, None, None).expect("an address is a broker")
}

fn now() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
    since.expect("it is after 1970").as_secs()
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower")
            .field("view", &self.feed.view())
            .field("at_end", &self.at_end)
            .field("mismatches", &self.mismatches)
            .field("losses", &self.losses)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl Follower {
    pub(crate) fn new(settings: &Settings, feed: &str, publisher: &Publisher) -> Follower {
        let floor = publisher.floor();
        let line = floor.lines().next().expect("a floor has lines");
        let roots = match Line::parse(line.as_bytes(), &mut Scratch::default()) {
            Some(Line::Roots(Some(roots))) => Roots::pinned(&roots),
            other => panic!("{other:?}"),
        };
        Follower {
            kafka: Reader::new(settings, feed),
            feed: feed::Reader::new(roots),
            shown: BTreeMap::new(),
            at_end: false,
            mismatches: 0,
            losses: 0,
            error: None,
        }
    }

    /// One step; whether something came.
    pub(crate) fn step(&mut self) -> bool {
        match self.kafka.next(STEP) {
            Ok(Next::Record { key, value }) => {
                self.error = None;
                let read = self.feed.record(&key, value.as_deref(), now());
                self.show(read);
            }
            Ok(Next::AtEnd) => {
                self.error = None;
                self.at_end = true;
                if !self.feed.is_at_view() {
                    self.mismatches += 1;
                    self.begin_again();
                }
            }
            Ok(Next::Lost) => {
                self.losses += 1;
                self.begin_again();
            }
            Ok(Next::Idle) => return false,
            Err(error) => {
                self.at_end = false;
                self.error = Some(error);
            }
        }
        true
    }

    fn begin_again(&mut self) {
        self.at_end = false;
        self.feed.restart();
        self.kafka.restart();
    }

    fn show(&mut self, read: Read) {
        let Read::Shown(shown) = read else { return };
        for (key, value) in shown.changes {
            match value {
                Some(value) => {
                    let value = String::from_utf8(value.into()).expect("a record is text");
                    self.shown.insert(key.into(), value);
                }
                None => drop(self.shown.remove(&*key)),
            }
        }
    }

    /// Steps until this holds.
    pub(crate) fn until(&mut self, what: &str, mut holds: impl FnMut(&Follower) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            self.step();
            assert!(
                began.elapsed() < LIMIT,
                "waited {LIMIT:?} in vain for {what}: {self:?}"
            );
        }
    }

    /// Steps until what is published is what is shown, at the end.
    pub(crate) fn until_live(&mut self, publisher: &Publisher) {
        self.until("what is published", |follower| {
            follower.place() == Some(publisher.place()) && follower.at_end && follower.feed.is_at_view()
        });
        assert_eq!(self.shown, publisher.records());
    }

    pub(crate) fn place(&self) -> Option<(u64, u64)> {
        self.feed.view().map(|view: &View| (view.epoch, view.revision))
    }

    pub(crate) fn state(&self) -> State {
        let bounds = feed::Bounds {
            staleness_s_max: 3_600,
        };
        self.feed.state(self.at_end, bounds, now())
    }
}
