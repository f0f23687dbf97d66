//! Active expiry: removing keys that are due though nobody asks for them.
//!
//! Redis draws keys at random and goes on while many of them turn out to be due (expire.c `activeExpireCycle`). Here
//! the table knows a lower bound of each segment's expiry times and keeps segments in that order, so the cycle visits
//! only segments in which something is due, and keys that are not due cost nothing.
//!
//! A visit looks at all expiring keys of its segment. To make a visit worth it, a segment is left alone until it is
//! overdue by [`lag_ms`]: not at all noticeable in a small table (Redis's own cycle runs every 100 ms), up to a second
//! with millions of expiring keys, less with more effort. A key past its time is invisible from the first millisecond
//! on; the lag only concerns its memory and the `expired` event.
//!
//! The store reads no clock. The caller bounds a cycle by a closure that says when time is up; it is asked after every
//! segment (at most about 450 keys), so a loop turn is never held longer than its budget and one segment.

use super::Store;
use crate::data::EntryBox;

/// Shortest time that a segment stays overdue before it is visited.
const LAG_MIN_MS: i64 = 100;
/// Longest such time.
const LAG_MAX_MS: i64 = 1000;
/// Expiring keys drawn per database to estimate the time they have left.
const TTL_SAMPLES: usize = 8;

/// What one cycle did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CycleReport {
    /// Keys removed.
    pub removed: usize,
    /// Keys looked at.
    pub examined: usize,
    /// Time was up before everything due was removed: run another cycle soon.
    pub more: bool,
}

/// How long (ms) a segment may be overdue before the cycle visits it, for a database with `expiring` keys that have an
/// expiry time, at `effort` (`active-expire-effort`, 1 to 10).
pub fn lag_ms(expiring: usize, effort: u32) -> i64 {
    let effort = usize::try_from(effort.clamp(1, 10)).unwrap_or(1);
    let by_size = i64::try_from(expiring / (1000 * effort)).unwrap_or(LAG_MAX_MS);
    LAG_MIN_MS.saturating_add(by_size).min(LAG_MAX_MS)
}

/// Microseconds that one cycle may take within a loop turn, at `effort`: 250 to 700. Short enough to stay below the
/// millisecond that a turn may last.
pub fn turn_budget_us(effort: u32) -> u64 {
    250 + 50 * u64::from(effort.clamp(1, 10) - 1)
}

/// Microseconds to let pass between cycles that run out of time, so that expiry takes no more than its share of the
/// core: 25 % at effort 1 to 43 % at effort 10 (Redis: expire.c ACTIVE_EXPIRE_CYCLE_SLOW_TIME_PERC).
pub fn pause_after_us(spent_us: u64, effort: u32) -> u64 {
    let percent = 25 + 2 * u64::from(effort.clamp(1, 10) - 1);
    spent_us.saturating_mul(100 - percent) / percent
}

impl Store {
    /// When [`Store::expire_cycle`] has something to do (unix ms), so that an idle shard can sleep until then. `None`
    /// if no key has an expiry time.
    pub fn next_due_ms(&self, effort: u32) -> Option<i64> {
        let due = |d: &super::Db| {
            let lag = lag_ms(d.table.expires_len(), effort);
            d.table.next_due().map(|at| at.saturating_add(lag).saturating_add(1))
        };
        self.dbs.iter().filter_map(due).min()
    }

    /// Removes keys that are due, the most overdue of each database first, until none is left or `out_of_time` says so;
    /// the next cycle goes on with the database where this one stopped. Costs one comparison per database if nothing is
    /// due. Uses [`Store::now_ms`] as the time; effects and events as for keys found expired by a command.
    pub fn expire_cycle(&mut self, effort: u32, mut out_of_time: impl FnMut() -> bool) -> CycleReport {
        let mut report = CycleReport::default();
        let mut due: Vec<EntryBox> = Vec::new();
        let (first, count) = (self.expire_db, self.dbs.len());
        for step in 0..count {
            let db = (first + step) % count;
            let lag = lag_ms(self.dbs[db].table.expires_len(), effort);
            while self.dbs[db].table.next_due().is_some_and(|at| at.saturating_add(lag) < self.now_ms) {
                let sweep = self.dbs[db].table.sweep_due(self.now_ms, 1, |entry| due.push(entry));
                report.examined += sweep.examined;
                report.removed += sweep.removed;
                due.drain(..).for_each(|entry| {
                    self.expired_out(db, entry);
                    self.journal.end_unit();
                });
                if out_of_time() {
                    self.expire_db = db;
                    report.more = true;
                    return report;
                }
            }
            let (_, more) = self.field_cycle(db, &mut out_of_time);
            if more {
                self.expire_db = db;
                report.more = true;
                return report;
            }
        }
        self.expire_db = (first + 1) % count.max(1);
        report
    }

