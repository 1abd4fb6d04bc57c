//! One line after the other: what it means for what is shown.

use super::held::{Changes, Full, Held};
use super::state::{AHEAD_S_MAX, Bounds, State, View};
use crate::floor::Floor;
use crate::keys::{CommitError, Keyring, KeyringError, Roots};
#[cfg(test)]
use crate::line::KeyringLine;
use crate::line::{Commit, Line, Record, Scratch};

/// Reads one feed, from whichever carrier, and keeps what it may show.
#[derive(Debug)]
pub struct Reader {
    roots: Roots,
    keyring: Option<Keyring>,
    /// The line of the keyring that counts.
    keyring_line: Box<[u8]>,
    held: Held,
    view: Option<View>,
    /// The last commit that counted since the carrier began.
    last: Option<Last>,
    /// A feed said at least once what is shown. Until then it is a floor's word alone.
    heard: bool,
    forked: bool,
    skipped: u64,
    /// More came than is kept: nothing is taken until the carrier begins again.
    full: bool,
    #[cfg(test)]
    pub(crate) loosened: Option<Loosened>,
}

/// A rule that a test takes away, to see that the simulation finds out.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loosened {
    /// A commit counts whoever signed it.
    Signed,
    /// A commit shows whatever is there.
    Whole,
    /// A commit below the view shows.
    Forward,
    /// Beginning again keeps what is held: what expired meanwhile stays.
    Empty,
    /// Any commit that counts renews the age.
    Aged,
    /// A keyring counts, however old.
    Keyring,
    /// Another feed's lines are as good as this one's.
    Environment,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    is_view: bool,
    /// The highest place of all that counted.
    highest: (u64, u64),
}

/// What became of a line.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// It is kept; only a commit shows it.
    Kept,
    /// Another keyring counts.
    Keyring,
    /// The view changed.
    Shown(Shown),
    /// The view stays, and is known to be the newest at a later time.
    Renewed,
    /// It means nothing here.
    Ignored(Ignored),
}

impl Read {
    /// Whether a carrier that tells no end of its own is at its end: behind a commit, believed or not, or where nothing more is kept.
    pub fn is_end(&self) -> bool {
        match self {
            Read::Shown(_) | Read::Renewed => true,
            Read::Ignored(
                Ignored::Behind | Ignored::NotWhole | Ignored::Forked | Ignored::Commit(_) | Ignored::Full,
            ) => true,
            Read::Ignored(Ignored::NoRecord | Ignored::Feed | Ignored::Keyring(_)) => false,
            Read::Kept | Read::Keyring => false,
        }
    }
}

/// Why a line means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// It is no record, or its key is another's.
    NoRecord,
    /// A record of another feed.
    Feed,
    /// A keyring that does not count.
    Keyring(KeyringError),
    /// A commit that does not count.
    Commit(CommitError),
    /// A commit below the view.
    Behind,
    /// A commit whose records are not all there, or more than these: compaction may have taken what a later revision replaced.
    NotWhole,
    /// A commit of the view's epoch and revision with another digest.
    Forked,
    /// Nothing more is kept until the carrier begins again.
    Full,
}

impl Read {
    /// The word for it in vectors.
    pub fn word(&self) -> &'static str {
        match self {
            Read::Kept => "kept",
            Read::Keyring => "keyring",
            Read::Shown(_) => "shown",
            Read::Renewed => "renewed",
            Read::Ignored(ignored) => ignored.word(),
        }
    }
}

impl Ignored {
    /// The word for it in vectors.
    pub fn word(self) -> &'static str {
        match self {
            Ignored::NoRecord => "no_record",
            Ignored::Feed => "other_feed",
            Ignored::Keyring(error) => error.word(),
            Ignored::Commit(error) => error.word(),
            Ignored::Behind => "behind",
            Ignored::NotWhole => "not_whole",
            Ignored::Forked => "forked",
            Ignored::Full => "full",
        }
    }
}

/// A view that is to be shown from now on, and what it changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    /// The view.
    pub view: View,
    /// What it changes.
    pub changes: Changes,
    /// The line of the keyring under which it counted.
    pub keyring: Box<[u8]>,
    /// The line of the commit.
    pub commit: Box<[u8]>,
}

impl Reader {
    /// Of the feed whose keyrings these roots sign. Nothing is shown yet.
    pub fn new(roots: Roots) -> Reader {
        Reader {
            roots,
            keyring: None,
            keyring_line: Box::default(),
            held: Held::default(),
            view: None,
            last: None,
            heard: false,
            forked: false,
            skipped: 0,
            full: false,
            #[cfg(test)]
            loosened: None,
        }
    }

