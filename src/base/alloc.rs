//! The global allocator: mimalloc, with what it hands out counted per thread.
//!
//! `used_memory`, maxmemory and MEMORY commands need the sum; execution must not pay for it. So each thread adds to a
//! counter of its own, on its own cache line, by a plain load and store: no locked instruction.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `COUNTERS[i]`, i < 255 | the one thread that drew index i | any, in `used_memory` | always, relaxed |
//! | `COUNTERS[255]` | every thread beyond the 255th, by `fetch_add` | any | always, relaxed |
//! | `NEXT_INDEX` | a thread at its first allocation | the same | once a thread |
//!
//! A block may be freed by another thread than the one that asked for it, so a single counter may be negative; the sum
//! is right once the threads involved are past the call, and clamped at 0 for a reader in between. Indices are not
//! given back: the threads of a server live as long as it does.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};

use crossbeam_utils::CachePadded;
use mimalloc::MiMalloc;

const COUNTER_COUNT: usize = 256;
const SHARED_INDEX: usize = COUNTER_COUNT - 1;
const UNASSIGNED: usize = usize::MAX;

static COUNTERS: [CachePadded<AtomicI64>; COUNTER_COUNT] =
    [const { CachePadded::new(AtomicI64::new(0)) }; COUNTER_COUNT];
static NEXT_INDEX: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    // Const and without destructor: usable before, during and after the thread's other locals.
    static INDEX: Cell<usize> = const { Cell::new(UNASSIGNED) };
}

/// mimalloc with counters. Declared once as `#[global_allocator]`.
#[derive(Debug, Default)]
pub struct Counting;

/// Largest block that mimalloc takes from a size class; above it takes whole pages (types.h MI_LARGE_MAX_OBJ_SIZE).
const MAX_CLASS_SIZE: usize = 512 * 1024;
const OS_PAGE_SIZE: usize = 4_096;

/// What mimalloc takes for a request of `size` bytes: 16-byte steps up to 64 bytes, then four classes per power of two.
///
/// mimalloc: page-queue.c mi_good_size. It stays a guess for blocks aligned beyond 16 bytes, but it depends on nothing
/// but the layout, so what is added at the allocation is subtracted at the release.
#[inline]
const fn good_size(size: usize) -> usize {
    if size <= 64 {
        // One word, then pairs of words, so that blocks are aligned as max_align_t.
        return if size <= 8 { 8 } else { (size + 15) & !15 };
    }
    if size > MAX_CLASS_SIZE {
        return match size.checked_next_multiple_of(OS_PAGE_SIZE) {
            Some(rounded) => rounded,
            None => size,
        };
    }
    // Classes are 5, 6, 7 and 8 quarters of a power of two, counted in words.
    let top = (((size - 1) >> 3) as u64).ilog2();
    let step = 8_usize << (top - 2);
    (size + step - 1) & !(step - 1)
}

#[inline]
fn add(delta: i64) {
    let mut index = INDEX.try_with(Cell::get).unwrap_or(SHARED_INDEX);
    if index == UNASSIGNED {
        index = assign_index();
    }
    let counter = &COUNTERS[index % COUNTER_COUNT];
    if index < SHARED_INDEX {
        // Only this thread writes this counter.
        counter.store(counter.load(Relaxed).wrapping_add(delta), Relaxed);
    } else {
        counter.fetch_add(delta, Relaxed);
    }
}

#[cold]
fn assign_index() -> usize {
    let index = NEXT_INDEX.fetch_add(1, Relaxed).min(SHARED_INDEX);
    if INDEX.try_with(|cell| cell.set(index)).is_err() {
        return SHARED_INDEX;
    }
    index
}

#[inline]
fn signed(size: usize) -> i64 {
    good_size(size).cast_signed().try_into().unwrap_or(i64::MAX)
}

// SAFETY: every call is passed on to mimalloc unchanged, so its guarantees hold; counting neither allocates (a const
// thread local without destructor, statics) nor unwinds (the index is masked, the arithmetic wraps).
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is the same.
        let block = unsafe { MiMalloc.alloc(layout) };
        if !block.is_null() {
            add(signed(layout.size()));
        }
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is the same.
        let block = unsafe { MiMalloc.alloc_zeroed(layout) };
        if !block.is_null() {
            add(signed(layout.size()));
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the same.
        unsafe { MiMalloc.dealloc(block, layout) };
        add(-signed(layout.size()));
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's contract is the same.
        let moved = unsafe { MiMalloc.realloc(block, layout, new_size) };
        if !moved.is_null() {
            add(signed(new_size) - signed(layout.size()));
        }
        moved
    }
}

