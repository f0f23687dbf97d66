//! Who writes the files of commands, and when they are forced to disk (Redis: aof.c `feedAppendOnlyFile`,
//! `flushAppendOnlyFile`; bio.c).
//!
//! ```text
//!   units ─► buffer ── append ─► file ── sync ─► disk
//!            of the back file    the front one, one append at a time
//!
//!   always    append and sync go together; what gathers meanwhile is the next batch
//!   everysec  a sync each second; while one runs an append may wait for it, 2 s at most
//!   no        the kernel decides
//! ```
//!
//! A rewrite adds a file behind the one that is written ([`Writer::switch`]): that one is written out, synced and closed
//! before anything goes to the new one, so a file that is not the last is whole whatever happens.
//!
//! An append that fails is cut off again, so that a file always ends with a whole unit, and tried again each second.
//! Under `always` a failure ends the process: replies were promised, and what is in memory cannot be taken back.
//!
//! Progress is told in marks: numbers that only grow, given by [`Writer::mark`] for everything that was fed before.
//! It belongs to the log core's thread, and does nothing by itself: time and completions are brought to it.

use super::Said;
use super::encode::Encoder;
use crate::io::{FileEvent, FileId, Files};
use std::collections::VecDeque;
use std::io;

/// A message about failing writes at most so often. Redis: aof.c AOF_WRITE_LOG_ERROR_RATE.
const COMPLAIN_EVERY_MS: u64 = 30_000;
/// How often an append that failed is tried again.
const RETRY_MS: u64 = 1_000;
/// How long after the last sync the next is due under `everysec`.
const SYNC_MS: u64 = 1_000;
/// How long an append waits for a sync under `everysec`.
const POSTPONE_MS: u64 = 2_000;
/// Buffers larger than this are not kept.
const KEEP: usize = 256 * 1024;

/// When what was appended is forced to disk (`appendfsync`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Before anybody learns of it.
    Always,
    /// Each second.
    #[default]
    Everysec,
    /// When the kernel likes to.
    No,
}

/// What the configuration and the rest of the server say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// `appendfsync`.
    pub policy: Policy,
    /// `aof-timestamp-enabled`.
    pub timestamps: bool,
    /// A snapshot is being written, to whatever end.
    pub is_saving: bool,
    /// No syncs meanwhile: `no-appendfsync-on-rewrite`.
    pub spare_disk: bool,
}

impl Rules {
    fn may_sync(&self) -> bool {
        !(self.is_saving && self.spare_disk)
    }
}

/// The time of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that never goes back.
    pub mono_ms: u64,
    /// Unix time in seconds.
    pub unix_s: i64,
}

/// One file.
#[derive(Debug)]
struct Target {
    file: FileId,
    /// Bytes in the file.
    size: u64,
    /// Bytes that a sync has covered.
    synced: u64,
    /// To be appended.
    buffer: Vec<u8>,
    /// Mark of the buffer's end.
    fed: u64,
    append: Option<Append>,
    sync: Option<Sync>,
    /// Nobody needs it any more.
    is_waste: bool,
}

/// An append under way.
#[derive(Clone, Copy, Debug)]
struct Append {
    len: usize,
    mark: u64,
    since_ms: u64,
    beside_sync: bool,
}

/// A sync under way.
#[derive(Clone, Copy, Debug)]
struct Sync {
    size: u64,
    mark: u64,
    since_ms: u64,
}

/// How far everything got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Marks up to which replies may go out under `always`: synced, or written where syncs are spared.
    pub released: u64,
    /// Marks up to which a sync has covered everything.
    pub synced: u64,
}

/// The writer. See the module's documentation.
#[derive(Debug, Default)]
pub struct Writer {
    rules: Rules,
    encoder: Encoder,
    /// The front one is written, the back one takes units. The others wait to be written out.
    targets: VecDeque<Target>,
    /// The back one takes no units any more.
    closing: bool,
    spare: Vec<u8>,
    progress: Progress,
    /// The last mark given.
    marked: u64,
    last_sync_ms: u64,
    postponed_ms: Option<u64>,
    retry_ms: Option<u64>,
    complained_ms: Option<u64>,
    write_error: Option<i32>,
    sync_error: Option<i32>,
    delayed_syncs: u64,
    written: u64,
    /// What cannot be recovered from was met: nothing moves on, nothing is released.
    is_dead: bool,
    said: Vec<Said>,
}

impl Writer {
    /// A writer without a file: what it is fed goes nowhere.
    pub fn new(rules: Rules) -> Writer {
        Writer { rules, ..Writer::default() }
    }

    /// Goes by other rules from the next [`Writer::turn`] on.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// Whether units are taken.
    pub fn is_open(&self) -> bool {
        !self.targets.is_empty() && !self.closing
    }

