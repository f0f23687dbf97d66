//! INFO replication: a primary that feeds no replica and keeps no backlog yet.

use super::{Facts, Lines};

/// `master_replid2` while there never was another primary.
const NO_REPLID: &str = "0000000000000000000000000000000000000000";

pub(super) fn write(facts: &Facts<'_>, lines: &mut Lines) {
    lines.put("role", "master");
    lines.put("connected_slaves", 0);
    lines.put("master_failover_state", "no-failover");
    lines.put("master_replid", facts.server.repl_id.load().as_str());
    lines.put("master_replid2", NO_REPLID);
    lines.put("master_repl_offset", 0);
    lines.put("second_repl_offset", -1);
    lines.put("repl_backlog_active", 0);
    lines.put("repl_backlog_size", facts.config.repl_backlog_size);
    lines.zero(&["repl_backlog_first_byte_offset", "repl_backlog_histlen"]);
}
