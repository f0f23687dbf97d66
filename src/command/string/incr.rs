//! Numbers kept as strings: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT.

use super::value;
use crate::base::numbers::{LongDouble, parse_i64};
use crate::command::args::{int, word};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::{EntryBox, HKey};
use crate::keyspace::{Class, Expire, Sum};

/// INCR key.
pub fn incr(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    add(ctx, args, 1)
}

/// DECR key.
pub fn decr(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    add(ctx, args, -1)
}

/// INCRBY key increment.
pub fn incrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let by = int(word(args, 2))?;
    add(ctx, args, by)
}

/// DECRBY key decrement.
pub fn decrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    // The smallest number has no opposite (t_string.c `decrbyCommand`).
    let by = int(word(args, 2))?.checked_neg().ok_or(Failure::text("ERR decrement would overflow"))?;
    add(ctx, args, by)
}

/// Adds `by` to the number under the key that is word 1 (Redis: t_string.c `incrDecrCommand`). The effect is the
/// command itself: integers give the same sum everywhere.
fn add(ctx: &mut Ctx<'_>, args: Args<'_>, by: i64) -> Outcome {
    let key = HKey::new(word(args, 1));
    let overflow = Failure::text("ERR increment or decrement would overflow");
    let new = match ctx.keys.add_int(&key, by) {
        Sum::Now(new) => new,
        Sum::Overflow => return Err(overflow),
        Sum::NoNumber => add_to_text(ctx, &key, by)?.ok_or(overflow)?,
    };
    ctx.keys.effect(&key, args);
    ctx.keys.changed(&key, Class::String, "incrby");
    ctx.out.int(new);
    Ok(())
}

/// The same for a string that is kept as text but may read as a number; `None` for a sum that does not fit.
fn add_to_text(ctx: &mut Ctx<'_>, key: &HKey<'_>, by: i64) -> Result<Option<i64>, Failure> {
    let Some(entry) = ctx.keys.write(key) else { return Err(Failure::NotInteger) };
    let text = value::bytes(entry, &mut itoa::Buffer::new()).map(parse_i64)?;
    let Some(new) = text.ok_or(Failure::NotInteger)?.checked_add(by) else { return Ok(None) };
    ctx.keys.replace_with(key, |old| with_int(&old, new));
    Ok(Some(new))
}

fn with_int(old: &EntryBox, number: i64) -> EntryBox {
    let entry = EntryBox::new_int(old.key(), number, old.expire_ms());
    entry.set_lru(old.lru());
    entry
}

/// INCRBYFLOAT key increment.
///
/// The effect is a SET of the result: arithmetic on floats is not the same everywhere.
pub fn incrbyfloat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = HKey::new(word(args, 1));
    let old = match ctx.keys.write(&key) {
        None => LongDouble::ZERO,
        Some(entry) => match entry.int_value() {
            Some(number) => LongDouble::from(number),
            None => {
                LongDouble::parse(value::bytes(entry, &mut itoa::Buffer::new())?).ok_or(Failure::NotFloat)?
            }
        },
    };
    let by = LongDouble::parse(word(args, 2)).ok_or(Failure::NotFloat)?;
    let sum = old
        .checked_add(by)
        .filter(|sum| !sum.is_infinite())
        .ok_or(Failure::text("ERR increment would produce NaN or Infinity"))?;
    let mut text = Vec::with_capacity(32);
    sum.write_human(&mut text);
    let replaced = ctx.keys.replace_with(&key, |old| {
        let entry = EntryBox::new_text(old.key(), &text, old.expire_ms());
        entry.set_lru(old.lru());
        entry
    });
    if !replaced {
        ctx.keys.put(&key, EntryBox::new_text(key.bytes, &text, None));
    }
    value::state_set(&mut ctx.keys, &key, &text, Expire::Keep);
    ctx.keys.changed(&key, Class::String, "incrbyfloat");
    ctx.out.bulk(&text);
    Ok(())
}
