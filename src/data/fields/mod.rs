//! The table of one large collection: fields of a hash, members of a set or of a sorted set, each an [`EntryBox`].
//!
//! ```text
//!  name ──► hash ──► mixed with the table's salt ──► pair number                           (key.rs)
//!
//!  pairs are numbered 0, 1, 2, ...; with 2^L + p of them (p < 2^L):
//!     0 ... p-1 | p ... 2^L - 1 | 2^L ... 2^L + p - 1
//!     L+1 bits  |    L bits     |   L+1 bits               bits of the hash that choose the pair
//!     split     |  not yet      |   what split off
//!
//!  growth: pair p gives half of its entries to the new last pair; shrinking undoes just that (grow.rs)
//!
//!  Segment k: pairs 32k .. 32k + 31, each of two buckets of one cache line; a stash    (../table/segment.rs)
//!  Bucket: 7 fingerprints, flags, 7 EntryBox                                            (../table/bucket.rs)
//! ```
//!
//! This is linear hashing (Litwin 1980) over the pairs of buckets that the database's table is made of. The database
//! needs a tree over whole segments, because it is ordered by slot; a collection does not. Growing pair by pair suits
//! it from one element (two cache lines) to tens of millions: there is no directory, no other form for small tables,
//! and an insert never moves more than the entries of one pair.
//!
//! Invariants:
//! - Every entry stands in the pair that its hash chooses, or in the stash of the segment under that pair.
//! - Insert and remove split or merge at most one pair. There are never more than 8 entries per pair on average;
//!   removals merge where 5.5 or less are left.
//! - Only an empty table has no pair. `widest_stash` is at least the number of stashed entries of any pair.
//! - An entry's block never moves while it is in the table, whatever is inserted or removed beside it; only changing
//!   the entry itself ([`Fields::replace_with`], [`Fields::set_expire`], [`Occupied::replace_with`]) may replace it, and
//!   the first change of a segment that is shared with a copy of the table ([`Fields::share`]) replaces all in it.
//! - Accounts of expiries exist only while some entry has one (expiry.rs); a segment's bound is a lower one.
//!
//! One thread owns a collection; others may own copies that share segments with it.

mod expiry;
mod grow;
mod iter;
mod key;
mod memory;
mod sample;
mod scan;
mod share;
mod upsert;

#[cfg(test)]
mod tests;

pub use iter::{IntoIter, Iter};
pub use key::FieldKey;
pub use share::Cursor;
pub use upsert::{Occupied, Slot, Vacant};

use expiry::Due;
use key::Mixed;

use super::entry::{Entry, EntryBox};
use super::shared::Shared;
use super::table::bucket::Bucket;
use super::table::segment::{self, Place, prefetch};

/// Pairs of buckets per segment.
const PAIRS: usize = segment::BUCKETS / 2;
/// Names that [`Fields::find_batch`] looks up together: about as many misses as a core keeps under way.
const BATCH: usize = 16;
/// Pairs from which a table is too large for a core's own caches: 128 KiB of buckets. Below, asking ahead costs more
/// than it saves.
const COLD_PAIRS: usize = 1024;

type Segment = segment::Segment<Vec<Bucket>>;
/// A segment as a table holds it: perhaps with point-in-time copies of the table (share.rs).
type SharedSegment = Shared<Segment>;

/// Where an entry stands: valid until the table changes.
#[derive(Clone, Copy)]
struct Location {
    segment: usize,
    place: Place,
}

/// Elements by name. See the module's documentation.
#[derive(Default)]
pub struct Fields {
    segments: Vec<SharedSegment>,
    /// Pairs in all segments.
    pairs: usize,
    len: usize,
    /// Mixes the hashes; 0 until the first insert.
    salt: u64,
    /// No pair has more stashed entries than this.
    widest_stash: usize,
    due: Option<Box<Due>>,
}

/// The number of the pair that `bits` choose among `pairs`.
#[allow(clippy::cast_possible_truncation, reason = "masked to below twice the number of pairs")]
#[inline]
fn pair_of(bits: u64, pairs: usize) -> usize {
    debug_assert!(pairs > 0);
    let half = 1usize << pairs.ilog2();
    let pair = bits as usize & (half * 2 - 1);
    if pair < pairs { pair } else { pair & (half - 1) }
}

