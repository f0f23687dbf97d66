//! INFO persistence: loading, saving, the append-only file.
//!
//! No process is forked, so nothing is copied on write. What stands under that name is what a snapshot takes beside the
//! dataset: records on their way to the disk.

use super::{Facts, Lines};
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write(facts: &Facts<'_>, lines: &mut Lines) {
    let loading = &facts.server.loading;
    lines.put("loading", u8::from(loading.is_on()));
    lines.put("async_loading", u8::from(loading.is_async()));
    let saving = &facts.server.saving;
    lines.put("current_cow_peak", saving.extra_peak.load(Relaxed));
    lines.put("current_cow_size", saving.extra_bytes.load(Relaxed));
    lines.put("current_cow_size_age", 0);
    let (done, total) = (saving.keys_done.load(Relaxed), saving.keys_total.load(Relaxed));
    lines.put_2("current_fork_perc", if total == 0 { 0.0 } else { done as f64 / total as f64 * 100.0 });
    lines.put("current_save_keys_processed", done);
    lines.put("current_save_keys_total", total);
    // What the caller did in this turn is published already.
    lines.put("rdb_changes_since_last_save", facts.server.changes_since_save());
    lines.put("rdb_bgsave_in_progress", u8::from(saving.is_in_progress()));
    lines.put("rdb_last_save_time", saving.last_save_s.load(Relaxed));
    lines.put("rdb_last_bgsave_status", if saving.has_failed() { "err" } else { "ok" });
    lines.put("rdb_last_bgsave_time_sec", saving.last_time_s.load(Relaxed));
    let since_s = saving.started_s.load(Relaxed);
    let taking_s = if saving.is_in_progress() { (facts.now_ms / 1000 - since_s).max(0) } else { -1 };
    lines.put("rdb_current_bgsave_time_sec", taking_s);
    lines.put("rdb_saves", saving.saves.load(Relaxed));
    lines.put("rdb_last_cow_size", saving.last_extra_peak.load(Relaxed));
    let (loaded, expired) = loading.keys();
    lines.put("rdb_last_load_keys_expired", expired);
    lines.put("rdb_last_load_keys_loaded", loaded);
    append_only(facts, lines);
    lines.zero(&["module_fork_in_progress", "module_fork_last_cow_size"]);
    append_only_sizes(facts, lines);
    if let Some(figures) = loading.figures(facts.now_ms / 1000) {
        lines.put("loading_start_time", figures.started_s);
        lines.put("loading_total_bytes", figures.total);
        lines.put("loading_rdb_used_mem", figures.rdb_used_mem);
        lines.put("loading_loaded_bytes", figures.loaded);
        lines.put_2("loading_loaded_perc", figures.percent);
        lines.put("loading_eta_seconds", figures.eta_s);
    }
}

fn append_only(facts: &Facts<'_>, lines: &mut Lines) {
    let aof = facts.server.appending.facts();
    lines.put("aof_enabled", u8::from(aof.is_enabled));
    lines.put("aof_rewrite_in_progress", u8::from(aof.is_rewriting));
    lines.put("aof_rewrite_scheduled", u8::from(aof.is_scheduled));
    lines.put("aof_last_rewrite_time_sec", aof.last_rewrite_s);
    let since_s = aof.rewrite_since_s;
    let taking_s = if since_s < 0 { -1 } else { (facts.now_ms / 1000 - since_s).max(0) };
    lines.put("aof_current_rewrite_time_sec", taking_s);
    lines.put("aof_last_bgrewrite_status", if aof.last_rewrite_failed { "err" } else { "ok" });
    lines.put("aof_rewrites", aof.rewrites);
    lines.put("aof_rewrites_consecutive_failures", aof.failures);
    lines.put("aof_last_write_status", if aof.error.is_some() { "err" } else { "ok" });
    lines.put("aof_last_cow_size", 0);
}

fn append_only_sizes(facts: &Facts<'_>, lines: &mut Lines) {
    let aof = facts.server.appending.facts();
    if aof.is_enabled {
        lines.put("aof_current_size", aof.current_size);
        lines.put("aof_base_size", aof.base_size);
        lines.put("aof_pending_rewrite", u8::from(aof.is_scheduled));
        lines.put("aof_buffer_length", aof.buffered);
        lines.put("aof_pending_bio_fsync", aof.pending_syncs);
        lines.put("aof_delayed_fsync", aof.delayed_syncs);
    }
}
