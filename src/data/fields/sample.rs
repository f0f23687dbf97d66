//! Elements by chance: SRANDMEMBER, SPOP, HRANDFIELD, ZRANDMEMBER.
//!
//! A draw picks a pair and one of as many places as the fullest pair may have, lanes and stash together, and is
//! repeated until the place is in use. So every element has exactly the same chance, in whichever pair it stands.

use super::{Fields, PAIRS};
use crate::data::entry::{Entry, EntryBox};
use crate::data::table::bucket::LANES;
use crate::data::table::sample::below;

/// Places of a pair in its two buckets.
const PAIR_LANES: usize = 2 * LANES;
/// Draws before walking to an element of random rank. A draw succeeds with a chance of 1/3 or so; only a table made
/// with far too much [capacity](Fields::with_capacity) gets here.
const TRIES: usize = 256;

impl Fields {
    /// An element, each with the same chance; `None` if there is none. `rng` gives 64 random bits a call.
    pub fn random(&self, rng: &mut impl FnMut() -> u64) -> Option<&Entry> {
        if self.len == 0 {
            return None;
        }
        let places = PAIR_LANES + self.widest_stash;
        for _ in 0..TRIES {
            let draw = below(rng, self.pairs * places);
            if let Some(entry) = self.at(draw / places, draw % places) {
                return Some(entry);
            }
        }
        self.iter().nth(below(rng, self.len))
    }

    /// The entry at `place` of `pair`: lanes first, then what is stashed.
    fn at(&self, pair: usize, place: usize) -> Option<&EntryBox> {
        let (segment, within) = (&self.segments[pair / PAIRS], pair % PAIRS);
        if place < PAIR_LANES {
            segment.buckets[within * 2 + place / LANES].get(place % LANES)
        } else {
            segment.stashed(within).nth(place - PAIR_LANES)
        }
    }
}
