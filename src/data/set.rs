//! A set of strings: an intset while all members are integers, a listpack while it is small, a table beyond.
//!
//! The encodings and the rules by which one becomes another are those of Redis 7.2 (t_set.c `setTypeAddAux`): a set only
//! ever moves to the right in `Ints`, `Packed`, `Table`. Members of a table are entries with an empty value.

use super::fields::Fields;
use super::listpack::{Item, Listpack};
use super::{EntryBox, IntSet, Limits};
use crate::base::prng::Prng;
use crate::data::entry::canonical_i64;

/// Most members of an intset whatever the configuration says (t_set.c `intsetMaxEntries`).
const INTS_MAX: usize = 1 << 30;

/// A set.
#[derive(Clone, Debug)]
pub enum Set {
    /// Integers only, in order.
    Ints(IntSet),
    /// Few and short members, in the order in which they came.
    Packed(Listpack),
    /// Any.
    Table(Box<Fields>),
}

impl Default for Set {
    /// An empty set, for members to come.
    fn default() -> Set {
        Set::Ints(IntSet::new())
    }
}

/// The text of a member.
macro_rules! text {
    ($item:expr) => {
        $item.bytes(&mut itoa::Buffer::new())
    };
}

impl Set {
    /// An empty set fit for `count` members of which `first` is one (t_set.c `setTypeCreate`).
    #[must_use]
    pub fn fit_for(first: &[u8], count: usize, limits: &Limits) -> Set {
        if count <= limits.set_ints && canonical_i64(first).is_some() {
            Set::Ints(IntSet::new())
        } else if count <= limits.set_entries {
            Set::Packed(Listpack::new())
        } else {
            Set::Table(Box::default())
        }
    }

    /// An empty set that is a table with room for `count` members: the caller bounds the number.
    #[must_use]
    pub fn table_for(count: usize) -> Set {
        Set::Table(Box::new(Fields::with_capacity(count)))
    }

    /// Changes to a table at once if `more` members alone exceed what the present encoding may hold (t_set.c
    /// `setTypeMaybeConvert`).
    pub fn make_fit_for(&mut self, more: usize, limits: &Limits) {
        let exceeds = match self {
            Set::Ints(_) => more > limits.set_ints,
            Set::Packed(_) => more > limits.set_entries,
            Set::Table(_) => false,
        };
        if exceeds {
            self.convert_to_table();
        }
    }

