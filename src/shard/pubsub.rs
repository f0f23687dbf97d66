//! Published messages of this shard: from the outbox of its store to the shards that have subscribers, and from its
//! inbox to the connections that subscribe.
//!
//! ```text
//!   commands ─► store.outbox ─► flush_outbox ─┬─ other shards: their inboxes, before any reply of this turn leaves
//!                                             └─ this shard: behind what is in its own inbox
//!   inbox ─► arrived ─► deliver_messages ─► conn.out of each subscriber
//! ```
//!
//! Nothing is flushed while the shard holds, and nothing delivered while its store is lent: then EXEC may have subscribed
//! a connection of this shard, which the shard learns when the transaction comes home.

use super::conn::{Conn, Hold};
use super::output::WATCH_OUTPUT;
use super::{Connection, Driver, Shard};
use crate::command::Server;
use crate::observe::client_flag;
use crate::pubsub::{Delivery, Forms, Kind, Local, Message, Outgoing, Registry, Routed};
use crate::resp::Proto;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Bytes written to subscribers in one turn; what has arrived beyond that waits for the next.
const DELIVER_PER_TURN: usize = 4 * 1024 * 1024;

/// A shard's part in pub/sub.
#[derive(Default)]
pub struct Post {
    /// Its subscribers.
    pub local: Local,
    /// Messages to deliver, oldest first.
    pub arrived: VecDeque<Delivery>,
    /// Connections that may not publish until other shards have caught up.
    pub throttled: Vec<usize>,
    forms: Forms,
    sorted: Sorted,
}

/// Messages by destination.
#[derive(Default)]
pub struct Sorted {
    to: Vec<(Vec<Delivery>, usize)>,
}

impl Sorted {
    /// Adds what one item means for each shard.
    pub fn add(&mut self, item: Outgoing, registry: &Registry) {
        match item {
            Outgoing::Message(message, routed) => self.message(&message, routed),
            Outgoing::Event { .. } if registry.is_silent(Kind::Channel) => {}
            Outgoing::Event { db, key, event, on_key, on_event } => {
                let mut digits = itoa::Buffer::new();
                let db = digits.format(db).as_bytes();
                let mut publish = |prefix: &[u8], name: &[u8], payload: &[u8]| {
                    let channel = [prefix, db, b"__:", name].concat();
                    let routed = registry.route(Kind::Channel, &channel);
                    if !routed.targets.is_empty() {
                        let (channel, payload) = (channel.into(), payload.into());
                        self.message(&Arc::new(Message { kind: Kind::Channel, channel, payload }), routed);
                    }
                };
                if on_key {
                    publish(b"__keyspace@", &key, event.as_bytes());
                }
                if on_event {
                    publish(b"__keyevent@", event.as_bytes(), &key);
                }
            }
        }
    }

    fn message(&mut self, message: &Arc<Message>, routed: Routed) {
        let charged = message.cost();
        for target in routed.targets {
            if self.to.len() <= target.shard {
                self.to.resize_with(target.shard + 1, Default::default);
            }
            if let Some((batch, cost)) = self.to.get_mut(target.shard) {
                let (channel, patterns) = (target.channel, target.patterns);
                batch.push(Delivery { message: message.clone(), channel, patterns, charged });
                *cost = cost.saturating_add(charged);
            }
        }
    }

    /// Puts everything into the inboxes. `wake` is called for each shard that may sleep over it.
    pub fn post(&mut self, server: &Server, mut wake: impl FnMut(usize)) {
        for (shard, (batch, cost)) in self.to.iter_mut().enumerate() {
            if !batch.is_empty() && server.messages.push(shard, batch, std::mem::take(cost)) {
                wake(shard);
            }
        }
    }

