//! The cut: one moment of all shards, at which each begins a snapshot of its store; and the funnel through which their
//! blocks come to the log core.
//!
//! A cut is a class-I transaction over all shards, so it stands at one place in the order of everything that shards do: what
//! was done before it on any shard is in the snapshot, what came after it is not, and no reply tells of the one without the
//! other.
//!
//! There is one snapshot at a time. Blocks of a shard come in the order in which it made them.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `pieces`, `filled` | shards | the log core | per block, under the lock |
//! | `queued[i]` | shard `i` adds, the log core subtracts, and zeroes between snapshots | shard `i` | per block |
//! | `running` | the log core | the log core | per block |

use crate::command::Server;
use crate::keyspace::snapshot::{Begun, Block, Cut, Encode, End, Sink};
use crate::shard::Ground;
use crate::shard::txn::Fragments;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of one shard's blocks that may lie here before the shard waits with the next.
const ROOM_BYTES: usize = 4 << 20;

/// A shard at the cut.
#[derive(Debug)]
pub struct AtCut {
    /// What there was.
    pub begun: Begun,
    /// Changes that its dataset had seen since the server started.
    pub dirty: u64,
    /// The texts of the libraries of functions; one shard tells them.
    pub functions: Option<Vec<Vec<u8>>>,
}

/// What a shard hands over.
#[derive(Debug)]
pub enum Piece {
    /// The cut was reached; what there was at it. Comes before everything else of the shard.
    Begun(AtCut),
    /// The next block.
    Block(Block),
    /// Nothing more comes of this shard.
    End,
}

/// Where all shards' pieces come together.
pub struct Funnel {
    server: Arc<Server>,
    filled: AtomicBool,
    pieces: Mutex<Vec<(u64, usize, Piece)>>,
    queued: Box<[AtomicUsize]>,
    /// The number of the last snapshot that began.
    running: AtomicU64,
}

impl Funnel {
    /// An empty one.
    pub fn new(server: Arc<Server>) -> Funnel {
        let queued = (0..server.shards).map(|_| AtomicUsize::new(0)).collect();
        Funnel {
            server,
            filled: AtomicBool::new(false),
            pieces: Mutex::default(),
            queued,
            running: AtomicU64::new(0),
        }
    }

    /// Whether there is something to take.
    pub fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Acquire)
    }

    /// Takes everything: number of the snapshot, shard, piece. Of each shard in its order.
    pub fn take(&self) -> Vec<(u64, usize, Piece)> {
        if !self.is_filled() {
            return Vec::new();
        }
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        self.filled.store(false, Ordering::Release);
        std::mem::take(&mut *pieces)
    }

    /// Bytes of all shards' blocks that lie here.
    pub fn queued_bytes(&self) -> usize {
        self.queued.iter().map(|queued| queued.load(Ordering::Relaxed)).sum()
    }

    /// Snapshot `id` is about to begin, and all shards have ended the one before: nothing of that counts any more, also not
    /// what its job gave up with.
    pub fn begin(&self, id: u64) {
        self.running.store(id, Ordering::Relaxed);
        self.queued.iter().for_each(|queued| queued.store(0, Ordering::Release));
    }

    /// The log core is done with a block of `bytes` bytes of `shard`, which may wait for room, in snapshot `id`.
    pub fn done(&self, id: u64, shard: usize, bytes: usize) {
        let Some(queued) = self.queued.get(shard) else { return };
        if self.running.load(Ordering::Relaxed) != id {
            return;
        }
        let before = queued.fetch_sub(bytes, Ordering::AcqRel);
        if before >= ROOM_BYTES && before.saturating_sub(bytes) < ROOM_BYTES {
            self.server.wake(shard);
        }
    }

    fn put(&self, id: u64, shard: usize, piece: Piece) {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner).push((id, shard, piece));
        self.filled.store(true, Ordering::Release);
        self.server.wake(self.server.log_core());
    }
}

/// One shard's end of the funnel.
struct Inlet {
    id: u64,
    shard: usize,
    funnel: Arc<Funnel>,
}

impl Sink for Inlet {
    fn block(&mut self, block: Block) {
        if let Some(queued) = self.funnel.queued.get(self.shard) {
            queued.fetch_add(block.bytes.len(), Ordering::AcqRel);
        }
        self.funnel.put(self.id, self.shard, Piece::Block(block));
    }

    fn has_room(&self) -> bool {
        self.funnel.queued.get(self.shard).is_none_or(|queued| queued.load(Ordering::Acquire) < ROOM_BYTES)
    }

    fn end(&mut self, _: End) {
        self.funnel.put(self.id, self.shard, Piece::End);
    }
}

/// What a cut does to the journals before it marks them; those that are on then have the mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Journals {
    /// They stay as they are.
    Stay,
    /// They record from here on.
    On,
    /// Nobody needs them any more: what was done before the cut is still published.
    Off,
}

/// The transaction that makes a cut without a snapshot.
pub struct MarkWork {
    /// Its number.
    pub id: u64,
    /// What becomes of the journals.
    pub journals: Journals,
}

impl Fragments<Ground> for MarkWork {
    fn fragment(&self, _: usize, ground: &mut Ground) {
        mark(ground, self.id, self.journals);
    }
}

/// Marks the cut `id` in a shard's journal; what the shard did before is published first.
fn mark(ground: &mut Ground, id: u64, journals: Journals) {
    let Ground { store, server, .. } = ground;
    if journals == Journals::On && !store.journal.is_on() {
        store.journal.switch(true);
    }
    if store.journal.cut(id, server.shards) {
        server.wake_log_core();
    }
    if journals == Journals::Off {
        store.journal.switch(false);
    }
}

/// The transaction that makes the cut.
pub struct CutWork {
    /// The snapshot's number.
    pub id: u64,
    /// What becomes of the journals.
    pub journals: Journals,
    /// How its records are written.
    pub encode: Arc<dyn Encode>,
    /// Where its blocks go.
    pub funnel: Arc<Funnel>,
}

impl Fragments<Ground> for CutWork {
    fn fragment(&self, shard: usize, ground: &mut Ground) {
        mark(ground, self.id, self.journals);
        let sink = Box::new(Inlet { id: self.id, shard, funnel: self.funnel.clone() });
        let begun = ground.store.begin_snapshot(Cut { id: self.id, encode: self.encode.clone(), sink });
        let published = ground.server.stats.get(shard).map_or(0, |stats| stats.dirty.get());
        let functions = (shard == 0).then(|| {
            ground.server.scripting.shelf.with(|all| all.iter().map(|library| library.code.clone()).collect())
        });
        let dirty = published.wrapping_add(ground.store.stats.dirty);
        self.funnel.put(self.id, shard, Piece::Begun(AtCut { begun, dirty, functions }));
    }
}

/// Gives the running snapshot of every shard up, if it is still the one with this number.
pub struct CancelWork {
    /// The snapshot's number.
    pub id: u64,
}

impl Fragments<Ground> for CancelWork {
    fn fragment(&self, _: usize, ground: &mut Ground) {
        if ground.store.snapshot_id() == Some(self.id) {
            ground.store.cancel_snapshot();
        }
    }
}