    /// Of a signed floor's feed, showing the floor; `None` where it is not signed. What [`crate::kept::begin`] gives without anything that was
    /// kept, at the cost of the digests alone.
    pub fn of_floor(floor: &Floor<'_>, now: u64) -> Option<Reader> {
        let (roots, keyring, keyring_line) = floor.trust()?;
        let mut reader = Reader::new(roots.clone());
        reader.keyring = Some(keyring.clone());
        reader.keyring_line = keyring_line.into();
        for live in floor.live() {
            let key = format!("{}/{}", live.kind(), live.id());
            reader
                .held
                .showing(&key, live.line(), floor.epoch(), floor.revision());
        }
        reader.view = Some(View {
            epoch: floor.epoch(),
            revision: floor.revision(),
            at: floor.at(),
            digest: floor.digest(),
            fresh_at: floor.at().min(now),
        });
        Some(reader)
    }

    /// What is shown.
    pub fn view(&self) -> Option<&View> {
        self.view.as_ref()
    }

    /// The line of the keyring that counts; empty before the first.
    pub fn keyring_line(&self) -> &[u8] {
        &self.keyring_line
    }

    /// The version of the keyring that counts.
    pub fn keyring_version(&self) -> Option<u64> {
        self.keyring.as_ref().map(Keyring::version)
    }

    /// The epoch that this keyring names.
    pub fn keyring_epoch(&self) -> Option<u64> {
        self.keyring.as_ref().map(Keyring::epoch)
    }

    /// The feed's name.
    pub fn feed(&self) -> &str {
        self.roots.feed()
    }

    /// Whether a feed ever said what is shown, also before a restart. What a floor alone said ages by other bounds.
    pub fn is_heard(&self) -> bool {
        self.heard
    }

    /// What was read last was no feed, but a floor, or what was kept of one.
    pub(crate) fn set_heard(&mut self, heard: bool) {
        self.heard = heard;
    }

    /// Lines that were no record.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The carrier begins again at the start of its log: what is shown stays, and nothing is laid over it.
    pub fn restart(&mut self) {
        #[cfg(test)]
        if self.loosened == Some(Loosened::Empty) {
            return;
        }
        self.held.restart();
        self.last = None;
        self.full = false;
    }

    /// The carrier goes on behind what is shown, as one does that was told [`Reader::view`] and knows it: what is shown counts as given. Where that is
    /// not so, the next commit does not hold, and the carrier begins again from the start.
    pub fn resume(&mut self) {
        let Some(view) = &self.view else {
            self.restart();
            return;
        };
        self.held.resume(view.epoch, view.revision);
        self.last = None;
        self.full = false;
    }

    /// A line of a file or of a stream, without its end; `now` in Unix seconds.
    pub fn line(&mut self, line: &[u8], now: u64) -> Read {
        match Line::parse(line, &mut Scratch::default()) {
            Some(parsed) => self.take(parsed, line, now),
            None => self.skip(),
        }
    }

    /// A record of a log: its key, and its value, which is absent where the key is deleted. Keyring and commit have a key of one word.
    pub fn record(&mut self, key: &str, value: Option<&[u8]>, now: u64) -> Read {
        let Some(value) = value else {
            return match key.contains('/') {
                true => self.keep(|held| held.delete(key)),
                false => Read::Ignored(Ignored::NoRecord),
            };
        };
        match Line::parse(value, &mut Scratch::default()) {
            // A record under another's key is not live: it would hide the one whose key that is.
            Some(Line::Entity(record)) if !is_key_of(key, &record) => self.skip(),
            Some(Line::Deletion { .. }) | None => self.skip(),
            Some(parsed) => self.take(parsed, value, now),
        }
    }

    fn skip(&mut self) -> Read {
        self.skipped += 1;
        Read::Ignored(Ignored::NoRecord)
    }

    fn take(&mut self, line: Line<'_>, bytes: &[u8], now: u64) -> Read {
        #[cfg(test)]
        self.loosen(&line);
        match line {
            Line::Entity(record) if record.feed != *self.roots.feed() => Read::Ignored(Ignored::Feed),
            Line::Entity(record) => {
                let key = format!("{}/{}", record.kind, record.id);
                self.keep(|held| held.put(&key, bytes, record.epoch, record.revision))
            }
            Line::Deletion { kind, id } => self.keep(|held| held.delete(&format!("{kind}/{id}"))),
            Line::Keyring(None) => self.skip(),
            Line::Keyring(Some(keyring)) => match self.roots.keyring(&keyring, self.keyring.as_ref()) {
                Ok(keyring) => {
                    self.keyring = Some(keyring);
                    self.keyring_line = bytes.into();
                    Read::Keyring
                }
                Err(error) => Read::Ignored(Ignored::Keyring(error)),
            },
            Line::Commit(commit) => self.commit(&commit, bytes, now),
            // Believed as line 1 of a floor, and nowhere else.
            Line::Roots(_) => self.skip(),
        }
    }

    #[cfg(test)]
    fn loosen(&mut self, line: &Line<'_>) {
        match (self.loosened, line) {
            (Some(Loosened::Keyring), Line::Keyring(Some(_))) => self.keyring = None,
            (Some(Loosened::Environment), Line::Keyring(Some(KeyringLine { feed, .. }))) => {
                self.roots.set_feed(feed);
            }
            _ => {}
        }
    }

