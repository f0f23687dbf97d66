//! Removing fields of hashes that are past their time, though nobody asks for them.
//!
//! ```text
//!   by_time: (when, key), …      the expire cycle takes them from the front
//!   by_key:  key → when          so that a key is listed once
//! ```
//!
//! `when` is a lower bound of the next expiry of a field of that key: a visit that finds nothing due lists the key anew.
//! A key that is deleted or loses its times stays listed until it is due, or until the registration of other keys comes
//! across it: each looks at two of those listed, so what is listed in vain stays below what is listed in earnest.
//! (Redis keeps a pointer from each hash to its place in `db->hexpires` instead.)

use super::{Class, Store};
use crate::data::{HKey, Hash, Table};
use ahash::AHashMap;
use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};

/// Fields that one visit of a key removes at most, so that the cycle can look at the time between.
const FIELDS_PER_VISIT: usize = 300;
/// Keys that a registration checks for being listed in vain.
const CHECKED: usize = 2;
/// Keys that are looked at to find one that is listed in earnest.
const LOOKED_AT: usize = 1000;

/// The keys of one database that hold fields with a time to live.
#[derive(Debug, Default)]
pub struct FieldDue {
    by_time: BTreeSet<(i64, Box<[u8]>)>,
    by_key: AHashMap<Box<[u8]>, i64>,
    /// The last one that a registration checked.
    checked: Option<(i64, Box<[u8]>)>,
}

impl FieldDue {
    /// Lists `key` for a visit at `at_ms`, unless it is listed for an earlier one.
    fn register(&mut self, key: &[u8], at_ms: i64) {
        match self.by_key.get_mut(key) {
            Some(listed) if *listed <= at_ms => return,
            Some(listed) => {
                self.by_time.remove(&(*listed, key.into()));
                *listed = at_ms;
            }
            None => {
                self.by_key.insert(key.into(), at_ms);
            }
        }
        self.by_time.insert((at_ms, key.into()));
    }

    fn forget(&mut self, key: &[u8]) {
        if let Some(listed) = self.by_key.remove(key) {
            self.by_time.remove(&(listed, key.into()));
        }
    }

    /// The key to visit first, if its time lies before `now_ms`.
    fn first_due(&self, now_ms: i64) -> Option<&[u8]> {
        self.by_time.first().filter(|(at, _)| *at < now_ms).map(|(_, key)| &**key)
    }

    /// Looks at the next few keys and drops those of which `table` holds no hash with times.
    fn tend(&mut self, table: &Table) {
        for _ in 0..CHECKED {
            let from = self.checked.take();
            let next = match &from {
                Some(last) => self.by_time.range((Excluded(last), Unbounded)).next(),
                None => self.by_time.first(),
            };
            let Some(next) = next.cloned() else { return };
            if next_due(table, &next.1).is_none() {
                self.forget(&next.1);
            }
            self.checked = Some(next);
        }
    }

    /// Whether `table` holds a hash with times. If none of very many keys is listed in earnest, it may err.
    pub(super) fn holds_times(&self, table: &Table) -> bool {
        let found = self.by_key.keys().take(LOOKED_AT).any(|key| next_due(table, key).is_some());
        found || self.len() > LOOKED_AT
    }

    /// Number of keys listed.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether no key is listed.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

fn next_due(table: &Table, key: &[u8]) -> Option<i64> {
    let entry = table.find(&HKey::new(key))?;
    super::collection::<Hash>(entry).ok()?.next_due()
}

/// What a visit of one key did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldsExpired {
    /// Fields removed.
    pub removed: usize,
    /// The last field went, and the key with it.
    pub key_gone: bool,
}

impl Store {
    /// Makes sure that the hash under `key` is visited when its next field is due; to be called after a field got a time
    /// and after a hash came from elsewhere.
    pub fn watch_fields(&mut self, db: usize, key: &[u8]) {
        let Some(at) = self.dbs.get_mut(db) else { return };
        if let Some(due) = next_due(&at.table, key) {
            at.field_due.register(key, due);
            at.field_due.tend(&at.table);
        }
    }

