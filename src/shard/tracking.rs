//! Invalidations of client side caches: from the outbox of this shard's store to the shards of the clients, and from this
//! shard's inbox to its clients.
//!
//! ```text
//!   changes ─► store.outbox.invalid ─► sort_invalid ─┬─ clients here: behind the replies that they have got or are owed
//!                                                    └─ other shards: post_invalid, after the replies of this turn
//!   inbox ─► stale ─► deliver_stale, once the replies that came before are taken from the rings
//! ```
//!
//! So a client gets the value that it asked for before it is told that the value is stale, never the other way round.

use super::conn::Conn;
use super::{Connection, Driver, Shard};
use crate::command::Server;
use crate::observe::client_flag;
use crate::pubsub::tracking::{Arriving, Invalid, Leaving};
use crate::resp::{Out, Proto};
use std::collections::VecDeque;
use std::sync::atomic::Ordering;

/// Keys that are forgotten in one turn because the table is too large.
const LIMIT_EFFORT: usize = 1000;

/// A shard's part in client side caching.
#[derive(Default)]
pub struct Tracker {
    /// Invalidations to deliver, oldest first.
    pub stale: VecDeque<Arriving>,
    /// All replies that came before the stale ones have been taken from the rings.
    pub caught_up: bool,
    /// Invalidations for other shards, and what they cost there.
    leaving: Vec<(Vec<Arriving>, usize)>,
    /// Flushes that each shard has taken part in, and those that clients here were told of.
    flushes: Vec<u64>,
    told: u64,
}

impl Tracker {
    fn leave(&mut self, shard: usize, item: Arriving) {
        if self.leaving.len() <= shard {
            self.leaving.resize_with(shard + 1, Default::default);
        }
        if let Some((batch, cost)) = self.leaving.get_mut(shard) {
            *cost = cost.saturating_add(item.cost());
            batch.push(item);
        }
    }

    /// Puts everything into the inboxes.
    fn post(&mut self, server: &Server, mut wake: impl FnMut(usize)) {
        for (shard, (batch, cost)) in self.leaving.iter_mut().enumerate() {
            if !batch.is_empty() && server.invalid.push(shard, batch, std::mem::take(cost)) {
                wake(shard);
            }
        }
    }

