//! DEBUG RELOAD and DEBUG LOADAOF: the dataset is thrown away and loaded again while the server runs (debug.c).
//!
//! Redis stands still meanwhile. Here the caller waits, and others are told that a dataset is being loaded. A file that
//! cannot be loaded ends Redis; here the caller gets an error, and what was loaded up to there stays.

use super::aof::{self, Outcome, files::Place};
use super::rdb::Options;
use super::{LOOK_EVERY, Loader, start};
use crate::command::server_state::{Asker, Note, Reload, Request, SaveAs};
use crate::log;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

const RDB_FAILED: &[u8] = b"-ERR Error trying to load the RDB dump, check server logs.\r\n";
const AOF_FAILED: &[u8] = b"-ERR Error trying to load the AOF files, check server logs.\r\n";

/// One at a time.
static RELOADING: Mutex<()> = Mutex::new(());

/// Does what was asked for on a thread of its own, then answers whoever asked.
///
/// # Errors
/// No more threads; nobody is answered then.
pub fn begin(loader: Loader, reload: Reload, asker: Asker) -> std::io::Result<()> {
    let body = move || {
        let _one = RELOADING.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = match reload {
            Reload::Rdb { save, flush, merge } => reload_rdb(&loader, save, flush, merge),
            Reload::Aof => load_aof(&loader),
        };
        loader.server.loading.end();
        loader.server.post(asker.shard, Note::Answer(asker.client, reply));
    };
    std::thread::Builder::new().name("loader".into()).spawn(body).map(|_| ())
}

fn reload_rdb(loader: &Loader, save: bool, flush: bool, merge: bool) -> Vec<u8> {
    if save && let Err(reply) = save_first(loader) {
        return reply;
    }
    if flush {
        loader.empty();
    }
    let config = loader.server.config.load_full();
    let options = Options { keep_expired: config.replicaof.is_some(), merge };
    match start::load_rdb(loader, Path::new(&config.dbfilename), options) {
        Ok(true) => {
            log!(Notice, "DB reloaded by DEBUG RELOAD");
            b"+OK\r\n".to_vec()
        }
        Ok(false) | Err(_) => RDB_FAILED.to_vec(),
    }
}

/// What is read must not be logged again, and what was done before must be there to be read.
fn load_aof(loader: &Loader) -> Vec<u8> {
    if !tell(loader, Request::HoldLog) {
        return AOF_FAILED.to_vec();
    }
    let reply = load_held_aof(loader);
    if tell(loader, Request::GoOnLog) { reply } else { AOF_FAILED.to_vec() }
}

/// Tells the log core something and waits until it is done.
fn tell(loader: &Loader, request: impl FnOnce(SyncSender<bool>) -> Request) -> bool {
    let (done, answer) = sync_channel(1);
    loader.server.ask_log(request(done));
    loop {
        match answer.recv_timeout(LOOK_EVERY) {
            Ok(outcome) => return outcome,
            Err(RecvTimeoutError::Timeout) if loader.go_on().is_ok() => {}
            Err(_) => return false,
        }
    }
}

fn load_held_aof(loader: &Loader) -> Vec<u8> {
    loader.empty();
    let place = Place::of(&loader.server.config.load());
    match aof::load(loader, &place, false).map(|loaded| loaded.outcome) {
        Ok(Outcome::Whole | Outcome::Truncated | Outcome::Empty) => {
            log!(Notice, "Append Only File loaded by DEBUG LOADAOF");
            b"+OK\r\n".to_vec()
        }
        Ok(Outcome::Absent) | Err(_) => AOF_FAILED.to_vec(),
    }
}

/// Has the log core save the dataset; its reply if that failed.
fn save_first(loader: &Loader) -> Result<(), Vec<u8>> {
    let asker = Asker { client: 0, shard: loader.server.loader() };
    match ask_as_client(loader, Request::Save(SaveAs::Foreground, Some(asker))) {
        Some(reply) if reply.starts_with(b"+") => Ok(()),
        Some(reply) => Err(reply),
        None => Err(RDB_FAILED.to_vec()),
    }
}

/// Asks the log core and waits for its answer; `None` if the process ends. The mailbox of whoever loads takes the place of
/// a client's.
fn ask_as_client(loader: &Loader, request: Request) -> Option<Vec<u8>> {
    let server = &loader.server;
    drop(server.take_notes(server.loader()));
    server.ask_log(request);
    loop {
        for note in server.take_notes(server.loader()) {
            if let Note::Answer(_, reply) = note {
                return Some(reply);
            }
        }
        loader.go_on().ok()?;
        std::thread::sleep(LOOK_EVERY);
    }
}
