//! ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX.

use super::bounds::{Bounds, By};
use super::{Args, Ctx, Outcome};
use crate::command::args::word;
use crate::data::{HKey, ZSet};
use crate::keyspace::Class;

/// ZREMRANGEBYRANK key start stop
pub fn zremrangebyrank(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    remove_range(ctx, args, By::Rank, "zremrangebyrank")
}

/// ZREMRANGEBYSCORE key min max
pub fn zremrangebyscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    remove_range(ctx, args, By::Score, "zremrangebyscore")
}

/// ZREMRANGEBYLEX key min max
pub fn zremrangebylex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    remove_range(ctx, args, By::Lex, "zremrangebylex")
}

/// Redis: t_zset.c `zremrangeGenericCommand`.
fn remove_range(ctx: &mut Ctx<'_>, args: Args<'_>, by: By, event: &'static str) -> Outcome {
    let bounds = Bounds::parse(by, word(args, 2), word(args, 3))?;
    let key = HKey::new(word(args, 1));
    let edited = ctx.keys.edit(&key, |zset: &mut ZSet, _| {
        let ranks = bounds.ranks(zset, false);
        let count = ranks.len();
        if count > 0 {
            zset.remove_range(ranks);
        }
        count
    })?;
    let Some(edited) = edited.filter(|edited| edited.result > 0) else {
        ctx.out.int(0);
        return Ok(());
    };
    ctx.keys.effect(&key, args);
    ctx.keys.changed_many(&key, edited.result, Class::ZSet, event);
    if edited.removed {
        ctx.keys.event(&key, Class::Generic, "del");
    }
    ctx.out.count(edited.result);
    Ok(())
}
