//! The append-only file as a whole: on, off, and rewritten (Redis: aof.c `startAppendOnly`, `stopAppendOnly`,
//! `rewriteAppendOnlyFileBackground`, `backgroundRewriteDoneHandler`, `aofRewriteLimited`).
//!
//! ```text
//!  rewrite:  Preparing   a new file of commands is made, and the manifest names it
//!            Cutting     whoever asked makes a cut through all shards; units behind it go to the new file
//!            Saving      the dataset at the cut is written to a temporary file, by somebody else
//!            Finishing   that file becomes the base; a manifest without the old files replaces the old one
//!            Tidying     files that are history are removed, and the manifest forgets them
//! ```
//!
//! A crash at any point leaves a manifest whose files are all there, and they hold everything. What fails leaves the files as
//! they were, but for another file of commands.
//!
//! Switched on at run time ([`State::Waiting`]), commands go to a temporary file until the first base is written: the
//! manifest names neither before.
//!
//! Does nothing by itself: time and completions are brought to it, and [`AppendOnly::take_wants`] tells what others must do.

use super::Said;
use super::manifest::{Manifest, Names};
use super::writer::{Now, Rules, Writer};
use crate::config::os_reason;
use crate::io::{FileEvent, FileId, Files, Open};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Failures in a row from which on rewrites wait. Redis: aof.c AOF_REWRITE_LIMITE_THRESHOLD.
const FAILURES_MAX: u64 = 3;
/// The longest such wait. Redis: aof.c AOF_REWRITE_LIMITE_MAX_MINUTES.
const WAIT_MAX_MIN: i64 = 60;

/// Whether commands are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// They are not.
    #[default]
    Off,
    /// They are, as far as it goes: the first base is not written. Redis: AOF_WAIT_REWRITE.
    Waiting,
    /// They are.
    On,
}

/// Settings that may change at any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Of the writer.
    pub rules: Rules,
    /// The base is an RDB file (`aof-use-rdb-preamble`).
    pub rdb_base: bool,
    /// History is not removed (`aof-disable-auto-gc`).
    pub keep_history: bool,
    /// Growth in percent at which a rewrite begins, 0: never (`auto-aof-rewrite-percentage`).
    pub growth_percent: u64,
    /// Bytes from which on that happens (`auto-aof-rewrite-min-size`).
    pub min_size: u64,
}

/// What others must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// A rewrite has begun: whoever asked for it may be told.
    Started,
    /// A rewrite could not begin.
    NotStarted,
    /// Make a cut through all shards, switch their journals on, and write the dataset to this file, in the given form. Then
    /// call [`AppendOnly::cut`] and [`AppendOnly::base_written`].
    Save {
        /// To be written anew.
        path: PathBuf,
        /// As an RDB file; else as commands.
        rdb: bool,
    },
    /// The running save is not wanted any more.
    Cancel,
}

/// How far a rewrite is.
#[derive(Debug)]
enum Phase {
    Preparing {
        incr: FileId,
    },
    /// The file that is begun at the cut, none if the append-only file is off; and what came of the base, if that is known
    /// already.
    Cutting {
        incr: Option<FileId>,
        base: Option<Option<u64>>,
    },
    Saving,
    Finishing {
        base: String,
        base_bytes: u64,
        moved_incr: Option<String>,
    },
    Tidying,
}

/// A manifest on its way to the disk.
#[derive(Debug)]
struct Persisting {
    next: Manifest,
    file: FileId,
    failed: Option<io::Error>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Persisted {
    /// The old one is in force.
    Not,
    /// The new one is, unless the power fails.
    Perhaps,
    /// The new one is.
    Safe,
}

/// Figures for INFO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `aof_enabled`.
    pub is_enabled: bool,
    /// `aof_rewrite_in_progress`.
    pub is_rewriting: bool,
    /// `aof_rewrite_scheduled`.
    pub is_scheduled: bool,
    /// `aof_last_rewrite_time_sec`; -1: there was none.
    pub last_rewrite_s: i64,
    /// Unix time at which the present rewrite began, -1: there is none.
    pub rewrite_since_s: i64,
    /// `aof_last_bgrewrite_status`.
    pub last_rewrite_failed: bool,
    /// `aof_rewrites`.
    pub rewrites: u64,
    /// `aof_rewrites_consecutive_failures`.
    pub failures: u64,
    /// The errno of the last write, if it failed (`aof_last_write_status`).
    pub error: Option<i32>,
    /// `aof_current_size`.
    pub current_size: u64,
    /// `aof_base_size`.
    pub base_size: u64,
    /// `aof_buffer_length`.
    pub buffered: u64,
    /// `aof_pending_bio_fsync`.
    pub pending_syncs: u64,
    /// `aof_delayed_fsync`.
    pub delayed_syncs: u64,
}

