//! Loading an RDB file: one thread scans it, the shards decode and insert (rdb.c `rdbLoad`, `rdbLoadRioWithLoadingCtx`).
//!
//! The log lines are Redis's, but for the line of its source in "Internal error in RDB reading offset", in whose place the
//! file is named.

use super::records::{Dealer, Flaw as RecordFlaw};
use super::{Aborted, Loader};
use crate::base::clock;
use crate::command::scripting::function::load_saved;
use crate::command::server_state::loading::SavedHistory;
use crate::log;
use crate::observe::log;
use crate::persist::aof::read_integer;
use crate::persist::rdb::scan::{Checksum, Damage, Event, Flaw, Record, Scanner};
use std::borrow::Cow;
use std::io::Read;
use std::time::Duration;

/// Events between two looks at whether to go on.
const LOOK_EVERY: u64 = 256;

/// How a file is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Keys whose time has passed are loaded like others: the server is a replica, or a log of commands follows that
    /// speaks of them (rdb.c RDBFLAGS_AOF_PREAMBLE).
    pub keep_expired: bool,
    /// Keys and libraries that are there already are replaced (rdb.c RDBFLAGS_ALLOW_DUP).
    pub merge: bool,
}

/// What came of a file.
#[derive(Debug)]
pub struct Loaded<R> {
    /// What it says of the history that it was written at.
    pub history: SavedHistory,
    /// Bytes behind its end that were read already, and the input: for a file that goes on as something else.
    pub rest: (Vec<u8>, R),
    /// Bytes that it takes.
    pub bytes: u64,
}

/// Bytes in the midst of being loaded.
struct Load<'a> {
    loader: &'a Loader,
    dealer: Dealer,
    options: Options,
    name: &'a str,
    /// Bytes of other files that came before, for the progress.
    before: u64,
    db: usize,
    databases: u32,
    now_ms: i64,
    checksum: bool,
    expired: u64,
    /// Keys that INFO was told of.
    told: (u64, u64),
    progress_step: u64,
    progress_at: u64,
    history: SavedHistory,
}

/// Loads the RDB file that `read` gives. `name` is what to call it, `size` its bytes if they are known, `before` the bytes
/// of what was loaded before it. The server must be in the state of loading.
///
/// # Errors
/// The file is damaged or must not be loaded, which the log says, or loading was stopped. Keys that came before remain.
pub fn load<R: Read>(
    loader: &Loader,
    read: R,
    (name, size, before): (&str, Option<u64>, u64),
    options: Options,
) -> Result<Loaded<R>, Aborted> {
    let config = loader.server.config.load_full();
    let mut load = Load {
        loader,
        dealer: Dealer::new(loader, options.merge),
        options,
        name,
        before,
        db: 0,
        databases: config.databases,
        now_ms: clock::now_ms(),
        checksum: config.rdbchecksum,
        expired: 0,
        told: (0, 0),
        progress_step: u64::from(config.loading_process_events_interval_bytes.max(1024)),
        progress_at: 0,
        history: SavedHistory::default(),
    };
    let mut scanner = Scanner::sized(read, size);
    let outcome = load.run(&mut scanner);
    load.dealer.finish();
    load.tell(scanner.offset());
    // What a shard found comes first in the file, unless the scan ended for another reason meanwhile.
    load.look_at_records()?;
    outcome?;
    load.report();
    let bytes = scanner.offset();
    Ok(Loaded { history: load.history, rest: scanner.into_rest(), bytes })
}

