//! What CONFIG SET changes outside the snapshot: the log, the working directory.
//!
//! Most settings need nothing here: shards read the new snapshot (`Note::Config`), `Server::set_config` updates the
//! thresholds. Whatever can fail does so before the new settings are published; what had been applied is taken back.

use crate::config::{Config, LogLevel, SetError};
use crate::observe::log;
use std::path::Path;

/// Applies the directives in `changed`, or none.
///
/// A relative `dir` becomes the folder it meant, as Redis reports it (config.c `getConfigDirOption`).
pub fn apply(old: &Config, new: &mut Config, changed: &[&'static str]) -> Result<(), SetError> {
    for name in changed {
        if matches!(*name, "port" | "bind") && (old.port != new.port || old.bind != new.bind) {
            return Err(SetError::refused(
                *name,
                "listening sockets are opened at the start; restart to change them",
            ));
        }
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
