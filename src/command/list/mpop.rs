//! Taking from the first of several lists that has something: LMPOP, BLMPOP, BLPOP, BRPOP.

use super::pop::take;
use super::value::{end, pop_verb, popped};
use crate::command::args::{timeout_ms, word};
use crate::command::element::reply_item;
use crate::command::mpop::{Call, wait};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::list::{End, List};
use crate::data::{HKey, Kind};

/// BLPOP key [key ...] timeout
pub fn blpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop_first(ctx, args, End::Head)
}

/// BRPOP key [key ...] timeout
pub fn brpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop_first(ctx, args, End::Tail)
}

/// Redis: t_list.c `blockingPopGenericCommand`.
fn pop_first(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let keys = 1..args.len().saturating_sub(1);
    let timeout_ms = timeout_ms(word(args, keys.end), ctx.keys.now_ms)?;
    for at in keys.clone() {
        let (key, out) = (HKey::new(word(args, at)), &mut ctx.out);
        let edited = ctx.keys.edit(&key, |list: &mut List, limits| {
            out.array(2);
            out.bulk(key.bytes);
            list.pop(end, limits, |item| reply_item(out, item));
        })?;
        if let Some(edited) = edited {
            ctx.keys.effect(&key, &[pop_verb(end), key.bytes]);
            popped(&mut ctx.keys, &key, end, 1, edited.removed);
            return Ok(());
        }
    }
    wait(ctx, keys, timeout_ms, Kind::List)
}

/// LMPOP numkeys key [key ...] LEFT|RIGHT [COUNT count]
pub fn lmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let call = Call::parse(args, 1, end)?;
    if !run(ctx, args, &call)? {
        ctx.out.null_array();
    }
    Ok(())
}

/// BLMPOP timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]
pub fn blmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let call = Call::parse(args, 2, end)?;
    let timeout_ms = timeout_ms(word(args, 1), ctx.keys.now_ms)?;
    if run(ctx, args, &call)? { Ok(()) } else { wait(ctx, call.keys, timeout_ms, Kind::List) }
}

/// Pops from the first list that is there; `false`, having replied nothing, if none is.
fn run(ctx: &mut Ctx<'_>, args: Args<'_>, call: &Call<End>) -> Result<bool, Failure> {
    for at in call.keys.clone() {
        let key = HKey::new(word(args, at));
        if let Some(taken) = take(ctx, &key, call.end, call.count, Some(key.bytes))? {
            let mut digits = itoa::Buffer::new();
            ctx.keys.effect(&key, &[pop_verb(call.end), key.bytes, digits.format(taken).as_bytes()]);
            return Ok(true);
        }
    }
    Ok(false)
}
