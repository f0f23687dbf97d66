//! Eviction: which key goes when memory is short (Redis: evict.c).
//!
//! LRU, LFU and TTL are approximated as in Redis: each round draws `maxmemory-samples` keys per database and keeps the
//! best candidates of all rounds in a pool of 16, ascending by how much they deserve to go; the last one goes. The
//! pool holds names, not entries, so a candidate may be gone when its turn comes (a ghost): it is dropped.
//!
//! Whether and how much to evict is decided by [`super::pressure`]; here is only the choice of the key.

use super::{Class, Policy, Store, lru};
use crate::data::{Entry, HKey};

/// Candidates that a pool keeps (evict.c EVPOOL_SIZE).
const POOL_SIZE: usize = 16;

/// `maxmemory-policy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Eviction {
    /// `noeviction`.
    #[default]
    None,
    /// `allkeys-lru`.
    AllkeysLru,
    /// `allkeys-lfu`.
    AllkeysLfu,
    /// `allkeys-random`.
    AllkeysRandom,
    /// `volatile-lru`.
    VolatileLru,
    /// `volatile-lfu`.
    VolatileLfu,
    /// `volatile-random`.
    VolatileRandom,
    /// `volatile-ttl`.
    VolatileTtl,
}

impl Eviction {
    /// The policy that the directive's word names.
    pub fn from_name(word: &str) -> Option<Eviction> {
        Some(match word {
            "noeviction" => Eviction::None,
            "allkeys-lru" => Eviction::AllkeysLru,
            "allkeys-lfu" => Eviction::AllkeysLfu,
            "allkeys-random" => Eviction::AllkeysRandom,
            "volatile-lru" => Eviction::VolatileLru,
            "volatile-lfu" => Eviction::VolatileLfu,
            "volatile-random" => Eviction::VolatileRandom,
            "volatile-ttl" => Eviction::VolatileTtl,
            _ => return None,
        })
    }

    /// Whether entries carry an LFU counter under this policy ([`Policy::lfu`]).
    pub fn is_lfu(self) -> bool {
        matches!(self, Eviction::AllkeysLfu | Eviction::VolatileLfu)
    }

    /// Whether only keys with an expiry time may go.
    pub fn is_volatile(self) -> bool {
        matches!(
            self,
            Eviction::VolatileLru | Eviction::VolatileLfu | Eviction::VolatileRandom | Eviction::VolatileTtl
        )
    }

    fn is_random(self) -> bool {
        matches!(self, Eviction::AllkeysRandom | Eviction::VolatileRandom)
    }

    /// How much an entry deserves to go, comparable only under the same policy (evict.c `evictionPoolPopulate`).
    fn rank(self, entry: &Entry, now_ms: i64, policy: &Policy) -> u64 {
        match self {
            Eviction::VolatileTtl => u64::MAX - entry.expire_ms().unwrap_or(i64::MAX).max(0).unsigned_abs(),
            _ if self.is_lfu() => u64::from(255 - lru::lfu_counter(entry.lru(), now_ms, policy).min(255)),
            _ => u64::from(lru::idle_s(entry.lru(), now_ms)),
        }
    }
}

/// A key that may go.
#[derive(Debug)]
struct Candidate {
    rank: u64,
    db: usize,
    key: Box<[u8]>,
}

/// The best candidates of the rounds so far, of all databases, ascending by rank.
#[derive(Debug, Default)]
pub struct Pool {
    candidates: Vec<Candidate>,
    /// The policy that the ranks were computed under.
    policy: Eviction,
}

impl Pool {
    fn offer(&mut self, rank: u64, db: usize, key: &[u8]) {
        let full = self.candidates.len() >= POOL_SIZE;
        if full && self.candidates.first().is_some_and(|worst| worst.rank >= rank) {
            return;
        }
        if self.candidates.iter().any(|c| c.db == db && *c.key == *key) {
            return;
        }
        if full {
            self.candidates.remove(0);
        }
        let at = self.candidates.partition_point(|c| c.rank < rank);
        self.candidates.insert(at, Candidate { rank, db, key: key.into() });
    }
}

/// What an eviction gave back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freed {
    /// The database of the evicted key.
    pub db: usize,
    /// Bytes of its entry. With `lazyfree-lazy-eviction` a large value's are given back a little later.
    pub bytes: usize,
}

