//! The table of one database on one shard: entries by key, ordered by slot and hash.
//!
//! ```text
//!  key ──► slot (14 bits), hash (64 bits)          position = slot ++ high 38 bits of the hash
//!
//!  Tree: position ──► segment id and depth         (tree.rs: word per slot, directories for large slots)
//!  Arena: id ──► Record { Segment, counts, min_expire }                                   (arena.rs)
//!  Segment: 64 buckets of one cache line, a stash                                        (segment.rs)
//!  Bucket: 7 fingerprints, flags, 7 EntryBox                                              (bucket.rs)
//! ```
//!
//! Invariants:
//! - A node of depth d covers exactly the positions with its first d bits; every entry stands in the pair of
//!   buckets that covers its position, or in the stash under that pair. Positions never change, so SCAN's cursor is
//!   a position and holds across splits and merges.
//! - An insert splits at most [`MAX_SPLITS`] segments, a removal merges only small ones: the work of one call does
//!   not grow with the table.
//! - While a [`Keeper`] is there, whatever hands out an entry to be changed, replaces it or takes it out shows it to
//!   the keeper first (keep.rs). All of that goes through `upsert`, `find_mut` and `account_removed`.
//! - The counts (`len`, per slot, per segment, with expiry) are exact; `min_expire` of a segment is a lower bound.
//!
//! One thread owns a table: it is `Send` but not `Sync`.

mod arena;
pub(in crate::data) mod bucket;
pub(in crate::data) mod expiry;
mod grow;
pub mod keep;
pub(in crate::data) mod key;
pub(in crate::data) mod sample;
mod scan;
pub(in crate::data) mod segment;
mod slots;
mod tree;
mod upsert;

#[cfg(test)]
mod tests;

pub use expiry::Sweep;
pub use keep::Keeper;
pub use key::{HKey, fix_hash_seed};
pub use upsert::{Occupied, Slot, Vacant};

use arena::Arena;
#[cfg(test)]
use arena::Record;
use segment::{Place, home_bucket, prefetch};
use tree::Tree;

use super::entry::{Entry, EntryBox};
use super::slot::SLOT_COUNT;

/// Splits that one insert may do. A second one helps where the first left all entries on one side.
const MAX_SPLITS: u32 = 2;

/// Where an entry stands: valid until the table changes.
#[derive(Clone, Copy)]
struct Location {
    id: u32,
    place: Place,
}

/// Entries by key. See the module's documentation.
#[derive(Default)]
pub struct Table {
    tree: Tree,
    arena: Arena,
    len: usize,
    expires: usize,
    /// Entries moved by splits and merges since the table was made.
    moved: u64,
    /// Saves entries before they change, while a snapshot of this table runs.
    keeper: Option<Box<Keeper>>,
    /// The mark of entries that need not be saved: without a keeper, all.
    parity: bool,
}

impl Table {
    /// An empty table; allocates nothing until the first insert.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of entries.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of entries with an expiry, due or not.
    #[inline]
    #[must_use]
    pub fn expires_len(&self) -> usize {
        self.expires
    }

    /// Bytes of the table's own structure, without the entries. Costs a pass over the segments.
    #[must_use]
    pub fn mem_overhead(&self) -> usize {
        size_of::<Self>() + self.tree.mem_bytes() + self.arena.mem_bytes()
    }

    /// Entries that splits and merges have moved so far: the table's work beyond the commands' own.
    #[must_use]
    pub fn moved_entries(&self) -> u64 {
        self.moved
    }

    #[inline]
    fn locate(&self, key: &HKey<'_>) -> Option<Location> {
        let position = key.position();
        let node = self.tree.lookup(position);
        if node.is_nil() {
            return None;
        }
        let place = self.arena.get(node.id()).segment.probe(
            home_bucket(position, node.depth()),
            key.fingerprint(),
            key.bytes,
        )?;
        Some(Location { id: node.id(), place })
    }

    /// The entry of `key`.
    #[inline]
    #[must_use]
    pub fn find(&self, key: &HKey<'_>) -> Option<&Entry> {
        let at = self.locate(key)?;
        self.arena.get(at.id).segment.get(at.place).map(|entry| &**entry)
    }

    /// The entry of `key`, to change its value in place.
    #[inline]
    #[must_use]
    pub fn find_mut(&mut self, key: &HKey<'_>) -> Option<&mut Entry> {
        let at = self.locate(key)?;
        self.keep_first(at);
        self.arena.get_mut(at.id).segment.get_mut(at.place).map(|entry| &mut **entry)
    }

