//! Client side caching: which clients may hold which keys, and what tells them that a key changed (Redis: tracking.c).
//!
//! A key is remembered by the store that owns it, with the clients that have read it and their home shards; a change
//! puts an invalidation per client into the store's outbox. It leaves the shard *after* the replies of the same turn, so
//! that no client gets it ahead of the value that it makes stale (docs/pubsub.md).

mod shared;
mod table;

pub use shared::{Listener, Shared};
pub use table::Table;

use super::Name;
use std::sync::Arc;

/// What clients are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// One key.
    Key(Name),
    /// Several, as a RESP array of bulk strings.
    Keys(Arc<[u8]>),
    /// All keys.
    All,
}

/// An invalidation as a store's commands leave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// To a client that has read the key.
    Key {
        /// The client.
        client: u64,
        /// Its shard.
        home: usize,
        /// The key.
        key: Name,
        /// The client changed the key itself (NOLOOP).
        own: bool,
    },
    /// A flush; each shard leaves one for each flush that it took part in.
    Flush,
}

/// An invalidation on its way to a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arriving {
    /// To a client of that shard, or to where it redirects.
    To {
        /// The client.
        client: u64,
        /// What.
        what: Invalid,
        /// The client tracks prefixes (BCAST).
        broadcast: bool,
        /// See [`Leaving::Key`].
        own: bool,
    },
    /// To a client of that shard, which another client redirects to.
    Redirected {
        /// The client that is told.
        client: u64,
        /// What.
        what: Invalid,
    },
    /// This shard took part in a flush. When all have said so, all keys of the receiver's clients are stale.
    Flush(usize),
}

impl Arriving {
    /// What it counts for where messages pile up.
    pub fn cost(&self) -> usize {
        let bytes = match self {
            Arriving::To { what: Invalid::Key(key), .. }
            | Arriving::Redirected { what: Invalid::Key(key), .. } => key.len(),
            _ => 0,
        };
        bytes.saturating_add(96)
    }
}
