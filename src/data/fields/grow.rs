//! Growing and shrinking by one pair at a time.
//!
//! The new pair of number q takes from pair q - 2^L those entries whose hash has bit L set, L being the highest bit
//! of q; merging gives them back. A pair not split yet in a round of doubling has up to twice the entries of one that
//! was: 8 to 16 on average, in 14 lanes. So some 3 % of the entries are stashed in the middle of a round.

use smallvec::SmallVec;

use super::key::FieldKey;
use super::{Fields, PAIRS, Segment};
use crate::data::entry::EntryBox;
use crate::data::table::bucket::Bucket;
use crate::data::table::segment::prefetch;

/// Entries per pair above which an insert splits one: 16 bytes of buckets per entry.
pub(super) const SPLIT_ABOVE: usize = 8;
/// Entries per pair, in halves, that a merge may at most leave: 23 bytes per entry. Well below [`SPLIT_ABOVE`], so
/// that inserts and removals in turn do not split and merge in turn.
pub(super) const MERGE_BELOW_HALVES: usize = 11;
/// Segments that get their buckets little by little. Later ones get all at once: what is unused is then at most an
/// eighth.
const FRUGAL_SEGMENTS: usize = 8;

/// Entries of a pair on their way to others.
type Moving = SmallVec<[EntryBox; 24]>;

/// The pair that number `pair` split off from.
#[inline]
fn parent(pair: usize) -> usize {
    pair ^ (1 << pair.ilog2())
}

/// Pairs for which a segment makes room when it needs room for `pairs`: four sizes per doubling, as allocators have.
fn roomy(pairs: usize) -> usize {
    let step = pairs.next_power_of_two() / 8;
    pairs.next_multiple_of(step.max(1))
}

impl Fields {
    /// Before an insert: adds a pair if the present ones are full enough.
    #[inline]
    pub(super) fn grow(&mut self) {
        if self.len >= self.pairs * SPLIT_ABOVE {
            self.split_next();
        }
    }

    #[cold]
    fn split_next(&mut self) {
        let pair = self.pairs;
        self.add_pair();
        if pair > 0 && self.len > 0 {
            self.rehome(parent(pair));
        }
    }

    /// After a removal: merges the last pair into the one it came from if the table is empty enough.
    #[inline]
    pub(super) fn shrink(&mut self) {
        let pairs_after = self.pairs.saturating_sub(1);
        if self.len * 2 < pairs_after * MERGE_BELOW_HALVES || self.len == 0 {
            self.merge_last();
        }
    }

    #[cold]
    fn merge_last(&mut self) {
        if self.len == 0 {
            // The salt stays, for whoever shrinks while holding a hash.
            *self = Self { salt: self.salt, ..Self::default() };
        } else if self.pairs > 1 {
            let last = self.pairs - 1;
            let moving = self.take_pair(last);
            self.drop_last_pair();
            self.put_back(moving);
        }
    }

    /// Makes empty pairs until there are `pairs`; only for a table without entries.
    pub(super) fn reserve_pairs(&mut self, pairs: usize) {
        debug_assert_eq!(self.len, 0);
        self.segments.reserve_exact(pairs.div_ceil(PAIRS).saturating_sub(self.segments.len()));
        while self.pairs < pairs {
            self.add_pair();
        }
    }

    fn add_pair(&mut self) {
        let (segment, within) = (self.pairs / PAIRS, self.pairs % PAIRS);
        if within == 0 {
            if self.segments.is_empty() {
                // A vector would make room for four at once, more than a small collection ever needs.
                self.segments.reserve_exact(1);
            }
            self.segments.push(Segment { buckets: Vec::new(), stash: Vec::new() }.into());
        }
        let buckets = &mut self.segments[segment].own().buckets;
        if buckets.len() == buckets.capacity() {
            let wanted = if segment < FRUGAL_SEGMENTS { roomy(within + 1) } else { PAIRS };
            buckets.reserve_exact(wanted * 2 - buckets.len());
        }
        buckets.extend([Bucket::default(), Bucket::default()]);
        self.pairs += 1;
    }

    /// Gives back the last pair, which is empty, and what memory that leaves unused.
    fn drop_last_pair(&mut self) {
        self.pairs -= 1;
        let (segment, within) = (self.pairs / PAIRS, self.pairs % PAIRS);
        if within == 0 {
            self.segments.truncate(segment);
            if self.segments.len() * 4 <= self.segments.capacity() {
                self.segments.shrink_to(self.segments.len() * 2);
            }
            return;
        }
        let buckets = &mut self.segments[segment].own().buckets;
        buckets.truncate(within * 2);
        // No need to keep room: it takes many inserts from here until a pair is added.
        let wanted = roomy(within) * 2;
        if segment < FRUGAL_SEGMENTS && wanted < buckets.capacity() {
            buckets.shrink_to(wanted);
        }
    }

    /// Takes all entries out of `pair`, and out of the accounts of expiries.
    fn take_pair(&mut self, pair: usize) -> Moving {
        let mut moving = Moving::new();
        self.segments[pair / PAIRS].own().drain_pair(pair % PAIRS, &mut |entry| {
            prefetch(entry.address());
            moving.push(entry);
        });
        for _ in moving.iter().filter(|entry| entry.has_expire()) {
            self.drop_expire(pair / PAIRS);
        }
        moving
    }

    fn put_back(&mut self, moving: Moving) {
        for entry in moving {
            let mixed = FieldKey::new(entry.key()).mixed(self.salt);
            self.put(mixed, entry);
        }
    }

    /// Puts the entries of `pair` where they belong now.
    fn rehome(&mut self, pair: usize) {
        let moving = self.take_pair(pair);
        self.put_back(moving);
    }
}
