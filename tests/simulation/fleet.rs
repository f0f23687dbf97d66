//! A whole server in one thread: its shards, and the scheduler that gives turns to shards and clients.
//!
//! A round of a shard has two halves, how long it may wait and the turn over what happened, and others get their turns
//! between them: that is where a wake could be lost. A shard that may sleep is left alone until its driver would return.

use super::journal::Log;
use crate::support::Rng;
use shoal::base::prng::Prng;
use shoal::command::server_state::Process;
use shoal::command::{Server, table};
use shoal::config::Config;
use shoal::io::Wait;
use shoal::io::sim::{SimClient, SimDriver, SimListener, Weather, World};
use shoal::journal::{Tap, rings};
use shoal::keyspace::{Store, ToDrop};
use shoal::observe::log;
use shoal::shard::txn::{Hub, Waker};
use shoal::shard::{Census, Ground, Parts, Shard, build_mesh};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

const DOOR: SimListener = SimListener(0);
/// Simulated time without any progress of a client after which the server is said to hang: many crons.
const HANG_NS: u64 = 3_000_000_000;

/// Whoever acts beside the shards.
pub trait Actor {
    /// Does something if there is something to do; says whether there was.
    fn act(&mut self, fleet: &mut Fleet) -> bool;
    /// Whether everything it wanted is done.
    fn is_done(&self) -> bool;
    /// What it waits for, when the server hangs.
    fn explain(&self) -> String;
}

struct HubWaker(World);

impl Waker for HubWaker {
    fn wake(&self, id: usize) {
        self.0.wake(id);
    }
}

struct Member {
    shard: Shard<SimDriver>,
    /// How long it may wait and until when, once it has said so.
    wait: Option<(Wait, u64)>,
    /// It gets this percentage of the turns that fall on it: shards that lag behind find other orders.
    speed: u64,
}

/// The server.
pub struct Fleet {
    pub world: World,
    pub server: Arc<Server>,
    pub rng: Rng,
    pub hub: Arc<Hub<Ground>>,
    /// The log core's end of the shards' journals.
    pub tap: Tap,
    /// What it has merged, if anybody wants to know.
    pub log: Option<Log>,
    members: Vec<Member>,
    freed: Receiver<ToDrop>,
    progress_ns: u64,
}

impl Fleet {
    /// A server of `shards` shards in a world that follows from `seed`.
    pub fn new(seed: u64, shards: usize, weather: Weather) -> Fleet {
        // Failed accepts are part of the weather, not worth a line each.
        log::configure(log::Settings { level: log::Level::Nothing, ..log::settings() });
        let mut rng = Rng::new(seed);
        let world = World::new(rng.next(), shards, weather).unwrap();
        let (freeing, freed) = channel();
        let handovers: Arc<shoal::shard::handover::Handovers<_>> = Arc::default();
        let waking = world.clone();
        let process = Process {
            config_file: None,
            executable: PathBuf::from("shoal"),
            wake: Box::new(move |shard| waking.wake(shard)),
            shutdown: Box::new(|_| {}),
            abort_shutdown: Box::new(|| false),
        };
        let config = Config { databases: 2, ..Config::default() };
        let server = Arc::new(Server::new(config, shards, table::all().len(), 0, process));
        let (hub, vacancies) = Hub::<Ground>::new(shards, Box::new(HubWaker(world.clone())));
        let (journals, tap) = rings(shards);
        let ends = build_mesh(shards).into_iter().zip(journals);
        let members = vacancies.into_iter().zip(ends).enumerate().map(|(id, (vacancy, (mesh, journal)))| {
            let mut shard = Shard::new(Parts {
                id,
                server: server.clone(),
                driver: world.driver(id),
                vacancy,
                hub: hub.clone(),
                mesh,
                wakes: world.wakes(),
                seed: rng.next(),
                freeing: freeing.clone(),
                journal,
                handovers: handovers.clone(),
            });
            if id == 0 {
                shard.listen(DOOR);
            }
            Member { shard, wait: None, speed: *rng.pick(&[100, 100, 60, 5]) }
        });
        let members = members.collect();
        let progress_ns = world.now_ns();
        Fleet { world, server, rng, hub, tap, log: None, members, freed, progress_ns }
    }

    /// A new client.
    pub fn connect(&self) -> SimClient {
        self.world.connect(DOOR)
    }

