//! What CONFIG SET changes outside the snapshot: the working directory, the log, and whatever the control core does to
//! the process (`Server::apply_config`).
//!
//! Most settings need nothing here: shards read the new snapshot (`Note::Config`), `Server::set_config` updates the
//! thresholds. Whatever can fail does so before the new settings are published; what had been applied is taken back.

use crate::base::alloc;
use crate::command::Server;
use crate::config::{Config, LogLevel, SetError};
use crate::observe::log;
use crate::persist::aof::manifest::Names;
use std::fs::OpenOptions;
use std::path::Path;

/// Applies the directives in `changed`, or none.
///
/// A relative `dir` becomes the folder it meant, as Redis reports it (config.c `getConfigDirOption`).
pub fn apply(
    server: &Server,
    old: &Config,
    new: &mut Config,
    changed: &[&'static str],
) -> Result<(), SetError> {
    let moves = changed.contains(&"dir");
    if moves {
        std::env::set_current_dir(Path::new(&new.dir))
            .and_then(|()| std::env::current_dir())
            .map(|dir| new.dir = dir.to_string_lossy().into_owned())
            .map_err(|error| SetError::refused("dir", error_text(&error)))?;
    }
    let outside = prepare_log(old, new).and_then(|()| server.apply_config(old, new, changed));
    if let Err(error) = outside {
        if moves {
            // It was there a moment ago; if it is gone, there is nowhere to go back to.
            let _ = std::env::set_current_dir(Path::new(&old.dir));
        }
        return Err(error);
    }
    if changed.contains(&"loglevel") {
        log::configure(log::Settings { level: level(new.loglevel), ..log::settings() });
    }
    server.appending.announce(old, new);
    server.replication.announce(new);
    let used = alloc::used_memory() as u64;
    if changed.contains(&"maxmemory") && new.maxmemory > 0 && new.maxmemory < used {
        log::warning(&format!(
            "maxmemory is now {} bytes, but {used} are in use: keys will be evicted or writes refused, as maxmemory-policy says",
            new.maxmemory
        ));
    }
    Ok(())
}

/// Whether the append-only file can be switched on, if that is wanted: its directory can be written to (config.c
/// `updateAppendonly`).
fn prepare_log(old: &Config, new: &Config) -> Result<(), SetError> {
    if old.appendonly || !new.appendonly {
        return Ok(());
    }
    let dir = Path::new(&new.appenddirname);
    let made = match std::fs::create_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    };
    let temp = dir.join(Names::new(&new.appendfilename).temp_incr());
    let opened = made.and_then(|()| OpenOptions::new().append(true).create(true).open(temp));
    opened.map(drop).map_err(|error| {
        let why = error_text(&error);
        log::warning(&format!("Can't open or create append-only dir {}: {why}", new.appenddirname));
        SetError::refused("appendonly", "Unable to turn on AOF. Check server logs.")
    })
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
