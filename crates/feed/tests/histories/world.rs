//! Keys, and the lines that are signed with them, for histories. Private keys are made of one byte each; they open nothing.

use base64::Engine as _;
use feed::{Commit, Digest, SigningKey, roots_line};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// When histories begin.
pub(crate) const NOW: u64 = 1_763_900_000;
/// The first epoch.
pub(crate) const EPOCH: u64 = 1_763_000_000;
pub(crate) const FEED: &str = "acme-prod";

/// A record: key, and body.
pub(crate) type Record<'a> = (&'a str, &'a str);

/// A private key with its id.
pub(crate) fn key(id: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(id, &[seed; 32]).unwrap()
}

/// Who signs keyrings.
pub(crate) fn root() -> SigningKey {
    key("r1", 1)
}

/// Who signs commits.
pub(crate) fn signer() -> SigningKey {
    key("2026-a", 2)
}

pub(crate) fn roots() -> String {
    roots_line(FEED, &[root().public(None)])
}

/// The keyring of an epoch, of this version, with the usual key.
pub(crate) fn keyring(version: u64, epoch: u64) -> String {
    root().keyring_line(FEED, version, epoch, &[signer().public(None)])
}

pub(crate) fn record(epoch: u64, revision: u64, (key, body): Record<'_>) -> String {
    let (kind, id) = key.split_once('/').unwrap();
    format!(
        r#"{{"feed":"{FEED}","epoch":{epoch},"revision":{revision},"kind":"{kind}","id":"{id}","body":{body}}}"#
    )
}

pub(crate) fn deletion(key: &str) -> String {
    format!(r#"{{"key":"{key}","deleted":true}}"#)
}

/// A commit of these lines, by this key.
pub(crate) fn commit_by(
    signer: &SigningKey,
    (epoch, revision, at): (u64, u64, u64),
    live: &[(&str, &str)],
) -> String {
    let mut digest = Digest::default();
    for (key, line) in live {
        let (kind, id) = key.split_once('/').unwrap();
        digest.add(kind, id, line.as_bytes());
    }
    signer.commit_line(&Commit {
        feed: Cow::Borrowed(FEED),
        epoch,
        revision,
        entities: live.len() as u64,
        digest: digest.finish(),
        at,
        signed: None,
    })
}

pub(crate) fn commit(place: (u64, u64, u64), live: &[(&str, &str)]) -> String {
    commit_by(&signer(), place, live)
}

/// A case that is written.
pub(crate) struct Written<'a> {
    lines: &'a mut BTreeMap<String, String>,
    name: &'static str,
    shows: &'static str,
    floor: Vec<String>,
    steps: Vec<Value>,
}

impl<'a> Written<'a> {
    pub(crate) fn new(
        lines: &'a mut BTreeMap<String, String>,
        name: &'static str,
        shows: &'static str,
        floor: &[&str],
    ) -> Written<'a> {
        let mut written = Written {
            lines,
            name,
            shows,
            floor: Vec::new(),
            steps: Vec::new(),
        };
        written.floor = floor.iter().map(|line| written.named(line)).collect();
        written
    }

    /// The name under which a line is told: what it is, and a few letters of it that no other has.
    fn named(&mut self, line: &str) -> String {
        let parsed: Map<String, Value> = serde_json::from_str(line).unwrap_or_default();
        let text = |member: &str| match parsed.get(member) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        };
        let what = match () {
            () if parsed.contains_key("kind") => {
                format!("{}/{}@{}", text("kind"), text("id"), text("revision"))
            }
            () if parsed.contains_key("deleted") => format!("delete {}", text("key")),
            () if parsed.contains_key("digest") => format!("commit@{}", text("revision")),
            () if parsed.contains_key("keys") => format!("keyring@{}", text("version")),
            () if parsed.contains_key("roots") => "roots".to_owned(),
            () => "other".to_owned(),
        };
        let sum = sum_of(line);
        let name = format!("{what} {sum}");
        if let Some(before) = self.lines.insert(name.clone(), line.to_owned()) {
            assert_eq!(before, line, "two lines have one name");
        }
        name
    }

    /// A line that shows nothing.
    pub(crate) fn line(mut self, line: &str, now: u64, read: &str) -> Self {
        let name = self.named(line);
        self.steps
            .push(json!({ "do": "line", "line": name, "now": now, "read": read }));
        self
    }

    /// Lines that are kept.
    pub(crate) fn kept(self, lines: &[&str], now: u64) -> Self {
        lines
            .iter()
            .fold(self, |written, line| written.line(line, now, "kept"))
    }

    /// A commit that shows these changes.
    pub(crate) fn shown(mut self, line: &str, now: u64, changes: &[(&str, Option<&str>)]) -> Self {
        let name = self.named(line);
        let changes: BTreeMap<&str, Option<&str>> = changes.iter().copied().collect();
        self.steps
            .push(json!({ "do": "line", "line": name, "now": now, "read": "shown", "changes": changes }));
        self
    }

    pub(crate) fn restart(mut self) -> Self {
        self.steps.push(json!({ "do": "restart" }));
        self
    }

    /// What is said with 60 s of `max_staleness_s`; `view`: epoch, revision, at, fresh_at.
    pub(crate) fn state(mut self, at_end: bool, now: u64, state: &str, view: Option<[u64; 4]>) -> Self {
        let view = view.map(|[epoch, revision, at, fresh_at]| {
            json!({ "epoch": epoch, "revision": revision, "at": at, "fresh_at": fresh_at })
        });
        self.steps.push(
            json!({ "do": "state", "at_end": at_end, "max_staleness_s": 60, "now": now,
            "state": state, "view": view }),
        );
        self
    }

    pub(crate) fn end(self) -> Value {
        json!({ "name": self.name, "shows": self.shows, "floor": self.floor, "steps": self.steps })
    }
}

fn sum_of(line: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, line.as_bytes());
    let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest);
    text.chars().take(6).collect()
}

/// The file's text: a line for each line and each step, so that a change of it can be read.
pub(crate) fn written(file: &Value) -> String {
    let mut out = format!("{{\n  \"about\": {},\n  \"lines\": {{\n", file["about"]);
    let lines: Vec<String> = file["lines"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, line)| format!("    {}: {line}", Value::from(name.as_str())))
        .collect();
    out.push_str(&lines.join(",\n"));
    out.push_str("\n  },\n  \"cases\": [\n");
    let cases: Vec<String> = file["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| {
            let steps: Vec<String> = case["steps"]
                .as_array()
                .unwrap()
                .iter()
                .map(|step| format!("        {step}"))
                .collect();
            format!(
                "    {{\n      \"name\": {},\n      \"shows\": {},\n      \"floor\": {},\n      \"steps\": [\n{}\n      ]\n    }}",
                case["name"],
                case["shows"],
                case["floor"],
                steps.join(",\n")
            )
        })
        .collect();
    out.push_str(&cases.join(",\n"));
    out.push_str("\n  ]\n}\n");
    out
}
