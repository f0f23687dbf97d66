//! From an element to its register: MurmurHash64A, and the run of zeros behind the index.

use super::REGISTERS;

/// Bits of the hash that choose the register.
pub(super) const INDEX_BITS: u32 = 14;
/// The other bits, whose zeros are counted.
pub(super) const RUN_BITS: u32 = 64 - INDEX_BITS;
const SEED: u64 = 0xadc8_3b19;

/// What an element does: it raises the register `index` to `run` at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which register.
    pub index: usize,
    /// Number of zeros at the end of the hash without its index, plus one: 1 to 51.
    pub run: u8,
}

/// The place of an element (hyperloglog.c `hllPatLen`).
#[inline]
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "masked, and at most 51")]
pub fn place(element: &[u8]) -> Place {
    let hash = murmur64a(element, SEED);
    let index = hash as usize & (REGISTERS - 1);
    let rest = (hash >> INDEX_BITS) | 1 << RUN_BITS;
    Place { index, run: rest.trailing_zeros() as u8 + 1 }
}

/// Austin Appleby's MurmurHash2 for 64 bits, on little endian words.
#[inline]
pub(super) fn murmur64a(bytes: &[u8], seed: u64) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    const R: u32 = 47;
    let (words, tail) = bytes.as_chunks::<8>();
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(M);
    for word in words {
        let mut k = u64::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> R;
        hash = (hash ^ k.wrapping_mul(M)).wrapping_mul(M);
    }
    if !tail.is_empty() {
        let last = tail.iter().rev().fold(0, |last, byte| (last << 8) | u64::from(*byte));
        hash = (hash ^ last).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> R)).wrapping_mul(M);
    hash ^ (hash >> R)
}
