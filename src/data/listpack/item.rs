//! An element as it stands in a listpack: a number, or bytes that are borrowed from the pack.

use crate::base::numbers::{parse_f64, parse_i64};

/// An element of a listpack.
///
/// Strings that are canonical integers are stored as numbers, so `Bytes` of this server's own making never looks like
/// one; packs from elsewhere may differ. Compare by [`Item::eq_bytes`], which takes either form as the string it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A string that is the decimal form of this number.
    Int(i64),
    /// Any other string.
    Bytes(&'a [u8]),
}

impl<'a> Item<'a> {
    /// The element as a string; a number is written into `buf`.
    #[inline]
    pub fn bytes<'b>(&self, buf: &'b mut itoa::Buffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match *self {
            Item::Int(number) => buf.format(number).as_bytes(),
            Item::Bytes(bytes) => bytes,
        }
    }

    /// Whether the element is the string `text`. Redis: listpack.c lpCompare.
    #[inline]
    #[must_use]
    pub fn eq_bytes(&self, text: &[u8]) -> bool {
        match *self {
            Item::Int(number) => parse_i64(text) == Some(number),
            Item::Bytes(bytes) => bytes == text,
        }
    }

    /// Length of the string in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes(&mut itoa::Buffer::new()).len()
    }

    /// Whether it is the empty string.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Item::Bytes([]))
    }

    /// The string in memory of its own.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.bytes(&mut itoa::Buffer::new()).to_vec()
    }

    /// Appends the string to `out`.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.bytes(&mut itoa::Buffer::new()));
    }

    /// The number that the string is the canonical form of, if it is.
    #[inline]
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Item::Int(number) => Some(number),
            Item::Bytes(bytes) => parse_i64(bytes),
        }
    }

    /// The double that the string states, rounded to the nearest. Redis: t_zset.c zzlGetScore.
    #[inline]
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Item::Int(number) => Some(number as f64),
            Item::Bytes(bytes) => parse_f64(bytes),
        }
    }
}

impl<'a> From<&'a [u8]> for Item<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        parse_i64(bytes).map_or(Item::Bytes(bytes), Item::Int)
    }
}

impl From<i64> for Item<'_> {
    fn from(number: i64) -> Self {
        Item::Int(number)
    }
}
