//! A segment: 64 buckets for one aligned range of positions, and a stash for what does not fit.
//!
//! ```text
//!  position:  | prefix: depth bits | 6 bits: bucket | rest |
//!
//!  buckets    0   1 | 2   3 | 4   5 | ...  | 62  63      pairs hold 14 entries: home first, then buddy
//!             \___/   \___/   \___/          \____/
//!              pair 0  pair 1  pair 2         pair 31    one pair = one step of SCAN
//!  stash      (fingerprint, home bucket, entry) ...      only for pairs that are full
//! ```
//!
//! Invariants:
//! - An entry stands in its home bucket, in the buddy (then the home is flagged DISPLACED), or in the stash.
//! - A pair with entries in the stash is full in both buckets and flagged STASHED; a lane that falls free is
//!   refilled from the stash at once.
//! - A bucket holding an entry with an expiry is flagged EXPIRING.

use std::ops::{DerefMut, IndexMut};

use super::bucket::{Bucket, DISPLACED, EXPIRING, LANES, STASHED};
use super::key::POSITION_BITS;
use crate::data::entry::EntryBox;

/// Buckets per segment.
pub(in crate::data) const BUCKETS: usize = 64;
/// Bits of a position that choose the bucket.
pub(in crate::data) const BUCKET_BITS: u32 = 6;
/// Entries that fit a segment without its stash.
pub(in crate::data) const CAPACITY: usize = BUCKETS * LANES;
/// Depth at which no position bit would be left beyond the bucket's.
pub(in crate::data) const MAX_DEPTH: u32 = POSITION_BITS - BUCKET_BITS;

/// The 4 KiB of a segment.
pub(in crate::data) type Buckets = [Bucket; BUCKETS];

/// An entry that its full pair could not take.
pub(in crate::data) struct StashItem {
    pub(in crate::data) tag: u8,
    pub(in crate::data) home: u8,
    pub(in crate::data) entry: EntryBox,
}

impl StashItem {
    /// The same with a copy of the entry.
    pub(in crate::data) fn duplicate(&self) -> Self {
        Self { entry: self.entry.clone_with_key(self.entry.key()), ..*self }
    }
}

/// Where an entry stands within a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) enum Place {
    Lane { bucket: u8, lane: u8 },
    Stash(u32),
}

/// The buckets and stash of one segment. `B` holds the buckets: here always [`BUCKETS`] of them, in a collection's
/// [`Fields`](crate::data::fields::Fields) an even number up to that.
pub(in crate::data) struct Segment<B = Box<Buckets>> {
    pub(in crate::data) buckets: B,
    pub(in crate::data) stash: Vec<StashItem>,
}

/// A block of empty buckets, zeroed by the allocator rather than written line by line.
fn empty_buckets() -> Box<Buckets> {
    // SAFETY: all bytes zero is a valid `Buckets`: tags are integers, and `Option<EntryBox>`, a transparent wrapper
    // of `NonNull`, is `None` when null.
    unsafe { Box::<Buckets>::new_zeroed().assume_init() }
}

/// The home bucket of `position` in a segment of `depth`.
#[allow(clippy::cast_possible_truncation, reason = "below 64 after the remainder")]
#[inline]
pub(in crate::data) fn home_bucket(position: u64, depth: u32) -> usize {
    (position >> (MAX_DEPTH - depth)) as usize % BUCKETS
}

/// Number of positions that one pair of buckets covers in a segment of `depth`.
#[inline]
pub(in crate::data) fn pair_span(depth: u32) -> u64 {
    1 << (MAX_DEPTH - depth + 1)
}

#[allow(clippy::cast_possible_truncation, reason = "buckets and lanes are below 64")]
#[inline]
pub(in crate::data) fn lane_place(bucket: usize, lane: usize) -> Place {
    Place::Lane { bucket: bucket as u8, lane: lane as u8 }
}

impl Segment {
    pub(in crate::data) fn new() -> Self {
        Self { buckets: empty_buckets(), stash: Vec::new() }
    }
}

