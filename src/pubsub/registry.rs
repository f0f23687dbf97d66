//! Which shards have subscribers of which channel, and how many: shared by all threads.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `channels[..].parts` | the thread that runs a subscribe or unsubscribe; a shard whose connection ends | PUBLISH, PUBSUB | under the part's lock |
//! | `channels[..].len`, `distinct` | the same | PUBLISH (zero: no look-up), INFO | atomically, after the table |
//! | `patterns` | as `parts` | PUBLISH, PUBSUB | under its lock |
//!
//! A change is made before the reply to SUBSCRIBE leaves, so every PUBLISH that is issued after that reply finds it.

use super::{Kind, Name};
use crate::base::glob;
use ahash::{AHashMap, RandomState};
use smallvec::SmallVec;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Parts of a channel table, each with a lock of its own.
const PARTS: usize = 64;

/// Subscribers by shard; shards without any are absent.
#[derive(Default, Clone, Debug)]
struct Counts(SmallVec<[(u16, u32); 4]>);

impl Counts {
    fn add(&mut self, shard: u16) {
        match self.0.iter_mut().find(|(at, _)| *at == shard) {
            Some((_, n)) => *n = n.saturating_add(1),
            None => self.0.push((shard, 1)),
        }
    }

    /// Takes one of `shard` away; `true` if none is left anywhere.
    fn remove(&mut self, shard: u16) -> bool {
        if let Some(at) = self.0.iter().position(|(s, _)| *s == shard)
            && let Some((_, n)) = self.0.get_mut(at)
        {
            *n = n.saturating_sub(1);
            if *n == 0 {
                self.0.swap_remove(at);
            }
        }
        self.0.is_empty()
    }

    fn total(&self) -> usize {
        self.0.iter().fold(0, |sum, (_, n)| sum.saturating_add(*n as usize))
    }
}

/// Channels of one kind.
struct Channels {
    parts: Box<[RwLock<AHashMap<Name, Counts>>]>,
    len: AtomicUsize,
}

/// Patterns, in a row for PUBLISH to go through.
#[derive(Default)]
struct Patterns {
    row: Vec<(Name, Counts)>,
    places: AHashMap<Name, usize>,
}

/// A shard that a message must reach, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The shard.
    pub shard: usize,
    /// It has subscribers of the channel.
    pub channel: bool,
    /// Matching patterns with subscribers there.
    pub patterns: SmallVec<[Name; 1]>,
}

/// Where a message goes.
#[derive(Default, Debug, PartialEq, Eq)]
pub struct Routed {
    /// Subscriptions that it reaches: the reply of PUBLISH.
    pub receivers: usize,
    /// Shards that have them.
    pub targets: SmallVec<[Target; 2]>,
}

impl Routed {
    fn of(&mut self, shard: u16, subscribers: u32) -> &mut Target {
        self.receivers = self.receivers.saturating_add(subscribers as usize);
        let shard = usize::from(shard);
        let at = self.targets.iter().position(|t| t.shard == shard).unwrap_or(self.targets.len());
        if at == self.targets.len() {
            self.targets.push(Target { shard, channel: false, patterns: SmallVec::new() });
        }
        &mut self.targets[at]
    }
}

/// All subscriptions, by shard.
pub struct Registry {
    channels: [Channels; 2],
    patterns: RwLock<Patterns>,
    distinct: AtomicUsize,
    hasher: RandomState,
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Registry {
    fn default() -> Registry {
        let channels =
            || Channels { parts: (0..PARTS).map(|_| RwLock::default()).collect(), len: AtomicUsize::new(0) };
        Registry {
            channels: [channels(), channels()],
            patterns: RwLock::default(),
            distinct: AtomicUsize::new(0),
            hasher: RandomState::new(),
        }
    }
}

impl Registry {
    fn part(&self, kind: Kind, channel: &[u8]) -> &RwLock<AHashMap<Name, Counts>> {
        let at = (self.hasher.hash_one(channel) >> 32) as usize % PARTS;
        &self.channels[kind.index()].parts[at]
    }

