//! INFO: which sections, and that no field of Redis is missing.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::memory::human;
use crate::command::testing::{Fixture, run};

/// Fields of Redis 7.2 by section (server.c `genRedisInfoString`), for a server without persistence and replicas. Those of
/// `loading_*`, `aof_*` while a file is open and the like appear only in states that do not exist here.
const FIELDS: &[(&str, &str)] = &[
    (
        "server",
        "redis_version redis_git_sha1 redis_git_dirty redis_build_id redis_mode os arch_bits monotonic_clock \
         multiplexing_api atomicvar_api gcc_version process_id process_supervised run_id tcp_port server_time_usec \
         uptime_in_seconds uptime_in_days hz configured_hz lru_clock executable config_file io_threads_active listener0",
    ),
    (
        "clients",
        "connected_clients cluster_connections maxclients client_recent_max_input_buffer client_recent_max_output_buffer \
         blocked_clients tracking_clients clients_in_timeout_table total_blocking_keys total_blocking_keys_on_nokey",
    ),
    (
        "memory",
        "used_memory used_memory_human used_memory_rss used_memory_rss_human used_memory_peak used_memory_peak_human \
         used_memory_peak_perc used_memory_overhead used_memory_startup used_memory_dataset used_memory_dataset_perc \
         allocator_allocated allocator_active allocator_resident total_system_memory total_system_memory_human \
         used_memory_lua used_memory_vm_eval used_memory_lua_human used_memory_scripts_eval number_of_cached_scripts \
         number_of_functions number_of_libraries used_memory_vm_functions used_memory_vm_total \
         used_memory_vm_total_human used_memory_functions used_memory_scripts used_memory_scripts_human maxmemory \
         maxmemory_human maxmemory_policy allocator_frag_ratio allocator_frag_bytes allocator_rss_ratio \
         allocator_rss_bytes rss_overhead_ratio rss_overhead_bytes mem_fragmentation_ratio mem_fragmentation_bytes \
         mem_not_counted_for_evict mem_replication_backlog mem_total_replication_buffers mem_clients_slaves \
         mem_clients_normal mem_cluster_links mem_aof_buffer mem_allocator active_defrag_running \
         lazyfree_pending_objects lazyfreed_objects",
    ),
    (
        "persistence",
        "loading async_loading current_cow_peak current_cow_size current_cow_size_age current_fork_perc \
         current_save_keys_processed current_save_keys_total rdb_changes_since_last_save rdb_bgsave_in_progress \
         rdb_last_save_time rdb_last_bgsave_status rdb_last_bgsave_time_sec rdb_current_bgsave_time_sec rdb_saves \
         rdb_last_cow_size rdb_last_load_keys_expired rdb_last_load_keys_loaded aof_enabled aof_rewrite_in_progress \
         aof_rewrite_scheduled aof_last_rewrite_time_sec aof_current_rewrite_time_sec aof_last_bgrewrite_status \
         aof_rewrites aof_rewrites_consecutive_failures aof_last_write_status aof_last_cow_size \
         module_fork_in_progress module_fork_last_cow_size",
    ),
    (
        "stats",
        "total_connections_received total_commands_processed instantaneous_ops_per_sec total_net_input_bytes \
         total_net_output_bytes total_net_repl_input_bytes total_net_repl_output_bytes instantaneous_input_kbps \
         instantaneous_output_kbps instantaneous_input_repl_kbps instantaneous_output_repl_kbps rejected_connections \
         sync_full sync_partial_ok sync_partial_err expired_keys expired_stale_perc expired_time_cap_reached_count \
         expire_cycle_cpu_milliseconds evicted_keys evicted_clients total_eviction_exceeded_time \
         current_eviction_exceeded_time keyspace_hits keyspace_misses pubsub_channels pubsub_patterns \
         pubsubshard_channels latest_fork_usec total_forks migrate_cached_sockets slave_expires_tracked_keys \
         active_defrag_hits active_defrag_misses active_defrag_key_hits active_defrag_key_misses \
         total_active_defrag_time current_active_defrag_time tracking_total_keys tracking_total_items \
         tracking_total_prefixes unexpected_error_replies total_error_replies dump_payload_sanitizations \
         total_reads_processed total_writes_processed io_threaded_reads_processed io_threaded_writes_processed \
         reply_buffer_shrinks reply_buffer_expands eventloop_cycles eventloop_duration_sum eventloop_duration_cmd_sum \
         instantaneous_eventloop_cycles_per_sec instantaneous_eventloop_duration_usec acl_access_denied_auth \
         acl_access_denied_cmd acl_access_denied_key acl_access_denied_channel",
    ),
    (
        "replication",
        "role connected_slaves master_failover_state master_replid master_replid2 master_repl_offset \
         second_repl_offset repl_backlog_active repl_backlog_size repl_backlog_first_byte_offset repl_backlog_histlen",
    ),
    (
        "cpu",
        "used_cpu_sys used_cpu_user used_cpu_sys_children used_cpu_user_children used_cpu_sys_main_thread \
         used_cpu_user_main_thread",
    ),
    ("cluster", "cluster_enabled"),
    (
        "debug",
        "eventloop_duration_aof_sum eventloop_duration_cron_sum eventloop_duration_max eventloop_cmd_per_cycle_max",
    ),
];

