//! From patterns to a `Table`: collects the tree in order, then lays it out.
//!
//! Runs when configuration or policy compiles, never during a request. Tens of thousands of entries have to take
//! milliseconds, since a reload waits for it.

use super::{
    ANY, Children, EXACT, INLINE, NODES_MAX, NONE, Node, Origin, PARAM_EDGE, SUFFIX, Table, after, hash, home,
};
use crate::path::{HostPattern, Pattern, Segment};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::collections::HashMap;

/// A node before it has a slot. Parents come before their children.
#[derive(Debug)]
struct Draft {
    /// Index of the parent's draft, or the mark of a kind of tree.
    parent: u32,
    param: u32,
    /// How many literal children it has.
    literals: u32,
    end: u32,
    rest: u32,
    /// The edge, in the texts.
    edge_at: u32,
    edge_len: u16,
}

/// Builds a `Table`.
#[derive(Debug)]
pub struct TableBuilder<T> {
    drafts: Vec<Draft>,
    /// Drafts by (parent, literal).
    literals: HashTable<u32>,
    hasher: FixedState,
    any: u32,
    /// The draft and the index of each host.
    roots: HashMap<HostPattern, (u32, u32)>,
    texts: String,
    hosts: Vec<HostPattern>,
    origins: Vec<Origin>,
    values: Vec<T>,
}

impl<T> Default for TableBuilder<T> {
    fn default() -> Self {
        TableBuilder::new()
    }
}

impl<T> TableBuilder<T> {
    /// An empty one.
    pub fn new() -> Self {
        TableBuilder {
            drafts: Vec::new(),
            literals: HashTable::new(),
            hasher: FixedState::with_seed(0),
            any: NONE,
            roots: HashMap::new(),
            texts: String::new(),
            hosts: Vec::new(),
            origins: Vec::new(),
            values: Vec::new(),
        }
    }

    /// The value under (host, shape of pattern), made by `make` where there is none yet.
    pub fn entry(
        &mut self,
        host: Option<&HostPattern>,
        pattern: &Pattern,
        make: impl FnOnce() -> T,
    ) -> &mut T {
        let (root, host) = self.root(host);
        let begin = self.texts.len();
        self.texts.push_str(pattern.as_str());
        let (node, is_rest) = self.descend(root, begin);
        let draft = &mut self.drafts[node as usize];
        let place = if is_rest { &mut draft.rest } else { &mut draft.end };
        if *place != NONE {
            // Then no node was new either, and none refers to the text that was appended.
            self.texts.truncate(begin);
            return &mut self.values[*place as usize];
        }
        let index = self.values.len();
        *place = narrow(index);
        self.origins.push(Origin {
            host,
            text_at: narrow(begin),
            text_len: edge_len(pattern.as_str()),
        });
        self.values.push(make());
        &mut self.values[index]
    }

    /// Freezes it.
    pub fn build(self) -> Table<T> {
        // Three slots for two nodes: about two looks per step, and always a free slot to stop at.
        let slots = self.drafts.len() + self.drafts.len() / 2 + 1;
        let mut table = Table {
            nodes: vec![Node::FREE; slots].into(),
            hasher: self.hasher.clone(),
            any: NONE,
            has_exact: false,
            has_suffix: false,
            edge_bytes_max: 0,
            steps_max: steps_max(&self.drafts),
            texts: self.texts.into(),
            hosts: self.hosts.into(),
            origins: self.origins.into(),
            values: self.values.into(),
        };
        let mut slot_of = vec![NONE; self.drafts.len()];
        for (index, draft) in self.drafts.iter().enumerate() {
            let slot = match self.drafts.get(draft.parent as usize) {
                None => table.place_root(draft),
                Some(parent) => {
                    let is_param = parent.param as usize == index;
                    table.place_child(slot_of[draft.parent as usize], parent.children(), draft, is_param)
                }
            };
            slot_of[index] = slot;
        }
        table
    }

    /// The draft of the tree for these hosts, and the index of the host.
    fn root(&mut self, host: Option<&HostPattern>) -> (u32, u32) {
        let Some(host) = host else {
            if self.any == NONE {
                self.any = self.add(ANY, "");
            }
            return (self.any, NONE);
        };
        if let Some(&known) = self.roots.get(host) {
            return known;
        }
        let root = match host {
            HostPattern::Exact(name) => self.add(EXACT, name),
            HostPattern::Suffix(suffix) => self.add(SUFFIX, suffix),
        };
        let index = narrow(self.hosts.len());
        self.hosts.push(host.clone());
        self.roots.insert(host.clone(), (root, index));
        (root, index)
    }

    /// A new draft whose edge is appended to the texts.
    fn add(&mut self, parent: u32, edge: &str) -> u32 {
        let edge_at = narrow(self.texts.len());
        self.texts.push_str(edge);
        self.push(parent, edge_at, edge_len(edge))
    }

    fn push(&mut self, parent: u32, edge_at: u32, edge_len: u16) -> u32 {
        let index = narrow(self.drafts.len());
        assert!(
            index < NODES_MAX,
            "a table of 2^32 nodes does not fit into memory"
        );
        self.drafts.push(Draft {
            parent,
            param: NONE,
            literals: 0,
            end: NONE,
            rest: NONE,
            edge_at,
            edge_len,
        });
        index
    }