    /// A connection of `shard` subscribed to a channel.
    pub fn subscribe(&self, kind: Kind, channel: &Name, shard: usize) {
        let mut part = write(self.part(kind, channel));
        let counts = part.entry(channel.clone()).or_default();
        if counts.0.is_empty() {
            self.channels[kind.index()].len.fetch_add(1, Ordering::AcqRel);
        }
        counts.add(short(shard));
    }

    /// A connection of `shard` left a channel.
    pub fn unsubscribe(&self, kind: Kind, channel: &[u8], shard: usize) {
        let mut part = write(self.part(kind, channel));
        if part.get_mut(channel).is_some_and(|counts| counts.remove(short(shard))) {
            part.remove(channel);
            self.channels[kind.index()].len.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// A connection of `shard` subscribed to a pattern.
    pub fn subscribe_pattern(&self, pattern: &Name, shard: usize) {
        let mut patterns = write(&self.patterns);
        let Patterns { row, places } = &mut *patterns;
        let at = *places.entry(pattern.clone()).or_insert(row.len());
        if at == row.len() {
            row.push((pattern.clone(), Counts::default()));
            self.distinct.fetch_add(1, Ordering::AcqRel);
        }
        if let Some((_, counts)) = row.get_mut(at) {
            counts.add(short(shard));
        }
    }

    /// A connection of `shard` left a pattern.
    pub fn unsubscribe_pattern(&self, pattern: &[u8], shard: usize) {
        let mut patterns = write(&self.patterns);
        let Patterns { row, places } = &mut *patterns;
        let Some(&at) = places.get(pattern) else { return };
        if !row.get_mut(at).is_some_and(|(_, counts)| counts.remove(short(shard))) {
            return;
        }
        places.remove(pattern);
        row.swap_remove(at);
        if let Some((moved, _)) = row.get(at) {
            places.insert(moved.clone(), at);
        }
        self.distinct.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether nobody subscribes to anything that `kind` reaches.
    #[inline]
    pub fn is_silent(&self, kind: Kind) -> bool {
        self.count(kind) == 0 && (kind == Kind::Shard || self.pattern_count() == 0)
    }

    /// Whether nobody subscribes to anything.
    #[inline]
    pub fn is_unused(&self) -> bool {
        self.is_silent(Kind::Channel) && self.is_silent(Kind::Shard)
    }

    /// Where a message on `channel` goes (pubsub.c `pubsubPublishMessageInternal`).
    pub fn route(&self, kind: Kind, channel: &[u8]) -> Routed {
        let mut routed = Routed::default();
        if self.count(kind) > 0
            && let Some(counts) = read(self.part(kind, channel)).get(channel)
        {
            for &(shard, n) in &counts.0 {
                routed.of(shard, n).channel = true;
            }
        }
        if kind == Kind::Channel && self.pattern_count() > 0 {
            for (pattern, counts) in &read(&self.patterns).row {
                if glob::matches(pattern, channel, false) {
                    for &(shard, n) in &counts.0 {
                        routed.of(shard, n).patterns.push(pattern.clone());
                    }
                }
            }
        }
        routed
    }

    /// Channels of a kind that have subscribers.
    #[inline]
    pub fn count(&self, kind: Kind) -> usize {
        self.channels[kind.index()].len.load(Ordering::Acquire)
    }

    /// Different patterns that have subscribers.
    #[inline]
    pub fn pattern_count(&self) -> usize {
        self.distinct.load(Ordering::Acquire)
    }

    /// Subscribers of a channel, patterns not counted.
    pub fn subscribers(&self, kind: Kind, channel: &[u8]) -> usize {
        read(self.part(kind, channel)).get(channel).map_or(0, Counts::total)
    }

    /// Calls `f` with every channel of a kind.
    pub fn each_channel(&self, kind: Kind, mut f: impl FnMut(&[u8])) {
        for part in &self.channels[kind.index()].parts {
            read(part).keys().for_each(|name| f(name));
        }
    }
}

/// There are 256 shards at most.
fn short(shard: usize) -> u16 {
    u16::try_from(shard).unwrap_or(u16::MAX)
}
