//! The last known good: what was shown last, as lines of a file that survives a kill at any byte (feed.md §2, rule 4).
//!
//! It follows the view, not the feed: what changed, then the commit under which it holds, with the keyring under which that counts. Pure over
//! bytes: whoever has the file appends what `write_lines` gives and syncs it before the view is shown, and cuts it back to `whole` before
//! anything is appended after a start.

use crate::floor::Floor;
use crate::keys::Roots;
use crate::line::{Line, Scratch};
use crate::reader::{Changes, Read, Reader, Shown};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;

/// A file above this many times its live size is written anew.
pub const GROWTH_MAX: usize = 2;

/// What a file says, up to its last commit that counts and holds.
#[derive(Debug)]
pub struct Restored {
    /// A reader that shows it. What it holds is the file's, so a carrier that does not resume from a named state begins with
    /// [`Reader::restart`].
    pub reader: Reader,
    /// All live records, by key.
    pub changes: Changes,
    /// Bytes up to the end of the last commit that holds: what is behind was cut off by a kill, or is nobody's.
    pub whole: usize,
    /// The line of the keyring under which that commit counts.
    pub keyring: Box<[u8]>,
}

/// What a gateway begins with: a floor, or what was kept, whichever is higher.
#[derive(Debug)]
pub struct Begun {
    /// A reader that shows it, and holds nothing of a carrier.
    pub reader: Reader,
    /// All live records, by key.
    pub changes: Changes,
    /// The line of the newest commit of what is shown.
    pub commit: Box<[u8]>,
    /// Where what was kept is shown: bytes of it up to the end of the last commit that holds. `None`: the floor is shown, and the file is
    /// to be written anew.
    pub kept_whole: Option<usize>,
}

/// Begins with a signed floor (`bytes` are what it was read of) and with what was kept, which may be nothing. The floor comes first, so that what was
/// kept is judged by the newest keyring of both. `None` where the floor is not signed, or its last commit is below an earlier one of it.
pub fn begin(floor: &Floor<'_>, bytes: &[u8], kept: &[u8], now: u64) -> Option<Begun> {
    let mut reader = Reader::new(floor.roots()?.clone());
    let mut shown = Live::default();
    read_all(&mut reader, &mut shown, bytes, now);
    if let Some(last) = unended(bytes) {
        let read = reader.line(last, now);
        shown.take(read, last);
    }
    let is_floor = |reader: &Reader| {
        reader.view().is_some_and(|view| {
            (view.epoch, view.revision, view.digest) == (floor.epoch(), floor.revision(), floor.digest())
        })
    };
    if !is_floor(&reader) {
        return None;
    }
    reader.restart();
    reader.set_heard(false);
    let kept_whole = read_all(&mut reader, &mut shown, kept, now);
    reader.restart();
    reader.set_heard(kept_whole.is_some());
    Some(Begun {
        reader,
        commit: shown.commit.clone(),
        changes: shown.changes(),
        kept_whole,
    })
}

/// A floor that took the place of the former one is read by a reader that shows something already: what comes of its last commit. The carrier
/// begins again afterwards.
pub fn read_floor_anew(reader: &mut Reader, bytes: &[u8], now: u64) -> Option<Shown> {
    let heard = reader.is_heard();
    reader.restart();
    let mut last = None;
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Read::Shown(shown) = reader.line(line, now) {
            last = Some(match last {
                None => shown,
                Some(former) => after(former, shown),
            });
        }
    }
    reader.restart();
    reader.set_heard(heard);
    last
}

/// Two views that follow one another, as one step.
fn after(former: Shown, next: Shown) -> Shown {
    let mut changes: BTreeMap<Box<str>, Option<Box<[u8]>>> = former.changes.into_iter().collect();
    changes.extend(next.changes);
    Shown {
        changes: changes.into_iter().collect(),
        ..next
    }
}

/// Reads a file; `None` where nothing in it counts and holds. `now` in Unix seconds.
pub fn restore(roots: &Roots, file: &[u8], now: u64) -> Option<Restored> {
    let (_, whole, _) = read(roots, file, now)?;
    // Once more, without what is behind: a record that no commit holds is none.
    let (reader, whole, shown) = read(roots, file.get(..whole)?, now)?;
    Some(Restored {
        reader,
        whole,
        keyring: shown.keyring.clone(),
        changes: shown.changes(),
    })
}