impl Load<'_> {
    fn run<R: Read>(&mut self, scanner: &mut Scanner<R>) -> Result<(), Aborted> {
        let mut events = 0u64;
        loop {
            let offset = scanner.offset();
            if offset >= self.progress_at {
                self.progress_at = offset.saturating_add(self.progress_step);
                self.tell(offset);
            }
            let delay_us = self.loader.server.config.load().key_load_delay;
            events += 1;
            if events.is_multiple_of(LOOK_EVERY) || delay_us > 0 {
                self.loader.go_on()?;
                self.look_at_records()?;
            }
            match scanner.next() {
                Ok(Event::Key(record)) => {
                    self.key(&record);
                    self.delay(delay_us);
                }
                Ok(Event::End(sum)) => return self.check_sum(sum, scanner.offset()),
                Ok(Event::Select(db)) => self.select(db)?,
                Ok(Event::Aux { name, value }) => self.aux(&name, &value),
                Ok(Event::Function(code)) => {
                    if let Err(why) = load_saved(&self.loader.server, &code, self.options.merge) {
                        let why = String::from_utf8_lossy(&why).into_owned();
                        log!(Warning, "Failed loading library, {why}");
                        return Err(self.short_read(scanner.offset()));
                    }
                }
                Ok(Event::ModuleAux { id }) => {
                    let module = crate::persist::rdb::scan::module_name(id);
                    log!(
                        Warning,
                        "The RDB file contains AUX module data I can't load: no matching module '{module}'"
                    );
                    return Err(Aborted::Fatal);
                }
                Ok(Event::Version(_) | Event::Resize { .. } | Event::SlotInfo { .. }) => {}
                Err(damage) => return Err(self.damaged(&damage)),
            }
        }
    }

    fn key(&mut self, record: &Record<'_>) {
        if !self.options.keep_expired && record.expire_ms.is_some_and(|at| at < self.now_ms) {
            self.expired += 1;
            return;
        }
        self.dealer.deal(self.db, record);
    }

    /// `key-load-delay`: microseconds, or below zero the chance of one (debug.c `debugDelay`).
    fn delay(&mut self, delay_us: i32) {
        match u64::try_from(delay_us) {
            Ok(0) => {}
            Ok(delay_us) => {
                self.dealer.flush_all();
                std::thread::sleep(Duration::from_micros(delay_us));
            }
            Err(_) => {
                let one_in = u64::from(delay_us.unsigned_abs());
                if crate::base::prng::os_random_u64().is_multiple_of(one_in.max(1)) {
                    std::thread::sleep(Duration::from_micros(1));
                }
            }
        }
    }

    fn select(&mut self, db: u64) -> Result<(), Aborted> {
        match usize::try_from(db) {
            Ok(index) if db < u64::from(self.databases) => {
                self.db = index;
                Ok(())
            }
            _ => {
                log!(
                    Warning,
                    "FATAL: Data file was created with a Redis server configured to handle more than {} databases. Exiting",
                    self.databases
                );
                Err(Aborted::Fatal)
            }
        }
    }

    fn aux(&mut self, name: &[u8], value: &[u8]) {
        let text = String::from_utf8_lossy(value);
        let number = || read_integer(value).0;
        let named = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        if name.first() == Some(&b'%') {
            log!(Notice, "RDB '{}': {text}", String::from_utf8_lossy(name));
        } else if named("repl-stream-db") {
            self.history.stream_db = Some(number());
        } else if named("repl-id") {
            self.history.repl_id = (value.len() == 40).then(|| text.into_owned());
        } else if named("repl-offset") {
            self.history.offset = Some(number());
        } else if named("redis-ver") || named("valkey-ver") {
            log!(Notice, "Loading RDB produced by version {text}");
        } else if named("ctime") {
            let age = (clock::now_ms() / 1000).saturating_sub(number()).max(0);
            log!(Notice, "RDB age {age} seconds");
        } else if named("used-mem") {
            let bytes = u64::try_from(number()).unwrap_or(0);
            log!(Notice, "RDB memory usage when created {:.2} Mb", bytes as f64 / (1024.0 * 1024.0));
            self.loader.server.loading.found_used_mem(bytes);
        } else if named("aof-preamble") {
            if number() != 0 {
                log!(Notice, "RDB has an AOF tail");
            }
        } else if named("aof-base") {
            if number() != 0 {
                log!(Notice, "RDB is base AOF");
            }
        } else if !named("lua") && !named("redis-bits") {
            log!(Debug, "Unrecognized RDB AUX field: '{}'", String::from_utf8_lossy(name));
        }
    }

    /// Says how far it is.
    fn tell(&mut self, offset: u64) {
        let (loaded, _) = self.dealer.counts();
        let loading = &self.loader.server.loading;
        loading.progress(self.before.saturating_add(offset));
        loading.count(loaded.saturating_sub(self.told.0), self.expired.saturating_sub(self.told.1));
        self.told = (loaded, self.expired);
    }

    fn check_sum(&self, sum: Checksum, offset: u64) -> Result<(), Aborted> {
        match sum {
            _ if !self.checksum => Ok(()),
            Checksum::Sound => Ok(()),
            Checksum::Absent => {
                log!(Notice, "RDB file was saved with checksum disabled: no check performed.");
                Ok(())
            }
            Checksum::Wrong { computed, stated } => {
                log!(
                    Warning,
                    "Wrong RDB checksum expected: ({computed:x}) but got ({stated:x}). Aborting now."
                );
                Err(self.corrupt(offset, "RDB CRC error"))
            }
        }
    }

    fn look_at_records(&self) -> Result<(), Aborted> {
        match self.dealer.flaw() {
            None => Ok(()),
            Some(RecordFlaw::Value { offset, key, why }) => {
                let key = String::from_utf8_lossy(&key).into_owned();
                Err(self.corrupt(offset, &format!("{why} (the value of key '{key}')")))
            }
            Some(RecordFlaw::Duplicate { offset, db, key }) => {
                let key = String::from_utf8_lossy(&key).into_owned();
                log!(Warning, "RDB has duplicated key '{key}' in DB {db}");
                Err(self.corrupt(offset, "Duplicated key found in RDB file"))
            }
        }
    }

    fn damaged(&self, damage: &Damage) -> Aborted {
        match &damage.flaw {
            // These do not look like a file of ours at all: nothing is checked further.
            flaw @ (Flaw::Signature | Flaw::Version(_)) => {
                log!(Warning, "{flaw}");
                Aborted::Refused
            }
            Flaw::Eof | Flaw::Read(_) | Flaw::Memory(_) => {
                if !matches!(damage.flaw, Flaw::Eof) {
                    log!(Warning, "{}", damage.flaw);
                }
                self.short_read(damage.offset)
            }
            flaw => self.corrupt(damage.offset, &flaw.to_string()),
        }
    }

    /// rdb.c `rdbReportReadError`.
    fn short_read(&self, offset: u64) -> Aborted {
        log!(Warning, "Short read or OOM loading DB. Unrecoverable error, aborting now.");
        self.corrupt(offset, "Unexpected EOF reading RDB file")
    }

    /// rdb.c `rdbReportError`.
    fn corrupt(&self, offset: u64, reason: &str) -> Aborted {
        let name = self.name;
        log!(Warning, "Internal error in RDB reading offset {offset}, file {name} -> {reason}");
        Aborted::Damaged
    }

    fn report(&self) {
        let (loaded, empty) = self.dealer.counts();
        let skipped: Cow<'_, str> = match empty {
            0 => ".".into(),
            n => format!(", empty keys skipped: {n}.").into(),
        };
        log::notice(&format!(
            "Done loading RDB, keys loaded: {loaded}, keys expired: {}{skipped}",
            self.expired
        ));
    }
}
