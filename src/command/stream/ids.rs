//! Reading ids and ranges of ids (t_stream.c `streamGenericParseIDOrReply`, `streamParseIntervalIDOrReply`).
//!
//! | form | where | meaning |
//! |---|---|---|
//! | `ms-seq` | everywhere | that id |
//! | `ms` | everywhere | the first id of that time, or the last where a range ends |
//! | `-` `+` | ranges | the least and the greatest id |
//! | `(id` | ranges | not that one itself |
//! | `ms-*` | XADD | the next id of that time |

use super::super::args::c_str;
use crate::base::numbers;
use crate::command::Failure;
use crate::data::StreamId;
use crate::data::stream::NewId;

/// Longest word that may be an id.
const ID_LEN_MAX: usize = 127;

const INVALID: Failure = Failure::text("ERR Invalid stream ID specified as stream command argument");

/// A number as C's `strtoull` reads one that is no canonical integer: spaces before it, a sign (which wraps around), zeros
/// (util.c `string2ull`).
fn number(text: &[u8]) -> Option<u64> {
    if let Some(number) = numbers::parse_i64(text) {
        return u64::try_from(number).ok();
    }
    let start = text.iter().position(|b| !matches!(b, b' ' | b'\t'..=b'\r'))?;
    let (negative, digits) = match text.get(start..)? {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    digits.first()?;
    let value = digits.iter().try_fold(0_u64, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })?;
    Some(if negative { value.wrapping_neg() } else { value })
}

/// Both parts, the second if there is one.
fn parts(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'-', text) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

fn text(word: &[u8]) -> Result<&[u8], Failure> {
    if word.len() > ID_LEN_MAX { Err(INVALID) } else { Ok(c_str(word)) }
}

/// An id; `missing_seq` is its second part where the word has none.
///
/// # Errors
/// It is none, or one of the special ones.
pub(super) fn strict(word: &[u8], missing_seq: u64) -> Result<StreamId, Failure> {
    let (ms, seq) = parts(text(word)?);
    let seq = seq.map_or(Some(missing_seq), number);
    number(ms).zip(seq).map(|(ms, seq)| StreamId::new(ms, seq)).ok_or(INVALID)
}

/// The first id of a time, or exactly an id.
///
/// # Errors
/// As [`strict`].
pub(super) fn exact(word: &[u8]) -> Result<StreamId, Failure> {
    strict(word, 0)
}

/// As [`strict`], but `-` and `+` are ids too.
///
/// # Errors
/// It is none.
pub(super) fn lenient(word: &[u8], missing_seq: u64) -> Result<StreamId, Failure> {
    match text(word)? {
        b"-" => Ok(StreamId::MIN),
        b"+" => Ok(StreamId::MAX),
        _ => strict(word, missing_seq),
    }
}

/// The id that an XADD asks for, `*` aside.
///
/// # Errors
/// It is none.
pub(super) fn new(word: &[u8]) -> Result<NewId, Failure> {
    match parts(text(word)?) {
        (ms, Some(b"*")) => number(ms).map(NewId::At).ok_or(INVALID),
        _ => exact(word).map(NewId::Exact),
    }
}

/// Where a range starts.
///
/// # Errors
/// It is no id, or there is none behind it.
pub(super) fn start(word: &[u8]) -> Result<StreamId, Failure> {
    match word {
        [b'(', id @ ..] if !id.is_empty() => {
            strict(id, 0)?.next().ok_or(Failure::text("ERR invalid start ID for the interval"))
        }
        _ => lenient(word, 0),
    }
}

/// Where a range ends.
///
/// # Errors
/// It is no id, or there is none before it.
pub(super) fn end(word: &[u8]) -> Result<StreamId, Failure> {
    match word {
        [b'(', id @ ..] if !id.is_empty() => {
            strict(id, u64::MAX)?.prev().ok_or(Failure::text("ERR invalid end ID for the interval"))
        }
        _ => lenient(word, u64::MAX),
    }
}

/// Whether the word is this one as C compares strings, which end at a zero byte.
pub(super) fn is_mark(word: &[u8], mark: &[u8]) -> bool {
    c_str(word) == mark
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_redis_reads_them() {
        for (word, ms, seq) in [
            ("5", 5, 9),
            ("5-7", 5, 7),
            ("007-08", 7, 8),
            (" 5-\t6", 5, 6),
            ("+5-+6", 5, 6),
            ("1--05", 1, u64::MAX - 4),
            ("5-7\0junk", 5, 7),
            ("18446744073709551615-18446744073709551615", u64::MAX, u64::MAX),
        ] {
            assert_eq!(strict(word.as_bytes(), 9).unwrap(), StreamId::new(ms, seq), "{word}");
        }
        let long = format!("1{}", "-".repeat(127));
        for word in ["", "-", "+", "-5", "5-", "5-x", "x-5", "1-2-3", "1--5", "5 ", "+", " ", "1-*", &long] {
            assert!(strict(word.as_bytes(), 0).is_err(), "{word}");
        }
        for word in ["18446744073709551616", "1-18446744073709551616", "*-1", "1-**"] {
            assert!(new(word.as_bytes()).is_err(), "{word}");
        }
        assert_eq!(new(b"12-*").unwrap(), NewId::At(12));
        assert_eq!(new(b"12").unwrap(), NewId::Exact(StreamId::new(12, 0)));
    }

    #[test]
    fn ranges_may_leave_their_ends_out() {
        assert_eq!(start(b"-").unwrap(), StreamId::MIN);
        assert_eq!(end(b"+").unwrap(), StreamId::MAX);
        assert_eq!(start(b"(5").unwrap(), StreamId::new(5, 1));
        assert_eq!(end(b"(5").unwrap(), StreamId::new(5, u64::MAX - 1));
        assert_eq!(end(b"(5-0").unwrap(), StreamId::new(4, u64::MAX));
        assert_eq!(
            (start(b"5").unwrap(), end(b"5").unwrap()),
            (StreamId::new(5, 0), StreamId::new(5, u64::MAX))
        );
        assert!(start(b"(18446744073709551615-18446744073709551615").is_err());
        assert!(
            end(b"(0-0").is_err() && start(b"(").is_err() && start(b"(-").is_err() && end(b"(+").is_err()
        );
    }
}
