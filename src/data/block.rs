//! One heap block that tells its own length: the ground of `listpack`, `intset` and large elements of lists, and all the
//! `unsafe` of them.
//!
//! ```text
//!  0           HEAD                    total           capacity
//!  +-----------+-----------------------+ - - - - - - - +
//!  | head      | body                  | uninitialised |
//!  +-----------+-----------------------+ - - - - - - - +
//! ```
//!
//! Invariants:
//! - The head alone tells the total length ([`Frame::total`]), and the total alone tells the capacity: what the
//!   allocator takes for a request of that many bytes. So one pointer is enough to own a block, and changes that stay
//!   within a size class of the allocator move nothing but the bytes behind them.
//! - Bytes up to the total are initialised. What lies behind them is never read.
//! - Nobody but this file writes the head: [`Block::body_mut`] leaves it out.
//!
//! A block belongs to whoever owns it; there is no interior mutability, so it is `Send` and `Sync`.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::ptr::{NonNull, copy, copy_nonoverlapping};

use crate::base::alloc::rounded_size;

/// How the first bytes of a block tell its length.
///
/// # Safety
///
/// `total` must be a pure function whose result is never less than `HEAD`, and `HEAD` is at most 8.
pub(super) unsafe trait Frame {
    /// Length of the head in bytes.
    const HEAD: usize;

    /// Length of the block, head included, that `head` (little endian, zeros behind `HEAD` bytes) states.
    fn total(head: u64) -> usize;

    /// `head` changed so that it states `total`; anything else where no head can do that.
    fn resized(head: u64, total: usize) -> u64;
}

/// A listpack: the head is its length in 32 bits.
#[derive(Debug)]
pub(super) struct ListpackFrame;

// SAFETY: pure, and at least HEAD.
unsafe impl Frame for ListpackFrame {
    const HEAD: usize = 4;

    #[inline]
    fn total(head: u64) -> usize {
        usize::try_from(head).unwrap_or(usize::MAX).max(Self::HEAD)
    }

    #[inline]
    fn resized(_: u64, total: usize) -> u64 {
        u32::try_from(total).map_or(0, u64::from)
    }
}

/// An intset: the head is the width of a number and their count, 32 bits each.
#[derive(Debug)]
pub(super) struct IntSetFrame;

// SAFETY: pure, and at least HEAD.
unsafe impl Frame for IntSetFrame {
    const HEAD: usize = 8;

    #[inline]
    fn total(head: u64) -> usize {
        let (width, count) = (head & u64::from(u32::MAX), head >> 32);
        width
            .checked_mul(count)
            .and_then(|body| usize::try_from(body).ok()?.checked_add(Self::HEAD))
            .unwrap_or(usize::MAX)
    }

    #[inline]
    fn resized(head: u64, total: usize) -> u64 {
        let width = head & u64::from(u32::MAX);
        let body = u64::try_from(total.saturating_sub(Self::HEAD)).unwrap_or(u64::MAX);
        match body.checked_div(width).map(u32::try_from) {
            Some(Ok(count)) => width | u64::from(count) << 32,
            _ => 0,
        }
    }
}

/// Bytes as they are: the head is the length of the whole in 64 bits.
#[derive(Debug)]
pub(super) struct PlainFrame;

// SAFETY: pure, and at least HEAD.
unsafe impl Frame for PlainFrame {
    const HEAD: usize = 8;

    #[inline]
    fn total(head: u64) -> usize {
        usize::try_from(head).unwrap_or(usize::MAX).max(Self::HEAD)
    }

    #[inline]
    fn resized(_: u64, total: usize) -> u64 {
        u64::try_from(total).unwrap_or(0)
    }
}

/// An owned block with the framing `F`.
pub(super) struct Block<F: Frame> {
    start: NonNull<u8>,
    frame: PhantomData<F>,
}

// SAFETY: the block is owned like a `Box<[u8]>`.
unsafe impl<F: Frame> Send for Block<F> {}
// SAFETY: as above; through a shared reference it is only read.
unsafe impl<F: Frame> Sync for Block<F> {}

/// The head at the start of `bytes`, which hold at least `HEAD`.
#[inline]
fn head_of<F: Frame>(bytes: &[u8]) -> u64 {
    let mut head = [0; 8];
    head[..F::HEAD].copy_from_slice(&bytes[..F::HEAD]);
    u64::from_le_bytes(head)
}

#[inline]
fn layout(total: usize) -> Layout {
    match Layout::from_size_align(rounded_size(total).max(total), 1) {
        Ok(layout) => layout,
        Err(_) => panic!("a block larger than the address space"),
    }
}

