//! Group stream: entries in the order of their ids, read by anybody or by groups of consumers (t_stream.c).
//!
//! A file per verb cluster: `add` (XADD, XTRIM, with the options in `trim`), `range` (XLEN, XRANGE, XDEL, XSETID), `read`
//! (XREAD) and `read_group` (XREADGROUP), `group` (XGROUP), `pending` (XACK, XPENDING), `claim` (XCLAIM, XAUTOCLAIM),
//! `info` (XINFO). `ids` reads ids, `reply` writes entries, `effects` states what happened to pending entries.
//!
//! As in Redis, what changes only in a group is no change of the key to those who watch it ([`noted`]).

mod add;
mod claim;
mod effects;
mod group;
mod ids;
mod info;
mod pending;
mod range;
mod read;
mod read_group;
mod reply;
mod trim;

#[cfg(test)]
mod tests;

use super::args::c_str;
use super::meta::stream as meta;
use super::{Args, Ctx, Failure, Keys, Outcome, Route, Row, Spread};
use crate::data::{HKey, Stream};
use crate::keyspace::Class;

/// Keys of one shard or of several, all at once.
const KEYS: Route = Route::Keys(Spread::Whole);

/// Rows of this group.
pub static ROWS: &[Row] = &[
    Row::new(&meta::XACK, KEYS, pending::xack),
    Row::new(&meta::XADD, KEYS, add::xadd),
    Row::new(&meta::XAUTOCLAIM, KEYS, claim::xautoclaim),
    Row::new(&meta::XCLAIM, KEYS, claim::xclaim),
    Row::new(&meta::XDEL, KEYS, range::xdel),
    Row::container(&meta::XGROUP, group::ROWS),
    Row::container(&meta::XINFO, info::ROWS),
    Row::new(&meta::XLEN, KEYS, range::xlen),
    Row::new(&meta::XPENDING, KEYS, pending::xpending),
    Row::new(&meta::XRANGE, KEYS, range::xrange),
    Row::new(&meta::XREAD, KEYS, read::xread),
    Row::new(&meta::XREADGROUP, KEYS, read_group::xreadgroup),
    Row::new(&meta::XREVRANGE, KEYS, range::xrevrange),
    Row::new(&meta::XSETID, KEYS, range::xsetid),
    Row::new(&meta::XTRIM, KEYS, add::xtrim),
];

/// The dataset counts `count` changes of the key's groups, and `event` is told. Those who watch the key are not: Redis
/// does not call `signalModifiedKey` for them.
fn noted(keys: &mut Keys<'_>, key: &HKey<'_>, count: u64, event: Option<&'static str>) {
    let store = keys.store(key);
    store.stats.dirty = store.stats.dirty.wrapping_add(count);
    if let Some(event) = event {
        keys.event(key, Class::Stream, event);
    }
}

/// networking.c `addReplySubcommandSyntaxError`.
fn bad_subcommand(args: Args<'_>) -> Failure {
    let word = |i: usize| args.get(i).map_or(&[][..], |word| c_str(word));
    let sub = word(1);
    let sub = sub.get(..sub.len().min(128)).unwrap_or_default();
    let parts: [&[u8]; 5] = [
        b"ERR unknown subcommand or wrong number of arguments for '",
        sub,
        b"'. Try ",
        &word(0).to_ascii_uppercase(),
        b" HELP.",
    ];
    Failure::Bytes(parts.concat())
}

/// The error of a command whose group is not there, or its key.
fn no_group(key: &[u8], group: &[u8], tail: &[u8]) -> Failure {
    let parts: [&[u8]; 6] =
        [b"NOGROUP No such key '", c_str(key), b"' or consumer group '", c_str(group), b"'", tail];
    Failure::Bytes(parts.concat())
}

/// The error of a command whose group is not there, though its key is.
fn no_group_in(key: &[u8], group: &[u8]) -> Failure {
    let parts: [&[u8]; 5] =
        [b"NOGROUP No such consumer group '", c_str(group), b"' for key name '", c_str(key), b"'"];
    Failure::Bytes(parts.concat())
}

/// Fails unless the key holds a stream with this group. A read of the key, also where the command goes on to write: so
/// Redis looks it up.
fn require_group(keys: &mut Keys<'_>, key: &HKey<'_>, group: &[u8], tail: &[u8]) -> Outcome {
    match keys.read_as::<Stream>(key)?.and_then(|stream| stream.group(group)) {
        Some(_) => Ok(()),
        None => Err(no_group(key.bytes, group, tail)),
    }
}

/// The turn's time as ids have it.
fn now_ms(ctx: &Ctx<'_>) -> u64 {
    u64::try_from(ctx.keys.now_ms).unwrap_or(0)
}
