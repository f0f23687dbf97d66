//! MEMORY and its subcommands (object.c `memoryCommand`).

mod doctor;
mod stats;
mod usage;

pub(in crate::command::server) use usage::TABLE_SHARE;

use crate::command::meta::server as meta;
use crate::command::{Args, Ctx, Outcome, Route, Row, help};

/// Rows of the subcommands.
pub static ROWS: &[Row] = &[
    Row::new(&meta::MEMORY_DOCTOR, Route::Home, doctor::doctor),
    Row::new(&meta::MEMORY_HELP, Route::Home, help),
    Row::new(&meta::MEMORY_MALLOC_STATS, Route::Home, malloc_stats),
    Row::new(&meta::MEMORY_PURGE, Route::Home, purge),
    Row::new(&meta::MEMORY_STATS, Route::Home, stats::stats),
    usage::USAGE,
];

/// What Redis says when its allocator keeps no statistics; ours keeps the counters that INFO memory shows.
fn malloc_stats(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.out.bulk(b"Stats not supported for the current allocator");
    Ok(())
}

/// Gives back what this shard's heap keeps without using it; other shards' heaps are their own.
fn purge(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    crate::base::alloc::purge();
    ctx.out.ok();
    Ok(())
}

fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    help::reply(
        &mut ctx.out,
        "MEMORY",
        &[
            "DOCTOR",
            "    Return memory problems reports.",
            "MALLOC-STATS",
            "    Return internal statistics report from the memory allocator.",
            "PURGE",
            "    Attempt to purge dirty pages for reclamation by the allocator.",
            "STATS",
            "    Return information about the memory usage of the server.",
            "USAGE <key> [SAMPLES <count>]",
            "    Return memory in bytes used by <key> and its value. Nested values are",
            "    sampled up to <count> times (default: 5, 0 means sample all).",
        ],
    );
    Ok(())
}

#[cfg(test)]
mod tests;
