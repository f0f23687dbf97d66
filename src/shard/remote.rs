//! Requests of other shards' connections on this shard's keys, and answers to this shard's connections.

use super::blocked;
use super::conn::{Conn, End, Hold};
use super::input::{AHEAD, Aftermath, execute_for};
use super::journal::end_unit;
use super::mesh::{Answer, Batch, Caller};
use super::{Connection, Driver, Shard};
use crate::command::{Command, Idle, Route, table};
use crate::resp::Argv;
use smallvec::SmallVec;

/// A request of another shard's connection, and where the next begins.
pub(super) type Visitor<'a> = (Caller, &'static Command, Argv<'a>, usize);

/// Reply bytes after which the rest of a batch waits for the next turn. A batch of small requests for large values would
/// otherwise build gigabytes before their connections' output limits are looked at, and stall this shard meanwhile.
const REPLIES_PER_TURN: usize = 4 * 1024 * 1024;

/// The next few requests of a batch, from `at` on, which moves behind them.
pub(super) fn visitors_at<'r>(
    from: usize,
    requests: &'r [u8],
    at: &mut usize,
) -> SmallVec<[Visitor<'r>; AHEAD]> {
    let mut visitors = SmallVec::new();
    while visitors.len() < AHEAD
        && let Some((caller, command, argv, next)) = Batch::request_at(from, requests, *at)
    {
        *at = next;
        visitors.extend(table::by_id(command).map(|command| (caller, command, argv, next)));
    }
    visitors
}

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Executes a batch of another shard's requests, some at a time, so that their cache misses overlap. `false`: the
    /// rest was put back for a later turn.
    pub(super) fn serve(&mut self, from: usize, mut batch: Batch) -> bool {
        let (requests, mut at) = batch.take_requests();
        let mut done = at;
        let mut stray = None;
        // Out of its seat, so that a slow script can have the sockets served meanwhile.
        let Some(mut loan) = self.seat.lend() else { return false };
        let mut meter = std::mem::take(&mut self.meter);
        self.serving = Some(from);
        while batch.reply_bytes() < REPLIES_PER_TURN && stray.is_none() {
            let visitors = visitors_at(from, &requests, &mut at);
            let Some((first, ..)) = visitors.first() else {
                done = at;
                break;
            };
            let keys =
                visitors.iter().filter_map(|(_, command, argv, _)| argv.get(command.one_key?).copied());
            loan.state().store.prefetch(first.db, keys);
            for (caller, command, argv, next) in &visitors {
                let me = self.id;
                let mut fits = true;
                batch.reply(caller.conn, |out| {
                    let mut aside = || self.busy_turn();
                    let idle: Option<Idle<'_>> =
                        matches!(command.row.route, Route::Script).then_some(&mut aside);
                    let ground = loan.state();
                    let counted = Some((&mut meter, me));
                    let after = execute_for(ground, counted, *caller, command, argv, out, idle);
                    end_unit(&mut ground.store, command);
                    fits = !matches!(after, Aftermath::Strayed);
                    let waiter =
                        blocked::waiter(&ground.server, from, *caller, command, argv, *after.asked()?);
                    blocked::register(&mut ground.store, &waiter, me, ground.server.shards);
                    Some(waiter)
                });
                if !fits {
                    batch.retract_reply();
                    stray = Some((*caller, *command, *next));
                    break;
                }
                blocked::serve(loan.state(), &mut meter, me);
                done = *next;
                if batch.reply_bytes() >= REPLIES_PER_TURN {
                    break;
                }
            }
        }
        self.seat.take_back(loan);
        self.meter = meter;
        self.serving = None;
        let whole = done >= requests.len();
        if let Some((caller, command, next)) = stray
            && let Some((_, _, argv, _)) = Batch::request_at(from, &requests, done)
        {
            self.visit(from, caller, command, &argv, next);
        }
        batch.restore(requests, done);
        self.answer_batch(from, batch, whole);
        whole
    }

    /// Sends an executed batch back, or the answers so far of one whose rest waits.
    fn answer_batch(&mut self, from: usize, mut batch: Batch, whole: bool) {
        if whole {
            self.mesh.answer(from, batch);
        } else {
            let mut answers = self.mesh.spare();
            batch.move_replies(&mut answers);
            self.mesh.answer(from, answers);
            self.mesh.put_back(from, batch);
        }
    }

    /// Gives the answers of shard `from` to their connections. `false`: that was much, and what comes next should wait
    /// for the next turn.
    ///
    /// Answers may come as fast as they are taken: a turn that took them all would never send anything.
    pub(super) fn deliver(&mut self, from: usize, batch: Batch) -> bool {
        batch.replies(|conn, answer| {
            let key = conn as usize;
            let Some(conn) = self.conns.get_mut(key) else { return };
            match answer {
                Answer::Reply(bytes) => conn.order.arrived(from, bytes, &mut conn.out),
                Answer::Blocks(waiter) => {
                    conn.order.arrived(from, b"", &mut conn.out);
                    return self.begin_wait(key, waiter);
                }
            }
            if conn.end == End::Now {
                // Only awaited: nobody will read it.
                conn.out.clear();
            }
            self.still_open(key);
            self.touch(key);
            // Of a connection that sent a command which may block, that was the last.
            let goes_on = |c: &Conn| match c.hold {
                Hold::Drain => c.order.is_empty(),
                Hold::Block => c.order.is_empty() && c.stall.as_ref().is_some_and(|s| s.waiter.is_none()),
                _ => false,
            };
            if let Some(conn) = self.conns.get_mut(key).filter(|c| goes_on(c)) {
                conn.stall = None;
                self.release(key);
            }
        });
        let much = batch.reply_bytes() >= REPLIES_PER_TURN;
        self.mesh.recycle(batch);
        !much
    }
}