impl<B> Segment<B>
where
    B: DerefMut<Target: IndexMut<usize, Output = Bucket>>,
{
    /// Finds `key`, whose home bucket is `home` and fingerprint `tag`.
    #[inline]
    pub(in crate::data) fn probe(&self, home: usize, tag: u8, key: &[u8]) -> Option<Place> {
        let bucket = &self.buckets[home];
        for lane in bucket.matches(tag) {
            if bucket.get(lane).is_some_and(|entry| entry.key() == key) {
                return Some(lane_place(home, lane));
            }
        }
        if bucket.flag(DISPLACED) {
            let buddy = &self.buckets[home ^ 1];
            for lane in buddy.matches(tag) {
                if buddy.get(lane).is_some_and(|entry| entry.key() == key) {
                    return Some(lane_place(home ^ 1, lane));
                }
            }
        }
        if self.buckets[home & !1].flag(STASHED) { self.probe_stash(home, tag, key) } else { None }
    }

    #[cold]
    fn probe_stash(&self, home: usize, tag: u8, key: &[u8]) -> Option<Place> {
        let at = self
            .stash
            .iter()
            .position(|item| item.tag == tag && usize::from(item.home) == home && item.entry.key() == key)?;
        Some(Place::Stash(u32::try_from(at).ok()?))
    }

    /// Whether both buckets of the pair of `home` are full.
    #[inline]
    pub(in crate::data) fn pair_full(&self, home: usize) -> bool {
        self.buckets[home].free_lane().is_none() && self.buckets[home ^ 1].free_lane().is_none()
    }

    /// Adds an entry that is not there yet. `expiring` may err on the side of `true`.
    #[inline]
    pub(in crate::data) fn put(&mut self, home: usize, tag: u8, entry: EntryBox, expiring: bool) -> Place {
        for bucket in [home, home ^ 1] {
            if let Some(lane) = self.buckets[bucket].free_lane() {
                self.buckets[bucket].put(lane, tag, entry);
                if expiring {
                    self.buckets[bucket].set_flag(EXPIRING);
                }
                if bucket != home {
                    self.buckets[home].set_flag(DISPLACED);
                }
                return lane_place(bucket, lane);
            }
        }
        self.put_stash(home, tag, entry)
    }

    #[cold]
    #[allow(clippy::cast_possible_truncation, reason = "buckets are below 64, a stash below 2^32")]
    fn put_stash(&mut self, home: usize, tag: u8, entry: EntryBox) -> Place {
        self.buckets[home & !1].set_flag(STASHED);
        self.stash.push(StashItem { tag, home: home as u8, entry });
        Place::Stash((self.stash.len() - 1) as u32)
    }

    #[inline]
    pub(in crate::data) fn get(&self, place: Place) -> Option<&EntryBox> {
        match place {
            Place::Lane { bucket, lane } => self.buckets[usize::from(bucket)].get(usize::from(lane)),
            Place::Stash(at) => self.stash.get(at as usize).map(|item| &item.entry),
        }
    }

    #[inline]
    pub(in crate::data) fn get_mut(&mut self, place: Place) -> Option<&mut EntryBox> {
        match place {
            Place::Lane { bucket, lane } => self.buckets[usize::from(bucket)].get_mut(usize::from(lane)),
            Place::Stash(at) => self.stash.get_mut(at as usize).map(|item| &mut item.entry),
        }
    }

    /// Flags the bucket of `place` as holding an entry with an expiry.
    #[inline]
    pub(in crate::data) fn mark_expiring(&mut self, place: Place) {
        if let Place::Lane { bucket, .. } = place {
            self.buckets[usize::from(bucket)].set_flag(EXPIRING);
        }
    }

    /// Takes out the entry at `place` and refills its lane from the stash.
    pub(in crate::data) fn remove(&mut self, place: Place) -> Option<EntryBox> {
        match place {
            Place::Lane { bucket, lane } => {
                let (bucket, lane) = (usize::from(bucket), usize::from(lane));
                let entry = self.buckets[bucket].take(lane)?;
                if self.buckets[bucket & !1].flag(STASHED) {
                    self.refill(bucket, lane);
                } else if self.buckets[bucket].is_empty() {
                    self.buckets[bucket].clear_flag(EXPIRING);
                    self.buckets[bucket ^ 1].clear_flag(DISPLACED);
                }
                Some(entry)
            }
            Place::Stash(at) => {
                let at = at as usize;
                if at >= self.stash.len() {
                    return None;
                }
                let item = self.stash.swap_remove(at);
                self.refresh_stashed(usize::from(item.home));
                Some(item.entry)
            }
        }
    }

    /// Moves one stashed entry of the pair of `bucket` into its free `lane`.
    #[cold]
    fn refill(&mut self, bucket: usize, lane: usize) {
        let found = self.stash.iter().position(|item| usize::from(item.home) & !1 == bucket & !1);
        if let Some(at) = found {
            let item = self.stash.swap_remove(at);
            if usize::from(item.home) != bucket {
                self.buckets[bucket ^ 1].set_flag(DISPLACED);
            }
            if item.entry.has_expire() {
                self.buckets[bucket].set_flag(EXPIRING);
            }
            self.buckets[bucket].put(lane, item.tag, item.entry);
        }
        self.refresh_stashed(bucket);
    }

    fn refresh_stashed(&mut self, bucket: usize) {
        if !self.stash.iter().any(|item| usize::from(item.home) & !1 == bucket & !1) {
            self.buckets[bucket & !1].clear_flag(STASHED);
        }
        if self.stash.is_empty() {
            // Segments rarely need it again; an empty vector costs nothing.
            self.stash = Vec::new();
        }
    }

    /// The stashed entries of the pair `pair`.
    pub(in crate::data) fn stashed(&self, pair: usize) -> impl Iterator<Item = &EntryBox> {
        let flagged = self.buckets[pair * 2].flag(STASHED);
        let stash = if flagged { self.stash.as_slice() } else { &[] };
        stash.iter().filter(move |item| usize::from(item.home) / 2 == pair).map(|item| &item.entry)
    }

    /// Calls `f` for every entry of the pair `pair` (0..32), wherever it stands.
    #[inline]
    pub(in crate::data) fn for_each_in_pair<'s>(&'s self, pair: usize, f: &mut impl FnMut(&'s EntryBox)) {
        for bucket in [&self.buckets[pair * 2], &self.buckets[pair * 2 + 1]] {
            for lane in bucket.occupied() {
                if let Some(entry) = bucket.get(lane) {
                    f(entry);
                }
            }
        }
        self.stashed(pair).for_each(f);
    }

    /// Calls `f` for the entries of the pair `pair` until it says `false`; returns what it said last.
    pub(in crate::data) fn while_in_pair(
        &mut self,
        pair: usize,
        f: &mut impl FnMut(&mut EntryBox) -> bool,
    ) -> bool {
        let stashed = self.buckets[pair * 2].flag(STASHED);
        for bucket in [pair * 2, pair * 2 + 1] {
            let bucket = &mut self.buckets[bucket];
            for lane in bucket.occupied() {
                if !bucket.get_mut(lane).is_none_or(&mut *f) {
                    return false;
                }
            }
        }
        let stash = if stashed { self.stash.as_mut_slice() } else { &mut [] };
        stash.iter_mut().filter(|item| usize::from(item.home) / 2 == pair).all(|item| f(&mut item.entry))
    }

    /// Number of entries of the pair `pair`.
    pub(in crate::data) fn pair_len(&self, pair: usize) -> usize {
        self.buckets[pair * 2].len() + self.buckets[pair * 2 + 1].len() + self.stashed(pair).count()
    }

    /// Takes all entries of the pair `pair` out and clears its flags.
    pub(in crate::data) fn drain_pair(&mut self, pair: usize, f: &mut impl FnMut(EntryBox)) {
        if self.buckets[pair * 2].flag(STASHED) {
            for at in (0..self.stash.len()).rev() {
                if usize::from(self.stash[at].home) / 2 == pair {
                    f(self.stash.swap_remove(at).entry);
                }
            }
            self.refresh_stashed(pair * 2);
        }
        for bucket in [pair * 2, pair * 2 + 1] {
            std::mem::take(&mut self.buckets[bucket]).into_lanes().flatten().for_each(&mut *f);
        }
    }

    /// Takes out of the pair `pair` up to `max` entries that `wanted` accepts and hands them to `f`.
    pub(in crate::data) fn extract_pair(
        &mut self,
        pair: usize,
        max: usize,
        wanted: &mut impl FnMut(&EntryBox) -> bool,
        f: &mut impl FnMut(EntryBox),
    ) -> usize {
        let mut taken = 0;
        for at in (0..self.stash.len()).rev() {
            let item = &self.stash[at];
            if taken < max && usize::from(item.home) / 2 == pair && wanted(&item.entry) {
                f(self.stash.swap_remove(at).entry);
                taken += 1;
            }
        }
        if taken > 0 {
            self.refresh_stashed(pair * 2);
        }
        for bucket in [pair * 2, pair * 2 + 1] {
            for lane in self.buckets[bucket].occupied() {
                if taken >= max {
                    return taken;
                }
                let place = lane_place(bucket, lane);
                if self.buckets[bucket].get(lane).is_some_and(&mut *wanted) {
                    // What refills the lane comes from the stash and was refused above.
                    self.remove(place).into_iter().for_each(&mut *f);
                    taken += 1;
                }
            }
        }
        taken
    }

    /// Asks the processor to load the entries of `bucket`.
    #[inline]
    pub(in crate::data) fn prefetch_entries(&self, bucket: usize) {
        self.buckets[bucket].prefetch_entries();
    }
}

/// Asks the processor to load the cache line at `address`.
#[inline]
pub(in crate::data) fn prefetch(address: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a prefetch is a hint that never faults, whatever the address; SSE is part of x86-64.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = address;
}
