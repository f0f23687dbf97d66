//! Redis's intset, byte for byte: a set of integers, sorted, in one heap block.
//!
//! ```text
//!  0        4        8
//!  +--------+--------+--------+--------+- - -
//!  | width  | count  | least  | next   |        all little endian; width is 2, 4 or 8 bytes, the same for every number
//!  | u32    | u32    |        |        |
//!  +--------+--------+--------+--------+- - -
//! ```
//!
//! Invariants:
//! - The numbers ascend and none is there twice; what comes from outside is checked ([`IntSet::from_bytes`]).
//! - The width is the least that held every number that was ever in the set: it grows and never shrinks, as in Redis,
//!   so that the bytes in RDB files are the same.
//!
//! A set belongs to the thread that owns the value it is part of. Redis: intset.c.

use super::block::{Block, IntSetFrame};

const HEADER: usize = 8;

/// Why bytes are no intset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIntSet {
    /// Too short, an unknown width, or another length than width and count give.
    #[error("the header of an intset does not fit its length")]
    Header,
    /// There are no numbers, which Redis refuses since a set without members does not exist.
    #[error("an intset without members")]
    Empty,
    /// The number at this index is not greater than the one before.
    #[error("the intset is out of order at index {0}")]
    Order(usize),
}

/// A sorted set of integers. Eight bytes, also as an `Option`.
#[derive(Clone)]
pub struct IntSet {
    block: Block<IntSetFrame>,
}

/// The bytes that `number` needs. Redis: _intsetValueEncoding.
fn width_for(number: i64) -> usize {
    if i16::try_from(number).is_ok() {
        2
    } else if i32::try_from(number).is_ok() {
        4
    } else {
        8
    }
}

/// The number in `bytes`, which are of a known width.
#[inline]
fn read(bytes: &[u8]) -> i64 {
    match *bytes {
        [a, b] => i16::from_le_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]).into(),
        [a, b, c, d, e, f, g, h] => i64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => 0,
    }
}

#[inline]
fn search_width<const WIDTH: usize>(body: &[u8], number: i64) -> Result<usize, usize> {
    body.as_chunks::<WIDTH>().0.binary_search_by(|bytes| read(bytes).cmp(&number))
}

/// The head of a set of `count` numbers, and `body`.
fn assemble(width: usize, count: usize, body: impl Iterator<Item = i64>) -> Block<IntSetFrame> {
    let mut bytes = Vec::with_capacity(HEADER + width * count);
    for field in [width, count] {
        bytes.extend_from_slice(&u32::try_from(field).unwrap_or(u32::MAX).to_le_bytes());
    }
    body.for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()[..width]));
    Block::from_bytes(&bytes)
}

impl IntSet {
    /// A set without members.
    #[must_use]
    pub fn new() -> Self {
        Self { block: assemble(2, 0, std::iter::empty()) }
    }

    /// A copy of `bytes`, once they were found sound. Any input will do. Redis: intsetValidateIntegrity, deep.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidIntSet> {
        let &[a, b, c, d, e, f, g, h, ref body @ ..] = bytes else { return Err(InvalidIntSet::Header) };
        let width: usize = match u32::from_le_bytes([a, b, c, d]) {
            2 => 2,
            4 => 4,
            8 => 8,
            _ => return Err(InvalidIntSet::Header),
        };
        let count = usize::try_from(u32::from_le_bytes([e, f, g, h])).unwrap_or(usize::MAX);
        if width.checked_mul(count) != Some(body.len()) {
            return Err(InvalidIntSet::Header);
        }
        if count == 0 {
            return Err(InvalidIntSet::Empty);
        }
        let numbers = body.chunks_exact(width).map(read);
        match numbers.clone().zip(numbers.skip(1)).position(|(low, high)| low >= high) {
            Some(before) => Err(InvalidIntSet::Order(before + 1)),
            None => Ok(Self { block: Block::from_bytes(bytes) }),
        }
    }

    /// The whole set as it goes into RDB files.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.block.bytes()
    }

    /// What the set takes from the allocator.
    #[must_use]
    pub fn mem_bytes(&self) -> usize {
        self.block.capacity()
    }

    #[inline]
    fn width(&self) -> usize {
        self.as_bytes().first().copied().map_or(2, usize::from)
    }

    #[inline]
    fn body(&self) -> &[u8] {
        &self.as_bytes()[HEADER..]
    }

    /// Number of members.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.body().len() / self.width()
    }

    /// Whether there are no members.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.body().is_empty()
    }

    /// The member at `index` in ascending order.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<i64> {
        let width = self.width();
        let at = index.checked_mul(width)?;
        self.body().get(at..at.checked_add(width)?).map(read)
    }

    /// Index of `number`, or the index at which it would have to stand.
    #[inline]
    fn search(&self, number: i64) -> Result<usize, usize> {
        match self.width() {
            2 => search_width::<2>(self.body(), number),
            4 => search_width::<4>(self.body(), number),
            _ => search_width::<8>(self.body(), number),
        }
    }

    /// Whether `number` is a member.
    #[inline]
    #[must_use]
    pub fn contains(&self, number: i64) -> bool {
        self.search(number).is_ok()
    }

    /// Adds `number`; whether it was not there.
    pub fn insert(&mut self, number: i64) -> bool {
        let Err(index) = self.search(number) else { return false };
        let (width, needed) = (self.width(), width_for(number));
        if needed > width {
            // Beyond the range of all members: it stands before or behind them.
            let (low, high) = if number < 0 { (Some(number), None) } else { (None, Some(number)) };
            self.block = assemble(needed, self.len() + 1, low.into_iter().chain(self.iter()).chain(high));
        } else {
            self.block.splice(HEADER + index * width, 0, &[&number.to_le_bytes()[..width]]);
        }
        true
    }

    /// Removes `number`; whether it was there.
    pub fn remove(&mut self, number: i64) -> bool {
        let Ok(index) = self.search(number) else { return false };
        let width = self.width();
        self.block.splice(HEADER + index * width, width, &[]);
        true
    }

    /// The least member.
    #[must_use]
    pub fn min(&self) -> Option<i64> {
        self.get(0)
    }

    /// The greatest member.
    #[must_use]
    pub fn max(&self) -> Option<i64> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The members in ascending order.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator + Clone + '_ {
        self.body().chunks_exact(self.width()).map(read)
    }
}

impl Default for IntSet {
    fn default() -> Self {
        Self::new()
    }
}

/// By members: two sets may be equal and differ in width.
impl PartialEq for IntSet {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for IntSet {}

impl std::fmt::Debug for IntSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl FromIterator<i64> for IntSet {
    fn from_iter<I: IntoIterator<Item = i64>>(numbers: I) -> Self {
        let mut set = Self::new();
        numbers.into_iter().for_each(|number| {
            set.insert(number);
        });
        set
    }
}

#[cfg(test)]
mod tests;
