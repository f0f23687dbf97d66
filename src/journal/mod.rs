//! L2: what writing commands did, as deterministic commands, from the shards that ran them to one stream.
//!
//! ```text
//!   shard thread                                          log thread
//!   handler ─ effect ─► Journal ── publish ──► ring ──►   Tap ─► Merge ─► Item ─┬─► Stream: offsets, backlog, replicas
//!                       units      one stamp              by stamp, below       └─► append-only file
//!                                  per batch              the watermark
//! ```
//!
//! - `record.rs`: [`Journal`], one per store: effects, grouped in units, until they are published.
//! - `ring.rs`: [`Clock`], [`Port`], [`Tap`]: stamps, the rings, the watermark. Every cross-thread field is there.
//! - `merge.rs`: [`Merge`]: batches of all shards in one order. Pure.
//! - `stream.rs`: [`Stream`]: bytes by replication offset.
//!
//! Every writing handler states its effect: the commands that, run in this order on an equal dataset, give the same
//! dataset whenever and wherever they run (absolute expiry times, results instead of arithmetic on floats, expiry and
//! eviction as deletions). While nobody needs the journal it is off, and stating an effect costs one branch.
//!
//! `docs/journal.md` argues why the order is right. Invariants:
//! - A shard publishes before anything of what it executed can leave it, so a reply that precedes a request has the smaller
//!   stamp.
//! - The stamps of one ring ascend.
//! - What one command, script or EXEC did comes out in one piece.

mod merge;
mod record;
mod ring;
mod stream;
mod sync;
#[cfg(test)]
mod taken;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

pub use merge::{Item, Merge, Part};
pub use record::{Journal, fresh_transaction, gather};
pub use ring::{Clock, Port, Tap, rings};
pub use stream::Stream;
#[cfg(test)]
pub use taken::{Run, Taken};

/// Effects that one shard has published together.
#[derive(Debug, Default)]
pub struct Batch {
    /// Its place among all batches of all shards; never given twice.
    pub stamp: u64,
    /// What it is a part of.
    pub what: What,
    /// The commands as RESP arrays of bulk strings, back to back.
    pub bytes: Vec<u8>,
    /// How the bytes divide.
    pub pieces: Vec<Piece>,
}

/// What a batch is a part of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// Nothing: units that are complete by themselves.
    #[default]
    Effects,
    /// One shard's part, perhaps empty, of a transaction of independent fragments. All parts are one unit.
    Fragment {
        /// The transaction, a number of [`fresh_transaction`].
        txn: u64,
        /// Shards that take part.
        parts: usize,
    },
    /// One shard's mark of a cut through all shards. It has no effects.
    Cut {
        /// The cut, as whoever made it numbers them.
        id: u64,
        /// Shards that take part: all.
        parts: usize,
    },
}

/// Effects of a batch on one database that lie together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Database index.
    pub db: usize,
    /// Effects.
    pub effects: usize,
    /// Bytes.
    pub len: usize,
    /// How they belong to units.
    pub joint: Joint,
    /// Whom they are for.
    pub audience: Audience,
}

/// How the effects of a [`Piece`] belong to units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    /// Each is a unit.
    Singles,
    /// They belong to a unit that goes on with the next piece.
    Part,
    /// They end a unit: with the parts before them, if there are any.
    End,
}

/// Whom effects are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody: they change the dataset.
    All,
    /// Replicas alone: published messages, which leave no trace in the dataset (Redis: pubsub.c `publishCommand`,
    /// PROPAGATE_REPL).
    Replicas,
}
