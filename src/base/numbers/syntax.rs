//! The floating point syntax of strtod and strtold in the C locale, once for 64 and 80 bits.
//!
//! Only whole texts without leading space are accepted, as util.c string2d and string2ld demand; NaN is refused
//! there too, so it never leaves this file.

use crate::base::digest::hex_digit;

/// Exponents are clamped to this: far beyond every representable value, and sums of two fit with room.
const EXPONENT_LIMIT: i64 = 1_000_000_000;

/// A floating point text taken apart. The sign stands in [`Number::negative`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Magnitude<'a> {
    /// `inf` or `infinity` in any case.
    Infinity,
    /// `integer . fraction` × 10^`exponent`, digits in ASCII.
    Decimal {
        /// Digits before the point, may be empty.
        integer: &'a [u8],
        /// Digits behind the point, may be empty.
        fraction: &'a [u8],
        /// Power of ten, clamped.
        exponent: i64,
    },
    /// `mantissa` × 2^`exponent`, and a little more if `sticky`.
    Binary {
        /// The leading bits of a `0x` number.
        mantissa: u128,
        /// Whether bits below the mantissa were not all zero.
        sticky: bool,
        /// Power of two, clamped.
        exponent: i64,
    },
}

/// A signed floating point text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Number<'a> {
    pub(super) negative: bool,
    pub(super) magnitude: Magnitude<'a>,
}

/// Takes `text` apart; `None` where strtod would stop before its end.
pub(super) fn scan(text: &[u8]) -> Option<Number<'_>> {
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let magnitude = match rest {
        [b'0', b'x' | b'X', hex @ ..] => scan_hex(hex)?,
        _ if rest.eq_ignore_ascii_case(b"inf") || rest.eq_ignore_ascii_case(b"infinity") => {
            Magnitude::Infinity
        }
        _ => scan_decimal(rest)?,
    };
    Some(Number { negative, magnitude })
}

fn split_digits(text: &[u8], is_digit: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let len = text.iter().take_while(|&b| is_digit(b)).count();
    text.split_at(len)
}

/// Splits `integer [. fraction]` off; `None` without any digit.
fn split_mantissa(text: &[u8], is_digit: impl Fn(&u8) -> bool + Copy) -> Option<(&[u8], &[u8], &[u8])> {
    let (integer, rest) = split_digits(text, is_digit);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => split_digits(rest, is_digit),
        _ => (&[][..], rest),
    };
    (integer.len() + fraction.len() > 0).then_some((integer, fraction, rest))
}

/// Reads the exponent behind its letter, to the end of the text.
fn scan_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut exponent = 0_i64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        exponent = (exponent * 10 + i64::from(digit - b'0')).min(EXPONENT_LIMIT);
    }
    Some(if negative { -exponent } else { exponent })
}

fn scan_decimal(text: &[u8]) -> Option<Magnitude<'_>> {
    let (integer, fraction, rest) = split_mantissa(text, u8::is_ascii_digit)?;
    let exponent = match rest {
        [] => 0,
        [b'e' | b'E', rest @ ..] => scan_exponent(rest)?,
        _ => return None,
    };
    Some(Magnitude::Decimal { integer, fraction, exponent })
}

fn scan_hex(text: &[u8]) -> Option<Magnitude<'static>> {
    let (integer, fraction, rest) = split_mantissa(text, u8::is_ascii_hexdigit)?;
    let mut exponent = match rest {
        [] => 0,
        [b'p' | b'P', rest @ ..] => scan_exponent(rest)?,
        _ => return None,
    };
    let mut mantissa = 0_u128;
    let mut sticky = false;
    for (place, digit) in integer.iter().chain(fraction).enumerate() {
        let behind_point = place >= integer.len();
        let digit = hex_digit(*digit)?;
        if mantissa >> 124 == 0 {
            mantissa = mantissa << 4 | u128::from(digit);
            exponent -= if behind_point { 4 } else { 0 };
        } else {
            sticky |= digit != 0;
            exponent += if behind_point { 0 } else { 4 };
        }
    }
    Some(Magnitude::Binary { mantissa, sticky, exponent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_strtod_would_not_read_to_the_end() {
        for bad in [
            "", "+", "-", ".", "e5", "1e", "1e+", "1ex", " 1", "1 ", "--1", "1.2.3", "0x", "0xg", "0x.",
            "0x1p", "infi", "nan", "-nan", "nan(1)", "1_0", "0x1p1x", "1\0",
        ] {
            assert_eq!(scan(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn takes_numbers_apart() {
        let decimal = |integer: &'static [u8], fraction: &'static [u8], exponent| {
            Some(Number { negative: false, magnitude: Magnitude::Decimal { integer, fraction, exponent } })
        };
        assert_eq!(scan(b"+12.34e-5"), decimal(b"12", b"34", -5));
        assert_eq!(scan(b".5"), decimal(b"", b"5", 0));
        assert_eq!(scan(b"5."), decimal(b"5", b"", 0));
        assert_eq!(scan(b"1e99999999999999999999"), decimal(b"1", b"", EXPONENT_LIMIT));
        assert_eq!(scan(b"-INFinity"), Some(Number { negative: true, magnitude: Magnitude::Infinity }));
        let binary = Magnitude::Binary { mantissa: 0x18, sticky: false, exponent: -2 };
        assert_eq!(scan(b"0x1.8P2"), Some(Number { negative: false, magnitude: binary }));
    }
}
