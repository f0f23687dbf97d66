//! What a shard does while a script runs for too long on its thread, or with its state on another's.
//!
//! The script's count hook calls `Shard::busy_turn` (`Ctx::idle`): a turn without stores, requests and transactions. It takes
//! what connections send, and the gate answers: `-BUSY`, except to the commands that Redis allows then (SCRIPT KILL, AUTH,
//! MULTI, …; the flag `ALLOW_BUSY`). Those run on a scratch store. Connections of other shards are told `-BUSY` only if what
//! they ask for needs a shard that is taken.
//!
//! This is sound because the state is then out of its seat (`txn::Loan`, or lent to a dependent transaction):
//! `seat.state()` says `None`, so nothing that runs here can meet the keyspace in the middle of a change.
//!
//! Redis: networking.c `processEventsWhileBlocked`, server.c `processCommand`.

use super::ground::{self, Scene};
use super::input::Flow;
use super::mesh::{Batch, Parcel};
use super::meter::Ran;
use super::txn::{STARTS_PER_TURN, Turn};
use super::{Connection, Driver, Shard};
use crate::command::meta::flag;
use crate::command::scripting::{BUSY_EVAL, BUSY_FUNCTION};
use crate::command::{Args, Command, Failure, Handler, Route, ShardOp, View, table};
use crate::data::slot::key_slot;
use crate::io::Wait;
use crate::keyspace::{Store, slots};
use crate::resp::Out;
use crate::script::running::Slow;
use crate::shard::conn::{Conn, Hold};
use crate::shard::order::Order;

