//! DEBUG OBJECT: where and how a value is kept.

use super::{Part, is_fragment};
use crate::command::args::word;
use crate::command::{Args, Ctx, Failure, generic};
use crate::data::{Entry, HKey};
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
    ctx.out.simple(&format!(
        "Value at:{at:p} refcount:{refcount} encoding:{encoding} serializedlength:{len} lru:{mark} \
         lru_seconds_idle:{idle}"
    ));
    Ok(Part::Written)
}

/// Bytes of a string in an RDB file (rdb.c `rdbSaveRawString`, `rdbEncodeInteger`, `rdbSaveLen`).
fn serialized_len(entry: &Entry) -> usize {
    let mut digits = itoa::Buffer::new();
    let Some(bytes) = entry.string_bytes(&mut digits) else { return 0 };
    // Texts of up to 11 bytes are tried as numbers even where the object is no number.
    let number = (bytes.len() <= 11).then(|| crate::base::numbers::parse_i64(bytes)).flatten();
    match number {
        Some(n) if i8::try_from(n).is_ok() => 2,
        Some(n) if i16::try_from(n).is_ok() => 3,
        Some(n) if i32::try_from(n).is_ok() => 5,
        _ => match bytes.len() {
            len @ 0..=0x3f => len + 1,
            len @ 0x40..=0x3fff => len + 2,
            len if u32::try_from(len).is_ok() => len + 5,
            len => len + 9,
        },
    }
}
