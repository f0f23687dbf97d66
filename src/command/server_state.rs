//! What all shards share: configuration, statistics, the registry of connections, notes between threads.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `reload` | boot, once | DEBUG | rarely |
//! | `apply_config` | boot, once | CONFIG SET | under `config_lock` |
//! | `config` | the shard that runs CONFIG SET (under `config_lock`) | all | a new snapshot per change; shards are sent `Note::Config` |
//! | `replication` | the log core | all | see `replication` |
//! | `stats[i]` | shard `i` | all | relaxed counters |
//! | `pubsub`, `messages`, `tracking`, `invalid` | shards | shards | see those types |
//! | `clients` | shards | all | connect, disconnect, CLIENT LIST |
//! | `acl` | ACL SETUSER and the like | all, before every command | a new snapshot per change (`acl::Acl`) |
//! | `mailboxes[i]` | all | shard `i`; the log core is the one after the last shard | rare notes; each followed by a wake |
//! | `log` | shards, the control core | the log core | requests; each followed by a wake |
//! | `appending` | the log core | INFO, before every write and send | see `appending` |
//! | `saving` | the log core | INFO, LASTSAVE, before every write | see `saving` |
//! | `slow_ns`, `slowlog_ns`, `spike_ns` | CONFIG SET | all, after every command | relaxed |
//! | `slowlog`, `latency`, `sampler`, `monitor_list` | all | all | rare; each under a lock of its own |
//! | `peak_memory` | the control core, INFO | INFO | relaxed maximum |
//! | `scripting` | see `script` | see `script` | see `script` |
//! | `client_limit` | CONFIG SET | all, after every turn | relaxed |
//! | `unexpected_errors` | shards | INFO | relaxed sum |
//! | `loading` | who loads a dataset | all | see `loading` |
//! | `pause_*` | CLIENT PAUSE | all | relaxed; shards are sent `Note::Resume` when it ends early |

mod appending;
pub mod loading;
mod log_port;
mod observing;
mod pressing;
pub mod replication;
mod saving;
mod switches;

pub use appending::{Appending, holds_under};
pub use loading::Loading;
pub use log_port::{Asker, DiskWait, LogOpening, LogPort, Request, SaveAs};
pub use replication::Replication;
pub use saving::{EndState, Saving};
pub use switches::Switches;

use crate::acl::Acl;
use crate::config::{Config, SetError};
use crate::observe::latency::LatencyMonitor;
use crate::observe::rates::Sampler;
use crate::observe::slowlog::SlowLog;
use crate::observe::{Registry, ShardStats};
use crate::pubsub::{self, Delivery, Inboxes, tracking};
use crate::script::Scripting;
use arc_swap::ArcSwap;
use crossbeam_utils::CachePadded;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Something rare that one thread tells a shard.
#[derive(Debug, Clone)]
pub enum Note {
    /// Close this client's connection.
    Close(u64),
    /// The configuration changed.
    Config,
    /// A new set of listeners is there for shard 0.
    Listen,
    /// Send these bytes to this client (a MONITOR's line, a push).
    Push(u64, Arc<[u8]>),
    /// A pause ended: look at the connections that wait for it.
    Resume,
    /// The wait of this blocked client was ended by CLIENT UNBLOCK: answer it.
    Unblocked(u64),
    /// End all waits with an error.
    UnblockAll,
    /// Evict something: memory is above the limit and this shard holds the most.
    Evict,
    /// Switch active expiry on or off (DEBUG SET-ACTIVE-EXPIRE).
    ActiveExpire(bool),
    /// A script is slow: what waits for it is told so.
    Busy,
    /// The log core's reply to a command of this client, which waits for it.
    Answer(u64, Vec<u8>),
    /// Stop accepting, then the loop.
    Stop,
}

/// Notes to one shard.
#[derive(Default)]
struct Mailbox {
    filled: AtomicBool,
    notes: Mutex<Vec<Note>>,
}

