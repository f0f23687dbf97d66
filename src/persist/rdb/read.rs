//! Reading values: a body for each type byte (rdb.c `rdbLoadObject`).
//!
//! Every pack is checked entry by entry and for elements that occur twice, as Redis does with `sanitize-dump-payload yes`:
//! an invalid one that got in would be found by a command much later.

use super::length::Reader;
use super::{container, kind, legacy};
use crate::data::entry::INLINE_MAX;
use crate::data::hash::{Condition, Ttl};
use crate::data::list::End;
use crate::data::{EntryBox, Hash, IntSet, Item, Limits, List, Listpack, Object, Set, ZSet};
use crate::data::{Kind, zset};
use ahash::AHashSet;

/// What was read is not what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The bytes end too early.
    #[error("the value is cut off")]
    Truncated,
    /// Bytes follow the value.
    #[error("bytes follow the value")]
    Trailing,
    /// A length that is none, or absurd.
    #[error("invalid length")]
    Length,
    /// An unknown encoding of a string.
    #[error("unknown string encoding {0:#x}")]
    Encoding(u8),
    /// A compressed string that does not decompress to its length.
    #[error("invalid compressed string")]
    Compressed,
    /// A score that is no number.
    #[error("invalid score")]
    Score,
    /// A type of value that is not known.
    #[error("unknown type of value {0}")]
    Type(u8),
    /// A packed collection that is damaged.
    #[error("damaged packed collection")]
    Pack,
    /// An element that occurs twice.
    #[error("an element occurs twice")]
    Duplicate,
    /// A collection without elements.
    #[error("empty collection")]
    Empty,
}

/// A value that was read.
#[derive(Debug)]
pub enum Value {
    /// A string.
    String(Vec<u8>),
    /// Anything else.
    Object(Kind, Object),
}

impl Value {
    /// The entry that holds the value under `key`; `expire` in Unix milliseconds.
    #[must_use]
    pub fn into_entry(self, key: &[u8], expire: Option<i64>) -> EntryBox {
        match self {
            Value::String(text) if text.len() > INLINE_MAX => {
                EntryBox::new_object(key, Kind::String, Object::Str(text), expire)
            }
            Value::String(text) => EntryBox::new_string(key, &text, expire),
            Value::Object(kind, object) => EntryBox::new_object(key, kind, object, expire),
        }
    }
}

/// Reads the body that belongs to the type byte `kind`.
///
/// # Errors
/// The bytes are no such value; what they are instead is said as far as it is known.
pub fn read_value(from: &mut Reader<'_>, kind: u8, limits: &Limits) -> Result<Value, Invalid> {
    let list = |list: List| Value::Object(Kind::List, list.into());
    let set = |set: Set| Value::Object(Kind::Set, set.into());
    let zset = |zset: ZSet| Value::Object(Kind::ZSet, zset.into());
    let hash = |hash: Hash| Value::Object(Kind::Hash, hash.into());
    match kind {
        kind::STRING => from.string().map(|text| Value::String(text.into_owned())),
        kind::LIST => read_list(from, limits).map(list),
        kind::LIST_ZIPLIST => {
            legacy::ziplist(&from.string()?).and_then(|pack| list_of(&pack, limits)).map(list)
        }
        kind::LIST_QUICKLIST => read_ziplists(from, limits).map(list),
        kind::LIST_QUICKLIST_2 => read_nodes(from, limits).map(list),
        kind::SET => read_set(from, limits).map(set),
        kind::SET_INTSET => read_ints(from, limits).map(set),
        kind::SET_LISTPACK => pack_of(&from.string()?).and_then(|pack| set_of(pack, limits)).map(set),
        kind::ZSET | kind::ZSET_2 => read_zset(from, kind == kind::ZSET_2, limits).map(zset),
        kind::ZSET_ZIPLIST => legacy::ziplist(&from.string()?).and_then(|p| zset_of(p, limits)).map(zset),
        kind::ZSET_LISTPACK => pack_of(&from.string()?).and_then(|p| zset_of(p, limits)).map(zset),
        kind::HASH => read_hash(from, limits).map(hash),
        kind::HASH_ZIPMAP => legacy::zipmap(&from.string()?).and_then(|p| hash_of(p, limits)).map(hash),
        kind::HASH_ZIPLIST => legacy::ziplist(&from.string()?).and_then(|p| hash_of(p, limits)).map(hash),
        kind::HASH_LISTPACK => pack_of(&from.string()?).and_then(|p| hash_of(p, limits)).map(hash),
        kind::HASH_LISTPACK_EX => read_timed_pack(from, limits).map(hash),
        kind::HASH_METADATA => read_timed_table(from, limits).map(hash),
        kind::STREAM_LISTPACKS | kind::STREAM_LISTPACKS_2 | kind::STREAM_LISTPACKS_3 => {
            let stream = super::stream::read(from, kind)?;
            Ok(Value::Object(Kind::Stream, stream.into()))
        }
        _ => Err(Invalid::Type(kind)),
    }
}

