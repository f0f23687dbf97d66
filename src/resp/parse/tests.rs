//! What is a request, what is cut off, and what breaks the protocol.

use super::*;

const LIMITS: Limits = Limits { bulk_max: 512 << 20, authenticated: true };

/// The outcome as text: words joined by `|` and bytes consumed, `more`, `empty` or the error.
fn outcome(parser: &mut Parser, bytes: &[u8]) -> String {
    let joined = |words: Vec<&[u8]>| String::from_utf8_lossy(&words.join(&b'|')).into_owned();
    match parser.parse(bytes, &LIMITS) {
        Ok(Parsed::Request(argv, used)) => format!("{} {used}", joined(argv.to_vec())),
        Ok(Parsed::Inline(words, used)) => {
            format!("{} {used}", joined(words.iter().map(Vec::as_slice).collect()))
        }
        Ok(Parsed::Empty(used)) => format!("empty {used}"),
        Ok(Parsed::More(_)) => "more".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Parses `bytes` at once and, with the same outcome, byte by byte.
fn check(bytes: &[u8], expected: &str) {
    assert_eq!(outcome(&mut Parser::new(), bytes), expected, "{}", bytes.escape_ascii());
    let mut parser = Parser::new();
    let mut last = String::new();
    for end in 1..=bytes.len() {
        last = outcome(&mut parser, &bytes[..end]);
        if last != "more" {
            break;
        }
    }
    assert_eq!(last, expected, "byte by byte: {}", bytes.escape_ascii());
}

#[test]
fn whole_requests_are_taken_whole() {
    check(b"*1\r\n$4\r\nPING\r\n", "PING 14");
    check(b"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", "ECHO| 20");
    check(b"*2\r\n$4\r\nECHO\r\n$11\r\n12345\r\n8901\r\n", "ECHO|12345\r\n8901 32");
    check(b"PING  'a b'\r\n", "PING|a b 13");
    check(b"PING\n", "PING 5");
    check(b"\r\n", "empty 2");
    check(b"*0\r\n", "empty 4");
    check(b"*-10\r\n", "empty 6");
}

#[test]
fn broken_requests_are_named() {
    check(b"*x\r\n", "Protocol error: invalid multibulk length");
    check(b"*2147483648\r\n", "Protocol error: invalid multibulk length");
    check(b"*1\r\n$-1\r\n", "Protocol error: invalid bulk length");
    check(b"*1\r\n$01\r\n", "Protocol error: invalid bulk length");
    check(b"*1\r\n+PING\r\n", "Protocol error: expected '$', got '+'");
    check(b"PING 'a\r\n", "Protocol error: unbalanced quotes in request");
}

/// The differential run found `-$` answered at once where Redis first waits for the end of the header line.
#[test]
fn a_wrong_word_is_refused_when_its_line_is_whole() {
    check(b"*2\r\n-$", "more");
    check(b"*2\r\n-$\r", "more");
    check(b"*2\r\n-$\rx", "Protocol error: expected '$', got '-'");
    // The word is one byte too long: the header line that follows begins with the LF and has no CR.
    check(b"*3\r\n$4\r\nPaING\r\n", "more");
}

#[test]
fn the_wrong_byte_goes_back_as_it_came() {
    let error = Parser::new().parse(b"*1\r\n\xff4\r\n", &LIMITS).unwrap_err();
    assert_eq!(error.line(), b"ERR Protocol error: expected '$', got '\xff'");
    assert_eq!(ProtocolError::BulkLength.line(), b"ERR Protocol error: invalid bulk length");
}

/// The differential run found requests executed whose header lines hold a zero byte, which ends Redis's search.
#[test]
fn no_line_ends_behind_a_zero_byte() {
    check(b"PI\0NG\r\n", "more");
    check(b"*\x001\r\n", "more");
    check(b"*1\r\n$\x004\r\nPING\r\n", "more");
    check(b"*1\r\n\x004\r\n$4\r\n", "more");
    check(b"PING\r\n\0", "PING 6");
}

#[test]
fn header_lines_end_within_64_kib() {
    let long = |head: &[u8], len: usize| [head, &vec![b'a'; len - head.len()][..]].concat();
    for (head, error) in [
        (&b"PING "[..], "Protocol error: too big inline request"),
        (b"*", "Protocol error: too big mbulk count string"),
    ] {
        assert_eq!(outcome(&mut Parser::new(), &long(head, INLINE_MAX)), "more");
        assert_eq!(outcome(&mut Parser::new(), &long(head, INLINE_MAX + 1)), error);
    }
    let after = |len: usize| [&b"*1\r\n"[..], &long(b"$", len)].concat();
    assert_eq!(outcome(&mut Parser::new(), &after(INLINE_MAX)), "more");
    let error = "Protocol error: too big bulk count string";
    assert_eq!(outcome(&mut Parser::new(), &after(INLINE_MAX + 1)), error);
}

#[test]
fn limits_before_authentication_are_narrower() {
    let limits = Limits { authenticated: false, ..LIMITS };
    let parse = |bytes: &[u8]| Parser::new().parse(bytes, &limits).err();
    assert_eq!(parse(b"*10\r\n"), None);
    assert_eq!(parse(b"*11\r\n"), Some(ProtocolError::UnauthMultibulkLength));
    assert_eq!(parse(b"*1\r\n$16384\r\n"), None);
    assert_eq!(parse(b"*1\r\n$16385\r\n"), Some(ProtocolError::UnauthBulkLength));
}
