//! The parser against a naive twin that reads as Redis's networking.c does: all at once, with copies.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

use super::*;
use crate::base::prng::Prng;

const OPEN: Limits = Limits { bulk_max: 512 * 1024 * 1024, authenticated: true };
const CLOSED: Limits = Limits { bulk_max: 512 * 1024 * 1024, authenticated: false };

/// What a parser made of some bytes, with the words copied.
#[derive(Debug, PartialEq, Eq, Clone)]
enum Outcome {
    Words(Vec<Vec<u8>>, usize),
    Nothing(usize),
    More,
    Wrong(ProtocolError),
}

/// A line as `strchr` finds it: up to `end`, which a zero byte hides.
fn c_string_find(bytes: &[u8], end: u8) -> Option<usize> {
    bytes.iter().position(|&b| b == end || b == 0).filter(|&i| bytes[i] == end)
}

/// The twin.
fn naive(buf: &[u8], limits: &Limits) -> Outcome {
    use Outcome::{More, Nothing, Words, Wrong};
    if buf.is_empty() {
        return More;
    }
    if buf[0] != b'*' {
        let Some(lf) = c_string_find(buf, b'\n') else {
            return if buf.len() > 65_536 { Wrong(ProtocolError::BigInline) } else { More };
        };
        let end = if lf > 0 && buf[lf - 1] == b'\r' { lf - 1 } else { lf };
        return match split_args(&buf[..end]) {
            None => Wrong(ProtocolError::UnbalancedQuotes),
            Some(words) if words.is_empty() => Nothing(lf + 1),
            Some(words) => Words(words, lf + 1),
        };
    }
    // The line at `at`: its text without the first byte, and where the next begins.
    let line = |at: usize, too_big: ProtocolError| -> Result<Option<(Vec<u8>, usize)>, ProtocolError> {
        match c_string_find(&buf[at..], b'\r') {
            None if buf.len() - at > 65_536 => Err(too_big),
            Some(i) if buf.len() - at >= i + 2 => Ok(Some((buf[at..at + i].to_vec(), at + i + 2))),
            _ => Ok(None),
        }
    };
    let number = |text: &[u8]| crate::base::numbers::parse_i64(text.get(1..).unwrap_or_default());
    let (text, mut at) = match line(0, ProtocolError::BigCountString) {
        Err(e) => return Wrong(e),
        Ok(None) => return More,
        Ok(Some(found)) => found,
    };
    let count = match number(&text) {
        Some(n) if n > 10 && n <= i64::from(i32::MAX) && !limits.authenticated => {
            return Wrong(ProtocolError::UnauthMultibulkLength);
        }
        Some(n) if n <= i64::from(i32::MAX) => n,
        _ => return Wrong(ProtocolError::MultibulkLength),
    };
    let mut words = Vec::new();
    for _ in 0..count {
        let (text, start) = match line(at, ProtocolError::BigBulkString) {
            Err(e) => return Wrong(e),
            Ok(None) => return More,
            Ok(Some(found)) => found,
        };
        if buf[at] != b'$' {
            return Wrong(ProtocolError::ExpectedDollar(buf[at]));
        }
        let len = match number(&text) {
            Some(n) if n >= 0 && n <= limits.bulk_max => n,
            _ => return Wrong(ProtocolError::BulkLength),
        };
        if len > 16_384 && !limits.authenticated {
            return Wrong(ProtocolError::UnauthBulkLength);
        }
        let end = start + len as usize;
        if buf.len() < end + 2 {
            return More;
        }
        words.push(buf[start..end].to_vec());
        at = end + 2;
    }
    if words.is_empty() { Nothing(at) } else { Words(words, at) }
}

fn outcome(result: Result<Parsed<'_>, ProtocolError>, unread: usize) -> Outcome {
    match result {
        Ok(Parsed::Request(argv, used)) => Outcome::Words(argv.iter().map(|w| w.to_vec()).collect(), used),
        Ok(Parsed::Inline(words, used)) => Outcome::Words(words, used),
        Ok(Parsed::Empty(used)) => Outcome::Nothing(used),
        Ok(Parsed::More(need)) => {
            assert!(need > unread, "asks for bytes that are there");
            Outcome::More
        }
        Err(error) => Outcome::Wrong(error),
    }
}

/// Parses `bytes` as they arrive up to each of `cuts`, as a connection does: the outcomes up to the end or an error.
fn in_pieces(bytes: &[u8], cuts: &[usize], limits: &Limits) -> Vec<Outcome> {
    let (mut parser, mut outcomes, mut at, mut need) = (Parser::new(), Vec::new(), 0, 0);
    for &cut in cuts.iter().chain([&bytes.len()]) {
        while at < cut && cut - at >= need {
            let unread = &bytes[at..cut];
            need = 0;
            match parser.parse(unread, limits) {
                Ok(Parsed::More(n)) => {
                    assert!(n > unread.len());
                    need = n;
                }
                other => {
                    let outcome = outcome(other, unread.len());
                    outcomes.push(outcome.clone());
                    match outcome {
                        Outcome::Words(_, used) | Outcome::Nothing(used) => at += used,
                        _ => return outcomes,
                    }
                }
            }
        }
    }
    outcomes
}

