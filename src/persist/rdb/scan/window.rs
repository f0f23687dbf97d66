//! The part of the input that the scanner has at hand: it grows with the record at hand and slides on behind it.

use super::{Flaw, Span};
use crate::persist::rdb::length::Head;
use crate::persist::rdb::read::Invalid;
use crate::persist::rdb::{Crc64, Reader};
use std::borrow::Cow;
use std::io::{ErrorKind, Read};

/// Bytes read at once at least, if there are so many.
const STEP: usize = 256 << 10;
/// A window larger than this is given back when its record is done.
const KEPT: usize = 4 << 20;

/// See the head of the room for its invariants.
#[derive(Debug)]
pub(super) struct Window<R> {
    read: R,
    /// Bytes of the whole input, if known.
    size: Option<u64>,
    bytes: Vec<u8>,
    /// Where the record at hand begins.
    mark: usize,
    /// Up to where it is read.
    at: usize,
    /// Up to where bytes are in the sum.
    summed: usize,
    sum: Crc64,
    /// Offset in the input of the first byte at hand.
    before: u64,
    /// Whether the input has ended.
    ended: bool,
}

impl<R: Read> Window<R> {
    pub(super) fn new(read: R, size: Option<u64>) -> Window<R> {
        let (bytes, sum) = (Vec::new(), Crc64::default());
        Window { read, size, bytes, mark: 0, at: 0, summed: 0, sum, before: 0, ended: false }
    }

    pub(super) fn into_rest(mut self) -> (Vec<u8>, R) {
        self.bytes.drain(..self.at);
        (self.bytes, self.read)
    }

    /// Bytes of memory.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Begins a record.
    pub(super) fn mark(&mut self) {
        self.mark = self.at;
    }

    /// Bytes between the mark and where the scan is.
    pub(super) fn at_mark(&self) -> usize {
        self.at - self.mark
    }

    /// Where the scan is in the input.
    pub(super) fn offset(&self) -> u64 {
        self.before.saturating_add(self.at as u64)
    }

    /// The sum of everything so far. The sum itself is no part of it, so this is called once, before that is read.
    pub(super) fn sum(&mut self) -> u64 {
        self.sum_up();
        self.sum.value()
    }

    fn sum_up(&mut self) {
        self.sum.update(self.bytes.get(self.summed..self.at).unwrap_or_default());
        self.summed = self.at;
    }

    pub(super) fn bytes(&self, span: Span) -> &[u8] {
        self.bytes.get(self.mark + span.from..self.mark + span.to).unwrap_or_default()
    }

    /// Decodes a string that lies in the window.
    pub(super) fn string(&self, span: Span) -> Result<Cow<'_, [u8]>, Invalid> {
        Reader::new(self.bytes(span)).string()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Flaw> {
        if let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            return Ok(byte);
        }
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        self.want(N as u64)?;
        let bytes = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>());
        let bytes = bytes.copied().ok_or(Flaw::Eof)?;
        self.at += N;
        Ok(bytes)
    }

    /// Walks over `n` bytes.
    pub(super) fn skip(&mut self, n: u64) -> Result<(), Flaw> {
        self.want(n)?;
        self.at += usize::try_from(n).map_err(|_| Flaw::Memory(n))?;
        Ok(())
    }

    /// A length.
    pub(super) fn length(&mut self) -> Result<u64, Flaw> {
        match self.head()? {
            Head::Length(length) => Ok(length),
            Head::Special(byte) => Err(Flaw::Length(byte)),
        }
    }

    /// A length, or the byte that begins a string in a special encoding.
    pub(super) fn head(&mut self) -> Result<Head, Flaw> {
        let first = self.byte()?;
        Ok(match first {
            0..=0x3F => Head::Length(u64::from(first)),
            0x40..=0x7F => Head::Length(u64::from(first & 0x3F) << 8 | u64::from(self.byte()?)),
            0x80 => Head::Length(u64::from(u32::from_be_bytes(self.array()?))),
            0x81 => Head::Length(u64::from_be_bytes(self.array()?)),
            0xC0.. => Head::Special(first),
            _ => return Err(Flaw::Length(first)),
        })
    }

    /// Has `n` bytes at hand from where the scan is.
    #[inline]
    fn want(&mut self, n: u64) -> Result<(), Flaw> {
        let ahead = self.bytes.len() - self.at;
        if n <= ahead as u64 { Ok(()) } else { self.fill(n) }
    }

    #[cold]
    fn fill(&mut self, n: u64) -> Result<(), Flaw> {
        let is_too_long = |size: u64| n > size.saturating_sub(self.offset());
        if self.size.is_some_and(is_too_long) {
            return Err(Flaw::Eof);
        }
        self.slide();
        let wanted = usize::try_from(n).ok().and_then(|n| self.at.checked_add(n)).ok_or(Flaw::Memory(n))?;
        while self.bytes.len() < wanted {
            if self.ended {
                return Err(Flaw::Eof);
            }
            self.read_more(wanted)?;
        }
        Ok(())
    }

    /// Forgets what lies before the mark.
    fn slide(&mut self) {
        self.sum_up();
        let gone = self.mark;
        if gone > 0 {
            self.bytes.drain(..gone);
            self.mark = 0;
            self.at -= gone;
            self.summed -= gone;
            self.before = self.before.saturating_add(gone as u64);
        }
        if self.bytes.capacity() > KEPT && self.bytes.len() < KEPT / 2 {
            self.bytes.shrink_to(KEPT / 2);
        }
    }

    /// Reads once: towards `wanted` bytes in all, but never more than what is there already, or a step.
    fn read_more(&mut self, wanted: usize) -> Result<(), Flaw> {
        let have = self.bytes.len();
        let room = (wanted - have).clamp(STEP, have.max(STEP));
        // Exactly: a window that doubled would take twice the memory of a large record.
        self.bytes.try_reserve_exact(room).map_err(|_| Flaw::Memory(wanted as u64))?;
        self.bytes.resize(have + room, 0);
        let read = loop {
            match self.read.read(self.bytes.get_mut(have..).unwrap_or_default()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let got = *read.as_ref().unwrap_or(&0);
        self.bytes.truncate(have + got.min(room));
        self.ended = got == 0;
        read.map(|_| ()).map_err(Flaw::Read)
    }
}