    /// Appends to `file`, which holds `size` bytes, from here on, after what was fed before is in the file before it. The
    /// next unit selects its database.
    pub fn switch(&mut self, file: FileId, size: u64) {
        self.encoder.forget_db();
        self.closing = false;
        self.targets.push_back(Target {
            file,
            size,
            synced: size,
            buffer: std::mem::take(&mut self.spare),
            fed: self.marked,
            append: None,
            sync: None,
            is_waste: false,
        });
    }

    /// Takes no more units; what was fed is still written and synced, and the file is closed. [`Writer::is_idle`] says
    /// when that is done.
    pub fn finish(&mut self) {
        self.closing = true;
    }

    /// Takes no more units, and forgets the file that took them: it is closed as it is. Redis: a first rewrite that fails
    /// empties `aof_buf`.
    pub fn abandon(&mut self) {
        self.finish();
        if let Some(last) = self.targets.back_mut() {
            last.buffer = Vec::new();
            last.is_waste = true;
        }
        if self.write_error.take().is_some() {
            self.retry_ms = None;
        }
    }

    /// Whether no file is open.
    pub fn is_idle(&self) -> bool {
        self.targets.is_empty()
    }

    /// Takes effects on database `db`, each complete in itself: RESP commands back to back.
    pub fn feed(&mut self, now: Now, db: usize, commands: &[u8]) {
        if let Some(target) = self.targets.back_mut().filter(|_| !self.closing) {
            let stamp = self.rules.timestamps.then_some(now.unix_s);
            self.encoder.begin(stamp, &mut target.buffer);
            self.encoder.part(db, commands, &mut target.buffer);
        }
    }

