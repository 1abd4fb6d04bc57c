//! One line of a floor or a stream: an entity's record, a deletion, a commit, a keyring, roots (feed.md §1).
//!
//! What is none of these is no line to stop at: it is skipped and counted by whoever reads.

use crate::digest::FeedDigest;
use crate::json::{Member, members, string, strings, whole};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Bytes of a record's value, which is a line without its end.
pub const RECORD_BYTES_MAX: usize = 256 * 1024;

/// Bytes of the names of feeds and kinds.
const NAME_BYTES_MAX: usize = 64;
/// Keys of a keyring, and roots of a feed: rotation needs two or three.
pub const KEYS_MAX: usize = 16;
/// Bytes of an entity's id.
const ID_BYTES_MAX: usize = 128;

/// What a line is. Signatures are not judged here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    /// What an entity is from here on.
    Entity(Record<'a>),
    /// An entity is gone.
    Deletion {
        /// Its kind.
        kind: Cow<'a, str>,
        /// Its id.
        id: Cow<'a, str>,
    },
    /// All records before it, taken together.
    Commit(Commit<'a>),
    /// Who may sign commits; `None` where it is not said in full.
    Keyring(Option<KeyringLine<'a>>),
    /// Who may sign keyrings; `None` where it is not said in full.
    Roots(Option<RootsLine<'a>>),
}

/// The record of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// The feed's name.
    pub feed: Cow<'a, str>,
    /// The epoch; 0 where nothing is signed.
    pub epoch: u64,
    /// The revision that it came with.
    pub revision: u64,
    /// The kind; not always one that this reader knows.
    pub kind: Cow<'a, str>,
    /// The id.
    pub id: Cow<'a, str>,
    /// The body: a JSON object, as it is written.
    pub body: &'a str,
    /// Words that a reader has to know.
    pub needs: Vec<Box<str>>,
}

/// What holds of all live records together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit<'a> {
    /// The feed's name.
    pub feed: Cow<'a, str>,
    /// The epoch; 0 where nothing is signed.
    pub epoch: u64,
    /// The revision; Unix seconds in an unsigned floor.
    pub revision: u64,
    /// How many live records there are.
    pub entities: u64,
    /// The digest of all of them.
    pub digest: FeedDigest,
    /// When it was made, Unix seconds.
    pub at: u64,
    /// The key that signed it, and the signature as it is written; `None` where it has neither.
    pub signed: Option<Signed<'a>>,
}

/// By which key a commit is signed, and how; each absent where the line lacks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The id of the key.
    pub key: Option<Cow<'a, str>>,
    /// The signature, base64url.
    pub sig: Option<Cow<'a, str>>,
}

/// Who may sign commits, as a line says it; whether that may be believed is for `trust`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyringLine<'a> {
    /// The feed's name.
    pub feed: Cow<'a, str>,
    /// Unix seconds of its making; never goes back.
    pub version: u64,
    /// The epoch in which commits count.
    pub epoch: u64,
    /// The keys.
    pub keys: Vec<KeyLine>,
    /// The root that signed it.
    pub root: Cow<'a, str>,
    /// The signature, base64url.
    pub sig: Cow<'a, str>,
    /// What the signature covers: all before it. Nothing where it is not the last member.
    pub covered: &'a str,
}

/// One public key, as a line has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLine {
    /// Its id.
    pub id: Box<str>,
    /// The key (RFC 8032 §5.1.5).
    pub ed25519: [u8; 32],
    /// The last `at` of a commit that it may sign.
    pub not_after: Option<u64>,
}

/// Who may sign keyrings, as line 1 of a floor may say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootsLine<'a> {
    /// The feed's name.
    pub feed: Cow<'a, str>,
    /// The keys.
    pub roots: Vec<KeyLine>,
}

/// Whether a text is the name of a feed: `[a-z0-9-]{1,64}`.
pub fn is_feed_name(text: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_name)
}

fn is_id(text: &str) -> bool {
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_id)
}

impl<'a> Line<'a> {
    /// What the bytes of a line are, without its end; `None` where it is no record. `scratch` only saves allocations.
    pub fn parse<'s>(bytes: &'a [u8], scratch: &'s mut Scratch<'a>) -> Option<Line<'a>> {
        if bytes.len() > RECORD_BYTES_MAX {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?;
        members(text, &mut scratch.0)?;
        let found = Found(&scratch.0);
        if found.get("kind").is_some() {
            return found.record().map(Line::Entity);
        }
        if found.get("deleted").is_some() {
            return found.deletion();
        }
        if found.get("digest").is_some() {
            return found.commit().map(Line::Commit);
        }
        if found.get("keys").is_some() {
            return Some(Line::Keyring(found.keyring(text)));
        }
        found.get("roots").map(|_| Line::Roots(found.roots()))
    }
}

/// Memory that lines are read with.
#[derive(Debug, Default)]
pub struct Scratch<'a>(Vec<Member<'a>>);

struct Found<'s, 'a>(&'s [Member<'a>]);

