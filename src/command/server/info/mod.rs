//! INFO: the text of the sections that are asked for (server.c `genRedisInfoString`), a file per section.
//!
//! Every number is read when it is printed, from counters that other threads keep writing: sums over shards may be a turn
//! apart from each other.

mod clients;
mod commandstats;
mod cpu;
mod keyspace;
mod memory;
mod persistence;
mod process;
mod replication;
mod server;
mod shards;
mod stats;

pub(super) use commandstats::histogram;
pub(super) use memory::Memory;

use crate::command::{Args, Ctx, Outcome, Server, View, args};
use crate::config::Config;
use crate::observe::{Counter, ShardStats};
use std::fmt::Write as _;
use std::sync::Arc;

/// What sections are written from.
pub(super) struct Facts<'a> {
    server: &'a Server,
    config: Arc<Config>,
    /// Unix time in milliseconds.
    now_ms: i64,
}

impl Facts<'_> {
    /// A counter summed over shards.
    fn sum(&self, counter: impl Fn(&ShardStats) -> &Counter) -> u64 {
        self.server.stats.iter().fold(0, |sum, shard| sum.wrapping_add(counter(shard).get()))
    }
}

/// The lines of one section.
#[derive(Default)]
pub(super) struct Lines(String);

impl Lines {
    /// `name:value`.
    fn put(&mut self, name: &str, value: impl std::fmt::Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{name}:{value}\r\n");
    }

    /// Several fields that are zero on this server.
    fn zero(&mut self, names: &[&str]) {
        names.iter().for_each(|name| self.put(name, 0));
    }

    /// A number with two decimals.
    fn put_2(&mut self, name: &str, value: f64) {
        self.put(name, format_args!("{value:.2}"));
    }
}

/// When a section is printed without being named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rank {
    /// By INFO without words, and by `all`.
    Default,
    /// By `all` and `everything`.
    All,
    /// Never.
    Named,
}

struct Section {
    name: &'static str,
    title: &'static str,
    rank: Rank,
    write: fn(&Facts<'_>, &mut Lines),
}

/// Sections in the order in which they are printed.
const SECTIONS: &[Section] = &[
    Section { name: "server", title: "Server", rank: Rank::Default, write: server::write },
    Section { name: "clients", title: "Clients", rank: Rank::Default, write: clients::write },
    Section { name: "memory", title: "Memory", rank: Rank::Default, write: memory::write },
    Section { name: "persistence", title: "Persistence", rank: Rank::Default, write: persistence::write },
    Section { name: "stats", title: "Stats", rank: Rank::Default, write: stats::write },
    Section { name: "replication", title: "Replication", rank: Rank::Default, write: replication::write },
    Section { name: "cpu", title: "CPU", rank: Rank::Default, write: cpu::write },
    // There are no modules, so nothing stands under this title.
    Section { name: "modules", title: "Modules", rank: Rank::Default, write: |_, _| () },
    Section { name: "commandstats", title: "Commandstats", rank: Rank::All, write: commandstats::calls },
    Section { name: "errorstats", title: "Errorstats", rank: Rank::Default, write: commandstats::errors },
    Section { name: "latencystats", title: "Latencystats", rank: Rank::All, write: commandstats::latencies },
    Section {
        name: "cluster",
        title: "Cluster",
        rank: Rank::Default,
        write: |_, lines| lines.put("cluster_enabled", 0),
    },
    Section { name: "keyspace", title: "Keyspace", rank: Rank::Default, write: keyspace::write },
    Section { name: "shards", title: "Shards", rank: Rank::All, write: shards::write },
    Section { name: "debug", title: "Debug", rank: Rank::Named, write: stats::debug },
];

/// Whether the words of an INFO ask for a section (server.c `genInfoSectionDict`).
fn wanted(section: &Section, words: Args<'_>) -> bool {
    let asks = |word: &&[u8]| match () {
        () if args::is(word, "default") => section.rank == Rank::Default,
        () if args::is(word, "all") || args::is(word, "everything") => section.rank != Rank::Named,
        () => args::is(word, section.name) || (section.name == "modules" && args::is(word, "module_list")),
    };
    if words.is_empty() { section.rank == Rank::Default } else { words.iter().any(asks) }
}

/// INFO.
pub(super) fn info(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    // What this very connection did before must be in the figures.
    if let View::One(store) = &mut ctx.keys.view {
        ctx.server.publish(ctx.shard, store);
    }
    let facts = Facts { server: ctx.server, config: ctx.server.config.load_full(), now_ms: ctx.keys.now_ms };
    let text = text(&facts, argv.get(1..).unwrap_or_default());
    ctx.out.verbatim("txt", text.as_bytes());
    Ok(())
}

/// The sections that `words` ask for, an empty line between them.
fn text(facts: &Facts<'_>, words: Args<'_>) -> String {
    let mut lines = Lines::default();
    for section in SECTIONS.iter().filter(|section| wanted(section, words)) {
        if !lines.0.is_empty() {
            lines.0.push_str("\r\n");
        }
        let _ = write!(lines.0, "# {}\r\n", section.title);
        (section.write)(facts, &mut lines);
    }
    lines.0
}

#[cfg(test)]
mod tests;
