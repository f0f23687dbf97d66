//! Requests of other shards' connections on this shard's keys, and answers to this shard's connections.

use super::conn::{End, Hold};
use super::input::{AHEAD, execute_for};
use super::mesh::{Batch, Caller};
use super::{Connection, Driver, Shard};
use crate::command::{Command, table};
use crate::resp::Argv;
use smallvec::SmallVec;

/// A request of another shard's connection, and where the next begins.
type Visitor<'a> = (Caller, &'static Command, Argv<'a>, usize);

/// Reply bytes after which the rest of a batch waits for the next turn. A batch of small requests for large values would
/// otherwise build gigabytes before their connections' output limits are looked at, and stall this shard meanwhile.
const REPLIES_PER_TURN: usize = 4 * 1024 * 1024;

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Executes a batch of another shard's requests, some at a time, so that their cache misses overlap. `false`: the
    /// rest was put back for a later turn.
    pub(super) fn serve(&mut self, from: usize, mut batch: Batch) -> bool {
        let (requests, mut at) = batch.take_requests();
        let mut done = at;
        let Some(ground) = self.seat.state() else { return false };
        while batch.reply_bytes() < REPLIES_PER_TURN {
            let mut visitors: SmallVec<[Visitor<'_>; AHEAD]> = SmallVec::new();
            while visitors.len() < AHEAD
                && let Some((caller, command, argv, next)) = Batch::request_at(from, &requests, at)
            {
                at = next;
                visitors.extend(table::by_id(command).map(|command| (caller, command, argv, next)));
            }
            let Some((first, ..)) = visitors.first() else {
                done = at;
                break;
            };
            let keys =
                visitors.iter().filter_map(|(_, command, argv, _)| argv.get(command.one_key?).copied());
            ground.store.prefetch(first.db, keys);
            for (caller, command, argv, next) in &visitors {
                let meter = &mut self.meter;
                batch.reply(caller.conn, |out| {
                    execute_for(ground, Some(meter), *caller, command, argv, out);
                });
                done = *next;
                if batch.reply_bytes() >= REPLIES_PER_TURN {
                    break;
                }
            }
        }
        let whole = done >= requests.len();
        batch.restore(requests, done);
        if whole {
            self.mesh.answer(from, batch);
        } else {
            let mut answers = self.mesh.spare();
            batch.move_replies(&mut answers);
            self.mesh.answer(from, answers);
            self.mesh.put_back(from, batch);
        }
        whole
    }

    /// Gives the answers of shard `from` to their connections. `false`: that was much, and what comes next should wait
    /// for the next turn.
    ///
    /// Answers may come as fast as they are taken: a turn that took them all would never send anything.
    pub(super) fn deliver(&mut self, from: usize, batch: Batch) -> bool {
        batch.replies(|conn, bytes| {
            let key = conn as usize;
            let Some(conn) = self.conns.get_mut(key) else { return };
            conn.order.arrived(from, bytes, &mut conn.out);
            if conn.end == End::Now {
                // Only awaited: nobody will read it.
                conn.out.clear();
            }
            self.still_open(key);
            self.touch(key);
            if self.conns.get(key).is_some_and(|c| c.hold == Hold::Drain && c.order.is_empty()) {
                self.release(key);
            }
        });
        let much = batch.reply_bytes() >= REPLIES_PER_TURN;
        self.mesh.recycle(batch);
        !much
    }
}
