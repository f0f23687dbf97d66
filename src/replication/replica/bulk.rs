//! A full copy as it arrives: its header, its bytes, its end.
//!
//! ```text
//!   \n \n …  $<length>\r\n  <length bytes>              from a file
//!   \n \n …  $EOF:<40 bytes>\r\n  <bytes>  <40 bytes>   as it is made
//! ```
//!
//! The mark of the second kind is 40 random digits. It can be told from the copy only because nothing follows it until
//! the replica acknowledges: the copy has ended if the last 40 bytes received are the mark (replication.c
//! `readSyncBulkPayload`). So the last 40 bytes are always held back until more arrive.

use bytes::{Bytes, BytesMut};

/// Longest header line (replication.c reads it into 1024 bytes).
const HEADER_MAX: usize = 1024;
const MARK: usize = 40;

/// The reader of one copy.
#[derive(Debug, Default)]
pub struct Bulk {
    state: State,
    /// Bytes of the copy that were handed out.
    pub read: u64,
    is_marked: bool,
}

#[derive(Debug)]
enum State {
    /// The header's bytes so far.
    Header(Vec<u8>),
    Sized {
        size: u64,
    },
    Marked {
        mark: [u8; MARK],
        tail: BytesMut,
    },
    Over,
}

impl Default for State {
    fn default() -> State {
        State::Header(Vec::new())
    }
}

/// What became of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Got {
    /// More are needed.
    More,
    /// An empty line: the master lives.
    Alive,
    /// The header: so many bytes follow, or as many as there are before the mark.
    Begins(Option<u64>),
    /// Bytes of the copy.
    Bytes(Bytes),
    /// The copy is whole; what is left of the input belongs to the stream.
    Whole,
    /// The master gave up, in these words.
    Refused(String),
    /// Something else came.
    Garbage(String),
}

impl Bulk {
    /// The announced size; 0 while it is unknown.
    pub fn size(&self) -> u64 {
        if let State::Sized { size } = self.state { size } else { 0 }
    }

    /// Whether the header has been read.
    pub fn has_begun(&self) -> bool {
        !matches!(self.state, State::Header(_))
    }

    /// Whether its end is a mark.
    pub fn is_marked(&self) -> bool {
        self.is_marked
    }

    /// Takes what it can from the front of `input`. To be called until `More`, `Whole` or an error.
    pub fn take(&mut self, input: &mut Bytes) -> Got {
        match &mut self.state {
            State::Header(_) => self.header(input),
            State::Sized { size } => {
                let left = *size - self.read;
                if left == 0 {
                    self.state = State::Over;
                    return Got::Whole;
                }
                if input.is_empty() {
                    return Got::More;
                }
                let n = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                self.read += n as u64;
                Got::Bytes(input.split_to(n))
            }
            State::Marked { mark, tail } => {
                if input.is_empty() {
                    if tail[..] != mark[..] {
                        return Got::More;
                    }
                    self.state = State::Over;
                    return Got::Whole;
                }
                // What comes out is what is behind by 40 bytes: first the tail's, then the input's.
                let spare = (tail.len() + input.len()).saturating_sub(MARK);
                let from_tail = spare.min(tail.len());
                let mut out = tail.split_to(from_tail).freeze();
                if out.is_empty() && spare > 0 {
                    out = input.split_to(spare - from_tail);
                } else if from_tail == spare {
                    tail.extend_from_slice(input);
                    input.clear();
                }
                self.read += out.len() as u64;
                if out.is_empty() { self.take(input) } else { Got::Bytes(out) }
            }
            State::Over => Got::Whole,
        }
    }

