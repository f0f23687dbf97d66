//! DEBUG RELOAD and DEBUG LOADAOF: the dataset is thrown away and loaded again while the server runs (debug.c).
//!
//! Redis stands still meanwhile. Here the caller waits, and others are told that a dataset is being loaded. A file that
//! cannot be loaded ends Redis; here the caller gets an error, and what was loaded up to there stays.

use super::aof::{self, Outcome, files::Place};
use super::rdb::Options;
use super::{Loader, start};
use crate::base::clock;
use crate::command::scripting::function::forget_all;
use crate::command::server_state::{Asker, Note, Reload, Request, SaveAs};
use crate::log;
use crate::shard::Ground;
use crate::shard::txn::ShardSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often it looks whether what it waits for has come.
const LOOK_EVERY: Duration = Duration::from_millis(1);

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
        empty(loader);
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

fn load_aof(loader: &Loader) -> Vec<u8> {
    empty(loader);
    let place = Place::of(&loader.server.config.load());
    match aof::load(loader, &place).map(|loaded| loaded.outcome) {
        Ok(Outcome::Whole | Outcome::Truncated | Outcome::Empty) => {
            log!(Notice, "Append Only File loaded by DEBUG LOADAOF");
            b"+OK\r\n".to_vec()
        }
        Ok(Outcome::Absent) | Err(_) => AOF_FAILED.to_vec(),
    }
}

/// Has the log core save the dataset; its reply if that failed. The mailbox of whoever loads takes the place of a client's.
fn save_first(loader: &Loader) -> Result<(), Vec<u8>> {
    let server = &loader.server;
    drop(server.take_notes(server.loader()));
    server.ask_log(Request::Save(SaveAs::Foreground, Some(Asker { client: 0, shard: server.loader() })));
    loop {
        for note in server.take_notes(server.loader()) {
            if let Note::Answer(_, reply) = note {
                return if reply.starts_with(b"+") { Ok(()) } else { Err(reply) };
            }
        }
        loader.go_on().map_err(|_| RDB_FAILED.to_vec())?;
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Empties all shards and forgets functions (db.c `emptyData`). From here on the server loads.
fn empty(loader: &Loader) {
    let Loader { server, hub } = loader;
    server.loading.begin(0, clock::now_ms() / 1000);
    let work = |_: usize, ground: &mut Ground| ground.store.empty(false);
    let ticket = hub.independent(0, ShardSet::all(server.shards), Arc::new(work));
    while !ticket.is_done() && !server.loading.must_stop() {
        std::thread::sleep(LOOK_EVERY);
    }
    forget_all(server);
}
