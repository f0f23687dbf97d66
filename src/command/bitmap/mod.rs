//! The bitmap group: strings as arrays of bits and of small integers (Redis: bitops.c).
//!
//! `bit` (one bit, counting), `bitpos`, `bitop`, `bitfield`; the loops over bits are in `data::bits`.

mod bit;
mod bitfield;
mod bitop;
mod bitpos;
mod integers;
mod operand;

#[cfg(test)]
mod tests;

use super::meta::bitmap as meta;
use super::{Route, Row, Spread};

const KEY: Route = Route::Keys(Spread::Whole);

/// The rows of the group.
pub static ROWS: &[Row] = &[
    Row::new(&meta::BITCOUNT, KEY, bit::bitcount),
    Row::new(&meta::BITFIELD, KEY, bitfield::bitfield),
    Row::new(&meta::BITFIELD_RO, KEY, bitfield::bitfield_ro),
    Row::new(&meta::BITOP, Route::Keys(Spread::Whole), bitop::bitop),
    Row::new(&meta::BITPOS, KEY, bitpos::bitpos),
    Row::new(&meta::GETBIT, KEY, bit::getbit),
    Row::new(&meta::SETBIT, KEY, bit::setbit),
];
