//! Whose signatures count: roots sign keyrings, the keys of a keyring sign commits (feed.md §1).
//!
//! Trust begins at the roots that a floor pins, with the feed's name, and is handed on by signatures alone: no clock is
//! asked, and nothing that a broker says of itself. Only what a signature covers is used of what it signs.

use crate::line::{Commit, KeyLine, KeyringLine, RootsLine, decoded};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

/// Who may sign the keyrings of which feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    feed: Box<str>,
    keys: Vec<KeyLine>,
}

/// Who may sign commits, in which epoch; made only of a line that a root signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyring {
    version: u64,
    epoch: u64,
    keys: Vec<KeyLine>,
}

/// Why a keyring does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// It is another feed's.
    #[error("the keyring is another feed's")]
    Feed,
    /// No pinned root has its `root`.
    #[error("the keyring is signed by a root that is not pinned")]
    Root,
    /// The signature does not hold.
    #[error("the keyring's signature does not hold")]
    Signature,
    /// A newer one was read already.
    #[error("the keyring is older than the one that counts")]
    Older,
    /// The one that counts has this version, and says something else.
    #[error("two keyrings have one version and are not the same")]
    Forked,
}

/// Why a commit does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// It is another feed's.
    #[error("the commit is another feed's")]
    Feed,
    /// No keyring came before it.
    #[error("no keyring says who may sign commits")]
    NoKeyring,
    /// It is of another epoch than the keyring's.
    #[error("the commit is of another epoch than the keyring")]
    Epoch,
    /// It has no key or no signature.
    #[error("the commit is not signed")]
    Unsigned,
    /// The keyring does not have its key.
    #[error("the commit is signed by a key that the keyring does not have")]
    Key,
    /// Its key had ended when it was made.
    #[error("the commit was made after its key had ended")]
    KeyEnded,
    /// The signature does not hold.
    #[error("the commit's signature does not hold")]
    Signature,
}

impl KeyringError {
    /// The word for it in vectors.
    pub fn word(self) -> &'static str {
        match self {
            KeyringError::Feed => "keyring_feed",
            KeyringError::Root => "keyring_root",
            KeyringError::Signature => "keyring_signature",
            KeyringError::Older => "keyring_older",
            KeyringError::Forked => "keyring_forked",
        }
    }
}

impl CommitError {
    /// The word for it in vectors.
    pub fn word(self) -> &'static str {
        match self {
            CommitError::Feed => "commit_feed",
            CommitError::NoKeyring => "commit_no_keyring",
            CommitError::Epoch => "commit_epoch",
            CommitError::Unsigned => "commit_unsigned",
            CommitError::Key => "commit_key",
            CommitError::KeyEnded => "commit_key_ended",
            CommitError::Signature => "commit_signature",
        }
    }
}

impl Roots {
    /// As line 1 of a floor pins them.
    pub fn pinned(line: &RootsLine<'_>) -> Roots {
        Roots {
            feed: line.feed.as_ref().into(),
            keys: line.roots.clone(),
        }
    }

    /// The feed that they are of.
    pub fn feed(&self) -> &str {
        &self.feed
    }

    #[cfg(test)]
    pub(crate) fn set_feed(&mut self, feed: &str) {
        self.feed = feed.into();
    }

    /// The ids of the keys.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| &*key.id)
    }

    /// The keyring of a line, where a root signed it. `held` is the one that counts so far: its version never goes back.
    ///
    /// # Errors
    /// Where it does not count, as [`KeyringError`] says.
    pub fn keyring(&self, line: &KeyringLine<'_>, held: Option<&Keyring>) -> Result<Keyring, KeyringError> {
        if line.feed != *self.feed {
            return Err(KeyringError::Feed);
        }
        let root = self.keys.iter().find(|root| *root.id == *line.root);
        let root = root.ok_or(KeyringError::Root)?;
        if !root.signed(line.covered.as_bytes(), &line.sig) || line.covered.is_empty() {
            return Err(KeyringError::Signature);
        }
        let keyring = Keyring {
            version: line.version,
            epoch: line.epoch,
            keys: line.keys.clone(),
        };
        match held {
            Some(held) if line.version < held.version => Err(KeyringError::Older),
            Some(held) if line.version == held.version && *held != keyring => Err(KeyringError::Forked),
            _ => Ok(keyring),
        }
    }
}

impl Keyring {
    /// Unix seconds of its making.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The epoch in which commits count.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether a commit of this feed counts under this keyring.
    ///
    /// # Errors
    /// Where it does not, as [`CommitError`] says.
    pub fn judge(&self, feed: &str, commit: &Commit<'_>) -> Result<(), CommitError> {
        if commit.feed != feed {
            return Err(CommitError::Feed);
        }
        if commit.epoch != self.epoch {
            return Err(CommitError::Epoch);
        }
        let signed = commit.signed.as_ref().ok_or(CommitError::Unsigned)?;
        let key = signed.key.as_deref().ok_or(CommitError::Unsigned)?;
        let sig = signed.sig.as_deref().ok_or(CommitError::Unsigned)?;
        let key = self.keys.iter().find(|held| *held.id == *key);
        let key = key.ok_or(CommitError::Key)?;
        if key.not_after.is_some_and(|last| commit.at > last) {
            return Err(CommitError::KeyEnded);
        }
        match key.signed(commit_text(commit, &key.id).as_bytes(), sig) {
            true => Ok(()),
            false => Err(CommitError::Signature),
        }
    }
}

impl KeyLine {
    fn signed(&self, message: &[u8], sig: &str) -> bool {
        let Some(sig) = decoded::<64>(sig) else {
            return false;
        };
        #[cfg(test)]
        if remembered::holds(&self.ed25519, message, &sig) {
            return true;
        }
        let key = UnparsedPublicKey::new(&ED25519, self.ed25519);
        key.verify(message, &sig).is_ok()
    }
}

/// What the signature of a commit covers.
pub(crate) fn commit_text(commit: &Commit<'_>, key: &str) -> String {
    let Commit {
        feed,
        epoch,
        revision,
        entities,
        digest,
        at,
        signed: _,
    } = commit;
    format!("v1|{feed}|{epoch}|{revision}|{entities}|{digest}|{at}|{key}")
}

/// What this thread signed itself holds: a simulation reads each commit hundreds of times, and would spend its time on arithmetic.
#[cfg(test)]
pub(crate) mod remembered {
    use std::cell::RefCell;
    use std::collections::HashSet;
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};

    /// Signatures that are remembered.
    const SIGNATURES_MAX: usize = 1 << 16;

    thread_local! {
        static SIGNED: RefCell<HashSet<u64>> = RefCell::default();
    }

    fn hash(key: &[u8], message: &[u8], sig: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        (key, message, sig).hash(&mut hasher);
        hasher.finish()
    }

    pub(crate) fn remember(key: &[u8], message: &[u8], sig: &[u8]) {
        SIGNED.with_borrow_mut(|signed| {
            if signed.len() >= SIGNATURES_MAX {
                signed.clear();
            }
            signed.insert(hash(key, message, sig))
        });
    }

    pub(super) fn holds(key: &[u8], message: &[u8], sig: &[u8]) -> bool {
        SIGNED.with_borrow(|signed| signed.contains(&hash(key, message, sig)))
    }
}
