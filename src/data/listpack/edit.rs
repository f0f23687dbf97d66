//! Changes of a listpack. Each is one splice of the block, and the count in the header.
//!
//! Callers keep packs within [`super::SAFE_BYTES_MAX`] by [`Listpack::safe_to_add`]; what would pass 4 GiB, which the
//! header cannot state, panics.

use super::decode::{COUNT_UNKNOWN, entry_len};
use super::encode::Encoded;
use super::{HEADER, Item, Listpack, no_entry};
use crate::data::block::{Frame, ListpackFrame};

impl Listpack {
    /// Adds `text` as the last entry and returns its position.
    #[inline]
    pub fn append(&mut self, text: &[u8]) -> usize {
        self.put(self.end(), 0, &Encoded::of_bytes(text))
    }

    /// Adds `number` as the last entry and returns its position.
    #[inline]
    pub fn append_int(&mut self, number: i64) -> usize {
        self.put(self.end(), 0, &Encoded::of_int(number))
    }

    /// Adds an element, perhaps of another pack, as the last entry and returns its position.
    #[inline]
    pub fn append_item(&mut self, item: Item<'_>) -> usize {
        self.put(self.end(), 0, &Encoded::of_item(item))
    }

    /// Adds `text` as the first entry.
    #[inline]
    pub fn prepend(&mut self, text: &[u8]) {
        self.put(HEADER, 0, &Encoded::of_bytes(text));
    }

    /// Adds `number` as the first entry.
    #[inline]
    pub fn prepend_int(&mut self, number: i64) {
        self.put(HEADER, 0, &Encoded::of_int(number));
    }

    /// Adds an element as the first entry.
    #[inline]
    pub fn prepend_item(&mut self, item: Item<'_>) {
        self.put(HEADER, 0, &Encoded::of_item(item));
    }

    /// Adds `text` before the entry at `pos` and returns its position, which is `pos`.
    pub fn insert_before(&mut self, pos: usize, text: &[u8]) -> usize {
        self.insert_item_before(pos, text.into())
    }

    /// Adds an element before the entry at `pos` and returns its position, which is `pos`.
    pub fn insert_item_before(&mut self, pos: usize, item: Item<'_>) -> usize {
        self.entry_end(pos);
        self.put(pos, 0, &Encoded::of_item(item))
    }

    /// Adds `text` behind the entry at `pos` and returns its position.
    pub fn insert_after(&mut self, pos: usize, text: &[u8]) -> usize {
        self.insert_item_after(pos, text.into())
    }

    /// Adds an element behind the entry at `pos` and returns its position.
    pub fn insert_item_after(&mut self, pos: usize, item: Item<'_>) -> usize {
        let behind = self.entry_end(pos);
        self.put(behind, 0, &Encoded::of_item(item))
    }

    /// Puts `text` in the place of the entry at `pos` and returns its position, which is `pos`. Nothing moves where
    /// both take as many bytes.
    pub fn replace(&mut self, pos: usize, text: &[u8]) -> usize {
        self.replace_item(pos, text.into())
    }

    /// Puts `number` in the place of the entry at `pos`, as [`Listpack::replace`] does.
    pub fn replace_int(&mut self, pos: usize, number: i64) -> usize {
        self.replace_item(pos, Item::Int(number))
    }

    /// Puts an element in the place of the entry at `pos`, as [`Listpack::replace`] does.
    pub fn replace_item(&mut self, pos: usize, item: Item<'_>) -> usize {
        let remove = self.entry_end(pos) - pos;
        self.put(pos, remove, &Encoded::of_item(item))
    }

    /// Removes the entry at `pos` and returns the position of the one that was behind it, which is `pos`.
    pub fn delete(&mut self, pos: usize) -> Option<usize> {
        self.delete_range(pos, 1)
    }

    /// Removes up to `n` entries from the one at `pos` on, and returns the position of the one behind them.
    pub fn delete_range(&mut self, pos: usize, n: usize) -> Option<usize> {
        let (behind, deleted) = self.reach(pos, n);
        self.cut(pos, behind, deleted);
        (pos < self.end()).then_some(pos)
    }

    /// Removes up to `n` entries from the one at `start` on, counted as [`Listpack::seek`] does, and returns how many.
    pub fn delete_range_by_index(&mut self, start: i64, n: usize) -> usize {
        let Some(pos) = self.seek(start) else { return 0 };
        let stated = self.stated_count();
        if n > 0 && stated != COUNT_UNKNOWN {
            let count = i64::from(stated);
            let index = if start < 0 { count + start } else { start };
            // All that are left: no need to walk over them.
            if let Ok(left) = usize::try_from(count - index)
                && left <= n
            {
                self.cut(pos, self.end(), left);
                return left;
            }
        }
        let (behind, deleted) = self.reach(pos, n);
        self.cut(pos, behind, deleted);
        deleted
    }

