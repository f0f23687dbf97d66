//! What commands on one store publish, until the store's shard, or the thread that borrowed the store, sends it.
//!
//! Numbers are drawn per thread. A transaction that borrows several stores runs on one thread, so sorting what it put
//! into their outboxes by number gives the order in which it published.

use super::tracking::Leaving;
use super::{Kind, Message, Routed};
use std::cell::Cell;
use std::sync::Arc;

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// Something that a command publishes.
#[derive(Debug)]
pub enum Outgoing {
    /// A message that was routed when it was published.
    Message(Arc<Message>, Routed),
    /// Something happened to a key (notify.c `notifyKeyspaceEvent`): one message or two, routed when they are sent.
    Event {
        /// Its database.
        db: usize,
        /// The key.
        key: Box<[u8]>,
        /// What happened.
        event: &'static str,
        /// On `__keyspace@<db>__:<key>`.
        on_key: bool,
        /// On `__keyevent@<db>__:<event>`, after the other.
        on_event: bool,
    },
}

/// What waits to be sent.
#[derive(Default, Debug)]
pub struct Outbox {
    items: Vec<(u64, Outgoing)>,
    /// Invalidations: they leave behind the replies of their turn, messages before them.
    pub invalid: Vec<Leaving>,
}

impl Outbox {
    /// Whether there is no message to send; invalidations are another matter.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Appends.
    pub fn push(&mut self, item: Outgoing) {
        let number = NEXT.get();
        NEXT.set(number.wrapping_add(1));
        self.items.push((number, item));
    }

    /// Appends a message for `routed`, if that is anybody.
    pub fn publish(&mut self, kind: Kind, channel: &[u8], payload: &[u8], routed: Routed) {
        if !routed.targets.is_empty() {
            let message = Message { kind, channel: channel.into(), payload: payload.into() };
            self.push(Outgoing::Message(Arc::new(message), routed));
        }
    }

    /// How much is in it: a mark for [`Outbox::truncate`].
    pub fn mark(&self) -> usize {
        self.items.len()
    }

    /// Drops what was published after `mark`: a script that is run again from the start must not publish twice.
    pub fn truncate(&mut self, mark: usize) {
        self.items.truncate(mark);
    }

    /// Takes everything, each item with its number.
    pub fn take(&mut self) -> Vec<(u64, Outgoing)> {
        std::mem::take(&mut self.items)
    }

    /// Puts back the memory of a vector that [`Outbox::take`] gave out.
    pub fn reuse(&mut self, mut items: Vec<(u64, Outgoing)>) {
        if self.items.is_empty() && items.capacity() <= 1024 {
            items.clear();
            self.items = items;
        }
    }
}
