//! Reading argument words: numbers and option names, with Redis's errors.

use super::{Args, Failure};
use crate::base::numbers::{self, LongDouble};

/// Word `i` as a 64-bit integer (object.c `getLongLongFromObjectOrReply`).
///
/// # Errors
/// `NotInteger` if it is none.
#[inline]
pub fn int(word: &[u8]) -> Result<i64, Failure> {
    numbers::parse_i64(word).ok_or(Failure::NotInteger)
}

/// Word as a C `int` (object.c `getIntFromObjectOrReply`).
///
/// # Errors
/// `NotInteger` if it is none, a line that names the range if it is too large or too small.
pub fn int32(word: &[u8]) -> Result<i32, Failure> {
    i32::try_from(int(word)?).map_err(|_| {
        Failure::text("ERR value is out of range, value must between -2147483648 and 2147483647")
    })
}

/// Word as an integer, with an error line of the command's own.
///
/// # Errors
/// `line` if it is none.
pub fn int_or(word: &[u8], line: &'static str) -> Result<i64, Failure> {
    numbers::parse_i64(word).ok_or(Failure::text(line))
}

/// Word as an integer from `min` to `max`, with an error line of the command's own (object.c
/// `getRangeLongFromObjectOrReply`).
///
/// # Errors
/// `line` if it is none or lies outside.
pub fn range(word: &[u8], min: i64, max: i64, line: &'static str) -> Result<i64, Failure> {
    int_or(word, line).and_then(|n| if (min..=max).contains(&n) { Ok(n) } else { Err(Failure::text(line)) })
}

/// Word as the time that a client is ready to wait: seconds, with a fraction if it likes. In milliseconds, rounded up;
/// 0 is for ever (timeout.c `getTimeoutFromObjectOrReply` with UNIT_SECONDS).
///
/// # Errors
/// It is no number, negative, or ends beyond what a clock can show.
pub fn timeout_ms(word: &[u8], now_ms: i64) -> Result<i64, Failure> {
    const OUT_OF_RANGE: Failure = Failure::text("ERR timeout is out of range");
    let seconds =
        LongDouble::parse(word).ok_or(Failure::text("ERR timeout is not a float or out of range"))?;
    let ms = seconds.scaled_ceil(1000).ok_or(OUT_OF_RANGE)?;
    if ms < 0 {
        return Err(Failure::text("ERR timeout is negative"));
    }
    if ms > 0 && now_ms.checked_add(ms).is_none() {
        return Err(OUT_OF_RANGE);
    }
    Ok(ms)
}

/// Word as the time at which a client is ready to give up: milliseconds from now; 0 is never. In unix milliseconds
/// (timeout.c `getTimeoutFromObjectOrReply` with UNIT_MILLISECONDS).
///
/// # Errors
/// It is no integer, negative, or ends beyond what a clock can show.
pub fn until_ms(word: &[u8], now_ms: i64) -> Result<Option<i64>, Failure> {
    let ms = int_or(word, "ERR timeout is not an integer or out of range")?;
    if ms < 0 {
        return Err(Failure::text("ERR timeout is negative"));
    }
    let until = now_ms.checked_add(ms).ok_or(Failure::text("ERR timeout is out of range"))?;
    Ok((ms > 0).then_some(until))
}

/// Word as a count that is not negative (object.c `getPositiveLongFromObjectOrReply`).
///
/// # Errors
/// `ERR value is out of range, must be positive` for a negative number or none.
pub fn positive(word: &[u8]) -> Result<usize, Failure> {
    let number = numbers::parse_i64(word).and_then(|number| usize::try_from(number).ok());
    number.ok_or(Failure::text("ERR value is out of range, must be positive"))
}

/// Word `i` of the command, which the arity check has made sure of.
#[inline]
pub fn word<'a>(args: Args<'a>, i: usize) -> &'a [u8] {
    args.get(i).copied().unwrap_or_default()
}

/// What C's `%s` prints of a word, as most error lines that repeat one do: it ends at a zero byte.
pub fn c_str(word: &[u8]) -> &[u8] {
    memchr::memchr(0, word).and_then(|end| word.get(..end)).unwrap_or(word)
}

/// Whether a word is this option, in any case.
#[inline]
pub fn is(word: &[u8], option: &str) -> bool {
    word.eq_ignore_ascii_case(option.as_bytes())
}

/// Word as a SCAN cursor (db.c `parseScanCursorOrReply`): what C's `strtoul` reads to the end, but no leading space. It
/// takes a sign (a negative number wraps around) and reads nothing as 0.
///
/// # Errors
/// `ERR invalid cursor` for anything else.
pub fn cursor(word: &[u8]) -> Result<u64, Failure> {
    let (negative, digits) = match word {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, word),
    };
    let invalid = Failure::text("ERR invalid cursor");
    if digits.is_empty() && !word.is_empty() {
        return Err(invalid);
    }
    let value = digits.iter().try_fold(0u64, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    });
    value.map(|v| if negative { v.wrapping_neg() } else { v }).ok_or(invalid)
}
