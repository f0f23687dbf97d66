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

mod append;
mod base;
mod cut;
mod image;
mod replication;
mod save;

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
use append::Appender;
use cut::{CancelWork, CutWork, Funnel, Journals, MarkWork, Piece};
use replication::{Queue, Replication};
use save::Saver;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How often it looks at what depends on time alone; Redis's `hz` 10.
const CRON: Duration = Duration::from_millis(100);

/// Bytes that are merged in one turn.
const MERGE_BYTES: usize = 1 << 20;

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
    /// Its end of the shards' journals.
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
    tap: Tap,
    /// What shards hand over of the running snapshot.
    funnel: Arc<Funnel>,
    /// The number of the snapshot that runs; none begins before all shards have ended it, cancelled or not.
    snapshot: Option<Running>,
    repl: Replication,
    handovers: Arc<Handovers<D::Socket>>,
    queue: Queue<D::Socket>,
    /// Clients whose WAIT is not answered.
    waiting: Vec<Asker>,
    /// Cuts that were made.
    cuts: u64,
    saver: Saver,
    aof: Appender,
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
            aof: Appender::new(&config),
            config,
            handovers,
            queue: Queue::default(),
            waiting: Vec::new(),
            funnel: Arc::new(Funnel::new(server.clone())),
            snapshot: None,
            cuts: 0,
            saver: Saver::default(),
            server,
            driver,
            hub,
            wakes,
            tap,
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
        self.finish_log()
    }

    /// How long the driver may wait; announces the sleep and looks once more if it may.
    fn rest(&mut self) -> Wait {
        self.wakes.announce_sleep(self.id);
        let is_asked =
            self.server.log.is_filled() || self.server.has_notes(self.id) || self.handovers.is_filled();
        if is_asked || self.funnel.is_filled() || self.tap.has_work() || self.has_applied() {
            self.wakes.awake(self.id);
            return Wait::Never;
        }
        let due = self.saver.due_ns(self.time.mono_ns).into_iter().chain(self.aof.due_ns(self.time.mono_ns));
        let next_ns = due.fold(self.next_cron_ns, u64::min);
        let left = next_ns.saturating_sub(self.time.mono_ns).max(1);
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
        self.merge();
        if self.time.mono_ns >= self.next_cron_ns {
            self.next_cron_ns = self.time.mono_ns + u64::try_from(CRON.as_nanos()).unwrap_or(0);
            self.cron();
        }
        self.advance_replication();
        self.advance_save();
        self.advance_log();
        Ok(())
    }

    /// Takes what shards have published, in its order.
    fn merge(&mut self) {
        let LogCore { tap, aof, driver, server, time, repl, .. } = self;
        let mut marks = Vec::new();
        let emit = |item: crate::journal::Item<'_>| {
            if let Some(cut) = aof.feed(*time, &item) {
                aof.cut(*time, cut, driver);
            }
            repl.take(&item, &mut marks);
        };
        tap.poll(MERGE_BYTES, emit, |shard| server.wake(shard));
        self.merged(marks);
    }

    fn file_event(&mut self, event: FileEvent) {
        let is_known =
            self.save_file_event(&event) || self.copy_file_event(&event) || self.received_file_event(&event);
        if !is_known {
            self.log_file_event(event);
        }
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::Config => {
                // What was done under the old settings goes by them.
                self.merge();
                self.config = self.server.config.load_full();
                self.follow_settings();
                self.replication_config();
            }
            Note::Close(id) => self.close_client(id),
            Note::Stop => {
                self.stop_saving();
                self.stopping = true;
            }
            _ => {}
        }
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Follow { .. } | Request::Lead { .. } | Request::Failover(..) => {
                self.role_request(request)
            }
            Request::Wait { asker, replicas, until_ms } => self.wait_request(asker, replicas, until_ms),
            Request::EndWait(client, with_error) => self.end_wait(client, with_error),
            Request::RenameHistory => self.rename_history(),
            Request::Resolved(attempt, found) => self.resolved(attempt, found),
            Request::CopyLoaded(attempt, saved) => self.copy_loaded(attempt, saved),
            Request::OpenLog(opening) => self.open_log(*opening),
            Request::HoldLog(done) => self.hold_log(done),
            Request::GoOnLog(done) => self.go_on_log(done),
            Request::RewriteLog(asker) => self.rewrite_request(asker),
            Request::WaitForDisk(wait) => self.wait_for_disk(wait),
            Request::Save(how, asker) => self.save_request(how, asker),
            Request::Flushed => self.flushed(),
            Request::End(request) => self.end_request(request),
        }
    }

    fn event(&mut self, event: Event<D::Buf, D::Socket>) {
        match event {
            Event::Received { sock, data } => self.received(sock, data.as_ref()),
            Event::Sent { sock, result, .. } | Event::SentShared { sock, result } => self.sent(sock, &result),
            Event::Ended { sock, error } => self.ended(sock, error),
            Event::Connected { sock, result } => self.connected(sock, result),
            Event::File(event) => self.file_event(event),
            // It listens to nothing and releases nothing.
            Event::Accepted { .. } | Event::AcceptFailed { .. } | Event::Released { .. } => {}
        }
    }

    fn cron(&mut self) {
        self.save_cron();
        self.log_cron();
        self.replication_cron();
    }

    /// Makes a cut at which all shards begin a snapshot, written by `encode`; returns its number, with which the merge names
    /// the place of the cut (`Item::Cut`) if journals are on. `None` while another snapshot is not over.
    pub(self) fn begin_snapshot(&mut self, encode: Arc<dyn Encode>, journals: Journals) -> Option<u64> {
        if self.snapshot.is_some() {
            return None;
        }
        self.cuts += 1;
        let (id, funnel) = (self.cuts, self.funnel.clone());
        funnel.begin(id);
        self.snapshot = Some(Running { id, open: self.server.shards, is_cancelled: false });
        let all = ShardSet::all(self.server.shards);
        self.hub.independent(self.id, all, Arc::new(CutWork { id, journals, encode, funnel }));
        Some(id)
    }

    /// Makes a cut without a snapshot; returns its number, with which the merge names its place.
    pub(self) fn mark_journals(&mut self, journals: Journals) -> u64 {
        self.cuts += 1;
        let all = ShardSet::all(self.server.shards);
        self.hub.independent(self.id, all, Arc::new(MarkWork { id: self.cuts, journals }));
        self.cuts
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
        let unwanted = if is_wanted {
            let rest = self.save_piece(id, shard, piece);
            let rest = rest.and_then(|piece| self.log_piece(id, shard, piece));
            rest.and_then(|piece| self.copy_piece(id, shard, piece))
        } else {
            Some(piece)
        };
        if let Some(Piece::Block(block)) = unwanted {
            self.funnel.done(id, shard, block.bytes.len());
        }
        if self.snapshot.is_none() {
            self.begin_waiting();
        }
    }
}
