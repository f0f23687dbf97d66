//! Words, quotes, escapes and numbers.

use proptest::prelude::*;

use crate::config::syntax::{quote, split_words, trim_line};
use crate::config::units::{format_fraction, format_memory, integer, loose_integer, memory, octal};

/// Splits `line` and compares; `None` means that it must be refused.
fn check(line: &[u8], expect: Option<&[&[u8]]>) {
    let words = split_words(line);
    let words: Option<Vec<&[u8]>> = words.as_ref().map(|words| words.iter().map(Vec::as_slice).collect());
    assert_eq!(words.as_deref(), expect, "{}", String::from_utf8_lossy(line));
}

#[test]
fn words_are_split_as_redis_splits_them() {
    check(b"", Some(&[]));
    check(b"  \t ", Some(&[]));
    check(b"port 6379", Some(&[b"port", b"6379"]));
    check(b"  save   60\t1  ", Some(&[b"save", b"60", b"1"]));
    check(br#"a "b c" d"#, Some(&[b"a", b"b c", b"d"]));
    check(br#""\n\r\t\b\a\\\"\q""#, Some(&[b"\n\r\t\x08\x07\\\"q"]));
    check(br#""\x41\xfF\xg1\x""#, Some(&[b"A\xffxg1x"]));
    check(br"'it\'s \n'", Some(&[br"it's \n"]));
    check(br#"pre"fix" 'x'"#, Some(&[b"prefix", b"x"]));
    check(br#"save """#, Some(&[b"save", b""]));
    check(b"a\x0bb", Some(&[b"a\x0bb"]));
    check(b"a\x00 b", Some(&[b"a"]));
}

#[test]
fn unbalanced_quotes_are_refused() {
    check(br#""open"#, None);
    check(br#"'open"#, None);
    check(br#""a"b"#, None);
    check(br"'a'b", None);
    check(br#""ends with \"#, None);
}

#[test]
fn memory_units_follow_redis() {
    for (text, bytes) in [
        ("0", 0),
        ("1b", 1),
        ("1k", 1_000),
        ("1KB", 1 << 10),
        ("2m", 2_000_000),
        ("2mB", 2 << 20),
        ("3g", 3_000_000_000),
        ("3Gb", 3 << 30),
        ("18446744073709551615", u64::MAX),
        ("", 0),
    ] {
        assert_eq!(memory(text.as_bytes()), Some(bytes), "{text}");
    }
    for text in ["-1", "1t", "1 mb", "1kbb", "18446744073709551616", "18446744073709551615k", "+1"] {
        assert_eq!(memory(text.as_bytes()), None, "{text}");
    }
    assert_eq!(format_memory(3 << 30), "3gb");
    assert_eq!(format_memory(1500 << 20), "1500mb");
    assert_eq!(format_memory(5 << 10), "5kb");
    assert_eq!(format_memory(1000), "1000");
}

#[test]
fn integers_are_strict_and_loose_where_redis_is() {
    assert_eq!(integer(b"-9223372036854775808"), Some(i64::MIN));
    for text in ["", "-", "-0", "007", "+1", " 1", "1 ", "9223372036854775808"] {
        assert_eq!(integer(text.as_bytes()), None, "{text}");
    }
    assert_eq!(loose_integer(b"007"), Some(7));
    assert_eq!(loose_integer(b""), Some(0));
    assert_eq!(loose_integer(b"7x"), None);
    assert_eq!(octal(b"755"), Some(0o755));
    assert_eq!(octal(b"8"), None);
    assert_eq!(format_fraction(99.9), "99.9");
    assert_eq!(format_fraction(100.0), "100");
}

proptest! {
    #[test]
    fn any_bytes_are_split_or_refused(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = split_words(&line);
        prop_assert!(trim_line(&line).len() <= line.len());
        let _ = (integer(&line), memory(&line), octal(&line), loose_integer(&line));
    }

    #[test]
    fn what_quote_writes_is_read_back(word in proptest::collection::vec(any::<u8>(), 0..100)) {
        let mut line = Vec::new();
        quote(&word, &mut line);
        prop_assert_eq!(split_words(&line), Some(vec![word]));
    }
}
