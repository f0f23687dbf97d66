//! Requests out of received bytes, without copying or allocating.
//!
//! A request is `*n` followed by `n` bulk strings, or one line of words (inline command). `Parser::parse` looks at the
//! unread bytes of a connection and hands out slices of them. A request that is cut off is remembered as the ranges
//! parsed so far, so that a command of a million words that arrives in pieces is walked once, not once per piece.
//!
//! Limits and error texts are those of Redis's networking.c, `processMultibulkBuffer` and `processInlineBuffer`.

use crate::base::args::split_args;
use smallvec::SmallVec;
use thiserror::Error;

/// The words of a request: slices of the receive buffer; on the stack up to sixteen.
pub type Argv<'a> = SmallVec<[&'a [u8]; 16]>;

/// Longest inline request, and longest `*` or `$` header line (PROTO_INLINE_MAX_SIZE), in bytes.
const INLINE_MAX: usize = 64 * 1024;
/// Most words in a request.
const WORDS_MAX: i64 = i32::MAX as i64;
/// Before authentication: most words, longest word in bytes (networking.c, CVE-2021-32675).
const UNAUTH_WORDS_MAX: i64 = 10;
const UNAUTH_BULK_MAX: i64 = 16 * 1024;

/// What a connection may send.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest bulk string in bytes (`proto-max-bulk-len`).
    pub bulk_max: i64,
    /// Whether the client is authenticated (or needs not be).
    pub authenticated: bool,
}

/// A request that breaks the protocol: the text of the error reply; the connection is closed after it.
#[derive(Error, Debug, PartialEq, Eq, Clone)]
pub enum ProtocolError {
    /// The word count is no number or out of range.
    #[error("Protocol error: invalid multibulk length")]
    MultibulkLength,
    /// More than ten words before authentication.
    #[error("Protocol error: unauthenticated multibulk length")]
    UnauthMultibulkLength,
    /// A word's length is no number or out of range.
    #[error("Protocol error: invalid bulk length")]
    BulkLength,
    /// A word over 16 KiB before authentication.
    #[error("Protocol error: unauthenticated bulk length")]
    UnauthBulkLength,
    /// A word does not start with `$`.
    #[error("Protocol error: expected '$', got '{}'", char::from(*.0))]
    ExpectedDollar(u8),
    /// A `*` header line without end.
    #[error("Protocol error: too big mbulk count string")]
    BigCountString,
    /// A `$` header line without end.
    #[error("Protocol error: too big bulk count string")]
    BigBulkString,
    /// An inline request without end.
    #[error("Protocol error: too big inline request")]
    BigInline,
    /// Quotes of an inline request do not close.
    #[error("Protocol error: unbalanced quotes in request")]
    UnbalancedQuotes,
}

impl ProtocolError {
    /// The error line to reply, code first: its bytes are not always text.
    pub fn line(&self) -> Vec<u8> {
        match self {
            ProtocolError::ExpectedDollar(byte) => {
                [b"ERR Protocol error: expected '$', got '", &[*byte][..], b"'"].concat()
            }
            other => format!("ERR {other}").into_bytes(),
        }
    }
}

/// Outcome of looking at the unread bytes.
#[derive(Debug, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "the large variant is the frequent one; a box would be an allocation per command"
)]
pub enum Parsed<'a> {
    /// A whole request of `consumed` bytes.
    Request(Argv<'a>, usize),
    /// An inline request of `consumed` bytes whose words needed unquoting.
    Inline(Vec<Vec<u8>>, usize),
    /// Nothing to do in the next `consumed` bytes (an empty line, `*0`).
    Empty(usize),
    /// More bytes are needed: at least `total` unread bytes in all before it is worth asking again.
    More(usize),
}

/// The cut-off request of one connection; empty between requests.
#[derive(Default, Debug)]
pub struct Parser {
    partial: Option<Box<Partial>>,
}

#[derive(Debug)]
struct Partial {
    words: usize,
    ranges: Vec<(usize, usize)>,
    /// Where the next word begins, and where its bytes do as far as is known.
    at: usize,
    body: usize,
}

enum Header {
    Value(i64, usize),
    More,
}

impl Parser {
    /// A parser at the start of a request.
    pub fn new() -> Parser {
        Parser::default()
    }

