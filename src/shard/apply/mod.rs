//! The applier: an ordered stream of commands, taken in by one thread, applied by all shards in parallel.
//!
//! ```text
//!  push(words, end) ─► SELECT, MULTI, EXEC are its own
//!        │
//!        ├─ one shard ───────────► that shard's open portion ──(full, or flush)──► class I over that one shard
//!        ├─ several, splittable ─► a file: a part to each portion;  a master: class I over those shards
//!        └─ several together ────► the open portions of those shards, then class D over them
//! ```
//!
//! Everything goes through the inboxes of transactions, so order costs nothing: what was submitted first is first in the
//! inbox of every shard that it concerns. Nobody waits for anybody, the applier least of all; whoever feeds it asks
//! [`Applier::has_room`] first, and so the bytes that are on the way to a shard are bounded.
//!
//! Order per key is the stream's. A master's transaction takes effect at one moment; for a file, which is read before
//! anybody may look, its commands go to their shards like any others. What has no keys but effects (PUBLISH, FUNCTION
//! LOAD, scripts, FLUSHALL) runs over all shards together, so after everything before it and before everything behind it.
//!
//! The applier belongs to the thread that made it: the log core for a master's stream, the loader's for a file.

mod work;

#[cfg(test)]
mod tests;

use super::Ground;
use super::journal::Stated;
use super::mesh::{Caller, write_request};
use super::reach::{Reach, reach};
use super::route::by_owner;
use super::txn::{Hub, ShardSet, Ticket};
use crate::command::meta::flag;
use crate::command::session::Queued;
use crate::command::{Args, Command, Handler, Route, Server, ShardOp, Spread, args, table};
use crate::journal::fresh_transaction;
use crate::resp::Proto;
use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::Thread;
use work::{Done, GOES_ON, Share, Together, complain, size_of_words};

/// Bytes of requests from which on a portion goes to its shard.
const PORTION_BYTES: usize = 32 * 1024;
/// Bytes on the way to one shard from which on no more is taken in: what a shard may be made to run in one turn.
const FLIGHT_BYTES: usize = 8 * PORTION_BYTES;

/// Where a stream comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A file that is loaded before anybody may look at the data.
    File,
    /// The master of this replica: clients read meanwhile, what it does counts in the statistics.
    Master,
}

/// The thread that feeds an applier, and how it learns that shards are done with something.
#[derive(Clone, Debug)]
pub enum Feeder {
    /// It has a wake cell of this number, as the log core has.
    Cell(usize),
    /// It parks ([`std::thread::park_timeout`]).
    Thread(Thread),
}

/// Why a command was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such command. A file is not loaded beyond it.
    #[error("unknown command")]
    Unknown,
}

/// Requests for one shard that were not sent yet.
#[derive(Default)]
struct Open {
    requests: Vec<u8>,
    /// Offset before the first of them.
    since: u64,
}

/// Something under way.
struct Flight {
    ticket: Ticket<Ground>,
    shards: ShardSet,
    bytes: usize,
    since: u64,
}

/// A transaction of the stream, up to its EXEC.
struct Block {
    queue: Vec<(usize, Queued)>,
    since: u64,
}

/// See the module's documentation.
pub struct Applier {
    server: Arc<Server>,
    hub: Arc<Hub<Ground>>,
    source: Source,
    feeder: Feeder,
    done: Option<Done>,
    db: usize,
    multi: Option<Block>,
    open: Vec<Open>,
    flights: VecDeque<Flight>,
    /// Bytes on the way, by shard.
    on_the_way: Vec<usize>,
    /// Offset behind the last command taken in.
    taken: u64,
}

impl Applier {
    /// An applier of a stream that begins at `offset` in database 0.
    pub fn new(
        server: Arc<Server>,
        hub: Arc<Hub<Ground>>,
        source: Source,
        feeder: Feeder,
        offset: u64,
    ) -> Applier {
        let shards = server.shards;
        let done: Option<Done> = match &feeder {
            Feeder::Cell(_) => None,
            Feeder::Thread(thread) => {
                let thread = thread.clone();
                Some(Arc::new(move || thread.unpark()))
            }
        };
        Applier {
            server,
            hub,
            source,
            feeder,
            done,
            db: 0,
            multi: None,
            open: (0..shards).map(|_| Open::default()).collect(),
            flights: VecDeque::new(),
            on_the_way: vec![0; shards],
            taken: offset,
        }
    }

