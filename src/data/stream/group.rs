//! A consumer group: how far it has read, who its consumers are, and what was delivered but not acknowledged.
//!
//! ```text
//!  pending     id → consumer, time and number of deliveries        (Redis: the group's PEL)
//!  consumers   slot → name, times, ids pending                     (each consumer's PEL)
//!  names       name → slot, in the order of bytes
//! ```
//!
//! Invariants: an id is in `pending` exactly if it is in the list of one consumer, the one that `pending` names. A slot
//! stays a consumer's own until the consumer is removed, and is then given to the next new one.

use super::{Log, StreamId};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// The place of a consumer in its group.
pub type ConsumerSlot = usize;

/// A delivered entry that was not acknowledged (stream.h `streamNACK`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// To whom it was delivered last.
    pub consumer: ConsumerSlot,
    /// When, in Unix milliseconds.
    pub delivered_ms: i64,
    /// How often.
    pub deliveries: u64,
}

/// A consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// Its name.
    pub name: Box<[u8]>,
    /// When it last tried something, in Unix milliseconds.
    pub seen_ms: i64,
    /// When it last got something; `None` for never.
    pub active_ms: Option<i64>,
    pending: BTreeSet<StreamId>,
}

impl Consumer {
    /// Ids of the entries pending for it behind `id`; all of them for `None`.
    pub fn pending_after(&self, id: Option<StreamId>) -> impl Iterator<Item = StreamId> {
        let start = id.map_or(Bound::Unbounded, Bound::Excluded);
        self.pending.range((start, Bound::Unbounded)).copied()
    }

    /// Ids of the entries pending for it.
    #[must_use]
    pub fn pending(&self) -> &BTreeSet<StreamId> {
        &self.pending
    }
}

/// A group. See the head of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// The last id delivered.
    pub last_id: StreamId,
    /// How many entries of the stream's whole history it has read, where that is known.
    pub entries_read: Option<u64>,
    pending: BTreeMap<StreamId, Pending>,
    consumers: Vec<Option<Consumer>>,
    names: BTreeMap<Box<[u8]>, ConsumerSlot>,
}

impl Group {
    /// A group that has read up to `last_id`.
    #[must_use]
    pub fn new(last_id: StreamId, entries_read: Option<u64>) -> Group {
        Group { last_id, entries_read, ..Group::default() }
    }

    /// What is pending.
    #[must_use]
    pub fn pending(&self) -> &BTreeMap<StreamId, Pending> {
        &self.pending
    }

    /// Number of consumers.
    #[must_use]
    pub fn consumer_count(&self) -> usize {
        self.names.len()
    }

    /// The consumers by name.
    pub fn consumers(&self) -> impl Iterator<Item = &Consumer> {
        self.names.values().filter_map(|slot| self.consumer(*slot))
    }

    /// The consumer whose name follows `name`; the first one for `None`.
    #[must_use]
    pub fn consumer_after(&self, name: Option<&[u8]>) -> Option<&Consumer> {
        let start = name.map_or(Bound::Unbounded, Bound::Excluded);
        let (_, slot) = self.names.range::<[u8], _>((start, Bound::Unbounded)).next()?;
        self.consumer(*slot)
    }

    /// What is pending behind `id`; all of it for `None`.
    pub fn pending_after(&self, id: Option<StreamId>) -> impl Iterator<Item = (StreamId, &Pending)> {
        let start = id.map_or(Bound::Unbounded, Bound::Excluded);
        self.pending.range((start, Bound::Unbounded)).map(|(id, pending)| (*id, pending))
    }

    /// The place of a consumer.
    #[inline]
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<ConsumerSlot> {
        self.names.get(name).copied()
    }

    /// The consumer in this place.
    #[inline]
    #[must_use]
    pub fn consumer(&self, slot: ConsumerSlot) -> Option<&Consumer> {
        self.consumers.get(slot)?.as_ref()
    }

    /// The same for changing its times.
    #[inline]
    pub fn consumer_mut(&mut self, slot: ConsumerSlot) -> Option<&mut Consumer> {
        self.consumers.get_mut(slot)?.as_mut()
    }

