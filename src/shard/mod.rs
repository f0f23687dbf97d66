//! L4: the shard: its loop, routing, transactions over shards, connections.

pub mod txn;
