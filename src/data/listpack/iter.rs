//! A walk over the entries of a listpack from either end.

use super::decode::{HEADER, entry_len, item, start_of_entry_before};
use super::item::Item;

/// Positions and elements of a listpack, from head to tail.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    bytes: &'a [u8],
    /// The next entry from the head; the walk is over where it meets `back`.
    front: usize,
    /// The end of the next entry from the tail.
    back: usize,
}

impl<'a> Iter<'a> {
    /// All entries from `front` on; a position of an entry, or none are seen.
    pub(super) fn new(bytes: &'a [u8], front: usize) -> Self {
        Self { bytes, front: front.max(HEADER), back: bytes.len().saturating_sub(1) }
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = (usize, Item<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let at = self.front;
        let rest = self.bytes.get(at..self.back)?;
        let item = item(rest)?;
        self.front = at + entry_len(rest)?;
        Some((at, item))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.back <= self.front {
            return None;
        }
        let at = start_of_entry_before(self.bytes, self.back)?;
        let item = item(self.bytes.get(at..self.back)?)?;
        self.back = at;
        Some((at, item))
    }
}

impl std::iter::FusedIterator for Iter<'_> {}
