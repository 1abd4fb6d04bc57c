//! `switchboard policy verify FILE [--roots FILE]`: whether a floor, a bundle or a last known good holds, and by whose signature. Offline.
//!
//! A bundle and a last known good say nothing of roots: whose signatures count has to come from elsewhere, a floor above all.

use super::counted;
use crate::commands::screen::{FAINT, GOOD, ago, now_ms, now_s, utc};
use crate::commands::{UNREADABLE, report_error};
use anyhow::{Context as _, anyhow, bail};
use clap::Parser;
use feed::{Floor, Ignored, Line, Read, Reader, Roots, Scratch, read_floor};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const AFTER_HELP: &str = "\
Examples:
  switchboard policy verify policy.floor                          by the roots that it pins itself
  switchboard policy verify --roots policy.floor prod.bundle      by the roots of a floor that you trust

Exit code: 0 it holds; 1 it does not; 2 it cannot be read, or nothing says whose signatures count.";

/// What is checked: that a root signed the keyring, that a key of it signed the commit, and that number and digest of the records are the commit's.
#[derive(Debug, Parser)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Verify {
    /// A floor, a bundle, or a gateway's policy/last_known_good
    file: PathBuf,
    /// A file that begins with roots, such as a floor: only what they sign counts
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
    /// Print the answer for programs
    #[arg(long)]
    json: bool,
}

/// What was found to hold.
#[derive(Debug)]
struct Held {
    what: &'static str,
    feed: String,
    /// Nobody signed it.
    signed: Option<Signed>,
    epoch: u64,
    revision: u64,
    at: u64,
    digest: String,
    kinds: BTreeMap<String, usize>,
    skipped: u64,
    foreign: usize,
}

#[derive(Debug)]
struct Signed {
    root: String,
    roots: String,
}

impl Verify {
    /// Verifies and prints.
    #[allow(clippy::print_stdout, reason = "the answer is this command's output")]
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let read =
            |file: &Path| std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()));
        let unreadable = |error: anyhow::Error| {
            report_error(&error);
            Ok(ExitCode::from(UNREADABLE))
        };
        let bytes = match read(&self.file) {
            Ok(bytes) => bytes,
            Err(error) => return unreadable(error),
        };
        let pinned = match self
            .roots
            .as_deref()
            .map(|file| pinned(file, &read(file)?))
            .transpose()
        {
            Ok(pinned) => pinned,
            Err(error) => return unreadable(error),
        };
        if roots_of(&bytes).is_none() && pinned.is_none() && is_signed(&bytes) {
            return unreadable(anyhow!(
                "{} is signed and has no roots, as a bundle or a last known good: say --roots with a floor that you trust",
                self.file.display()
            ));
        }
        let held = match verify(&bytes, pinned.as_ref()) {
            Ok(held) => held,
            Err(error) => {
                if self.json {
                    println!("{}", json!({ "holds": false, "reason": format!("{error:#}") }));
                }
                report_error(&error.context(format!("{} does not hold", self.file.display())));
                return Ok(ExitCode::FAILURE);
            }
        };
        match self.json {
            true => println!("{}", held.to_json()),
            false => anstream::print!("{}: {}", self.file.display(), held.to_text()),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn first_line(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

fn roots_of(bytes: &[u8]) -> Option<Roots> {
    match Line::parse(first_line(bytes), &mut Scratch::default()) {
        Some(Line::Roots(Some(line))) => Some(Roots::pinned(&line)),
        _ => None,
    }
}

fn pinned(file: &Path, bytes: &[u8]) -> anyhow::Result<Roots> {
    roots_of(bytes).with_context(|| format!("{} does not begin with roots, as a floor does", file.display()))
}

fn is_signed(bytes: &[u8]) -> bool {
    let lines = bytes.split(|byte| *byte == b'\n');
    let mut scratch = Scratch::default();
    lines
        .take(2)
        .any(|line| matches!(Line::parse(line, &mut scratch), Some(Line::Keyring(_))))
}

fn verify(bytes: &[u8], pinned: Option<&Roots>) -> anyhow::Result<Held> {
    match (roots_of(bytes), pinned) {
        (Some(own), Some(pinned)) if own != *pinned => {
            bail!(
                "it pins other roots than those that you trust: it is another feed's, or its roots were changed"
            )
        }
        (None, Some(pinned)) => verify_by(bytes, pinned),
        _ => verify_floor(&read_floor(bytes)?),
    }
}

fn verify_floor(floor: &Floor<'_>) -> anyhow::Result<Held> {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for live in floor.live() {
        *kinds.entry(live.kind().to_owned()).or_default() += 1;
    }
    Ok(Held {
        what: "a floor",
        feed: floor.feed().to_owned(),
        signed: floor
            .roots()
            .map(|roots| signed(roots, floor.keyring_line().unwrap_or_default())),
        epoch: floor.epoch(),
        revision: floor.revision(),
        at: floor.at(),
        digest: floor.digest().to_string(),
        kinds,
        skipped: u64::try_from(floor.skipped()).unwrap_or(u64::MAX),
        foreign: floor.foreign(),
    })
}

fn signed(roots: &Roots, keyring: &[u8]) -> Signed {
    let root = match Line::parse(keyring, &mut Scratch::default()) {
        Some(Line::Keyring(Some(line))) => line.root.to_string(),
        _ => String::new(),
    };
    Signed {
        root,
        roots: roots.ids().collect::<Vec<_>>().join(", "),
    }
}

/// A bundle or a last known good, line by line as every reader takes it.
fn verify_by(bytes: &[u8], roots: &Roots) -> anyhow::Result<Held> {
    let mut reader = Reader::new(roots.clone());
    let mut live: BTreeMap<Box<str>, String> = BTreeMap::new();
    let (mut whole, mut at, mut why) = (0, 0, None);
    let now = now_s();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        // A line without its end was cut off.
        let Some(line) = line.strip_suffix(b"\n") else {
            continue;
        };
        match reader.line(line, now) {
            Read::Shown(shown) => {
                (whole, why) = (at, None);
                for (key, value) in shown.changes {
                    match value {
                        Some(_) => live.insert(key.clone(), kind_of(&key)),
                        None => live.remove(&key),
                    };
                }
            }
            Read::Renewed => (whole, why) = (at, None),
            Read::Ignored(ignored) => why = why.or_else(|| said(ignored)),
            Read::Kept | Read::Keyring => {}
        }
    }
    let Some(view) = reader.view().cloned() else {
        bail!(why.unwrap_or_else(|| {
            "no commit in it counts under these roots: it was cut off, or this is no such file".into()
        }));
    };
    if whole < bytes.len() {
        let left = bytes.len() - whole;
        let place = format!("revision {}:{} holds", view.epoch, view.revision);
        let rest = format!("the {left} bytes behind it do not");
        bail!(
            "{place}, {rest}{}: a bundle that was cut off or changed, or a last known good whose writer was killed (a gateway goes on from there)",
            why.map(|why| format!(" ({why})")).unwrap_or_default()
        );
    }
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for kind in live.into_values() {
        *kinds.entry(kind).or_default() += 1;
    }
    Ok(Held {
        what: "a bundle or a last known good",
        feed: reader.feed().to_owned(),
        signed: Some(signed(roots, reader.keyring_line())),
        epoch: view.epoch,
        revision: view.revision,
        at: view.at,
        digest: view.digest.to_string(),
        kinds,
        skipped: reader.skipped(),
        foreign: 0,
    })
}

