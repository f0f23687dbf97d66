//! Lengths and strings of the RDB format (rdb.c `rdbSaveLen`, `rdbSaveRawString`, `rdbGenericLoadStringObject`).

use super::lzf;
use super::read::Invalid;
use crate::data::entry::canonical_i64;
use std::borrow::Cow;

const LEN_32: u8 = 0x80;
const LEN_64: u8 = 0x81;
const ENC_INT8: u8 = 0xC0;
const ENC_INT16: u8 = 0xC1;
const ENC_INT32: u8 = 0xC2;
const ENC_LZF: u8 = 0xC3;

/// Longest text that is tried as an integer (rdb.c `rdbTryIntegerEncoding` is called up to 11 bytes).
const INT_TEXT_MAX: usize = 11;
/// Shortest string that is compressed.
const LZF_FROM: usize = 21;
/// What LZF saves at least, or the string stays as it is.
const LZF_GAIN: usize = 4;
/// No more than this many bytes come out of one compressed byte: three make 264 at most.
const LZF_RATIO_MAX: usize = 88;

/// What the first bytes of a string say.
pub(super) enum Head {
    /// It is so long, and its bytes follow.
    Length(u64),
    /// It is encoded as this byte says.
    Special(u8),
}

/// Appends a length.
pub fn write_len(out: &mut Vec<u8>, len: u64) {
    match (u8::try_from(len), u16::try_from(len), u32::try_from(len)) {
        (Ok(small), ..) if small < 64 => out.push(small),
        (_, Ok(mid), _) if mid < 1 << 14 => out.extend_from_slice(&(mid | 0x4000).to_be_bytes()),
        (_, _, Ok(large)) => {
            out.push(LEN_32);
            out.extend_from_slice(&large.to_be_bytes());
        }
        _ => {
            out.push(LEN_64);
            out.extend_from_slice(&len.to_be_bytes());
        }
    }
}

/// Appends a string: as a number if it is a short one, compressed if `compress` and it helps.
pub fn write_string(out: &mut Vec<u8>, text: &[u8], compress: bool) {
    if text.len() <= INT_TEXT_MAX
        && let Some(number) = canonical_i64(text)
        && write_int(out, number)
    {
        return;
    }
    if compress && text.len() >= LZF_FROM && u32::try_from(text.len()).is_ok() {
        let packed = lzf::with_packed(text, text.len() - LZF_GAIN, |packed| {
            out.push(ENC_LZF);
            write_len(out, packed.len() as u64);
            write_len(out, text.len() as u64);
            out.extend_from_slice(packed);
        });
        if packed.is_some() {
            return;
        }
    }
    write_len(out, text.len() as u64);
    out.extend_from_slice(text);
}

/// Appends a string as an integer of up to 32 bits; `false` if it is none, and nothing is written.
pub(super) fn write_int(out: &mut Vec<u8>, number: i64) -> bool {
    if let Ok(number) = i8::try_from(number) {
        out.push(ENC_INT8);
        out.extend_from_slice(&number.to_le_bytes());
    } else if let Ok(number) = i16::try_from(number) {
        out.push(ENC_INT16);
        out.extend_from_slice(&number.to_le_bytes());
    } else if let Ok(number) = i32::try_from(number) {
        out.push(ENC_INT32);
        out.extend_from_slice(&number.to_le_bytes());
    } else {
        return false;
    }
    true
}