/// Reads a value as the entry that holds it under `key`; `expire` in Unix milliseconds. As [`read_value`] and
/// [`Value::into_entry`], without a copy of short strings in between.
///
/// # Errors
/// As [`read_value`].
pub fn read_entry(
    from: &mut Reader<'_>,
    kind: u8,
    key: &[u8],
    expire: Option<i64>,
    limits: &Limits,
) -> Result<EntryBox, Invalid> {
    if kind != kind::STRING {
        return read_value(from, kind, limits).map(|value| value.into_entry(key, expire));
    }
    if let Some(number) = from.integer()? {
        return Ok(EntryBox::new_int(key, number, expire));
    }
    match from.string()? {
        text if text.len() > INLINE_MAX => Ok(Value::String(text.into_owned()).into_entry(key, expire)),
        text => Ok(EntryBox::new_string(key, &text, expire)),
    }
}

/// A listpack that is sound and not empty.
fn pack_of(bytes: &[u8]) -> Result<Listpack, Invalid> {
    let pack = Listpack::from_bytes(bytes).map_err(|_| Invalid::Pack)?;
    if pack.is_empty() { Err(Invalid::Empty) } else { Ok(pack) }
}

/// Checks that every `width`th element of a pack occurs once, and that there are whole groups of them.
fn check_distinct(pack: &Listpack, width: usize) -> Result<(), Invalid> {
    if !pack.len().is_multiple_of(width) {
        return Err(Invalid::Pack);
    }
    let mut seen = AHashSet::with_capacity(pack.len() / width);
    // Two forms of one string must count as one, so they are compared as text.
    let distinct = pack.iter().step_by(width).all(|(_, item)| seen.insert(item.to_vec()));
    if distinct { Ok(()) } else { Err(Invalid::Duplicate) }
}

fn read_list(from: &mut Reader<'_>, limits: &Limits) -> Result<List, Invalid> {
    let mut list = List::new();
    for _ in 0..from.count(1)? {
        list.push(End::Tail, &[&from.string()?], limits);
    }
    not_empty(list.is_empty(), list)
}

fn list_of(pack: &Listpack, limits: &Limits) -> Result<List, Invalid> {
    let mut list = List::new();
    for (_, item) in pack.iter() {
        list.push(End::Tail, &[item.bytes(&mut itoa::Buffer::new())], limits);
    }
    not_empty(list.is_empty(), list)
}

fn read_ziplists(from: &mut Reader<'_>, limits: &Limits) -> Result<List, Invalid> {
    let mut list = List::new();
    for _ in 0..from.count(1)? {
        for (_, item) in legacy::ziplist(&from.string()?)?.iter() {
            list.push(End::Tail, &[item.bytes(&mut itoa::Buffer::new())], limits);
        }
    }
    not_empty(list.is_empty(), list)
}

fn read_nodes(from: &mut Reader<'_>, limits: &Limits) -> Result<List, Invalid> {
    let mut list = List::new();
    for _ in 0..from.count(2)? {
        match from.length()? {
            container::PLAIN => list.push(End::Tail, &[&from.string()?], limits),
            container::PACKED => {
                for (_, item) in pack_of(&from.string()?)?.iter() {
                    list.push(End::Tail, &[item.bytes(&mut itoa::Buffer::new())], limits);
                }
            }
            _ => return Err(Invalid::Pack),
        }
    }
    not_empty(list.is_empty(), list)
}

fn not_empty<T>(empty: bool, value: T) -> Result<T, Invalid> {
    if empty { Err(Invalid::Empty) } else { Ok(value) }
}

fn read_set(from: &mut Reader<'_>, limits: &Limits) -> Result<Set, Invalid> {
    let count = from.count(1)?;
    let mut set = Set::default();
    set.make_fit_for(count, limits);
    for _ in 0..count {
        if !set.add(&from.string()?, limits) {
            return Err(Invalid::Duplicate);
        }
    }
    not_empty(set.is_empty(), set)
}

fn read_ints(from: &mut Reader<'_>, limits: &Limits) -> Result<Set, Invalid> {
    let ints = IntSet::from_bytes(&from.string()?).map_err(|_| Invalid::Pack)?;
    if ints.len() <= limits.set_ints {
        return not_empty(ints.is_empty(), Set::Ints(ints));
    }
    let mut set = Set::Ints(IntSet::new());
    for number in ints.iter() {
        set.add_item(Item::Int(number), limits);
    }
    Ok(set)
}

