//! A small server around the protocol: shards with registers, mailboxes and sleep, clients with random operations.
//!
//! Each client has a home shard and one operation in flight. A single-shard operation goes to its shard's mailbox and
//! its reply comes back by mail, held at the executing shard; transactions go through the hub. What the clients saw
//! goes to `history`. Beyond that the world asserts, while it runs, that a state has one holder at a time and that
//! nothing leaves a shard that depends on a transaction some participant has not run yet.
//!
//! The world's own bookkeeping uses std's primitives on purpose: under shuttle they are no scheduling points, so the
//! observer adds no interleavings. Whatever shards exchange uses the primitives of `sync`.

use std::collections::VecDeque;
use std::sync::{OnceLock, atomic::AtomicU64, atomic::AtomicUsize as Counter};

#[cfg(feature = "model")]
use shuttle::{sync::Condvar, thread};
#[cfg(not(feature = "model"))]
use std::{sync::Condvar, thread};

use super::super::sync::{Arc, AtomicBool, Mutex, Ordering, fence, lock};
use super::super::{Flaw, Fragments, Hub, Lent, Seat, ShardSet, Ticket, Turn, Vacancy, Waker, Whole};
use super::history::{self, Observed, Touch};

/// The size of a world and what is broken in it.
#[derive(Clone, Copy)]
pub struct Setup {
    pub shards: usize,
    pub clients_per_shard: usize,
    pub ops_per_client: usize,
    pub lists_per_shard: usize,
    pub flaw: Flaw,
    pub watch: Watch,
}

/// What is checked: all, or, to show that each check works by itself, one thing. Progress is always checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    All,
    /// A state has one holder at a time.
    Holders,
    /// Nothing leaves a shard before the transactions whose effects it may show have run everywhere.
    Outputs,
    /// What the clients saw is strictly serializable.
    History,
}

impl Setup {
    fn watches(&self, watch: Watch) -> bool {
        self.watch == Watch::All || self.watch == watch
    }
}

/// SplitMix64: small, seedable, good enough for choices.
pub struct Rng(pub u64);

impl Rng {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Single,
    Independent,
    Dependent,
}

/// One operation: what it shall touch, and what came of it.
struct Op {
    id: u32,
    class: Class,
    shards: ShardSet,
    /// Shard, list of that shard, append or read.
    aims: Vec<(usize, usize, bool)>,
    touches: std::sync::Mutex<Vec<Touch>>,
    /// Participants that have run their part.
    ran: Counter,
    /// Transactions whose effects this operation may have seen and that were under way then.
    saw: std::sync::Mutex<Vec<std::sync::Arc<Op>>>,
    invoked: OnceLock<usize>,
    returned: OnceLock<usize>,
    world: std::sync::Arc<World>,
}

impl Op {
    fn ran_everywhere(&self) -> bool {
        self.ran.load(Ordering::SeqCst) == self.shards.len()
    }

    /// Runs the part of this operation that belongs to `shard`.
    fn run(self: &std::sync::Arc<Self>, shard: usize, state: &mut Registers) {
        let (holder, lists) = (state.holder.clone(), self.world.setup.lists_per_shard);
        let alone = !holder.swap(true, Ordering::SeqCst);
        assert!(
            alone || !self.world.setup.watches(Watch::Holders),
            "two holders of the state of shard {shard}"
        );
        for &(_, list, append) in self.aims.iter().filter(|aim| aim.0 == shard) {
            let found = state.lists[list].clone();
            thread::yield_now();
            self.touches.lock().unwrap().push(Touch { list: shard * lists + list, append, found });
            if append {
                state.lists[list].push(self.id);
            }
        }
        state.underway.retain(|op| !op.ran_everywhere());
        self.saw.lock().unwrap().extend(state.underway.iter().cloned());
        self.ran.fetch_add(1, Ordering::SeqCst);
        if self.class != Class::Single {
            state.underway.push(self.clone());
        }
        holder.store(false, Ordering::SeqCst);
    }

