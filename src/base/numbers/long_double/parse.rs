//! Text to [`LongDouble`], correctly rounded as glibc's strtold.

use num_bigint::BigUint;

use super::{Kind, LongDouble};
use crate::base::numbers::syntax::{Magnitude, scan};

/// Longer texts are refused. Redis: util.h MAX_LONG_DOUBLE_CHARS, less the terminator.
const MAX_TEXT_LEN: usize = 5 * 1024 - 1;
/// Decimal exponents (of the leading digit) beyond which every value overflows or vanishes: the largest value is near
/// 10^4932, half of the least near 10^-4951.
const DECIMAL_EXPONENT_LIMIT: i64 = 5_000;
/// 5^27 is the largest power of five below 2^63.
const MAX_POWER_OF_FIVE: u32 = 27;

impl LongDouble {
    /// Reads a value: decimal, `0x` hexadecimal or `inf`, the whole text, no leading space.
    ///
    /// `None` also for NaN and for what vanishes to zero. What overflows reads as infinity: Redis compares with the
    /// HUGE_VAL of `double`, which the long double infinity equals, so `1e5000` is refused here too.
    /// Redis: util.c string2ld.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > MAX_TEXT_LEN {
            return None;
        }
        let number = scan(text)?;
        let negative = number.negative;
        let value = match number.magnitude {
            Magnitude::Infinity => return Some(Self { negative, kind: Kind::Infinite }),
            Magnitude::Binary { mantissa: 0, .. } => return Some(Self { negative, kind: Kind::Zero }),
            Magnitude::Binary { mantissa, sticky, exponent } => {
                Self::round(negative, mantissa, sticky, exponent)
            }
            Magnitude::Decimal { integer, fraction, exponent } => {
                let digits = Digits::new(integer, fraction, exponent);
                if digits.ascii.is_empty() {
                    return Some(Self { negative, kind: Kind::Zero });
                }
                digits.to_value(negative)?
            }
        };
        // ERANGE: overflow, or a number that is not zero became zero.
        matches!(value.kind, Kind::Finite { .. }).then_some(value)
    }
}

/// `ascii` × 10^`exponent`, without zeros at either end.
struct Digits {
    ascii: Vec<u8>,
    exponent: i64,
}

impl Digits {
    fn new(integer: &[u8], fraction: &[u8], exponent: i64) -> Self {
        let mut ascii: Vec<u8> = integer.iter().chain(fraction).copied().skip_while(|&d| d == b'0').collect();
        let mut exponent = exponent - i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        while ascii.last() == Some(&b'0') {
            ascii.pop();
            exponent += 1;
        }
        Self { ascii, exponent }
    }

    /// The nearest value; `None` far out of range.
    fn to_value(&self, negative: bool) -> Option<LongDouble> {
        let leading = self.exponent.saturating_add(i64::try_from(self.ascii.len()).ok()?);
        if leading.abs() > DECIMAL_EXPONENT_LIMIT {
            return None;
        }
        let power = u32::try_from(self.exponent.abs()).ok()?;
        let (bits, sticky, exponent) = match self.small() {
            Some(mantissa) if power <= MAX_POWER_OF_FIVE => self.scale_small(mantissa, power),
            _ => self.scale_big(power)?,
        };
        Some(LongDouble::round(negative, bits, sticky, exponent))
    }

    /// The digits as an integer, if they fit.
    fn small(&self) -> Option<u64> {
        std::str::from_utf8(&self.ascii).ok()?.parse().ok()
    }

    /// Multiplies or divides by 5^`power` within 128 bits; returns bits, sticky and the power of two.
    fn scale_small(&self, mantissa: u64, power: u32) -> (u128, bool, i64) {
        let five = 5_u128.pow(power);
        if self.exponent >= 0 {
            return (u128::from(mantissa) * five, false, self.exponent);
        }
        // With the top bit at 127 and a divisor below 2^63 the quotient has at least 65 bits: enough to round.
        let shift = u128::from(mantissa).leading_zeros();
        let dividend = u128::from(mantissa) << shift;
        (dividend / five, dividend % five != 0, self.exponent - i64::from(shift))
    }

    /// The same with big integers.
    fn scale_big(&self, power: u32) -> Option<(u128, bool, i64)> {
        let mantissa = BigUint::parse_bytes(&self.ascii, 10)?;
        let five = BigUint::from(5_u32).pow(power);
        if self.exponent >= 0 {
            let (bits, sticky, shift) = leading_bits(&(mantissa * five));
            return Some((bits, sticky, self.exponent.checked_add(shift)?));
        }
        // Enough bits that the quotient has more than 64.
        let shift = (five.bits() + 66).saturating_sub(mantissa.bits());
        let dividend = mantissa << shift;
        let quotient = &dividend / &five;
        let inexact = &quotient * &five != dividend;
        let (bits, sticky, cut) = leading_bits(&quotient);
        Some((bits, sticky || inexact, self.exponent + cut - i64::try_from(shift).ok()?))
    }
}

/// The leading bits (at most 128), whether lower ones are set, and how many were cut.
fn leading_bits(value: &BigUint) -> (u128, bool, i64) {
    let cut = value.bits().saturating_sub(128);
    let top = value >> cut;
    let sticky = value.trailing_zeros().is_some_and(|zeros| zeros < cut);
    let bits = top.iter_u64_digits().rev().fold(0_u128, |bits, limb| bits << 64 | u128::from(limb));
    (bits, sticky, i64::try_from(cut).unwrap_or(i64::MAX))
}
