//! Registers of 6 bits, packed from the lowest bit of the first byte on.
//!
//! ```text
//!  byte    0         1         2
//!  bits    10000000  22221111  33333322      (highest bit first; the digit is the register)
//! ```

use super::hash::Place;

/// Width of a register.
pub(super) const REGISTER_BITS: usize = 6;
const MAX: u8 = (1 << REGISTER_BITS) - 1;

/// The four registers of three bytes.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "masked")]
fn unpack([a, b, c]: [u8; 3]) -> [u8; 4] {
    let bits = u32::from_le_bytes([a, b, c, 0]);
    [0, 6, 12, 18].map(|shift| (bits >> shift) as u8 & MAX)
}

/// Calls `f` with each register and its value.
#[inline]
pub(super) fn each(body: &[u8], mut f: impl FnMut(usize, u8)) {
    let (groups, _) = body.as_chunks::<3>();
    for (at, group) in groups.iter().enumerate() {
        for (offset, value) in unpack(*group).into_iter().enumerate() {
            f(4 * at + offset, value);
        }
    }
}

#[inline]
fn group(body: &mut [u8], index: usize) -> Option<(&mut [u8; 3], usize)> {
    let (groups, _) = body.as_chunks_mut::<3>();
    Some((groups.get_mut(index / 4)?, index % 4 * REGISTER_BITS))
}

/// Gives a register a value.
#[inline]
pub(super) fn set(body: &mut [u8], index: usize, value: u8) {
    if let Some((bytes, shift)) = group(body, index) {
        let [a, b, c] = *bytes;
        let bits = u32::from_le_bytes([a, b, c, 0]) & !(u32::from(MAX) << shift);
        let [a, b, c, _] = (bits | u32::from(value & MAX) << shift).to_le_bytes();
        *bytes = [a, b, c];
    }
}

/// Raises a register; whether it was lower (hyperloglog.c `hllDenseSet`).
#[inline]
pub(super) fn raise(body: &mut [u8], place: Place) -> bool {
    let old = group(body, place.index).and_then(|(bytes, _)| unpack(*bytes).get(place.index % 4).copied());
    let lower = old.is_some_and(|old| old < place.run);
    if lower {
        set(body, place.index, place.run);
    }
    lower
}
