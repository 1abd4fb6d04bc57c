//! Watches a file in every way in which files are changed: written in place, renamed over, reached through a changed
//! link, deleted and made again. One thread, which sleeps until something happens.

use super::places::Places;
use notify::{Event, EventKind, RecursiveMode, Watcher, event::AccessKind, event::AccessMode};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A change is over when there was none for this long.
const QUIET: Duration = Duration::from_millis(20);
/// A file that never stops changing is looked at all the same.
const SETTLE_MAX: Duration = Duration::from_millis(500);
/// Where the system cannot tell of changes, it is asked this often.
const POLL_EVERY: Duration = Duration::from_secs(2);

/// Why a configuration is to be taken over anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The file, or what it is reached through, changed.
    Changed,
    /// `Watch::trigger`: SIGHUP.
    Asked,
}

/// A running watch. It ends when it is dropped.
#[derive(Debug)]
pub struct Watch {
    sender: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Changed,
    Asked,
    End,
}

/// Watches `file` and calls `on_change`, on a thread of its own, when there is something new to read. A burst of
/// changes is one call; while the file is missing there is none. `known`: the `content_hash` of what was read last,
/// so that a change between that and this is not missed.
///
/// # Errors
/// Where the thread cannot be made. A directory that cannot be watched is logged: `trigger` works all the same.
pub fn watch(file: &Path, known: &str, on_change: impl FnMut(Cause) + Send + 'static) -> io::Result<Watch> {
    let (sender, receiver) = channel();
    let file = std::path::absolute(file)?;
    let heard = Arc::new(Heard {
        sender: sender.clone(),
        pending: AtomicBool::new(false),
        entries: Mutex::default(),
    });
    let watching = Watching {
        watcher: watcher(&heard),
        watched: BTreeMap::new(),
        heard,
        receiver,
        file,
        on_change,
        missing: false,
    };
    let known = known.to_owned();
    let thread = std::thread::Builder::new()
        .name("reload".to_owned())
        .spawn(move || watching.run(&known))?;
    Ok(Watch {
        sender,
        thread: Some(thread),
    })
}

/// SHA-256 of a file's content, in lower-case hexadecimal; `None` where it cannot be read.
pub fn content_hash(file: &Path) -> Option<String> {
    let mut file = File::open(file).ok()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = file.read(&mut buffer).ok()?;
        if count == 0 {
            break;
        }
        hasher.update(buffer.get(..count)?);
    }
    let mut text = String::with_capacity(64);
    for byte in hasher.finalize() {
        // Writing to memory does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Some(text)
}

