//! A hash: fields with values, each field perhaps with a time to live.
//!
//! ```text
//!  Packed      field, value, field, value, ...                 few and short fields, none of which expires
//!  PackedTtl   field, value, time, field, value, time, ...     the same once one has expired or may: the soonest first,
//!                                                              0 (never) last
//!  Table       entries: field, value, expiry                   any
//! ```
//!
//! The encodings and the rules by which one becomes another are those of Redis 7.4 (t_hash.c; its names are listpack,
//! listpackex and hashtable); a hash only ever moves down this list.
//!
//! A field past its time is still there until the keyspace removes it ([`Hash::expire_due`]), but no method shows it: all
//! take the time `now_ms` (Unix milliseconds). Only [`Hash::len`] counts it, as HLEN does in Redis.

mod packed;
mod ttl;

#[cfg(test)]
mod tests;

use super::entry::ValueRef;
use super::fields::{Fields, Slot};
use super::listpack::{Item, Listpack};
use super::{Entry, EntryBox, Limits, Object};
use crate::base::prng::Prng;

pub use ttl::{Condition, FieldTtl, SetTtl};

/// A hash. See the module's documentation.
#[derive(Clone, Debug)]
pub enum Hash {
    /// Pairs of field and value.
    Packed(Listpack),
    /// Triples of field, value and time.
    PackedTtl(Listpack),
    /// Entries.
    Table(Box<Fields>),
}

/// What a write does to a field's time to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// It has none afterwards (HSET).
    Clear,
    /// It stays (HINCRBY).
    Keep,
}

/// A field and its value.
pub type Pair<'a> = (Item<'a>, Item<'a>);

impl Default for Hash {
    /// An empty hash.
    fn default() -> Hash {
        Hash::Packed(Listpack::new())
    }
}

/// The value of a field that is kept as an entry.
#[inline]
pub(super) fn value_of(entry: &Entry) -> Item<'_> {
    match entry.value() {
        ValueRef::Int(number) => Item::Int(number),
        ValueRef::Bytes(bytes) => Item::Bytes(bytes),
        ValueRef::Object(Object::Str(bytes)) => Item::Bytes(bytes),
        ValueRef::Object(_) => unreachable!("a field holds a string"),
    }
}

#[inline]
fn is_live(entry: &Entry, now_ms: i64) -> bool {
    entry.expire_ms().is_none_or(|at| at >= now_ms)
}

impl Hash {
    /// Changes to a table at once if the field and value words of one command (alternating) are more or longer than a
    /// packed hash may hold (t_hash.c `hashTypeTryConversion`).
    pub fn make_fit_for(&mut self, words: &[&[u8]], limits: &Limits) {
        let (Hash::Packed(pack) | Hash::PackedTtl(pack)) = self else { return };
        let total: usize = words.iter().map(|word| word.len()).sum();
        let fits = words.len() / 2 <= limits.hash_entries
            && words.iter().all(|word| word.len() <= limits.hash_value_bytes)
            && pack.safe_to_add(total);
        if !fits {
            self.convert_to_table();
        }
    }

