//! What CONFIG SET changes outside the snapshot: the working directory, the log, and whatever the control core does to
//! the process (`Server::apply_config`).
//!
//! Most settings need nothing here: shards read the new snapshot (`Note::Config`), `Server::set_config` updates the
//! thresholds. Whatever can fail does so before the new settings are published; what had been applied is taken back.

use crate::base::alloc;
use crate::command::Server;
use crate::config::{Config, LogLevel, SetError};
use crate::observe::log;
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
    if let Err(error) = server.apply_config(old, new, changed) {
        if moves {
            // It was there a moment ago; if it is gone, there is nowhere to go back to.
            let _ = std::env::set_current_dir(Path::new(&old.dir));
        }
        return Err(error);
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
