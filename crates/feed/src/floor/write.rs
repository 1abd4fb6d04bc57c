//! From entities to the bytes of a floor without signatures: records by key, one commit, LF behind each line.

use crate::digest::Digest;
use crate::line::{Commit, Record, write_commit, write_record};
use std::borrow::Cow;

/// A floor that was written.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its records.
    pub entities: usize,
    /// Its digest, in hexadecimal.
    pub digest: String,
}

/// Writes a floor of epoch 0 without roots, keyring and signature. `entities` are kind, id and body (compact JSON on one
/// line), each key once; `feed` is a feed's name; `revision` and `at` are Unix seconds.
pub fn write_floor<'a>(
    feed: &str,
    revision: u64,
    at: u64,
    entities: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>,
) -> Written {
    let mut sorted: Vec<(String, &str)> = entities
        .into_iter()
        .map(|(kind, id, body)| (format!("{kind}/{id}"), body))
        .collect();
    sorted.sort_unstable();
    let mut digest = Digest::default();
    let mut text = String::new();
    for (key, body) in &sorted {
        let (kind, id) = key.split_once('/').expect("the key was made with a slash");
        let start = text.len();
        let record = Record {
            feed: Cow::Borrowed(feed),
            epoch: 0,
            revision,
            kind: Cow::Borrowed(kind),
            id: Cow::Borrowed(id),
            body,
            needs: Vec::new(),
        };
        write_record(&record, &mut text);
        digest.add(kind, id, text.get(start..).unwrap_or_default().as_bytes());
        text.push('\n');
    }
    let digest = digest.finish();
    let commit = Commit {
        feed: Cow::Borrowed(feed),
        epoch: 0,
        revision,
        entities: sorted.len() as u64,
        digest,
        at,
        signed: None,
    };
    write_commit(&commit, &mut text);
    text.push('\n');
    Written {
        bytes: text.into_bytes(),
        entities: sorted.len(),
        digest: digest.to_string(),
    }
}
