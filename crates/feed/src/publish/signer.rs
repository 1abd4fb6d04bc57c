//! Signs commits so that readers believe them: by the key that the keyring of the database names, and never without having judged the outcome as
//! a reader does.
//!
//! Private keys come in from outside; the keyring comes from the database, signed by a root.

use super::decide::Refusal;
use super::source::{Mark, Standing};
use crate::keys::{CommitError, Keyring, KeyringError, Roots};
use crate::line::{Commit, Line, Scratch};
use crate::sign::SigningKey;
use std::borrow::Cow;

/// Whose signatures count, and the keys that this process has.
#[derive(Debug)]
pub(super) struct Signer {
    roots: Roots,
    keys: Vec<SigningKey>,
    keyring: Option<(Box<[u8]>, Keyring)>,
}

impl Signer {
    pub(super) fn new(roots: Roots, keys: Vec<SigningKey>) -> Signer {
        Signer {
            roots,
            keys,
            keyring: None,
        }
    }

    pub(super) fn roots(&self) -> &Roots {
        &self.roots
    }

    pub(super) fn set_keys(&mut self, keys: Vec<SigningKey>) {
        self.keys = keys;
    }

    /// The keyring of the database is the one by which commits are signed from here on.
    pub(super) fn follow(&mut self, standing: &Standing) -> Result<(), Refusal> {
        if self.keyring.as_ref().is_some_and(|(line, keyring)| {
            **line == *standing.keyring && keyring.epoch() == standing.mark.epoch
        }) {
            return Ok(());
        }
        self.keyring = None;
        let Some(Line::Keyring(Some(line))) = Line::parse(&standing.keyring, &mut Scratch::default()) else {
            return Err(Refusal::NoKeyring);
        };
        let keyring = self.roots.keyring(&line, None).map_err(Refusal::Keyring)?;
        if keyring.epoch() != standing.mark.epoch {
            return Err(Refusal::NoKeyring);
        }
        self.keyring = Some((standing.keyring.clone(), keyring));
        Ok(())
    }

    /// Its version, if it is not below the one that the topic has.
    pub(super) fn version(&self, topic: Option<u64>) -> Result<u64, Refusal> {
        let (_, keyring) = self.keyring.as_ref().ok_or(Refusal::NoKeyring)?;
        match topic {
            Some(topic) if keyring.version() < topic => Err(Refusal::Keyring(KeyringError::Older)),
            _ => Ok(keyring.version()),
        }
    }

    pub(super) fn keyring_epoch(&self) -> Option<u64> {
        self.keyring.as_ref().map(|(_, keyring)| keyring.epoch())
    }

    pub(super) fn keyring_line(&self) -> &[u8] {
        self.keyring.as_ref().map_or(&[], |(line, _)| line)
    }

    /// The line of the commit of this mark, made at this Unix second.
    pub(super) fn commit(&self, mark: &Mark, at: u64) -> Result<String, Refusal> {
        let (_, keyring) = self.keyring.as_ref().ok_or(Refusal::NoKeyring)?;
        let mut refused = CommitError::Key;
        // The newest first: a key that is kept for a rotation ends.
        for key in self.keys.iter().rev() {
            let line = key.commit_line(&Commit {
                feed: Cow::Borrowed(self.roots.feed()),
                epoch: mark.epoch,
                revision: mark.revision,
                entities: mark.entities,
                digest: mark.digest,
                at,
                signed: None,
            });
            let judged = match Line::parse(line.as_bytes(), &mut Scratch::default()) {
                Some(Line::Commit(commit)) => keyring.judge(self.roots.feed(), &commit),
                _ => Err(CommitError::Feed),
            };
            match judged {
                Ok(()) => return Ok(line),
                // What is wrong with a key of the keyring says more than that another one is none of it.
                Err(CommitError::Key) => {}
                Err(error) => refused = error,
            }
        }
        Err(Refusal::Key(refused))
    }
}
