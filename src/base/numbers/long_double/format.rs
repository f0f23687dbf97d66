//! [`LongDouble`] to text, correctly rounded as glibc's printf.

use num_bigint::BigUint;

use super::{Kind, LongDouble};
use crate::base::numbers::integer::write_u64;

/// Digits behind the point, and significant digits. Redis: util.c ld2string, `%.17Lf` and `%.17Lg`.
const PRECISION: usize = 17;
const TEN_POW_17: u128 = 10_u128.pow(17);

impl LongDouble {
    /// Without exponent, 17 digits behind the point, zeros at the end dropped: what INCRBYFLOAT stores and replies.
    ///
    /// Redis: util.c ld2string with LD_STR_HUMAN.
    pub fn to_human(self) -> String {
        let (mantissa, exponent) = match self.kind {
            Kind::Zero => return "0".to_owned(),
            Kind::Infinite => return self.infinity(),
            Kind::Finite { mantissa, exponent } => (mantissa, exponent),
        };
        let (whole, fraction) = match fixed_small(mantissa, exponent) {
            Some((whole, fraction)) => (whole.to_string(), fraction),
            // 2^64 and above: an integer.
            None => ((BigUint::from(mantissa) << exponent.unsigned_abs()).to_string(), 0),
        };
        let mut text = String::with_capacity(whole.len() + PRECISION + 2);
        if self.negative && (fraction != 0 || whole != "0") {
            text.push('-');
        }
        text.push_str(&whole);
        if fraction != 0 {
            text.push('.');
            text.push_str(format!("{fraction:017}").trim_end_matches('0'));
        }
        text
    }

    /// 17 significant digits, with an exponent where that is shorter, zeros at the end dropped.
    ///
    /// Redis: util.c ld2string with LD_STR_AUTO.
    pub fn to_auto(self) -> String {
        let (mantissa, exponent) = match self.kind {
            Kind::Zero => return if self.negative { "-0".to_owned() } else { "0".to_owned() },
            Kind::Infinite => return self.infinity(),
            Kind::Finite { mantissa, exponent } => (mantissa, exponent),
        };
        let (digits, power) = significant(mantissa, exponent);
        let digits = digits.trim_end_matches('0');
        let mut text = String::from(if self.negative { "-" } else { "" });
        match usize::try_from(power) {
            Ok(power) if power < PRECISION => {
                let mut padded = digits.to_owned();
                while padded.len() <= power {
                    padded.push('0');
                }
                let (whole, fraction) = padded.split_at(power + 1);
                text.push_str(whole);
                if !fraction.is_empty() {
                    text.push('.');
                    text.push_str(fraction);
                }
            }
            _ if (-4..0).contains(&power) => {
                text.push_str("0.");
                text.push_str(&"000"[..usize::try_from(-1 - power).unwrap_or(0)]);
                text.push_str(digits);
            }
            _ => {
                let (first, rest) = digits.split_at(1);
                text.push_str(first);
                if !rest.is_empty() {
                    text.push('.');
                    text.push_str(rest);
                }
                let sign = if power < 0 { '-' } else { '+' };
                text.push_str(&format!("e{sign}{:02}", power.unsigned_abs()));
            }
        }
        text
    }

    /// Appends [`LongDouble::to_human`], without allocation for whole numbers below 2^64.
    pub fn write_human(self, out: &mut Vec<u8>) {
        if let Kind::Finite { mantissa, exponent } = self.kind
            && let Some((whole, 0)) = fixed_small(mantissa, exponent)
        {
            if self.negative && whole != 0 {
                out.push(b'-');
            }
            write_u64(out, whole);
            return;
        }
        out.extend_from_slice(self.to_human().as_bytes());
    }

    fn infinity(self) -> String {
        if self.negative { "-inf".to_owned() } else { "inf".to_owned() }
    }
}

/// Whole part and 17 digits of fraction of `mantissa` × 2^`exponent`, rounded; `None` from 2^64 on.
fn fixed_small(mantissa: u64, exponent: i32) -> Option<(u64, u64)> {
    if exponent > 0 {
        return None;
    }
    let shift = exponent.unsigned_abs();
    let (whole, fraction) = match shift {
        0 => (mantissa, 0),
        1..=63 => (mantissa >> shift, mantissa & ((1 << shift) - 1)),
        _ => (0, mantissa),
    };
    // Below 2^121; what is shifted out decides the rounding.
    let product = u128::from(fraction) * TEN_POW_17;
    if shift == 0 || shift >= 128 {
        return Some((whole, 0));
    }
    let (high, low, half) = (product >> shift, product & ((1 << shift) - 1), 1_u128 << (shift - 1));
    let rounded = high + u128::from(low > half || (low == half && high & 1 == 1));
    match u64::try_from(rounded) {
        Ok(fraction) if rounded < TEN_POW_17 => Some((whole, fraction)),
        // The fraction rounded up to one. A mantissa with a fraction is below 2^63, so this cannot overflow.
        _ => Some((whole.checked_add(1)?, 0)),
    }
}

/// 17 significant decimal digits of `mantissa` × 2^`exponent`, and the power of ten of the first.
fn significant(mantissa: u64, exponent: i32) -> (String, i32) {
    let bits = 64 - i32::try_from(mantissa.leading_zeros()).unwrap_or(0);
    // log10(2) = 0.30103; the guess may be one too small or too large.
    #[expect(clippy::cast_possible_truncation, reason = "within ±5000")]
    let mut power = (f64::from(exponent + bits - 1) * std::f64::consts::LOG10_2).floor() as i32;
    loop {
        let digits = scaled_digits(mantissa, exponent, 16 - power);
        match digits.len() {
            0..=16 => power -= 1,
            PRECISION => return (digits, power),
            _ => power += 1,
        }
    }
}

/// `mantissa` × 2^`exponent` × 10^`power`, rounded to an integer with ties to even.
fn scaled_digits(mantissa: u64, exponent: i32, power: i32) -> String {
    let mut numerator = BigUint::from(mantissa);
    let mut denominator = BigUint::from(1_u32);
    let ten = BigUint::from(10_u32).pow(power.unsigned_abs());
    if power >= 0 {
        numerator *= ten;
    } else {
        denominator *= ten;
    }
    if exponent >= 0 {
        numerator <<= exponent.unsigned_abs();
    } else {
        denominator <<= exponent.unsigned_abs();
    }
    let quotient = &numerator / &denominator;
    let twice_rest = (numerator - &quotient * &denominator) << 1_u32;
    let up = match twice_rest.cmp(&denominator) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => quotient.bit(0),
        std::cmp::Ordering::Less => false,
    };
    (quotient + u32::from(up)).to_string()
}
