//! A fixture for tests of handlers: stores, a session and a server without a loop, and `run`, which does to a command
//! what the shard loop does: looks it up, checks its words, runs its handler, writes its error.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::row::Handler;
use super::server_state::Process;
use super::{Ctx, Failure, Keys, Server, Session, Stores, View, table};
use crate::config::Config;
use crate::data::{Entry, HKey};
use crate::journal::Taken;
use crate::keyspace::{Store, slots};
use crate::observe::ClientInfo;
use crate::resp::Out;
use std::sync::Arc;

/// The time that commands of a new fixture see.
pub const NOW_MS: i64 = 1_700_000_000_000;

/// A server of one or several shards in one thread.
pub struct Fixture {
    /// One store per shard; slots are dealt out in equal ranges.
    pub stores: Vec<Store>,
    /// The caller.
    pub session: Session,
    /// What the shards share.
    pub server: Arc<Server>,
    /// The time that commands see.
    pub now_ms: i64,
}

struct Shards<'a>(&'a mut [Store]);

impl Stores for Shards<'_> {
    fn of_slot(&mut self, slot: u16) -> &mut Store {
        let shard = slots::owner(slot, self.0.len());
        &mut self.0[shard]
    }

    fn look_slot(&self, slot: u16) -> &Store {
        &self.0[slots::owner(slot, self.0.len())]
    }

    fn each(&mut self, f: &mut dyn FnMut(&mut Store)) {
        self.0.iter_mut().for_each(f);
    }
}

impl Default for Fixture {
    fn default() -> Fixture {
        Fixture::new()
    }
}

impl Fixture {
    /// One shard.
    pub fn new() -> Fixture {
        Fixture::sharded(1)
    }

    /// `shards` shards, lent to every command as to a dependent transaction.
    pub fn sharded(shards: usize) -> Fixture {
        let process = Process {
            config_file: None,
            executable: "shoal".into(),
            wake: Box::new(|_| {}),
            shutdown: Box::new(|_| {}),
            abort_shutdown: Box::new(|| false),
        };
        let info = Arc::new(ClientInfo { id: 1, ..ClientInfo::default() });
        Fixture {
            stores: (0..shards as u64).map(|seed| Store::new(16, seed)).collect(),
            session: Session::new(info, true),
            server: Arc::new(Server::new(Config::default(), shards, 0, NOW_MS, process)),
            now_ms: NOW_MS,
        }
    }

    /// Starts recording effects in every store.
    pub fn journal(mut self) -> Fixture {
        self.stores.iter_mut().for_each(|store| store.journal.switch(true));
        self
    }

    /// Runs a command on words of any bytes and returns the reply.
    pub fn run_bytes(&mut self, argv: &[&[u8]]) -> Vec<u8> {
        let mut reply = Vec::new();
        for store in &mut self.stores {
            (store.now_ms, store.no_touch) = (self.now_ms, self.session.no_touch);
        }
        if let Err(failure) = self.call(argv, &mut reply) {
            Out::new(&mut reply, self.session.proto).error(&failure.line());
        }
        for store in &mut self.stores {
            store.remove_lapsed();
            store.journal.end_unit();
        }
        reply
    }

    fn call(&mut self, argv: &[&[u8]], reply: &mut Vec<u8>) -> Result<(), Failure> {
        let command = table::resolve(argv)?;
        let Handler::Run(handler) = command.row.handler else {
            panic!("{} is run by the shard loop", command.full_name);
        };
        let mut shards = Shards(&mut self.stores);
        let view = if shards.0.len() == 1 { View::One(&mut shards.0[0]) } else { View::Many(&mut shards) };
        let mut ctx = Ctx {
            keys: Keys { view, db: self.session.db, now_ms: self.now_ms },
            out: Out::new(reply, self.session.proto),
            session: &mut self.session,
            server: &self.server,
            command,
            shard: 0,
            idle: None,
        };
        handler(&mut ctx, argv)
    }

    /// The entry of `key` in the selected database, without leaving a trace.
    pub fn entry(&mut self, key: &str) -> Option<&Entry> {
        let db = self.session.db;
        let key = HKey::new(key.as_bytes());
        let shard = slots::owner(key.slot, self.stores.len());
        let store = &mut self.stores[shard];
        store.now_ms = self.now_ms;
        store.peek(db, &key)
    }

    /// Everything recorded so far, a journal after the other.
    pub fn effects(&mut self) -> Vec<Vec<Vec<u8>>> {
        self.stores.iter_mut().map(|store| store.journal.take()).flat_map(|taken| words(&taken)).collect()
    }

    /// [`Fixture::effects`] as lines of words.
    pub fn effect_lines(&mut self) -> Vec<String> {
        let line = |words: Vec<Vec<u8>>| {
            words.iter().map(|w| String::from_utf8_lossy(w).into_owned()).collect::<Vec<_>>().join(" ")
        };
        self.effects().into_iter().map(line).collect()
    }
}

/// The commands of recorded effects.
fn words(taken: &Taken) -> Vec<Vec<Vec<u8>>> {
    taken.runs.iter().map(|run| array_of_bulks(&taken.bytes[run.start..][..run.len])).collect()
}

/// The words of one RESP array of bulk strings.
fn array_of_bulks(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let number = |bytes: &mut &[u8]| {
        let end = bytes.iter().position(|&b| b == b'\r').unwrap();
        let n: usize = std::str::from_utf8(&bytes[1..end]).unwrap().parse().unwrap();
        *bytes = &bytes[end + 2..];
        n
    };
    let count = number(&mut bytes);
    (0..count)
        .map(|_| {
            let len = number(&mut bytes);
            let word = bytes[..len].to_vec();
            bytes = &bytes[len + 2..];
            word
        })
        .collect()
}

/// Runs a command and returns its reply as it goes over the wire, bytes that are no UTF-8 replaced.
pub fn run(fixture: &mut Fixture, argv: &[&str]) -> String {
    let argv: Vec<&[u8]> = argv.iter().map(|w| w.as_bytes()).collect();
    String::from_utf8_lossy(&fixture.run_bytes(&argv)).into_owned()
}

/// Runs a command line (words split at spaces) and compares the reply, in which line ends may be written as `|`:
/// `check(f, "GET k", "$1|v|")`.
#[track_caller]
pub fn check(fixture: &mut Fixture, line: &str, reply: &str) {
    let argv: Vec<&str> = line.split(' ').collect();
    assert_eq!(run(fixture, &argv).replace("\r\n", "|"), reply, "{line}");
}
