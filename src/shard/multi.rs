//! Commands and transactions over several shards: the work that `txn` runs, and what happens when it is done.
//!
//! While one is under way its connection executes nothing else. Its session travels with a dependent transaction,
//! because the queue may change it (SELECT) and the thread that runs it is not known beforehand.

use super::blocked;
use super::conn::Hold;
use super::gate::{may_still_run, watch_broken};
use super::ground::{self, Ground, LentStores, Scene};
use super::input::{Aftermath, Flow, execute_for};
use super::journal::{self, Stated};
use super::mesh::Caller;
use super::meter::{Meter, Ran};
use super::pubsub::Sorted;
use super::queue::unregister;
use super::txn::{Fragments, Lent, ShardSet, Ticket, Whole};
use super::{Connection, Driver, Shard};
use crate::command::blocking::Asked;
use crate::command::meta::flag;
use crate::command::pubsub::replies_by_push;
use crate::command::session::{Executing, Multi, Queued};
use crate::command::{Args, Command, Handler, Idle, Merge, Server, Session, View, table};
use crate::data::slot::key_slot;
use crate::journal::fresh_transaction;
use crate::keyspace::claim::Back;
use crate::keyspace::{Store, Waiter, slots};
use crate::resp::{Out, Proto};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The owner of a queued command that must not run.
const NOWHERE: usize = usize::MAX;

/// How the queue of an EXEC runs.
pub enum ExecKind {
    /// On this shard alone.
    Here,
    /// Every command has one owner: class I. The owner of each command is listed.
    Independent(ShardSet, Vec<usize>),
    /// Over all these shards together: class D.
    Dependent(ShardSet),
}

/// A transaction that a connection waits for.
pub struct Waiting {
    key: usize,
    ticket: Ticket<Ground>,
    job: Job,
    /// The EXEC that the job carries out, to be counted when it is done.
    exec: Option<&'static Command>,
    /// The client does not want the reply (CLIENT REPLY).
    mute: bool,
    /// When it began (driver's clock).
    started_ns: u64,
}

impl Waiting {
    /// Whether the transaction is complete.
    pub fn is_done(&self) -> bool {
        self.ticket.is_done()
    }
}

enum Job {
    Fragments(Arc<Fragmented>, Merge),
    Queue(Arc<SplitQueue>),
    Whole(Arc<WholeWork>),
    Ok,
}

/// A command that runs over all shards for a connection of another one.
pub struct Foreign {
    ticket: Ticket<Ground>,
    work: Arc<WholeWork>,
}

impl Foreign {
    /// Whether it has run.
    pub fn is_done(&self) -> bool {
        self.ticket.is_done()
    }

