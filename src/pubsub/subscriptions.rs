//! What one connection subscribes to. Lives in its session, which may be on another thread while a transaction runs; what
//! changed is handed to the connection's shard when the command is over ([`Subscriptions::take_changes`]).

use super::{Kind, Name, Registry};
use ahash::AHashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// Names of what a connection subscribes to.
#[derive(Default, Debug)]
pub struct Names {
    channels: AHashSet<Name>,
    patterns: AHashSet<Name>,
    shard_channels: AHashSet<Name>,
}

impl Names {
    fn set(&mut self, topic: Topic) -> &mut AHashSet<Name> {
        match topic {
            Topic::Of(Kind::Channel) => &mut self.channels,
            Topic::Of(Kind::Shard) => &mut self.shard_channels,
            Topic::Pattern => &mut self.patterns,
        }
    }

    /// Whether `f` says yes to every name; it is also told whether the name is a pattern.
    fn all(&self, f: impl Fn(&[u8], bool) -> bool) -> bool {
        let channels = self.channels.iter().chain(&self.shard_channels);
        channels
            .map(|name| (name, false))
            .chain(self.patterns.iter().map(|name| (name, true)))
            .all(|(name, p)| f(name, p))
    }
}

/// The names as other threads see them: who changes permissions looks at what each connection subscribes to. Only the
/// thread that has the session writes, under a lock that hardly anybody else ever takes.
#[derive(Clone, Default, Debug)]
pub struct SharedNames(Arc<Mutex<Names>>);

impl SharedNames {
    fn lock(&self) -> MutexGuard<'_, Names> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether `f` says yes to every name; it is also told whether the name is a pattern.
    pub fn all(&self, f: impl Fn(&[u8], bool) -> bool) -> bool {
        self.lock().all(f)
    }
}

/// Subscriptions of one connection.
#[derive(Default, Debug)]
pub struct Subscriptions {
    names: SharedNames,
    changes: Vec<Change>,
}

impl Subscriptions {
    /// None yet; others see them in `names`.
    pub fn shown_in(names: SharedNames) -> Subscriptions {
        Subscriptions { names, changes: Vec::new() }
    }

    /// Subscribes a connection of `shard`; twice is once.
    pub fn add(&mut self, topic: Topic, name: &[u8], registry: &Registry, shard: usize) {
        let name = {
            let mut names = self.names.lock();
            let set = names.set(topic);
            if set.contains(name) {
                return;
            }
            let name = Name::from(name);
            set.insert(name.clone());
            name
        };
        match topic {
            Topic::Of(kind) => registry.subscribe(kind, &name, shard),
            Topic::Pattern => registry.subscribe_pattern(&name, shard),
        }
        self.changes.push(Change { topic, name, on: true });
    }

    /// Ends a subscription, if there is one.
    pub fn remove(&mut self, topic: Topic, name: &[u8], registry: &Registry, shard: usize) {
        let Some(name) = self.names.lock().set(topic).take(name) else { return };
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
    pub fn names(&self, topic: Topic) -> Vec<Name> {
        self.names.lock().set(topic).iter().cloned().collect()
    }

    /// Channels, patterns, shard channels.
    pub fn counts(&self) -> [usize; 3] {
        let names = self.names.lock();
        [names.channels.len(), names.patterns.len(), names.shard_channels.len()]
    }

    /// The count that a reply to (un)subscribing tells (pubsub.c `clientSubscriptionsCount`,
    /// `clientShardSubscriptionsCount`).
    pub fn told_count(&self, topic: Topic) -> usize {
        let [channels, patterns, shard_channels] = self.counts();
        match topic {
            Topic::Of(Kind::Shard) => shard_channels,
            _ => channels.saturating_add(patterns),
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
