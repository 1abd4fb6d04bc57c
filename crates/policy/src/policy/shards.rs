//! A persistent hash table: 4,096 leaves behind `Arc`, so that a copy is cheap and a change copies one leaf.
//!
//! Keys are part of the items, and several items may have one key; callers compare. The hash is fixed: what is stored
//! comes from the organisation, and callers of the gateway can only look up.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

/// Branches, and leaves of a branch.
const FAN: usize = 64;

/// Items by the hash of their keys.
#[derive(Debug)]
pub(super) struct Shards<T> {
    branches: Arc<[Arc<Branch<T>>; FAN]>,
    len: usize,
}

#[derive(Debug)]
struct Branch<T>([Arc<Leaf<T>>; FAN]);

#[derive(Debug, Clone)]
struct Leaf<T>(HashTable<T>);

// By hand: what is shared needs no bound on `T`.
impl<T> Clone for Branch<T> {
    fn clone(&self) -> Self {
        Branch(self.0.clone())
    }
}

impl<T> Clone for Shards<T> {
    fn clone(&self) -> Self {
        Shards {
            branches: Arc::clone(&self.branches),
            len: self.len,
        }
    }
}

impl<T> Default for Shards<T> {
    fn default() -> Self {
        // All leaves are one empty leaf until something is put into them.
        let leaf = Arc::new(Leaf(HashTable::new()));
        let branch = Arc::new(Branch(std::array::from_fn(|_| Arc::clone(&leaf))));
        Shards {
            branches: Arc::new(std::array::from_fn(|_| Arc::clone(&branch))),
            len: 0,
        }
    }
}

/// The hash of a key.
pub(super) fn hash(key: impl Hash) -> u64 {
    FixedState::with_seed(0).hash_one(key)
}

/// Which leaf: bits that the tables within leaves do not use.
fn place(hash: u64) -> (usize, usize) {
    let bits = (hash >> 40) as usize;
    (bits % FAN, bits / FAN % FAN)
}

impl<T> Shards<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Items whose keys may have this hash.
    pub(super) fn candidates(&self, hash: u64) -> impl Iterator<Item = &T> {
        let (branch, leaf) = place(hash);
        self.branches[branch].0[leaf].0.iter_hash(hash)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        let leaves = self.branches.iter().flat_map(|branch| branch.0.iter());
        leaves.flat_map(|leaf| leaf.0.iter())
    }
}

impl<T: Clone> Shards<T> {
    /// Adds an item, whatever is there already. `rehash`: the hash of any item's key.
    pub(super) fn insert(&mut self, hash: u64, item: T, rehash: impl Fn(&T) -> u64) {
        self.leaf(hash).insert_unique(hash, item, rehash);
        self.len += 1;
    }

    /// Takes out one item that is so.
    pub(super) fn remove(&mut self, hash: u64, is_it: impl Fn(&T) -> bool) -> Option<T> {
        // What is not there must not cost a copy of its leaf.
        self.candidates(hash).find(|item| is_it(item))?;
        let (item, _) = self.leaf(hash).find_entry(hash, is_it).ok()?.remove();
        self.len -= 1;
        Some(item)
    }

    fn leaf(&mut self, hash: u64) -> &mut HashTable<T> {
        let (branch, leaf) = place(hash);
        let branch = Arc::make_mut(&mut Arc::make_mut(&mut self.branches)[branch]);
        &mut Arc::make_mut(&mut branch.0[leaf]).0
    }
}
