//! What every connection shows of itself to the others (CLIENT LIST, INFO clients), and the registry of them all.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | atomics of `ClientInfo` | the shard that owns the connection | any | once per loop turn in which the connection did something |
//! | `blocked` | the shard that owns the connection | any | begin and end of a wait; CLIENT UNBLOCK |
//! | `labels` | the shard that owns the connection | any | CLIENT SETNAME and the like |
//! | `subscriptions` | whoever runs its (P|S)SUBSCRIBE | ACL SETUSER, ACL LOAD | under a lock of its own |
//! | `close` | any | the owning shard | CLIENT KILL or client eviction, then a note to that shard |
//! | `Registry::all` | shards, on connect and disconnect | any | CLIENT LIST, KILL, INFO, client eviction |
//!
//! Numbers are relaxed: each is a fact of its own and may be a turn old.

use crate::keyspace::Waiter;
use crate::pubsub::SharedNames;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What an idle connection takes, an estimate: this record, the session, the loop's entry, addresses and names.
const CONNECTION_BYTES: usize = size_of::<ClientInfo>() + 1024;

/// What a subscription takes beside the name, an estimate.
const SUBSCRIPTION_BYTES: usize = 64;

/// Replies of so many bytes are on their way, not piled up: Redis has a fixed buffer for them. What counts is beyond.
const IN_PASSING: usize = 16 * 1024;

/// Bits of [`ClientInfo::flags`].
pub mod client_flag {
    /// In a MONITOR (`O`).
    pub const MONITOR: u32 = 1 << 0;
    /// In MULTI (`x`).
    pub const MULTI: u32 = 1 << 1;
    /// Blocked (`b`).
    pub const BLOCKED: u32 = 1 << 2;
    /// A watched key changed (`d`).
    pub const DIRTY: u32 = 1 << 3;
    /// To be closed after its reply (`c`).
    pub const CLOSE_AFTER_REPLY: u32 = 1 << 4;
    /// To be closed as soon as possible (`A`).
    pub const CLOSE_ASAP: u32 = 1 << 5;
    /// On the unix socket (`U`).
    pub const UNIX_SOCKET: u32 = 1 << 6;
    /// Excluded from client eviction (`e`).
    pub const NO_EVICT: u32 = 1 << 7;
    /// Its accesses leave no trace (`T`).
    pub const NO_TOUCH: u32 = 1 << 8;
    /// It subscribes to something (`P`).
    pub const PUBSUB: u32 = 1 << 9;
    /// It tracks keys (`t`).
    pub const TRACKING: u32 = 1 << 10;
    /// The client that it redirects invalidations to is gone (`R`).
    pub const BROKEN_REDIRECT: u32 = 1 << 11;
    /// It tracks prefixes (`B`).
    pub const BCAST: u32 = 1 << 12;
    /// It does not want to hear of its own changes.
    pub const NOLOOP: u32 = 1 << 13;
    /// A replica (`S`).
    pub const REPLICA: u32 = 1 << 14;
    /// The master (`M`).
    pub const MASTER: u32 = 1 << 15;
}

/// What a connection calls itself.
#[derive(Default, Clone, Debug)]
pub struct Labels {
    /// CLIENT SETNAME.
    pub name: Vec<u8>,
    /// CLIENT SETINFO LIB-NAME.
    pub lib_name: Vec<u8>,
    /// CLIENT SETINFO LIB-VER.
    pub lib_ver: Vec<u8>,
    /// Authenticated user.
    pub user: Vec<u8>,
}