impl Watch {
    /// Calls `on_change` soon, whatever the file does.
    pub fn trigger(&self) {
        // It is gone only if `on_change` panicked, which is logged by then.
        let _ = self.sender.send(Message::Asked);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.sender.send(Message::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The ear of the watcher's own thread.
struct Heard {
    sender: Sender<Message>,
    /// A change is in the queue already.
    pending: AtomicBool,
    /// What is listened for; everything else in those directories is noise.
    entries: Mutex<HashSet<PathBuf>>,
}

impl Heard {
    fn hear(&self, event: &notify::Result<Event>) {
        let matters = match event {
            Ok(event) if event.need_rescan() => true,
            Ok(event) => {
                let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
                may_change(event.kind) && event.paths.iter().any(|path| entries.contains(path))
            }
            // Something was missed.
            Err(_) => true,
        };
        if matters && !self.pending.swap(true, Ordering::AcqRel) {
            let _ = self.sender.send(Message::Changed);
        }
    }
}

/// Reading the file is an event too, and must not lead to reading it.
fn may_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

type AnyWatcher = Box<dyn Watcher + Send>;

/// The system's own way to tell of changes, or where there is none to be had (inotify has limits), asking.
fn watcher(heard: &Arc<Heard>) -> Option<AnyWatcher> {
    let hear = |heard: Arc<Heard>| move |event: notify::Result<Event>| heard.hear(&event);
    let config = notify::Config::default().with_poll_interval(POLL_EVERY);
    match notify::RecommendedWatcher::new(hear(Arc::clone(heard)), config) {
        Ok(watcher) => return Some(Box::new(watcher)),
        Err(error) => {
            tracing::warn!(%error, "the system does not tell of changed files; asking every {POLL_EVERY:?}");
        }
    }
    match notify::PollWatcher::new(hear(Arc::clone(heard)), config) {
        Ok(watcher) => Some(Box::new(watcher)),
        Err(error) => {
            tracing::error!(%error, "the configuration cannot be watched; SIGHUP reloads it");
            None
        }
    }
}

struct Watching<F> {
    watcher: Option<AnyWatcher>,
    /// Directories under watch, with what tells one from another that takes its place.
    watched: BTreeMap<PathBuf, (u64, u64)>,
    heard: Arc<Heard>,
    receiver: Receiver<Message>,
    file: PathBuf,
    on_change: F,
    missing: bool,
}

impl<F: FnMut(Cause)> Watching<F> {
    fn run(mut self, known: &str) {
        self.follow();
        if content_hash(&self.file).is_some_and(|hash| hash != known) {
            self.call(Cause::Changed);
        }
        while let Ok(message) = self.receiver.recv() {
            let cause = match message {
                Message::End => return,
                Message::Asked => Some(Cause::Asked),
                Message::Changed => self.settle(),
            };
            match cause {
                Some(cause) => self.call(cause),
                None => return,
            }
        }
    }

    /// Waits until a change is over; `None` at the end of the watch.
    fn settle(&mut self) -> Option<Cause> {
        let begun = Instant::now();
        let mut until = begun + QUIET;
        loop {
            self.follow();
            match self
                .receiver
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(Message::Changed) => until = (Instant::now() + QUIET).min(begun + SETTLE_MAX),
                Ok(Message::Asked) => return Some(Cause::Asked),
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => return Some(Cause::Changed),
            }
        }
    }

    fn call(&mut self, cause: Cause) {
        let missing = cause == Cause::Changed && !self.file.exists();
        if missing && !self.missing {
            tracing::warn!(file = %self.file.display(), "the configuration is gone; what was read last stays in force");
        }
        self.missing = missing;
        if !missing {
            (self.on_change)(cause);
        }
    }

    /// Watches what the path leads through now. Before anything is read, so that no change comes between.
    fn follow(&mut self) {
        self.heard.pending.store(false, Ordering::Release);
        let places = Places::of(&self.file);
        *self.heard.entries.lock().unwrap_or_else(PoisonError::into_inner) = places.entries;
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let identity = |directory: &Path| {
            let metadata = std::fs::metadata(directory).ok()?;
            Some((metadata.dev(), metadata.ino()))
        };
        self.watched.retain(|directory, before| {
            let stays = places.directories.contains(directory) && identity(directory) == Some(*before);
            if !stays {
                // One that is gone has lost its watch already.
                let _ = watcher.unwatch(directory);
            }
            stays
        });
        for directory in places.directories {
            let Some(now) = identity(&directory) else {
                continue;
            };
            if self.watched.contains_key(&directory) {
                continue;
            }
            match watcher.watch(&directory, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(directory, now);
                }
                // A parent may be closed to us; the entries in it that matter seldom change.
                Err(error) => {
                    tracing::debug!(%error, directory = %directory.display(), "cannot be watched");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{CreateKind, DataChange, Flag, ModifyKind, RenameMode};

    #[test]
    fn only_changes_of_what_matters_are_heard_and_once_until_looked_at() {
        let (sender, receiver) = channel();
        let heard = Heard {
            sender,
            pending: AtomicBool::new(false),
            entries: Mutex::new(HashSet::from(["/etc/gateway.yaml".into(), "/etc/..data".into()])),
        };
        let check = |kind: EventKind, path: &str, expected: bool| {
            heard.hear(&Ok(Event::new(kind).add_path(path.into())));
            assert_eq!(receiver.try_recv().is_ok(), expected, "{kind:?} {path}");
        };
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        check(
            EventKind::Access(AccessKind::Open(AccessMode::Any)),
            "/etc/gateway.yaml",
            false,
        );
        check(
            EventKind::Access(AccessKind::Close(AccessMode::Read)),
            "/etc/gateway.yaml",
            false,
        );
        check(written, "/etc/access.log", false);
        check(written, "/etc/gateway.yaml", true);
        check(written, "/etc/gateway.yaml", false);
        for (kind, path) in [
            (
                EventKind::Access(AccessKind::Close(AccessMode::Write)),
                "/etc/gateway.yaml",
            ),
            (EventKind::Modify(ModifyKind::Name(RenameMode::To)), "/etc/..data"),
            (EventKind::Create(CreateKind::File), "/etc/gateway.yaml"),
        ] {
            heard.pending.store(false, Ordering::Release);
            check(kind, path, true);
        }
        for missed in [
            Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)),
            Err(notify::Error::generic("x")),
        ] {
            heard.pending.store(false, Ordering::Release);
            heard.hear(&missed);
            assert!(receiver.try_recv().is_ok());
        }
    }
}
