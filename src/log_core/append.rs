//! The append-only file on the log core: units go to it from the merge, its base comes from a snapshot, clients wait for it
//! (Redis: aof.c; server.c `serverCron`, `beforeSleep`; replication.c `waitaofCommand`).
//!
//! ```text
//!   merge ── units, marks ──► AppendOnly ──► files           persist/aof/append_only.rs decides, this carries it out
//!         ── Cut(id) ───────►    │ ▲
//!                                ▼ │ base_written
//!                   Want::Save ─► cut, snapshot ─► Base: temp-rewriteaof-bg-<pid>.aof
//!
//!   AppendOnly's progress ──► Appending::release ──► shards send what they held back (appendfsync always)
//!                         ──► WAITAOF
//! ```

use super::LogCore;
use super::base::{Base, Form};
use super::cut::{Journals, Piece};
use super::image::{self, Image, Purpose};
use crate::command::server::appending::SCHEDULED;
use crate::command::server_state::{Asker, DiskWait, LogOpening, holds_under};
use crate::config::{AppendFsync, Config};
use crate::io::{Driver, FileEvent, Files, Open, Time};
use crate::journal::{Audience, Item, Part};
use crate::keyspace::snapshot::{CommandRecords, Encode};
use crate::log;
use crate::persist::aof::Said;
use crate::persist::aof::append_only::{AppendOnly, Settings, State, Want};
use crate::persist::aof::manifest::Manifest;
use crate::persist::aof::writer::{Now, Policy, Rules};
use crate::shard::Ground;
use crate::shard::txn::{Fragments, ShardSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

/// WAITAOF's waiters whose clients are gone are looked for so often, in nanoseconds.
const SWEEP_NS: u64 = 1_000_000_000;

/// What of the append-only file the log core keeps.
pub(super) struct Appender {
    file: AppendOnly,
    /// What was there at the start was taken over.
    is_open: bool,
    /// It is off until a master's copy is loaded, whatever the configuration says.
    is_suspended: bool,
    /// The cut at which journals are switched off, with the file behind it.
    off_at: Option<u64>,
    /// Somebody wants to read the files: the cut behind which nothing is logged, 0 once it was met, and whom to tell.
    hold: Option<(u64, SyncSender<bool>)>,
    /// BGREWRITEAOF waits for the rewrite to begin.
    askers: Vec<Asker>,
    /// BGREWRITEAOF came while SAVE or FLUSHALL saves.
    late: Vec<Asker>,
    /// A base is to be written as soon as a snapshot can be made.
    wanted: Option<(PathBuf, bool)>,
    job: Option<Base>,
    waiters: Vec<Waiter>,
    swept_ns: u64,
}

/// WAITAOF.
struct Waiter {
    wait: DiskWait,
    /// What was published before has smaller stamps.
    stamp: u64,
    /// Monotonic ns, `u64::MAX`: never.
    deadline_ns: u64,
}

impl Appender {
    pub(super) fn new(config: &Config) -> Appender {
        let (dir, name) = (&config.appenddirname, &config.appendfilename);
        Appender {
            file: AppendOnly::new(dir, name, Manifest::default(), settings(config, false)),
            is_open: false,
            is_suspended: false,
            off_at: None,
            hold: None,
            askers: Vec::new(),
            late: Vec::new(),
            wanted: None,
            job: None,
            waiters: Vec::new(),
            swept_ns: 0,
        }
    }

    /// Whether it takes what shards say.
    pub(super) fn needs_journals(&self) -> bool {
        self.off_at.is_none() && self.file.state() != State::Off
    }

    /// Whether a base is being written, or about to be.
    pub(super) fn is_saving(&self) -> bool {
        self.file.is_rewriting() || self.job.is_some() || self.wanted.is_some()
    }

    /// Whether a rewrite is under way.
    pub(super) fn is_rewriting(&self) -> bool {
        self.file.is_rewriting()
    }

    /// When something is due after `now_ns` (monotonic ns).
    pub(super) fn due_ns(&self, now_ns: u64) -> Option<u64> {
        let held_back = self.job.as_ref().and_then(|job| job.due_ns(now_ns));
        self.waiters.iter().map(|waiter| waiter.deadline_ns).chain(held_back).min()
    }

    /// Takes an item of the merge; gives the number of a cut back.
    pub(super) fn feed(&mut self, time: Time, item: &Item<'_>) -> Option<u64> {
        let now = now(time);
        let is_ours = |part: &Part<'_>| part.audience == Audience::All;
        match item {
            Item::Cut(id) => return Some(*id),
            Item::Singles(part) if is_ours(part) => self.file.writer().feed(now, part.db, part.bytes),
            Item::Singles(_) => {}
            Item::Unit(parts) => {
                let pieces = parts.iter().filter(|part| is_ours(part));
                match pieces.clone().map(|part| part.effects).sum() {
                    0 => {}
                    1 => pieces.for_each(|part| self.file.writer().feed(now, part.db, part.bytes)),
                    _ => self.file.writer().feed_unit(now, pieces.map(|part| (part.db, part.bytes))),
                }
            }
        }
        None
    }

    /// The merge emitted the cut of snapshot `id`.
    pub(super) fn cut(&mut self, time: Time, id: u64, files: &mut impl Files) {
        if self.job.as_ref().is_some_and(|job| job.id() == id) {
            self.file.cut(now(time), files);
        } else if self.off_at == Some(id) {
            self.off_at = None;
            self.file.disable(files);
        } else if let Some((at, _)) = &mut self.hold
            && *at == id
        {
            *at = 0;
        }
    }
}

fn now(time: Time) -> Now {
    Now { mono_ms: time.mono_ns / 1_000_000, unix_s: time.unix_ms.div_euclid(1000) }
}

fn settings(config: &Config, is_saving: bool) -> Settings {
    let policy = match config.appendfsync {
        AppendFsync::Always => Policy::Always,
        AppendFsync::Everysec => Policy::Everysec,
        AppendFsync::No => Policy::No,
    };
    Settings {
        rules: Rules {
            policy,
            timestamps: config.aof_timestamp_enabled,
            is_saving,
            spare_disk: config.no_appendfsync_on_rewrite,
        },
        rdb_base: config.aof_use_rdb_preamble,
        keep_history: config.aof_disable_auto_gc,
        growth_percent: u64::from(config.auto_aof_rewrite_percentage),
        min_size: config.auto_aof_rewrite_min_size,
    }
}

/// Switches all journals on at one point of the shards' common order, and tells when that is done.
struct SwitchOn {
    done: SyncSender<bool>,
}

impl Fragments<Ground> for SwitchOn {
    fn fragment(&self, _: usize, ground: &mut Ground) {
        ground.store.journal.switch(true);
    }

    fn done(&self) {
        // Who waited may have given up.
        let _ = self.done.try_send(true);
    }
}

impl<D: Driver + Files> LogCore<D> {
    /// Takes over what was there at the start.
    pub(super) fn open_log(&mut self, opening: LogOpening) {
        let LogOpening { manifest, bytes, base_bytes, is_on, done } = opening;
        let (config, time) = (self.config.clone(), self.time);
        let settings = settings(&config, false);
        self.aof.file = AppendOnly::new(&config.appenddirname, &config.appendfilename, manifest, settings);
        self.aof.is_open = true;
        if !is_on {
            let _ = done.try_send(true);
            return self.follow_settings();
        }
        if self.aof.file.resume(bytes, base_bytes, &mut self.driver).is_err() {
            self.say();
            let _ = done.try_send(false);
            return;
        }
        self.aof.file.tidy(now(time), &mut self.driver);
        // In force before the first write can be published.
        self.release();
        let all = ShardSet::all(self.server.shards);
        self.hub.independent(self.id, all, Arc::new(SwitchOn { done }));
    }

    /// The files are to be read: journals are switched off, and what came before is appended (debug.c `debugCommand`,
    /// LOADAOF).
    pub(super) fn hold_log(&mut self, done: SyncSender<bool>) {
        if self.aof.file.state() == State::Off {
            let _ = done.try_send(true);
        } else {
            self.aof.hold = Some((self.mark_journals(Journals::Off), done));
        }
    }

    /// Journals are switched on again.
    pub(super) fn go_on_log(&mut self, done: SyncSender<bool>) {
        if self.aof.file.state() == State::Off {
            let _ = done.try_send(true);
        } else {
            let all = ShardSet::all(self.server.shards);
            self.hub.independent(self.id, all, Arc::new(SwitchOn { done }));
        }
    }

    /// Tells whoever waits to read the files when everything is in them.
    fn tell_readers(&mut self) {
        if matches!(self.aof.hold, Some((0, _)))
            && self.aof.file.writer().buffered() == 0
            && let Some((_, done)) = self.aof.hold.take()
        {
            // Who waited may have given up.
            let _ = done.try_send(true);
        }
    }

    /// The configuration has changed, or what is being saved.
    pub(super) fn follow_settings(&mut self) {
        let is_saving = self.saver.is_saving() || self.aof.job.is_some();
        self.aof.file.set(settings(&self.config, is_saving));
        if !self.aof.is_open || self.aof.is_suspended || self.aof.off_at.is_some() {
            return;
        }
        let (is_on, state) = (self.config.appendonly, self.aof.file.state());
        if is_on && state == State::Off {
            let is_busy = self.saver.is_saving();
            self.aof.file.enable(now(self.time), is_busy, &mut self.driver);
        } else if !is_on && state != State::Off {
            // What was done before is still logged.
            let journals = if self.feeds_replicas() { Journals::Stay } else { Journals::Off };
            self.aof.off_at = Some(self.mark_journals(journals));
        }
    }

    /// Whether the append-only file of the start was taken over, if only to say that there is none.
    pub(super) fn is_log_open(&self) -> bool {
        self.aof.is_open
    }

    /// A master's copy is about to replace the dataset: what is in the file is of no use any more, and what the copy brings is
    /// not logged (replication.c `readSyncBulkPayload`, `stopAppendOnly`).
    pub(super) fn suspend_log(&mut self) {
        self.aof.is_suspended = true;
        self.aof.file.disable(&mut self.driver);
    }

    /// The copy is there, or this server leads: the file begins anew from what is in memory now (replication.c
    /// `restartAOFAfterSYNC`).
    pub(super) fn resume_log(&mut self) {
        if std::mem::take(&mut self.aof.is_suspended) {
            self.follow_settings();
        }
    }

    /// BGREWRITEAOF. Without an asker: as soon as nothing else is saved.
    pub(super) fn rewrite_request(&mut self, asker: Option<Asker>) {
        if self.aof.is_rewriting() {
            self.answer(asker, b"-ERR Background append only file rewriting already in progress\r\n");
        } else if self.saver.is_foreground() && asker.is_some() {
            // In Redis the client comes behind it.
            self.aof.late.extend(asker);
        } else if self.saver.is_saving() || asker.is_none() {
            self.aof.file.schedule();
            self.publish_log_facts();
            self.answer(asker, format!("+{SCHEDULED}\r\n").as_bytes());
        } else {
            self.aof.askers.extend(asker);
            self.aof.file.rewrite(now(self.time), &mut self.driver);
        }
    }

    /// WAITAOF.
    pub(super) fn wait_for_disk(&mut self, wait: DiskWait) {
        let deadline_ns = match wait.timeout_ms {
            0 => u64::MAX,
            ms => self.time.mono_ns.saturating_add(ms.saturating_mul(1_000_000)),
        };
        // What the client wrote was published before it could ask.
        let stamp = self.tap.clock().issued();
        self.aof.waiters.push(Waiter { wait, stamp, deadline_ns });
    }

    /// A shard handed over a piece of snapshot `id`. Gives it back if it is of another one.
    pub(super) fn log_piece(&mut self, id: u64, shard: usize, piece: Piece) -> Option<Piece> {
        match &mut self.aof.job {
            Some(job) if job.id() == id => {
                job.take(shard, piece);
                None
            }
            _ => Some(piece),
        }
    }

    /// Something happened to a file of the append-only file's, if it is one.
    pub(super) fn log_file_event(&mut self, event: FileEvent) {
        let event = match &mut self.aof.job {
            Some(job) => job.event(event, &self.funnel),
            None => Some(event),
        };
        if let Some(event) = event {
            self.aof.file.event(now(self.time), event, &mut self.driver);
        }
    }

    /// Goes on with everything. Called in every turn, after the merge.
    pub(super) fn advance_log(&mut self) {
        if !self.aof.late.is_empty() && !self.saver.is_foreground() {
            for asker in std::mem::take(&mut self.aof.late) {
                self.rewrite_request(Some(asker));
            }
        }
        let (time, reached) = (self.time, self.tap.reached());
        self.aof.file.writer().mark(reached);
        self.aof.file.turn(now(time), &mut self.driver);
        self.advance_base();
        self.carry_out();
        self.say();
        self.release();
        self.answer_waiters();
        self.tell_readers();
        self.publish_log_facts();
    }

    /// Writes what came of the base.
    fn advance_base(&mut self) {
        let Some(job) = &mut self.aof.job else { return };
        let delay = self.config.rdb_key_save_delay;
        job.advance(self.time.mono_ns, delay, &mut self.driver);
        let Some(outcome) = job.outcome() else { return };
        let job = self.aof.job.take();
        if let Some(file) = job.map(|job| job.file()) {
            self.driver.close_file(file);
        }
        if outcome.is_none() {
            self.cancel_snapshot();
        }
        self.aof.file.base_written(now(self.time), outcome, &mut self.driver);
        self.follow_settings();
    }

    /// Does what the file wants.
    fn carry_out(&mut self) {
        for want in self.aof.file.take_wants() {
            match want {
                Want::Started => {
                    self.publish_log_facts();
                    for asker in std::mem::take(&mut self.aof.askers) {
                        self.answer(Some(asker), b"+Background append only file rewriting started\r\n");
                    }
                }
                Want::NotStarted => {
                    for asker in std::mem::take(&mut self.aof.askers) {
                        self.answer(
                            Some(asker),
                            b"-ERR Can't execute an AOF background rewriting. Please check the server logs for more information.\r\n",
                        );
                    }
                }
                Want::Save { path, rdb } => self.aof.wanted = Some((path, rdb)),
                Want::Cancel => {
                    self.aof.wanted = None;
                    if let Some(job) = self.aof.job.take() {
                        self.driver.close_file(job.file());
                        self.cancel_snapshot();
                        self.aof.file.base_written(now(self.time), None, &mut self.driver);
                    }
                }
            }
        }
        if self.aof.wanted.is_some() && self.snapshot.is_none() {
            self.begin_base();
        }
    }

    /// Makes the cut, from which on units go to a new file, and begins to write the base.
    fn begin_base(&mut self) {
        let Some((path, rdb)) = self.aof.wanted.take() else { return };
        let (config, time) = (self.config.clone(), self.time);
        let file = match self.driver.open_file(&path, Open::Create) {
            Ok(file) => file,
            Err(error) => {
                log!(
                    Warning,
                    "Opening the temp file for AOF rewrite in rewriteAppendOnlyFile(): {}",
                    crate::base::os_text(&error)
                );
                return self.aof.file.base_written(now(time), None, &mut self.driver);
            }
        };
        let is_on = self.aof.file.state() != State::Off;
        let (encode, form): (Arc<dyn Encode>, Form) = if rdb {
            let purpose = Purpose { is_aof_base: true, ..Purpose::default() };
            let image = Image::new(purpose, &config, self.server.shards, time.unix_ms);
            (Arc::new(image::records(&config, time.unix_ms)), Form::Rdb(Box::new(image)))
        } else {
            let stamp = config.aof_timestamp_enabled.then_some(time.unix_ms.div_euclid(1000));
            (Arc::new(CommandRecords), Form::commands(stamp, self.server.shards))
        };
        let Some(id) = self.begin_snapshot(encode, if is_on { Journals::On } else { Journals::Stay }) else {
            // Whoever calls has made sure of it.
            self.driver.close_file(file);
            return self.aof.file.base_written(now(time), None, &mut self.driver);
        };
        self.aof.job = Some(Base::new(id, form, file, config.aof_rewrite_incremental_fsync));
        if !is_on {
            // No unit goes anywhere, so none has to be told from what the base holds.
            self.aof.file.cut(now(time), &mut self.driver);
        }
        self.follow_settings();
    }

    /// Logs and reports what the file says. What it cannot recover from ends the process.
    fn say(&mut self) {
        for said in self.aof.file.take_said() {
            match said {
                Said::Notice(text) => log!(Notice, "{text}"),
                Said::Warning(text) => log!(Warning, "{text}"),
                Said::Latency(event, ms) => self.server.latency_event(event, ms),
                Said::Fatal(text) => {
                    log!(Warning, "{text}");
                    std::process::exit(1);
                }
            }
        }
    }

    /// Lets shards send what waited for the disk.
    fn release(&mut self) {
        let released = self.aof.file.writer().progress().released;
        self.server.release_sends(holds_under(&self.server.config.load()), released);
    }

    fn answer_waiters(&mut self) {
        if self.aof.waiters.is_empty() {
            return;
        }
        let sweep = self.time.mono_ns.saturating_sub(self.aof.swept_ns) >= SWEEP_NS;
        if sweep {
            self.aof.swept_ns = self.time.mono_ns;
        }
        let durable = self.aof.file.durable();
        let (now_ns, is_on) = (self.time.mono_ns, self.config.appendonly);
        for waiter in std::mem::take(&mut self.aof.waiters) {
            let asker = Some(waiter.wait.asker);
            let local = durable.is_some_and(|durable| durable >= waiter.stamp);
            let is_done = (local || !waiter.wait.is_local) && waiter.wait.replicas == 0;
            if waiter.wait.is_local && !is_on {
                self.answer(
                    asker,
                    b"-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n",
                );
            } else if is_done || now_ns >= waiter.deadline_ns {
                self.answer(asker, format!("*2\r\n:{}\r\n:0\r\n", u8::from(local)).as_bytes());
            } else if !sweep || self.server.clients.get(waiter.wait.asker.client).is_some() {
                self.aof.waiters.push(waiter);
            }
        }
    }

    fn publish_log_facts(&mut self) {
        let mut facts = self.aof.file.facts();
        // CONFIG SET may have said more than was done yet.
        let is_wanted = self.server.config.load().appendonly;
        facts.is_rewriting |= is_wanted && self.aof.is_open && !facts.is_enabled;
        facts.is_enabled = is_wanted;
        self.server.appending.set_facts(facts);
    }

    /// What is due by time.
    pub(super) fn log_cron(&mut self) {
        if !self.aof.is_open || self.server.loading.is_any() {
            return;
        }
        let is_busy = self.saver.is_saving() || self.snapshot.is_some() || self.aof.is_saving();
        if !is_busy && self.aof.file.is_rewrite_due(self.time.unix_ms.div_euclid(1000)) {
            self.aof.file.rewrite(now(self.time), &mut self.driver);
        }
        self.follow_settings();
    }

    /// The process is to end: a rewrite is given up. False if it must not end: the first base is being written, without
    /// which nothing of the dataset is on disk (server.c `finishShutdown`).
    pub(super) fn stop_rewrite(&mut self, force: bool) -> bool {
        if !self.aof.is_saving() {
            return true;
        }
        match (self.aof.file.state() == State::Waiting, force) {
            (true, false) => {
                log!(Warning, "Writing initial AOF, can't exit.");
                return false;
            }
            (true, true) => log!(Warning, "Writing initial AOF. Exit anyway."),
            (false, _) => {}
        }
        log!(Warning, "There is a child rewriting the AOF. Killing it!");
        self.aof.file.cancel_rewrite(&mut self.driver);
        self.carry_out();
        true
    }

    /// The process ends, all shards have: appends what they published last, and syncs it.
    pub(super) fn finish_log(&mut self) -> std::io::Result<()> {
        if self.aof.file.state() == State::Off {
            return Ok(());
        }
        log!(Notice, "Calling fsync() on the AOF file.");
        while self.tap.has_work() {
            self.merge();
        }
        self.aof.file.disable(&mut self.driver);
        let mut events = Vec::new();
        loop {
            self.aof.file.turn(now(self.time), &mut self.driver);
            self.carry_out();
            self.say();
            // What cannot be written now never will be.
            if self.aof.file.writer().is_idle() || self.aof.file.writer().error().is_some() {
                return Ok(());
            }
            self.driver.turn(crate::io::Wait::AtMost(super::CRON), &mut events)?;
            self.time = self.driver.time();
            for event in events.drain(..) {
                if let crate::io::Event::File(event) = event {
                    self.log_file_event(event);
                }
            }
        }
    }
}