/// Bytes that a connection may send while its own script runs before no more are received.
const LATE_MAX: usize = 1024 * 1024;

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Whether a slow script keeps this command from running: what is replied then.
    #[cold]
    pub(super) fn busy(&self, key: usize, command: &'static Command, argv: Args<'_>) -> Option<Failure> {
        let desk = &self.server.scripting.desk;
        if !desk.is_busy() || command.row.meta.has(flag::ALLOW_BUSY) {
            return None;
        }
        let slow = desk.blocking(self.id).or_else(|| match command.row.handler {
            Handler::Shard(ShardOp::Exec) => {
                let multi = self.conns.get(key)?.session.as_ref()?.multi.as_ref()?;
                multi.queue.iter().find_map(|queued| {
                    let words: Vec<&[u8]> = queued.argv.iter().map(Vec::as_slice).collect();
                    self.taken(queued.command, &words)
                })
            }
            _ => self.taken(command, argv),
        })?;
        Some(Failure::text(if slow.is_eval { BUSY_EVAL } else { BUSY_FUNCTION }))
    }

    /// The slow script that has a shard which the command needs.
    fn taken(&self, command: &'static Command, argv: Args<'_>) -> Option<Slow> {
        let desk = &self.server.scripting.desk;
        match command.row.route {
            Route::Home => None,
            Route::Every(_) | Route::EveryBut(..) | Route::Script | Route::Cursor(_) | Route::Far(_) => {
                desk.first()
            }
            Route::Keys(_) => {
                let mut words = Vec::new();
                table::keys_of(command, argv, &mut words).ok()?;
                let owner =
                    |word: usize| slots::owner(key_slot(argv.get(word).copied().unwrap_or_default()), self.n);
                words.into_iter().find_map(|word| desk.blocking(owner(word)))
            }
        }
    }

    /// A turn while this shard's state is away and its thread runs a script: sockets and notes only.
    pub(super) fn busy_turn(&mut self) {
        let mut events = Vec::new();
        if self.driver.turn(Wait::Never, &mut events).is_err() {
            // The loop meets the same error when the script is over.
            return self.server.scripting.desk.abort();
        }
        self.time = self.driver.time();
        self.watchful = true;
        self.backlog.extend(events);
        while let Some(event) = self.backlog.pop_front() {
            self.event(event);
        }
        self.take_notes();
        self.meet_while_busy();
        while let Some(key) = self.ready.pop() {
            self.resume(key);
        }
        self.end_turn();
        if self.stopping {
            self.server.scripting.desk.abort();
        }
    }

    /// Takes connections and answers out of the rings while the state is away: neither needs it. Requests that were on
    /// their way before the script was known to be slow are refused as the gate would have refused them. Only behind a
    /// batch that is being executed, or waits, they wait as well, for replies come back in the order of requests.
    pub(super) fn meet_while_busy(&mut self) {
        let me = self.id;
        for from in (0..self.n).filter(|&from| from != me) {
            while let Some(parcel) = self.mesh.next_fresh(from) {
                match parcel {
                    Parcel::Socket(socket) => self.own(socket),
                    Parcel::Replies(batch) => {
                        self.deliver(from, batch);
                    }
                    Parcel::Requests(batch) if self.serving != Some(from) && !self.mesh.has_waiting(from) => {
                        self.refuse_batch(from, batch);
                    }
                    // Messages about blocked clients speak of keys.
                    parcel @ (Parcel::Requests(_) | Parcel::Letters(_)) => self.mesh.keep(from, parcel),
                }
            }
        }
    }

    /// Answers a batch of another shard's requests with `-BUSY`.
    fn refuse_batch(&mut self, from: usize, mut batch: Batch) {
        let slow = self.server.scripting.desk.blocking(self.id);
        let line = if slow.is_none_or(|slow| slow.is_eval) { BUSY_EVAL } else { BUSY_FUNCTION };
        let (requests, mut at) = batch.take_requests();
        while let Some((caller, command, _, next)) = Batch::request_at(from, &requests, at) {
            at = next;
            batch.reply(caller.conn, |out| {
                Out::new(out, caller.proto).error(line.as_bytes());
                None
            });
            let failure = Failure::text(line);
            self.meter.refused(&self.server, self.id, table::by_id(command), &failure);
        }
        batch.restore(requests, at);
        self.mesh.answer(from, batch);
    }

    /// Takes part in transactions; runs those at which this shard was the last to arrive.
    pub(super) fn take_part(&mut self) -> Turn {
        // Once it is parked, its replies leave while its journal is away.
        self.publish_journal();
        let mut turn = self.seat.advance();
        let mut left = STARTS_PER_TURN;
        while let Some(ready) = self.seat.take_ready() {
            let shard = self.id;
            let ran = ready.run(shard, &mut || self.busy_turn());
            self.seat.complete(ran);
            left = left.saturating_sub(1);
            turn = if left == 0 { Turn::Progress } else { self.seat.go_on() };
        }
        turn
    }

    /// Runs a command that needs no keys while this shard's state is away, if it is one that may run then.
    pub(super) fn run_aside(&mut self, key: usize, command: &'static Command, argv: Args<'_>) -> Flow {
        if !command.row.meta.has(flag::ALLOW_BUSY) || !self.server.scripting.desk.is_busy() {
            return Flow::Retry(Hold::Lend);
        }
        let databases = usize::try_from(self.config.databases).unwrap_or(16);
        let store = self.scratch.get_or_insert_with(|| Box::new(Store::new(databases, 0)));
        let Some(Conn { session: Some(session), order, out, .. }) = self.conns.get_mut(key) else {
            return Flow::Done;
        };
        let (server, shard, client) = (&self.server, self.id, session.id);
        let now_ms = self.time.unix_ms;
        let meter = &mut self.meter;
        let mut away = None;
        into_order(order, out, |out| {
            let mark = out.len();
            let mut scene = Scene { view: View::One(store), now_ms, session, server, shard, idle: None };
            let ok = ground::run(&mut scene, command, argv, out);
            let reply = out.get(mark..).unwrap_or_default();
            meter.account(server, shard, &Ran { command, argv, ok, client, reply, counted: false });
            if session.is_mute() {
                out.truncate(mark);
            }
            away = std::mem::take(&mut session.away).then(|| Hold::Away { mute: session.is_mute() });
        });
        self.touch(key);
        self.departs(key).or(away).map_or(Flow::Done, Flow::Wait)
    }

    /// Keeps what a connection sends while its own script runs: requests before it are still being executed.
    pub(super) fn keep_late(&mut self, key: usize, data: &[u8]) {
        let at = match self.late.iter().position(|(late, _)| *late == key) {
            Some(at) => at,
            None => {
                self.late.push((key, Vec::new()));
                self.late.len() - 1
            }
        };
        let Some((_, bytes)) = self.late.get_mut(at) else { return };
        bytes.extend_from_slice(data);
        if let Some(conn) = self.conns.get_mut(key).filter(|conn| !conn.deaf && bytes.len() > LATE_MAX) {
            conn.deaf = true;
            self.driver.hear(conn.sock, false);
        }
    }

    /// Goes on with what came while scripts ran.
    pub(super) fn feed_late(&mut self) {
        while let Some((key, bytes)) = self.late.pop() {
            let was_deaf = self.conns.get_mut(key).is_some_and(|conn| std::mem::take(&mut conn.deaf));
            self.received(key, &bytes);
            if let Some(conn) = self.conns.get(key).filter(|conn| was_deaf && !conn.deaf) {
                self.driver.hear(conn.sock, true);
            }
        }
    }
}

/// Has `write` write a reply: to `out`, or behind what other shards still owe.
pub(super) fn into_order(order: &mut Order, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    if order.is_empty() { write(out) } else { order.local(write) }
}
