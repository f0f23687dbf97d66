//! Changes of a long list apart from its ends: insertion and replacement anywhere, removal by range and by value.
//!
//! Nodes are split where an element does not fit, and merged with their neighbours where a split left them small, by
//! the rules of Redis's quicklist.c, so that lists of the same history have the same nodes.

use super::limit::NodeLimit;
use super::node::{self, Node};
use super::{End, QuickList, SharedNode};

/// Where an element stands: its node and its position in the node's pack (0 in a plain node).
#[derive(Clone, Copy)]
struct Place {
    node: usize,
    pos: usize,
}

impl QuickList {
    fn node(&self, i: usize) -> Option<&Node> {
        self.nodes.get(i).map(|node| &**node)
    }

    /// The first element equal to `text`.
    fn find(&self, text: &[u8]) -> Option<Place> {
        self.nodes.iter().enumerate().find_map(|(node, candidate)| {
            let pos = match &**candidate {
                Node::Packed { pack, .. } => pack.find(text, 0),
                Node::Plain(bytes) => (**bytes == *text).then_some(0),
            };
            pos.map(|pos| Place { node, pos })
        })
    }

    /// Adds `text` beside the first element equal to `pivot`, on the side of `side`; `false` if there is none.
    pub(super) fn insert(&mut self, side: End, pivot: &[u8], text: &[u8], limit: NodeLimit) -> bool {
        let found = self.find(pivot);
        if let Some(place) = found {
            self.insert_at(place, side, text, limit);
        }
        found.is_some()
    }

    /// Adds `text` beside the element at `place` (quicklist.c `_quicklistInsert`).
    fn insert_at(&mut self, place: Place, side: End, text: &[u8], limit: NodeLimit) {
        self.len += 1;
        let behind = place.node + usize::from(side == End::Tail);
        let Some(target) = self.nodes.get_mut(place.node) else { return };
        let (at_edge, has_room) = match &**target {
            Node::Plain(_) => (true, false),
            Node::Packed { pack, count } => {
                let at_edge = match side {
                    End::Head => pack.first() == Some(place.pos),
                    End::Tail => pack.next(place.pos).is_none(),
                };
                (at_edge, limit.admits(pack.total_bytes(), *count as usize, text.len()))
            }
        };
        if has_room {
            if let Node::Packed { pack, count } = target.own() {
                match side {
                    End::Head => pack.insert_before(place.pos, text),
                    End::Tail => pack.insert_after(place.pos, text),
                };
                *count += 1;
            }
        } else if at_edge {
            // The neighbour on that side takes it at its near end, or else it gets a node between the two.
            let neighbour = match side {
                End::Head => place.node.checked_sub(1).and_then(|i| self.nodes.get_mut(i)),
                End::Tail => self.nodes.get_mut(place.node + 1),
            };
            if !neighbour.is_some_and(|node| node::try_push(node, side.other(), text, limit)) {
                self.nodes.insert(behind, Node::of(text, limit).into());
            }
        } else {
            self.split_and_insert(place, side, text, limit);
        }
    }

    /// Adds `text` in the middle of a node that has no room for it.
    fn split_and_insert(&mut self, place: Place, side: End, text: &[u8], limit: NodeLimit) {
        self.split(place, side);
        let (left, right) = (place.node, place.node + 1);
        // The half without the pivot takes it, even if that makes it too large again.
        let (taker, pivot) = if side == End::Tail { (right, left) } else { (left, right) };
        match self.nodes.get_mut(taker) {
            Some(node) if !limit.is_plain(text.len()) && node.is_safe_to_add(text.len()) => {
                if let Node::Packed { pack, count } = node.own() {
                    node::push(pack, side.other(), text);
                    *count += 1;
                }
                self.merge_around(pivot, limit);
            }
            _ => self.nodes.insert(right, Node::of(text, limit).into()),
        }
    }

    /// Splits a packed node before or behind the element at `place`; neither half may be empty.
    fn split(&mut self, place: Place, side: End) {
        let Some(Node::Packed { pack, count }) = self.nodes.get_mut(place.node).map(SharedNode::own) else {
            return;
        };
        let before = pack.iter().take_while(|(pos, _)| *pos < place.pos).count();
        let tail = pack.split_off(before + usize::from(side == End::Tail));
        let tail = Node::packed(tail);
        *count = count.saturating_sub(u32::try_from(tail.count()).unwrap_or(u32::MAX));
        self.nodes.insert(place.node + 1, tail.into());
    }

    /// Merges nodes next to `center` where two make one that is not too large (quicklist.c `_quicklistMergeNodes`).
    fn merge_around(&mut self, center: usize, limit: NodeLimit) {
        let mut center = center;
        if center >= 2 && self.merge_with_next(center - 2, limit) {
            center -= 1;
        }
        self.merge_with_next(center + 1, limit);
        if center >= 1 && self.merge_with_next(center - 1, limit) {
            center -= 1;
        }
        self.merge_with_next(center, limit);
    }

