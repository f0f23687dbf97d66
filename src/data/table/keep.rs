//! Saving the entries of a table as they were at one moment, while they go on changing.
//!
//! ```text
//!  begin_keeping   parity flips: every entry's mark differs from it, so every entry is unsaved
//!
//!  keep_walk       position ──► pair after pair ──┐
//!  find_mut, upsert ──► the entry of the key ─────┤  mark != parity?  Keeper::keep, mark = parity
//!  removals ──────────► the entry taken out ──────┘
//!
//!  Keeper::keep    small value ──► its record, into `open`; 64 KiB of records ──► `full`
//!                  large value ──► a copy that shares its nodes, into `aside`
//! ```
//!
//! Invariants:
//! - Without a keeper every mark equals the parity. With one, an entry is unsaved exactly if its mark differs; what is
//!   put into the table gets the parity.
//! - Nobody outside this folder gets a `&mut Entry` or an entry out of the table before the keeper has seen it.
//! - The walk is in the order of positions, which never change: whatever splits and merges do, an entry whose position
//!   is below the walk's has been met or was put in later. A merge may show it saved entries again, which it skips.

use std::collections::VecDeque;
use std::sync::Arc;

use super::key::POSITION_END;
use super::segment::{BUCKETS, home_bucket, pair_span};
use super::{Location, Table};
use crate::data::entry::{Entry, EntryBox, ValueRef};

/// Bytes of records from which on they are handed on.
pub const BLOCK_BYTES: usize = 64 << 10;
/// Elements from which on a value is set aside.
const LARGE_ELEMENTS: usize = 512;
/// Bytes from which on a value is set aside.
const LARGE_BYTES: usize = 16 << 10;

/// How a key with its value is written.
pub trait Encode: Send + Sync {
    /// Appends the record of an entry.
    fn record(&self, entry: &Entry, out: &mut Vec<u8>);

    /// Begins the record of an entry with a large value.
    fn large(&self, entry: EntryBox) -> Box<dyn Portions>;
}

/// A record that is written in portions.
pub trait Portions: Send {
    /// Appends about `max` further bytes (more where a string that cannot be divided is longer). `true`: these were the
    /// last ones.
    fn write(&mut self, out: &mut Vec<u8>, max: usize) -> bool;

    /// Gives the entry back, so that it can be freed elsewhere.
    fn into_entry(self: Box<Self>) -> EntryBox;
}

/// What one step may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Entries, pairs without any, and blocks passed on.
    pub entries: usize,
    /// Bytes of records.
    pub bytes: usize,
}

impl Budget {
    /// No bound.
    pub const UNBOUNDED: Budget = Budget { entries: usize::MAX, bytes: usize::MAX };

    /// Takes what was done off.
    pub fn spend(&mut self, entries: usize, bytes: usize) {
        self.entries = self.entries.saturating_sub(entries);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Whether nothing is left.
    pub fn is_spent(&self) -> bool {
        self.entries == 0 || self.bytes == 0
    }
}

/// Whole records, back to back.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// Their bytes.
    pub bytes: Vec<u8>,
    /// Their number.
    pub keys: u64,
}

/// What a table keeps for a snapshot.
pub struct Keeper {
    /// The database that the table was at the cut.
    db: usize,
    /// `None`: nobody wants the records any more, only the marks have to be set.
    encode: Option<Arc<dyn Encode>>,
    /// First position that the walk has not come to.
    next: u64,
    open: Records,
    full: VecDeque<Records>,
    aside: VecDeque<EntryBox>,
    full_bytes: usize,
    aside_bytes: usize,
}

impl Keeper {
    /// A keeper for the table of database `db`.
    #[must_use]
    pub fn new(db: usize, encode: Arc<dyn Encode>) -> Keeper {
        Keeper {
            db,
            encode: Some(encode),
            next: 0,
            open: Records::default(),
            full: VecDeque::new(),
            aside: VecDeque::new(),
            full_bytes: 0,
            aside_bytes: 0,
        }
    }

