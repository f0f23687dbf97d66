//! Raw records on their way from the file to the shards that own their keys.
//!
//! ```text
//!  scanning thread                          shard i
//!  Dealer: one open batch per shard ──────► Records::fragment: decode, insert
//!     ▲  waits while too many are away          │
//!     └──────────── unpark ─────────────────────┘
//! ```
//!
//! A batch is a transaction of class I over the one shard that it is for, so it is met in the shard's loop like any other
//! work, between commands, and its size bounds what one step costs. What is away is bounded per shard.
//!
//! | field of `Tally` | who writes | who reads | when |
//! |---|---|---|---|
//! | `loaded`, `empty` | shards | the scanning thread | relaxed sums; exact when all batches are done |
//! | `flaw` | the first shard that found one | the scanning thread | under its lock; `failed` says whether to look |

use super::Loader;
use crate::command::Server;
use crate::data::{EntryBox, HKey, Limits};
use crate::keyspace::Usage;
use crate::observe::log;
use crate::persist::rdb::scan::Record;
use crate::persist::rdb::{Invalid, Reader, read_entry};
use crate::shard::Ground;
use crate::shard::txn::{Fragments, Hub, Ticket};
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;
use std::time::Duration;

/// Bytes and records from which on a batch goes to its shard. So much is decoded in one step of its loop.
const BATCH_BYTES: usize = 64 * 1024;
const BATCH_RECORDS: usize = 1024;
/// Batches on the way to one shard.
const AWAY_MAX: usize = 4;
/// A value of so many bytes is decoded by the scanning thread: a shard would stand still for too long.
pub(super) const LARGE_BYTES: usize = 16 * 1024 * 1024;
/// Records whose cache misses overlap.
const AHEAD: usize = 16;
/// The scanning thread looks this often by itself, should a wake go astray.
const PATIENCE: Duration = Duration::from_millis(20);
/// Skipped keys that are named in the log (rdb.c `rdbLoadRioWithLoadingCtx`).
const EMPTY_LOGGED: u64 = 10;

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Its value cannot be read.
    Value { offset: u64, key: Vec<u8>, why: Invalid },
    /// Its key occurs twice.
    Duplicate { offset: u64, db: usize, key: Vec<u8> },
}

/// What shards made of the records.
#[derive(Default)]
pub(super) struct Tally {
    loaded: AtomicU64,
    empty: AtomicU64,
    failed: AtomicBool,
    flaw: Mutex<Option<Flaw>>,
    /// A key that is there already is replaced (`DEBUG RELOAD MERGE`).
    merge: bool,
}

impl Tally {
    fn fail(&self, flaw: Flaw) {
        let mut first = self.flaw.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(flaw);
        self.failed.store(true, Relaxed);
    }

    /// A value could not be read: empty ones are passed over, since old versions left some behind.
    fn unreadable(&self, offset: u64, key: &[u8], why: Invalid) {
        if why != Invalid::Empty {
            return self.fail(Flaw::Value { offset, key: key.to_vec(), why });
        }
        if self.empty.fetch_add(1, Relaxed) < EMPTY_LOGGED {
            log::notice(&format!("rdbLoadObject skipping empty key: {}", String::from_utf8_lossy(key)));
        }
    }
}

/// A record in a batch.
struct Item {
    db: usize,
    slot: u16,
    kind: u8,
    expire_ms: Option<i64>,
    usage: Usage,
    key: Range<usize>,
    value: Range<usize>,
    offset: u64,
}

/// Records for one shard.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    items: Vec<Item>,
}

struct Records {
    batch: Batch,
    tally: Arc<Tally>,
    feeder: Thread,
}

impl Records {
    fn key(&self, item: &Item) -> &[u8] {
        self.batch.bytes.get(item.key.clone()).unwrap_or_default()
    }
}

