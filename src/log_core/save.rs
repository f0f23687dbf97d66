//! Saving RDB files: SAVE, BGSAVE, save points, and the last file before the process ends (rdb.c `rdbSaveBackground`,
//! `rdbSave`, `backgroundSaveDoneHandlerDisk`; server.c `serverCron`, `finishShutdown`).
//!
//! ```text
//!  begin: temp-<pid>.rdb, cut ──► chunks appended, synced every 4 MiB ──► fsync ──► rename ──► fsync of the directory
//!                                     │ error                                         │ only now it was saved
//!                                     ▼
//!                          snapshot cancelled, file removed
//! ```
//!
//! There is no child process. Where Redis kills its child (FLUSHALL, shutdown) the snapshot is cancelled; shards then
//! sweep up behind it for a while, and what is asked for meanwhile waits.
//!
//! SAVE is like BGSAVE, but its client waits; the others go on, where Redis stands still. FLUSHALL with save points has
//! the empty dataset saved likewise, without waiting for it.

use super::LogCore;
use super::cut::{Journals, Piece};
use super::image::{self, Image, Purpose};
use crate::base::os_text;
use crate::command::server::saving::IN_PROGRESS;
use crate::command::server_state::{Asker, EndState, Note, SaveAs, ShutdownRequest};
use crate::io::{Driver, FileEvent, FileId, Files, Open};
use crate::log;
use crate::shard::Ground;
use crate::shard::txn::{ShardSet, Ticket};
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Seconds after a failed attempt in which no other is made by itself (server.h CONFIG_BGSAVE_RETRY_DELAY).
const RETRY_DELAY_S: i64 = 5;
/// Bytes after which what was written is synced, so that the last sync is short (server.h REDIS_AUTOSYNC_BYTES).
const SYNC_BYTES: usize = 4 << 20;

const STARTED: &[u8] = b"+Background saving started\r\n";

/// Why a file is being saved.
enum Kind {
    /// BGSAVE or a save point; who is to be told that it has begun, once the cut is made.
    Background(Option<Asker>),
    /// SAVE or FLUSHALL; who waits.
    Foreground(Option<Asker>),
    /// The process is about to end.
    Final,
}

/// A file that is being saved.
struct Job {
    kind: Kind,
    /// The number of the snapshot that it is made of.
    id: u64,
    image: Image,
    file: FileId,
    dir: PathBuf,
    temp: PathBuf,
    target: PathBuf,
    /// Of every append that is not over, whose bytes it writes.
    owed: VecDeque<Option<(usize, usize)>>,
    /// Syncs that are not over.
    syncs: usize,
    unsynced_bytes: usize,
    /// All is appended, and the last sync asked for.
    finishing: bool,
    /// Monotonic time until which `rdb-key-save-delay` holds the job back.
    due_ns: u64,
    started_s: i64,
}

/// The end of the process that was asked for.
struct Ending {
    request: ShutdownRequest,
    /// All shards know that clients wait.
    barrier: Ticket<Ground>,
}

/// What of saving the log core keeps.
#[derive(Default)]
pub(super) struct Saver {
    job: Option<Job>,
    /// BGSAVE SCHEDULE.
    scheduled: bool,
    /// Unix time of the last attempt in seconds (server.h `lastbgsave_try`).
    last_try_s: i64,
    /// What waits until a snapshot is possible.
    waiting: VecDeque<(SaveAs, Option<Asker>)>,
    ending: Option<Ending>,
}

impl Saver {
    /// When the job goes on that is held back at `now_ns` (monotonic ns).
    pub(super) fn due_ns(&self, now_ns: u64) -> Option<u64> {
        self.job.as_ref().map(|job| job.due_ns).filter(|&due_ns| due_ns > now_ns)
    }

    /// Whether an RDB file is being saved.
    pub(super) fn is_saving(&self) -> bool {
        self.job.is_some()
    }

