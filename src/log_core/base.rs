//! The base of an append-only file on its way to the disk: a snapshot, as an RDB file or as commands, appended to a temporary
//! file and synced.

use super::cut::{AtCut, Funnel, Piece};
use super::image::Image;
use super::save::delay_ns;
use crate::io::{FileEvent, FileId, Files};
use crate::keyspace::snapshot::Block;
use crate::log;
use crate::persist::aof::base::CommandFile;
use crate::persist::rdb::file::{self, Chunk};
use std::collections::VecDeque;
use std::io;

/// Bytes after which what was written is synced, so that the last sync is short (server.h REDIS_AUTOSYNC_BYTES).
const SYNC_BYTES: usize = 4 << 20;

/// How the dataset is written.
pub(super) enum Form {
    Rdb(Box<Image>),
    Commands(Listing),
}

/// The dataset as commands.
pub(super) struct Listing {
    stamp_s: Option<i64>,
    shards: usize,
    cuts: Vec<AtCut>,
    waiting: VecDeque<(usize, Block)>,
    file: Option<CommandFile>,
    ended: usize,
}

impl Form {
    /// As commands; `stamp_s`: the time to be noted.
    pub(super) fn commands(stamp_s: Option<i64>, shards: usize) -> Form {
        let (cuts, waiting) = (Vec::new(), VecDeque::new());
        Form::Commands(Listing { stamp_s, shards, cuts, waiting, file: None, ended: 0 })
    }
}

impl Listing {
    fn take(&mut self, shard: usize, piece: Piece) {
        match piece {
            Piece::Begun(cut) => self.cuts.push(cut),
            Piece::Block(block) => self.waiting.push_back((shard, block)),
            Piece::End => self.ended += 1,
        }
    }

    /// As [`Image::advance`].
    fn advance(&mut self, out: &mut Vec<Chunk>, may_go_on: &mut dyn FnMut(u64) -> bool) -> bool {
        if self.cuts.len() < self.shards {
            return false;
        }
        let (cuts, stamp_s) = (&mut self.cuts, self.stamp_s);
        let file = self.file.get_or_insert_with(|| {
            let functions = cuts.iter_mut().find_map(|cut| cut.functions.take()).unwrap_or_default();
            let mut head = Vec::new();
            let file = CommandFile::begin(stamp_s, &functions, &mut head);
            out.push(Chunk { bytes: head, from: None });
            file
        });
        let mut going = may_go_on(0);
        let mut given = Vec::new();
        while going && let Some((shard, block)) = self.waiting.pop_front() {
            let Block { db, bytes, keys, continues } = block;
            file.push(shard, file::Piece { db, bytes, continues }, &mut given);
            going = may_go_on(keys);
        }
        out.extend(given.into_iter().map(|(bytes, from)| Chunk { bytes, from: Some(from) }));
        going && self.ended == self.shards && file.is_whole()
    }
}

/// See the head.
pub(super) struct Base {
    id: u64,
    form: Form,
    file: FileId,
    syncs_often: bool,
    /// Of every append that is not over, whose bytes it writes.
    owed: VecDeque<Option<(usize, usize)>>,
    syncs: usize,
    unsynced: usize,
    bytes: u64,
    /// All is appended, and the last sync asked for.
    is_finishing: bool,
    failed: bool,
    /// Monotonic time until which `rdb-key-save-delay` holds it back; 0: not.
    due_ns: u64,
}

impl Base {
    /// The base that is made of snapshot `id`, written to `file`.
    pub(super) fn new(id: u64, form: Form, file: FileId, syncs_often: bool) -> Base {
        Base {
            id,
            form,
            file,
            syncs_often,
            owed: VecDeque::new(),
            syncs: 0,
            unsynced: 0,
            bytes: 0,
            is_finishing: false,
            failed: false,
            due_ns: 0,
        }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn file(&self) -> FileId {
        self.file
    }

    /// When it goes on that is held back at `now_ns`.
    pub(super) fn due_ns(&self, now_ns: u64) -> Option<u64> {
        (self.due_ns > now_ns).then_some(self.due_ns)
    }

    /// A shard handed over a piece.
    pub(super) fn take(&mut self, shard: usize, piece: Piece) {
        match &mut self.form {
            Form::Rdb(image) => image.take(shard, piece),
            Form::Commands(listing) => listing.take(shard, piece),
        }
    }

    /// Appends what can come now.
    pub(super) fn advance(&mut self, now_ns: u64, delay: i32, files: &mut impl Files) {
        if self.is_finishing || self.failed {
            return;
        }
        let mut chunks = Vec::new();
        let due_ns = &mut self.due_ns;
        let mut pace = |keys: u64| {
            *due_ns = match delay_ns(delay, keys) {
                _ if delay == 0 => 0,
                wait_ns => (if *due_ns == 0 { now_ns } else { *due_ns }).saturating_add(wait_ns),
            };
            now_ns >= *due_ns
        };
        let is_complete = match &mut self.form {
            Form::Rdb(image) => image.advance(&mut chunks, &mut pace),
            Form::Commands(listing) => listing.advance(&mut chunks, &mut pace),
        };
        for Chunk { bytes, from } in chunks {
            self.unsynced += bytes.len();
            self.bytes += bytes.len() as u64;
            self.owed.push_back(from);
            files.append(self.file, bytes);
            if self.syncs_often && self.unsynced >= SYNC_BYTES {
                self.unsynced = 0;
                self.syncs += 1;
                files.sync(self.file, true);
            }
        }
        if is_complete {
            self.is_finishing = true;
            self.due_ns = 0;
            self.syncs += 1;
            files.sync(self.file, false);
        }
    }

    /// Something is over. Gives an event of another file back.
    pub(super) fn event(&mut self, event: FileEvent, funnel: &Funnel) -> Option<FileEvent> {
        match event {
            FileEvent::Written { file, result, .. } if file == self.file => {
                match (result, self.owed.pop_front().flatten()) {
                    (Ok(()), Some((shard, bytes))) => funnel.done(self.id, shard, bytes),
                    (Ok(()), None) => {}
                    (Err(error), _) => self.fail(&error),
                }
            }
            FileEvent::Synced { file, result } if file == self.file => {
                self.syncs = self.syncs.saturating_sub(1);
                if let Err(error) = result {
                    self.fail(&error);
                }
            }
            other => return Some(other),
        }
        None
    }

    fn fail(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.failed, true) {
            let why = crate::base::os_text(error);
            log!(Warning, "Write error writing append only file on disk: {why}");
        }
    }

    /// What came of it, once it is over: the bytes of a whole and durable file, or `None` if it failed.
    pub(super) fn outcome(&self) -> Option<Option<u64>> {
        let is_done = self.is_finishing && self.syncs == 0 && self.owed.is_empty();
        if self.failed { Some(None) } else { is_done.then_some(Some(self.bytes)) }
    }
}