/// The append-only file. See the module's documentation.
#[derive(Debug)]
pub struct AppendOnly {
    dir: PathBuf,
    names: Names,
    settings: Settings,
    state: State,
    manifest: Manifest,
    writer: Writer,
    phase: Option<Phase>,
    persisting: Option<Persisting>,
    /// Nobody waits for the end of the phase any more.
    is_given_up: bool,
    is_scheduled: bool,
    wants: Vec<Want>,
    said: Vec<Said>,
    rewrites: u64,
    failures: u64,
    last_failed: bool,
    last_rewrite_s: i64,
    since_s: i64,
    /// Minutes of the present limit, and when it ends.
    wait_min: i64,
    wait_until_s: i64,
    /// `aof_current_size` when `counted_from` bytes had been written.
    counted: u64,
    counted_from: u64,
    base_size: u64,
}

impl AppendOnly {
    /// Off, with files in `dir` (`appenddirname`) named after `appendfilename`; `manifest` says which there are.
    pub fn new(dir: &str, appendfilename: &str, manifest: Manifest, settings: Settings) -> AppendOnly {
        AppendOnly {
            dir: dir.into(),
            names: Names::new(appendfilename),
            settings,
            state: State::Off,
            manifest,
            writer: Writer::new(settings.rules),
            phase: None,
            persisting: None,
            is_given_up: false,
            is_scheduled: false,
            wants: Vec::new(),
            said: Vec::new(),
            rewrites: 0,
            failures: 0,
            last_failed: false,
            last_rewrite_s: -1,
            since_s: -1,
            wait_min: 0,
            wait_until_s: 0,
            counted: 0,
            counted_from: 0,
            base_size: 0,
        }
    }

    /// Goes on where the server left off: the manifest's last file of commands, which must be there, is appended to.
    /// `loaded_bytes` and `base_bytes`: of all files, and of the base.
    ///
    /// # Errors
    /// The file cannot be opened; what is to be logged was said.
    pub fn resume(&mut self, loaded_bytes: u64, base_bytes: u64, files: &mut impl Files) -> io::Result<()> {
        let Some(last) = self.manifest.incrs().last() else {
            return Err(io::Error::from_raw_os_error(libc::ENOENT));
        };
        let (path, shown) = (self.path(&last.name), last.shown());
        let opened = files.file_len(&path).and_then(|len| Ok((files.open_file(&path, Open::Append)?, len)));
        let (file, len) = opened.inspect_err(|error| self.cannot_open(&shown, error))?;
        self.writer.switch(file, len);
        self.state = State::On;
        (self.counted, self.counted_from) = (loaded_bytes, self.writer.written());
        self.base_size = base_bytes;
        Ok(())
    }

    /// Goes by other settings.
    pub fn set(&mut self, settings: Settings) {
        self.settings = settings;
        self.writer.set_rules(settings.rules);
    }

    /// Whether commands are logged.
    pub fn state(&self) -> State {
        self.state
    }

    /// Where units and marks go, and how far they got. Syncs count for nobody before the first base is written.
    pub fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// Whether a rewrite is under way.
    pub fn is_rewriting(&self) -> bool {
        self.phase.as_ref().is_some_and(|phase| !matches!(phase, Phase::Tidying))
    }

    /// The mark up to which everything is durable, `None` while that cannot be said: WAITAOF.
    pub fn durable(&self) -> Option<u64> {
        (self.state == State::On).then(|| self.writer.progress().synced)
    }

    /// Begins what is due. To be called after feeding, and from time to time.
    pub fn turn(&mut self, now: Now, files: &mut impl Files) {
        self.writer.turn(now, files);
    }

