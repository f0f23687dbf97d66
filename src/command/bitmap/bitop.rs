//! BITOP: AND, OR, XOR and NOT over whole values.

use crate::command::args::{is, word};
use crate::command::string::value;
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::bits::{self, Fold};
use crate::data::{EntryBox, HKey, Kind, Object};
use crate::keyspace::{Class, Expire};

/// What to do with the sources.
#[derive(Clone, Copy)]
enum Op {
    Fold(Fold),
    Not,
}

/// BITOP operation destkey key [key …].
///
/// The sources are folded one after the other into a buffer of the longest one's length, so that memory is bounded by
/// the result however many there are.
pub fn bitop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let op = match word(args, 1) {
        op if is(op, "AND") => Op::Fold(Fold::And),
        op if is(op, "OR") => Op::Fold(Fold::Or),
        op if is(op, "XOR") => Op::Fold(Fold::Xor),
        op if is(op, "NOT") => Op::Not,
        _ => return Err(Failure::Syntax),
    };
    if matches!(op, Op::Not) && args.len() != 4 {
        return Err(Failure::text("ERR BITOP NOT must be called with a single source key."));
    }
    let sources = args.get(3..).unwrap_or_default();
    let mut longest = 0;
    for name in sources {
        let len = ctx.keys.read(&HKey::new(name)).map_or(Ok(0), value::len)?;
        longest = longest.max(len);
    }
    let dest = HKey::new(word(args, 2));
    let result = combine(ctx, op, sources, longest);
    if longest > 0 {
        store(ctx, &dest, args, result);
    } else if let Some(old) = ctx.keys.remove(&dest) {
        let lazy = ctx.keys.store(&dest).policy.lazy_server_del;
        ctx.keys.store(&dest).free(old, lazy);
        value::state_del(&mut ctx.keys, &dest, false);
        ctx.keys.changed(&dest, Class::Generic, "del");
    }
    ctx.out.count(longest);
    Ok(())
}

/// The folded sources, `len` bytes.
fn combine(ctx: &mut Ctx<'_>, op: Op, sources: Args<'_>, len: usize) -> Vec<u8> {
    let mut result = Vec::with_capacity(len);
    for (i, name) in sources.iter().enumerate() {
        let mut digits = itoa::Buffer::new();
        let entry = ctx.keys.peek(&HKey::new(name));
        let bytes = entry.and_then(|entry| entry.string_bytes(&mut digits)).unwrap_or_default();
        match op {
            Op::Fold(fold) if i > 0 => bits::fold(fold, &mut result, bytes),
            _ => {
                result.extend_from_slice(bytes);
                result.resize(len, 0);
            }
        }
    }
    if matches!(op, Op::Not) {
        bits::invert(&mut result);
    }
    result
}

/// Stores the result. In one store the command itself is the effect, for one journal then holds all that it depends
/// on; with the sources in other journals the result has to be told.
fn store(ctx: &mut Ctx<'_>, dest: &HKey<'_>, args: Args<'_>, result: Vec<u8>) {
    let together = ctx.keys.is_one_store();
    if together {
        // Sources that were found expired must be gone before the effect, not after the command.
        ctx.keys.store(dest).remove_lapsed();
        ctx.keys.effect(dest, args);
    } else {
        value::state_set(&mut ctx.keys, dest, &result, Expire::Clear);
    }
    // Redis keeps the result as it came out, even one that reads as a number.
    let entry = if result.len() > crate::data::entry::INLINE_MAX {
        EntryBox::new_object(dest.bytes, Kind::String, Object::Str(result), None)
    } else {
        EntryBox::new_raw(dest.bytes, &result, None)
    };
    if let Some(old) = ctx.keys.put(dest, entry) {
        let lazy = ctx.keys.store(dest).policy.lazy_server_del;
        ctx.keys.store(dest).free(old, lazy);
    }
    ctx.keys.changed(dest, Class::String, "set");
}
