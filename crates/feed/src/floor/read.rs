//! From the bytes of a floor to what its commit holds together; nothing of it is believed before signature, count and
//! digest hold.
//!
//! A floor that begins with roots is signed, and believed by them alone. One without is only as good as the place that it is kept
//! in; what is signed all the same is refused, since nobody says by whom it should be.

use crate::digest::{Digest, FeedDigest};
use crate::keys::{CommitError, Keyring, KeyringError, Roots};
use crate::line::{Commit, KeyringLine, Line, Scratch};
use policy::{Body, Change, Policy, Report};
use std::borrow::Cow;

/// Bytes of a floor: a million clients have about a third of it.
pub const FLOOR_BYTES_MAX: usize = 1 << 30;

/// A floor that holds.
#[derive(Debug, Clone)]
pub struct Floor<'a> {
    feed: Box<str>,
    epoch: u64,
    trust: Option<Trust<'a>>,
    revision: u64,
    at: u64,
    digest: FeedDigest,
    live: Vec<Live<'a>>,
    skipped: usize,
    foreign: usize,
}

/// By whom a floor is signed.
#[derive(Debug, Clone)]
struct Trust<'a> {
    roots: Roots,
    /// The keyring under which its commit counts, and the line of it.
    keyring: Option<(Keyring, &'a [u8])>,
    /// Why the last keyring that came does not count.
    refused: Option<KeyringError>,
}

/// One live record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live<'a> {
    kind: Cow<'a, str>,
    id: Cow<'a, str>,
    /// The body, and the whole line; `None`: a deletion.
    content: Option<(&'a str, &'a [u8])>,
    needs: Box<[Box<str>]>,
}

/// Why a floor is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FloorError {
    /// It is larger than [`FLOOR_BYTES_MAX`].
    #[error("the floor has {bytes} bytes, at most {FLOOR_BYTES_MAX} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// No line is a commit.
    #[error("the floor has no commit: it was cut off, or this is no floor")]
    NoCommit,
    /// It has a keyring or a signature, and does not begin with roots.
    #[error("the floor is signed, and does not begin with the roots that say by whom it should be")]
    Unpinned,
    /// No keyring before its commit counts.
    #[error("the floor has no keyring that counts before its commit")]
    Keyring(#[source] Option<KeyringError>),
    /// Its commit does not count.
    #[error("the floor's commit does not count")]
    Commit(#[source] CommitError),
    /// An unsigned commit names an epoch, which only a keyring gives.
    #[error("the floor's commit has the epoch {epoch}; without a signature it is 0")]
    Epoch {
        /// The epoch.
        epoch: u64,
    },
    /// Records or deletions stand behind the last commit.
    #[error("line {line} stands behind the commit, which does not hold for it")]
    BehindCommit {
        /// From 1.
        line: usize,
    },
    /// The number of live records is not the commit's.
    #[error("the floor has {found} live records, its commit counts {counted}{}", hint(*.line_ends))]
    Count {
        /// What the commit says.
        counted: u64,
        /// What is there.
        found: usize,
        /// Whether lines end in CR LF.
        line_ends: bool,
    },
    /// The digest of the live records is not the commit's.
    #[error("the floor's digest does not hold: a byte of it was changed{}", hint(*.line_ends))]
    Digest {
        /// Whether lines end in CR LF.
        line_ends: bool,
    },
}

fn hint(line_ends: bool) -> &'static str {
    match line_ends {
        true => " (its lines end in CR LF: something rewrote them; a floor is copied byte for byte)",
        false => "",
    }
}

impl FloorError {
    /// The word for it in vectors.
    pub fn word(&self) -> &'static str {
        match self {
            FloorError::TooLarge { .. } => "too_large",
            FloorError::NoCommit => "no_commit",
            FloorError::Unpinned => "unpinned",
            FloorError::Keyring(_) => "keyring",
            FloorError::Commit(_) => "commit",
            FloorError::Epoch { .. } => "epoch",
            FloorError::BehindCommit { .. } => "behind_commit",
            FloorError::Count { .. } => "count",
            FloorError::Digest { .. } => "digest",
        }
    }
}

/// Reads a floor, and believes it only as a whole.
///
/// # Errors
/// Where its commit does not hold, as [`FloorError`] says.
pub fn read_floor(bytes: &[u8]) -> Result<Floor<'_>, FloorError> {
    let unproven = read(bytes)?;
    let found = unproven.digest();
    unproven.prove(found)
}

/// Reads a floor and compiles it, and believes it only as a whole: while one thread compiles, another works out the
/// digest, and what was compiled is thrown away where that does not hold.
///
/// # Errors
/// As [`read_floor`].
pub fn load_floor(bytes: &[u8]) -> Result<(Floor<'_>, Policy, Vec<Report>), FloorError> {
    let unproven = read(bytes)?;
    let ((policy, reports), found) = std::thread::scope(|scope| {
        let work = || unproven.digest();
        let digesting = std::thread::Builder::new().spawn_scoped(scope, work);
        let compiled = unproven.floor.policy();
        // Where no thread can be had, or it failed, this one does its work.
        let found = digesting.ok().and_then(|digesting| digesting.join().ok());
        (compiled, found.unwrap_or_else(work))
    });
    Ok((unproven.prove(found)?, policy, reports))
}