/// Bytes handed out by the allocator to all threads together, rounded as it rounds them.
///
/// Reads 256 cache lines at most: for once per loop turn or less, not per command.
pub fn used_memory() -> usize {
    let threads = NEXT_INDEX.load(Relaxed).min(COUNTER_COUNT);
    let sum = COUNTERS[..threads].iter().fold(0_i64, |sum, counter| sum.wrapping_add(counter.load(Relaxed)));
    usize::try_from(sum).unwrap_or(0)
}

/// What this thread took minus what it gave back: negative where it frees what others took. For differences.
pub fn thread_allocated() -> i64 {
    match INDEX.try_with(Cell::get) {
        Ok(UNASSIGNED) | Err(_) => 0,
        Ok(index) => COUNTERS[index % COUNTER_COUNT].load(Relaxed),
    }
}

/// Gives back to the system what this thread's heap holds without using it (MEMORY PURGE).
pub fn purge() {
    unsafe extern "C" {
        safe fn mi_collect(force: bool);
    }
    mi_collect(true);
}

/// What a request of `size` bytes takes from the allocator: for estimates such as MEMORY USAGE.
pub const fn rounded_size(size: usize) -> usize {
    good_size(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" {
        safe fn mi_good_size(size: usize) -> usize;
    }

    #[test]
    fn sizes_are_rounded_as_mimalloc_rounds_them() {
        for size in (1..=20_000).chain((20_000..3_000_000).step_by(997)).chain([1 << 19, (1 << 19) + 1]) {
            assert_eq!(good_size(size), mi_good_size(size), "at {size}");
        }
    }

    /// Whether this thread counts alone; not so once a test process has started more than 255 threads.
    fn counts_alone() -> bool {
        add(0);
        INDEX.with(Cell::get) < SHARED_INDEX
    }

    fn cycle(size: usize) {
        let layout = Layout::from_size_align(size, 8).unwrap_or(Layout::new::<u64>());
        let alone = counts_alone();
        let before = thread_allocated();
        // SAFETY: the block is used with the layout it was made with, within its size, and released once.
        unsafe {
            let block = Counting.alloc(layout);
            assert!(!block.is_null());
            assert!(!alone || thread_allocated() - before == signed(size));
            let block = Counting.realloc(block, layout, size * 3);
            assert!(!alone || thread_allocated() - before == signed(size * 3));
            let grown = Layout::from_size_align(size * 3, 8).unwrap_or(layout);
            Counting.dealloc(block, grown);
        }
        assert!(!alone || thread_allocated() == before);
    }

    #[test]
    fn what_is_taken_is_given_back() {
        for size in [1, 8, 17, 64, 65, 1_000, 100_000, 5_000_000] {
            cycle(size);
        }
    }

    #[test]
    fn more_threads_than_counters_share_the_last() {
        let start = used_memory();
        let threads: Vec<_> = (0..300).map(|_| std::thread::spawn(|| cycle(100_000))).collect();
        for thread in threads {
            assert!(thread.join().is_ok());
        }
        assert!(!std::thread::spawn(counts_alone).join().unwrap_or(true));
        assert!(used_memory().abs_diff(start) < 100_000_000);
    }

    #[test]
    fn a_foreign_release_counts_against_the_thread_that_frees() {
        let layout = Layout::new::<[u8; 4_096]>();
        // SAFETY: as above; the address travels as an integer and is released once.
        let address = unsafe { Counting.alloc(layout) }.expose_provenance();
        let freed = std::thread::spawn(move || {
            let alone = counts_alone();
            let before = thread_allocated();
            // SAFETY: the block came from the same allocator with the same layout.
            unsafe { Counting.dealloc(std::ptr::with_exposed_provenance_mut(address), layout) };
            !alone || thread_allocated() - before == -signed(4_096)
        });
        assert!(freed.join().unwrap_or(false));
    }
}