    /// To be called when the result leaves a shard.
    fn leaves(&self) {
        let early = self.saw.lock().unwrap().iter().any(|op| !op.ran_everywhere());
        assert!(
            !(early && self.world.setup.watches(Watch::Outputs)),
            "operation {} left its shard before its causes",
            self.id
        );
    }
}

struct Job(std::sync::Arc<Op>);

impl Fragments<Registers> for Job {
    fn fragment(&self, shard: usize, state: &mut Registers) {
        self.0.run(shard, state);
    }
}

impl Whole<Registers> for Job {
    fn whole(&self, lent: &mut Lent<'_, Registers>) {
        for shard in self.0.shards.iter() {
            // A flaw may have let a participant go.
            if let Some(state) = lent.get_mut(shard) {
                self.0.run(shard, state);
            }
        }
    }
}

/// A shard's state.
struct Registers {
    lists: Vec<Vec<u32>>,
    /// Whether somebody is at it. Behind a pointer, so that exclusive access to the rest says nothing about it.
    holder: std::sync::Arc<std::sync::atomic::AtomicBool>,
    underway: Vec<std::sync::Arc<Op>>,
}

enum Mail {
    Request(std::sync::Arc<Op>, usize),
    Reply(std::sync::Arc<Op>),
}

/// Where a shard sleeps and gets its mail.
struct Place {
    mail: Mutex<VecDeque<Mail>>,
    sleeping: AtomicBool,
    awake: Mutex<bool>,
    bell: Condvar,
}

struct Places(Vec<Place>);

impl Places {
    fn post(&self, shard: usize, mail: Mail) {
        lock(&self.0[shard].mail).push_back(mail);
        fence(Ordering::SeqCst);
        self.ring(shard);
    }

    fn ring(&self, shard: usize) {
        let place = &self.0[shard];
        if place.sleeping.load(Ordering::Relaxed) {
            *lock(&place.awake) = true;
            place.bell.notify_one();
        }
    }
}

struct Bell(Arc<Places>);

impl Waker for Bell {
    fn wake(&self, id: usize) {
        self.0.ring(id);
    }
}

/// What the observer keeps.
pub struct World {
    setup: Setup,
    clock: Counter,
    finished: Counter,
    pub sleeps: AtomicU64,
}

impl World {
    fn tick(&self) -> usize {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    fn total(&self) -> usize {
        self.setup.shards * self.setup.clients_per_shard * self.setup.ops_per_client
    }

    pub fn is_over(&self) -> bool {
        self.finished.load(Ordering::SeqCst) == self.total()
    }
}

/// A world under way.
pub struct Running {
    pub world: std::sync::Arc<World>,
    ops: Vec<std::sync::Arc<Op>>,
    threads: Vec<thread::JoinHandle<Vec<Vec<u32>>>>,
}

impl Running {
    /// Starts the threads of a world whose traffic comes from `seed`.
    pub fn start(setup: Setup, seed: u64) -> Self {
        let (clock, finished, sleeps) = (Counter::new(0), Counter::new(0), AtomicU64::new(0));
        let world = std::sync::Arc::new(World { setup, clock, finished, sleeps });
        let mut rng = Rng(seed);
        let ops: Vec<_> =
            (0..world.total()).map(|id| world.random_op(u32::try_from(id).unwrap(), &mut rng)).collect();
        let place = || Place {
            mail: Mutex::new(VecDeque::new()),
            sleeping: AtomicBool::new(false),
            awake: Mutex::new(false),
            bell: Condvar::new(),
        };
        let places = Arc::new(Places((0..setup.shards).map(|_| place()).collect()));
        let vacancies = Hub::broken(setup.shards, Box::new(Bell(Arc::clone(&places))), setup.flaw);
        let mut scripts = ops.chunks(setup.ops_per_client).map(|script| script.iter().cloned().collect());
        let threads = vacancies
            .into_iter()
            .map(|vacancy| {
                let (world, places) = (world.clone(), Arc::clone(&places));
                let scripts = scripts.by_ref().take(setup.clients_per_shard).collect();
                let rng = Rng(rng.below(usize::MAX) as u64);
                thread::spawn(move || Shard::new(world, places, vacancy, rng, scripts).run())
            })
            .collect();
        Self { world, ops, threads }
    }

