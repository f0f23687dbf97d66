//! The append-only file (Redis: aof.c): its manifest, what stands in its files, and who writes them when.
//!
//! ```text
//!  <dir>/<appenddirname>/<appendfilename>.manifest          which files, in which order      (manifest.rs)
//!                        <appendfilename>.2.base.rdb        the dataset at the last rewrite
//!                        <appendfilename>.4.incr.aof        commands since then   (encode.rs, writer.rs; read.rs)
//!                        <appendfilename>.2.base.aof        the dataset as commands             (rewrite.rs, base.rs)
//! ```
//!
//! Nothing here reads a clock, waits or logs: what is to be logged comes out as [`Said`].

pub mod append_only;
pub mod base;
mod encode;
pub mod manifest;
pub mod read;
pub mod rewrite;
#[cfg(test)]
pub(crate) mod testing;
pub mod writer;

/// What is to be told or done about the append-only file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A log line at level notice.
    Notice(String),
    /// A log line at level warning.
    Warning(String),
    /// A log line at level warning, after which the process ends with code 1.
    Fatal(String),
    /// An event of LATENCY, and how many milliseconds it took.
    Latency(&'static str, u64),
}

impl Said {
    fn notice(text: impl Into<String>) -> Said {
        Said::Notice(text.into())
    }

    fn warning(text: impl Into<String>) -> Said {
        Said::Warning(text.into())
    }
}

/// The number at the start of `word` as C's `strtol` reads it, what follows, and whether it is in range. Without digits it
/// is 0, and all of the word follows; out of range it is the nearest number.
pub fn read_integer(word: &[u8]) -> (i64, &[u8], bool) {
    let blanks = word.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x0b).count();
    let (negative, digits) = match word.get(blanks..).unwrap_or_default() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 {
        return (0, word, true);
    }
    let (digits, rest) = digits.split_at(count);
    let exact = digits.iter().try_fold(0i64, |sum, digit| {
        let digit = i64::from(digit - b'0');
        sum.checked_mul(10)?.checked_add(if negative { -digit } else { digit })
    });
    (exact.unwrap_or(if negative { i64::MIN } else { i64::MAX }), rest, exact.is_some())
}

#[cfg(test)]
mod tests {
    use super::read_integer;

    #[test]
    fn numbers_are_read_as_strtol_reads_them() {
        let cases: [(&str, i64, &str, bool); 8] = [
            ("12", 12, "", true),
            (" \t-3x", -3, "x", true),
            ("+4 5", 4, " 5", true),
            ("", 0, "", true),
            (" -x", 0, " -x", true),
            ("99999999999999999999!", i64::MAX, "!", false),
            ("-9223372036854775808", i64::MIN, "", true),
            ("-9223372036854775809", i64::MIN, "", false),
        ];
        for (word, number, rest, in_range) in cases {
            assert_eq!(read_integer(word.as_bytes()), (number, rest.as_bytes(), in_range), "{word}");
        }
    }
}