    /// Something that was begun is over. Gives an event back that is of no file of its own.
    pub fn event(&mut self, now: Now, event: FileEvent, files: &mut impl Files) -> Option<FileEvent> {
        let (FileEvent::Written { file, .. } | FileEvent::Synced { file, .. }) = &event;
        match &mut self.persisting {
            Some(persisting) if persisting.file == *file => match event {
                FileEvent::Written { result, .. } => persisting.failed = result.err(),
                FileEvent::Synced { result, .. } => self.replace_manifest(now, result, files),
            },
            _ => return self.writer.event(now, event, files),
        }
        None
    }

    /// What others must do, in order.
    pub fn take_wants(&mut self) -> Vec<Want> {
        std::mem::take(&mut self.wants)
    }

    /// What is to be logged or done, in order.
    pub fn take_said(&mut self) -> Vec<Said> {
        self.said.append(&mut self.writer.take_said());
        std::mem::take(&mut self.said)
    }

    /// Figures for INFO.
    pub fn facts(&self) -> Facts {
        Facts {
            is_enabled: self.state != State::Off,
            is_rewriting: self.is_rewriting(),
            is_scheduled: self.is_scheduled,
            last_rewrite_s: self.last_rewrite_s,
            rewrite_since_s: self.since_s,
            last_rewrite_failed: self.last_failed,
            rewrites: self.rewrites,
            failures: self.failures,
            error: self.writer.error().filter(|_| self.state != State::Off),
            current_size: self.current_size(),
            base_size: self.base_size,
            buffered: self.writer.buffered() as u64,
            pending_syncs: self.writer.pending_syncs() as u64,
            delayed_syncs: self.writer.delayed_syncs(),
        }
    }

    fn current_size(&self) -> u64 {
        self.counted + self.writer.written().saturating_sub(self.counted_from)
    }

    /// BGREWRITEAOF while something else is being saved: a rewrite begins when that is over.
    pub fn schedule(&mut self) {
        self.is_scheduled = true;
        self.failures = 0;
    }

    /// `CONFIG SET appendonly yes`. `is_saving`: something else is being saved now.
    pub fn enable(&mut self, now: Now, is_saving: bool, files: &mut impl Files) {
        if self.state != State::Off {
            return;
        }
        self.state = State::Waiting;
        self.writer.forget_errors();
        if self.is_rewriting() {
            self.said.push(Said::notice(
                "AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and \
                 starting a rewrite now.",
            ));
            self.cancel_rewrite(files);
            self.is_scheduled = true;
        } else if is_saving {
            self.said.push(Said::notice(
                "AOF was enabled but there is already another background operation. An AOF background was scheduled \
                 to start when possible.",
            ));
            self.is_scheduled = true;
        } else {
            self.rewrite(now, files);
        }
    }

    /// `CONFIG SET appendonly no`: what was fed is still written and synced.
    pub fn disable(&mut self, files: &mut impl Files) {
        if self.state == State::Off {
            return;
        }
        let was_waiting = self.state == State::Waiting;
        self.state = State::Off;
        self.is_scheduled = false;
        if was_waiting {
            self.writer.abandon();
        } else {
            self.writer.finish();
        }
        self.cancel_rewrite(files);
    }

    /// Whether a rewrite should begin now that nothing else is being saved. Redis: server.c `serverCron`.
    pub fn is_rewrite_due(&mut self, now_s: i64) -> bool {
        if self.phase.is_some() || self.persisting.is_some() {
            return false;
        }
        if self.is_scheduled && !self.is_limited(now_s) {
            return true;
        }
        let (size, percent) = (self.current_size(), self.settings.growth_percent);
        if self.state != State::On || percent == 0 || size <= self.settings.min_size {
            return false;
        }
        let growth = (size.saturating_mul(100) / self.base_size.max(1)).saturating_sub(100);
        if growth < percent || self.is_limited(now_s) {
            return false;
        }
        self.said.push(Said::notice(format!("Starting automatic rewriting of AOF on {growth}% growth")));
        true
    }

    /// After failures in a row rewrites wait, each time twice as long.
    fn is_limited(&mut self, now_s: i64) -> bool {
        if self.failures < FAILURES_MAX {
            (self.wait_min, self.wait_until_s) = (0, 0);
            return false;
        }
        if self.wait_until_s != 0 {
            let waits = now_s < self.wait_until_s;
            if !waits {
                self.wait_until_s = 0;
            }
            return waits;
        }
        self.wait_min = (self.wait_min * 2).clamp(1, WAIT_MAX_MIN);
        self.wait_until_s = now_s + self.wait_min * 60;
        self.said.push(Said::warning(format!(
            "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in {} minutes",
            self.wait_min
        )));
        true
    }