fn read(bytes: &[u8]) -> Result<Unproven<'_>, FloorError> {
    if bytes.len() > FLOOR_BYTES_MAX {
        return Err(FloorError::TooLarge { bytes: bytes.len() });
    }
    let lines = Lines::of(bytes);
    let (commit_line, commit) = lines.last_commit().ok_or(FloorError::NoCommit)?;
    let mut read = Read {
        trust: lines.trust(),
        ..Read::default()
    };
    read.all(lines, commit_line, &commit)?;
    read.count_commit(&commit)?;
    read.judge(commit)
}

/// The lines of a floor, each with its number from 1.
#[derive(Clone)]
struct Lines<'a> {
    rest: Option<&'a [u8]>,
    number: usize,
}

impl<'a> Lines<'a> {
    fn of(bytes: &'a [u8]) -> Lines<'a> {
        // What stands behind the last LF is a line only if there is something.
        let whole = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        Lines {
            rest: (!whole.is_empty()).then_some(whole),
            number: 0,
        }
    }

    /// The roots of line 1.
    fn trust(&self) -> Option<Trust<'a>> {
        let (_, first) = self.clone().next()?;
        match Line::parse(first, &mut Scratch::default()) {
            Some(Line::Roots(Some(roots))) => Some(Trust {
                roots: Roots::pinned(&roots),
                keyring: None,
                refused: None,
            }),
            _ => None,
        }
    }

    /// Looked for from the end, where it is in every good floor.
    fn last_commit(&self) -> Option<(usize, Commit<'a>)> {
        let whole = self.rest?;
        let mut scratch = Scratch::default();
        let mut end = whole.len();
        loop {
            let before = whole.get(..end)?;
            let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
            if let Some(Line::Commit(commit)) = Line::parse(before.get(start..)?, &mut scratch) {
                let lines_before = memchr::memchr_iter(b'\n', whole.get(..start)?).count();
                return Some((lines_before + 1, commit));
            }
            end = start.checked_sub(1)?;
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<(usize, &'a [u8])> {
        let rest = self.rest?;
        self.number += 1;
        let end = memchr::memchr(b'\n', rest);
        self.rest = end.and_then(|end| rest.get(end + 1..));
        Some((self.number, end.and_then(|end| rest.get(..end)).unwrap_or(rest)))
    }
}

/// All changes, not yet believed.
#[derive(Default)]
struct Read<'a> {
    trust: Option<Trust<'a>>,
    /// A keyring came, or roots that are not believed, whatever they say.
    is_keyed: bool,
    changes: Vec<Live<'a>>,
    skipped: usize,
    foreign: usize,
    line_ends: bool,
}

impl<'a> Read<'a> {
    fn all(&mut self, lines: Lines<'a>, commit_line: usize, commit: &Commit<'_>) -> Result<(), FloorError> {
        let mut scratch = Scratch::default();
        let mut behind = None;
        for (number, line) in lines {
            self.line_ends |= line.ends_with(b"\r");
            match Line::parse(line, &mut scratch) {
                None => self.skipped += 1,
                Some(Line::Commit(_)) => {}
                // Those of line 1 were read before; others are believed by nobody, and make nothing of an unsigned floor.
                Some(Line::Roots(_)) if number == 1 && self.trust.is_some() => {}
                Some(Line::Roots(_)) => {
                    self.is_keyed = true;
                    self.skipped += 1;
                }
                Some(Line::Keyring(None)) => {
                    self.is_keyed = true;
                    self.skipped += 1;
                }
                Some(Line::Keyring(Some(keyring))) => {
                    self.is_keyed = true;
                    if number < commit_line
                        && let Some(trust) = &mut self.trust
                    {
                        trust.take(&keyring, line);
                    }
                }
                Some(change) => {
                    if number > commit_line {
                        behind = behind.or(Some(number));
                    }
                    self.take(change, line, commit);
                }
            }
        }
        match behind {
            Some(line) => Err(FloorError::BehindCommit { line }),
            None => Ok(()),
        }
    }

    fn take(&mut self, change: Line<'a>, line: &'a [u8], commit: &Commit<'_>) {
        match change {
            Line::Entity(record) => {
                let is_live = record.feed == commit.feed
                    && record.epoch == commit.epoch
                    && record.revision <= commit.revision;
                if !is_live {
                    self.foreign += 1;
                    return;
                }
                self.changes.push(Live {
                    kind: record.kind,
                    id: record.id,
                    content: Some((record.body, line)),
                    needs: record.needs.into(),
                });
            }
            Line::Deletion { kind, id } => self.changes.push(Live {
                kind,
                id,
                content: None,
                needs: Box::default(),
            }),
            Line::Commit(_) | Line::Keyring(_) | Line::Roots(_) => {}
        }
    }