/// The text of an INFO, without the head of the bulk string.
fn info(f: &mut Fixture, words: &[&str]) -> String {
    let argv: Vec<&str> = std::iter::once("INFO").chain(words.iter().copied()).collect();
    let reply = run(f, &argv);
    reply.split_once("\r\n").unwrap().1.strip_suffix("\r\n").unwrap().to_owned()
}

fn titles(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("# ")).collect()
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

#[test]
fn every_field_of_redis_is_there_in_its_order() {
    let f = &mut Fixture::new();
    for (section, fields) in FIELDS {
        let text = info(f, &[section]);
        let names: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once(':')?.0)).collect();
        let mut from = 0;
        for field in fields.split_whitespace() {
            let at = names.iter().skip(from).position(|name| *name == field);
            from +=
                at.unwrap_or_else(|| panic!("{field} is missing or out of order in {section}:\n{text}")) + 1;
        }
        assert!(text.lines().all(|line| line.starts_with("# ") || line.contains(':')), "{text}");
    }
}

#[test]
fn sections_are_chosen_as_redis_chooses_them() {
    let f = &mut Fixture::new();
    let default =
        "Server Clients Memory Persistence Stats Replication CPU Modules Errorstats Cluster Keyspace";
    assert_eq!(titles(&info(f, &[])).join(" "), default);
    assert_eq!(titles(&info(f, &["default"])).join(" "), default);
    let all = "Server Clients Memory Persistence Stats Replication CPU Modules Commandstats Errorstats Latencystats \
               Cluster Keyspace Shards";
    assert_eq!(titles(&info(f, &["all"])).join(" "), all);
    assert_eq!(titles(&info(f, &["everything"])).join(" "), all);
    assert_eq!(titles(&info(f, &["Keyspace", "cpu", "cpu"])), ["CPU", "Keyspace"]);
    assert_eq!(titles(&info(f, &["default", "debug"])).len(), 12);
    assert_eq!(info(f, &["nothing"]), "");
    assert_eq!(info(f, &["cluster", "keyspace"]), "# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\n");
}

#[test]
fn keyspace_tells_of_what_the_caller_just_wrote() {
    let f = &mut Fixture::new();
    run(f, &["SET", "a", "1"]);
    run(f, &["SET", "b", "1", "PX", "5000"]);
    run(f, &["SELECT", "3"]);
    run(f, &["SET", "c", "1"]);
    let text = info(f, &["keyspace"]);
    assert_eq!(field(&text, "db0"), Some("keys=2,expires=1,avg_ttl=0"));
    assert_eq!(field(&text, "db3"), Some("keys=1,expires=0,avg_ttl=0"));
    assert_eq!(field(&info(f, &["persistence"]), "rdb_changes_since_last_save"), Some("3"));
}

#[test]
fn errors_are_counted_by_code_over_shards() {
    let f = &mut Fixture::sharded(2);
    f.server.error_reply(0, b"-ERR a\r\n");
    f.server.error_reply(1, b"-ERR b\r\n");
    f.server.error_reply(1, b"-WRONG:TYPE b\r\n");
    let text = info(f, &["errorstats", "stats"]);
    assert_eq!(field(&text, "errorstat_ERR"), Some("count=2"));
    assert_eq!(field(&text, "errorstat_WRONG_TYPE"), Some("count=1"));
    assert_eq!(field(&text, "total_error_replies"), Some("3"));
}

#[test]
fn sizes_have_units() {
    assert_eq!(human(0), "0B");
    assert_eq!(human(1023), "1023B");
    assert_eq!(human(1024), "1.00K");
    assert_eq!(human(1536 * 1024), "1.50M");
    assert_eq!(human((1 << 30) - 1), "1024.00M");
    assert_eq!(human(5 << 40), "5.00T");
    assert_eq!(human(usize::MAX), "16384.00P");
}
