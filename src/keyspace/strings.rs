//! Changes of string values that want one probe of the table: storing a string, and editing one in place.
//!
//! `set_string` reuses the allocation of the string it overwrites where the new one fits; `edit_string` gives a mutable
//! view of a string that it first makes long enough, growing large ones so that n appends cost O(n).

use super::{Class, Store, lru};
use crate::data::entry::INLINE_MAX;
use crate::data::table::Slot;
use crate::data::{Entry, EntryBox, HKey, Kind, Object, ValueRef};

/// What becomes of the expiry time of a key that is overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expire {
    /// The key has none afterwards.
    Clear,
    /// It stays as it is.
    Keep,
    /// It becomes this, in Unix milliseconds.
    At(i64),
}

/// What became of an addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    /// The key now holds this number.
    Now(i64),
    /// The sum does not fit 64 bits; nothing changed.
    Overflow,
    /// What the key holds is not kept as a number (it may still read as one); nothing changed.
    NoNumber,
}

/// Length from which on a string grows by an eighth instead of doubling (Redis: sds.h SDS_MAX_PREALLOC, which adds a
/// fixed megabyte; a share keeps the cost per byte constant).
const GROW_SLOWLY: usize = 1 << 20;

impl Store {
    /// Stores the string `value` under `key` in place of whatever was there (Redis: db.c `setKey`). Returns whether the
    /// key existed. Counts a use of an existing key; a key past its time is first accounted for as expired.
    #[inline]
    pub fn set_string(&mut self, db: usize, key: &HKey<'_>, value: &[u8], expire: Expire) -> bool {
        let now_ms = self.now_ms;
        let fresh = self.fresh_lru();
        let Some(table) = self.dbs.get_mut(db).map(|d| &mut d.table) else { return false };
        let mut occupied = match table.upsert(key) {
            Slot::Vacant(vacant) => {
                let at = if let Expire::At(ms) = expire { Some(ms) } else { None };
                let entry = EntryBox::new_string(key.bytes, value, at);
                entry.set_lru(fresh);
                vacant.insert(entry);
                self.event(db, key.bytes, Class::New, "new");
                return false;
            }
            Slot::Occupied(occupied) => occupied,
        };
        let entry = occupied.get_mut();
        let old_ms = entry.expire_ms();
        if old_ms.is_some_and(|at| at < now_ms && !self.ageless) {
            self.expire(db, key);
            return self.set_string(db, key, value, expire);
        }
        let new_ms = match expire {
            Expire::Clear => None,
            Expire::Keep => old_ms,
            Expire::At(ms) => Some(ms),
        };
        let other_type = entry.kind() != Kind::String;
        // Redis: evict.c and db.c `dbOverwrite`: a new value inherits its predecessor's LFU counter.
        let lru = match (self.policy.lfu, self.no_touch) {
            (false, _) => fresh,
            (true, true) => entry.lru(),
            (true, false) => lru::used(entry.lru(), now_ms, &self.policy, &mut self.rng),
        };
        let mut replaced = None;
        if old_ms.is_some() == new_ms.is_some() && overwrite(entry, value) {
            entry.set_lru(lru);
            if old_ms != new_ms {
                occupied.replace_with(|e| e.with_expire(new_ms));
            }
        } else {
            let entry = EntryBox::new_string(key.bytes, value, new_ms);
            entry.set_lru(lru);
            replaced = Some(occupied.replace(entry));
        }
        if let Some(old) = replaced {
            if other_type {
                self.gone(db, key.bytes);
            }
            self.free(old, self.policy.lazy_server_del);
        }
        true
    }

    /// Adds `by` to the number under `key`, which is created if it is not there, in one probe. Counts a use; a key past
    /// its time is first accounted for as expired.
    #[inline]
    pub fn add_int(&mut self, db: usize, key: &HKey<'_>, by: i64) -> Sum {
        let now_ms = self.now_ms;
        let fresh = self.fresh_lru();
        let Some(table) = self.dbs.get_mut(db).map(|d| &mut d.table) else { return Sum::NoNumber };
        let mut occupied = match table.upsert(key) {
            Slot::Vacant(vacant) => {
                let entry = EntryBox::new_int(key.bytes, by, None);
                entry.set_lru(fresh);
                vacant.insert(entry);
                self.event(db, key.bytes, Class::New, "new");
                return Sum::Now(by);
            }
            Slot::Occupied(occupied) => occupied,
        };
        let entry = occupied.get_mut();
        if entry.expire_ms().is_some_and(|at| at < now_ms && !self.ageless) {
            self.expire(db, key);
            return self.add_int(db, key, by);
        }
        let Some(old) = entry.int_value() else { return Sum::NoNumber };
        if !self.no_touch {
            entry.set_lru(lru::used(entry.lru(), now_ms, &self.policy, &mut self.rng));
        }
        match old.checked_add(by) {
            Some(new) => {
                entry.set_int(new);
                Sum::Now(new)
            }
            None => Sum::Overflow,
        }
    }

