//! What takes too long to wait for with a real process: a file that is made good after a minute, half a minute of silence.

use super::beginning::begin;
use super::carrier::{Failure, Opened};
use super::follower::{Follower, Sink};
use super::service::{Parts, Prepared};
use super::standing::Follow;
use super::stream::Stream;
use super::{STREAM_SILENCE_MAX, unix_s};
use crate::configuration::{Bundle, Carrier, Feed, Portal, Token};
use crate::upstream::SystemResolver;
use feed::{Commit, Digest, Read, Shown, SigningKey};
use std::borrow::Cow;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, mpsc as sync};
use std::time::{Duration, Instant};

struct Nobody;

impl Sink for Nobody {
    fn show(&mut self, _: &Shown) {}
}

struct World {
    directory: PathBuf,
    key: SigningKey,
    root: SigningKey,
}

impl World {
    fn new() -> World {
        let key = |id: &str, seed: u8| SigningKey::from_seed(id, &[seed; 32]).unwrap();
        let name = format!(
            "switchboard-follow-{}-{:x}",
            std::process::id(),
            fastrand::u64(..)
        );
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        World {
            directory,
            key: key("k1", 2),
            root: key("r1", 1),
        }
    }

    /// Keyring, one client, commit.
    fn lines(&self, revision: u64) -> [String; 3] {
        let record = format!(
            r#"{{"feed":"f","epoch":1,"revision":{revision},"kind":"client","id":"a","body":{{"team":"t"}}}}"#
        );
        let mut digest = Digest::default();
        digest.add("client", "a", record.as_bytes());
        let commit = Commit {
            feed: Cow::Borrowed("f"),
            epoch: 1,
            revision,
            entities: 1,
            digest: digest.finish(),
            at: unix_s(),
            signed: None,
        };
        let keyring = self.root.keyring_line("f", 1, 1, &[self.key.public(None)]);
        [keyring, record, self.key.commit_line(&commit)]
    }

    fn floor(&self, revision: u64) -> PathBuf {
        let floor = self.directory.join("floor");
        let roots = feed::roots_line("f", &[self.root.public(None)]);
        let text = format!("{roots}\n{}\n", self.lines(revision).join("\n"));
        std::fs::write(&floor, text).unwrap();
        floor
    }

    fn follower(&self, revision: u64) -> Follower {
        let floor = self.floor(revision);
        let state_dir = self.directory.join("state");
        let beginning = begin(&floor, None, Some(&state_dir)).unwrap();
        let feed = Feed {
            floor,
            carrier: Carrier::Bundle(Bundle::File("b".into())),
            wait: Duration::ZERO,
            staleness_s_max: 60,
            deny_floor_s_max: None,
        };
        let follow = Arc::new(Follow::new(Arc::new(feed), &beginning));
        Follower::new(beginning, Some(&state_dir), follow, Box::new(Nobody))
    }

    fn revision(&self) -> u64 {
        self.follower(1).reader.view().unwrap().revision
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

#[test]
fn a_file_that_could_not_be_written_is_made_good_by_lines_from_a_start_and_by_records_of_a_log() {
    for is_log in [false, true] {
        let world = World::new();
        let state_dir = world.directory.join("state");
        std::fs::write(&state_dir, "a file, not a directory").unwrap();
        let mut follower = world.follower(1);
        let now = Instant::now();
        assert!(follower.wants_whole(now));
        // In vain: nothing can be written yet.
        follower.begin();
        assert!(!follower.wants_whole(now) && follower.wants_whole(now + Duration::from_secs(61)));
        std::fs::remove_file(&state_dir).unwrap();
        follower.forget_mending();
        follower.begin();
        let [keyring, record, commit] = world.lines(2);
        if is_log {
            assert_eq!(
                follower.record("keyring", Some(keyring.as_bytes())),
                Read::Keyring
            );
            // What is under another's key is none, and is not written down as one.
            follower.record("client/b", Some(record.as_bytes()));
            follower.record("client/c", None);
            follower.record("client/a", Some(record.as_bytes()));
            follower.record("commit", Some(commit.as_bytes()));
        } else {
            for line in [keyring, record, commit] {
                follower.line(line.as_bytes());
            }
        }
        assert!(follower.reader.is_at_view());
        follower.ended(true, "");
        assert!(!follower.wants_whole(now + Duration::from_secs(600)));
        assert_eq!(world.revision(), 2, "log: {is_log}");
    }
}

/// A portal that says this, and no more.
fn portal(says: impl Into<String>) -> Portal {
    let says = says.into();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4_096];
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(says.as_bytes()).unwrap();
        // It is open until the other side closes it.
        let _ = stream.read(&mut request);
    });
    Portal {
        url: url.into(),
        token: Token::new("sbg_x").unwrap(),
        plain: Vec::new(),
    }
}