    /// Selects the database that the stream goes on with (a partial resynchronization, `repl-stream-db`).
    pub fn select(&mut self, db: usize) {
        self.db = db;
    }

    /// The selected database.
    pub fn db(&self) -> usize {
        self.db
    }

    /// Whether the stream is within a transaction, of which nothing has been applied.
    pub fn is_in_multi(&self) -> bool {
        self.multi.is_some()
    }

    /// Takes in the next command. `end` is the offset behind it in the stream. What has no effect on the dataset (PING,
    /// REPLCONF, reads) is passed over; a command that cannot run is counted and logged, as Redis does.
    ///
    /// # Errors
    /// The command is not known.
    pub fn push(&mut self, argv: Args<'_>, end: u64) -> Result<(), Refusal> {
        let outcome = match table::resolve(argv) {
            Ok(command) => {
                self.dispatch(command, argv);
                Ok(())
            }
            Err(failure) => match table::find(argv) {
                Some(command) => {
                    let line = [b"-", failure.line().as_ref()].concat();
                    complain(&self.server, self.source, &command.full_name, &line);
                    Ok(())
                }
                None => Err(Refusal::Unknown),
            },
        };
        self.taken = end;
        outcome
    }

    /// Sends on its way whatever was taken in; to be called when no more comes for now.
    pub fn flush(&mut self) {
        (0..self.open.len()).for_each(|shard| self.flush_shard(shard));
    }

    /// Looks at what has been applied. Whether anything changed.
    pub fn advance(&mut self) -> bool {
        let before = self.flights.len();
        let on_the_way = &mut self.on_the_way;
        self.flights.retain(|flight| {
            let done = flight.ticket.is_done();
            if done {
                for shard in flight.shards.iter() {
                    if let Some(bytes) = on_the_way.get_mut(shard) {
                        *bytes = bytes.saturating_sub(flight.bytes);
                    }
                }
            }
            !done
        });
        self.flights.len() < before
    }

    /// Whether more may be pushed. After a `false`: [`Applier::advance`] when the feeder was woken.
    pub fn has_room(&self) -> bool {
        self.on_the_way.iter().all(|&bytes| bytes < FLIGHT_BYTES)
    }

    /// The offset up to which everything has been applied, as of the last [`Applier::advance`].
    pub fn applied(&self) -> u64 {
        let open = self.open.iter().filter(|open| !open.requests.is_empty()).map(|open| open.since);
        let flying = self.flights.iter().map(|flight| flight.since);
        let multi = self.multi.iter().map(|block| block.since);
        open.chain(flying).chain(multi).min().unwrap_or(self.taken)
    }

    /// Whether all that was taken in has been applied, as of the last [`Applier::advance`]; an open transaction does not
    /// count.
    pub fn is_idle(&self) -> bool {
        self.flights.is_empty() && self.open.iter().all(|open| open.requests.is_empty())
    }

    /// Forgets a transaction whose EXEC will not come (the link broke, the file was cut).
    pub fn abandon_multi(&mut self) {
        self.multi = None;
    }

    fn dispatch(&mut self, command: &'static Command, argv: Args<'_>) {
        match command.row.handler {
            Handler::Shard(ShardOp::Multi) if self.multi.is_none() => {
                self.multi = Some(Block { queue: Vec::new(), since: self.taken });
            }
            Handler::Shard(ShardOp::Multi) => {
                complain(&self.server, self.source, "multi", b"-ERR MULTI calls can not be nested");
            }
            Handler::Shard(ShardOp::Exec) => match self.multi.take() {
                Some(block) => self.exec(block),
                None => complain(&self.server, self.source, "exec", b"-ERR EXEC without MULTI"),
            },
            Handler::Shard(ShardOp::Discard) => self.multi = None,
            Handler::Shard(ShardOp::Watch | ShardOp::Unwatch) | Handler::Container => {}
            Handler::Run(_) if command.row.meta.name == "select" => self.select_word(argv),
            Handler::Run(_) if !has_effect(command) => {}
            Handler::Run(_) => {
                let db = self.db;
                match &mut self.multi {
                    Some(block) => block.queue.push((db, queued(command, argv))),
                    None => self.single(command, argv, db, self.taken),
                }
            }
        }
    }

    fn select_word(&mut self, argv: Args<'_>) {
        let databases = self.server.config.load().databases;
        let index = args::int(args::word(argv, 1)).ok().and_then(|n| u32::try_from(n).ok());
        match index.filter(|&n| n < databases).and_then(|n| usize::try_from(n).ok()) {
            Some(db) => self.db = db,
            None => complain(&self.server, self.source, "select", b"-ERR DB index is out of range"),
        }
    }

