//! The side of the connection: its hold, its deadline, and every end that a wait can have.
//!
//! | end | who claims | what the client gets |
//! |---|---|---|
//! | a key got something | the key's owner | what its command replied there (`Letter::Reply`) |
//! | time is up | home | a null |
//! | CLIENT UNBLOCK | the shard that runs it, then a note to home | a null or an error |
//! | the connection ends | home, at once, so that nothing is popped for it any more | nothing |
//! | `Server::unblock_all` | home | an error, and the end of its connection |
//!
//! If the client is just being served when home wants to end its wait, the claim keeps the reason, and a letter says how
//! it went. So for each wait that home did not end itself there is exactly one letter, or note, still to come.

use super::super::conn::{End as ConnEnd, Hold};
use super::super::input::Flow;
use super::super::mesh::Caller;
use super::super::meter::Ran;
use super::super::{Connection, Driver, Shard};
use super::letter::Letter;
use super::serve::{self, look, register, serve};
use crate::command::blocking::Asked;
use crate::command::{Args, Command, Timeout, args, table};
use crate::keyspace::Waiter;
use crate::keyspace::claim::{Back, End, Reason};
use crate::observe::client_flag;
use crate::resp::Out;
use std::sync::{Arc, PoisonError};

const NS_PER_MS: u64 = 1_000_000;

/// A connection's blocking command.
pub struct Stall {
    /// What it waits as; `None` until it is known whether it has to wait.
    pub waiter: Option<Arc<Waiter>>,
    /// When it began (driver's clock).
    started_ns: u64,
    /// When its time is up; 0: never.
    deadline_ns: u64,
    /// The client does not want the reply (CLIENT REPLY).
    mute: bool,
}

/// Whether a call of a command with the BLOCKING flag may have to wait: XREAD does only with the word BLOCK.
pub fn could_block(command: &Command, argv: Args<'_>) -> bool {
    !matches!(command.full_name.as_str(), "xread" | "xreadgroup")
        || argv.iter().any(|word| args::is(word, "block"))
}

