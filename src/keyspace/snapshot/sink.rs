//! What a snapshot is asked for and what it gives: the cut, blocks of records, and where they go.

use super::Encode;
use std::sync::Arc;

/// What a snapshot is begun with.
pub struct Cut {
    /// Its number, the same on every shard.
    pub id: u64,
    /// How records are written.
    pub encode: Arc<dyn Encode>,
    /// Where they go.
    pub sink: Box<dyn Sink>,
}

/// What there was at the cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The databases that have keys, by index.
    pub dbs: Vec<Counted>,
    /// The version of the RDB format that the records need at most.
    pub needs_version: u16,
}

/// The size of one database (RESIZEDB of an RDB file).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its index.
    pub db: usize,
    /// Its keys.
    pub keys: u64,
    /// Those of them that expire.
    pub expires: u64,
}

/// A piece of a snapshot: whole records, or a piece of one. Around [`BLOCK_BYTES`](super::BLOCK_BYTES) long, longer by the
/// longest key or the longest string of a collection at most.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// Index of the database at the cut.
    pub db: usize,
    /// Records back to back. May be empty only if it ends a record.
    pub bytes: Vec<u8>,
    /// Records that end in it.
    pub keys: u64,
    /// Its last record goes on in this shard's next block.
    pub continues: bool,
}

/// Where the blocks of one shard's snapshot go. Called on the thread that holds the store, between commands; must not wait.
pub trait Sink: Send {
    /// Takes a block. Comes only while there is [room](Sink::has_room).
    fn block(&mut self, block: Block);

    /// Whether there is room for another. Who makes room again wakes the shard.
    fn has_room(&self) -> bool;

    /// Nothing more comes, and the store is ready for the next snapshot. Called once.
    fn end(&mut self, end: End);
}

/// How a snapshot ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Every record was handed over.
    Complete,
    /// It was cancelled; some were not.
    Cancelled,
}

/// What a step led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is more to do.
    More,
    /// There is, but the sink has no room.
    NoRoom,
    /// The snapshot is over, or there is none.
    Done,
}
