//! The threads of the server: one per shard, the log core, and one that frees what is costly to free.

use super::process::{cpulist, os_text};
use crate::base::prng::os_random_u64;
use crate::base::sys::{affinity, process};
use crate::command::Server;
use crate::config::Config;
use crate::io::uring::{Uring, WakeBy};
use crate::io::wake::Wakes;
use crate::journal::{Port, Tap};
use crate::keyspace::ToDrop;
use crate::log;
use crate::log_core::{self, LogCore};
use crate::shard::handover::Handovers;
use crate::shard::txn::{Hub, Vacancy, Waker};
use crate::shard::{Ground, Parts, Shard, build_mesh};
use socket2::Socket;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// Lets transactions wake shards through their wake cells.
pub struct HubWaker(pub Arc<Wakes>);

impl Waker for HubWaker {
    fn wake(&self, id: usize) {
        self.0.wake(id);
    }
}

/// What shard 0 listens on: the sockets to begin with, and where later sets come from.
pub struct Listening {
    /// The sockets to begin with.
    pub first: Vec<Socket>,
    /// Sets that replace them, each announced by `Note::Listen`.
    pub later: Receiver<Vec<Socket>>,
}

/// The log core begins transactions as well and needs a number for that.
const SHARDS_MAX: usize = crate::shard::txn::MAX_SHARDS - 1;

/// Number of shards: as configured, or one per CPU that they may use.
pub fn shard_count(config: &Config) -> usize {
    match config.shards {
        0 => shard_cpus(config).len().clamp(1, SHARDS_MAX),
        n => (n as usize).min(SHARDS_MAX),
    }
}

fn shard_cpus(config: &Config) -> Vec<usize> {
    cpulist::chosen("server_cpulist", config.server_cpulist.as_deref())
}

/// Starts the thread that frees values away from the shards. It ends when all senders are gone.
///
/// # Errors
/// No more threads.
pub fn start_freeing(config: &Config) -> io::Result<(Sender<ToDrop>, JoinHandle<()>)> {
    let (sender, receiver): (Sender<ToDrop>, Receiver<ToDrop>) = channel();
    let cpus = config.bio_cpulist.as_deref().map(|list| cpulist::chosen("bio_cpulist", Some(list)));
    let free = move || {
        place(cpus.as_deref().unwrap_or_default(), "The freeing thread");
        // Receiving drops what was received: that is the work.
        for garbage in receiver {
            drop(garbage);
        }
    };
    let thread = std::thread::Builder::new().name("bio_lazy_free".into()).spawn(free)?;
    Ok((sender, thread))
}

/// The threads that serve: the shards, and the log core.
pub struct Crew {
    /// One per shard.
    pub shards: Vec<JoinHandle<io::Result<()>>>,
    /// Ends after the shards.
    pub log_core: JoinHandle<io::Result<()>>,
    /// Where transactions over shards begin.
    pub hub: Arc<Hub<Ground>>,
}

/// Starts all shards and the log core and returns when each has its ring. The listeners go to shard 0.
///
/// # Errors
/// The first reason, in words, for which a thread could not start.
pub fn start(
    server: &Arc<Server>,
    wakes: &Arc<Wakes>,
    listening: Listening,
    freeing: &Sender<ToDrop>,
) -> Result<Crew, String> {
    let (hub, vacancies) = Hub::<Ground>::new(server.shards, Box::new(HubWaker(wakes.clone())));
    let handovers = Arc::default();
    let (journals, tap) = crate::journal::rings(server.shards);
    let clock = tap.clock().clone();
    server.appending.set_issued(Box::new(move || clock.issued()));
    let log_core = start_log_core(server, wakes, &hub, &handovers, tap)?;
    let seats = vacancies.into_iter().zip(journals).collect();
    let shards = start_shards(server, wakes, listening, freeing, (&hub, &handovers), seats)?;
    Ok(Crew { shards, log_core, hub })
}

