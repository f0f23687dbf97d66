//! MULTI, EXEC, DISCARD, WATCH, UNWATCH: queueing commands of a connection and deciding how the queue runs.

use super::conn::Hold;
use super::gate::watch_broken;
use super::input::Flow;
use super::multi::ExecKind;
use super::reach::{Reach, reach};
use super::txn::ShardSet;
use super::{Connection, Driver, Shard};
use crate::command::meta::flag;
use crate::command::session::{Multi, Queued, Watching};
use crate::command::{Args, Command, ShardOp};
use crate::data::HKey;
use crate::data::slot::key_slot;
use crate::keyspace::{Store, slots};
use std::sync::Arc;

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Queues a command of a connection in MULTI (multi.c `queueMultiCommand`).
    pub(super) fn enqueue(&mut self, key: usize, command: &'static Command, argv: Args<'_>) -> Flow {
        if let Some(multi) = self.conns.get_mut(key).and_then(|c| c.session.as_mut()?.multi.as_mut()) {
            // Once spoilt, EXEC only fails: nothing is kept.
            if !multi.aborted {
                multi.bytes += argv.iter().map(|w| w.len() + size_of::<Vec<u8>>()).sum::<usize>();
                multi.queue.push(Queued { command, argv: argv.iter().map(|w| w.to_vec()).collect() });
            }
        }
        self.reply(key, |out| out.simple("QUEUED"));
        Flow::Done
    }

    /// The commands that are part of the loop.
    pub(super) fn shard_op(
        &mut self,
        key: usize,
        op: ShardOp,
        command: &'static Command,
        argv: Args<'_>,
    ) -> Flow {
        let in_multi = self.conns.get(key).and_then(|c| c.session.as_ref()?.multi.as_ref()).is_some();
        let started = self.driver.time().mono_ns;
        let flow = match (op, in_multi) {
            (ShardOp::Multi, true) => self.fail(key, command, "ERR MULTI calls can not be nested"),
            (ShardOp::Watch, true) => self.fail(key, command, "ERR WATCH inside MULTI is not allowed"),
            (ShardOp::Exec, false) => self.fail(key, command, "ERR EXEC without MULTI"),
            (ShardOp::Discard, false) => self.fail(key, command, "ERR DISCARD without MULTI"),
            (ShardOp::Unwatch, true) => self.enqueue(key, command, argv),
            (ShardOp::Multi, false) => {
                if let Some(session) = self.conns.get_mut(key).and_then(|c| c.session.as_mut()) {
                    session.multi = Some(Box::default());
                }
                self.reply(key, |out| out.ok());
                Flow::Done
            }
            (ShardOp::Discard, true) => {
                self.leave_multi(key);
                self.unwatch(key);
                self.reply(key, |out| out.ok());
                Flow::Done
            }
            (ShardOp::Watch, false) => self.watch(key, argv),
            (ShardOp::Unwatch, false) => {
                self.unwatch(key);
                self.reply(key, |out| out.ok());
                Flow::Done
            }
            (ShardOp::Exec, true) => self.exec(key, command),
        };
        if flow == Flow::Done && !(in_multi && op == ShardOp::Unwatch) {
            let nanos = self.driver.time().mono_ns.saturating_sub(started);
            self.meter.count_call(&self.server, self.id, command, nanos);
        }
        flow
    }

    fn fail(&mut self, key: usize, command: &'static Command, line: &'static str) -> Flow {
        self.reply(key, |out| out.error(line.as_bytes()));
        self.meter.failed(&self.server, self.id, command, &[b"-", line.as_bytes()].concat());
        Flow::Done
    }

    /// Leaves MULTI; returns what was queued.
    pub(super) fn leave_multi(&mut self, key: usize) -> Option<Box<Multi>> {
        self.conns.get_mut(key)?.session.as_mut()?.multi.take()
    }

    fn exec(&mut self, key: usize, command: &'static Command) -> Flow {
        if self.undrained(key) {
            return Flow::Retry(Hold::Drain);
        }
        if self.seat.state().is_none() {
            return Flow::Retry(Hold::Lend);
        }
        let Some(multi) = self.leave_multi(key) else { return Flow::Done };
        if multi.aborted {
            self.unwatch(key);
            return self.fail(key, command, "EXECABORT Transaction discarded because of previous errors.");
        }
        if self.watchful && self.server.has_monitors() {
            for queued in &multi.queue {
                let argv: Vec<&[u8]> = queued.argv.iter().map(Vec::as_slice).collect();
                if let Some(line) = self.line_for_monitors(key, queued.command, &argv) {
                    self.server.feed_monitors(&line);
                }
            }
        }
        match self.exec_kind(key, &multi) {
            ExecKind::Here => self.exec_here(key, *multi),
            kind => self.exec_over_shards(key, command, *multi, kind),
        }
    }

    /// Which shards the queue and the watched keys need, and in which class it may run.
    fn exec_kind(&self, key: usize, multi: &Multi) -> ExecKind {
        if self.n == 1 {
            return ExecKind::Here;
        }
        // The same for keyspace events.
        let (mut shards, mut independent) = (ShardSet::new(), self.config.notify_keyspace_events.0 == 0);
        let watching = self.conns.get(key).and_then(|c| c.session.as_ref()?.watch.as_ref());
        if let Some(watching) = watching {
            independent = false;
            for (_, name) in &watching.keys {
                shards.insert(slots::owner(key_slot(name), self.n));
            }
        }
        let mut owners = Vec::with_capacity(multi.queue.len());
        for queued in &multi.queue {
            let meta = queued.command.row.meta;
            // What the queue publishes leaves in its order, so one thread must run it.
            independent &= !meta.has(flag::MAY_REPLICATE);
            if meta.has(flag::PUBSUB) || meta.has(flag::MAY_REPLICATE) {
                // And this shard takes part: what was published here before leaves first, and no message arrives before the
                // shard knows of new subscriptions.
                shards.insert(self.id);
            }
            let argv: Vec<&[u8]> = queued.argv.iter().map(Vec::as_slice).collect();
            // Whatever a script declares: in a transaction it cannot be run again if that was wrong.
            let owner = match reach(queued.command, &argv, self.n) {
                Reach::Nothing => None,
                Reach::One(owner) => {
                    shards.insert(owner);
                    Some(owner)
                }
                Reach::Several(more) => {
                    shards.extend(&more);
                    None
                }
                Reach::All => {
                    shards.extend(&ShardSet::all(self.n));
                    None
                }
            };
            independent &= owner.is_some();
            owners.push(owner.unwrap_or(self.id));
        }
        match (shards.len(), shards.contains(self.id)) {
            (0, _) | (1, true) => ExecKind::Here,
            _ if independent => ExecKind::Independent(shards, owners),
            _ => ExecKind::Dependent(shards),
        }
    }

    fn watch(&mut self, key: usize, argv: Args<'_>) -> Flow {
        if self.undrained(key) {
            return Flow::Retry(Hold::Drain);
        }
        let n = self.n;
        if self.seat.state().is_none() {
            return Flow::Retry(Hold::Lend);
        }
        let Some(session) = self.conns.get_mut(key).and_then(|c| c.session.as_mut()) else {
            return Flow::Done;
        };
        let db = session.db;
        let watching = session.watch.get_or_insert_default();
        let state = watching.state.clone();
        let mut shards = ShardSet::new();
        let mut fresh = Vec::new();
        for name in argv.iter().skip(1) {
            if !watching.keys.iter().any(|(d, k)| *d == db && k == name) {
                watching.add(db, name);
                shards.insert(slots::owner(key_slot(name), n));
                fresh.push(name.to_vec());
            }
        }
        let register = move |shard: usize, store: &mut Store| {
            for name in &fresh {
                let hashed = HKey::new(name);
                if slots::owner(hashed.slot, n) == shard {
                    let expired =
                        store.table(db).and_then(|t| t.find(&hashed)).is_some_and(|e| store.expired(e));
                    store.watched.watch(db, name, &state, expired);
                }
            }
        };
        if shards.is_empty() || (shards.len() == 1 && shards.contains(self.id)) {
            if let Some(ground) = self.seat.state() {
                register(self.id, &mut ground.store);
            }
            self.reply(key, |out| out.ok());
            return Flow::Done;
        }
        self.on_shards(key, shards, register)
    }

    /// Forgets the watched keys of connection `key`, here and on other shards; nobody waits for that.
    pub(super) fn unwatch(&mut self, key: usize) {
        let watch = self.conns.get_mut(key).and_then(|c| c.session.as_mut()?.watch.take());
        if let Some(watch) = watch {
            self.forget(*watch);
        }
    }

    /// See [`Self::unwatch`].
    pub(super) fn forget(&mut self, watching: Watching) {
        let n = self.n;
        let mut shards = ShardSet::new();
        for (_, name) in &watching.keys {
            shards.insert(slots::owner(key_slot(name), n));
        }
        let here = shards.len() == 1 && shards.contains(self.id);
        if let (true, Some(ground)) = (here, self.seat.state()) {
            unregister(&watching, &mut ground.store, |_| true);
        } else if !shards.is_empty() {
            let work = move |shard: usize, ground: &mut super::Ground| {
                unregister(&watching, &mut ground.store, |slot| slots::owner(slot, n) == shard);
            };
            self.hub.independent(self.id, shards, Arc::new(work));
        }
    }

    /// Runs the queue on this shard alone.
    fn exec_here(&mut self, key: usize, multi: Multi) -> Flow {
        let Some(mut session) = self.conns.get_mut(key).and_then(|c| c.session.take()) else {
            return Flow::Done;
        };
        let watching = session.watch.take();
        let mut out = Vec::new();
        if let Some(ground) = self.seat.state() {
            let broken = watching.as_ref().is_some_and(|w| watch_broken(&ground.store, w, |_| true));
            if let Some(watching) = &watching {
                unregister(watching, &mut ground.store, |_| true);
            }
            if broken && session.is_mute() {
                // The client does not want to know.
            } else if broken {
                crate::resp::Out::new(&mut out, session.proto).null_array();
            } else {
                super::multi::run_queue_here(ground, &mut session, &multi, &mut self.meter, &mut out);
                ground.store.journal.end_unit();
                super::blocked::serve(ground, &mut self.meter, self.id);
            }
        }
        if let Some(conn) = self.conns.get_mut(key) {
            conn.session = Some(session);
            conn.out.append(&mut out);
        }
        self.apply_subscriptions(key);
        self.touch(key);
        Flow::Done
    }
}

/// Removes the registrations of `watching` from a store, for keys in slots that `owns` says yes to.
pub(super) fn unregister(watching: &Watching, store: &mut Store, owns: impl Fn(u16) -> bool) {
    for (db, name) in watching.keys.iter().filter(|(_, name)| owns(key_slot(name))) {
        store.watched.unwatch(*db, name, &watching.state);
    }
}
