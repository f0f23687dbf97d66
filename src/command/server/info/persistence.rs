//! INFO persistence: a server that saves nothing yet.

use super::{Facts, Lines};

pub(super) fn write(facts: &Facts<'_>, lines: &mut Lines) {
    let loading = &facts.server.loading;
    lines.put("loading", u8::from(loading.is_on()));
    lines.put("async_loading", u8::from(loading.is_async()));
    lines.zero(&["current_cow_peak", "current_cow_size", "current_cow_size_age"]);
    lines.put_2("current_fork_perc", 0.0);
    lines.zero(&["current_save_keys_processed", "current_save_keys_total"]);
    lines.put("rdb_changes_since_last_save", facts.sum(|s| &s.dirty));
    lines.put("rdb_bgsave_in_progress", 0);
    lines.put("rdb_last_save_time", facts.server.start_ms / 1000);
    lines.put("rdb_last_bgsave_status", "ok");
    lines.put("rdb_last_bgsave_time_sec", -1);
    lines.put("rdb_current_bgsave_time_sec", -1);
    lines.zero(&["rdb_saves", "rdb_last_cow_size"]);
    let (loaded, expired) = loading.keys();
    lines.put("rdb_last_load_keys_expired", expired);
    lines.put("rdb_last_load_keys_loaded", loaded);
    lines.zero(&["aof_enabled", "aof_rewrite_in_progress", "aof_rewrite_scheduled"]);
    lines.put("aof_last_rewrite_time_sec", -1);
    lines.put("aof_current_rewrite_time_sec", -1);
    lines.put("aof_last_bgrewrite_status", "ok");
    lines.zero(&["aof_rewrites", "aof_rewrites_consecutive_failures"]);
    lines.put("aof_last_write_status", "ok");
    lines.zero(&["aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size"]);
    if let Some(figures) = loading.figures(facts.now_ms / 1000) {
        lines.put("loading_start_time", figures.started_s);
        lines.put("loading_total_bytes", figures.total);
        lines.put("loading_rdb_used_mem", figures.rdb_used_mem);
        lines.put("loading_loaded_bytes", figures.loaded);
        lines.put_2("loading_loaded_perc", figures.percent);
        lines.put("loading_eta_seconds", figures.eta_s);
    }
}
