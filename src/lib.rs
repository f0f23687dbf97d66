//! Shoal: a Redis-compatible in-memory data server that owns one slot range per core.
//!
//! The rooms, in the order in which a request meets them. Arrows point down the levels only
//! (`tests/tidy.rs` holds them): L0 `base`, `io` · L1 `resp`, `data` · L2 `keyspace`, `journal`, `config`, `pubsub`,
//! `script`, `acl`, `persist`, `replication` ·
//! L3 `command`, `observe` · L4 `shard`, `load`, `log_core`, `tools` · L5 `control`.

pub mod acl;
pub mod base;
pub mod command;
pub mod config;
pub mod control;
pub mod data;
pub mod io;
pub mod journal;
pub mod keyspace;
pub mod load;
pub mod log_core;
pub mod observe;
pub mod persist;
pub mod pubsub;
pub mod replication;
pub mod resp;
pub mod script;
pub mod shard;
pub mod tools;

/// Every allocation is counted, per thread: `used_memory` and `maxmemory` rest on it.
#[global_allocator]
static ALLOCATOR: base::alloc::Counting = base::alloc::Counting;
