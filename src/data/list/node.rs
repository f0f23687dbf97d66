//! A node of a long list: a listpack of some elements, or one large element as it is.

use super::limit::NodeLimit;
use super::plain::Plain;
use super::{End, SharedNode};
use crate::data::{Item, Listpack};

/// One node. Invariants: a packed node has at least one element, and `count` is how many.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Packed {
        pack: Listpack,
        /// Kept here so that a search for an index reads nodes, not packs.
        count: u32,
    },
    Plain(Plain),
}

const _: () = assert!(size_of::<Node>() == 16);

impl Node {
    /// A node of one element.
    pub(super) fn of(text: &[u8], limit: NodeLimit) -> Node {
        if limit.is_plain(text.len()) {
            return Node::plain(text);
        }
        let mut pack = Listpack::new();
        pack.append(text);
        Node::Packed { pack, count: 1 }
    }

    /// A node of one large element.
    pub(super) fn plain(text: &[u8]) -> Node {
        Node::Plain(text.into())
    }

    /// A node of the elements of `pack`.
    pub(super) fn packed(pack: Listpack) -> Node {
        let count = u32::try_from(pack.len()).unwrap_or(u32::MAX);
        Node::Packed { pack, count }
    }

    /// Number of elements.
    #[inline]
    pub(super) fn count(&self) -> usize {
        match self {
            Node::Packed { count, .. } => *count as usize,
            Node::Plain(_) => 1,
        }
    }

    /// Length of what is stored.
    #[inline]
    pub(super) fn bytes(&self) -> usize {
        match self {
            Node::Packed { pack, .. } => pack.total_bytes(),
            Node::Plain(text) => text.len(),
        }
    }

    /// Whether it is plain, and what is stored.
    pub(super) fn block(&self) -> (bool, &[u8]) {
        match self {
            Node::Packed { pack, .. } => (false, pack.as_bytes()),
            Node::Plain(text) => (true, text),
        }
    }

    /// What the node takes from the allocator.
    pub(super) fn mem_bytes(&self) -> usize {
        match self {
            Node::Packed { pack, .. } => pack.mem_bytes(),
            Node::Plain(text) => text.mem_bytes(),
        }
    }

    /// Whether it is packed, and an element of `len` bytes keeps the pack below the safe length of any.
    pub(super) fn is_safe_to_add(&self, len: usize) -> bool {
        matches!(self, Node::Packed { pack, .. } if pack.safe_to_add(len))
    }

    /// The element at `offset`.
    pub(super) fn get(&self, offset: usize) -> Option<Item<'_>> {
        match self {
            Node::Packed { pack, .. } => pack.pick(i64::try_from(offset).ok()?),
            Node::Plain(text) => (offset == 0).then_some(Item::Bytes(text)),
        }
    }

    /// Removes up to `n` elements from `offset` on. The caller removes a node that became empty.
    pub(super) fn remove_range(&mut self, offset: usize, n: usize) {
        if let Node::Packed { pack, count } = self {
            let removed = pack.delete_range_by_index(i64::try_from(offset).unwrap_or(i64::MAX), n);
            *count = count.saturating_sub(u32::try_from(removed).unwrap_or(u32::MAX));
        }
    }
}

/// Adds `text` at `end` of a node if it has room for it.
#[inline]
pub(super) fn try_push(node: &mut SharedNode, end: End, text: &[u8], limit: NodeLimit) -> bool {
    match &**node {
        Node::Packed { pack, count } if limit.admits(pack.total_bytes(), *count as usize, text.len()) => {}
        _ => return false,
    }
    if let Node::Packed { pack, count } = node.own() {
        push(pack, end, text);
        *count += 1;
    }
    true
}

/// Adds `text` at `end` of a pack.
#[inline]
pub(super) fn push(pack: &mut Listpack, end: End, text: &[u8]) {
    match end {
        End::Head => pack.prepend(text),
        End::Tail => {
            pack.append(text);
        }
    }
}

/// Removes the element at `end` of a pack, after `look` had a look at it.
#[inline]
pub(super) fn pop<R>(pack: &mut Listpack, end: End, look: impl FnOnce(Item<'_>) -> R) -> Option<R> {
    let at = match end {
        End::Head => pack.first(),
        End::Tail => pack.last(),
    }?;
    let result = look(pack.get(at));
    pack.delete(at);
    Some(result)
}

/// Finds up to `max` elements equal to `text` in a pack, the first ones from `from`, and puts their positions into `found`.
pub(super) fn find_equal(pack: &Listpack, text: &[u8], max: usize, from: End, found: &mut Vec<usize>) {
    found.clear();
    let mut next = pack.find(text, 0);
    while let Some(at) = next {
        found.push(at);
        if from == End::Head && found.len() == max {
            break;
        }
        next = pack.next(at).and_then(|behind| pack.find_from(behind, text, 0));
    }
    // From the tail it is the last ones that go.
    found.drain(..found.len().saturating_sub(max));
}

/// Removes up to `max` elements equal to `text` from a pack, the first ones from `from`; returns how many.
pub(super) fn remove_equal(pack: &mut Listpack, text: &[u8], max: usize, from: End) -> usize {
    let mut found = Vec::new();
    find_equal(pack, text, max, from, &mut found);
    pack.delete_many(&found);
    found.len()
}
