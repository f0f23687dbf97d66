//! What an applier has shards run: commands for one or several shards each on its own, or for several together.
//!
//! Replies go nowhere. An error is counted and logged, for it says that the stream and this dataset have parted.

use super::Source;
use crate::command::session::Queued;
use crate::command::{Command, Handler, Idle, Server, Session, View};
use crate::observe::log;
use crate::shard::blocked;
use crate::shard::ground::{self, Ground, LentStores, Scene};
use crate::shard::journal::{self, Stated};
use crate::shard::mesh::Batch;
use crate::shard::meter::{Meter, Ran};
use crate::shard::multi::publish;
use crate::shard::remote::visitors_at;
use crate::shard::txn::{Fragments, Lent, Whole};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Longest error that is logged, in bytes.
const ERROR_MAX: usize = 4096;

/// What to tell when a piece of work is complete.
pub(super) type Done = Arc<dyn Fn() + Send + Sync>;

/// The connection of a request behind which its transaction goes on; 0 else.
pub(super) const GOES_ON: u32 = 1;

/// Commands of single shards, as `mesh` writes requests, by shard. If it is about more than one shard they take effect at
/// one moment (class I).
pub(super) struct Share {
    pub source: Source,
    /// All of it is one transaction of the stream, and of the journal.
    pub stated: Option<Stated>,
    pub requests: Vec<(usize, Vec<u8>)>,
    pub done: Option<Done>,
}

impl Fragments<Ground> for Share {
    fn fragment(&self, shard: usize, ground: &mut Ground) {
        let mut meter = Meter::start();
        match self.stated {
            Some(stated) => journal::fragment(ground, stated, |ground| self.run(shard, ground, &mut meter)),
            None => self.run(shard, ground, &mut meter),
        }
        if self.source == Source::Master {
            blocked::serve(ground, &mut meter, shard);
        }
        journal::publish(ground);
    }

    fn done(&self) {
        if let Some(done) = &self.done {
            done();
        }
    }
}

impl Share {
    fn run(&self, shard: usize, ground: &mut Ground, meter: &mut Meter) {
        let mut session = Session::of_stream();
        let mut reply = Vec::new();
        ground.store.ageless = true;
        ground.store.tracking.caller = 0;
        let was_on = ground.store.journal.is_on();
        if self.source == Source::File {
            ground.store.journal.pause();
        }
        for (_, requests) in self.requests.iter().filter(|(owner, _)| *owner == shard) {
            let mut at = 0;
            loop {
                let visitors = visitors_at(shard, requests, &mut at);
                let Some((first, ..)) = visitors.first() else { break };
                let keys =
                    visitors.iter().filter_map(|(_, command, argv, _)| argv.get(command.one_key?).copied());
                ground.store.prefetch(first.db, keys);
                for (caller, command, argv, _) in &visitors {
                    session.db = caller.db;
                    let Ground { store, server, shard, .. } = &mut *ground;
                    let now_ms = store.now_ms;
                    let view = View::One(store);
                    let session = &mut session;
                    let scene = Scene { view, now_ms, session, server, shard: *shard, idle: None };
                    replay(self.source, scene, command, argv, meter, &mut reply);
                    if self.stated.is_none() && caller.conn != GOES_ON {
                        ground.store.journal.end_unit();
                    }
                }
            }
        }
        ground.store.ageless = false;
        ground.store.journal.resume(was_on);
    }
}

/// A command, or a transaction, over several shards together (class D). Each command knows its database.
pub(super) struct Together {
    pub source: Source,
    pub server: Arc<Server>,
    pub queue: Vec<(usize, Queued)>,
    pub done: Option<Done>,
}

