//! The lend: how the last shard to arrive at a class-D transaction gets every participant's state.
//!
//! ```text
//!   shard 0: Berth ──publish──► slot 0 ┐
//!   shard 2: Berth ──publish──► slot 1 ├─► Lent (built by the last to arrive) ─► Whole::run ─► done ─► reclaim
//!   shard 3: Berth ──publish──► slot 2 ┘
//! ```
//!
//! Invariants:
//! - A state has one holder. From `publish` until the transaction is done the owner's [`Berth`] answers `None`, and
//!   only the last to arrive dereferences the pointer.
//! - The arrival counter carries the hand-over: each owner's decrement releases what it wrote to its state, the last
//!   decrement acquires all of them. The `done` flag carries the way back (release by the borrower, acquire by the
//!   owner).
//! - The state lives on the heap behind a raw pointer, so moving a `Berth` moves no state and asserts no ownership of
//!   it. A `Berth` dropped while its state is lent leaks the state rather than freeing it under the borrower.

use std::{marker::PhantomData, ptr, ptr::NonNull};

use super::ShardSet;
use super::sync::{AtomicPtr, Ordering};

/// A shard's state and the knowledge whether it is at home.
pub(super) struct Berth<S> {
    state: NonNull<S>,
    lent: bool,
    _owns: PhantomData<S>,
}

// SAFETY: a `Berth` owns its `S` as a `Box<S>` does and hands out references only through `&mut self`; the raw pointer
// is there only to keep aliasing rules out of moves. So it may go where an `S` may go.
unsafe impl<S: Send> Send for Berth<S> {}

impl<S> Berth<S> {
    pub(super) fn new(state: Box<S>) -> Self {
        Self { state: NonNull::from(Box::leak(state)), lent: false, _owns: PhantomData }
    }

    /// The state, unless it is lent.
    pub(super) fn state(&mut self) -> Option<&mut S> {
        if self.lent {
            return None;
        }
        // SAFETY: `state` came from a `Box` that this berth owns and frees only in `drop`; it is not lent, so nobody
        // else dereferences it, and `&mut self` excludes a second reference from here.
        Some(unsafe { self.state.as_mut() })
    }

    /// Publishes the state in `slots` as that of `shard`. Until `reclaim`, `state` answers `None`.
    ///
    /// The caller then counts its arrival down with release order, and calls `reclaim` only after it has seen, with
    /// acquire order, that the transaction is done.
    pub(super) fn publish(&mut self, slots: &Slots<S>, shard: usize) {
        debug_assert!(!self.lent, "a state is lent to one transaction at a time");
        self.lent = true;
        slots.put(shard, self.state);
    }

    /// Hands the state out on its own thread; until `take_back`, `state` answers `None`.
    pub(super) fn lend(&mut self) -> Option<Loan<S>> {
        (!std::mem::replace(&mut self.lent, true))
            .then_some(Loan { state: self.state, _borrows: PhantomData })
    }

    /// Ends a loan of [`Berth::lend`].
    pub(super) fn take_back(&mut self, loan: Loan<S>) {
        assert!(self.lent && loan.state == self.state, "a loan comes back to where it was made");
        self.lent = false;
    }

    /// Takes the state back after the transaction is done.
    pub(super) fn reclaim(&mut self) {
        debug_assert!(self.lent, "only a lent state can come back");
        self.lent = false;
    }
}

impl<S> Drop for Berth<S> {
    fn drop(&mut self) {
        if self.lent {
            // Another shard may be running over it. Freeing it would be unsound, waiting could be forever.
            return;
        }
        // SAFETY: the pointer came from `Box::leak` in `new`, this is its only owner, and nobody borrows it now.
        drop(unsafe { Box::from_raw(self.state.as_ptr()) });
    }
}

/// A shard's own state, held beside its seat: so that the rest of the shard can be used meanwhile. A loan that is dropped
/// leaves the state lent, and leaks it in the end.
pub struct Loan<S> {
    state: NonNull<S>,
    _borrows: PhantomData<*mut S>,
}