    /// Forgets a cut-off request: its bytes will be parsed from their start.
    pub fn reset(&mut self) {
        self.partial = None;
    }

    /// Bytes held for a cut-off request (for memory accounting).
    pub fn mem_bytes(&self) -> usize {
        self.partial.as_ref().map_or(0, |p| size_of::<Partial>() + p.ranges.capacity() * 16)
    }

    /// How many of the unread bytes belong to words that are whole, or to headers: those that Redis has moved out of its
    /// query buffer by then (networking.c `processMultibulkBuffer`, `processInputBuffer`).
    pub fn read_bytes(&self) -> usize {
        self.partial.as_ref().map_or(0, |partial| partial.body)
    }

    /// Bytes of the words that are whole.
    pub fn word_bytes(&self) -> usize {
        self.partial.as_ref().map_or(0, |p| p.ranges.iter().map(|(start, end)| end - start).sum())
    }

    /// Parses the next request at the start of `buf`, the unread bytes of the connection.
    ///
    /// After `More`, the caller appends to the same bytes and asks again; after any other outcome it drops `consumed`.
    ///
    /// # Errors
    /// Bytes that break the protocol: reply with the error's text and close.
    #[inline]
    pub fn parse<'a>(&mut self, buf: &'a [u8], limits: &Limits) -> Result<Parsed<'a>, ProtocolError> {
        if self.partial.is_some() {
            return self.resume(buf, limits);
        }
        match buf.first() {
            None => Ok(Parsed::More(1)),
            Some(b'*') => self.multibulk(buf, limits),
            Some(_) => inline(buf),
        }
    }

    fn multibulk<'a>(&mut self, buf: &'a [u8], limits: &Limits) -> Result<Parsed<'a>, ProtocolError> {
        let (words, mut at) =
            match header(buf, 0, ProtocolError::BigCountString, ProtocolError::MultibulkLength)? {
                Header::Value(n, at) => (n, at),
                Header::More => return Ok(Parsed::More(buf.len() + 1)),
            };
        if words > WORDS_MAX {
            return Err(ProtocolError::MultibulkLength);
        }
        if words > UNAUTH_WORDS_MAX && !limits.authenticated {
            return Err(ProtocolError::UnauthMultibulkLength);
        }
        let Ok(words) = usize::try_from(words) else { return Ok(Parsed::Empty(at)) };
        if words == 0 {
            return Ok(Parsed::Empty(at));
        }
        let mut argv = Argv::new();
        for done in 0..words {
            match word(buf, at, limits)? {
                Word::Whole(start, end) => {
                    // `end + 2 <= buf.len()` was checked by `word`.
                    argv.push(buf.get(start..end).unwrap_or_default());
                    at = end + 2;
                }
                Word::More { total, body } => {
                    let mut ranges = Vec::with_capacity((done + 8).min(words));
                    let base = buf.as_ptr() as usize;
                    ranges.extend(argv.iter().map(|w| {
                        let start = w.as_ptr() as usize - base;
                        (start, start + w.len())
                    }));
                    self.partial = Some(Box::new(Partial { words, ranges, at, body }));
                    return Ok(Parsed::More(total));
                }
            }
        }
        Ok(Parsed::Request(argv, at))
    }

    fn resume<'a>(&mut self, buf: &'a [u8], limits: &Limits) -> Result<Parsed<'a>, ProtocolError> {
        let Some(partial) = self.partial.as_mut() else { return Ok(Parsed::More(1)) };
        while partial.ranges.len() < partial.words {
            match word(buf, partial.at, limits)? {
                Word::Whole(start, end) => {
                    partial.ranges.push((start, end));
                    partial.at = end + 2;
                }
                Word::More { total, body } => {
                    partial.body = body;
                    return Ok(Parsed::More(total));
                }
            }
        }
        let argv = partial.ranges.iter().map(|&(s, e)| buf.get(s..e).unwrap_or_default()).collect();
        let at = partial.at;
        self.partial = None;
        Ok(Parsed::Request(argv, at))
    }
}

enum Word {
    /// Its bytes are from here to there.
    Whole(usize, usize),
    /// `total` unread bytes are needed; the word's bytes begin at `body`, or its header if that is cut off.
    More { total: usize, body: usize },
}

