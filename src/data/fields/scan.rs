//! Walking a collection with a cursor that holds across growth and shrinking (HSCAN, SSCAN, ZSCAN).
//!
//! The position of an entry is its pair bits in reverse, 52 of them: entries that some number of low bits sends to
//! the same pair have the same high bits of position, so a pair covers an aligned range of positions. The cursor is
//! the first position not yet visited. A split makes the ranges finer, a merge coarser; in the latter case the range
//! around the cursor is visited again as a whole. So whatever is in the table from the first to the last call is
//! reported. Redis walks its buckets in the same order: dict.c dictScan.

use super::key::PAIR_BITS;
use super::{Fields, PAIRS, pair_of};
use crate::data::entry::Entry;
use crate::data::table::segment::prefetch;

/// One past the highest position.
const POSITION_END: u64 = 1 << PAIR_BITS;

impl Fields {
    /// Reports the elements of one pair of buckets to `f` (about 8; none at times) and returns the cursor of the next
    /// call; 0 starts and 0 ends. Cursors are below 2^52; any other number ends the iteration.
    ///
    /// Every element that is in the table from the first call to the last is reported at least once.
    pub fn scan<'s>(&'s self, cursor: u64, mut f: impl FnMut(&'s Entry)) -> u64 {
        if self.len == 0 || cursor >= POSITION_END {
            return 0;
        }
        let pair = self.pair_at(cursor);
        let (segment, within) = (&self.segments[pair / PAIRS], pair % PAIRS);
        segment.prefetch_entries(within * 2);
        segment.prefetch_entries(within * 2 + 1);
        segment.for_each_in_pair(within, &mut |entry| f(entry));
        let span = POSITION_END >> self.depth(pair);
        let next = (cursor & !(span - 1)) + span;
        if next == POSITION_END {
            return 0;
        }
        // The next call is probably soon.
        let soon = self.pair_at(next);
        let first = soon % PAIRS * 2;
        let buckets = &self.segments[soon / PAIRS].buckets[first..first + 2];
        buckets.iter().for_each(|bucket| prefetch(std::ptr::from_ref(bucket).cast()));
        next
    }

    /// The pair that covers a position.
    fn pair_at(&self, position: u64) -> usize {
        pair_of((position << (u64::BITS - PAIR_BITS)).reverse_bits(), self.pairs)
    }

    /// How many bits of the hash chose `pair`.
    fn depth(&self, pair: usize) -> u32 {
        let level = self.pairs.ilog2();
        let half = 1usize << level;
        if pair >= half || pair < self.pairs - half { level + 1 } else { level }
    }
}