    /// Number of members.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Set::Ints(ints) => ints.len(),
            Set::Packed(pack) => pack.len(),
            Set::Table(table) => table.len(),
        }
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `member` is in the set.
    #[inline]
    #[must_use]
    pub fn contains(&self, member: &[u8]) -> bool {
        match self {
            Set::Ints(ints) => canonical_i64(member).is_some_and(|number| ints.contains(number)),
            Set::Packed(pack) => pack.find(member, 0).is_some(),
            Set::Table(table) => table.contains(member),
        }
    }

    /// Whether `member`, taken from another set, is in this one.
    #[inline]
    #[must_use]
    pub fn contains_item(&self, member: Item<'_>) -> bool {
        match (self, member) {
            (Set::Ints(ints), Item::Int(number)) => ints.contains(number),
            _ => self.contains(text!(member)),
        }
    }

    /// Adds `member`; `false` if it was there (t_set.c `setTypeAddAux`).
    #[inline]
    pub fn add(&mut self, member: &[u8], limits: &Limits) -> bool {
        match self {
            Set::Table(table) => return add_to_table(table, member),
            Set::Packed(pack) => {
                if pack.find(member, 0).is_some() {
                    return false;
                }
                if pack.len() < limits.set_entries && fits_pack(pack, member, limits) {
                    pack.append(member);
                    return true;
                }
            }
            Set::Ints(ints) => {
                if let Some(number) = canonical_i64(member) {
                    let added = ints.insert(number);
                    if ints.len() > limits.set_ints.min(INTS_MAX) {
                        self.convert_to_table();
                    }
                    return added;
                }
                if let Some(mut pack) = packed(ints, member, limits) {
                    pack.append(member);
                    *self = Set::Packed(pack);
                    return true;
                }
            }
        }
        add_to_table(self.convert_to_table(), member)
    }

    /// Adds a member of another set; `false` if it was there.
    pub fn add_item(&mut self, member: Item<'_>, limits: &Limits) -> bool {
        self.add(text!(member), limits)
    }

    /// Removes `member`; `false` if it was not there.
    #[inline]
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match self {
            Set::Ints(ints) => canonical_i64(member).is_some_and(|number| ints.remove(number)),
            Set::Packed(pack) => match pack.find(member, 0) {
                Some(at) => {
                    pack.delete(at);
                    true
                }
                None => false,
            },
            Set::Table(table) => table.remove(member).is_some(),
        }
    }

    /// A member, each as likely as any other. `None` in an empty set.
    #[must_use]
    pub fn random(&self, rng: &mut Prng) -> Option<Item<'_>> {
        match self {
            Set::Ints(ints) => ints.get(rng.index(ints.len())).map(Item::Int),
            Set::Packed(pack) => pack.pick(i64::try_from(rng.index(pack.len())).unwrap_or(0)),
            Set::Table(table) => table.random(&mut || rng.next_u64()).map(|entry| Item::Bytes(entry.key())),
        }
    }

    /// Removes and returns a member, each as likely as any other.
    pub fn pop_random(&mut self, rng: &mut Prng) -> Option<Vec<u8>> {
        match self {
            Set::Packed(pack) => {
                let at = pack.seek(i64::try_from(rng.index(pack.len())).unwrap_or(0))?;
                let member = pack.get(at).to_vec();
                pack.delete(at);
                Some(member)
            }
            _ => {
                let member = self.random(rng)?.to_vec();
                self.remove(&member);
                Some(member)
            }
        }
    }

    /// All members: integers in order, a listpack's in the order in which they came, a table's in none.
    pub fn iter(&self) -> Box<dyn Iterator<Item = Item<'_>> + '_> {
        match self {
            Set::Ints(ints) => Box::new(ints.iter().map(Item::Int)),
            Set::Packed(pack) => Box::new(pack.iter().map(|(_, item)| item)),
            Set::Table(table) => Box::new(table.iter().map(|entry| Item::Bytes(entry.key()))),
        }
    }

    /// A copy of the set as it is now, which shares the parts of a table with it (see [`Fields::share`]).
    #[must_use]
    pub fn share(&mut self) -> Set {
        match self {
            Set::Table(table) => Set::Table(Box::new(table.share())),
            packed => packed.clone(),
        }
    }

    /// Bytes that the set asked the allocator for beside its entry's block.
    #[must_use]
    pub fn mem_bytes(&self) -> usize {
        match self {
            Set::Ints(ints) => ints.mem_bytes(),
            Set::Packed(pack) => pack.mem_bytes(),
            Set::Table(table) => size_of::<Fields>() + table.mem_bytes(),
        }
    }

    /// Allocations given back when the set is dropped (lazyfree.c `lazyfreeGetFreeEffort`).
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            Set::Table(table) => table.len(),
            _ => 1,
        }
    }

    /// The name that OBJECT ENCODING gives it.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match self {
            Set::Ints(_) => "intset",
            Set::Packed(_) => "listpack",
            Set::Table(_) => "hashtable",
        }
    }

    /// Changes to a table and returns it.
    fn convert_to_table(&mut self) -> &mut Fields {
        if !matches!(self, Set::Table(_)) {
            let mut table = Box::<Fields>::default();
            for item in self.iter() {
                table.insert(EntryBox::new_member(text!(item)));
            }
            *self = Set::Table(table);
        }
        match self {
            Set::Table(table) => table,
            _ => unreachable!("it has just become a table"),
        }
    }
}

impl PartialEq for Set {
    /// Whether both hold the same members, however encoded.
    fn eq(&self, other: &Set) -> bool {
        self.len() == other.len() && self.iter().all(|member| other.contains_item(member))
    }
}

fn add_to_table(table: &mut Fields, member: &[u8]) -> bool {
    use super::fields::Slot;
    match table.upsert(member) {
        Slot::Occupied(_) => false,
        Slot::Vacant(vacant) => {
            vacant.insert(EntryBox::new_member(member));
            true
        }
    }
}

fn fits_pack(pack: &Listpack, member: &[u8], limits: &Limits) -> bool {
    member.len() <= limits.set_value_bytes && pack.safe_to_add(member.len())
}

/// The members of an intset as a listpack that has room for `member`, if the limits allow one.
fn packed(ints: &IntSet, member: &[u8], limits: &Limits) -> Option<Listpack> {
    let digits = |number: Option<i64>| number.map_or(0, |n| Item::Int(n).len());
    let longest = digits(ints.min()).max(digits(ints.max()));
    let fits = ints.len() < limits.set_entries
        && member.len() <= limits.set_value_bytes
        && longest <= limits.set_value_bytes;
    if !fits {
        return None;
    }
    let mut pack = Listpack::new();
    pack.append_items(ints.iter().map(Item::Int));
    pack.safe_to_add(member.len()).then_some(pack)
}
