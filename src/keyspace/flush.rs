//! Changes of whole databases: flush and swap, with what those who watch keys must learn of them.

use super::watch::Verdict;
use super::{FieldDue, Store, ToDrop};
use crate::data::{HKey, Kind, Table};
use std::mem;

impl Store {
    /// Empties database `db` and returns how many keys it held. `lazy`: the memory is given back by the background
    /// thread. Every key counts as a change (Redis: db.c `emptyData`). The caller states the effect.
    pub fn flush(&mut self, db: usize, lazy: bool) -> usize {
        let Some(at) = self.dbs.get_mut(db) else { return 0 };
        let old = at.table.take_entries();
        at.avg_ttl_ms = 0;
        at.field_due = FieldDue::default();
        let count = old.len();
        self.stats.dirty = self.stats.dirty.saturating_add(count as u64);
        self.touch_replaced(db, &old);
        if lazy {
            self.stats.lazyfreed = self.stats.lazyfreed.saturating_add(count as u64);
        }
        if let Some(old) = self.keep_flushed(old).filter(|_| lazy && count > 0) {
            self.to_drop.push(ToDrop::Table(Box::new(old)));
        }
        count
    }

    /// Exchanges two databases (Redis: db.c `dbSwapDatabases`); `false` if one does not exist. The caller states the
    /// effect and counts the change, because one command swaps on every shard.
    pub fn swap(&mut self, a: usize, b: usize) -> bool {
        if a >= self.dbs.len() || b >= self.dbs.len() {
            return false;
        }
        if a == b {
            return true;
        }
        self.dbs.swap(a, b);
        for (db, was) in [(a, b), (b, a)] {
            // `was` now holds what `db` held before: lend it to the comparison.
            let old = mem::take(&mut self.dbs[was].table);
            self.touch_replaced(db, &old);
            self.dbs[was].table = old;
        }
        true
    }

    /// Tells those who watch keys of `db` that its table took the place of `old` (Redis: multi.c
    /// `touchAllWatchedKeysInDb`): a key that is in neither is no change, and a key that had expired when it was watched
    /// counts as absent before.
    fn touch_replaced(&mut self, db: usize, old: &Table) {
        self.wake_replaced(db, old);
        if self.watched.is_empty() {
            return;
        }
        let Some(new) = self.dbs.get(db).map(|d| &d.table) else { return };
        let (now_ms, ageless) = (self.now_ms, self.ageless);
        self.watched.touch_all(db, |key, was_expired| {
            let key = HKey::new(key);
            let before = !was_expired && old.contains(&key);
            match new.find(&key) {
                Some(entry) if entry.expire_ms().is_some_and(|at| at < now_ms && !ageless) && !before => {
                    Verdict::SameExpired
                }
                Some(_) => Verdict::Changed,
                None if before => Verdict::Changed,
                None => Verdict::SameAbsent,
            }
        });
    }
}

impl Store {
    /// Signals the keys of `db` for which clients wait and which the table that took the place of `old` brought, and
    /// those that went with `old`, to those who wait for that (Redis: db.c `scanDatabaseForReadyKeys`,
    /// `scanDatabaseForDeletedKeys`).
    fn wake_replaced(&mut self, db: usize, old: &Table) {
        if self.blocked.is_empty() {
            return;
        }
        let Some(new) = self.dbs.get(db).map(|d| &d.table) else { return };
        self.blocked.signal_where(db, |key, on_delete| {
            let key = HKey::new(key);
            let waited_for = |kind| matches!(kind, Kind::List | Kind::ZSet | Kind::Stream);
            new.find(&key).is_some_and(|entry| waited_for(entry.kind())) || (on_delete && old.contains(&key))
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::data::EntryBox;
    use crate::keyspace::WatchState;
    use std::sync::Arc;

    fn store() -> Store {
        let mut store = Store::new(4, 1);
        store.now_ms = 1_000;
        store
    }

    fn set(store: &mut Store, db: usize, key: &[u8], expire: Option<i64>) {
        store.put(db, &HKey::new(key), EntryBox::new_string(key, b"v", expire));
    }

    fn watch(store: &mut Store, db: usize, key: &[u8], was_expired: bool) -> Arc<WatchState> {
        let state = Arc::new(WatchState::default());
        store.watched.watch(db, key, &state, was_expired);
        state
    }

    #[test]
    fn a_flush_touches_only_watched_keys_that_were_there() {
        let mut store = store();
        set(&mut store, 0, b"there", None);
        set(&mut store, 0, b"stale", Some(1));
        let there = watch(&mut store, 0, b"there", false);
        let absent = watch(&mut store, 0, b"absent", false);
        let stale = watch(&mut store, 0, b"stale", true);
        let elsewhere = watch(&mut store, 1, b"there", false);
        assert_eq!(store.flush(0, true), 2);
        assert_eq!(store.to_drop.len(), 1);
        assert!(there.is_dirty());
        assert!(!absent.is_dirty() && !stale.is_dirty() && !elsewhere.is_dirty());
        assert_eq!(store.stats.dirty, 2);
    }

    #[test]
    fn a_swap_touches_watched_keys_on_both_sides() {
        let mut store = store();
        set(&mut store, 0, b"a", None);
        let goes = watch(&mut store, 0, b"a", false);
        let comes = watch(&mut store, 1, b"a", false);
        let neither = watch(&mut store, 1, b"b", false);
        assert!(store.swap(0, 1));
        assert!(goes.is_dirty() && comes.is_dirty() && !neither.is_dirty());
        assert!(store.peek(1, &HKey::new(b"a")).is_some());
        assert!(store.peek(0, &HKey::new(b"a")).is_none());
        assert!(!store.swap(0, 4));
    }

    #[test]
    fn a_swap_that_brings_an_expired_key_is_no_change_and_its_removal_neither() {
        let mut store = store();
        set(&mut store, 1, b"k", Some(1));
        let state = watch(&mut store, 0, b"k", false);
        assert!(store.swap(0, 1));
        assert!(!state.is_dirty());
        assert!(store.write(0, &HKey::new(b"k")).is_none());
        assert!(!state.is_dirty());
    }
}
