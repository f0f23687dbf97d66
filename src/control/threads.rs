//! The threads of the server: one per shard, and one that frees what is costly to free.

use super::process::os_text;
use crate::base::prng::os_random_u64;
use crate::base::sys::{affinity, process};
use crate::command::Server;
use crate::config::Config;
use crate::io::uring::{Uring, WakeBy};
use crate::io::wake::Wakes;
use crate::keyspace::ToDrop;
use crate::log;
use crate::shard::txn::{Hub, Waker};
use crate::shard::{Ground, Parts, Shard, build_mesh};
use socket2::Socket;
use std::io;
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

/// Number of shards: as configured, or one per CPU that the process may use.
pub fn shard_count(config: &Config) -> usize {
    match config.shards {
        0 => affinity::allowed_cpus().map_or(1, |cpus| cpus.len()).clamp(1, crate::shard::txn::MAX_SHARDS),
        n => (n as usize).min(crate::shard::txn::MAX_SHARDS),
    }
}

/// Starts the thread that frees values away from the shards. It ends when all senders are gone.
///
/// # Errors
/// No more threads.
pub fn start_freeing() -> io::Result<(Sender<ToDrop>, JoinHandle<()>)> {
    let (sender, receiver): (Sender<ToDrop>, Receiver<ToDrop>) = channel();
    let free = move || {
        // Receiving drops what was received: that is the work.
        for garbage in receiver {
            drop(garbage);
        }
    };
    let thread = std::thread::Builder::new().name("bio_lazy_free".into()).spawn(free)?;
    Ok((sender, thread))
}

/// Starts all shards and returns when each has its ring. The listeners go to shard 0.
///
/// # Errors
/// The first reason, in words, for which a shard could not start.
pub fn start_shards(
    server: &Arc<Server>,
    wakes: &Arc<Wakes>,
    listeners: Vec<Socket>,
    freeing: &Sender<ToDrop>,
) -> Result<Vec<JoinHandle<io::Result<()>>>, String> {
    let n = server.shards;
    let (hub, vacancies) = Hub::<Ground>::new(n, Box::new(HubWaker(wakes.clone())));
    let cpus = pinning(&server.config.load(), n);
    let (ready, readies) = channel();
    let mut threads = Vec::with_capacity(n);
    let mut listeners = Some(listeners);
    for ((id, vacancy), mesh) in vacancies.into_iter().enumerate().zip(build_mesh(n)) {
        let (server, wakes, hub) = (server.clone(), wakes.clone(), hub.clone());
        let (ready, freeing) = (ready.clone(), freeing.clone());
        let listeners = if id == 0 { listeners.take().unwrap_or_default() } else { Vec::new() };
        let cpu = cpus.get(id).copied();
        let body = move || {
            if let Some(cpu) = cpu
                && let Err(error) = affinity::pin_to(cpu)
            {
                log!(Warning, "Shard {id} cannot be pinned to CPU {cpu}: {}", os_text(&error));
            }
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
            let mut shard =
                Shard::new(Parts { id, server, driver, vacancy, hub, mesh, wakes, seed, freeing });
            listeners.into_iter().for_each(|l| shard.listen(l));
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

/// The CPU of each shard, if shards are pinned and there is one for each.
fn pinning(config: &Config, shards: usize) -> Vec<usize> {
    let cpus = affinity::allowed_cpus().unwrap_or_default();
    if config.shard_pin && shards <= cpus.len() { cpus } else { Vec::new() }
}