fn set_of(pack: Listpack, limits: &Limits) -> Result<Set, Invalid> {
    check_distinct(&pack, 1)?;
    if pack.len() <= limits.set_entries {
        return Ok(Set::Packed(pack));
    }
    let mut set = Set::Table(Box::default());
    pack.iter().for_each(|(_, item)| {
        set.add_item(item, limits);
    });
    Ok(set)
}

fn read_zset(from: &mut Reader<'_>, binary: bool, limits: &Limits) -> Result<ZSet, Invalid> {
    let count = from.count(2)?;
    let mut elements = zset::Gather::default();
    for _ in 0..count {
        let member = from.string()?;
        let score = if binary { from.double()? } else { from.double_text()? };
        if score.is_nan() {
            return Err(Invalid::Score);
        }
        elements.put(&member, score, |_| score);
    }
    match elements.len() {
        0 => Err(Invalid::Empty),
        len if len < count => Err(Invalid::Duplicate),
        _ => Ok(elements.finish(limits)),
    }
}

/// Members and scores in a pack. Scores that do not ascend, as Redis would not notice, are put in order.
fn zset_of(pack: Listpack, limits: &Limits) -> Result<ZSet, Invalid> {
    check_distinct(&pack, 2)?;
    let mut elements = zset::Gather::with_capacity(pack.len() / 2);
    let mut items = pack.iter();
    while let (Some((_, member)), Some((_, score))) = (items.next(), items.next()) {
        let score = score.as_f64().filter(|score| !score.is_nan()).ok_or(Invalid::Score)?;
        elements.put(member.bytes(&mut itoa::Buffer::new()), score, |_| score);
    }
    Ok(elements.finish(limits))
}

fn read_hash(from: &mut Reader<'_>, limits: &Limits) -> Result<Hash, Invalid> {
    let mut hash = Hash::default();
    for _ in 0..from.count(2)? {
        let (field, value) = (from.string()?, from.string()?);
        if hash.set(&field, &value, Ttl::Clear, limits, i64::MIN) {
            return Err(Invalid::Duplicate);
        }
    }
    not_empty(hash.is_empty(), hash)
}

fn hash_of(pack: Listpack, limits: &Limits) -> Result<Hash, Invalid> {
    check_distinct(&pack, 2)?;
    let fits = pack.len() / 2 <= limits.hash_entries;
    if fits && pack.iter().all(|(_, item)| item.len() <= limits.hash_value_bytes) {
        return Ok(Hash::Packed(pack));
    }
    let (mut hash, mut items) = (Hash::default(), pack.iter());
    while let (Some((_, field)), Some((_, value))) = (items.next(), items.next()) {
        let (mut name, mut text) = (itoa::Buffer::new(), itoa::Buffer::new());
        hash.set(field.bytes(&mut name), value.bytes(&mut text), Ttl::Clear, limits, i64::MIN);
    }
    Ok(hash)
}

/// Sets a field and its time; `0` for none.
fn set_timed(
    hash: &mut Hash,
    field: &[u8],
    value: &[u8],
    at_ms: i64,
    limits: &Limits,
) -> Result<(), Invalid> {
    if at_ms < 0 {
        return Err(Invalid::Length);
    }
    if hash.set(field, value, Ttl::Clear, limits, i64::MIN) {
        return Err(Invalid::Duplicate);
    }
    if at_ms > 0 {
        hash.set_ttl(field, at_ms, Condition::Always, i64::MIN);
    }
    Ok(())
}

fn read_timed_pack(from: &mut Reader<'_>, limits: &Limits) -> Result<Hash, Invalid> {
    from.array::<8>()?;
    let pack = pack_of(&from.string()?)?;
    check_distinct(&pack, 3)?;
    let (mut hash, mut items) = (Hash::default(), pack.iter());
    while let (Some((_, field)), Some((_, value)), Some((_, time))) =
        (items.next(), items.next(), items.next())
    {
        let (mut name, mut text) = (itoa::Buffer::new(), itoa::Buffer::new());
        let at_ms = time.as_i64().ok_or(Invalid::Pack)?;
        set_timed(&mut hash, field.bytes(&mut name), value.bytes(&mut text), at_ms, limits)?;
    }
    Ok(hash)
}

fn read_timed_table(from: &mut Reader<'_>, limits: &Limits) -> Result<Hash, Invalid> {
    let soonest = i64::from_le_bytes(from.array()?);
    let mut hash = Hash::default();
    for _ in 0..from.count(3)? {
        let beyond = i64::try_from(from.length()?).map_err(|_| Invalid::Length)?;
        let (field, value) = (from.string()?, from.string()?);
        let at_ms = match beyond {
            0 => 0,
            _ => soonest.checked_add(beyond - 1).ok_or(Invalid::Length)?,
        };
        set_timed(&mut hash, &field, &value, at_ms, limits)?;
    }
    not_empty(hash.is_empty(), hash)
}
