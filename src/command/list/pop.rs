//! Taking from one end of a list: LPOP, RPOP.

use super::value::{popped, reply_end};
use crate::command::args::{range, word};
use crate::command::element::reply_item;
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::HKey;
use crate::data::list::{End, List};

/// LPOP key [count]
pub fn lpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop(ctx, args, End::Head)
}

/// RPOP key [count]
pub fn rpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop(ctx, args, End::Tail)
}

/// Redis: t_list.c `popGenericCommand`.
#[inline]
fn pop(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    match args.get(2..).unwrap_or_default() {
        [] => pop_one(ctx, args, end),
        [count] => pop_many(ctx, args, end, count),
        _ => Err(Failure::Arity(ctx.command.full_name.clone())),
    }
}

#[inline]
fn pop_one(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let (key, out) = (HKey::new(word(args, 1)), &mut ctx.out);
    let edited = ctx.keys.edit(&key, |list: &mut List, limits| {
        list.pop(end, limits, |item| reply_item(out, item));
    })?;
    match edited {
        None => ctx.out.null(),
        Some(edited) => {
            ctx.keys.effect(&key, args);
            popped(&mut ctx.keys, &key, end, 1, edited.removed);
        }
    }
    Ok(())
}

fn pop_many(ctx: &mut Ctx<'_>, args: Args<'_>, end: End, count: &[u8]) -> Outcome {
    let max = range(count, 0, i64::MAX, "ERR value is out of range, must be positive")?;
    let key = HKey::new(word(args, 1));
    match take(ctx, &key, end, max, None)? {
        None => ctx.out.null_array(),
        Some(0) => {}
        Some(_) => ctx.keys.effect(&key, args),
    }
    Ok(())
}

/// Pops up to `max` elements and replies an array of them, within an array behind `name` if there is one. Returns their
/// number, `None` having replied nothing if there is no such key. The effect is left to the caller.
///
/// # Errors
/// `WrongType` if the key holds no list.
pub fn take(
    ctx: &mut Ctx<'_>,
    key: &HKey<'_>,
    end: End,
    max: i64,
    name: Option<&[u8]>,
) -> Result<Option<usize>, Failure> {
    let out = &mut ctx.out;
    let edited = ctx.keys.edit(key, |list: &mut List, limits| {
        let n = usize::try_from(max).unwrap_or(usize::MAX).min(list.len());
        if let Some(name) = name {
            out.array(2);
            out.bulk(name);
        }
        reply_end(out, list, n, end);
        let first = if end == End::Head { 0 } else { list.len() - n };
        list.remove_range(first, n, limits);
        n
    })?;
    let Some(edited) = edited else { return Ok(None) };
    if edited.result > 0 {
        popped(&mut ctx.keys, key, end, edited.result, edited.removed);
    }
    Ok(Some(edited.result))
}
