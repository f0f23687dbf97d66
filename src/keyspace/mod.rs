//! L2: databases of one shard: entries, expiry, eviction, watched keys.