    /// Its reply.
    pub fn take_reply(&self) -> Vec<u8> {
        std::mem::take(&mut *lock(&self.work.reply))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One command in fragments, one per shard.
struct Fragmented {
    /// Of a command that writes.
    stated: Option<Stated>,
    command: &'static Command,
    caller: Caller,
    parts: Vec<Part>,
}

struct Part {
    shard: usize,
    argv: Vec<Vec<u8>>,
    /// Place of each of the part's keys among all keys.
    positions: Vec<usize>,
    reply: Mutex<Vec<u8>>,
}

impl Fragments<Ground> for Fragmented {
    fn fragment(&self, shard: usize, ground: &mut Ground) {
        match self.stated {
            Some(stated) => journal::fragment(ground, stated, |ground| self.run(shard, ground)),
            None => {
                self.run(shard, ground);
                journal::end_unit(&mut ground.store, self.command);
            }
        }
        blocked::serve(ground, &mut Meter::start(), shard);
        journal::publish(ground);
    }
}

impl Fragmented {
    fn run(&self, shard: usize, ground: &mut Ground) {
        for part in self.parts.iter().filter(|p| p.shard == shard) {
            let argv: Vec<&[u8]> = part.argv.iter().map(Vec::as_slice).collect();
            let reply = &mut lock(&part.reply);
            let after = execute_for(ground, None, self.caller, self.command, &argv, reply, None);
            debug_assert!(matches!(after, Aftermath::Replied), "no command that blocks is split");
        }
    }

    /// The words of the command as they came.
    fn words(&self) -> Vec<&Vec<u8>> {
        let Some((name, first)) = self.parts.first().and_then(|p| p.argv.split_first()) else {
            return Vec::new();
        };
        // A command that runs on every shard has all its words in every part.
        if self.parts.iter().all(|part| part.positions.is_empty()) {
            return std::iter::once(name).chain(first).collect();
        }
        let mut keys: Vec<(usize, &[Vec<u8>])> = Vec::new();
        for part in &self.parts {
            let words = part.argv.get(1..).unwrap_or_default();
            let step = (words.len() / part.positions.len().max(1)).max(1);
            keys.extend(part.positions.iter().copied().zip(words.chunks(step)));
        }
        keys.sort_unstable_by_key(|(position, _)| *position);
        std::iter::once(name).chain(keys.into_iter().flat_map(|(_, words)| words)).collect()
    }

    fn merge(&self, merge: Merge, random: u64, out: &mut Vec<u8>) {
        let parts: Vec<Vec<u8>> = self.parts.iter().map(|p| std::mem::take(&mut *lock(&p.reply))).collect();
        if let Some(error) = parts.iter().find(|p| p.starts_with(b"-")) {
            return out.extend_from_slice(error);
        }
        let mut reply = Out::new(out, self.caller.proto);
        match merge {
            Merge::Ok => reply.ok(),
            Merge::Sum => reply.int(parts.iter().map(|p| super::output::integer(p)).sum()),
            Merge::Concat => {
                let heads: Vec<(usize, usize)> = parts.iter().map(|p| super::output::array_head(p)).collect();
                reply.array(heads.iter().map(|h| h.0).sum());
                for (part, (_, start)) in parts.iter().zip(heads) {
                    reply.raw().extend_from_slice(part.get(start..).unwrap_or_default());
                }
            }
            Merge::Interleave => {
                let total: usize = self.parts.iter().map(|p| p.positions.len()).sum();
                let mut elements: Vec<&[u8]> = vec![b""; total];
                for (part, bytes) in self.parts.iter().zip(&parts) {
                    for (&position, element) in part.positions.iter().zip(super::output::elements(bytes)) {
                        if let Some(place) = elements.get_mut(position) {
                            *place = element;
                        }
                    }
                }
                reply.array(total);
                elements.iter().for_each(|e| reply.raw().extend_from_slice(e));
            }
            Merge::Custom(f) => f(&parts, random, reply.raw()),
        }
    }
}

/// A queue whose commands have one owner each, in fragments.
struct SplitQueue {
    stated: Stated,
    caller: Caller,
    size: Executing,
    queue: Vec<Queued>,
    owners: Vec<usize>,
    replies: Vec<Mutex<Vec<u8>>>,
}

impl Fragments<Ground> for SplitQueue {
    fn fragment(&self, shard: usize, ground: &mut Ground) {
        let mut meter = Meter::start();
        journal::fragment(ground, self.stated, |ground| {
            ground.stand_in.executing = Some(self.size);
            for ((queued, owner), reply) in self.queue.iter().zip(&self.owners).zip(&self.replies) {
                if *owner == shard {
                    let argv: Vec<&[u8]> = queued.argv.iter().map(Vec::as_slice).collect();
                    let meter = Some((&mut meter, shard));
                    execute_for(ground, meter, self.caller, queued.command, &argv, &mut lock(reply), None);
                }
            }
            ground.stand_in.executing = None;
        });
        blocked::serve(ground, &mut meter, shard);
        journal::publish(ground);
    }
}

/// A command, or a queue, over all the stores it needs. A command may block.
struct WholeWork {
    server: Arc<Server>,
    shards: usize,
    /// One command, or the queue of an EXEC.
    queue: Vec<Queued>,
    /// The size of the queue, if it is that of an EXEC.
    exec: Option<Executing>,
    session: Mutex<Option<Box<Session>>>,
    reply: Mutex<Vec<u8>>,
    /// Whose command it is: the shard and the caller.
    home: usize,
    caller: Caller,
    /// The client that the command is run for again, since a key got something; it is claimed.
    again: Option<Arc<Waiter>>,
    /// The client waits, or its wait was ended meanwhile.
    waits: Mutex<Option<Arc<Waiter>>>,
}

impl WholeWork {
    /// Runs the commands; statistics have one writer each, `runner`.
    fn run(
        &self,
        lent: &mut Lent<'_, Ground>,
        session: &mut Session,
        meter: &mut Meter,
        out: &mut Vec<u8>,
        aside: &mut dyn FnMut(),
    ) {
        if let Some(size) = self.exec
            && !session.is_mute()
        {
            Out::new(out, session.proto).array(size.commands);
        }
        session.executing = self.exec;
        let shard = lent.runner();
        let now_ms = lent.iter_mut().map(|(_, ground)| ground.store.now_ms).max().unwrap_or(0);
        for queued in &self.queue {
            let mut stores = LentStores::new(lent, self.shards);
            let view = View::Many(&mut stores);
            let idle: Option<Idle<'_>> = Some(&mut *aside);
            let scene = Scene { view, now_ms, session, server: &self.server, shard, idle };
            run_queued(scene, queued, meter, out);
            // The next command counts (DBSIZE) without what this one found expired.
            for (_, ground) in lent.iter_mut().filter(|(_, g)| !g.store.lapsed.is_empty()) {
                ground.store.remove_lapsed();
            }
        }
        session.executing = None;
    }

    /// Registers the client if its command asked for a wait, or settles what became of its claim.
    fn settle_wait(&self, lent: &mut Lent<'_, Ground>, asked: Option<Box<Asked>>) {
        let waits = match (&self.again, asked, self.queue.first()) {
            (None, Some(asked), Some(Queued { command, argv })) => {
                let argv: Vec<&[u8]> = argv.iter().map(Vec::as_slice).collect();
                let waiter = blocked::waiter(&self.server, self.home, self.caller, command, &argv, *asked);
                for (shard, ground) in lent.iter_mut() {
                    blocked::register(&mut ground.store, &waiter, shard, self.shards);
                }
                Some(waiter)
            }
            (Some(waiter), asked, _) => {
                let over = match asked {
                    None => {
                        waiter.claim.served();
                        true
                    }
                    Some(_) => matches!(waiter.claim.put_back(), Back::Ended(_)),
                };
                for (_, ground) in lent.iter_mut() {
                    if over {
                        ground.store.blocked.remove(waiter);
                    }
                    // Those behind it stood still for it.
                    blocked::look(&mut ground.store, waiter);
                }
                asked.map(|_| waiter.clone())
            }
            _ => None,
        };
        *lock(&self.waits) = waits;
    }
}

impl Whole<Ground> for WholeWork {
    fn whole(&self, lent: &mut Lent<'_, Ground>) {
        self.whole_beside(lent, &mut || {});
    }

    fn whole_beside(&self, lent: &mut Lent<'_, Ground>, aside: &mut dyn FnMut()) {
        let Some(mut session) = lock(&self.session).take() else { return };
        let out = &mut *lock(&self.reply);
        let mut now_ms = 0;
        // Participants hold nothing, so what they have published may leave, and does so before what this publishes.
        publish(lent, &self.server);
        for (_, ground) in lent.iter_mut() {
            now_ms = now_ms.max(ground.store.now_ms);
        }
        // One time for all, for the watched keys too: one that is gone for the queue must have been gone for WATCH.
        for (_, ground) in lent.iter_mut() {
            ground.store.now_ms = now_ms;
            ground.store.no_touch = session.no_touch;
            ground.store.tracking.caller = session.id;
        }
        let (mut broken, mut meter) = (false, Meter::start());
        if let Some(watching) = session.watch.take_if(|_| self.exec.is_some()) {
            for (shard, ground) in lent.iter_mut() {
                let owns = |slot| slots::owner(slot, self.shards) == shard;
                broken |= watch_broken(&ground.store, &watching, owns);
                unregister(&watching, &mut ground.store, owns);
            }
        }
        if broken {
            if !session.is_mute() {
                Out::new(out, session.proto).null_array();
            }
        } else {
            journal::begin_work(lent);
            self.run(lent, &mut session, &mut meter, out, aside);
            journal::end_work(lent);
            self.settle_wait(lent, session.wait.take());
        }
        let runner = lent.runner();
        for (_, ground) in lent.iter_mut() {
            ground.store.no_touch = false;
            // What serving one shard's clients makes ready lies on that shard.
            blocked::serve(ground, &mut meter, runner);
        }
        journal::publish_all(lent);
        publish(lent, &self.server);
        *lock(&self.session) = Some(session);
    }
}

/// Sends what is in the outboxes of all lent stores, in the order in which it was published.
pub(super) fn publish(lent: &mut Lent<'_, Ground>, server: &Server) {
    let mut items = Vec::new();
    for (_, ground) in lent.iter_mut() {
        if !ground.store.outbox.is_empty() {
            items.append(&mut ground.store.outbox.take());
        }
    }
    if !items.is_empty() {
        items.sort_by_key(|(number, _)| *number);
        let mut sorted = Sorted::default();
        items.into_iter().for_each(|(_, item)| sorted.add(item, &server.pubsub));
        sorted.post(server, |shard| server.wake(shard));
    }
}

/// Runs one queued command in its scene.
fn run_queued(mut scene: Scene<'_>, queued: &Queued, meter: &mut Meter, out: &mut Vec<u8>) {
    let argv: Vec<&[u8]> = queued.argv.iter().map(Vec::as_slice).collect();
    let allowed = may_still_run(scene.server, scene.session, queued.command, &argv, scene.now_ms);
    if let Err(failure) = allowed {
        let line = Vec::from(failure.line());
        if !scene.session.is_mute() {
            Out::new(out, scene.session.proto).error(&line);
        }
        return scene.server.error_reply(scene.shard, &[b"-", line.as_slice()].concat());
    }
    if let Handler::Shard(_) = queued.command.row.handler {
        // Only UNWATCH can be queued of those: EXEC has forgotten the keys already.
        if !scene.session.is_mute() {
            Out::new(out, scene.session.proto).ok();
        }
        return;
    }
    let mark = out.len();
    let ok = ground::run(&mut scene, queued.command, &argv, out);
    let Scene { session, server, shard, .. } = scene;
    if session.wait.is_some() {
        return meter.skip();
    }
    let reply = out.get(mark..).unwrap_or_default();
    let counted = std::mem::take(&mut session.error_counted);
    let ran = Ran { command: queued.command, argv: &argv, ok, client: session.id, reply, counted };
    meter.account(server, shard, &ran);
    // The queue itself may hold a CLIENT REPLY.
    if session.is_mute() && !replies_by_push(queued.command) {
        out.truncate(mark);
    }
}

/// Runs a queue on one shard's own state.
pub fn run_queue_here(
    ground: &mut Ground,
    session: &mut Session,
    multi: &Multi,
    meter: &mut Meter,
    out: &mut Vec<u8>,
) {
    if !session.is_mute() {
        Out::new(out, session.proto).array(multi.queue.len());
    }
    session.executing = Some(multi.size());
    let Ground { store, server, shard, .. } = ground;
    store.no_touch = session.no_touch;
    store.tracking.caller = session.id;
    for queued in &multi.queue {
        let now_ms = store.now_ms;
        let scene = Scene { view: View::One(store), now_ms, session, server, shard: *shard, idle: None };
        run_queued(scene, queued, meter, out);
        if !store.lapsed.is_empty() {
            store.remove_lapsed();
        }
    }
    session.executing = None;
}

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Starts a command in fragments: shard, words and key positions of each.
    pub(super) fn start_fragments(
        &mut self,
        key: usize,
        command: &'static Command,
        parts: Vec<(usize, Vec<Vec<u8>>, Vec<usize>)>,
        merge: Merge,
    ) -> Flow {
        let Some(caller) = self.conns.get(key).and_then(|c| Some(self.caller(key, c.session.as_deref()?)))
        else {
            return Flow::Done;
        };
        let mut shards = ShardSet::new();
        let parts: Vec<Part> = parts
            .into_iter()
            .map(|(shard, argv, positions)| {
                shards.insert(shard);
                Part { shard, argv, positions, reply: Mutex::default() }
            })
            .collect();
        let writes = command.row.meta.has(flag::WRITE);
        let stated = writes.then(|| Stated { txn: fresh_transaction(), parts: shards.len() });
        let work = Arc::new(Fragmented { stated, command, caller, parts });
        self.publish_journal();
        let ticket = self.hub.independent(self.id, shards, work.clone());
        self.wait_for(key, ticket, Job::Fragments(work, merge), self.is_mute(key))
    }

    /// Starts a command over all of `shards` together.
    pub(super) fn whole(
        &mut self,
        key: usize,
        command: &'static Command,
        argv: Args<'_>,
        shards: ShardSet,
    ) -> Flow {
        if self.undrained(key) {
            return Flow::Retry(Hold::Drain);
        }
        let queue = vec![Queued { command, argv: argv.iter().map(|w| w.to_vec()).collect() }];
        self.start_whole(key, queue, None, shards, None)
    }

    /// Runs the command of a blocked client over all the shards it needs: a key that it waits for got something, and it
    /// has been claimed.
    pub(super) fn whole_again(&mut self, key: usize, waiter: Arc<Waiter>) {
        let Some(command) = table::by_id(waiter.command) else { return };
        let argv: Vec<&[u8]> = waiter.words.iter().map(Vec::as_slice).collect();
        let mut words = Vec::new();
        // They were found before: it is the same command.
        if table::keys_of(command, &argv, &mut words).is_err() {
            return;
        }
        let shards = words.iter().filter_map(|&at| argv.get(at)).map(|k| slots::owner(key_slot(k), self.n));
        let shards: ShardSet = shards.collect();
        let queue = vec![Queued { command, argv: waiter.words.clone() }];
        if let Flow::Wait(hold) = self.start_whole(key, queue, None, shards, Some(waiter))
            && let Some(conn) = self.conns.get_mut(key)
        {
            conn.hold = hold;
        }
    }

    /// Starts the queue of an EXEC that needs other shards.
    pub(super) fn exec_over_shards(
        &mut self,
        key: usize,
        exec: &'static Command,
        multi: Multi,
        kind: ExecKind,
    ) -> Flow {
        let flow = match kind {
            ExecKind::Independent(shards, owners) => {
                let Some(caller) =
                    self.conns.get(key).and_then(|c| Some(self.caller(key, c.session.as_deref()?)))
                else {
                    return Flow::Done;
                };
                let mut owners = owners;
                let replies = self.refusals(key, &multi, &mut owners);
                let size = multi.size();
                let stated = Stated { txn: fresh_transaction(), parts: shards.len() };
                let work = Arc::new(SplitQueue { stated, caller, size, queue: multi.queue, owners, replies });
                self.publish_journal();
                let ticket = self.hub.independent(self.id, shards, work.clone());
                self.wait_for(key, ticket, Job::Queue(work), self.is_mute(key))
            }
            ExecKind::Dependent(shards) => {
                let size = multi.size();
                self.start_whole(key, multi.queue, Some(size), shards, None)
            }
            ExecKind::Here => Flow::Done,
        };
        if let (Flow::Wait(_), Some(waiting)) = (flow, self.waiting.last_mut()) {
            waiting.exec = Some(exec);
        }
        flow
    }

    /// Places for the replies of a queue. A command that its client may not run any more has its error there, and no owner.
    fn refusals(&mut self, key: usize, multi: &Multi, owners: &mut [usize]) -> Vec<Mutex<Vec<u8>>> {
        let mut replies: Vec<Mutex<Vec<u8>>> = multi.queue.iter().map(|_| Mutex::default()).collect();
        let Some(session) = self.conns.get_mut(key).and_then(|c| c.session.as_deref_mut()) else {
            return replies;
        };
        session.executing = Some(multi.size());
        for ((queued, owner), reply) in multi.queue.iter().zip(owners).zip(&mut replies) {
            let argv: Vec<&[u8]> = queued.argv.iter().map(Vec::as_slice).collect();
            let now_ms = self.time.unix_ms;
            if let Err(failure) = may_still_run(&self.server, session, queued.command, &argv, now_ms) {
                *owner = NOWHERE;
                let line = Vec::from(failure.line());
                Out::new(reply.get_mut().unwrap_or_else(PoisonError::into_inner), session.proto).error(&line);
                self.server.error_reply(self.id, &[b"-", line.as_slice()].concat());
            }
        }
        session.executing = None;
        replies
    }

    fn start_whole(
        &mut self,
        key: usize,
        queue: Vec<Queued>,
        exec: Option<Executing>,
        shards: ShardSet,
        again: Option<Arc<Waiter>>,
    ) -> Flow {
        let Some(caller) = self.conns.get(key).and_then(|c| Some(self.caller(key, c.session.as_deref()?)))
        else {
            return Flow::Done;
        };
        let Some(session) = self.conns.get_mut(key).and_then(|c| c.session.take()) else {
            return Flow::Done;
        };
        // Pushes meanwhile take the protocol from there.
        session.publish();
        let work = Arc::new(WholeWork {
            server: self.server.clone(),
            shards: self.n,
            queue,
            exec,
            session: Mutex::new(Some(session)),
            reply: Mutex::default(),
            home: self.id,
            caller,
            again,
            waits: Mutex::default(),
        });
        self.publish_journal();
        let ticket = self.hub.dependent(self.id, shards, work.clone());
        // The session travels along: the work drops what the client does not want.
        self.wait_for(key, ticket, Job::Whole(work), false)
    }

    /// Starts a command over all shards for a connection of another one.
    pub(super) fn whole_for(
        &self,
        from: usize,
        caller: Caller,
        command: &'static Command,
        argv: Args<'_>,
    ) -> Foreign {
        let info = self.server.clients.get(caller.client).unwrap_or_default();
        let mut session = Box::new(Session::new(info, true));
        session.id = caller.client;
        session.db = caller.db;
        session.proto = caller.proto;
        session.no_touch = caller.no_touch;
        session.guest = Some(caller.user);
        session.home = caller.home;
        session.tracks = caller.tracks;
        let work = Arc::new(WholeWork {
            server: self.server.clone(),
            shards: self.n,
            queue: vec![Queued { command, argv: argv.iter().map(|w| w.to_vec()).collect() }],
            exec: None,
            session: Mutex::new(Some(session)),
            reply: Mutex::default(),
            home: from,
            caller,
            again: None,
            waits: Mutex::default(),
        });
        let ticket = self.hub.dependent(self.id, ShardSet::all(self.n), work.clone());
        Foreign { ticket, work }
    }

    /// Runs `f` once on each of `shards` and replies `+OK` when all have.
    pub(super) fn on_shards(
        &mut self,
        key: usize,
        shards: ShardSet,
        f: impl Fn(usize, &mut Store) + Send + Sync + 'static,
    ) -> Flow {
        let work = move |shard: usize, ground: &mut Ground| f(shard, &mut ground.store);
        let ticket = self.hub.independent(self.id, shards, Arc::new(work));
        self.wait_for(key, ticket, Job::Ok, self.is_mute(key))
    }

    /// Whether the client does not want the reply of the command that starts now. Ask before its session leaves.
    fn is_mute(&self, key: usize) -> bool {
        let session = self.conns.get(key).and_then(|c| c.session.as_ref());
        session.is_some_and(|s| s.is_mute())
    }

    fn wait_for(&mut self, key: usize, ticket: Ticket<Ground>, job: Job, mute: bool) -> Flow {
        self.waiting.push(Waiting {
            key,
            ticket,
            job,
            exec: None,
            mute,
            started_ns: self.driver.time().mono_ns,
        });
        Flow::Wait(Hold::Txn)
    }

    /// Replies for the transactions that are done. Returns whether there was one.
    pub(super) fn finish_done(&mut self) -> bool {
        let mut some = false;
        let mut i = 0;
        while i < self.waiting.len() {
            if self.waiting.get(i).is_some_and(|w| w.ticket.is_done()) {
                some = true;
                let waiting = self.waiting.swap_remove(i);
                self.finish(waiting);
            } else {
                i += 1;
            }
        }
        some
    }

    fn finish(&mut self, waiting: Waiting) {
        let Waiting { key, job, exec, mute, started_ns, .. } = waiting;
        if let Some(exec) = exec {
            let nanos = self.driver.time().mono_ns.saturating_sub(started_ns);
            self.meter.count_call(&self.server, self.id, exec, nanos);
        }
        let random = self.rng.next_u64();
        let Some(conn) = self.conns.get_mut(key) else { return };
        let mark = conn.out.len();
        let proto = conn.session.as_ref().map(|s| s.proto).unwrap_or(Proto::V2);
        match job {
            Job::Ok => Out::new(&mut conn.out, proto).ok(),
            Job::Fragments(work, merge) => {
                work.merge(merge, random, &mut conn.out);
                let nanos = self.driver.time().mono_ns.saturating_sub(started_ns);
                self.meter.count_call(&self.server, self.id, work.command, nanos);
                let reply = conn.out.get(mark..).unwrap_or_default();
                if reply.first() == Some(&b'-') {
                    self.meter.failed(&self.server, self.id, work.command, reply);
                }
                if nanos >= self.server.slow_ns() {
                    let words = work.words();
                    let words: Vec<&[u8]> = words.iter().map(|word| word.as_slice()).collect();
                    self.server.slow_command(work.command, &words, nanos, work.caller.client);
                }
            }
            Job::Queue(work) => {
                Out::new(&mut conn.out, proto).array(work.replies.len());
                for reply in &work.replies {
                    conn.out.append(&mut lock(reply));
                }
            }
            Job::Whole(work) => {
                conn.session = lock(&work.session).take();
                conn.out.append(&mut lock(&work.reply));
                self.apply_subscriptions(key);
                let waits = lock(&work.waits).take();
                if work.again.is_some() {
                    return self.whole_ran_again(key, waits);
                }
                if let Some(waiter) = waits {
                    return self.whole_waits(key, started_ns, waiter);
                }
                self.after_command(key, None);
            }
        }
        if let (true, Some(conn)) = (mute, self.conns.get_mut(key)) {
            conn.out.truncate(mark);
        }
        self.release(key);
    }
}
