//! The string group: commands on values that are byte strings (Redis: t_string.c).
//!
//! One file per verb cluster: `set` and `get` (whole values, with their expiry options in `expiry`), `range` (parts and
//! lengths), `incr` (numbers), `multi` (several keys), `lcs`. `value` holds what the bitmap group needs as well.

mod expiry;
mod get;
mod incr;
mod lcs;
mod multi;
mod range;
mod set;
pub(super) mod value;

#[cfg(test)]
mod tests;

use super::meta::string as meta;
use super::{Merge, Route, Row, Spread};

const KEY: Route = Route::Keys(Spread::Whole);

/// The rows of the group.
pub static ROWS: &[Row] = &[
    Row::new(&meta::APPEND, KEY, range::append),
    Row::new(&meta::DECR, KEY, incr::decr),
    Row::new(&meta::DECRBY, KEY, incr::decrby),
    Row::new(&meta::GET, KEY, get::get),
    Row::new(&meta::GETDEL, KEY, get::getdel),
    Row::new(&meta::GETEX, KEY, get::getex),
    Row::new(&meta::GETRANGE, KEY, range::getrange),
    Row::new(&meta::GETSET, KEY, set::getset),
    Row::new(&meta::INCR, KEY, incr::incr),
    Row::new(&meta::INCRBY, KEY, incr::incrby),
    Row::new(&meta::INCRBYFLOAT, KEY, incr::incrbyfloat),
    Row::new(&meta::LCS, Route::Keys(Spread::Whole), lcs::lcs),
    Row::new(&meta::MGET, Route::Keys(Spread::Split { step: 1, merge: Merge::Interleave }), multi::mget),
    Row::new(&meta::MSET, Route::Keys(Spread::Split { step: 2, merge: Merge::Ok }), multi::mset),
    Row::new(&meta::MSETNX, Route::Keys(Spread::Whole), multi::msetnx),
    Row::new(&meta::PSETEX, KEY, set::psetex),
    Row::new(&meta::SET, KEY, set::set),
    Row::new(&meta::SETEX, KEY, set::setex),
    Row::new(&meta::SETNX, KEY, set::setnx),
    Row::new(&meta::SETRANGE, KEY, range::setrange),
    Row::new(&meta::STRLEN, KEY, range::strlen),
    Row::new(&meta::SUBSTR, KEY, range::getrange),
];
