//! Walking the table in the order of positions.
//!
//! The cursor is the first position not yet visited. A step visits one pair of buckets with its stashed entries,
//! which hold exactly the entries of an aligned range of positions. A split makes the ranges finer, a merge coarser;
//! in the latter case the range around the cursor is visited again as a whole. So whatever is in the table from the
//! first to the last call is reported, some of it more than once after a merge. Redis: db.c scanGenericCommand.

use std::ops::RangeInclusive;

use super::Table;
use super::key::{LOCAL_BITS, POSITION_END, slot_start};
use super::segment::{BUCKET_BITS, home_bucket, pair_span};
use crate::data::entry::Entry;
use crate::data::slot::{SLOT_BITS, SLOT_COUNT, key_slot};

/// Steps that a call may spend on pairs without entries, whatever its count.
const MIN_STEPS: usize = 512;
/// Steps per entry asked for (Redis: db.c scanGenericCommand, maxiterations).
const STEPS_PER_ENTRY: usize = 10;

#[allow(clippy::cast_possible_truncation, reason = "16383 fits")]
const LAST_SLOT: u16 = (SLOT_COUNT - 1) as u16;

impl Table {
    /// Reports entries to `f` from `cursor` on and returns the cursor of the next call; 0 starts and 0 ends. Stops
    /// after at least `count` entries, or fewer where much of the table is empty. Cursors are below 2^52; any other
    /// number ends the iteration.
    ///
    /// Every entry that is in the table from the first call to the last is reported at least once.
    pub fn scan(&self, cursor: u64, count: usize, f: impl FnMut(&Entry)) -> u64 {
        self.scan_range(0..=LAST_SLOT, cursor, count, f)
    }

    /// As [`Table::scan`], for the entries of `slots` only. A cursor before the range counts as its start.
    pub fn scan_range(
        &self,
        slots: RangeInclusive<u16>,
        cursor: u64,
        count: usize,
        mut f: impl FnMut(&Entry),
    ) -> u64 {
        let end = slot_start(*slots.end()) + (1 << LOCAL_BITS);
        let mut position = cursor.max(slot_start(*slots.start()));
        let mut steps = count.saturating_mul(STEPS_PER_ENTRY).max(MIN_STEPS);
        let mut reported = 0;
        while position < end.min(POSITION_END) {
            if reported >= count.max(1) || steps == 0 {
                return position;
            }
            steps -= 1;
            let node = self.tree.lookup(position);
            if node.is_nil() {
                position = node.start(position) + node.span();
                continue;
            }
            let span = pair_span(node.depth());
            let first = position & !(span - 1);
            // A pair narrower than a slot holds no other slot's entries, nor does one inside the range.
            let inside = first >= slot_start(*slots.start()) && first + span <= end;
            let pair = home_bucket(position, node.depth()) / 2;
            self.arena.get(node.id()).segment.for_each_in_pair(pair, &mut |entry| {
                if inside || slots.contains(&key_slot(entry.key())) {
                    reported += 1;
                    f(entry);
                }
            });
            position = first + span;
        }
        0
    }

    /// As [`Table::scan`], for the entries of one slot, at the cost of what the slot holds.
    pub fn slot_scan(&self, slot: u16, cursor: u64, count: usize, f: impl FnMut(&Entry)) -> u64 {
        self.scan_range(slot..=slot, cursor, count, f)
    }

    /// Calls `f` for every entry of `slot`.
    pub fn for_each_in_slot(&self, slot: u16, f: impl FnMut(&Entry)) {
        if self.slot_len(slot) > 0 {
            self.scan_range(slot..=slot, 0, usize::MAX, f);
        }
    }

    /// Calls `f` for every entry, in the order of positions.
    pub fn for_each(&self, f: impl FnMut(&Entry)) {
        self.scan(0, usize::MAX, f);
    }
}

/// Whether a pair of buckets of a segment of `depth` covers no more than one slot.
pub(super) fn pair_within_slot(depth: u32) -> bool {
    depth + BUCKET_BITS > SLOT_BITS
}
