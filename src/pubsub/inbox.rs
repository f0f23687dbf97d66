//! Messages on the way to shards: one inbox per shard, filled by any thread, emptied by its shard.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `queue` | any thread; its shard takes it whole | its shard | under the lock |
//! | `filled` | under the lock | its shard | acquire, before it sleeps and in every turn |
//! | `cost` | added by senders, taken away by its shard as it delivers | the shard itself | when it crosses `COST_MAX` |
//! | `Inboxes::congested` | whoever makes an inbox cross `COST_MAX` | all shards | before commands that publish |
//!
//! One queue per shard, not a ring per pair: what is pushed before a reply leaves is then delivered before anything that
//! is pushed because of that reply, whichever shards push (docs/pubsub.md).

use crossbeam_utils::CachePadded;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Cost of undelivered messages of a shard from which on publishers wait.
const COST_MAX: usize = 8 * 1024 * 1024;

/// Messages to one shard.
pub struct Inbox<T> {
    filled: AtomicBool,
    cost: AtomicUsize,
    queue: Mutex<Vec<T>>,
}

/// The inboxes of all shards.
pub struct Inboxes<T> {
    of: Box<[CachePadded<Inbox<T>>]>,
    congested: AtomicUsize,
}

impl<T> Inboxes<T> {
    /// Inboxes for `shards` shards.
    pub fn new(shards: usize) -> Inboxes<T> {
        let inbox = || Inbox {
            filled: AtomicBool::new(false),
            cost: AtomicUsize::new(0),
            queue: Mutex::new(Vec::new()),
        };
        Inboxes {
            of: (0..shards).map(|_| CachePadded::new(inbox())).collect(),
            congested: AtomicUsize::new(0),
        }
    }

    /// Appends to `shard`'s inbox what `items` holds, worth `cost`. `true`: it was empty, wake the shard.
    pub fn push(&self, shard: usize, items: &mut Vec<T>, cost: usize) -> bool {
        let Some(inbox) = self.of.get(shard) else { return false };
        self.charge(shard, cost);
        let mut queue = inbox.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.append(items);
        !inbox.filled.swap(true, Ordering::AcqRel)
    }

    /// `shard` has got messages worth `cost` to deliver.
    pub fn charge(&self, shard: usize, cost: usize) {
        let Some(inbox) = self.of.get(shard) else { return };
        let before = inbox.cost.fetch_add(cost, Ordering::AcqRel);
        if before <= COST_MAX && before.saturating_add(cost) > COST_MAX {
            self.congested.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Whether `shard` has something to take.
    #[inline]
    pub fn is_filled(&self, shard: usize) -> bool {
        self.of.get(shard).is_some_and(|inbox| inbox.filled.load(Ordering::Acquire))
    }

    /// Moves `shard`'s messages to the end of `into`; one load if there are none.
    #[inline]
    pub fn take(&self, shard: usize, into: &mut std::collections::VecDeque<T>) {
        if self.is_filled(shard)
            && let Some(inbox) = self.of.get(shard)
        {
            let mut queue = inbox.queue.lock().unwrap_or_else(PoisonError::into_inner);
            inbox.filled.store(false, Ordering::Release);
            into.extend(queue.drain(..));
            queue.shrink_to(1024);
        }
    }

    /// `shard` has delivered messages worth `cost`. `true`: publishers may go on, wake all shards.
    pub fn delivered(&self, shard: usize, cost: usize) -> bool {
        let Some(inbox) = self.of.get(shard) else { return false };
        let before = inbox.cost.fetch_sub(cost, Ordering::AcqRel);
        let over = before > COST_MAX && before.saturating_sub(cost) <= COST_MAX;
        if over {
            self.congested.fetch_sub(1, Ordering::AcqRel);
        }
        over
    }

    /// Whether some shard has more to deliver than it should have.
    #[inline]
    pub fn is_congested(&self) -> bool {
        self.congested.load(Ordering::Acquire) > 0
    }
}