    /// Down from `root` along the pattern at the end of the texts, adding what is missing: the draft at its end,
    /// and whether the pattern goes on with `/**` from there.
    fn descend(&mut self, root: u32, pattern_at: usize) -> (u32, bool) {
        let mut node = root;
        let mut begin = pattern_at + 1;
        while begin <= self.texts.len() {
            let text = &self.texts[begin..];
            let text = &text[..text.find('/').unwrap_or(text.len())];
            let len = edge_len(text);
            let edge_at = narrow(begin);
            begin += text.len() + 1;
            match Segment::of(text) {
                Segment::Rest => return (node, true),
                Segment::Literal(_) => node = self.literal(node, edge_at, len),
                Segment::Param(_) => {
                    if self.drafts[node as usize].param == NONE {
                        let param = self.push(node, edge_at, len);
                        self.drafts[node as usize].param = param;
                    }
                    node = self.drafts[node as usize].param;
                }
            }
        }
        (node, false)
    }

    fn literal(&mut self, parent: u32, edge_at: u32, len: u16) -> u32 {
        let edge = slice(&self.texts, edge_at, len);
        let key = hash(&self.hasher, parent, edge);
        let found = self.literals.find(key, |&index| {
            let draft = &self.drafts[index as usize];
            draft.parent == parent && slice(&self.texts, draft.edge_at, draft.edge_len) == edge
        });
        if let Some(&index) = found {
            return index;
        }
        let index = self.push(parent, edge_at, len);
        self.drafts[parent as usize].literals += 1;
        let TableBuilder {
            literals,
            drafts,
            texts,
            hasher,
            ..
        } = self;
        literals.insert_unique(key, index, |&index| {
            let draft = &drafts[index as usize];
            hash(hasher, draft.parent, slice(texts, draft.edge_at, draft.edge_len))
        });
        index
    }
}

impl Draft {
    fn children(&self) -> Children {
        match (self.literals, self.param) {
            (0, NONE) => Children::None,
            (0, _) => Children::Param,
            (1, NONE) => Children::Literal,
            (_, NONE) => Children::Hashed,
            (_, _) => Children::HashedAndParam,
        }
    }
}

impl<T> Table<T> {
    fn place_root(&mut self, draft: &Draft) -> u32 {
        let slot = self.place(draft.parent, draft, false, None);
        match draft.parent {
            EXACT => self.has_exact = true,
            SUFFIX => self.has_suffix = true,
            _ => self.any = slot,
        }
        slot
    }

    fn place_child(&mut self, parent: u32, siblings: Children, draft: &Draft, is_param: bool) -> u32 {
        if !is_param && siblings != Children::Literal {
            return self.place(parent, draft, false, None);
        }
        // Found through its parent, so it may lie anywhere: best where the parent brings it into the cache.
        let slot = self.place(parent, draft, is_param, Some(after(parent, self.nodes.len())));
        self.nodes[parent as usize].child = slot;
        slot
    }

    /// Takes the first free slot from `near` on, or from the home of the edge's hash.
    fn place(&mut self, parent: u32, draft: &Draft, is_param: bool, near: Option<u32>) -> u32 {
        let (edge, len) = if is_param {
            (PARAM_EDGE.as_bytes(), edge_len(PARAM_EDGE))
        } else {
            (slice(&self.texts, draft.edge_at, draft.edge_len), draft.edge_len)
        };
        let mut inline = [0; INLINE];
        match inline.get_mut(..edge.len()) {
            Some(inline) => inline.copy_from_slice(edge),
            None => inline[..4].copy_from_slice(&draft.edge_at.to_le_bytes()),
        }
        let mut slot = near.unwrap_or_else(|| home(&self.hasher, parent, edge, self.nodes.len()));
        while self.nodes[slot as usize].parent != NONE {
            slot = after(slot, self.nodes.len());
        }
        self.edge_bytes_max = self.edge_bytes_max.max(usize::from(len));
        self.nodes[slot as usize] = Node {
            parent,
            child: NONE,
            end: draft.end,
            rest: draft.rest,
            len,
            children: draft.children(),
            edge: inline,
        };
        slot
    }
}

/// The most nodes of one tree that one path can visit: at each node the costliest literal and the parameter.
fn steps_max(drafts: &[Draft]) -> u32 {
    let mut literal_max = vec![0u32; drafts.len()];
    let mut below = vec![0u32; drafts.len()];
    let mut most = 0;
    // Children come after their parents.
    for (index, draft) in drafts.iter().enumerate().rev() {
        let param = below.get(draft.param as usize).copied().unwrap_or(0);
        below[index] = 1 + literal_max[index] + param;
        match drafts.get(draft.parent as usize) {
            Some(parent) if parent.param as usize == index => {}
            Some(_) => {
                let parent = &mut literal_max[draft.parent as usize];
                *parent = below[index].max(*parent);
            }
            None => most = below[index].max(most),
        }
    }
    most
}

fn slice(texts: &str, at: u32, len: u16) -> &[u8] {
    let begin = at as usize;
    &texts.as_bytes()[begin..begin + usize::from(len)]
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("4 GiB of patterns do not fit into memory beside their configuration")
}

fn edge_len(text: &str) -> u16 {
    u16::try_from(text.len()).expect("a pattern has at most 8,192 bytes, a host 253")
}