    /// Brings [`super::Db::avg_ttl_ms`] up to date: a running average over a few keys drawn at random, new draws
    /// weighing 1/50 as in Redis (expire.c `activeExpireCycle`). For the cron, not for every turn.
    pub fn estimate_ttl(&mut self) {
        let Store { dbs, rng, now_ms, .. } = self;
        for db in dbs.iter_mut() {
            let (mut sum, mut drawn) = (0i64, 0i64);
            db.table.sample(TTL_SAMPLES, true, &mut || rng.next_u64(), |entry| {
                let left = entry.expire_ms().map_or(0, |at| at.saturating_sub(*now_ms));
                if left > 0 {
                    sum = sum.saturating_add(left);
                    drawn += 1;
                }
            });
            let Some(mean) = sum.checked_div(drawn) else {
                db.avg_ttl_ms = 0;
                continue;
            };
            let old = db.avg_ttl_ms;
            db.avg_ttl_ms =
                if old == 0 { mean } else { (old / 50).saturating_mul(49).saturating_add(mean / 50) };
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::data::HKey;

    fn store_with(keys: usize, expire: impl Fn(usize) -> Option<i64>) -> Store {
        let mut store = Store::new(2, 1);
        store.now_ms = 10_000;
        for i in 0..keys {
            let key = format!("key:{i}");
            let entry = EntryBox::new_string(key.as_bytes(), b"v", expire(i));
            store.put(i % 2, &HKey::new(key.as_bytes()), entry);
        }
        store
    }

    #[test]
    fn a_cycle_removes_what_is_due_and_nothing_else() {
        let mut store = store_with(5_000, |i| match i % 4 {
            0 | 1 => Some(10_100),
            2 => Some(50_000),
            _ => None,
        });
        store.journal.switch(true);
        assert_eq!(store.expire_cycle(1, || false), CycleReport::default());
        store.now_ms = store.next_due_ms(1).unwrap() + 10;
        let report = store.expire_cycle(1, || false);
        assert_eq!((report.removed, report.more), (2_500, false));
        assert_eq!(store.dbs[0].table.len() + store.dbs[1].table.len(), 2_500);
        assert_eq!(store.stats.expired, 2_500);
        assert_eq!(store.journal.take().runs.len(), 2_500);
    }

    #[test]
    fn a_cycle_stops_when_time_is_up_and_the_next_goes_on() {
        let mut store = store_with(20_000, |_| Some(1));
        let (mut cycles, mut removed) = (0, 0);
        loop {
            let report = store.expire_cycle(1, || true);
            removed += report.removed;
            cycles += 1;
            assert!(report.examined < 1_000, "one segment a cycle: {report:?}");
            if !report.more {
                break;
            }
        }
        assert_eq!(removed, 20_000);
        assert!(cycles > 20);
        assert_eq!(store.next_due_ms(1), None);
    }

    #[test]
    fn idle_expiring_keys_cost_no_visit() {
        let mut store = store_with(100_000, |_| Some(1_000_000));
        store.now_ms = 900_000;
        assert_eq!(store.expire_cycle(10, || panic!("nothing is due")), CycleReport::default());
    }

    #[test]
    fn more_effort_means_less_lag_and_more_time() {
        assert_eq!(lag_ms(0, 1), 100);
        assert_eq!(lag_ms(10_000_000, 1), 1000);
        assert!(lag_ms(500_000, 10) < lag_ms(500_000, 1));
        assert_eq!(turn_budget_us(1), 250);
        assert_eq!(turn_budget_us(10), 700);
        assert_eq!(pause_after_us(250, 1), 750);
    }

    #[test]
    fn the_estimate_of_the_time_left_is_near_the_mean() {
        let mut store = store_with(1_000, |i| Some(20_000 + 10 * i64::try_from(i).unwrap()));
        (0..1_000).for_each(|_| store.estimate_ttl());
        for db in &store.dbs {
            assert!((12_000..18_000).contains(&db.avg_ttl_ms), "{}", db.avg_ttl_ms);
        }
    }
}
