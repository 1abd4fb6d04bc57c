//! The matcher: from host and path to the one most specific entry, at the same price for ten entries and 100,000.
//!
//! Patterns are a tree of segments, and the whole tree is one hash table: a node lies in the slot that the hash of
//! (parent's slot, segment) leads to, or right behind its parent where it is the only one there could be, so that
//! a step down costs one cache line or none. Backtracking needs no memory, because a node knows its parent. A path visits a node at most once, so no table can make a lookup
//! exponential; `steps_max` says how many nodes the worst path visits. Must not know what its values are.

mod builder;
mod explain;

pub use builder::TableBuilder;
pub use explain::{Explained, Verdict};

use super::{CanonicalPath, Host, HostPattern, Pattern};
use foldhash::fast::FixedState;
use memchr::{memchr, memchr_iter, memrchr};
use std::hash::{BuildHasher, Hasher};

/// No such node, or no such value.
const NONE: u32 = u32::MAX;
/// The parent of the trees of exact hosts, whose edges are whole hosts.
const EXACT: u32 = u32::MAX - 1;
/// The parent of the trees of `*.suffix`, whose edges are `.suffix`.
const SUFFIX: u32 = u32::MAX - 2;
/// The parent of the one tree for every host.
const ANY: u32 = u32::MAX - 3;
/// More nodes than this would collide with the marks above.
const NODES_MAX: u32 = u32::MAX - 4;

/// The edge of a parameter. No canonical path has braces, so nothing in a request can name it.
const PARAM_EDGE: &str = "{}";

/// Bytes of an edge that lie in its node; longer ones lie among the texts.
const INLINE: usize = 13;

/// One node of a tree. Half a cache line, and never across two.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
struct Node {
    /// The slot of the parent; `NONE`: the slot is free.
    parent: u32,
    /// The slot of the one child that is not found by its hash, as `children` says.
    child: u32,
    /// The entry of the pattern that ends here.
    end: u32,
    /// The entry of the pattern that goes on with `/**` from here.
    rest: u32,
    /// Bytes of the edge from the parent.
    len: u16,
    children: Children,
    /// The edge, or (over `INLINE` bytes) where in the texts it lies, as four bytes in little-endian order.
    edge: [u8; INLINE],
}

/// How the children of a node are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Children {
    None,
    /// One literal, at `child`.
    Literal,
    /// A parameter alone, at `child`.
    Param,
    /// Literals, each by its hash.
    Hashed,
    /// Literals, each by its hash, and a parameter at `child`.
    HashedAndParam,
}

impl Node {
    const FREE: Node = Node {
        parent: NONE,
        child: NONE,
        end: NONE,
        rest: NONE,
        len: 0,
        children: Children::None,
        edge: [0; INLINE],
    };

    /// The slot of the child under `{param}`.
    fn param(&self) -> u32 {
        match self.children {
            Children::Param | Children::HashedAndParam => self.child,
            Children::None | Children::Literal | Children::Hashed => NONE,
        }
    }
}

/// Where an entry's pattern was written.
#[derive(Debug, Clone, Copy)]
struct Origin {
    /// Index of its host; `NONE`: every host.
    host: u32,
    /// Where in the texts its pattern begins.
    text_at: u32,
    text_len: u16,
}

/// From host and path to the most specific value, in time that does not grow with the number of patterns.
#[derive(Debug)]
pub struct Table<T> {
    /// Slots, at least one of them free, so that every search for one ends.
    nodes: Box<[Node]>,
    hasher: FixedState,
    /// The slot of the tree for every host.
    any: u32,
    has_exact: bool,
    has_suffix: bool,
    /// Bytes of the longest edge: a longer segment of a path need not be hashed.
    edge_bytes_max: usize,
    steps_max: u32,
    /// The patterns of all entries as they were written, end to end.
    texts: Box<str>,
    hosts: Box<[HostPattern]>,
    origins: Box<[Origin]>,
    values: Box<[T]>,
}

