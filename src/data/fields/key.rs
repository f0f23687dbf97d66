//! An element's name as the table looks it up.
//!
//! ```text
//!  hash of the name under the process's key (as for keys of a database), the same in every collection
//!  mixed = low ^ high half of hash * salt of this table
//!          | fingerprint: 8 bits, never 0 | home: 1 | unused: 3 | pair: 52 bits, the low ones first |
//! ```
//!
//! Why a salt: a client that copies a set with SSCAN and SADD delivers the members in the order of the source's
//! hashes. Without a salt they would all belong to few pairs of the growing copy.

use crate::data::table::key::hash_of;

/// Bits that choose the pair; also those of a cursor.
pub(super) const PAIR_BITS: u32 = 52;

/// A name with its hash, computed once however many collections it is looked up in.
#[derive(Clone, Copy, Debug)]
pub struct FieldKey<'a> {
    /// The name itself.
    pub bytes: &'a [u8],
    hash: u64,
}

impl<'a> FieldKey<'a> {
    /// Computes the hash of `bytes`.
    #[inline]
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, hash: hash_of(bytes) }
    }

    /// A salt for a table whose first element this is. Odd, hence never 0. Taken from the hash instead of a random
    /// number so that a run with a fixed hash key repeats itself.
    #[inline]
    pub(super) fn salt(&self) -> u64 {
        self.hash.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32) | 1
    }

    /// The hash as a table with `salt` uses it.
    #[allow(clippy::cast_possible_truncation, reason = "both halves are used")]
    #[inline]
    pub(super) fn mixed(&self, salt: u64) -> Mixed {
        let product = u128::from(self.hash) * u128::from(salt);
        Mixed(product as u64 ^ (product >> 64) as u64)
    }
}

/// A hash mixed with a table's salt.
#[derive(Clone, Copy)]
pub(super) struct Mixed(u64);

impl Mixed {
    /// The bits that choose the pair.
    #[inline]
    pub(super) fn pair_bits(self) -> u64 {
        self.0 & ((1 << PAIR_BITS) - 1)
    }

    /// Which bucket of its pair an entry prefers: 0 or 1.
    #[inline]
    pub(super) fn home(self) -> usize {
        (self.0 >> PAIR_BITS & 1) as usize
    }

    /// The fingerprint.
    #[inline]
    pub(super) fn tag(self) -> u8 {
        ((self.0 >> 56) as u8).max(1)
    }
}
