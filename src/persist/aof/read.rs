//! Commands out of an append-only file, with what is wrong and where (Redis: aof.c `loadSingleAppendOnlyFile`).
//!
//! ```text
//!  *<words>\r\n ($<bytes>\r\n ... \r\n)*      a command
//!  #...\n                                     a remark, skipped; Redis writes #TS:<unix seconds>
//! ```
//!
//! A unit is what is replayed whole or not at all: a command, or everything from MULTI to EXEC. [`Reader::valid_up_to`]
//! is the end of the last whole one: where a file that was cut may be cut back to.
//!
//! Stricter than Redis, which takes any two bytes after a word and any number before a line's end: such a file was not
//! written by a server. Memory is bounded by the bytes that are really there, whatever lengths they claim.

use bytes::{Bytes, BytesMut};
use std::io::{self, Read};

/// Bytes asked for at once.
const CHUNK: usize = 256 * 1024;
/// The longest line that begins a command or a word: sign, 20 digits, line end.
const HEADER_MAX: usize = 32;
/// The most words of a command, as of a request: above what any server writes.
const WORDS_MAX: u64 = i32::MAX as u64;

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Where it begins in the file.
    pub offset: u64,
    /// Its words, the name first; never empty.
    pub argv: Vec<Bytes>,
}

/// What ends the reading of a file early.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// The file ends within a command: it was cut.
    #[error("Unexpected end of file")]
    End,
    /// The file ends between MULTI and EXEC: it was cut.
    #[error("Unexpected end of file within MULTI/EXEC")]
    OpenMulti,
    /// Something else than a command stands there.
    #[error("Bad file format")]
    Format,
    /// MULTI within MULTI, or EXEC without.
    #[error("Unexpected MULTI or EXEC")]
    Nesting,
    /// The file cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A flaw and its place.
#[derive(Debug, thiserror::Error)]
#[error("{kind} at offset {offset}")]
pub struct Damage {
    /// Offset in the file of the command (for [`Flaw::OpenMulti`]: the MULTI) at fault.
    pub offset: u64,
    /// What is wrong.
    pub kind: Flaw,
}

impl Damage {
    /// Whether cutting the file back to [`Reader::valid_up_to`] mends it, as `aof-load-truncated` allows.
    pub fn is_cut(&self) -> bool {
        matches!(self.kind, Flaw::End | Flaw::OpenMulti)
    }
}

/// Reads commands one by one.
pub struct Reader<R> {
    source: R,
    /// Read and not yet given out.
    buffer: BytesMut,
    /// Offset of the buffer's first byte.
    offset: u64,
    /// End of the last whole unit.
    valid: u64,
    multi: Option<u64>,
    ended: bool,
}

/// Ends the reading of one command.
enum Stop {
    /// Clean end of the file.
    Done,
    Flaw(Flaw),
}

impl From<Flaw> for Stop {
    fn from(flaw: Flaw) -> Stop {
        Stop::Flaw(flaw)
    }
}

impl<R: Read> Reader<R> {
    /// Reads from the beginning of a file. No buffering is needed below.
    pub fn new(source: R) -> Reader<R> {
        Reader::from_offset(source, 0)
    }

    /// Reads on at `offset` of a file, to which `source` is positioned: behind an RDB preamble.
    pub fn from_offset(source: R, offset: u64) -> Reader<R> {
        Reader { source, buffer: BytesMut::new(), offset, valid: offset, multi: None, ended: false }
    }

