//! The 80-bit extended double of x87, in which Redis on x86-64 computes INCRBYFLOAT, HINCRBYFLOAT and timeouts.
//!
//! A value is ±`mantissa` × 2^`exponent`. Every operation rounds once, to nearest with ties to even, as the hardware
//! and glibc's strtold and printf do. Invariants of a finite value that is not zero:
//!
//! - normal: the top bit of `mantissa` is set, `exponent` in -16445..=16320;
//! - subnormal: the top bit is clear and `exponent` is -16445.
//!
//! Numbers of everyday size take 128-bit integer paths without allocation; the rest takes big integers.

mod format;
mod parse;

/// Least exponent of a mantissa: one unit is 2^-16445.
const MIN_EXPONENT: i32 = -16_445;
/// Greatest exponent of a mantissa: the largest value is just below 2^16384.
const MAX_EXPONENT: i32 = 16_320;

/// An 80-bit extended double. There is no NaN: operations that would give one return `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongDouble {
    negative: bool,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Zero,
    Finite { mantissa: u64, exponent: i32 },
    Infinite,
}

impl LongDouble {
    /// Positive zero.
    pub const ZERO: Self = Self { negative: false, kind: Kind::Zero };

    /// The nearest value to ±(`bits` × 2^`exponent`), where `sticky` says that the exact value is a little larger.
    /// Overflow gives infinity.
    fn round(negative: bool, bits: u128, sticky: bool, exponent: i64) -> Self {
        if bits == 0 {
            return Self { negative, kind: Kind::Zero };
        }
        let width = i64::from(128 - bits.leading_zeros());
        let overflow = Self { negative, kind: Kind::Infinite };
        // Where the last kept bit stands: 64 bits, or what the least exponent leaves.
        let mut target = (exponent.saturating_add(width) - 64).max(i64::from(MIN_EXPONENT));
        let cut = target.saturating_sub(exponent);
        let mut mantissa = if cut <= 0 {
            bits << cut.unsigned_abs().min(127)
        } else if cut > 128 {
            0
        } else {
            let high = if cut == 128 { 0 } else { bits >> cut };
            let low = if cut == 128 { bits } else { bits & ((1 << cut) - 1) };
            let half = 1_u128 << (cut - 1);
            high + u128::from(low > half || (low == half && (sticky || high & 1 == 1)))
        };
        if mantissa >> 64 != 0 {
            mantissa >>= 1;
            target += 1;
        }
        match (u64::try_from(mantissa), i32::try_from(target)) {
            (Ok(0), _) => Self { negative, kind: Kind::Zero },
            (Ok(mantissa), Ok(exponent)) if exponent <= MAX_EXPONENT => {
                Self { negative, kind: Kind::Finite { mantissa, exponent } }
            }
            _ => overflow,
        }
    }

    /// Whether this is an infinity.
    pub fn is_infinite(self) -> bool {
        self.kind == Kind::Infinite
    }

    /// Whether this is below zero.
    pub fn is_negative(self) -> bool {
        self.negative && self.kind != Kind::Zero
    }

    /// The rounded sum; `None` where it is not a number (infinities of opposite sign).
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let (a, b) = match (self.kind, other.kind) {
            (Kind::Infinite, Kind::Infinite) if self.negative != other.negative => return None,
            (Kind::Infinite, _) => return Some(self),
            (_, Kind::Infinite) => return Some(other),
            (Kind::Zero, Kind::Zero) => {
                return Some(Self { negative: self.negative && other.negative, kind: Kind::Zero });
            }
            (Kind::Zero, _) => return Some(other),
            (_, Kind::Zero) => return Some(self),
            (Kind::Finite { mantissa: m, exponent: e }, Kind::Finite { mantissa: n, exponent: f }) => {
                let (a, b) = ((self.negative, m, e), (other.negative, n, f));
                if (e, m) >= (f, n) { (a, b) } else { (b, a) }
            }
        };
        Some(Self::add_ordered(a, b))
    }

    /// Adds two finite values (sign, mantissa, exponent), the one with the larger magnitude first.
    fn add_ordered(a: (bool, u64, i32), b: (bool, u64, i32)) -> Self {
        // 62 spare bits below a's mantissa and one above it hold every case in which b's bits matter one by one.
        const SPARE: i32 = 62;
        let big = u128::from(a.1) << SPARE;
        let small = u128::from(b.1) << SPARE;
        let distance = (a.2 - b.2).unsigned_abs();
        let (shifted, lost) = match small.checked_shr(distance) {
            Some(shifted) => (shifted, shifted << distance != small),
            None => (0, true),
        };
        let exponent = i64::from(a.2 - SPARE);
        if a.0 == b.0 {
            return Self::round(a.0, big + shifted, lost, exponent);
        }
        // What was lost makes the difference smaller: take one unit more and let the sticky bit stand for the rest.
        let difference = big - shifted - u128::from(lost);
        Self::round(a.0 && difference != 0, difference, lost, exponent)
    }

    /// The product with a small integer.
    fn times(self, factor: u32) -> Self {
        match self.kind {
            Kind::Finite { mantissa, exponent } => {
                let product = u128::from(mantissa) * u128::from(factor);
                Self::round(self.negative, product, false, i64::from(exponent))
            }
            _ => self,
        }
    }

    /// `factor` × the value, rounded up to an integer; `None` above `i64::MAX`, saturated at `i64::MIN` below.
    ///
    /// How a timeout in seconds becomes milliseconds. Redis: timeout.c getTimeoutFromObjectOrReply.
    pub fn scaled_ceil(self, factor: u32) -> Option<i64> {
        let scaled = self.times(factor);
        let (mantissa, exponent) = match scaled.kind {
            Kind::Zero => return Some(0),
            Kind::Infinite if scaled.negative => return Some(i64::MIN),
            Kind::Infinite => return None,
            Kind::Finite { mantissa, exponent } => (mantissa, exponent),
        };
        if exponent >= 0 {
            let fits = (exponent == 0).then_some(mantissa).and_then(|m| i64::try_from(m).ok());
            return match (fits, scaled.negative) {
                (Some(value), true) => Some(-value),
                (None, true) => Some(i64::MIN),
                (value, false) => value,
            };
        }
        let shift = exponent.unsigned_abs();
        let whole = mantissa.checked_shr(shift).unwrap_or(0);
        let has_fraction = shift >= 64 || whole << shift != mantissa;
        // `whole` < 2^63, as at least one bit was shifted out.
        let whole = i64::try_from(whole).ok()?;
        if scaled.negative { Some(-whole) } else { whole.checked_add(i64::from(has_fraction)) }
    }
}

impl From<i64> for LongDouble {
    fn from(value: i64) -> Self {
        Self::round(value < 0, u128::from(value.unsigned_abs()), false, 0)
    }
}

impl From<f64> for LongDouble {
    /// The same value: every double is one. Not a number, which this type cannot hold, becomes zero.
    fn from(value: f64) -> Self {
        let negative = value.is_sign_negative();
        if value.is_nan() {
            return Self::ZERO;
        }
        if value.is_infinite() {
            return Self { negative, kind: Kind::Infinite };
        }
        let (fraction, biased) = (value.to_bits() & ((1 << 52) - 1), value.to_bits() >> 52 & 0x7ff);
        // A subnormal has the exponent of the smallest normal number, and no hidden bit.
        let hidden = u64::from(biased != 0) << 52;
        let exponent = i64::try_from(biased.max(1)).unwrap_or(0) - 1_075;
        Self::round(negative, u128::from(fraction | hidden), false, exponent)
    }
}

#[cfg(test)]
mod tests;
