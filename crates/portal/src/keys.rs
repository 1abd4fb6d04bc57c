//! The portal's private keys: files that only its owner reads, or the environment; never the database.
//!
//! A root key signs keyrings and belongs off the machine. An online key signs commits. What is public of both is in the database.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use feed::{KeyLine, KeyringLine, Line, Roots, Scratch, SigningKey};
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Bytes of a key's file.
const FILE_BYTES_MAX: u64 = 16 * 1024;

const ROOT_NOTE: &str = "ROOT KEY. Whoever has it decides whom every gateway of this feed believes. It is needed to rotate \
    or revoke online keys and for a new epoch, and for nothing else: MOVE THIS FILE OFF THIS MACHINE, keep two copies in safe \
    places, and give it to `switchboard portal keys … --root-key FILE` when you need it.";
const ONLINE_NOTE: &str = "Online key: the portal signs commits with it. Where it was stolen, run `switchboard portal keys \
    revoke`; to replace it in good time, `switchboard portal keys rotate`.";

/// A key's file that cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error("{}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no key, or another feed's.
    #[error("{}: {what}", .path.display())]
    NoKey {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// None of the keyring's keys is here.
    #[error("feed {feed}: no private key of its keyring ({}) is in {} or in {variable}", .wanted.join(", "), .directory.display())]
    Missing {
        /// The feed.
        feed: String,
        /// The keys that would do.
        wanted: Vec<String>,
        /// Where they are looked for.
        directory: PathBuf,
        /// And the variable.
        variable: String,
    },
    /// What the database holds is no keyring.
    #[error("feed {feed}: the database holds no keyring that can be read")]
    NoKeyring {
        /// The feed.
        feed: String,
    },
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Use {
    Root,
    Online,
}

impl Use {
    fn word(self) -> &'static str {
        match self {
            Use::Root => "root",
            Use::Online => "online",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct File {
    note: String,
    feed: String,
    r#use: Use,
    id: String,
    /// 32 bytes (RFC 8032 §5.1.5), base64url.
    private: String,
}

/// Where keys are.
#[derive(Debug, Clone)]
pub(crate) struct KeyFiles {
    directory: PathBuf,
}

impl KeyFiles {
    /// Those below a portal's data directory.
    pub(crate) fn of(data: &Path) -> KeyFiles {
        KeyFiles {
            directory: data.join("keys"),
        }
    }

    /// Where a key's file is.
    pub(crate) fn path(&self, feed: &str, of_use: Use, id: &str) -> PathBuf {
        self.directory.join(format!("{feed}.{}.{id}.json", of_use.word()))
    }

    /// Makes a new key and its file, mode 0600, synced before it is used.
    pub(crate) fn make(&self, feed: &str, of_use: Use, id: &str) -> Result<SigningKey, KeyFileError> {
        let path = self.path(feed, of_use, id);
        let seed = crate::text::secret_bytes();
        let file = File {
            note: match of_use {
                Use::Root => ROOT_NOTE,
                Use::Online => ONLINE_NOTE,
            }
            .to_owned(),
            feed: feed.to_owned(),
            r#use: of_use,
            id: id.to_owned(),
            private: URL_SAFE_NO_PAD.encode(seed),
        };
        let text = serde_json::to_string_pretty(&file).expect("strings are JSON");
        write_private(&path, &format!("{text}\n")).map_err(|source| KeyFileError::Io {
            path: path.clone(),
            source,
        })?;
        SigningKey::from_seed(id, &seed).map_err(|_| KeyFileError::NoKey {
            path,
            what: "its id is none",
        })
    }

    /// The newest root key of a feed that is still here.
    pub(crate) fn newest_root(&self, feed: &str) -> Option<PathBuf> {
        let beginning = format!("{feed}.{}.", Use::Root.word());
        let entries = std::fs::read_dir(&self.directory).ok()?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let newest = names.filter(|name| name.starts_with(&beginning)).max()?;
        Some(self.directory.join(newest))
    }

    /// The key that signs commits under this keyring at this second: the last of its keys that is here and has not ended.
    pub(crate) fn online(&self, feed: &str, keyring: &str, at: u64) -> Result<SigningKey, KeyFileError> {
        let keys = keyring_keys(keyring).ok_or_else(|| KeyFileError::NoKeyring {
            feed: feed.to_owned(),
        })?;
        let fits = |key: &&KeyLine| key.not_after.is_none_or(|end| at <= end);
        // One that does not end before one that does.
        let mut wanted: Vec<&KeyLine> = keys.iter().filter(fits).collect();
        wanted.reverse();
        wanted.sort_by_key(|key| key.not_after.is_some());
        for key in &wanted {
            if let Some(found) = from_environment(feed, &key.id) {
                return Ok(found);
            }
            let path = self.path(feed, Use::Online, &key.id);
            if path.exists() {
                return read(&path, feed, Use::Online);
            }
        }
        Err(KeyFileError::Missing {
            feed: feed.to_owned(),
            wanted: wanted.iter().map(|key| key.id.to_string()).collect(),
            directory: self.directory.clone(),
            variable: variable(feed),
        })
    }
}

/// The keys that a keyring's line names.
pub(crate) fn keyring_keys(line: &str) -> Option<Vec<KeyLine>> {
    with_keyring(line, |keyring| keyring.keys.clone())
}

/// The roots that a line of them pins.
pub(crate) fn pinned(line: &str) -> Option<Roots> {
    match Line::parse(line.as_bytes(), &mut Scratch::default())? {
        Line::Roots(Some(roots)) => Some(Roots::pinned(&roots)),
        _ => None,
    }
}

/// What of a keyring's line is wanted.
pub(crate) fn with_keyring<T>(line: &str, take: impl FnOnce(&KeyringLine<'_>) -> T) -> Option<T> {
    match Line::parse(line.as_bytes(), &mut Scratch::default()) {
        Some(Line::Keyring(Some(keyring))) => Some(take(&keyring)),
        _ => None,
    }
}

/// Reads a key's file.
pub(crate) fn read(path: &Path, feed: &str, of_use: Use) -> Result<SigningKey, KeyFileError> {
    let io = |source| KeyFileError::Io {
        path: path.to_owned(),
        source,
    };
    let no_key = |what| KeyFileError::NoKey {
        path: path.to_owned(),
        what,
    };
    if std::fs::metadata(path).map_err(io)?.len() > FILE_BYTES_MAX {
        return Err(no_key("it is far larger than a key's file"));
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    let file: File =
        serde_json::from_str(&text).map_err(|_| no_key("this is no file that `portal keys` wrote"))?;
    if file.feed != feed {
        return Err(no_key("it is another feed's"));
    }
    if file.r#use != of_use {
        return Err(no_key(
            "it is a key for another use: root keys sign keyrings, online keys commits",
        ));
    }
    let seed = URL_SAFE_NO_PAD
        .decode(&file.private)
        .map_err(|_| no_key("its `private` is no base64url"))?;
    SigningKey::from_seed(&file.id, &seed).map_err(|_| no_key("its `private` has not 32 bytes"))
}

/// `ID:PRIVATE`, as a key's file has them.
fn from_environment(feed: &str, id: &str) -> Option<SigningKey> {
    let text = std::env::var(variable(feed)).ok()?;
    let (named, private) = text.split_once(':')?;
    let seed = URL_SAFE_NO_PAD.decode(private.trim()).ok()?;
    (named == id)
        .then(|| SigningKey::from_seed(id, &seed).ok())
        .flatten()
}

fn variable(feed: &str) -> String {
    format!("SWITCHBOARD_FEED_KEY_{}", feed.to_uppercase().replace('-', "_"))
}

/// Writes a file that only its owner reads, and only where there is none.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // The name as well, before anything relies on it.
    match path.parent() {
        Some(directory) => std::fs::File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}
