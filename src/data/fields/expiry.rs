//! Accounts of elements with an expiry (HEXPIRE), and finding those that are due.
//!
//! As in the database's table, nothing is kept per element: each segment has the number of its entries with an expiry
//! and a lower bound of their times, and an ordered set gives the segment with the lowest. A collection without
//! expiries has none of it.

use std::collections::BTreeSet;

use super::{Fields, Location};
use crate::data::entry::EntryBox;
use crate::data::table::Sweep;
use crate::data::table::expiry::sweep_segment;

/// The accounts of one segment. `min_expire` means nothing while `count` is 0.
#[derive(Clone, Copy, Default)]
struct Bound {
    count: u32,
    min_expire: i64,
}

/// The accounts of a collection in which some element has an expiry.
#[derive(Clone, Default)]
pub(super) struct Due {
    /// By segment; as long as the last segment that ever had an expiry needs.
    bounds: Vec<Bound>,
    /// `(min_expire, segment)` of each segment with a count.
    order: BTreeSet<(i64, usize)>,
    total: usize,
}

impl Due {
    /// Accounts for one entry due at `ms` that came to `segment`.
    pub(super) fn add(&mut self, segment: usize, ms: i64) {
        if self.bounds.len() <= segment {
            self.bounds.resize(segment + 1, Bound::default());
        }
        let Bound { count, min_expire } = self.bounds[segment];
        self.set(segment, count + 1, if count == 0 { ms } else { min_expire.min(ms) });
    }

    /// Accounts for one entry with an expiry that left `segment`.
    fn remove(&mut self, segment: usize) {
        let Bound { count, min_expire } = self.bounds[segment];
        self.set(segment, count - 1, min_expire);
    }

    fn set(&mut self, segment: usize, count: u32, min_expire: i64) {
        let old = std::mem::replace(&mut self.bounds[segment], Bound { count, min_expire });
        self.total = self.total - old.count as usize + count as usize;
        let unchanged = old.min_expire == min_expire;
        if old.count > 0 && !(count > 0 && unchanged) {
            self.order.remove(&(old.min_expire, segment));
        }
        if count > 0 && !(old.count > 0 && unchanged) {
            self.order.insert((min_expire, segment));
        }
    }

    pub(super) fn mem_bytes(&self) -> usize {
        size_of::<Self>()
            + self.bounds.capacity() * size_of::<Bound>()
            // A B-tree leaf of the standard library holds 11 keys and is on average two thirds full.
            + self.order.len() * size_of::<(i64, usize)>() * 3 / 2
    }

    #[cfg(test)]
    pub(super) fn bounds(&self) -> impl Iterator<Item = (usize, i64)> + '_ {
        let listed = self.bounds.iter().filter(|bound| bound.count > 0).count();
        assert_eq!(listed, self.order.len());
        self.bounds.iter().map(|bound| (bound.count as usize, bound.min_expire))
    }
}

impl Fields {
    /// Number of elements with an expiry, due or not.
    #[inline]
    #[must_use]
    pub fn expires_len(&self) -> usize {
        self.due.as_ref().map_or(0, |due| due.total)
    }

    /// A time before which no element is due, in Unix milliseconds; `None` if nothing has an expiry. It is a lower
    /// bound: the element that set it may be gone, in which case a sweep at that time removes nothing and corrects it.
    #[inline]
    #[must_use]
    pub fn next_due(&self) -> Option<i64> {
        self.due.as_ref()?.order.first().map(|(bound, _)| *bound)
    }

    /// Removes elements whose expiry lies before `now_ms` and hands each to `f`, most overdue segments first. Stops
    /// between segments once `max_work` elements were looked at; a segment has about 500 at most.
    ///
    /// An element is due when the time is past its expiry, not at it (Redis 7.4: t_hash.c hashTypeIsExpired).
    pub fn sweep_due(&mut self, now_ms: i64, max_work: usize, mut f: impl FnMut(EntryBox)) -> Sweep {
        let mut sweep = Sweep::default();
        let mut found = Vec::new();
        while let Some((bound, segment)) = self.due.as_ref().and_then(|due| due.order.first().copied()) {
            if bound >= now_ms {
                break;
            }
            if sweep.examined >= max_work {
                sweep.more = true;
                break;
            }
            let buckets = self.segments[segment].buckets.len();
            let swept = sweep_segment(self.segments[segment].own(), buckets, now_ms, &mut found);
            // A visit is work even where the bound was stale and no entry had an expiry.
            sweep.examined += swept.examined.max(1);
            sweep.removed += found.len();
            self.len -= found.len();
            self.due_mut().set(segment, swept.expires, swept.min_expire);
            // As many merges as single removals would have done.
            for entry in found.drain(..) {
                self.shrink();
                f(entry);
            }
            self.drop_idle_due();
        }
        sweep
    }

    pub(super) fn due_mut(&mut self) -> &mut Due {
        self.due.get_or_insert_default()
    }

    /// Accounts for one entry with an expiry that left `segment`.
    pub(super) fn drop_expire(&mut self, segment: usize) {
        if let Some(due) = &mut self.due {
            due.remove(segment);
        }
        self.drop_idle_due();
    }

    fn drop_idle_due(&mut self) {
        if self.expires_len() == 0 {
            self.due = None;
        }
    }

    /// Brings the accounts in line after the entry at `at` went from expiry `old` to `new`.
    #[inline]
    pub(super) fn account_expire(&mut self, at: Location, old: Option<i64>, new: Option<i64>) {
        if old == new {
            return;
        }
        // The new one first, so that the accounts are not given up only to be set up again.
        if let Some(ms) = new {
            self.segments[at.segment].own().mark_expiring(at.place);
            self.due_mut().add(at.segment, ms);
        }
        if old.is_some() {
            self.drop_expire(at.segment);
        }
    }
}