    /// Waits for the end and judges the history.
    pub fn judge(self) {
        let finals: Vec<Vec<u32>> =
            self.threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert!(self.world.is_over());
        let observed: Vec<Observed> = self.ops.iter().map(|op| op.observed()).collect();
        let verdict = history::check(&observed, &finals);
        if let (true, Err(anomaly)) = (self.world.setup.watches(Watch::History), verdict) {
            panic!("{anomaly}");
        }
    }
}

impl Op {
    fn observed(&self) -> Observed {
        let (invoked, returned) = (*self.invoked.get().unwrap(), *self.returned.get().unwrap());
        Observed { id: self.id, invoked, returned, touches: self.touches.lock().unwrap().clone() }
    }
}

impl World {
    /// Half single-shard operations, a quarter of each class of transaction, over one to three lists.
    fn random_op(self: &std::sync::Arc<Self>, id: u32, rng: &mut Rng) -> std::sync::Arc<Op> {
        let setup = self.setup;
        let class = [Class::Single, Class::Single, Class::Independent, Class::Dependent][rng.below(4)];
        let width = if class == Class::Single { 1 } else { 1 + rng.below(3) };
        let mut aims: Vec<(usize, usize, bool)> = Vec::new();
        for _ in 0..width {
            let (shard, list) = (rng.below(setup.shards), rng.below(setup.lists_per_shard));
            let append = rng.below(2) == 0;
            if !aims.iter().any(|aim| (aim.0, aim.1) == (shard, list)) {
                aims.push((shard, list, append));
            }
        }
        std::sync::Arc::new(Op {
            id,
            class,
            shards: aims.iter().map(|aim| aim.0).collect(),
            aims,
            touches: std::sync::Mutex::default(),
            ran: Counter::new(0),
            saw: std::sync::Mutex::default(),
            invoked: OnceLock::new(),
            returned: OnceLock::new(),
            world: self.clone(),
        })
    }
}

impl Hub<Registers> {
    fn broken(shards: usize, waker: Box<dyn Waker>, flaw: Flaw) -> Vec<Vacancy<Registers>> {
        let (mut hub, vacancies) = Self::new(shards, waker);
        drop(vacancies);
        Arc::get_mut(&mut hub).unwrap().flaw = flaw;
        Self::seated(Arc::into_inner(hub).unwrap()).1
    }
}

type Script = VecDeque<std::sync::Arc<Op>>;

/// One shard's loop, as the real one will go about it.
struct Shard {
    world: std::sync::Arc<World>,
    places: Arc<Places>,
    seat: Seat<Registers>,
    me: usize,
    rng: Rng,
    /// One per client whose next operation may start.
    ready: Vec<Script>,
    /// Clients that wait for their first operation's reply.
    waiting: Vec<Script>,
    tickets: Vec<(Ticket<Registers>, std::sync::Arc<Op>)>,
    inbound: VecDeque<(std::sync::Arc<Op>, usize)>,
    outbox: Vec<(std::sync::Arc<Op>, usize)>,
}

impl Shard {
    fn new(
        world: std::sync::Arc<World>,
        places: Arc<Places>,
        vacancy: Vacancy<Registers>,
        rng: Rng,
        ready: Vec<Script>,
    ) -> Self {
        let lists = vec![Vec::new(); world.setup.lists_per_shard];
        let me = vacancy.shard();
        let seat =
            vacancy.sit(Box::new(Registers { lists, holder: Default::default(), underway: Vec::new() }));
        let (waiting, tickets, inbound, outbox) = Default::default();
        Self { world, places, seat, me, rng, ready, waiting, tickets, inbound, outbox }
    }

