//! Transactions over several shards: the protocol of classes I and D, apart from loop, sockets and commands.
//!
//! ```text
//!   origin ── Hub::independent / Hub::dependent ──► inboxes of all participants, all locks held at once
//!                                                        │                          (inbox.rs)
//!   each participant's loop ── Seat::turn ───────────────┤
//!                                                        ├─ class I: run the fragment, hold output till all have
//!                                                        │           (hold.rs)
//!                                                        └─ class D: park; the last to arrive borrows all states
//!                                                                    (lend.rs)
//!   origin ◄── Waker::wake, Ticket::is_done ─────────────┘
//! ```
//!
//! Single-shard commands (class S) run between turns on [`Seat::state`] and never come here.
//!
//! Invariants, argued in `docs/transactions.md` and checked by `tests/` on std threads and under shuttle:
//! - **Order.** Transactions are totally ordered by their push; every shard starts them in that order.
//! - **Completion.** A transaction is complete only after all that any of its participants ran before it.
//! - **Silence.** What a shard produces after a fragment leaves it only after that transaction is complete.
//! - **One holder.** A state is touched by its owner, or, while the owner is parked, by one borrower.
//! - **No waiting.** Nothing here blocks a thread; whoever ends a wait wakes those who sleep on it.
//!
//! A loop turns its seat like this:
//!
//! ```text
//!   loop {
//!       poll input;
//!       let turn = seat.turn();
//!       if let Some(state) = seat.state() { run single-shard commands, outputs into the outbox }
//!       if seat.may_send() { flush the outbox }
//!       send what waits for tickets that are done (held or not: completion covers all they can have seen)
//!       if turn != Progress && nothing else to do { announce sleep; if seat.may_sleep() && .. { sleep } }
//!   }
//! ```

mod hold;
mod inbox;
mod lend;
mod seat;
mod set;
mod sync;
#[cfg(test)]
mod tests;

use crossbeam_utils::CachePadded;

use hold::Progress;
use inbox::Inbox;
use lend::Slots;
use sync::{Arc, Ordering, fence};

pub use lend::{Lent, Loan};
pub(super) use seat::STARTS_PER_TURN;
pub use seat::{Ran, Ready, Seat, Turn};
pub use set::{MAX_SHARDS, ShardSet};

/// Wakes sleeping threads.
///
/// The hub puts a sequentially consistent fence between what it did and a row of calls. So an implementation may look
/// at a `sleeping` flag with a relaxed load and skip the costly part, if the sleeper goes: store the flag, sequentially
/// consistent fence, check [`Seat::may_sleep`] and its own sources, sleep.
pub trait Waker: Send + Sync {
    /// Makes the thread with id `id` run its loop once more, now or, if it is about to sleep, instead of sleeping.
    /// Ids below the number of shards are shards; others are origins that the caller of `submit` named.
    fn wake(&self, id: usize);
}

/// The work of a class-I transaction: one fragment per participant, none needing another's result.
pub trait Fragments<S>: Send + Sync {
    /// Runs on `shard`'s thread with its state. Must not fail: what can be refused is refused before submitting.
    fn fragment(&self, shard: usize, state: &mut S);

    /// Called once, by the thread that completed the transaction, when its ticket already says done.
    fn done(&self) {}
}

/// The work of a class-D transaction: plain sequential code over all participants' states.
pub trait Whole<S>: Send + Sync {
    /// Runs once, on the thread of the participant that arrived last.
    fn whole(&self, lent: &mut Lent<'_, S>);

    /// The same; the work may call `aside` now and then if it takes long. By default it does not.
    fn whole_beside(&self, lent: &mut Lent<'_, S>, aside: &mut dyn FnMut()) {
        let _ = aside;
        self.whole(lent);
    }

    /// Called once, by the thread that completed the transaction, when its ticket already says done.
    fn done(&self) {}
}

impl<S, F: Fn(usize, &mut S) + Send + Sync> Fragments<S> for F {
    fn fragment(&self, shard: usize, state: &mut S) {
        self(shard, state);
    }
}

/// A transaction as the participants share it.
struct Txn<S> {
    origin: usize,
    shards: ShardSet,
    progress: Progress<S>,
    work: TxnWork<S>,
}

enum TxnWork<S> {
    Independent(std::sync::Arc<dyn Fragments<S>>),
    Dependent(std::sync::Arc<dyn Whole<S>>, Slots<S>),
}

impl<S> TxnWork<S> {
    fn done(&self) {
        match self {
            Self::Independent(work) => work.done(),
            Self::Dependent(work, _) => work.done(),
        }
    }
}

/// The origin's end of a submitted transaction.
pub struct Ticket<S>(Arc<Txn<S>>);

impl<S> Ticket<S> {
    /// Whether the transaction is complete: its results are final and visible, its reply may be sent.
    pub fn is_done(&self) -> bool {
        self.0.progress.is_done()
    }
}

impl<S> Clone for Ticket<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Where shards meet: all inboxes and the waker.
pub struct Hub<S> {
    inboxes: Box<[CachePadded<Inbox<S>>]>,
    waker: Box<dyn Waker>,
    #[cfg(test)]
    flaw: Flaw,
}

/// The right to one shard's [`Seat`]; goes to the shard's thread, which brings the state.
pub struct Vacancy<S> {
    hub: Arc<Hub<S>>,
    shard: usize,
}

impl<S: Send> Vacancy<S> {
    /// The shard whose seat this is.
    pub fn shard(&self) -> usize {
        self.shard
    }

