//! A second pointer to an entry, beside the [`EntryBox`] that owns it: for an index over elements that stand elsewhere.
//!
//! All the `unsafe` of such an index is here. Who makes an alias vouches for the life of its entry; from then on it is
//! used like a reference.

use super::{Entry, EntryBox, Header};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// A pointer of eight bytes to an entry that somebody else owns.
#[derive(Clone, Copy)]
pub(in crate::data) struct Alias {
    block: NonNull<Header>,
}

// SAFETY: who holds an alias owns its entry too, though in another place (see `Alias::of`), so both move together; an
// entry may be sent.
unsafe impl Send for Alias {}

impl Alias {
    /// An alias of `entry`.
    ///
    /// # Safety
    ///
    /// As long as the alias is used, the entry must be neither dropped nor rebuilt, and no mutable reference to it may
    /// live while [`Alias::entry`] is in use. The alias must not leave what owns the entry.
    #[inline]
    pub(in crate::data) unsafe fn of(entry: &EntryBox) -> Self {
        // The owner's own pointer, not one made from a reference: later changes through the owner leave it valid.
        Self { block: entry.block }
    }

    /// The entry.
    #[inline]
    pub(in crate::data) fn entry(&self) -> &Entry {
        let owner = ManuallyDrop::new(EntryBox { block: self.block });
        // SAFETY: the maker vouched for the block, which outlives the borrow of `self`; nothing is dropped here.
        unsafe { &*owner.entry_ptr() }
    }

    /// Where the entry lies, to prefetch it.
    #[inline]
    pub(in crate::data) fn address(&self) -> *const u8 {
        self.block.as_ptr().cast_const().cast()
    }
}
