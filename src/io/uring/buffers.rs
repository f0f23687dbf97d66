//! The provided buffer ring: receive buffers that the kernel picks from and a [`RecvBuf`] gives back when dropped.
//!
//! ```text
//!   entries:  [addr len bid | addr len bid | … ]   shared with the kernel, 16 bytes each, tail in the first's padding
//!   memory:   [ buffer 0 | buffer 1 | … ]          COUNT × SIZE bytes
//! ```
//!
//! Both regions are mappings of their own, as the rings are: memory for input and output that the kernel works on, not
//! part of the heap that `maxmemory` limits.
//!
//! Invariants: a buffer is either in the kernel's hands (between head and tail) or in exactly one `RecvBuf`; both
//! regions live until the ring is closed and the last `RecvBuf` is dropped (`Rc`). Touched by the shard's thread only.

use io_uring::types::BufRingEntry;
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

const ENTRIES_BYTES: usize = COUNT as usize * size_of::<BufRingEntry>();
const MEMORY_BYTES: usize = COUNT as usize * SIZE;

/// Zeroed pages.
fn map<T>(bytes: usize) -> io::Result<NonNull<T>> {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping at an address of the kernel's choice touches no memory that is in use.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
    if at == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(at.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

fn unmap<T>(at: NonNull<T>, bytes: usize) {
    // SAFETY: every caller names a mapping made by `map` with the same size, and uses it no more.
    let outcome = unsafe { libc::munmap(at.as_ptr().cast(), bytes) };
    debug_assert_eq!(outcome, 0, "{}", io::Error::last_os_error());
}

impl Buffers {
    /// Allocates the buffers and registers them with `ring` under [`GROUP`].
    ///
    /// # Errors
    /// There is no memory, the kernel knows no buffer rings (before 5.19), or it refuses to pin the memory.
    pub fn register(ring: &io_uring::IoUring) -> io::Result<Rc<Buffers>> {
        let entries = map(ENTRIES_BYTES)?;
        let memory = map(MEMORY_BYTES).inspect_err(|_| unmap(entries, ENTRIES_BYTES))?;
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
        // The ring is closed (the driver drops it first).
        unmap(self.entries, ENTRIES_BYTES);
        unmap(self.memory, MEMORY_BYTES);
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
