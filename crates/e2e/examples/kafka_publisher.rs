//! A publisher as a process, so that it can be killed: `kafka_publisher BROKER FEED DIRECTORY NAME` publishes what the journal in the directory says,
//! and prints its state, one word a line, whenever it changes.

use anyhow::Result;
use e2e::kafka::Journal;
use feed::kafka::{PublisherLog, Settings};
use feed::publish::{Checking, Publisher, turn};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [broker, feed, directory, name] = arguments.as_slice() else {
        anyhow::bail!("usage: kafka_publisher BROKER FEED DIRECTORY NAME");
    };
    let settings = Settings::new(vec![broker.as_str().into()], None, None, None)?;
    let mut journal = Journal::open(Path::new(directory), feed, name);
    let mut publisher = Publisher::new(journal.roots(), vec![Journal::key()]);
    let mut log = PublisherLog::new(&settings, feed);
    let mut checking = Checking::default();
    let (mut said, mut out) = (String::new(), std::io::stdout());
    // Nobody speaks to it: it asks the journal five times a second, and runs until it is killed.
    loop {
        let checker = PublisherLog::checker;
        let pause_ms = turn(
            &mut publisher,
            &mut journal,
            &mut log,
            checker,
            &mut checking,
            now_ms,
        );
        let status = publisher.status();
        let says = format!(
            "{} {}",
            status.word(),
            status.error.as_deref().unwrap_or_default()
        );
        if says != said {
            // Who does not listen is not told.
            let _ = writeln!(out, "{says}").and_then(|()| out.flush());
            said = says;
        }
        std::thread::sleep(Duration::from_millis(pause_ms.max(1)));
    }
}