    /// The consumer of this name, and whether it was created for that.
    pub fn find_or_create(&mut self, name: &[u8], now_ms: i64) -> (ConsumerSlot, bool) {
        if let Some(slot) = self.find(name) {
            return (slot, false);
        }
        let consumer =
            Consumer { name: name.into(), seen_ms: now_ms, active_ms: None, pending: BTreeSet::new() };
        let full = self.names.len() == self.consumers.len();
        let free = if full { None } else { self.consumers.iter().position(Option::is_none) };
        let slot = free.unwrap_or(self.consumers.len());
        match self.consumers.get_mut(slot) {
            Some(place) => *place = Some(consumer),
            None => self.consumers.push(Some(consumer)),
        }
        self.names.insert(name.into(), slot);
        (slot, true)
    }

    /// Removes a consumer and what is pending for it; returns how much that was.
    pub fn remove_consumer(&mut self, name: &[u8]) -> Option<usize> {
        let slot = self.names.remove(name)?;
        let consumer = self.consumers.get_mut(slot)?.take()?;
        for id in &consumer.pending {
            self.pending.remove(id);
        }
        while matches!(self.consumers.last(), Some(None)) {
            self.consumers.pop();
        }
        Some(consumer.pending.len())
    }

    /// Notes that the entry `id` of `log` was delivered; whether that was news (t_stream.c `streamReplyWithRange`).
    pub fn advance(&mut self, log: &Log, id: StreamId) -> bool {
        if id <= self.last_id {
            return false;
        }
        match self.entries_read {
            // Nothing is missing ahead, so counting on is right.
            Some(read) if !log.has_tombstones_from(id) => self.entries_read = Some(read.saturating_add(1)),
            _ if log.added() > 0 => self.entries_read = log.rank(id),
            _ => {}
        }
        self.last_id = id;
        true
    }

    /// Makes `id` pending for `consumer`, as delivered for the first time, whoever had it before.
    pub fn deliver(&mut self, id: StreamId, consumer: ConsumerSlot, now_ms: i64) {
        self.set(id, Pending { consumer, delivered_ms: now_ms, deliveries: 1 });
    }

    /// Makes `id` pending as stated; nothing happens if there is no such consumer.
    pub fn set(&mut self, id: StreamId, pending: Pending) {
        let Some(new) = self.consumer_mut(pending.consumer) else { return };
        new.pending.insert(id);
        if let Some(old) = self.pending.insert(id, pending)
            && old.consumer != pending.consumer
            && let Some(owner) = self.consumer_mut(old.consumer)
        {
            owner.pending.remove(&id);
        }
    }

    /// Notes one more delivery of something that is pending.
    pub fn redeliver(&mut self, id: StreamId, now_ms: i64) {
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.delivered_ms = now_ms;
            pending.deliveries = pending.deliveries.wrapping_add(1);
        }
    }

    /// Takes `id` off the pending ones; what it was there.
    pub fn ack(&mut self, id: StreamId) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        if let Some(owner) = self.consumer_mut(pending.consumer) {
            owner.pending.remove(&id);
        }
        Some(pending)
    }

    /// How many entries of `log` are still to be read, where that can be known (t_stream.c `streamReplyWithCGLag`).
    #[must_use]
    pub fn lag(&self, log: &Log) -> Option<i64> {
        if log.added() == 0 {
            return Some(0);
        }
        let read = match self.entries_read {
            Some(read) if !log.has_tombstones_from(self.last_id) => read,
            _ => log.rank(self.last_id)?,
        };
        Some(log.added().wrapping_sub(read).cast_signed())
    }

    /// Bytes that the group takes, estimated: nodes of the trees count as filled.
    pub(super) fn mem_bytes(&self) -> usize {
        let pending = self.pending.len() * (2 * size_of::<StreamId>() + size_of::<Pending>());
        let consumers = self.consumers.capacity() * size_of::<Option<Consumer>>();
        let names: usize =
            self.names.keys().map(|name| 2 * name.len() + size_of::<(Box<[u8]>, usize)>()).sum();
        size_of::<Group>() + pending + consumers + names
    }
}
