//! The part of a shard that transactions may borrow: its store, and what running a command needs beside it.

use crate::command::connection::client::tracking::remember;
use crate::command::{
    Args, Command, Ctx, Handler, Idle, Keys, Outcome, Server, Session, Stores, View, shorten,
};
use crate::keyspace::{Store, slots};
use crate::resp::Out;
use crate::shard::blocked::Letter;
use crate::shard::txn::Lent;
use std::sync::Arc;

/// What a transaction borrows from a shard.
pub struct Ground {
    /// Its keys.
    pub store: Store,
    /// The session under which commands of connections of other shards run here.
    pub stand_in: Box<Session>,
    /// What all shards share.
    pub server: Arc<Server>,
    /// The shard.
    pub shard: usize,
    /// Messages about blocked clients, by the shard that each is for; the owner of the ground sends them.
    pub letters: Vec<(usize, Letter)>,
}

/// The stores of all participants of a dependent transaction.
pub struct LentStores<'a, 'b> {
    lent: &'a mut Lent<'b, Ground>,
    shards: usize,
}

impl<'a, 'b> LentStores<'a, 'b> {
    /// The lent stores of a server of `shards` shards.
    pub fn new(lent: &'a mut Lent<'b, Ground>, shards: usize) -> LentStores<'a, 'b> {
        LentStores { lent, shards }
    }
}

impl Stores for LentStores<'_, '_> {
    /// # Panics
    /// If the slot's shard takes no part: routing makes every shard of a command's keys a participant.
    fn of_slot(&mut self, slot: u16) -> &mut Store {
        match self.lent.get_mut(slots::owner(slot, self.shards)) {
            Some(ground) => &mut ground.store,
            None => panic!("slot {slot} is not lent to this transaction"),
        }
    }

    /// # Panics
    /// As [`of_slot`](Stores::of_slot).
    fn look_slot(&self, slot: u16) -> &Store {
        match self.lent.get(slots::owner(slot, self.shards)) {
            Some(ground) => &ground.store,
            None => panic!("slot {slot} is not lent to this transaction"),
        }
    }

    fn each(&mut self, f: &mut dyn FnMut(&mut Store)) {
        for (_, ground) in self.lent.iter_mut() {
            f(&mut ground.store);
        }
    }
}

/// Everything around one execution.
pub struct Scene<'a> {
    /// The stores.
    pub view: View<'a>,
    /// Unix time in milliseconds.
    pub now_ms: i64,
    /// The caller.
    pub session: &'a mut Session,
    /// What all shards share.
    pub server: &'a Arc<Server>,
    /// The shard whose thread runs it.
    pub shard: usize,
    /// See [`Ctx::idle`].
    pub idle: Option<Idle<'a>>,
}

/// Runs a handler and writes its reply, or its error, to `out`. Returns whether it succeeded.
pub fn run(scene: &mut Scene<'_>, command: &'static Command, argv: Args<'_>, out: &mut Vec<u8>) -> bool {
    let Handler::Run(handler) = command.row.handler else { return false };
    let mark = out.len();
    let Scene { now_ms, server, shard, .. } = *scene;
    let idle = shorten(&mut scene.idle);
    let session = &mut *scene.session;
    let keys = Keys { view: scene.view.reborrow(), db: session.db, now_ms };
    let out = Out::new(out, session.proto);
    let mut ctx = Ctx { keys, out, session, server, command, shard, idle };
    let outcome: Outcome = handler(&mut ctx, argv);
    if ctx.session.tracks {
        remember(&mut ctx.keys, ctx.session, command, argv);
    }
    match outcome {
        Ok(()) => !ctx.out.since(mark).starts_with(b"-"),
        Err(failure) => {
            ctx.out.truncate(mark);
            ctx.out.error(&failure.line());
            false
        }
    }
}
