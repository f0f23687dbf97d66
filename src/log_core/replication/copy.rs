//! Full copies for replicas, out of a snapshot of all shards.
//!
//! ```text
//!  want ─► cut ─► mark comes out of the journals: offset known ─► image ─► chunks ─┬─► queues of all who receive (sockets)
//!                 (a replica knows it when it asks)                                └─► temporary file ─► each by itself (disk)
//! ```
//!
//! A chunk of the image is let go of when all who receive it have sent it: so the slowest of them holds the shards'
//! snapshots back, and nothing piles up here.

use super::super::LogCore;
use super::super::cut::{AtCut, Journals, Piece};
use super::super::image::{Image, Purpose, records};
use super::outlet::Sending;
use crate::io::{Driver, FileEvent, FileId, Files, Open};
use crate::log;
use crate::persist::rdb::file::Chunk;
use crate::replication::master::{LinkId, Target, Want};
use bytes::Bytes;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A copy that is being made.
pub(super) struct CopyJob {
    /// Number of its snapshot, and of the mark in the journals.
    pub(super) id: u64,
    want: Want,
    image: Image,
    /// Its place in the stream is known.
    pub(super) placed: bool,
    /// Pieces may come no more.
    complete: bool,
    /// Chunks that were given out and not let go of: the shard that gave them, and how many bytes.
    owed: VecDeque<Option<(usize, usize)>>,
    /// Number of the first of them.
    first: u64,
    file: Option<Spool>,
}

/// The file of a copy that goes to disk first.
struct Spool {
    file: FileId,
    temp: PathBuf,
    target: PathBuf,
    size: u64,
    /// All is appended, and its sync asked for.
    finishing: bool,
}

impl<D: Driver + Files> LogCore<D> {
    /// A copy is wanted; if another snapshot is not over yet, as soon as it is.
    pub(super) fn want_copy(&mut self, want: Want) {
        self.repl.copy_wanted = Some(want);
        self.begin_copy();
    }

    fn begin_copy(&mut self) {
        let Some(want) = self.repl.copy_wanted.filter(|_| self.snapshot.is_none()) else { return };
        self.repl.copy_wanted = None;
        let file = match want.target {
            Target::Sockets => None,
            Target::Disk => match self.spool() {
                Some(spool) => Some(spool),
                None => return self.copy_failed(),
            },
        };
        let now_ms = self.time.unix_ms;
        // What was taken in before is in the copy, and nothing else.
        let applied = self.flush_applier();
        let Some(id) = self.begin_snapshot(Arc::new(records(&self.config, now_ms)), Journals::Stay) else {
            self.repl.copy_wanted = Some(want);
            return;
        };
        let image = Image::new(Purpose::default(), &self.config, self.server.shards, now_ms);
        self.repl.copy = Some(CopyJob {
            id,
            want,
            image,
            placed: false,
            complete: false,
            owed: VecDeque::new(),
            first: 0,
            file,
        });
        for outlet in self.repl.outlets.values_mut() {
            outlet.chunks_sent = 0;
        }
        if let Some(offset) = applied {
            self.copy_cut(offset);
        }
    }

    fn spool(&mut self) -> Option<Spool> {
        let dir = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let temp = dir.join(format!("temp-repl-{}.rdb", std::process::id()));
        match self.driver.open_file(&temp, Open::Create) {
            Ok(file) => {
                let target = dir.join(&self.config.dbfilename);
                Some(Spool { file, temp, target, size: 0, finishing: false })
            }
            Err(error) => {
                log!(Warning, "Failed opening the temp RDB file {} for saving: {error}", temp.display());
                None
            }
        }
    }

    /// The place of the copy in the stream.
    pub(super) fn copy_cut(&mut self, offset: u64) {
        let point = self.point(offset);
        let Some(copy) = &mut self.repl.copy else { return };
        copy.placed = true;
        copy.image.place(point);
        if self.repl.upstream.is_none() {
            // Who begins to read at the cut is to be told the database of what follows.
            self.repl.stream.forget_db();
        }
        let actions = self.repl.replicas.cut(&self.repl.history, offset);
        self.obey_master(actions);
    }

    /// A shard handed over a piece of the copy's snapshot. `false`: it is of another one.
    pub(in super::super) fn copy_piece(&mut self, id: u64, shard: usize, piece: Piece) -> Option<Piece> {
        match &mut self.repl.copy {
            Some(copy) if copy.id == id => match piece {
                // `rdb-filter-only`.
                Piece::Block(_) if copy.want.without_data => Some(piece),
                Piece::Begun(cut) if copy.want.without_functions => {
                    copy.image.take(shard, Piece::Begun(AtCut { functions: None, ..cut }));
                    None
                }
                piece => {
                    copy.image.take(shard, piece);
                    None
                }
            },
            _ => Some(piece),
        }
    }

    pub(super) fn advance_copy(&mut self) {
        if self.repl.copy_wanted.is_some() {
            self.begin_copy();
        }
        let Some(copy) = self.repl.copy.as_mut().filter(|copy| copy.placed && !copy.complete) else { return };
        let mut chunks = Vec::new();
        copy.complete = copy.image.advance(&mut chunks, &mut |_| true);
        for chunk in chunks {
            self.give_chunk(chunk);
        }
        self.settle_chunks();
    }

