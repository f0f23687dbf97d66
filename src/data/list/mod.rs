//! Lists: one listpack while they are short, many in a row when they are long (Redis: t_list.c, quicklist.c).
//!
//! ```text
//!            push, insert, set: the pack would exceed a node's limit
//!   Packed ─────────────────────────────────────────────────────────► Quick
//!          ◄─────────────────────────────────────────────────────────
//!            pop, remove, set: one packed node is left, at most half the limit
//! ```
//!
//! Invariants:
//! - The form depends on the history only by the rules above, so OBJECT ENCODING says what Redis 7.2 says.
//! - A list with a large (plain) element is Quick.
//! - Indices are counted from the head, from 0; handlers turn negative ones around.
//!
//! The limits come with each call: a change of the configuration counts from the next change of a list on. (Redis keeps
//! them in each quicklist from its creation on.) A list belongs to the thread that owns its table.

mod change;
mod iter;
mod limit;
mod node;
mod plain;
mod quick;
#[cfg(test)]
mod tests;

pub use iter::Iter;
pub use quick::QuickList;

use super::object::{Collection, Object};
use super::shared::Shared;
use super::{Item, Kind, Limits, Listpack};
use limit::NodeLimit;
use node::Node;
use smallvec::SmallVec;

/// A node as a list holds it: perhaps with point-in-time copies of the list.
type SharedNode = Shared<Node>;

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Where index 0 is.
    Head,
    /// Where the last index is.
    Tail,
}

impl End {
    /// The opposite end.
    #[must_use]
    pub fn other(self) -> End {
        match self {
            End::Head => End::Tail,
            End::Tail => End::Head,
        }
    }
}

/// A list.
#[derive(Clone, Debug, PartialEq)]
pub enum List {
    /// A short one: a single block.
    Packed(Listpack),
    /// A long one.
    Quick(Box<QuickList>),
}

impl Default for List {
    fn default() -> List {
        List::new()
    }
}

impl List {
    /// A list without elements.
    #[must_use]
    pub fn new() -> List {
        List::Packed(Listpack::new())
    }

