//! Wakes: how one thread ends another's sleep in the kernel.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `sleeping` | its shard (set), any waker (clear) | any | set before the last look at the inboxes, cleared by the first waker |
//! | `ring` | its shard, once | other shards | when the ring is made |
//! | `event` | any waker | its shard's ring | write of 1 |
//!
//! Threads are numbered: shards from 0, the log thread behind them. "Shard" below means any of them.
//!
//! No wake is lost: the sleeper stores `sleeping`, fences, looks once more at everything that could wake it, then
//! sleeps; a waker publishes its message, fences, and looks at `sleeping`. One of the two sees the other.

use super::uring::sys;
use crossbeam_utils::CachePadded;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering, fence};

struct Cell {
    sleeping: AtomicBool,
    ring: AtomicI32,
    event: OwnedFd,
}

/// The wake cells of all shards and of the log thread.
pub struct Wakes {
    cells: Box<[CachePadded<Cell>]>,
}

impl Wakes {
    /// Cells for `shards` threads, numbered from 0.
    ///
    /// # Errors
    /// No more file descriptors.
    pub fn new(shards: usize) -> io::Result<Wakes> {
        let cells = (0..shards)
            .map(|_| {
                let event = crate::base::sys::fd::eventfd()?;
                Ok(CachePadded::new(Cell {
                    sleeping: AtomicBool::new(false),
                    ring: AtomicI32::new(-1),
                    event,
                }))
            })
            .collect::<io::Result<_>>()?;
        Ok(Wakes { cells })
    }

    /// The descriptor that ends `shard`'s sleep when written to.
    pub fn event_fd(&self, shard: usize) -> Option<RawFd> {
        self.cells.get(shard).map(|c| c.event.as_raw_fd())
    }

    /// Makes `shard`'s ring known, for ring messages.
    pub fn set_ring(&self, shard: usize, ring: RawFd) {
        if let Some(cell) = self.cells.get(shard) {
            cell.ring.store(ring, Ordering::Release);
        }
    }

    /// The ring of `shard` is about to be closed; its number may soon be that of another file, which takes no messages.
    pub fn unset_ring(&self, shard: usize) {
        self.set_ring(shard, -1);
    }

    /// `shard` is about to sleep; it must now look once more at everything that could wake it.
    pub fn announce_sleep(&self, shard: usize) {
        if let Some(cell) = self.cells.get(shard) {
            cell.sleeping.store(true, Ordering::Relaxed);
        }
        fence(Ordering::SeqCst);
    }

    /// `shard` is awake.
    pub fn awake(&self, shard: usize) {
        if let Some(cell) = self.cells.get(shard) {
            cell.sleeping.store(false, Ordering::Relaxed);
        }
    }

    /// Claims the wake of `shard`: `true` for exactly one caller per sleep, who must then deliver it.
    /// What the shard is woken for must have been published before.
    pub fn claim(&self, shard: usize) -> bool {
        fence(Ordering::SeqCst);
        self.cells
            .get(shard)
            .is_some_and(|c| c.sleeping.load(Ordering::Relaxed) && c.sleeping.swap(false, Ordering::AcqRel))
    }

    /// The ring of `shard`, if it is known.
    pub fn ring_fd(&self, shard: usize) -> Option<RawFd> {
        self.cells.get(shard).map(|c| c.ring.load(Ordering::Acquire)).filter(|&fd| fd >= 0)
    }

    /// Wakes `shard` from any thread, if it sleeps.
    pub fn wake(&self, shard: usize) {
        if self.claim(shard) {
            self.signal(shard);
        }
    }

    /// Delivers a claimed wake through the event descriptor.
    pub fn signal(&self, shard: usize) {
        if let Some(cell) = self.cells.get(shard) {
            sys::event_signal(&cell.event);
        }
    }
}
