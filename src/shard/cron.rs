//! What a shard does without being asked: active expiry, publishing its counters, ending idle connections, and obeying
//! changes of the configuration.

use super::conn::{Conn, Hold};
use super::{CRON, Connection, Driver, Shard};
use crate::command::meta::flag;
use crate::command::{Args, Command, Note};
use crate::config::{Config, MaxmemoryPolicy};
use crate::data::Limits;
use crate::keyspace::{Policy, Store};
use std::sync::Arc;

/// Counters of a shard since they were last published.
#[derive(Default)]
pub struct Tally {
    /// Bytes received.
    pub net_in: u64,
    /// Bytes sent.
    pub net_out: u64,
    /// Commands sent to other shards.
    pub remote: u64,
    /// Connections cut by their output limit.
    pub output_limit_closed: u64,
    /// Connections cut by their query buffer limit.
    pub query_limit_closed: u64,
}

/// What of the configuration databases obey.
pub fn policy_of(config: &Config) -> Policy {
    Policy {
        lfu: matches!(config.maxmemory_policy, MaxmemoryPolicy::AllkeysLfu | MaxmemoryPolicy::VolatileLfu),
        lfu_log_factor: config.lfu_log_factor,
        lfu_decay_min: config.lfu_decay_time,
        lazy_expire: config.lazyfree_lazy_expire,
        lazy_evict: config.lazyfree_lazy_eviction,
        lazy_server_del: config.lazyfree_lazy_server_del,
        lazy_user_del: config.lazyfree_lazy_user_del,
        lazy_user_flush: config.lazyfree_lazy_user_flush,
        events: crate::keyspace::effective_events(config.notify_keyspace_events.0),
    }
}

/// Copies into a store what of the configuration it obeys.
pub fn apply_policy(store: &mut Store, config: &Config) {
    store.policy = policy_of(config);
    store.limits = limits(config, store.limits.list_plain_bytes);
}

/// Where encodings change, by the configuration. No directive says from how many bytes on a list's element is stored
/// plain: DEBUG does.
pub fn limits(config: &Config, list_plain_bytes: usize) -> Limits {
    let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Limits {
        list_node_size: config.list_max_listpack_size,
        list_compress_depth: config.list_compress_depth,
        list_plain_bytes,
        hash_entries: size(config.hash_max_listpack_entries),
        hash_value_bytes: size(config.hash_max_listpack_value),
        set_ints: size(config.set_max_intset_entries),
        set_entries: size(config.set_max_listpack_entries),
        set_value_bytes: size(config.set_max_listpack_value),
        zset_entries: size(config.zset_max_listpack_entries),
        zset_value_bytes: size(config.zset_max_listpack_value),
        stream_node_bytes: size(config.stream_node_max_bytes),
        stream_node_entries: usize::try_from(config.stream_node_max_entries).unwrap_or(0),
        hll_sparse_bytes: size(config.hll_sparse_max_bytes),
    }
}

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Runs ten times a second.
    pub(super) fn run_cron(&mut self) {
        self.next_cron_ns = self.time.mono_ns + u64::try_from(CRON.as_nanos()).unwrap_or(0);
        if self.server.switches.is_cron_paused() {
            return;
        }
        self.publish_counters();
        self.clients_stay = false;
        self.relieve_clients();
        self.end_idle();
        self.end_slow_readers();
        if let Some(ground) = self.seat.state() {
            ground.store.estimate_ttl();
        }
        if self.next_expire_ns == u64::MAX {
            self.run_expiry();
        }
        if self.server.paused(self.time.unix_ms).is_none() {
            self.release_paused();
        }
    }

    /// Ends connections that were idle for longer than `timeout` (timeout.c `clientsCronHandleTimeout`); once a second.
    fn end_idle(&mut self) {
        let timeout_ms = i64::from(self.config.timeout_s).saturating_mul(1000);
        if timeout_ms == 0 || self.time.unix_ms < self.next_idle_check_ms {
            return;
        }
        self.next_idle_check_ms = self.time.unix_ms + 1000;
        let now = self.time.unix_ms;
        let is_idle = |c: &Conn| {
            c.hold == Hold::None
                && now.saturating_sub(c.last_ms) > timeout_ms
                && c.session.as_ref().is_some_and(|s| !s.monitor && !s.subscribed)
        };
        let idle: Vec<usize> = self.conns.iter().filter(|(_, c)| is_idle(c)).map(|(key, _)| key).collect();
        for key in idle {
            crate::log!(Verbose, "Closing idle client");
            self.close(key);
        }
    }

    /// Looks again at connections above the soft output limit: a client that neither reads nor sends causes no turn that
    /// would (networking.c `closeClientOnOutputBufferLimitReached`, called from `clientsCron`).
    fn end_slow_readers(&mut self) {
        if self.config.client_output_buffer_limit.iter().all(|limit| limit.soft_bytes == 0) {
            return;
        }
        let slow: Vec<usize> =
            self.conns.iter().filter(|(_, c)| c.soft_since_ms != 0).map(|(key, _)| key).collect();
        for key in slow {
            self.check_output(key);
        }
    }

    /// Tells the store what changed in the configuration.
    pub(super) fn renew_policy(&mut self) {
        if self.policy_stale
            && let Some(ground) = self.seat.state()
        {
            apply_policy(&mut ground.store, &self.config);
            self.policy_stale = false;
        }
    }

    /// Lets the connections go on that wait for the end of a pause.
    pub(super) fn release_paused(&mut self) {
        for key in std::mem::take(&mut self.paused) {
            if self.conns.get(key).is_some_and(|c| c.hold == Hold::Pause) {
                self.release(key);
            }
        }
    }

    /// Notes about more than one connection.
    pub(super) fn cron_note(&mut self, note: Note) {
        match note {
            Note::Config => {
                self.config = self.server.config.load_full();
                // While the state is lent it cannot be told; the next turn that has it does.
                self.policy_stale = true;
                self.renew_policy();
                // Redis: config.c updateMaxmemory begins to evict at once.
                self.relieve();
                self.clients_stay = false;
                self.relieve_clients();
            }
            Note::Listen => self.listen_anew(),
            Note::ActiveExpire(on) => self.active_expire = on,
            Note::Evict => {
                self.server.begin_eviction(self.id);
                self.relieve();
            }
            _ => {}
        }
    }

    pub(super) fn count_turn(&mut self) {
        let nanos = self.meter.since_restart_ns();
        if let Some(stats) = self.server.stats.get(self.id) {
            stats.turns.add(1);
            stats.turn_nanos.add(nanos);
        }
    }

    fn publish_counters(&mut self) {
        let Some(stats) = self.server.stats.get(self.id) else { return };
        let tally = std::mem::take(&mut self.tally);
        stats.net_in.add(tally.net_in);
        stats.net_out.add(tally.net_out);
        stats.remote.add(tally.remote);
        stats.output_limit_closed.add(tally.output_limit_closed);
        stats.query_limit_closed.add(tally.query_limit_closed);
        let Some(ground) = self.seat.state() else { return };
        self.server.publish(self.id, &mut ground.store);
    }

    /// What MONITORs are shown of a command; `None` for those that are not shown.
    #[cold]
    pub(super) fn line_for_monitors(
        &self,
        key: usize,
        command: &'static Command,
        argv: Args<'_>,
    ) -> Option<Arc<[u8]>> {
        if command.row.meta.flags & (flag::SKIP_MONITOR | flag::ADMIN) != 0 {
            return None;
        }
        let session = self.conns.get(key)?.session.as_deref()?;
        Some(self.server.monitor_line(command, session, argv).into())
    }
}
