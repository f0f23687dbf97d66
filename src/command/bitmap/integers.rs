//! The integers of BITFIELD: their types, and what happens when a value does not fit (Redis: bitops.c
//! `checkUnsignedBitfieldOverflow`, `checkSignedBitfieldOverflow`). Pure functions.

use crate::base::numbers::parse_i64;
use crate::command::Failure;

/// A type as written: `i1` to `i64`, `u1` to `u63`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type {
    /// Two's complement.
    pub signed: bool,
    /// Width, 1 to 64.
    pub bits: u32,
}

/// What to do with a value that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Keep the low bits.
    Wrap,
    /// Take the nearest value that fits.
    Sat,
    /// Leave the field alone and reply null.
    Fail,
}

impl Type {
    /// Reads a type.
    ///
    /// # Errors
    /// None of the types above.
    pub fn parse(text: &[u8]) -> Result<Type, Failure> {
        let (signed, digits) = match text {
            [b'i', digits @ ..] => (true, digits),
            [b'u', digits @ ..] => (false, digits),
            _ => (false, &[][..]),
        };
        parse_i64(digits)
            .and_then(|bits| u32::try_from(bits).ok())
            .filter(|&bits| bits >= 1 && bits <= if signed { 64 } else { 63 })
            .map(|bits| Type { signed, bits })
            .ok_or(Failure::text(
                "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
            ))
    }

    /// The number that the low bits of `field` write, as a reply shows it.
    pub fn value(self, field: u64) -> i64 {
        let spare = 64 - self.bits;
        if self.signed { (field << spare).cast_signed() >> spare } else { field.cast_signed() }
    }

    /// `value + by` as this type holds it; `None` if it does not fit and `overflow` is `Fail`.
    ///
    /// SET comes with the new value and `by` 0.
    pub fn add(self, value: i64, by: i64, overflow: Overflow) -> Option<i64> {
        match (self.misfit(value, by), overflow) {
            (None, _) => Some(value.wrapping_add(by)),
            (_, Overflow::Fail) => None,
            (_, Overflow::Wrap) => {
                let low = u64::MAX >> (64 - self.bits);
                Some(self.value(value.wrapping_add(by).cast_unsigned() & low))
            }
            (Some(limit), Overflow::Sat) => Some(limit),
        }
    }

    /// The limit that `value + by` is beyond, if it is beyond one.
    fn misfit(self, value: i64, by: i64) -> Option<i64> {
        if self.signed {
            let max = i64::MAX >> (64 - self.bits);
            let min = -max - 1;
            // Narrow types compare what is left up to the maximum, a difference that wraps for values far below the
            // minimum: SET of such a value saturates to the maximum there, and so it does here.
            let room_wraps = self.bits < 64 && by > max.wrapping_sub(value);
            let sum = i128::from(value) + i128::from(by);
            if room_wraps || sum > i128::from(max) {
                Some(max)
            } else {
                (sum < i128::from(min)).then_some(min)
            }
        } else {
            // At most 63 bits, so limits are positive; SET of a negative value counts as far above the maximum.
            let max = (u64::MAX >> (64 - self.bits)).cast_signed();
            let sum = i128::from(value.cast_unsigned()) + i128::from(by);
            if sum > i128::from(max) { Some(max) } else { (sum < 0).then_some(0) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Type {
        Type::parse(text.as_bytes()).expect("a type")
    }

    #[test]
    fn types_are_read() {
        assert_eq!(of("i64"), Type { signed: true, bits: 64 });
        assert_eq!(of("u63"), Type { signed: false, bits: 63 });
        for bad in ["u64", "i65", "i0", "u-1", "x8", "", "i", "i08", "i 8", "8"] {
            assert!(Type::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn small_types_agree_with_arithmetic_on_wide_integers() {
        for bits in 1..=5 {
            for signed in [false, true] {
                let ty = Type { signed, bits };
                let (min, max) =
                    if signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) };
                for value in min..=max {
                    for by in -70..=70_i64 {
                        let sum: i64 = value + by;
                        let fits = (min..=max).contains(&sum);
                        let span = 1 << bits;
                        let wrapped = (sum - min).rem_euclid(span) + min;
                        assert_eq!(ty.add(value, by, Overflow::Wrap), Some(wrapped));
                        assert_eq!(ty.add(value, by, Overflow::Sat), Some(sum.clamp(min, max)));
                        assert_eq!(ty.add(value, by, Overflow::Fail), fits.then_some(sum));
                    }
                }
            }
        }
    }

    #[test]
    fn the_widest_types_do_not_overflow() {
        let (i64_, u63) = (of("i64"), of("u63"));
        assert_eq!(i64_.add(i64::MAX, 1, Overflow::Wrap), Some(i64::MIN));
        assert_eq!(i64_.add(i64::MAX, i64::MAX, Overflow::Sat), Some(i64::MAX));
        assert_eq!(i64_.add(i64::MIN, i64::MIN, Overflow::Sat), Some(i64::MIN));
        assert_eq!(i64_.add(i64::MIN, -1, Overflow::Fail), None);
        assert_eq!(u63.add(i64::MAX, i64::MAX, Overflow::Sat), Some(i64::MAX));
        assert_eq!(u63.add(i64::MAX, 1, Overflow::Wrap), Some(0));
        assert_eq!(u63.add(0, i64::MIN, Overflow::Sat), Some(0));
        assert_eq!(of("u8").add(-1, 0, Overflow::Sat), Some(255));
    }

    #[test]
    fn a_value_far_below_the_minimum_saturates_upwards_as_in_redis() {
        // Seen on redis-server 7.0.15: BITFIELD k OVERFLOW SAT SET i8 0 -9223372036854775808 stores 127.
        assert_eq!(of("i8").add(i64::MIN, 0, Overflow::Sat), Some(127));
        assert_eq!(of("i8").add(-1000, 0, Overflow::Sat), Some(-128));
    }
}
