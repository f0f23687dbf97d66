//! What CONFIG SET changes outside the snapshot: the log, the working directory.
//!
//! Most settings need nothing here: shards read the new snapshot (`Note::Config`), `Server::set_config` updates the
//! thresholds. Whatever can fail does so before the new settings are published; what had been applied is taken back.

use crate::base::alloc;
use crate::base::sys::limits::{self, Limit, Resource};
use crate::config::{Config, LogLevel, SetError};
use crate::observe::log;
use std::path::Path;

/// Descriptors that are no client's: as many as at the start (`control::process::limits`, `control::boot`).
const RESERVED_FDS: u64 = 32;
const FDS_PER_SHARD: u64 = 8;

/// Applies the directives in `changed`, or none.
///
/// A relative `dir` becomes the folder it meant, as Redis reports it (config.c `getConfigDirOption`).
pub fn apply(
    old: &Config,
    new: &mut Config,
    changed: &[&'static str],
    shards: usize,
) -> Result<(), SetError> {
    for name in changed {
        if matches!(*name, "port" | "bind") && (old.port != new.port || old.bind != new.bind) {
            return Err(SetError::refused(
                *name,
                "listening sockets are opened at the start; restart to change them",
            ));
        }
    }
    if changed.contains(&"maxclients") {
        open_files(new.maxclients, shards)?;
    }
    if changed.contains(&"dir") {
        std::env::set_current_dir(Path::new(&new.dir))
            .and_then(|()| std::env::current_dir())
            .map(|dir| new.dir = dir.to_string_lossy().into_owned())
            .map_err(|error| SetError::refused("dir", error_text(&error)))?;
    }
    if changed.contains(&"loglevel") {
        log::configure(log::Settings { level: level(new.loglevel), ..log::settings() });
    }
    let used = alloc::used_memory() as u64;
    if changed.contains(&"maxmemory") && new.maxmemory > 0 && new.maxmemory < used {
        log::warning(&format!(
            "maxmemory is now {} bytes, but {used} are in use: keys will be evicted or writes refused, as maxmemory-policy says",
            new.maxmemory
        ));
    }
    Ok(())
}

/// Makes sure that so many clients can have a descriptor each (config.c `updateMaxclients`).
fn open_files(clients: u32, shards: usize) -> Result<(), SetError> {
    let reserved = RESERVED_FDS + FDS_PER_SHARD * shards as u64;
    let needed = u64::from(clients) + reserved;
    // A limit that cannot be read is no reason to refuse: accepting a connection will tell.
    let Ok(limit) = limits::get(Resource::OpenFiles) else { return Ok(()) };
    let raised = Limit { soft: needed, hard: limit.hard };
    if limit.soft >= needed || (limit.hard >= needed && limits::set(Resource::OpenFiles, raised).is_ok()) {
        return Ok(());
    }
    let possible = limit.hard.saturating_sub(reserved);
    Err(SetError::refused(
        "maxclients",
        format!(
            "The operating system is not able to handle the specified number of clients, try with {possible}"
        ),
    ))
}

/// The system's words for an error, as Redis's `strerror` gives them.
fn error_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

fn level(level: LogLevel) -> log::Level {
    match level {
        LogLevel::Debug => log::Level::Debug,
        LogLevel::Verbose => log::Level::Verbose,
        LogLevel::Notice => log::Level::Notice,
        LogLevel::Warning => log::Level::Warning,
        LogLevel::Nothing => log::Level::Nothing,
    }
}
