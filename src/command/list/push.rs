//! Adding to one end of a list: LPUSH, RPUSH, LPUSHX, RPUSHX.

use super::value::push_event;
use crate::command::args::word;
use crate::command::{Args, Ctx, Outcome};
use crate::data::list::{End, List};
use crate::data::{HKey, Limits};
use crate::keyspace::Class;

/// LPUSH key element [element ...]
pub fn lpush(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    push(ctx, args, End::Head, true)
}

/// RPUSH key element [element ...]
pub fn rpush(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    push(ctx, args, End::Tail, true)
}

/// LPUSHX key element [element ...]
pub fn lpushx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    push(ctx, args, End::Head, false)
}

/// RPUSHX key element [element ...]
pub fn rpushx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    push(ctx, args, End::Tail, false)
}

/// Redis: t_list.c `pushGenericCommand`.
#[inline]
fn push(ctx: &mut Ctx<'_>, args: Args<'_>, end: End, create: bool) -> Outcome {
    let key = HKey::new(word(args, 1));
    let texts = args.get(2..).unwrap_or_default();
    let edit = |list: &mut List, limits: &Limits| {
        list.push(end, texts, limits);
        list.len()
    };
    let len = if create {
        Some(ctx.keys.upsert(&key, List::new, edit)?.result)
    } else {
        ctx.keys.edit(&key, edit)?.map(|edited| edited.result)
    };
    if len.is_some() {
        ctx.keys.effect(&key, args);
        ctx.keys.changed_many(&key, texts.len(), Class::List, push_event(end));
    }
    ctx.out.count(len.unwrap_or(0));
    Ok(())
}
