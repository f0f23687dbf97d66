//! L2: Lua 5.1 scripts and functions as Redis 7.2 runs them, apart from the commands that they call.
//!
//! ```text
//! command/scripting ──► engine (a thread's Lua states) ──► ffi (the C interface, the only unsafe)
//!                         │ texts: cache, library           │ natives: sandbox, api, json, msgpack, structs, bits, random
//!                         └ values: reply                   └ Host: what a script asks of the server
//! ```
//!
//! Nothing here knows shards, stores or the command table: `Host` is the seam. A state belongs to its thread; what
//! threads share are the texts of scripts (`cache`) and libraries (`library`).

mod api;
mod bits;
pub mod cache;
pub mod engine;
mod env;
mod ffi;
pub mod flags;
mod general;
mod host;
mod json;
pub mod library;
mod msgpack;
mod random;
mod reply;
pub mod running;
mod sandbox;
mod structs;

pub use cache::{Cache, Placement, Script};
pub use flags::Flags;
pub use host::{Host, LogLevel, Registered};
pub use library::{Function, Libraries, Library, Shelf};

use std::sync::atomic::{AtomicUsize, Ordering};

/// Everything about scripts that the shards of a server share.
pub struct Scripting {
    /// Scripts.
    pub cache: Cache,
    /// Function libraries.
    pub shelf: Shelf,
    /// Scripts that run for long.
    pub desk: running::Desk,
    /// Bytes of each shard's Lua states: of scripts, of functions. Its shard writes, INFO reads.
    memory: Box<[(AtomicUsize, AtomicUsize)]>,
}

impl Scripting {
    /// Of a server of `shards` shards.
    pub fn new(shards: usize) -> Scripting {
        Scripting {
            cache: Cache::default(),
            shelf: Shelf::default(),
            desk: running::Desk::default(),
            memory: (0..shards).map(|_| Default::default()).collect(),
        }
    }

    /// A run on the thread of `shard` ended: shows others what its Lua states hold.
    pub fn publish_memory(&self, shard: usize) {
        if let Some((scripts, functions)) = self.memory.get(shard) {
            let (of_scripts, of_functions) = engine::memory();
            scripts.store(of_scripts, Ordering::Relaxed);
            functions.store(of_functions, Ordering::Relaxed);
        }
    }

    /// Bytes that Lua holds on all shards: for scripts, for functions.
    pub fn memory(&self) -> (usize, usize) {
        self.memory.iter().fold((0, 0), |(a, b), (scripts, functions)| {
            (a + scripts.load(Ordering::Relaxed), b + functions.load(Ordering::Relaxed))
        })
    }
}
