//! Splitting a line into quoted arguments, and quoting bytes so that the split reads them back.
//!
//! Inline requests, redis.conf, the command line and several replies share this syntax.

use super::digest::hex_digit;

/// `isspace` of the C locale.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Splits `line` into arguments. `None` for unbalanced quotes, or a closing quote that is not followed by a space.
///
/// Redis: sds.c sdssplitargs. In double quotes `\n \r \t \b \a \xHH` and `\` before any other character are escapes;
/// in single quotes only `\'`. A zero byte ends the line, as it ends the C string there.
pub fn split_args(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let line = line.split(|&b| b == 0).next().unwrap_or(line);
    let mut args = Vec::new();
    let mut at = 0;
    loop {
        while line.get(at).is_some_and(|&b| is_space(b)) {
            at += 1;
        }
        if at >= line.len() {
            return Some(args);
        }
        let (word, next) = take_word(line, at)?;
        args.push(word);
        at = next;
    }
}

/// Takes the word that starts at `at`; returns it with the place behind it.
fn take_word(line: &[u8], mut at: usize) -> Option<(Vec<u8>, usize)> {
    let mut word = Vec::new();
    while let Some(&byte) = line.get(at) {
        match byte {
            // Vertical tab and form feed separate words but do not end one: so the original has it.
            b' ' | b'\n' | b'\r' | b'\t' => break,
            b'"' => {
                let next = take_double_quoted(line, at + 1, &mut word)?;
                return Some((word, next));
            }
            b'\'' => {
                let next = take_single_quoted(line, at + 1, &mut word)?;
                return Some((word, next));
            }
            _ => word.push(byte),
        }
        at += 1;
    }
    Some((word, at))
}

/// Checks that the quote closed at `at` ends its word.
fn after_quote(line: &[u8], at: usize) -> Option<usize> {
    match line.get(at + 1) {
        Some(&next) if !is_space(next) => None,
        _ => Some(at + 1),
    }
}

fn take_double_quoted(line: &[u8], mut at: usize, word: &mut Vec<u8>) -> Option<usize> {
    loop {
        match (*line.get(at)?, line.get(at + 1).copied()) {
            (b'\\', Some(b'x')) => {
                let digit = |i: usize| line.get(i).copied().and_then(hex_digit);
                match (digit(at + 2), digit(at + 3)) {
                    (Some(high), Some(low)) => {
                        word.push(high << 4 | low);
                        at += 4;
                    }
                    _ => {
                        word.push(b'x');
                        at += 2;
                    }
                }
            }
            (b'\\', Some(escaped)) => {
                word.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => other,
                });
                at += 2;
            }
            (b'"', _) => return after_quote(line, at),
            (byte, _) => {
                word.push(byte);
                at += 1;
            }
        }
    }
}

fn take_single_quoted(line: &[u8], mut at: usize, word: &mut Vec<u8>) -> Option<usize> {
    loop {
        match (*line.get(at)?, line.get(at + 1)) {
            (b'\\', Some(b'\'')) => {
                word.push(b'\'');
                at += 2;
            }
            (b'\'', _) => return after_quote(line, at),
            (byte, _) => {
                word.push(byte);
                at += 1;
            }
        }
    }
}

/// `bytes` in double quotes with everything unprintable escaped; `split_args` reads it back.
///
/// Redis: sds.c sdscatrepr.
pub fn repr(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_add(2));
    out.push('"');
    for &byte in bytes {
        match byte {
            b'\\' | b'"' => out.extend(['\\', char::from(byte)]),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x07 => out.push_str("\\a"),
            0x08 => out.push_str("\\b"),
            0x20..=0x7e => out.push(char::from(byte)),
            _ => {
                out.push_str("\\x");
                out.push_str(&super::digest::to_hex(&[byte]));
            }
        }
    }
    out.push('"');
    out
}

/// Whether `bytes` must be written by [`repr`] to be read back as one argument.
///
/// Redis: sds.c sdsneedsrepr.
pub fn needs_repr(bytes: &[u8]) -> bool {
    bytes.iter().any(|&b| matches!(b, b'\\' | b'"') || is_space(b) || !(0x20..=0x7e).contains(&b))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::base::prng::Prng;

    #[track_caller]
    fn check(line: &[u8], expect: Option<&[&[u8]]>) {
        let got = split_args(line);
        let expect = expect.map(|words| words.iter().map(|w| w.to_vec()).collect::<Vec<_>>());
        assert_eq!(got, expect, "{}", repr(line));
    }

    #[test]
    fn splits_as_sdssplitargs_does() {
        check(b"", Some(&[]));
        check(b"  \t\r\n", Some(&[]));
        check(b"SET key value", Some(&[b"SET", b"key", b"value"]));
        check(b" a  b\r\n", Some(&[b"a", b"b"]));
        check(br#""new\nline" "\x41\xfF" "\q\"""#, Some(&[b"new\nline", b"A\xff", b"q\""]));
        check(br#""\xzz""#, Some(&[b"xzz"]));
        check(br#""\x4""#, Some(&[b"x4"]));
        check(br"'it\'s' 'a\nb'", Some(&[b"it's", br"a\nb"]));
        check(br#"pre"fix" x"#, Some(&[b"prefix", b"x"]));
        check(br#""" ''"#, Some(&[b"", b""]));
        check(b"a\x0bb", Some(&[b"a\x0bb"]));
        check(b"\x0b\x0ca", Some(&[b"a"]));
        check(b"a\0b c", Some(&[b"a"]));
    }

    #[test]
    fn refuses_unbalanced_quotes() {
        for line in [&b"\"foo"[..], b"'foo", b"\"foo\"bar", b"'foo'bar", b"\"foo\\", b"\"a\0\"", b"a \""] {
            check(line, None);
        }
    }

    #[test]
    fn repr_is_read_back() {
        let mut rng = Prng::new(11);
        for _ in 0..2_000 {
            let mut bytes = vec![0; rng.index(40)];
            rng.fill(&mut bytes);
            assert_eq!(split_args(repr(&bytes).as_bytes()).unwrap(), vec![bytes.clone()]);
            if !needs_repr(&bytes) && !bytes.is_empty() && !bytes.contains(&b'\'') {
                assert_eq!(split_args(&bytes).unwrap(), vec![bytes]);
            }
        }
        assert_eq!(repr(b"a\"\\\n\r\t\x07\x08\x01\xff"), r#""a\"\\\n\r\t\a\b\x01\xff""#);
    }
}
