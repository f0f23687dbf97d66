//! Group sorted-set: members in the order of their scores.
//!
//! A file per verb cluster: `add` (ZADD, ZINCRBY), `members` (remove, look, rank, scan), `bounds` (how ranges are stated),
//! `range` (all ranges that are read, counted or stored), `remove` (ranges that are removed), `pop` (the ends, also
//! waiting for them), `random`, `algebra` (union, intersection, difference), `store` (a result under a key).

mod add;
mod algebra;
mod bounds;
mod members;
mod pop;
mod random;
mod range;
mod remove;
mod store;

#[cfg(test)]
mod tests;

pub(super) use add::{Addition, Elements};
pub(super) use store::store;

use super::meta::sorted_set as meta;
use super::{Args, Ctx, Failure, Keys, Outcome, Route, Row, Spread, args};

/// One key, or keys that the handler needs together.
const WHOLE: Route = Route::Keys(Spread::Whole);

/// Rows of this group.
pub static ROWS: &[Row] = &[
    Row::new(&meta::BZMPOP, WHOLE, pop::bzmpop),
    Row::new(&meta::BZPOPMAX, WHOLE, pop::bzpopmax),
    Row::new(&meta::BZPOPMIN, WHOLE, pop::bzpopmin),
    Row::new(&meta::ZADD, WHOLE, add::zadd),
    Row::new(&meta::ZCARD, WHOLE, members::zcard),
    Row::new(&meta::ZCOUNT, WHOLE, range::zcount),
    Row::new(&meta::ZDIFF, WHOLE, algebra::zdiff),
    Row::new(&meta::ZDIFFSTORE, WHOLE, algebra::zdiffstore),
    Row::new(&meta::ZINCRBY, WHOLE, add::zincrby),
    Row::new(&meta::ZINTER, WHOLE, algebra::zinter),
    Row::new(&meta::ZINTERCARD, WHOLE, algebra::zintercard),
    Row::new(&meta::ZINTERSTORE, WHOLE, algebra::zinterstore),
    Row::new(&meta::ZLEXCOUNT, WHOLE, range::zlexcount),
    Row::new(&meta::ZMPOP, WHOLE, pop::zmpop),
    Row::new(&meta::ZMSCORE, WHOLE, members::zmscore),
    Row::new(&meta::ZPOPMAX, WHOLE, pop::zpopmax),
    Row::new(&meta::ZPOPMIN, WHOLE, pop::zpopmin),
    Row::new(&meta::ZRANDMEMBER, WHOLE, random::zrandmember),
    Row::new(&meta::ZRANGE, WHOLE, range::zrange),
    Row::new(&meta::ZRANGEBYLEX, WHOLE, range::zrangebylex),
    Row::new(&meta::ZRANGEBYSCORE, WHOLE, range::zrangebyscore),
    Row::new(&meta::ZRANGESTORE, WHOLE, range::zrangestore),
    Row::new(&meta::ZRANK, WHOLE, members::zrank),
    Row::new(&meta::ZREM, WHOLE, members::zrem),
    Row::new(&meta::ZREMRANGEBYLEX, WHOLE, remove::zremrangebylex),
    Row::new(&meta::ZREMRANGEBYRANK, WHOLE, remove::zremrangebyrank),
    Row::new(&meta::ZREMRANGEBYSCORE, WHOLE, remove::zremrangebyscore),
    Row::new(&meta::ZREVRANGE, WHOLE, range::zrevrange),
    Row::new(&meta::ZREVRANGEBYLEX, WHOLE, range::zrevrangebylex),
    Row::new(&meta::ZREVRANGEBYSCORE, WHOLE, range::zrevrangebyscore),
    Row::new(&meta::ZREVRANK, WHOLE, members::zrevrank),
    Row::new(&meta::ZSCAN, WHOLE, members::zscan),
    Row::new(&meta::ZSCORE, WHOLE, members::zscore),
    Row::new(&meta::ZUNION, WHOLE, algebra::zunion),
    Row::new(&meta::ZUNIONSTORE, WHOLE, algebra::zunionstore),
];
