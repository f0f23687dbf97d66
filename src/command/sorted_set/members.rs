//! ZREM, ZCARD, ZSCORE, ZMSCORE, ZRANK, ZREVRANK, ZSCAN: members by name.

use super::{Args, Ctx, Failure, Outcome};
use crate::base::numbers::{LongDouble, write_f64};
use crate::command::args::{cursor, is, word};
use crate::command::element::reply_item;
use crate::command::scan::{self, Options};
use crate::data::{HKey, Item, ZSet};
use crate::keyspace::Class;
use crate::resp::Out;
use smallvec::SmallVec;

/// Replies `count` elements: members, or members and scores, which are pairs of their own only in RESP3.
pub fn reply_elements<'z>(
    out: &mut Out<'_>,
    count: usize,
    elements: impl Iterator<Item = (Item<'z>, f64)>,
    with_scores: bool,
) {
    if !with_scores {
        out.array(count);
        return elements.for_each(|(member, _)| reply_item(out, member));
    }
    let nested = out.proto() == crate::resp::Proto::V3;
    out.array(if nested { count } else { count.saturating_mul(2) });
    for (member, score) in elements {
        if nested {
            out.array(2);
        }
        reply_item(out, member);
        out.double(score);
    }
}

/// ZREM key member [member ...]
pub fn zrem(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, members) = (HKey::new(word(args, 1)), args.get(2..).unwrap_or_default());
    let edited = ctx.keys.edit(&key, |zset: &mut ZSet, _| {
        members.iter().filter(|member| zset.remove(member).is_some()).count()
    })?;
    let Some(edited) = edited.filter(|edited| edited.result > 0) else {
        ctx.out.int(0);
        return Ok(());
    };
    ctx.keys.effect(&key, args);
    ctx.keys.changed_many(&key, edited.result, Class::ZSet, "zrem");
    if edited.removed {
        ctx.keys.event(&key, Class::Generic, "del");
    }
    ctx.out.count(edited.result);
    Ok(())
}

/// ZCARD key
pub fn zcard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let zset = ctx.keys.read_as::<ZSet>(&HKey::new(word(args, 1)))?;
    ctx.out.count(zset.map_or(0, ZSet::len));
    Ok(())
}

fn reply_score(out: &mut Out<'_>, score: Option<f64>) {
    match score {
        Some(score) => out.double(score),
        None => out.null(),
    }
}

/// ZSCORE key member
pub fn zscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let zset = ctx.keys.read_as::<ZSet>(&HKey::new(word(args, 1)))?;
    reply_score(&mut ctx.out, zset.and_then(|zset| zset.score(word(args, 2))));
    Ok(())
}

/// ZMSCORE key member [member ...]
pub fn zmscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let zset = ctx.keys.read_as::<ZSet>(&HKey::new(word(args, 1)))?;
    let members = args.get(2..).unwrap_or_default();
    ctx.out.array(members.len());
    for member in members {
        reply_score(&mut ctx.out, zset.and_then(|zset| zset.score(member)));
    }
    Ok(())
}

/// ZRANK key member [WITHSCORE]
pub fn zrank(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    rank(ctx, args, false)
}

/// ZREVRANK key member [WITHSCORE]
pub fn zrevrank(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    rank(ctx, args, true)
}

fn rank(ctx: &mut Ctx<'_>, args: Args<'_>, reverse: bool) -> Outcome {
    let with_score = match args.get(3..).unwrap_or_default() {
        [] => false,
        [option] if is(option, "WITHSCORE") => true,
        [_] => return Err(Failure::Syntax),
        _ => return Err(Failure::Arity(ctx.command.full_name.clone())),
    };
    let zset = ctx.keys.read_as::<ZSet>(&HKey::new(word(args, 1)))?;
    let found = zset.and_then(|zset| {
        let (rank, score) = zset.rank(word(args, 2))?;
        Some((if reverse { zset.len() - 1 - rank } else { rank }, score))
    });
    match (found, with_score) {
        (Some((rank, _)), false) => ctx.out.count(rank),
        (Some((rank, score)), true) => {
            ctx.out.array(2);
            ctx.out.count(rank);
            ctx.out.double(score);
        }
        (None, false) => ctx.out.null(),
        (None, true) => ctx.out.null_array(),
    }
    Ok(())
}

/// ZSCAN key cursor [MATCH pattern] [COUNT count]
pub fn zscan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let from = cursor(word(args, 2))?;
    // Without a key the options are not looked at.
    let Some(zset) = ctx.keys.read_as::<ZSet>(&HKey::new(word(args, 1)))? else {
        scan::head(&mut ctx.out, 0, 0);
        return Ok(());
    };
    let options = Options::parse(args.get(3..).unwrap_or_default(), false)?;
    let mut found: SmallVec<[(Item<'_>, f64); 16]> = SmallVec::new();
    let next = match zset {
        ZSet::Tree(_) | ZSet::Frozen(_) => scan::walk(from, options.count, |at, seen| {
            zset.scan(at, |member, score| {
                *seen += 1;
                found.push((member, score));
            })
        }),
        ZSet::Packed(_) => zset.scan(0, |member, score| found.push((member, score))),
    };
    found.retain(|(member, _)| options.admits(member.bytes(&mut itoa::Buffer::new())));
    let packed = matches!(zset, ZSet::Packed(_));
    scan::head(&mut ctx.out, next, found.len().saturating_mul(2));
    let mut text = Vec::new();
    for (member, score) in found {
        reply_item(&mut ctx.out, member);
        text.clear();
        // As db.c `scanGenericCommand` does it: a listpack's text as it stands there, a table's by ld2string.
        if packed {
            write_f64(&mut text, score);
        } else {
            text.extend_from_slice(LongDouble::from(score).to_auto().as_bytes());
        }
        ctx.out.bulk(&text);
    }
    Ok(())
}
