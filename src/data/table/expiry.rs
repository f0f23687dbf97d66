//! Finding entries that are due without keeping anything per entry.
//!
//! Each segment has a lower bound of its expiries, and the arena orders segments by it. A sweep reads only segments
//! whose bound has passed, and in them only buckets flagged as holding an expiry; then it sets the bound exactly.
//! So a key that is not due costs nothing until a neighbour is.

use std::ops::{DerefMut, IndexMut};

use super::Table;
use super::bucket::{Bucket, EXPIRING};
use super::segment::{BUCKETS, Place, Segment};
use crate::data::entry::EntryBox;
use crate::data::slot::key_slot;

/// What [`Table::sweep_due`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Entries removed.
    pub removed: usize,
    /// Entries looked at.
    pub examined: usize,
    /// Whether the work ran out before all due segments were visited.
    pub more: bool,
}

/// Result of sweeping one segment: what was looked at, and the expiries that remain.
pub(in crate::data) struct Swept {
    pub(in crate::data) examined: usize,
    pub(in crate::data) expires: u32,
    pub(in crate::data) min_expire: i64,
}

impl Table {
    /// A time before which no entry is due, in Unix milliseconds; `None` if nothing has an expiry. It is a lower
    /// bound: the entry that set it may be gone, in which case a sweep at that time removes nothing and corrects it.
    #[inline]
    #[must_use]
    pub fn next_due(&self) -> Option<i64> {
        self.arena.first_due().map(|(bound, _)| bound)
    }

    /// Removes entries whose expiry lies before `now_ms` and hands each to `f`, most overdue segments first. Stops
    /// between segments once `max_work` entries were looked at; a segment has about 450 at most.
    ///
    /// An entry is due when the time is past its expiry, not at it (Redis: db.c keyIsExpired).
    pub fn sweep_due(&mut self, now_ms: i64, max_work: usize, mut f: impl FnMut(EntryBox)) -> Sweep {
        let mut sweep = Sweep::default();
        let mut due = Vec::new();
        while let Some((bound, id)) = self.arena.first_due() {
            if bound >= now_ms {
                break;
            }
            if sweep.examined >= max_work {
                sweep.more = true;
                break;
            }
            let swept = sweep_segment(&mut self.arena.get_mut(id).segment, BUCKETS, now_ms, &mut due);
            // A visit is work even where the bound was stale and no entry had an expiry.
            sweep.examined += swept.examined.max(1);
            sweep.removed += due.len();
            due.iter_mut().for_each(|entry| self.account_removed(id, key_slot(entry.key()), entry));
            debug_assert_eq!(swept.expires, self.arena.get(id).expires());
            self.arena.set_expires(id, swept.expires, swept.min_expire);
            due.drain(..).for_each(&mut f);
            self.shrink_now(id);
        }
        sweep
    }
}

/// Takes the due entries out of a segment of `buckets` buckets.
pub(in crate::data) fn sweep_segment<B>(
    segment: &mut Segment<B>,
    buckets: usize,
    now_ms: i64,
    due: &mut Vec<EntryBox>,
) -> Swept
where
    B: DerefMut<Target: IndexMut<usize, Output = Bucket>>,
{
    let mut swept = Swept { examined: 0, expires: 0, min_expire: i64::MAX };
    // The stash first: what refills a lane below is then known not to be due.
    for at in (0..segment.stash.len()).rev() {
        let place = Place::Stash(u32::try_from(at).unwrap_or(u32::MAX));
        if swept.is_due(segment, place, now_ms) {
            due.extend(segment.remove(place));
        }
    }
    for at in 0..buckets {
        if at + 1 < buckets && segment.buckets[at + 1].flag(EXPIRING) {
            segment.prefetch_entries(at + 1);
        }
        if !segment.buckets[at].flag(EXPIRING) {
            continue;
        }
        for lane in segment.buckets[at].occupied() {
            let place = super::segment::lane_place(at, lane);
            if swept.is_due(segment, place, now_ms) {
                due.extend(segment.remove(place));
            }
        }
        let bucket = &mut segment.buckets[at];
        let expiring = bucket.occupied().any(|lane| bucket.get(lane).is_some_and(|entry| entry.has_expire()));
        if !expiring {
            bucket.clear_flag(EXPIRING);
        }
    }
    swept
}

impl Swept {
    /// Looks at one entry: whether it is due; if not, its expiry counts for what remains.
    fn is_due<B>(&mut self, segment: &Segment<B>, place: Place, now_ms: i64) -> bool
    where
        B: DerefMut<Target: IndexMut<usize, Output = Bucket>>,
    {
        self.examined += 1;
        let Some(ms) = segment.get(place).and_then(|entry| entry.expire_ms()) else {
            return false;
        };
        if ms < now_ms {
            return true;
        }
        self.expires += 1;
        self.min_expire = self.min_expire.min(ms);
        false
    }
}