    /// Moves what is for `shard` to the end of `into`; returns its cost.
    fn take(&mut self, shard: usize, into: &mut VecDeque<Delivery>) -> usize {
        let Some((batch, cost)) = self.to.get_mut(shard) else { return 0 };
        into.extend(batch.drain(..));
        std::mem::take(cost)
    }
}

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Takes over which subscriptions of connection `key` began and ended.
    pub(super) fn apply_subscriptions(&mut self, key: usize) {
        let Some(session) = self.conns.get_mut(key).and_then(|c| c.session.as_deref_mut()) else { return };
        let Some(subscriptions) = &mut session.subscriptions else { return };
        for change in subscriptions.take_changes() {
            self.post.local.apply(key, change);
        }
    }

    /// Ends the subscriptions of a connection that is gone.
    pub(super) fn forget_subscriptions(&mut self, key: usize, conn: &mut Conn) {
        let Some(mut subscriptions) = conn.session.as_mut().and_then(|s| s.subscriptions.take()) else {
            return;
        };
        subscriptions.clear(&self.server.pubsub, self.id);
        for change in subscriptions.take_changes() {
            self.post.local.apply(key, change);
        }
    }

    /// Sends what this shard's commands have published, unless the shard holds.
    pub(super) fn flush_outbox(&mut self) {
        if self.n > 1 && !self.seat.may_send() {
            return;
        }
        let Some(ground) = self.seat.state() else { return };
        if ground.store.outbox.is_empty() {
            return;
        }
        self.publish_journal();
        let Some(ground) = self.seat.state() else { return };
        let mut items = ground.store.outbox.take();
        for (_, item) in items.drain(..) {
            self.post.sorted.add(item, &self.server.pubsub);
        }
        ground.store.outbox.reuse(items);
        // What others published before goes first.
        self.take_messages();
        let charged = self.post.sorted.take(self.id, &mut self.post.arrived);
        self.server.messages.charge(self.id, charged);
        let driver = &mut self.driver;
        self.post.sorted.post(&self.server, |shard| driver.wake(shard));
        self.deliver_messages();
    }

    /// Whether a command of connection `key` that may publish (a script) has to wait before it runs on `owner`: what the
    /// connection has published before must have left, or be certain to leave first.
    pub(super) fn must_publish_later(&mut self, key: usize, owner: usize) -> Option<Hold> {
        if self.n == 1 || self.server.pubsub.is_unused() {
            return None;
        }
        if self.conns.get(key).is_some_and(|c| !c.order.waits_only_for(owner)) {
            return Some(Hold::Drain);
        }
        if owner == self.id {
            return None;
        }
        self.flush_outbox();
        let left = self.seat.state().is_some_and(|ground| ground.store.outbox.is_empty());
        (!left).then_some(Hold::Crowd)
    }

    /// Takes messages out of this shard's inbox.
    pub(super) fn take_messages(&mut self) {
        self.server.messages.take(self.id, &mut self.post.arrived);
    }

    /// Writes arrived messages to their subscribers. Returns whether there were some.
    pub(super) fn deliver_messages(&mut self) -> bool {
        if self.post.arrived.is_empty() || self.seat.state().is_none() {
            return false;
        }
        let (mut bytes, mut charged) = (0usize, 0usize);
        while bytes < DELIVER_PER_TURN
            && let Some(delivery) = self.post.arrived.pop_front()
        {
            bytes = bytes.saturating_add(self.deliver_one(&delivery)).saturating_add(1);
            charged = charged.saturating_add(delivery.charged);
        }
        if charged > 0 && self.server.messages.delivered(self.id, charged) {
            (0..self.n).filter(|shard| *shard != self.id).for_each(|shard| self.driver.wake(shard));
        }
        true
    }

    /// Writes one message to this shard's subscribers; returns the bytes that took.
    fn deliver_one(&mut self, delivery: &Delivery) -> usize {
        let Shard { conns, dirty, post: Post { local, forms, .. }, .. } = self;
        let message = &*delivery.message;
        let (mut bytes, mut large) = (0usize, SmallVec::<[usize; 16]>::new());
        let mut write = |pattern: Option<&[u8]>, subscribers: &[usize]| {
            forms.clear();
            for &key in subscribers {
                let Some(conn) = conns.get_mut(key).filter(|c| c.end.executes()) else { continue };
                let form = forms.get(message, pattern, conn.push_proto());
                conn.out.extend_from_slice(form);
                bytes = bytes.saturating_add(form.len());
                if conn.out.len() >= WATCH_OUTPUT {
                    large.push(key);
                }
                if !conn.dirty {
                    conn.dirty = true;
                    dirty.push(key);
                }
            }
        };
        if delivery.channel {
            write(None, local.of_channel(message.kind, &message.channel));
        }
        for pattern in &delivery.patterns {
            write(Some(pattern), local.of_pattern(pattern));
        }
        for key in large {
            self.check_output(key);
        }
        bytes
    }

    /// Lets connections go on that waited until other shards had caught up.
    pub(super) fn release_throttled(&mut self) {
        if self.post.throttled.is_empty() || self.server.is_congested() {
            return;
        }
        for key in std::mem::take(&mut self.post.throttled) {
            if self.conns.get(key).is_some_and(|c| c.hold == Hold::Crowd) {
                self.release(key);
            }
        }
    }

    /// Whether pub/sub has something to do that nobody will wake this shard for.
    pub(super) fn has_messages(&self) -> bool {
        let throttled = !self.post.throttled.is_empty() && !self.server.is_congested();
        let arrived = !self.post.arrived.is_empty()
            || !self.tracker.stale.is_empty()
            || self.server.messages.is_filled(self.id)
            || self.server.invalid.is_filled(self.id);
        throttled || (arrived && !self.seat.is_parked())
    }
}

impl Conn {
    /// The protocol of pushes, also while a transaction has the session.
    pub(super) fn push_proto(&self) -> Proto {
        match &self.session {
            Some(session) => session.proto,
            None if self.info.resp.load(Ordering::Relaxed) == 3 => Proto::V3,
            None => Proto::V2,
        }
    }

    /// Which of the output limits applies (networking.c `getClientType`).
    pub(super) fn limit_class(&self) -> usize {
        const PUBSUB: usize = 2;
        let subscribed = self.info.flags.load(Ordering::Relaxed) & client_flag::PUBSUB != 0;
        if subscribed { PUBSUB } else { 0 }
    }
}
