//! DEBUG OBJECT: where and how a value is kept.

use super::{Part, is_fragment};
use crate::command::args::word;
use crate::command::{Args, Ctx, Failure, generic};
use crate::data::{Entry, HKey, List, Object, ValueRef};
use crate::keyspace::{lru, slots};

/// DEBUG OBJECT key: the line that Redis prints (debug.c `debugCommand`). The length is that of the value in an RDB file
/// without compression.
pub(super) fn object(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result<Part, Failure> {
    let key = HKey::new(word(args, 2));
    if is_fragment(ctx) && slots::owner(key.slot, ctx.server.shards) != ctx.shard {
        return Ok(Part::NotMine);
    }
    let now_ms = ctx.keys.now_ms;
    let entry = ctx.keys.peek(&key).ok_or(Failure::NoSuchKey)?;
    let number = entry.int_value();
    let at = std::ptr::from_ref(entry).cast::<u8>();
    let (encoding, len, mark) = (generic::encoding(entry), serialized_len(entry), entry.lru());
    let refcount = generic::refcount(ctx, number);
    let idle = lru::idle_s(mark, now_ms);
    let extra = extra(ctx, &key);
    ctx.out.simple(&format!(
        "Value at:{at:p} refcount:{refcount} encoding:{encoding} serializedlength:{len} lru:{mark} \
         lru_seconds_idle:{idle}{extra}"
    ));
    Ok(Part::Written)
}

/// What only long lists have: their nodes, how full those are, and their bytes.
fn extra(ctx: &mut Ctx<'_>, key: &HKey<'_>) -> String {
    let node_size = ctx.keys.store(key).limits.list_node_size;
    match ctx.keys.peek(key).map(Entry::value) {
        Some(ValueRef::Object(Object::List(list @ List::Quick(_)))) => {
            let (len, nodes) = (list.len(), list.node_count());
            let bytes: usize = list.blocks().map(|(_, bytes)| bytes.len()).sum();
            format!(
                " ql_nodes:{nodes} ql_avg_node:{:.2} ql_listpack_max:{node_size} ql_compressed:0 \
                 ql_uncompressed_size:{bytes}",
                len as f64 / nodes as f64
            )
        }
        _ => String::new(),
    }
}

/// Bytes of a value in an RDB file (rdb.c `rdbSaveObject`): of a list the number of its nodes, and of each what it is
/// (one byte) and its bytes as a string.
fn serialized_len(entry: &Entry) -> usize {
    if let ValueRef::Object(Object::List(list)) = entry.value() {
        let nodes = list.blocks().map(|(_, bytes)| 1 + string_len(bytes));
        return len_len(list.node_count()) + nodes.sum::<usize>();
    }
    entry.string_bytes(&mut itoa::Buffer::new()).map_or(0, string_len)
}

/// Bytes of a string in an RDB file (rdb.c `rdbSaveRawString`, `rdbEncodeInteger`).
fn string_len(bytes: &[u8]) -> usize {
    // Texts of up to 11 bytes are tried as numbers even where the object is no number.
    let number = (bytes.len() <= 11).then(|| crate::base::numbers::parse_i64(bytes)).flatten();
    match number {
        Some(n) if i8::try_from(n).is_ok() => 2,
        Some(n) if i16::try_from(n).is_ok() => 3,
        Some(n) if i32::try_from(n).is_ok() => 5,
        _ => len_len(bytes.len()) + bytes.len(),
    }
}

/// Bytes of a length in an RDB file (rdb.c `rdbSaveLen`).
fn len_len(len: usize) -> usize {
    match len {
        0..=0x3f => 1,
        0x40..=0x3fff => 2,
        _ if u32::try_from(len).is_ok() => 5,
        _ => 9,
    }
}
