//! The simulated twin of the shard driver: time, sockets, wakes and their mishaps, from one seed.
//!
//! ```text
//!   SimClient ── send ──► lane: chunks with due times ──► Event::Received ─┐
//!             ◄─ receive ─ lane ◄── window ◄── pump ◄──── Driver::send ────┴─ SimDriver of a shard
//!   World: the clock, the random numbers, all connections, who was woken, the disk
//! ```
//!
//! The world does nothing by itself. A test gives turns to shards and clients in any order, and moves the clock with
//! [`World::advance`] when nobody has anything to do; [`World::due_ns`] tells when something happens next. A real shard
//! sleeps in the kernel; here the test leaves it alone until [`World::is_due`] says that a wake came or that something
//! arrived, or until its wait is over. So a wake that is lost is a shard that sleeps though it has work.
//!
//! Everything that happens follows from the seed and from the order of calls: no thread, no clock, no kernel is asked.
//! All parts share one lock, which nobody contends for: sockets must be `Send`, as those of the kernel are.

mod client;
mod disk;
mod driver;
mod files;
mod link;
mod pipe;
#[cfg(test)]
mod tests;
mod weather;

pub use client::SimClient;
pub use disk::{Disk, DiskOp};
pub use driver::{SimBuf, SimDriver, SimListener, SimSocket};
pub use link::Peer;
pub use weather::Weather;

use super::wake::Wakes;
use crate::base::prng::Prng;
use pipe::Pipe;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Unix time at which every world begins, in milliseconds: 1 January 2024.
const START_UNIX_MS: i64 = 1_704_067_200_000;

/// A simulated machine with its network. Clones are handles to the same world.
#[derive(Clone)]
pub struct World {
    state: Arc<Mutex<State>>,
    wakes: Arc<Wakes>,
}

/// What a driver holds of its shard's side.
#[derive(Default)]
struct Port {
    /// Connection of each adopted socket.
    socks: Vec<Option<usize>>,
    /// Places in `socks` to use again, from the turn after their end.
    free: Vec<usize>,
    closed: Vec<usize>,
    /// Sockets to be given out when nothing is in flight: place in `socks`, and when receiving has stopped.
    releasing: Vec<(usize, u64)>,
    listeners: Vec<Option<usize>>,
    /// Wakes that leave with the next turn.
    waking: Vec<usize>,
    woken: bool,
    files: Vec<Option<files::Handle>>,
    /// Places in `files` to use again, from the turn after their end.
    free_files: Vec<usize>,
    closed_files: Vec<usize>,
}

struct State {
    now_ns: u64,
    rng: Prng,
    weather: Weather,
    pipes: Vec<Pipe>,
    /// Connections not yet accepted: listener, connection, due time.
    knocking: Vec<(usize, usize, u64)>,
    ports: Vec<Port>,
    /// Who answers where.
    peers: Vec<(SocketAddr, Peer)>,
    /// Connections to tests that have not been answered: address, connection, due time.
    calls: Vec<(SocketAddr, usize, u64)>,
    /// Pairs of pipes that join two drivers.
    links: Vec<(usize, usize)>,
    disk: Disk,
    trace: u64,
}

impl World {
    /// A world for `shards` threads with a driver (the log thread is one), of which everything follows from `seed`.
    ///
    /// # Errors
    /// No more file descriptors for the wake cells, which exist though nobody sleeps on them.
    pub fn new(seed: u64, shards: usize, weather: Weather) -> io::Result<World> {
        let state = State {
            now_ns: 1_000_000,
            rng: Prng::new(seed),
            weather,
            pipes: Vec::new(),
            knocking: Vec::new(),
            ports: (0..shards).map(|_| Port::default()).collect(),
            peers: Vec::new(),
            calls: Vec::new(),
            links: Vec::new(),
            disk: Disk::default(),
            trace: seed,
        };
        Ok(World { state: Arc::new(Mutex::new(state)), wakes: Arc::new(Wakes::new(shards)?) })
    }

    /// The same world with another disk, before its drivers open files: one that a power loss left behind, for instance.
    #[must_use]
    pub fn with_disk(self, disk: Disk) -> World {
        self.lock().disk = disk;
        self
    }

    /// Looks at the disk, prepares it, or makes it fail.
    pub fn disk<R>(&self, f: impl FnOnce(&mut Disk) -> R) -> R {
        f(&mut self.lock().disk)
    }

    /// The disk as it would be after a power loss now; the world goes on.
    pub fn crash(&self) -> Disk {
        let State { disk, rng, .. } = &mut *self.lock();
        let mut disk = disk.clone();
        disk.lose_power(rng);
        disk
    }