    /// Whether it is one behind which clients would stand in Redis: SAVE, FLUSHALL.
    pub(super) fn is_foreground(&self) -> bool {
        let is_asked_for = self.waiting.iter().any(|(how, _)| *how == SaveAs::Foreground);
        is_asked_for || self.job.as_ref().is_some_and(|job| matches!(job.kind, Kind::Foreground(_)))
    }

    fn is_background(&self) -> bool {
        self.job.as_ref().is_some_and(|job| matches!(job.kind, Kind::Background(_)))
    }
}

/// Nanoseconds by which so many keys delay (`rdb-key-save-delay`: microseconds for a key, or keys for a microsecond;
/// debug.c `debugDelay`).
pub(super) fn delay_ns(delay: i32, keys: u64) -> u64 {
    match u64::from(delay.unsigned_abs()) {
        0 => 0,
        us if delay > 0 => keys.saturating_mul(us).saturating_mul(1000),
        keys_per_us => keys.saturating_mul(1000) / keys_per_us,
    }
}

impl<D: Driver + Files> LogCore<D> {
    /// SAVE or BGSAVE.
    pub(super) fn save_request(&mut self, how: SaveAs, asker: Option<Asker>) {
        if self.saver.is_background() {
            self.answer(asker, format!("-{IN_PROGRESS}\r\n").as_bytes());
        } else if how == SaveAs::Scheduled && asker.is_none() {
            self.saver.scheduled = true;
        } else if self.aof.is_rewriting() && how == SaveAs::Scheduled {
            self.saver.scheduled = true;
            self.answer(asker, b"+Background saving scheduled\r\n");
        } else if self.aof.is_rewriting() && how == SaveAs::Background {
            self.answer(
                asker,
                b"-ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.\r\n",
            );
        } else {
            self.saver.waiting.push_back((how, asker));
            self.begin_waiting();
        }
    }

    /// FLUSHALL with save points: what is being saved is out of date, and the file is to be empty as well.
    pub(super) fn flushed(&mut self) {
        if self.saver.is_background() {
            log!(Warning, "Background saving terminated, all keys were flushed");
            self.give_up();
        }
        let again = (SaveAs::Foreground, None);
        if !self.config.save.is_empty() && self.saver.waiting.back() != Some(&again) {
            self.saver.waiting.push_back(again);
            self.begin_waiting();
        }
    }

    /// Whether a snapshot may begin: there is one at a time.
    fn may_snapshot(&self) -> bool {
        self.saver.job.is_none() && self.snapshot.is_none() && !self.aof.is_saving()
    }

    /// Begins what waits, if that is possible now.
    pub(super) fn begin_waiting(&mut self) {
        while self.may_snapshot() && self.saver.ending.is_none() {
            let Some((how, asker)) = self.saver.waiting.pop_front() else { return };
            if how == SaveAs::Foreground {
                self.server.saving.saves.fetch_add(u64::from(asker.is_some()), Relaxed);
                self.begin_save(Kind::Foreground(asker));
            } else {
                self.begin_background(asker);
            }
        }
        // Behind one in the background nothing waits.
        if self.saver.is_background() {
            for (_, asker) in std::mem::take(&mut self.saver.waiting) {
                self.answer(asker, format!("-{IN_PROGRESS}\r\n").as_bytes());
            }
        }
    }

    fn begin_background(&mut self, asker: Option<Asker>) {
        let now_s = self.now_s();
        self.server.saving.saves.fetch_add(1, Relaxed);
        self.saver.last_try_s = now_s;
        self.server.saving.set_in_progress(Some(now_s));
        log!(Notice, "Background saving started by pid {}", std::process::id());
        self.begin_save(Kind::Background(asker));
    }

