//! From the files that were loaded to the files that are written: what must be there before the first write, and handing it
//! all to the log core (aof.c `aofOpenIfNeededOnServerStart`).

use super::Loaded;
use super::files::{Place, error_text};
use crate::base::{alloc, clock};
use crate::command::Server;
use crate::command::server_state::{LogOpening, Request};
use crate::config::Config;
use crate::load::{Aborted, start::Found};
use crate::log;
use crate::persist::rdb::file::{Assembler, Preamble, Style};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// How often it is looked at whether the server ends meanwhile.
const PATIENCE: Duration = Duration::from_millis(100);

/// Makes what is missing of the append-only file, hands it to the log core, and returns when every command is logged from
/// here on, if the file is on.
///
/// # Errors
/// The file system refuses, which the log says; or the server ends.
pub fn take_over(server: &Server, found: &Found) -> Result<(), Aborted> {
    let config = server.config.load_full();
    let place = Place::of(&config);
    let (done, answer) = sync_channel(1);
    let opening = match found {
        Found::Aof(loaded) => make_ready(&place, &config, loaded, done)?,
        // Switched on later, it goes on from what is there.
        Found::Nothing | Found::Rdb => {
            let manifest = place.read_manifest()?;
            LogOpening { manifest, bytes: 0, base_bytes: 0, is_on: false, done }
        }
    };
    server.ask_log(Request::OpenLog(Box::new(opening)));
    loop {
        match answer.recv_timeout(PATIENCE) {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(Aborted::Fatal),
            Err(RecvTimeoutError::Timeout) if !server.loading.must_stop() => {}
            Err(_) => return Err(Aborted::Stopped),
        }
    }
}

/// A base if nothing at all is there, a file of commands if there is none, and the manifest that names them.
fn make_ready(
    place: &Place,
    config: &Config,
    loaded: &Loaded,
    done: SyncSender<bool>,
) -> Result<LogOpening, Aborted> {
    place.make_dir()?;
    let mut manifest = loaded.manifest.clone();
    let (mut bytes, mut base_bytes) = (loaded.bytes, loaded.base_bytes);
    if manifest.is_empty() {
        let name = manifest.new_base(place.names(), config.aof_use_rdb_preamble);
        base_bytes = write_base(place, config, &name).map_err(|error| {
            log!(Warning, "Write error writing append only file on disk: {}", error_text(&error));
            Aborted::Fatal
        })?;
        bytes = base_bytes;
        log!(Notice, "Creating AOF base file {name} on server start");
    }
    let is_new = manifest.incrs().is_empty();
    if is_new {
        manifest.new_incr(place.names());
    }
    let Some(last) = manifest.incrs().last() else { return Err(Aborted::Fatal) };
    let name = last.shown();
    let opened = OpenOptions::new().append(true).create(true).open(place.path_of(&last.name));
    opened.map_err(|error| {
        log!(Warning, "Can't open the append-only file {name}: {}", error_text(&error));
        Aborted::Fatal
    })?;
    if is_new {
        place.persist(&manifest)?;
    }
    let what = if is_new { "Creating" } else { "Opening" };
    log!(Notice, "{what} AOF incr file {name} on server start");
    Ok(LogOpening { manifest, bytes, base_bytes, is_on: true, done })
}

/// The base of an empty dataset: complete, then named. Returns its size.
fn write_base(place: &Place, config: &Config, name: &str) -> io::Result<u64> {
    let now_s = clock::now_ms() / 1000;
    let mut content = Vec::new();
    if config.aof_use_rdb_preamble {
        let preamble = Preamble {
            ctime_s: now_s,
            used_memory: alloc::used_memory() as u64,
            is_aof_base: true,
            ..Preamble::default()
        };
        let style = Style { checksum: config.rdbchecksum, compress: config.rdbcompression };
        let mut chunks = Vec::new();
        Assembler::begin(&preamble, style, &[], &mut chunks).end(&mut chunks).map_err(io::Error::other)?;
        chunks.iter().for_each(|chunk| content.extend_from_slice(&chunk.bytes));
    } else if config.aof_timestamp_enabled {
        content.extend_from_slice(format!("#TS:{now_s}\r\n").as_bytes());
    }
    let temp = format!("temp-rewriteaof-{}.aof", std::process::id());
    let mut file = File::create(&temp)?;
    let written = file.write_all(&content).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| fs::rename(&temp, place.path_of(name.as_bytes()))) {
        // What is wrong with the file is worth telling, not what is wrong with its removal.
        let _ = fs::remove_file(&temp);
        return Err(error);
    }
    Ok(content.len() as u64)
}
