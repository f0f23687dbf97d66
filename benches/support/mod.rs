//! What the benches share: requests as bytes, a group with small samples, and a server without sockets.
//!
//! Every bench binary includes this file as a module of its own and uses a part of it.
#![allow(dead_code, reason = "no bench uses all of it")]

use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use shoal::command::server_state::Process;
use shoal::command::{Ctx, Handler, Keys, Server, Session, View, table};
use shoal::config::Config;
use shoal::journal::{Tap, rings};
use shoal::keyspace::Store;
use shoal::observe::ClientInfo;
use shoal::resp::Out;

/// The value of every SET, as long as those of the comparison with other servers.
pub const VALUE: [u8; 64] = [b'v'; 64];

/// The time that commands see.
const NOW_MS: i64 = 1_700_000_000_000;

/// A group whose benches take a second together with their warm-up, so that all benches end within three minutes.
pub fn group<'a>(c: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = c.benchmark_group(name);
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500));
    group
}

/// The name of a key: sixteen bytes.
pub type Key = [u8; 16];

/// The name of key `n`, as redis-benchmark forms it.
pub fn key(n: u64) -> Key {
    let mut key = *b"key:000000000000";
    let mut rest = n;
    for digit in key[4..].iter_mut().rev() {
        *digit = b"0123456789"[(rest % 10) as usize];
        rest /= 10;
    }
    key
}

/// A request as a client sends it: an array of bulk strings.
pub fn request(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Visits 0..n in an order without locality.
pub struct Walk {
    at: u64,
    n: u64,
}

impl Walk {
    /// A walk over 0..`n`.
    pub fn new(n: u64) -> Walk {
        Walk { at: 1, n }
    }

    /// The next number.
    #[allow(clippy::cast_possible_truncation, reason = "the upper half of a product of two u64")]
    pub fn next(&mut self) -> u64 {
        // Knuth's MMIX generator: its upper bits are as good as random.
        self.at = self.at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(self.at) * u128::from(self.n)) >> 64) as u64
    }
}

/// One shard's store and one caller, without loop or sockets.
pub struct Fixture {
    store: Store,
    session: Session,
    server: Arc<Server>,
}

impl Fixture {
    /// An empty store.
    pub fn new() -> Fixture {
        let process = Process {
            config_file: None,
            executable: "shoal".into(),
            wake: Box::new(|_| {}),
            shutdown: Box::new(|_| {}),
            abort_shutdown: Box::new(|| false),
        };
        let info = Arc::new(ClientInfo { id: 1, ..ClientInfo::default() });
        let mut store = Store::new(16, 1);
        store.now_ms = NOW_MS;
        Fixture {
            store,
            session: Session::new(info, true),
            server: Arc::new(Server::new(Config::default(), 1, table::all().len(), NOW_MS, process)),
        }
    }

    /// A store of the keys 0..`keys`, each of [`VALUE`].
    pub fn filled(keys: u64) -> Fixture {
        let mut fixture = Fixture::new();
        let mut reply = Vec::new();
        for n in 0..keys {
            fixture.run(&[b"SET", &key(n), &VALUE], &mut reply);
            reply.clear();
        }
        fixture
    }

    /// Switches the journal on; from now on [`Fixture::run`] states effects. Returns the log core's end.
    pub fn journal(&mut self) -> Tap {
        let (mut ports, tap) = rings(1);
        if let Some(port) = ports.pop() {
            self.store.journal.connect(port);
        }
        self.store.journal.switch(true);
        tap
    }

    /// What a shard does at the end of a turn: publishes the journal.
    pub fn publish(&mut self) {
        self.store.journal.publish();
    }

    /// Does to a command what the shard loop does: looks it up, runs its handler, appends its reply or its error.
    #[inline]
    pub fn run(&mut self, argv: &[&[u8]], reply: &mut Vec<u8>) {
        let outcome = table::resolve(argv).and_then(|command| {
            let Handler::Run(handler) = command.row.handler else {
                panic!("{} is run by the shard loop", command.full_name);
            };
            let mut ctx = Ctx {
                keys: Keys { view: View::One(&mut self.store), db: self.session.db, now_ms: NOW_MS },
                out: Out::new(reply, self.session.proto),
                session: &mut self.session,
                server: &self.server,
                command,
                shard: 0,
                idle: None,
            };
            handler(&mut ctx, argv)
        });
        if let Err(failure) = outcome {
            Out::new(reply, self.session.proto).error(&failure.line());
        }
        self.store.journal.end_unit();
    }
}