/// The `$len\r\nbytes\r\n` at `at`.
#[inline]
fn word(buf: &[u8], at: usize, limits: &Limits) -> Result<Word, ProtocolError> {
    let (len, start) = match buf.get(at) {
        Some(b'$') => match header(buf, at, ProtocolError::BigBulkString, ProtocolError::BulkLength)? {
            Header::Value(n, start) => (n, start),
            Header::More => return Ok(Word::More { total: buf.len() + 1, body: at }),
        },
        // The line must be whole before its first byte counts.
        other => {
            return match (other, line_end(buf, at, ProtocolError::BigBulkString)?) {
                (Some(&other), Some(_)) => Err(ProtocolError::ExpectedDollar(other)),
                _ => Ok(Word::More { total: buf.len() + 1, body: at }),
            };
        }
    };
    if len < 0 || len > limits.bulk_max {
        return Err(ProtocolError::BulkLength);
    }
    if len > UNAUTH_BULK_MAX && !limits.authenticated {
        return Err(ProtocolError::UnauthBulkLength);
    }
    let len = usize::try_from(len).map_err(|_| ProtocolError::BulkLength)?;
    let end = start.checked_add(len).ok_or(ProtocolError::BulkLength)?;
    let whole = end.checked_add(2).ok_or(ProtocolError::BulkLength)?;
    Ok(if whole <= buf.len() { Word::Whole(start, end) } else { Word::More { total: whole, body: start } })
}

/// The decimal between the byte at `at` (`*` or `$`) and `\r\n`, and the position behind it.
#[inline]
fn header(
    buf: &[u8],
    at: usize,
    too_big: ProtocolError,
    bad: ProtocolError,
) -> Result<Header, ProtocolError> {
    let rest = buf.get(at + 1..).unwrap_or_default();
    // One to three digits cover almost every header: look at them without a search.
    let mut n: i64 = 0;
    for (i, &b) in rest.iter().take(4).enumerate() {
        match b {
            b'0'..=b'9' if i < 3 && !(i > 0 && n == 0) => n = n * 10 + i64::from(b - b'0'),
            b'\r' if i > 0 && rest.len() > i + 1 => return Ok(Header::Value(n, at + i + 3)),
            _ => break,
        }
    }
    let Some(cr) = line_end(buf, at, too_big)? else { return Ok(Header::More) };
    let digits = buf.get(at + 1..cr).unwrap_or_default();
    crate::base::numbers::parse_i64(digits).map(|n| Header::Value(n, cr + 2)).ok_or(bad)
}

/// Where the CR of the header line that starts at `at` stands; `None` while the line is cut off.
///
/// A line lasts up to the first CR and whatever byte follows it: Redis waits for that byte and does not look whether it
/// is LF. A zero byte hides everything behind it, because the line is searched as a C string.
fn line_end(buf: &[u8], at: usize, too_big: ProtocolError) -> Result<Option<usize>, ProtocolError> {
    let rest = buf.get(at..).unwrap_or_default();
    let window = rest.get(..rest.len().min(INLINE_MAX + 1)).unwrap_or_default();
    match memchr::memchr2(b'\r', 0, window) {
        Some(i) if rest.get(i) == Some(&b'\r') => Ok((i + 1 < rest.len()).then_some(at + i)),
        _ if rest.len() > INLINE_MAX => Err(too_big),
        _ => Ok(None),
    }
}

/// One line of words. As in a header, a zero byte hides the end of the line.
///
/// Whether a line somewhat longer than the limit is taken depends on the pieces in which it arrives, as in Redis: the
/// limit is looked at only while no end is in sight.
fn inline(buf: &[u8]) -> Result<Parsed<'_>, ProtocolError> {
    let Some(lf) = memchr::memchr2(b'\n', 0, buf).filter(|&i| buf.get(i) == Some(&b'\n')) else {
        return if buf.len() > INLINE_MAX {
            Err(ProtocolError::BigInline)
        } else {
            Ok(Parsed::More(buf.len() + 1))
        };
    };
    let line = buf.get(..lf).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let words = split_args(line).ok_or(ProtocolError::UnbalancedQuotes)?;
    Ok(if words.is_empty() { Parsed::Empty(lf + 1) } else { Parsed::Inline(words, lf + 1) })
}

#[cfg(test)]
mod tests;
