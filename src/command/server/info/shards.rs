//! INFO shards, Shoal's own: how the work is spread.

use super::{Facts, Lines};

const NS_PER_US: u64 = 1_000;

pub(super) fn write(facts: &Facts<'_>, lines: &mut Lines) {
    for (shard, stats) in facts.server.stats.iter().enumerate() {
        let keys: u64 = stats.keys.iter().map(|db| db.keys.get()).sum();
        lines.put(
            &format!("shard{shard}"),
            format_args!(
                "connections={},commands={},remote={},keys={keys},turns={},busy_usec={},net_in={},net_out={}",
                facts.server.connections_of(shard),
                stats.processed.get(),
                stats.remote.get(),
                stats.turns.get(),
                stats.turn_nanos.get() / NS_PER_US,
                stats.net_in.get(),
                stats.net_out.get(),
            ),
        );
    }
}
