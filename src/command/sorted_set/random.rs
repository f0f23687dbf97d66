//! ZRANDMEMBER: elements by chance, drawn by rank.

use super::members::reply_elements;
use super::{Args, Ctx, Failure, Outcome, args};
use crate::base::prng::Prng;
use crate::command::args::{is, word};
use crate::command::element::reply_item;
use crate::command::sampling::{self, Count};
use crate::data::{HKey, Item, ZSet};

/// Of many elements, few are drawn one by one; else one walk takes them (t_zset.c ZRANDMEMBER_SUB_STRATEGY_MUL).
const DRAW_FACTOR: usize = 3;

/// ZRANDMEMBER key [count [WITHSCORES]]
pub fn zrandmember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    // Redis: LONG_MAX on both sides, so the lowest number has a positive twin.
    let count = args.get(2).map(|count| Count::parse(count, -i64::MAX, i64::MAX)).transpose()?;
    let with_scores = match args.get(3..).unwrap_or_default() {
        [] => false,
        [option] if is(option, "WITHSCORES") => true,
        _ => return Err(Failure::Syntax),
    };
    if with_scores && args::int(word(args, 2))?.unsigned_abs() > (i64::MAX / 2).unsigned_abs() {
        return Err(Failure::text("ERR value is out of range"));
    }
    let key = HKey::new(word(args, 1));
    // A read borrows the store as a whole, so its random numbers are taken out meanwhile.
    let mut rng = ctx.keys.store(&key).rng.clone();
    let outcome = draw(ctx, &key, count, with_scores, &mut rng);
    ctx.keys.store(&key).rng = rng;
    outcome
}

fn draw(
    ctx: &mut Ctx<'_>,
    key: &HKey<'_>,
    count: Option<Count>,
    with_scores: bool,
    rng: &mut Prng,
) -> Outcome {
    let zset = ctx.keys.read_as::<ZSet>(key)?;
    let Some(count) = count else {
        match zset.and_then(|zset| zset.nth(rng.index(zset.len()))) {
            Some((member, _)) => reply_item(&mut ctx.out, member),
            None => ctx.out.null(),
        }
        return Ok(());
    };
    let Some(zset) = zset else {
        ctx.out.array(0);
        return Ok(());
    };
    match count {
        Count::Repeated(n) => {
            let longest = zset.nth(rng.index(zset.len())).map_or(0, |(member, _)| member.len());
            count.check_reply(longest + if with_scores { 24 } else { 0 })?;
            // A listpack is walked once; then each draw is a look-up.
            let packed: Vec<(Item<'_>, f64)> = match zset {
                ZSet::Packed(_) => zset.iter().collect(),
                ZSet::Tree(_) | ZSet::Frozen(_) => Vec::new(),
            };
            let one = |_| {
                let rank = rng.index(zset.len());
                packed.get(rank).copied().or_else(|| zset.nth(rank))
            };
            reply_elements(&mut ctx.out, n, (0..n).filter_map(one), with_scores);
        }
        Count::Distinct(n) if n >= zset.len() => {
            reply_elements(&mut ctx.out, zset.len(), zset.iter(), with_scores);
        }
        Count::Distinct(n) if n.saturating_mul(DRAW_FACTOR) < zset.len() => {
            let ranks = sampling::distinct_few(rng, zset.len(), n);
            let elements = ranks.into_iter().filter_map(|rank| zset.nth(rank));
            reply_elements(&mut ctx.out, n, elements, with_scores);
        }
        Count::Distinct(n) => {
            let mut ranks = sampling::distinct(rng, zset.len(), n).into_iter().peekable();
            let picked = zset.iter().enumerate().filter(|(rank, _)| ranks.next_if_eq(rank).is_some());
            reply_elements(&mut ctx.out, n, picked.map(|(_, element)| element), with_scores);
        }
    }
    Ok(())
}
