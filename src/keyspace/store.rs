//! The databases of one shard and the rules that every access obeys: a key that has expired is gone, a read or write
//! counts as a use, a change reaches those who watch the key.
//!
//! Handlers come here through `command::Keys`. Methods take the database index and a hashed key (`HKey`), so a key is
//! hashed once however often a handler looks at it.

use super::evict::Pool;
use super::snapshot::Snapshot;
use super::{Blocked, Class, FieldDue, Watched, lru, notify};
use crate::base::prng::Prng;
use crate::data::{Entry, EntryBox, HKey, Kind, Limits, Table};
use crate::journal::Journal;
use crate::pubsub::{Outbox, tracking};
use smallvec::SmallVec;

/// One database of one shard.
#[derive(Default)]
pub struct Db {
    /// Its keys.
    pub table: Table,
    /// Keys that hold fields with a time to live.
    pub field_due: FieldDue,
    /// Running estimate of the time that keys with an expiry have left (`avg_ttl` of INFO keyspace).
    pub avg_ttl_ms: i64,
}

/// What of the configuration the keyspace obeys; copied into each store when the configuration changes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// Entries carry an LFU counter instead of an LRU clock (`maxmemory-policy *-lfu`).
    pub lfu: bool,
    /// `lfu-log-factor`.
    pub lfu_log_factor: u32,
    /// `lfu-decay-time`, minutes.
    pub lfu_decay_min: u32,
    /// `lazyfree-lazy-expire`.
    pub lazy_expire: bool,
    /// `lazyfree-lazy-eviction`.
    pub lazy_evict: bool,
    /// `lazyfree-lazy-server-del`: overwritten values.
    pub lazy_server_del: bool,
    /// `lazyfree-lazy-user-del`: DEL behaves as UNLINK.
    pub lazy_user_del: bool,
    /// `lazyfree-lazy-user-flush`: FLUSHALL and FLUSHDB without an option are ASYNC.
    pub lazy_user_flush: bool,
    /// `notify-keyspace-events`: Redis's bits ([`Class`]), 0 if neither kind of channel is asked for.
    pub events: u32,
}

/// Counters of INFO stats that the keyspace itself knows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Reads that found their key.
    pub hits: u64,
    /// Reads that did not.
    pub misses: u64,
    /// Keys removed because they expired.
    pub expired: u64,
    /// Fields of hashes removed because they expired.
    pub expired_fields: u64,
    /// Keys removed to get below `maxmemory`.
    pub evicted: u64,
    /// Changes to the dataset (`rdb_changes_since_last_save` counts these).
    pub dirty: u64,
    /// Values freed away from the shard's thread.
    pub lazyfreed: u64,
}

/// Something large whose memory is given back by a background thread.
pub enum ToDrop {
    /// One entry with a costly value.
    Entry(EntryBox),
    /// A flushed database.
    Table(Box<Table>),
}

/// Everything that a command may read or change on one shard.
pub struct Store {
    /// Databases by index.
    pub dbs: Vec<Db>,
    /// Unix time in milliseconds that the running command sees; set by the loop, constant during a command.
    pub now_ms: i64,
    /// What of the configuration it obeys.
    pub policy: Policy,
    /// Where encodings change.
    pub limits: Limits,
    /// The caller asked that its accesses leave no trace (CLIENT NO-TOUCH).
    pub no_touch: bool,
    /// Keys that have expired are invisible but stay: a pause holds writes back, and removing is one (db.c
    /// `expireIfNeeded`).
    pub keeps_expired: bool,
    /// No key counts as expired, whatever its time: a master's stream or a log of commands is being applied, which says
    /// itself what expired when (db.c `keyIsExpired`, `expireIfNeeded`).
    pub ageless: bool,
    /// Watched keys.
    pub watched: Watched,
    /// Clients that wait for keys.
    pub blocked: Blocked,
    /// What changed.
    pub journal: Journal,
    /// What its commands publish; the loop sends it.
    pub outbox: Outbox,
    /// Keys that clients may hold.
    pub tracking: tracking::Table,
    /// Counters.
    pub stats: Stats,
    /// Values to free elsewhere; the loop hands them to the background thread.
    pub to_drop: Vec<ToDrop>,
    /// Expired keys that reads ran into and that are still to be removed.
    pub lapsed: Vec<(usize, Box<[u8]>)>,
    /// Random numbers of this shard.
    pub rng: Prng,
    /// The snapshot that runs.
    pub(super) snapshot: Option<Box<Snapshot>>,
    /// The keys that eviction takes next.
    pub(super) evict_pool: Pool,
    /// The database that the expire cycle goes on with.
    pub(super) expire_db: usize,
    /// The database that random eviction takes the next key from.
    pub(super) evict_db: usize,
}

