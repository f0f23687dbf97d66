//! What all shards must know of tracking: the prefixes of clients in BCAST mode, and how much is tracked.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `prefixes` | CLIENT TRACKING, RESET, the end of a connection | shards with changed keys, when their turn ends | under its lock |
//! | `prefix_count` | the same | every change of a key | relaxed: set before the reply of CLIENT TRACKING leaves |
//! | `clients`, `keys`, `items` | CLIENT TRACKING; the stores' tables | INFO, the limit of the table | relaxed |

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A client in BCAST mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its id.
    pub client: u64,
    /// Its shard.
    pub home: usize,
    /// It does not want to hear of its own changes.
    pub noloop: bool,
}

/// Prefixes and the clients that listen to each.
pub type Prefixes = BTreeMap<Box<[u8]>, Vec<Listener>>;

/// Shared by all shards.
#[derive(Default, Debug)]
pub struct Shared {
    prefixes: RwLock<Prefixes>,
    prefix_count: AtomicUsize,
    clients: AtomicUsize,
    keys: AtomicUsize,
    items: AtomicUsize,
}

impl Shared {
    /// Prefixes with listeners.
    #[inline]
    pub fn prefix_count(&self) -> usize {
        self.prefix_count.load(Relaxed)
    }

    /// The prefixes.
    pub fn prefixes(&self) -> RwLockReadGuard<'_, Prefixes> {
        self.prefixes.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Prefixes> {
        self.prefixes.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `listener` hear of changes of keys with each of the prefixes.
    pub fn listen(&self, names: &[Box<[u8]>], listener: Listener) {
        let mut prefixes = self.change();
        for name in names {
            let listeners = prefixes.entry(name.clone()).or_default();
            listeners.retain(|l| l.client != listener.client);
            listeners.push(listener);
        }
        self.prefix_count.store(prefixes.len(), Relaxed);
    }

    /// Ends that.
    pub fn unlisten(&self, names: &[Box<[u8]>], client: u64) {
        let mut prefixes = self.change();
        for name in names {
            if let Some(listeners) = prefixes.get_mut(name) {
                listeners.retain(|l| l.client != client);
                if listeners.is_empty() {
                    prefixes.remove(name);
                }
            }
        }
        self.prefix_count.store(prefixes.len(), Relaxed);
    }

    /// Clients that track.
    pub fn clients(&self) -> usize {
        self.clients.load(Relaxed)
    }

    /// A client began to track, or ended.
    pub fn count_client(&self, on: bool) {
        if on {
            self.clients.fetch_add(1, Relaxed);
        } else {
            self.clients.fetch_sub(1, Relaxed);
        }
    }

    /// Keys that are remembered, over all shards.
    #[inline]
    pub fn keys(&self) -> usize {
        self.keys.load(Relaxed)
    }

    /// Pairs of key and client that are remembered.
    pub fn items(&self) -> usize {
        self.items.load(Relaxed)
    }

    pub(super) fn added(&self, keys: usize, items: usize) {
        self.keys.fetch_add(keys, Relaxed);
        self.items.fetch_add(items, Relaxed);
    }

    pub(super) fn removed(&self, keys: usize, items: usize) {
        self.keys.fetch_sub(keys, Relaxed);
        self.items.fetch_sub(items, Relaxed);
    }

    /// Claims the removal of one key if there are more than `max`. Exact, however many shards ask at once.
    pub(super) fn claim_excess(&self, max: usize) -> bool {
        self.keys.fetch_update(Relaxed, Relaxed, |keys| (keys > max).then(|| keys - 1)).is_ok()
    }
}
