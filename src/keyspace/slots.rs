//! Which shard owns which hash slots, and how a SCAN cursor names them. Pure functions; any thread.
//!
//! ```text
//!  shard i of n owns the slots  i*16384/n  ..  (i+1)*16384/n      (divisions round down)
//!  cursor = slot << 38 | 38 bits of hash                          (data::table: a position)
//! ```
//!
//! Every slot has exactly one owner, and neighbours differ by at most one slot in what they own.

use crate::data::slot::{SLOT_BITS, SLOT_COUNT};
use std::ops::RangeInclusive;

/// Bits of a cursor below the slot (`data::table`: 52 bits of position, 14 of them the slot).
const CURSOR_LOCAL_BITS: u32 = 52 - SLOT_BITS;

/// The shard that owns `slot`, of `shards` shards.
///
/// It is the largest i with i*16384/n <= slot, which is to say i*16384 < (slot+1)*n.
#[inline]
pub fn owner(slot: u16, shards: usize) -> usize {
    ((usize::from(slot) + 1).saturating_mul(shards)).saturating_sub(1) / SLOT_COUNT
}

/// The first slot of `shard`, of `shards` shards; for `shard == shards` one past the last slot.
#[inline]
pub fn first_slot(shard: usize, shards: usize) -> u16 {
    let slot = shard.min(shards).saturating_mul(SLOT_COUNT) / shards.max(1);
    u16::try_from(slot).unwrap_or(u16::MAX)
}

/// The slots of `shard`, of `shards` shards (at most as many as there are slots, so none is without).
pub fn range(shard: usize, shards: usize) -> RangeInclusive<u16> {
    first_slot(shard, shards)..=first_slot(shard + 1, shards).saturating_sub(1)
}

/// The slot that a SCAN cursor points into: where the command runs. Numbers that are no cursor point into the last.
#[inline]
pub fn of_cursor(cursor: u64) -> u16 {
    let last = SLOT_COUNT as u64 - 1;
    u16::try_from((cursor >> CURSOR_LOCAL_BITS).min(last)).unwrap_or(0)
}

/// The cursor that starts `shard`'s part of an iteration; 0 for `shard == shards`: the iteration is over.
pub fn first_cursor(shard: usize, shards: usize) -> u64 {
    if shard >= shards { 0 } else { u64::from(first_slot(shard, shards)) << CURSOR_LOCAL_BITS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_the_owner_whose_range_holds_it() {
        for shards in [1, 2, 3, 4, 5, 7, 12, 64, 100, 1000, 1024, 16384] {
            let mut next = 0u32;
            for shard in 0..shards {
                let slots = range(shard, shards);
                assert_eq!(u32::from(*slots.start()), next, "{shards} shards");
                for slot in slots.clone() {
                    assert_eq!(owner(slot, shards), shard, "slot {slot} of {shards} shards");
                }
                next = u32::from(*slots.end()) + 1;
            }
            assert_eq!(next, 16384);
        }
    }

    #[test]
    fn a_shards_first_cursor_points_into_its_first_slot() {
        for shards in [1, 3, 4, 1024] {
            for shard in 0..shards {
                assert_eq!(of_cursor(first_cursor(shard, shards)), first_slot(shard, shards));
            }
            assert_eq!(first_cursor(shards, shards), 0);
        }
    }

    #[test]
    fn numbers_that_are_no_cursor_point_into_the_last_slot() {
        assert_eq!(of_cursor(u64::MAX), 16383);
        assert_eq!(of_cursor(1 << 52), 16383);
    }
}
