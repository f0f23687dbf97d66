//! Search for an element: the needle is prepared once, and most entries are passed after a look at one byte.

use super::decode::{entry_len, item};
use super::encode::{END, SHORT_TEXT, SHORT_TEXT_END};
use crate::base::numbers::parse_i64;

struct Needle<'a> {
    text: &'a [u8],
    /// What `text` is the canonical form of: entries that are numbers are compared with it.
    number: Option<i64>,
    /// First byte of a short string of this length; [`END`], which starts no entry, for longer ones.
    first: u8,
}

impl<'a> Needle<'a> {
    fn new(text: &'a [u8]) -> Self {
        let first = match u8::try_from(text.len()) {
            Ok(len) if text.len() < SHORT_TEXT_END => SHORT_TEXT | len,
            _ => END,
        };
        Self { text, number: parse_i64(text), first }
    }

    /// Whether the entry at the start of `rest` is the needle.
    #[inline]
    fn is_at(&self, first: u8, rest: &[u8]) -> bool {
        match first {
            _ if first == self.first => rest.get(1..=self.text.len()) == Some(self.text),
            // A short string of another length.
            0x80..=0xBF => false,
            0x00..=0x7F => self.number == Some(first.into()),
            0xC0..=0xDF | 0xF1..=0xF4 => {
                self.number.is_some() && item(rest).and_then(|i| i.as_i64()) == self.number
            }
            _ => item(rest).is_some_and(|item| item.eq_bytes(self.text)),
        }
    }
}

/// Position of the first entry equal to `text`, from `at` on, where `skip` entries are passed over after each that was
/// looked at. Redis: listpack.c lpFind.
pub(super) fn find(bytes: &[u8], mut at: usize, text: &[u8], skip: usize) -> Option<usize> {
    let needle = Needle::new(text);
    loop {
        let rest = bytes.get(at..)?;
        if needle.is_at(*rest.first()?, rest) {
            return Some(at);
        }
        at += entry_len(rest)?;
        for _ in 0..skip {
            at += entry_len(bytes.get(at..)?)?;
        }
    }
}