fn start_log_core(
    server: &Arc<Server>,
    wakes: &Arc<Wakes>,
    hub: &Arc<Hub<Ground>>,
    handovers: &Arc<Handovers<OwnedFd>>,
    tap: Tap,
) -> Result<JoinHandle<io::Result<()>>, String> {
    let (server, wakes, hub, handovers) = (server.clone(), wakes.clone(), hub.clone(), handovers.clone());
    let (ready, readies) = channel();
    let cpus = cpulist::chosen("server_cpulist", server.config.load().server_cpulist.as_deref());
    let is_placed = server.config.load().server_cpulist.is_some();
    let body = move || {
        if is_placed {
            place(&cpus, "The log core");
        }
        let driver = match Uring::new(server.log_core(), wakes.clone(), WakeBy::EventFd) {
            Ok(driver) => driver,
            Err(error) => {
                let _ = ready.send(Err(error.to_string()));
                return Ok(());
            }
        };
        let mut core = LogCore::new(log_core::Parts { server, driver, hub, wakes, handovers, tap });
        let _ = ready.send(Ok(()));
        drop(ready);
        core.run()
    };
    let thread = std::thread::Builder::new().name("log".into()).spawn(body);
    let thread = thread.map_err(|e| format!("The log core got no thread: {}", os_text(&e)))?;
    match readies.recv() {
        Ok(Ok(())) => Ok(thread),
        Ok(Err(reason)) => Err(reason),
        Err(_) => Err("The log core ended while it started".into()),
    }
}

fn start_shards(
    server: &Arc<Server>,
    wakes: &Arc<Wakes>,
    listening: Listening,
    freeing: &Sender<ToDrop>,
    (hub, handovers): (&Arc<Hub<Ground>>, &Arc<Handovers<OwnedFd>>),
    seats: Vec<(Vacancy<Ground>, Port)>,
) -> Result<Vec<JoinHandle<io::Result<()>>>, String> {
    let n = server.shards;
    let places = places(&server.config.load(), n);
    let (ready, readies) = channel();
    let mut threads = Vec::with_capacity(n);
    let mut listening = Some(listening);
    for ((id, (vacancy, journal)), mesh) in seats.into_iter().enumerate().zip(build_mesh(n)) {
        let (server, wakes, hub) = (server.clone(), wakes.clone(), hub.clone());
        let (ready, freeing, handovers) = (ready.clone(), freeing.clone(), handovers.clone());
        let listening = listening.take();
        let cpus = places.get(id).cloned().unwrap_or_default();
        let body = move || {
            place(&cpus, &format!("Shard {id}"));
            // The name is only for `top -H`.
            let _ = process::set_thread_name(&format!("shard-{id}"));
            let driver = match Uring::new(id, wakes.clone(), WakeBy::RingMessage) {
                Ok(driver) => driver,
                Err(error) => {
                    let _ = ready.send(Err(error.to_string()));
                    return Ok(());
                }
            };
            let seed = os_random_u64();
            let mut shard = Shard::new(Parts {
                id,
                server,
                driver,
                vacancy,
                hub,
                mesh,
                wakes,
                seed,
                freeing,
                journal,
                handovers,
            });
            if let Some(Listening { first, later }) = listening {
                first.into_iter().for_each(|listener| shard.listen(listener));
                shard.listen_anew_from(later);
            }
            let _ = ready.send(Ok(()));
            drop(ready);
            shard.run()
        };
        let thread = std::thread::Builder::new().name(format!("shard-{id}")).spawn(body);
        threads.push(thread.map_err(|e| format!("Shard {id} got no thread: {}", os_text(&e)))?);
    }
    drop(ready);
    for _ in 0..n {
        match readies.recv() {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => return Err(reason),
            Err(_) => return Err("A shard ended while it started".into()),
        }
    }
    Ok(threads)
}

/// The CPUs of each shard; empty means wherever the process may run. A shard gets one CPU of its own if shards are pinned
/// and there are enough, else all that `server_cpulist` names.
fn places(config: &Config, shards: usize) -> Vec<Vec<usize>> {
    let cpus = shard_cpus(config);
    match config.shard_pin && shards <= cpus.len() {
        true => cpus.into_iter().map(|cpu| vec![cpu]).collect(),
        false if config.server_cpulist.is_some() => vec![cpus; shards],
        false => Vec::new(),
    }
}

/// Ties the calling thread to `cpus`, if any are given.
fn place(cpus: &[usize], who: &str) {
    if !cpus.is_empty()
        && let Err(error) = affinity::set_allowed_cpus(cpus)
    {
        log!(Warning, "{who} cannot be tied to CPUs {cpus:?}: {}", os_text(&error));
    }
}
