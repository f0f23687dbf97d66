//! Loading the append-only file: its base, then its files of commands in their order (aof.c `loadAppendOnlyFiles`,
//! `loadSingleAppendOnlyFile`).
//!
//! Only the last file may end in the midst of something, and only `aof-load-truncated` lets it be cut back to its last
//! whole unit. Anything else that is wrong is a reason not to start; the log names file and offset.

pub mod files;
pub mod take_over;

use super::rdb::{self, Options};
use super::{Aborted, Loader};
use crate::log;
use crate::observe::log;
use crate::persist::aof::manifest::Manifest;
use crate::persist::aof::read::{Command, Damage, Flaw, Reader};
use crate::shard::apply::{Applier, Feeder, Refusal, Source};
use files::{Place, error_text};
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

/// How an RDB file begins.
const RDB_MAGIC: &[u8; 5] = b"REDIS";
/// The loading thread looks this often by itself, should a wake go astray.
const PATIENCE: Duration = Duration::from_millis(20);
/// Commands between two looks at whether to go on.
const LOOK_EVERY: u32 = 1024;

/// What loading came to (aof.c AOF_OK and its kin).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// There is no append-only file.
    Absent,
    /// Its files are empty.
    Empty,
    /// It was loaded.
    Whole,
    /// It was loaded but for the end of its last file, which was cut off.
    Truncated,
}

/// An append-only file that was loaded.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What came of it.
    pub outcome: Outcome,
    /// The files in force.
    pub manifest: Manifest,
    /// Bytes of all of them (`aof_current_size`), before anything was cut off.
    pub bytes: u64,
    /// Bytes of the base (`aof_base_size`).
    pub base_bytes: u64,
}

/// Loads the append-only file at `place`, adopting the single file of an old Redis first. `may_cut`: nobody writes to it, so an
/// end that was cut off may be taken off the last file.
///
/// # Errors
/// It is damaged, which the log says, or loading was stopped.
pub fn load(loader: &Loader, place: &Place, may_cut: bool) -> Result<Loaded, Aborted> {
    let mut manifest = place.read_manifest()?;
    if place.has_old_file() && place.is_upgrade_due(&manifest) {
        place.adopt_old_file(&mut manifest)?;
    }
    if manifest.is_empty() {
        return Ok(Loaded { outcome: Outcome::Absent, manifest, bytes: 0, base_bytes: 0 });
    }
    let names: Vec<String> = manifest.parts().map(|part| part.shown()).collect();
    let paths: Vec<_> = manifest.parts().map(|part| place.path_of(&part.name)).collect();
    let mut sizes = Vec::with_capacity(paths.len());
    for (path, name) in paths.iter().zip(&names) {
        match std::fs::metadata(path) {
            Ok(meta) => sizes.push(meta.len()),
            Err(error) => {
                let why = error_text(&error);
                log!(Warning, "Unable to obtain the AOF file {name} length. stat: {why}");
                return Err(Aborted::Fatal);
            }
        }
    }
    let bytes: u64 = sizes.iter().sum();
    let has_base = manifest.base().is_some();
    let base_bytes = sizes.first().copied().filter(|_| has_base).unwrap_or(0);
    if bytes == 0 {
        return Ok(Loaded { outcome: Outcome::Empty, manifest, bytes, base_bytes });
    }
    let now_s = crate::base::clock::now_ms() / 1000;
    loader.server.loading.begin(bytes, now_s);
    let mut outcome = Outcome::Whole;
    let mut before = 0;
    let count = paths.len();
    for (at, ((path, name), size)) in paths.iter().zip(&names).zip(&sizes).enumerate() {
        let file = OneFile {
            loader,
            path,
            name,
            before,
            size: *size,
            is_last: at + 1 == count,
            may_cut,
            is_old: name == place.old_name(),
        };
        let started = Instant::now();
        if file.size > 0 {
            outcome = file.load()?;
            let sort = if has_base && at == 0 { "base" } else { "incr" };
            let seconds = started.elapsed().as_secs_f64();
            log!(Notice, "DB loaded from {sort} file {name}: {seconds:.3} seconds");
        }
        before += size;
        loader.server.loading.progress(before);
    }
    Ok(Loaded { outcome, manifest, bytes, base_bytes })
}

/// One of the files.
struct OneFile<'a> {
    loader: &'a Loader,
    path: &'a std::path::Path,
    name: &'a str,
    /// Bytes of the files before it.
    before: u64,
    size: u64,
    is_last: bool,
    may_cut: bool,
    /// It was written by a version that had a single file: an RDB file may precede its commands.
    is_old: bool,
}