    /// `shard` took part in a flush. Returns whether that makes one complete.
    fn flushed(&mut self, shard: usize, shards: usize) -> bool {
        self.flushes.resize(shards, 0);
        if let Some(count) = self.flushes.get_mut(shard) {
            *count = count.wrapping_add(1);
        }
        let complete = self.flushes.iter().copied().min().unwrap_or(0);
        let new = complete > self.told;
        self.told = complete;
        new
    }
}

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Forgets some keys if all shards together remember too many.
    pub(super) fn limit_tracking(&mut self) {
        let max = usize::try_from(self.config.tracking_table_max_keys).unwrap_or(usize::MAX);
        if max == 0 || self.server.tracking.keys() <= max {
            return;
        }
        if let Some(ground) = self.seat.state() {
            let store = &mut ground.store;
            let (rng, out) = (&mut store.rng, &mut store.outbox.invalid);
            store.tracking.limit(max, LIMIT_EFFORT, || rng.next_u64(), out);
        }
    }

    /// Takes the invalidations out of the store's outbox: clients here are told, those for other shards wait for the end of
    /// the turn. Nothing happens while the shard holds.
    pub(super) fn sort_invalid(&mut self) {
        if self.seat.state().is_none_or(|ground| ground.store.outbox.invalid.is_empty()) {
            return;
        }
        if self.n > 1 {
            if !self.seat.may_send() {
                return;
            }
            // The replies of what is complete come first, as do those of blocked clients.
            self.finish_done();
        }
        self.attend();
        let Some(ground) = self.seat.state() else { return };
        for item in std::mem::take(&mut ground.store.outbox.invalid) {
            match item {
                Leaving::Key { client, home, key, own } => {
                    let what = Invalid::Key(key);
                    self.send_invalid(home, Arriving::To { client, what, broadcast: false, own });
                }
                Leaving::Flush => {
                    (0..self.n).for_each(|shard| self.send_invalid(shard, Arriving::Flush(self.id)));
                }
            }
        }
    }

    /// Tells those who listen to prefixes what has changed in this turn.
    pub(super) fn broadcast_changes(&mut self) {
        let Some(ground) = self.seat.state() else { return };
        if !ground.store.tracking.has_changes() {
            return;
        }
        let mut told = Vec::new();
        ground.store.tracking.broadcast(|home, item| told.push((home, item)));
        for (home, item) in told {
            self.send_invalid(home, item);
        }
    }

    fn send_invalid(&mut self, shard: usize, item: Arriving) {
        if shard == self.id {
            self.deliver_invalid(item);
        } else {
            self.tracker.leave(shard, item);
        }
    }

    /// Sends invalidations to other shards; to be called when the replies of the turn have left.
    pub(super) fn post_invalid(&mut self) {
        let driver = &mut self.driver;
        self.tracker.post(&self.server, |shard| driver.wake(shard));
    }

    /// Delivers what has arrived, if the replies that came before are taken. Returns whether there was something.
    pub(super) fn deliver_stale(&mut self) -> bool {
        if self.tracker.stale.is_empty() || !self.tracker.caught_up {
            return false;
        }
        let mut cost = 0usize;
        while let Some(item) = self.tracker.stale.pop_front() {
            cost = cost.saturating_add(item.cost());
            self.deliver_invalid(item);
        }
        if self.server.invalid.delivered(self.id, cost) {
            (0..self.n).filter(|shard| *shard != self.id).for_each(|shard| self.driver.wake(shard));
        }
        true
    }

    fn deliver_invalid(&mut self, item: Arriving) {
        match item {
            Arriving::To { client, what, broadcast, own } => {
                let Some(&key) = self.by_id.get(&client) else { return };
                let Some(conn) = self.conns.get(key) else { return };
                let flags = conn.info.flags.load(Ordering::Relaxed);
                // It may have switched since (tracking.c trackingInvalidateKey).
                let wants = flags & client_flag::TRACKING != 0
                    && (flags & client_flag::BCAST != 0) == broadcast
                    && !(own && flags & client_flag::NOLOOP != 0);
                if wants {
                    self.invalidate(key, what);
                }
            }
            Arriving::Redirected { client, what } => {
                if let Some(&key) = self.by_id.get(&client) {
                    self.write_invalid(key, &what, true);
                }
            }
            Arriving::Flush(shard) => {
                if self.tracker.flushed(shard, self.n) {
                    self.invalidate_all();
                }
            }
        }
    }

    /// Tells every client here that tracks something that all keys are stale.
    fn invalidate_all(&mut self) {
        if self.server.tracking.clients() == 0 {
            return;
        }
        let tracks = |conn: &Conn| conn.info.flags.load(Ordering::Relaxed) & client_flag::TRACKING != 0;
        let keys: Vec<usize> = self.conns.iter().filter(|(_, c)| tracks(c)).map(|(key, _)| key).collect();
        for key in keys {
            self.invalidate(key, Invalid::All);
        }
    }

    /// Tells connection `key`, or the client that it redirects to (tracking.c `sendTrackingMessage`).
    fn invalidate(&mut self, key: usize, what: Invalid) {
        let Some(conn) = self.conns.get_mut(key) else { return };
        let redirect = conn.info.redirect.load(Ordering::Relaxed);
        if redirect == 0 {
            return self.write_invalid(key, &what, false);
        }
        let Some(target) = self.server.clients.get(redirect) else {
            conn.info.set_flag(client_flag::BROKEN_REDIRECT, true);
            if conn.push_proto() == Proto::V3 {
                self.push_after_replies(key, |out| {
                    out.push(2);
                    out.bulk(b"tracking-redir-broken");
                    out.int(i64::try_from(redirect).unwrap_or(i64::MAX));
                });
            }
            return;
        };
        let item = Arriving::Redirected { client: redirect, what };
        if target.shard == self.id {
            self.deliver_invalid(item);
        } else {
            self.tracker.leave(target.shard, item);
        }
    }

    /// RESP2 has no pushes: a client hears of others' invalidations as a subscriber, and not of its own.
    fn write_invalid(&mut self, key: usize, what: &Invalid, redirected: bool) {
        let Some(conn) = self.conns.get(key) else { return };
        let subscribed = conn.info.flags.load(Ordering::Relaxed) & client_flag::PUBSUB != 0;
        let v3 = conn.push_proto() == Proto::V3;
        if !(v3 || redirected && subscribed) {
            return;
        }
        self.push_after_replies(key, |out| {
            if v3 {
                out.push(2);
                out.bulk(b"invalidate");
            } else {
                out.push(3);
                out.bulk(b"message");
                out.bulk(b"__redis__:invalidate");
            }
            match what {
                Invalid::Key(name) => out.bulks(&[name]),
                Invalid::Keys(array) => out.raw().extend_from_slice(array),
                Invalid::All => out.null(),
            }
        });
    }

    /// Writes a push behind what the connection is still owed.
    fn push_after_replies(&mut self, key: usize, write: impl FnOnce(&mut Out<'_>)) {
        let Some(conn) = self.conns.get_mut(key).filter(|c| c.end.executes()) else { return };
        let proto = conn.push_proto();
        if conn.order.is_empty() {
            write(&mut Out::new(&mut conn.out, proto));
        } else {
            conn.order.local(|out| write(&mut Out::new(out, proto)));
        }
        self.touch(key);
        self.still_open(key);
    }

    /// Takes arrived invalidations out of the inbox, before the rings are looked at.
    pub(super) fn take_stale(&mut self) {
        self.server.invalid.take(self.id, &mut self.tracker.stale);
    }
}
