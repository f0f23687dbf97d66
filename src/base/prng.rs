//! A small seedable generator for eviction samples, RANDOMKEY and tests, and random bytes from the kernel.
//!
//! The generator is wyrand: 64 bits of state, one multiplication a draw. Not for secrets. A shard owns its own; given
//! the same seed it draws the same numbers, which is what makes a simulated run repeatable.

/// A wyrand generator.
#[derive(Clone, Debug)]
pub struct Prng {
    state: u64,
}

impl Prng {
    /// A generator that always draws the same sequence for the same `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A generator seeded by the kernel.
    pub fn from_os() -> Self {
        Self::new(os_random_u64())
    }

    /// The next 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0xa076_1d64_78bd_642f);
        let wide = u128::from(self.state) * u128::from(self.state ^ 0xe703_7ed1_a0b4_28db);
        fold(wide)
    }

    /// The next 32 random bits.
    #[inline]
    pub fn next_u32(&mut self) -> u32 {
        u32::try_from(self.next_u64() >> 32).unwrap_or(u32::MAX)
    }

    /// A number in `0..bound`, 0 when `bound` is 0. The bias is below `bound / 2^64`.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        high_half(u128::from(self.next_u64()) * u128::from(bound))
    }

    /// An index in `0..len`, 0 when `len` is 0.
    #[inline]
    pub fn index(&mut self, len: usize) -> usize {
        let drawn = self.below(u64::try_from(len).unwrap_or(u64::MAX));
        usize::try_from(drawn).unwrap_or(0)
    }

    /// A number in `low..=high`; `low` when the range is empty.
    pub fn range_i64(&mut self, low: i64, high: i64) -> i64 {
        if high <= low {
            return low;
        }
        let span = high.wrapping_sub(low).cast_unsigned();
        let drawn = if span == u64::MAX { self.next_u64() } else { self.below(span + 1) };
        low.wrapping_add(drawn.cast_signed())
    }

    /// A number in `[0, 1)` with 53 random bits.
    pub fn unit_f64(&mut self) -> f64 {
        // 53 bits are exact in a double, and so is the scaling by a power of two.
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with probability `1 / n`; always for `n <= 1`.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Brings `items` into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }

    /// Fills `out` with random bytes.
    pub fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let bytes = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

fn high_half(wide: u128) -> u64 {
    (wide >> 64) as u64
}

#[expect(clippy::cast_possible_truncation, reason = "mixes the two halves of 128 bits")]
fn fold(wide: u128) -> u64 {
    (wide as u64) ^ high_half(wide)
}

/// Fills `out` from the kernel's generator.
///
/// Where the kernel refuses (a sandbox without getrandom and /dev/urandom) the bytes come from clock and process id,
/// as Redis falls back to (util.c getRandomBytes): good enough for identifiers that must not collide.
pub fn os_random(out: &mut [u8]) {
    if getrandom::fill(out).is_err() {
        let weak = super::clock::mono_ns() ^ u64::from(std::process::id()).rotate_left(32);
        Prng::new(weak ^ super::clock::now_us().cast_unsigned()).fill(out);
    }
}

/// 64 random bits from the kernel: seeds and hash keys.
pub fn os_random_u64() -> u64 {
    let mut bytes = [0_u8; 8];
    os_random(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// `len` random lower-case hexadecimal digits from the kernel: run ids (40), cluster node names, ACL GENPASS.
pub fn random_hex(len: usize) -> String {
    let mut bytes = vec![0_u8; len.div_ceil(2)];
    os_random(&mut bytes);
    let mut hex = super::digest::to_hex(&bytes);
    hex.truncate(len);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_numbers() {
        let (mut a, mut b) = (Prng::new(42), Prng::new(42));
        assert!((0..1_000).all(|_| a.next_u64() == b.next_u64()));
        assert_ne!(Prng::new(1).next_u64(), Prng::new(2).next_u64());
    }

    #[test]
    fn bounded_draws_stay_in_bounds_and_reach_both_ends() {
        let mut rng = Prng::new(7);
        let mut seen = [0_u32; 10];
        for _ in 0..10_000 {
            seen[rng.index(10)] += 1;
            assert!((-3..=3).contains(&rng.range_i64(-3, 3)));
            assert!((0.0..1.0).contains(&rng.unit_f64()));
        }
        assert!(seen.iter().all(|&n| n > 800), "{seen:?}");
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.range_i64(5, 4), 5);
        let _ = rng.range_i64(i64::MIN, i64::MAX);
    }

    #[test]
    fn shuffling_keeps_every_item() {
        let mut items: Vec<u32> = (0..100).collect();
        Prng::new(3).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn random_hex_has_the_asked_length_and_alphabet() {
        for len in [0, 1, 39, 40, 41] {
            let hex = random_hex(len);
            assert_eq!(hex.len(), len);
            assert!(hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
        }
        assert_ne!(random_hex(40), random_hex(40));
    }
}