impl Fragments<Ground> for Records {
    fn fragment(&self, _: usize, ground: &mut Ground) {
        let store = &mut ground.store;
        let limits = store.limits;
        let mut loaded = 0;
        for items in self.batch.items.chunks(AHEAD) {
            if self.tally.failed.load(Relaxed) {
                return;
            }
            let keys: SmallVec<[HKey<'_>; AHEAD]> =
                items.iter().map(|item| HKey::with_slot(self.key(item), item.slot)).collect();
            if let Some(table) = items.first().and_then(|item| store.table(item.db)) {
                keys.iter().for_each(|key| table.prefetch_way(key));
                keys.iter().for_each(|key| table.prefetch(key));
            }
            for (item, key) in items.iter().zip(&keys) {
                let value = self.batch.bytes.get(item.value.clone()).unwrap_or_default();
                match decode(value, item.kind, key.bytes, item.expire_ms, &limits) {
                    Ok(entry) => {
                        loaded += 1;
                        if !store.load(item.db, key, entry, item.usage) && !self.tally.merge {
                            let (offset, db, key) = (item.offset, item.db, key.bytes.to_vec());
                            self.tally.fail(Flaw::Duplicate { offset, db, key });
                        }
                    }
                    Err(why) => self.tally.unreadable(item.offset, key.bytes, why),
                }
            }
        }
        self.tally.loaded.fetch_add(loaded, Relaxed);
    }

    fn done(&self) {
        self.feeder.unpark();
    }
}

/// A value that was decoded on its way.
struct Large {
    db: usize,
    key: Vec<u8>,
    usage: Usage,
    offset: u64,
    entry: Mutex<Option<EntryBox>>,
    tally: Arc<Tally>,
    feeder: Thread,
}

impl Fragments<Ground> for Large {
    fn fragment(&self, _: usize, ground: &mut Ground) {
        let Some(entry) = self.entry.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        if !ground.store.load(self.db, &HKey::new(&self.key), entry, self.usage) && !self.tally.merge {
            let (offset, db, key) = (self.offset, self.db, self.key.clone());
            self.tally.fail(Flaw::Duplicate { offset, db, key });
        }
        self.tally.loaded.fetch_add(1, Relaxed);
    }

    fn done(&self) {
        self.feeder.unpark();
    }
}

/// Reads a value that is just `bytes` long.
fn decode(
    bytes: &[u8],
    kind: u8,
    key: &[u8],
    expire_ms: Option<i64>,
    limits: &Limits,
) -> Result<EntryBox, Invalid> {
    let mut reader = Reader::new(bytes);
    let entry = read_entry(&mut reader, kind, key, expire_ms, limits)?;
    if reader.left() > 0 { Err(Invalid::Trailing) } else { Ok(entry) }
}

/// Deals records out to the shards. Belongs to the thread that scans the file.
pub(super) struct Dealer {
    server: Arc<Server>,
    hub: Arc<Hub<Ground>>,
    limits: Limits,
    tally: Arc<Tally>,
    feeder: Thread,
    open: Vec<Batch>,
    away: Vec<VecDeque<Ticket<Ground>>>,
}

impl Dealer {
    /// A dealer that is used by the calling thread only. `merge`: keys that are there already are replaced.
    pub fn new(loader: &Loader, merge: bool) -> Dealer {
        let Loader { server, hub } = loader;
        let shards = hub.shards();
        Dealer {
            server: server.clone(),
            hub: hub.clone(),
            limits: loader.limits(),
            tally: Arc::new(Tally { merge, ..Tally::default() }),
            feeder: std::thread::current(),
            open: (0..shards).map(|_| Batch::default()).collect(),
            away: (0..shards).map(|_| VecDeque::new()).collect(),
        }
    }