    /// Begins a rewrite; [`Want::Started`] or [`Want::NotStarted`] follows. Nothing else may be being saved.
    pub fn rewrite(&mut self, now: Now, files: &mut impl Files) {
        if self.phase.is_some() || self.persisting.is_some() {
            // The last one has not quite ended.
            self.is_scheduled = true;
            return self.wants.push(Want::Started);
        }
        self.is_given_up = false;
        if let Err(error) = files.create_dir(&self.dir) {
            let (dir, why) = (self.dir.display(), os_reason(&error));
            self.said.push(Said::warning(format!("Can't open or create append-only dir {dir}: {why}")));
            return self.not_started();
        }
        self.since_s = now.unix_s;
        match self.state {
            State::Off => self.save(None),
            State::Waiting => match self.open_incr(&self.names.temp_incr(), files) {
                Ok(incr) => self.save(Some(incr)),
                Err(()) => self.not_started(),
            },
            State::On => {
                let mut next = self.manifest.clone();
                let name = next.new_incr(&self.names);
                let Ok(incr) = self.open_incr(&name, files) else { return self.not_started() };
                self.phase = Some(Phase::Preparing { incr });
                self.persist(now, next, files);
            }
        }
    }

    fn open_incr(&mut self, name: &str, files: &mut impl Files) -> Result<FileId, ()> {
        let opened = files.open_file(&self.path(name.as_bytes()), Open::Create);
        opened.map_err(|error| self.cannot_open(name, &error))
    }

    fn cannot_open(&mut self, name: &str, error: &io::Error) {
        let why = os_reason(error);
        self.said.push(Said::warning(format!("Can't open the append-only file {name}: {why}")));
    }

    fn not_started(&mut self) {
        self.last_failed = true;
        self.since_s = -1;
        // Redis: a server that was to switch it on stays off; here it was said to be on, and is tried again.
        self.is_scheduled = self.state == State::Waiting;
        if self.is_scheduled {
            self.failures += 1;
        }
        self.wants.push(Want::NotStarted);
    }

    /// Everything is there for the cut.
    fn save(&mut self, incr: Option<FileId>) {
        if incr.is_some() {
            let name = match (self.state, self.manifest.incrs().last()) {
                (State::On, Some(last)) => last.shown(),
                _ => self.names.temp_incr(),
            };
            self.said.push(Said::notice(format!("Creating AOF incr file {name} on background rewrite")));
        }
        self.rewrites += 1;
        self.is_scheduled = false;
        self.said.push(Said::notice("Background append only file rewriting started"));
        self.phase = Some(Phase::Cutting { incr, base: None });
        self.wants.extend([Want::Started, Want::Save { path: temp_base(), rdb: self.settings.rdb_base }]);
    }

    /// The cut stands here in the order of units: what follows goes to the new file. Where journals are off no unit comes,
    /// and the cut is as soon as it was asked for.
    pub fn cut(&mut self, now: Now, files: &mut impl Files) {
        let Some(Phase::Cutting { incr, base }) = self.phase else { return };
        if let Some(incr) = incr {
            self.writer.switch(incr, 0);
        }
        self.phase = Some(Phase::Saving);
        if let Some(bytes) = base {
            self.base_written(now, bytes, files);
        }
    }

    /// The dataset as it was at the cut is in the temporary file, `Some` bytes of it and synced, or could not be written.
    pub fn base_written(&mut self, now: Now, bytes: Option<u64>, files: &mut impl Files) {
        match &mut self.phase {
            // The units before the cut are still on their way.
            Some(Phase::Cutting { base, .. }) if bytes.is_some() => return *base = Some(bytes),
            Some(Phase::Saving | Phase::Cutting { .. }) => {}
            // It was given up.
            _ => return drop(files.remove(&temp_base())),
        }
        let Some(bytes) = bytes else {
            self.said.push(Said::warning("Background AOF rewrite terminated with error"));
            return self.failed(now, files);
        };
        self.said.push(Said::notice("Background AOF rewrite terminated with success"));
        let mut next = self.manifest.clone();
        let base = next.new_base(&self.names, self.settings.rdb_base);
        let temp = temp_base();
        if let Err(error) = files.rename(&temp, &self.path(base.as_bytes())) {
            let (temp, path, why) = (temp.display(), self.path(base.as_bytes()), os_reason(&error));
            let path = path.display();
            self.said.push(Said::warning(format!(
                "Error trying to rename the temporary AOF base file {temp} into {path}: {why}"
            )));
            return self.failed(now, files);
        }
        self.said.push(Said::notice(format!(
            "Successfully renamed the temporary AOF base file {} into {base}",
            temp.display()
        )));
        let mut moved_incr = None;
        if self.state == State::Waiting {
            let incr = next.new_incr(&self.names);
            if !self.move_incr(&incr, files) {
                let _ = files.remove(&self.path(base.as_bytes()));
                return self.failed(now, files);
            }
            moved_incr = Some(incr);
        }
        next.retire_incrs(usize::from(self.state != State::Off));
        self.phase = Some(Phase::Finishing { base, base_bytes: bytes, moved_incr });
        self.persist(now, next, files);
    }

