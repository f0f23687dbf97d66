//! Arguments of the bitmap commands: bit offsets and the units of ranges.

use crate::base::numbers::parse_i64;
use crate::command::args::is;
use crate::command::string::value;
use crate::command::{Failure, Server};

/// A bit offset; behind `#` it counts fields of `bits` bits (BITFIELD only; 0 elsewhere).
///
/// # Errors
/// No integer, negative, or beyond the longest string (Redis: bitops.c `getBitOffsetFromArgument`).
pub fn bit_offset(server: &Server, text: &[u8], bits: u32) -> Result<u64, Failure> {
    let (digits, unit) = match text {
        [b'#', digits @ ..] if bits > 0 => (digits, i64::from(bits)),
        digits => (digits, 1),
    };
    parse_i64(digits)
        .and_then(|n| n.checked_mul(unit))
        .and_then(|n| u64::try_from(n).ok())
        .filter(|n| n >> 3 < value::max_len(server))
        .ok_or(Failure::text("ERR bit offset is not an integer or out of range"))
}

/// Whether a range counts bits (BIT) rather than bytes (BYTE).
///
/// # Errors
/// `Syntax` for any other word.
pub fn counts_bits(word: &[u8]) -> Result<bool, Failure> {
    match word {
        word if is(word, "BIT") => Ok(true),
        word if is(word, "BYTE") => Ok(false),
        _ => Err(Failure::Syntax),
    }
}

/// First and last bit of a range of bytes or bits of a string of `len` bytes, whose ends may count from the end; `None`
/// if it is empty.
pub fn bit_range(start: i64, end: i64, in_bits: bool, len: usize) -> Option<(u64, u64)> {
    let len = len as u64;
    if in_bits {
        return value::clamp_range(start, end, len.saturating_mul(8));
    }
    let (first, last) = value::clamp_range(start, end, len)?;
    Some((first.saturating_mul(8), last.saturating_mul(8).saturating_add(7)))
}