impl<T> Table<T> {
    /// The value under the winning pattern: the first host tier with a match, and in it the most specific pattern.
    pub fn find(&self, host: &Host<'_>, path: &CanonicalPath<'_>) -> Option<&T> {
        self.winner(host, path).map(|index| &self.values[index])
    }

    /// As `find`, among the entries for every host.
    pub fn find_on_any_host(&self, path: &CanonicalPath<'_>) -> Option<&T> {
        let (found, _) = self.search(self.any, path.as_str().as_bytes());
        found.map(|index| &self.values[index as usize])
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The most nodes that any one path can make `find` visit within one host tier: 1 for a table without
    /// parameters and depth, a handful for most. Only many patterns that differ in which segments are
    /// parameters raise it, and never beyond the number of nodes.
    pub fn steps_max(&self) -> u32 {
        self.steps_max
    }

    /// All entries, in the order in which they were added.
    pub fn entries(&self) -> Entries<'_, T> {
        Entries {
            table: self,
            indexes: 0..self.len(),
        }
    }

    fn entry(&self, index: usize) -> Entry<'_, T> {
        let origin = self.origins[index];
        let begin = origin.text_at as usize;
        Entry {
            host: self.hosts.get(origin.host as usize),
            pattern: &self.texts[begin..begin + usize::from(origin.text_len)],
            value: &self.values[index],
        }
    }

    fn winner(&self, host: &Host<'_>, path: &CanonicalPath<'_>) -> Option<usize> {
        let host = host.as_str().as_bytes();
        let path = path.as_str().as_bytes();
        let found = self.in_exact(host, path).or_else(|| self.in_suffixes(host, path));
        found
            .or_else(|| self.search(self.any, path).0)
            .map(|index| index as usize)
    }

    fn in_exact(&self, host: &[u8], path: &[u8]) -> Option<u32> {
        let root = if self.has_exact {
            self.hashed(EXACT, host)
        } else {
            None
        };
        self.search(root?, path).0
    }

    /// The longest suffix first. A host has at most 253 bytes, which bounds the tries.
    fn in_suffixes(&self, host: &[u8], path: &[u8]) -> Option<u32> {
        if !self.has_suffix {
            return None;
        }
        memchr_iter(b'.', host).find_map(|dot| self.search(self.hashed(SUFFIX, &host[dot..])?, path).0)
    }

    /// The most specific entry of the tree at `root` that the path fits, and how many nodes were visited.
    ///
    /// Goes down by the literal, else by the parameter; where neither leads on, by the rest; and where that is
    /// missing too, back up to the next node that has an untried parameter or a rest. The first entry met in
    /// this order is the least by `Pattern::compare`.
    fn search(&self, root: u32, path: &[u8]) -> (Option<u32>, u32) {
        if root == NONE {
            return (None, 0);
        }
        let mut slot = root;
        // Where the segment below `slot` begins; one beyond the path when all of it is used up.
        let mut begin = 1;
        let mut steps = 1;
        loop {
            let node = &self.nodes[slot as usize];
            match path.get(begin..) {
                None if node.end != NONE => return (Some(node.end), steps),
                Some(ahead) if node.children != Children::None => {
                    let len = memchr(b'/', ahead).unwrap_or(ahead.len());
                    let param = if len == 0 { NONE } else { node.param() };
                    let next = self.literal(slot, node, &ahead[..len]).unwrap_or(param);
                    if next != NONE {
                        slot = next;
                        begin += len + 1;
                        steps += 1;
                        continue;
                    }
                }
                _ => {}
            }
            if node.rest != NONE {
                return (Some(node.rest), steps);
            }
            match self.climb(root, slot, begin, path) {
                Turn::Found(entry) => return (Some(entry), steps),
                Turn::Nothing => return (None, steps),
                Turn::Down { param, below } => {
                    slot = param;
                    begin = below;
                    steps += 1;
                }
            }
        }
    }

    /// From a node under which nothing fits, up to the nearest choice that was not tried.
    fn climb(&self, root: u32, mut slot: u32, mut begin: usize, path: &[u8]) -> Turn {
        while slot != root {
            let child = slot;
            slot = self.nodes[child as usize].parent;
            let node = &self.nodes[slot as usize];
            let below = begin;
            // `begin` stands behind the slash (or the end) that closes the segment on the edge to `child`.
            begin = memrchr(b'/', &path[..below - 1]).map_or(0, |slash| slash + 1);
            let is_empty = below == begin + 1;
            let param = node.param();
            if child != param && param != NONE && !is_empty {
                return Turn::Down { param, below };
            }
            if node.rest != NONE {
                return Turn::Found(node.rest);
            }
        }
        Turn::Nothing
    }

    /// The child of `node`, which lies at `slot`, under a literal.
    fn literal(&self, slot: u32, node: &Node, edge: &[u8]) -> Option<u32> {
        match node.children {
            Children::None | Children::Param => None,
            Children::Literal => self
                .has_edge(&self.nodes[node.child as usize], edge)
                .then_some(node.child),
            Children::Hashed | Children::HashedAndParam => self.hashed(slot, edge),
        }
    }

    fn hashed(&self, parent: u32, edge: &[u8]) -> Option<u32> {
        if edge.len() > self.edge_bytes_max {
            return None;
        }
        let mut slot = home(&self.hasher, parent, edge, self.nodes.len());
        loop {
            let node = &self.nodes[slot as usize];
            if node.parent == parent && self.has_edge(node, edge) {
                return Some(slot);
            }
            if node.parent == NONE {
                return None;
            }
            slot = after(slot, self.nodes.len());
        }
    }

    fn has_edge(&self, node: &Node, edge: &[u8]) -> bool {
        usize::from(node.len) == edge.len() && self.edge(node) == edge
    }

    fn edge<'t>(&'t self, node: &'t Node) -> &'t [u8] {
        let len = usize::from(node.len);
        if len <= INLINE {
            return &node.edge[..len];
        }
        let [a, b, c, d, ..] = node.edge;
        let begin = u32::from_le_bytes([a, b, c, d]) as usize;
        &self.texts.as_bytes()[begin..begin + len]
    }
}

