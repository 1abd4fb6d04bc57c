//! The last known good on disk: what is shown is appended and synced before it is in force, so that no kill takes it back (feed.md §2,
//! rule 4).
//!
//! What its bytes say is `feed::kept`'s. A disk that fails is told and stops no view; then the file is as it was before, and is made good by the
//! next carrier that is read from its start.

use super::HEARTBEAT_KEPT_EVERY;
use crate::whole_file::Unfinished;
use feed::kept::GROWTH_MAX;
use feed::{Roots, Shown};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A file that is larger is not read: it has at most twice a bundle, and one change of all of it.
const KEPT_BYTES_MAX: u64 = 4 << 30;
/// A file that is smaller is not written anew.
const REWRITE_BYTES_MIN: u64 = 64 * 1024;

/// Where it is.
fn place(state_dir: &Path) -> (PathBuf, PathBuf) {
    let directory = state_dir.join("policy");
    let file = directory.join("last_known_good");
    (directory, file)
}

/// What was kept; nothing where it cannot be read, which is told.
pub(crate) fn read(state_dir: &Path) -> Vec<u8> {
    let (_, file) = place(state_dir);
    match read_bounded(&file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            tracing::error!(%error, file = %file.display(), "the last known good policy cannot be read");
            Vec::new()
        }
    }
}

