//! What a handler works with: its keys (on one shard or several), the caller's session, the server, the reply.

use super::row::Command;
use super::{Server, Session};
use crate::data::{Collection, Entry, EntryBox, HKey, Kind, Limits};
use crate::keyspace::{Class, Edited, Expire, Store, Sum, WrongKind, collection};
use crate::resp::Out;
use std::sync::Arc;

/// The stores of several shards, lent to one command.
pub trait Stores {
    /// The store of the shard that owns `slot`.
    fn of_slot(&mut self, slot: u16) -> &mut Store;
    /// The same for reading, so that entries of several shards can be looked at together.
    fn look_slot(&self, slot: u16) -> &Store;
    /// Runs `f` on each lent store, in ascending order of shards.
    fn each(&mut self, f: &mut dyn FnMut(&mut Store));
}

/// The stores that a command may touch.
pub enum View<'a> {
    /// One shard: by far the most frequent.
    One(&'a mut Store),
    /// Several, for a dependent transaction.
    Many(&'a mut dyn Stores),
}

impl View<'_> {
    /// The store that owns `slot`.
    #[inline]
    pub fn store(&mut self, slot: u16) -> &mut Store {
        match self {
            View::One(store) => store,
            View::Many(stores) => stores.of_slot(slot),
        }
    }

    /// The store that owns `slot`, for reading.
    #[inline]
    pub fn look(&self, slot: u16) -> &Store {
        match self {
            View::One(store) => store,
            View::Many(stores) => stores.look_slot(slot),
        }
    }

    /// The same stores for a shorter time.
    pub fn reborrow(&mut self) -> View<'_> {
        match self {
            View::One(store) => View::One(store),
            View::Many(stores) => View::Many(*stores),
        }
    }

    /// Runs `f` on the first store: for what belongs to the command and to no key, as the messages that it publishes.
    pub fn first(&mut self, f: impl FnOnce(&mut Store)) {
        let mut f = Some(f);
        self.each(|store| {
            if let Some(f) = f.take() {
                f(store);
            }
        });
    }

    /// Runs `f` on each store.
    pub fn each(&mut self, mut f: impl FnMut(&mut Store)) {
        match self {
            View::One(store) => f(store),
            View::Many(stores) => stores.each(&mut f),
        }
    }
}

/// Access to the caller's selected database.
pub struct Keys<'a> {
    /// The stores.
    pub view: View<'a>,
    /// The selected database.
    pub db: usize,
    /// Unix time in milliseconds: the same for the whole command.
    pub now_ms: i64,
}

