//! Which directory entries decide what a path leads to: the file itself, and every symbolic link on the way.
//!
//! A watch on the file alone misses a rename over it, and one on its directory alone misses a link that is changed
//! elsewhere, which is how Kubernetes swaps a mounted configuration.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// As many links as the kernel follows.
const LINKS_MAX: usize = 40;

/// Where to look, and for what.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// Whose entries matter.
    pub(super) directories: BTreeSet<PathBuf>,
    /// The entries that matter, as paths below one of `directories`.
    pub(super) entries: HashSet<PathBuf>,
}

impl Places {
    /// Those of an absolute path, as things are now. What does not exist yet is an entry too.
    pub(super) fn of(file: &Path) -> Places {
        let mut places = Places::default();
        // From the last component to the first.
        let mut left = components(file);
        let mut at = PathBuf::from("/");
        let mut links = 0;
        while let Some(name) = left.pop() {
            if name == ".." {
                at.pop();
                continue;
            }
            let entry = at.join(name);
            let link = if links < LINKS_MAX {
                std::fs::read_link(&entry).ok()
            } else {
                None
            };
            if let Some(target) = link {
                links += 1;
                places.add(&at, &entry);
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                left.extend(components(&target));
            } else if left.is_empty() {
                places.add(&at, &entry);
            } else {
                at = entry;
            }
        }
        places
    }

    /// An entry, and the entry of its directory, which may be replaced as a whole.
    fn add(&mut self, directory: &Path, entry: &Path) {
        self.directories.insert(directory.to_owned());
        self.entries.insert(entry.to_owned());
        if let Some(parent) = directory.parent() {
            self.directories.insert(parent.to_owned());
            self.entries.insert(directory.to_owned());
        }
    }
}

/// Names and `..`, the last one first.
fn components(path: &Path) -> Vec<OsString> {
    let named = |component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    };
    path.components().rev().filter_map(named).collect()
}