/// An uninitialised block for `total` bytes, which is not 0.
#[inline]
fn allocate(total: usize) -> NonNull<u8> {
    assert!(total > 0, "an empty block");
    let layout = layout(total);
    // SAFETY: the layout is not empty, since total is not.
    let start = unsafe { alloc(layout) };
    NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Copies `parts` one behind the other to `to`.
///
/// # Safety
///
/// `to` must be valid for writes of as many bytes as the parts have, and not overlap them.
#[inline]
unsafe fn fill(mut to: *mut u8, parts: &[&[u8]]) {
    for part in parts {
        // SAFETY: the caller vouches for the sum of all lengths.
        unsafe {
            copy_nonoverlapping(part.as_ptr(), to, part.len());
            to = to.add(part.len());
        }
    }
}

impl<F: Frame> Block<F> {
    /// A copy of `bytes`.
    ///
    /// # Panics
    ///
    /// Where their head states another length than theirs.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        assert!(bytes.len() >= F::HEAD && F::total(head_of::<F>(bytes)) == bytes.len(), "a head that lies");
        let start = allocate(bytes.len());
        // SAFETY: the block is new and has room for all of `bytes`.
        unsafe { copy_nonoverlapping(bytes.as_ptr(), start.as_ptr(), bytes.len()) };
        Self { start, frame: PhantomData }
    }

    #[inline]
    fn head(&self) -> u64 {
        // SAFETY: HEAD bytes are initialised in every block and lie within it.
        head_of::<F>(unsafe { std::slice::from_raw_parts(self.start.as_ptr(), F::HEAD) })
    }

    /// Length in bytes, head included.
    #[inline]
    pub(super) fn total(&self) -> usize {
        F::total(self.head())
    }

    /// What the block takes from the allocator.
    pub(super) fn capacity(&self) -> usize {
        layout(self.total()).size()
    }

    /// All bytes, head included.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: bytes up to the total are initialised and within the block, and borrowed as long as `self`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.total()) }
    }

    /// The bytes behind the head: offset 0 is offset `HEAD` of the block.
    #[inline]
    pub(super) fn body_mut(&mut self) -> &mut [u8] {
        let len = self.total() - F::HEAD;
        // SAFETY: as in `bytes`, borrowed mutably; without the head, on which the length of the block rests.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().add(F::HEAD), len) }
    }

    /// Puts `parts`, one behind the other, in the place of the `remove` bytes at offset `at`, and the new length into
    /// the head. Takes another block exactly where the new length belongs to another size class.
    ///
    /// # Panics
    ///
    /// Where the range reaches into the head or out of the block, or the head cannot state the new length.
    pub(super) fn splice(&mut self, at: usize, remove: usize, parts: &[&[u8]]) {
        let old_total = self.total();
        let tail_at = at.saturating_add(remove);
        assert!(at >= F::HEAD && tail_at <= old_total, "a range outside of the block");
        let tail_len = old_total - tail_at;
        // Saturated, no head states it, and the next assertion ends the matter.
        let gap = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        let new_total = at.saturating_add(gap).saturating_add(tail_len);
        let head = F::resized(self.head(), new_total);
        assert!(F::total(head) == new_total, "a block of {new_total} bytes is beyond its format");

        let (old, new) = (layout(old_total), layout(new_total));
        if old == new {
            let start = self.start.as_ptr();
            // SAFETY: both the old and the new bytes lie within the capacity, which is the same; the tail is moved
            // before it is overwritten; `parts` are borrowed elsewhere, since `self` is borrowed mutably.
            unsafe {
                if gap != remove {
                    copy(start.add(tail_at), start.add(at + gap), tail_len);
                }
                fill(start.add(at), parts);
            }
        } else {
            let (from, to) = (self.start.as_ptr(), allocate(new_total));
            // SAFETY: `at`, the gap and the tail add up to the new total, which the new block has room for; the old
            // one was made with the layout of its total and is left behind.
            unsafe {
                copy_nonoverlapping(from, to.as_ptr(), at);
                fill(to.as_ptr().add(at), parts);
                copy_nonoverlapping(from.add(tail_at), to.as_ptr().add(at + gap), tail_len);
                dealloc(from, old);
            }
            self.start = to;
        }
        // SAFETY: HEAD bytes lie within every block. The bytes up to the new total are initialised by now.
        unsafe { copy_nonoverlapping(head.to_le_bytes().as_ptr(), self.start.as_ptr(), F::HEAD) };
    }
}

impl<F: Frame> Drop for Block<F> {
    fn drop(&mut self) {
        // SAFETY: the block was made with the layout of its total, and nobody uses it any more.
        unsafe { dealloc(self.start.as_ptr(), layout(self.total())) };
    }
}

impl<F: Frame> Clone for Block<F> {
    fn clone(&self) -> Self {
        Self::from_bytes(self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_splice_is_the_splice_of_a_vector() {
        let mut rng = crate::base::prng::Prng::new(11);
        for _ in 0..50 {
            let mut twin = vec![4, 0, 0, 0];
            let mut block = Block::<ListpackFrame>::from_bytes(&twin);
            for step in 0..200_u8 {
                let at = 4 + rng.index(twin.len() - 3);
                let remove = rng.index(twin.len() - at + 1);
                let part = vec![step; rng.index(90)];
                block.splice(at, remove, &[&part, b"-", &part]);
                twin.splice(at..at + remove, [&part[..], b"-", &part].concat());
                let total = u32::try_from(twin.len()).unwrap_or(0);
                twin[..4].copy_from_slice(&total.to_le_bytes());
                assert_eq!(block.bytes(), twin);
                assert_eq!(block.capacity(), rounded_size(twin.len()));
            }
            assert_eq!((block.clone().bytes(), block.body_mut().len()), (&twin[..], twin.len() - 4));
        }
    }

    #[test]
    #[should_panic(expected = "a head that lies")]
    fn a_head_that_lies_is_refused() {
        Block::<IntSetFrame>::from_bytes(&[2, 0, 0, 0, 9, 0, 0, 0, 1, 0]);
    }

    #[test]
    #[should_panic(expected = "outside of the block")]
    fn the_head_cannot_be_spliced() {
        Block::<ListpackFrame>::from_bytes(&[4, 0, 0, 0]).splice(3, 0, &[]);
    }
}
