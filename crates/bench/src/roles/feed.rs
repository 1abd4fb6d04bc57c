//! A portal's stream of a policy of any size, and a floor of it: records are made as they are sent, so that a million of them are held by nobody
//! but the gateway that is measured.

use crate::identity::crowd::{Entity, client, entities, issuer};
use anyhow::{Context, Result};
use clap::Args;
use feed::publish::Ledger;
use feed::{Record, SigningKey, record_line, roots_line};
use serde_json::json;
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

const FEED: &str = "bench";
const EPOCH: u64 = 1_763_900_000;
/// Bytes of a chunk: a portal sends many lines at once.
const CHUNK_BYTES: usize = 64 * 1024;
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\nSwitchboard-Stream: ";

/// Arguments of the role.
#[derive(Debug, Args)]
pub(crate) struct Feed {
    /// How many clients.
    #[arg(long)]
    clients: usize,
    /// Where a signed floor is written: of revision 0, which is empty.
    #[arg(long, value_name = "FILE")]
    floor: PathBuf,
    /// The floor has all there is, and no stream is served.
    #[arg(long)]
    whole: bool,
}

/// Who publishes.
struct Publisher {
    clients: usize,
    root: SigningKey,
    key: SigningKey,
    ledger: Ledger,
    /// Clients that are not what they were, by number; the revision of each is its place here, behind the first.
    changed: Vec<usize>,
    commit: String,
    /// Connections of those who follow.
    open: Vec<TcpStream>,
}

impl Feed {
    /// Prints its address; then, for each line that it is told, publishes a change of one client and prints `{"revision","sent_ms"}`.
    pub(crate) fn run(self) -> Result<()> {
        let mut publisher = Publisher::new(self.clients)?;
        let roots = roots_line(FEED, &[publisher.root.public(None)]);
        let mut floor = BufWriter::new(File::create(&self.floor).context("cannot write the floor")?);
        writeln!(floor, "{roots}")?;
        if self.whole {
            publisher.fill()?;
            publisher.write_all(&mut floor)?;
            floor.flush()?;
            return Ok(());
        }
        writeln!(floor, "{}\n{}", publisher.keyring(), publisher.commit)?;
        floor.flush()?;
        publisher.fill()?;
        let publisher = Arc::new(Mutex::new(publisher));
        let listener = super::listen()?;
        let shared = Arc::clone(&publisher);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut publisher = shared.lock().unwrap_or_else(PoisonError::into_inner);
                // Whoever goes away is not served.
                let _ = publisher.answer(stream);
            }
        });
        for line in std::io::stdin().lock().lines() {
            line?;
            let mut publisher = publisher.lock().unwrap_or_else(PoisonError::into_inner);
            let (revision, sent_ms) = publisher.change()?;
            let mut out = std::io::stdout().lock();
            writeln!(out, "{}", json!({ "revision": revision, "sent_ms": sent_ms }))?;
            out.flush()?;
        }
        Ok(())
    }
}

impl Publisher {
    fn new(clients: usize) -> Result<Publisher> {
        let mut publisher = Publisher {
            clients,
            root: SigningKey::from_seed("r1", &[1; 32])?,
            key: SigningKey::from_seed("k1", &[2; 32])?,
            ledger: Ledger::new(FEED, EPOCH),
            changed: Vec::new(),
            commit: String::new(),
            open: Vec::new(),
        };
        publisher.sign()?;
        Ok(publisher)
    }

    /// Revision 1: all of it.
    fn fill(&mut self) -> Result<()> {
        for entity in entities(self.clients).chain([issuer()]) {
            let key = format!("{}/{}", entity.kind, entity.id);
            self.ledger.put(&key, Some(line(&entity, 1).as_bytes()));
        }
        self.ledger.advance(1)?;
        self.sign()
    }

    fn sign(&mut self) -> Result<()> {
        self.commit = self.ledger.commit_line(now_ms()? / 1_000, &self.key);
        Ok(())
    }

    fn keyring(&self) -> String {
        let keys = [self.key.public(None)];
        self.root.keyring_line(FEED, EPOCH, EPOCH, &keys)
    }

    fn write_all(&self, to: &mut impl Write) -> Result<()> {
        writeln!(to, "{}", self.keyring())?;
        for entity in entities(self.clients).chain([issuer()]) {
            writeln!(to, "{}", line(&entity, 1))?;
        }
        for (place, number) in self.changed.iter().enumerate() {
            writeln!(to, "{}", line(&client(*number, true), place as u64 + 2))?;
        }
        writeln!(to, "{}", self.commit)?;
        Ok(())
    }

    /// The next revision changes one client that has not changed yet; which revision that is, and when it was sent.
    fn change(&mut self) -> Result<(u64, u64)> {
        // Far apart, so that no two are neighbours in any map.
        let number = self.changed.len() * 7_919 % self.clients;
        self.changed.push(number);
        let (entity, revision) = (client(number, true), self.ledger.revision() + 1);
        let line = line(&entity, revision);
        self.ledger
            .put(&format!("client/{}", entity.id), Some(line.as_bytes()));
        self.ledger.advance(revision)?;
        self.sign()?;
        let lines = format!("{line}\n{}\n", self.commit);
        let chunk = format!("{:x}\r\n{lines}\r\n", lines.len());
        let sent_ms = now_ms()?;
        self.open
            .retain_mut(|stream| stream.write_all(chunk.as_bytes()).is_ok());
        Ok((revision, sent_ms))
    }

    fn answer(&mut self, mut stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut head = String::new();
        let mut from = BufReader::new(stream.try_clone()?);
        while !head.ends_with("\r\n\r\n") {
            if from.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        if !head.starts_with("GET ") {
            return report(&mut stream, &mut from, &head);
        }
        let position = format!("revision={}&", self.ledger.revision());
        let is_known = head.lines().next().is_some_and(|line| line.contains(&position));
        let said = if is_known { "resumed" } else { "reset" };
        write!(stream, "{HEAD}{said}\r\n\r\n")?;
        let mut out = BufWriter::with_capacity(CHUNK_BYTES, Chunked(stream.try_clone()?));
        match is_known {
            true => writeln!(out, "{}\n{}", self.keyring(), self.commit)?,
            false => self.write_all(&mut out)?,
        }
        out.flush()?;
        self.open.push(stream);
        Ok(())
    }
}

/// A gateway tells its fleet too; nobody listens to what it says.
fn report(stream: &mut TcpStream, from: &mut impl Read, head: &str) -> Result<()> {
    let lower = head.to_ascii_lowercase();
    let length = lower.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
    std::io::copy(&mut from.take(length.unwrap_or_default()), &mut std::io::sink())?;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    )?;
    Ok(())
}

/// Each write is a chunk.
struct Chunked(TcpStream);

impl Write for Chunked {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let head = format!("{:x}\r\n", bytes.len());
        self.0.write_all(&[head.as_bytes(), bytes, b"\r\n"].concat())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn line(entity: &Entity, revision: u64) -> String {
    record_line(&Record {
        feed: Cow::Borrowed(FEED),
        epoch: EPOCH,
        revision,
        kind: Cow::Borrowed(entity.kind),
        id: Cow::Borrowed(&entity.id),
        body: &entity.body,
        needs: Vec::new(),
    })
}

fn now_ms() -> Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(u64::try_from(since.as_millis())?)
}
