//! The entries of a stream between two ids, from either end.

use super::StreamId;
use super::node::{StreamEntry, Walk};
use crate::data::Listpack;
use crate::data::shared::Shared;
use std::collections::{BTreeMap, btree_map};

/// See [`super::Log::range`].
pub struct Range<'a> {
    nodes: Option<btree_map::Range<'a, StreamId, Shared<Listpack>>>,
    walk: Option<Walk<'a>>,
    start: StreamId,
    end: StreamId,
    reverse: bool,
    tombstones: bool,
}

impl<'a> Range<'a> {
    #[inline]
    pub(super) fn new(
        nodes: &'a BTreeMap<StreamId, Shared<Listpack>>,
        (start, end): (StreamId, StreamId),
        reverse: bool,
        tombstones: bool,
    ) -> Range<'a> {
        // The first entry may lie in a node that starts before it.
        let nodes = (start <= end).then(|| {
            let first = nodes.range(..=start).next_back().map_or(start, |(id, _)| *id);
            nodes.range(first..=end)
        });
        Range { nodes, walk: None, start, end, reverse, tombstones }
    }

    #[inline]
    fn next_in_node(&mut self) -> Option<StreamEntry<'a>> {
        let walk = self.walk.as_mut()?;
        if self.reverse { walk.next_back() } else { walk.next() }
    }
}

impl<'a> Iterator for Range<'a> {
    type Item = StreamEntry<'a>;

    #[inline]
    fn next(&mut self) -> Option<StreamEntry<'a>> {
        loop {
            while let Some(entry) = self.next_in_node() {
                let (early, late) = (entry.id < self.start, entry.id > self.end);
                if if self.reverse { early } else { late } {
                    self.nodes = None;
                    self.walk = None;
                    return None;
                }
                if !early && !late && (self.tombstones || !entry.is_deleted()) {
                    return Some(entry);
                }
            }
            let nodes = self.nodes.as_mut()?;
            let (id, pack) = if self.reverse { nodes.next_back()? } else { nodes.next()? };
            self.walk = Walk::new(*id, pack);
        }
    }
}
