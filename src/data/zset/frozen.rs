//! A point-in-time copy of a large sorted set: for saving it.
//!
//! ```text
//!  Tree   fields ── entries ◄──┐           Frozen   order ──┐
//!         order  ── leaves ────┴── shared leaves ───────────┘
//!         copies ┄┄ weak ┄┄► graves ◄── graves
//! ```
//!
//! The copy shares the leaves of the order, so making it takes an allocation per leaf (about 48 elements), and a changed
//! set duplicates 1 KiB per leaf that it changes. The table is not copied: its entries stay where they are, with the
//! original. What the original removes while there are copies goes to the *graves*, which all copies own together, and is
//! freed with the last of them; so is the whole table if the original goes first.
//!
//! Elements added after the last copy was made cannot be in any. An entry keeps the *generation* of its set at its birth in
//! the field that is the access clock of keys; each copy begins a new generation. So a set of which the same elements come
//! and go fills no graves.
//!
//! Invariants:
//! - An entry of which a copy has a point is in the original's table or in the graves of that copy.
//! - Copies read keys only: scores stand in the leaves, and the original goes on changing those in its entries.
//!
//! A copy may be read and dropped on another thread than the original.

use super::order::Order;
use super::tree::Tree;
use super::{Fields, Item};
use crate::data::EntryBox;
use crate::data::entry::LRU_MAX;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Elements that one step of a scan reports.
const SCAN_STEP: usize = 10;

/// What an original gave up that copies still have points of.
enum Remains {
    Entry(#[expect(dead_code, reason = "kept to be dropped")] EntryBox),
    Table(#[expect(dead_code, reason = "kept to be dropped")] Fields),
}

/// The remains, owned by all copies of one set that live at the same time.
#[derive(Default)]
struct Graves(Mutex<Vec<Remains>>);

impl Graves {
    fn put(&self, remains: Remains) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(remains);
    }
}

/// What a set knows of its copies.
#[derive(Default)]
pub(super) struct Copies {
    graves: Weak<Graves>,
    generation: u32,
}

impl Copies {
    /// The generation of elements that are added now.
    #[inline]
    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    /// Takes an element that has left the table and the order of the original.
    #[inline]
    pub(super) fn bury(&mut self, entry: EntryBox) {
        if self.graves.strong_count() > 0 {
            self.bury_if_old(entry);
        }
    }

    #[cold]
    fn bury_if_old(&mut self, entry: EntryBox) {
        // In the last generation there is no telling when an element was added.
        let is_new = entry.lru() == self.generation && self.generation < LRU_MAX;
        match self.graves.upgrade() {
            Some(graves) if !is_new => graves.put(Remains::Entry(entry)),
            _ => {}
        }
    }

    /// Takes the table of an original that goes.
    pub(super) fn bury_all(&mut self, fields: &mut Fields) {
        if let Some(graves) = self.graves.upgrade() {
            graves.put(Remains::Table(fields.take()));
        }
    }

    /// Begins a new generation for a new copy.
    fn add(&mut self) -> Arc<Graves> {
        self.generation = LRU_MAX.min(self.generation + 1);
        self.graves.upgrade().unwrap_or_else(|| {
            let graves = Arc::default();
            self.graves = Arc::downgrade(&graves);
            graves
        })
    }
}

/// A large sorted set as it was at one time. See the file's documentation.
pub struct Frozen {
    // Before the graves: fields are dropped in this order.
    order: Order,
    len: usize,
    graves: Arc<Graves>,
}

impl Frozen {
    pub(super) fn new(order: Order, len: usize, copies: &mut Copies) -> Frozen {
        Frozen { order, len, graves: copies.add() }
    }

    /// A further copy.
    pub(super) fn share(&mut self) -> Frozen {
        Frozen { order: self.order.share(), len: self.len, graves: Arc::clone(&self.graves) }
    }

    /// A tree of the same elements; copies each.
    pub(super) fn thaw(&self) -> Tree {
        Tree::of_order(&self.order, self.len)
    }

    /// Number of elements.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The elements.
    pub(super) fn order(&self) -> &Order {
        &self.order
    }

    /// The rank of a member and its score, found by a walk.
    pub(super) fn rank(&self, name: &[u8]) -> Option<(usize, f64)> {
        let mut points = self.order.walk(0..self.len, false).enumerate();
        points.find(|(_, point)| point.name() == name).map(|(rank, point)| (rank, point.score))
    }

    /// Reports some elements; the cursor is a rank, since nothing changes.
    pub(super) fn scan<'s>(&'s self, cursor: u64, mut f: impl FnMut(Item<'s>, f64)) -> u64 {
        let start = usize::try_from(cursor).unwrap_or(usize::MAX).min(self.len);
        let end = start.saturating_add(SCAN_STEP).min(self.len);
        self.order.walk(start..end, false).for_each(|point| f(Item::Bytes(point.name()), point.score));
        if end == self.len { 0 } else { end as u64 }
    }

    /// Bytes that the copy has or keeps from being freed, estimated as if all leaves were its own; of the elements, those
    /// that the original removed one by one.
    pub(super) fn mem_bytes(&self) -> usize {
        let graves = self.graves.0.lock().unwrap_or_else(PoisonError::into_inner);
        size_of::<Frozen>() + self.order.mem_bytes() + graves.capacity() * size_of::<Remains>()
    }
}

impl std::fmt::Debug for Frozen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frozen").field("len", &self.len).finish_non_exhaustive()
    }
}
