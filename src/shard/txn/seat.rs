//! A shard's place in the protocol: its state, its local queue, its hold, and the step function `turn`.
//!
//! ```text
//!              inbox empty                    fragment ran, others have not
//!        ┌───────────────────┐      ┌──────────────────────────────────────────┐
//!        ▼                   │      │                                          ▼
//!      free ── head is I ────┴──────┘                                      holding: may_send() = false,
//!        ▲ ▲                                                               state() = Some, starts nothing
//!        │ └──────────────── the held transaction is complete ◄────────────────┘
//!        │
//!        ├── head is D, last to arrive: runs it over all states
//!        └── head is D, not the last ──► parked: state() = None ── done ──► free
//! ```
//!
//! Only the owning thread touches a seat. A turn never blocks: the locks it takes are held for a few instructions.

use std::collections::VecDeque;

use super::inbox::Inbox;
use super::lend::{Berth, Loan};
use super::sync::Arc;
use super::{Hub, Txn, TxnWork, hold};

/// Transactions started in one turn at most, so that a flood leaves the loop time for its sockets.
pub(in crate::shard) const STARTS_PER_TURN: usize = 64;

/// What a [`Seat::turn`] came to. Whatever it says, tickets of this shard may have become done in it: the shard that
/// completes a transaction is not woken for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Something moved: fragments ran, a hold ended, a lend came back. Turn again before sleeping.
    Progress,
    /// Nothing to do until a wake: the inbox is empty, or the shard holds for others.
    Idle,
    /// The state is lent, [`Seat::state`] answers `None` until a later turn says otherwise.
    Parked,
    /// This shard was the last to arrive at a class-D transaction: [`Seat::take_ready`] is due. Only [`Seat::advance`] and
    /// [`Seat::go_on`] say so.
    Ready,
}

/// One shard's place at the [`Hub`], owning its state. Lives on the shard's thread.
pub struct Seat<S> {
    hub: Arc<Hub<S>>,
    shard: usize,
    berth: Berth<S>,
    /// Taken from the inbox, not started yet; all older than what the inbox holds.
    queue: VecDeque<Arc<Txn<S>>>,
    /// The latest class-I transaction whose fragment ran here before it was complete.
    hold: Option<Arc<Txn<S>>>,
    /// The class-D transaction that has the state.
    parked: Option<Arc<Txn<S>>>,
    /// The class-D transaction that is to run here.
    ready: Option<Ready<S>>,
}

/// A class-D transaction at which everybody has arrived, to be run by the last of them.
pub struct Ready<S>(Arc<Txn<S>>);

/// One that has run: [`Seat::complete`] ends it.
pub struct Ran<S>(Arc<Txn<S>>);

impl<S> Ready<S> {
    /// Runs it on the thread of the seat that gave it, `shard`; `aside` is handed to the work.
    pub fn run(self, shard: usize, aside: &mut dyn FnMut()) -> Ran<S> {
        if let TxnWork::Dependent(work, slots) = &self.0.work {
            // SAFETY: the seat made this one when it was the last of all shares, so every participant has published before
            // its count-down and this thread has acquired all of them; nobody reclaims before `complete` releases
            // `done`; only one shard is last, it makes one `Ready`, and that runs once.
            work.whole_beside(&mut unsafe { slots.lent(shard) }, aside);
        }
        Ran(self.0)
    }
}

impl<S: Send> Seat<S> {
    pub(super) fn new(hub: Arc<Hub<S>>, shard: usize, state: Box<S>) -> Self {
        Self {
            hub,
            shard,
            berth: Berth::new(state),
            queue: VecDeque::new(),
            hold: None,
            parked: None,
            ready: None,
        }
    }

    /// The shard that sits here.
    pub fn shard(&self) -> usize {
        self.shard
    }

    /// The hub, for submitting.
    pub fn hub(&self) -> &Arc<Hub<S>> {
        &self.hub
    }

    /// The shard's state for single-shard commands, or `None` while it is lent (only buffer input then).
    pub fn state(&mut self) -> Option<&mut S> {
        self.berth.state()
    }

    /// Whether output may leave the shard now. After a `false`, everything produced stays until the next `true`: replies,
    /// messages to other shards that carry results, published messages. (The journal may go: the log core sees to its order.)
    ///
    /// Ask after every turn, and flush on `true`: a turn that is the first to notice the end of a hold starts nothing,
    /// so there is always a moment to flush between two holds.
    pub fn may_send(&mut self) -> bool {
        #[cfg(test)]
        if self.hub.flawed(super::Flaw::NoHold) {
            return true;
        }
        self.release_hold()
    }

    /// Whether the state is lent, as far as this shard has noticed.
    pub fn is_parked(&self) -> bool {
        self.parked.is_some()
    }

    /// Whether the shard may sleep: a turn would change nothing. Ask after announcing the sleep (see
    /// [`Waker`](super::Waker)), else a wake can be lost.
    pub fn may_sleep(&self) -> bool {
        match self.parked.as_ref().or(self.hold.as_ref()) {
            Some(txn) => !txn.progress.is_done(),
            None => self.queue.is_empty() && self.inbox().is_empty(),
        }
    }