    fn begin_save(&mut self, kind: Kind) {
        let dir = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let temp_name = format!("temp-{}.rdb", std::process::id());
        let temp = dir.join(&temp_name);
        let file = match self.driver.open_file(&temp, Open::Create) {
            Ok(file) => file,
            Err(error) => {
                log!(
                    Warning,
                    "Failed opening the temp RDB file {temp_name} (in server root dir {}) for saving: {}",
                    dir.display(),
                    os_text(&error)
                );
                return self.save_ended(&kind, None, self.now_s());
            }
        };
        let records = image::records(&self.config, self.time.unix_ms);
        // A replica knows where it stands; a master learns it with the mark of the cut.
        let applied = self.flush_applier();
        let Some(id) = self.begin_snapshot(Arc::new(records), Journals::Stay) else {
            // Whoever calls has made sure of it.
            self.driver.close_file(file);
            self.remove_temp(&temp);
            return self.save_ended(&kind, None, self.now_s());
        };
        let mut image = Image::new(Purpose::default(), &self.config, self.server.shards, self.time.unix_ms);
        match applied {
            Some(offset) => image.place(self.point(offset)),
            None if self.feeds_replicas() => image.await_place(),
            None => {}
        }
        let target = dir.join(&self.config.dbfilename);
        self.saver.job = Some(Job {
            kind,
            id,
            image,
            file,
            dir,
            temp,
            target,
            owed: VecDeque::new(),
            syncs: 0,
            unsynced_bytes: 0,
            finishing: false,
            due_ns: 0,
            started_s: self.now_s(),
        });
    }

    /// The cut of snapshot `id` lies at `offset` of the replication stream.
    pub(super) fn save_cut(&mut self, id: u64, offset: u64) {
        let point = self.point(offset);
        if let Some(job) = self.saver.job.as_mut().filter(|job| job.id == id && !job.image.is_placed()) {
            job.image.place(point);
        }
    }

    /// A shard handed over a piece of snapshot `id`. Gives it back if it is of another one.
    pub(super) fn save_piece(&mut self, id: u64, shard: usize, piece: Piece) -> Option<Piece> {
        match &mut self.saver.job {
            Some(job) if job.id == id => {
                job.image.take(shard, piece);
                None
            }
            _ => Some(piece),
        }
    }

    /// Goes on with what is being saved. Called in every turn.
    pub(super) fn advance_save(&mut self) {
        let Some(job) = &mut self.saver.job else { return };
        let (now_ns, delay) = (self.time.mono_ns, self.config.rdb_key_save_delay);
        let mut chunks = Vec::new();
        let due_ns = &mut job.due_ns;
        let complete = job.image.advance(&mut chunks, &mut |keys| {
            *due_ns = match delay_ns(delay, keys) {
                _ if delay == 0 => 0,
                // From the first key on, however late one comes.
                wait_ns => (if *due_ns == 0 { now_ns } else { *due_ns }).saturating_add(wait_ns),
            };
            now_ns >= *due_ns
        });
        for chunk in chunks {
            job.unsynced_bytes += chunk.bytes.len();
            job.owed.push_back(chunk.from);
            self.driver.append(job.file, chunk.bytes);
            if self.config.rdb_save_incremental_fsync && job.unsynced_bytes >= SYNC_BYTES {
                job.unsynced_bytes = 0;
                job.syncs += 1;
                self.driver.sync(job.file, true);
            }
        }
        if complete && !job.finishing {
            job.finishing = true;
            job.syncs += 1;
            self.driver.sync(job.file, false);
        }
        // What its client does next is behind the cut.
        if let Kind::Background(asker) = &mut job.kind
            && job.image.is_cut()
            && let Some(Asker { client, shard }) = asker.take()
        {
            self.server.saving.keys_total.store(job.image.keys_total(), Relaxed);
            self.server.post(shard, Note::Answer(client, STARTED.to_vec()));
        }
        let saving = &self.server.saving;
        let extra = self.funnel.queued_bytes() as u64;
        saving.keys_done.store(job.image.keys(), Relaxed);
        saving.keys_total.store(job.image.keys_total(), Relaxed);
        saving.extra_bytes.store(extra, Relaxed);
        saving.extra_peak.fetch_max(extra, Relaxed);
    }