    /// Whether the commit counts at all.
    fn count_commit(&self, commit: &Commit<'_>) -> Result<(), FloorError> {
        let Some(trust) = &self.trust else {
            return match () {
                () if self.is_keyed || commit.signed.is_some() => Err(FloorError::Unpinned),
                () if commit.epoch != 0 => Err(FloorError::Epoch { epoch: commit.epoch }),
                () => Ok(()),
            };
        };
        let (keyring, _) = trust.keyring.as_ref().ok_or(FloorError::Keyring(trust.refused))?;
        keyring
            .judge(trust.roots.feed(), commit)
            .map_err(FloorError::Commit)
    }

    fn judge(self, commit: Commit<'_>) -> Result<Unproven<'a>, FloorError> {
        let line_ends = self.line_ends;
        let mut live = self.changes;
        last_of_each(&mut live);
        if live.len() as u64 != commit.entities {
            let (counted, found) = (commit.entities, live.len());
            return Err(FloorError::Count {
                counted,
                found,
                line_ends,
            });
        }
        let floor = Floor {
            feed: commit.feed.into(),
            epoch: commit.epoch,
            trust: self.trust,
            revision: commit.revision,
            at: commit.at,
            digest: commit.digest,
            live,
            skipped: self.skipped,
            foreign: self.foreign,
        };
        Ok(Unproven { floor, line_ends })
    }
}

impl<'a> Trust<'a> {
    fn take(&mut self, keyring: &KeyringLine<'_>, line: &'a [u8]) {
        let held = self.keyring.as_ref().map(|(held, _)| held);
        match self.roots.keyring(keyring, held) {
            Ok(keyring) => self.keyring = Some((keyring, line)),
            Err(error) => self.refused = Some(error),
        }
    }
}

/// A floor whose digest was not worked out yet.
struct Unproven<'a> {
    floor: Floor<'a>,
    line_ends: bool,
}

impl<'a> Unproven<'a> {
    /// Of what is there.
    fn digest(&self) -> FeedDigest {
        let mut digest = Digest::default();
        for one in &self.floor.live {
            if let Some((_, line)) = one.content {
                digest.add(&one.kind, &one.id, line);
            }
        }
        digest.finish()
    }

    /// The floor, where this is the digest that its commit states.
    fn prove(self, found: FeedDigest) -> Result<Floor<'a>, FloorError> {
        match found == self.floor.digest {
            true => Ok(self.floor),
            false => Err(FloorError::Digest {
                line_ends: self.line_ends,
            }),
        }
    }
}

/// Of each key the last change, where that is no deletion; by key.
fn last_of_each(changes: &mut Vec<Live<'_>>) {
    // Stable, and linear where a floor is sorted already.
    changes.sort_by(|one, other| (&one.kind, &one.id).cmp(&(&other.kind, &other.id)));
    // From behind, so that what is kept of equal keys is the last.
    changes.reverse();
    changes.dedup_by(|earlier, later| earlier.kind == later.kind && earlier.id == later.id);
    changes.retain(|change| change.content.is_some());
    changes.reverse();
}

impl<'a> Floor<'a> {
    /// The feed's name.
    pub fn feed(&self) -> &str {
        &self.feed
    }

    /// The epoch; 0 in a floor without signature.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Who signs the keyrings of its feed; `None` in a floor without signature.
    pub fn roots(&self) -> Option<&Roots> {
        self.trust.as_ref().map(|trust| &trust.roots)
    }

    /// The line of the keyring under which its commit counts.
    pub fn keyring_line(&self) -> Option<&'a [u8]> {
        let keyring = self.trust.as_ref()?.keyring.as_ref();
        keyring.map(|(_, line)| *line)
    }

    /// Who signs its keyrings, and the keyring under which its commit counts, with its line.
    pub(crate) fn trust(&self) -> Option<(&Roots, &Keyring, &'a [u8])> {
        let trust = self.trust.as_ref()?;
        let (keyring, line) = trust.keyring.as_ref()?;
        Some((&trust.roots, keyring, line))
    }

    /// The revision; Unix seconds in a floor without signature.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// When it was made, Unix seconds.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The digest that was found to hold.
    pub fn digest(&self) -> FeedDigest {
        self.digest
    }

    /// The live records, by kind and id.
    pub fn live(&self) -> &[Live<'a>] {
        &self.live
    }

    /// The live records as changes, for whoever compiles them.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        self.live.iter().map(|live| Change::Put {
            kind: &live.kind,
            id: &live.id,
            body: Body::of_held_line(live.body()),
            needs: &live.needs,
        })
    }

    /// The policy, and what in it could not be taken as it is.
    pub fn policy(&self) -> (Policy, Vec<Report>) {
        Policy::build(self.changes())
    }

    /// Lines that are no record.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// Records of another feed or epoch, or of a later revision, which are not live.
    pub fn foreign(&self) -> usize {
        self.foreign
    }
}

impl<'a> Live<'a> {
    /// The kind; not always one that this reader knows.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The line.
    pub(crate) fn line(&self) -> &'a [u8] {
        self.content.map_or(b"", |(_, line)| line)
    }

    /// The body: a JSON object.
    pub fn body(&self) -> &'a str {
        self.content.map_or("{}", |(body, _)| body)
    }

    /// Words that a reader has to know.
    pub fn needs(&self) -> &[Box<str>] {
        &self.needs
    }
}
