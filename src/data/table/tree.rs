//! From a position to the segment that covers it: one word per hash slot, and a directory of its own for a slot
//! that outgrew one segment.
//!
//! ```text
//!  root.nodes  [ slot 0 | slot 1 | ... | slot 16383 ]
//!                 |         |               |
//!                 +----+----+               +--> directory { bits: 2, [ a | a | b | c ] }   depths 15, 15, 16, 16
//!                      |                         indexed by the hash bits after the slot
//!                 segment of depth 13: the buddies 0 and 1 share it
//! ```
//!
//! A node is `depth << 26 | id`. Depth d means that the node covers all positions with the same first d bits, and
//! every word of that range holds the same node. Id 0 is nil: no key there. So a zeroed root says "nil of depth 0".
//!
//! Invariants:
//! - A slot has a directory only if some node within it is deeper than 14.
//! - A directory has at least one node of depth `14 + bits`; `deepest` counts them.

use std::ops::Range;

use super::key::{LOCAL_BITS, POSITION_BITS};
use crate::data::slot::{SLOT_BITS, SLOT_COUNT};

const ID_BITS: u32 = 26;
const ID_MASK: u32 = (1 << ID_BITS) - 1;
/// Depth field that marks a directory.
const DIRECTORY: u32 = 63;
/// Highest segment id.
pub(super) const MAX_ID: u32 = ID_MASK;

/// A word of the root or of a directory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Node(u32);

impl Node {
    pub(super) fn segment(depth: u32, id: u32) -> Self {
        debug_assert!(id <= MAX_ID && depth < DIRECTORY);
        Self(depth << ID_BITS | id)
    }

    pub(super) fn nil(depth: u32) -> Self {
        Self::segment(depth, 0)
    }

    fn directory(id: u32) -> Self {
        debug_assert!(id <= MAX_ID);
        Self(DIRECTORY << ID_BITS | id)
    }

    #[inline]
    pub(super) fn depth(self) -> u32 {
        self.0 >> ID_BITS
    }

    #[inline]
    pub(super) fn id(self) -> u32 {
        self.0 & ID_MASK
    }

    #[inline]
    pub(super) fn is_nil(self) -> bool {
        self.id() == 0
    }

    #[inline]
    fn is_directory(self) -> bool {
        self.depth() == DIRECTORY
    }

    /// The first position that this node covers, given one of them.
    pub(super) fn start(self, position: u64) -> u64 {
        position & !(self.span() - 1)
    }

    /// Number of positions that this node covers.
    pub(super) fn span(self) -> u64 {
        1 << (POSITION_BITS - self.depth())
    }
}

/// What a table with keys has per slot.
pub(super) struct Root {
    nodes: [Node; SLOT_COUNT],
    /// Keys per slot.
    pub(super) counts: [u32; SLOT_COUNT],
}

/// One slot's directory.
struct Directory {
    bits: u32,
    /// Nodes of depth `14 + bits`.
    deepest: usize,
    nodes: Vec<Node>,
}

impl Directory {
    #[inline]
    fn index(&self, position: u64) -> usize {
        ((position & ((1 << LOCAL_BITS) - 1)) >> (LOCAL_BITS - self.bits)) as usize
    }

    fn range(&self, position: u64, depth: u32) -> Range<usize> {
        let width = 1 << (self.bits + SLOT_BITS - depth);
        let first = self.index(position) & !(width - 1);
        first..first + width
    }

    fn recount(&mut self) {
        let full = SLOT_BITS + self.bits;
        self.deepest = self.nodes.iter().filter(|node| node.depth() == full).count();
    }
}

/// The map from positions to nodes.
#[derive(Default)]
pub(super) struct Tree {
    root: Option<Box<Root>>,
    directories: Vec<Option<Directory>>,
    free: Vec<u32>,
}

#[inline]
fn slot_of(position: u64) -> usize {
    (position >> LOCAL_BITS) as usize % SLOT_COUNT
}

impl Tree {
    #[inline]
    pub(super) fn root(&self) -> Option<&Root> {
        self.root.as_deref()
    }

    /// The root, allocated on first use.
    #[inline]
    pub(super) fn root_mut(&mut self) -> &mut Root {
        // SAFETY: all bytes zero is a valid `Root`: it is made of integers, and zero is the nil node of depth 0.
        self.root.get_or_insert_with(|| unsafe { Box::<Root>::new_zeroed().assume_init() })
    }

    /// The node that covers `position`: a segment or nil.
    #[inline]
    pub(super) fn lookup(&self, position: u64) -> Node {
        let Some(root) = self.root() else {
            return Node::nil(0);
        };
        let node = root.nodes[slot_of(position)];
        if node.is_directory() { self.lookup_directory(node, position) } else { node }
    }

    #[inline]
    fn lookup_directory(&self, node: Node, position: u64) -> Node {
        match &self.directories[node.id() as usize] {
            Some(directory) => directory.nodes[directory.index(position)],
            None => unreachable!("a root word names a freed directory"),
        }
    }

