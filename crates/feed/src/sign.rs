//! What a publisher signs: keyrings with a root key, commits with a key of the keyring (feed.md §1).
//!
//! Private keys come in from outside and are never written here.

use crate::keys::commit_text;
use crate::line::{Commit, KeyLine, Signed, write_commit};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// A private key (RFC 8032) and its id.
pub struct SigningKey {
    id: Box<str>,
    pair: Ed25519KeyPair,
}

/// A private key that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a private key is 32 bytes (RFC 8032 §5.1.5), and its id 1 to 64 of a-z, 0-9 and `-`")]
pub struct KeyError;

impl SigningKey {
    /// From the 32 bytes of a private key (RFC 8032 §5.1.5).
    ///
    /// # Errors
    /// Where it is none, or the id is no id.
    pub fn from_seed(id: &str, seed: &[u8]) -> Result<SigningKey, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError)?;
        match crate::line::is_feed_name(id) {
            true => Ok(SigningKey { id: id.into(), pair }),
            false => Err(KeyError),
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its public half, for a keyring or for roots; `not_after` is the last `at` that it may sign.
    pub fn public(&self, not_after: Option<u64>) -> KeyLine {
        let bytes = self.pair.public_key().as_ref();
        KeyLine {
            id: self.id.clone(),
            ed25519: bytes.try_into().expect("a public key of Ed25519 has 32 bytes"),
            not_after,
        }
    }

    fn sign(&self, message: &str) -> String {
        let sig = self.pair.sign(message.as_bytes());
        #[cfg(test)]
        crate::keys::remembered::remember(self.pair.public_key().as_ref(), message.as_bytes(), sig.as_ref());
        URL_SAFE_NO_PAD.encode(sig)
    }

    /// The line of a commit, signed with this key. What `commit` says of signatures is not looked at.
    pub fn commit_line(&self, commit: &Commit<'_>) -> String {
        let sig = self.sign(&commit_text(commit, &self.id));
        let signed = Commit {
            signed: Some(Signed {
                key: Some(Cow::Borrowed(&self.id)),
                sig: Some(Cow::Owned(sig)),
            }),
            ..commit.clone()
        };
        let mut line = String::new();
        write_commit(&signed, &mut line);
        line
    }

    /// The line of a keyring, signed with this key as a root. `version` and `epoch` are Unix seconds of their making.
    pub fn keyring_line(&self, feed: &str, version: u64, epoch: u64, keys: &[KeyLine]) -> String {
        let mut line = format!(r#"{{"feed":"{feed}","version":{version},"epoch":{epoch},"keys":["#);
        write_keys(keys, &mut line);
        // Writing to a string never fails.
        let _ = write!(line, r#"],"root":"{}""#, self.id);
        let sig = self.sign(&line);
        let _ = write!(line, r#","sig":"{sig}"}}"#);
        line
    }
}

/// Never the key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The line of roots, as a floor pins them.
pub fn roots_line(feed: &str, roots: &[KeyLine]) -> String {
    let mut line = format!(r#"{{"feed":"{feed}","roots":["#);
    write_keys(roots, &mut line);
    line.push_str("]}");
    line
}

fn write_keys(keys: &[KeyLine], out: &mut String) {
    for (at, key) in keys.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let ed25519 = URL_SAFE_NO_PAD.encode(key.ed25519);
        let _ = write!(out, r#"{comma}{{"id":"{}","ed25519":"{ed25519}""#, key.id);
        if let Some(not_after) = key.not_after {
            let _ = write!(out, r#","not_after":{not_after}"#);
        }
        out.push('}');
    }
}
