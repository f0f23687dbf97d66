//! PFCOUNT.

use super::hll_of;
use crate::command::args::word;
use crate::command::{Args, Ctx, Keys, Outcome};
use crate::data::HKey;
use crate::data::hll::{self, REGISTERS};

/// PFCOUNT key [key ...]
pub(super) fn pfcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let count = match args {
        [_, _] => count_one(ctx, args)?,
        _ => {
            let mut registers = [0; REGISTERS];
            for name in args.iter().skip(1) {
                merge(&mut ctx.keys, name, &mut registers)?;
            }
            hll::count(&registers)
        }
    };
    ctx.out.int(count.cast_signed());
    Ok(())
}

/// Raises `registers` to those of a key, if it is there; whether that is dense.
pub(super) fn merge(
    keys: &mut Keys<'_>,
    name: &[u8],
    registers: &mut hll::Registers,
) -> Result<bool, crate::command::Failure> {
    let Some(entry) = keys.read(&HKey::new(name)) else { return Ok(false) };
    let hll = hll_of(entry)?;
    hll.merge_into(registers)?;
    Ok(hll.encoding() == hll::Encoding::Dense)
}

/// The number of one key, which is noted in its value. That is a change of the value, though the command counts as a
/// read: so it is an effect, and those who watch the key are told, but it is no event.
fn count_one(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result<u64, crate::command::Failure> {
    let key = HKey::new(word(args, 1));
    let Some(entry) = ctx.keys.read(&key) else { return Ok(0) };
    hll_of(entry)?;
    if !entry.is_raw() {
        // As Redis's, a value that may get a number noted is encoded for changes (db.c `dbUnshareStringValue`).
        ctx.keys.edit_string(&key, 0, |_| ());
    }
    let Some(entry) = ctx.keys.peek(&key) else { return Ok(0) };
    let hll = hll_of(entry)?;
    if let Some(count) = hll.cached() {
        return Ok(count);
    }
    let count = hll.count()?;
    ctx.keys.edit_string(&key, 0, |bytes| hll::set_cached(bytes, count));
    ctx.keys.effect(&key, args);
    let db = ctx.keys.db;
    let store = ctx.keys.store(&key);
    store.stats.dirty = store.stats.dirty.wrapping_add(1);
    store.watched.touch(db, key.bytes);
    Ok(count)
}