    /// Makes nodes `i` and `i + 1` one, if both are there and packed and the sum is not too large.
    fn merge_with_next(&mut self, i: usize, limit: NodeLimit) -> bool {
        let fits = match (self.node(i), self.node(i + 1)) {
            (Some(Node::Packed { pack: a, count: m }), Some(Node::Packed { pack: b, count: n })) => {
                // Header and end mark are there once (quicklist.c `_quicklistNodeAllowMerge`).
                let bytes = a.total_bytes().saturating_add(b.total_bytes()).saturating_sub(7);
                !limit.is_exceeded(bytes, m.saturating_add(*n) as usize)
            }
            _ => false,
        };
        if !fits {
            return false;
        }
        let taken = self.nodes.remove(i + 1);
        if let (Some(Node::Packed { pack: a, count: m }), Some(Node::Packed { pack: b, count: n })) =
            (self.nodes.get_mut(i).map(SharedNode::own), taken.as_deref())
        {
            a.merge(b);
            *m += *n;
        }
        true
    }

    /// Replaces the element at `index`; `false` if there is none (quicklist.c `quicklistReplaceEntry`). As there, a node
    /// may exceed its limit afterwards, but not the safe length of a listpack (as in Redis from 7.4 on).
    pub(super) fn set(&mut self, index: usize, text: &[u8], limit: NodeLimit) -> bool {
        let Some((i, offset)) = self.locate(index) else { return false };
        let Some(target) = self.nodes.get_mut(i) else { return false };
        let is_plain = limit.is_plain(text.len());
        match &**target {
            Node::Packed { pack, .. } if !is_plain && pack.safe_to_add(text.len()) => {
                let Some(pos) = i64::try_from(offset).ok().and_then(|at| pack.seek(at)) else { return false };
                if let Node::Packed { pack, .. } = target.own() {
                    pack.replace(pos, text);
                }
            }
            Node::Packed { pack, count } if *count > 1 => {
                let Some(pos) = i64::try_from(offset).ok().and_then(|at| pack.seek(at)) else { return false };
                self.set_apart(Place { node: i, pos }, text, limit);
            }
            Node::Plain(_) if !is_plain => {
                self.insert_at(Place { node: i, pos: 0 }, End::Tail, text, limit);
                self.nodes.remove(i);
                self.len -= 1;
            }
            _ => *target = Node::of(text, limit).into(),
        }
        true
    }

    /// Puts a node of its own in the place of an element of a packed node that has others as well.
    fn set_apart(&mut self, place: Place, text: &[u8], limit: NodeLimit) {
        if let Some(Node::Packed { pack, .. }) = self.node(place.node)
            && pack.next(place.pos).is_some()
        {
            self.split(place, End::Tail);
        }
        self.nodes.insert(place.node + 1, Node::of(text, limit).into());
        if let Some(Node::Packed { pack, count }) = self.nodes.get_mut(place.node).map(SharedNode::own) {
            pack.delete(place.pos);
            *count -= 1;
            if *count == 0 {
                self.nodes.remove(place.node);
            }
        }
    }

    /// Removes up to `n` elements from `index` on.
    pub(super) fn remove_range(&mut self, index: usize, n: usize) {
        let Some((mut from, offset)) = self.locate(index) else { return };
        let mut left = n.min(self.len - index);
        self.len -= left;
        if offset > 0
            && let Some(node) = self.nodes.get_mut(from)
        {
            let take = left.min(node.count() - offset);
            node.own().remove_range(offset, take);
            left -= take;
            from += 1;
        }
        let mut to = from;
        while let Some(node) = self.nodes.get_mut(to).filter(|_| left > 0) {
            if node.count() > left {
                node.own().remove_range(0, left);
                break;
            }
            left -= node.count();
            to += 1;
        }
        self.nodes.drain(from..to);
        self.give_back_room();
    }

    /// Removes up to `max` elements equal to `text`, the first ones from `from`; returns how many.
    pub(super) fn remove_equal(&mut self, text: &[u8], max: usize, from: End) -> usize {
        let mut found = Vec::new();
        let (mut removed, mut emptied) = (0, 0);
        let mut visit = |node: &mut SharedNode| {
            match &**node {
                Node::Packed { pack, .. } => {
                    node::find_equal(pack, text, max - removed, from, &mut found);
                    removed += found.len();
                    if !found.is_empty()
                        && let Node::Packed { pack, count } = node.own()
                    {
                        pack.delete_many(&found);
                        *count = count.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
                        emptied += usize::from(*count == 0);
                    }
                }
                Node::Plain(bytes) if **bytes == *text => {
                    // Marked by an empty pack until all empty nodes go at once.
                    *node = Node::Packed { pack: crate::data::Listpack::new(), count: 0 }.into();
                    emptied += 1;
                    removed += 1;
                }
                Node::Plain(_) => {}
            }
            removed < max
        };
        match from {
            End::Head => self.nodes.iter_mut().all(&mut visit),
            End::Tail => self.nodes.iter_mut().rev().all(&mut visit),
        };
        if emptied > 0 {
            self.nodes.retain(|node| node.count() > 0);
            self.give_back_room();
        }
        self.len -= removed;
        removed
    }
}
