//! Entries by chance: RANDOMKEY and the samples of eviction.
//!
//! All segments have the same number of lanes, so drawing a segment and a lane until the lane is in use draws every
//! entry with the same chance. Only where that fails too often (a table of few keys) the draw walks on from a random
//! lane to the next entry, which favours entries after gaps.

use super::Table;
use super::arena::Record;
use super::bucket::{EXPIRING, LANES};
use super::segment::{BUCKETS, CAPACITY};
use crate::data::entry::{Entry, EntryBox};

/// Lanes plus room for a stash as large as it usually gets.
const DRAW: usize = 512;
/// Draws before walking on from a random lane.
const TRIES: usize = 64;
/// The same where most entries may be refused.
const TRIES_EXPIRING: usize = 16;

impl Table {
    /// An entry drawn at random; `None` if the table is empty. `rng` gives 64 random bits a call.
    pub fn random(&self, rng: &mut impl FnMut() -> u64) -> Option<&Entry> {
        self.draw(self.arena.live(), TRIES, false, rng)
    }

    /// As [`Table::random`], among the entries with an expiry. Costs no more where few have one, but is less even:
    /// segments count the same however many such entries they have.
    pub fn random_expiring(&self, rng: &mut impl FnMut() -> u64) -> Option<&Entry> {
        self.draw(self.arena.expiring(), TRIES_EXPIRING, true, rng)
    }

    /// Calls `f` for `n` entries drawn at random, with repetition; only such with an expiry if `expiring_only`.
    pub fn sample(
        &self,
        n: usize,
        expiring_only: bool,
        rng: &mut impl FnMut() -> u64,
        mut f: impl FnMut(&Entry),
    ) {
        for _ in 0..n {
            let drawn = if expiring_only { self.random_expiring(rng) } else { self.random(rng) };
            match drawn {
                Some(entry) => f(entry),
                None => return,
            }
        }
    }

    fn draw(
        &self,
        ids: &[u32],
        tries: usize,
        expiring: bool,
        rng: &mut impl FnMut() -> u64,
    ) -> Option<&Entry> {
        if ids.is_empty() {
            return None;
        }
        let wanted = |entry: &&EntryBox| !expiring || entry.has_expire();
        for _ in 0..tries {
            let record = self.arena.get(ids[below(rng, ids.len())]);
            if let Some(entry) = at(record, below(rng, DRAW)).filter(wanted) {
                return Some(entry);
            }
        }
        let record = self.arena.get(ids[below(rng, ids.len())]);
        walk(record, below(rng, BUCKETS), expiring).map(|entry| &**entry)
    }
}

/// The entry at `index`: lanes first, then the stash.
fn at(record: &Record, index: usize) -> Option<&EntryBox> {
    if index < CAPACITY {
        record.segment.buckets[index / LANES].get(index % LANES)
    } else {
        record.segment.stash.get(index - CAPACITY).map(|item| &item.entry)
    }
}

/// The first wanted entry from bucket `start` on, round the segment, then in the stash.
fn walk(record: &Record, start: usize, expiring: bool) -> Option<&EntryBox> {
    let wanted = |entry: &&EntryBox| !expiring || entry.has_expire();
    let segment = &record.segment;
    (0..BUCKETS)
        .map(|step| &segment.buckets[(start + step) % BUCKETS])
        .filter(|bucket| !expiring || bucket.flag(EXPIRING))
        .flat_map(|bucket| bucket.occupied().filter_map(|lane| bucket.get(lane)))
        .chain(segment.stash.iter().map(|item| &item.entry))
        .find(wanted)
}

/// A number below `n`, by multiplication instead of division; the bias is below 2^-50 for such small `n`.
#[allow(clippy::cast_possible_truncation, reason = "the result is below n")]
pub(in crate::data) fn below(rng: &mut impl FnMut() -> u64, n: usize) -> usize {
    ((u128::from(rng()) * n as u128) >> 64) as usize
}
