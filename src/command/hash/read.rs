//! HGET, HMGET, HGETALL, HKEYS, HVALS, HLEN, HSTRLEN, HEXISTS, HSCAN.

use super::{Args, Ctx, Outcome};
use crate::command::args::{cursor, word};
use crate::command::element::reply_item;
use crate::command::scan::{self, Options};
use crate::data::hash::Pair;
use crate::data::{HKey, Hash, Item};
use smallvec::SmallVec;

/// HGET key field
pub(super) fn hget(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now_ms = ctx.judge_ms();
    let hash = ctx.keys.read_as::<Hash>(&HKey::new(word(args, 1)))?;
    match hash.and_then(|hash| hash.get(word(args, 2), now_ms)) {
        Some(value) => reply_item(&mut ctx.out, value),
        None => ctx.out.null(),
    }
    Ok(())
}

/// HMGET key field [field ...]
pub(super) fn hmget(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (now_ms, fields) = (ctx.judge_ms(), args.get(2..).unwrap_or_default());
    let hash = ctx.keys.read_as::<Hash>(&HKey::new(word(args, 1)))?;
    ctx.out.array(fields.len());
    for field in fields {
        match hash.and_then(|hash| hash.get(field, now_ms)) {
            Some(value) => reply_item(&mut ctx.out, value),
            None => ctx.out.null(),
        }
    }
    Ok(())
}

/// What HGETALL and its like list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listed {
    Fields,
    Values,
    Both,
}

/// HGETALL key
pub(super) fn hgetall(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    list(ctx, args, Listed::Both)
}

/// HKEYS key
pub(super) fn hkeys(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    list(ctx, args, Listed::Fields)
}

/// HVALS key
pub(super) fn hvals(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    list(ctx, args, Listed::Values)
}

/// Redis: t_hash.c `genericHgetallCommand`.
fn list(ctx: &mut Ctx<'_>, args: Args<'_>, listed: Listed) -> Outcome {
    let now_ms = ctx.judge_ms();
    let hash = ctx.keys.read_as::<Hash>(&HKey::new(word(args, 1)))?;
    // Only a hash with times may hold fields that are not shown.
    let count = hash.map_or(0, |hash| match hash.next_due() {
        Some(due) if due < now_ms => hash.pairs(now_ms).count(),
        _ => hash.len(),
    });
    match listed {
        Listed::Both => ctx.out.map(count),
        _ => ctx.out.array(count),
    }
    for (field, value) in hash.into_iter().flat_map(|hash| hash.pairs(now_ms)) {
        if listed != Listed::Values {
            reply_item(&mut ctx.out, field);
        }
        if listed != Listed::Fields {
            reply_item(&mut ctx.out, value);
        }
    }
    Ok(())
}

/// HLEN key
pub(super) fn hlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let hash = ctx.keys.read_as::<Hash>(&HKey::new(word(args, 1)))?;
    ctx.out.count(hash.map_or(0, Hash::len));
    Ok(())
}

/// HSTRLEN key field
pub(super) fn hstrlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now_ms = ctx.judge_ms();
    let hash = ctx.keys.read_as::<Hash>(&HKey::new(word(args, 1)))?;
    let value = hash.and_then(|hash| hash.get(word(args, 2), now_ms));
    ctx.out.count(value.map_or(0, |value| value.len()));
    Ok(())
}

/// HEXISTS key field
pub(super) fn hexists(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now_ms = ctx.judge_ms();
    let hash = ctx.keys.read_as::<Hash>(&HKey::new(word(args, 1)))?;
    ctx.out.int(i64::from(hash.is_some_and(|hash| hash.contains(word(args, 2), now_ms))));
    Ok(())
}

/// HSCAN key cursor [MATCH pattern] [COUNT count]
pub(super) fn hscan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (from, now_ms) = (cursor(word(args, 2))?, ctx.judge_ms());
    // Without a key the options are not looked at.
    let Some(hash) = ctx.keys.read_as::<Hash>(&HKey::new(word(args, 1)))? else {
        scan::head(&mut ctx.out, 0, 0);
        return Ok(());
    };
    let options = Options::parse(args.get(3..).unwrap_or_default(), false)?;
    let mut found: SmallVec<[Pair<'_>; 16]> = SmallVec::new();
    let next = if let Hash::Table(_) = hash {
        scan::walk(from, options.count, |at, seen| {
            let next = hash.scan(at, now_ms, |pair| {
                *seen += 1;
                found.push(pair);
            });
            next.unwrap_or(0)
        })
    } else {
        found.extend(hash.pairs(now_ms));
        0
    };
    found.retain(|(field, _)| options.admits(Item::bytes(field, &mut itoa::Buffer::new())));
    scan::head(&mut ctx.out, next, found.len() * 2);
    for (field, value) in found {
        reply_item(&mut ctx.out, field);
        reply_item(&mut ctx.out, value);
    }
    Ok(())
}
