//! What one connection subscribes to. Lives in its session, which may be on another thread while a transaction runs; what
//! changed is handed to the connection's shard when the command is over ([`Subscriptions::take_changes`]).

use super::{Kind, Name, Registry};
use ahash::AHashSet;

/// What a subscription is to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Topic {
    /// A channel of SUBSCRIBE or SSUBSCRIBE.
    Of(Kind),
    /// A pattern.
    Pattern,
}

/// A subscription that began or ended, for [`super::Local`].
#[derive(Clone, Debug)]
pub struct Change {
    /// To what.
    pub topic: Topic,
    /// Its name.
    pub name: Name,
    /// It began.
    pub on: bool,
}

/// Subscriptions of one connection.
#[derive(Default, Debug)]
pub struct Subscriptions {
    channels: AHashSet<Name>,
    patterns: AHashSet<Name>,
    shard_channels: AHashSet<Name>,
    changes: Vec<Change>,
}

impl Subscriptions {
    fn set(&mut self, topic: Topic) -> &mut AHashSet<Name> {
        match topic {
            Topic::Of(Kind::Channel) => &mut self.channels,
            Topic::Of(Kind::Shard) => &mut self.shard_channels,
            Topic::Pattern => &mut self.patterns,
        }
    }

    /// Subscribes a connection of `shard`; twice is once.
    pub fn add(&mut self, topic: Topic, name: &[u8], registry: &Registry, shard: usize) {
        let set = self.set(topic);
        if set.contains(name) {
            return;
        }
        let name = Name::from(name);
        set.insert(name.clone());
        match topic {
            Topic::Of(kind) => registry.subscribe(kind, &name, shard),
            Topic::Pattern => registry.subscribe_pattern(&name, shard),
        }
        self.changes.push(Change { topic, name, on: true });
    }

    /// Ends a subscription, if there is one.
    pub fn remove(&mut self, topic: Topic, name: &[u8], registry: &Registry, shard: usize) {
        let Some(name) = self.set(topic).take(name) else { return };
        match topic {
            Topic::Of(kind) => registry.unsubscribe(kind, &name, shard),
            Topic::Pattern => registry.unsubscribe_pattern(&name, shard),
        }
        self.changes.push(Change { topic, name, on: false });
    }

    /// Ends all subscriptions.
    pub fn clear(&mut self, registry: &Registry, shard: usize) {
        for topic in [Topic::Of(Kind::Channel), Topic::Of(Kind::Shard), Topic::Pattern] {
            for name in self.names(topic) {
                self.remove(topic, &name, registry, shard);
            }
        }
    }

    /// Names of all subscriptions to a topic.
    pub fn names(&mut self, topic: Topic) -> Vec<Name> {
        self.set(topic).iter().cloned().collect()
    }

    /// Channels, patterns, shard channels.
    pub fn counts(&self) -> [usize; 3] {
        [self.channels.len(), self.patterns.len(), self.shard_channels.len()]
    }

    /// The count that a reply to (un)subscribing tells (pubsub.c `clientSubscriptionsCount`,
    /// `clientShardSubscriptionsCount`).
    pub fn told_count(&self, topic: Topic) -> usize {
        match topic {
            Topic::Of(Kind::Shard) => self.shard_channels.len(),
            _ => self.channels.len().saturating_add(self.patterns.len()),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.counts() == [0; 3]
    }

    /// Whether the connection's shard has something to take over.
    #[inline]
    pub fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    /// What began and ended since this was last called, in order.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }
}