impl Together {
    fn run(&self, lent: &mut Lent<'_, Ground>, meter: &mut Meter, aside: &mut dyn FnMut()) {
        let mut session = Session::of_stream();
        let mut reply = Vec::new();
        let shard = lent.runner();
        let now_ms = lent.iter_mut().map(|(_, ground)| ground.store.now_ms).max().unwrap_or(0);
        let mut journaled = Vec::new();
        for (_, ground) in lent.iter_mut() {
            journaled.push(ground.store.journal.is_on());
            if self.source == Source::File {
                ground.store.journal.pause();
            }
            ground.store.now_ms = now_ms;
            ground.store.ageless = true;
            ground.store.tracking.caller = 0;
        }
        for (db, queued) in &self.queue {
            session.db = *db;
            let argv: Vec<&[u8]> = queued.argv.iter().map(Vec::as_slice).collect();
            // On a server of one shard handlers and scripts expect its store itself.
            let mut stores;
            let view = match self.server.shards {
                1 => match lent.get_mut(shard) {
                    Some(ground) => View::One(&mut ground.store),
                    None => return,
                },
                n => {
                    stores = LentStores::new(lent, n);
                    View::Many(&mut stores)
                }
            };
            let idle: Option<Idle<'_>> = Some(&mut *aside);
            let scene = Scene { view, now_ms, session: &mut session, server: &self.server, shard, idle };
            replay(self.source, scene, queued.command, &argv, meter, &mut reply);
        }
        for ((_, ground), was_on) in lent.iter_mut().zip(journaled) {
            ground.store.ageless = false;
            ground.store.journal.resume(was_on);
        }
    }
}

impl Whole<Ground> for Together {
    fn whole(&self, lent: &mut Lent<'_, Ground>) {
        self.whole_beside(lent, &mut || {});
    }

    fn whole_beside(&self, lent: &mut Lent<'_, Ground>, aside: &mut dyn FnMut()) {
        // Participants hold nothing, so what they have published may leave, and does so before what this publishes.
        publish(lent, &self.server);
        let mut meter = Meter::start();
        journal::begin_work(lent);
        self.run(lent, &mut meter, aside);
        journal::end_work(lent);
        let runner = lent.runner();
        if self.source == Source::Master {
            for (_, ground) in lent.iter_mut() {
                blocked::serve(ground, &mut meter, runner);
            }
            journal::publish_all(lent);
        }
        publish(lent, &self.server);
    }

    fn done(&self) {
        if let Some(done) = &self.done {
            done();
        }
    }
}

/// Runs one command of the stream.
fn replay(
    source: Source,
    mut scene: Scene<'_>,
    command: &'static Command,
    argv: &[&[u8]],
    meter: &mut Meter,
    reply: &mut Vec<u8>,
) {
    if !matches!(command.row.handler, Handler::Run(_)) {
        return;
    }
    reply.clear();
    let ok = ground::run(&mut scene, command, argv, reply);
    let Scene { session, server, shard, .. } = scene;
    // A stream does not wait (aof.c `createAOFClient`: CLIENT_DENY_BLOCKING).
    session.wait = None;
    let counted = std::mem::take(&mut session.error_counted);
    if source == Source::Master {
        meter.account(server, shard, &Ran { command, argv, ok, client: 0, reply, counted });
    }
    if !ok {
        complain(server, source, &command.full_name, reply);
    }
}

/// Logs an error that a command of the stream ended with (networking.c `afterErrorReply`).
#[cold]
pub(super) fn complain(server: &Server, source: Source, command: &str, reply: &[u8]) {
    server.unexpected_errors.fetch_add(1, Ordering::Relaxed);
    let line = reply.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let line = line.strip_prefix(b"-ERR ").unwrap_or(line);
    let line = String::from_utf8_lossy(line.get(..ERROR_MAX).unwrap_or(line));
    let (from, to) = match source {
        Source::File => ("server", "AOF-loading-client"),
        Source::Master => ("replica", "master"),
    };
    log::warning(&format!(
        "== CRITICAL == This {from} is sending an error to its {to}: '{line}' after processing the command '{command}'"
    ));
}

/// Bytes that the requests take.
pub(super) fn size_of_words(argv: &[&[u8]]) -> usize {
    Batch::HEAD + argv.iter().map(|word| word.len() + size_of::<u64>()).sum::<usize>()
}
