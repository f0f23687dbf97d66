//! HINCRBY and HINCRBYFLOAT: numbers as values.

use super::{Args, Ctx, Failure, Outcome};
use crate::base::numbers::LongDouble;
use crate::command::args::{int, word};
use crate::data::hash::{FieldTtl, Ttl};
use crate::data::{HKey, Hash, Item, Limits};
use crate::keyspace::Class;

/// HINCRBY key field increment
pub(super) fn hincrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, field, by) = (HKey::new(word(args, 1)), word(args, 2), int(word(args, 3))?);
    let now_ms = ctx.judge_ms();
    let edited = ctx.keys.upsert(&key, Hash::default, |hash, limits| {
        let old = match hash.get(field, now_ms) {
            None => 0,
            Some(value) => value.as_i64().ok_or(Failure::text("ERR hash value is not an integer"))?,
        };
        let overflow = Failure::text("ERR increment or decrement would overflow");
        let new = old.checked_add(by).ok_or(overflow)?;
        hash.set(field, itoa::Buffer::new().format(new).as_bytes(), Ttl::Keep, limits, now_ms);
        Ok::<i64, Failure>(new)
    })?;
    let new = edited.result?;
    ctx.keys.effect(&key, args);
    ctx.keys.changed(&key, Class::Hash, "hincrby");
    ctx.out.int(new);
    Ok(())
}

/// HINCRBYFLOAT key field increment
///
/// The effect is the result, since arithmetic on floats is not the same everywhere; HSET takes a field's time away, so
/// that is stated too.
pub(super) fn hincrbyfloat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, field) = (HKey::new(word(args, 1)), word(args, 2));
    let by = LongDouble::parse(word(args, 3)).ok_or(Failure::NotFloat)?;
    if by.is_infinite() {
        return Err(Failure::text("ERR value is NaN or Infinity"));
    }
    let now_ms = ctx.judge_ms();
    let edited =
        ctx.keys.upsert(&key, Hash::default, |hash, limits| add_float(hash, field, by, limits, now_ms))?;
    let (text, ttl) = edited.result?;
    if ctx.keys.journaled(&key) {
        ctx.keys.effect(&key, &[b"HSET", key.bytes, field, &text]);
        if let FieldTtl::At(at) = ttl {
            let mut digits = itoa::Buffer::new();
            let at = digits.format(at).as_bytes();
            ctx.keys.effect(&key, &[b"HPEXPIREAT", key.bytes, at, b"FIELDS", b"1", field]);
        }
    }
    ctx.keys.changed(&key, Class::Hash, "hincrbyfloat");
    ctx.out.bulk(&text);
    Ok(())
}

/// Adds to the field; the result as text, and the field's time.
fn add_float(
    hash: &mut Hash,
    field: &[u8],
    by: LongDouble,
    limits: &Limits,
    now_ms: i64,
) -> Result<(Vec<u8>, FieldTtl), Failure> {
    let old = match hash.get(field, now_ms) {
        None => LongDouble::ZERO,
        Some(Item::Int(number)) => LongDouble::from(number),
        Some(Item::Bytes(text)) => {
            LongDouble::parse(text).ok_or(Failure::text("ERR hash value is not a float"))?
        }
    };
    let sum = old
        .checked_add(by)
        .filter(|sum| !sum.is_infinite())
        .ok_or(Failure::text("ERR increment would produce NaN or Infinity"))?;
    let mut text = Vec::with_capacity(32);
    sum.write_human(&mut text);
    hash.set(field, &text, Ttl::Keep, limits, now_ms);
    Ok((text, hash.ttl(field, now_ms)))
}