    /// Removes fields of the hash under `key` that are past their time, `limit` or a few more: effect, events, watchers,
    /// and the key itself if nothing is left (Redis: t_hash.c `hashTypeExpire`).
    pub fn expire_fields(&mut self, db: usize, key: &HKey<'_>, limit: usize) -> FieldsExpired {
        let now_ms = self.now_ms;
        let mut fields: Vec<Vec<u8>> = Vec::new();
        let no_touch = std::mem::replace(&mut self.no_touch, true);
        let edited = self
            .edit(db, key, |hash: &mut Hash, _| hash.expire_due(now_ms, limit, |f| fields.push(f.to_vec())));
        self.no_touch = no_touch;
        let Ok(Some(edited)) = edited else { return FieldsExpired::default() };
        if !fields.is_empty() {
            if self.journal.is_on() {
                let head: [&[u8]; 2] = [b"HDEL", key.bytes];
                let argv: Vec<&[u8]> = head.into_iter().chain(fields.iter().map(Vec::as_slice)).collect();
                self.journal.effect(db, &argv);
            }
            self.stats.expired_fields += fields.len() as u64;
            self.changed(db, key.bytes, Class::Hash, "hexpired");
            if edited.removed {
                self.event(db, key.bytes, Class::Generic, "del");
            }
        }
        FieldsExpired { removed: fields.len(), key_gone: edited.removed }
    }

    /// The part of the expire cycle that is about fields, for one database: visits keys until none is due or time is up.
    /// Returns the fields removed, and whether time was up before all were visited.
    pub(super) fn field_cycle(&mut self, db: usize, out_of_time: &mut impl FnMut() -> bool) -> (usize, bool) {
        let mut removed = 0;
        while let Some(key) = self.dbs[db].field_due.first_due(self.now_ms).map(<[u8]>::to_vec) {
            self.dbs[db].field_due.forget(&key);
            removed += self.expire_fields(db, &HKey::new(&key), FIELDS_PER_VISIT).removed;
            self.journal.end_unit();
            self.watch_fields(db, &key);
            if out_of_time() {
                return (removed, true);
            }
        }
        (removed, false)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::data::EntryBox;
    use crate::data::hash::{Condition, Ttl};
    use crate::data::{Collection, Limits};

    fn store_with(keys: usize, at_ms: impl Fn(usize) -> i64) -> Store {
        let mut store = Store::new(1, 1);
        store.now_ms = 1_000;
        for i in 0..keys {
            let key = format!("h{i}");
            let mut hash = Hash::default();
            for field in ["a", "b"] {
                hash.set(field.as_bytes(), b"v", Ttl::Clear, &Limits::default(), 1_000);
            }
            hash.set_ttl(b"a", at_ms(i), Condition::Always, 1_000);
            let entry = EntryBox::new_object(key.as_bytes(), Hash::KIND, hash.into(), None);
            store.put(0, &HKey::new(key.as_bytes()), entry);
        }
        store
    }

    fn len(store: &Store, key: &str) -> usize {
        let entry = store.dbs[0].table.find(&HKey::new(key.as_bytes())).unwrap();
        crate::keyspace::collection::<Hash>(entry).unwrap().len()
    }

    #[test]
    fn due_fields_go_and_are_stated() {
        let mut store = store_with(100, |i| if i < 50 { 2_000 } else { 9_000 });
        store.journal.switch(true);
        store.now_ms = 2_001;
        assert_eq!(store.field_cycle(0, &mut || false), (50, false));
        assert_eq!((len(&store, "h0"), len(&store, "h99")), (1, 2));
        assert_eq!(store.journal.take().runs.len(), 50);
        assert_eq!(store.dbs[0].field_due.len(), 50);
        assert_eq!(store.stats.expired_fields, 50);
    }

    #[test]
    fn a_cycle_stops_when_time_is_up_and_the_next_goes_on() {
        let mut store = store_with(10, |_| 2_000);
        store.now_ms = 3_000;
        let mut cycles = 0;
        while store.field_cycle(0, &mut || true).1 {
            cycles += 1;
        }
        assert_eq!(cycles, 10);
        assert!(store.dbs[0].field_due.is_empty());
    }

    #[test]
    fn keys_listed_in_vain_do_not_pile_up() {
        let mut store = store_with(0, |_| 0);
        let limits = Limits::default();
        for i in 0..20_000 {
            let key = format!("h{i}");
            let mut hash = Hash::default();
            hash.set(b"a", b"v", Ttl::Clear, &limits, 1_000);
            hash.set_ttl(b"a", 1_000_000_000 - i, Condition::Always, 1_000);
            let entry = EntryBox::new_object(key.as_bytes(), Hash::KIND, hash.into(), None);
            store.put(0, &HKey::new(key.as_bytes()), entry);
            if i >= 10 {
                store.remove(0, &HKey::new(format!("h{}", i - 10).as_bytes()));
            }
        }
        assert!(store.dbs[0].field_due.len() < 100, "{}", store.dbs[0].field_due.len());
    }
}