struct Told(sync::Sender<u64>);

impl Sink for Told {
    fn show(&mut self, shown: &Shown) {
        let _ = self.0.send(shown.view.revision);
    }
}

#[test]
fn a_feed_that_was_behind_and_goes_on_is_listened_to_meanwhile() {
    let world = World::new();
    // Behind the floor, then before it; and nobody is there for a second reading.
    let lines = [world.lines(1), world.lines(3)].concat().join("\n");
    let portal = portal(format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSwitchboard-Stream: reset\r\n\r\n{:x}\r\n{lines}\n\r\n",
        lines.len() + 1
    ));
    let floor = world.floor(2);
    let beginning = begin(&floor, None, None).unwrap();
    let feed = Feed {
        floor,
        carrier: Carrier::Portal(portal.clone()),
        wait: Duration::ZERO,
        staleness_s_max: 60,
        deny_floor_s_max: None,
    };
    let follow = Arc::new(Follow::new(Arc::new(feed), &beginning));
    let parts = Parts {
        beginning,
        carrier: Carrier::Portal(portal),
        state_dir: None,
        follow: Arc::clone(&follow),
        resolver: Arc::new(SystemResolver),
    };
    let (sender, shown) = sync::channel();
    let prepared = Prepared::new();
    let following = prepared
        .start(parts, Box::new(Told(sender)), Duration::ZERO)
        .unwrap();
    assert_eq!(shown.recv_timeout(Duration::from_secs(20)), Ok(3));
    drop(following);
    assert_eq!(follow.counts().mismatches, 1, "it was told that it was behind");
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_given_up_however_often_the_wait_is_interrupted() {
    let portal = portal(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSwitchboard-Stream: reset\r\n\r\n9\r\none\ntwo\nx\r\n",
    );
    let local = tokio::task::LocalSet::new();
    let waited = local.run_until(async {
        let mut stream = Stream::new(&portal, "f", Arc::new(SystemResolver));
        assert_eq!(stream.open(None).await, Ok(Opened::Start));
        assert_eq!(stream.line().await, Ok(&b"one"[..]));
        assert_eq!(stream.line().await, Ok(&b"two"[..]));
        tokio::time::pause();
        // Who reads on after a minute has not heard a minute of silence.
        tokio::time::advance(STREAM_SILENCE_MAX * 2).await;
        let begun = tokio::time::Instant::now();
        // As the follower does, which looks at the state meanwhile.
        let silent = loop {
            if let Ok(line) = tokio::time::timeout(Duration::from_secs(1), stream.line()).await {
                break line.map(<[u8]>::to_vec);
            }
        };
        assert!(
            matches!(&silent, Err(Failure::Failed(why)) if why.contains("nothing came")),
            "{silent:?}"
        );
        begun.elapsed()
    });
    let waited = waited.await;
    let (least, most) = (STREAM_SILENCE_MAX.mul_f64(0.9), STREAM_SILENCE_MAX.mul_f64(1.1));
    assert!((least..most).contains(&waited), "{waited:?}");
}
