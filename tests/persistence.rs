//! Data that outlives the process: files are loaded, written, damaged, and compared with Redis's.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

#[path = "persistence/aof_write.rs"]
mod aof_write;
#[path = "persistence/cuts.rs"]
mod cuts;
#[path = "persistence/damaged_manifest.rs"]
mod damaged_manifest;
#[path = "persistence/full_disk.rs"]
mod full_disk;
#[path = "persistence/kills.rs"]
mod kills;
#[path = "persistence/load_aof.rs"]
mod load_aof;
#[path = "persistence/load_bench.rs"]
mod load_bench;
#[path = "persistence/load_rdb.rs"]
mod load_rdb;
#[path = "persistence/load_support.rs"]
mod load_support;
#[path = "persistence/mutations.rs"]
mod mutations;
#[path = "persistence/rdb_check.rs"]
mod rdb_check;
#[path = "persistence/rdb_failures.rs"]
mod rdb_failures;
#[path = "persistence/rdb_save.rs"]
mod rdb_save;
#[path = "persistence/rdb_support.rs"]
mod rdb_support;
mod support;
