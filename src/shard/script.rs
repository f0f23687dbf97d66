//! Where scripts run on a server of several shards.
//!
//! A script says which keys it uses, but nothing holds it to that. So it first runs over all shards (class D), and it is
//! watched which shards it touches. If those of its declared keys were enough, it is marked, and from then on it runs on
//! the one shard of its keys like any command (class S), with no word to the others. Should it touch another shard's key
//! then, before it wrote anything, it is started again over all shards and the mark is withdrawn for good; if it wrote, it
//! fails, and the next call goes over all shards.
//!
//! ```text
//! unknown ── ran over all, declared shards sufficed ──► declared ── touched another ──► everywhere
//!    └────────────────── touched another ──────────────────────────────────────────────────┘
//! ```
//!
//! A script that strays on behalf of another shard's connection is started again from here (`Visit`). Until it is done the
//! requests behind it stay in the ring, so replies and effects keep their order.

use super::blocked;
use super::conn::Hold;
use super::ground::{self, Ground, Scene};
use super::input::Flow;
use super::mesh::Caller;
use super::meter::Ran;
use super::multi::Foreign;
use super::txn::ShardSet;
use super::{Connection, Driver, Shard};
use crate::command::scripting::{self, Outlook};
use crate::command::{Args, Command, Idle, Session, View, table};
use crate::data::slot::key_slot;
use crate::keyspace::slots;
use crate::script::Placement;

/// A script of another shard's connection that runs over all shards.
pub struct Visit {
    from: usize,
    conn: u32,
    /// Where the requests behind it begin.
    next: usize,
    run: Foreign,
}

impl Visit {
    /// Whether it has run.
    pub fn is_done(&self) -> bool {
        self.run.is_done()
    }
}

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Routes EVAL, FCALL and their kin.
    pub(super) fn route_script(&mut self, key: usize, command: &'static Command, argv: Args<'_>) -> Flow {
        let mut words = Vec::new();
        let outlook = scripting::find(&self.server, command, argv);
        let is_new_text = outlook.is_none() && matches!(command.row.meta.name, "eval" | "eval_ro");
        if table::keys_of(command, argv, &mut words).is_err() || (outlook.is_none() && !is_new_text) {
            // The handler knows the error.
            return self.run_here(key, command, argv);
        }
        let owner_of =
            |word: &usize| slots::owner(key_slot(argv.get(*word).copied().unwrap_or_default()), self.n);
        let first = words.first().map(owner_of);
        let one = words.iter().all(|word| Some(owner_of(word)) == first);
        match outlook {
            Some(Outlook { placement: Placement::Declared, .. }) if one => match first {
                Some(owner) => self.run_at(key, owner, command, argv),
                None => self.run_here(key, command, argv),
            },
            _ => self.whole(key, command, argv, ShardSet::all(self.n)),
        }
    }

    /// Runs a script or function on this shard's own state.
    pub(super) fn run_script_here(&mut self, key: usize, command: &'static Command, argv: Args<'_>) -> Flow {
        let Some(mut loan) = self.seat.lend() else { return Flow::Retry(Hold::Lend) };
        // The session is away as it is with a transaction, so that nothing else is done with the connection.
        let conn = self.conns.get_mut(key).and_then(|conn| Some((conn.session.take()?, conn)));
        let Some((mut session, conn)) = conn else {
            self.seat.take_back(loan);
            return Flow::Done;
        };
        conn.hold = Hold::Txn;
        let direct = conn.order.is_empty();
        let mut out = if direct { std::mem::take(&mut conn.out) } else { Vec::new() };
        let mark = out.len();
        self.running = Some(key);
        let Ground { store, server, shard, .. } = loan.state();
        store.no_touch = session.no_touch;
        store.tracking.caller = session.id;
        let now_ms = store.now_ms;
        let ok = {
            let mut aside = || self.busy_turn();
            let view = View::One(store);
            let session = &mut *session;
            let idle: Option<Idle<'_>> = Some(&mut aside);
            let mut scene = Scene { view, now_ms, session, server, shard: *shard, idle };
            ground::run(&mut scene, command, argv, &mut out)
        };
        let strayed = std::mem::take(&mut session.strayed);
        if !strayed {
            let reply = out.get(mark..).unwrap_or_default();
            let counted = std::mem::take(&mut session.error_counted);
            let ran = Ran { command, argv, ok, client: session.id, reply, counted };
            self.meter.account(server, *shard, &ran);
        }
        store.no_touch = false;
        if !store.lapsed.is_empty() {
            store.remove_lapsed();
        }
        store.journal.end_unit();
        if session.is_mute() {
            out.truncate(mark);
        }
        blocked::serve(loan.state(), &mut self.meter, self.id);
        self.seat.take_back(loan);
        self.running = None;
        if strayed && !direct {
            out.clear();
        }
        self.give_back(key, session, out, direct);
        if strayed {
            return self.whole(key, command, argv, ShardSet::all(self.n));
        }
        Flow::Done
    }

    /// Gives a connection its session back, and the reply to send: as its whole output (`direct`), or behind what other
    /// shards still owe it.
    fn give_back(&mut self, key: usize, session: Box<Session>, mut out: Vec<u8>, direct: bool) {
        let subscribed = session.subscriptions.is_some();
        let tracking = session.tracking.is_some();
        if let Some(conn) = self.conns.get_mut(key) {
            conn.session = Some(session);
            conn.hold = Hold::None;
            if direct {
                // What was pushed to it meanwhile comes behind.
                let pushed = std::mem::replace(&mut conn.out, out);
                conn.out.extend_from_slice(&pushed);
            } else if !out.is_empty() {
                conn.order.local(|to| to.append(&mut out));
            }
        }
        self.touch(key);
        if subscribed {
            // A message to itself follows the reply that it belongs to.
            self.apply_subscriptions(key);
            self.flush_outbox();
        }
        if tracking {
            self.sort_invalid();
        }
    }

    /// Starts a script again that strayed, for a connection of shard `from`.
    pub(super) fn visit(
        &mut self,
        from: usize,
        caller: Caller,
        command: &'static Command,
        argv: Args<'_>,
        next: usize,
    ) {
        let run = self.whole_for(from, caller, command, argv);
        self.visits.push(Visit { from, conn: caller.conn, next, run });
    }

    /// Whether requests of shard `from` wait for a script that runs over all shards.
    pub(super) fn is_stalled(&self, from: usize) -> bool {
        self.visits.iter().any(|visit| visit.from == from)
    }

    /// Answers the scripts that are done. Returns whether there was one.
    pub(super) fn finish_visits(&mut self) -> bool {
        let mut some = false;
        while let Some(at) = self.visits.iter().position(Visit::is_done) {
            some = true;
            let Visit { from, conn, next, run } = self.visits.swap_remove(at);
            let mut answers = self.mesh.spare();
            answers.reply(conn, |out| {
                out.append(&mut run.take_reply());
                None
            });
            self.mesh.answer(from, answers);
            self.mesh.advance_rest(from, next);
        }
        some
    }
}
