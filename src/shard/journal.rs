//! When a shard publishes its journal: before anything of what it executed can leave it. `docs/journal.md` lists the ways
//! out and argues why these moments are enough.
//!
//! ```text
//!   class S   end of the turn, or earlier before messages, full batches and transactions leave
//!   class I   the end of the fragment, before its share is counted down
//!   class D   before the shard parks; what the work did, by its runner, before the work is complete
//! ```

use super::ground::Ground;
use super::txn::Lent;
use super::{Connection, Driver, Shard};
use crate::command::Command;
use crate::command::meta::flag;
use crate::journal::{Journal, gather};
use crate::keyspace::Store;
use smallvec::SmallVec;

/// Ends the unit of `command`, which has run on `store`.
#[inline]
pub fn end_unit(store: &mut Store, command: &Command) {
    if command.row.meta.has(flag::TOUCHES_ARBITRARY_KEYS) {
        store.journal.end_units();
    } else {
        store.journal.end_unit();
    }
}

/// Publishes what ended on `ground`, on whatever thread that is.
pub fn publish(ground: &mut Ground) {
    if ground.store.journal.publish() {
        ground.server.wake_log_core();
    }
}

/// A writing transaction in fragments, as the journals know it.
#[derive(Clone, Copy)]
pub struct Stated {
    /// A number of [`crate::journal::fresh_transaction`].
    pub txn: u64,
    /// Shards that take part.
    pub parts: usize,
}

/// Runs one shard's fragment: what it states is the shard's part of the transaction.
pub fn fragment(ground: &mut Ground, stated: Stated, run: impl FnOnce(&mut Ground)) {
    ground.store.journal.begin_fragment();
    run(ground);
    if ground.store.journal.end_fragment(stated.txn, stated.parts) {
        ground.server.wake_log_core();
    }
}

/// A work over all lent stores begins: what was executed on them before is published, and what follows is numbered.
pub fn begin_work(lent: &mut Lent<'_, Ground>) {
    for (_, ground) in lent.iter_mut() {
        publish(ground);
        ground.store.journal.begin_work();
    }
}

/// The work is over: what it did is one unit, published by the runner. What it made ready is served after this, and is
/// published by [`publish_all`].
pub fn end_work(lent: &mut Lent<'_, Ground>) {
    let runner = lent.runner();
    let mut into = 0;
    let mut journals: SmallVec<[&mut Journal; 8]> = SmallVec::new();
    for (shard, ground) in lent.iter_mut() {
        if shard == runner {
            into = journals.len();
        }
        journals.push(&mut ground.store.journal);
    }
    gather(into, &mut journals);
    drop(journals);
    publish_all(lent);
}

/// Publishes what ended on all lent stores.
pub fn publish_all(lent: &mut Lent<'_, Ground>) {
    lent.iter_mut().for_each(|(_, ground)| publish(ground));
}

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Publishes what commands here did, unless the state is away: then that was published before it left.
    #[inline]
    pub(super) fn publish_journal(&mut self) {
        if let Some(ground) = self.seat.state()
            && ground.store.journal.publish()
        {
            self.driver.wake(self.server.log_core());
        }
    }
}
