//! What a server loads when it starts (server.c `loadDataFromDisk`).

use super::aof::{self, Outcome, files::Place, files::error_text};
use super::rdb::{self, Options};
use super::{Aborted, Loader};
use crate::base::clock;
use crate::config::Config;
use crate::log;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Instant;

/// What was loaded at the start.
#[derive(Debug)]
pub enum Found {
    /// Nothing: the server begins empty.
    Nothing,
    /// An RDB file. What it says of its history is in `Server::loading`.
    Rdb,
    /// The append-only file, or the word that there is none yet. The RDB file is not looked at then.
    Aof(Box<aof::Loaded>),
}

/// Loads what there is to load by the configuration, then has `take_over` prepare what must be ready before the first write
/// (the append-only file is opened), and ends the state of loading, whatever comes of it.
///
/// # Errors
/// The server must not start, which the log says, or loading was stopped.
pub fn load(
    loader: &Loader,
    take_over: impl FnOnce(&Found) -> Result<(), Aborted>,
) -> Result<Found, Aborted> {
    let config = loader.server.config.load_full();
    let started = Instant::now();
    let found = if config.appendonly {
        aof::load(loader, &Place::of(&config), true).map(|loaded| {
            if loaded.outcome != Outcome::Absent {
                let seconds = started.elapsed().as_secs_f64();
                log!(Notice, "DB loaded from append only file: {seconds:.3} seconds");
            }
            Found::Aof(Box::new(loaded))
        })
    } else {
        let options = Options { keep_expired: config.replicaof.is_some(), merge: false };
        load_rdb(loader, Path::new(&config.dbfilename), options).map(|exists| match exists {
            true => {
                let seconds = started.elapsed().as_secs_f64();
                log!(Notice, "DB loaded from disk: {seconds:.3} seconds");
                Found::Rdb
            }
            false => Found::Nothing,
        })
    };
    let found = found.inspect_err(|&aborted| match aborted {
        Aborted::Refused => {
            log!(Warning, "Fatal error loading the DB, check server logs. Exiting.");
        }
        Aborted::Damaged => log!(Warning, "Terminating server after rdb file reading failure."),
        Aborted::Fatal | Aborted::Stopped => {}
    });
    let outcome = found.and_then(|found| take_over(&found).map(|()| found));
    loader.server.loading.end();
    outcome
}

/// Whether there may be anything to load: then the server should be in the state of loading before it accepts connections.
pub fn is_due(config: &Config) -> bool {
    if config.appendonly {
        return Place::of(config).is_anything_there();
    }
    // What cannot be looked at is for the loader to complain of.
    Path::new(&config.dbfilename).try_exists().unwrap_or(true)
}

/// Loads an RDB file into the dataset as it is. The state of loading begins here; ending it is the caller's. `false`: there
/// is no such file.
///
/// # Errors
/// The file cannot be loaded, which the log says, or loading was stopped.
pub fn load_rdb(loader: &Loader, path: &Path, options: Options) -> Result<bool, Aborted> {
    let name = path.display().to_string();
    let unreadable = |error: &io::Error| {
        let why = error_text(error);
        log!(Warning, "Fatal error: can't open the RDB file {name} for reading: {why}");
        Aborted::Refused
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unreadable(&error)),
    };
    let meta = file.metadata().map_err(|error| unreadable(&error))?;
    // A pipe has no size.
    let size = meta.is_file().then_some(meta.len());
    loader.server.loading.begin(size.unwrap_or(0), clock::now_ms() / 1000);
    let loaded = rdb::load(loader, file, (&name, size, 0), options)?;
    loader.server.loading.keep_history(loaded.history);
    Ok(true)
}
