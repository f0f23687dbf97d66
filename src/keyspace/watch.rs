//! Keys under WATCH on one shard, and the flag that a change sets.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `WatchState::dirty` | the shard that owns a watched key | the shard that runs EXEC | a write to the key; EXEC |
//!
//! EXEC runs on (or borrows) every shard that owns a watched key, so it reads `dirty` after the last write it must see.

use ahash::AHashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What one connection watches; shared with every shard that owns one of the keys.
#[derive(Default, Debug)]
pub struct WatchState {
    dirty: AtomicBool,
}

impl WatchState {
    /// Marks the transaction as one that must fail.
    pub fn touch(&self) {
        self.dirty.store(true, Ordering::Release);
    }

    /// Whether a watched key changed.
    pub fn is_dirty(&self) -> bool {
        self.dirty.load(Ordering::Acquire)
    }
}

#[derive(Debug)]
struct Watcher {
    state: Arc<WatchState>,
    /// The key had expired (but was not yet removed) when it was watched: its removal is no change (Redis: multi.c
    /// `watchForKey`, `expired`).
    was_expired: bool,
}

/// The watched keys of one shard, by database and key.
#[derive(Default, Debug)]
pub struct Watched {
    keys: AHashMap<(usize, Box<[u8]>), Vec<Watcher>>,
}

impl Watched {
    /// Whether nothing is watched: the only check on the path of an ordinary write.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Registers `state` for `key`; twice is once.
    pub fn watch(&mut self, db: usize, key: &[u8], state: &Arc<WatchState>, was_expired: bool) {
        let list = self.keys.entry((db, key.into())).or_default();
        if !list.iter().any(|w| Arc::ptr_eq(&w.state, state)) {
            list.push(Watcher { state: state.clone(), was_expired });
        }
    }

    /// Removes `state` from `key`.
    pub fn unwatch(&mut self, db: usize, key: &[u8], state: &Arc<WatchState>) {
        let id = (db, Box::from(key));
        if let Some(list) = self.keys.get_mut(&id) {
            list.retain(|w| !Arc::ptr_eq(&w.state, state));
            if list.is_empty() {
                self.keys.remove(&id);
            }
        }
    }

    /// A write changed `key`.
    pub fn touch(&mut self, db: usize, key: &[u8]) {
        if let Some(list) = self.keys.get(&(db, Box::from(key))) {
            list.iter().for_each(|w| w.state.touch());
        }
    }

    /// An expired `key` was removed: no change for those who watched it when it had already expired.
    pub fn touch_expired(&mut self, db: usize, key: &[u8]) {
        if let Some(list) = self.keys.get(&(db, Box::from(key))) {
            list.iter().filter(|w| !w.was_expired).for_each(|w| w.state.touch());
        }
    }

    /// Whether `state` watched `key` when it had already expired.
    pub fn was_expired(&self, db: usize, key: &[u8], state: &Arc<WatchState>) -> bool {
        self.keys
            .get(&(db, Box::from(key)))
            .and_then(|list| list.iter().find(|w| Arc::ptr_eq(&w.state, state)))
            .is_some_and(|w| w.was_expired)
    }

    /// Asks `judge` about every watched key of database `db` and each watcher's view of it (had it expired when it was
    /// watched?), for commands that replace a whole database (FLUSHDB, SWAPDB).
    pub fn touch_all(&mut self, db: usize, mut judge: impl FnMut(&[u8], bool) -> Verdict) {
        for ((at, key), list) in &mut self.keys {
            if *at != db {
                continue;
            }
            for watcher in list {
                match judge(key, watcher.was_expired) {
                    Verdict::Changed => watcher.state.touch(),
                    Verdict::SameExpired => watcher.was_expired = true,
                    Verdict::SameAbsent => watcher.was_expired = false,
                }
            }
        }
    }
}

/// What became of a watched key when its whole database was replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is not what it was: EXEC fails.
    Changed,
    /// It was absent and is: no change.
    SameAbsent,
    /// It was absent to its watcher, and what is there now has expired: no change, nor will its removal be one.
    SameExpired,
}
