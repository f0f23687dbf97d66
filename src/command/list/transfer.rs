//! From one list to another: LMOVE, RPOPLPUSH, BLMOVE, BRPOPLPUSH.
//!
//! The effect of a move stands in the journal of the destination's shard, as that of RENAME does.

use super::value::{end, popped, push_event};
use crate::command::args::{timeout_ms, word};
use crate::command::element::reply_item;
use crate::command::{Args, Ctx, Failure, Outcome, Timeout, Wait};
use crate::data::list::{End, List};
use crate::data::{HKey, Kind};
use crate::keyspace::Class;

/// The ends that an element goes from and to.
#[derive(Clone, Copy)]
struct Way {
    from: End,
    to: End,
}

const RIGHT_TO_LEFT: Way = Way { from: End::Tail, to: End::Head };

/// LMOVE source destination LEFT|RIGHT LEFT|RIGHT
pub fn lmove(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let way = way(args)?;
    move_or_null(ctx, args, way)
}

/// RPOPLPUSH source destination
pub fn rpoplpush(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    move_or_null(ctx, args, RIGHT_TO_LEFT)
}

/// BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout
pub fn blmove(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let way = way(args)?;
    let timeout_ms = timeout_ms(word(args, 5), ctx.keys.now_ms)?;
    let effect = [&b"LMOVE"[..], word(args, 1), word(args, 2), word(args, 3), word(args, 4)];
    move_or_wait(ctx, &effect, way, timeout_ms)
}

/// BRPOPLPUSH source destination timeout
pub fn brpoplpush(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let timeout_ms = timeout_ms(word(args, 3), ctx.keys.now_ms)?;
    let effect = [&b"RPOPLPUSH"[..], word(args, 1), word(args, 2)];
    move_or_wait(ctx, &effect, RIGHT_TO_LEFT, timeout_ms)
}

fn way(args: Args<'_>) -> Result<Way, Failure> {
    Ok(Way { from: end(word(args, 3))?, to: end(word(args, 4))? })
}

fn move_or_null(ctx: &mut Ctx<'_>, args: Args<'_>, way: Way) -> Outcome {
    if !move_one(ctx, args, way)? {
        ctx.out.null();
    }
    Ok(())
}

/// Redis: t_list.c `blmoveGenericCommand`.
fn move_or_wait(ctx: &mut Ctx<'_>, effect: Args<'_>, way: Way, timeout_ms: i64) -> Outcome {
    if move_one(ctx, effect, way)? {
        return Ok(());
    }
    if !ctx.may_block() {
        ctx.out.null();
        return Ok(());
    }
    ctx.block(Wait {
        keys: &[1],
        timeout_ms,
        kind: Kind::List,
        on_timeout: Timeout::NullArray,
        on_delete: false,
        rewrite: None,
    })
}

/// Moves one element and replies with it; the words of `effect` name source and destination. `false`, having replied
/// nothing, if there is no source (t_list.c `lmoveGenericCommand`).
fn move_one(ctx: &mut Ctx<'_>, effect: Args<'_>, way: Way) -> Result<bool, Failure> {
    let (source, target) = (HKey::new(word(effect, 1)), HKey::new(word(effect, 2)));
    if source.bytes == target.bytes {
        return rotate(ctx, &source, effect, way);
    }
    let fits = ctx.keys.peek(&target).is_none_or(|entry| entry.kind() == Kind::List);
    let mark = ctx.out.mark();
    let out = &mut ctx.out;
    let edited = ctx.keys.edit(&source, |list: &mut List, limits| {
        fits.then(|| list.pop(way.from, limits, |item| reply_item(out, item)))
    })?;
    let Some(edited) = edited else { return Ok(false) };
    if edited.result.is_none() {
        return Err(Failure::WrongType);
    }
    // The reply is the copy of the element that goes into the other list.
    let text = ctx.out.bulk_since(mark);
    let pushed = ctx.keys.upsert(&target, List::new, |list, limits| list.push(way.to, &[text], limits))?;
    debug_assert!(!pushed.removed);
    ctx.keys.effect(&target, effect);
    let db = ctx.keys.db;
    ctx.keys.store(&target).also_changed(db, target.bytes, Class::List, push_event(way.to));
    popped(&mut ctx.keys, &source, way.from, 1, edited.removed);
    Ok(true)
}

/// Moves an element of a list within it.
fn rotate(ctx: &mut Ctx<'_>, key: &HKey<'_>, effect: Args<'_>, way: Way) -> Result<bool, Failure> {
    let out = &mut ctx.out;
    let edited = ctx.keys.edit(key, |list: &mut List, limits| {
        list.rotate(way.from, way.to, limits);
        let index = if way.to == End::Head { 0 } else { list.len().saturating_sub(1) };
        if let Some(item) = list.get(index) {
            reply_item(out, item);
        }
    })?;
    if edited.is_some() {
        ctx.keys.effect(key, effect);
        let db = ctx.keys.db;
        ctx.keys.store(key).also_changed(db, key.bytes, Class::List, push_event(way.to));
        popped(&mut ctx.keys, key, way.from, 1, false);
    }
    Ok(edited.is_some())
}
