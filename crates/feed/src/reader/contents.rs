//! What a reader shows, with the value of every record: for whoever has to look into it, and is no gateway.

use super::{Changes, Read, Reader};
use crate::floor::FLOOR_BYTES_MAX;
use crate::keys::Roots;
use std::collections::HashMap;
use std::io::{self, BufRead as _, Read as _};
use std::path::Path;

/// The values of all records that are shown, by key (`kind/id`).
#[derive(Debug, Default)]
pub struct Contents {
    values: HashMap<Box<str>, Box<[u8]>>,
}

impl Contents {
    /// What a view changes.
    pub fn take(&mut self, changes: Changes) {
        for (key, value) in changes {
            match value {
                Some(value) => self.values.insert(key, value),
                None => self.values.remove(&key),
            };
        }
    }

    /// The value of one record.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.values.get(key).map(|value| &**value)
    }

    /// All of a kind, in no order: id and value.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = (&str, &[u8])> {
        self.values.iter().filter_map(move |(key, value)| {
            let id = key.strip_prefix(kind)?.strip_prefix('/')?;
            Some((id, &**value))
        })
    }
}

/// Reads a signed floor, a bundle or a last known good, by these roots alone: what a floor says of roots is passed over. Where no commit in it counts, the
/// reader has no view. `now` in Unix seconds.
///
/// # Errors
/// Where the file cannot be read, or is larger than [`FLOOR_BYTES_MAX`].
pub fn read_contents(file: &Path, roots: &Roots, now: u64) -> io::Result<(Reader, Contents)> {
    let mut reader = Reader::new(roots.clone());
    let mut contents = Contents::default();
    let limit = u64::try_from(FLOOR_BYTES_MAX).unwrap_or(u64::MAX);
    let opened = std::fs::File::open(file)?;
    if opened.metadata()?.len() > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than the {FLOOR_BYTES_MAX} bytes that are read"),
        ));
    }
    let mut lines = io::BufReader::new(opened.take(limit));
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        // A line without its end was cut off.
        if line.pop() == Some(b'\n')
            && let Read::Shown(shown) = reader.line(&line, now)
        {
            contents.take(shown.changes);
        }
        line.clear();
    }
    Ok((reader, contents))
}
