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

mod cut;
mod image;
mod replication;

use crate::command::server_state::{Asker, Request};
use crate::command::{Note, Server};
use crate::config::Config;
use crate::io::wake::Wakes;
use crate::io::{Driver, Event, FileEvent, Files, Time, Wait};
use crate::journal::Tap;
use crate::keyspace::snapshot::Encode;
use crate::shard::Ground;
use crate::shard::handover::Handovers;
use crate::shard::txn::{Hub, ShardSet};
use cut::{CancelWork, CutWork, Funnel, Piece};
use replication::{Queue, Replication};
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
    /// Connections that shards hand over.
    pub handovers: Arc<Handovers<D::Socket>>,
    /// What shards publish.
    pub tap: Tap,
}

/// A snapshot that shards are making.
struct Running {
    id: u64,
    /// Shards that have not ended it.
    open: usize,
    is_cancelled: bool,
}

/// The log core. See the module's documentation.
pub struct LogCore<D: Driver> {
    id: usize,
    server: Arc<Server>,
    config: Arc<Config>,
    driver: D,
    hub: Arc<Hub<Ground>>,
    wakes: Arc<Wakes>,
    /// What shards hand over of the running snapshot.
    funnel: Arc<Funnel>,
    /// The number of the snapshot that runs; none begins before all shards have ended it, cancelled or not.
    snapshot: Option<Running>,
    snapshots: u64,
    tap: Tap,
    /// What was published is not merged as a whole yet.
    merging: bool,
    repl: Replication,
    handovers: Arc<Handovers<D::Socket>>,
    queue: Queue<D::Socket>,
    /// Clients whose WAIT is not answered.
    waiting: Vec<Asker>,
    time: Time,
    next_cron_ns: u64,
    events: Vec<Event<D::Buf, D::Socket>>,
    stopping: bool,
}

impl<D: Driver + Files> LogCore<D> {
    /// A log core ready to run.
    pub fn new(parts: Parts<D>) -> LogCore<D> {
        let Parts { server, driver, hub, wakes, handovers, tap } = parts;
        let time = driver.time();
        let config = server.config.load_full();
        LogCore {
            id: server.log_core(),
            repl: Replication::new(&config, time.unix_ms.div_euclid(1000)),
            config,
            tap,
            merging: false,
            handovers,
            queue: Queue::default(),
            waiting: Vec::new(),
            funnel: Arc::new(Funnel::new(server.clone())),
            snapshot: None,
            snapshots: 0,
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
        let is_news = self.server.log.is_filled()
            || self.server.has_notes(self.id)
            || self.funnel.is_filled()
            || self.handovers.is_filled()
            || self.merging
            || self.tap.has_work();
        if is_news || self.has_applied() {
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
        for event in events.drain(..) {
            self.event(event);
        }
        self.events = events;
        for note in self.server.take_notes(self.id) {
            self.note(note);
        }
        self.merge();
        self.take_handovers();
        for request in self.server.log.take() {
            self.request(request);
        }
        for (id, shard, piece) in self.funnel.take() {
            self.piece(id, shard, piece);
        }
        if self.time.mono_ns >= self.next_cron_ns {
            self.next_cron_ns = self.time.mono_ns + u64::try_from(CRON.as_nanos()).unwrap_or(0);
            self.cron();
        }
        self.advance_replication();
        Ok(())
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::Config => {
                self.config = self.server.config.load_full();
                self.replication_config();
            }
            Note::Close(id) => self.close_client(id),
            Note::Stop => self.stopping = true,
            _ => {}
        }
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Follow { .. } | Request::Lead { .. } | Request::Failover(..) => self.role_request(request),
            Request::Wait { asker, replicas, until_ms } => self.wait_request(asker, replicas, until_ms),
            Request::EndWait(client, with_error) => self.end_wait(client, with_error),
            Request::RenameHistory => self.rename_history(),
            Request::Resolved(attempt, found) => self.resolved(attempt, found),
            Request::CopyLoaded(attempt, saved) => self.copy_loaded(attempt, saved),
        }
    }

    fn event(&mut self, event: Event<D::Buf, D::Socket>) {
        match event {
            Event::Received { sock, data } => self.received(sock, data.as_ref()),
            Event::Sent { sock, result, .. } | Event::SentShared { sock, result } => self.sent(sock, &result),
            Event::Ended { sock, error } => self.ended(sock, error),
            Event::Connected { sock, result } => self.connected(sock, result),
            Event::File(event) => self.file_event(&event),
            // It listens to nothing and releases nothing.
            Event::Accepted { .. } | Event::AcceptFailed { .. } | Event::Released { .. } => {}
        }
    }

    fn file_event(&mut self, event: &FileEvent) {
        let _ = self.copy_file_event(event) || self.received_file_event(event);
    }

    fn cron(&mut self) {
        self.replication_cron();
    }

    /// Makes a cut at which all shards begin a snapshot, written by `encode`. `None` while another one is not over.
    pub(self) fn begin_snapshot(&mut self, encode: Arc<dyn Encode>) -> Option<u64> {
        if self.snapshot.is_some() {
            return None;
        }
        self.snapshots += 1;
        let (id, funnel) = (self.snapshots, self.funnel.clone());
        self.snapshot = Some(Running { id, open: self.server.shards, is_cancelled: false });
        let all = ShardSet::all(self.server.shards);
        self.hub.independent(self.id, all, Arc::new(CutWork { id, encode, funnel }));
        Some(id)
    }

    /// Gives the running snapshot up: what still comes of it is dropped.
    pub(self) fn cancel_snapshot(&mut self) {
        if let Some(running) = self.snapshot.as_mut().filter(|running| !running.is_cancelled) {
            running.is_cancelled = true;
            let all = ShardSet::all(self.server.shards);
            self.hub.independent(self.id, all, Arc::new(CancelWork { id: running.id }));
        }
    }

    /// A shard handed over a piece of its snapshot.
    fn piece(&mut self, id: u64, shard: usize, piece: Piece) {
        let Some(running) = self.snapshot.as_mut().filter(|running| running.id == id) else { return };
        let is_wanted = !running.is_cancelled;
        if matches!(piece, Piece::End) {
            running.open = running.open.saturating_sub(1);
            if running.open == 0 {
                self.snapshot = None;
            }
        }
        let unwanted = if is_wanted { self.copy_piece(id, shard, piece) } else { Some(piece) };
        if let Some(Piece::Block(block)) = unwanted {
            self.funnel.done(shard, block.bytes.len());
        }
    }
}