    /// The temporary file of commands gets its name.
    fn move_incr(&mut self, name: &str, files: &mut impl Files) -> bool {
        let (temp_name, path) = (self.names.temp_incr(), self.path(name.as_bytes()));
        let temp = self.path(temp_name.as_bytes());
        match files.rename(&temp, &path) {
            Ok(()) => {
                self.said.push(Said::notice(format!(
                    "Successfully renamed the temporary AOF incr file {temp_name} into {name}"
                )));
                true
            }
            Err(error) => {
                let (temp, path, why) = (temp.display(), path.display(), os_reason(&error));
                self.said.push(Said::warning(format!(
                    "Error trying to rename the temporary AOF incr file {temp} into {path}: {why}"
                )));
                false
            }
        }
    }

    /// A rewrite came to nothing.
    fn failed(&mut self, now: Now, files: &mut impl Files) {
        self.last_failed = true;
        self.failures += 1;
        self.ended(now, files);
    }

    /// A rewrite is over, this way or that.
    fn ended(&mut self, now: Now, files: &mut impl Files) {
        if let Some(Phase::Cutting { incr: Some(incr), .. }) = self.phase.take() {
            files.close_file(incr);
        }
        // Usually it has another name by now.
        let _ = files.remove(&temp_base());
        if self.state == State::Waiting {
            self.writer.abandon();
            let name = self.names.temp_incr();
            self.said.push(Said::notice(format!("Removing the temp incr aof file {name} in the background")));
            let _ = files.remove(&self.path(name.as_bytes()));
            self.is_scheduled = true;
        }
        self.last_rewrite_s = now.unix_s.saturating_sub(self.since_s).max(0);
        self.since_s = -1;
    }

    /// Gives a running rewrite up. Redis: aof.c `killAppendOnlyChild`.
    pub fn cancel_rewrite(&mut self, files: &mut impl Files) {
        match &self.phase {
            Some(Phase::Cutting { .. } | Phase::Saving) => {
                self.said.push(Said::notice("Killing running AOF rewrite child"));
                self.wants.push(Want::Cancel);
                if let Some(Phase::Cutting { incr: Some(incr), .. }) = self.phase.take() {
                    files.close_file(incr);
                }
                self.phase = None;
                self.since_s = -1;
            }
            // A manifest on its way still arrives, and the old and the new one are both right.
            Some(Phase::Preparing { .. } | Phase::Finishing { .. } | Phase::Tidying) => {
                self.is_given_up = true
            }
            None => {}
        }
    }

    fn path(&self, name: &[u8]) -> PathBuf {
        self.dir.join(OsStr::from_bytes(name))
    }

    /// Begins to replace the manifest on disk: a temporary file, synced, renamed, and the directory synced. Redis: aof.c
    /// `writeAofManifestFile`.
    fn persist(&mut self, now: Now, next: Manifest, files: &mut impl Files) {
        let name = self.names.temp_manifest();
        match files.open_file(&self.path(name.as_bytes()), Open::Create) {
            Ok(file) => {
                files.append(file, next.format());
                files.sync(file, false);
                self.persisting = Some(Persisting { next, file, failed: None });
            }
            Err(error) => {
                let why = os_reason(&error);
                self.said.push(Said::warning(format!("Can't open the AOF manifest file {name}: {why}")));
                self.persisted(now, next, Persisted::Not, files);
            }
        }
    }