    /// Half a round of shard `at`, if it is awake.
    fn turn(&mut self, at: usize) -> bool {
        let now = self.world.now_ns();
        let member = &mut self.members[at];
        match member.wait {
            None => {
                let wait = member.shard.rest();
                let until = match wait {
                    Wait::Never => now,
                    Wait::AtMost(time) => now + u64::try_from(time.as_nanos()).unwrap(),
                };
                member.wait = Some((wait, until));
            }
            Some((wait, until)) if now >= until || self.world.is_due(at) => {
                assert!(member.shard.step(wait).unwrap(), "nobody told shard {at} to stop");
                member.wait = None;
            }
            Some(_) => return false,
        }
        self.freed.try_iter().for_each(drop);
        self.nobody_sleeps_over_work();
        true
    }

    fn nobody_sleeps_over_work(&self) {
        for (id, member) in self.members.iter().enumerate() {
            if let Some((Wait::AtMost(_), _)) = member.wait
                && member.shard.has_work()
            {
                assert!(self.world.wake_is_coming(id), "lost wake: shard {id} sleeps though it has work");
            }
        }
    }

    /// One try of the shard or client number `at`.
    fn try_one(&mut self, at: usize, actors: &mut [&mut dyn Actor]) -> bool {
        match at.checked_sub(self.members.len()) {
            None => self.turn(at),
            Some(client) => {
                let moved = actors[client].act(self);
                if moved {
                    self.progress_ns = self.world.now_ns();
                }
                moved
            }
        }
    }

    /// Gives turns in random order until all actors are done.
    pub fn run(&mut self, actors: &mut [&mut dyn Actor]) {
        let all = self.members.len() + actors.len();
        let mut failures = 0;
        self.progress_ns = self.world.now_ns();
        while !actors.iter().all(|a| a.is_done()) {
            let at = self.rng.index(all);
            let speed = self.members.get(at).map_or(100, |m| m.speed);
            if self.log.as_ref().is_some_and(|log| self.rng.index(log.lag as usize) == 0) {
                self.merge();
            }
            if self.rng.percent(5) {
                let passed = self.rng.below(20_000);
                self.world.advance(self.world.now_ns() + passed);
            }
            if self.rng.percent(speed) && self.try_one(at, actors) {
                failures = 0;
                continue;
            }
            failures += 1;
            if failures > all && !(0..all).any(|at| self.try_one(at, actors)) {
                self.pass_time(actors);
            }
        }
    }

    /// Nobody can do anything now: the clock goes on to the next event.
    fn pass_time(&mut self, actors: &mut [&mut dyn Actor]) {
        let now = self.world.now_ns();
        if now - self.progress_ns > HANG_NS {
            let waiting: Vec<String> = actors.iter().filter(|a| !a.is_done()).map(|a| a.explain()).collect();
            panic!("the server hangs: {:?}\n{}", self.censuses(), waiting.join("\n"));
        }
        let sleeps = self.members.iter().filter_map(|m| m.wait).map(|w| w.1);
        let next = sleeps.chain(self.world.due_ns()).filter(|&due| due > now).min();
        self.world.advance(next.expect("every shard sleeps until its cron"));
    }

    /// Runs without clients until `ms` have passed.
    pub fn idle(&mut self, ms: u64) {
        let until = self.world.now_ns() + ms * 1_000_000;
        let all = self.members.len();
        let mut turns = 0_u64;
        while self.world.now_ns() < until {
            let at = self.rng.index(all);
            if self.turn(at) || (0..all).any(|at| self.turn(at)) {
                turns += 1;
                assert!(turns < 100_000, "shards find no rest: {:?}", self.censuses());
                continue;
            }
            self.progress_ns = self.world.now_ns();
            self.pass_time(&mut []);
        }
    }

    /// What each shard holds.
    pub fn censuses(&mut self) -> Vec<Census> {
        self.members.iter_mut().map(|m| m.shard.census()).collect()
    }

    /// Runs `f` on every shard's store; all shards must be idle.
    pub fn with_stores(&mut self, mut f: impl FnMut(&Store)) {
        for member in &mut self.members {
            f(member.shard.store().expect("an idle shard has its store"));
        }
    }

    /// All clients are gone: nothing may be left of them.
    pub fn check_nothing_is_left(&mut self) {
        self.idle(1_000);
        let empty = Census::default();
        assert!(self.censuses().iter().all(|c| *c == empty), "left behind: {:?}", self.censuses());
        assert_eq!(self.world.held_by_server(), 0, "connections that nobody closed");
        assert_eq!(self.server.clients.count(), 0, "clients still registered");
        let owned: usize = (0..self.server.shards).map(|s| self.server.connections_of(s)).sum();
        assert_eq!(owned, 0, "connections still counted for a shard");
    }
}

/// Any weather, from a seed.
pub fn weather(rng: &mut Rng) -> Weather {
    Weather::random(&mut Prng::new(rng.next()))
}
