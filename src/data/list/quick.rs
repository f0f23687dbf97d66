//! A long list: nodes of limited size in a ring buffer.
//!
//! ```text
//!  nodes   [ 3 a b c ][ 1 LARGE ][ 5 d e f g h ][ 2 i j ]      each 24 bytes: count, pointer, owners
//! ```
//!
//! A ring buffer instead of Redis's linked nodes: both ends take and give in constant time, an index is found by a run
//! over counts that lie side by side, and a node put into the middle moves 24 bytes for each node on the shorter side,
//! which is less than the search for the place read.
//!
//! Invariants: no node is empty; `len` is the sum of the nodes' counts.

use super::limit::NodeLimit;
use super::node::{self, Node};
use super::{End, List, SharedNode};
use crate::base::alloc::rounded_size;
use crate::data::{Item, Listpack};
use std::collections::VecDeque;

/// Nodes that [`QuickList::mem_bytes`] looks at: the rest is taken to be like them (Redis: object.c
/// `objectComputeSize`).
const SAMPLES: usize = 64;
/// Capacity in nodes from which on the ring buffer is made smaller when it is mostly empty.
const SHRINK_FROM: usize = 64;

/// See the head of the file.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct QuickList {
    pub(super) nodes: VecDeque<SharedNode>,
    pub(super) len: usize,
}

impl QuickList {
    /// A list of the elements of `pack`.
    pub(super) fn of_pack(pack: Listpack) -> QuickList {
        let mut list = QuickList::default();
        if !pack.is_empty() {
            let node = Node::packed(pack);
            list.len = node.count();
            list.nodes.push_back(node.into());
        }
        list
    }

    /// Adds an element at `end`.
    #[inline]
    pub(super) fn push(&mut self, end: End, text: &[u8], limit: NodeLimit) {
        let last = match end {
            End::Head => self.nodes.front_mut(),
            End::Tail => self.nodes.back_mut(),
        };
        if !last.is_some_and(|node| node::try_push(node, end, text, limit)) {
            let node = Node::of(text, limit).into();
            match end {
                End::Head => self.nodes.push_front(node),
                End::Tail => self.nodes.push_back(node),
            }
        }
        self.len += 1;
    }

    /// Removes the element at `end`, after `look` had a look at it.
    #[inline]
    pub(super) fn pop<R>(&mut self, end: End, look: impl FnOnce(Item<'_>) -> R) -> Option<R> {
        let last = match end {
            End::Head => self.nodes.front_mut(),
            End::Tail => self.nodes.back_mut(),
        }?;
        let (result, left) = match &**last {
            Node::Plain(text) => (look(Item::Bytes(text)), 0),
            Node::Packed { pack, count: 1 } => (look(pack.get(pack.first()?)), 0),
            Node::Packed { .. } => match last.own() {
                Node::Packed { pack, count } => {
                    let result = node::pop(pack, end, look)?;
                    *count -= 1;
                    (result, *count)
                }
                Node::Plain(_) => return None,
            },
        };
        self.len -= 1;
        if left == 0 {
            match end {
                End::Head => self.nodes.pop_front(),
                End::Tail => self.nodes.pop_back(),
            };
            self.give_back_room();
        }
        Some(result)
    }

    /// The node that holds element `index`, and the element's place in it; walks from the nearer end.
    pub(super) fn locate(&self, index: usize) -> Option<(usize, usize)> {
        if index >= self.len {
            return None;
        }
        if index < self.len / 2 {
            let mut before = 0;
            for (i, node) in self.nodes.iter().enumerate() {
                let behind = before + node.count();
                if index < behind {
                    return Some((i, index - before));
                }
                before = behind;
            }
        } else {
            let mut behind = self.len;
            for (i, node) in self.nodes.iter().enumerate().rev() {
                let before = behind.checked_sub(node.count())?;
                if index >= before {
                    return Some((i, index - before));
                }
                behind = before;
            }
        }
        None
    }

    /// The element at `index`.
    pub(super) fn get(&self, index: usize) -> Option<Item<'_>> {
        let (i, offset) = self.locate(index)?;
        self.nodes.get(i)?.get(offset)
    }

    /// About how many bytes the `n` elements from `index` on take.
    pub(super) fn range_bytes(&self, index: usize, n: usize) -> usize {
        let Some((i, offset)) = self.locate(index) else { return 0 };
        let (mut bytes, mut left, mut skip) = (0_usize, n, offset);
        for node in self.nodes.range(i..) {
            let take = (node.count() - skip).min(left);
            bytes = bytes.saturating_add(share(node.bytes(), take, node.count()));
            left -= take;
            skip = 0;
            if left == 0 {
                break;
            }
        }
        bytes
    }

    /// Makes the ring buffer smaller if most of it is not in use.
    pub(super) fn give_back_room(&mut self) {
        if self.nodes.capacity() >= SHRINK_FROM && self.nodes.len() < self.nodes.capacity() / 4 {
            self.nodes.shrink_to(self.nodes.len() * 2);
        }
    }

    /// The only node's pack, if there is but one and it is so small that the list shall be that pack.
    pub(super) fn take_lone_pack(&mut self, limit: NodeLimit) -> Option<Listpack> {
        let fits = self.nodes.len() == 1
            && matches!(self.nodes.front().map(|node| &**node), Some(Node::Packed { pack, count })
                if limit.is_half_empty(pack.total_bytes(), *count as usize));
        match fits.then(|| self.nodes.pop_front()).flatten().map(SharedNode::into_inner) {
            Some(Node::Packed { pack, .. }) => Some(pack),
            _ => None,
        }
    }

    /// What the list takes from the allocator, estimated from some of its nodes.
    pub(super) fn mem_bytes(&self) -> usize {
        let count = self.nodes.len();
        let step = count.div_ceil(SAMPLES).max(1);
        let (seen, sum) = self
            .nodes
            .iter()
            .step_by(step)
            .fold((0, 0_usize), |(n, sum), node| (n + 1, sum.saturating_add(node.mem_bytes())));
        let ring = self.nodes.capacity().saturating_mul(size_of::<SharedNode>());
        let own = rounded_size(size_of::<QuickList>()).saturating_add(rounded_size(ring));
        own.saturating_add(share(sum, count, seen))
    }
}

/// `part / whole` of `bytes`.
pub(super) fn share(bytes: usize, part: usize, whole: usize) -> usize {
    let product = bytes as u128 * part as u128;
    usize::try_from(product / (whole.max(1) as u128)).unwrap_or(usize::MAX)
}

impl From<QuickList> for List {
    fn from(quick: QuickList) -> List {
        List::Quick(Box::new(quick))
    }
}
