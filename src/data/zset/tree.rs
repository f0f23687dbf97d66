//! A large sorted set: a table that finds scores by member, and the order that finds members by score and rank.
//!
//! ```text
//!  fields   member ──► entry: | header | score, 64 bits | member |        one block per element
//!  order    … score, ▸ │ score, ▸ │ …        each ▸ is an alias of an entry in `fields`
//! ```
//!
//! Invariants:
//! - Both hold the same elements with the same scores.
//! - An entry in `fields` never moves nor is rebuilt: only its number is changed, in place. It is dropped only once no
//!   order has a point of it any more, neither this one nor that of a point-in-time copy (`frozen`). That is what makes
//!   the aliases sound; nothing outside of this file and `gather` makes one.
//! - `fields` never shares segments: a change would replace entries that there are aliases of.

use super::frozen::{Copies, Frozen};
use super::order::{Order, Point};
use super::put::{NotANumber, Put, Rule};
use crate::data::entry::{Alias, Entry, EntryBox};
use crate::data::fields::{Fields, Slot};
use std::ops::Range;

/// Elements by member and by score. See the file's documentation.
#[derive(Default)]
pub struct Tree {
    pub(super) fields: Fields,
    pub(super) order: Order,
    copies: Copies,
}

/// The score that an entry of a sorted set holds.
#[inline]
pub(super) fn score_of(entry: &Entry) -> f64 {
    score_in(entry.int_value().unwrap_or(0))
}

/// The score that a number stands for.
#[inline]
pub(super) fn score_in(word: i64) -> f64 {
    f64::from_bits(word.cast_unsigned())
}

/// The number under which an entry keeps a score.
#[inline]
pub(super) fn word_of(score: f64) -> i64 {
    score.to_bits().cast_signed()
}

/// A new element of this generation (see `frozen`), and its point in the order.
///
/// # Safety
///
/// The point is used only as long as the entry lives in the table beside the order, by the invariants of this file.
#[inline]
pub(super) unsafe fn element(name: &[u8], score: f64, generation: u32) -> (EntryBox, Point) {
    let entry = EntryBox::new_int(name, word_of(score), None);
    entry.set_lru(generation);
    // SAFETY: passed on to the caller.
    let member = unsafe { Alias::of(&entry) };
    (entry, Point { score, member })
}

impl Tree {
    /// The set of these elements, which stand in both.
    pub(super) fn new(fields: Fields, order: Order) -> Tree {
        Tree { fields, order, copies: Copies::default() }
    }

    /// The elements of `order`, `len` of them, copied one by one. The order is known, so it is built without a search.
    pub(super) fn of_order(order: &Order, len: usize) -> Tree {
        let mut fields = Fields::with_capacity(len);
        let mut points = Vec::with_capacity(len);
        for point in order.walk(0..len, false) {
            // SAFETY: the entry goes into the new table, its point into the order beside it.
            let (entry, copy) = unsafe { element(point.name(), point.score, 0) };
            fields.insert(entry);
            points.push(copy);
        }
        Tree::new(fields, Order::from_sorted(&points))
    }

    /// A copy of the set as it is now; see [`Frozen`].
    pub(super) fn share(&mut self) -> Frozen {
        Frozen::new(self.order.share(), self.len(), &mut self.copies)
    }

    /// Number of elements.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    /// The score of a member.
    #[inline]
    pub(super) fn score(&self, name: &[u8]) -> Option<f64> {
        self.fields.find(name).map(score_of)
    }

    /// Adds a member or changes its score, with one probe of the table.
    #[inline]
    pub(super) fn put(&mut self, name: &[u8], score: f64, rule: Rule) -> Result<Put, NotANumber> {
        match self.fields.upsert(name) {
            Slot::Vacant(vacant) => {
                let put = rule.decide(None, score)?;
                if let Put::Added(score) = put {
                    // SAFETY: the entry goes into the table, then the point into the order.
                    let (entry, point) = unsafe { element(name, score, self.copies.generation()) };
                    vacant.insert(entry);
                    self.order.insert(point);
                }
                Ok(put)
            }
            Slot::Occupied(occupied) => {
                let current = score_of(occupied.get());
                let put = rule.decide(Some(current), score)?;
                if let Put::Updated(score) = put {
                    // SAFETY: the entry is owned by the table and holds a number; what the probe borrowed is done with.
                    unsafe { Alias::of(occupied.owner()).set_int(word_of(score)) };
                    self.order.rescore(current, name, score);
                }
                Ok(put)
            }
        }
    }

    /// Takes a member out; its score.
    #[inline]
    pub(super) fn remove(&mut self, name: &[u8]) -> Option<f64> {
        let entry = self.fields.remove(name)?;
        let score = score_of(&entry);
        // The entry outlives its point.
        self.order.remove(score, name);
        self.copies.bury(entry);
        Some(score)
    }

    /// Takes out the elements of these ranks, which must be there.
    pub(super) fn remove_range(&mut self, ranks: Range<usize>) {
        let Tree { fields, order, copies } = self;
        order.remove_range(ranks, |point| {
            if let Some(entry) = fields.remove(point.name()) {
                copies.bury(entry);
            }
        });
    }

    /// The rank and the score of a member.
    pub(super) fn rank(&self, name: &[u8]) -> Option<(usize, f64)> {
        let score = self.score(name)?;
        Some((self.order.rank(score, name), score))
    }

    /// Bytes taken from the allocator beside the object itself.
    pub(super) fn mem_bytes(&self) -> usize {
        size_of::<Tree>() - size_of::<Fields>() + self.fields.mem_bytes() + self.order.mem_bytes()
    }
}

impl Clone for Tree {
    /// Copies every element.
    fn clone(&self) -> Tree {
        Tree::of_order(&self.order, self.len())
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.copies.bury_all(&mut self.fields);
    }
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tree").field("len", &self.len()).finish_non_exhaustive()
    }
}
