//! The table: one row per directive of Redis 7.2, and Shoal's own.
//!
//! A row reads: description, `name | alias => field: type = default, kind, [flags], status`. Names, defaults,
//! bounds and flags are those of Redis 7.2 (config.c `static_configs`); a test against a running Redis holds
//! them. Rows stand in the order in which CONFIG GET, REWRITE and the manual print them.

use super::checks;
use super::choices::*;
use super::directive::Status::{self, Accepted, Implemented};
use super::directive::{Directive, Flags, directives};
use super::kind::{Kind, any, bytes, bytes_or_percent, int, octal};
use super::special::{ClassLimit, EventClasses, MemoryLimit, Primary, SavePoint, ShutdownFlags};
use super::value::Cell;

/// Largest C `int`, the bound of many of Redis's settings.
const INT: i64 = i32::MAX as i64;

/// Largest C `long`, the bound of most of Redis's byte counts.
const LONG: i128 = i64::MAX as i128;

/// Limits of the three client classes. Redis: config.c `clientBufferLimitsDefaults`.
pub(super) const OUTPUT_LIMITS: [ClassLimit; 3] = [
    ClassLimit::new(0, 0, 0),
    ClassLimit::new(256 << 20, 64 << 20, 60),
    ClassLimit::new(32 << 20, 8 << 20, 60),
];

/// Save points when a file names none. Redis: server.c `initServerConfig`.
const SAVE_POINTS: [SavePoint; 3] = [
    SavePoint { seconds: 3600, changes: 1 },
    SavePoint { seconds: 300, changes: 100 },
    SavePoint { seconds: 60, changes: 10_000 },
];

/// The directory in which the process was started. The loader puts its absolute path here.
pub(super) const DEFAULT_DIR: &str = ".";

const SANITIZED: Status = Accepted("every payload and every file is checked in full, whoever it comes from");
const SHUTDOWN_WAIT: Status = Accepted("a shutdown does not wait for replicas that lag behind");
const NODELAY: Status =
    Accepted("connections of replicas keep TCP_NODELAY: the stream is sent in large pieces anyway");
const DISKLESS_LOAD: Status =
    Accepted("a full copy goes to a temporary file and is loaded from there, as with `disabled`");
const DISK_ERRORS: Status = Accepted("a replica goes on applying its master's stream when the disk fails");
const PROPAGATION: Status =
    Accepted("a replica logs what fails of its master's stream and goes on, as with `ignore`");
const CLUSTER: Status = Accepted("cluster mode is not built yet: the server runs alone and owns every slot");
const TLS: Status = Accepted("TLS is not built yet: connections are plain TCP");
pub(super) const MODULES: Status = Accepted("modules are shared objects made for Redis; none can be loaded");
const COMPRESS: Status = Accepted("nodes of a list are packed but not compressed");
const IO_THREADS: Status =
    Accepted("every shard serves its own sockets; the directive `shards` sets their number");
const DEFRAG: Status = Accepted("values are not moved after the fact; the allocator reuses pages per thread");
const ALLOCATOR: Status = Accepted("the allocator is not jemalloc and has no background thread");
const REHASH: Status = Accepted("tables grow one segment at a time with the write that needs it");
const NO_CHILD: Status = Accepted("nothing is forked, so there is no child process to place");
const TEN_HZ: Status = Accepted(
    "each shard's periodic work runs ten times a second, and expiry goes on in between while there is much to expire",
);
const MEMCHECK: Status = Accepted("memory is not tested after a crash");
const WATCHDOG: Status = Accepted("no watchdog runs; LATENCY and SLOWLOG show what was slow");
const PANIC: Status = Accepted("a fatal error always aborts, so that the kernel can keep a core file");
const COLLATE: Status = Accepted("text is compared byte by byte");
const WARNINGS: Status = Accepted("no start-up warning of Shoal's stops the server");

