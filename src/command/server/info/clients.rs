//! INFO clients.

use super::{Facts, Lines};
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write(facts: &Facts<'_>, lines: &mut Lines) {
    let clients = facts.server.clients.snapshot();
    let most_in = clients.iter().map(|client| client.query_bytes.load(Relaxed)).max().unwrap_or(0);
    let most_out = clients.iter().map(|client| client.output_bytes.load(Relaxed)).max().unwrap_or(0);
    lines.put("connected_clients", clients.len());
    lines.put("cluster_connections", 0);
    lines.put("maxclients", facts.config.maxclients);
    lines.put("client_recent_max_input_buffer", most_in);
    lines.put("client_recent_max_output_buffer", most_out);
    // No command blocks yet.
    lines.put("blocked_clients", 0);
    lines.put("tracking_clients", facts.server.tracking.clients());
    lines.zero(&["clients_in_timeout_table", "total_blocking_keys", "total_blocking_keys_on_nokey"]);
}
