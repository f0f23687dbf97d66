//! What the configuration says about replication, as one value that a step gets by reference.

/// Settings that deciders read. Times in seconds, sizes in bytes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `repl-timeout`.
    pub timeout_s: i64,
    /// `repl-ping-replica-period`.
    pub ping_period_s: i64,
    /// `repl-backlog-size`.
    pub backlog_bytes: u64,
    /// `repl-backlog-ttl`; 0: never.
    pub backlog_ttl_s: i64,
    /// `repl-diskless-sync`.
    pub diskless_sync: bool,
    /// `repl-diskless-sync-delay`.
    pub diskless_delay_s: i64,
    /// `repl-diskless-sync-max-replicas`; 0: no number ends the wait.
    pub diskless_max_replicas: usize,
    /// `repl-disable-tcp-nodelay`.
    pub disable_nodelay: bool,
    /// `min-replicas-to-write`; 0: none are needed.
    pub min_replicas: usize,
    /// `min-replicas-max-lag`; 0: none are needed.
    pub min_replicas_max_lag_s: i64,
    /// Hard limit of `client-output-buffer-limit replica`; 0: none.
    pub output_hard_bytes: u64,
    /// Soft limit of the same; 0: none.
    pub output_soft_bytes: u64,
    /// Seconds for which the soft limit may be exceeded.
    pub output_soft_s: i64,
    /// `masteruser`.
    pub master_user: Option<Vec<u8>>,
    /// `masterauth`.
    pub master_auth: Option<Vec<u8>>,
    /// The port that the master is told: `replica-announce-port`, else the one that is listened on.
    pub announce_port: u16,
    /// `replica-announce-ip`.
    pub announce_ip: Option<String>,
}

impl Default for Settings {
    /// Redis's defaults (config.c).
    fn default() -> Settings {
        Settings {
            timeout_s: 60,
            ping_period_s: 10,
            backlog_bytes: 1 << 20,
            backlog_ttl_s: 3600,
            diskless_sync: true,
            diskless_delay_s: 5,
            diskless_max_replicas: 0,
            disable_nodelay: false,
            min_replicas: 0,
            min_replicas_max_lag_s: 10,
            output_hard_bytes: 256 << 20,
            output_soft_bytes: 64 << 20,
            output_soft_s: 60,
            master_user: None,
            master_auth: None,
            announce_port: 6379,
            announce_ip: None,
        }
    }
}
