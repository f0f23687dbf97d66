//! Kernels of the bitmap commands: bits of a byte string, numbered from the most significant bit of its first byte.
//!
//! Pure functions over slices, without `unsafe`; loops over whole words or plain byte pairs, which the compiler turns
//! into vector instructions. Bits beyond the end of a string count as zeros where a function says so.

/// Bytes that the loops take at a time.
const WORD: usize = size_of::<u64>();

/// Number of set bits.
#[must_use]
pub fn popcount(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<WORD>();
    let whole: u64 = words.iter().map(|w| u64::from(u64::from_ne_bytes(*w).count_ones())).sum();
    whole + rest.iter().map(|b| u64::from(b.count_ones())).sum::<u64>()
}

/// Bits `first..=last` of the byte that holds bit `first` (both counted from the start of the string) as a mask.
#[inline]
fn mask(first: u64, last: u64) -> u8 {
    let from = 0xff_u8 >> (first & 7);
    if last >> 3 == first >> 3 { from & !(0x7f_u8 >> (last & 7)) } else { from }
}

#[inline]
fn byte_of(bit: u64) -> usize {
    usize::try_from(bit >> 3).unwrap_or(usize::MAX)
}

/// Number of set bits among bits `first..=last`; bits beyond the end count as zeros.
#[must_use]
pub fn popcount_range(bytes: &[u8], first: u64, last: u64) -> u64 {
    if first > last {
        return 0;
    }
    let (from, to) = (byte_of(first), byte_of(last));
    let edge = |at: usize, mask: u8| bytes.get(at).map_or(0, |b| u64::from((b & mask).count_ones()));
    if from == to {
        return edge(from, mask(first, last));
    }
    let middle = bytes.get(from.saturating_add(1)..to.min(bytes.len())).map_or(0, popcount);
    edge(from, mask(first, last)) + middle + edge(to, mask(last & !7, last))
}

/// Position of the first bit equal to `bit` among bits `first..=last` of the string; `None` if there is none.
#[must_use]
pub fn first_bit(bytes: &[u8], bit: bool, first: u64, last: u64) -> Option<u64> {
    let total = (bytes.len() as u64).saturating_mul(8);
    let last = last.min(total.checked_sub(1)?);
    if first > last {
        return None;
    }
    // Looking for a zero is looking for a one in the complement.
    let flip = if bit { 0 } else { 0xff_u8 };
    let (from, to) = (byte_of(first), byte_of(last));
    let head = (bytes.get(from)? ^ flip) & mask(first, last);
    if head != 0 {
        return Some((first & !7) + u64::from(head.leading_zeros()));
    }
    if from == to {
        return None;
    }
    let middle = bytes.get(from + 1..to)?;
    if let Some(at) = first_byte_other_than(middle, flip) {
        let byte = middle.get(at)? ^ flip;
        return Some(((from + 1 + at) as u64) * 8 + u64::from(byte.leading_zeros()));
    }
    let tail = (bytes.get(to)? ^ flip) & mask(last & !7, last);
    (tail != 0).then(|| (to as u64) * 8 + u64::from(tail.leading_zeros()))
}

/// Index of the first byte that is not `skip`, a word at a time.
fn first_byte_other_than(bytes: &[u8], skip: u8) -> Option<usize> {
    let (words, _) = bytes.as_chunks::<WORD>();
    let skipped = words.iter().take_while(|w| **w == [skip; WORD]).count() * WORD;
    let at = bytes.get(skipped..)?.iter().position(|&b| b != skip)?;
    Some(skipped + at)
}

/// What BITOP does with two strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Bits set in both.
    And,
    /// Bits set in either.
    Or,
    /// Bits set in one.
    Xor,
}

/// Folds `other` into `acc`; where `other` is shorter it counts as zeros, where it is longer the rest is left out.
pub fn fold(op: Fold, acc: &mut [u8], other: &[u8]) {
    let common = acc.len().min(other.len());
    let (head, tail) = acc.split_at_mut(common);
    match op {
        Fold::And => {
            head.iter_mut().zip(other).for_each(|(a, b)| *a &= b);
            tail.fill(0);
        }
        Fold::Or => head.iter_mut().zip(other).for_each(|(a, b)| *a |= b),
        Fold::Xor => head.iter_mut().zip(other).for_each(|(a, b)| *a ^= b),
    }
}

/// Inverts every bit.
pub fn invert(bytes: &mut [u8]) {
    bytes.iter_mut().for_each(|b| *b = !*b);
}

/// The bit at `offset`; false beyond the end.
#[must_use]
pub fn bit_at(bytes: &[u8], offset: u64) -> bool {
    bytes.get(byte_of(offset)).is_some_and(|b| b & (0x80 >> (offset & 7)) != 0)
}

/// Sets the bit at `offset` and returns what it was; beyond the end nothing happens.
pub fn set_bit(bytes: &mut [u8], offset: u64, on: bool) -> bool {
    let Some(byte) = bytes.get_mut(byte_of(offset)) else { return false };
    let mask = 0x80_u8 >> (offset & 7);
    let was = *byte & mask != 0;
    *byte = if on { *byte | mask } else { *byte & !mask };
    was
}

/// Bytes that a field of at most 64 bits can touch.
const FIELD_BYTES: usize = 9;

