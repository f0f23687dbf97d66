//! INFO keyspace: databases that hold keys.

use super::{Facts, Lines};
use crate::observe::DbStats;
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write(facts: &Facts<'_>, lines: &mut Lines) {
    let databases = facts.server.stats.first().map_or(0, |shard| shard.keys.len());
    for db in 0..databases {
        let of_shards: Vec<&DbStats> =
            facts.server.stats.iter().filter_map(|shard| shard.keys.get(db)).collect();
        let keys: u64 = of_shards.iter().map(|db| db.keys.get()).sum();
        let expires: u64 = of_shards.iter().map(|db| db.expires.get()).sum();
        // Each shard knows the average of its own: keys with an expiry time are the weights.
        let weighted = |db: &&DbStats| i128::from(db.avg_ttl_ms.load(Relaxed)) * i128::from(db.expires.get());
        let total_ms: i128 = of_shards.iter().map(weighted).sum();
        let average_ms = total_ms.checked_div(i128::from(expires)).unwrap_or(0);
        if keys > 0 {
            lines.put(&format!("db{db}"), format_args!("keys={keys},expires={expires},avg_ttl={average_ms}"));
        }
    }
}