    /// The disk as it would be if the machine were shut down in order now; the world goes on.
    pub fn shut_down(&self) -> Disk {
        let State { disk, rng, .. } = &mut *self.lock();
        let mut disk = disk.clone();
        disk.unmount(rng);
        disk
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The wake cells that shards announce their sleep in.
    pub fn wakes(&self) -> Arc<Wakes> {
        self.wakes.clone()
    }

    /// The driver of `shard`.
    pub fn driver(&self, shard: usize) -> SimDriver {
        SimDriver::new(self.clone(), shard)
    }

    /// A client that connects to `listener`; it may send at once, as after a SYN that was answered by the kernel.
    pub fn connect(&self, listener: SimListener) -> SimClient {
        let mut state = self.lock();
        let due = state.soon();
        state.pipes.push(Pipe::new());
        let conn = state.pipes.len() - 1;
        state.knocking.push((listener.0, conn, due));
        drop(state);
        SimClient::new(self.clone(), conn)
    }

    /// Wakes `shard` from outside the loop of any shard, if it sleeps.
    pub fn wake(&self, shard: usize) {
        if self.wakes.claim(shard)
            && let Some(port) = self.lock().ports.get_mut(shard)
        {
            port.woken = true;
        }
    }

    /// Whether a wake of `shard` is on its way, delivered or not.
    pub fn wake_is_coming(&self, shard: usize) -> bool {
        let state = self.lock();
        state.ports.iter().any(|p| p.waking.contains(&shard))
            || state.ports.get(shard).is_some_and(|p| p.woken)
    }

    /// Whether the driver of `shard` would return from a wait: woken, or something has happened.
    pub fn is_due(&self, shard: usize) -> bool {
        let mut state = self.lock();
        state.relay();
        let now = state.now_ns;
        state.ports.get(shard).is_some_and(|p| p.woken) || state.port_due(shard).is_some_and(|due| due <= now)
    }

    /// When something next happens at any shard or client without anybody's doing, later than now.
    pub fn due_ns(&self) -> Option<u64> {
        let mut state = self.lock();
        state.relay();
        let now = state.now_ns;
        let ports = state.ports.len();
        let at_shards = (0..ports).filter_map(|shard| state.port_due(shard)).min();
        let at_clients = state.pipes.iter().filter_map(|p| p.client_due()).min();
        let at_tests = state.calls.iter().map(|c| c.2).min();
        at_shards.into_iter().chain(at_clients).chain(at_tests).filter(|&due| due > now).min()
    }

    /// Nanoseconds of the world's clock.
    pub fn now_ns(&self) -> u64 {
        self.lock().now_ns
    }

    /// Moves the clock to `to_ns`, never back.
    pub fn advance(&self, to_ns: u64) {
        let mut state = self.lock();
        state.now_ns = state.now_ns.max(to_ns);
    }

    /// Changes the weather.
    pub fn set_weather(&self, weather: Weather) {
        self.lock().weather = weather;
    }

    /// Connections that the server holds: accepted and not closed.
    pub fn held_by_server(&self) -> usize {
        self.lock().pipes.iter().filter(|p| p.is_held()).count()
    }

    /// A sum over everything that shards and clients have seen: equal runs have equal traces.
    pub fn trace(&self) -> u64 {
        self.lock().trace
    }
}

impl State {
    /// A moment within the weather's delay.
    fn soon(&mut self) -> u64 {
        let delay = self.weather.delay_ns;
        self.now_ns + self.rng.below(delay.saturating_add(1))
    }

    fn note(&mut self, what: u64, bytes: &[u8]) {
        // FNV-1a, seeded by what came before.
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let mut hash = (self.trace ^ what ^ self.now_ns.rotate_left(24)).wrapping_mul(PRIME);
        for &byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        }
        self.trace = hash;
    }

    /// When the driver of `shard` next has something to report.
    fn port_due(&mut self, shard: usize) -> Option<u64> {
        let port = self.ports.get(shard)?;
        let knocks = self.knocking.iter().filter(|k| port.listeners.contains(&Some(k.0))).map(|k| k.2);
        let pipes =
            port.socks.iter().flatten().filter_map(|&conn| self.pipes.get(conn)?.server_due(&self.weather));
        let released = port.releasing.iter().filter_map(|&(sock, due)| {
            let conn = port.socks.get(sock).copied().flatten()?;
            (!self.pipes.get(conn)?.server_is_busy()).then_some(due)
        });
        let files = port.files.iter().flatten().filter_map(files::Handle::due);
        knocks.chain(pipes).chain(released).chain(files).min()
    }

    /// Works on the connection `conn` with the parts that it needs.
    fn with_pipe<R>(&mut self, conn: usize, f: impl FnOnce(&mut Pipe, &mut pipe::Air<'_>) -> R) -> Option<R> {
        let State { pipes, rng, weather, now_ns, .. } = self;
        let pipe = pipes.get_mut(conn)?;
        Some(f(pipe, &mut pipe::Air { now_ns: *now_ns, rng, weather }))
    }
}
