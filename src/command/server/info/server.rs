//! INFO server: version, process, time, listeners.

use super::{Facts, Lines, process};
use crate::base::digest::sha1_hex;
use crate::config::REDIS_VERSION;
use crate::config::SupervisedMode;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// `redis_build_id` has 16 digits.
const BUILD_ID_DIGITS: usize = 16;

pub(super) fn write(facts: &Facts<'_>, lines: &mut Lines) {
    let (server, config) = (facts.server, &facts.config);
    let build_id = sha1_hex(format!("shoal {VERSION}").as_bytes());
    let uptime_s = facts.now_ms.saturating_sub(server.start_ms).max(0) / 1000;
    lines.put("redis_version", REDIS_VERSION);
    lines.put("shoal_version", VERSION);
    lines.put("redis_git_sha1", "00000000");
    lines.put("redis_git_dirty", 0);
    lines.put("redis_build_id", build_id.get(..BUILD_ID_DIGITS).unwrap_or_default());
    lines.put("redis_mode", "standalone");
    lines.put("os", process::os());
    lines.put("arch_bits", usize::BITS);
    lines.put("monotonic_clock", "POSIX clock_gettime");
    lines.put("multiplexing_api", "io_uring");
    lines.put("atomicvar_api", "rust-core");
    // What Redis prints when it was built without GCC.
    lines.put("gcc_version", "0.0.0");
    lines.put("process_id", std::process::id());
    lines.put("process_supervised", supervised(config.supervised));
    lines.put("run_id", &server.run_id);
    lines.put("tcp_port", config.port);
    lines.put("server_time_usec", facts.now_ms.saturating_mul(1000));
    lines.put("uptime_in_seconds", uptime_s);
    lines.put("uptime_in_days", uptime_s / (24 * 3600));
    lines.put("hz", config.hz);
    lines.put("configured_hz", config.hz);
    lines.put("lru_clock", (facts.now_ms / 1000) & 0xff_ffff);
    lines.put("executable", server.executable.display());
    lines.put("config_file", server.config_file.as_deref().unwrap_or("".as_ref()).display());
    lines.put("io_threads_active", 0);
    lines.put("shards", server.shards);
    listeners(facts, lines);
}

/// The supervisor in charge. `auto` takes the one that left its traces (server.c `redisIsSupervised`).
fn supervised(mode: SupervisedMode) -> &'static str {
    let set = |name| std::env::var_os(name).is_some();
    match mode {
        SupervisedMode::No => "no",
        SupervisedMode::Systemd => "systemd",
        SupervisedMode::Upstart => "upstart",
        SupervisedMode::Auto if set("UPSTART_JOB") => "upstart",
        SupervisedMode::Auto if set("NOTIFY_SOCKET") => "systemd",
        SupervisedMode::Auto => "no",
    }
}

// Redis: connection.c getListensInfoString.
fn listeners(facts: &Facts<'_>, lines: &mut Lines) {
    let config = &facts.config;
    let mut number = 0;
    if config.port != 0 {
        let binds: String = config.bind.iter().map(|address| format!(",bind={address}")).collect();
        lines.put("listener0", format_args!("name=tcp{binds},port={}", config.port));
        number += 1;
    }
    if let Some(path) = &config.unixsocket {
        lines.put(&format!("listener{number}"), format_args!("name=unix,bind={path}"));
    }
}
