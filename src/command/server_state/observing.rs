//! What the server notes of the commands it runs: slow ones, latency spikes, errors, lines for MONITORs, rates.
//!
//! The loop calls these around a command. All but `slow_ns` and `feed_monitors` are off the path of an ordinary command.

use super::{Note, Server};
use crate::base::args::repr;
use crate::base::{alloc, clock};
use crate::command::meta::flag;
use crate::command::redact::redacted;
use crate::command::{Args, Command, Session};
use crate::config::Config;
use crate::keyspace::Store;
use crate::observe::client_flag;
use crate::observe::rates::Counts;
use crate::observe::slowlog::{SlowEntry, shorten};
use std::io::Write as _;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

const NS_PER_US: u64 = 1_000;
const NS_PER_MS: u64 = 1_000_000;

/// A line for MONITORs: time, source, words.
fn monitor_line<W: AsRef<[u8]>>(source: &str, words: &[W]) -> Vec<u8> {
    let now_us = clock::now_us();
    let mut line = Vec::with_capacity(64 + words.iter().map(|word| word.as_ref().len() + 3).sum::<usize>());
    // Writing to a Vec cannot fail.
    let _ = write!(line, "+{}.{:06} [{source}]", now_us / 1_000_000, now_us % 1_000_000);
    for word in words {
        line.push(b' ');
        line.extend_from_slice(repr(word.as_ref()).as_bytes());
    }
    line.extend_from_slice(b"\r\n");
    line
}

impl Server {
    /// Takes over what of the configuration this state obeys; `Server::set_config` calls it for every change.
    pub(super) fn obey(&self, config: &Config) {
        let slow = u64::try_from(config.slowlog_log_slower_than).ok().filter(|_| config.slowlog_max_len > 0);
        let slow_ns = slow.map_or(u64::MAX, |micros| micros.saturating_mul(NS_PER_US));
        let spike_ms = u64::try_from(config.latency_monitor_threshold).unwrap_or(0);
        let spike_ns = if spike_ms == 0 { u64::MAX } else { spike_ms.saturating_mul(NS_PER_MS) };
        self.slowlog_ns.store(slow_ns, Relaxed);
        self.spike_ns.store(spike_ns, Relaxed);
        self.slow_ns.store(slow_ns.min(spike_ns), Relaxed);
        self.set_client_limit(config);
        for command in self.stats.iter().flat_map(|shard| shard.commands.iter()) {
            command.durations.switch(config.latency_tracking);
        }
    }

    /// Nanoseconds from which on a command is noted: the lower of `slowlog-log-slower-than` and
    /// `latency-monitor-threshold`; `u64::MAX` when neither notes any.
    #[inline]
    pub fn slow_ns(&self) -> u64 {
        self.slow_ns.load(Relaxed)
    }

    /// Notes a slow command of client `client`, in the slow log, as a latency spike or both (server.c `call`).
    #[cold]
    pub fn slow_command(&self, command: &Command, argv: Args<'_>, nanos: u64, client: u64) {
        let now_s = clock::now_ms() / 1000;
        let meta = command.row.meta;
        if nanos >= self.spike_ns.load(Relaxed) {
            let event = if meta.has(flag::FAST) { "fast-command" } else { "command" };
            self.latency.add(event, now_s, nanos / NS_PER_MS);
        }
        if nanos < self.slowlog_ns.load(Relaxed) || meta.has(flag::SKIP_SLOWLOG) {
            return;
        }
        let (addr, name) =
            self.clients.get(client).map(|c| (c.addr.clone(), c.labels().name)).unwrap_or_default();
        let entry = SlowEntry {
            id: 0,
            time_s: now_s,
            micros: i64::try_from(nanos / NS_PER_US).unwrap_or(i64::MAX),
            words: shorten(&redacted(command, argv)),
            addr,
            name,
        };
        let max_len = usize::try_from(self.config.load().slowlog_max_len).unwrap_or(usize::MAX);
        self.slowlog.push(entry, max_len);
    }

    /// Notes that something other than a command took `ms` milliseconds, if `latency-monitor-threshold` asks for that
    /// (latency.h `latencyAddSampleIfNeeded`). Events: `expire-cycle`, `expire-del`, `eviction-cycle`, `eviction-del`, …
    pub fn latency_event(&self, event: &'static str, ms: u64) {
        if ms.saturating_mul(NS_PER_MS) >= self.spike_ns.load(Relaxed) {
            self.latency.add(event, clock::now_ms() / 1000, ms);
        }
    }

