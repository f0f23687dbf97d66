//! Numbers as C's `%.<precision>g` prints them: what Lua's `tostring` and cjson show.

/// Appends `value` with `precision` significant digits, without trailing zeros.
pub fn write(out: &mut Vec<u8>, value: f64, precision: usize) {
    if !value.is_finite() {
        let text: &[u8] = match value {
            v if v.is_nan() && v.is_sign_negative() => b"-nan",
            v if v.is_nan() => b"nan",
            v if v > 0.0 => b"inf",
            _ => b"-inf",
        };
        return out.extend_from_slice(text);
    }
    // By far the most frequent: whole numbers that need no exponent.
    if value.abs() < 1e14
        && precision >= 14
        && value.fract() == 0.0
        && !(value == 0.0 && value.is_sign_negative())
    {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and below 10^14")]
        let whole = value as i64;
        return out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
    }
    let precision = precision.max(1);
    let scientific = format!("{value:.*e}", precision - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let kept = digits.iter().rposition(|&d| d != b'0').map_or(1, |last| last + 1);
    let digits = digits.get(..kept).unwrap_or_default();
    if mantissa.starts_with('-') {
        out.push(b'-');
    }
    let precision = i32::try_from(precision).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= precision {
        let (first, rest) = digits.split_at(1.min(digits.len()));
        out.extend_from_slice(first);
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest);
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        out.extend_from_slice(format!("e{sign}{:02}", exponent.unsigned_abs()).as_bytes());
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + usize::try_from(-exponent - 1).unwrap_or(0), b'0');
        out.extend_from_slice(digits);
    } else {
        let whole = usize::try_from(exponent).unwrap_or(0) + 1;
        let (before, behind) = digits.split_at(whole.min(digits.len()));
        out.extend_from_slice(before);
        out.resize(out.len() + (whole - before.len()), b'0');
        if !behind.is_empty() {
            out.push(b'.');
            out.extend_from_slice(behind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_c_does() {
        for (value, precision, text) in [
            (0.0, 14, "0"),
            (-0.0, 14, "-0"),
            (3.0, 14, "3"),
            (-17.0, 14, "-17"),
            (0.1, 14, "0.1"),
            (1.0 / 3.0, 14, "0.33333333333333"),
            (1e14, 14, "1e+14"),
            (123_456_789_012_345.0, 14, "1.2345678901234e+14"),
            (99_999_999_999_999.9, 14, "1e+14"),
            (0.000_1, 14, "0.0001"),
            (0.000_01, 14, "1e-05"),
            (1.5e300, 14, "1.5e+300"),
            (1234.5, 3, "1.23e+03"),
            (999.9, 3, "1e+03"),
            (100.0, 3, "100"),
            (f64::INFINITY, 14, "inf"),
        ] {
            let mut out = Vec::new();
            write(&mut out, value, precision);
            assert_eq!(String::from_utf8(out).unwrap_or_default(), text);
        }
    }
}
