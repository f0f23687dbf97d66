//! One snapshot as the bytes of an RDB file: the base of RDB files, of append-only files and of full synchronizations.
//!
//! ```text
//!  pieces of all shards, as they come ──► Image ──► chunks of the file, in its order ──► who writes them
//!                                           ▲                                               │
//!                                           └──── Funnel::done, when a chunk is written ◄───┘
//! ```
//!
//! The file begins when every shard has passed the cut, since its head says what all of them hold; pieces that come
//! before that wait here. So do pieces that come while another shard's record is not whole. Both count as queued of their
//! shard, which bounds them; and they count by shard, so the one whose record is open is never stopped by the others.

use super::cut::{AtCut, Piece};
use crate::base::alloc;
use crate::config::Config;
use crate::keyspace::Eviction;
use crate::keyspace::snapshot::{Block, RdbRecords, UseMarks};
use crate::persist::rdb::file::{self, Assembler, Chunk, DbSize, Preamble, ReplicationPoint, Style};
use std::collections::VecDeque;

/// What an image is for.
#[derive(Clone, Debug, Default)]
pub struct Purpose {
    /// It is the base of an append-only file.
    pub is_aof_base: bool,
    /// Where the dataset stands in its history, if that is known.
    pub replication: Option<ReplicationPoint>,
}

/// The image of a snapshot that runs.
#[derive(Debug)]
pub struct Image {
    purpose: Purpose,
    style: Style,
    /// Unix time of the cut in milliseconds.
    now_ms: i64,
    shards: usize,
    cuts: Vec<AtCut>,
    waiting: VecDeque<(usize, Block)>,
    file: Option<Assembler>,
    /// Shards that have nothing more.
    ended: usize,
    complete: bool,
    awaits_place: bool,
    keys: u64,
}

impl Image {
    /// The image of a snapshot of `shards` shards that is begun now.
    pub fn new(purpose: Purpose, config: &Config, shards: usize, now_ms: i64) -> Image {
        Image {
            purpose,
            style: Style { checksum: config.rdbchecksum, compress: config.rdbcompression },
            now_ms,
            shards,
            cuts: Vec::new(),
            waiting: VecDeque::new(),
            file: None,
            ended: 0,
            complete: false,
            awaits_place: false,
            keys: 0,
        }
    }

    /// Nothing comes out before [`Image::place`] was called.
    pub fn await_place(&mut self) {
        self.awaits_place = true;
    }

    /// Whether nothing more is to be learnt of where the dataset stood.
    pub fn is_placed(&self) -> bool {
        !self.awaits_place
    }

    /// Says where the dataset stood in its history.
    pub fn place(&mut self, point: ReplicationPoint) {
        self.purpose.replication = Some(point);
        self.awaits_place = false;
    }

    /// Ends it before it is complete: bytes that lie here, with the shards that gave them.
    pub fn give_up(self) -> Vec<(usize, usize)> {
        let here = self.waiting.iter().map(|(shard, block)| (*shard, block.bytes.len()));
        let there = self.file.iter().flat_map(Assembler::held);
        here.chain(there).collect()
    }

    /// A shard handed over a piece.
    pub fn take(&mut self, shard: usize, piece: Piece) {
        match piece {
            Piece::Begun(cut) => self.cuts.push(cut),
            Piece::Block(block) => self.waiting.push_back((shard, block)),
            Piece::End => self.ended += 1,
        }
    }

    /// Puts out what of the file can come now. `may_go_on` is told how many keys came out each time and says whether
    /// more may. Returns whether the file is complete.
    pub fn advance(&mut self, out: &mut Vec<Chunk>, may_go_on: &mut dyn FnMut(u64) -> bool) -> bool {
        if self.complete || self.awaits_place || !self.is_cut() {
            return self.complete;
        }
        if self.file.is_none() {
            self.begin(out);
        }
        let mut going = may_go_on(0);
        while going && let Some((shard, block)) = self.waiting.pop_front() {
            let Block { db, bytes, keys, continues } = block;
            if let Some(file) = &mut self.file {
                file.push(shard, file::Piece { db, bytes, continues }, out);
            }
            self.keys += keys;
            going = may_go_on(keys);
        }
        if going && self.ended == self.shards {
            self.complete = true;
            // No record can be unfinished: a shard that has ended has given all of it.
            let ended = self.file.take().map(|file| file.end(out));
            debug_assert!(matches!(ended, Some(Ok(_))));
        }
        self.complete
    }

    fn begin(&mut self, out: &mut Vec<Chunk>) {
        let mut dbs: Vec<DbSize> = Vec::new();
        for counted in self.cuts.iter().flat_map(|cut| &cut.begun.dbs) {
            if dbs.len() <= counted.db {
                dbs.resize(counted.db + 1, DbSize::default());
            }
            if let Some(size) = dbs.get_mut(counted.db) {
                size.keys += counted.keys;
                size.expires += counted.expires;
            }
        }
        let preamble = Preamble {
            version: self.cuts.iter().map(|cut| cut.begun.needs_version).max().unwrap_or(0),
            ctime_s: self.now_ms.div_euclid(1000),
            used_memory: alloc::used_memory() as u64,
            replication: self.purpose.replication.take(),
            is_aof_base: self.purpose.is_aof_base,
            functions: self.cuts.iter_mut().find_map(|cut| cut.functions.take()).unwrap_or_default(),
        };
        self.file = Some(Assembler::begin(&preamble, self.style, &dbs, out));
    }

    /// Whether every shard has passed the cut.
    pub fn is_cut(&self) -> bool {
        self.cuts.len() == self.shards
    }

    /// Keys that came out.
    pub fn keys(&self) -> u64 {
        self.keys
    }

    /// Keys that there were at the cut, as far as shards have passed it.
    pub fn keys_total(&self) -> u64 {
        self.cuts.iter().flat_map(|cut| &cut.begun.dbs).map(|counted| counted.keys).sum()
    }

    /// Changes that the dataset had seen at the cut; known once every shard has passed it.
    pub fn dirty_at_cut(&self) -> Option<u64> {
        self.is_cut().then(|| self.cuts.iter().fold(0u64, |sum, cut| sum.wrapping_add(cut.dirty)))
    }
}

/// How the records of a file are written.
pub fn records(config: &Config, now_ms: i64) -> RdbRecords {
    let policy = Eviction::from_name(config.maxmemory_policy.as_str()).unwrap_or_default();
    RdbRecords {
        compress: config.rdbcompression,
        marks: UseMarks::under(policy),
        now_ms,
        policy: crate::shard::policy_of(config),
    }
}
