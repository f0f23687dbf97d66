//! A second pointer to an entry, beside the [`EntryBox`] that owns it: for an index over elements that stand elsewhere.
//!
//! Who makes an alias vouches for the life of its entry; from then on the key is read as through a reference.

use super::{EntryBox, Header, Shape};
use std::ptr::NonNull;

/// A pointer of eight bytes to an entry that somebody else owns.
#[derive(Clone, Copy)]
pub(in crate::data) struct Alias {
    block: NonNull<Header>,
}

// SAFETY: who holds an alias keeps its entry alive, though in another place (see `Alias::of`), so both move together; an
// entry may be sent.
unsafe impl Send for Alias {}
// SAFETY: only the key is read through an alias, and it never changes while an entry lives; `set_int` says what it needs.
unsafe impl Sync for Alias {}

impl Alias {
    /// An alias of `entry`.
    ///
    /// # Safety
    ///
    /// As long as the alias or a copy of it is used, the entry must be neither dropped nor rebuilt, and be changed by
    /// [`Alias::set_int`] only. The alias must not leave what keeps the entry alive.
    #[inline]
    pub(in crate::data) unsafe fn of(entry: &EntryBox) -> Self {
        // The owner's own pointer, not one made from a reference: later changes through the owner leave it valid.
        Self { block: entry.block }
    }

    /// The header and where the bytes behind it start. No reference to the whole entry is made: who has a copy of the
    /// index may read keys while the owner of the entries sets their numbers.
    #[inline]
    fn parts(&self) -> (&Header, *mut u8) {
        // SAFETY: the maker vouched for the block, which outlives the borrow of `self`.
        unsafe { (self.block.as_ref(), self.block.add(1).cast().as_ptr()) }
    }

    /// The shape of the block.
    #[inline]
    fn shape(&self) -> Shape {
        let (header, tail) = self.parts();
        // SAFETY: a wide key's length stands in the first word behind the header.
        let wide_len = || unsafe { tail.cast::<usize>().read() };
        header.shape(wide_len)
    }

    /// The entry's key.
    #[inline]
    pub(in crate::data) fn key(&self) -> &[u8] {
        let (shape, tail) = (self.shape(), self.parts().1);
        // SAFETY: the key lies there, by the shape, and lives as long as the entry; it does not change.
        unsafe { std::slice::from_raw_parts(tail.add(shape.key_at()), shape.key_len) }
    }

    /// The number of a string that is kept as one.
    ///
    /// # Safety
    ///
    /// The entry's form must be that of a number, and nobody may be changing it.
    #[inline]
    pub(in crate::data) unsafe fn int(&self) -> i64 {
        let (shape, tail) = (self.shape(), self.parts().1);
        // SAFETY: the number lies there, aligned, by the shape and the form.
        unsafe { tail.add(shape.fixed_at()).cast::<i64>().read() }
    }

    /// Changes the number of a string that is kept as one; nothing else is touched.
    ///
    /// # Safety
    ///
    /// The entry's form must be that of a number. The caller owns the entry, and no reference to it is in use.
    #[inline]
    pub(in crate::data) unsafe fn set_int(&self, number: i64) {
        let (shape, tail) = (self.shape(), self.parts().1);
        // SAFETY: the number lies there, aligned, by the shape and the form.
        unsafe { tail.add(shape.fixed_at()).cast::<i64>().write(number) }
    }

    /// Where the entry lies, to prefetch it.
    #[inline]
    pub(in crate::data) fn address(&self) -> *const u8 {
        self.block.as_ptr().cast_const().cast()
    }
}