/// One connection, as others see it.
#[derive(Debug, Default)]
pub struct ClientInfo {
    /// Client id.
    pub id: u64,
    /// Shard that owns the connection.
    pub shard: usize,
    /// Remote address, `ip:port` or `path:0`.
    pub addr: String,
    /// Local address.
    pub laddr: String,
    /// File descriptor.
    pub fd: i32,
    /// Whether the peer is on this machine.
    pub local: bool,
    /// Unix time of the connection in milliseconds.
    pub created_ms: i64,
    /// Unix time of its last command in milliseconds.
    pub last_ms: AtomicI64,
    /// Selected database.
    pub db: AtomicUsize,
    /// `client_flag::*`.
    pub flags: AtomicU32,
    /// Protocol version.
    pub resp: AtomicU32,
    /// Queued commands, or -1.
    pub multi: AtomicI64,
    /// Watched keys.
    pub watch: AtomicUsize,
    /// The client that its invalidations go to, or 0.
    pub redirect: AtomicU64,
    /// Channels that it subscribes to.
    pub sub: AtomicUsize,
    /// Patterns.
    pub psub: AtomicUsize,
    /// Shard channels.
    pub ssub: AtomicUsize,
    /// What it subscribes to, once there was something.
    pub subscriptions: OnceLock<SharedNames>,
    /// Unread request bytes held, without those of whole words of a request that is cut off.
    pub query_bytes: AtomicUsize,
    /// Bytes taken for more of them.
    pub query_free: AtomicUsize,
    /// Bytes of those words.
    pub argv_bytes: AtomicUsize,
    /// Unsent reply bytes held.
    pub output_bytes: AtomicUsize,
    /// Bytes that they take.
    pub output_room: AtomicUsize,
    /// Bytes of the queue, of the names of watched keys and of tracked prefixes.
    pub multi_bytes: AtomicUsize,
    /// Statistics id of the last command + 1; 0: none yet.
    pub last_command: AtomicUsize,
    /// Bytes received since the connection began.
    pub in_bytes: AtomicU64,
    /// Bytes sent since.
    pub out_bytes: AtomicU64,
    /// Somebody asked for this connection's end.
    pub close: AtomicBool,
    /// What it waits as, while it is blocked: CLIENT UNBLOCK ends the wait by its claim.
    pub blocked: Mutex<Option<Arc<Waiter>>>,
    /// Names.
    pub labels: Mutex<Labels>,
}

impl ClientInfo {
    /// Copy of the names.
    pub fn labels(&self) -> Labels {
        self.labels.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the names.
    pub fn set_labels(&self, change: impl FnOnce(&mut Labels)) {
        change(&mut self.labels.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Bytes that the connection takes: itself and its buffers.
    pub fn memory(&self) -> usize {
        let buffers = [&self.query_bytes, &self.query_free, &self.argv_bytes, &self.multi_bytes];
        let output = self.output_room.load(Ordering::Relaxed).saturating_sub(IN_PASSING);
        let bytes = buffers.iter().map(|bytes| bytes.load(Ordering::Relaxed));
        let subscriptions: usize =
            [&self.sub, &self.psub, &self.ssub].iter().map(|count| count.load(Ordering::Relaxed)).sum();
        let base = CONNECTION_BYTES.saturating_add(subscriptions.saturating_mul(SUBSCRIPTION_BYTES));
        bytes.fold(base.saturating_add(output), usize::saturating_add)
    }

    /// Whether client eviction may end it (networking.c `clientEvictionAllowed`).
    pub fn is_evictable(&self) -> bool {
        self.flags.load(Ordering::Relaxed) & client_flag::NO_EVICT == 0
    }

    /// Sets or clears bits of `flags`; only the owning shard calls this.
    pub fn set_flag(&self, bit: u32, on: bool) {
        let old = self.flags.load(Ordering::Relaxed);
        self.flags.store(if on { old | bit } else { old & !bit }, Ordering::Relaxed);
    }
}

/// All connections.
#[derive(Default, Debug)]
pub struct Registry {
    all: Mutex<BTreeMap<u64, Arc<ClientInfo>>>,
    next_id: AtomicU64,
    count: AtomicUsize,
}

impl Registry {
    /// The next client id; ids start at 1 and never return.
    pub fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Number of connections.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Adds a connection.
    pub fn add(&self, info: Arc<ClientInfo>) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.all.lock().unwrap_or_else(PoisonError::into_inner).insert(info.id, info);
    }

    /// Removes a connection.
    pub fn remove(&self, id: u64) {
        if self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&id).is_some() {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// One connection.
    pub fn get(&self, id: u64) -> Option<Arc<ClientInfo>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// All connections in the order of their ids.
    pub fn snapshot(&self) -> Vec<Arc<ClientInfo>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