    /// Saves an entry that has not been; returns the bytes that it takes to write it.
    fn keep(&mut self, entry: &mut Entry) -> usize {
        let Some(encode) = &self.encode else { return 0 };
        if is_large(entry) {
            let copy = entry.share();
            let len = copy.mem_bytes();
            self.aside_bytes = self.aside_bytes.saturating_add(len);
            self.aside.push_back(copy);
            return len;
        }
        let before = self.open.bytes.len();
        encode.record(entry, &mut self.open.bytes);
        self.open.keys += 1;
        let len = self.open.bytes.len();
        if len >= BLOCK_BYTES {
            let next = Records { bytes: Vec::with_capacity(BLOCK_BYTES + LARGE_BYTES), keys: 0 };
            self.full.push_back(std::mem::replace(&mut self.open, next));
            self.full_bytes += len;
        }
        len - before
    }

    /// The database that the table was at the cut.
    #[must_use]
    pub fn db(&self) -> usize {
        self.db
    }

    /// Whether there is a block of records or a large value to take.
    #[must_use]
    pub fn has_output(&self) -> bool {
        !self.full.is_empty() || !self.aside.is_empty()
    }

    /// The next block of records.
    pub fn take_full(&mut self) -> Option<Records> {
        let records = self.full.pop_front()?;
        self.full_bytes -= records.bytes.len();
        Some(records)
    }

    /// The records after the last full block.
    pub fn take_rest(&mut self) -> Option<Records> {
        Some(std::mem::take(&mut self.open)).filter(|records| records.keys > 0)
    }

    /// The next large value, as it was at the cut.
    pub fn take_aside(&mut self) -> Option<EntryBox> {
        let entry = self.aside.pop_front()?;
        let left = if self.aside.is_empty() { 0 } else { self.aside_bytes.saturating_sub(entry.mem_bytes()) };
        self.aside_bytes = left;
        Some(entry)
    }

    /// Begins the record of a large value; `None` if nobody wants it any more.
    pub fn begin(&self, large: EntryBox) -> Option<Box<dyn Portions>> {
        self.encode.as_ref().map(|encode| encode.large(large))
    }

    /// Bytes of records not taken yet and, at most, of large values: what writers leave alone is shared with the table.
    #[must_use]
    pub fn extra_bytes(&self) -> usize {
        self.open.bytes.capacity() + self.full_bytes + self.aside_bytes
    }

    /// From now on entries are only marked. Returns the large values that were set aside.
    pub fn give_up(&mut self) -> VecDeque<EntryBox> {
        self.encode = None;
        self.open = Records::default();
        self.full = VecDeque::new();
        (self.full_bytes, self.aside_bytes) = (0, 0);
        std::mem::take(&mut self.aside)
    }
}

/// Whether writing the value at once would take too long.
fn is_large(entry: &Entry) -> bool {
    match entry.value() {
        ValueRef::Object(object) => object.free_effort() > LARGE_ELEMENTS || object.mem_bytes() > LARGE_BYTES,
        _ => false,
    }
}

impl Table {
    /// From now on every entry that is in the table now is shown to `keeper` once, by [`Table::keep_walk`] or before it
    /// changes. There must be no other keeper.
    pub fn begin_keeping(&mut self, keeper: Keeper) {
        debug_assert!(self.keeper.is_none(), "two snapshots of one table");
        self.parity = !self.parity;
        self.keeper = Some(Box::new(keeper));
    }

    /// The keeper, if a snapshot has not finished with this table.
    #[must_use]
    pub fn keeper(&self) -> Option<&Keeper> {
        self.keeper.as_deref()
    }

    /// The same, to take what it has.
    pub fn keeper_mut(&mut self) -> Option<&mut Keeper> {
        self.keeper.as_deref_mut()
    }