    /// Something happened to a file. Returns whether it was the one that is being saved.
    pub(super) fn save_file_event(&mut self, event: &FileEvent) -> bool {
        let Some(job) = &mut self.saver.job else { return false };
        match event {
            FileEvent::Written { file, result, .. } if *file == job.file => {
                if let Some((shard, bytes)) = job.owed.pop_front().flatten() {
                    self.funnel.done(job.id, shard, bytes);
                }
                if let Err(error) = result {
                    self.write_failed("rdbSaveRio", error);
                }
            }
            FileEvent::Synced { file, result } if *file == job.file => {
                job.syncs = job.syncs.saturating_sub(1);
                match result {
                    Ok(()) if job.finishing && job.syncs == 0 => self.rename_saved(),
                    Ok(()) => {}
                    Err(error) => self.write_failed("fsync", error),
                }
            }
            _ => return false,
        }
        true
    }

    /// The file is durable; now it gets its name.
    fn rename_saved(&mut self) {
        let Some(job) = self.saver.job.take() else { return };
        let Job { kind, image, file, dir, temp, target, started_s, .. } = job;
        self.driver.close_file(file);
        let named = self.driver.rename(&temp, &target);
        if let Err(error) = &named {
            log!(
                Warning,
                "Error moving temp DB file {} on the final destination {} (in server root dir {}): {}",
                temp.file_name().unwrap_or_default().display(),
                self.config.dbfilename,
                dir.display(),
                os_text(error)
            );
            self.remove_temp(&temp);
        }
        let durable = named.is_ok().then(|| self.driver.sync_dir(&dir));
        if let Some(Err(error)) = &durable {
            log!(Warning, "Failed to fsync directory while saving DB: {}", os_text(error));
        }
        let dirty = image.dirty_at_cut().filter(|_| matches!(durable, Some(Ok(()))));
        if dirty.is_some() {
            log!(Notice, "DB saved on disk");
        }
        self.save_ended(&kind, dirty, started_s);
        self.begin_waiting();
    }

    fn write_failed(&mut self, operation: &str, error: &io::Error) {
        log!(Warning, "Write error while saving DB to the disk({operation}): {}", os_text(error));
        let Some((kind, started_s)) = self.give_up_job() else { return };
        self.save_ended(&kind, None, started_s);
    }

    /// Cancels the job that runs, for a reason that is no failure.
    fn give_up(&mut self) {
        if let Some((kind, started_s)) = self.give_up_job() {
            self.note_time(&kind, started_s);
            match kind {
                Kind::Foreground(asker) => self.answer(asker, b"-ERR\r\n"),
                Kind::Background(asker) => self.answer(asker, STARTED),
                Kind::Final => {}
            }
        }
    }

    fn give_up_job(&mut self) -> Option<(Kind, i64)> {
        let job = self.saver.job.take()?;
        self.driver.close_file(job.file);
        self.remove_temp(&job.temp);
        self.cancel_snapshot();
        Some((job.kind, job.started_s))
    }

    fn remove_temp(&mut self, temp: &std::path::Path) {
        if let Err(error) = self.driver.remove(temp)
            && error.kind() != io::ErrorKind::NotFound
        {
            log!(Warning, "Can't remove the temp RDB file {}: {}", temp.display(), os_text(&error));
        }
    }

    /// A job is over. `dirty`: changes that the file has seen, if it is there.
    fn save_ended(&mut self, kind: &Kind, dirty: Option<u64>, started_s: i64) {
        if let Some(dirty) = dirty {
            self.server.saving.saved(self.now_s(), dirty);
        }
        self.note_time(kind, started_s);
        match kind {
            Kind::Background(_) if dirty.is_some() => {
                log!(Notice, "Background saving terminated with success");
            }
            Kind::Background(asker) => {
                log!(Warning, "Background saving error");
                self.server.saving.set_failed(true);
                // It did begin: Redis's child would have failed behind the reply.
                self.answer(*asker, STARTED);
            }
            Kind::Foreground(asker) => {
                self.answer(*asker, if dirty.is_some() { b"+OK\r\n" } else { b"-ERR\r\n" });
            }
            Kind::Final => self.final_save_ended(dirty.is_some()),
        }
    }

