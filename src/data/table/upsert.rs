//! Find or insert with one hash and one probe.

use super::key::HKey;
use super::segment::{MAX_DEPTH, Segment, home_bucket};
use super::tree::Node;
use super::{Location, MAX_SPLITS, Table};
use crate::data::entry::{Entry, EntryBox};

/// Stashed entries beyond which a segment splits rather than stash another.
pub(super) const STASH_MAX: usize = 28;

/// What [`Table::upsert`] found.
pub enum Slot<'t, 'k> {
    /// The key is in the table.
    Occupied(Occupied<'t>),
    /// It is not.
    Vacant(Vacant<'t, 'k>),
}

/// The entry of a key that is in the table.
pub struct Occupied<'t> {
    table: &'t mut Table,
    at: Location,
    slot: u16,
}

/// The place of a key that is not in the table.
pub struct Vacant<'t, 'k> {
    table: &'t mut Table,
    key: HKey<'k>,
    node: Node,
}

impl Table {
    /// Looks up `key` for reading, changing, replacing, removing or inserting it.
    #[inline]
    pub fn upsert<'t, 'k>(&'t mut self, key: &HKey<'k>) -> Slot<'t, 'k> {
        let position = key.position();
        let node = self.tree.lookup(position);
        if !node.is_nil() {
            let segment = &self.arena.get(node.id()).segment;
            if let Some(place) =
                segment.probe(home_bucket(position, node.depth()), key.fingerprint(), key.bytes)
            {
                let at = Location { id: node.id(), place };
                self.keep_first(at);
                return Slot::Occupied(Occupied { table: self, at, slot: key.slot });
            }
        }
        Slot::Vacant(Vacant { table: self, key: *key, node })
    }

    #[inline]
    fn owned(&self, at: Location) -> &EntryBox {
        match self.arena.get(at.id).segment.get(at.place) {
            Some(entry) => entry,
            None => unreachable!("a location outlived a change of the table"),
        }
    }

    #[inline]
    fn owned_mut(&mut self, at: Location) -> &mut EntryBox {
        match self.arena.get_mut(at.id).segment.get_mut(at.place) {
            Some(entry) => entry,
            None => unreachable!("a location outlived a change of the table"),
        }
    }

    /// Brings the accounts of expiries in line after the entry at `at` went from expiry `old` to `new`.
    #[inline]
    fn account_expire(&mut self, at: Location, old: Option<i64>, new: Option<i64>) {
        if old == new {
            return;
        }
        // The new one first, so that a segment does not leave the expiring ones only to join them again.
        if let Some(ms) = new {
            self.arena.get_mut(at.id).segment.mark_expiring(at.place);
            self.arena.add_expires(at.id, 1, ms);
            self.expires += 1;
        }
        if old.is_some() {
            self.arena.drop_expire(at.id);
            self.expires -= 1;
        }
    }
}

impl<'t> Occupied<'t> {
    /// The entry.
    #[inline]
    #[must_use]
    pub fn get(&self) -> &Entry {
        self.table.owned(self.at)
    }

    /// The entry, to change its value in place.
    #[inline]
    #[must_use]
    pub fn get_mut(&mut self) -> &mut Entry {
        self.table.owned_mut(self.at)
    }

    /// The entry, for as long as the table is borrowed.
    #[inline]
    #[must_use]
    pub fn into_mut(self) -> &'t mut Entry {
        self.table.owned_mut(self.at)
    }

    /// Puts `entry`, of the same key, in the place of the present one and returns that.
    #[inline]
    pub fn replace(&mut self, mut entry: EntryBox) -> EntryBox {
        debug_assert_eq!(entry.key(), self.get().key());
        Table::mark_new(self.table.parity, &mut entry);
        let new = entry.expire_ms();
        let old = std::mem::replace(self.table.owned_mut(self.at), entry);
        self.table.account_expire(self.at, old.expire_ms(), new);
        old
    }

    /// Replaces the entry by what `f` makes of it, which must have the same key.
    pub fn replace_with(&mut self, f: impl FnOnce(EntryBox) -> EntryBox) {
        let parity = self.table.parity;
        let entry = self.table.owned_mut(self.at);
        let old = entry.expire_ms();
        entry.update(f);
        let new = entry.expire_ms();
        Table::mark_new(parity, entry);
        self.table.account_expire(self.at, old, new);
    }

    /// Takes the entry out of the table.
    #[must_use]
    pub fn remove(self) -> EntryBox {
        match self.table.remove_at(self.at, self.slot) {
            Some(entry) => entry,
            None => unreachable!("a location outlived a change of the table"),
        }
    }
}

impl<'t> Vacant<'t, '_> {
    /// Puts `entry`, which must have the key that was looked up, into the table.
    pub fn insert(mut self, mut entry: EntryBox) -> &'t mut Entry {
        debug_assert_eq!(entry.key(), self.key.bytes);
        let position = self.key.position();
        let table = self.table;
        Table::mark_new(table.parity, &mut entry);
        for _ in 0..MAX_SPLITS {
            let depth = self.node.depth();
            if self.node.is_nil() || depth == MAX_DEPTH {
                break;
            }
            let segment = &table.arena.get(self.node.id()).segment;
            if segment.stash.len() < STASH_MAX || !segment.pair_full(home_bucket(position, depth)) {
                break;
            }
            table.split(self.node.id());
            self.node = table.tree.lookup(position);
        }
        let depth = self.node.depth();
        if self.node.is_nil() {
            let id = table.arena.add(Segment::new(), self.node.start(position), depth);
            self.node = Node::segment(depth, id);
            table.tree.replace(position, self.node);
        }
        let (id, expire) = (self.node.id(), entry.expire_ms());
        let record = table.arena.get_mut(id);
        record.count += 1;
        let place =
            record.segment.put(home_bucket(position, depth), self.key.fingerprint(), entry, expire.is_some());
        table.len += 1;
        table.tree.root_mut().counts[usize::from(self.key.slot)] += 1;
        if let Some(ms) = expire {
            table.expires += 1;
            table.arena.add_expires(id, 1, ms);
        }
        table.owned_mut(Location { id, place })
    }
}
