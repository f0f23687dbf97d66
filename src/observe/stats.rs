//! Counters of one shard that any thread may read: INFO adds them up over shards.
//!
//! Every counter has one writer, its shard, which stores relaxed; readers may see a value that is a turn old.

use super::{Durations, ErrorCodes};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A counter with a single writer.
#[derive(Default, Debug)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`; only the owner calls this.
    #[inline]
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }

    /// Sets the value; only the owner calls this.
    #[inline]
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    /// The value.
    #[inline]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Statistics of one command on one shard.
#[derive(Default, Debug)]
pub struct CommandStats {
    /// Finished calls.
    pub calls: Counter,
    /// Nanoseconds spent in them.
    pub nanos: Counter,
    /// Refused before running.
    pub rejected: Counter,
    /// Replied with an error.
    pub failed: Counter,
    /// Distribution of their durations.
    pub durations: Durations,
}

impl CommandStats {
    /// Adds one call's duration to the distribution.
    #[inline]
    pub fn record(&self, nanos: u64) {
        self.durations.record(nanos);
    }

    /// Forgets everything; only the owner calls this.
    fn reset(&self) {
        [&self.calls, &self.nanos, &self.rejected, &self.failed].iter().for_each(|counter| counter.set(0));
        self.durations.reset();
    }
}

/// Counters of one shard.
#[derive(Default, Debug)]
pub struct ShardStats {
    /// Per command, by [`crate::command::Command::id`].
    pub commands: Box<[CommandStats]>,
    /// Commands processed.
    pub processed: Counter,
    /// Connections accepted.
    pub connections: Counter,
    /// Connections refused because of `maxclients`.
    pub rejected_connections: Counter,
    /// Bytes received from clients.
    pub net_in: Counter,
    /// Bytes sent to clients.
    pub net_out: Counter,
    /// Error replies.
    pub errors: Counter,
    /// Error replies by their code.
    pub error_codes: ErrorCodes,
    /// Reads that found their key.
    pub hits: Counter,
    /// Reads that did not.
    pub misses: Counter,
    /// Keys removed because they expired.
    pub expired: Counter,
    /// Keys evicted.
    pub evicted: Counter,
    /// Changes to the dataset.
    pub dirty: Counter,
    /// Values freed in the background.
    pub lazyfreed: Counter,
    /// Bytes that this shard's connections take.
    pub client_bytes: Counter,
    /// Clients that this shard evicted, its own or others'.
    pub evicted_clients: Counter,
    /// Clients cut by their output buffer limit.
    pub output_limit_closed: Counter,
    /// Clients cut by their query buffer limit.
    pub query_limit_closed: Counter,
    /// Loop turns that did something.
    pub turns: Counter,
    /// Nanoseconds of those turns.
    pub turn_nanos: Counter,
    /// Nanoseconds of the time-limited expire cycle.
    pub expire_nanos: Counter,
    /// Expire cycles that ran out of time.
    pub expire_capped: Counter,
    /// Connections that are blocked or held back by a pause, at the moment.
    pub blocked_clients: Counter,
    /// Those whose wait has a time limit.
    pub in_timeout_table: Counter,
    /// Keys that clients wait for.
    pub blocking_keys: Counter,
    /// Keys whose deletion clients wait for.
    pub blocking_keys_on_nokey: Counter,
    /// Commands that were sent to another shard.
    pub remote: Counter,
    /// Keys and keys with expiry, per database.
    pub keys: Box<[DbStats]>,
}

/// Sizes of one database on one shard, published by its shard each cron and after each turn that changed it.
#[derive(Default, Debug)]
pub struct DbStats {
    /// Keys.
    pub keys: Counter,
    /// Keys with an expiry time.
    pub expires: Counter,
    /// Average of their times to live in milliseconds, an estimate.
    pub avg_ttl_ms: AtomicI64,
}

impl ShardStats {
    /// Zeroed counters for `commands` commands and `databases` databases.
    pub fn new(commands: usize, databases: usize) -> ShardStats {
        ShardStats {
            commands: (0..commands).map(|_| CommandStats::default()).collect(),
            keys: (0..databases).map(|_| DbStats::default()).collect(),
            ..ShardStats::default()
        }
    }

    /// Forgets what CONFIG RESETSTAT forgets: not the sizes of databases and not the changes since the last save. Only the
    /// owner calls this.
    pub fn reset(&self) {
        self.commands.iter().for_each(CommandStats::reset);
        self.error_codes.reset();
        for counter in [
            &self.processed,
            &self.connections,
            &self.rejected_connections,
            &self.net_in,
            &self.net_out,
            &self.errors,
            &self.hits,
            &self.misses,
            &self.expired,
            &self.evicted,
            &self.evicted_clients,
            &self.lazyfreed,
            &self.output_limit_closed,
            &self.query_limit_closed,
            &self.turns,
            &self.turn_nanos,
            &self.expire_nanos,
            &self.expire_capped,
            &self.remote,
        ] {
            counter.set(0);
        }
    }
}