impl<'a> Found<'_, 'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        let member = self.0.iter().find(|(member, _)| member == name);
        member.map(|(_, value)| *value)
    }

    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        string(self.get(name)?)
    }

    fn whole(&self, name: &str) -> Option<u64> {
        whole(self.get(name)?)
    }

    fn feed(&self) -> Option<Cow<'a, str>> {
        self.text("feed").filter(|feed| is_feed_name(feed))
    }

    fn record(&self) -> Option<Record<'a>> {
        Some(Record {
            feed: self.feed()?,
            epoch: self.whole("epoch")?,
            revision: self.whole("revision")?,
            kind: self.text("kind").filter(|kind| is_feed_name(kind))?,
            id: self.text("id").filter(|id| is_id(id))?,
            body: self.get("body").filter(|body| body.starts_with('{'))?,
            needs: match self.get("needs") {
                Some(needs) => strings(needs)?,
                None => Vec::new(),
            },
        })
    }

    fn deletion(&self) -> Option<Line<'a>> {
        if self.get("deleted") != Some("true") {
            return None;
        }
        let (kind, id) = match self.text("key")? {
            Cow::Borrowed(key) => {
                let (kind, id) = key.split_once('/')?;
                (Cow::Borrowed(kind), Cow::Borrowed(id))
            }
            Cow::Owned(key) => {
                let (kind, id) = key.split_once('/')?;
                (Cow::Owned(kind.to_owned()), Cow::Owned(id.to_owned()))
            }
        };
        (is_feed_name(&kind) && is_id(&id)).then_some(Line::Deletion { kind, id })
    }

    fn commit(&self) -> Option<Commit<'a>> {
        Some(Commit {
            feed: self.feed()?,
            epoch: self.whole("epoch")?,
            revision: self.whole("revision")?,
            entities: self.whole("entities")?,
            digest: FeedDigest::parse(&self.text("digest")?)?,
            at: self.whole("at")?,
            signed: self.signed(),
        })
    }

    /// Whether it says to be signed, and what of that can be read.
    fn signed(&self) -> Option<Signed<'a>> {
        let says = self.get("key").is_some() || self.get("sig").is_some();
        says.then(|| Signed {
            key: self.text("key"),
            sig: self.text("sig"),
        })
    }

    fn keyring(&self, line: &'a str) -> Option<KeyringLine<'a>> {
        let sig = self.text("sig")?;
        let covered = line
            .strip_suffix("\"}")
            .and_then(|line| line.strip_suffix(&*sig))
            .and_then(|line| line.strip_suffix(r#","sig":""#));
        Some(KeyringLine {
            feed: self.feed()?,
            version: self.whole("version")?,
            epoch: self.whole("epoch")?,
            keys: keys(self.get("keys")?)?,
            root: self.text("root").filter(|root| is_feed_name(root))?,
            sig,
            covered: covered.unwrap_or_default(),
        })
    }

    fn roots(&self) -> Option<RootsLine<'a>> {
        Some(RootsLine {
            feed: self.feed()?,
            roots: keys(self.get("roots")?)?,
        })
    }
}

/// A list of public keys, none twice; `None` where one of them is none.
fn keys(value: &str) -> Option<Vec<KeyLine>> {
    let listed: Vec<&RawValue> = serde_json::from_str(value).ok()?;
    if listed.len() > KEYS_MAX {
        return None;
    }
    let mut found: Vec<KeyLine> = Vec::with_capacity(listed.len());
    let mut scratch = Vec::new();
    for one in listed {
        members(one.get(), &mut scratch)?;
        let one = Found(&scratch);
        let id = one.text("id").filter(|id| is_feed_name(id))?;
        if found.iter().any(|earlier| *earlier.id == *id) {
            return None;
        }
        let not_after = match one.get("not_after") {
            Some(value) => Some(whole(value)?),
            None => None,
        };
        found.push(KeyLine {
            id: id.into(),
            ed25519: decoded(&one.text("ed25519")?)?,
            not_after,
        });
    }
    Some(found)
}

/// Bytes of a fixed number from base64url without padding (RFC 4648 §5), in its one spelling.
pub(crate) fn decoded<const N: usize>(text: &str) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// The value of an entity's record.
pub fn record_line(record: &Record<'_>) -> String {
    let mut line = String::new();
    write_record(record, &mut line);
    line
}

/// The value of an entity's record, as it is written. Feed, kind and id have no character that JSON would escape.
pub(crate) fn write_record(record: &Record<'_>, out: &mut String) {
    let Record {
        feed,
        epoch,
        revision,
        kind,
        id,
        body,
        needs,
    } = record;
    // Writing to a string never fails.
    let _ = write!(
        out,
        r#"{{"feed":"{feed}","epoch":{epoch},"revision":{revision},"kind":"{kind}","id":"{id}","body":{body}"#
    );
    if !needs.is_empty() {
        let needs = serde_json::to_string(needs).expect("strings are JSON");
        let _ = write!(out, r#","needs":{needs}"#);
    }
    out.push('}');
}

/// The value of a commit, with its key and signature where it has them.
pub(crate) fn write_commit(commit: &Commit<'_>, out: &mut String) {
    let Commit {
        feed,
        epoch,
        revision,
        entities,
        digest,
        at,
        signed,
    } = commit;
    let _ = write!(
        out,
        r#"{{"feed":"{feed}","epoch":{epoch},"revision":{revision},"entities":{entities},"digest":"{digest}","at":{at}"#
    );
    if let Some(Signed { key, sig }) = signed {
        for (name, value) in [("key", key), ("sig", sig)] {
            if let Some(value) = value {
                let _ = write!(out, r#","{name}":"{value}""#);
            }
        }
    }
    out.push('}');
}
