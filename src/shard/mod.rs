//! L4: the shard: its loop, routing, transactions over shards, connections.
//!
//! ```text
//!   driver events ─► accept.rs, input.rs ─► gate.rs ─► route.rs ─┬─ this shard ──► ground::run ─► conn.out
//!                                                                ├─ one other ───► mesh.rs ─► its owner and back
//!                                                                └─ several ─────► multi.rs over txn/
//!   turn end ─► output.rs: one send per connection, batches and answers to other shards
//! ```
//!
//! One `Shard` per thread; everything in it is touched by that thread only, except the `Ground`, which `txn` lends to
//! other shards while this one is parked.

mod accept;
pub mod apply;
mod blocked;
mod busy;
mod census;
mod conn;
mod cron;
mod gate;
mod ground;
pub mod handover;
mod held;
mod input;
mod journal;
mod memory;
mod mesh;
mod meter;
mod multi;
mod order;
mod output;
mod pubsub;
mod queue;
mod reach;
mod remote;
mod route;
mod script;
mod snapshot;
mod tracking;
pub mod txn;

pub use census::Census;
pub use cron::{limits, policy_of};
pub use ground::Ground;
pub use mesh::{Mesh, build as build_mesh};

use crate::base::prng::Prng;
use crate::command::{Note, Server, Session};
use crate::config::Config;
use crate::io::net::Connection;
use crate::io::wake::Wakes;
use crate::io::{Driver, Event, Time, Wait};
use crate::journal::Port;
use crate::keyspace::{Store, ToDrop};
use crate::observe::ClientInfo;
use ahash::AHashMap;
use blocked::Letter;
use conn::Conn;
use mesh::{Caller, Parcel};
use slab::Slab;
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;
use txn::{Hub, Seat, Turn, Vacancy};

/// Longest sleep of a shard, so that its cron runs (`hz` 10).
const CRON: Duration = Duration::from_millis(100);

/// Everything a shard is made of, from the outside.
pub struct Parts<D: Driver> {
    /// Its index.
    pub id: usize,
    /// What all shards share.
    pub server: Arc<Server>,
    /// Its ring, or the simulated twin.
    pub driver: D,
    /// Its right to take part in transactions.
    pub vacancy: Vacancy<Ground>,
    /// The hub of transactions.
    pub hub: Arc<Hub<Ground>>,
    /// Its ends of the rings between shards.
    pub mesh: Mesh<D::Socket>,
    /// Where it announces its sleep.
    pub wakes: Arc<Wakes>,
    /// Seed of its random numbers.
    pub seed: u64,
    /// Where values go that are freed elsewhere.
    pub freeing: Sender<ToDrop>,
    /// Where connections go that ask for the replication stream.
    pub handovers: Arc<handover::Handovers<D::Socket>>,
    /// Where its journal goes.
    pub journal: Port,
}

