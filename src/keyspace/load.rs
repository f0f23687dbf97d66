//! Filling a database from a file.

use super::objects::collection;
use super::{Store, lru};
use crate::data::{EntryBox, HKey, Hash, Kind};

/// What a file says of the use of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Seconds since it was used last.
    pub idle_s: Option<u64>,
    /// LFU counter.
    pub freq: Option<u8>,
}

impl Store {
    /// Adds a key that a file holds: no event, no effect, no change, and nobody is woken (Redis: db.c `dbAddRDBLoad`,
    /// object.c `objectSetLRUOrLFU`). `false` if there was one of this name already, which it has replaced.
    pub fn load(&mut self, db: usize, key: &HKey<'_>, entry: EntryBox, usage: Usage) -> bool {
        let now_ms = self.now_ms;
        entry.set_lru(match (self.policy.lfu, usage) {
            (true, Usage { freq: Some(freq), .. }) => lru::lfu_with(now_ms, u32::from(freq)),
            (false, Usage { idle_s: Some(idle), .. }) => {
                lru::idle_since(now_ms, i64::try_from(idle).unwrap_or(i64::MAX))
            }
            _ => self.fresh_lru(),
        });
        let timed = entry.kind() == Kind::Hash
            && collection::<Hash>(&entry).is_ok_and(|hash| hash.next_due().is_some());
        let Some(at) = self.dbs.get_mut(db) else { return true };
        let is_new = at.table.insert(key, entry).is_none();
        if timed {
            self.watch_fields(db, key.bytes);
        }
        is_new
    }

    /// Removes every key of every database and all marks of use: another dataset takes their place. Nothing is stated;
    /// those who watch or cache keys learn of it. `lazy`: the memory is given back by the background thread.
    pub fn empty(&mut self, lazy: bool) {
        let dirty = self.stats.dirty;
        (0..self.dbs.len()).for_each(|db| {
            self.flush(db, lazy);
        });
        self.stats.dirty = dirty;
        self.flushed();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_loaded_key_has_the_use_that_its_file_states() {
        let mut store = Store::new(2, 1);
        store.now_ms = 1_000_000_000;
        let load = |store: &mut Store, key: &[u8], usage| {
            let hashed = HKey::new(key);
            assert!(store.load(1, &hashed, EntryBox::new_string(key, b"v", None), usage));
            store.peek(1, &hashed).unwrap().lru()
        };
        let mark = load(&mut store, b"idle", Usage { idle_s: Some(77), freq: Some(9) });
        assert_eq!(lru::idle_s(mark, store.now_ms), 77);
        let mark = load(&mut store, b"fresh", Usage::default());
        assert_eq!(lru::idle_s(mark, store.now_ms), 0);
        store.policy.lfu = true;
        let mark = load(&mut store, b"often", Usage { idle_s: Some(77), freq: Some(9) });
        assert_eq!(mark & 0xff, 9);
        assert_eq!(store.stats.dirty, 0);
        let again = EntryBox::new_string(b"idle", b"w", None);
        assert!(!store.load(1, &HKey::new(b"idle"), again, Usage::default()));
        store.empty(false);
        assert!(store.dbs.iter().all(|db| db.table.is_empty()));
    }
}