    /// Hands a record to the shard that owns its key; waits if that shard cannot keep up.
    pub fn deal(&mut self, db: usize, record: &Record<'_>) {
        let slot = crate::data::slot::key_slot(&record.key);
        let shard = crate::keyspace::slots::owner(slot, self.open.len());
        let usage = Usage { idle_s: record.idle_s, freq: record.freq };
        if record.value.len() >= LARGE_BYTES {
            return self.deal_large(shard, db, record, usage);
        }
        let Some(batch) = self.open.get_mut(shard) else { return };
        let room = record.key.len() + record.value.len();
        if batch.items.is_empty() {
            batch.bytes.reserve(BATCH_BYTES.max(room) + 4096);
            batch.items.reserve(BATCH_RECORDS);
        }
        let key = append(&mut batch.bytes, &record.key);
        let value = append(&mut batch.bytes, record.value);
        let (kind, expire_ms, offset) = (record.kind, record.expire_ms, record.offset);
        batch.items.push(Item { db, slot, kind, expire_ms, usage, key, value, offset });
        if batch.bytes.len() >= BATCH_BYTES || batch.items.len() >= BATCH_RECORDS {
            self.flush(shard);
        }
    }

    fn deal_large(&mut self, shard: usize, db: usize, record: &Record<'_>, usage: Usage) {
        match decode(record.value, record.kind, &record.key, record.expire_ms, &self.limits) {
            Err(why) => self.tally.unreadable(record.offset, &record.key, why),
            Ok(entry) => {
                self.flush(shard);
                self.wait_for(shard, 1);
                let work = Large {
                    db,
                    key: record.key.to_vec(),
                    usage,
                    offset: record.offset,
                    entry: Mutex::new(Some(entry)),
                    tally: self.tally.clone(),
                    feeder: self.feeder.clone(),
                };
                self.submit(shard, Arc::new(work));
            }
        }
    }

    fn flush(&mut self, shard: usize) {
        let Some(batch) = self.open.get_mut(shard).filter(|batch| !batch.items.is_empty()) else { return };
        let batch = std::mem::take(batch);
        self.wait_for(shard, AWAY_MAX);
        let (tally, feeder) = (self.tally.clone(), self.feeder.clone());
        self.submit(shard, Arc::new(Records { batch, tally, feeder }));
    }

    /// Waits until fewer than `limit` batches are away to `shard`.
    fn wait_for(&mut self, shard: usize, limit: usize) {
        let Some(away) = self.away.get_mut(shard) else { return };
        loop {
            while away.front().is_some_and(Ticket::is_done) {
                away.pop_front();
            }
            // When the process ends shards may have ended already.
            if away.len() < limit || self.server.loading.must_stop() {
                return;
            }
            std::thread::park_timeout(PATIENCE);
        }
    }

    fn submit(&mut self, shard: usize, work: Arc<dyn Fragments<Ground>>) {
        // The shard itself as origin: it is awake when it completes the work, and this thread is unparked.
        let ticket = self.hub.independent(shard, std::iter::once(shard).collect(), work);
        if let Some(away) = self.away.get_mut(shard) {
            away.push_back(ticket);
        }
    }

    /// Sends on its way what is open.
    pub fn flush_all(&mut self) {
        (0..self.open.len()).for_each(|shard| self.flush(shard));
    }

    /// Waits until the shards have taken in everything that was dealt.
    pub fn finish(&mut self) {
        self.flush_all();
        (0..self.open.len()).for_each(|shard| self.wait_for(shard, 1));
    }

    /// The first flaw that a shard found.
    pub fn flaw(&self) -> Option<Flaw> {
        if !self.tally.failed.load(Relaxed) {
            return None;
        }
        self.tally.flaw.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keys loaded so far, and empty ones passed over.
    pub fn counts(&self) -> (u64, u64) {
        (self.tally.loaded.load(Relaxed), self.tally.empty.load(Relaxed))
    }
}

fn append(bytes: &mut Vec<u8>, part: &[u8]) -> Range<usize> {
    let start = bytes.len();
    bytes.extend_from_slice(part);
    start..bytes.len()
}
