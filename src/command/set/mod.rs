//! Group set: unordered collections of distinct strings.
//!
//! A file per verb cluster: `members` (add, remove, look, move, scan), `random` (SPOP, SRANDMEMBER), `algebra` (union,
//! intersection, difference, and storing them).

mod algebra;
mod members;
mod random;

#[cfg(test)]
mod tests;

use super::meta::set as meta;
use super::{Args, Ctx, Failure, Outcome, Route, Row, Spread, args};

/// One key, or keys that the handler needs together.
const WHOLE: Route = Route::Keys(Spread::Whole);

/// Rows of this group.
pub static ROWS: &[Row] = &[
    Row::new(&meta::SADD, WHOLE, members::sadd),
    Row::new(&meta::SCARD, WHOLE, members::scard),
    Row::new(&meta::SDIFF, WHOLE, algebra::sdiff),
    Row::new(&meta::SDIFFSTORE, WHOLE, algebra::sdiffstore),
    Row::new(&meta::SINTER, WHOLE, algebra::sinter),
    Row::new(&meta::SINTERCARD, WHOLE, algebra::sintercard),
    Row::new(&meta::SINTERSTORE, WHOLE, algebra::sinterstore),
    Row::new(&meta::SISMEMBER, WHOLE, members::sismember),
    Row::new(&meta::SMEMBERS, WHOLE, members::smembers),
    Row::new(&meta::SMISMEMBER, WHOLE, members::smismember),
    Row::new(&meta::SMOVE, WHOLE, members::smove),
    Row::new(&meta::SPOP, WHOLE, random::spop),
    Row::new(&meta::SRANDMEMBER, WHOLE, random::srandmember),
    Row::new(&meta::SREM, WHOLE, members::srem),
    Row::new(&meta::SSCAN, WHOLE, members::sscan),
    Row::new(&meta::SUNION, WHOLE, algebra::sunion),
    Row::new(&meta::SUNIONSTORE, WHOLE, algebra::sunionstore),
];
