//! One transaction with its commit: what goes into it, in which order, and what is refused before anything of it is sent.

use super::automaton::Position;
use super::decide::Refusal;
use super::signer::Signer;
use super::source::{Change, Mark, REVISION_BYTES_MAX, REVISION_RECORDS_MAX, Revision, Sent};
use crate::line::{Line, Scratch};

/// A transaction that ends in a commit.
#[derive(Debug)]
pub(super) struct Sending {
    /// Taken by whoever sends them.
    pub(super) records: Vec<Sent>,
    pub(super) mark: Mark,
    pub(super) at: u64,
    pub(super) commit: Box<[u8]>,
    pub(super) keyring: u64,
}

impl Sending {
    /// Where the topic is, once it is committed.
    pub(super) fn position(&self) -> Position {
        Position {
            mark: self.mark,
            at: self.at,
            keyring: Some(self.keyring),
        }
    }
}

#[cfg(test)]
impl Sending {
    /// The same, made at another time.
    pub(super) fn made(mut self, signer: &Signer, at: u64) -> Result<Sending, Refusal> {
        self.at = at;
        self.commit = signer.commit(&self.mark, at)?.into_bytes().into_boxed_slice();
        self.records.pop();
        self.records
            .push((b"commit"[..].into(), Some(self.commit.clone())));
        Ok(self)
    }
}

/// These records, the keyring where the topic has another one, the commit.
pub(super) fn signed(
    signer: &Signer,
    position: Option<Position>,
    mark: Mark,
    mut records: Vec<Sent>,
    now_ms: u64,
) -> Result<Sending, Refusal> {
    let keyring = signer.version(position.and_then(|position| position.keyring))?;
    // The same place never goes back in time, whatever this clock says (feed.md §2, rule 3).
    let same = position.filter(|position| position.mark == mark);
    let at = (now_ms / 1_000).max(same.map_or(0, |position| position.at + 1));
    let commit = signer.commit(&mark, at)?.into_bytes().into_boxed_slice();
    if position.and_then(|position| position.keyring) != Some(keyring) {
        records.push((b"keyring"[..].into(), Some(signer.keyring_line().into())));
    }
    records.push((b"commit"[..].into(), Some(commit.clone())));
    Ok(Sending {
        records,
        mark,
        at,
        commit,
        keyring,
    })
}

/// The records of the revision that follows this position, if a reader would take them.
pub(super) fn judged(revision: &Revision, position: &Position, feed: &str) -> Result<Vec<Sent>, Refusal> {
    let Revision {
        before,
        after,
        changes,
    } = revision;
    if *before != position.mark {
        // It was put back while this process ran, and went another way.
        return Err(Refusal::Differs {
            epoch: position.mark.epoch,
            revision: position.mark.revision,
        });
    }
    if (after.epoch, after.revision) != (before.epoch, before.revision + 1) {
        return Err(Refusal::Broken {
            revision: after.revision,
        });
    }
    let size = |(key, value): &Change| key.len() + value.as_deref().map_or(0, <[u8]>::len);
    let bytes: usize = changes.iter().map(size).sum();
    if changes.len() > REVISION_RECORDS_MAX || bytes > REVISION_BYTES_MAX {
        return Err(Refusal::TooLarge {
            revision: after.revision,
            records: changes.len(),
            bytes,
        });
    }
    let refused = changes
        .iter()
        .find(|(key, value)| !is_taken(key, value.as_deref(), after, feed));
    if let Some((key, _)) = refused {
        return Err(Refusal::Record { key: key.clone() });
    }
    let sent = |(key, value): &Change| (key.as_bytes().into(), value.clone());
    Ok(changes.iter().map(sent).collect())
}

/// Whether a reader would take a record as this feed's, in this epoch and not ahead of its commit.
fn is_taken(key: &str, value: Option<&[u8]>, after: &Mark, feed: &str) -> bool {
    let Some(value) = value else {
        return key.contains('/');
    };
    match Line::parse(value, &mut Scratch::default()) {
        Some(Line::Entity(record)) => {
            record.feed == *feed
                && record.epoch == after.epoch
                && record.revision <= after.revision
                && key.split_once('/') == Some((&*record.kind, &*record.id))
        }
        _ => false,
    }
}
