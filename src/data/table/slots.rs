//! Emptying a slot: for flushes and migration, at the cost of what the slot holds and in bounded steps.

use super::Table;
use super::key::{LOCAL_BITS, slot_start};
use super::scan::pair_within_slot;
use super::segment::{home_bucket, pair_span};
use crate::data::entry::EntryBox;
use crate::data::slot::key_slot;

impl Table {
    /// Takes up to `max` entries of `slot` out of the table and hands each to `f`. Returns whether any remain.
    pub fn clear_slot(&mut self, slot: u16, max: usize, mut f: impl FnMut(EntryBox)) -> bool {
        let mut position = slot_start(slot);
        let end = position + (1 << LOCAL_BITS);
        let mut left = max;
        let mut taken = Vec::new();
        while left > 0 && position < end && self.slot_len(slot) > 0 {
            let node = self.tree.lookup(position);
            if node.is_nil() {
                position = node.start(position) + node.span();
                continue;
            }
            let (id, depth) = (node.id(), node.depth());
            let pair = home_bucket(position, depth) / 2;
            let alone = pair_within_slot(depth);
            self.arena.get_mut(id).segment.extract_pair(
                pair,
                left,
                &mut |entry| alone || key_slot(entry.key()) == slot,
                &mut |entry| taken.push(entry),
            );
            left -= taken.len();
            taken.iter_mut().for_each(|entry| self.account_removed(id, slot, entry));
            let emptied = !taken.is_empty();
            taken.drain(..).for_each(&mut f);
            if emptied {
                self.shrink_now(id);
            }
            let span = pair_span(depth);
            position = (position & !(span - 1)) + span;
        }
        self.slot_len(slot) > 0
    }
}
