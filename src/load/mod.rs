//! L4: loading a dataset from files, on a thread of its own, into all shards in parallel.
//!
//! ```text
//!   RDB file ──► scanner ──► records by shard ──► decoded and inserted by the shards        (rdb.rs, records.rs)
//!   AOF files ─► reader ───► applier ───────────► executed by the shards                    (aof.rs, shard::apply)
//! ```
//!
//! While that goes on the server is in the state of loading (`Server::loading`): it accepts connections, answers what may
//! be answered then and refuses the rest. The thread that loads may wait for shards; shards never wait for it.

pub mod aof;
pub mod rdb;
mod records;
pub mod reload;
pub mod start;

use crate::base::clock;
use crate::command::Server;
use crate::command::scripting::function::forget_all;
use crate::data::{Limits, limits::LIST_PLAIN_BYTES};
use crate::shard::Ground;
use crate::shard::txn::{Hub, ShardSet};
use std::sync::Arc;
use std::time::Duration;

/// How often a loading thread looks whether what it waits for has come.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Why loading ended early. The log says more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Aborted {
    /// Somebody asked for that: the process ends.
    #[error("loading was stopped")]
    Stopped,
    /// The file cannot be loaded: whoever wanted it decides what follows.
    #[error("the file cannot be loaded")]
    Refused,
    /// The RDB file is damaged: Redis ends at once.
    #[error("the file is damaged")]
    Damaged,
    /// The file is not for this server, or an append-only file is damaged: Redis ends at once.
    #[error("the file is damaged or not for this server")]
    Fatal,
}

/// What loads; one call at a time.
#[derive(Clone)]
pub struct Loader {
    /// What all threads share.
    pub server: Arc<Server>,
    /// The way to the shards.
    pub hub: Arc<Hub<Ground>>,
}

impl Loader {
    /// Empties all shards and forgets functions, since another dataset takes their place (db.c `emptyData`). From here on the
    /// server loads; ending that is the caller's.
    pub fn empty(&self) {
        let Loader { server, hub } = self;
        server.loading.begin(0, clock::now_ms() / 1000);
        let work = |_: usize, ground: &mut Ground| ground.store.empty(false);
        let ticket = hub.independent(0, ShardSet::all(server.shards), Arc::new(work));
        while !ticket.is_done() && !server.loading.must_stop() {
            std::thread::sleep(LOOK_EVERY);
        }
        forget_all(server);
    }

    /// Whether to go on.
    fn go_on(&self) -> Result<(), Aborted> {
        if self.server.loading.must_stop() { Err(Aborted::Stopped) } else { Ok(()) }
    }

    /// Where encodings change.
    fn limits(&self) -> Limits {
        crate::shard::limits(&self.server.config.load(), LIST_PLAIN_BYTES)
    }
}