/// Which commands a pause holds back (CLIENT PAUSE).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pause {
    /// Every command.
    All,
    /// Commands that may write.
    Write,
}

/// What ends the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ShutdownRequest {
    /// SHUTDOWN NOSAVE.
    pub nosave: bool,
    /// SHUTDOWN SAVE.
    pub save: bool,
    /// SHUTDOWN NOW.
    pub now: bool,
    /// SHUTDOWN FORCE.
    pub force: bool,
    /// Who is to be told that it failed.
    pub asker: Option<Asker>,
}

/// Does to the process what a CONFIG SET asks for (listening sockets, limits, its title): all of it or nothing. Gets the
/// old settings, the new ones, and the names of the directives to apply.
pub type ApplyConfig = dyn Fn(&Config, &Config, &[&'static str]) -> Result<(), SetError> + Send + Sync;

/// How the dataset is to be loaded again (DEBUG RELOAD, DEBUG LOADAOF).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reload {
    /// From the RDB file.
    Rdb {
        /// The file is written first.
        save: bool,
        /// The present dataset goes.
        flush: bool,
        /// Keys that are there already are replaced.
        merge: bool,
    },
    /// From the append-only file.
    Aof,
}

/// Begins to load the dataset again; whether that could begin.
pub type ReloadFn = dyn Fn(Reload, Asker) -> bool + Send + Sync;

/// Shared by all threads.
pub struct Server {
    /// Current configuration.
    pub config: ArcSwap<Config>,
    config_lock: Mutex<()>,
    /// Path of the configuration file, if one was given.
    pub config_file: Option<std::path::PathBuf>,
    /// Path of the running binary.
    pub executable: std::path::PathBuf,
    /// Random id of this run, 40 hexadecimal digits.
    pub run_id: String,
    /// What is to be seen of replication.
    pub replication: Replication,
    /// Unix time of the start in milliseconds.
    pub start_ms: i64,
    /// Number of shards.
    pub shards: usize,
    /// Counters by shard.
    pub stats: Box<[CachePadded<ShardStats>]>,
    /// Connections.
    pub clients: Registry,
    /// Who subscribes to what.
    pub pubsub: pubsub::Registry,
    /// Published messages on their way to shards.
    pub messages: Inboxes<Delivery>,
    /// Client side caching.
    pub tracking: Arc<tracking::Shared>,
    /// Invalidations on their way to shards.
    pub invalid: Inboxes<tracking::Arriving>,
    /// Number of MONITORs: while zero no command is formatted for them.
    pub monitors: AtomicUsize,
    /// Slow commands.
    pub slowlog: SlowLog,
    /// Latency spikes.
    pub latency: LatencyMonitor,
    /// Rates of the last seconds.
    pub sampler: Sampler,
    /// Most bytes that were allocated at once.
    pub peak_memory: AtomicUsize,
    /// Bytes that were allocated when the server had been set up; 0 until the first sample.
    pub startup_memory: AtomicUsize,
    /// Scripts, functions and what is known of those that run.
    pub scripting: Scripting,
    /// Users and what they may do.
    pub acl: Acl,
    /// What DEBUG switches.
    pub switches: Switches,
    /// Commands of a master's stream, or of a file, that ended with an error.
    pub unexpected_errors: AtomicU64,
    /// Whether a dataset is being loaded.
    pub loading: Loading,
    /// What is asked of the log core.
    pub log: LogPort,
    /// What was saved, and what is being saved.
    pub saving: Saving,
    /// The append-only file, and what waits for it.
    pub appending: Appending,
    slow_ns: AtomicU64,
    slowlog_ns: AtomicU64,
    spike_ns: AtomicU64,
    arrivals: AtomicU64,
    client_limit: AtomicU64,
    choosing_clients: Mutex<()>,
    monitor_list: Mutex<Vec<(u64, usize)>>,
    pause_until_ms: AtomicI64,
    pause_writes_only: AtomicBool,
    mailboxes: Box<[Mailbox]>,
    owned: Box<[AtomicUsize]>,
    evictions: Box<[AtomicBool]>,
    wakes: Box<dyn Fn(usize) + Send + Sync>,
    shutdown: Box<dyn Fn(ShutdownRequest) + Send + Sync>,
    abort_shutdown: Box<dyn Fn() -> bool + Send + Sync>,
    apply_config: OnceLock<Box<ApplyConfig>>,
    reload: OnceLock<Box<ReloadFn>>,
}

/// What `Server::new` needs to know of the process.
pub struct Process {
    /// Path of the configuration file, if one was given.
    pub config_file: Option<std::path::PathBuf>,
    /// Path of the running binary.
    pub executable: std::path::PathBuf,
    /// Wakes a shard that may sleep.
    pub wake: Box<dyn Fn(usize) + Send + Sync>,
    /// Asks the control core to end the process.
    pub shutdown: Box<dyn Fn(ShutdownRequest) + Send + Sync>,
    /// Takes back what asked the control core for the end and was not taken up yet; whether there was anything.
    pub abort_shutdown: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Server {
    /// The state of a server of `shards` shards that starts at `start_ms` with `config`.
    pub fn new(config: Config, shards: usize, commands: usize, start_ms: i64, process: Process) -> Server {
        let databases = usize::try_from(config.databases).unwrap_or(16);
        let server = Server {
            replication: Replication::new(config.replicaof.is_some()),
            config: ArcSwap::from_pointee(config),
            config_lock: Mutex::new(()),
            config_file: process.config_file,
            executable: process.executable,
            run_id: crate::base::prng::random_hex(40),
            start_ms,
            shards,
            stats: (0..shards).map(|_| CachePadded::new(ShardStats::new(commands, databases))).collect(),
            clients: Registry::default(),
            pubsub: pubsub::Registry::default(),
            messages: Inboxes::new(shards),
            tracking: Arc::default(),
            invalid: Inboxes::new(shards),
            monitors: AtomicUsize::new(0),
            slowlog: SlowLog::default(),
            latency: LatencyMonitor::default(),
            sampler: Sampler::default(),
            peak_memory: AtomicUsize::new(0),
            startup_memory: AtomicUsize::new(0),
            scripting: Scripting::new(shards),
            acl: Acl::default(),
            switches: Switches::default(),
            unexpected_errors: AtomicU64::new(0),
            loading: Loading::default(),
            log: LogPort::default(),
            saving: Saving::new(start_ms / 1000),
            appending: Appending::new(shards),
            slow_ns: AtomicU64::new(u64::MAX),
            slowlog_ns: AtomicU64::new(u64::MAX),
            spike_ns: AtomicU64::new(u64::MAX),
            arrivals: AtomicU64::new(0),
            client_limit: AtomicU64::new(0),
            choosing_clients: Mutex::new(()),
            monitor_list: Mutex::default(),
            pause_until_ms: AtomicI64::new(0),
            pause_writes_only: AtomicBool::new(false),
            owned: (0..shards).map(|_| AtomicUsize::new(0)).collect(),
            evictions: (0..shards).map(|_| AtomicBool::new(false)).collect(),
            mailboxes: (0..shards + 2).map(|_| Mailbox::default()).collect(),
            wakes: process.wake,
            shutdown: process.shutdown,
            abort_shutdown: process.abort_shutdown,
            apply_config: OnceLock::new(),
            reload: OnceLock::new(),
        };
        let config = server.config.load_full();
        server.obey(&config);
        if config.requirepass.is_some() {
            server.acl.set_default_password(config.requirepass.as_deref());
        }
        server
    }

    /// Names what applies settings to the process; once, before shards run. A server without it, as in tests, has
    /// nothing outside itself to change.
    pub fn on_config_set(&self, apply: Box<ApplyConfig>) {
        // A second one would mean two control cores.
        let first = self.apply_config.set(apply).is_ok();
        debug_assert!(first);
    }

    /// Applies the directives `changed` to the process, or none of them. To be called under [`Server::lock_config`].
    ///
    /// # Errors
    /// The first one that cannot be applied.
    pub fn apply_config(&self, old: &Config, new: &Config, changed: &[&'static str]) -> Result<(), SetError> {
        self.apply_config.get().map_or(Ok(()), |apply| apply(old, new, changed))
    }

    /// Publishes a new configuration and tells every shard. To be called under [`Server::lock_config`].
    pub fn set_config(&self, config: Config) {
        self.obey(&config);
        let old = self.config.swap(Arc::new(config));
        let requirepass = &self.config.load().requirepass;
        if *requirepass != old.requirepass {
            self.acl.set_default_password(requirepass.as_deref());
        }
        self.post_all(&Note::Config);
        self.post(self.log_core(), Note::Config);
    }

    /// Serializes changes of the configuration: hold it from reading the old snapshot to storing the new one.
    pub fn lock_config(&self) -> MutexGuard<'_, ()> {
        self.config_lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a note for `shard` and wakes it.
    pub fn post(&self, shard: usize, note: Note) {
        if let Some(mailbox) = self.mailboxes.get(shard) {
            mailbox.notes.lock().unwrap_or_else(PoisonError::into_inner).push(note);
            mailbox.filled.store(true, Ordering::Release);
            (self.wakes)(shard);
        }
    }

    /// Asks `shard` to evict; asked again before it has begun, it is asked once.
    pub fn ask_eviction(&self, shard: usize) {
        if self.evictions.get(shard).is_some_and(|asked| !asked.swap(true, Ordering::AcqRel)) {
            self.post(shard, Note::Evict);
        }
    }

    /// `shard` begins the eviction that it was asked for.
    pub fn begin_eviction(&self, shard: usize) {
        if let Some(asked) = self.evictions.get(shard) {
            asked.store(false, Ordering::Release);
        }
    }

    /// Leaves a note for every shard.
    pub fn post_all(&self, note: &Note) {
        (0..self.shards).for_each(|shard| self.post(shard, note.clone()));
    }

    /// The number of the log core among mailboxes and wake cells: the one after the last shard.
    pub fn log_core(&self) -> usize {
        self.shards
    }

    /// The number of the thread that loads datasets among mailboxes: the one after the log core. It has no wake cell.
    pub fn loader(&self) -> usize {
        self.shards + 1
    }

    /// Names what loads a dataset while the server runs; once, before shards run.
    pub fn on_reload(&self, reload: Box<ReloadFn>) {
        let first = self.reload.set(reload).is_ok();
        debug_assert!(first, "there is one control core");
    }

    /// Has the dataset loaded again; `asker` is answered when that is over. `false`: nobody here does that.
    pub fn reload(&self, reload: Reload, asker: Asker) -> bool {
        self.reload.get().is_some_and(|begin| begin(reload, asker))
    }

    /// Asks something of the log core.
    pub fn ask_log(&self, request: Request) {
        self.log.post(request);
        (self.wakes)(self.log_core());
    }

    /// Takes the notes of `shard`; one load when there are none.
    #[inline]
    pub fn take_notes(&self, shard: usize) -> Vec<Note> {
        match self.mailboxes.get(shard) {
            Some(m) if m.filled.load(Ordering::Acquire) => {
                let mut notes = m.notes.lock().unwrap_or_else(PoisonError::into_inner);
                m.filled.store(false, Ordering::Release);
                std::mem::take(&mut *notes)
            }
            _ => Vec::new(),
        }
    }

    /// Whether `shard` has notes to take.
    pub fn has_notes(&self, shard: usize) -> bool {
        self.mailboxes.get(shard).is_some_and(|m| m.filled.load(Ordering::Acquire))
    }

    /// Whether a pause, a MONITOR, a slow script, a dataset that is loaded or messages that pile up ask for a look at every command.
    #[inline]
    pub fn is_watchful(&self) -> bool {
        self.has_monitors()
            || self.is_congested()
            || self.pause_until_ms.load(Ordering::Relaxed) > 0
            || self.scripting.desk.is_busy()
            || self.saving.is_watchful()
            || self.appending.is_failing()
            || self.loading.is_any()
            || self.replication.is_special()
    }

    /// Whether some shard has more to tell its clients than it should have.
    #[inline]
    pub fn is_congested(&self) -> bool {
        self.messages.is_congested() || self.invalid.is_congested()
    }

    /// Whether some connection is a MONITOR.
    #[inline]
    pub fn has_monitors(&self) -> bool {
        self.monitors.load(Ordering::Relaxed) > 0
    }

    /// Connections that `shard` owns.
    pub fn connections_of(&self, shard: usize) -> usize {
        self.owned.get(shard).map_or(0, |n| n.load(Ordering::Relaxed))
    }

    /// Connections of all shards, those on their way to their shard included.
    pub fn connections(&self) -> usize {
        (0..self.shards).map(|shard| self.connections_of(shard)).sum()
    }

    /// The shard with the fewest connections, which is counted for the new one.
    pub fn assign_connection(&self) -> usize {
        let shard = (0..self.shards).min_by_key(|&s| self.connections_of(s)).unwrap_or(0);
        if let Some(n) = self.owned.get(shard) {
            n.fetch_add(1, Ordering::Relaxed);
        }
        shard
    }

    /// A connection of `shard` ended.
    pub fn connection_closed(&self, shard: usize) {
        if let Some(n) = self.owned.get(shard) {
            n.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Wakes a shard that may sleep.
    pub fn wake(&self, shard: usize) {
        (self.wakes)(shard);
    }

    /// Wakes the log core.
    pub fn wake_log_core(&self) {
        (self.wakes)(self.log_core());
    }

    /// Asks for the end of the process.
    pub fn request_shutdown(&self, request: ShutdownRequest) {
        (self.shutdown)(request);
    }

    /// The place of a client that begins to wait among all that ever did.
    pub fn next_arrival(&self) -> u64 {
        self.arrivals.fetch_add(1, Ordering::Relaxed)
    }

    /// Ends the waits of all blocked clients with an error, and their connections (blocked.c
    /// `disconnectAllBlockedClients`): the instance became something on which waiting makes no sense.
    pub fn unblock_all(&self) {
        self.post_all(&Note::UnblockAll);
    }

    /// Takes back what asked for the end of the process and was not taken up yet; whether there was anything.
    pub fn abort_shutdown(&self) -> bool {
        (self.abort_shutdown)()
    }

    /// Holds commands back until `until_ms` (unix time); a later end than the present one wins, `All` over `Write`.
    pub fn pause(&self, until_ms: i64, pause: Pause, now_ms: i64) {
        let was = self.paused(now_ms);
        self.pause_until_ms.fetch_max(until_ms, Ordering::Relaxed);
        let writes = pause == Pause::Write && was != Some(Pause::All);
        self.pause_writes_only.store(writes, Ordering::Relaxed);
    }

    /// Ends a pause.
    pub fn unpause(&self) {
        self.pause_until_ms.store(0, Ordering::Relaxed);
        self.post_all(&Note::Resume);
    }

    /// What is held back at `now_ms`.
    #[inline]
    pub fn paused(&self, now_ms: i64) -> Option<Pause> {
        if self.saving.is_ending() {
            return Some(Pause::All);
        }
        (self.pause_until_ms.load(Ordering::Relaxed) > now_ms)
            .then(|| if self.pause_writes_only.load(Ordering::Relaxed) { Pause::Write } else { Pause::All })
    }

    /// Takes back the end of a pause that has passed, so that commands are not looked at for it any more.
    pub(super) fn forget_past_pause(&self, now_ms: i64) {
        let until = self.pause_until_ms.load(Ordering::Relaxed);
        if until > 0 && until <= now_ms {
            // A pause that begins meanwhile stays.
            let _ = self.pause_until_ms.compare_exchange(until, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// When the present pause ends (unix ms).
    pub fn pause_end_ms(&self) -> i64 {
        self.pause_until_ms.load(Ordering::Relaxed)
    }
}
