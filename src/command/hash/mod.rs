//! Group hash: fields with values under one key.
//!
//! A file per verb cluster: `write` (set, delete), `read` (look, list, scan), `incr` (numbers), `random` (HRANDFIELD),
//! `expire` and `ttl` (times to live of single fields, Redis 7.4).

mod expire;
mod incr;
mod random;
mod read;
mod ttl;
mod write;

#[cfg(test)]
mod tests;

use super::meta::hash as meta;
use super::{Args, Ctx, Failure, Outcome, Route, Row, Spread};
use crate::command::args;

/// One key.
const KEY: Route = Route::Keys(Spread::Whole);

/// Rows of this group.
pub static ROWS: &[Row] = &[
    Row::new(&meta::HDEL, KEY, write::hdel),
    Row::new(&meta::HEXISTS, KEY, read::hexists),
    Row::new(&meta::HEXPIRE, KEY, expire::hexpire),
    Row::new(&meta::HEXPIREAT, KEY, expire::hexpireat),
    Row::new(&meta::HEXPIRETIME, KEY, ttl::hexpiretime),
    Row::new(&meta::HGET, KEY, read::hget),
    Row::new(&meta::HGETALL, KEY, read::hgetall),
    Row::new(&meta::HINCRBY, KEY, incr::hincrby),
    Row::new(&meta::HINCRBYFLOAT, KEY, incr::hincrbyfloat),
    Row::new(&meta::HKEYS, KEY, read::hkeys),
    Row::new(&meta::HLEN, KEY, read::hlen),
    Row::new(&meta::HMGET, KEY, read::hmget),
    Row::new(&meta::HMSET, KEY, write::hmset),
    Row::new(&meta::HPERSIST, KEY, ttl::hpersist),
    Row::new(&meta::HPEXPIRE, KEY, expire::hpexpire),
    Row::new(&meta::HPEXPIREAT, KEY, expire::hpexpireat),
    Row::new(&meta::HPEXPIRETIME, KEY, ttl::hpexpiretime),
    Row::new(&meta::HPTTL, KEY, ttl::hpttl),
    Row::new(&meta::HRANDFIELD, KEY, random::hrandfield),
    Row::new(&meta::HSCAN, KEY, read::hscan),
    Row::new(&meta::HSET, KEY, write::hset),
    Row::new(&meta::HSETNX, KEY, write::hsetnx),
    Row::new(&meta::HSTRLEN, KEY, read::hstrlen),
    Row::new(&meta::HTTL, KEY, ttl::httl),
    Row::new(&meta::HVALS, KEY, read::hvals),
];

/// The fields behind `FIELDS count`, of which word `at` is the first (t_hash.c `hexpireGenericCommand`).
///
/// # Errors
/// The word is missing, the count is none (`bad_count`) or not that of the words.
fn listed_fields<'a>(args: Args<'a>, at: usize, bad_count: &'static str) -> Result<Args<'a>, Failure> {
    if !args::is(args::word(args, at), "FIELDS") {
        return Err(Failure::text("ERR Mandatory argument FIELDS is missing or not at the right position"));
    }
    let count = args::int_or(args::word(args, at + 1), bad_count)?;
    let count = usize::try_from(count).ok().filter(|&n| n > 0).ok_or(Failure::text(bad_count))?;
    let fields = args.get(at + 2..).unwrap_or_default();
    if fields.len() != count {
        return Err(Failure::text("ERR The `numfields` parameter must match the number of arguments"));
    }
    Ok(fields)
}