#[derive(Default)]
struct Live {
    live: BTreeMap<Box<str>, Box<[u8]>>,
    keyring: Box<[u8]>,
    commit: Box<[u8]>,
}

impl Live {
    /// Whether the line was a commit under which something is shown.
    fn take(&mut self, read: Read, line: &[u8]) -> bool {
        match read {
            Read::Shown(next) => {
                for (key, value) in next.changes {
                    match value {
                        Some(value) => self.live.insert(key, value),
                        None => self.live.remove(&key),
                    };
                }
                (self.keyring, self.commit) = (next.keyring, next.commit);
                true
            }
            Read::Renewed => {
                self.commit = line.into();
                true
            }
            _ => false,
        }
    }

    fn changes(self) -> Changes {
        let live = self.live.into_iter();
        live.map(|(key, value)| (key, Some(value))).collect()
    }
}

fn read(roots: &Roots, file: &[u8], now: u64) -> Option<(Reader, usize, Live)> {
    let mut reader = Reader::new(roots.clone());
    let mut shown = Live::default();
    let whole = read_all(&mut reader, &mut shown, file, now)?;
    Some((reader, whole, shown))
}

/// All lines that end; up to where a commit shows something.
fn read_all(reader: &mut Reader, shown: &mut Live, file: &[u8], now: u64) -> Option<usize> {
    let mut whole = None;
    for line in lines_of(file) {
        let bytes = file.get(line.clone())?;
        let read = reader.line(bytes, now);
        if shown.take(read, bytes) {
            whole = Some(line.end + 1);
        }
    }
    whole
}

/// What stands behind the last line that ends.
fn unended(file: &[u8]) -> Option<&[u8]> {
    let end = memchr::memrchr(b'\n', file).map_or(0, |at| at + 1);
    file.get(end..).filter(|rest| !rest.is_empty())
}

/// Lines that end: one without its end was cut off.
fn lines_of(file: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut begin = 0;
    memchr::memchr_iter(b'\n', file).map(move |end| std::mem::replace(&mut begin, end + 1)..end)
}

/// What is appended, as [`write_lines`] writes it.
pub fn lines(shown: &Shown, keyring: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    // Memory takes whatever is written.
    let _ = write_lines(shown, keyring, &mut lines);
    lines
}

/// Appends what a view that is to be shown changes; how many bytes that is. `keyring` is the line of the one that the file has last; it is
/// written again only where another one counts now.
///
/// # Errors
/// Those of `to`.
pub fn write_lines(shown: &Shown, keyring: &[u8], to: &mut impl Write) -> io::Result<u64> {
    let mut bytes = 0;
    let mut line = |line: &[u8]| {
        bytes += line.len() as u64 + 1;
        to.write_all(line)?;
        to.write_all(b"\n")
    };
    if *shown.keyring != *keyring {
        line(&shown.keyring)?;
    }
    for (key, value) in &shown.changes {
        match value {
            Some(value) => line(value)?,
            None => line(&deletion_line(key))?,
        }
    }
    line(&shown.commit)?;
    Ok(bytes)
}

