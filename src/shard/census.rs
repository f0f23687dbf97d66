//! What a shard holds at the moment, for those who look at it from outside its loop: simulations check that nothing is
//! left behind and that no shard sleeps over work.

use super::{Connection, Driver, Shard};
use crate::keyspace::Store;

/// What a shard holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Connections.
    pub connections: usize,
    /// Replies that other shards owe its connections.
    pub owed: usize,
    /// Transactions that its connections wait for.
    pub transactions: usize,
    /// Connections listed for later: unread bytes to go on with, a pause, a lent state.
    pub listed: usize,
    /// Whether some connection subscribes to something.
    pub subscribed: bool,
    /// Whether some key is watched.
    pub watched: bool,
    /// Connections that are blocked.
    pub blocked: usize,
    /// Keys that clients wait for.
    pub blocking_keys: usize,
}

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// What the shard holds now.
    pub fn census(&mut self) -> Census {
        Census {
            connections: self.conns.len(),
            owed: self.conns.iter().map(|(_, c)| c.order.open()).sum(),
            transactions: self.waiting.len(),
            listed: self.ready.len()
                + self.paused.len()
                + self.lent_out.len()
                + self.dirty.len()
                + self.post.throttled.len(),
            subscribed: !self.post.local.is_empty(),
            blocked: self.stalled,
            blocking_keys: self.seat.state().map_or(0, |ground| ground.store.blocked.keys()),
            watched: self.seat.state().is_some_and(|ground| !ground.store.watched.is_empty()),
        }
    }

    /// The shard's keys, unless they are lent.
    pub fn store(&mut self) -> Option<&Store> {
        self.seat.state().map(|ground| &ground.store)
    }

    /// Whether a turn would find something to do that the driver does not report. A shard of which this is true while
    /// it sleeps must have been woken.
    pub fn has_work(&self) -> bool {
        !self.ready.is_empty() || !self.may_sleep() || self.has_messages() || self.server.has_notes(self.id)
    }
}