/// What [`Store::evict`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvictReport {
    /// Keys removed.
    pub keys: usize,
    /// Bytes given back.
    pub bytes: u64,
    /// Nothing is left that the policy would let go.
    pub exhausted: bool,
}

impl Store {
    /// Keys that `policy` may evict here; the weight of this shard in [`super::pressure`].
    pub fn evictable(&self, policy: Eviction) -> u64 {
        let count = |d: &super::Db| match policy {
            Eviction::None => 0,
            _ if policy.is_volatile() => d.table.expires_len(),
            _ => d.table.len(),
        };
        self.dbs.iter().map(|d| count(d) as u64).sum()
    }

    /// Evicts keys until `bytes` are given back, nothing is left to evict or `out_of_time` (asked after every key)
    /// says so.
    pub fn evict(
        &mut self,
        policy: Eviction,
        samples: usize,
        bytes: u64,
        mut out_of_time: impl FnMut() -> bool,
    ) -> EvictReport {
        let mut report = EvictReport::default();
        while report.bytes < bytes {
            let Some(freed) = self.evict_one(policy, samples) else {
                report.exhausted = true;
                break;
            };
            report.keys += 1;
            report.bytes = report.bytes.saturating_add(freed.bytes as u64);
            if out_of_time() {
                break;
            }
        }
        report
    }

    /// Evicts the key that `policy` lets go first, judged by `samples` (`maxmemory-samples`) draws per database. `None`
    /// if there is none.
    pub fn evict_one(&mut self, policy: Eviction, samples: usize) -> Option<Freed> {
        if policy == Eviction::None {
            return None;
        }
        let (db, key) = if policy.is_random() { self.draw(policy)? } else { self.best(policy, samples)? };
        let entry = self.dbs.get_mut(db)?.table.remove(&HKey::new(&key))?;
        let freed = Freed { db, bytes: entry.mem_bytes() };
        let lazy = self.policy.lazy_evict;
        self.stats.evicted += 1;
        self.journal.effect(db, &[if lazy { b"UNLINK" } else { b"DEL" }, &key]);
        self.journal.end_unit();
        self.gone(db, &key);
        self.also_changed(db, &key, Class::Evicted, "evicted");
        self.free(entry, lazy);
        Some(freed)
    }

    /// A key at random, of the databases in turn.
    fn draw(&mut self, policy: Eviction) -> Option<(usize, Box<[u8]>)> {
        let count = self.dbs.len();
        for _ in 0..count {
            self.evict_db = (self.evict_db + 1) % count;
            let Store { dbs, rng, evict_db, .. } = self;
            let table = &dbs[*evict_db].table;
            let mut random = || rng.next_u64();
            let entry = if policy.is_volatile() {
                table.random_expiring(&mut random)
            } else {
                table.random(&mut random)
            };
            if let Some(entry) = entry {
                return Some((*evict_db, entry.key().into()));
            }
        }
        None
    }

    /// The best candidate of the pool after another round of draws.
    fn best(&mut self, policy: Eviction, samples: usize) -> Option<(usize, Box<[u8]>)> {
        if self.evict_pool.policy != policy {
            self.evict_pool = Pool { candidates: Vec::with_capacity(POOL_SIZE), policy };
        }
        while self.evictable(policy) > 0 {
            self.populate(policy, samples.max(1));
            while let Some(Candidate { db, key, .. }) = self.evict_pool.candidates.pop() {
                let found = self.table(db).and_then(|t| t.find(&HKey::new(&key)));
                if found.is_some_and(|entry| !policy.is_volatile() || entry.has_expire()) {
                    return Some((db, key));
                }
            }
        }
        None
    }

    fn populate(&mut self, policy: Eviction, samples: usize) {
        let Store { dbs, rng, evict_pool, policy: rules, now_ms, .. } = self;
        for (db, at) in dbs.iter().enumerate() {
            at.table.sample(samples, policy.is_volatile(), &mut || rng.next_u64(), |entry| {
                evict_pool.offer(policy.rank(entry, *now_ms, rules), db, entry.key());
            });
        }
    }
}

#[cfg(test)]
#[path = "evict/tests.rs"]
mod tests;