fn kind_of(key: &str) -> String {
    key.split_once('/').map_or(key, |(kind, _)| kind).to_owned()
}

/// What of it is a reason to distrust the whole.
fn said(ignored: Ignored) -> Option<String> {
    Some(match ignored {
        Ignored::Keyring(error) => error.to_string(),
        Ignored::Commit(error) => error.to_string(),
        Ignored::Feed => "a record is another feed's".to_owned(),
        Ignored::NotWhole => {
            "number or digest of its records are not the commit's: some are missing, added or changed"
                .to_owned()
        }
        Ignored::Forked => "two commits of one revision say different things".to_owned(),
        Ignored::Full => "it holds more than a reader takes".to_owned(),
        Ignored::NoRecord | Ignored::Behind => return None,
    })
}

impl Held {
    fn to_text(&self) -> String {
        let now = now_ms();
        let kinds = self
            .kinds
            .iter()
            .flat_map(|(kind, count)| std::iter::repeat_n(kind.as_str(), *count));
        let mut text = format!("{GOOD}good{GOOD:#}, {} of the feed {}\n", self.what, self.feed);
        text += &match &self.signed {
            Some(signed) => format!(
                "  signed: keyring by root {}, of the pinned {}\n",
                signed.root, signed.roots
            ),
            None => "  not signed: as good as the place that it was kept in\n".to_owned(),
        };
        text += &format!(
            "  revision {}:{}, made {} {FAINT}({}){FAINT:#}\n",
            self.epoch,
            self.revision,
            utc(self.at),
            ago(self.at.saturating_mul(1_000), now)
        );
        text += &format!("  {}\n  digest {} holds\n", counted(kinds), self.digest);
        if self.skipped > 0 {
            text += &format!("  {} lines that are no record were skipped\n", self.skipped);
        }
        if self.foreign > 0 {
            text += &format!(
                "  {} records of another feed, epoch or later revision were left out\n",
                self.foreign
            );
        }
        text
    }

    fn to_json(&self) -> Value {
        json!({
            "holds": true,
            "feed": self.feed,
            "signed": self.signed.is_some(),
            "root": self.signed.as_ref().map(|signed| &signed.root),
            "epoch": self.epoch,
            "revision": self.revision,
            "at": self.at,
            "entities": self.kinds.values().sum::<usize>(),
            "kinds": self.kinds,
            "digest": self.digest,
            "skipped": self.skipped,
            "foreign": self.foreign,
        })
    }
}