/// One shard.
pub struct Shard<D: Driver> {
    id: usize,
    n: usize,
    server: Arc<Server>,
    config: Arc<Config>,
    driver: D,
    seat: Seat<Ground>,
    hub: Arc<Hub<Ground>>,
    mesh: Mesh<D::Socket>,
    wakes: Arc<Wakes>,
    freeing: Sender<ToDrop>,
    handovers: Arc<handover::Handovers<D::Socket>>,
    conns: Slab<Conn>,
    by_sock: Vec<Option<usize>>,
    by_id: AHashMap<u64, usize>,
    /// Connections with something to send or to settle at the end of the turn.
    dirty: Vec<usize>,
    /// Sends that wait for the disk.
    held: held::HeldSends,
    /// Connections with replies that wait for those of other shards.
    partial: Vec<usize>,
    /// Its part in pub/sub.
    post: pubsub::Post,
    /// Its part in client side caching.
    tracker: tracking::Tracker,
    /// Connections whose wait is over and that have unread bytes.
    ready: Vec<usize>,
    /// Connections that wait for the end of a pause, or for this shard's state.
    paused: Vec<usize>,
    lent_out: Vec<usize>,
    /// Transactions that connections of this shard wait for.
    waiting: Vec<multi::Waiting>,
    /// Scripts of other shards' connections that were started again over all shards.
    visits: Vec<script::Visit>,
    /// The shard whose batch is being executed.
    serving: Option<usize>,
    /// The connection whose script runs.
    running: Option<usize>,
    /// What connections sent while their own script ran: connection and bytes.
    late: Vec<(usize, Vec<u8>)>,
    /// What commands get to see as stores that need none, while this shard's is away.
    scratch: Option<Box<Store>>,
    /// Emptied output buffers.
    spares: Vec<Vec<u8>>,
    /// Connections that wait for keys; when the time of those that do not wait for ever is up (driver's clock, client
    /// id); and messages about blocked clients to this shard itself.
    stalled: usize,
    deadlines: BTreeSet<(u64, u64)>,
    letters: VecDeque<Letter>,
    /// What the driver reported, between its turn and this shard's.
    events: Vec<Event<D::Buf, D::Socket>>,
    /// What of that this turn has not come to yet.
    backlog: VecDeque<Event<D::Buf, D::Socket>>,
    /// The last turn left something to do at once.
    busy: bool,
    time: Time,
    next_cron_ns: u64,
    meter: meter::Meter,
    tally: cron::Tally,
    rng: Prng,
    /// Something beyond the ordinary must be checked before commands: memory limit, pause, MONITORs.
    watchful: bool,
    active_expire: bool,
    /// When expiry goes on (driver's clock); `u64::MAX`: with the next cron.
    next_expire_ns: u64,
    /// An eviction ran out of time.
    over_limit: bool,
    /// Clients take more than `maxmemory-clients`, and none of them may be ended.
    clients_stay: bool,
    /// The store obeys an older configuration.
    policy_stale: bool,
    next_idle_check_ms: i64,
    /// Until when it looks for work without sleeping (driver's clock; `shard-spin-us`).
    spin_until_ns: u64,
    /// Where new sets of listeners come from (shard 0).
    new_listeners: Option<Receiver<Vec<D::Listener>>>,
    stopping: bool,
}

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// A shard ready to run.
    pub fn new(parts: Parts<D>) -> Shard<D> {
        let Parts { id, server, driver, vacancy, hub, mesh, wakes, seed, freeing, journal, handovers } =
            parts;
        let config = server.config.load_full();
        let databases = usize::try_from(config.databases).unwrap_or(16);
        let mut store = Store::new(databases, seed);
        cron::apply_policy(&mut store, &config);
        store.journal.connect(journal);
        let stand_in = Box::new(Session::new(Arc::new(ClientInfo::default()), true));
        store.tracking.share(server.tracking.clone());
        let ground = Ground { store, stand_in, server: server.clone(), shard: id, letters: Vec::new() };
        let time = driver.time();
        Shard {
            id,
            n: server.shards,
            config,
            driver,
            seat: vacancy.sit(Box::new(ground)),
            hub,
            held: held::HeldSends::default(),
            mesh,
            wakes,
            freeing,
            handovers,
            conns: Slab::new(),
            by_sock: Vec::new(),
            by_id: AHashMap::new(),
            dirty: Vec::new(),
            partial: Vec::new(),
            post: pubsub::Post::default(),
            tracker: tracking::Tracker::default(),
            ready: Vec::new(),
            paused: Vec::new(),
            lent_out: Vec::new(),
            waiting: Vec::new(),
            visits: Vec::new(),
            serving: None,
            running: None,
            late: Vec::new(),
            scratch: None,
            spares: Vec::new(),
            stalled: 0,
            deadlines: BTreeSet::new(),
            letters: VecDeque::new(),
            events: Vec::new(),
            backlog: VecDeque::new(),
            busy: false,
            time,
            next_cron_ns: time.mono_ns,
            meter: meter::Meter::start(),
            tally: cron::Tally::default(),
            rng: Prng::new(seed ^ 0x9e37_79b9_7f4a_7c15),
            watchful: false,
            active_expire: true,
            next_expire_ns: u64::MAX,
            over_limit: false,
            clients_stay: false,
            policy_stale: false,
            next_idle_check_ms: 0,
            spin_until_ns: 0,
            new_listeners: None,
            stopping: false,
            server,
        }
    }

    /// Starts accepting on `listener`; only shard 0 does and hands connections round.
    pub fn listen(&mut self, listener: D::Listener) {
        self.driver.listen(listener);
    }

    /// On `Note::Listen`, the listeners are replaced by the next set out of `sets`.
    pub fn listen_anew_from(&mut self, sets: Receiver<Vec<D::Listener>>) {
        self.new_listeners = Some(sets);
    }

    /// Runs until `Note::Stop`.
    ///
    /// # Errors
    /// The driver failed.
    pub fn run(&mut self) -> io::Result<()> {
        loop {
            let wait = self.rest();
            if !self.step(wait)? {
                return self.flush_all();
            }
        }
    }

    /// The first half of a round: how long the driver may wait. If it may, the sleep is announced: from now on whoever
    /// has something for this shard wakes it.
    pub fn rest(&mut self) -> Wait {
        self.how_long(self.busy)
    }

    /// The second half of a round: waits so long, then takes a turn over what happened. `false`: the shard was told to
    /// stop.
    ///
    /// # Errors
    /// The driver failed.
    pub fn step(&mut self, wait: Wait) -> io::Result<bool> {
        let mut events = std::mem::take(&mut self.events);
        self.driver.turn(wait, &mut events)?;
        self.wakes.awake(self.id);
        self.busy = self.turn(&mut events);
        self.events = events;
        Ok(!self.stopping)
    }

    /// One turn over what the driver reported. Returns whether there is more to do at once.
    pub fn turn(&mut self, events: &mut Vec<Event<D::Buf, D::Socket>>) -> bool {
        self.time = self.driver.time();
        if let Some(ground) = self.seat.state() {
            ground.store.now_ms = self.time.unix_ms;
            ground.store.keeps_expired =
                self.server.replication.is_replica() || self.server.paused(self.time.unix_ms).is_some();
        }
        let mut worked = !events.is_empty();
        self.meter.restart();
        self.watchful = self.config.maxmemory > 0 || self.server.is_watchful();
        if events.len() > 1 {
            self.prefetch_events(events);
        }
        // From a place where a slow script finds them: what has come must not wait for its end.
        self.backlog.extend(events.drain(..));
        while let Some(event) = self.backlog.pop_front() {
            self.event(event);
        }
        worked |= self.take_notes();
        if self.n > 1 {
            self.take_messages();
            self.take_stale();
        }
        // Of transactions there are some on a single shard too: the log core's.
        worked |= self.meet_others();
        if self.n > 1 {
            worked |= self.deliver_stale();
        }
        worked |= self.deliver_messages();
        self.release_throttled();
        self.attend();
        self.end_overdue();
        while let Some(key) = self.ready.pop() {
            worked = true;
            self.resume(key);
        }
        self.feed_late();
        if self.time.mono_ns >= self.next_cron_ns {
            self.run_cron();
        }
        if self.time.mono_ns >= self.next_expire_ns {
            self.run_expiry();
        }
        self.go_on_evicting();
        self.renew_policy();
        let saving = self.run_snapshot(worked);
        self.end_turn();
        if worked {
            self.count_turn();
            self.spin_until_ns =
                self.time.mono_ns.saturating_add(u64::from(self.config.shard_spin_us) * 1000);
        }
        saving || self.over_limit || self.has_messages() || (worked && self.n > 1 && !self.may_sleep())
    }

    /// What came from other shards: requests, answers, connections, transactions.
    fn meet_others(&mut self) -> bool {
        let mut worked = false;
        let me = self.id;
        if self.seat.state().is_none() && self.server.scripting.desk.is_busy() {
            // For as long as a slow script pleases: new connections must not wait for that.
            self.meet_while_busy();
        }
        self.tracker.caught_up = true;
        for from in (0..self.n).filter(|&from| from != me) {
            if self.is_stalled(from) {
                continue;
            }
            // Requests wait in their ring while the state is lent; so does what is behind them, in order.
            let caught_up = loop {
                // While answers are held back, no more large ones are made.
                let full = self.mesh.has_rest(from) && !self.seat.may_send();
                if full || self.seat.state().is_none() {
                    break false;
                }
                let Some(parcel) = self.mesh.next(from) else { break true };
                worked = true;
                let go_on = match parcel {
                    Parcel::Requests(batch) => self.serve(from, batch),
                    Parcel::Replies(batch) => self.deliver(from, batch),
                    Parcel::Socket(socket) => {
                        self.own(socket);
                        true
                    }
                    Parcel::Letters(letters) => {
                        letters.into_iter().for_each(|letter| self.read_letter(letter));
                        true
                    }
                };
                if !go_on {
                    break false;
                }
            };
            self.tracker.caught_up &= caught_up;
        }
        worked |= self.take_part() == Turn::Progress;
        if self.seat.state().is_some() {
            self.release_lent();
        }
        worked | self.finish_done() | self.finish_visits()
    }

    /// Lets connections go on that wait for this shard's state.
    fn release_lent(&mut self) {
        for key in std::mem::take(&mut self.lent_out) {
            // A connection that has ended since may have left its place to another.
            if self.conns.get(key).is_some_and(|c| c.hold == conn::Hold::Lend) {
                self.release(key);
            }
        }
    }

    fn event(&mut self, event: Event<D::Buf, D::Socket>) {
        match event {
            Event::Received { sock, data } => {
                if let Some(key) = self.key_of(sock) {
                    self.received(key, data.as_ref());
                }
            }
            Event::Sent { sock, buffer, result } => self.sent(sock, buffer, result),
            Event::Ended { sock, error } => self.peer_ended(sock, error),
            Event::Released { sock, socket } => self.released(sock, socket),
            Event::Accepted { socket, .. } => self.accepted(socket),
            // Another thread has just shut this listener to open others; the next note brings them.
            Event::AcceptFailed { error, .. } if error.kind() == io::ErrorKind::InvalidInput => {}
            Event::AcceptFailed { error, .. } => {
                crate::observe::log::warning(&format!("Accepting client connection: {error}"));
            }
            // No shard asks for these.
            Event::SentShared { .. } | Event::Connected { .. } | Event::File(_) => {}
        }
    }

    /// How long the driver may wait; announces the sleep and looks once more if it may.
    fn how_long(&mut self, busy: bool) -> Wait {
        let spin = self.time.mono_ns < self.spin_until_ns;
        let letters = !self.letters.is_empty() && self.seat.state().is_some();
        if busy || spin || letters || !self.ready.is_empty() || self.stopping {
            return Wait::Never;
        }
        self.wakes.announce_sleep(self.id);
        if !self.may_sleep() || self.has_messages() || self.server.has_notes(self.id) || self.may_save() {
            self.wakes.awake(self.id);
            return Wait::Never;
        }
        // The turn's own time will do: a sleep that is a turn too long is no harm to a cron.
        let now = self.time.mono_ns;
        let partial = if self.partial.is_empty() { u64::MAX } else { now + output::PARTIAL_NS };
        let deadline = self.deadlines.first().map_or(u64::MAX, |&(at, _)| at);
        let next = self.next_cron_ns.min(self.next_expire_ns).min(partial).min(deadline);
        Wait::AtMost(CRON.min(Duration::from_nanos(next.saturating_sub(now).max(1))))
    }

    /// A parked shard leaves in the rings what has come in: looking at it again and again would only take the
    /// processor from the shard that it waits for.
    fn may_sleep(&self) -> bool {
        let idle = || if self.seat.is_parked() { self.mesh.is_flushed() } else { self.mesh.is_idle() };
        // Who completes a transaction wakes its origin only if that sleeps already.
        let done = || self.waiting.iter().any(|w| w.is_done()) || self.visits.iter().any(|v| v.is_done());
        self.seat.may_sleep() && idle() && !done()
    }

    fn take_notes(&mut self) -> bool {
        let notes = self.server.take_notes(self.id);
        let some = !notes.is_empty();
        for note in notes {
            self.note(note);
        }
        some
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::Close(id) => {
                if let Some(&key) = self.by_id.get(&id) {
                    self.close(key);
                }
            }
            Note::Push(id, bytes) => {
                if let Some(&key) = self.by_id.get(&id) {
                    self.push_bytes(key, &bytes);
                }
            }
            Note::Answer(id, bytes) => self.answered(id, &bytes),
            Note::Unblocked(id) => self.unblocked(id),
            Note::UnblockAll => self.unblock_all(),
            Note::Resume => self.release_paused(),
            Note::Busy => self.release_lent(),
            Note::Stop => self.stopping = true,
            note => self.cron_note(note),
        }
    }

    fn caller(&self, key: usize, session: &Session) -> Caller {
        Caller {
            conn: u32::try_from(key).unwrap_or(u32::MAX),
            client: session.id,
            home: self.id,
            db: session.db,
            proto: session.proto,
            no_touch: session.no_touch,
            user: session.user_serial(),
            tracks: session.tracks,
        }
    }
}