/// Bytes that are read from front to back.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// At the first of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    /// Bytes not yet read.
    #[must_use]
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Bytes read so far.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.at
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    /// There are fewer.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Invalid> {
        let end = self.at.checked_add(n).ok_or(Invalid::Truncated)?;
        let bytes = self.bytes.get(self.at..end).ok_or(Invalid::Truncated)?;
        self.at = end;
        Ok(bytes)
    }

    /// The next `N` bytes, for a number.
    ///
    /// # Errors
    /// There are fewer.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Invalid> {
        <[u8; N]>::try_from(self.take(N)?).map_err(|_| Invalid::Truncated)
    }

    /// The next byte.
    ///
    /// # Errors
    /// There is none.
    pub fn byte(&mut self) -> Result<u8, Invalid> {
        Ok(self.array::<1>()?[0])
    }

    /// A length.
    ///
    /// # Errors
    /// The bytes end, or a string's special encoding stands there.
    pub fn length(&mut self) -> Result<u64, Invalid> {
        let first = self.byte()?;
        match first {
            0..=0x3F => Ok(u64::from(first)),
            0x40..=0x7F => Ok(u64::from(first & 0x3F) << 8 | u64::from(self.byte()?)),
            LEN_32 => Ok(u64::from(u32::from_be_bytes(self.array()?))),
            LEN_64 => Ok(u64::from_be_bytes(self.array()?)),
            _ => Err(Invalid::Length),
        }
    }

    /// A number of elements, each of which takes `bytes_each` bytes at least: more cannot follow.
    ///
    /// # Errors
    /// As [`Reader::length`], or so many cannot follow.
    pub fn count(&mut self, bytes_each: usize) -> Result<usize, Invalid> {
        let count = usize::try_from(self.length()?).map_err(|_| Invalid::Length)?;
        if count.checked_mul(bytes_each).is_none_or(|bytes| bytes > self.left()) {
            return Err(Invalid::Truncated);
        }
        Ok(count)
    }

    /// A string.
    ///
    /// # Errors
    /// The bytes end or are no string.
    pub fn string(&mut self) -> Result<Cow<'a, [u8]>, Invalid> {
        let first = self.bytes.get(self.at).copied().ok_or(Invalid::Truncated)?;
        if first < ENC_INT8 {
            let len = usize::try_from(self.length()?).map_err(|_| Invalid::Length)?;
            return self.take(len).map(Cow::Borrowed);
        }
        if let Some(number) = self.integer()? {
            return Ok(Cow::Owned(itoa::Buffer::new().format(number).as_bytes().to_vec()));
        }
        self.at += 1;
        match first {
            ENC_LZF => self.compressed().map(Cow::Owned),
            _ => Err(Invalid::Encoding(first)),
        }
    }

    /// A string that is written as a number; `None`, and nothing is read, if the next one is not.
    ///
    /// # Errors
    /// The bytes end.
    pub fn integer(&mut self) -> Result<Option<i64>, Invalid> {
        let first = self.bytes.get(self.at).copied().ok_or(Invalid::Truncated)?;
        if !(ENC_INT8..=ENC_INT32).contains(&first) {
            return Ok(None);
        }
        self.at += 1;
        Ok(Some(match first {
            ENC_INT8 => i64::from(i8::from_le_bytes(self.array()?)),
            ENC_INT16 => i64::from(i16::from_le_bytes(self.array()?)),
            _ => i64::from(i32::from_le_bytes(self.array()?)),
        }))
    }

    fn compressed(&mut self) -> Result<Vec<u8>, Invalid> {
        let packed_len = self.count(1)?;
        let len = usize::try_from(self.length()?).map_err(|_| Invalid::Length)?;
        let packed = self.take(packed_len)?;
        // Its offsets are 32 bits wide, and what cannot come out is not allocated.
        if i32::try_from(len).is_err() || len > packed_len.saturating_mul(LZF_RATIO_MAX) {
            return Err(Invalid::Compressed);
        }
        match ::lzf::decompress(packed, len) {
            Ok(text) if text.len() == len => Ok(text),
            _ => Err(Invalid::Compressed),
        }
    }

    /// A double in eight bytes, the least significant first.
    ///
    /// # Errors
    /// There are fewer.
    pub fn double(&mut self) -> Result<f64, Invalid> {
        self.array().map(f64::from_le_bytes)
    }

    /// A double as text behind its length, as versions before 8 wrote it (rdb.c `rdbLoadDoubleValue`).
    ///
    /// # Errors
    /// The bytes end or are no number.
    pub fn double_text(&mut self) -> Result<f64, Invalid> {
        match self.byte()? {
            255 => Ok(f64::NEG_INFINITY),
            254 => Ok(f64::INFINITY),
            253 => Ok(f64::NAN),
            len => {
                let text = self.take(usize::from(len))?;
                crate::base::numbers::parse_f64(text).ok_or(Invalid::Score)
            }
        }
    }
}
