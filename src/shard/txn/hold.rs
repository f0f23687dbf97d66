//! Holds: when a class-I transaction is complete, and in which order completions become visible.
//!
//! A transaction is **complete** when every participant has run its fragment *and* everything that was unfinished at
//! a participant when it ran the fragment is complete too. The second half matters when a shard runs several
//! fragments in one turn: let `T1 = {A, B}` and `T2 = {A, C}`, A runs both, C runs its half of T2, B is slow. T2 has
//! seen T1's writes at A. Were T2's reply sent now, its client could read B and find T1 missing there.
//!
//! So a participant's share of `remaining` is counted down at once if it holds nothing, and otherwise by whoever
//! completes the transaction it holds for: the hold keeps the list of transactions that wait for it (`followers`).
//! One completion can thus complete a whole chain in place, without a trip through each shard. Along one shard
//! completions happen in the order of execution, which is why a seat remembers only its latest hold.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `remaining` | participants, finishers of predecessors | the same | each share counted down once; zero decides |
//! | `followers` | participants that ran a later fragment; the finisher seals it | the same | under its lock |
//! | `done` | the finisher, once | anyone | any time; acquire makes all fragments' results visible |

use smallvec::SmallVec;

use super::sync::{Arc, AtomicBool, AtomicUsize, Mutex, Ordering, lock};
use super::{Hub, ShardSet, Txn};

/// The part of a transaction that says how far it is.
pub(super) struct Progress<S> {
    remaining: AtomicUsize,
    done: AtomicBool,
    /// `None` once complete: later fragments have nothing to wait for.
    followers: Mutex<Option<Vec<Arc<Txn<S>>>>>,
}

impl<S> Progress<S> {
    pub(super) fn new(shares: usize) -> Self {
        Self {
            remaining: AtomicUsize::new(shares),
            done: AtomicBool::new(false),
            followers: Mutex::new(Some(Vec::new())),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    /// Counts one share down and says whether it was the last. Releases what the caller did before, and for the last
    /// acquires what all others did.
    pub(super) fn count_down(&self) -> bool {
        self.remaining.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Makes `next` wait for this transaction; says `false` if this one is complete already.
    fn follow(&self, next: &Arc<Txn<S>>) -> bool {
        match lock(&self.followers).as_mut() {
            Some(followers) => {
                followers.push(Arc::clone(next));
                true
            }
            None => false,
        }
    }

    /// Makes the transaction complete and returns those that waited for it.
    fn seal(&self) -> Vec<Arc<Txn<S>>> {
        self.done.store(true, Ordering::Release);
        lock(&self.followers).take().unwrap_or_default()
    }
}

/// Counts down the share of shard `me` in `txn`, whose fragment it has just run while it held for `held`.
pub(super) fn fragment_ran<S>(hub: &Hub<S>, me: usize, txn: &Arc<Txn<S>>, held: Option<&Arc<Txn<S>>>) {
    #[cfg(test)]
    let held = held.filter(|_| !hub.flawed(super::Flaw::FinishOutOfOrder));
    if held.is_some_and(|held| held.progress.follow(txn)) {
        return;
    }
    if txn.progress.count_down() {
        complete(hub, Some(me), Arc::clone(txn));
    }
}

/// Completes `first`, then every follower whose last share that was, then wakes all who may sleep on any of them:
/// participants that hold or are parked, and origins. `me` is awake.
pub(super) fn complete<S>(hub: &Hub<S>, me: Option<usize>, first: Arc<Txn<S>>) {
    let mut wake = ShardSet::new();
    let mut ready: SmallVec<[Arc<Txn<S>>; 4]> = SmallVec::new();
    ready.push(first);
    while let Some(txn) = ready.pop() {
        let followers = txn.progress.seal();
        txn.work.done();
        wake.extend(&txn.shards);
        wake.insert(txn.origin);
        ready.extend(followers.into_iter().filter(|next| next.progress.count_down()));
    }
    if let Some(me) = me {
        wake.remove(me);
    }
    #[cfg(test)]
    if hub.flawed(super::Flaw::NoFinishWake) {
        return;
    }
    hub.wake_all(&wake);
}