    /// Whether `key` is in the table.
    #[inline]
    #[must_use]
    pub fn contains(&self, key: &HKey<'_>) -> bool {
        self.locate(key).is_some()
    }

    /// Puts `entry`, whose key is `key`, into the table and returns the one it replaces.
    pub fn insert(&mut self, key: &HKey<'_>, entry: EntryBox) -> Option<EntryBox> {
        match self.upsert(key) {
            Slot::Occupied(mut occupied) => Some(occupied.replace(entry)),
            Slot::Vacant(vacant) => {
                vacant.insert(entry);
                None
            }
        }
    }

    /// Takes the entry of `key` out of the table.
    pub fn remove(&mut self, key: &HKey<'_>) -> Option<EntryBox> {
        let at = self.locate(key)?;
        self.remove_at(at, key.slot)
    }

    /// Replaces the entry of `key` by what `f` makes of it (which must keep the key), keeping the accounts of
    /// expiries right. Returns whether the key was there.
    pub fn replace_with(&mut self, key: &HKey<'_>, f: impl FnOnce(EntryBox) -> EntryBox) -> bool {
        match self.upsert(key) {
            Slot::Occupied(mut occupied) => {
                occupied.replace_with(f);
                true
            }
            Slot::Vacant(_) => false,
        }
    }

    fn remove_at(&mut self, at: Location, slot: u16) -> Option<EntryBox> {
        let record = self.arena.get_mut(at.id);
        let mut entry = record.segment.remove(at.place)?;
        self.account_removed(at.id, slot, &mut entry);
        self.shrink(at.id);
        Some(entry)
    }

    /// Takes one removed entry out of all counts, and has it saved. The segment may be empty afterwards: `shrink` must
    /// follow.
    fn account_removed(&mut self, id: u32, slot: u16, entry: &mut Entry) {
        self.keep_removed(entry);
        self.arena.get_mut(id).count -= 1;
        self.len -= 1;
        self.tree.root_mut().counts[usize::from(slot)] -= 1;
        if entry.has_expire() {
            self.expires -= 1;
            self.arena.drop_expire(id);
        }
    }

    /// Asks the processor to load what leads to the bucket of `key`. For pipelines: call it for all keys, then
    /// [`prefetch`](Table::prefetch) for all, then [`prefetch_entry`](Table::prefetch_entry) for all, then look them
    /// up: each step needs what the one before it loaded, and waits for all keys at once.
    #[inline]
    pub fn prefetch_way(&self, key: &HKey<'_>) {
        let node = self.tree.lookup(key.position());
        if !node.is_nil() {
            prefetch(self.arena.address(node.id()));
        }
    }

    /// Asks the processor to load the bucket of `key`.
    #[inline]
    pub fn prefetch(&self, key: &HKey<'_>) {
        let position = key.position();
        let node = self.tree.lookup(position);
        if !node.is_nil() {
            let record = self.arena.get(node.id());
            let bucket = &record.segment.buckets[home_bucket(position, node.depth())];
            prefetch(std::ptr::from_ref(bucket).cast());
        }
    }

    /// Asks the processor to load the entry that `key` probably has. Worth it once the bucket has arrived.
    #[inline]
    pub fn prefetch_entry(&self, key: &HKey<'_>) {
        let position = key.position();
        let node = self.tree.lookup(position);
        if !node.is_nil() {
            let record = self.arena.get(node.id());
            let bucket = &record.segment.buckets[home_bucket(position, node.depth())];
            for lane in bucket.matches(key.fingerprint()) {
                if let Some(entry) = bucket.get(lane) {
                    // Key and small values lie in the first two cache lines; both misses overlap.
                    prefetch(entry.address());
                    prefetch(entry.address().wrapping_add(64));
                }
            }
        }
    }

    /// Number of entries of `slot`; 0 for a number that is no slot.
    #[inline]
    #[must_use]
    pub fn slot_len(&self, slot: u16) -> usize {
        let count = self.tree.root().and_then(|root| root.counts.get(usize::from(slot)));
        count.map_or(0, |&count| count as usize)
    }

    /// Moves everything out, its keeper too, leaving an empty table: so that a snapshot can finish with it or another
    /// thread drop it.
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// The same for a table that will be used again: it keeps a root if it had one, so that the next key need not
    /// allocate its 128 KiB.
    #[must_use]
    pub fn take_entries(&mut self) -> Self {
        let old = self.take();
        if old.tree.root().is_some() {
            self.tree.root_mut();
        }
        old
    }
}

const _: () = {
    const fn sendable<T: Send>() {}
    sendable::<Table>();
    assert!(SLOT_COUNT == 1 << super::slot::SLOT_BITS);
};

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("len", &self.len)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