impl Keys<'_> {
    /// The store that owns `key`.
    #[inline]
    pub fn store(&mut self, key: &HKey<'_>) -> &mut Store {
        self.view.store(key.slot)
    }

    /// See [`Store::read`].
    #[inline]
    pub fn read(&mut self, key: &HKey<'_>) -> Option<&Entry> {
        let db = self.db;
        self.store(key).read(db, key)
    }

    /// See [`Store::write`].
    #[inline]
    pub fn write(&mut self, key: &HKey<'_>) -> Option<&mut Entry> {
        let db = self.db;
        self.store(key).write(db, key)
    }

    /// See [`Store::peek`]. Takes a shared reference: several entries can be looked at together.
    pub fn peek(&self, key: &HKey<'_>) -> Option<&Entry> {
        self.view.look(key.slot).peek(self.db, key)
    }

    /// See [`Store::put`].
    #[inline]
    pub fn put(&mut self, key: &HKey<'_>, entry: EntryBox) -> Option<EntryBox> {
        let db = self.db;
        self.store(key).put(db, key, entry)
    }

    /// See [`Store::remove`].
    pub fn remove(&mut self, key: &HKey<'_>) -> Option<EntryBox> {
        let db = self.db;
        self.store(key).remove(db, key)
    }

    /// See [`Store::replace_with`].
    pub fn replace_with(&mut self, key: &HKey<'_>, f: impl FnOnce(EntryBox) -> EntryBox) -> bool {
        let db = self.db;
        self.store(key).replace_with(db, key, f)
    }

    /// See [`Store::set_expire`].
    pub fn set_expire(&mut self, key: &HKey<'_>, at_ms: Option<i64>) -> bool {
        let db = self.db;
        self.store(key).set_expire(db, key, at_ms)
    }

    /// See [`Store::set_string`].
    #[inline]
    pub fn set_string(&mut self, key: &HKey<'_>, value: &[u8], expire: Expire) -> bool {
        let db = self.db;
        self.store(key).set_string(db, key, value, expire)
    }

    /// See [`Store::add_int`].
    #[inline]
    pub fn add_int(&mut self, key: &HKey<'_>, by: i64) -> Sum {
        let db = self.db;
        self.store(key).add_int(db, key, by)
    }

    /// See [`Store::edit_string`].
    pub fn edit_string<R>(
        &mut self,
        key: &HKey<'_>,
        min_len: usize,
        edit: impl FnOnce(&mut [u8]) -> R,
    ) -> Option<R> {
        let db = self.db;
        self.store(key).edit_string(db, key, min_len, edit)
    }

    /// See [`Store::read_as`].
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn read_as<T: Collection>(&mut self, key: &HKey<'_>) -> Result<Option<&T>, WrongKind> {
        let db = self.db;
        self.store(key).read_as(db, key)
    }

    /// The collection under `key` as a command sees it that is about to change it: a use, but neither hit nor miss
    /// (Redis: db.c `lookupKeyWrite`).
    ///
    /// # Errors
    /// The key holds a value of another type.
    #[inline]
    pub fn read_for_write<T: Collection>(&mut self, key: &HKey<'_>) -> Result<Option<&T>, WrongKind> {
        self.write(key).map(|entry| collection(entry)).transpose()
    }

    /// See [`Store::edit`].
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn edit<T: Collection, R>(
        &mut self,
        key: &HKey<'_>,
        edit: impl FnOnce(&mut T, &Limits) -> R,
    ) -> Result<Option<Edited<R>>, WrongKind> {
        let db = self.db;
        self.store(key).edit(db, key, edit)
    }

    /// See [`Store::upsert`].
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn upsert<T: Collection, R>(
        &mut self,
        key: &HKey<'_>,
        fresh: impl FnOnce() -> T,
        edit: impl FnOnce(&mut T, &Limits) -> R,
    ) -> Result<Edited<R>, WrongKind> {
        let db = self.db;
        self.store(key).upsert(db, key, fresh, edit)
    }

    /// Asks the processor to load what `keys` will be looked up in; all of them before the first lookup.
    #[inline]
    pub fn prefetch(&mut self, keys: &[HKey<'_>]) {
        let db = self.db;
        for key in keys {
            if let Some(table) = self.store(key).table(db) {
                table.prefetch(key);
            }
        }
        for key in keys {
            if let Some(table) = self.store(key).table(db) {
                table.prefetch_entry(key);
            }
        }
    }

    /// See [`Store::ready`].
    #[inline]
    pub fn ready(&mut self, key: &HKey<'_>, kind: Kind) {
        let db = self.db;
        self.store(key).ready(db, key, kind);
    }

    /// See [`Store::gone`].
    #[inline]
    pub fn gone(&mut self, key: &HKey<'_>) {
        let db = self.db;
        self.store(key).gone(db, key.bytes);
    }

    /// Whether somebody needs the effects on `key`: asks before formatting numbers for one.
    #[inline]
    pub fn journaled(&mut self, key: &HKey<'_>) -> bool {
        self.store(key).journal.is_on()
    }

    /// Whether all keys of the command are in one store, so that one journal tells of all of them in order.
    #[inline]
    pub fn is_one_store(&self) -> bool {
        matches!(self.view, View::One(_))
    }

    /// See [`Store::event`].
    #[inline]
    pub fn event(&mut self, key: &HKey<'_>, class: Class, event: &'static str) {
        let db = self.db;
        self.store(key).event(db, key.bytes, class, event);
    }

    /// See [`Store::changed`]: to be called once per change, after it.
    #[inline]
    pub fn changed(&mut self, key: &HKey<'_>, class: Class, event: &'static str) {
        let db = self.db;
        self.store(key).changed(db, key.bytes, class, event);
    }

    /// As [`Keys::changed`] for a change of `count` elements at once, which the dataset counts one by one. None is no
    /// change of the dataset, though the event is told (Redis: LTRIM of nothing).
    #[inline]
    pub fn changed_many(&mut self, key: &HKey<'_>, count: usize, class: Class, event: &'static str) {
        let db = self.db;
        let store = self.store(key);
        match (count as u64).checked_sub(1) {
            None => store.also_changed(db, key.bytes, class, event),
            Some(more) => {
                store.changed(db, key.bytes, class, event);
                store.stats.dirty = store.stats.dirty.wrapping_add(more);
            }
        }
    }

    /// States an effect in the journal of the shard that owns `key`: a whole command, its name first.
    #[inline]
    pub fn effect(&mut self, key: &HKey<'_>, argv: &[&[u8]]) {
        let db = self.db;
        self.store(key).journal.effect(db, argv);
    }
}

/// What a handler works with.
pub struct Ctx<'a> {
    /// The keyspace.
    pub keys: Keys<'a>,
    /// Where the reply goes.
    pub out: Out<'a>,
    /// The caller.
    pub session: &'a mut Session,
    /// What all shards share.
    pub server: &'a Arc<Server>,
    /// The running command.
    pub command: &'static Command,
    /// The shard that runs it.
    pub shard: usize,
    /// For a command that may take long: to be called now and then, so that others are told to wait.
    pub idle: Option<Idle<'a>>,
}

impl Ctx<'_> {
    /// The time as of which fields of hashes count as expired: now, or never (`Session::replays`).
    #[inline]
    pub fn judge_ms(&self) -> i64 {
        if self.session.replays { i64::MIN } else { self.keys.now_ms }
    }
}

/// Serves connections while a command goes on, without the stores.
pub type Idle<'a> = &'a mut (dyn FnMut() + 'a);

/// The same for a shorter time.
pub fn shorten<'a>(idle: &'a mut Option<Idle<'_>>) -> Option<Idle<'a>> {
    match idle {
        Some(idle) => Some(&mut **idle),
        None => None,
    }
}
