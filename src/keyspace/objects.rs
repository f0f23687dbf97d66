//! Collections under keys: reading one, and editing one in place, each with one probe of the table.
//!
//! ```text
//!  read_as::<T>   absent → None            another type → WrongKind   else &T
//!  edit::<T>      absent → None            another type → WrongKind   else f(&mut T), the key goes if nothing is left
//!  upsert::<T>    absent → f(new T), kept unless nothing is in it     else as edit
//! ```
//!
//! `f` also gets the limits at which encodings change.
//!
//! Every group of commands edits its values here, so that the rules that hold for all types stand once: what has
//! expired is not there, an edit counts as a use, an empty collection has no key, a new key wakes who waits for it.
//! Effects, events and watchers remain the handler's part: only it knows what it changed.

use super::{Class, Store, lru};
use crate::data::table::Slot;
use crate::data::{Collection, Entry, EntryBox, HKey, Limits, ValueRef};

/// The key holds a value of another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key holds a value of another type")]
pub struct WrongKind;

/// What an edit led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Edited<R> {
    /// What the closure returned.
    pub result: R,
    /// The collection became empty and its key was removed.
    pub removed: bool,
}

/// The collection that an entry holds.
///
/// # Errors
/// It holds a value of another type.
#[inline]
pub fn collection<T: Collection>(entry: &Entry) -> Result<&T, WrongKind> {
    match entry.value() {
        ValueRef::Object(object) => T::of(object).ok_or(WrongKind),
        _ => Err(WrongKind),
    }
}

impl Store {
    /// The collection under `key`, for reading: a hit or a miss and a use (see [`Store::read`]).
    ///
    /// # Errors
    /// The key holds a value of another type.
    #[inline]
    pub fn read_as<T: Collection>(&mut self, db: usize, key: &HKey<'_>) -> Result<Option<&T>, WrongKind> {
        self.read(db, key).map(collection).transpose()
    }

    /// Lets `edit` change the collection under `key`; `None` if there is no such key. Counts a use. The key is removed
    /// if the edit leaves nothing. The entry is freed here: what the edit took out is the greater part of it.
    ///
    /// # Errors
    /// The key holds a value of another type.
    #[inline]
    pub fn edit<T: Collection, R>(
        &mut self,
        db: usize,
        key: &HKey<'_>,
        edit: impl FnOnce(&mut T, &Limits) -> R,
    ) -> Result<Option<Edited<R>>, WrongKind> {
        self.edit_slot(db, key, None::<fn() -> T>, edit)
    }

    /// As [`Store::edit`], but a key that is not there is created: what `fresh` makes is edited first and kept unless
    /// nothing is in it.
    ///
    /// # Errors
    /// The key holds a value of another type.
    #[inline]
    pub fn upsert<T: Collection, R>(
        &mut self,
        db: usize,
        key: &HKey<'_>,
        fresh: impl FnOnce() -> T,
        edit: impl FnOnce(&mut T, &Limits) -> R,
    ) -> Result<Edited<R>, WrongKind> {
        // `None` would mean that the database does not exist, which no session can have selected.
        self.edit_slot(db, key, Some(fresh), edit)?.ok_or(WrongKind)
    }

    #[inline]
    fn edit_slot<T: Collection, R>(
        &mut self,
        db: usize,
        key: &HKey<'_>,
        fresh: Option<impl FnOnce() -> T>,
        edit: impl FnOnce(&mut T, &Limits) -> R,
    ) -> Result<Option<Edited<R>>, WrongKind> {
        let (now_ms, new_lru) = (self.now_ms, self.fresh_lru());
        let Some(table) = self.dbs.get_mut(db).map(|d| &mut d.table) else { return Ok(None) };
        let mut occupied = match table.upsert(key) {
            Slot::Vacant(vacant) => {
                let Some(fresh) = fresh else { return Ok(None) };
                let mut value = fresh();
                let result = edit(&mut value, &self.limits);
                let removed = value.is_spent();
                if !removed {
                    let entry = EntryBox::new_object(key.bytes, T::KIND, value.into(), None);
                    entry.set_lru(new_lru);
                    vacant.insert(entry);
                    self.ready(db, key, T::KIND);
                    self.event(db, key.bytes, Class::New, "new");
                }
                return Ok(Some(Edited { result, removed }));
            }
            Slot::Occupied(occupied) => occupied,
        };
        let entry = occupied.get_mut();
        if entry.expire_ms().is_some_and(|at| at < now_ms && !self.ageless) {
            self.expire(db, key);
            return self.edit_slot(db, key, fresh, edit);
        }
        if !self.no_touch {
            entry.set_lru(lru::used(entry.lru(), now_ms, &self.policy, &mut self.rng));
        }
        let value = entry.object_mut().and_then(T::of_mut).ok_or(WrongKind)?;
        let result = edit(value, &self.limits);
        let removed = value.is_spent();
        if removed {
            drop(occupied.remove());
            self.gone(db, key.bytes);
        }
        Ok(Some(Edited { result, removed }))
    }
}
