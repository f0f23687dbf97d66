//! Find or insert with one hash and one probe.

use super::key::{FieldKey, Mixed};
use super::{Fields, Location};
use crate::data::entry::{Entry, EntryBox};
use crate::data::table::segment::Place;

/// What [`Fields::upsert`] found.
pub enum Slot<'f, 'k> {
    /// The element is in the table.
    Occupied(Occupied<'f>),
    /// It is not.
    Vacant(Vacant<'f, 'k>),
}

/// An element that is in the table.
pub struct Occupied<'f> {
    fields: &'f mut Fields,
    at: Location,
}

/// The place of an element that is not in the table.
pub struct Vacant<'f, 'k> {
    fields: &'f mut Fields,
    key: FieldKey<'k>,
}

impl Fields {
    /// Looks up `name` for reading, changing, replacing, removing or inserting it.
    #[inline]
    pub fn upsert<'f, 'k>(&'f mut self, name: &'k [u8]) -> Slot<'f, 'k> {
        self.upsert_key(FieldKey::new(name))
    }

    /// As [`Fields::upsert`], with the hash already computed.
    #[inline]
    pub fn upsert_key<'f, 'k>(&'f mut self, key: FieldKey<'k>) -> Slot<'f, 'k> {
        match self.locate(&key) {
            Some(at) => Slot::Occupied(Occupied { fields: self, at }),
            None => Slot::Vacant(Vacant { fields: self, key }),
        }
    }

    #[inline]
    fn owned(&self, at: Location) -> &EntryBox {
        match self.segments[at.segment].get(at.place) {
            Some(entry) => entry,
            None => unreachable!("a location outlived a change of the table"),
        }
    }

    #[inline]
    fn owned_mut(&mut self, at: Location) -> &mut EntryBox {
        match self.segments[at.segment].own().get_mut(at.place) {
            Some(entry) => entry,
            None => unreachable!("a location outlived a change of the table"),
        }
    }

    /// The hash of an element about to be inserted; the first one chooses the salt.
    #[inline]
    pub(super) fn mixed_for_insert(&mut self, key: &FieldKey<'_>) -> Mixed {
        if self.salt == 0 {
            self.salt = key.salt();
        }
        key.mixed(self.salt)
    }

    /// Adds an element whose name is not in the table.
    #[inline]
    pub(super) fn insert_new(&mut self, mixed: Mixed, entry: EntryBox) -> Location {
        self.grow();
        self.len += 1;
        self.put(mixed, entry)
    }

    /// Puts `entry` into its pair and accounts for its expiry.
    #[inline]
    pub(super) fn put(&mut self, mixed: Mixed, entry: EntryBox) -> Location {
        let (segment, home) = self.home(mixed);
        let expire = entry.expire_ms();
        let place = self.segments[segment].own().put(home, mixed.tag(), entry, expire.is_some());
        if let Place::Stash(_) = place {
            self.note_stashed(segment, home);
        }
        if let Some(ms) = expire {
            self.due_mut().add(segment, ms);
        }
        Location { segment, place }
    }

    #[cold]
    fn note_stashed(&mut self, segment: usize, home: usize) {
        self.widest_stash = self.widest_stash.max(self.segments[segment].stashed(home / 2).count());
    }

    pub(super) fn replace_at(&mut self, at: Location, entry: EntryBox) -> EntryBox {
        let new = entry.expire_ms();
        let old = std::mem::replace(self.owned_mut(at), entry);
        debug_assert_eq!(old.key(), self.owned(at).key());
        self.account_expire(at, old.expire_ms(), new);
        old
    }

    pub(super) fn replace_with_at(&mut self, at: Location, f: impl FnOnce(EntryBox) -> EntryBox) {
        let entry = self.owned_mut(at);
        let old = entry.expire_ms();
        entry.update(f);
        let new = entry.expire_ms();
        self.account_expire(at, old, new);
    }

    pub(super) fn remove_at(&mut self, at: Location) -> EntryBox {
        let Some(entry) = self.segments[at.segment].own().remove(at.place) else {
            unreachable!("a location outlived a change of the table");
        };
        if entry.has_expire() {
            self.drop_expire(at.segment);
        }
        self.len -= 1;
        self.shrink();
        entry
    }
}

impl<'f> Occupied<'f> {
    /// The element.
    #[inline]
    #[must_use]
    pub fn get(&self) -> &Entry {
        self.fields.owned(self.at)
    }

    /// What owns the element.
    #[inline]
    pub(in crate::data) fn owner(&self) -> &EntryBox {
        self.fields.owned(self.at)
    }

    /// The element, to change its value in place.
    #[inline]
    #[must_use]
    pub fn get_mut(&mut self) -> &mut Entry {
        self.fields.owned_mut(self.at)
    }

    /// The element, for as long as the table is borrowed.
    #[inline]
    #[must_use]
    pub fn into_mut(self) -> &'f mut Entry {
        self.fields.owned_mut(self.at)
    }

    /// Puts `entry`, of the same name, in the place of the present one and returns that.
    pub fn replace(&mut self, entry: EntryBox) -> EntryBox {
        self.fields.replace_at(self.at, entry)
    }

    /// Replaces the element by what `f` makes of it, which must have the same name.
    pub fn replace_with(&mut self, f: impl FnOnce(EntryBox) -> EntryBox) {
        self.fields.replace_with_at(self.at, f);
    }

    /// Takes the element out of the table.
    #[must_use]
    pub fn remove(self) -> EntryBox {
        self.fields.remove_at(self.at)
    }
}

impl<'f> Vacant<'f, '_> {
    /// Puts `entry`, which must have the name that was looked up, into the table.
    pub fn insert(self, entry: EntryBox) -> &'f mut Entry {
        debug_assert_eq!(entry.key(), self.key.bytes);
        let mixed = self.fields.mixed_for_insert(&self.key);
        let at = self.fields.insert_new(mixed, entry);
        self.fields.owned_mut(at)
    }
}
