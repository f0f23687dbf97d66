//! INFO clients.

use super::{Facts, Lines};
use crate::observe::client_flag;
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write(facts: &Facts<'_>, lines: &mut Lines) {
    let clients = facts.server.clients.snapshot();
    let most_in = clients.iter().map(|client| client.query_bytes.load(Relaxed)).max().unwrap_or(0);
    let most_out = clients.iter().map(|client| client.output_bytes.load(Relaxed)).max().unwrap_or(0);
    // Replicas are counted apart (server.c `genRedisInfoString`).
    let is_ordinary = |flags: u32| flags & client_flag::REPLICA == 0;
    let ordinary = clients.iter().filter(|client| is_ordinary(client.flags.load(Relaxed))).count();
    lines.put("connected_clients", ordinary);
    lines.put("cluster_connections", 0);
    lines.put("maxclients", facts.config.maxclients);
    lines.put("client_recent_max_input_buffer", most_in);
    lines.put("client_recent_max_output_buffer", most_out);
    lines.put("blocked_clients", facts.sum(|shard| &shard.blocked_clients));
    lines.put("tracking_clients", facts.server.tracking.clients());
    lines.put("clients_in_timeout_table", facts.sum(|shard| &shard.in_timeout_table));
    lines.put("total_blocking_keys", facts.sum(|shard| &shard.blocking_keys));
    lines.put("total_blocking_keys_on_nokey", facts.sum(|shard| &shard.blocking_keys_on_nokey));
}