    /// Counts an error reply (`-CODE text`) on `shard`; only that shard's thread calls this.
    #[cold]
    pub fn error_reply(&self, shard: usize, reply: &[u8]) {
        if let Some(stats) = self.stats.get(shard) {
            stats.errors.add(1);
            stats.error_codes.count(reply);
        }
    }

    /// Sends a command's line, made by [`Server::monitor_line`], to all MONITORs (replication.c `replicationFeedMonitors`).
    #[cold]
    pub fn feed_monitors(&self, line: &Arc<[u8]>) {
        let list = self.monitor_list.lock().unwrap_or_else(PoisonError::into_inner);
        for &(id, shard) in list.iter() {
            self.post(shard, Note::Push(id, line.clone()));
        }
    }

    /// `+1700000000.123456 [0 127.0.0.1:1234] "set" "k" "v"` with its line end.
    pub fn monitor_line(&self, command: &Command, session: &Session, argv: Args<'_>) -> Vec<u8> {
        // The session may be a stand-in for a connection of another shard, of which it knows little.
        let known = self.clients.get(session.id);
        let info = known.as_ref().unwrap_or(&session.info);
        let source = if info.flags.load(Relaxed) & client_flag::UNIX_SOCKET != 0 {
            let config = self.config.load();
            format!("{} unix:{}", session.db, config.unixsocket.as_deref().unwrap_or_default())
        } else {
            format!("{} {}", session.db, info.addr)
        };
        monitor_line(&source, &redacted(command, argv))
    }

    /// The same for a command that a script runs.
    pub fn monitor_line_of_script(&self, command: &Command, db: usize, argv: Args<'_>) -> Vec<u8> {
        monitor_line(&format!("{db} lua"), &redacted(command, argv))
    }

    /// A connection became a MONITOR.
    pub fn monitor_joined(&self, id: u64, shard: usize) {
        let mut list = self.monitor_list.lock().unwrap_or_else(PoisonError::into_inner);
        list.push((id, shard));
        self.monitors.store(list.len(), Relaxed);
        // A shard decides once a turn whether to look at each command: wake those that sleep.
        (0..self.shards).for_each(|shard| self.wake(shard));
    }

    /// A MONITOR's connection ended, or it ceased to be one.
    pub fn monitor_left(&self, id: u64) {
        let mut list = self.monitor_list.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|&(known, _)| known != id);
        self.monitors.store(list.len(), Relaxed);
    }

    /// Publishes what the store of `shard` counted since the last time, and its sizes; only that shard's thread calls this.
    pub fn publish(&self, shard: usize, store: &mut Store) {
        let Some(stats) = self.stats.get(shard) else { return };
        let counts = std::mem::take(&mut store.stats);
        stats.hits.add(counts.hits);
        stats.misses.add(counts.misses);
        stats.expired.add(counts.expired);
        stats.evicted.add(counts.evicted);
        stats.dirty.add(counts.dirty);
        stats.lazyfreed.add(counts.lazyfreed);
        for (db, of_db) in store.dbs.iter().zip(&stats.keys) {
            of_db.keys.set(db.table.len() as u64);
            of_db.expires.set(db.table.expires_len() as u64);
            of_db.avg_ttl_ms.store(db.avg_ttl_ms, Relaxed);
        }
    }

    /// Takes a sample for `instantaneous_*` and the peak of memory: the control core calls it about every 100 ms.
    pub fn sample(&self) {
        self.forget_past_pause(clock::now_ms());
        let used = alloc::used_memory();
        self.note_peak(used);
        // Later samples find the figure of the first and leave it.
        let _ = self.startup_memory.compare_exchange(0, used, Relaxed, Relaxed);
        let sum = |counter: fn(&crate::observe::ShardStats) -> &crate::observe::Counter| {
            self.stats.iter().fold(0_u64, |sum, shard| sum.wrapping_add(counter(shard).get()))
        };
        self.sampler.sample(Counts {
            time_us: clock::mono_ns() / NS_PER_US,
            commands: sum(|s| &s.processed),
            net_in: sum(|s| &s.net_in),
            net_out: sum(|s| &s.net_out),
            turns: sum(|s| &s.turns),
            turns_us: sum(|s| &s.turn_nanos) / NS_PER_US,
        });
    }

    /// Resets what CONFIG RESETSTAT resets beside the shards' counters (server.c `resetServerStats`).
    pub fn reset_shared_stats(&self) {
        self.sampler.reset();
    }

    /// Raises the peak of memory to `used` bytes. Returns the peak.
    pub fn note_peak(&self, used: usize) -> usize {
        self.peak_memory.fetch_max(used, Relaxed).max(used)
    }
}

#[cfg(test)]
mod tests;