    fn keep(&mut self, change: impl FnOnce(&mut Held) -> Result<(), Full>) -> Read {
        if self.full {
            return Read::Ignored(Ignored::Full);
        }
        match change(&mut self.held) {
            Ok(()) => Read::Kept,
            Err(Full) => {
                self.full = true;
                Read::Ignored(Ignored::Full)
            }
        }
    }

    fn commit(&mut self, commit: &Commit<'_>, bytes: &[u8], now: u64) -> Read {
        let judged = match &self.keyring {
            Some(keyring) => keyring.judge(self.roots.feed(), commit),
            None => Err(CommitError::NoKeyring),
        };
        #[cfg(test)]
        let judged = match self.loosened {
            Some(Loosened::Signed) => Ok(()),
            _ => judged,
        };
        if let Err(error) = judged {
            // Of this feed and not to be judged: a keyring was withheld, or somebody lies. What is shown is not known to be the last either way.
            if let (Some(last), true) = (&mut self.last, error != CommitError::Feed) {
                last.is_view = false;
            }
            return Read::Ignored(Ignored::Commit(error));
        }
        let read = self.weigh(commit, bytes, now);
        let is_view = match &read {
            Read::Shown(_) | Read::Renewed => true,
            Read::Ignored(Ignored::Behind) => self.is_view(commit),
            _ => false,
        };
        let place = (commit.epoch, commit.revision);
        let highest = self.last.map_or(place, |last| last.highest.max(place));
        self.last = Some(Last { is_view, highest });
        self.heard |= is_view;
        read
    }

    /// Whether a commit is of the view, though older than the newest of it.
    fn is_view(&self, commit: &Commit<'_>) -> bool {
        self.view.as_ref().is_some_and(|view| {
            (view.epoch, view.revision, view.digest) == (commit.epoch, commit.revision, commit.digest)
        })
    }

    /// A commit that counts, against the view: forward, whole, or neither.
    fn weigh(&mut self, commit: &Commit<'_>, bytes: &[u8], now: u64) -> Read {
        let place = (commit.epoch, commit.revision);
        let fresh_at = commit.at.min(now);
        if let Some(view) = &mut self.view {
            let shown = (view.epoch, view.revision);
            #[cfg(test)]
            let shown = match self.loosened {
                Some(Loosened::Forward) => (0, 0),
                _ => shown,
            };
            if place < shown {
                return Read::Ignored(Ignored::Behind);
            }
            if place == shown {
                if commit.digest != view.digest {
                    self.forked = true;
                    return Read::Ignored(Ignored::Forked);
                }
                #[cfg(test)]
                if self.loosened == Some(Loosened::Aged) {
                    view.fresh_at = now;
                }
                if commit.at <= view.at || commit.at > now.saturating_add(AHEAD_S_MAX) {
                    return Read::Ignored(Ignored::Behind);
                }
                view.at = commit.at;
                view.fresh_at = view.fresh_at.max(fresh_at);
                return Read::Renewed;
            }
        }
        if self.full {
            return Read::Ignored(Ignored::Full);
        }
        let is_whole = self.held.count(commit.epoch, commit.revision) == commit.entities
            && self.held.digest(commit.epoch, commit.revision) == commit.digest;
        #[cfg(test)]
        let is_whole = is_whole || self.loosened == Some(Loosened::Whole);
        if !is_whole {
            return Read::Ignored(Ignored::NotWhole);
        }
        let is_new_epoch = self.view.as_ref().is_none_or(|view| view.epoch != commit.epoch);
        let view = View {
            epoch: commit.epoch,
            revision: commit.revision,
            at: commit.at,
            digest: commit.digest,
            fresh_at,
        };
        self.view = Some(view.clone());
        self.forked = false;
        Read::Shown(Shown {
            view,
            changes: self.held.show(commit.epoch, commit.revision, is_new_epoch),
            keyring: self.keyring_line.clone(),
            commit: bytes.into(),
        })
    }

    /// Whether the last commit before the end that the carrier captured is the view, and none that counted was above it: an old one that is said
    /// again does not hide that there is a newer one. Where it is not, the carrier reads again from the start, after a while.
    pub fn is_at_view(&self) -> bool {
        let shown = self.view.as_ref().map(|view| (view.epoch, view.revision));
        self.last
            .is_some_and(|last| last.is_view && Some(last.highest) <= shown)
    }

    /// What may be said of the view. `at_end`: the carrier is connected and at the end that it captured.
    pub fn state(&self, at_end: bool, bounds: Bounds, now: u64) -> State {
        if self.forked {
            return State::Forked;
        }
        match &self.view {
            // Also where the carrier brings nothing that counts any more: who lies must not hide how old the view is.
            Some(view) if self.heard && view.age_s(now) > bounds.staleness_s_max => State::Stale,
            Some(_) if at_end && self.is_at_view() => State::Live,
            _ if self.heard || self.last.is_some() || at_end => State::CatchingUp,
            _ => State::Floor,
        }
    }
}

fn is_key_of(key: &str, record: &Record<'_>) -> bool {
    let id = key.strip_prefix(&*record.kind);
    id.and_then(|rest| rest.strip_prefix('/')) == Some(&*record.id)
}