    fn give_chunk(&mut self, chunk: Chunk) {
        let repl = &mut self.repl;
        let Some(copy) = &mut repl.copy else { return };
        let number = copy.first + copy.owed.len() as u64;
        copy.owed.push_back(chunk.from);
        if let Some(spool) = &mut copy.file {
            spool.size += chunk.bytes.len() as u64;
            self.driver.append(spool.file, chunk.bytes);
            return;
        }
        let bytes = Bytes::from(chunk.bytes);
        let receivers: Vec<LinkId> = repl.replicas.receivers().collect();
        for id in receivers {
            if let Some(outlet) = repl.outlets.get_mut(&id) {
                outlet.push(bytes.clone(), Some(number));
            }
        }
    }

    /// Lets go of chunks that all have sent; ends the copy when none is left.
    pub(super) fn settle_chunks(&mut self) {
        let repl = &mut self.repl;
        let Some(copy) = &mut repl.copy else { return };
        let id = copy.id;
        match &mut copy.file {
            None => {
                let sent = |link: LinkId| repl.outlets.get(&link).map(|outlet| outlet.chunks_sent);
                let least = repl.replicas.receivers().filter_map(sent).min().unwrap_or(u64::MAX);
                while copy.first < least
                    && let Some(from) = copy.owed.pop_front()
                {
                    copy.first += 1;
                    if let Some((shard, bytes)) = from {
                        self.funnel.done(id, shard, bytes);
                    }
                }
                if copy.complete && copy.owed.is_empty() {
                    self.copy_done();
                }
            }
            Some(spool) if copy.complete && !spool.finishing => {
                spool.finishing = true;
                let file = spool.file;
                self.driver.sync(file, false);
            }
            Some(_) => {}
        }
    }

    fn copy_done(&mut self) {
        self.repl.copy = None;
        let settings = self.repl.settings.clone();
        let around = self.around(&settings);
        let (actions, _) = self.repl.replicas.finished(around);
        self.obey_master(actions);
    }

    /// Something happened to a file; whether it was the copy's.
    pub(in super::super) fn copy_file_event(&mut self, event: &FileEvent) -> bool {
        let Some(copy) = &mut self.repl.copy else { return false };
        let id = copy.id;
        let Some(spool) = &mut copy.file else { return false };
        match event {
            FileEvent::Written { file, result, .. } if *file == spool.file => {
                if let Some(Some((shard, bytes))) = copy.owed.pop_front() {
                    self.funnel.done(id, shard, bytes);
                }
                if let Err(error) = result {
                    log!(Warning, "Write error while saving DB to the disk: {error}");
                    self.copy_failed();
                }
            }
            FileEvent::Synced { file, result } if *file == spool.file => match result {
                Ok(()) => self.spooled(),
                Err(error) => {
                    log!(Warning, "Write error while saving DB to the disk(fsync): {error}");
                    self.copy_failed();
                }
            },
            _ => return false,
        }
        true
    }

    /// The file is complete: it gets its name, and everybody who waits for it gets it.
    fn spooled(&mut self) {
        let Some(Spool { file, temp, target, size, .. }) = self.repl.copy.take().and_then(|copy| copy.file)
        else {
            return;
        };
        self.driver.close_file(file);
        if let Err(error) = self.driver.rename(&temp, &target) {
            log!(Warning, "Error moving temp DB file {} on the final destination: {error}", temp.display());
            return self.copy_failed();
        }
        let settings = self.repl.settings.clone();
        let around = self.around(&settings);
        let (actions, files) = self.repl.replicas.finished(around);
        self.obey_master(actions);
        for id in files {
            match self.driver.open_file(&target, Open::Read) {
                Ok(file) => {
                    if let Some(outlet) = self.repl.outlets.get_mut(&id) {
                        outlet.push(format!("${size}\r\n").into(), None);
                        outlet.file = Some(Sending { file, at: 0, size });
                    } else {
                        self.driver.close_file(file);
                    }
                }
                Err(error) => {
                    log!(Warning, "SYNC failed. Can't open/stat DB after BGSAVE: {error}");
                    self.drop_replica(id);
                }
            }
        }
        if self.keeps_no_files() {
            log!(Notice, "Removing the RDB file used to feed replicas in a persistence-less instance");
            // Who is sent it has it open.
            self.remove_sync_file(&target);
        }
    }

    /// Whether files that only a full copy needed are removed (replication.c `removeRDBUsedToSyncReplicas`,
    /// `readSyncBulkPayload`): by `rdb-del-sync-files`, if the server saves nothing by itself.
    pub(super) fn keeps_no_files(&self) -> bool {
        self.config.rdb_del_sync_files && self.config.save.is_empty() && !self.config.appendonly
    }

    pub(super) fn remove_sync_file(&mut self, path: &Path) {
        if let Err(error) = self.driver.remove(path) {
            log!(Warning, "Can't remove the RDB file {}: {error}", path.display());
        }
    }

    /// Nobody waits for the copy any more.
    pub(super) fn cancel_copy(&mut self) {
        self.repl.copy_wanted = None;
        let Some(copy) = self.repl.copy.take() else { return };
        self.cancel_snapshot();
        self.let_go(copy);
    }

    fn let_go(&mut self, mut copy: CopyJob) {
        let id = copy.id;
        for (shard, bytes) in copy.owed.drain(..).flatten() {
            self.funnel.done(id, shard, bytes);
        }
        for (shard, bytes) in copy.image.give_up() {
            self.funnel.done(id, shard, bytes);
        }
        if let Some(spool) = copy.file {
            self.driver.close_file(spool.file);
            if let Err(error) = self.driver.remove(&spool.temp) {
                log!(Warning, "Can't remove the temp RDB file {}: {error}", spool.temp.display());
            }
        }
    }

    fn copy_failed(&mut self) {
        self.cancel_copy();
        let settings = self.repl.settings.clone();
        let around = self.around(&settings);
        let actions = self.repl.replicas.failed(around);
        self.obey_master(actions);
    }
}
