//! Requests of other shards' connections on this shard's keys, and answers to this shard's connections.

use super::conn::{End, Hold};
use super::input::{AHEAD, execute_for};
use super::mesh::{Batch, Caller};
use super::{Connection, Driver, Shard};
use crate::command::{Command, table};
use crate::resp::Argv;
use smallvec::SmallVec;

/// A request of another shard's connection.
type Visitor<'a> = (Caller, &'static Command, Argv<'a>);

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Executes a batch of another shard's requests, some at a time, so that their cache misses overlap.
    pub(super) fn serve(&mut self, from: usize, mut batch: Box<Batch>) {
        let requests = batch.take_requests();
        let Some(ground) = self.seat.state() else { return };
        let mut at = 0;
        loop {
            let mut visitors: SmallVec<[Visitor<'_>; AHEAD]> = SmallVec::new();
            while visitors.len() < AHEAD
                && let Some((caller, command, argv, next)) = Batch::request_at(&requests, at)
            {
                at = next;
                visitors.extend(table::by_id(command).map(|command| (caller, command, argv)));
            }
            let Some((first, ..)) = visitors.first() else { break };
            let keys = visitors.iter().filter_map(|(_, command, argv)| argv.get(command.one_key?).copied());
            ground.store.prefetch(first.db, keys);
            for (caller, command, argv) in &visitors {
                let meter = &mut self.meter;
                batch.reply(caller.conn, |out| {
                    execute_for(ground, Some(meter), *caller, command, argv, out);
                });
            }
        }
        batch.restore(requests);
        self.mesh.answer(from, batch);
    }

    /// Gives the answers of shard `from` to their connections.
    pub(super) fn deliver(&mut self, from: usize, batch: Box<Batch>) {
        batch.replies(|conn, bytes| {
            let key = conn as usize;
            let Some(conn) = self.conns.get_mut(key) else { return };
            conn.order.arrived(from, bytes, &mut conn.out);
            if conn.end == End::Now {
                // Only awaited: nobody will read it.
                conn.out.clear();
            }
            self.touch(key);
            if self.conns.get(key).is_some_and(|c| c.hold == Hold::Drain && c.order.is_empty()) {
                self.release(key);
            }
        });
        self.mesh.recycle(batch);
    }
}