/// The `bits` (1 to 64) bits from `offset` as an unsigned number, the first bit the most significant; bits beyond the
/// end are zeros.
#[must_use]
pub fn field(bytes: &[u8], offset: u64, bits: u32) -> u64 {
    let from = byte_of(offset);
    let mut window: u128 = 0;
    for at in 0..FIELD_BYTES {
        let byte = from.checked_add(at).and_then(|i| bytes.get(i)).copied().unwrap_or(0);
        window = window << 8 | u128::from(byte);
    }
    // The window holds 72 bits; the field starts `offset & 7` bits behind its top.
    let shift = 72 - (offset & 7) - u64::from(bits.clamp(1, 64));
    let low = u64::MAX >> (64 - bits.clamp(1, 64));
    #[allow(clippy::cast_possible_truncation, reason = "the mask keeps what 64 bits hold")]
    {
        (window >> shift) as u64 & low
    }
}

/// Stores the low `bits` (1 to 64) bits of `value` at `offset`, the most significant first. What would lie beyond the
/// end is left out: the caller has grown the string.
pub fn set_field(bytes: &mut [u8], offset: u64, bits: u32, value: u64) {
    let bits = bits.clamp(1, 64);
    let from = byte_of(offset);
    let shift = 72 - (offset & 7) - u64::from(bits);
    let keep = !(u128::from(u64::MAX >> (64 - bits)) << shift);
    let put = u128::from(value & (u64::MAX >> (64 - bits))) << shift;
    // Big-endian order puts the 72 bits of the window into the last nine bytes.
    let (keep, put) = (keep.to_be_bytes(), put.to_be_bytes());
    let window = bytes.iter_mut().skip(from);
    let first = size_of::<u128>() - FIELD_BYTES;
    for (byte, (keep, put)) in window.zip(keep.iter().zip(&put).skip(first)) {
        *byte = *byte & keep | put;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::prng::Prng;

    fn naive_bits(bytes: &[u8]) -> Vec<bool> {
        bytes.iter().flat_map(|b| (0..8).map(move |i| b & (0x80 >> i) != 0)).collect()
    }

    /// Random bytes with long runs of zeros and ones, where word loops can go wrong.
    fn sample(rng: &mut Prng) -> Vec<u8> {
        let mut bytes = vec![0; rng.index(60)];
        match rng.index(4) {
            0 => rng.fill(&mut bytes),
            1 => bytes.fill(0xff),
            _ => {}
        }
        for _ in 0..rng.index(3) {
            if !bytes.is_empty() {
                let at = rng.index(bytes.len());
                bytes[at] ^= 1 << rng.index(8);
            }
        }
        bytes
    }

    fn seeded() -> Prng {
        let seed = crate::base::prng::os_random_u64();
        println!("seed {seed}");
        Prng::new(seed)
    }

    #[test]
    fn counts_and_positions_match_a_bit_by_bit_walk() {
        let mut rng = seeded();
        for _ in 0..20_000 {
            let bytes = sample(&mut rng);
            let bits = naive_bits(&bytes);
            assert_eq!(popcount(&bytes), bits.iter().filter(|b| **b).count() as u64);
            let (first, last) = (rng.index(bits.len() + 9), rng.index(bits.len() + 9));
            let range = || bits.iter().enumerate().take(last + 1).skip(first);
            let expect = range().filter(|(_, b)| **b).count() as u64;
            assert_eq!(popcount_range(&bytes, first as u64, last as u64), expect, "{first}..={last}");
            for bit in [false, true] {
                let expect = range().find(|(_, b)| **b == bit).map(|(i, _)| i as u64);
                assert_eq!(first_bit(&bytes, bit, first as u64, last as u64), expect, "{first}..={last}");
            }
        }
    }

    #[test]
    fn folds_match_a_byte_by_byte_walk() {
        let mut rng = seeded();
        for _ in 0..5_000 {
            let (mut a, b) = (sample(&mut rng), sample(&mut rng));
            let before = a.clone();
            let op = [Fold::And, Fold::Or, Fold::Xor][rng.index(3)];
            fold(op, &mut a, &b);
            for (i, (now, was)) in a.iter().zip(&before).enumerate() {
                let other = b.get(i).copied().unwrap_or(0);
                let expect = match op {
                    Fold::And => was & other,
                    Fold::Or => was | other,
                    Fold::Xor => was ^ other,
                };
                assert_eq!(*now, expect);
            }
        }
    }

    #[test]
    fn fields_match_a_bit_by_bit_walk() {
        let mut rng = seeded();
        for _ in 0..20_000 {
            let mut bytes = sample(&mut rng);
            let width = 1 + rng.index(64);
            let offset = rng.index(bytes.len() * 8 + 70);
            let mut bits = naive_bits(&bytes);
            let read = |bits: &[bool]| {
                (offset..offset + width)
                    .fold(0_u64, |n, i| n << 1 | u64::from(bits.get(i).copied().unwrap_or(false)))
            };
            let width32 = u32::try_from(width).unwrap_or(64);
            assert_eq!(field(&bytes, offset as u64, width32), read(&bits));
            let value = rng.next_u64();
            for i in 0..width {
                if let Some(bit) = bits.get_mut(offset + i) {
                    *bit = value >> (width - 1 - i) & 1 == 1;
                }
            }
            set_field(&mut bytes, offset as u64, width32, value);
            assert_eq!(naive_bits(&bytes), bits, "{width} bits at {offset}");
        }
    }

    #[test]
    fn single_bits_are_set_and_read_back() {
        let mut bytes = vec![0_u8; 2];
        assert!(!set_bit(&mut bytes, 9, true));
        assert_eq!(bytes, [0, 0x40]);
        assert!(bit_at(&bytes, 9) && !bit_at(&bytes, 8) && !bit_at(&bytes, 1 << 40));
        assert!(set_bit(&mut bytes, 9, false));
        assert!(!set_bit(&mut bytes, 16, true));
        assert_eq!(bytes, [0, 0]);
        invert(&mut bytes);
        assert_eq!(bytes, [0xff, 0xff]);
    }
}
