//! The provided buffer ring: receive buffers that the kernel picks from and a [`RecvBuf`] gives back when dropped.
//!
//! ```text
//!   entries:  [addr len bid | addr len bid | … ]   shared with the kernel, 16 bytes each, tail in the first's padding
//!   memory:   [ buffer 0 | buffer 1 | … ]          COUNT × SIZE bytes
//! ```
//!
//! Invariants: a buffer is either in the kernel's hands (between head and tail) or in exactly one `RecvBuf`; both
//! regions live until the ring is closed and the last `RecvBuf` is dropped (`Rc`). Touched by the shard's thread only.

use io_uring::types::BufRingEntry;
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::io;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::atomic::{AtomicU16, Ordering};

/// Bytes of one buffer: a full pipeline of small commands fits, an idle connection holds none.
const SIZE: usize = 16 * 1024;
/// Buffers per shard, a power of two. All together stay inside a core's second-level cache budget.
const COUNT: u16 = 128;
/// The buffer group's id.
pub const GROUP: u16 = 1;

/// All buffers of one shard.
pub struct Buffers {
    entries: NonNull<BufRingEntry>,
    memory: NonNull<u8>,
    tail: Cell<u16>,
}

/// Received bytes in a provided buffer.
pub struct RecvBuf {
    buffers: Rc<Buffers>,
    bid: u16,
    len: usize,
}

fn entries_layout() -> Layout {
    Layout::from_size_align(usize::from(COUNT) * size_of::<BufRingEntry>(), 4096)
        .unwrap_or(Layout::new::<u64>())
}

fn memory_layout() -> Layout {
    Layout::from_size_align(usize::from(COUNT) * SIZE, 4096).unwrap_or(Layout::new::<u64>())
}

impl Buffers {
    /// Allocates the buffers and registers them with `ring` under [`GROUP`].
    ///
    /// # Errors
    /// The kernel knows no buffer rings (before 5.19) or refuses to pin the memory.
    pub fn register(ring: &io_uring::IoUring) -> io::Result<Rc<Buffers>> {
        // SAFETY: both layouts have a size above zero.
        let (entries, memory) = unsafe { (alloc_zeroed(entries_layout()), alloc_zeroed(memory_layout())) };
        let entries = NonNull::new(entries.cast()).unwrap_or_else(|| handle_alloc_error(entries_layout()));
        let memory = NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(memory_layout()));
        let buffers = Rc::new(Buffers { entries, memory, tail: Cell::new(0) });
        // SAFETY: the entries are page-aligned, zeroed, COUNT long, and live as long as the ring (the driver holds both).
        unsafe { ring.submitter().register_buf_ring_with_flags(entries.as_ptr() as u64, COUNT, GROUP, 0)? };
        for bid in 0..COUNT {
            buffers.give(bid);
        }
        Ok(buffers)
    }

    /// Takes the buffer that a completion named.
    pub fn take(self: &Rc<Self>, bid: u16, len: usize) -> RecvBuf {
        RecvBuf { buffers: self.clone(), bid: bid % COUNT, len: len.min(SIZE) }
    }

    /// Hands a buffer to the kernel.
    fn give(&self, bid: u16) {
        let tail = self.tail.get();
        let next = tail.wrapping_add(1);
        // SAFETY: the index is below COUNT; the kernel reads entries only up to the published tail, so this one is ours.
        unsafe {
            let entry = &mut *self.entries.as_ptr().add(usize::from(tail & (COUNT - 1)));
            entry.set_addr(self.memory.as_ptr() as u64 + (usize::from(bid) * SIZE) as u64);
            entry.set_len(u32::try_from(SIZE).unwrap_or(0));
            entry.set_bid(bid);
        }
        // SAFETY: the tail lies in the first entry's padding, aligned, and is shared with the kernel as an atomic.
        let shared = unsafe { &*BufRingEntry::tail(self.entries.as_ptr()).cast::<AtomicU16>() };
        shared.store(next, Ordering::Release);
        self.tail.set(next);
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        // SAFETY: allocated in `register` with the same layouts; the ring is closed (the driver drops it first).
        unsafe {
            dealloc(self.entries.as_ptr().cast(), entries_layout());
            dealloc(self.memory.as_ptr(), memory_layout());
        }
    }
}

impl AsRef<[u8]> for RecvBuf {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the kernel filled `len` bytes of this buffer and does not touch it until it is given back.
        unsafe {
            std::slice::from_raw_parts(
                self.buffers.memory.as_ptr().add(usize::from(self.bid) * SIZE),
                self.len,
            )
        }
    }
}

impl Drop for RecvBuf {
    fn drop(&mut self) {
        self.buffers.give(self.bid);
    }
}
