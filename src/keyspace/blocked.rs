//! Clients that wait for keys of one shard: who waits for which key, in which order, and which keys got something.
//!
//! ```text
//!   db 0:  "jobs"  → { 17: waiter, 23: waiter, … }     by order of arrival, which is server-wide
//!          "mail"  → { 23: the same waiter }           a client may wait for several keys, also on several shards
//!   ready: (0, "jobs"), …                              in the order in which they got something
//! ```
//!
//! The registrations lie in the store because a transaction over several shards adds and wakes waiters of all of them
//! (Redis keeps them in its databases too: db.h blocking_keys, ready_keys). A waiter holds ids only, never a connection;
//! its [`Claim`] says whether it still waits, so that a registration may outlive the wait for a while.

use super::claim::Claim;
use crate::data::Kind;
use crate::resp::Proto;
use ahash::AHashMap;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// A blocked client: what to run when one of its keys gets something, and for whom.
#[derive(Debug)]
pub struct Waiter {
    /// Who answers it.
    pub claim: Claim,
    /// Its place among all blocked clients of the server.
    pub seq: u64,
    /// Client id.
    pub client: u64,
    /// The shard of its connection.
    pub home: usize,
    /// Selected database.
    pub db: usize,
    /// Protocol of the reply.
    pub proto: Proto,
    /// CLIENT NO-TOUCH.
    pub no_touch: bool,
    /// Serial number of its user.
    pub user: u32,
    /// CLIENT TRACKING remembers what it reads.
    pub tracks: bool,
    /// The type of value it waits for.
    pub kind: Kind,
    /// It is also woken when a key is deleted or overwritten.
    pub on_delete: bool,
    /// How long it waits, in milliseconds; 0: for ever.
    pub timeout_ms: i64,
    /// When its time is up it gets a null array, else a null.
    pub null_array: bool,
    /// The command's number in the table.
    pub command: usize,
    /// The words to run when it is woken.
    pub words: Vec<Vec<u8>>,
    /// The keys that it waits for.
    pub keys: Vec<Box<[u8]>>,
    /// The shards that own those keys, ascending.
    pub shards: Vec<usize>,
    /// Its command needs further keys, which lie on other shards: it cannot be run on the shard of a key alone.
    pub whole: bool,
}

#[derive(Debug, Default)]
struct Queue {
    waiters: BTreeMap<u64, Arc<Waiter>>,
    /// How many of them are woken by a deletion.
    on_delete: usize,
    /// It is listed as ready.
    ready: bool,
}

/// The blocked clients of one shard's keys.
#[derive(Debug, Default)]
pub struct Blocked {
    /// By database.
    dbs: Vec<AHashMap<Box<[u8]>, Queue>>,
    /// Keys that somebody waits for, over all databases.
    keys: usize,
    /// Those whose deletion somebody waits for.
    keys_on_delete: usize,
    ready: VecDeque<(usize, Box<[u8]>)>,
}

impl Blocked {
    /// Whether nobody waits: the only check on the path of an ordinary write.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.keys == 0
    }

    /// Whether keys are ready whose waiters were not looked at yet.
    #[inline]
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Keys with waiters (INFO `total_blocking_keys`).
    pub fn keys(&self) -> usize {
        self.keys
    }

    /// Keys with waiters that a deletion wakes (INFO `total_blocking_keys_on_nokey`).
    pub fn keys_on_delete(&self) -> usize {
        self.keys_on_delete
    }

    /// Registers `waiter` for those of its keys that `owns` says yes to. Registered again it keeps its place.
    pub fn add(&mut self, waiter: &Arc<Waiter>, owns: impl Fn(&[u8]) -> bool) {
        if self.dbs.len() <= waiter.db {
            self.dbs.resize_with(waiter.db + 1, AHashMap::new);
        }
        let Some(db) = self.dbs.get_mut(waiter.db) else { return };
        for key in waiter.keys.iter().filter(|key| owns(key)) {
            let queue = db.entry(key.clone()).or_default();
            self.keys += usize::from(queue.waiters.is_empty());
            if queue.waiters.insert(waiter.seq, waiter.clone()).is_none() && waiter.on_delete {
                self.keys_on_delete += usize::from(queue.on_delete == 0);
                queue.on_delete += 1;
            }
        }
    }

    /// Removes `waiter` from all its keys here.
    pub fn remove(&mut self, waiter: &Waiter) {
        let Some(db) = self.dbs.get_mut(waiter.db) else { return };
        for key in &waiter.keys {
            let Some(queue) = db.get_mut(key) else { continue };
            if queue.waiters.remove(&waiter.seq).is_none() {
                continue;
            }
            if waiter.on_delete {
                queue.on_delete -= 1;
                self.keys_on_delete -= usize::from(queue.on_delete == 0);
            }
            if queue.waiters.is_empty() {
                self.keys -= 1;
                db.remove(key);
            }
        }
    }

    /// `key` got something: its waiters are to be looked at once the running command is over (Redis: blocked.c
    /// `signalKeyAsReady`). Listed once, however often that happens until then.
    pub fn signal(&mut self, db: usize, key: &[u8]) {
        if let Some(queue) = self.dbs.get_mut(db).and_then(|keys| keys.get_mut(key))
            && !std::mem::replace(&mut queue.ready, true)
        {
            self.ready.push_back((db, key.into()));
        }
    }

    /// `key` is gone or holds something else now: those who wait for that are to be looked at (Redis: blocked.c
    /// `signalDeletedKeyAsReady`).
    pub fn signal_gone(&mut self, db: usize, key: &[u8]) {
        if self.dbs.get(db).and_then(|keys| keys.get(key)).is_some_and(|queue| queue.on_delete > 0) {
            self.signal(db, key);
        }
    }

    /// Signals those keys of database `db` for which `judge` says so; it gets the key and whether somebody waits for its
    /// deletion. For commands that replace a whole database.
    pub fn signal_where(&mut self, db: usize, judge: impl Fn(&[u8], bool) -> bool) {
        let Some(keys) = self.dbs.get_mut(db) else { return };
        for (key, queue) in keys.iter_mut() {
            if judge(key, queue.on_delete > 0) && !std::mem::replace(&mut queue.ready, true) {
                self.ready.push_back((db, key.clone()));
            }
        }
    }

    /// Takes the next ready key: signalled from now on it is listed again.
    pub fn next_ready(&mut self) -> Option<(usize, Box<[u8]>)> {
        let (db, key) = self.ready.pop_front()?;
        if let Some(queue) = self.dbs.get_mut(db).and_then(|keys| keys.get_mut(&key)) {
            queue.ready = false;
        }
        Some((db, key))
    }

    /// The first waiter for `key` whose place is `from` or later.
    pub fn waiter(&self, db: usize, key: &[u8], from: u64) -> Option<Arc<Waiter>> {
        let queue = self.dbs.get(db)?.get(key)?;
        queue.waiters.range(from..).next().map(|(_, waiter)| waiter.clone())
    }

    /// Whether somebody waits for the deletion of `key`.
    pub fn waits_for_deletion(&self, db: usize, key: &[u8]) -> bool {
        self.dbs.get(db).and_then(|keys| keys.get(key)).is_some_and(|queue| queue.on_delete > 0)
    }
}

#[cfg(test)]
mod tests;
