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
        let pair = pair_of((cursor << (u64::BITS - PAIR_BITS)).reverse_bits(), self.pairs);
        self.segments[pair / PAIRS].for_each_in_pair(pair % PAIRS, &mut |entry| f(entry));
        let span = POSITION_END >> self.depth(pair);
        let next = (cursor & !(span - 1)) + span;
        if next == POSITION_END { 0 } else { next }
    }

    /// How many bits of the hash chose `pair`.
    fn depth(&self, pair: usize) -> u32 {
        let level = self.pairs.ilog2();
        let half = 1usize << level;
        if pair >= half || pair < self.pairs - half { level + 1 } else { level }
    }
}
