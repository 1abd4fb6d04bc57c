//! The last key set of each issuer, in memory and, where there is a state directory, on disk.
//!
//! A gateway that starts while its issuer is down decides by what it had. A file is the set as it was fetched, under
//! the digest of issuer and address, so that a set can never serve for another; it is written whole or not at all.

use super::KEY_SET_BYTES_MAX;
use crate::whole_file;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Where a set came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetState {
    /// From nowhere: it was never had.
    Never,
    /// Off the disk, from before a restart.
    Stored,
    /// From the issuer.
    Fetched,
}

impl SetState {
    /// As `/ready` names it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            SetState::Never => "never",
            SetState::Stored => "stored",
            SetState::Fetched => "fetched",
        }
    }
}

/// The sets that are there.
#[derive(Debug, Default)]
pub(crate) struct KeyStore {
    directory: Option<PathBuf>,
    sets: Mutex<HashMap<Name, Option<Set>>>,
}

/// The digest of an issuer's `iss` and address.
type Name = [u8; 32];

#[derive(Debug, Clone)]
struct Set {
    bytes: Arc<[u8]>,
    state: SetState,
}

impl KeyStore {
    /// Over this state directory; in memory alone where there is none.
    pub(crate) fn new(state_dir: Option<&Path>) -> KeyStore {
        KeyStore {
            directory: state_dir.map(|directory| directory.join("keys")),
            sets: Mutex::default(),
        }
    }

    /// The last set of this issuer, off the disk where it was not fetched yet.
    pub(crate) fn last(&self, issuer: &str, jwks_uri: &str) -> Option<Arc<[u8]>> {
        let set = self.find(issuer, jwks_uri)?;
        Some(set.bytes)
    }

    /// Where the last set came from.
    pub(crate) fn state(&self, issuer: &str, jwks_uri: &str) -> SetState {
        self.find(issuer, jwks_uri)
            .map_or(SetState::Never, |set| set.state)
    }

    fn find(&self, issuer: &str, jwks_uri: &str) -> Option<Set> {
        let name = name(issuer, jwks_uri);
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        sets.entry(name).or_insert_with(|| self.read(&name)).clone()
    }

    fn read(&self, name: &Name) -> Option<Set> {
        let file = file(self.directory.as_ref()?, name);
        match read_bounded(&file) {
            Ok(bytes) => Some(Set {
                bytes: bytes.into(),
                state: SetState::Stored,
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::error!(%error, file = %file.display(), "a key set in the state directory cannot be read");
                None
            }
        }
    }

    /// Keeps a set that was fetched, and is good. A disk that fails keeps nobody from using it.
    pub(crate) fn keep(&self, issuer: &str, jwks_uri: &str, bytes: &Arc<[u8]>) {
        let name = name(issuer, jwks_uri);
        let set = Set {
            bytes: Arc::clone(bytes),
            state: SetState::Fetched,
        };
        let before = {
            let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
            sets.insert(name, Some(set))
        };
        if before.flatten().is_some_and(|before| before.bytes == *bytes) {
            return;
        }
        let Some(directory) = &self.directory else { return };
        if let Err(error) = whole_file::write(directory, &file(directory, &name), &[bytes]) {
            tracing::error!(%error, directory = %directory.display(), "a key set cannot be kept over a restart");
        }
    }

    /// Forgets a set off the disk that turned out not to be one.
    pub(crate) fn forget(&self, issuer: &str, jwks_uri: &str) {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        sets.insert(name(issuer, jwks_uri), None);
    }
}

fn name(issuer: &str, jwks_uri: &str) -> Name {
    let mut digest = Sha256::new();
    digest.update(issuer);
    // Neither of the two can hold one.
    digest.update([0]);
    digest.update(jwks_uri);
    digest.finalize().into()
}

fn file(directory: &Path, name: &Name) -> PathBuf {
    let mut text = String::with_capacity(69);
    for byte in name {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push_str(".json");
    directory.join(text)
}

fn read_bounded(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = KEY_SET_BYTES_MAX as u64;
    File::open(file)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() > KEY_SET_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "larger than a key set may be",
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn directory() -> PathBuf {
        let name = format!("switchboard-keys-{}-{:x}", std::process::id(), fastrand::u64(..));
        std::env::temp_dir().join(name)
    }

    #[test]
    fn a_set_outlives_a_restart_for_its_own_issuer_and_address_alone() {
        let state_dir = directory();
        let store = KeyStore::new(Some(&state_dir));
        assert_eq!(store.last("i", "u"), None);
        store.keep("i", "u", &Arc::from(*b"first"));
        store.keep("i", "u", &Arc::from(*b"second"));
        assert_eq!(store.state("i", "u"), SetState::Fetched);
        let after = KeyStore::new(Some(&state_dir));
        assert_eq!(after.last("i", "u").as_deref(), Some(&b"second"[..]));
        assert_eq!(after.state("i", "u"), SetState::Stored);
        for (issuer, jwks_uri) in [("i", "v"), ("j", "u"), ("iu", ""), ("", "iu")] {
            assert_eq!(after.last(issuer, jwks_uri), None, "{issuer} {jwks_uri}");
        }
        let files = fs::read_dir(state_dir.join("keys")).unwrap().count();
        assert_eq!(files, 1, "nothing half-written is left");
        fs::remove_dir_all(state_dir).unwrap();
    }

    #[test]
    fn a_huge_file_and_a_disk_that_fails_are_no_end() {
        let state_dir = directory();
        let store = KeyStore::new(Some(&state_dir));
        store.keep("i", "u", &Arc::from(*b"{}"));
        let file = fs::read_dir(state_dir.join("keys"))
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        fs::write(file.path(), vec![b' '; KEY_SET_BYTES_MAX + 1]).unwrap();
        assert_eq!(KeyStore::new(Some(&state_dir)).last("i", "u"), None);
        fs::remove_dir_all(&state_dir).unwrap();
        fs::write(&state_dir, "a file, not a directory").unwrap();
        let store = KeyStore::new(Some(&state_dir));
        store.keep("i", "u", &Arc::from(*b"{}"));
        assert_eq!(store.last("i", "u").as_deref(), Some(&b"{}"[..]));
        fs::remove_file(state_dir).unwrap();
    }
}