/// What is left to try after a dead end.
enum Turn {
    /// The rest of a node on the way up.
    Found(u32),
    /// Down by the parameter at `param`, whose own segments begin at `below`.
    Down {
        param: u32,
        below: usize,
    },
    Nothing,
}

fn hash(hasher: &FixedState, parent: u32, edge: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write_u32(parent);
    state.write(edge);
    state.finish()
}

/// The slot at which the search for an edge begins.
fn home(hasher: &FixedState, parent: u32, edge: &[u8], slots: usize) -> u32 {
    // The upper half of the hash, scaled to the number of slots: no division, and any number of slots will do.
    let scaled = ((hash(hasher, parent, edge) >> 32) * slots as u64) >> 32;
    u32::try_from(scaled).expect("a product of two 32-bit numbers, shifted by 32, has 32 bits")
}

/// The next slot to look at.
fn after(slot: u32, slots: usize) -> u32 {
    if slot as usize + 1 == slots { 0 } else { slot + 1 }
}

/// One entry of a table.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry<'t, T> {
    /// `None`: every host.
    pub host: Option<&'t HostPattern>,
    /// Its pattern as it was first written; `Pattern::parse` takes it.
    pattern: &'t str,
    /// The value.
    pub value: &'t T,
}

impl<T> Entry<'_, T> {
    /// Its pattern as it was first written (another with the same shape shares the entry).
    pub fn pattern(&self) -> Pattern {
        Pattern::parse(self.pattern).expect("the text of a pattern parses again")
    }
}

impl<T> Clone for Entry<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Entry<'_, T> {}

/// All entries of a table, in the order in which they were added.
#[derive(Debug)]
pub struct Entries<'t, T> {
    table: &'t Table<T>,
    indexes: std::ops::Range<usize>,
}

impl<'t, T> Iterator for Entries<'t, T> {
    type Item = Entry<'t, T>;

    fn next(&mut self) -> Option<Entry<'t, T>> {
        self.indexes.next().map(|index| self.table.entry(index))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.indexes.size_hint()
    }
}

impl<T> ExactSizeIterator for Entries<'_, T> {}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