    /// The next command, `None` at the end of a sound file. After an error the reader is not to be used further, but
    /// for [`Reader::valid_up_to`].
    ///
    /// # Errors
    /// What is wrong with the file, and where. A file that ends within a transaction is damaged too; its commands were
    /// given out by then, so whoever applies them waits for EXEC.
    #[expect(
        clippy::should_implement_trait,
        reason = "an error ends it, and Result<Option> reads better in a loop"
    )]
    pub fn next(&mut self) -> Result<Option<Command>, Damage> {
        match self.read() {
            Ok(command) => Ok(Some(command)),
            Err(Stop::Done) => match self.multi {
                None => Ok(None),
                Some(offset) => Err(Damage { offset, kind: Flaw::OpenMulti }),
            },
            Err(Stop::Flaw(kind)) => Err(Damage { offset: self.offset, kind }),
        }
    }

    /// The end of the last whole unit that was read: a command outside a transaction, or an EXEC.
    pub fn valid_up_to(&self) -> u64 {
        self.valid
    }

    /// Whether a MULTI waits for its EXEC.
    pub fn in_multi(&self) -> bool {
        self.multi.is_some()
    }

    /// How far the file was read.
    pub fn position(&self) -> u64 {
        self.offset
    }

    fn read(&mut self) -> Result<Command, Stop> {
        self.skip_remarks()?;
        let mut at = 0;
        let words = self.header(&mut at, b'*')?;
        if words == 0 || words > WORDS_MAX {
            return Err(Flaw::Format.into());
        }
        let mut ranges = Vec::new();
        for _ in 0..words {
            let len = usize::try_from(self.header(&mut at, b'$')?).map_err(|_| Flaw::Format)?;
            let end = at.checked_add(len).and_then(|end| end.checked_add(2)).ok_or(Flaw::Format)?;
            self.fill(end)?;
            if self.buffer.get(end - 2..end) != Some(b"\r\n") {
                return Err(Flaw::Format.into());
            }
            ranges.push(at..end - 2);
            at = end;
        }
        let bytes = self.buffer.split_to(at).freeze();
        let argv: Vec<Bytes> = ranges.into_iter().map(|range| bytes.slice(range)).collect();
        let command = Command { offset: self.offset, argv };
        self.nest(&command)?;
        self.offset += at as u64;
        if self.multi.is_none() {
            self.valid = self.offset;
        }
        Ok(command)
    }

    /// Follows MULTI and EXEC.
    fn nest(&mut self, command: &Command) -> Result<(), Flaw> {
        let name = command.argv.first().map(|name| name.as_ref()).unwrap_or_default();
        if name.eq_ignore_ascii_case(b"multi") {
            if self.multi.replace(command.offset).is_some() {
                return Err(Flaw::Nesting);
            }
        } else if name.eq_ignore_ascii_case(b"exec") && self.multi.take().is_none() {
            return Err(Flaw::Nesting);
        }
        Ok(())
    }

    /// Moves to the next command. A remark that the end of the file cuts off counts as damage: what were appended
    /// behind it would belong to it.
    fn skip_remarks(&mut self) -> Result<(), Stop> {
        loop {
            if self.buffer.is_empty() && !self.more(CHUNK)? {
                return Err(Stop::Done);
            }
            if self.buffer.first() != Some(&b'#') {
                return Ok(());
            }
            let mut searched = 0;
            let end = loop {
                let rest = self.buffer.get(searched..).unwrap_or_default();
                if let Some(at) = memchr::memchr(b'\n', rest) {
                    break searched + at + 1;
                }
                searched = self.buffer.len();
                if !self.more(CHUNK)? {
                    return Err(Flaw::End.into());
                }
            };
            let _ = self.buffer.split_to(end);
            self.offset += end as u64;
        }
    }

    /// Reads `<prefix><digits>\r\n` at `at` and moves behind it.
    fn header(&mut self, at: &mut usize, prefix: u8) -> Result<u64, Flaw> {
        let line = loop {
            let rest = self.buffer.get(*at..).unwrap_or_default();
            if rest.first().is_some_and(|first| *first != prefix) {
                return Err(Flaw::Format);
            }
            let window = rest.get(..HEADER_MAX).unwrap_or(rest);
            if let Some(end) = memchr::memchr(b'\n', window) {
                break window.get(..=end).unwrap_or_default();
            }
            if window.len() == HEADER_MAX {
                return Err(Flaw::Format);
            }
            if !self.more(CHUNK)? {
                return Err(Flaw::End);
            }
        };
        *at += line.len();
        let digits = line.get(1..).and_then(|line| line.strip_suffix(b"\r\n")).ok_or(Flaw::Format)?;
        let number = std::str::from_utf8(digits).ok().filter(|_| digits.iter().all(u8::is_ascii_digit));
        number.and_then(|digits| digits.parse().ok()).ok_or(Flaw::Format)
    }

    /// Reads until the buffer holds `len` bytes.
    fn fill(&mut self, len: usize) -> Result<(), Flaw> {
        while self.buffer.len() < len {
            // What is asked for grows with what came, so a false length costs nothing.
            let ask = (len - self.buffer.len()).clamp(CHUNK, CHUNK.max(self.buffer.len()));
            if !self.more(ask)? {
                return Err(Flaw::End);
            }
        }
        Ok(())
    }

    /// Reads up to `len` bytes more; false at the end of the file.
    fn more(&mut self, len: usize) -> Result<bool, Flaw> {
        if self.ended {
            return Ok(false);
        }
        let old = self.buffer.len();
        self.buffer.resize(old + len, 0);
        let got = loop {
            match self.source.read(self.buffer.get_mut(old..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(old + got.as_ref().copied().unwrap_or(0));
        self.ended = got? == 0;
        Ok(!self.ended)
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)]
mod tests;