    /// The node beside the one of `depth` that covers `position`, if it is not split further.
    pub(super) fn sibling(&self, position: u64, depth: u32) -> Option<Node> {
        if depth == 0 {
            return None;
        }
        let node = self.lookup(position ^ 1 << (POSITION_BITS - depth));
        (node.depth() == depth).then_some(node)
    }

    /// Puts `node` in the place of the node of the same depth that covers `position`.
    pub(super) fn replace(&mut self, position: u64, node: Node) {
        let slot = slot_of(position);
        let root = self.root_mut();
        if node.depth() <= SLOT_BITS {
            let width = 1 << (SLOT_BITS - node.depth());
            let first = slot & !(width - 1);
            root.nodes[first..first + width].fill(node);
            return;
        }
        let id = root.nodes[slot].id() as usize;
        if let Some(directory) = &mut self.directories[id] {
            let range = directory.range(position, node.depth());
            directory.nodes[range].fill(node);
        }
    }

    /// Puts two children, one level deeper, in the place of the node that covers `position`.
    pub(super) fn split(&mut self, position: u64, children: [Node; 2]) {
        let depth = children[0].depth();
        let half = 1u64 << (POSITION_BITS - depth);
        if depth > SLOT_BITS {
            self.deepen(slot_of(position), depth - SLOT_BITS);
        }
        self.replace(position & !half, children[0]);
        self.replace(position | half, children[1]);
    }

    /// Makes the directory of `slot` able to tell apart `bits` bits, of which it has at least one less, and counts
    /// the two nodes about to be put there.
    fn deepen(&mut self, slot: usize, bits: u32) {
        let node = self.root_mut().nodes[slot];
        if !node.is_directory() {
            let directory = Directory { bits: 1, deepest: 2, nodes: vec![node; 2] };
            let id = self.add_directory(directory);
            self.root_mut().nodes[slot] = Node::directory(id);
            return;
        }
        let Some(directory) = &mut self.directories[node.id() as usize] else {
            return;
        };
        if directory.bits < bits {
            directory.nodes = directory.nodes.iter().flat_map(|&node| [node, node]).collect();
            directory.bits += 1;
            directory.deepest = 0;
        }
        if directory.bits == bits {
            directory.deepest += 2;
        }
    }

    fn add_directory(&mut self, directory: Directory) -> u32 {
        if let Some(id) = self.free.pop() {
            self.directories[id as usize] = Some(directory);
            return id;
        }
        self.directories.push(Some(directory));
        match u32::try_from(self.directories.len() - 1) {
            Ok(id) => id,
            Err(_) => unreachable!("there is at most one directory per slot"),
        }
    }

    /// Puts `parent` in the place of its two children, and shrinks or frees the directory if that lets it.
    pub(super) fn merge(&mut self, position: u64, parent: Node) {
        if parent.depth() < SLOT_BITS {
            return self.replace(position, parent);
        }
        let slot = slot_of(position);
        let node = self.root_mut().nodes[slot];
        let id = node.id() as usize;
        let Some(directory) = self.directories[id].as_mut().filter(|_| node.is_directory()) else {
            return self.replace(position, parent);
        };
        let range = directory.range(position, parent.depth());
        directory.nodes[range].fill(parent);
        if parent.depth() + 1 == SLOT_BITS + directory.bits {
            directory.deepest -= 2;
        }
        while directory.deepest == 0 && directory.bits > 0 {
            directory.bits -= 1;
            directory.nodes = directory.nodes.iter().copied().step_by(2).collect();
            directory.recount();
        }
        if directory.bits == 0 {
            let only = directory.nodes[0];
            self.directories[id] = None;
            self.free.push(node.id());
            self.root_mut().nodes[slot] = only;
        }
    }

    /// Bytes of root and directories.
    pub(super) fn mem_bytes(&self) -> usize {
        let root = if self.root.is_some() { size_of::<Root>() } else { 0 };
        let nodes: usize = self
            .directories
            .iter()
            .flatten()
            .map(|directory| directory.nodes.capacity() * size_of::<Node>())
            .sum();
        root + nodes
            + self.directories.capacity() * size_of::<Option<Directory>>()
            + self.free.capacity() * size_of::<u32>()
    }

    /// Checks the directories against the invariants of this file.
    #[cfg(test)]
    pub(super) fn check(&self) {
        let named =
            self.root().map_or(0, |root| root.nodes.iter().filter(|node| node.is_directory()).count());
        assert_eq!(named, self.directories.iter().flatten().count());
        assert_eq!(self.directories.len(), named + self.free.len());
        for directory in self.directories.iter().flatten() {
            assert_eq!(directory.nodes.len(), 1 << directory.bits);
            let full =
                directory.nodes.iter().filter(|node| node.depth() == SLOT_BITS + directory.bits).count();
            assert_eq!(full, directory.deepest);
            assert!(full > 0 && directory.bits > 0);
        }
    }
}
