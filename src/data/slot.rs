//! The hash-slot rule: which of the 16384 slots a key belongs to.
//!
//! Pure functions; any thread.

/// Number of hash slots (Redis: cluster.h CLUSTER_SLOTS).
pub const SLOT_COUNT: usize = 16384;

/// Number of bits of a slot number.
pub const SLOT_BITS: u32 = 14;

/// `TABLES[n][b]` is the CRC of byte `b` followed by `n` zero bytes, polynomial 0x1021.
static TABLES: [[u16; 256]; 8] = tables();

#[allow(clippy::cast_possible_truncation, reason = "256 indices")]
const fn tables() -> [[u16; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < 8 {
        let mut byte = 0;
        while byte < 256 {
            let crc = tables[zeros - 1][byte];
            tables[zeros][byte] = crc << 8 ^ tables[0][(crc >> 8) as usize];
            byte += 1;
        }
        zeros += 1;
    }
    tables
}

/// CRC16/XMODEM. Every command computes it for its key, so it takes eight bytes a step (4 KiB of tables) where the
/// `crc16` crate, its oracle in the tests, takes one: a key of 16 bytes then costs a few nanoseconds instead of 22.
#[inline]
fn crc16(bytes: &[u8]) -> u16 {
    let mut crc = 0u16;
    let (chunks, rest) = bytes.as_chunks::<8>();
    for chunk in chunks {
        let [high, low] = crc.to_be_bytes();
        crc = TABLES[7][usize::from(chunk[0] ^ high)]
            ^ TABLES[6][usize::from(chunk[1] ^ low)]
            ^ TABLES[5][usize::from(chunk[2])]
            ^ TABLES[4][usize::from(chunk[3])]
            ^ TABLES[3][usize::from(chunk[4])]
            ^ TABLES[2][usize::from(chunk[5])]
            ^ TABLES[1][usize::from(chunk[6])]
            ^ TABLES[0][usize::from(chunk[7])];
    }
    for &byte in rest {
        let [high, _] = crc.to_be_bytes();
        crc = crc << 8 ^ TABLES[0][usize::from(high ^ byte)];
    }
    crc
}

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
    crc16(hash_tag(key)) & 0x3FFF
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
    fn crc_equals_that_of_the_crate_at_every_length() {
        let bytes: Vec<u8> = (0..100u32).map(|n| n.wrapping_mul(0x9E37_79B9).to_be_bytes()[0]).collect();
        for from in 0..9 {
            for to in from..bytes.len() {
                let slice = &bytes[from..to];
                assert_eq!(crc16(slice), crc16::State::<crc16::XMODEM>::calculate(slice), "{from}..{to}");
            }
        }
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