fn is_same(stall: Option<&Stall>, waiter: &Arc<Waiter>) -> bool {
    stall.and_then(|stall| stall.waiter.as_ref()).is_some_and(|own| Arc::ptr_eq(own, waiter))
}

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Connection `key` sent a command that may block: it goes on when that is answered.
    pub(in super::super) fn stall(&mut self, key: usize, started_ns: u64, mute: bool) {
        if let Some(conn) = self.conns.get_mut(key) {
            conn.stall = Some(Box::new(Stall { waiter: None, started_ns, deadline_ns: 0, mute }));
        }
    }

    /// A command that ran on this shard's own keys for one of its connections has to wait.
    pub(in super::super) fn block_here(
        &mut self,
        key: usize,
        command: &'static Command,
        argv: Args<'_>,
        asked: Asked,
    ) -> Flow {
        let Some(conn) = self.conns.get(key) else { return Flow::Done };
        let Some(session) = conn.session.as_deref() else { return Flow::Done };
        let mute = session.is_mute();
        let caller: Caller = self.caller(key, session);
        let waiter = serve::waiter(&self.server, self.id, caller, command, argv, asked);
        if let Some(ground) = self.seat.state() {
            register(&mut ground.store, &waiter, self.id, self.n);
        }
        self.stall(key, self.time.mono_ns, mute);
        self.begin_wait(key, waiter);
        Flow::Wait(Hold::Block)
    }

    /// The blocking command of connection `key` has to wait.
    pub(in super::super) fn begin_wait(&mut self, key: usize, waiter: Arc<Waiter>) {
        let Some(conn) = self.conns.get_mut(key) else { return };
        let Some(stall) = conn.stall.as_mut() else { return };
        if let Some(ms) = u64::try_from(waiter.timeout_ms).ok().filter(|ms| *ms > 0) {
            stall.deadline_ns = stall.started_ns.saturating_add(ms.saturating_mul(NS_PER_MS));
            self.deadlines.insert((stall.deadline_ns, waiter.client));
        }
        stall.waiter = Some(waiter.clone());
        conn.hold = Hold::Block;
        conn.info.set_flag(client_flag::BLOCKED, true);
        *conn.info.blocked.lock().unwrap_or_else(PoisonError::into_inner) = Some(waiter);
        self.stalled += 1;
        let (open, early) = (conn.end == ConnEnd::Open, conn.early.take());
        if !open {
            self.give_up(key);
        }
        if let Some(letter) = early {
            self.read_letter(*letter);
        }
        self.touch(key);
    }

    /// The wait of connection `key` is over, whatever came of it.
    fn end_wait(&mut self, key: usize) -> Option<Box<Stall>> {
        let conn = self.conns.get_mut(key)?;
        let stall = conn.stall.take()?;
        if let Some(waiter) = &stall.waiter {
            self.deadlines.remove(&(stall.deadline_ns, waiter.client));
            conn.info.set_flag(client_flag::BLOCKED, false);
            *conn.info.blocked.lock().unwrap_or_else(PoisonError::into_inner) = None;
            self.stalled = self.stalled.saturating_sub(1);
        }
        Some(stall)
    }

    /// What follows the blocking command may run, unless that is part of a transaction which is not seen to be done yet.
    fn go_on(&mut self, key: usize) {
        if self.conns.get(key).is_some_and(|c| c.hold == Hold::Block) {
            self.release(key);
        }
    }

    /// A blocking command ran over several shards for the first time, and its session is back: it waits.
    pub(in super::super) fn whole_waits(&mut self, key: usize, started_ns: u64, waiter: Arc<Waiter>) {
        let Some(conn) = self.conns.get(key) else { return };
        let mute = conn.session.as_ref().is_some_and(|s| s.is_mute());
        self.after_command(key, None);
        self.stall(key, started_ns, mute);
        self.begin_wait(key, waiter);
    }

    /// The command of a blocked client ran again over several shards, and its session is back: it had a result (`None`), or
    /// waits on. Between that and now its wait may have been ended, or a key may have got something.
    pub(in super::super) fn whole_ran_again(&mut self, key: usize, waits: Option<Arc<Waiter>>) {
        self.after_command(key, None);
        let Some(conn) = self.conns.get_mut(key) else { return };
        conn.hold = Hold::Block;
        let (known, early) = (conn.stall.is_some(), conn.early.take());
        match waits {
            None => {
                self.end_wait(key);
                self.go_on(key);
            }
            Some(waiter) => match waiter.claim.reason().filter(|_| waiter.claim.is_done()) {
                Some(reason) if known => {
                    self.forget_waiter(&waiter);
                    self.answer(key, reason);
                }
                // It has been answered, and its connection could not go on.
                Some(reason) if reason != Reason::Gone => self.go_on(key),
                _ => {}
            },
        }
        if let Some(letter) = early {
            self.read_letter(*letter);
        }
        self.touch(key);
    }

    /// Ends the waits whose time is up.
    pub(in super::super) fn end_overdue(&mut self) {
        while let Some(&(deadline_ns, client)) = self.deadlines.first() {
            if deadline_ns > self.time.mono_ns {
                return;
            }
            self.deadlines.pop_first();
            self.end_by_id(client, Reason::Timeout);
        }
    }

    fn end_by_id(&mut self, client: u64, reason: Reason) {
        let Some(&key) = self.by_id.get(&client) else { return };
        let waiter = self.conns.get(key).and_then(|c| c.stall.as_ref()?.waiter.clone());
        if let Some(waiter) = waiter
            && waiter.claim.end(reason) == End::Won
        {
            self.forget_waiter(&waiter);
            self.answer(key, reason);
        }
    }

    /// CLIENT UNBLOCK on some shard has claimed this client's wait.
    pub(in super::super) fn unblocked(&mut self, client: u64) {
        let Some(&key) = self.by_id.get(&client) else { return };
        let waiter = self.conns.get(key).and_then(|c| c.stall.as_ref()?.waiter.clone());
        if let Some(waiter) = waiter
            && waiter.claim.is_done()
            && let Some(reason) = waiter.claim.reason()
        {
            self.forget_waiter(&waiter);
            self.answer(key, reason);
        }
    }

    /// See [`crate::command::Server::unblock_all`].
    pub(in super::super) fn unblock_all(&mut self) {
        let blocked = |c: &super::super::conn::Conn| Some(c.stall.as_ref()?.waiter.as_ref()?.client);
        let clients: Vec<u64> = self.conns.iter().filter_map(|(_, c)| blocked(c)).collect();
        clients.into_iter().for_each(|client| self.end_by_id(client, Reason::Forced));
    }

    /// The connection ends: nothing may be popped for it any more. If its command is just being run, the connection stays
    /// until it is known what came of that: a client that only sends no more still reads.
    pub(in super::super) fn give_up(&mut self, key: usize) {
        let Some(waiter) = self.conns.get(key).and_then(|c| c.stall.as_ref()?.waiter.clone()) else { return };
        let over = match waiter.claim.end(Reason::Gone) {
            End::Won => true,
            End::Noted(_) => false,
            // Either CLIENT UNBLOCK claimed it, whose note will find nobody, or it was served.
            End::Over => waiter.claim.reason().is_some(),
        };
        if over {
            self.forget_waiter(&waiter);
            self.answer(key, Reason::Gone);
        }
    }

    /// Ends a wait and replies what stands for `reason`.
    fn answer(&mut self, key: usize, reason: Reason) {
        let Some(stall) = self.end_wait(key) else { return };
        if reason == Reason::Gone {
            // The connection keeps its hold: it executes nothing any more.
            return self.touch(key);
        }
        self.go_on(key);
        let Some(waiter) = stall.waiter else { return };
        let mut reply = Vec::new();
        let mut out = Out::new(&mut reply, waiter.proto);
        match reason {
            Reason::Timeout if waiter.null_array => Timeout::NullArray.write(&mut out),
            Reason::Timeout => Timeout::Null.write(&mut out),
            Reason::Error => out.error(b"UNBLOCKED client unblocked via CLIENT UNBLOCK"),
            Reason::Forced => out.error(
                b"UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
            ),
            Reason::Gone => return,
        }
        // Redis: blocked.c `updateStatsOnUnblock`: the call counts now, in no time.
        if let Some(command) = table::by_id(waiter.command) {
            let argv: Vec<&[u8]> = waiter.words.iter().map(Vec::as_slice).collect();
            let ok = reason == Reason::Timeout;
            self.meter.skip();
            let ran = Ran { command, argv: &argv, ok, client: waiter.client, reply: &reply, counted: false };
            self.meter.account(&self.server, self.id, &ran);
        }
        self.late_reply(key, &reply, stall.mute);
        if let (Reason::Forced, Some(conn)) = (reason, self.conns.get_mut(key))
            && conn.end.executes()
        {
            conn.end = ConnEnd::AfterReply;
        }
    }

    /// Writes the reply of a blocking command behind whatever is still outstanding for the connection.
    fn late_reply(&mut self, key: usize, reply: &[u8], mute: bool) {
        let Some(conn) = self.conns.get_mut(key) else { return };
        if mute || conn.end == ConnEnd::Now {
            return;
        }
        if conn.order.is_empty() {
            conn.out.extend_from_slice(reply);
        } else {
            conn.order.local(|out| out.extend_from_slice(reply));
        }
        self.touch(key);
    }

    /// Has the registrations of a client removed that does not wait any more.
    fn forget_waiter(&mut self, waiter: &Arc<Waiter>) {
        for &shard in &waiter.shards {
            self.post(shard, Letter::Forget(waiter.clone()));
        }
    }

    fn post(&mut self, shard: usize, letter: Letter) {
        if shard == self.id {
            self.letters.push_back(letter);
        } else {
            self.mesh.post(shard, letter);
        }
    }

    /// Shows others how many clients wait (INFO clients). Held back by a pause they count as blocked too, as in Redis.
    pub(in super::super) fn publish_waits(&mut self) {
        let Some(stats) = self.server.stats.get(self.id) else { return };
        let mut clients = self.stalled;
        if !self.paused.is_empty() {
            clients += self.conns.iter().filter(|(_, c)| c.hold == Hold::Pause).count();
        }
        stats.blocked_clients.set(clients as u64);
        stats.in_timeout_table.set(self.deadlines.len() as u64);
        if let Some(ground) = self.seat.state() {
            stats.blocking_keys.set(ground.store.blocked.keys() as u64);
            stats.blocking_keys_on_nokey.set(ground.store.blocked.keys_on_delete() as u64);
        }
    }

    /// Serves whom the last commands made ready, and reads what there is to read for that: until nothing is left.
    pub(in super::super) fn attend(&mut self) {
        loop {
            let Some(ground) = self.seat.state() else { return };
            serve(ground, &mut self.meter, self.id);
            if !ground.letters.is_empty() {
                for (shard, letter) in std::mem::take(&mut ground.letters) {
                    self.post(shard, letter);
                }
            }
            let Some(letter) = self.letters.pop_front() else { return };
            self.read_letter(letter);
        }
    }

    /// Does what a letter says.
    pub(in super::super) fn read_letter(&mut self, letter: Letter) {
        let (Letter::Reply(waiter, _) | Letter::Nothing(waiter) | Letter::Again(waiter)) = &letter else {
            return self.tidy(letter);
        };
        let key = self.by_id.get(&waiter.client).copied();
        let conn = key.and_then(|key| self.conns.get_mut(key));
        let known = conn.as_ref().is_some_and(|c| is_same(c.stall.as_deref(), waiter));
        if let Some(conn) = conn
            && conn.hold == Hold::Txn
        {
            // The transaction in which its command ran is done, but not seen to be yet.
            conn.early = Some(Box::new(letter));
            return;
        }
        let key = key.filter(|_| known);
        match letter {
            Letter::Reply(waiter, reply) => {
                if waiter.shards.len() > 1 {
                    self.forget_waiter(&waiter);
                }
                if let Some(key) = key {
                    let mute = self.end_wait(key).is_some_and(|stall| stall.mute);
                    self.go_on(key);
                    self.late_reply(key, &reply, mute);
                }
            }
            Letter::Nothing(waiter) => {
                self.forget_waiter(&waiter);
                if let (Some(key), Some(reason)) = (key, waiter.claim.reason()) {
                    self.answer(key, reason);
                }
            }
            Letter::Again(waiter) => match (key, waiter.claim.reason()) {
                (Some(key), None) => self.whole_again(key, waiter),
                (key, _) => {
                    // The sender has claimed it for this shard.
                    let back = waiter.claim.put_back();
                    self.forget_waiter(&waiter);
                    if let (Some(key), Back::Ended(reason)) = (key, back) {
                        self.answer(key, reason);
                    }
                }
            },
            Letter::Forget(_) | Letter::Look(_) => {}
        }
    }

    fn tidy(&mut self, letter: Letter) {
        let Some(ground) = self.seat.state() else { return self.letters.push_back(letter) };
        match letter {
            Letter::Forget(waiter) => {
                ground.store.blocked.remove(&waiter);
                // Those behind it may have stood still for it.
                if waiter.whole {
                    look(&mut ground.store, &waiter);
                }
            }
            Letter::Look(waiter) => look(&mut ground.store, &waiter),
            _ => {}
        }
    }
}