    /// Takes the seat.
    pub fn sit(self, state: Box<S>) -> Seat<S> {
        Seat::new(self.hub, self.shard, state)
    }
}

impl<S: Send> Hub<S> {
    /// A hub for `shards` shards and the right to each one's seat, in order.
    ///
    /// # Panics
    /// If `shards` exceeds [`MAX_SHARDS`].
    pub fn new(shards: usize, waker: Box<dyn Waker>) -> (Arc<Self>, Vec<Vacancy<S>>) {
        assert!(shards <= MAX_SHARDS, "{shards} shards are beyond the limit of {MAX_SHARDS}");
        let inboxes = (0..shards).map(|_| Inbox::new()).collect();
        let hub = Self {
            inboxes,
            waker,
            #[cfg(test)]
            flaw: Flaw::None,
        };
        Self::seated(hub)
    }

    fn seated(hub: Self) -> (Arc<Self>, Vec<Vacancy<S>>) {
        let hub = Arc::new(hub);
        let vacancies = (0..hub.shards()).map(|shard| Vacancy { hub: Arc::clone(&hub), shard }).collect();
        (hub, vacancies)
    }

    /// Submits a class-I transaction: each of `shards` runs its fragment when it gets there.
    ///
    /// `origin` is woken when the transaction is complete. It need not be a participant, nor a shard.
    ///
    /// # Panics
    /// If a participant is no shard of this hub, or `origin` is not below [`MAX_SHARDS`].
    pub fn independent(
        &self,
        origin: usize,
        shards: ShardSet,
        work: std::sync::Arc<dyn Fragments<S>>,
    ) -> Ticket<S> {
        self.submit(origin, shards, TxnWork::Independent(work))
    }

    /// Submits a class-D transaction: `shards` park, the last to arrive runs `work` over all their states.
    ///
    /// Arguments and panics as for [`Hub::independent`].
    pub fn dependent(
        &self,
        origin: usize,
        shards: ShardSet,
        work: std::sync::Arc<dyn Whole<S>>,
    ) -> Ticket<S> {
        self.submit(origin, shards, TxnWork::Dependent(work, Slots::new(shards)))
    }

    fn submit(&self, origin: usize, shards: ShardSet, work: TxnWork<S>) -> Ticket<S> {
        assert!(
            shards.last().is_none_or(|last| last < self.shards()),
            "{shards:?} names a shard beyond the last"
        );
        assert!(origin < MAX_SHARDS, "origin {origin} is beyond the limit of {MAX_SHARDS}");
        let txn = Arc::new(Txn { origin, shards, progress: Progress::new(shards.len()), work });
        if shards.is_empty() {
            hold::complete(self, None, Arc::clone(&txn));
            return Ticket(txn);
        }
        #[cfg(test)]
        if self.flawed(Flaw::OneLockAtATime) {
            inbox::push_one_by_one(&self.inboxes, &shards, &txn);
            self.wake_all(&shards);
            return Ticket(txn);
        }
        inbox::push_all(&self.inboxes, &shards, &txn);
        self.wake_all(&shards);
        Ticket(txn)
    }
}

impl<S> Hub<S> {
    /// The number of shards.
    pub fn shards(&self) -> usize {
        self.inboxes.len()
    }

    fn wake_all(&self, ids: &ShardSet) {
        // Pairs with the sleeper's fence: either it sees what was done before this, or the waker sees its flag.
        fence(Ordering::SeqCst);
        for id in ids.iter() {
            self.waker.wake(id);
        }
    }

    #[cfg(test)]
    fn flawed(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }
}

/// Ways to break the protocol on purpose: the checks must notice each.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// The protocol as it should be.
    None,
    /// Output leaves at once.
    NoHold,
    /// `submit` locks one inbox after the other.
    OneLockAtATime,
    /// A share is counted down though the shard still holds for an earlier transaction.
    FinishOutOfOrder,
    /// A class-D transaction starts though the shard still holds.
    ParkWhileHolding,
    /// A parked shard does not wait for the borrower.
    UnparkEarly,
    /// The finisher wakes nobody.
    NoFinishWake,
}