    /// Advances as far as possible without waiting.
    ///
    /// With nothing to do it costs one acquire load. A hold that began in an earlier turn keeps new transactions from
    /// starting until [`Seat::may_send`] could have said `true`, so that holds end, and output leaves, also under an
    /// endless flood of transactions.
    pub fn turn(&mut self) -> Turn {
        let mut turn = self.advance();
        let mut left = STARTS_PER_TURN;
        while let Some(ready) = self.take_ready() {
            let ran = ready.run(self.shard, &mut || {});
            self.complete(ran);
            left = left.saturating_sub(1);
            turn = if left == 0 { Turn::Progress } else { self.go_on() };
        }
        turn
    }

    /// As [`Seat::turn`], but leaves what this shard has to run to the caller.
    pub fn advance(&mut self) -> Turn {
        if self.hold.is_some() {
            return if self.release_hold() { Turn::Progress } else { Turn::Idle };
        }
        if let Some(txn) = &self.parked {
            if !self.lend_is_over(txn) {
                return Turn::Parked;
            }
            self.berth.reclaim();
            self.parked = None;
            // Nothing is started in this turn: under an endless flood of class D the shard would park again at once, and
            // single-shard commands would never find its state at home.
            return Turn::Progress;
        }
        if self.queue.is_empty() {
            if self.inbox().is_empty() {
                return Turn::Idle;
            }
            let (hub, queue) = (&self.hub, &mut self.queue);
            hub.inboxes[self.shard].take_into(queue);
        }
        self.start_queued()
    }

    /// The transaction that is to run on this thread now, with every participant's state; while it runs this seat says that
    /// its state is lent.
    pub fn take_ready(&mut self) -> Option<Ready<S>> {
        self.ready.take()
    }

    /// Ends a transaction that was run here: everybody takes his state back.
    pub fn complete(&mut self, ran: Ran<S>) {
        self.berth.reclaim();
        hold::complete(&self.hub, Some(self.shard), ran.0);
    }

    /// Goes on with the turn after [`Seat::complete`].
    pub fn go_on(&mut self) -> Turn {
        self.start_queued()
    }

    /// Hands the state out on this thread, unless it is lent; [`Seat::take_back`] ends that. No turn is taken meanwhile.
    pub fn lend(&mut self) -> Option<Loan<S>> {
        self.berth.lend()
    }

    /// See [`Seat::lend`].
    pub fn take_back(&mut self, loan: Loan<S>) {
        self.berth.take_back(loan);
    }

    fn start_queued(&mut self) -> Turn {
        for _ in 0..STARTS_PER_TURN {
            let Some(txn) = self.queue.pop_front() else { break };
            match &txn.work {
                TxnWork::Independent(_) => self.run_fragment(txn),
                TxnWork::Dependent(..) if !self.may_park() => {
                    self.queue.push_front(txn);
                    break;
                }
                TxnWork::Dependent(..) => return self.arrive(txn),
            }
        }
        Turn::Progress
    }

    /// Class I: runs this shard's fragment and holds unless that completed the transaction.
    fn run_fragment(&mut self, txn: Arc<Txn<S>>) {
        let (TxnWork::Independent(work), Some(state)) = (&txn.work, self.berth.state()) else {
            unreachable!("start_queued runs class I here, and only with the state at home");
        };
        work.fragment(self.shard, state);
        hold::fragment_ran(&self.hub, self.shard, &txn, self.hold.as_ref());
        if !txn.progress.is_done() {
            self.hold = Some(txn);
        }
    }

    /// Class D: publishes the state; the last to arrive is to run the work, others are parked.
    fn arrive(&mut self, txn: Arc<Txn<S>>) -> Turn {
        let TxnWork::Dependent(_, slots) = &txn.work else {
            unreachable!("start_queued sends only class D here");
        };
        self.berth.publish(slots, self.shard);
        if txn.progress.count_down() {
            self.ready = Some(Ready(txn));
            Turn::Ready
        } else {
            self.parked = Some(txn);
            Turn::Parked
        }
    }

    fn inbox(&self) -> &Inbox<S> {
        &self.hub.inboxes[self.shard]
    }

    /// Forgets a hold whose transaction is complete; says whether none is left.
    fn release_hold(&mut self) -> bool {
        if self.hold.as_ref().is_some_and(|txn| !txn.progress.is_done()) {
            return false;
        }
        self.hold = None;
        true
    }

    fn may_park(&mut self) -> bool {
        #[cfg(test)]
        if self.hub.flawed(super::Flaw::ParkWhileHolding) {
            return true;
        }
        self.release_hold()
    }

    fn lend_is_over(&self, txn: &Txn<S>) -> bool {
        #[cfg(test)]
        if self.hub.flawed(super::Flaw::UnparkEarly) {
            return true;
        }
        txn.progress.is_done()
    }
}