    /// Lets `edit` change the string under `key`, made at least `min_len` bytes long by zeros at its end; the key is
    /// created if it is not there. The string is `raw` afterwards (Redis: db.c `dbUnshareStringValue`), its expiry
    /// stays. `None`, nothing changed, if the key holds another type.
    ///
    /// The caller has looked the key up with [`Store::write`], which counts the use and removes an expired key, and
    /// has checked `min_len` against the limit of a string's length.
    pub fn edit_string<R>(
        &mut self,
        db: usize,
        key: &HKey<'_>,
        min_len: usize,
        edit: impl FnOnce(&mut [u8]) -> R,
    ) -> Option<R> {
        let fresh = self.fresh_lru();
        match self.dbs.get_mut(db)?.table.upsert(key) {
            Slot::Vacant(vacant) => {
                let entry = raw_entry(key.bytes, vec![0; min_len], None);
                entry.set_lru(fresh);
                let edited = vacant.insert(entry).str_bytes_mut().map(edit);
                self.event(db, key.bytes, Class::New, "new");
                edited
            }
            Slot::Occupied(mut occupied) => {
                let entry = occupied.get();
                if entry.kind() != Kind::String {
                    return None;
                }
                if !fits(entry, min_len) {
                    occupied.replace_with(|old| lengthened(&old, min_len));
                }
                let entry = occupied.get_mut();
                entry.set_raw(true);
                if let Some(Object::Str(bytes)) = entry.object_mut() {
                    grow(bytes, min_len);
                }
                entry.str_bytes_mut().map(edit)
            }
        }
    }
}

/// Puts `value` into the allocation that the entry's string has, if it suits it.
#[inline]
fn overwrite(entry: &mut Entry, value: &[u8]) -> bool {
    if let Some(Object::Str(bytes)) = entry.object_mut() {
        let suits = value.len() > INLINE_MAX
            && value.len() <= bytes.capacity()
            && bytes.capacity() <= value.len().saturating_mul(2);
        if suits {
            bytes.clear();
            bytes.extend_from_slice(value);
            entry.set_raw(false);
        }
        return suits;
    }
    entry.overwrite_string(value)
}

/// Whether the entry's string can be edited as it stands: no number, and long enough or able to grow.
fn fits(entry: &Entry, min_len: usize) -> bool {
    match entry.value() {
        ValueRef::Int(_) => false,
        ValueRef::Bytes(bytes) => bytes.len() >= min_len,
        ValueRef::Object(_) => true,
    }
}

/// The entry with its string in editable form and at least `min_len` bytes long.
fn lengthened(old: &Entry, min_len: usize) -> EntryBox {
    let mut digits = itoa::Buffer::new();
    let text = old.string_bytes(&mut digits).unwrap_or_default();
    let mut bytes = Vec::with_capacity(min_len.max(text.len()));
    bytes.extend_from_slice(text);
    bytes.resize(min_len.max(text.len()), 0);
    let entry = raw_entry(old.key(), bytes, old.expire_ms());
    entry.set_lru(old.lru());
    entry
}

fn raw_entry(key: &[u8], bytes: Vec<u8>, expire: Option<i64>) -> EntryBox {
    if bytes.len() <= INLINE_MAX {
        EntryBox::new_raw(key, &bytes, expire)
    } else {
        let mut entry = EntryBox::new_object(key, Kind::String, Object::Str(bytes), expire);
        entry.set_raw(true);
        entry
    }
}

/// Fills `bytes` with zeros up to `min_len`, taking room ahead so that repeated growth is amortised.
fn grow(bytes: &mut Vec<u8>, min_len: usize) {
    if min_len > bytes.capacity() && min_len > GROW_SLOWLY {
        let target = min_len.saturating_add(min_len / 8);
        bytes.reserve_exact(target.saturating_sub(bytes.len()));
    }
    if min_len > bytes.len() {
        bytes.resize(min_len, 0);
    }
}