    /// Removes the entries at `positions`, which ascend, by one pass over the pack. Redis: lpBatchDelete.
    pub fn delete_many(&mut self, positions: &[usize]) {
        let Some(&first) = positions.first() else { return };
        // Offsets in the body lack the head.
        let (end, shift) = (self.end(), ListpackFrame::HEAD);
        let mut to = first;
        for (nth, &pos) in positions.iter().enumerate() {
            let keep = self.entry_end(pos);
            let keep_end = positions.get(nth + 1).copied().unwrap_or(end);
            assert!(keep <= keep_end && keep_end <= end, "positions that do not ascend");
            self.block.body_mut().copy_within(keep - shift..keep_end - shift, to - shift);
            to += keep_end - keep;
        }
        self.cut(to, end, positions.len());
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Adds all of `texts` behind the last entry, in order; the block moves once at most.
    pub fn append_all<'a>(&mut self, texts: impl IntoIterator<Item = &'a [u8]>) {
        self.append_items(texts.into_iter().map(Item::from));
    }

    /// Adds all of `items` behind the last entry, in order; the block moves once at most.
    pub fn append_items<'a>(&mut self, items: impl IntoIterator<Item = Item<'a>>) {
        let (mut entries, mut count) = (Vec::new(), 0);
        for item in items {
            Encoded::of_item(item).parts().iter().for_each(|part| entries.extend_from_slice(part));
            count += 1;
        }
        self.append_entries(&entries, count);
    }

    /// Adds all entries of `other` behind the last one. Redis: lpMerge.
    pub fn merge(&mut self, other: &Listpack) {
        self.append_entries(&other.as_bytes()[HEADER..other.end()], other.len());
    }

    /// Takes the entries from index `n` on out of this pack into a new one.
    #[must_use]
    pub fn split_off(&mut self, n: usize) -> Listpack {
        let Some(pos) = i64::try_from(n).ok().and_then(|index| self.seek(index)) else { return Self::new() };
        let moved = self.len() - n;
        let mut tail = Self::new();
        tail.append_entries(&self.as_bytes()[pos..self.end()], moved);
        self.cut(pos, self.end(), moved);
        self.set_count(n);
        tail
    }

    /// Offset behind the `n` entries from the one at `pos` on, or behind the last, and how many they are.
    fn reach(&self, pos: usize, n: usize) -> (usize, usize) {
        let (mut behind, mut count) = (pos, 0);
        while count < n && behind < self.end() {
            behind = self.entry_end(behind);
            count += 1;
        }
        (behind, count)
    }

    /// Offset behind the entry at `pos`.
    fn entry_end(&self, pos: usize) -> usize {
        let end = self.end();
        match self.as_bytes().get(pos..end).and_then(entry_len) {
            Some(len) if pos >= HEADER && len <= end - pos => pos + len,
            _ => no_entry(pos),
        }
    }

    /// Puts an entry in the place of the `remove` bytes at `pos`, which are one entry or none.
    #[inline]
    fn put(&mut self, pos: usize, remove: usize, entry: &Encoded<'_>) -> usize {
        self.block.splice(pos, remove, &entry.parts());
        let count = self.stated_count();
        if remove == 0 && count != COUNT_UNKNOWN {
            // One below the mark for unknown becomes it.
            self.set_count(usize::from(count) + 1);
        }
        pos
    }

    /// Removes the bytes from `from` to `to`, which are `deleted` entries.
    fn cut(&mut self, from: usize, to: usize, deleted: usize) {
        if from == to {
            return;
        }
        let count = self.stated_count();
        self.block.splice(from, to - from, &[]);
        if count != COUNT_UNKNOWN {
            self.set_count(usize::from(count).saturating_sub(deleted));
        }
    }

    /// Appends `count` entries that are encoded already.
    fn append_entries(&mut self, entries: &[u8], count: usize) {
        if count == 0 {
            return;
        }
        let count = self.len() + count;
        self.block.splice(self.end(), 0, &[entries]);
        self.set_count(count);
    }

    #[inline]
    pub(super) fn set_count(&mut self, count: usize) {
        let stated = u16::try_from(count).unwrap_or(COUNT_UNKNOWN);
        if let [low, high, ..] = self.block.body_mut() {
            [*low, *high] = stated.to_le_bytes();
        }
    }
}

impl<'a> FromIterator<&'a [u8]> for Listpack {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(texts: I) -> Self {
        let mut pack = Self::new();
        pack.append_all(texts);
        pack
    }
}

impl<'a> FromIterator<Item<'a>> for Listpack {
    fn from_iter<I: IntoIterator<Item = Item<'a>>>(items: I) -> Self {
        let mut pack = Self::new();
        pack.append_items(items);
        pack
    }
}
