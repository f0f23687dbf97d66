//! Group generic: commands on keys whatever their type.
//!
//! A file per verb cluster: `presence` (is it there, take it away), `expire` and `ttl`, `transfer` (RENAME, COPY, MOVE),
//! `scan`, `random`, `object`, `sort`, `waitaof`.

mod dump;
mod expire;
mod object;
mod presence;
mod random;
mod scan;
mod sort;
mod transfer;
mod ttl;
mod waitaof;

#[cfg(test)]
mod tests;

use super::meta::generic as meta;
use super::{Args, Ctx, Failure, Merge, Route, Row, Spread, args};
use crate::data::Kind;

pub use object::{encoding, refcount_of as refcount};

/// One key, or keys that the handler needs together.
const WHOLE: Route = Route::Keys(Spread::Whole);
/// Keys that count one by one.
const SUM: Route = Route::Keys(Spread::Split { step: 1, merge: Merge::Sum });

/// Rows of this group.
pub static ROWS: &[Row] = &[
    Row::new(&meta::COPY, WHOLE, transfer::copy),
    Row::new(&meta::DEL, SUM, presence::del),
    Row::new(&meta::DUMP, WHOLE, dump::dump),
    Row::new(&meta::EXISTS, SUM, presence::exists),
    Row::new(&meta::EXPIRE, WHOLE, expire::expire),
    Row::new(&meta::EXPIREAT, WHOLE, expire::expireat),
    Row::new(&meta::EXPIRETIME, WHOLE, ttl::expiretime),
    Row::new(&meta::KEYS, Route::Every(Merge::Concat), scan::keys),
    Row::new(&meta::MOVE, WHOLE, transfer::move_key),
    Row::container(&meta::OBJECT, OBJECT),
    Row::new(&meta::PERSIST, WHOLE, expire::persist),
    Row::new(&meta::PEXPIRE, WHOLE, expire::pexpire),
    Row::new(&meta::PEXPIREAT, WHOLE, expire::pexpireat),
    Row::new(&meta::PEXPIRETIME, WHOLE, ttl::pexpiretime),
    Row::new(&meta::PTTL, WHOLE, ttl::pttl),
    Row::new(&meta::RANDOMKEY, Route::Every(Merge::Custom(random::merge)), random::randomkey),
    Row::new(&meta::RENAME, WHOLE, transfer::rename),
    Row::new(&meta::RENAMENX, WHOLE, transfer::renamenx),
    Row::new(&meta::RESTORE, WHOLE, dump::restore),
    Row::new(&super::meta::server::RESTORE_ASKING, WHOLE, dump::restore),
    Row::new(&meta::SCAN, Route::Cursor(1), scan::scan),
    Row::new(&meta::SORT, Route::Far(sort::has_patterns), sort::sort).with_keys(sort::keys_of),
    Row::new(&meta::SORT_RO, Route::Far(sort::has_patterns), sort::sort_ro).with_keys(|_, keys| keys.push(1)),
    Row::new(&meta::TOUCH, SUM, presence::touch),
    Row::new(&meta::TTL, WHOLE, ttl::ttl),
    Row::new(&meta::TYPE, WHOLE, presence::type_of),
    Row::new(&meta::UNLINK, SUM, presence::unlink),
    Row::new(&meta::WAIT, Route::Home, super::server::replication::wait),
    Row::new(&meta::WAITAOF, Route::Home, waitaof::waitaof),
];

const OBJECT: &[Row] = &[
    Row::new(&meta::OBJECT_ENCODING, WHOLE, object::encoding_of),
    Row::new(&meta::OBJECT_FREQ, WHOLE, object::freq),
    Row::new(&meta::OBJECT_HELP, Route::Home, object::help),
    Row::new(&meta::OBJECT_IDLETIME, WHOLE, object::idletime),
    Row::new(&meta::OBJECT_REFCOUNT, WHOLE, object::refcount),
];

/// The name of a type in TYPE and SCAN ... TYPE (object.c `getObjectTypeName`).
pub(crate) fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::List => "list",
        Kind::Set => "set",
        Kind::ZSet => "zset",
        Kind::Hash => "hash",
        Kind::Stream => "stream",
    }
}

/// A word as the index of an existing database.
fn database(ctx: &Ctx<'_>, word: &[u8]) -> Result<usize, Failure> {
    existing_database(ctx, i64::from(args::int32(word)?))
}

/// Checks the index of a database.
pub(super) fn existing_database(ctx: &Ctx<'_>, index: i64) -> Result<usize, Failure> {
    let count = u64::from(ctx.server.config.load().databases);
    usize::try_from(index)
        .ok()
        .filter(|&i| (i as u64) < count)
        .ok_or(Failure::text("ERR DB index is out of range"))
}

/// The first key of a command, which the arity check has made sure of.
fn first(args: Args<'_>) -> crate::data::HKey<'_> {
    crate::data::HKey::new(args::word(args, 1))
}