impl<S> Loan<S> {
    /// The state.
    pub fn state(&mut self) -> &mut S {
        // SAFETY: while the loan exists its berth says `None` and publishes nothing, and there is one loan at a time: this
        // is the only way to the state, and `&mut self` makes it one reference. The berth frees no state that is lent.
        unsafe { self.state.as_mut() }
    }
}

/// Where the participants of one class-D transaction publish their states: one slot each, by rank.
pub(super) struct Slots<S> {
    shards: ShardSet,
    states: Box<[AtomicPtr<S>]>,
}

impl<S> Slots<S> {
    pub(super) fn new(shards: ShardSet) -> Self {
        let states = (0..shards.len()).map(|_| AtomicPtr::new(ptr::null_mut())).collect();
        Self { shards, states }
    }

    fn put(&self, shard: usize, state: NonNull<S>) {
        // Only a participant finds the transaction in its inbox.
        if let Some(slot) = self.shards.rank(shard).and_then(|rank| self.states.get(rank)) {
            slot.store(state.as_ptr(), Ordering::Relaxed);
        }
    }

    /// The view over all published states.
    ///
    /// # Safety
    /// Every participant has published and its arrival was acquired by the caller; none reclaims before the caller
    /// releases the `done` flag; only one view of these slots is ever made.
    pub(super) unsafe fn lent(&self, runner: usize) -> Lent<'_, S> {
        Lent { slots: self, runner, _borrows: PhantomData }
    }
}

/// The states of all participants of a class-D transaction, borrowed by the one shard that runs it.
pub struct Lent<'a, S> {
    slots: &'a Slots<S>,
    runner: usize,
    _borrows: PhantomData<&'a mut S>,
}

impl<S> Lent<'_, S> {
    /// The participants.
    pub fn shards(&self) -> ShardSet {
        self.slots.shards
    }

    /// The shard on whose thread the work runs: the last that arrived.
    pub fn runner(&self) -> usize {
        self.runner
    }

    /// The state of `shard` for reading, or `None` if it is no participant.
    pub fn get(&self, shard: usize) -> Option<&S> {
        // SAFETY: `lent`'s contract gives this view the only access to every published state, and while the reference
        // lives this shared borrow of the view rules out `get_mut`.
        self.pointer(shard).map(|state| unsafe { state.as_ref() })
    }

    /// The state of `shard`, or `None` if it is no participant.
    pub fn get_mut(&mut self, shard: usize) -> Option<&mut S> {
        // SAFETY: `lent`'s contract gives this view the only access to every published state, and the reference lives
        // no longer than this exclusive borrow of the view.
        self.pointer(shard).map(|mut state| unsafe { state.as_mut() })
    }

    /// The states of two shards together, or `None` if either is no participant or both are the same.
    pub fn pair_mut(&mut self, one: usize, other: usize) -> Option<(&mut S, &mut S)> {
        if one == other {
            return None;
        }
        let (mut one, mut other) = (self.pointer(one)?, self.pointer(other)?);
        // SAFETY: as in `get_mut`; different shards publish different states, so the two do not alias.
        Some(unsafe { (one.as_mut(), other.as_mut()) })
    }

    /// All states, in ascending order of their shards.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut S)> {
        let view = &*self;
        // SAFETY: as in `get_mut`; each shard comes up once, so no two references alias.
        view.shards().iter().filter_map(move |shard| Some((shard, unsafe { view.pointer(shard)?.as_mut() })))
    }

    fn pointer(&self, shard: usize) -> Option<NonNull<S>> {
        let slot = self.slots.states.get(self.slots.shards.rank(shard)?)?;
        // Relaxed is enough: the arrival counter has ordered the store before this load.
        NonNull::new(slot.load(Ordering::Relaxed))
    }
}
