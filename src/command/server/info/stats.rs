//! INFO stats and INFO debug: counters summed over shards.

use super::{Facts, Lines};
use crate::acl::Reason;
use crate::pubsub::Kind;

const NS_PER_US: u64 = 1_000;
const NS_PER_MS: u64 = 1_000_000;

pub(super) fn write(facts: &Facts<'_>, lines: &mut Lines) {
    let rates = facts.server.sampler.rates();
    lines.put("total_connections_received", facts.sum(|s| &s.connections));
    lines.put("total_commands_processed", facts.sum(|s| &s.processed));
    lines.put("instantaneous_ops_per_sec", rates.commands);
    lines.put("total_net_input_bytes", facts.sum(|s| &s.net_in));
    lines.put("total_net_output_bytes", facts.sum(|s| &s.net_out));
    lines.zero(&["total_net_repl_input_bytes", "total_net_repl_output_bytes"]);
    lines.put_2("instantaneous_input_kbps", kib(rates.net_in));
    lines.put_2("instantaneous_output_kbps", kib(rates.net_out));
    lines.put_2("instantaneous_input_repl_kbps", 0.0);
    lines.put_2("instantaneous_output_repl_kbps", 0.0);
    lines.put("rejected_connections", facts.sum(|s| &s.rejected_connections));
    let synced = facts.server.replication.view().counters;
    lines.put("sync_full", synced.full);
    lines.put("sync_partial_ok", synced.partial_ok);
    lines.put("sync_partial_err", synced.partial_err);
    lines.put("expired_keys", facts.sum(|s| &s.expired));
    // Expired keys are found by their time, not by sampling: none is stale for longer than a cycle.
    lines.put_2("expired_stale_perc", 0.0);
    lines.put("expired_time_cap_reached_count", facts.sum(|s| &s.expire_capped));
    lines.put("expire_cycle_cpu_milliseconds", facts.sum(|s| &s.expire_nanos) / NS_PER_MS);
    lines.put("evicted_keys", facts.sum(|s| &s.evicted));
    lines.put("evicted_clients", facts.sum(|s| &s.evicted_clients));
    lines.zero(&["total_eviction_exceeded_time", "current_eviction_exceeded_time"]);
    lines.put("keyspace_hits", facts.sum(|s| &s.hits));
    lines.put("keyspace_misses", facts.sum(|s| &s.misses));
    let pubsub = &facts.server.pubsub;
    lines.put("pubsub_channels", pubsub.count(Kind::Channel));
    lines.put("pubsub_patterns", pubsub.pattern_count());
    lines.put("pubsubshard_channels", pubsub.count(Kind::Shard));
    lines.zero(&[
        "latest_fork_usec",
        "total_forks",
        "migrate_cached_sockets",
        "slave_expires_tracked_keys",
        "active_defrag_hits",
        "active_defrag_misses",
        "active_defrag_key_hits",
        "active_defrag_key_misses",
        "total_active_defrag_time",
        "current_active_defrag_time",
    ]);
    let tracking = &facts.server.tracking;
    lines.put("tracking_total_keys", tracking.keys());
    lines.put("tracking_total_items", tracking.items());
    lines.put("tracking_total_prefixes", tracking.prefix_count());
    let unexpected = facts.server.unexpected_errors.load(std::sync::atomic::Ordering::Relaxed);
    lines.put("unexpected_error_replies", unexpected);
    lines.put("total_error_replies", facts.sum(|s| &s.errors));
    lines.put("dump_payload_sanitizations", 0);
    loop_figures(facts, lines);
    let denied = |reason| facts.server.acl.denied(reason);
    lines.put("acl_access_denied_auth", denied(Reason::Auth));
    lines.put("acl_access_denied_cmd", denied(Reason::Command));
    lines.put("acl_access_denied_key", denied(Reason::Key));
    lines.put("acl_access_denied_channel", denied(Reason::Channel));
}

/// What shards read, wrote and turned.
fn loop_figures(facts: &Facts<'_>, lines: &mut Lines) {
    let rates = facts.server.sampler.rates();
    let turns = facts.sum(|s| &s.turns);
    // A turn that did something read what had come and sent what was due.
    lines.put("total_reads_processed", turns);
    lines.put("total_writes_processed", turns);
    lines.zero(&["io_threaded_reads_processed", "io_threaded_writes_processed"]);
    lines.put("client_query_buffer_limit_disconnections", facts.sum(|s| &s.query_limit_closed));
    lines.put("client_output_buffer_limit_disconnections", facts.sum(|s| &s.output_limit_closed));
    lines.zero(&["reply_buffer_shrinks", "reply_buffer_expands"]);
    lines.put("eventloop_cycles", turns);
    lines.put("eventloop_duration_sum", facts.sum(|s| &s.turn_nanos) / NS_PER_US);
    lines.put("eventloop_duration_cmd_sum", command_nanos(facts) / NS_PER_US);
    lines.put("instantaneous_eventloop_cycles_per_sec", rates.turns);
    lines.put("instantaneous_eventloop_duration_usec", rates.turn_us);
}

fn command_nanos(facts: &Facts<'_>) -> u64 {
    let all = facts.server.stats.iter().flat_map(|shard| shard.commands.iter());
    all.fold(0, |sum, command| sum.wrapping_add(command.nanos.get()))
}

/// Bytes as KiB.
#[expect(clippy::cast_precision_loss, reason = "two decimals are printed")]
fn kib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0
}

pub(super) fn debug(_: &Facts<'_>, lines: &mut Lines) {
    // There is no AOF, and shards do not keep these maxima.
    lines.zero(&[
        "eventloop_duration_aof_sum",
        "eventloop_duration_cron_sum",
        "eventloop_duration_max",
        "eventloop_cmd_per_cycle_max",
    ]);
}