    fn note_time(&self, kind: &Kind, started_s: i64) {
        let saving = &self.server.saving;
        if matches!(kind, Kind::Background(_)) {
            saving.set_in_progress(None);
            saving.last_time_s.store(self.now_s().saturating_sub(started_s), Relaxed);
            saving.last_extra_peak.store(saving.extra_peak.load(Relaxed), Relaxed);
        }
        for progress in [&saving.keys_done, &saving.keys_total, &saving.extra_bytes, &saving.extra_peak] {
            progress.store(0, Relaxed);
        }
    }

    /// What is due by time: the end of the process, scheduled saves, save points.
    pub(super) fn save_cron(&mut self) {
        if self.saver.ending.is_some() {
            return self.end_if_possible();
        }
        self.begin_waiting();
        if !self.may_snapshot() || self.server.switches.is_cron_paused() || self.server.loading.is_any() {
            return;
        }
        let now_s = self.now_s();
        let saving = &self.server.saving;
        let may_try = !saving.has_failed() || now_s.saturating_sub(self.saver.last_try_s) > RETRY_DELAY_S;
        if !may_try {
            return;
        }
        let changes = self.server.changes_since_save();
        let age_s = now_s.saturating_sub(saving.last_save_s.load(Relaxed));
        let due = self.config.save.iter().find(|point| {
            changes >= u64::from(point.changes)
                && u64::try_from(age_s).is_ok_and(|age_s| age_s > point.seconds)
        });
        if let Some(point) = due {
            log!(Notice, "{} changes in {} seconds. Saving...", point.changes, point.seconds);
            self.begin_background(None);
        } else if std::mem::take(&mut self.saver.scheduled) {
            self.begin_background(None);
        }
    }

    /// The process is to end: what is being saved is given up, and a last file saved if it should be. Clients wait
    /// already; the cut comes when every shard knows that, so that nothing is acknowledged behind it.
    pub(super) fn end_request(&mut self, request: ShutdownRequest) {
        if self.saver.is_background() {
            log!(Warning, "There is a child saving an .rdb. Killing it!");
            self.give_up();
        }
        if !self.stop_rewrite(request.force) {
            return self.server.saving.set_end_state(EndState::Failed);
        }
        let nothing = |_: usize, _: &mut Ground| {};
        let shards = ShardSet::all(self.server.shards);
        let barrier = self.hub.independent(self.id, shards, Arc::new(nothing));
        // What is half loaded must not replace what it is loaded from (server.c `prepareForShutdown`).
        let is_whole = !self.server.loading.is_any();
        let saves = is_whole && ((!self.config.save.is_empty() && !request.nosave) || request.save);
        if saves {
            self.saver.ending = Some(Ending { request, barrier });
        } else {
            self.server.saving.set_end_state(EndState::Ready);
        }
    }

    fn end_if_possible(&mut self) {
        let Some(ending) = &self.saver.ending else { return };
        if !self.may_snapshot() || !ending.barrier.is_done() {
            return;
        }
        log!(Notice, "Saving the final RDB snapshot before exiting.");
        self.begin_save(Kind::Final);
    }

    fn final_save_ended(&mut self, saved: bool) {
        let force = self.saver.ending.take().is_some_and(|ending| ending.request.force);
        let state = match (saved, force) {
            (true, _) => EndState::Ready,
            (false, true) => {
                log!(Warning, "Error trying to save the DB. Exit anyway.");
                EndState::Ready
            }
            (false, false) => {
                log!(Warning, "Error trying to save the DB, can't exit.");
                EndState::Failed
            }
        };
        self.server.saving.set_end_state(state);
    }

    /// The thread ends: no temporary file stays behind.
    pub(super) fn stop_saving(&mut self) {
        if let Some(job) = self.saver.job.take() {
            self.remove_temp(&job.temp);
        }
    }

    pub(super) fn answer(&self, asker: Option<Asker>, bytes: &[u8]) {
        if let Some(Asker { client, shard }) = asker {
            self.server.post(shard, Note::Answer(client, bytes.to_vec()));
        }
    }

    pub(super) fn now_s(&self) -> i64 {
        self.time.unix_ms.div_euclid(1000)
    }
}