    /// Shows the keeper further entries, at least one, until the budget is spent. `true`: it has seen them all.
    pub fn keep_walk(&mut self, budget: &mut Budget) -> bool {
        let Table { tree, arena, keeper: Some(keeper), parity, .. } = self else { return true };
        while keeper.next < POSITION_END {
            if budget.is_spent() {
                return false;
            }
            let position = keeper.next;
            let node = tree.lookup(position);
            if node.is_nil() {
                keeper.next = node.start(position) + node.span();
                budget.spend(1, 0);
                continue;
            }
            let span = pair_span(node.depth());
            let pair = home_bucket(position, node.depth()) / 2;
            #[cfg(test)]
            if pair == 7 && flaw::is_planted(flaw::Flaw::WalkSkips) {
                keeper.next = (position & !(span - 1)) + span;
                continue;
            }
            let segment = &mut arena.get_mut(node.id()).segment;
            if pair * 2 + 2 < BUCKETS {
                segment.prefetch_entries(pair * 2 + 2);
                segment.prefetch_entries(pair * 2 + 3);
            }
            let whole = segment.while_in_pair(pair, &mut |entry| {
                if entry.mark() != *parity {
                    // Saved ones are not counted: a pair that is met again would never get further.
                    if budget.is_spent() {
                        return false;
                    }
                    let bytes = keeper.keep(entry);
                    entry.set_mark(*parity);
                    budget.spend(1, bytes);
                }
                true
            });
            if !whole {
                return false;
            }
            budget.spend(1, 0);
            keeper.next = (position & !(span - 1)) + span;
        }
        true
    }

    /// Ends the snapshot of this table. `None`, and nothing happens, if the walk is not through or there is no keeper.
    pub fn end_keeping(&mut self) -> Option<Box<Keeper>> {
        self.keeper.take_if(|keeper| keeper.next >= POSITION_END)
    }

    /// The entry at `at` is about to change.
    #[inline]
    pub(super) fn keep_first(&mut self, at: Location) {
        #[cfg(test)]
        if flaw::is_planted(flaw::Flaw::ChangeUnseen) {
            return;
        }
        if self.keeper.is_some() {
            self.keep_at(at);
        }
    }

    #[cold]
    fn keep_at(&mut self, at: Location) {
        let Table { arena, keeper: Some(keeper), parity, .. } = self else { return };
        if let Some(entry) = arena.get_mut(at.id).segment.get_mut(at.place)
            && entry.mark() != *parity
        {
            keeper.keep(entry);
            entry.set_mark(*parity);
        }
    }

    /// `entry` was taken out.
    #[inline]
    pub(super) fn keep_removed(&mut self, entry: &mut Entry) {
        #[cfg(test)]
        if flaw::is_planted(flaw::Flaw::RemovalUnseen) {
            return;
        }
        if let Some(keeper) = &mut self.keeper
            && entry.mark() != self.parity
        {
            keeper.keep(entry);
            entry.set_mark(self.parity);
        }
    }

    /// Marks an entry that comes into a table of this parity as one that need not be saved.
    #[inline]
    pub(super) fn mark_new(parity: bool, entry: &mut Entry) {
        #[cfg(test)]
        if flaw::is_planted(flaw::Flaw::NewUnmarked) {
            return;
        }
        entry.set_mark(parity);
    }

    /// Whether every mark equals the parity: whether another snapshot may begin.
    #[cfg(test)]
    pub(crate) fn is_all_kept(&self) -> bool {
        let mut all = true;
        self.for_each(|entry| all &= entry.mark() == self.parity);
        all
    }
}

/// Faults that tests plant, to see that they are noticed. On this thread only.
#[cfg(test)]
pub(crate) mod flaw {
    use std::cell::Cell;

    /// One fault.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Flaw {
        /// A change is not shown to the keeper first.
        ChangeUnseen,
        /// A removal is not.
        RemovalUnseen,
        /// What comes in is not marked.
        NewUnmarked,
        /// The walk leaves some pairs out.
        WalkSkips,
        /// A flushed table is dropped.
        FlushForgets,
    }

    thread_local! {
        static PLANTED: Cell<Option<Flaw>> = const { Cell::new(None) };
    }

    /// Plants a fault, or takes it out.
    pub(crate) fn plant(flaw: Option<Flaw>) {
        PLANTED.set(flaw);
    }

    pub(crate) fn is_planted(flaw: Flaw) -> bool {
        PLANTED.get() == Some(flaw)
    }
}
