//! Writing values: the type byte and the body (rdb.c `rdbSaveObjectType`, `rdbSaveObject`).
//!
//! A value is written in portions: what has elements ([`At`]) can pause behind each of them, and a packed form, a node of a
//! list or of a stream, and a string come whole. The value must not change in between; a copy by
//! [`Object::share`](crate::data::Object::share) does not.

use super::length::{write_int, write_len};
use super::portion::Portion;
use super::{VERSION, VERSION_MAX, container, kind, stream};
use crate::data::entry::ValueRef;
use crate::data::fields::Fields;
use crate::data::{Cursor, Entry, Hash, Item, List, Object, Set, ZSet};
use std::ops::Deref;

/// Fields of which the soonest time is looked for; of more, a lower bound is as good.
const EXACT_SOONEST: usize = 512;

/// Appends the value of an entry and returns the version of the format that it needs. `compress`: long strings may be
/// compressed.
pub fn write_value(out: &mut Vec<u8>, entry: &Entry, compress: bool) -> u16 {
    ValueWriter::new(entry).write_some(out, usize::MAX, compress);
    needed_version(entry)
}

/// The version of the format that the value of an entry needs.
#[must_use]
pub fn needed_version(entry: &Entry) -> u16 {
    match kind_of(entry) {
        kind::HASH_METADATA | kind::HASH_LISTPACK_EX => VERSION_MAX,
        _ => VERSION,
    }
}

/// The type byte of the value of an entry, which in a file stands before the key.
#[must_use]
pub fn kind_of(entry: &Entry) -> u8 {
    let ValueRef::Object(object) = entry.value() else { return kind::STRING };
    match object {
        Object::Str(_) => kind::STRING,
        Object::List(_) => kind::LIST_QUICKLIST_2,
        Object::Set(Set::Ints(_)) => kind::SET_INTSET,
        // A listpack of members is known from version 11 on only.
        Object::Set(_) => kind::SET,
        Object::ZSet(ZSet::Packed(_)) => kind::ZSET_LISTPACK,
        Object::ZSet(_) => kind::ZSET_2,
        Object::Hash(Hash::Packed(_)) => kind::HASH_LISTPACK,
        Object::Hash(hash @ Hash::PackedTtl(_)) if hash.next_due().is_some() => kind::HASH_LISTPACK_EX,
        Object::Hash(Hash::Table(table)) if table.expires_len() > 0 => kind::HASH_METADATA,
        // Without times, whether it had some before or not, any version knows it.
        Object::Hash(_) => kind::HASH,
        Object::Stream(_) => kind::STREAM_LISTPACKS_2,
    }
}

/// Writes a value in portions. `E` is an entry, owned or borrowed, that does not change meanwhile.
#[derive(Debug)]
pub struct ValueWriter<E> {
    entry: E,
    at: At,
}

/// How far a value is written.
#[derive(Debug)]
enum At {
    /// Before the type.
    Kind,
    /// Before the body.
    Body,
    /// Before this block of a list.
    Blocks(usize),
    /// In a set or hash that is no single string. Times of a hash's fields are stated from this one on.
    Elements(Cursor, Option<i64>),
    /// In a sorted set, with so many elements left: from the highest score down, as Redis writes it, whose reader then
    /// inserts at the front.
    Ranks(usize),
    /// In a stream.
    Stream(stream::At),
    /// Behind the value.
    End,
}

impl<E: Deref<Target = Entry>> ValueWriter<E> {
    /// Begins with the type byte.
    pub fn new(entry: E) -> ValueWriter<E> {
        ValueWriter { entry, at: At::Kind }
    }

    /// Begins behind the type byte, which the caller has written ([`kind_of`]).
    pub fn body(entry: E) -> ValueWriter<E> {
        ValueWriter { entry, at: At::Body }
    }

    /// Appends about `max_bytes` further bytes: it stops behind the element with which they are reached. `true`: these were
    /// the last ones. `compress`: long strings may be compressed.
    pub fn write_some(&mut self, out: &mut Vec<u8>, max_bytes: usize, compress: bool) -> bool {
        let mut to = Portion::new(out, max_bytes, compress);
        if let At::Kind = self.at {
            to.out.push(kind_of(&self.entry));
            self.at = At::Body;
        }
        let object = match self.entry.value() {
            ValueRef::Object(object) => object,
            value => {
                if let At::Body = self.at {
                    write_short(value, &mut to);
                    self.at = At::End;
                }
                return true;
            }
        };
        if let At::Body = self.at {
            self.at = begin(object, &mut to);
        }
        let is_end = self.at.write(object, &mut to);
        if is_end {
            self.at = At::End;
        }
        is_end
    }

