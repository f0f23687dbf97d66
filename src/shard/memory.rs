//! Memory and time: eviction below `maxmemory`, active expiry, both in bounded steps between commands; eviction of clients
//! below `maxmemory-clients`.

use super::{Connection, Driver, Shard};
use crate::base::{alloc, clock};
use crate::command::Note;
use crate::keyspace::pressure::{Pressure, Relief, time_limit_us};
use crate::keyspace::{Eviction, expire};
use crate::observe::log;
use std::sync::atomic::Ordering;

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Evicts this shard's share of what is over `maxmemory` and wakes the shard that holds the most. `false`: memory is
    /// over the limit and nothing may go anywhere.
    pub(super) fn relieve(&mut self) -> bool {
        let leaves_it = self.config.replica_ignore_maxmemory && self.server.replication.is_replica();
        if leaves_it || self.server.paused(self.time.unix_ms).is_some() || self.server.loading.is_on() {
            // The master evicts for its replicas. Keys stay as they are while writes are held back or a dataset is loaded (evict.c `performEvictions`,
            // `isSafeToPerformEvictions`).
            return true;
        }
        let limit = self.config.maxmemory;
        let used = alloc::used_memory() as u64;
        if limit == 0 || used <= limit {
            return true;
        }
        let policy = Eviction::from_name(self.config.maxmemory_policy.as_str()).unwrap_or_default();
        let Some(ground) = self.seat.state() else { return true };
        let mut evictable: Vec<u64> = self
            .server
            .stats
            .iter()
            .map(|s| {
                let of_db = |d: &crate::observe::DbStats| match policy {
                    Eviction::None => 0,
                    p if p.is_volatile() => d.expires.get(),
                    _ => d.keys.get(),
                };
                s.keys.iter().map(of_db).sum()
            })
            .collect();
        if let Some(mine) = evictable.get_mut(self.id) {
            *mine = ground.store.evictable(policy);
        }
        match (Pressure { used, limit, evictable: &evictable, shard: self.id }).relieve() {
            Relief::Below => true,
            Relief::Refuse => false,
            Relief::Evict { bytes, wake } => {
                if bytes > 0 {
                    ground.store.tracking.caller = 0;
                    let samples = usize::try_from(self.config.maxmemory_samples).unwrap_or(5);
                    let (start, limit_us) =
                        (clock::ticks(), time_limit_us(self.config.maxmemory_eviction_tenacity));
                    let out_of_time = || {
                        limit_us.is_some_and(|us| {
                            clock::ticks_to_ns(clock::ticks() - start) > us * clock::NS_PER_US
                        })
                    };
                    let report = ground.store.evict(policy, samples, bytes, out_of_time);
                    let spent_ms = clock::ticks_to_ns(clock::ticks() - start) / clock::NS_PER_MS;
                    self.server.latency_event("eviction-cycle", spent_ms);
                    self.over_limit = !report.exhausted && report.bytes < bytes;
                }
                if let Some(shard) = wake {
                    self.server.ask_eviction(shard);
                }
                true
            }
        }
    }

    /// Ends clients while all together take more than `maxmemory-clients`, the largest first (networking.c `evictClients`).
    ///
    /// The sum of the shards' counts says whether there is anything to do. It still holds clients that are being ended, so
    /// who finds it too high adds up the registry, which does not.
    pub(super) fn relieve_clients(&mut self) {
        let limit = self.server.client_limit();
        let counted =
            || self.server.stats.iter().fold(0_u64, |sum, s| sum.wrapping_add(s.client_bytes.get()));
        if limit == 0 || self.clients_stay || counted() < limit {
            return;
        }
        let (victims, enough) = self.server.choose_clients(limit);
        // Whoever is left may not be ended; the cron looks again.
        self.clients_stay = !enough;
        for client in victims {
            log::notice(&format!(
                "Evicting client: id={} addr={} tot-mem={}",
                client.id,
                client.addr,
                client.memory()
            ));
            if let Some(stats) = self.server.stats.get(self.id) {
                stats.evicted_clients.add(1);
            }
            match self.by_id.get(&client.id) {
                Some(&key) => self.close(key),
                None => self.server.post(client.shard, Note::Close(client.id)),
            }
        }
    }

    /// Counts a large request that is about to run. `true`: its client is too large with it and was ended (networking.c
    /// `processInputBuffer`, server.c `processCommand`).
    #[cold]
    pub(super) fn is_too_heavy(&mut self, key: usize, bytes: usize) -> bool {
        let Some(conn) = self.conns.get(key).filter(|_| self.server.client_limit() > 0) else { return false };
        conn.info.query_bytes.store(0, Ordering::Relaxed);
        conn.info.query_free.store(0, Ordering::Relaxed);
        conn.info.argv_bytes.store(bytes, Ordering::Relaxed);
        self.recount(key);
        self.touch(key);
        self.relieve_clients();
        !self.conns.get(key).is_some_and(|conn| conn.end.executes())
    }

    /// Goes on with an eviction that ran out of time. After a turn that changed keys it begins one, so that other
    /// shards, which may hold the keys to evict, have begun before the next command is looked at.
    pub(super) fn go_on_evicting(&mut self) {
        let grew =
            self.config.maxmemory > 0 && self.seat.state().is_some_and(|ground| ground.store.stats.dirty > 0);
        if std::mem::take(&mut self.over_limit) || grew {
            self.relieve();
        }
    }

    /// Removes keys that are due, for at most the budget of a turn; if there are more, goes on after a pause.
    pub(super) fn run_expiry(&mut self) {
        let effort = self.config.active_expire_effort;
        // Redis runs no cron while it loads: a log of commands finds the keys that it speaks of.
        let paused = self.server.paused(self.time.unix_ms).is_some()
            || self.server.loading.is_on()
            // The master says what has expired (expire.c `activeExpireCycle`).
            || self.server.replication.is_replica();
        let Some(ground) = self.seat.state() else { return };
        ground.store.tracking.caller = 0;
        if !self.active_expire || paused {
            self.next_expire_ns = u64::MAX;
            return;
        }
        let budget_ns = expire::turn_budget_us(effort) * clock::NS_PER_US;
        let start = clock::ticks();
        let spent = || clock::ticks_to_ns(clock::ticks().saturating_sub(start));
        let report = ground.store.expire_cycle(effort, || spent() > budget_ns);
        let spent_ns = spent();
        if report.more {
            let pause = expire::pause_after_us(spent_ns / clock::NS_PER_US, effort) * clock::NS_PER_US;
            self.next_expire_ns = self.time.mono_ns + spent_ns + pause;
        } else {
            // The cron looks again.
            self.next_expire_ns = u64::MAX;
        }
        self.server.latency_event("expire-cycle", spent_ns / clock::NS_PER_MS);
        if let Some(stats) = self.server.stats.get(self.id) {
            stats.expire_nanos.add(spent_ns);
            stats.expire_capped.add(u64::from(report.more));
        }
    }
}