    /// Takes effects that belong together, in pieces of one database each: they are written between MULTI and EXEC.
    pub fn feed_unit<'a>(&mut self, now: Now, pieces: impl IntoIterator<Item = (usize, &'a [u8])>) {
        if let Some(target) = self.targets.back_mut().filter(|_| !self.closing) {
            let stamp = self.rules.timestamps.then_some(now.unix_s);
            self.encoder.begin(stamp, &mut target.buffer);
            self.encoder.unit(pieces, &mut target.buffer);
        }
    }

    /// Everything fed so far is covered by `mark`; marks only grow.
    pub fn mark(&mut self, mark: u64) {
        self.marked = self.marked.max(mark);
        match self.targets.back_mut() {
            Some(target) if !self.closing => target.fed = self.marked,
            Some(_) => {}
            None => self.settle(),
        }
    }

    /// How far everything got.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// The errno for which writers are to be refused: an append failed and was not yet made up for, or a sync did.
    pub fn error(&self) -> Option<i32> {
        self.write_error.or(self.sync_error)
    }

    /// Forgets errors: the file is begun anew. Redis: aof.c `startAppendOnly`.
    pub fn forget_errors(&mut self) {
        if self.sync_error.take().is_some() {
            self.said.push(Said::warning("AOF reopen, just ignore the AOF fsync error in bio job"));
        }
        if self.write_error.take().is_some() {
            self.said.push(Said::warning("AOF reopen, just ignore the last error."));
        }
        self.retry_ms = None;
    }

    /// Bytes that wait to be appended (`aof_buffer_length`).
    pub fn buffered(&self) -> usize {
        self.targets
            .iter()
            .map(|target| target.buffer.len() + target.append.map_or(0, |append| append.len))
            .sum()
    }

    /// Bytes in the file that takes units, those that wait aside.
    pub fn last_size(&self) -> u64 {
        self.targets.back().filter(|_| !self.closing).map_or(0, |target| target.size)
    }

    /// Bytes appended to all files since the start.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Syncs under way (`aof_pending_bio_fsync`).
    pub fn pending_syncs(&self) -> usize {
        self.targets.iter().filter(|target| target.sync.is_some()).count()
    }

    /// Appends that did not wait for a sync any longer (`aof_delayed_fsync`).
    pub fn delayed_syncs(&self) -> u64 {
        self.delayed_syncs
    }

    /// What is to be logged or done, in order.
    pub fn take_said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.said)
    }

    /// Begins what is due. To be called after feeding, and from time to time.
    pub fn turn(&mut self, now: Now, files: &mut impl Files) {
        while let Some(front) = self.targets.front() {
            if self.is_dead {
                return;
            }
            let is_leaving = self.targets.len() > 1 || self.closing;
            if front.append.is_some() {
                return;
            }
            if !front.buffer.is_empty() {
                if !self.may_append(now, is_leaving) {
                    return;
                }
                self.append(now, files);
            }
            if !is_leaving || self.targets.front().is_some_and(|front| front.append.is_some()) {
                self.sync_if_due(now, files);
                return;
            }
            if !self.leave(now, files) {
                return;
            }
        }
        self.settle();
    }

    /// Something that was begun is over. Returns false if the event is not of a file of the writer's.
    pub fn event(&mut self, now: Now, event: FileEvent, files: &mut impl Files) -> Option<FileEvent> {
        let (FileEvent::Written { file, .. } | FileEvent::Synced { file, .. }) = &event;
        let is_front = self.targets.front().is_some_and(|front| front.file == *file);
        if !is_front {
            return Some(event);
        }
        match event {
            FileEvent::Written { bytes, buffer, result, .. } => {
                self.on_written(now, bytes, buffer, result, files)
            }
            FileEvent::Synced { result, .. } => self.on_synced(now, result),
        }
        self.turn(now, files);
        None
    }

    /// Whether the front file's buffer may be appended now.
    fn may_append(&mut self, now: Now, force: bool) -> bool {
        if self.retry_ms.is_some_and(|retry| now.mono_ms < retry) {
            return false;
        }
        let is_syncing = self.targets.front().is_some_and(|front| front.sync.is_some());
        if !is_syncing {
            return true;
        }
        match self.rules.policy {
            // The batch after the one that is being synced gathers meanwhile.
            Policy::Always => false,
            Policy::Everysec if !force => {
                let since = *self.postponed_ms.get_or_insert(now.mono_ms);
                if now.mono_ms.saturating_sub(since) < POSTPONE_MS {
                    return false;
                }
                self.delayed_syncs += 1;
                self.said.push(Said::notice(
                    "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting \
                     for fsync to complete, this may slow down Redis.",
                ));
                true
            }
            _ => true,
        }
    }

    /// Appends the front file's buffer.
    fn append(&mut self, now: Now, files: &mut impl Files) {
        let Some(front) = self.targets.front_mut() else { return };
        self.postponed_ms = None;
        let buffer = std::mem::replace(&mut front.buffer, std::mem::take(&mut self.spare));
        front.append = Some(Append {
            len: buffer.len(),
            mark: front.fed,
            since_ms: now.mono_ms,
            beside_sync: front.sync.is_some(),
        });
        files.append(front.file, buffer);
    }

    /// Begins a sync of the front file if the policy wants one now.
    fn sync_if_due(&mut self, now: Now, files: &mut impl Files) {
        let Some(front) = self.targets.front_mut().filter(|front| front.sync.is_none()) else { return };
        let (policy, may_sync) = (self.rules.policy, self.rules.may_sync());
        let size = front.size + front.append.map_or(0, |append| append.len as u64);
        let is_due = match policy {
            Policy::Always => true,
            // The data has to be in the file, so that a sync which is seconds late covers it.
            Policy::Everysec => {
                front.append.is_none() && now.mono_ms.saturating_sub(self.last_sync_ms) >= SYNC_MS
            }
            Policy::No => false,
        };
        if is_due && may_sync && front.synced != size {
            let mark = front.append.map_or(front.fed, |append| append.mark);
            front.sync = Some(Sync { size, mark, since_ms: now.mono_ms });
            self.last_sync_ms = now.mono_ms;
            files.sync(front.file, true);
        } else if front.append.is_none() && front.buffer.is_empty() {
            // Nothing is under way: what there is counts as far as it may.
            let mark = front.fed;
            let is_synced = front.synced == front.size;
            self.release(mark, is_synced);
        }
    }

    /// The front file takes no more: syncs it, or closes it when that is done. Returns whether it is gone.
    fn leave(&mut self, now: Now, files: &mut impl Files) -> bool {
        let Some(front) = self.targets.front_mut() else { return false };
        if front.sync.is_some() {
            return false;
        }
        if front.synced != front.size && !front.is_waste {
            front.sync = Some(Sync { size: front.size, mark: front.fed, since_ms: now.mono_ms });
            self.last_sync_ms = now.mono_ms;
            files.sync(front.file, true);
            return false;
        }
        let (file, mark, is_waste) = (front.file, front.fed, front.is_waste);
        self.targets.pop_front();
        files.close_file(file);
        self.release(mark, !is_waste);
        true
    }

    /// An append is over.
    fn on_written(
        &mut self,
        now: Now,
        bytes: usize,
        buffer: Vec<u8>,
        result: io::Result<()>,
        files: &mut impl Files,
    ) {
        let Some(front) = self.targets.front_mut() else { return };
        let Some(append) = front.append.take() else { return };
        let took_ms = now.mono_ms.saturating_sub(append.since_ms);
        let beside = match (append.beside_sync, self.rules.is_saving) {
            (true, _) => "aof-write-pending-fsync",
            (false, true) => "aof-write-active-child",
            (false, false) => "aof-write-alone",
        };
        self.said.extend([Said::Latency(beside, took_ms), Said::Latency("aof-write", took_ms)]);
        let Err(error) = result else {
            front.size += bytes as u64;
            self.written += bytes as u64;
            if self.write_error.take().is_some() {
                self.said.push(Said::notice("AOF write error looks solved, Redis can write again."));
            }
            self.retry_ms = None;
            return self.recycle(buffer);
        };
        let can_log = self.complained_ms.is_none_or(|at| now.mono_ms.saturating_sub(at) > COMPLAIN_EVERY_MS);
        if can_log {
            self.complained_ms = Some(now.mono_ms);
        }
        let kept = self.cut_off(bytes, append.len, &error, can_log, files);
        if self.rules.policy == Policy::Always {
            self.die(
                "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...".into(),
            );
        }
        self.retry_ms = Some(now.mono_ms + RETRY_MS);
        self.put_back(buffer, kept);
    }

    /// An append failed after `bytes` bytes: cuts them off. Returns how many had to stay.
    fn cut_off(
        &mut self,
        bytes: usize,
        len: usize,
        error: &io::Error,
        log: bool,
        files: &mut impl Files,
    ) -> usize {
        let Some(front) = self.targets.front_mut() else { return 0 };
        self.write_error = Some(error.raw_os_error().unwrap_or(libc::EIO));
        if bytes == 0 {
            if log {
                let text = crate::config::os_reason(error);
                self.said.push(Said::warning(format!("Error writing to the AOF file: {text}")));
            }
            return 0;
        }
        self.write_error = Some(libc::ENOSPC);
        if log {
            self.said.push(Said::warning(format!(
                "Short write while writing to the AOF file: (nwritten={bytes}, expected={len})"
            )));
        }
        match files.truncate(front.file, front.size) {
            Ok(()) => 0,
            Err(error) => {
                if log {
                    self.said.push(Said::warning(format!(
                        "Could not remove short write from the append-only file.  Redis may refuse to load the AOF \
                         the next time it starts.  ftruncate: {}",
                        crate::config::os_reason(&error)
                    )));
                }
                front.size += bytes as u64;
                self.written += bytes as u64;
                bytes
            }
        }
    }

    /// Puts what could not be appended, but for its first `kept` bytes, before what gathered meanwhile.
    fn put_back(&mut self, mut buffer: Vec<u8>, kept: usize) {
        let Some(front) = self.targets.front_mut().filter(|front| !front.is_waste) else { return };
        buffer.drain(..kept.min(buffer.len()));
        buffer.append(&mut front.buffer);
        let gathered = std::mem::replace(&mut front.buffer, buffer);
        self.recycle(gathered);
    }

    /// A sync is over.
    fn on_synced(&mut self, now: Now, result: io::Result<()>) {
        let is_leaving = self.targets.len() > 1 || self.closing;
        let Some(front) = self.targets.front_mut() else { return };
        let Some(sync) = front.sync.take() else { return };
        match result {
            Ok(()) => {
                front.synced = sync.size;
                let took_ms = now.mono_ms.saturating_sub(sync.since_ms);
                if self.rules.policy == Policy::Always {
                    self.said.push(Said::Latency("aof-fsync-always", took_ms));
                }
                self.sync_error = None;
                self.release(sync.mark, true);
            }
            // The append before it failed, and said so.
            Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => {}
            Err(error) => {
                let text = crate::config::os_reason(&error);
                if self.rules.policy == Policy::Always {
                    return self.die(format!(
                        "Can't persist AOF for fsync error when the AOF fsync policy is 'always': {text}. Exiting..."
                    ));
                }
                if self.sync_error.replace(error.raw_os_error().unwrap_or(libc::EIO)).is_none() {
                    self.said.push(Said::warning(format!("Fail to fsync the AOF file: {text}")));
                }
                if is_leaving {
                    // Whoever waits for the next file must not wait for ever.
                    front.synced = front.size;
                }
            }
        }
    }

    fn die(&mut self, text: String) {
        self.is_dead = true;
        self.said.push(Said::Fatal(text));
    }

    /// No file is open: nothing can be waited for.
    fn settle(&mut self) {
        if self.targets.is_empty() {
            self.progress.released = self.marked;
        }
    }

    fn release(&mut self, mark: u64, is_synced: bool) {
        self.progress.released = self.progress.released.max(mark);
        if is_synced {
            self.progress.synced = self.progress.synced.max(mark);
        }
    }

    fn recycle(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        if buffer.capacity() <= KEEP && buffer.capacity() > self.spare.capacity() {
            self.spare = buffer;
        }
    }
}

#[cfg(test)]
mod tests;
