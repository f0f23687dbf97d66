//! The hash-slot rule: which of the 16384 slots a key belongs to.
//!
//! Pure functions; any thread.

use crc16::{State, XMODEM};

/// Number of hash slots (Redis: cluster.h CLUSTER_SLOTS).
pub const SLOT_COUNT: usize = 16384;

/// Number of bits of a slot number.
pub const SLOT_BITS: u32 = 14;

/// The part of `key` that decides its slot: what stands between the first `{` and the first `}` after it, if that is
/// not empty; otherwise the whole key.
///
/// Redis: cluster.c keyHashSlot.
#[must_use]
pub fn hash_tag(key: &[u8]) -> &[u8] {
    let Some(open) = memchr::memchr(b'{', key) else {
        return key;
    };
    let rest = &key[open + 1..];
    match memchr::memchr(b'}', rest) {
        Some(close) if close > 0 => &rest[..close],
        _ => key,
    }
}

/// The hash slot of `key`, below [`SLOT_COUNT`]: CRC16/XMODEM of its [`hash_tag`] modulo 16384.
#[must_use]
pub fn key_slot(key: &[u8]) -> u16 {
    State::<XMODEM>::calculate(hash_tag(key)) & 0x3FFF
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_match_redis() {
        // Figures from `CLUSTER KEYSLOT` of Redis 7.0.15.
        assert_eq!(key_slot(b""), 0);
        assert_eq!(key_slot(b"foo"), 12182);
        assert_eq!(key_slot(b"123456789"), 12739);
        assert_eq!(key_slot(b"somekey"), 11058);
        assert_eq!(key_slot(b"foo{hash_tag}"), 2515);
    }

    #[test]
    fn tag_is_first_brace_to_next_closing_brace() {
        assert_eq!(hash_tag(b"{user1000}.following"), b"user1000");
        assert_eq!(hash_tag(b"foo{}{bar}"), b"foo{}{bar}");
        assert_eq!(hash_tag(b"foo{{bar}}zap"), b"{bar");
        assert_eq!(hash_tag(b"foo{bar}{zap}"), b"bar");
        assert_eq!(hash_tag(b"foo{bar"), b"foo{bar");
        assert_eq!(hash_tag(b"}{"), b"}{");
    }
}
