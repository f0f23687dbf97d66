//! Redis's listpack, byte for byte: a sequence of strings and numbers in one heap block.
//!
//! ```text
//!  0             4        6                                    total
//!  +-------------+--------+---------+---------+- - -+---------+------+
//!  | total bytes | count  | entry 0 | entry 1 |     | entry n | 0xFF |
//!  | u32         | u16    |         |         |     |         |      |
//!  +-------------+--------+---------+---------+- - -+---------+------+
//!                          ^ each: head (`encode.rs`), data, length of both to be read from behind
//! ```
//!
//! Invariants:
//! - The bytes are what RDB files and DUMP payloads carry, so they are written and read as they are.
//! - Every entry is whole: what comes from outside is checked entry by entry ([`Listpack::from_bytes`]), and
//!   everything else is written by `edit.rs`.
//! - `count` is 65,535 where it is not known, and then stays so until a bulk change counts anew.
//! - The pack is one pointer; its capacity follows from its length (`block.rs`).
//!
//! A *position* is the offset of an entry in the pack. It comes from a walk or a search, and a change of the pack ends
//! the positions at and behind the place of the change. A pack belongs to the thread that owns the value it is part of.
//! Redis: listpack.c.

mod batch;
mod decode;
mod edit;
mod encode;
mod find;
mod item;
mod iter;
#[cfg(test)]
mod tests;

pub use batch::Batch;
pub use item::Item;
pub use iter::Iter;

use super::block::{Block, ListpackFrame};
use decode::{COUNT_UNKNOWN, HEADER};
use encode::{END, Encoded};

/// No value may make a pack longer than this (listpack.c LISTPACK_MAX_SAFETY_SIZE).
pub const SAFE_BYTES_MAX: usize = 1 << 30;

/// Why bytes are no listpack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidListpack {
    /// Too short, no end mark, or another length than stated.
    #[error("the header of a listpack does not fit its length")]
    Header,
    /// The entry at this offset has no valid head, reaches beyond the end, or ends in another length than its own.
    #[error("the listpack entry at offset {0} is broken")]
    Entry(usize),
    /// There are more or fewer entries than the header states.
    #[error("the header of a listpack states another number of entries")]
    Count,
}

/// A listpack. Eight bytes, also as an `Option`.
#[derive(Clone)]
pub struct Listpack {
    block: Block<ListpackFrame>,
}

impl Listpack {
    /// A pack without entries.
    #[must_use]
    pub fn new() -> Self {
        Self { block: Block::from_bytes(&[7, 0, 0, 0, 0, 0, END]) }
    }

