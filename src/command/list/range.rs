//! Reading by index: LINDEX, LLEN, LRANGE.

use super::value::{absolute, reply_range, span};
use crate::command::args::{int, word};
use crate::command::element::reply_item;
use crate::command::{Args, Ctx, Outcome};
use crate::data::HKey;
use crate::data::list::{End, List};

/// LLEN key
pub fn llen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = HKey::new(word(args, 1));
    let len = ctx.keys.read_as::<List>(&key)?.map_or(0, List::len);
    ctx.out.count(len);
    Ok(())
}

/// LINDEX key index
pub fn lindex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = HKey::new(word(args, 1));
    let Some(list) = ctx.keys.read_as::<List>(&key)? else {
        ctx.out.null();
        return Ok(());
    };
    // Only now: for a key that is not there any index will do (t_list.c `lindexCommand`).
    let index = int(word(args, 2))?;
    match absolute(index, list.len()).and_then(|index| list.get(index)) {
        Some(item) => reply_item(&mut ctx.out, item),
        None => ctx.out.null(),
    }
    Ok(())
}

/// LRANGE key start stop
pub fn lrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (start, stop) = (int(word(args, 2))?, int(word(args, 3))?);
    let key = HKey::new(word(args, 1));
    let Some(list) = ctx.keys.read_as::<List>(&key)? else {
        ctx.out.array(0);
        return Ok(());
    };
    let (index, n) = span(start, stop, list.len());
    reply_range(&mut ctx.out, list, index, n, End::Tail);
    Ok(())
}
