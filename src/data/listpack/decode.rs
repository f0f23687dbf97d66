//! How entries are read: forward, backward, and for the first time, when nothing about them is known.
//!
//! Nothing here panics on any input. `None` stands for what is no entry; in a pack that was checked that is its end.

use super::InvalidListpack;
use super::encode::{END, backlen_size};
use super::item::Item;

/// Bytes before the first entry: total length in 32 bits, number of entries in 16.
pub(super) const HEADER: usize = 6;
/// Number of entries in the header of a pack that has as many or more: they have to be counted.
pub(super) const COUNT_UNKNOWN: u16 = u16::MAX;

/// Size of an entry by its first byte, length behind included; 0 where that byte does not tell it alone.
#[expect(clippy::cast_possible_truncation, reason = "below 256")]
const SIZES: [u8; 256] = {
    let mut sizes = [0; 256];
    let mut first = 0;
    while first < 256 {
        sizes[first] = match first as u8 {
            0x00..=0x7F => 2,
            short @ 0x80..=0xBF => 2 + (short & 0x3F),
            0xC0..=0xDF => 3,
            0xF1 => 4,
            0xF2 => 5,
            0xF3 => 6,
            0xF4 => 10,
            _ => 0,
        };
        first += 1;
    }
    sizes
};

/// Size of the entry at the start of `rest`, length behind included. It may reach beyond `rest`.
#[inline]
pub(super) fn entry_len(rest: &[u8]) -> Option<usize> {
    match SIZES[usize::from(*rest.first()?)] {
        0 => long_text_len(rest),
        size => Some(usize::from(size)),
    }
}

fn long_text_len(rest: &[u8]) -> Option<usize> {
    let len = match *rest {
        [first @ 0xE0..=0xEF, low, ..] => 2 + (usize::from(first & 0x0F) << 8 | usize::from(low)),
        [0xF0, a, b, c, d, ..] => usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?.checked_add(5)?,
        _ => return None,
    };
    len.checked_add(backlen_size(len))
}

/// The element at the start of `rest`.
#[inline]
pub(super) fn item(rest: &[u8]) -> Option<Item<'_>> {
    Some(match *rest {
        [first @ 0x00..=0x7F, ..] => Item::Int(first.into()),
        [first @ 0x80..=0xBF, ref data @ ..] => Item::Bytes(data.get(..usize::from(first & 0x3F))?),
        // The sign is the fifth bit of the first byte: moved to the top, it is spread on the way back.
        [first @ 0xC0..=0xDF, low, ..] => Item::Int((i16::from_be_bytes([first, low]) << 3 >> 3).into()),
        [first @ 0xE0..=0xEF, low, ref data @ ..] => {
            Item::Bytes(data.get(..usize::from(first & 0x0F) << 8 | usize::from(low))?)
        }
        [0xF0, a, b, c, d, ref data @ ..] => {
            Item::Bytes(data.get(..usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?)?)
        }
        [0xF1, a, b, ..] => Item::Int(i16::from_le_bytes([a, b]).into()),
        [0xF2, a, b, c, ..] => Item::Int((i32::from_le_bytes([0, a, b, c]) >> 8).into()),
        [0xF3, a, b, c, d, ..] => Item::Int(i32::from_le_bytes([a, b, c, d]).into()),
        [0xF4, a, b, c, d, e, f, g, h, ..] => Item::Int(i64::from_le_bytes([a, b, c, d, e, f, g, h])),
        _ => return None,
    })
}

/// The length that is written at the end of `before`, without itself. Redis: listpack.c lpDecodeBacklen.
#[inline]
fn backlen(before: &[u8]) -> Option<usize> {
    let mut len = 0;
    for (place, byte) in before.iter().rev().take(5).enumerate() {
        len |= usize::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(len);
        }
    }
    None
}

/// Where the entry starts that ends at `end`.
#[inline]
pub(super) fn start_of_entry_before(bytes: &[u8], end: usize) -> Option<usize> {
    if end <= HEADER {
        return None;
    }
    // The size of the length follows from its value, not from the bytes read: a foreign pack may have padded it.
    let len = backlen(bytes.get(..end)?)?;
    end.checked_sub(len + backlen_size(len)).filter(|start| *start >= HEADER)
}

/// Whether `bytes` are a listpack through and through. Redis: listpack.c lpValidateIntegrity, deep.
pub(super) fn validate(bytes: &[u8]) -> Result<(), InvalidListpack> {
    let &[a, b, c, d, low, high, .., END] = bytes else { return Err(InvalidListpack::Header) };
    if usize::try_from(u32::from_le_bytes([a, b, c, d])) != Ok(bytes.len()) {
        return Err(InvalidListpack::Header);
    }
    let end = bytes.len() - 1;
    let (mut at, mut count) = (HEADER, 0_usize);
    while at < end {
        let invalid = InvalidListpack::Entry(at);
        let next = entry_len(&bytes[at..end]).and_then(|len| at.checked_add(len)).ok_or(invalid)?;
        // Read within the entry only, which is stricter than Redis: a length that runs on into the neighbour would
        // change its value with it.
        let stated = bytes[at..end].get(..next - at).and_then(backlen).map(|len| len + backlen_size(len));
        if stated != Some(next - at) {
            return Err(invalid);
        }
        (at, count) = (next, count + 1);
    }
    match u16::from_le_bytes([low, high]) {
        COUNT_UNKNOWN => Ok(()),
        stated if usize::from(stated) == count => Ok(()),
        _ => Err(InvalidListpack::Count),
    }
}
