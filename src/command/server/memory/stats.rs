//! MEMORY STATS: the figures of INFO memory as a map.

use crate::base::numbers::fmt_f64;
use crate::command::server::info::Memory;
use crate::command::{Args, Ctx, Outcome, View};
use crate::resp::Out;

/// Pairs beside one per database with keys.
const PAIRS: usize = 27;

pub(super) fn stats(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    if let View::One(store) = &mut ctx.keys.view {
        ctx.server.publish(ctx.shard, store);
    }
    let memory = Memory::take(ctx.server);
    let out = &mut ctx.out;
    out.map(PAIRS + memory.tables.len());
    bytes(out, "peak.allocated", memory.peak);
    bytes(out, "total.allocated", memory.used);
    bytes(out, "startup.allocated", memory.startup);
    // Nothing is replicated yet.
    bytes(out, "replication.backlog", 0);
    bytes(out, "clients.slaves", 0);
    bytes(out, "clients.normal", memory.clients);
    for name in ["cluster.links", "aof.buffer", "lua.caches", "functions.caches"] {
        bytes(out, name, 0);
    }
    for (db, table) in &memory.tables {
        out.bulk(format!("db.{db}").as_bytes());
        out.map(3);
        bytes(out, "overhead.hashtable.main", *table);
        // Expiry times stand in the entries, and keys of a slot stand together in the main table.
        bytes(out, "overhead.hashtable.expires", 0);
        bytes(out, "overhead.hashtable.slot-to-keys", 0);
    }
    bytes(out, "overhead.total", memory.overhead);
    let keys = usize::try_from(memory.keys).unwrap_or(usize::MAX);
    bytes(out, "keys.count", keys);
    bytes(out, "keys.bytes-per-key", memory.net().checked_div(keys).unwrap_or(0));
    bytes(out, "dataset.bytes", memory.dataset());
    double(out, "dataset.percentage", memory.dataset_percent());
    double(out, "peak.percentage", memory.peak_percent());
    bytes(out, "allocator.allocated", memory.used);
    bytes(out, "allocator.active", memory.resident);
    bytes(out, "allocator.resident", memory.resident);
    double(out, "allocator-fragmentation.ratio", memory.fragmentation());
    signed(out, "allocator-fragmentation.bytes", memory.fragmentation_bytes());
    double(out, "allocator-rss.ratio", 1.0);
    bytes(out, "allocator-rss.bytes", 0);
    double(out, "rss-overhead.ratio", 1.0);
    bytes(out, "rss-overhead.bytes", 0);
    double(out, "fragmentation", memory.fragmentation());
    signed(out, "fragmentation.bytes", memory.fragmentation_bytes());
    Ok(())
}

fn bytes(out: &mut Out<'_>, name: &str, value: usize) {
    out.bulk(name.as_bytes());
    out.count(value);
}

fn signed(out: &mut Out<'_>, name: &str, value: i64) {
    out.bulk(name.as_bytes());
    out.int(value);
}

fn double(out: &mut Out<'_>, name: &str, value: f64) {
    out.bulk(name.as_bytes());
    out.double_text(&fmt_f64(value));
}