    /// A command outside of a transaction. `since`: the offset before it.
    fn single(&mut self, command: &'static Command, argv: Args<'_>, db: usize, since: u64) {
        let shards = self.server.shards;
        match self.reach(command, argv) {
            Reach::One(shard) => {
                self.append(shard, command, argv, db, since);
                self.flush_if_full(shard);
            }
            Reach::Several(owners) => match self.parts(command, argv) {
                Some(parts) if self.source == Source::File => {
                    for (shard, words, _) in &parts {
                        self.append(*shard, command, words, db, since);
                        self.flush_if_full(*shard);
                    }
                }
                Some(parts) => {
                    let mut requests = Vec::with_capacity(parts.len());
                    for (shard, words, _) in &parts {
                        let mut bytes = Vec::new();
                        write_request(&mut bytes, caller(db), command.id, words);
                        requests.push((*shard, bytes));
                    }
                    self.independent(owners, requests, since);
                }
                None => self.dependent(owners, vec![(db, queued(command, argv))], since),
            },
            Reach::Nothing | Reach::All => {
                self.dependent(ShardSet::all(shards), vec![(db, queued(command, argv))], since);
            }
        }
    }

    /// The shards that a command needs; on a server of one shard that one, but for scripts, which may take long and serve
    /// sockets meanwhile, and for what belongs to no key.
    fn reach(&self, command: &Command, argv: Args<'_>) -> Reach {
        match reach(command, argv, self.server.shards) {
            Reach::All if self.server.shards == 1 && !matches!(command.row.route, Route::Script) => {
                Reach::One(0)
            }
            other => other,
        }
    }