    fn header(&mut self, input: &mut Bytes) -> Got {
        let State::Header(line) = &mut self.state else { return Got::More };
        let end = memchr::memchr(b'\n', input);
        let piece = input.split_to(end.map_or(input.len(), |at| at + 1));
        line.extend_from_slice(&piece);
        if line.len() > HEADER_MAX {
            return Got::Garbage(text(line.get(..64).unwrap_or_default()));
        }
        if end.is_none() {
            return Got::More;
        }
        let line = std::mem::take(line);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.split_first() {
            None => Got::Alive,
            Some((b'-', rest)) => Got::Refused(text(rest)),
            Some((b'$', rest)) => self.begin(rest).unwrap_or_else(|| Got::Garbage(text(line))),
            Some(_) => Got::Garbage(text(line)),
        }
    }

    fn begin(&mut self, header: &[u8]) -> Option<Got> {
        if let Some(mark) = header.strip_prefix(b"EOF:") {
            let mark = mark.first_chunk::<MARK>()?;
            self.is_marked = true;
            self.state = State::Marked { mark: *mark, tail: BytesMut::with_capacity(2 * MARK) };
            return Some(Got::Begins(None));
        }
        let size = crate::base::numbers::parse_u64(header)?;
        self.state = State::Sized { size };
        Some(Got::Begins(Some(size)))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
mod tests {
    use super::*;

    fn read(bulk: &mut Bulk, wire: &[u8], pieces: usize) -> (Vec<u8>, Vec<Got>, Vec<u8>) {
        let (mut copy, mut others) = (Vec::new(), Vec::new());
        let mut chunks = wire.chunks(pieces);
        while let Some(chunk) = chunks.next() {
            let mut input = Bytes::copy_from_slice(chunk);
            loop {
                match bulk.take(&mut input) {
                    Got::Bytes(bytes) => copy.extend_from_slice(&bytes),
                    Got::More => break,
                    Got::Whole => {
                        let mut rest = input.to_vec();
                        chunks.for_each(|chunk| rest.extend_from_slice(chunk));
                        others.push(Got::Whole);
                        return (copy, others, rest);
                    }
                    other => others.push(other),
                }
            }
        }
        (copy, others, Vec::new())
    }

    #[test]
    fn a_copy_of_known_length_ends_where_it_says_however_it_is_cut() {
        for pieces in 1..40 {
            let (copy, others, rest) = read(&mut Bulk::default(), b"\n\n$11\r\nREDIS012345*1\r\n", pieces);
            assert_eq!(copy, b"REDIS012345");
            assert_eq!(others, [Got::Alive, Got::Alive, Got::Begins(Some(11)), Got::Whole]);
            assert_eq!(rest, b"*1\r\n");
        }
    }

    #[test]
    fn a_copy_of_unknown_length_ends_at_its_mark_however_it_is_cut() {
        let mark = [b'f'; 40];
        for size in [0, 1, 39, 40, 41, 79, 80, 81, 200] {
            let body: Vec<u8> = (0..size).map(|i| b'a' + (i % 5) as u8).collect();
            let wire = [b"$EOF:", &mark[..], b"\r\n", &body, &mark].concat();
            for pieces in [1, 2, 7, 39, 40, 41, 64, 1000] {
                let (copy, others, _) = read(&mut Bulk::default(), &wire, pieces);
                assert_eq!(copy, body, "{size} bytes in pieces of {pieces}");
                assert_eq!(others, [Got::Begins(None), Got::Whole], "{size} in {pieces}");
            }
        }
    }

    #[test]
    fn what_is_no_copy_is_named() {
        let one = |wire: &'static [u8]| Bulk::default().take(&mut Bytes::from_static(wire));
        assert_eq!(one(b"-ERR no\r\n"), Got::Refused("ERR no".into()));
        assert_eq!(one(b"+OK\r\n"), Got::Garbage("+OK".into()));
        assert_eq!(one(b"$-5\r\n"), Got::Garbage("$-5".into()));
        assert_eq!(one(b"$99999999999999999999999\r\n"), Got::Garbage("$99999999999999999999999".into()));
        assert_eq!(one(b"$EOF:short\r\n"), Got::Garbage("$EOF:short".into()));
        let endless = vec![b'$'; 5000];
        assert!(matches!(Bulk::default().take(&mut Bytes::from(endless)), Got::Garbage(_)));
    }
}
