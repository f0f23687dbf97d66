//! The replication stream: bytes by offset, in chunks that everybody who sends them shares.
//!
//! ```text
//!   first_offset                                             sealed        offset
//!        ▼                                                     ▼              ▼
//!        [ chunk 64 KiB ][ chunk 64 KiB ][ part ][ part ][part][ written here ]
//!                                        └── of one chunk ────────────────────┘
//! ```
//!
//! An offset counts the bytes before it, as Redis's `master_repl_offset` does. Bytes that were given out never change or
//! move: they are `Bytes`, so a slice is a reference count, and it outlives the trimming of what it came from. A chunk that
//! is asked for again and again while it fills becomes a row of parts; when it is full they are copied into one, so
//! that the row stays short however small the steps are.
//!
//! Owned by the log thread.

use super::{Item, Part};
use bytes::{BufMut, Bytes, BytesMut};
use std::collections::VecDeque;

/// Bytes of a chunk.
const CHUNK: usize = 64 * 1024;
/// Parts of one chunk from which on they are copied into one.
const PARTS: usize = 4;

const MULTI: &[u8] = b"*1\r\n$5\r\nMULTI\r\n";
const EXEC: &[u8] = b"*1\r\n$4\r\nEXEC\r\n";

/// The last bytes of the stream, by offset.
#[derive(Debug, Default)]
pub struct Stream {
    /// Sealed bytes, each with the offset at which it starts; gapless.
    chunks: VecDeque<(u64, Bytes)>,
    /// Where the chunk that fills began: parts from there on are of one chunk.
    parts_from: u64,
    /// Bytes behind the sealed ones.
    tail: BytesMut,
    /// Where the tail begins.
    sealed: u64,
    /// The database that the stream has selected; `None`: to be selected.
    db: Option<usize>,
}

impl Stream {
    /// An empty stream at `offset`.
    pub fn new(offset: u64) -> Stream {
        Stream { sealed: offset, parts_from: offset, ..Stream::default() }
    }

    /// Drops everything and goes on at `offset`, with no database selected.
    pub fn reset(&mut self, offset: u64) {
        *self = Stream::new(offset);
    }

    /// Bytes up to here: Redis's `master_repl_offset`.
    pub fn offset(&self) -> u64 {
        self.sealed + self.tail.len() as u64
    }

    /// The offset of the first byte that is still here.
    pub fn first_offset(&self) -> u64 {
        self.chunks.front().map_or(self.sealed, |(start, _)| *start)
    }

    /// Bytes that are still here.
    pub fn len(&self) -> u64 {
        self.offset() - self.first_offset()
    }

    /// Whether no byte is here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next effects are preceded by a SELECT, for a reader who begins here (Redis: replication.c `slaveseldb`).
    pub fn forget_db(&mut self) {
        self.db = None;
    }

    /// Appends an item of the merge with the SELECTs, MULTI and EXEC that it needs (Redis: server.c
    /// `propagatePendingCommands`, replication.c `replicationFeedSlaves`). A cut has no bytes.
    pub fn append_item(&mut self, item: &Item<'_>) {
        match item {
            Item::Singles(part) => self.append_part(part),
            Item::Unit(parts) => {
                self.append(MULTI);
                parts.iter().for_each(|part| self.append_part(part));
                self.append(EXEC);
            }
            Item::Cut(_) => {}
        }
    }

    fn append_part(&mut self, part: &Part<'_>) {
        if self.db != Some(part.db) {
            self.db = Some(part.db);
            let mut digits = itoa::Buffer::new();
            let mut select = Vec::with_capacity(32);
            let words: [&[u8]; 2] = [b"SELECT", digits.format(part.db).as_bytes()];
            crate::resp::Out::new(&mut select, crate::resp::Proto::V2).bulks(&words);
            self.append(&select);
        }
        self.append(part.bytes);
    }

    /// Appends bytes as they are: PING, GETACK, or the stream of a master.
    pub fn append(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.tail.capacity() - self.tail.len();
            if room == 0 {
                self.close_chunk();
                self.tail = BytesMut::with_capacity(CHUNK);
                continue;
            }
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.tail.put_slice(now);
            bytes = later;
        }
    }

    /// Makes what was written a part that can be given out.
    fn seal(&mut self) {
        if !self.tail.is_empty() {
            let part = self.tail.split().freeze();
            let start = self.sealed;
            self.sealed += part.len() as u64;
            self.chunks.push_back((start, part));
        }
    }

    /// Ends the chunk that fills.
    fn close_chunk(&mut self) {
        self.seal();
        self.tail = BytesMut::new();
        let first = self.chunks.partition_point(|(start, _)| *start < self.parts_from);
        if self.chunks.len() - first >= PARTS {
            let mut whole = BytesMut::with_capacity(CHUNK);
            let start = self.chunks.get(first).map_or(self.sealed, |(start, _)| *start);
            self.chunks.drain(first..).for_each(|(_, part)| whole.put_slice(&part));
            self.chunks.push_back((start, whole.freeze()));
        }
        self.parts_from = self.sealed;
    }

    /// Appends to `into` what lies behind `offset`, some more than `max` bytes at most, and returns how many bytes that
    /// were. `None`: the offset lies outside of what is here.
    pub fn read(&mut self, offset: u64, max: usize, into: &mut Vec<Bytes>) -> Option<usize> {
        if offset < self.first_offset() || offset > self.offset() {
            return None;
        }
        self.seal();
        let mut at = self.chunks.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
        let mut read = 0usize;
        while read < max
            && let Some((start, bytes)) = self.chunks.get(at)
        {
            let skip = usize::try_from(offset.saturating_sub(*start)).unwrap_or(usize::MAX).min(bytes.len());
            let slice = bytes.slice(skip..);
            if !slice.is_empty() {
                read = read.saturating_add(slice.len());
                into.push(slice);
            }
            at += 1;
        }
        Some(read)
    }

    /// Forgets what lies more than `keep_bytes` back, but nothing behind `pinned`, from which on somebody still reads.
    pub fn trim(&mut self, keep_bytes: u64, pinned: Option<u64>) {
        let keep_from = self.offset().saturating_sub(keep_bytes);
        let keep_from = pinned.map_or(keep_from, |pinned| pinned.min(keep_from));
        while let Some((start, bytes)) = self.chunks.front()
            && start + bytes.len() as u64 <= keep_from
        {
            self.chunks.pop_front();
        }
    }

    /// Bytes of memory that this takes, what readers still hold aside.
    pub fn memory(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(|(_, bytes)| bytes.len()).sum();
        chunks + self.tail.capacity() + self.chunks.capacity() * size_of::<(u64, Bytes)>()
    }
}