    /// Number of elements.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            List::Packed(pack) => pack.len(),
            List::Quick(quick) => quick.len,
        }
    }

    /// Whether there are no elements.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            List::Packed(pack) => pack.is_empty(),
            List::Quick(quick) => quick.len == 0,
        }
    }

    /// What OBJECT ENCODING says.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match self {
            List::Packed(_) => "listpack",
            List::Quick(_) => "quicklist",
        }
    }

    /// Number of blocks that elements lie in.
    #[must_use]
    pub fn node_count(&self) -> usize {
        match self {
            List::Packed(_) => 1,
            List::Quick(quick) => quick.nodes.len(),
        }
    }

    /// The blocks from head to tail, as RDB files carry them: whether it is a plain element, and the bytes of the
    /// element or the listpack.
    pub fn blocks(&self) -> impl Iterator<Item = (bool, &[u8])> {
        let (pack, nodes) = match self {
            List::Packed(pack) => (Some((false, pack.as_bytes())), None),
            List::Quick(quick) => (None, Some(quick.nodes.iter().map(|node| node.block()))),
        };
        pack.into_iter().chain(nodes.into_iter().flatten())
    }

    /// The block at `index` of [`List::blocks`].
    #[must_use]
    pub fn block(&self, index: usize) -> Option<(bool, &[u8])> {
        match self {
            List::Packed(pack) => (index == 0).then(|| (false, pack.as_bytes())),
            List::Quick(quick) => quick.nodes.get(index).map(|node| node.block()),
        }
    }

    /// The block at `index`: a pack, or the bytes of a plain element.
    #[inline]
    pub(super) fn part(&self, index: usize) -> Option<Result<&Listpack, &[u8]>> {
        match self {
            List::Packed(pack) => (index == 0).then_some(Ok(pack)),
            List::Quick(quick) => quick.nodes.get(index).map(|node| match &**node {
                Node::Packed { pack, .. } => Ok(pack),
                Node::Plain(text) => Err(&**text),
            }),
        }
    }

    /// A copy of the list as it is now, which shares the nodes with it: takes a small allocation per node. Whoever
    /// changes a shared node first duplicates it.
    #[must_use]
    pub fn share(&mut self) -> List {
        match self {
            List::Packed(pack) => List::Packed(pack.clone()),
            List::Quick(quick) => {
                let nodes = quick.nodes.iter_mut().map(SharedNode::share).collect();
                QuickList { nodes, len: quick.len }.into()
            }
        }
    }

    /// What the list takes from the allocator.
    #[must_use]
    pub fn mem_bytes(&self) -> usize {
        match self {
            List::Packed(pack) => pack.mem_bytes(),
            List::Quick(quick) => quick.mem_bytes(),
        }
    }

    /// The element at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Item<'_>> {
        match self {
            List::Packed(pack) => pack.pick(i64::try_from(index).ok()?),
            List::Quick(quick) => quick.get(index),
        }
    }

    /// The elements from the one at `index` on, towards the tail or towards the head.
    #[must_use]
    pub fn iter_from(&self, index: usize, towards: End) -> Iter<'_> {
        Iter::new(self, index, towards)
    }

    /// All elements from head to tail.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        self.iter_from(0, End::Tail)
    }

    /// About how many bytes the `n` elements from `index` on take, to make room for a copy of them.
    #[must_use]
    pub fn range_bytes(&self, index: usize, n: usize) -> usize {
        match self {
            List::Packed(pack) => quick::share(pack.total_bytes(), n, pack.len()),
            List::Quick(quick) => quick.range_bytes(index, n),
        }
    }

    /// Adds elements at `end`, one after the other.
    #[inline]
    pub fn push(&mut self, end: End, texts: &[&[u8]], limits: &Limits) {
        let limit = NodeLimit::of(limits);
        self.make_room(texts, limit);
        match (self, texts) {
            (List::Packed(pack), [text]) => node::push(pack, end, text),
            (List::Packed(pack), _) if end == End::Tail => pack.append_all(texts.iter().copied()),
            (List::Packed(pack), _) => texts.iter().for_each(|text| pack.prepend(text)),
            (List::Quick(quick), _) => texts.iter().for_each(|text| quick.push(end, text, limit)),
        }
    }

    /// Removes the element at `end`, after `look` had a look at it; `None` if there is none.
    #[inline]
    pub fn pop<R>(&mut self, end: End, limits: &Limits, look: impl FnOnce(Item<'_>) -> R) -> Option<R> {
        match self {
            List::Packed(pack) => node::pop(pack, end, look),
            List::Quick(quick) => {
                let result = quick.pop(end, look);
                self.shrink(limits);
                result
            }
        }
    }

    /// Moves the element at end `from` to end `to`; the list has one. One that is short enough for its stack buffer
    /// takes no memory.
    pub fn rotate(&mut self, from: End, to: End, limits: &Limits) {
        let mut text: SmallVec<[u8; 128]> = SmallVec::new();
        let copy = |item: Item<'_>| text.extend_from_slice(item.bytes(&mut itoa::Buffer::new()));
        // The form is looked at when the list is as long again as it was (t_list.c `lmoveGenericCommand`).
        let popped = match self {
            List::Packed(pack) => node::pop(pack, from, copy),
            List::Quick(quick) => quick.pop(from, copy),
        };
        if popped.is_some() {
            self.push(to, &[&text], limits);
            self.shrink(limits);
        }
    }

    /// Replaces the element at `index`; `false` if there is none.
    pub fn set(&mut self, index: usize, text: &[u8], limits: &Limits) -> bool {
        let limit = NodeLimit::of(limits);
        self.make_room(&[text], limit);
        let is_there = match self {
            List::Quick(quick) => quick.set(index, text, limit),
            List::Packed(pack) => match i64::try_from(index).ok().and_then(|index| pack.seek(index)) {
                Some(pos) => {
                    pack.replace(pos, text);
                    true
                }
                None => false,
            },
        };
        if is_there {
            self.shrink(limits);
        }
        is_there
    }

    /// Adds `text` beside the first element equal to `pivot`, on the side of `side`; `false` if there is none.
    pub fn insert(&mut self, side: End, pivot: &[u8], text: &[u8], limits: &Limits) -> bool {
        let limit = NodeLimit::of(limits);
        // Before the search, as in Redis: a pivot that is not there changes the form all the same.
        self.make_room(&[text], limit);
        match self {
            List::Quick(quick) => quick.insert(side, pivot, text, limit),
            List::Packed(pack) => match (pack.find(pivot, 0), side) {
                (None, _) => false,
                (Some(pos), End::Head) => pack.insert_before(pos, text) >= pos,
                (Some(pos), End::Tail) => pack.insert_after(pos, text) > pos,
            },
        }
    }

    /// Removes up to `n` elements from the one at `index` on.
    pub fn remove_range(&mut self, index: usize, n: usize, limits: &Limits) {
        match self {
            List::Packed(pack) => {
                pack.delete_range_by_index(i64::try_from(index).unwrap_or(i64::MAX), n);
            }
            List::Quick(quick) => {
                quick.remove_range(index, n);
                self.shrink(limits);
            }
        }
    }

    /// Removes up to `max` elements equal to `text`, the first ones from `from`; returns how many.
    pub fn remove_equal(&mut self, text: &[u8], max: usize, from: End, limits: &Limits) -> usize {
        match self {
            List::Packed(pack) => node::remove_equal(pack, text, max, from),
            List::Quick(quick) => {
                let removed = quick.remove_equal(text, max, from);
                self.shrink(limits);
                removed
            }
        }
    }

    /// Becomes Quick if the pack with `texts` added would exceed a node's limit (t_list.c
    /// `listTypeTryConvertListpack`).
    #[inline]
    fn make_room(&mut self, texts: &[&[u8]], limit: NodeLimit) {
        let List::Packed(pack) = self else { return };
        let bytes = texts.iter().fold(pack.total_bytes(), |sum, text| sum.saturating_add(text.len()));
        if limit.is_exceeded(bytes, pack.len().saturating_add(texts.len())) {
            *self = QuickList::of_pack(std::mem::take(pack)).into();
        }
    }

    /// Becomes Packed if one packed node is left that is at most half full (t_list.c `listTypeTryConvertQuicklist`).
    #[inline]
    fn shrink(&mut self, limits: &Limits) {
        if let List::Quick(quick) = self
            && quick.nodes.len() == 1
            && let Some(pack) = quick.take_lone_pack(NodeLimit::of(limits))
        {
            *self = List::Packed(pack);
        }
    }
}

impl From<List> for Object {
    fn from(list: List) -> Object {
        Object::List(list)
    }
}

impl Collection for List {
    const KIND: Kind = Kind::List;

    #[inline]
    fn of(object: &Object) -> Option<&List> {
        match object {
            Object::List(list) => Some(list),
            _ => None,
        }
    }

    #[inline]
    fn of_mut(object: &mut Object) -> Option<&mut List> {
        match object {
            Object::List(list) => Some(list),
            _ => None,
        }
    }

    #[inline]
    fn is_spent(&self) -> bool {
        self.is_empty()
    }
}
