//! One cache line of a segment: seven fingerprints, a byte of flags and seven entries.
//!
//! ```text
//!  tags (u64)                                          lanes
//!  +----+----+----+----+----+----+----+-------+        +-------+-----+-------+
//!  | f0 | f1 | f2 | f3 | f4 | f5 | f6 | flags |        | box 0 | ... | box 6 |
//!  +----+----+----+----+----+----+----+-------+        +-------+-----+-------+
//!   fingerprint 1..=255, 0 = empty lane                 Option<EntryBox>, None = null
//! ```
//!
//! Invariant: `tags` lane i is 0 exactly when `lanes[i]` is `None`. The flags err on the side of set.

use super::segment::prefetch;
use crate::data::entry::EntryBox;

/// Entries per bucket.
pub(in crate::data) const LANES: usize = 7;
const FLAGS_SHIFT: u32 = 56;
const LANE_BITS: u64 = 0x0001_0101_0101_0101;
const LANE_LOW7: u64 = 0x7F7F_7F7F_7F7F_7F7F;
const LANE_HIGH: u64 = 0x0080_8080_8080_8080;

/// Some entry whose home is this bucket may stand in the buddy.
pub(in crate::data) const DISPLACED: u8 = 1;
/// Some entry of this pair is in the segment's stash. Exact; kept on the even bucket of the pair.
pub(in crate::data) const STASHED: u8 = 2;
/// Some entry in this bucket may have an expiry.
pub(in crate::data) const EXPIRING: u8 = 4;

/// One cache line.
#[derive(Default)]
#[repr(C, align(64))]
pub(in crate::data) struct Bucket {
    tags: u64,
    lanes: [Option<EntryBox>; LANES],
}

const _: () = assert!(size_of::<Bucket>() == 64);

/// The lanes that matched, lowest first.
#[derive(Clone, Copy, Default)]
pub(in crate::data) struct Lanes(u64);

impl Iterator for Lanes {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let lane = self.0.trailing_zeros() as usize / 8;
        self.0 &= self.0 - 1;
        Some(lane)
    }
}

impl Bucket {
    /// Lanes whose tag is `tag`, exactly. Adding 0x7F to the low seven bits of each byte cannot carry into the next
    /// byte, so unlike the shorter `(x - 1) & !x` test no byte is affected by its neighbour.
    #[inline]
    pub(in crate::data) fn matches(&self, tag: u8) -> Lanes {
        let differing = self.tags ^ (LANE_BITS * u64::from(tag));
        let nonzero = ((differing & LANE_LOW7) + LANE_LOW7) | differing;
        Lanes(!nonzero & LANE_HIGH)
    }

    /// The lanes in use.
    #[inline]
    pub(in crate::data) fn occupied(&self) -> Lanes {
        Lanes(!self.matches(0).0 & LANE_HIGH)
    }

    /// Number of lanes in use.
    #[inline]
    pub(in crate::data) fn len(&self) -> usize {
        self.occupied().0.count_ones() as usize
    }

    /// Whether no lane is in use.
    #[inline]
    pub(in crate::data) fn is_empty(&self) -> bool {
        self.occupied().0 == 0
    }

    /// The first free lane.
    #[inline]
    pub(in crate::data) fn free_lane(&self) -> Option<usize> {
        self.matches(0).next()
    }

    #[inline]
    pub(in crate::data) fn flag(&self, flag: u8) -> bool {
        self.tags >> FLAGS_SHIFT & u64::from(flag) != 0
    }

    #[inline]
    pub(in crate::data) fn set_flag(&mut self, flag: u8) {
        self.tags |= u64::from(flag) << FLAGS_SHIFT;
    }

    #[inline]
    pub(in crate::data) fn clear_flag(&mut self, flag: u8) {
        self.tags &= !(u64::from(flag) << FLAGS_SHIFT);
    }

    #[inline]
    pub(in crate::data) fn get(&self, lane: usize) -> Option<&EntryBox> {
        self.lanes[lane].as_ref()
    }

    #[inline]
    pub(in crate::data) fn get_mut(&mut self, lane: usize) -> Option<&mut EntryBox> {
        self.lanes[lane].as_mut()
    }

    /// The fingerprint in `lane`, 0 if it is empty.
    #[inline]
    pub(in crate::data) fn tag(&self, lane: usize) -> u8 {
        (self.tags >> (lane * 8) & 0xFF) as u8
    }

    /// Fills the empty `lane`.
    #[inline]
    pub(in crate::data) fn put(&mut self, lane: usize, tag: u8, entry: EntryBox) {
        debug_assert!(lane < LANES && tag != 0 && self.tag(lane) == 0);
        self.lanes[lane] = Some(entry);
        self.tags |= u64::from(tag) << (lane * 8);
    }

    /// Asks the processor to load the entries.
    #[inline]
    pub(in crate::data) fn prefetch_entries(&self) {
        for lane in self.occupied() {
            if let Some(entry) = self.get(lane) {
                prefetch(entry.address());
            }
        }
    }

    /// A bucket with the same tags and flags and copies of the entries.
    pub(in crate::data) fn duplicate(&self) -> Self {
        let copy = |entry: &EntryBox| entry.clone_with_key(entry.key());
        Self { tags: self.tags, lanes: std::array::from_fn(|lane| self.get(lane).map(copy)) }
    }

    /// The entries, and `None` for each empty lane.
    #[inline]
    pub(in crate::data) fn into_lanes(self) -> std::array::IntoIter<Option<EntryBox>, LANES> {
        self.lanes.into_iter()
    }

    /// Empties `lane`.
    #[inline]
    pub(in crate::data) fn take(&mut self, lane: usize) -> Option<EntryBox> {
        self.tags &= !(0xFF << (lane * 8));
        self.lanes[lane].take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matching_is_exact_for_every_tag_pair() {
        for stored in 0..=255u8 {
            for wanted in 0..=255u8 {
                let tags = u64::from_le_bytes([stored, wanted, stored, 1, 0, 255, stored ^ 1, 0xFF]);
                let bucket = Bucket { tags, lanes: Default::default() };
                let naive: Vec<usize> = (0..LANES).filter(|&lane| bucket.tag(lane) == wanted).collect();
                assert_eq!(bucket.matches(wanted).collect::<Vec<_>>(), naive, "{tags:x} {wanted}");
            }
        }
    }
}
