//! What a report cannot hold is in the next, also at the end.

use super::{About, Reports, USED_MAX};
use crate::configuration::{Bundle, Carrier, Feed, Portal, Token};
use crate::follow::{Follow, begin};
use crate::upstream::SystemResolver;
use crate::usage::Used;
use feed::{Commit, Digest, SigningKey};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// Where a feed stands that begins with an empty floor.
fn follow() -> Arc<Follow> {
    let key = |id: &str, seed: u8| SigningKey::from_seed(id, &[seed; 32]).unwrap();
    let (root, online) = (key("r1", 1), key("k1", 2));
    let commit = Commit {
        feed: Cow::Borrowed("f"),
        epoch: 1,
        revision: 1,
        entities: 0,
        digest: Digest::default().finish(),
        at: 1_763_900_000,
        signed: None,
    };
    let lines = [
        feed::roots_line("f", &[root.public(None)]),
        root.keyring_line("f", 1, 1, &[online.public(None)]),
        online.commit_line(&commit),
    ];
    let name = format!("switchboard-fleet-{}-{:x}", std::process::id(), fastrand::u64(..));
    let floor = std::env::temp_dir().join(name);
    std::fs::write(&floor, lines.join("\n") + "\n").unwrap();
    let beginning = begin(&floor, None, None).unwrap();
    std::fs::remove_file(&floor).unwrap();
    let feed = Feed {
        floor,
        carrier: Carrier::Bundle(Bundle::File("b".into())),
        wait: Duration::ZERO,
        staleness_s_max: 60,
        deny_floor_s_max: None,
    };
    Arc::new(Follow::new(Arc::new(feed), &beginning))
}

/// The ids in one report, which is answered.
fn take(mut stream: TcpStream) -> Vec<String> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        .unwrap();
    let report: Value = serde_json::from_slice(&body).unwrap();
    let used = report["used"].as_array().unwrap().iter();
    used.map(|one| one["credential"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn who_ends_tells_all_that_was_used_however_many_reports_that_takes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, taken) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // The test may be over.
            let _ = sender.send(take(stream.unwrap()));
        }
    });
    let used = Arc::new(Used::default());
    let portal = Portal {
        url: url.as_str().into(),
        token: Token::new("t").unwrap(),
        plain: Vec::new(),
    };
    let about = About {
        kind: "gateway",
        name: "g".into(),
        environment: "f".into(),
        config: Box::new(String::new),
        follow: follow(),
        used: Some(Arc::clone(&used)),
    };
    let reports = Reports::start(portal, about, Arc::new(SystemResolver)).unwrap();
    // The next one would come in seconds.
    assert!(taken.recv().unwrap().is_empty());
    let ids: BTreeSet<String> = (0..2 * USED_MAX + 1).map(|number| format!("k{number}")).collect();
    let worker = used.worker();
    for id in &ids {
        worker.note(id.as_bytes(), 60);
    }
    drop(reports);
    let told: BTreeSet<String> = taken.try_iter().flatten().collect();
    assert_eq!(told.len(), ids.len());
    assert_eq!(told, ids);
}