    /// The entry.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The entry, when the writer is done.
    pub fn into_entry(self) -> E {
        self.entry
    }
}

/// A value that lies in its entry's block.
fn write_short(value: ValueRef<'_>, to: &mut Portion<'_>) {
    match value {
        ValueRef::Int(number) if write_int(to.out, number) => {}
        ValueRef::Int(number) => to.string(itoa::Buffer::new().format(number).as_bytes()),
        ValueRef::Bytes(bytes) => to.string(bytes),
        ValueRef::Object(_) => {}
    }
}

fn write_item(to: &mut Portion<'_>, item: Item<'_>) {
    to.string(item.bytes(&mut itoa::Buffer::new()));
}

/// Writes what stands before the first element, or all of a value that comes whole.
fn begin(object: &Object, to: &mut Portion<'_>) -> At {
    match object {
        Object::Str(bytes) => to.string(bytes),
        Object::Set(Set::Ints(ints)) => to.string(ints.as_bytes()),
        Object::ZSet(ZSet::Packed(pack)) | Object::Hash(Hash::Packed(pack)) => to.string(pack.as_bytes()),
        Object::Hash(hash @ Hash::PackedTtl(pack)) if hash.next_due().is_some() => {
            let at_ms = hash.next_due().unwrap_or(i64::MAX);
            to.out.extend_from_slice(&at_ms.to_le_bytes());
            to.string(pack.as_bytes());
        }
        Object::List(list) => {
            write_len(to.out, list.node_count() as u64);
            return At::Blocks(0);
        }
        Object::Set(set) => {
            write_len(to.out, set.len() as u64);
            return At::Elements(Cursor::default(), None);
        }
        Object::Hash(hash) => {
            let soonest = if let Hash::Table(table) = hash { soonest(table) } else { None };
            to.out.extend(soonest.map(i64::to_le_bytes).into_iter().flatten());
            write_len(to.out, hash.len() as u64);
            return At::Elements(Cursor::default(), soonest);
        }
        Object::ZSet(zset) => {
            write_len(to.out, zset.len() as u64);
            return At::Ranks(zset.len());
        }
        Object::Stream(stream) => return At::Stream(stream::At::begin(stream, to)),
    }
    At::End
}

/// The time that those of a table's fields are stated from: the soonest of them, or a lower bound.
fn soonest(table: &Fields) -> Option<i64> {
    match table.len() {
        0..=EXACT_SOONEST => table.iter().filter_map(Entry::expire_ms).min(),
        _ => table.next_due(),
    }
}

impl At {
    /// Goes on until the portion is full or the value ends; whether it ends.
    fn write(&mut self, object: &Object, to: &mut Portion<'_>) -> bool {
        match (self, object) {
            (At::Blocks(at), Object::List(list)) => write_blocks(list, at, to),
            (At::Elements(cursor, _), Object::Set(set)) => {
                let mut members = std::iter::from_fn(|| set.next_at(cursor));
                to.each(&mut members, write_item)
            }
            (At::Elements(cursor, soonest), Object::Hash(hash)) => write_fields(hash, cursor, *soonest, to),
            (At::Ranks(left), Object::ZSet(zset)) => {
                let mut elements = zset.walk(0..*left, true);
                to.each(&mut elements, |to, (member, score)| {
                    write_item(to, member);
                    to.out.extend_from_slice(&score.to_le_bytes());
                    *left -= 1;
                })
            }
            (At::Stream(at), Object::Stream(stream)) => at.write(stream, to),
            _ => true,
        }
    }
}

fn write_blocks(list: &List, at: &mut usize, to: &mut Portion<'_>) -> bool {
    let mut blocks = std::iter::from_fn(|| {
        *at += 1;
        list.block(*at - 1)
    });
    to.each(&mut blocks, |to, (plain, bytes)| {
        write_len(to.out, if plain { container::PLAIN } else { container::PACKED });
        to.string(bytes);
    })
}

/// Fields, with their times if one has any: stated as what they are beyond the soonest, plus one; 0 stands for none.
fn write_fields(hash: &Hash, cursor: &mut Cursor, soonest: Option<i64>, to: &mut Portion<'_>) -> bool {
    let mut fields = std::iter::from_fn(|| hash.next_at(cursor));
    to.each(&mut fields, |to, (field, value, at_ms)| {
        if let Some(soonest) = soonest {
            let beyond = at_ms.map_or(0, |at| at.saturating_sub(soonest).saturating_add(1));
            write_len(to.out, u64::try_from(beyond).unwrap_or(0));
        }
        write_item(to, field);
        write_item(to, value);
    })
}
