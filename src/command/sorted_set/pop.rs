//! ZPOPMIN, ZPOPMAX, ZMPOP, and the same for clients that wait: BZPOPMIN, BZPOPMAX, BZMPOP.
//!
//! The effect of each is ZPOPMIN or ZPOPMAX of the key that gave something.

use super::{Args, Ctx, Failure, Outcome};
use crate::command::args::{is, positive, timeout_ms, word};
use crate::command::element::reply_item;
use crate::command::mpop::{Call, wait};
use crate::data::{HKey, Kind, ZSet};
use crate::keyspace::Class;
use crate::resp::{Out, Proto};

/// From which end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Min,
    Max,
}

impl End {
    fn verb(self) -> &'static [u8] {
        if self == End::Min { b"ZPOPMIN" } else { b"ZPOPMAX" }
    }

    fn event(self) -> &'static str {
        if self == End::Min { "zpopmin" } else { "zpopmax" }
    }
}

/// How elements are replied.
#[derive(Clone, Copy)]
enum Shape {
    /// Member, score, member, score.
    Flat,
    /// An array of pairs.
    Pairs,
    /// The key, a member, its score.
    KeyAndOne,
    /// The key, and an array of pairs.
    KeyAndPairs,
}

impl Shape {
    fn head(self, out: &mut Out<'_>, key: &[u8], count: usize) {
        match self {
            Shape::Flat => out.array(count.saturating_mul(2)),
            Shape::Pairs => out.array(count),
            Shape::KeyAndOne => {
                out.array(count.saturating_mul(2).saturating_add(1));
                out.bulk(key);
            }
            Shape::KeyAndPairs => {
                out.array(2);
                out.bulk(key);
                out.array(count);
            }
        }
    }
}

/// Takes up to `count` elements, at least one, off an end and replies them; `None`, with nothing replied, without the key.
/// Events are told; the effect is the caller's.
fn take(
    ctx: &mut Ctx<'_>,
    key: &HKey<'_>,
    end: End,
    count: usize,
    shape: Shape,
) -> Result<Option<usize>, Failure> {
    let out = &mut ctx.out;
    let edited = ctx.keys.edit(key, |zset: &mut ZSet, _| {
        let len = zset.len();
        let count = count.min(len);
        shape.head(out, key.bytes, count);
        let ranks = if end == End::Min { 0..count } else { len - count..len };
        for (member, score) in zset.walk(ranks.clone(), end == End::Max) {
            if matches!(shape, Shape::Pairs | Shape::KeyAndPairs) {
                out.array(2);
            }
            reply_item(out, member);
            out.double(score);
        }
        zset.remove_range(ranks);
        count
    })?;
    let Some(edited) = edited else { return Ok(None) };
    ctx.keys.changed_many(key, edited.result, Class::ZSet, end.event());
    if edited.removed {
        ctx.keys.event(key, Class::Generic, "del");
    }
    Ok(Some(edited.result))
}

/// ZPOPMIN key [count]
pub fn zpopmin(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    zpop(ctx, args, End::Min)
}

/// ZPOPMAX key [count]
pub fn zpopmax(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    zpop(ctx, args, End::Max)
}

fn zpop(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let key = HKey::new(word(args, 1));
    let count = match args.get(2..).unwrap_or_default() {
        [] => None,
        [count] => Some(positive(count)?),
        _ => return Err(Failure::Syntax),
    };
    if count == Some(0) {
        ctx.keys.read_for_write::<ZSet>(&key)?;
        ctx.out.array(0);
        return Ok(());
    }
    let shape = if count.is_some() && ctx.out.proto() == Proto::V3 { Shape::Pairs } else { Shape::Flat };
    match take(ctx, &key, end, count.unwrap_or(1), shape)? {
        Some(_) => ctx.keys.effect(&key, args),
        None => ctx.out.array(0),
    }
    Ok(())
}

/// BZPOPMIN key [key ...] timeout
pub fn bzpopmin(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    bzpop(ctx, args, End::Min)
}

/// BZPOPMAX key [key ...] timeout
pub fn bzpopmax(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    bzpop(ctx, args, End::Max)
}

/// Redis: t_zset.c `blockingGenericZpopCommand`.
fn bzpop(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let keys = 1..args.len().saturating_sub(1);
    let timeout_ms = timeout_ms(word(args, keys.end), ctx.keys.now_ms)?;
    for at in keys.clone() {
        let key = HKey::new(word(args, at));
        if take(ctx, &key, end, 1, Shape::KeyAndOne)?.is_some() {
            ctx.keys.effect(&key, &[end.verb(), key.bytes]);
            return Ok(());
        }
    }
    wait(ctx, keys, timeout_ms, Kind::ZSet)
}

/// ZMPOP numkeys key [key ...] MIN|MAX [COUNT count]
pub fn zmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let call = Call::parse(args, 1, end)?;
    if !run(ctx, args, &call)? {
        ctx.out.null_array();
    }
    Ok(())
}

/// BZMPOP timeout numkeys key [key ...] MIN|MAX [COUNT count]
pub fn bzmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let call = Call::parse(args, 2, end)?;
    let timeout_ms = timeout_ms(word(args, 1), ctx.keys.now_ms)?;
    if run(ctx, args, &call)? { Ok(()) } else { wait(ctx, call.keys, timeout_ms, Kind::ZSet) }
}

/// MIN or MAX.
fn end(word: &[u8]) -> Result<End, Failure> {
    match word {
        end if is(end, "MIN") => Ok(End::Min),
        end if is(end, "MAX") => Ok(End::Max),
        _ => Err(Failure::Syntax),
    }
}

/// Pops from the first sorted set that is there; `false`, having replied nothing, if none is.
fn run(ctx: &mut Ctx<'_>, args: Args<'_>, call: &Call<End>) -> Result<bool, Failure> {
    let count = usize::try_from(call.count).unwrap_or(usize::MAX);
    for at in call.keys.clone() {
        let key = HKey::new(word(args, at));
        if let Some(taken) = take(ctx, &key, call.end, count, Shape::KeyAndPairs)? {
            let mut digits = itoa::Buffer::new();
            ctx.keys.effect(&key, &[call.end.verb(), key.bytes, digits.format(taken).as_bytes()]);
            return Ok(true);
        }
    }
    Ok(false)
}