    /// A command split by its keys, if that is right for it. Events of independent parts would not come in the order of
    /// its keys.
    fn parts<'a>(&self, command: &Command, argv: Args<'a>) -> Option<Vec<super::route::ByOwner<'a>>> {
        let Route::Keys(Spread::Split { step, .. }) = command.row.route else { return None };
        if self.source == Source::Master && self.server.config.load().notify_keyspace_events.0 != 0 {
            return None;
        }
        let mut keys = Vec::new();
        table::keys_of(command, argv, &mut keys).ok()?;
        let first = keys.first().copied()?;
        // Words that do not come out even are an error, which the handler knows.
        let even = argv.len().saturating_sub(first).is_multiple_of(step);
        even.then(|| by_owner(argv, &keys, step, self.server.shards))
    }

    /// The commands between MULTI and EXEC.
    fn exec(&mut self, block: Block) {
        let Block { queue, since } = block;
        let mut shards = ShardSet::new();
        let mut owners = Vec::with_capacity(queue.len());
        for (_, queued) in &queue {
            let argv: Vec<&[u8]> = queued.argv.iter().map(Vec::as_slice).collect();
            match self.reach(queued.command, &argv) {
                Reach::One(owner) => {
                    shards.insert(owner);
                    owners.push(owner);
                }
                Reach::Several(more) => shards.extend(&more),
                Reach::Nothing | Reach::All => shards.extend(&ShardSet::all(self.server.shards)),
            }
        }
        if self.source == Source::File {
            // Nobody looks: what matters is the order per key.
            for (db, queued) in queue {
                let argv: Vec<&[u8]> = queued.argv.iter().map(Vec::as_slice).collect();
                self.single(queued.command, &argv, db, since);
            }
            return;
        }
        let events = self.server.config.load().notify_keyspace_events.0 != 0;
        let alone = owners.len() == queue.len();
        match (shards.len(), shards.last()) {
            (0, _) | (_, None) => {}
            (1, Some(shard)) if alone => {
                for (at, (db, queued)) in queue.iter().enumerate() {
                    let argv: Vec<&[u8]> = queued.argv.iter().map(Vec::as_slice).collect();
                    let caller =
                        Caller { conn: if at + 1 < queue.len() { GOES_ON } else { 0 }, ..caller(*db) };
                    self.append_as(shard, caller, queued.command, &argv, since);
                }
                self.flush_if_full(shard);
            }
            _ if alone && !events => {
                let mut requests: Vec<(usize, Vec<u8>)> =
                    shards.iter().map(|shard| (shard, Vec::new())).collect();
                for ((db, queued), owner) in queue.iter().zip(owners) {
                    let argv: Vec<&[u8]> = queued.argv.iter().map(Vec::as_slice).collect();
                    if let Some((_, bytes)) = requests.iter_mut().find(|(shard, _)| *shard == owner) {
                        write_request(bytes, caller(*db), queued.command.id, &argv);
                    }
                }
                self.independent(shards, requests, since);
            }
            _ => self.dependent(shards, queue, since),
        }
    }

    /// Adds a request to a shard's open portion.
    fn append(&mut self, shard: usize, command: &'static Command, argv: Args<'_>, db: usize, since: u64) {
        self.append_as(shard, caller(db), command, argv, since);
    }

    fn append_as(&mut self, shard: usize, caller: Caller, command: &Command, argv: Args<'_>, since: u64) {
        if let Some(open) = self.open.get_mut(shard) {
            if open.requests.is_empty() {
                open.since = since;
                open.requests.reserve(PORTION_BYTES.max(size_of_words(argv)));
            }
            write_request(&mut open.requests, caller, command.id, argv);
        }
    }

    fn flush_if_full(&mut self, shard: usize) {
        if self.open.get(shard).is_some_and(|open| open.requests.len() >= PORTION_BYTES) {
            self.flush_shard(shard);
        }
    }

    fn flush_shard(&mut self, shard: usize) {
        let Some(open) = self.open.get_mut(shard).filter(|open| !open.requests.is_empty()) else { return };
        let Open { requests, since } = std::mem::take(open);
        self.send(std::iter::once(shard).collect(), None, vec![(shard, requests)], since);
    }

    /// Class I over `shards`, behind what is open for them.
    fn independent(&mut self, shards: ShardSet, requests: Vec<(usize, Vec<u8>)>, since: u64) {
        shards.iter().for_each(|shard| self.flush_shard(shard));
        let stated = Stated { txn: fresh_transaction(), parts: shards.len() };
        self.send(shards, Some(stated), requests, since);
    }

    fn send(
        &mut self,
        shards: ShardSet,
        stated: Option<Stated>,
        requests: Vec<(usize, Vec<u8>)>,
        since: u64,
    ) {
        let bytes = requests.iter().map(|(_, bytes)| bytes.len()).sum();
        let work = Arc::new(Share { source: self.source, stated, requests, done: self.done.clone() });
        let ticket = self.hub.independent(self.origin(shards), shards, work);
        self.took_off(ticket, shards, bytes, since);
    }

    /// Class D over `shards`, behind what is open for them.
    fn dependent(&mut self, shards: ShardSet, queue: Vec<(usize, Queued)>, since: u64) {
        shards.iter().for_each(|shard| self.flush_shard(shard));
        let words = queue.iter().flat_map(|(_, queued)| &queued.argv);
        // As many as there are must not go on their way at once, however short they are.
        let bytes = words.map(Vec::len).sum::<usize>().max(PORTION_BYTES / 16);
        let server = self.server.clone();
        let work = Arc::new(Together { source: self.source, server, queue, done: self.done.clone() });
        let ticket = self.hub.dependent(self.origin(shards), shards, work);
        self.took_off(ticket, shards, bytes, since);
    }

    /// Whom the hub wakes when a transaction is complete: the feeder, or one that is awake anyway.
    fn origin(&self, shards: ShardSet) -> usize {
        match self.feeder {
            Feeder::Cell(cell) => cell,
            Feeder::Thread(_) => shards.last().unwrap_or(0),
        }
    }

    fn took_off(&mut self, ticket: Ticket<Ground>, shards: ShardSet, bytes: usize, since: u64) {
        for shard in shards.iter() {
            if let Some(sum) = self.on_the_way.get_mut(shard) {
                *sum += bytes;
            }
        }
        self.flights.push_back(Flight { ticket, shards, bytes, since });
    }
}

/// Whether replaying a command can change anything. What a stream holds beside writes: PING, REPLCONF and SELECT of a
/// master, SCRIPT LOAD and scripts in files of old versions.
fn has_effect(command: &Command) -> bool {
    let meta = command.row.meta;
    meta.flags & (flag::WRITE | flag::MAY_REPLICATE) != 0
        || command.parent.is_some_and(|parent| parent.meta.name == "script")
}

fn queued(command: &'static Command, argv: Args<'_>) -> Queued {
    Queued { command, argv: argv.iter().map(|word| word.to_vec()).collect() }
}

/// Nobody: only the database counts.
fn caller(db: usize) -> Caller {
    Caller { conn: 0, client: 0, db, proto: Proto::V2, home: 0, no_touch: false, user: 0, tracks: false }
}