/// Allocations from which on freeing a value is left to the background thread (lazyfree.c LAZYFREE_THRESHOLD).
const LAZYFREE_THRESHOLD: usize = 64;

impl Store {
    /// An empty store of `databases` databases; `seed` starts its random numbers.
    pub fn new(databases: usize, seed: u64) -> Store {
        Store {
            dbs: (0..databases).map(|_| Db::default()).collect(),
            now_ms: 0,
            policy: Policy::default(),
            limits: Limits::default(),
            no_touch: false,
            keeps_expired: false,
            ageless: false,
            watched: Watched::default(),
            blocked: Blocked::default(),
            journal: Journal::default(),
            outbox: Outbox::default(),
            tracking: tracking::Table::default(),
            stats: Stats::default(),
            to_drop: Vec::new(),
            lapsed: Vec::new(),
            rng: Prng::new(seed),
            snapshot: None,
            evict_pool: Pool::default(),
            expire_db: 0,
            evict_db: 0,
        }
    }

    /// The table of database `db`.
    pub fn table(&self, db: usize) -> Option<&Table> {
        self.dbs.get(db).map(|d| &d.table)
    }

    /// Asks the processor to load the buckets, then the entries of `keys`, for lookups that follow soon.
    pub fn prefetch<'a>(&self, db: usize, keys: impl Iterator<Item = &'a [u8]>) {
        let Some(table) = self.table(db) else { return };
        let hashed: SmallVec<[HKey<'a>; 16]> = keys
            .map(|key| {
                let key = HKey::new(key);
                table.prefetch_way(&key);
                key
            })
            .collect();
        for key in &hashed {
            table.prefetch(key);
        }
        for key in &hashed {
            table.prefetch_entry(key);
        }
    }

    /// Looks a key up for reading: counts a hit or a miss and a use (Redis: db.c `lookupKeyRead`).
    #[inline]
    pub fn read(&mut self, db: usize, key: &HKey<'_>) -> Option<&Entry> {
        let found = self.dbs.get(db).and_then(|d| d.table.find(key));
        match found {
            Some(entry) if !self.expired(entry) => {
                self.stats.hits += 1;
                if !self.no_touch {
                    entry.set_lru(lru::used(entry.lru(), self.now_ms, &self.policy, &mut self.rng));
                }
                Some(entry)
            }
            lapsed => {
                self.stats.misses += 1;
                if lapsed.is_some() {
                    self.lapsed.push((db, key.bytes.into()));
                } else {
                    notify::tell(
                        &mut self.outbox,
                        self.policy.events,
                        Class::KeyMiss,
                        (db, key.bytes),
                        "keymiss",
                    );
                }
                None
            }
        }
    }

    /// Looks a key up for reading without marking a use; hits and misses count (Redis: LOOKUP_NOTOUCH alone).
    pub fn look(&mut self, db: usize, key: &HKey<'_>) -> Option<&Entry> {
        let no_touch = std::mem::replace(&mut self.no_touch, true);
        let found = self.read(db, key).is_some();
        self.no_touch = no_touch;
        if found { self.dbs.get(db)?.table.find(key) } else { None }
    }

    /// As [`Store::look`], and a miss is no event (Redis: LOOKUP_NOTOUCH | LOOKUP_NONOTIFY).
    pub fn look_quietly(&mut self, db: usize, key: &HKey<'_>) -> Option<&Entry> {
        let events = std::mem::take(&mut self.policy.events);
        let found = self.look(db, key).is_some();
        self.policy.events = events;
        if found { self.dbs.get(db)?.table.find(key) } else { None }
    }

    /// Removes the keys that reads found expired; the shard calls this after each command that left some.
    #[cold]
    pub fn remove_lapsed(&mut self) {
        for (db, key) in std::mem::take(&mut self.lapsed) {
            self.live(db, &HKey::new(&key));
            self.event(db, &key, Class::KeyMiss, "keymiss");
        }
    }

    /// Looks a key up for writing: as [`Store::read`], without the hit statistics (Redis: db.c `lookupKeyWrite`).
    #[inline]
    pub fn write(&mut self, db: usize, key: &HKey<'_>) -> Option<&mut Entry> {
        if !self.live(db, key) {
            return None;
        }
        self.used(db, key)
    }

    /// Looks a key up without leaving a trace: no statistics, no use (Redis: LOOKUP_NOTOUCH | LOOKUP_NOSTATS).
    #[inline]
    pub fn peek(&self, db: usize, key: &HKey<'_>) -> Option<&Entry> {
        let entry = self.dbs.get(db)?.table.find(key)?;
        (!self.expired(entry)).then_some(entry)
    }

    /// Whether `entry` is past its time.
    #[inline]
    pub fn expired(&self, entry: &Entry) -> bool {
        self.past(entry.expire_ms())
    }

    /// Whether `at_ms` is the time of a key that has expired.
    #[inline]
    pub(super) fn past(&self, at_ms: Option<i64>) -> bool {
        at_ms.is_some_and(|at| at < self.now_ms && !self.ageless)
    }

    /// Stores `entry` under `key` in place of whatever was there. Returns what was there.
    pub fn put(&mut self, db: usize, key: &HKey<'_>, entry: EntryBox) -> Option<EntryBox> {
        entry.set_lru(self.fresh_lru());
        let old = self.place(db, key, entry);
        if old.is_none() {
            self.event(db, key.bytes, Class::New, "new");
        }
        old
    }

    /// As [`Store::put`] for an entry that was elsewhere before (RENAME, MOVE): its mark of use stays, and the key is a new
    /// one even if there was another (Redis: `dbDelete`, then `dbAdd`).
    pub fn move_in(&mut self, db: usize, key: &HKey<'_>, entry: EntryBox) -> Option<EntryBox> {
        let old = self.place(db, key, entry);
        self.event(db, key.bytes, Class::New, "new");
        old
    }

    fn place(&mut self, db: usize, key: &HKey<'_>, entry: EntryBox) -> Option<EntryBox> {
        let kind = entry.kind();
        let old = self.dbs.get_mut(db)?.table.insert(key, entry);
        if !self.blocked.is_empty() {
            if old.is_some() {
                self.blocked.signal_gone(db, key.bytes);
            }
            self.ready(db, key, kind);
        }
        if kind == Kind::Hash {
            self.watch_fields(db, key.bytes);
        }
        old.filter(|o| !self.expired(o))
    }

    /// Removes a key. `None` if it does not exist or has expired.
    pub fn remove(&mut self, db: usize, key: &HKey<'_>) -> Option<EntryBox> {
        if !self.live(db, key) {
            return None;
        }
        self.gone(db, key.bytes);
        self.dbs.get_mut(db)?.table.remove(key)
    }

    /// A key that clients may wait for got something of type `kind`. A key that is created or replaced by [`Store::put`] or
    /// [`Store::move_in`] signals that by itself; whoever adds to what is there (XADD) says it here. Nobody is served before
    /// the running command, with all of its transaction or script, is over.
    #[inline]
    pub fn ready(&mut self, db: usize, key: &HKey<'_>, kind: Kind) {
        if !self.blocked.is_empty() && matches!(kind, Kind::List | Kind::ZSet | Kind::Stream) {
            self.blocked.signal(db, key.bytes);
        }
    }

    /// A key is removed, is about to hold something else, or lost what clients wait for with it (a stream's group).
    #[inline]
    pub fn gone(&mut self, db: usize, key: &[u8]) {
        if !self.blocked.is_empty() {
            self.blocked.signal_gone(db, key);
        }
    }

    /// Rebuilds the entry of an existing key (APPEND, EXPIRE); `false` if there is none. The key's use is counted.
    pub fn replace_with(&mut self, db: usize, key: &HKey<'_>, f: impl FnOnce(EntryBox) -> EntryBox) -> bool {
        self.live(db, key) && self.dbs.get_mut(db).is_some_and(|d| d.table.replace_with(key, f))
    }

    /// Sets or clears the expiry time (unix ms) of an existing key; `false` if there is none.
    pub fn set_expire(&mut self, db: usize, key: &HKey<'_>, at_ms: Option<i64>) -> bool {
        self.replace_with(db, key, |e| e.with_expire(at_ms))
    }

    /// Frees what is left of a removed entry: here if that is cheap or `lazy` is false, in the background otherwise.
    pub fn free(&mut self, entry: EntryBox, lazy: bool) {
        if lazy && entry.free_effort() > LAZYFREE_THRESHOLD {
            self.stats.lazyfreed += 1;
            self.to_drop.push(ToDrop::Entry(entry));
        }
    }

    /// A command changed `key`: those who watch it are told, the dataset counts one change.
    #[inline]
    pub fn changed(&mut self, db: usize, key: &[u8], class: Class, event: &'static str) {
        self.stats.dirty += 1;
        self.also_changed(db, key, class, event);
    }

    /// A change of `key` that the dataset's count leaves out: the second key of RENAME, an eviction. Those who watch it
    /// are told, and the event is.
    #[inline]
    pub fn also_changed(&mut self, db: usize, key: &[u8], class: Class, event: &'static str) {
        self.modified(db, key);
        self.event(db, key, class, event);
    }

    /// Tells those who watch `key` that it is not what it was (Redis: db.c `signalModifiedKey`).
    #[inline]
    pub fn modified(&mut self, db: usize, key: &[u8]) {
        if !self.watched.is_empty() {
            self.watched.touch(db, key);
        }
        if self.tracking.is_active() {
            self.tracking.invalidate(key, false, &mut self.outbox.invalid);
        }
    }

    /// All that clients hold of this store is stale: once per command that flushed a database or all
    /// (tracking.c `trackingInvalidateKeysOnFlush`).
    pub fn flushed(&mut self) {
        self.tracking.clear();
        self.outbox.invalid.push(tracking::Leaving::Flush);
    }

    /// Tells of a further `event` of a change that [`Store::changed`] has counted already (SET with an expiry time is
    /// one change and two events).
    #[inline]
    pub fn event(&mut self, db: usize, key: &[u8], class: Class, event: &'static str) {
        notify::tell(&mut self.outbox, self.policy.events, class, (db, key), event);
    }

    /// Removes `key` if it has expired. Returns whether a live key is there.
    #[inline]
    fn live(&mut self, db: usize, key: &HKey<'_>) -> bool {
        let Some(entry) = self.dbs.get(db).and_then(|d| d.table.find(key)) else { return false };
        if !self.expired(entry) {
            return true;
        }
        if !self.keeps_expired {
            self.expire(db, key);
        }
        false
    }

    /// Removes a key that has expired.
    #[cold]
    pub(super) fn expire(&mut self, db: usize, key: &HKey<'_>) {
        if let Some(entry) = self.dbs.get_mut(db).and_then(|d| d.table.remove(key)) {
            self.expired_out(db, entry);
        }
    }

    /// Accounts for an entry that was taken out of database `db` because it expired: effect, watchers, statistics.
    pub fn expired_out(&mut self, db: usize, entry: EntryBox) {
        self.stats.expired += 1;
        self.stats.dirty += 1;
        let verb: &[u8] = if self.policy.lazy_expire { b"UNLINK" } else { b"DEL" };
        self.journal.effect(db, &[verb, entry.key()]);
        self.event(db, entry.key(), Class::Expired, "expired");
        self.gone(db, entry.key());
        if !self.watched.is_empty() {
            self.watched.touch_expired(db, entry.key());
        }
        if self.tracking.is_active() {
            self.tracking.invalidate(entry.key(), true, &mut self.outbox.invalid);
        }
        let lazy = self.policy.lazy_expire;
        self.free(entry, lazy);
    }

    /// Marks the use of a key that is known to be there.
    #[inline]
    fn used(&mut self, db: usize, key: &HKey<'_>) -> Option<&mut Entry> {
        let touch = !self.no_touch;
        let (lfu, now_ms, policy) = (self.policy.lfu, self.now_ms, self.policy);
        let random = if lfu && touch { self.rng.next_u64() } else { 0 };
        let entry = self.dbs.get_mut(db)?.table.find_mut(key)?;
        if touch {
            let value =
                if lfu { lru::lfu_touch(entry.lru(), now_ms, &policy, random) } else { lru::clock(now_ms) };
            entry.set_lru(value);
        }
        Some(entry)
    }

    /// The use mark of a new entry.
    pub(super) fn fresh_lru(&self) -> u32 {
        if self.policy.lfu { lru::lfu_new(self.now_ms) } else { lru::clock(self.now_ms) }
    }
}
