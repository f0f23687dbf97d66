//! INFO replication (server.c `genRedisInfoString`).

use super::{Facts, Lines};
use crate::replication::replica::LinkReport;

pub(super) fn write(facts: &Facts<'_>, lines: &mut Lines) {
    let view = facts.server.replication.view();
    let history = &view.history;
    lines.put("role", if view.link.is_some() { "slave" } else { "master" });
    if let Some(link) = &view.link {
        write_link(facts, link, history.offset, lines);
    }
    lines.put("connected_slaves", view.replicas.len());
    if facts.config.min_replicas_to_write > 0 && facts.config.min_replicas_max_lag_s > 0 {
        lines.put("min_slaves_good_slaves", facts.server.replication.good());
    }
    for (i, replica) in view.replicas.iter().enumerate() {
        lines.put(
            &format!("slave{i}"),
            format!(
                "ip={},port={},state={},offset={},lag={}",
                replica.ip, replica.port, replica.state, replica.offset, replica.lag_s
            ),
        );
    }
    lines.put("master_failover_state", view.failover);
    lines.put("master_replid", history.id.as_str());
    lines.put("master_replid2", history.id2_text());
    lines.put("master_repl_offset", history.offset);
    lines.put("second_repl_offset", history.second_offset);
    lines.put("repl_backlog_active", u8::from(history.backlog.is_some()));
    lines.put("repl_backlog_size", facts.config.repl_backlog_size);
    lines.put("repl_backlog_first_byte_offset", history.backlog.map_or(0, |backlog| backlog.first));
    lines.put("repl_backlog_histlen", history.kept_bytes());
}

fn write_link(facts: &Facts<'_>, link: &LinkReport, offset: u64, lines: &mut Lines) {
    let now_s = facts.now_ms / 1000;
    let since = |then: i64| now_s.saturating_sub(then).max(0);
    let offset = if link.is_known { offset } else { 1 };
    lines.put("master_host", &link.host);
    lines.put("master_port", link.port);
    lines.put("master_link_status", if link.is_up { "up" } else { "down" });
    lines.put("master_last_io_seconds_ago", link.last_io_s.map_or(-1, since));
    lines.put("master_sync_in_progress", u8::from(link.transfer.is_some()));
    lines.put("slave_read_repl_offset", offset + link.pending);
    lines.put("slave_repl_offset", offset);
    if let Some(transfer) = &link.transfer {
        let read = i64::try_from(transfer.read).unwrap_or(i64::MAX);
        let percent = if transfer.total > 0 { read as f64 / transfer.total as f64 * 100.0 } else { 0.0 };
        lines.put("master_sync_total_bytes", transfer.total);
        lines.put("master_sync_read_bytes", read);
        lines.put("master_sync_left_bytes", transfer.total - read);
        lines.put("master_sync_perc", format!("{percent:.2}"));
        lines.put("master_sync_last_io_seconds_ago", since(transfer.last_io_s));
    }
    if !link.is_up {
        lines.put("master_link_down_since_seconds", link.down_since_s.map_or(-1, since));
    }
    lines.put("slave_priority", facts.config.replica_priority);
    lines.put("slave_read_only", u8::from(facts.config.replica_read_only));
    lines.put("replica_announced", u8::from(facts.config.replica_announced));
}