    /// The new manifest is in its temporary file, or is not.
    fn replace_manifest(&mut self, now: Now, synced: io::Result<()>, files: &mut impl Files) {
        let Some(Persisting { next, file, failed }) = self.persisting.take() else { return };
        files.close_file(file);
        let (temp, name) = (self.names.temp_manifest(), self.names.manifest());
        let wrong = match (failed, synced) {
            (Some(error), _) => Some(format!(
                "Error trying to write the temporary AOF manifest file {temp}: {}",
                os_reason(&error)
            )),
            (None, Err(error)) => {
                Some(format!("Fail to fsync the temp AOF file {temp}: {}.", os_reason(&error)))
            }
            (None, Ok(())) => {
                let renamed = files.rename(&self.path(temp.as_bytes()), &self.path(name.as_bytes()));
                renamed.err().map(|error| {
                    let why = os_reason(&error);
                    format!(
                        "Error trying to rename the temporary AOF manifest file {temp} into {name}: {why}"
                    )
                })
            }
        };
        if let Some(wrong) = wrong {
            self.said.push(Said::Warning(wrong));
            return self.persisted(now, next, Persisted::Not, files);
        }
        let persisted = match files.sync_dir(&self.dir) {
            Ok(()) => Persisted::Safe,
            Err(error) => {
                let (path, why) = (self.path(name.as_bytes()), os_reason(&error));
                let path = path.display();
                self.said.push(Said::warning(format!("Fail to fsync AOF directory {path}: {why}.")));
                Persisted::Perhaps
            }
        };
        self.persisted(now, next, persisted, files);
    }

    /// The manifest was replaced, or could not be: goes on with what needed it.
    fn persisted(&mut self, now: Now, next: Manifest, outcome: Persisted, files: &mut impl Files) {
        let is_done = outcome != Persisted::Not;
        if is_done {
            self.manifest = next;
        }
        match self.phase.take() {
            Some(Phase::Preparing { incr }) if is_done && !self.is_given_up => self.save(Some(incr)),
            Some(Phase::Preparing { incr }) => {
                files.close_file(incr);
                self.since_s = -1;
                if !self.is_given_up {
                    self.not_started();
                }
            }
            Some(Phase::Finishing { base, moved_incr, .. }) if !is_done => {
                let made = [Some(base), moved_incr];
                made.iter().flatten().for_each(|name| drop(files.remove(&self.path(name.as_bytes()))));
                self.failed(now, files);
            }
            Some(Phase::Finishing { base_bytes, moved_incr, .. }) => {
                self.finished(now, base_bytes, moved_incr.is_some(), files);
                // Were the old manifest to come back, its files must be there.
                if outcome == Persisted::Safe {
                    self.tidy(now, files);
                }
            }
            Some(Phase::Tidying) | None => {}
            other => self.phase = other,
        }
    }

    /// The new base is in force.
    fn finished(&mut self, now: Now, base_bytes: u64, is_first: bool, files: &mut impl Files) {
        self.last_failed = false;
        self.failures = 0;
        self.said.push(Said::notice("Background AOF rewrite finished successfully"));
        if !self.is_given_up {
            if self.state != State::Off {
                self.counted = base_bytes + self.writer.last_size();
                self.counted_from = self.writer.written();
                self.base_size = self.counted;
            }
            if self.state == State::Waiting && is_first {
                self.state = State::On;
            }
            self.ended(now, files);
        }
        self.since_s = -1;
    }

    /// Removes the files that are history. Redis: aof.c `aofDelHistoryFiles`.
    pub fn tidy(&mut self, now: Now, files: &mut impl Files) {
        if self.settings.keep_history || self.manifest.history().is_empty() || self.persisting.is_some() {
            return;
        }
        let mut next = self.manifest.clone();
        for part in next.take_history() {
            let name = part.shown();
            self.said.push(Said::notice(format!("Removing the history file {name} in the background")));
            // One that is left over takes room and does no harm.
            let _ = files.remove(&self.path(&part.name));
        }
        self.phase = Some(Phase::Tidying);
        self.persist(now, next, files);
    }
}

/// Where a base is written. Redis: aof.c `rewriteAppendOnlyFileBackground`.
fn temp_base() -> PathBuf {
    format!("temp-rewriteaof-bg-{}.aof", std::process::id()).into()
}

#[cfg(test)]
mod tests;
