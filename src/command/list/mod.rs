//! The list group: commands on sequences of byte strings (Redis: t_list.c).
//!
//! One file per verb cluster: `push` and `pop` (one list's ends), `range` (reading by index), `edit` (changes by index or
//! value), `search` (LPOS), `transfer` (from one list to another), `mpop` (the first list of several that has something).
//! Commands that wait are in the file of those that do not: a command that waits is run again as if it had just come.
//! `value` holds what all of them need.

mod edit;
mod mpop;
mod pop;
mod push;
mod range;
mod search;
mod transfer;
mod value;

#[cfg(test)]
mod tests;

use super::meta::list as meta;
use super::{Route, Row, Spread};

const KEY: Route = Route::Keys(Spread::Whole);

/// The rows of the group.
pub static ROWS: &[Row] = &[
    Row::new(&meta::BLMOVE, KEY, transfer::blmove),
    Row::new(&meta::BLMPOP, KEY, mpop::blmpop),
    Row::new(&meta::BLPOP, KEY, mpop::blpop),
    Row::new(&meta::BRPOP, KEY, mpop::brpop),
    Row::new(&meta::BRPOPLPUSH, KEY, transfer::brpoplpush),
    Row::new(&meta::LINDEX, KEY, range::lindex),
    Row::new(&meta::LINSERT, KEY, edit::linsert),
    Row::new(&meta::LLEN, KEY, range::llen),
    Row::new(&meta::LMOVE, KEY, transfer::lmove),
    Row::new(&meta::LMPOP, KEY, mpop::lmpop),
    Row::new(&meta::LPOP, KEY, pop::lpop),
    Row::new(&meta::LPOS, KEY, search::lpos),
    Row::new(&meta::LPUSH, KEY, push::lpush),
    Row::new(&meta::LPUSHX, KEY, push::lpushx),
    Row::new(&meta::LRANGE, KEY, range::lrange),
    Row::new(&meta::LREM, KEY, edit::lrem),
    Row::new(&meta::LSET, KEY, edit::lset),
    Row::new(&meta::LTRIM, KEY, edit::ltrim),
    Row::new(&meta::RPOP, KEY, pop::rpop),
    Row::new(&meta::RPOPLPUSH, KEY, transfer::rpoplpush),
    Row::new(&meta::RPUSH, KEY, push::rpush),
    Row::new(&meta::RPUSHX, KEY, push::rpushx),
];