    /// Number of fields, those past their time included.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Hash::Packed(pack) => pack.len() / 2,
            Hash::PackedTtl(pack) => pack.len() / 3,
            Hash::Table(table) => table.len(),
        }
    }

    /// Whether there are no fields, not even past their time.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of `field`.
    #[inline]
    #[must_use]
    pub fn get(&self, field: &[u8], now_ms: i64) -> Option<Item<'_>> {
        match self {
            Hash::Packed(pack) => packed::value(pack, pack.find(field, 1)?),
            Hash::PackedTtl(pack) => packed::live_value(pack, pack.find(field, 2)?, now_ms),
            Hash::Table(table) => table.find(field).filter(|entry| is_live(entry, now_ms)).map(value_of),
        }
    }

    /// Whether `field` is there.
    #[must_use]
    pub fn contains(&self, field: &[u8], now_ms: i64) -> bool {
        self.get(field, now_ms).is_some()
    }

    /// Gives `field` a value; `true` if it was there before (t_hash.c `hashTypeSet`). A field past its time counts as
    /// absent, and its time goes with it.
    #[inline]
    pub fn set(&mut self, field: &[u8], value: &[u8], ttl: Ttl, limits: &Limits, now_ms: i64) -> bool {
        let long = field.len() > limits.hash_value_bytes || value.len() > limits.hash_value_bytes;
        let existed = match self {
            Hash::Table(table) => return set_entry(table, field, value, ttl, now_ms),
            _ if long => return set_entry(self.convert_to_table(), field, value, ttl, now_ms),
            Hash::Packed(pack) => packed::set(pack, field, value),
            Hash::PackedTtl(pack) => packed::set_with_ttl(pack, field, value, ttl, now_ms),
        };
        if self.len() > limits.hash_entries {
            self.convert_to_table();
        }
        existed
    }

    /// Removes `field`; `false` if it was not there. One past its time goes too, but counts as absent.
    pub fn remove(&mut self, field: &[u8], now_ms: i64) -> bool {
        match self {
            Hash::Packed(pack) => match pack.find(field, 1) {
                Some(at) => {
                    pack.delete_range(at, 2);
                    true
                }
                None => false,
            },
            Hash::PackedTtl(pack) => match pack.find(field, 2) {
                Some(at) => {
                    let live = packed::live_value(pack, at, now_ms).is_some();
                    pack.delete_range(at, 3);
                    live
                }
                None => false,
            },
            Hash::Table(table) => table.remove(field).is_some_and(|entry| is_live(&entry, now_ms)),
        }
    }

    /// All fields with their values, in the order of a packed hash, in none of a table.
    pub fn pairs(&self, now_ms: i64) -> Box<dyn Iterator<Item = Pair<'_>> + '_> {
        match self {
            Hash::Packed(pack) => Box::new(packed::pairs(pack)),
            Hash::PackedTtl(pack) => {
                let live =
                    packed::triples(pack).filter(move |triple| triple.at_ms.is_none_or(|at| at >= now_ms));
                Box::new(live.map(|triple| (triple.field, triple.value)))
            }
            Hash::Table(table) => {
                let live = table.iter().filter(move |entry| is_live(entry, now_ms));
                Box::new(live.map(|entry| (Item::Bytes(entry.key()), value_of(entry))))
            }
        }
    }

    /// Fields of a table from `cursor` on, with their values; `None` for a hash that is no table. Returns the next cursor.
    pub fn scan<'s>(&'s self, cursor: u64, now_ms: i64, mut f: impl FnMut(Pair<'s>)) -> Option<u64> {
        let Hash::Table(table) = self else { return None };
        Some(table.scan(cursor, |entry| {
            if is_live(entry, now_ms) {
                f((Item::Bytes(entry.key()), value_of(entry)));
            }
        }))
    }

    /// A field and its value, each as likely as any other. The caller has removed what is past its time.
    #[must_use]
    pub fn random(&self, rng: &mut Prng) -> Option<Pair<'_>> {
        let nth = |rng: &mut Prng, len: usize, width: usize| {
            i64::try_from(rng.index(len / width) * width).unwrap_or(0)
        };
        match self {
            Hash::Packed(pack) => pack.pick_pair(nth(rng, pack.len(), 2)),
            Hash::PackedTtl(pack) => pack.pick_pair(nth(rng, pack.len(), 3)),
            Hash::Table(table) => {
                table.random(&mut || rng.next_u64()).map(|entry| (Item::Bytes(entry.key()), value_of(entry)))
            }
        }
    }

    /// A copy of the hash as it is now, which shares the parts of a table with it (see [`Fields::share`]).
    #[must_use]
    pub fn share(&mut self) -> Hash {
        match self {
            Hash::Table(table) => Hash::Table(Box::new(table.share())),
            packed => packed.clone(),
        }
    }

    /// Bytes that the hash asked the allocator for beside its entry's block.
    #[must_use]
    pub fn mem_bytes(&self) -> usize {
        match self {
            Hash::Packed(pack) | Hash::PackedTtl(pack) => pack.mem_bytes(),
            Hash::Table(table) => size_of::<Fields>() + table.mem_bytes(),
        }
    }

    /// Allocations given back when the hash is dropped (lazyfree.c `lazyfreeGetFreeEffort`).
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            Hash::Table(table) => table.len(),
            _ => 1,
        }
    }

    /// The name that OBJECT ENCODING gives it.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match self {
            Hash::Packed(_) => "listpack",
            Hash::PackedTtl(_) => "listpackex",
            Hash::Table(_) => "hashtable",
        }
    }

    /// Changes to a table and returns it.
    fn convert_to_table(&mut self) -> &mut Fields {
        let mut table = Box::<Fields>::default();
        let mut add = |field: Item<'_>, value: Item<'_>, at_ms: Option<i64>| {
            let (mut name, mut text) = (itoa::Buffer::new(), itoa::Buffer::new());
            table.insert(EntryBox::new_string(field.bytes(&mut name), value.bytes(&mut text), at_ms));
        };
        match self {
            Hash::Packed(pack) => packed::pairs(pack).for_each(|(field, value)| add(field, value, None)),
            Hash::PackedTtl(pack) => packed::triples(pack).for_each(|t| add(t.field, t.value, t.at_ms)),
            Hash::Table(table) => return table,
        }
        *self = Hash::Table(table);
        match self {
            Hash::Table(table) => table,
            _ => unreachable!("it has just become a table"),
        }
    }
}

impl PartialEq for Hash {
    /// Whether both hold the same fields with the same values and times, however encoded.
    fn eq(&self, other: &Hash) -> bool {
        let mut name = itoa::Buffer::new();
        self.len() == other.len()
            && self.pairs(i64::MIN).all(|(field, value)| {
                let field = field.bytes(&mut name);
                let same = |found: Item<'_>| found.eq_bytes(value.bytes(&mut itoa::Buffer::new()));
                other.get(field, i64::MIN).is_some_and(same)
                    && self.ttl(field, i64::MIN) == other.ttl(field, i64::MIN)
            })
    }
}

fn set_entry(table: &mut Fields, field: &[u8], value: &[u8], ttl: Ttl, now_ms: i64) -> bool {
    match table.upsert(field) {
        Slot::Vacant(vacant) => {
            vacant.insert(EntryBox::new_string(field, value, None));
            false
        }
        Slot::Occupied(mut occupied) => {
            let live = is_live(occupied.get(), now_ms);
            let at_ms = occupied.get().expire_ms().filter(|_| live && ttl == Ttl::Keep);
            let same_time = at_ms == occupied.get().expire_ms();
            if !(same_time && occupied.get_mut().overwrite_string(value)) {
                occupied.replace(EntryBox::new_string(field, value, at_ms));
            }
            live
        }
    }
}