fn by_twin(bytes: &[u8], limits: &Limits) -> Vec<Outcome> {
    let (mut outcomes, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let outcome = naive(&bytes[at..], limits);
        match &outcome {
            Outcome::More => return outcomes,
            Outcome::Wrong(_) => {
                outcomes.push(outcome);
                return outcomes;
            }
            Outcome::Words(_, used) | Outcome::Nothing(used) => at += used,
        }
        outcomes.push(outcome);
    }
    outcomes
}

fn request(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).into_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// A few requests with some bytes changed, dropped, doubled or replaced by meaningful ones.
fn mutated(rng: &mut Prng) -> Vec<u8> {
    const WORDS: &[&[u8]] =
        &[b"GET", b"", b"k", b"\r\n", b"$3\r\nabc\r\n", b"0123456789abcdef", b"*1\r\n", b"\0"];
    const PIECES: &[&[u8]] = &[
        b"\r\n",
        b"\r",
        b"\n",
        b"*",
        b"$",
        b"-1",
        b"0",
        b"10",
        b"11",
        b"16384",
        b"16385",
        b"99999999999",
        b"\0",
        b"\"",
        b"'",
        b" ",
        b"\xff",
        b"2147483648",
        b"536870913",
        b"+",
        b"\\x4",
        b"PING\r\n",
        b"GET 'a b' \"c\"\r\n",
        b"9223372036854775808",
    ];
    let mut bytes = Vec::new();
    for _ in 0..=rng.index(3) {
        if rng.index(4) == 0 {
            bytes.extend_from_slice(b"SET \"a b\" c\r\n");
        } else {
            let words: Vec<&[u8]> = (0..=rng.index(5)).map(|_| WORDS[rng.index(WORDS.len())]).collect();
            bytes.extend(request(&words));
        }
    }
    for _ in 0..rng.index(4) {
        let at = rng.index(bytes.len());
        let to = (at + rng.index(4)).min(bytes.len());
        match rng.index(4) {
            0 => bytes[at] = rng.next_u64() as u8,
            1 => drop(bytes.splice(at..to, PIECES[rng.index(PIECES.len())].iter().copied())),
            2 if to - at < bytes.len() => drop(bytes.drain(at..to)),
            _ => {
                let part = bytes[at..to].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

/// Executions of the random tests: `PARSER_RUNS`, or what a test run of a debug build bears.
fn runs() -> u64 {
    std::env::var("PARSER_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(200_000)
}

fn seed() -> u64 {
    let fresh = || {
        u64::from(std::process::id()) << 32
            ^ u64::from(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos())
    };
    std::env::var("SEED").ok().and_then(|n| n.parse().ok()).unwrap_or_else(fresh)
}

#[test]
fn mutated_requests_mean_what_the_naive_twin_reads() {
    let seed = seed();
    println!("SEED={seed}");
    let mut rng = Prng::new(seed);
    for run in 0..runs() {
        let bytes = mutated(&mut rng);
        let limits = if rng.index(3) == 0 { CLOSED } else { OPEN };
        let expected = by_twin(&bytes, &limits);
        let shown = crate::base::args::repr(&bytes);
        assert_eq!(in_pieces(&bytes, &[], &limits), expected, "SEED={seed} run {run}: {shown}");
        let mut cuts: Vec<usize> = (0..rng.index(4)).map(|_| rng.index(bytes.len().max(1))).collect();
        cuts.sort_unstable();
        assert_eq!(
            in_pieces(&bytes, &cuts, &limits),
            expected,
            "SEED={seed} run {run} cut at {cuts:?}: {shown}"
        );
    }
}

#[test]
fn where_requests_are_cut_does_not_change_them() {
    let seed = seed();
    println!("SEED={seed}");
    let mut rng = Prng::new(seed);
    for _ in 0..runs() / 200 {
        let bytes = mutated(&mut rng);
        let whole = in_pieces(&bytes, &[], &OPEN);
        for cut in 0..=bytes.len() {
            assert_eq!(in_pieces(&bytes, &[cut], &OPEN), whole, "SEED={seed} cut at {cut}: {bytes:?}");
        }
        let every: Vec<usize> = (0..bytes.len()).collect();
        assert_eq!(in_pieces(&bytes, &every, &OPEN), whole, "SEED={seed} byte by byte: {bytes:?}");
    }
}

#[track_caller]
fn check(bytes: &[u8], limits: &Limits, expect: Outcome) {
    let got = outcome(Parser::new().parse(bytes, limits), bytes.len());
    assert_eq!(got, expect, "{}", crate::base::args::repr(&bytes[..bytes.len().min(80)]));
    assert_eq!(naive(bytes, limits), expect, "the twin");
}

#[track_caller]
fn wrong(bytes: &[u8], error: ProtocolError) {
    check(bytes, &OPEN, Outcome::Wrong(error));
}

#[test]
fn counts_and_lengths_have_the_limits_of_redis() {
    wrong(b"*2147483648\r\n", ProtocolError::MultibulkLength);
    check(b"*2147483647\r\n", &OPEN, Outcome::More);
    check(b"*-9\r\n", &OPEN, Outcome::Nothing(5));
    wrong(b"*9223372036854775808\r\n", ProtocolError::MultibulkLength);
    wrong(b"*\r\n", ProtocolError::MultibulkLength);
    wrong(b"*01\r\n", ProtocolError::MultibulkLength);
    wrong(b"*1\r\n$-1\r\n", ProtocolError::BulkLength);
    wrong(b"*1\r\n$536870913\r\n", ProtocolError::BulkLength);
    wrong(b"*1\r\n$9223372036854775807\r\n", ProtocolError::BulkLength);
    check(b"*1\r\n$536870912\r\n", &OPEN, Outcome::More);
    let all = Limits { bulk_max: i64::MAX, authenticated: true };
    assert_eq!(
        Parser::new().parse(b"*1\r\n$9223372036854775807\r\nx", &all),
        Ok(Parsed::More(9_223_372_036_854_775_807 + 28))
    );
}

#[test]
fn before_authentication_ten_words_of_16_kib_are_the_most() {
    check(b"*11\r\n", &CLOSED, Outcome::Wrong(ProtocolError::UnauthMultibulkLength));
    check(b"*10\r\n", &CLOSED, Outcome::More);
    check(b"*1\r\n$16385\r\n", &CLOSED, Outcome::Wrong(ProtocolError::UnauthBulkLength));
    check(b"*1\r\n$16384\r\n", &CLOSED, Outcome::More);
    check(b"*11\r\n", &OPEN, Outcome::More);
}

/// Redis looks at a word's first byte once the line is whole: a client whose bytes trickle in gets the same answer.
#[test]
fn a_wrong_first_byte_counts_when_its_line_is_whole() {
    check(b"*1\r\nX", &OPEN, Outcome::More);
    check(b"*1\r\nX\r", &OPEN, Outcome::More);
    wrong(b"*1\r\nX\r\n", ProtocolError::ExpectedDollar(b'X'));
    wrong(b"*1\r\n\r\n", ProtocolError::ExpectedDollar(b'\r'));
    assert_eq!(ProtocolError::ExpectedDollar(0xff).line(), b"ERR Protocol error: expected '$', got '\xff'");
}

/// Redis searches line ends with strchr, so a zero byte hides them until the line is too long.
#[test]
fn a_zero_byte_hides_the_end_of_its_line() {
    for head in
        [&b"*1\0\r\n$4\r\nPING\r\n"[..], b"*1\r\n$4\0\r\nPING\r\n", b"*1\r\n\0\r\n", b"PI\0NG\r\n", b"\0\r\n"]
    {
        check(head, &OPEN, Outcome::More);
        let long = [head, &b"\r\n".repeat(32_768 + 8)].concat();
        assert!(matches!(naive(&long, &OPEN), Outcome::Wrong(_)));
        assert!(Parser::new().parse(&long, &OPEN).is_err());
    }
    check(b"*1\r\n$1\r\n\0\r\n", &OPEN, Outcome::Words(vec![vec![0]], 11));
}

#[test]
fn a_line_without_end_is_refused_beyond_64_kib() {
    for (head, error) in [
        (&b"*"[..], ProtocolError::BigCountString),
        (b"*1\r\n$", ProtocolError::BigBulkString),
        (b"P", ProtocolError::BigInline),
        (b"*1\r\nX", ProtocolError::BigBulkString),
    ] {
        let line = head.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        let padding = 65_536 - (head.len() - line);
        check(&[head, &b"1".repeat(padding)].concat(), &OPEN, Outcome::More);
        wrong(&[head, &b"1".repeat(padding + 1)].concat(), error);
    }
}

#[test]
fn a_million_words_in_pieces_are_walked_once() {
    let words: Vec<&[u8]> = std::iter::repeat_n(&b"word"[..], 1_000_000).collect();
    let bytes = request(&words);
    let start = std::time::Instant::now();
    let cuts: Vec<usize> = (1..bytes.len()).step_by(1_000).collect();
    let outcomes = in_pieces(&bytes, &cuts, &OPEN);
    let [Outcome::Words(got, used)] = outcomes.as_slice() else { panic!("one request expected") };
    assert_eq!((got.len(), *used), (1_000_000, bytes.len()));
    assert!(
        start.elapsed().as_secs() < 5,
        "{:?}: the words are walked again with each piece",
        start.elapsed()
    );
}

#[test]
fn announced_words_take_no_memory() {
    let mut parser = Parser::new();
    assert_eq!(
        parser.parse(b"*2147483647\r\n$3\r\nGET\r\n$536870912\r\n", &OPEN),
        Ok(Parsed::More(536_870_948))
    );
    assert!(parser.mem_bytes() < 1_024, "{} bytes", parser.mem_bytes());
    parser.reset();
    assert_eq!(parser.mem_bytes(), 0);
}
