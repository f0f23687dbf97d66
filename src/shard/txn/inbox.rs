//! The inboxes and `submit`'s one rule: a transaction enters all of its participants' inboxes at once.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `Inbox::queue` | any submitter, pushing; the owning shard, taking all | the same | under the lock |
//! | `Inbox::len` | whoever holds the lock | the owning shard | any time; zero means "no need to lock" |
//!
//! A submitter takes the locks of all participants in ascending order and holds them together. Ascending, so that
//! submitters cannot deadlock; together, so that pushes are serialized: any two transactions meet in the same order
//! at every shard they share, and no chain of transactions over three or more shards closes into a ring. `push_all`
//! defines the total order (by the moment at which the last lock was taken) that the rest of the protocol leans on.

use std::collections::VecDeque;

use crossbeam_utils::CachePadded;
use smallvec::SmallVec;

use super::sync::{Arc, AtomicUsize, Mutex, MutexGuard, Ordering, lock};
use super::{ShardSet, Txn};

type Queue<S> = VecDeque<Arc<Txn<S>>>;
type Locked<'a, S> = (&'a Inbox<S>, MutexGuard<'a, Queue<S>>);

/// Transactions on their way to one shard.
pub(super) struct Inbox<S> {
    queue: Mutex<Queue<S>>,
    len: AtomicUsize,
}

impl<S> Inbox<S> {
    pub(super) fn new() -> CachePadded<Self> {
        CachePadded::new(Self { queue: Mutex::new(VecDeque::new()), len: AtomicUsize::new(0) })
    }

    /// Whether nothing waits: one load, no lock. A push that happens at the same time is announced by a wake.
    pub(super) fn is_empty(&self) -> bool {
        self.len.load(Ordering::Acquire) == 0
    }

    /// Moves everything that waits into `local`, which must be empty (so that order is kept).
    pub(super) fn take_into(&self, local: &mut Queue<S>) {
        debug_assert!(local.is_empty(), "older transactions go first");
        if self.is_empty() {
            return;
        }
        let mut queue = lock(&self.queue);
        std::mem::swap(&mut *queue, local);
        self.len.store(0, Ordering::Release);
    }

    fn push(&self, queue: &mut MutexGuard<'_, Queue<S>>, txn: &Arc<Txn<S>>) {
        queue.push_back(Arc::clone(txn));
        self.len.store(queue.len(), Ordering::Release);
    }
}

/// Pushes `txn` into the inboxes of `shards`, all locks held at once.
pub(super) fn push_all<S>(inboxes: &[CachePadded<Inbox<S>>], shards: &ShardSet, txn: &Arc<Txn<S>>) {
    let mut held: SmallVec<[Locked<'_, S>; 8]> = SmallVec::new();
    for shard in shards.iter() {
        let inbox = &*inboxes[shard];
        held.push((inbox, lock(&inbox.queue)));
    }
    for (inbox, queue) in &mut held {
        inbox.push(queue, txn);
    }
}

/// What `push_all` must not be: each lock by itself. The model check shows that this is caught.
#[cfg(test)]
pub(super) fn push_one_by_one<S>(inboxes: &[CachePadded<Inbox<S>>], shards: &ShardSet, txn: &Arc<Txn<S>>) {
    for shard in shards.iter() {
        let inbox = &*inboxes[shard];
        inbox.push(&mut lock(&inbox.queue), txn);
    }
}