impl Fields {
    /// An empty table; allocates nothing until the first insert.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty table with room for `capacity` elements, so that inserting them moves none. The memory is taken at
    /// once: the caller bounds the number.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let mut fields = Self::new();
        fields.reserve_pairs(capacity.div_ceil(grow::SPLIT_ABOVE));
        fields
    }

    /// Number of elements, due ones included.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Segment and home bucket of an entry.
    #[inline]
    fn home(&self, mixed: Mixed) -> (usize, usize) {
        let pair = pair_of(mixed.pair_bits(), self.pairs);
        (pair / PAIRS, pair % PAIRS * 2 + mixed.home())
    }

    #[inline]
    fn locate(&self, key: &FieldKey<'_>) -> Option<Location> {
        if self.len == 0 {
            return None;
        }
        let mixed = key.mixed(self.salt);
        let (segment, home) = self.home(mixed);
        let place = self.segments[segment].probe(home, mixed.tag(), key.bytes)?;
        Some(Location { segment, place })
    }

    /// The element `name`.
    #[inline]
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<&Entry> {
        self.find_key(&FieldKey::new(name))
    }

    /// As [`Fields::find`], with the hash already computed.
    #[inline]
    #[must_use]
    pub fn find_key(&self, key: &FieldKey<'_>) -> Option<&Entry> {
        let at = self.locate(key)?;
        self.segments[at.segment].get(at.place).map(|entry| &**entry)
    }

    /// The element `name`, to change its value in place.
    #[inline]
    #[must_use]
    pub fn find_mut(&mut self, name: &[u8]) -> Option<&mut Entry> {
        let at = self.locate(&FieldKey::new(name))?;
        self.segments[at.segment].own().get_mut(at.place).map(|entry| &mut **entry)
    }

    /// Whether there is an element `name`.
    #[inline]
    #[must_use]
    pub fn contains(&self, name: &[u8]) -> bool {
        self.contains_key(&FieldKey::new(name))
    }

    /// As [`Fields::contains`], with the hash already computed.
    #[inline]
    #[must_use]
    pub fn contains_key(&self, key: &FieldKey<'_>) -> bool {
        self.locate(key).is_some()
    }

    /// Puts `entry` into the table and returns the one of the same name that it replaces.
    pub fn insert(&mut self, entry: EntryBox) -> Option<EntryBox> {
        let key = FieldKey::new(entry.key());
        match self.locate(&key) {
            Some(at) => Some(self.replace_at(at, entry)),
            None => {
                let mixed = self.mixed_for_insert(&key);
                self.insert_new(mixed, entry);
                None
            }
        }
    }

    /// Takes the element `name` out of the table.
    pub fn remove(&mut self, name: &[u8]) -> Option<EntryBox> {
        self.remove_key(&FieldKey::new(name))
    }

    /// As [`Fields::remove`], with the hash already computed.
    pub fn remove_key(&mut self, key: &FieldKey<'_>) -> Option<EntryBox> {
        let at = self.locate(key)?;
        Some(self.remove_at(at))
    }

    /// Replaces the element `name` by what `f` makes of it (which must keep the name), keeping the accounts of
    /// expiries right. Returns whether it was there.
    pub fn replace_with(&mut self, name: &[u8], f: impl FnOnce(EntryBox) -> EntryBox) -> bool {
        let at = self.locate(&FieldKey::new(name));
        at.map(|at| self.replace_with_at(at, f)).is_some()
    }

    /// Sets or takes away the expiry of the element `name`, in Unix milliseconds. Returns whether it was there.
    pub fn set_expire(&mut self, name: &[u8], expire: Option<i64>) -> bool {
        self.replace_with(name, |entry| entry.with_expire(expire))
    }

    /// Drops all elements on this thread and gives all memory back.
    pub fn clear(&mut self) {
        drop(self.take());
    }

    /// Moves everything out, leaving an empty table: so that another thread can drop it.
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// Takes all elements out, in the order of [`Fields::iter`].
    #[must_use]
    pub fn drain(&mut self) -> IntoIter {
        self.take().into_iter()
    }

    /// Asks the processor to load what leads to the bucket of `key`: useful from about a million elements on, where
    /// the list of segments leaves the caches. See [`Fields::find_batch`].
    #[inline]
    pub fn prefetch_way(&self, key: &FieldKey<'_>) {
        if self.pairs > 0 {
            let (segment, _) = self.home(key.mixed(self.salt));
            prefetch(std::ptr::from_ref(&self.segments[segment]).cast());
        }
    }

    /// Asks the processor to load the bucket of `key`.
    #[inline]
    pub fn prefetch(&self, key: &FieldKey<'_>) {
        if self.pairs > 0 {
            let (segment, home) = self.home(key.mixed(self.salt));
            prefetch(std::ptr::from_ref(&self.segments[segment].buckets[home]).cast());
        }
    }

    /// Asks the processor to load the entry that `key` probably has. Worth it once the bucket has arrived.
    #[inline]
    pub fn prefetch_entry(&self, key: &FieldKey<'_>) {
        if self.pairs == 0 {
            return;
        }
        let mixed = key.mixed(self.salt);
        let (segment, home) = self.home(mixed);
        let bucket = &self.segments[segment].buckets[home];
        for lane in bucket.matches(mixed.tag()) {
            if let Some(entry) = bucket.get(lane) {
                prefetch(entry.address());
            }
        }
    }

    /// Looks up `keys` and calls `f` with the index of each and its element, in order. The cache misses of sixteen
    /// lookups overlap, which is what makes the intersection of large sets quick.
    pub fn find_batch<'s>(&'s self, keys: &[FieldKey<'_>], mut f: impl FnMut(usize, Option<&'s Entry>)) {
        for (round, batch) in keys.chunks(BATCH).enumerate() {
            if self.pairs >= COLD_PAIRS {
                batch.iter().for_each(|key| self.prefetch_way(key));
                batch.iter().for_each(|key| self.prefetch(key));
                batch.iter().for_each(|key| self.prefetch_entry(key));
            }
            for (at, key) in batch.iter().enumerate() {
                f(round * BATCH + at, self.find_key(key));
            }
        }
    }
}

const _: () = {
    const fn sendable<T: Send>() {}
    sendable::<Fields>();
};

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fields")
            .field("len", &self.len)
            .field("expires", &self.expires_len())
            .finish_non_exhaustive()
    }
}
