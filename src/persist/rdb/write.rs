//! Writing values: the type byte and the body (rdb.c `rdbSaveObjectType`, `rdbSaveObject`).

use super::length::{write_int, write_len, write_string};
use super::{VERSION, VERSION_MAX, container, kind};
use crate::data::entry::ValueRef;
use crate::data::hash::FieldTtl;
use crate::data::{Entry, Hash, Item, List, Object, Set, ZSet};

/// Appends the value of an entry and returns the version of the format that it needs. `compress`: long strings may be
/// compressed.
pub fn write_value(out: &mut Vec<u8>, entry: &Entry, compress: bool) -> u16 {
    match entry.value() {
        ValueRef::Int(number) => {
            out.push(kind::STRING);
            if !write_int(out, number) {
                write_string(out, itoa::Buffer::new().format(number).as_bytes(), compress);
            }
        }
        ValueRef::Bytes(bytes) => {
            out.push(kind::STRING);
            write_string(out, bytes, compress);
        }
        ValueRef::Object(object) => return write_object(out, object, compress),
    }
    VERSION
}

fn write_object(out: &mut Vec<u8>, object: &Object, compress: bool) -> u16 {
    match object {
        Object::Str(bytes) => {
            out.push(kind::STRING);
            write_string(out, bytes, compress);
        }
        Object::List(list) => write_list(out, list, compress),
        Object::Set(set) => write_set(out, set, compress),
        Object::ZSet(zset) => write_zset(out, zset, compress),
        Object::Stream(stream) => super::stream::write(out, stream, compress),
        Object::Hash(hash) => return write_hash(out, hash, compress),
    }
    VERSION
}

fn write_item(out: &mut Vec<u8>, item: Item<'_>, compress: bool) {
    write_string(out, item.bytes(&mut itoa::Buffer::new()), compress);
}

fn write_list(out: &mut Vec<u8>, list: &List, compress: bool) {
    out.push(kind::LIST_QUICKLIST_2);
    write_len(out, list.node_count() as u64);
    for (plain, bytes) in list.blocks() {
        write_len(out, if plain { container::PLAIN } else { container::PACKED });
        write_string(out, bytes, compress);
    }
}

fn write_set(out: &mut Vec<u8>, set: &Set, compress: bool) {
    if let Set::Ints(ints) = set {
        out.push(kind::SET_INTSET);
        write_string(out, ints.as_bytes(), compress);
        return;
    }
    // A listpack of members is known from version 11 on only.
    out.push(kind::SET);
    write_len(out, set.len() as u64);
    set.iter().for_each(|member| write_item(out, member, compress));
}

fn write_zset(out: &mut Vec<u8>, zset: &ZSet, compress: bool) {
    if let ZSet::Packed(pack) = zset {
        out.push(kind::ZSET_LISTPACK);
        write_string(out, pack.as_bytes(), compress);
        return;
    }
    out.push(kind::ZSET_2);
    write_len(out, zset.len() as u64);
    // From the highest score down, as Redis writes it: its reader then inserts at the front.
    for (member, score) in zset.walk(0..zset.len(), true) {
        write_item(out, member, compress);
        out.extend_from_slice(&score.to_le_bytes());
    }
}

fn write_hash(out: &mut Vec<u8>, hash: &Hash, compress: bool) -> u16 {
    match hash {
        Hash::Packed(pack) => {
            out.push(kind::HASH_LISTPACK);
            write_string(out, pack.as_bytes(), compress);
        }
        Hash::PackedTtl(pack) if hash.next_due().is_some() => {
            out.push(kind::HASH_LISTPACK_EX);
            out.extend_from_slice(&hash.next_due().unwrap_or(i64::MAX).to_le_bytes());
            write_string(out, pack.as_bytes(), compress);
            return VERSION_MAX;
        }
        Hash::Table(table) if table.expires_len() > 0 => {
            write_timed_table(out, hash, compress);
            return VERSION_MAX;
        }
        // Without times, whether it had some before or not, any version knows it.
        Hash::Table(_) | Hash::PackedTtl(_) => {
            out.push(kind::HASH);
            write_len(out, hash.len() as u64);
            for (field, value) in hash.pairs(i64::MIN) {
                write_item(out, field, compress);
                write_item(out, value, compress);
            }
        }
    }
    VERSION
}

/// Fields with their times, which are stated as what they are beyond the soonest, plus one; 0 stands for none.
fn write_timed_table(out: &mut Vec<u8>, hash: &Hash, compress: bool) {
    let time_of = |field: Item<'_>| match hash.ttl(field.bytes(&mut itoa::Buffer::new()), i64::MIN) {
        FieldTtl::At(at) => Some(at),
        FieldTtl::Never | FieldTtl::NoField => None,
    };
    let soonest = hash.pairs(i64::MIN).filter_map(|(field, _)| time_of(field)).min().unwrap_or(0);
    out.push(kind::HASH_METADATA);
    out.extend_from_slice(&soonest.to_le_bytes());
    write_len(out, hash.len() as u64);
    for (field, value) in hash.pairs(i64::MIN) {
        let beyond = time_of(field).map_or(0, |at| at.saturating_sub(soonest).saturating_add(1));
        write_len(out, u64::try_from(beyond).unwrap_or(0));
        write_item(out, field, compress);
        write_item(out, value, compress);
    }
}
