//! ZRANGE and all its older forms, ZRANGESTORE, ZCOUNT, ZLEXCOUNT.

use super::bounds::{self, Bounds, By};
use super::members::reply_elements;
use super::{Args, Ctx, Failure, Outcome, store};
use crate::command::args::{int, is, word};
use crate::data::zset::Gather;
use crate::data::{HKey, ZSet};
use std::ops::Range;

/// What the name of the command decides, and options need not.
#[derive(Clone, Copy)]
struct Form {
    /// The word that is the sorted set; the ends of the range follow.
    source: usize,
    /// `None`: BYSCORE and BYLEX decide.
    by: Option<By>,
    /// `None`: REV decides.
    reverse: Option<bool>,
    /// The result is stored: there is no WITHSCORES.
    stores: bool,
}

/// A range that is asked for.
struct Query<'a> {
    bounds: Bounds<'a>,
    reverse: bool,
    with_scores: bool,
    offset: i64,
    /// Negative for no limit.
    limit: i64,
}

/// ZRANGE key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]
pub fn zrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, None, None)
}

/// ZREVRANGE key start stop [WITHSCORES]
pub fn zrevrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, Some(By::Rank), Some(true))
}

/// ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]
pub fn zrangebyscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, Some(By::Score), Some(false))
}

/// ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]
pub fn zrevrangebyscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, Some(By::Score), Some(true))
}

/// ZRANGEBYLEX key min max [LIMIT offset count]
pub fn zrangebylex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, Some(By::Lex), Some(false))
}

/// ZREVRANGEBYLEX key max min [LIMIT offset count]
pub fn zrevrangebylex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, Some(By::Lex), Some(true))
}

fn reply(ctx: &mut Ctx<'_>, args: Args<'_>, by: Option<By>, reverse: Option<bool>) -> Outcome {
    let query = Query::parse(args, Form { source: 1, by, reverse, stores: false })?;
    let Some(zset) = ctx.keys.read_as::<ZSet>(&HKey::new(word(args, 1)))? else {
        ctx.out.array(0);
        return Ok(());
    };
    let ranks = query.ranks(zset);
    let count = ranks.len();
    reply_elements(&mut ctx.out, count, zset.walk(ranks, query.reverse), query.with_scores);
    Ok(())
}

/// ZRANGESTORE dst src min max [BYSCORE|BYLEX] [REV] [LIMIT offset count]
pub fn zrangestore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let query = Query::parse(args, Form { source: 2, by: None, reverse: None, stores: true })?;
    let dest = HKey::new(word(args, 1));
    let limits = ctx.keys.store(&dest).limits;
    let mut result = ZSet::default();
    if let Some(zset) = ctx.keys.read_as::<ZSet>(&HKey::new(word(args, 2)))? {
        let ranks = query.ranks(zset);
        let mut gather = Gather::with_capacity(ranks.len());
        for (member, score) in zset.walk(ranks, false) {
            gather.put(member.bytes(&mut itoa::Buffer::new()), score, |present| present);
        }
        result = gather.finish(&limits);
    }
    store(ctx, &dest, args, result, "zrangestore", 1)
}

impl<'a> Query<'a> {
    /// Reads the words (t_zset.c `zrangeGenericCommand`).
    fn parse(args: Args<'a>, form: Form) -> Result<Query<'a>, Failure> {
        let Form { source, mut by, mut reverse, stores } = form;
        let (mut with_scores, mut offset, mut limit) = (false, 0, -1);
        let mut words = args.get(source + 3..).unwrap_or_default();
        while let Some((option, rest)) = words.split_first() {
            words = rest;
            if !stores && is(option, "WITHSCORES") {
                with_scores = true;
            } else if let [first, second, behind @ ..] = rest
                && is(option, "LIMIT")
            {
                (offset, limit) = (int(first)?, int(second)?);
                words = behind;
            } else if reverse.is_none() && is(option, "REV") {
                reverse = Some(true);
            } else if by.is_none() && is(option, "BYLEX") {
                by = Some(By::Lex);
            } else if by.is_none() && is(option, "BYSCORE") {
                by = Some(By::Score);
            } else {
                return Err(Failure::Syntax);
            }
        }
        let (by, reverse) = (by.unwrap_or(By::Rank), reverse.unwrap_or(false));
        if limit != -1 && by == By::Rank {
            return Err(Failure::text(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        if with_scores && by == By::Lex {
            return Err(Failure::text(
                "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ));
        }
        let (mut min, mut max) = (word(args, source + 1), word(args, source + 2));
        if reverse && by != By::Rank {
            (min, max) = (max, min);
        }
        Ok(Query { bounds: Bounds::parse(by, min, max)?, reverse, with_scores, offset, limit })
    }

    /// The ranks that are asked for, lowest score first.
    fn ranks(&self, zset: &ZSet) -> Range<usize> {
        let ranks = self.bounds.ranks(zset, self.reverse);
        // A negative offset never counts down to zero in Redis: nothing is left.
        let offset = usize::try_from(self.offset).map_or(ranks.len(), |offset| offset.min(ranks.len()));
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX).min(ranks.len() - offset);
        if self.reverse {
            let end = ranks.end - offset;
            end - limit..end
        } else {
            let start = ranks.start + offset;
            start..start + limit
        }
    }
}

/// ZCOUNT key min max
pub fn zcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let range = bounds::scores(word(args, 2), word(args, 3))?;
    let zset = ctx.keys.read_as::<ZSet>(&HKey::new(word(args, 1)))?;
    ctx.out.count(zset.map_or(0, |zset| zset.ranks_by_score(&range).len()));
    Ok(())
}

/// ZLEXCOUNT key min max
pub fn zlexcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let range = bounds::members(word(args, 2), word(args, 3))?;
    let zset = ctx.keys.read_as::<ZSet>(&HKey::new(word(args, 1)))?;
    ctx.out.count(zset.map_or(0, |zset| zset.ranks_by_lex(&range, false).len()));
    Ok(())
}