/// What stands in a file or a stream for a key (`kind/id`) that is gone.
pub fn deletion_line(key: &str) -> Vec<u8> {
    format!(r#"{{"key":"{key}","deleted":true}}"#).into_bytes()
}

/// The same, without what is no longer live: the last keyring, each live record, the last commit. `None` where nothing in it holds.
pub fn rewritten(roots: &Roots, file: &[u8], now: u64) -> Option<Vec<u8>> {
    let (_, whole, shown) = read(roots, file, now)?;
    let file = file.get(..whole)?;
    let is_commit = |line: &Range<usize>| {
        let bytes = file.get(line.clone()).unwrap_or_default();
        matches!(Line::parse(bytes, &mut Scratch::default()), Some(Line::Commit(_)))
    };
    let commit = lines_of(file).filter(is_commit).last()?;
    let commit = file.get(commit)?;
    let mut out = Vec::with_capacity(file.len());
    let lines = std::iter::once(&*shown.keyring).chain(shown.live.values().map(|value| &**value));
    for line in lines.chain([commit]) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    //! Cut at any byte, changed in any byte: what is restored was shown, and nothing is lost that was written whole.

    use super::*;
    use crate::reader::world::{Content, FEED, Publisher, Shower};
    use std::collections::HashMap;

    struct Kept {
        publisher: Publisher,
        file: Vec<u8>,
        /// By length of the file: what was shown when it had that length.
        history: BTreeMap<usize, ((u64, u64), Content)>,
    }

    fn kept() -> Kept {
        let mut publisher = Publisher::new();
        let mut shower = Shower::new(publisher.roots());
        let (mut file, mut history, mut read) = (Vec::new(), BTreeMap::new(), 0);
        let mut keyring = Vec::new();
        let steps: [fn(&mut Publisher); 6] = [
            |publisher| publisher.change(&[("client/a", Some("{}")), ("plan/g", Some(r#"{"n":1}"#))]),
            |publisher| publisher.change(&[("client/a", None), ("client/b", Some("{}"))]),
            |publisher| publisher.republish(true),
            |publisher| publisher.change(&[("plan/g", Some(r#"{"n":2}"#))]),
            |publisher| publisher.republish(false),
            |publisher| publisher.change(&[("client/b", None)]),
        ];
        for step in steps {
            step(&mut publisher);
            for record in publisher.log.clone().iter().skip(read) {
                if let Read::Shown(shown) = shower.give(record, publisher.now) {
                    write_lines(&shown, &keyring, &mut file).unwrap();
                    keyring = shown.keyring.to_vec();
                    let place = (shown.view.epoch, shown.view.revision);
                    history.insert(file.len(), (place, shower.shown.clone()));
                }
            }
            read = publisher.log.len();
        }
        Kept {
            publisher,
            file,
            history,
        }
    }

    fn content(restored: &Restored) -> Content {
        let values = restored.changes.iter();
        values
            .map(|(key, value)| (key.to_string(), value.as_deref().unwrap().to_vec()))
            .collect()
    }

    fn place(restored: &Restored) -> (u64, u64) {
        let view = restored.reader.view().unwrap();
        (view.epoch, view.revision)
    }

    #[test]
    fn cut_at_any_byte() {
        let kept = kept();
        let roots = kept.publisher.roots();
        for end in 0..=kept.file.len() {
            let restored = restore(&roots, &kept.file[..end], kept.publisher.now);
            let expected = kept.history.range(..=end).next_back();
            match (restored, expected) {
                (Some(restored), Some((length, (shown, records)))) => {
                    assert_eq!(
                        (place(&restored), &content(&restored)),
                        (*shown, records),
                        "{end}"
                    );
                    assert_eq!(restored.whole, *length, "{end}");
                }
                (None, None) => {}
                (restored, expected) => panic!("{end}: {restored:?} {expected:?}"),
            }
        }
    }

    #[test]
    fn changed_in_any_byte() {
        let kept = kept();
        let roots = kept.publisher.roots();
        let published: HashMap<(u64, u64), &Content> = kept
            .publisher
            .history
            .iter()
            .map(|(place, content)| (*place, content))
            .collect();
        for at in 0..kept.file.len() {
            let mut file = kept.file.clone();
            file[at] ^= 1;
            if let Some(restored) = restore(&roots, &file, kept.publisher.now) {
                assert_eq!(
                    Some(&&content(&restored)),
                    published.get(&place(&restored)),
                    "{at}"
                );
            }
        }
    }

    #[test]
    fn goes_on_where_it_was_cut() {
        let kept = kept();
        let roots = kept.publisher.roots();
        let mut publisher = kept.publisher;
        publisher.change(&[("tenant/t", Some("{}"))]);
        for end in [kept.file.len(), kept.file.len() - 1, kept.file.len() / 2, 1_000] {
            let mut file = kept.file[..end].to_vec();
            let mut restored = restore(&roots, &file, publisher.now).unwrap();
            file.truncate(restored.whole);
            restored.reader.restart();
            for record in &publisher.log {
                if let Read::Shown(shown) =
                    restored
                        .reader
                        .record(&record.key, record.value.as_deref(), publisher.now)
                {
                    write_lines(&shown, &restored.keyring, &mut file).unwrap();
                    restored.keyring = shown.keyring;
                }
            }
            let again = restore(&roots, &file, publisher.now).unwrap();
            assert_eq!(content(&again), publisher.records, "{end}");
        }
    }

    /// A floor of what is published now, without its last line end, as a floor may lack it.
    fn floor_of(publisher: &Publisher) -> Vec<u8> {
        let mut floor = publisher.roots_line();
        floor.push(b'\n');
        let records = publisher.records.values();
        for line in std::iter::once(&publisher.keyring()).chain(records) {
            floor.extend_from_slice(line);
            floor.push(b'\n');
        }
        floor.extend_from_slice(&publisher.commit_line());
        floor
    }

    fn begun(floor: &[u8], kept: &[u8], now: u64) -> Begun {
        begin(&crate::read_floor(floor).unwrap(), floor, kept, now).unwrap()
    }

    fn begun_content(begun: &Begun) -> Content {
        let values = begun.changes.iter();
        values
            .map(|(key, value)| (key.to_string(), value.as_deref().unwrap().to_vec()))
            .collect()
    }

    #[test]
    fn the_higher_of_floor_and_kept_is_begun_with() {
        let kept = kept();
        let mut publisher = kept.publisher;
        let same = begun(&floor_of(&publisher), &kept.file, publisher.now);
        assert_eq!(begun_content(&same), publisher.records);
        assert_eq!(
            same.kept_whole, None,
            "of two that are the same the floor is shown"
        );
        assert!(!same.reader.is_heard());
        publisher.change(&[("client/z", Some("{}")), ("plan/g", None)]);
        let above = begun(&floor_of(&publisher), &kept.file, publisher.now);
        assert_eq!(*above.commit, *publisher.commit_line());
        assert_eq!(begun_content(&above), publisher.records);
        assert_eq!(above.kept_whole, None);
        let old = Publisher::new();
        let below = begun(&floor_of(&old), &kept.file, publisher.now);
        let (_, latest) = kept.history.values().next_back().unwrap();
        assert_eq!(&begun_content(&below), latest);
        assert_eq!(below.kept_whole, Some(kept.file.len()));
        let newest = kept.file.strip_suffix(b"\n").unwrap();
        assert!(
            newest.ends_with(&below.commit),
            "the newest commit, a heartbeat too"
        );
        assert!(below.reader.is_heard());
        let torn = begun(&floor_of(&old), &kept.file[..kept.file.len() - 1], publisher.now);
        assert!(torn.kept_whole.is_some_and(|whole| whole < kept.file.len()));
    }

    #[test]
    fn what_was_kept_under_a_key_that_the_floors_keyring_took_away_is_not_believed() {
        let kept = kept();
        let mut publisher = Publisher::new();
        publisher.replace_key(9);
        let begun = begun(&floor_of(&publisher), &kept.file, kept.publisher.now);
        assert_eq!(begun.kept_whole, None);
        assert_eq!(begun_content(&begun), publisher.records);
    }

    #[test]
    fn a_floor_that_is_read_later_never_takes_back() {
        let kept = kept();
        let mut publisher = kept.publisher;
        let (old, now) = (floor_of(&Publisher::new()), publisher.now);
        let mut begun = begun(&floor_of(&publisher), b"", now);
        assert_eq!(read_floor_anew(&mut begun.reader, &old, now), None);
        publisher.change(&[("client/z", Some("{}"))]);
        let shown = read_floor_anew(&mut begun.reader, &floor_of(&publisher), publisher.now).unwrap();
        assert_eq!(shown.changes.len(), 1, "{:?}", shown.changes);
        assert!(!begun.reader.is_heard());
    }

    #[test]
    fn rewritten_it_says_the_same_in_less() {
        let kept = kept();
        let roots = kept.publisher.roots();
        let now = kept.publisher.now;
        let torn = [&kept.file[..], b"{\"key\":\"client/z\",\"del"].concat();
        let short = rewritten(&roots, &torn, now).unwrap();
        assert!(
            short.len() < kept.file.len() / GROWTH_MAX,
            "{} of {}",
            short.len(),
            kept.file.len()
        );
        let (one, other) = (
            restore(&roots, &kept.file, now).unwrap(),
            restore(&roots, &short, now).unwrap(),
        );
        assert_eq!((place(&one), content(&one)), (place(&other), content(&other)));
        assert_eq!(other.whole, short.len());
        assert_eq!(rewritten(&roots, &short, now).unwrap(), short);
    }

    #[test]
    fn anothers_file_is_nothing() {
        let kept = kept();
        let root = crate::SigningKey::from_seed("r1", &[9; 32]).unwrap();
        let line = crate::roots_line(FEED, &[root.public(None)]);
        let Some(Line::Roots(Some(line))) = Line::parse(line.as_bytes(), &mut Scratch::default()) else {
            panic!("{line}");
        };
        assert!(restore(&Roots::pinned(&line), &kept.file, kept.publisher.now).is_none());
        assert!(restore(&kept.publisher.roots(), b"", kept.publisher.now).is_none());
    }
}
