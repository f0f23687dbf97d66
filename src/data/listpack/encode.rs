//! How an element is written: head, data, and its length once more to be read from behind.
//!
//! ```text
//!  0xxxxxxx                                   number 0..=127
//!  10llllll data                              string up to 63 bytes
//!  110xxxxx xxxxxxxx                          number of 13 bits
//!  1110llll llllllll data                     string up to 4,095 bytes
//!  11110000 length (4 bytes) data             any longer string
//!  11110001 .. 11110100 number                numbers of 2, 3, 4 and 8 bytes, little endian
//!  11111111                                   the end of the pack
//! ```
//!
//! The length behind (*backlen*) counts head and data. It is written in 7-bit groups, the highest first; every byte
//! but the first has its high bit set, so that a reader who comes from behind knows when to stop.
//! Redis: listpack.c lpEncodeIntegerGetType, lpEncodeString, lpEncodeBacklen.

use super::item::Item;
use crate::base::numbers::parse_i64;

/// The byte that ends a pack.
pub(super) const END: u8 = 0xFF;
/// First byte of the shortest strings, their length aside.
pub(super) const SHORT_TEXT: u8 = 0x80;
/// Strings shorter than this have one byte of head.
pub(super) const SHORT_TEXT_END: usize = 64;
/// Strings shorter than this, and not short, have two.
const MIDDLE_TEXT_END: usize = 4_096;

/// Bytes that the length behind an entry takes, whose head and data are `len` bytes.
///
/// The bounds are Redis's, where from the second on a group is taken one number before it would be needed.
#[inline]
pub(super) const fn backlen_size(len: usize) -> usize {
    match len {
        0..=127 => 1,
        128..=16_382 => 2,
        16_383..=2_097_150 => 3,
        2_097_151..=268_435_454 => 4,
        _ => 5,
    }
}

/// An element ready to be copied into a pack.
pub(super) struct Encoded<'a> {
    head: [u8; 9],
    head_len: usize,
    data: &'a [u8],
    back: [u8; 5],
    back_len: usize,
}

#[expect(clippy::cast_possible_truncation, reason = "bytes of a wider number")]
impl<'a> Encoded<'a> {
    /// The shortest form of a string: a number where it is one.
    #[inline]
    pub(super) fn of_bytes(text: &'a [u8]) -> Self {
        match parse_i64(text) {
            Some(number) => Self::of_int(number),
            None => Self::of_text(text),
        }
    }

    pub(super) fn of_item(item: Item<'a>) -> Self {
        match item {
            Item::Int(number) => Self::of_int(number),
            Item::Bytes(bytes) => Self::of_bytes(bytes),
        }
    }

    #[inline]
    fn of_text(text: &'a [u8]) -> Self {
        let len = text.len();
        assert!(len <= u32::MAX as usize, "a string beyond the format");
        if len < SHORT_TEXT_END {
            Self::assemble([SHORT_TEXT | len as u8], text)
        } else if len < MIDDLE_TEXT_END {
            Self::assemble([0xE0 | (len >> 8) as u8, len as u8], text)
        } else {
            let [a, b, c, d] = (len as u32).to_le_bytes();
            Self::assemble([0xF0, a, b, c, d], text)
        }
    }

    /// The shortest form of a number.
    #[inline]
    pub(super) fn of_int(number: i64) -> Encoded<'static> {
        let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
        match number {
            0..=127 => Encoded::assemble([a], &[]),
            -4_096..=4_095 => Encoded::assemble([0xC0 | (b & 0x1F), a], &[]),
            -32_768..=32_767 => Encoded::assemble([0xF1, a, b], &[]),
            -8_388_608..=8_388_607 => Encoded::assemble([0xF2, a, b, c], &[]),
            -2_147_483_648..=2_147_483_647 => Encoded::assemble([0xF3, a, b, c, d], &[]),
            _ => Encoded::assemble([0xF4, a, b, c, d, e, f, g, h], &[]),
        }
    }

    #[inline]
    fn assemble<const N: usize>(start: [u8; N], data: &'a [u8]) -> Self {
        let mut head = [0; 9];
        head[..N].copy_from_slice(&start);
        let len = N + data.len();
        let back_len = backlen_size(len);
        let mut back = [0; 5];
        for (place, byte) in back[..back_len].iter_mut().rev().enumerate() {
            *byte = (len >> (7 * place)) as u8 | 0x80;
        }
        back[0] &= 0x7F;
        Self { head, head_len: N, data, back, back_len }
    }

    /// What has to be copied, in order.
    #[inline]
    pub(super) fn parts(&self) -> [&[u8]; 3] {
        [&self.head[..self.head_len], self.data, &self.back[..self.back_len]]
    }

    /// Bytes of the whole entry.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.head_len + self.data.len() + self.back_len
    }
}
