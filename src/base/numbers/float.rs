//! Doubles as Redis reads and writes them.

use super::grisu;
use super::integer::{parse_i64, write_i64, write_u64};
use super::syntax::{Magnitude, scan};

/// Reads a double: decimal, `0x` hexadecimal or `inf`, the whole text, no leading space.
///
/// `None` also for NaN, for what overflows, and for what is not zero but too small to be told from it.
/// Redis: util.c string2d (strtod).
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    read(text, in_range)
}

/// Reads the end of a range of scores: as [`parse_f64`], but space may lead, an empty text is 0, a zero byte ends it, and
/// what overflows is infinite.
///
/// Redis: t_zset.c zslParseRange calls strtod itself.
pub fn parse_f64_loosely(text: &[u8]) -> Option<f64> {
    let text = memchr::memchr(0, text).and_then(|end| text.get(..end)).unwrap_or(text);
    if text.is_empty() {
        return Some(0.0);
    }
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let start = text.iter().position(|byte| !is_space(byte))?;
    read(text.get(start..)?, Some)
}

/// Reads a double; `checked` decides over what is neither zero nor stated as infinite.
fn read(text: &[u8], checked: impl Fn(f64) -> Option<f64>) -> Option<f64> {
    // Most scores are whole numbers that a double holds exactly.
    if let Some(number) = parse_i64(text).filter(|number| number.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS)
    {
        return Some(number as f64);
    }
    let number = scan(text)?;
    let magnitude = match number.magnitude {
        Magnitude::Infinity => f64::INFINITY,
        Magnitude::Binary { mantissa: 0, .. } => 0.0,
        Magnitude::Binary { mantissa, sticky, exponent } => {
            checked(round_binary(mantissa, sticky, exponent))?
        }
        Magnitude::Decimal { integer, fraction, .. } => {
            let is_zero = integer.iter().chain(fraction).all(|&d| d == b'0');
            // The syntax was checked; what std reads it as is correctly rounded, as glibc's result is.
            let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
            if is_zero { 0.0 } else { checked(value.abs())? }
        }
    };
    Some(if number.negative { -magnitude } else { magnitude })
}

/// Refuses what strtod reports as ERANGE and Redis treats as an error.
fn in_range(value: f64) -> Option<f64> {
    (value.is_finite() && value != 0.0).then_some(value)
}

/// The double nearest to `mantissa` × 2^`exponent`, ties to even; `mantissa` is not 0.
fn round_binary(mantissa: u128, sticky: bool, exponent: i64) -> f64 {
    let width = i64::from(128 - mantissa.leading_zeros());
    let top = exponent.saturating_add(width); // the value is in [2^(top-1), 2^top)
    if top > 1_024 {
        return f64::INFINITY;
    }
    // A normal number keeps 53 bits, a subnormal one what lies above 2^-1074.
    let kept = 53.min(top + 1_074);
    if kept < 0 {
        return 0.0;
    }
    let cut = width - kept;
    let (kept_bits, scale) = if cut <= 0 {
        (mantissa, exponent)
    } else {
        let low = if cut == 128 { mantissa } else { mantissa & ((1 << cut) - 1) };
        let high = if cut == 128 { 0 } else { mantissa >> cut };
        let half = 1_u128 << (cut - 1);
        let up = low > half || (low == half && (sticky || high & 1 == 1));
        (high + u128::from(up), exponent + cut)
    };
    // At most 54 bits times a power of two: exact. In two steps, since 2^-1074 itself is subnormal.
    let scale = i32::try_from(scale).unwrap_or(0);
    kept_bits as f64 * 2.0_f64.powi(scale / 2) * 2.0_f64.powi(scale - scale / 2)
}

/// The integer that `value` is, if it lies in ±(2^63 − 1) / 2. Redis: util.c double2ll.
pub fn f64_as_i64(value: f64) -> Option<i64> {
    const LIMIT: f64 = (i64::MAX / 2) as f64;
    if !(-LIMIT..=LIMIT).contains(&value) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "in range; a fraction is found by the comparison")]
    let integer = value as i64;
    (integer as f64 == value).then_some(integer)
}

/// Appends `value` as every reply, file and digest of Redis 7.2 prints doubles: whole numbers as integers, others with
/// the digits of Grisu2. Redis: util.c d2string.
pub fn write_f64(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"nan");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"inf" } else { b"-inf" });
    } else if value == 0.0 {
        out.extend_from_slice(if value.is_sign_negative() { b"-0" } else { b"0" });
    } else if let Some(integer) = f64_as_i64(value) {
        write_i64(out, integer);
    } else {
        grisu::write(out, value);
    }
}

/// Appends `value` with the digits of Grisu2 throughout, as scripts pass numbers to commands (fpconv_dtoa): beyond 2^53 a
/// whole number is not written out digit by digit as [`write_f64`] does.
pub fn write_shortest(out: &mut Vec<u8>, value: f64) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.is_finite() && value.abs() > EXACT { grisu::write(out, value) } else { write_f64(out, value) }
}

/// Appends `value` as digests of sorted sets print scores: the digits of Grisu2 for whole numbers too.
///
/// Redis: deps/fpconv fpconv_dtoa.
pub fn write_f64_digits(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() && value != 0.0 { grisu::write(out, value) } else { write_f64(out, value) }
}

/// `value` as [`write_f64`] prints it.
pub fn fmt_f64(value: f64) -> String {
    let mut out = Vec::with_capacity(24);
    write_f64(&mut out, value);
    out.into_iter().map(char::from).collect()
}

/// Appends `value` with exactly `decimals` (1 to 17) digits behind the point, as distances of GEO commands are printed.
///
/// Redis: util.c fixedpoint_d2string, which scales by a power of ten in double arithmetic and rounds half to even; the
/// result saturates at 64 bits where the original is undefined.
pub fn write_fixed(out: &mut Vec<u8>, value: f64, decimals: u8) {
    let decimals = usize::from(decimals.clamp(1, 17));
    let factor = 10_u64.pow(u32::try_from(decimals).unwrap_or(17)) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let scaled = (value * factor).round_ties_even() as i64;
    if scaled < 0 {
        out.push(b'-');
    }
    let mut digits = Vec::with_capacity(20);
    write_u64(&mut digits, scaled.unsigned_abs());
    let missing = (decimals + 1).saturating_sub(digits.len());
    let mut padded = vec![b'0'; missing];
    padded.append(&mut digits);
    let (whole, fraction) = padded.split_at(padded.len() - decimals);
    out.extend_from_slice(whole);
    out.push(b'.');
    out.extend_from_slice(fraction);
}

#[cfg(test)]
mod tests;
