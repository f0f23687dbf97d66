//! A key as the table looks it up: its bytes, hash slot and hash, computed once per command.

use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

use ahash::RandomState;

use crate::data::slot::{SLOT_BITS, key_slot};

/// Bits of a position: the slot, then the high bits of the hash.
pub(super) const POSITION_BITS: u32 = 52;
/// Bits of a position below the slot.
pub(super) const LOCAL_BITS: u32 = POSITION_BITS - SLOT_BITS;
/// One past the highest position.
pub(super) const POSITION_END: u64 = 1 << POSITION_BITS;

static HASH_KEY: OnceLock<RandomState> = OnceLock::new();

fn seeded(seed: u64) -> RandomState {
    RandomState::with_seeds(seed, seed ^ 0x9E37_79B9_7F4A_7C15, seed.rotate_left(23), !seed)
}

#[cold]
fn random_hash_key() -> RandomState {
    // The standard library's per-process SipHash key is the source: it cannot fail and needs no error path.
    let source = std::collections::hash_map::RandomState::new();
    RandomState::with_seeds(
        source.hash_one(0u8),
        source.hash_one(1u8),
        source.hash_one(2u8),
        source.hash_one(3u8),
    )
}

/// Fixes the hash key of this process, for tests that need a reproducible order. Returns `false` if a hash was
/// already computed, with the key that then stays in force.
pub fn fix_hash_seed(seed: u64) -> bool {
    HASH_KEY.set(seeded(seed)).is_ok()
}

/// The hash of `bytes` under this process's random key.
#[inline]
pub(in crate::data) fn hash_of(bytes: &[u8]) -> u64 {
    let mut hasher = HASH_KEY.get_or_init(random_hash_key).build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

/// A key with its hash slot and hash.
#[derive(Clone, Copy, Debug)]
pub struct HKey<'a> {
    /// The key itself.
    pub bytes: &'a [u8],
    /// Its hash slot.
    pub slot: u16,
    /// Its hash under this process's random key.
    pub hash: u64,
}

impl<'a> HKey<'a> {
    /// Computes slot and hash of `bytes`.
    #[inline]
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::with_slot(bytes, key_slot(bytes))
    }

    /// As [`HKey::new`] where the router already computed the slot. A wrong slot files the key where lookups with
    /// the right one do not find it.
    #[inline]
    #[must_use]
    pub fn with_slot(bytes: &'a [u8], slot: u16) -> Self {
        debug_assert_eq!(slot, key_slot(bytes));
        Self { bytes, slot, hash: hash_of(bytes) }
    }

    /// The place of the key in the order of the key space: 14 bits of slot, then the 38 high bits of the hash.
    #[inline]
    pub(super) fn position(&self) -> u64 {
        u64::from(self.slot) << LOCAL_BITS | self.hash >> (u64::BITS - LOCAL_BITS)
    }

    /// Eight bits of the hash that the position does not use; never 0, which marks an empty lane.
    #[inline]
    pub(super) fn fingerprint(&self) -> u8 {
        ((self.hash & 0xFF) as u8).max(1)
    }
}

/// First position of `slot`.
#[inline]
pub(super) fn slot_start(slot: u16) -> u64 {
    u64::from(slot) << LOCAL_BITS
}
