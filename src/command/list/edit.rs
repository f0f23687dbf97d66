//! Changes by index or by value: LINSERT, LREM, LSET, LTRIM.

use super::value::{absolute, changed, span};
use crate::command::args::{int, is, word};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::HKey;
use crate::data::list::{End, List};

/// LSET key index element
pub fn lset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, text) = (HKey::new(word(args, 1)), word(args, 3));
    let edited = ctx.keys.edit(&key, |list: &mut List, limits| {
        let index = int(word(args, 2))?;
        // An index beyond the end, so that the list makes room for the element also where none is replaced, as Redis's
        // does.
        let index = absolute(index, list.len()).unwrap_or(usize::MAX);
        if list.set(index, text, limits) { Ok(()) } else { Err(Failure::OutOfRange) }
    })?;
    edited.ok_or(Failure::NoSuchKey)?.result?;
    ctx.keys.effect(&key, args);
    changed(&mut ctx.keys, &key, 1, "lset", false);
    ctx.out.ok();
    Ok(())
}

/// LINSERT key BEFORE|AFTER pivot element
pub fn linsert(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let side = match word(args, 2) {
        side if is(side, "BEFORE") => End::Head,
        side if is(side, "AFTER") => End::Tail,
        _ => return Err(Failure::Syntax),
    };
    let key = HKey::new(word(args, 1));
    let edited = ctx.keys.edit(&key, |list: &mut List, limits| {
        list.insert(side, word(args, 3), word(args, 4), limits).then(|| list.len())
    })?;
    match edited.map(|edited| edited.result) {
        None => ctx.out.int(0),
        Some(None) => ctx.out.int(-1),
        Some(Some(len)) => {
            ctx.keys.effect(&key, args);
            changed(&mut ctx.keys, &key, 1, "linsert", false);
            ctx.out.count(len);
        }
    }
    Ok(())
}

/// LREM key count element: the first `count` from the head, the last ones if it is negative, all if it is 0.
pub fn lrem(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let count = int(word(args, 2))?;
    let (key, text) = (HKey::new(word(args, 1)), word(args, 3));
    let from = if count < 0 { End::Tail } else { End::Head };
    let max = match count {
        0 => usize::MAX,
        _ => usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX),
    };
    let edited = ctx.keys.edit(&key, |list: &mut List, limits| list.remove_equal(text, max, from, limits))?;
    let (gone, removed) = edited.map_or((0, false), |edited| (edited.result, edited.removed));
    if gone > 0 {
        ctx.keys.effect(&key, args);
        changed(&mut ctx.keys, &key, gone, "lrem", removed);
    }
    ctx.out.count(gone);
    Ok(())
}

/// LTRIM key start stop
pub fn ltrim(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (start, stop) = (int(word(args, 2))?, int(word(args, 3))?);
    let key = HKey::new(word(args, 1));
    let edited = ctx.keys.edit(&key, |list: &mut List, limits| {
        let len = list.len();
        let (index, n) = span(start, stop, len);
        if n == 0 {
            list.remove_range(0, len, limits);
        } else if n < len {
            list.remove_range(index + n, len, limits);
            list.remove_range(0, index, limits);
        }
        len - n
    })?;
    if let Some(edited) = edited {
        // Of a list that stays as it is the event is told all the same, but nothing is to be repeated elsewhere.
        if edited.result > 0 {
            ctx.keys.effect(&key, args);
        }
        changed(&mut ctx.keys, &key, edited.result, "ltrim", edited.removed);
    }
    ctx.out.ok();
    Ok(())
}