    /// A copy of `bytes`, once every entry was found whole. Any input will do.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidListpack> {
        decode::validate(bytes)?;
        Ok(Self { block: Block::from_bytes(bytes) })
    }

    /// The whole pack as it goes into RDB files.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.block.bytes()
    }

    /// Length of [`Listpack::as_bytes`].
    #[inline]
    #[must_use]
    pub fn total_bytes(&self) -> usize {
        self.block.total()
    }

    /// What the pack takes from the allocator.
    #[must_use]
    pub fn mem_bytes(&self) -> usize {
        self.block.capacity()
    }

    /// Offset of the end mark: where the next entry would be appended.
    #[inline]
    fn end(&self) -> usize {
        self.total_bytes() - 1
    }

    #[inline]
    fn stated_count(&self) -> u16 {
        match *self.as_bytes() {
            [_, _, _, _, low, high, ..] => u16::from_le_bytes([low, high]),
            _ => 0,
        }
    }

    /// Number of entries. From 65,535 on they are counted, which takes a walk.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        match self.stated_count() {
            COUNT_UNKNOWN => self.count_entries(),
            count => count.into(),
        }
    }

    fn count_entries(&self) -> usize {
        std::iter::successors(self.first(), |at| self.next(*at)).count()
    }

    /// Whether there are no entries.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total_bytes() <= HEADER + 1
    }

    /// Position of the first entry.
    #[inline]
    #[must_use]
    pub fn first(&self) -> Option<usize> {
        (!self.is_empty()).then_some(HEADER)
    }

    /// Position of the last entry.
    #[inline]
    #[must_use]
    pub fn last(&self) -> Option<usize> {
        self.prev(self.end())
    }

    /// Position of the entry behind the one at `pos`.
    #[inline]
    #[must_use]
    pub fn next(&self, pos: usize) -> Option<usize> {
        let next = pos + decode::entry_len(self.as_bytes().get(pos..)?)?;
        (next < self.end()).then_some(next)
    }

    /// Position of the entry before the one at `pos`.
    #[inline]
    #[must_use]
    pub fn prev(&self, pos: usize) -> Option<usize> {
        decode::start_of_entry_before(self.as_bytes(), pos)
    }

    /// Position of the entry at `index`, where -1 is the last one; walks from the nearer end. Redis: lpSeek.
    #[must_use]
    pub fn seek(&self, index: i64) -> Option<usize> {
        let stated = self.stated_count();
        let (mut forward, mut steps) = (index >= 0, if index >= 0 { index } else { -1 - index });
        if stated != COUNT_UNKNOWN {
            let count = i64::from(stated);
            if steps >= count {
                return None;
            }
            if steps > count / 2 {
                (forward, steps) = (!forward, count - 1 - steps);
            }
        }
        let mut at = if forward { self.first() } else { self.last() };
        while steps > 0 {
            at = if forward { self.next(at?) } else { self.prev(at?) };
            steps -= 1;
        }
        at
    }

    /// The element at `pos`.
    ///
    /// # Panics
    ///
    /// Where `pos` is no position of this pack.
    #[inline]
    #[must_use]
    pub fn get(&self, pos: usize) -> Item<'_> {
        match self.as_bytes().get(pos..).and_then(decode::item) {
            Some(item) => item,
            None => no_entry(pos),
        }
    }

    /// The element at `index`, counted as [`Listpack::seek`] does.
    #[must_use]
    pub fn pick(&self, index: i64) -> Option<Item<'_>> {
        self.seek(index).map(|pos| self.get(pos))
    }

    /// The elements at `index` and behind it: a field and its value, a member and its score.
    #[must_use]
    pub fn pick_pair(&self, index: i64) -> Option<(Item<'_>, Item<'_>)> {
        let first = self.seek(index)?;
        Some((self.get(first), self.get(self.next(first)?)))
    }

    /// The elements at `indexes`, which may repeat, in their order and by one walk; those beyond the end are left out.
    ///
    /// Redis: lpRandomEntries, with the draw left to the caller.
    #[must_use]
    pub fn pick_many(&self, indexes: &[usize]) -> Vec<Item<'_>> {
        let mut order: Vec<usize> = (0..indexes.len()).collect();
        order.sort_unstable_by_key(|nth| indexes[*nth]);
        let mut picked = vec![None; indexes.len()];
        let mut walk = self.iter().enumerate().peekable();
        for nth in order {
            while walk.next_if(|(at, _)| *at < indexes[nth]).is_some() {}
            picked[nth] = walk.peek().map(|(_, (_, item))| *item);
        }
        picked.into_iter().flatten().collect()
    }

    /// Position of the first entry that is the string `text`, where after each entry looked at `skip` are passed over:
    /// 0 for any entry, 1 for the fields of pairs.
    #[must_use]
    pub fn find(&self, text: &[u8], skip: usize) -> Option<usize> {
        find::find(self.as_bytes(), HEADER, text, skip)
    }

    /// As [`Listpack::find`], from the entry at `pos` on.
    #[must_use]
    pub fn find_from(&self, pos: usize, text: &[u8], skip: usize) -> Option<usize> {
        find::find(self.as_bytes(), pos, text, skip)
    }

    /// Positions and elements from either end.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter::new(self.as_bytes(), HEADER)
    }

    /// As [`Listpack::iter`], from the entry at `pos` on.
    #[must_use]
    pub fn iter_from(&self, pos: usize) -> Iter<'_> {
        Iter::new(self.as_bytes(), pos)
    }

    /// Whether `more` bytes leave the pack within [`SAFE_BYTES_MAX`]. Redis: lpSafeToAdd, on the sum of the values.
    #[inline]
    #[must_use]
    pub fn safe_to_add(&self, more: usize) -> bool {
        self.total_bytes().saturating_add(more) <= SAFE_BYTES_MAX
    }

    /// Bytes that an entry for `text` takes.
    #[must_use]
    pub fn estimate_bytes(text: &[u8]) -> usize {
        Encoded::of_bytes(text).len()
    }

    /// Bytes that an entry for `number` takes.
    #[must_use]
    pub fn estimate_int_bytes(number: i64) -> usize {
        Encoded::of_int(number).len()
    }
}

#[cold]
fn no_entry(pos: usize) -> ! {
    panic!("no entry of the listpack starts at {pos}")
}

impl Default for Listpack {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Listpack {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Listpack {}

impl std::fmt::Debug for Listpack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|(_, item)| item)).finish()
    }
}

impl<'a> IntoIterator for &'a Listpack {
    type Item = (usize, Item<'a>);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
