//! L4: the log core: the one thread that merges what all shards write, and everything that lives on that stream.
//!
//! ```text
//!   shards' journals ──► merge ──► stream ──► replicas, append-only file
//!   shards' snapshots ─► blocks ──► RDB file, base of the append-only file, full synchronization
//!   requests (Server::ask_log) ──► jobs ──► Note::Answer to who waits
//! ```
//!
//! It has a ring of its own and takes the number after the last shard's wherever threads are numbered: wake cells, mailboxes,
//! origins of transactions. It holds no keys and is never waited for by a shard, so it goes on when a shard is busy, and
//! shards go on when a disk or a replica is slow. Everything in it is touched by its thread only.

use crate::command::server_state::Request;
use crate::command::{Note, Server};
use crate::config::Config;
use crate::io::wake::Wakes;
use crate::io::{Driver, Event, Time, Wait};
use crate::shard::Ground;
use crate::shard::txn::Hub;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How often it looks at what depends on time alone; Redis's `hz` 10.
const CRON: Duration = Duration::from_millis(100);

/// What a log core is made of.
pub struct Parts<D: Driver> {
    /// What all threads share.
    pub server: Arc<Server>,
    /// Its ring.
    pub driver: D,
    /// Where transactions over shards begin.
    pub hub: Arc<Hub<Ground>>,
    /// Where it announces its sleep.
    pub wakes: Arc<Wakes>,
}

/// The log core. See the module's documentation.
pub struct LogCore<D: Driver> {
    id: usize,
    server: Arc<Server>,
    config: Arc<Config>,
    driver: D,
    #[expect(dead_code, reason = "cuts come with the snapshot")]
    hub: Arc<Hub<Ground>>,
    wakes: Arc<Wakes>,
    time: Time,
    next_cron_ns: u64,
    events: Vec<Event<D::Buf, D::Socket>>,
    stopping: bool,
}

impl<D: Driver> LogCore<D> {
    /// A log core ready to run.
    pub fn new(parts: Parts<D>) -> LogCore<D> {
        let Parts { server, driver, hub, wakes } = parts;
        let time = driver.time();
        LogCore {
            id: server.log_core(),
            config: server.config.load_full(),
            server,
            driver,
            hub,
            wakes,
            time,
            next_cron_ns: time.mono_ns,
            events: Vec::new(),
            stopping: false,
        }
    }

    /// Runs until `Note::Stop`, which comes after the last shard has ended.
    ///
    /// # Errors
    /// The ring failed.
    pub fn run(&mut self) -> io::Result<()> {
        while !self.stopping {
            let wait = self.rest();
            self.step(wait)?;
        }
        Ok(())
    }

    /// How long the driver may wait; announces the sleep and looks once more if it may.
    fn rest(&mut self) -> Wait {
        self.wakes.announce_sleep(self.id);
        if self.server.log.is_filled() || self.server.has_notes(self.id) {
            self.wakes.awake(self.id);
            return Wait::Never;
        }
        let left = self.next_cron_ns.saturating_sub(self.time.mono_ns).max(1);
        Wait::AtMost(CRON.min(Duration::from_nanos(left)))
    }

    /// Waits as told, then takes a turn over what happened.
    ///
    /// # Errors
    /// The ring failed.
    fn step(&mut self, wait: Wait) -> io::Result<()> {
        let mut events = std::mem::take(&mut self.events);
        self.driver.turn(wait, &mut events)?;
        self.wakes.awake(self.id);
        self.time = self.driver.time();
        // No socket is its own yet.
        events.clear();
        self.events = events;
        for note in self.server.take_notes(self.id) {
            self.note(note);
        }
        for request in self.server.log.take() {
            self.request(request);
        }
        if self.time.mono_ns >= self.next_cron_ns {
            self.next_cron_ns = self.time.mono_ns + u64::try_from(CRON.as_nanos()).unwrap_or(0);
            self.cron();
        }
        Ok(())
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::Config => self.config = self.server.config.load_full(),
            Note::Stop => self.stopping = true,
            _ => {}
        }
    }

    fn request(&mut self, request: Request) {
        match request {}
    }

    fn cron(&mut self) {}
}