    fn run(mut self) -> Vec<Vec<u32>> {
        while !self.world.is_over() {
            let mut moved = self.take_mail();
            moved |= self.start_ready();
            // The protocol is to stand whichever a loop does first.
            let serve_first = self.rng.below(2) == 0;
            moved |= serve_first && self.serve();
            moved |= self.seat.turn() == Turn::Progress;
            moved |= self.serve();
            moved |= self.flush();
            moved |= self.redeem();
            if !moved {
                self.sleep();
            }
        }
        // The last transaction's borrower may be done before this shard has noticed.
        while self.seat.turn() == Turn::Progress {}
        std::mem::take(&mut self.seat.state().unwrap().lists)
    }

    fn take_mail(&mut self) -> bool {
        let mail = std::mem::take(&mut *lock(&self.places.0[self.me].mail));
        let moved = !mail.is_empty();
        for mail in mail {
            match mail {
                Mail::Request(op, home) => self.inbound.push_back((op, home)),
                Mail::Reply(op) => self.returned(&op),
            }
        }
        moved
    }

    fn start_ready(&mut self) -> bool {
        let ready = std::mem::take(&mut self.ready);
        let moved = !ready.is_empty();
        for script in ready {
            let Some(op) = script.front().cloned() else { continue };
            self.waiting.push(script);
            op.invoked.set(self.world.tick()).unwrap();
            match op.class {
                Class::Single if op.shards.contains(self.me) => self.inbound.push_back((op, self.me)),
                Class::Single => self.places.post(op.shards.last().unwrap(), Mail::Request(op, self.me)),
                Class::Independent => {
                    let job = std::sync::Arc::new(Job(op.clone()));
                    self.tickets.push((self.seat.hub().independent(self.me, op.shards, job), op));
                }
                Class::Dependent => {
                    let job = std::sync::Arc::new(Job(op.clone()));
                    self.tickets.push((self.seat.hub().dependent(self.me, op.shards, job), op));
                }
            }
        }
        moved
    }

    /// Runs the single-shard operations at hand, unless the state is lent.
    fn serve(&mut self) -> bool {
        let Some(state) = self.seat.state() else { return false };
        let moved = !self.inbound.is_empty();
        for (op, home) in self.inbound.drain(..) {
            op.run(self.me, state);
            self.outbox.push((op, home));
        }
        moved
    }

    fn flush(&mut self) -> bool {
        if self.outbox.is_empty() || !self.seat.may_send() {
            return false;
        }
        for (op, home) in std::mem::take(&mut self.outbox) {
            op.leaves();
            if home == self.me {
                self.returned(&op);
            } else {
                self.places.post(home, Mail::Reply(op));
            }
        }
        true
    }

    fn redeem(&mut self) -> bool {
        let (done, open): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.tickets).into_iter().partition(|(ticket, _)| ticket.is_done());
        self.tickets = open;
        for (_, op) in &done {
            assert!(
                op.ran_everywhere() || !self.world.setup.watches(Watch::Outputs),
                "a ticket was done too early"
            );
            op.leaves();
            self.returned(op);
        }
        !done.is_empty()
    }

    fn returned(&mut self, op: &Op) {
        op.returned.set(self.world.tick()).unwrap();
        let at = self.waiting.iter().position(|script| script.front().is_some_and(|front| front.id == op.id));
        let mut script = self.waiting.swap_remove(at.unwrap());
        script.pop_front();
        self.ready.push(script);
        if self.world.finished.fetch_add(1, Ordering::SeqCst) + 1 == self.world.total() {
            fence(Ordering::SeqCst);
            (0..self.places.0.len()).for_each(|shard| self.places.ring(shard));
        }
    }

    /// Sleeps until rung, by the order that [`Waker`] prescribes: flag, fence, look again, sleep.
    fn sleep(&mut self) {
        let place = &self.places.0[self.me];
        place.sleeping.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let redeemable = self.tickets.iter().any(|(ticket, _)| ticket.is_done());
        if self.seat.may_sleep() && !redeemable && lock(&place.mail).is_empty() && !self.world.is_over() {
            self.world.sleeps.fetch_add(1, Ordering::Relaxed);
            let mut awake = lock(&place.awake);
            while !*awake {
                awake = place.bell.wait(awake).unwrap();
            }
            *awake = false;
        }
        place.sleeping.store(false, Ordering::Relaxed);
    }
}
