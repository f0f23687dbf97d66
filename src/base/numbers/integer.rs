//! Integers as Redis reads and writes them, and its sizes with units.

/// Reads a signed 64-bit integer in its only canonical form: no space, no plus sign, no leading zero, no "-0".
///
/// Writing the result gives back exactly `text`. Redis: util.c string2ll.
#[inline]
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'0'] => return Some(0),
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // 19 digits hold every i64 and cannot overflow a u64.
    if digits.len() > 19 || !matches!(digits.first(), Some(b'1'..=b'9')) {
        return None;
    }
    let mut value: u64 = 0;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
    }
    if negative {
        if value > i64::MIN.unsigned_abs() {
            return None;
        }
        Some(value.wrapping_neg().cast_signed())
    } else {
        i64::try_from(value).ok()
    }
}

/// Reads an unsigned 64-bit integer in canonical decimal form.
///
/// Stricter than util.c string2ull, which falls back to strtoull and so takes spaces, signs and leading zeros.
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    match text {
        [b'0'] => Some(0),
        [b'1'..=b'9', ..] if text.len() <= 20 => text.iter().try_fold(0_u64, |value, &digit| {
            let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
            value.checked_mul(10)?.checked_add(digit)
        }),
        _ => None,
    }
}

/// Appends `value` in decimal.
#[inline]
pub fn write_i64(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends `value` in decimal.
#[inline]
pub fn write_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Reads a size with an optional unit, in any case: `b`, `k` (1000), `kb` (1024), `m`, `mb`, `g`, `gb`.
///
/// Redis: util.c memtoull, except that what does not fit 64 bits is refused rather than wrapped. As there, a unit
/// without digits is 0.
pub fn parse_memory(text: &[u8]) -> Option<u64> {
    let digits_len = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, unit) = text.split_at(digits_len);
    let factor: u64 = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1_000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    let value = digits
        .iter()
        .try_fold(0_u64, |value, &digit| value.checked_mul(10)?.checked_add(u64::from(digit - b'0')))?;
    value.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::prng::Prng;

    #[test]
    fn reads_only_canonical_integers() {
        for (text, expect) in [
            ("0", Some(0)),
            ("-1", Some(-1)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("99999999999999999999", None),
            ("18446744073709551617", None),
            ("", None),
            ("-", None),
            ("-0", None),
            ("+1", None),
            ("01", None),
            ("-01", None),
            (" 1", None),
            ("1 ", None),
            ("1a", None),
            ("--1", None),
        ] {
            assert_eq!(parse_i64(text.as_bytes()), expect, "{text:?}");
        }
    }

    #[test]
    fn agrees_with_std_where_std_is_canonical() {
        let mut rng = Prng::new(5);
        for _ in 0..100_000 {
            let value = rng.next_u64().cast_signed() >> rng.index(64);
            let mut text = Vec::new();
            write_i64(&mut text, value);
            assert_eq!(text, value.to_string().as_bytes());
            assert_eq!(parse_i64(&text), Some(value));
            let unsigned = value.cast_unsigned();
            assert_eq!(parse_u64(unsigned.to_string().as_bytes()), Some(unsigned));
        }
    }

    #[test]
    fn reads_unsigned_integers() {
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        for bad in [&b"18446744073709551616"[..], b"-1", b"+1", b"01", b"", b"1x", b"99999999999999999999999"]
        {
            assert_eq!(parse_u64(bad), None);
        }
    }

    #[test]
    fn reads_sizes_with_units() {
        for (text, expect) in [
            ("0", Some(0)),
            ("100", Some(100)),
            ("1b", Some(1)),
            ("1k", Some(1_000)),
            ("1Kb", Some(1_024)),
            ("2M", Some(2_000_000)),
            ("2mB", Some(2 << 20)),
            ("3g", Some(3_000_000_000)),
            ("3gb", Some(3 << 30)),
            ("007", Some(7)),
            ("gb", Some(0)),
            ("-1", None),
            ("+1", None),
            ("1 gb", None),
            ("1tb", None),
            ("1.5gb", None),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("18446744073709551615kb", None),
        ] {
            assert_eq!(parse_memory(text.as_bytes()), expect, "{text:?}");
        }
    }
}
