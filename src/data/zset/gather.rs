//! Building a sorted set of which only the end counts: the results of ZUNIONSTORE, ZINTER, GEOSEARCHSTORE and their kin.
//!
//! Elements are collected in the table, scores may still change; at the end they are sorted once. The result is as
//! compact as the limits allow (t_zset.c `zsetConvertToListpackIfNeeded`).

use super::order::{Order, Point, sort};
use super::packed;
use super::tree::{Tree, element, score_in, score_of, word_of};
use super::{Fields, Limits, Listpack, Slot, ZSet};

/// Elements in no order yet.
#[derive(Default)]
pub struct Gather {
    fields: Fields,
    /// A point per element; its score is the first one, the entry has the last.
    points: Vec<Point>,
    longest: usize,
    bytes: usize,
}

impl Gather {
    /// An empty one, with room for `count` elements: the caller bounds the number.
    #[must_use]
    pub fn with_capacity(count: usize) -> Gather {
        Gather {
            fields: Fields::with_capacity(count),
            points: Vec::with_capacity(count),
            ..Gather::default()
        }
    }

    /// Adds an element; if it is there, `merge` makes the new score of the present one.
    #[inline]
    pub fn put(&mut self, name: &[u8], score: f64, merge: impl FnOnce(f64) -> f64) {
        match self.fields.upsert(name) {
            Slot::Vacant(vacant) => {
                // SAFETY: table and points become one tree, or are dropped together; no entry is rebuilt in between.
                let (entry, point) = unsafe { element(name, score, 0) };
                vacant.insert(entry);
                self.points.push(point);
                self.longest = self.longest.max(name.len());
                self.bytes = self.bytes.saturating_add(name.len());
            }
            Slot::Occupied(mut occupied) => {
                let score = merge(score_of(occupied.get()));
                occupied.get_mut().set_int(word_of(score));
            }
        }
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The sorted set of all.
    #[must_use]
    pub fn finish(mut self, limits: &Limits) -> ZSet {
        for point in &mut self.points {
            // SAFETY: every entry here holds a number, and nobody changes it now.
            point.score = score_in(unsafe { point.member.int() });
        }
        let packs = self.points.len() <= limits.zset_entries
            && self.longest <= limits.zset_value_bytes
            && Listpack::new().safe_to_add(self.bytes);
        if packs {
            sort(&mut self.points);
            let mut pack = Listpack::new();
            for point in &self.points {
                packed::append(&mut pack, point.name(), point.score);
            }
            return ZSet::Packed(pack);
        }
        let order = Order::from_points(std::mem::take(&mut self.points));
        ZSet::Tree(Box::new(Tree::new(self.fields, order)))
    }
}