fn read_bounded(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?
        .take(KEPT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > KEPT_BYTES_MAX {
        true => Err(io::Error::other(format!(
            "it is larger than {KEPT_BYTES_MAX} bytes"
        ))),
        false => Ok(bytes),
    }
}

/// The file, or nothing where there is no state directory.
pub(super) struct Kept {
    place: Option<(PathBuf, PathBuf)>,
    roots: Roots,
    /// What it has when all is well; `None` where it has to be written whole.
    open: Option<Open>,
    heartbeat: Option<Instant>,
}

struct Open {
    file: File,
    bytes: u64,
    /// What it had when it was last written whole, or more where more is live.
    bytes_whole: u64,
    /// The line of the keyring that was written last; nothing where that is not known.
    keyring: Box<[u8]>,
}

impl Kept {
    /// Cuts the file back to `whole`, or, where that is `None`, writes `floor` in its place. `live`: bytes of what is live in it.
    pub(super) fn begin(
        state_dir: Option<&Path>,
        roots: Roots,
        whole: Option<usize>,
        live: u64,
        floor: &[u8],
    ) -> Kept {
        let mut kept = Kept {
            place: state_dir.map(place),
            roots,
            open: None,
            heartbeat: None,
        };
        match (&kept.place, whole) {
            (None, _) => {}
            (Some((_, file)), Some(whole)) => match cut(file, whole as u64) {
                Ok(open) => {
                    kept.open = Some(Open {
                        bytes_whole: live,
                        ..open
                    });
                }
                Err(error) => kept.failed(&error),
            },
            (Some(_), None) => {
                // Roots are believed in a floor alone.
                let end = memchr::memchr(b'\n', floor).map_or(floor.len(), |at| at + 1);
                kept.write_whole(floor.get(end..).unwrap_or_default());
            }
        }
        kept
    }

    /// Whether it has to be written whole.
    pub(super) fn is_broken(&self) -> bool {
        self.place.is_some() && self.open.is_none()
    }

    /// Before a view is in force. Whether it is on the disk, where there is one. What is shortened is shortened once it is in force.
    pub(super) fn show(&mut self, shown: &Shown) -> bool {
        if self.place.is_none() {
            return true;
        }
        let Some(open) = &mut self.open else { return false };
        match open.append_view(shown) {
            Ok(()) => {
                open.keyring.clone_from(&shown.keyring);
                true
            }
            Err(error) => {
                self.failed(&error);
                false
            }
        }
    }

    /// A commit that only renews the view's age, and the keyring under which it counted.
    pub(super) fn renew(&mut self, keyring: &[u8], commit: &[u8], at: Instant, now: u64) {
        let is_soon = |last| at.saturating_duration_since(last) < HEARTBEAT_KEPT_EVERY;
        if self.heartbeat.is_some_and(is_soon) {
            return;
        }
        let Some(open) = &mut self.open else { return };
        let lines = match *open.keyring == *keyring {
            true => [commit, b"\n"].concat(),
            false => [keyring, b"\n", commit, b"\n"].concat(),
        };
        match open.append(&lines) {
            Ok(()) => {
                open.keyring = keyring.into();
                self.heartbeat = Some(at);
                self.shorten(now);
            }
            Err(error) => self.failed(&error),
        }
    }

    /// Whole lines, of which the last is the commit of what is shown, in the place of what is there.
    fn write_whole(&mut self, lines: &[u8]) {
        if let Some(mut whole) = self.begin_whole() {
            whole.write(lines);
            if !lines.ends_with(b"\n") {
                whole.write(b"\n");
            }
            self.finish_whole(whole);
        }
    }

    /// Begins to write what a carrier gives from its start on, in the place of a file that is broken. Nothing is begun where there is no file.
    pub(super) fn begin_whole(&mut self) -> Option<Whole> {
        let (directory, file) = self.place.as_ref()?;
        match Unfinished::begin(directory, file) {
            Ok(unfinished) => Some(Whole(Ok(unfinished))),
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    /// What is shown was written; its last line is the commit.
    pub(super) fn finish_whole(&mut self, whole: Whole) {
        let Some((_, file)) = &self.place else { return };
        let finished = whole.0.and_then(Unfinished::finish);
        match finished.and_then(|bytes| cut(file, bytes)) {
            Ok(open) => self.open = Some(open),
            Err(error) => self.failed(&error),
        }
    }

    /// Written anew without what is no longer live, once that is as much as what is.
    pub(super) fn shorten(&mut self, now: u64) {
        let grown =
            |open: &Open| open.bytes > REWRITE_BYTES_MIN && open.bytes / GROWTH_MAX as u64 > open.bytes_whole;
        let Some((_, file)) = self
            .place
            .as_ref()
            .filter(|_| self.open.as_ref().is_some_and(grown))
        else {
            return;
        };
        match read_bounded(file) {
            Ok(bytes) => match feed::kept::rewritten(&self.roots, &bytes, now) {
                Some(short) => self.write_whole(&short),
                None => self.failed(&io::Error::other("what was written is not what is there")),
            },
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &io::Error) {
        self.open = None;
        if let Some((_, file)) = &self.place {
            tracing::error!(%error, file = %file.display(), "what is shown of the policy cannot be kept over a restart");
        }
    }
}

/// A file in the making; a failure is told at its end.
#[derive(Debug)]
pub(super) struct Whole(io::Result<Unfinished>);

impl Whole {
    /// A line, without its end.
    pub(super) fn line(&mut self, line: &[u8]) {
        self.write(line);
        self.write(b"\n");
    }

    /// A key that is gone.
    pub(super) fn deletion(&mut self, key: &str) {
        self.line(&feed::kept::deletion_line(key));
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Ok(unfinished) = &mut self.0
            && let Err(error) = unfinished.write(bytes)
        {
            self.0 = Err(error);
        }
    }
}

fn cut(file: &Path, bytes: u64) -> io::Result<Open> {
    let file = OpenOptions::new().append(true).open(file)?;
    if file.metadata()?.len() != bytes {
        file.set_len(bytes)?;
        file.sync_all()?;
    }
    Ok(Open {
        file,
        bytes,
        bytes_whole: bytes,
        keyring: Box::default(),
    })
}

impl Open {
    fn append_view(&mut self, shown: &Shown) -> io::Result<()> {
        let mut out = BufWriter::new(&self.file);
        let bytes = feed::kept::write_lines(shown, &self.keyring, &mut out)?;
        out.flush()?;
        self.file.sync_data()?;
        self.bytes += bytes;
        // All that one view changes is live: a first read of everything is not written twice.
        self.bytes_whole = self.bytes_whole.max(bytes);
        Ok(())
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.file.write_all(lines)?;
        self.file.sync_data()?;
        self.bytes += lines.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::{Commit, Digest, Read, Reader, SigningKey};
    use std::borrow::Cow;
    use std::time::Duration;

    const NOW: u64 = 1_800_000_000;

    struct World {
        key: SigningKey,
        root: SigningKey,
        state_dir: PathBuf,
    }

    impl World {
        fn new() -> World {
            let key = |id: &str, seed: u8| SigningKey::from_seed(id, &[seed; 32]).unwrap();
            let name = format!("switchboard-kept-{}-{:x}", std::process::id(), fastrand::u64(..));
            World {
                key: key("k1", 2),
                root: key("r1", 1),
                state_dir: std::env::temp_dir().join(name),
            }
        }

        /// A bundle of one client, with so many bytes of it.
        fn bundle(&self, revision: u64, bytes: usize) -> Vec<u8> {
            let team = "t".repeat(bytes);
            let record = format!(
                r#"{{"feed":"f","epoch":1,"revision":{revision},"kind":"client","id":"a","body":{{"team":"{team}"}}}}"#
            );
            let mut digest = Digest::default();
            digest.add("client", "a", record.as_bytes());
            let commit = Commit {
                feed: Cow::Borrowed("f"),
                epoch: 1,
                revision,
                entities: 1,
                digest: digest.finish(),
                at: NOW,
                signed: None,
            };
            let keyring = self.root.keyring_line("f", 1, 1, &[self.key.public(None)]);
            format!("{keyring}\n{record}\n{}\n", self.key.commit_line(&commit)).into_bytes()
        }

        fn floor(&self, revision: u64) -> Vec<u8> {
            let mut floor = feed::roots_line("f", &[self.root.public(None)]).into_bytes();
            floor.push(b'\n');
            floor.extend(self.bundle(revision, 10));
            floor
        }

        fn begin(&self, floor: &[u8]) -> (Reader, Kept) {
            let read = feed::read_floor(floor).unwrap();
            let begun = feed::kept::begin(&read, floor, &super::read(&self.state_dir), NOW).unwrap();
            let roots = read.roots().unwrap().clone();
            let kept = Kept::begin(Some(&self.state_dir), roots, begun.kept_whole, 300, floor);
            (begun.reader, kept)
        }

        fn show(&self, reader: &mut Reader, kept: &mut Kept, bundle: &[u8]) {
            reader.restart();
            for line in bundle.split(|byte| *byte == b'\n') {
                if let Read::Shown(shown) = reader.line(line, NOW) {
                    kept.show(&shown);
                    kept.shorten(NOW);
                }
            }
        }

        fn file(&self) -> PathBuf {
            place(&self.state_dir).1
        }

        fn revision(&self) -> u64 {
            self.begin(&self.floor(1)).0.view().unwrap().revision
        }
    }

    impl Drop for World {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.state_dir);
        }
    }

    #[test]
    fn a_floor_that_wins_and_what_is_shown_outlive_a_restart_and_a_torn_end_is_cut_off() {
        let world = World::new();
        let (mut reader, mut kept) = world.begin(&world.floor(5));
        assert_eq!(world.revision(), 5, "the floor was written down");
        world.show(&mut reader, &mut kept, &world.bundle(6, 10));
        assert_eq!(world.revision(), 6);
        let good = std::fs::read(world.file()).unwrap();
        std::fs::write(world.file(), [&good[..], b"{\"feed\":\"f"].concat()).unwrap();
        let (mut reader, mut kept) = world.begin(&world.floor(5));
        assert_eq!(std::fs::read(world.file()).unwrap(), good);
        world.show(&mut reader, &mut kept, &world.bundle(7, 10));
        assert_eq!(world.revision(), 7);
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let world = World::new();
        let (mut reader, mut kept) = world.begin(&world.floor(1));
        for revision in 2..40 {
            world.show(&mut reader, &mut kept, &world.bundle(revision, 9_000));
        }
        let bytes = std::fs::metadata(world.file()).unwrap().len();
        assert!(bytes < 2 * REWRITE_BYTES_MIN, "{bytes}");
        assert_eq!(world.revision(), 39);
    }

    #[test]
    fn a_disk_that_fails_stops_nothing_and_a_whole_bundle_makes_it_good() {
        let world = World::new();
        std::fs::write(&world.state_dir, "a file, not a directory").unwrap();
        let (mut reader, mut kept) = world.begin(&world.floor(1));
        assert!(kept.is_broken());
        let bundle = world.bundle(2, 10);
        world.show(&mut reader, &mut kept, &bundle);
        assert_eq!(reader.view().unwrap().revision, 2);
        std::fs::remove_file(&world.state_dir).unwrap();
        kept.write_whole(&bundle);
        assert!(!kept.is_broken());
        assert_eq!(world.revision(), 2);
    }

    #[test]
    fn heartbeats_are_written_down_at_most_once_a_minute_with_a_keyring_that_is_new() {
        let world = World::new();
        let (_, mut kept) = world.begin(&world.floor(1));
        let mut before = std::fs::metadata(world.file()).unwrap().len();
        let begun = Instant::now();
        let mut check = |keyring: &str, after, expected: u64| {
            kept.renew(keyring.as_bytes(), b"{}", begun + after, NOW);
            let now = std::fs::metadata(world.file()).unwrap().len();
            assert_eq!(now - before, expected, "{keyring} {after:?}");
            before = now;
        };
        check("[1]", Duration::ZERO, 7);
        check("[1]", HEARTBEAT_KEPT_EVERY / 2, 0);
        check("[1]", HEARTBEAT_KEPT_EVERY, 3);
        check("[22]", HEARTBEAT_KEPT_EVERY * 2, 8);
    }
}