impl OneFile<'_> {
    fn load(&self) -> Result<Outcome, Aborted> {
        let name = self.name;
        let mut file = File::open(self.path).map_err(|error| {
            let why = error_text(&error);
            log!(Warning, "Fatal error: can't open the append log file {name} for reading: {why}");
            Aborted::Fatal
        })?;
        let mut magic = [0; RDB_MAGIC.len()];
        let is_rdb = match file.read_exact(&mut magic) {
            Ok(()) => magic == *RDB_MAGIC,
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => false,
            Err(error) => return Err(self.unreadable(&error)),
        };
        file.seek(SeekFrom::Start(0)).map_err(|error| self.unreadable(&error))?;
        if !is_rdb {
            return self.commands(file, 0);
        }
        if self.is_old {
            log!(Notice, "Reading RDB preamble from AOF file...");
        } else {
            log!(Notice, "Reading RDB base file on AOF loading...");
        }
        let options = Options { keep_expired: true, merge: false };
        let loaded = rdb::load(self.loader, file, (name, Some(self.size), self.before), options);
        let loaded = loaded.inspect_err(|&aborted| {
            if aborted != Aborted::Stopped {
                let what = if self.is_old { "preamble of the AOF" } else { "base" };
                log!(Warning, "Error reading the RDB {what} file {name}, AOF loading aborted");
            }
        })?;
        if self.is_old {
            log!(Notice, "Reading the remaining AOF tail...");
        }
        let (rest, file) = loaded.rest;
        self.commands(Cursor::new(rest).chain(file), loaded.bytes)
    }

    /// The part of the file that holds commands, from `offset` on.
    fn commands(&self, source: impl Read, offset: u64) -> Result<Outcome, Aborted> {
        let Loader { server, hub } = self.loader;
        let feeder = Feeder::Thread(std::thread::current());
        let mut applier = Applier::new(server.clone(), hub.clone(), Source::File, feeder, offset);
        let mut reader = Reader::from_offset(source, offset);
        let outcome = self.feed(&mut reader, &mut applier);
        applier.flush();
        while !applier.is_idle() && !server.loading.must_stop() {
            if !applier.advance() {
                std::thread::park_timeout(PATIENCE);
            }
        }
        outcome
    }

    fn feed<R: Read>(&self, reader: &mut Reader<R>, applier: &mut Applier) -> Result<Outcome, Aborted> {
        let server = &self.loader.server;
        let mut read = 0u32;
        loop {
            let delay_us = server.config.load().key_load_delay;
            if read.is_multiple_of(LOOK_EVERY) || delay_us > 0 {
                self.loader.go_on()?;
                server.loading.progress(self.before + reader.position());
            }
            read = read.wrapping_add(1);
            let command = match reader.next() {
                Ok(Some(command)) => command,
                Ok(None) => return Ok(Outcome::Whole),
                Err(damage) => {
                    applier.abandon_multi();
                    return self.damaged(&damage, reader.valid_up_to());
                }
            };
            self.push(&command, reader.position(), applier)?;
            if let Some(delay_us) = u64::try_from(delay_us).ok().filter(|&us| us > 0) {
                applier.flush();
                applier.advance();
                std::thread::sleep(Duration::from_micros(delay_us));
            }
        }
    }

    fn push(&self, command: &Command, end: u64, applier: &mut Applier) -> Result<(), Aborted> {
        while !applier.has_room() {
            self.loader.go_on()?;
            if !applier.advance() {
                std::thread::park_timeout(PATIENCE);
            }
        }
        let argv: Vec<&[u8]> = command.argv.iter().map(|word| word.as_ref()).collect();
        applier.push(&argv, end).map_err(|Refusal::Unknown| {
            let word = String::from_utf8_lossy(argv.first().copied().unwrap_or_default());
            log!(
                Warning,
                "Unknown command '{word}' reading the append only file {}, at offset {}",
                self.name,
                command.offset
            );
            Aborted::Fatal
        })
    }

    fn unreadable(&self, error: &std::io::Error) -> Aborted {
        let why = error_text(error);
        log!(Warning, "Unrecoverable error reading the append only file {}: {why}", self.name);
        Aborted::Fatal
    }

    fn damaged(&self, damage: &Damage, valid_up_to: u64) -> Result<Outcome, Aborted> {
        let (name, offset) = (self.name, damage.offset);
        match &damage.kind {
            Flaw::Io(error) => return Err(self.unreadable(error)),
            Flaw::Format | Flaw::Nesting => {
                log!(
                    Warning,
                    "Bad file format reading the append only file {name}: make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest> ({damage})"
                );
                return Err(Aborted::Fatal);
            }
            Flaw::OpenMulti => {
                log!(Warning, "Revert incomplete MULTI/EXEC transaction in AOF file {name}");
            }
            Flaw::End => {}
        }
        if !self.is_last {
            log!(Warning, "Unexpected end of file reading the append only file {name}, at offset {offset}");
            log!(Warning, "Fatal error: the truncated file is not the last file");
            return Err(Aborted::Fatal);
        }
        if !self.may_cut {
            return Ok(Outcome::Truncated);
        }
        if self.loader.server.config.load().aof_load_truncated {
            log!(Warning, "!!! Warning: short read while loading the AOF file {name}!!!");
            log!(Warning, "!!! Truncating the AOF {name} at offset {valid_up_to} !!!");
            match self.cut(valid_up_to) {
                Ok(()) => {
                    log!(Warning, "AOF {name} loaded anyway because aof-load-truncated is enabled");
                    return Ok(Outcome::Truncated);
                }
                Err(error) => {
                    let why = error_text(&error);
                    log!(Warning, "Error truncating the AOF file {name}: {why}");
                }
            }
        }
        log::warning(&format!(
            "Unexpected end of file reading the append only file {name}, at offset {offset}. You can: 1) Make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server."
        ));
        Err(Aborted::Fatal)
    }

    fn cut(&self, len: u64) -> std::io::Result<()> {
        let file = File::options().write(true).open(self.path)?;
        file.set_len(len)?;
        file.sync_all()
    }
}