directives! {
    section "Shards" {
        /// Number of shards, each a thread that owns a range of slots; 0 takes every CPU the process may use.
        "shards" => shards: u32 = 0, int(0, 255), [IMMUTABLE, HIDDEN], Implemented;
        /// Microseconds for which a shard that has run out of work looks for more before it sleeps.
        "shard-spin-us" => shard_spin_us: u32 = 0, int(0, 1_000_000), [], Implemented;
        /// Ties every shard to one CPU of the set the process may use.
        "shard-pin" => shard_pin: bool = true, Kind::Bool, [IMMUTABLE, HIDDEN], Implemented;
    }

    section "Network" {
        /// Addresses to listen on; `*` is any, and one that starts with `-` may be missing on this machine.
        "bind" =>
            bind: Vec<String> = vec!["*".to_owned(), "-::*".to_owned()], Kind::Bind, [MULTI], Implemented;
        /// TCP port; 0 opens none.
        "port" => port: u16 = 6379, int(0, 65535), [], Implemented;
        /// Without a password, serves clients of this machine only.
        "protected-mode" => protected_mode: bool = true, Kind::Bool, [], Implemented;
        /// Length of the queue of connections that wait to be accepted.
        "tcp-backlog" => tcp_backlog: u32 = 511, int(0, INT), [IMMUTABLE], Implemented;
        /// Seconds of silence after which a TCP connection is probed; 0 never probes.
        "tcp-keepalive" => tcp_keepalive_s: u32 = 300, int(0, INT), [], Implemented;
        /// Seconds after which an idle client is disconnected; 0 means never.
        "timeout" => timeout_s: u32 = 0, int(0, INT), [], Implemented;
        /// Path of a Unix socket to listen on as well.
        "unixsocket" => unixsocket: Option<String> = None, Kind::Optional(any), [IMMUTABLE], Implemented;
        /// Mode of the Unix socket in octal; 0 leaves what the umask gives.
        "unixsocketperm" => unixsocketperm: u32 = 0, octal(0, 0o777), [IMMUTABLE], Implemented;
        /// Mark (`SO_MARK`) put on listening sockets, for packet filters; 0 sets none.
        "socket-mark-id" => socket_mark_id: u32 = 0, int(0, u32::MAX as i64), [IMMUTABLE], Implemented;
        /// Local address from which connections to other servers are made.
        "bind-source-addr" => bind_source_addr: Option<String> = None, Kind::Optional(any), [], Implemented;
    }

    section "Clients" {
        /// Most clients connected at once.
        "maxclients" => maxclients: u32 = 10_000, int(1, u32::MAX as i64), [], Implemented;
        /// Most memory for all clients' buffers together, in bytes or percent of maxmemory; 0 means no limit.
        "maxmemory-clients" =>
            maxmemory_clients: MemoryLimit = MemoryLimit::Bytes(0), bytes_or_percent(), [], Implemented;
        /// Per class (normal, replica, pubsub): hard limit, soft limit and its seconds, for bytes that wait
        /// to be sent.
        "client-output-buffer-limit" =>
            client_output_buffer_limit: [ClassLimit; 3] = OUTPUT_LIMITS, Kind::Limits, [MULTI], Implemented;
        /// Most bytes of unread requests kept for one client.
        "client-query-buffer-limit" =>
            client_query_buffer_limit: u64 = 1 << 30, bytes(1 << 20, LONG), [DEBUG], Implemented;
        /// Longest single argument of a request.
        "proto-max-bulk-len" =>
            proto_max_bulk_len: u64 = 512 << 20, bytes(1 << 20, LONG), [DEBUG], Implemented;
        /// Most keys remembered for client side caching; 0 means no limit.
        "tracking-table-max-keys" => tracking_table_max_keys: u64 = 1_000_000, int(0, i64::MAX), [], Implemented;
        /// Whether I/O threads read as well as write.
        "io-threads-do-reads" =>
            io_threads_do_reads: bool = false, Kind::Bool, [DEBUG, IMMUTABLE], IO_THREADS;
        /// Number of threads that serve sockets.
        "io-threads" => io_threads: u32 = 1, int(1, 128), [DEBUG, IMMUTABLE], IO_THREADS;
    }

    section "Security" {
        /// Password of the default user; empty means none is asked for.
        "requirepass" => requirepass: Option<Vec<u8>> = None, Kind::Secret, [SENSITIVE], Implemented;
        /// From where protected directives (dir, dbfilename) may be set at run time.
        "enable-protected-configs" =>
            enable_protected_configs: ProtectedAction = ProtectedAction::No,
                Kind::Choice(ProtectedAction::NAMES), [IMMUTABLE], Implemented;
        /// From where DEBUG may be called.
        "enable-debug-command" =>
            enable_debug_command: ProtectedAction = ProtectedAction::No,
                Kind::Choice(ProtectedAction::NAMES), [IMMUTABLE], Implemented;
        /// From where MODULE may be called.
        "enable-module-command" =>
            enable_module_command: ProtectedAction = ProtectedAction::No,
                Kind::Choice(ProtectedAction::NAMES), [IMMUTABLE], MODULES;
        /// File that holds the ACL users.
        "aclfile" => aclfile: String = String::new(), Kind::Text(any), [IMMUTABLE], Implemented;
        /// Channels that a new user may use.
        "acl-pubsub-default" =>
            acl_pubsub_default: AclPubsubDefault = AclPubsubDefault::ResetChannels,
                Kind::Choice(AclPubsubDefault::NAMES), [], Implemented;
        /// Most entries of the ACL log.
        "acllog-max-len" => acllog_max_len: u64 = 128, int(0, i64::MAX), [], Implemented;
    }

    section "General" {
        /// Number of databases.
        "databases" => databases: u32 = 16, int(1, INT), [IMMUTABLE], Implemented;
        /// Goes to the background after start.
        "daemonize" => daemonize: bool = false, Kind::Bool, [IMMUTABLE], Implemented;
        /// Supervisor that is told when the server is ready.
        "supervised" =>
            supervised: SupervisedMode = SupervisedMode::No,
                Kind::Choice(SupervisedMode::NAMES), [IMMUTABLE], Implemented;
        /// File that holds the process id while the server runs.
        "pidfile" => pidfile: Option<String> = None, Kind::Optional(any), [IMMUTABLE], Implemented;
        /// Least important log line that is written.
        "loglevel" => loglevel: LogLevel = LogLevel::Notice, Kind::Choice(LogLevel::NAMES), [], Implemented;
        /// File for log lines; empty writes them to standard output.
        "logfile" => logfile: String = String::new(), Kind::Text(any), [IMMUTABLE], Implemented;
        /// Sends log lines to syslog as well.
        "syslog-enabled" => syslog_enabled: bool = false, Kind::Bool, [IMMUTABLE], Implemented;
        /// Name under which syslog files them.
        "syslog-ident" =>
            syslog_ident: String = "redis".to_owned(), Kind::Text(any), [IMMUTABLE], Implemented;
        /// Facility under which syslog files them.
        "syslog-facility" =>
            syslog_facility: SyslogFacility = SyslogFacility::Local0,
                Kind::Choice(SyslogFacility::NAMES), [IMMUTABLE], Implemented;
        /// Writes a report to the log when the process crashes.
        "crash-log-enabled" => crash_log_enabled: bool = true, Kind::Bool, [], Implemented;
        /// Tests memory after a crash.
        "crash-memcheck-enabled" => crash_memcheck_enabled: bool = true, Kind::Bool, [], MEMCHECK;
        /// Ends by exit instead of abort after a fatal error.
        "use-exit-on-panic" => use_exit_on_panic: bool = false, Kind::Bool, [HIDDEN], PANIC;
        /// Prints the banner even when the log is not a terminal.
        "always-show-logo" => always_show_logo: bool = false, Kind::Bool, [IMMUTABLE], Implemented;
        /// Changes the title of the process to one that names its port.
        "set-proc-title" => set_proc_title: bool = true, Kind::Bool, [IMMUTABLE], Implemented;
        /// Template of the process title.
        "proc-title-template" =>
            proc_title_template: String = "{title} {listen-addr} {server-mode}".to_owned(),
                Kind::Text(checks::title_template), [], Implemented;
        /// Locale by which SORT ALPHA compares; empty takes the environment's.
        "locale-collate" => locale_collate: String = String::new(), Kind::Text(any), [], COLLATE;
        /// Names of start-up warnings that do not stop the server.
        "ignore-warnings" => ignore_warnings: String = String::new(), Kind::Text(any), [], WARNINGS;
        /// Working directory; files without a path are put there.
        "dir" => dir: String = DEFAULT_DIR.to_owned(), Kind::Dir, [PROTECTED, DENY_LOADING], Implemented;
        /// Switches transparent huge pages off for this process.
        "disable-thp" => disable_thp: bool = true, Kind::Bool, [IMMUTABLE], Implemented;
        /// Whether the kernel's out-of-memory killer is told which process to prefer.
        "oom-score-adj" =>
            oom_score_adj: OomScoreAdj = OomScoreAdj::No, Kind::Choice(OomScoreAdj::NAMES), [], Implemented;
        /// Scores for a primary, a replica and a background child.
        "oom-score-adj-values" =>
            oom_score_adj_values: [i32; 3] = [0, 200, 800], Kind::Scores, [MULTI], Implemented;
        /// Seconds that a shutdown waits for lagging replicas.
        "shutdown-timeout" => shutdown_timeout_s: u32 = 10, int(0, INT), [], SHUTDOWN_WAIT;
        /// How SIGINT shuts down. Nothing can be saved yet: with `save` and without `force` it is refused.
        "shutdown-on-sigint" =>
            shutdown_on_sigint: ShutdownFlags = ShutdownFlags(0),
                Kind::Flags(ShutdownFlags::NAMES), [MULTI], Implemented;
        /// How SIGTERM shuts down; as above.
        "shutdown-on-sigterm" =>
            shutdown_on_sigterm: ShutdownFlags = ShutdownFlags(0),
                Kind::Flags(ShutdownFlags::NAMES), [MULTI], Implemented;
        /// CPUs for the shards, such as `0-7:2,9`: with `shards 0` one shard for each.
        "server_cpulist" =>
            server_cpulist: Option<String> = None, Kind::Optional(any), [IMMUTABLE], Implemented;
        /// CPUs for the thread that frees large values.
        "bio_cpulist" => bio_cpulist: Option<String> = None, Kind::Optional(any), [IMMUTABLE], Implemented;
        /// CPUs for the process that rewrites the AOF.
        "aof_rewrite_cpulist" =>
            aof_rewrite_cpulist: Option<String> = None, Kind::Optional(any), [IMMUTABLE], NO_CHILD;
        /// CPUs for the process that saves.
        "bgsave_cpulist" => bgsave_cpulist: Option<String> = None, Kind::Optional(any), [IMMUTABLE], NO_CHILD;
    }

    section "Memory" {
        /// Most bytes of data; 0 means no limit.
        "maxmemory" => maxmemory: u64 = 0, bytes(0, u64::MAX as i128), [], Implemented;
        /// What is evicted when maxmemory is reached.
        "maxmemory-policy" =>
            maxmemory_policy: MaxmemoryPolicy = MaxmemoryPolicy::NoEviction,
                Kind::Choice(MaxmemoryPolicy::NAMES), [], Implemented;
        /// Keys looked at to find one to evict.
        "maxmemory-samples" => maxmemory_samples: u32 = 5, int(1, INT), [], Implemented;
        /// How long one command may be held up by eviction; 100 means without limit.
        "maxmemory-eviction-tenacity" => maxmemory_eviction_tenacity: u32 = 10, int(0, 100), [], Implemented;
        /// How slowly the counter of accesses grows.
        "lfu-log-factor" => lfu_log_factor: u32 = 10, int(0, INT), [], Implemented;
        /// Minutes after which the counter of accesses loses one.
        "lfu-decay-time" => lfu_decay_time: u32 = 1, int(0, INT), [], Implemented;
        /// Frees evicted values in the background.
        "lazyfree-lazy-eviction" => lazyfree_lazy_eviction: bool = false, Kind::Bool, [DEBUG], Implemented;
        /// Frees expired values in the background.
        "lazyfree-lazy-expire" => lazyfree_lazy_expire: bool = false, Kind::Bool, [DEBUG], Implemented;
        /// Frees values that a command replaces in the background.
        "lazyfree-lazy-server-del" =>
            lazyfree_lazy_server_del: bool = false, Kind::Bool, [DEBUG], Implemented;
        /// Makes DEL free in the background, as UNLINK does.
        "lazyfree-lazy-user-del" => lazyfree_lazy_user_del: bool = false, Kind::Bool, [DEBUG], Implemented;
        /// Makes FLUSHALL and FLUSHDB free in the background unless SYNC is given.
        "lazyfree-lazy-user-flush" =>
            lazyfree_lazy_user_flush: bool = false, Kind::Bool, [DEBUG], Implemented;
        /// Spends idle time on moving the main table to its new size.
        "activerehashing" => activerehashing: bool = true, Kind::Bool, [], REHASH;
        /// Lets the allocator purge in a thread of its own.
        "jemalloc-bg-thread" => jemalloc_bg_thread: bool = true, Kind::Bool, [], ALLOCATOR;
        /// Moves values together when memory is fragmented.
        "activedefrag" => activedefrag: bool = false, Kind::Bool, [DEBUG], DEFRAG;
        /// Waste below which nothing is moved.
        "active-defrag-ignore-bytes" =>
            active_defrag_ignore_bytes: u64 = 100 << 20, bytes(1, LONG), [], DEFRAG;
        /// Percentage of waste at which moving begins.
        "active-defrag-threshold-lower" => active_defrag_threshold_lower: u32 = 10, int(0, 1000), [], DEFRAG;
        /// Percentage of waste at which the full effort is spent.
        "active-defrag-threshold-upper" => active_defrag_threshold_upper: u32 = 100, int(0, 1000), [], DEFRAG;
        /// Least effort, in percent of a CPU.
        "active-defrag-cycle-min" => active_defrag_cycle_min: u32 = 1, int(1, 99), [], DEFRAG;
        /// Full effort, in percent of a CPU.
        "active-defrag-cycle-max" => active_defrag_cycle_max: u32 = 25, int(1, 99), [], DEFRAG;
        /// Fields of one value that are moved at once.
        "active-defrag-max-scan-fields" =>
            active_defrag_max_scan_fields: u64 = 1000, int(1, i64::MAX), [], DEFRAG;
    }

    section "Time and events" {
        /// Runs of the periodic work per second; kept between 1 and 500.
        "hz" => hz: u32 = 10, int(0, INT), [], TEN_HZ;
        /// Raises hz while many clients are connected.
        "dynamic-hz" => dynamic_hz: bool = true, Kind::Bool, [], TEN_HZ;
        /// How eagerly expired keys are looked for.
        "active-expire-effort" => active_expire_effort: u32 = 1, int(1, 10), [], Implemented;
        /// Classes of keyspace events that are published.
        "notify-keyspace-events" =>
            notify_keyspace_events: EventClasses = EventClasses(0), Kind::Events, [], Implemented;
        /// Microseconds from which a command enters the slow log; -1 logs none.
        "slowlog-log-slower-than" =>
            slowlog_log_slower_than: i64 = 10_000, int(-1, i64::MAX), [], Implemented;
        /// Most entries of the slow log.
        "slowlog-max-len" => slowlog_max_len: u64 = 128, int(0, i64::MAX), [], Implemented;
        /// Milliseconds from which the latency monitor records an event; 0 records none.
        "latency-monitor-threshold" => latency_monitor_threshold: i64 = 0, int(0, i64::MAX), [], Implemented;
        /// Keeps a histogram of latency per command.
        "latency-tracking" => latency_tracking: bool = true, Kind::Bool, [], Implemented;
        /// Percentiles that INFO latencystats prints.
        "latency-tracking-info-percentiles" =>
            latency_tracking_info_percentiles: Vec<f64> = vec![50.0, 99.0, 99.9],
                Kind::Percentiles, [MULTI], Implemented;
        /// Milliseconds after which a script that still runs makes others get BUSY.
        "busy-reply-threshold" | "lua-time-limit" =>
            busy_reply_threshold: i64 = 5000, int(0, i64::MAX), [], Implemented;
        /// Milliseconds after which a stuck event loop logs its stack.
        "watchdog-period" => watchdog_period: i32 = 0, int(0, INT), [HIDDEN], WATCHDOG;
    }

    section "Data types" {
        /// Most fields of a hash kept as one packed block.
        "hash-max-listpack-entries" | "hash-max-ziplist-entries" =>
            hash_max_listpack_entries: u64 = 512, int(0, i64::MAX), [], Implemented;
        /// Longest field or value in such a hash.
        "hash-max-listpack-value" | "hash-max-ziplist-value" =>
            hash_max_listpack_value: u64 = 64, bytes(0, LONG), [], Implemented;
        /// Most entries of a node of a list, or its size class when negative.
        "list-max-listpack-size" | "list-max-ziplist-size" =>
            list_max_listpack_size: i32 = -2, int(i32::MIN as i64, INT), [], Implemented;
        /// Nodes at each end of a list that are never compressed; 0 compresses none.
        "list-compress-depth" => list_compress_depth: u32 = 0, int(0, INT), [DEBUG], COMPRESS;
        /// Most members of a set of integers kept as a sorted array.
        "set-max-intset-entries" => set_max_intset_entries: u64 = 512, int(0, i64::MAX), [], Implemented;
        /// Most members of a set kept as one packed block.
        "set-max-listpack-entries" => set_max_listpack_entries: u64 = 128, int(0, i64::MAX), [], Implemented;
        /// Longest member of such a set.
        "set-max-listpack-value" => set_max_listpack_value: u64 = 64, int(0, i64::MAX), [], Implemented;
        /// Most members of a sorted set kept as one packed block.
        "zset-max-listpack-entries" | "zset-max-ziplist-entries" =>
            zset_max_listpack_entries: u64 = 128, int(0, i64::MAX), [], Implemented;
        /// Longest member of such a sorted set.
        "zset-max-listpack-value" | "zset-max-ziplist-value" =>
            zset_max_listpack_value: u64 = 64, bytes(0, LONG), [], Implemented;
        /// Largest sparse form of a HyperLogLog.
        "hll-sparse-max-bytes" => hll_sparse_max_bytes: u64 = 3000, bytes(0, LONG), [], Implemented;
        /// Largest node of a stream.
        "stream-node-max-bytes" => stream_node_max_bytes: u64 = 4096, bytes(0, LONG), [], Implemented;
        /// Most entries of a node of a stream.
        "stream-node-max-entries" => stream_node_max_entries: i64 = 100, int(0, i64::MAX), [], Implemented;
        /// Whose serialized values are checked in full.
        "sanitize-dump-payload" =>
            sanitize_dump_payload: SanitizeDumpPayload = SanitizeDumpPayload::No,
                Kind::Choice(SanitizeDumpPayload::NAMES), [DEBUG], SANITIZED;
    }

    section "Snapshots" {
        /// Pairs of seconds and changes after which a snapshot is saved.
        "save" => save: Vec<SavePoint> = SAVE_POINTS.to_vec(), Kind::Save, [MULTI], Implemented;
        /// File name of the snapshot.
        "dbfilename" =>
            dbfilename: String = "dump.rdb".to_owned(),
                Kind::Text(checks::db_file_name), [PROTECTED], Implemented;
        /// Compresses long strings in snapshots.
        "rdbcompression" => rdbcompression: bool = true, Kind::Bool, [], Implemented;
        /// Ends snapshots with a checksum.
        "rdbchecksum" => rdbchecksum: bool = true, Kind::Bool, [IMMUTABLE], Implemented;
        /// Deletes snapshots that only a full sync needed.
        "rdb-del-sync-files" => rdb_del_sync_files: bool = false, Kind::Bool, [], Implemented;
        /// Forces a snapshot to disk bit by bit while it is written.
        "rdb-save-incremental-fsync" => rdb_save_incremental_fsync: bool = true, Kind::Bool, [], Implemented;
        /// Refuses writes after a snapshot failed.
        "stop-writes-on-bgsave-error" =>
            stop_writes_on_bgsave_error: bool = true, Kind::Bool, [], Implemented;
        /// Microseconds to wait after each saved key, for tests.
        "rdb-key-save-delay" => rdb_key_save_delay: i32 = 0, int(i32::MIN as i64, INT), [HIDDEN], Implemented;
        /// Microseconds to wait after each loaded key, for tests.
        "key-load-delay" => key_load_delay: i32 = 0, int(i32::MIN as i64, INT), [HIDDEN], Implemented;
        /// Bytes loaded between two looks at the clients.
        "loading-process-events-interval-bytes" =>
            loading_process_events_interval_bytes: u32 = 2 << 20, int(1024, INT), [HIDDEN], Implemented;
    }

    section "Append only file" {
        /// Logs every write to the append only file.
        "appendonly" => appendonly: bool = false, Kind::Bool, [DENY_LOADING], Implemented;
        /// Base name of the append only files.
        "appendfilename" =>
            appendfilename: String = "appendonly.aof".to_owned(),
                Kind::Text(checks::aof_file_name), [IMMUTABLE], Implemented;
        /// Folder of the append only files.
        "appenddirname" =>
            appenddirname: String = "appendonlydir".to_owned(),
                Kind::Text(checks::aof_dir_name), [IMMUTABLE], Implemented;
        /// When appended commands are forced to disk.
        "appendfsync" =>
            appendfsync: AppendFsync = AppendFsync::Everysec,
                Kind::Choice(AppendFsync::NAMES), [], Implemented;
        /// Does not force to disk while a rewrite runs.
        "no-appendfsync-on-rewrite" => no_appendfsync_on_rewrite: bool = false, Kind::Bool, [], Implemented;
        /// Growth in percent after which the file is rewritten; 0 means never.
        "auto-aof-rewrite-percentage" => auto_aof_rewrite_percentage: u32 = 100, int(0, INT), [], Implemented;
        /// Size below which it is not rewritten.
        "auto-aof-rewrite-min-size" =>
            auto_aof_rewrite_min_size: u64 = 64 << 20, bytes(0, LONG), [], Implemented;
        /// Loads a file whose last command is cut off.
        "aof-load-truncated" => aof_load_truncated: bool = true, Kind::Bool, [], Implemented;
        /// Begins a rewritten file with a snapshot.
        "aof-use-rdb-preamble" => aof_use_rdb_preamble: bool = true, Kind::Bool, [], Implemented;
        /// Forces a rewritten file to disk bit by bit while it is written.
        "aof-rewrite-incremental-fsync" =>
            aof_rewrite_incremental_fsync: bool = true, Kind::Bool, [], Implemented;
        /// Notes the time in the append only file.
        "aof-timestamp-enabled" => aof_timestamp_enabled: bool = false, Kind::Bool, [], Implemented;
        /// Keeps the files that a rewrite replaced, for tests.
        "aof-disable-auto-gc" => aof_disable_auto_gc: bool = false, Kind::Bool, [HIDDEN], Implemented;
    }

    section "Replication" {
        /// Host and port of the server to follow.
        "replicaof" | "slaveof" =>
            replicaof: Option<Primary> = None, Kind::Primary, [IMMUTABLE, MULTI], Implemented;
        /// Password for the server that is followed.
        "masterauth" => masterauth: Option<Vec<u8>> = None, Kind::Secret, [SENSITIVE], Implemented;
        /// User for the server that is followed.
        "masteruser" => masteruser: Option<String> = None, Kind::Optional(any), [SENSITIVE], Implemented;
        /// Serves reads while the link is down.
        "replica-serve-stale-data" | "slave-serve-stale-data" =>
            replica_serve_stale_data: bool = true, Kind::Bool, [], Implemented;
        /// Refuses writes of clients on a replica.
        "replica-read-only" | "slave-read-only" =>
            replica_read_only: bool = true, Kind::Bool, [DEBUG], Implemented;
        /// Frees the old data in the background before a full copy.
        "replica-lazy-flush" | "slave-lazy-flush" =>
            replica_lazy_flush: bool = false, Kind::Bool, [], Implemented;
        /// Leaves eviction to the primary.
        "replica-ignore-maxmemory" | "slave-ignore-maxmemory" =>
            replica_ignore_maxmemory: bool = true, Kind::Bool, [], Implemented;
        /// Keeps applying the primary's writes when the disk fails.
        "replica-ignore-disk-write-errors" =>
            replica_ignore_disk_write_errors: bool = false, Kind::Bool, [], DISK_ERRORS;
        /// Rank for promotion; lower goes first, 0 never.
        "replica-priority" | "slave-priority" => replica_priority: u32 = 100, int(0, INT), [], Implemented;
        /// Lists the replica to Sentinel's clients.
        "replica-announced" => replica_announced: bool = true, Kind::Bool, [], Implemented;
        /// Address that a replica reports instead of its own.
        "replica-announce-ip" | "slave-announce-ip" =>
            replica_announce_ip: Option<String> = None, Kind::Optional(any), [], Implemented;
        /// Port that a replica reports instead of its own.
        "replica-announce-port" | "slave-announce-port" =>
            replica_announce_port: u16 = 0, int(0, 65535), [], Implemented;
        /// Seconds of silence after which a link counts as broken.
        "repl-timeout" => repl_timeout_s: u32 = 60, int(1, INT), [], Implemented;
        /// Seconds between a primary's pings.
        "repl-ping-replica-period" | "repl-ping-slave-period" =>
            repl_ping_replica_period_s: u32 = 10, int(1, INT), [], Implemented;
        /// Bytes of the stream kept for replicas that come back.
        "repl-backlog-size" => repl_backlog_size: u64 = 1 << 20, bytes(1, LONG), [], Implemented;
        /// Seconds without replicas after which the backlog is freed; 0 means never.
        "repl-backlog-ttl" => repl_backlog_ttl_s: u64 = 3600, int(0, i64::MAX), [], Implemented;
        /// Trades latency to replicas for fewer packets.
        "repl-disable-tcp-nodelay" => repl_disable_tcp_nodelay: bool = false, Kind::Bool, [], NODELAY;
        /// Sends a full copy straight to the socket.
        "repl-diskless-sync" => repl_diskless_sync: bool = true, Kind::Bool, [DEBUG], Implemented;
        /// Seconds to wait for more replicas before such a copy.
        "repl-diskless-sync-delay" => repl_diskless_sync_delay_s: u32 = 5, int(0, INT), [], Implemented;
        /// Number of waiting replicas that ends the wait; 0 waits in full.
        "repl-diskless-sync-max-replicas" =>
            repl_diskless_sync_max_replicas: u32 = 0, int(0, INT), [], Implemented;
        /// How a replica loads a full copy.
        "repl-diskless-load" =>
            repl_diskless_load: DisklessLoad = DisklessLoad::Disabled,
                Kind::Choice(DisklessLoad::NAMES), [DEBUG, DENY_LOADING], DISKLESS_LOAD;
        /// Good replicas needed to accept writes; 0 asks for none.
        "min-replicas-to-write" | "min-slaves-to-write" =>
            min_replicas_to_write: u32 = 0, int(0, INT), [], Implemented;
        /// Seconds of lag up to which a replica is good.
        "min-replicas-max-lag" | "min-slaves-max-lag" =>
            min_replicas_max_lag_s: u32 = 10, int(0, INT), [], Implemented;
        /// What to do when a replicated command fails.
        "propagation-error-behavior" =>
            propagation_error_behavior: PropagationErrorBehavior = PropagationErrorBehavior::Ignore,
                Kind::Choice(PropagationErrorBehavior::NAMES), [], PROPAGATION;
    }

    section "Cluster" {
        /// Joins a cluster.
        "cluster-enabled" => cluster_enabled: bool = false, Kind::Bool, [IMMUTABLE], CLUSTER;
        /// File that holds the node's view of the cluster.
        "cluster-config-file" =>
            cluster_config_file: String = "nodes.conf".to_owned(), Kind::Text(any), [IMMUTABLE], CLUSTER;
        /// Milliseconds of silence after which a node counts as failing.
        "cluster-node-timeout" => cluster_node_timeout_ms: i64 = 15_000, int(0, i64::MAX), [], CLUSTER;
        /// Milliseconds between two pings.
        "cluster-ping-interval" => cluster_ping_interval_ms: i64 = 0, int(0, i64::MAX), [HIDDEN], CLUSTER;
        /// Port of the cluster bus; 0 adds 10000 to the port.
        "cluster-port" => cluster_port: u16 = 0, int(0, 65535), [IMMUTABLE], CLUSTER;
        /// Address that the node reports.
        "cluster-announce-ip" => cluster_announce_ip: Option<String> = None, Kind::Optional(any), [], CLUSTER;
        /// Port that the node reports.
        "cluster-announce-port" => cluster_announce_port: u16 = 0, int(0, 65535), [], CLUSTER;
        /// TLS port that the node reports.
        "cluster-announce-tls-port" => cluster_announce_tls_port: u16 = 0, int(0, 65535), [], CLUSTER;
        /// Bus port that the node reports.
        "cluster-announce-bus-port" => cluster_announce_bus_port: u16 = 0, int(0, 65535), [], CLUSTER;
        /// Host name that the node reports.
        "cluster-announce-hostname" =>
            cluster_announce_hostname: Option<String> = None, Kind::Optional(checks::host_name), [], CLUSTER;
        /// Name of the node for log lines.
        "cluster-announce-human-nodename" =>
            cluster_announce_human_nodename: Option<String> = None,
                Kind::Optional(checks::node_name), [], CLUSTER;
        /// What redirections name as the endpoint.
        "cluster-preferred-endpoint-type" =>
            cluster_preferred_endpoint_type: EndpointType = EndpointType::Ip,
                Kind::Choice(EndpointType::NAMES), [], CLUSTER;
        /// Stops serving when a slot has no owner.
        "cluster-require-full-coverage" =>
            cluster_require_full_coverage: bool = true, Kind::Bool, [], CLUSTER;
        /// Serves reads while the cluster is down.
        "cluster-allow-reads-when-down" =>
            cluster_allow_reads_when_down: bool = false, Kind::Bool, [], CLUSTER;
        /// Serves sharded channels while the cluster is down.
        "cluster-allow-pubsubshard-when-down" =>
            cluster_allow_pubsubshard_when_down: bool = true, Kind::Bool, [], CLUSTER;
        /// Lets spare replicas move to primaries that have none.
        "cluster-allow-replica-migration" =>
            cluster_allow_replica_migration: bool = true, Kind::Bool, [], CLUSTER;
        /// Replicas that a primary keeps when one moves away.
        "cluster-migration-barrier" => cluster_migration_barrier: u32 = 1, int(0, INT), [], CLUSTER;
        /// Never promotes this replica by itself.
        "cluster-replica-no-failover" | "cluster-slave-no-failover" =>
            cluster_replica_no_failover: bool = false, Kind::Bool, [], CLUSTER;
        /// Age of a replica's data, in node timeouts, up to which it may be promoted; 0 ignores age.
        "cluster-replica-validity-factor" | "cluster-slave-validity-factor" =>
            cluster_replica_validity_factor: u32 = 10, int(0, INT), [], CLUSTER;
        /// Most bytes that wait on one bus link; 0 means no limit.
        "cluster-link-sendbuf-limit" =>
            cluster_link_sendbuf_limit: u64 = 0, bytes(0, u64::MAX as i128), [], CLUSTER;
    }

    section "TLS" {
        /// TCP port for TLS; 0 opens none.
        "tls-port" => tls_port: u16 = 0, int(0, 65535), [], TLS;
        /// Certificate of the server.
        "tls-cert-file" => tls_cert_file: Option<String> = None, Kind::Optional(any), [VOLATILE], TLS;
        /// Private key of the server.
        "tls-key-file" => tls_key_file: Option<String> = None, Kind::Optional(any), [VOLATILE], TLS;
        /// Password of the server's key.
        "tls-key-file-pass" => tls_key_file_pass: Option<String> = None, Kind::Optional(any), [], TLS;
        /// Certificate for connections to other servers.
        "tls-client-cert-file" =>
            tls_client_cert_file: Option<String> = None, Kind::Optional(any), [VOLATILE], TLS;
        /// Private key for connections to other servers.
        "tls-client-key-file" =>
            tls_client_key_file: Option<String> = None, Kind::Optional(any), [VOLATILE], TLS;
        /// Password of that key.
        "tls-client-key-file-pass" =>
            tls_client_key_file_pass: Option<String> = None, Kind::Optional(any), [], TLS;
        /// Diffie-Hellman parameters.
        "tls-dh-params-file" =>
            tls_dh_params_file: Option<String> = None, Kind::Optional(any), [VOLATILE], TLS;
        /// Certificates of trusted authorities, in one file.
        "tls-ca-cert-file" => tls_ca_cert_file: Option<String> = None, Kind::Optional(any), [VOLATILE], TLS;
        /// Certificates of trusted authorities, in a folder.
        "tls-ca-cert-dir" => tls_ca_cert_dir: Option<String> = None, Kind::Optional(any), [VOLATILE], TLS;
        /// Protocol versions that may be used.
        "tls-protocols" => tls_protocols: Option<String> = None, Kind::Optional(any), [], TLS;
        /// Ciphers up to TLS 1.2.
        "tls-ciphers" => tls_ciphers: Option<String> = None, Kind::Optional(any), [], TLS;
        /// Cipher suites of TLS 1.3.
        "tls-ciphersuites" => tls_ciphersuites: Option<String> = None, Kind::Optional(any), [], TLS;
        /// Whether clients have to show a certificate.
        "tls-auth-clients" =>
            tls_auth_clients: TlsAuthClients = TlsAuthClients::Yes,
                Kind::Choice(TlsAuthClients::NAMES), [], TLS;
        /// Uses TLS to the server that is followed.
        "tls-replication" => tls_replication: bool = false, Kind::Bool, [], TLS;
        /// Uses TLS on the cluster bus.
        "tls-cluster" => tls_cluster: bool = false, Kind::Bool, [], TLS;
        /// Lets the server choose the cipher.
        "tls-prefer-server-ciphers" => tls_prefer_server_ciphers: bool = false, Kind::Bool, [], TLS;
        /// Lets clients resume sessions.
        "tls-session-caching" => tls_session_caching: bool = true, Kind::Bool, [], TLS;
        /// Most sessions kept; 0 means no limit.
        "tls-session-cache-size" => tls_session_cache_size: u32 = 20 * 1024, int(0, INT), [], TLS;
        /// Seconds for which a session is kept.
        "tls-session-cache-timeout" => tls_session_cache_timeout_s: u32 = 300, int(0, INT), [], TLS;
    }
}
