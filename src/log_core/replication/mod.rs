//! Replication on the log thread: what the deciders of [`crate::replication`] say is done here, with sockets, snapshots,
//! files and the stream.
//!
//! ```text
//!  tap ──► items ─► Stream ─► outlets (one per replica: a queue of shared bytes, a place in the stream)
//!   ▲ as a master      ▲
//!   │                  └─ as a replica: the master's units, as they are ──► Applier ──► shards
//!  shards' journals
//! ```
//!
//! - `master.rs`: what [`master::Action`]s ask for; requests of replicas.
//! - `outlet.rs`: bytes on their way to one replica.
//! - `copy.rs`: full copies from snapshots.
//! - `replica.rs`: what [`replica::Action`]s ask for; the copy that is received, the stream that is applied.
//! - `roles.rs`: REPLICAOF, FAILOVER, the change of roles.
//!
//! A change of roles goes through a mark in all journals: what shards did before it is in the stream, nothing after it is.
//! So the stream ends exactly where the dataset stands when a master becomes a replica, and begins there when a replica
//! becomes a master.
//!
//! [`master::Action`]: crate::replication::master::Action
//! [`replica::Action`]: crate::replication::replica::Action

mod copy;
mod master;
mod outlet;
mod replica;
mod roles;

pub(super) use roles::Queue;

use super::LogCore;
use super::cut::Journals;
use crate::command::server_state::Asker;
use crate::command::server_state::replication::View;
use crate::config::{ClientClass, Config};
use crate::io::{Driver, Files, Sock};
use crate::journal::{Item, Stream};
use crate::observe::log;
use crate::persist::rdb::file::ReplicationPoint;
use crate::replication::failover::Failover;
use crate::replication::master::{Around, LinkId, Replicas, Standing, Waits};
use crate::replication::replica::Upstream;
use crate::replication::{History, Level, Line, Settings};
use ahash::AHashMap;
use copy::CopyJob;
use outlet::Outlet;
use replica::Following;
use roles::Change;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// Whose a socket is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Owner {
    Replica(LinkId),
    Master,
}

/// What the log core keeps for replication.
pub(super) struct Replication {
    history: History,
    stream: Stream,
    settings: Arc<Settings>,
    replicas: Replicas,
    waits: Waits,
    failover: Failover,
    outlets: BTreeMap<LinkId, Outlet>,
    socks: AHashMap<Sock, Owner>,
    /// The full copy that is being made.
    copy: Option<CopyJob>,
    /// A copy is wanted, and no snapshot could begin yet.
    copy_wanted: Option<crate::replication::master::Want>,
    upstream: Option<Upstream>,
    following: Following,
    /// What the journals say goes into the stream.
    feeds: bool,
    /// The mark of the journals from which on it does.
    feeds_from: Option<u64>,
    /// Whether shards say what they do, as far as was asked for.
    journals_on: bool,
    /// A change of roles that waits for its mark.
    change: Option<Change>,
    /// This replica becomes a master when everything is applied: by whom, and who waits.
    leaving: Option<(String, Option<Asker>)>,
    /// The mark behind which nothing is written any more, for a failover.
    frozen_at: Option<u64>,
    /// The history of the files was looked at.
    begun: bool,
    last_second: i64,
    shown_ms: i64,
    stale: bool,
}

impl Replication {
    /// Nothing followed, nobody following.
    pub(super) fn new(config: &Config, now_s: i64) -> Replication {
        Replication {
            history: History::new(),
            stream: Stream::new(0),
            settings: Arc::new(settings(config)),
            replicas: Replicas::new(now_s),
            waits: Waits::default(),
            failover: Failover::None,
            outlets: BTreeMap::new(),
            socks: AHashMap::new(),
            copy: None,
            copy_wanted: None,
            upstream: None,
            following: Following::default(),
            feeds: false,
            feeds_from: None,
            journals_on: false,
            change: None,
            leaving: None,
            frozen_at: None,
            begun: false,
            last_second: now_s,
            shown_ms: 0,
            stale: true,
        }
    }

    /// Takes an item of the merge; `marks` gets the number of a cut, and the offset at which it lies.
    pub(super) fn take(&mut self, item: &Item<'_>, marks: &mut Vec<(u64, u64)>) {
        let Item::Cut(id) = item else {
            if self.feeds {
                self.stream.append_item(item);
            }
            return;
        };
        if self.feeds_from == Some(*id) {
            self.feeds_from = None;
            self.feeds = true;
        }
        if self.change.as_ref().is_some_and(|change| change.mark == *id && change.is_demotion()) {
            self.feeds = false;
        }
        marks.push((*id, self.stream.offset()));
    }

    fn standing(&self) -> Standing {
        Standing {
            is_replica: self.upstream.is_some(),
            is_linked: self.upstream.as_ref().is_some_and(Upstream::is_linked),
            fails_over: self.failover.is_on(),
        }
    }
}

/// What deciders need of the configuration.
fn settings(config: &Config) -> Settings {
    let limit = config.client_output_buffer_limit.get(ClientClass::Replica as usize);
    let seconds = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Settings {
        timeout_s: i64::from(config.repl_timeout_s),
        ping_period_s: i64::from(config.repl_ping_replica_period_s),
        backlog_bytes: config.repl_backlog_size,
        backlog_ttl_s: seconds(config.repl_backlog_ttl_s),
        diskless_sync: config.repl_diskless_sync,
        diskless_delay_s: i64::from(config.repl_diskless_sync_delay_s),
        diskless_max_replicas: config.repl_diskless_sync_max_replicas as usize,
        disable_nodelay: config.repl_disable_tcp_nodelay,
        min_replicas: config.min_replicas_to_write as usize,
        min_replicas_max_lag_s: i64::from(config.min_replicas_max_lag_s),
        output_hard_bytes: limit.map_or(0, |limit| limit.hard_bytes),
        output_soft_bytes: limit.map_or(0, |limit| limit.soft_bytes),
        output_soft_s: limit.map_or(0, |limit| seconds(limit.soft_seconds)),
        master_user: config.masteruser.as_ref().map(|user| user.clone().into_bytes()),
        master_auth: config.masterauth.clone(),
        announce_port: if config.replica_announce_port > 0 {
            config.replica_announce_port
        } else {
            config.port
        },
        announce_ip: config.replica_announce_ip.clone().filter(|ip| !ip.is_empty()),
    }
}

/// Says a decider's line.
fn say(line: &Line) {
    match line.level {
        Level::Debug => log::debug(&line.text),
        Level::Notice => log::notice(&line.text),
        Level::Warning => log::warning(&line.text),
    }
}

impl<D: Driver + Files> LogCore<D> {
    /// What deciders of the master's side must know besides.
    fn around<'a>(&self, settings: &'a Settings) -> Around<'a> {
        Around {
            now_s: self.now_s(),
            settings,
            is_saving: self.snapshot.is_some(),
            is_replica: self.repl.upstream.is_some(),
            is_frozen: self.repl.failover.freezes(),
        }
    }

    /// Puts a mark into all journals, from which on the stream needs them, or not. The append-only file may need them all the
    /// same.
    fn switch_journals(&mut self, on: bool) -> u64 {
        self.repl.journals_on = on;
        let off = if self.aof.needs_journals() { Journals::Stay } else { Journals::Off };
        self.mark_journals(if on { Journals::On } else { off })
    }

    /// Whether the stream needs what shards say.
    pub(super) fn feeds_replicas(&self) -> bool {
        self.repl.journals_on
    }

    /// After the merge: what it has added to the stream, and the marks that came out, with their offsets.
    pub(super) fn merged(&mut self, marks: Vec<(u64, u64)>) {
        let repl = &mut self.repl;
        // A master's stream grows by its journals alone; a replica's is counted when it is received.
        let offset = repl.stream.offset();
        if repl.upstream.is_none() && repl.history.backlog.is_some() && offset > repl.history.offset {
            repl.history.offset = offset;
            repl.stale = true;
        }
        repl.waits.merged(self.tap.reached(), offset);
        for (mark, offset) in marks {
            self.passed(mark, offset);
        }
    }

    /// The mark has come out of the journals.
    fn passed(&mut self, mark: u64, offset: u64) {
        self.repl.frozen_at = self.repl.frozen_at.filter(|frozen| *frozen != mark);
        if self.repl.change.as_ref().is_some_and(|change| change.mark == mark) {
            self.change_roles();
        }
        if self.repl.copy.as_ref().is_some_and(|copy| copy.id == mark && !copy.placed) {
            self.copy_cut(offset);
        }
        self.save_cut(mark, offset);
    }

    /// Where the dataset stands when a snapshot with number `id` is cut: known at once on a replica, with its mark on a
    /// master that keeps its stream, and of no interest to anybody else.
    pub(super) fn point(&self, offset: u64) -> ReplicationPoint {
        ReplicationPoint {
            stream_db: self.repl.following.db() as u64,
            id: self.repl.history.id.to_string(),
            offset: i64::try_from(offset).unwrap_or(i64::MAX),
        }
    }

    /// The end of a turn: sends, acknowledgements, what others may see.
    pub(super) fn advance_replication(&mut self) {
        self.advance_copy();
        self.advance_applying();
        self.ask_for_acks();
        self.settle_waits();
        self.step_failover();
        self.pump_all();
        self.trim();
        if self.repl.stale || self.time.unix_ms - self.repl.shown_ms >= 1000 {
            self.show();
        }
    }

    /// A tenth of a second has passed.
    pub(super) fn replication_cron(&mut self) {
        self.begin_history();
        let now_s = self.now_s();
        if now_s == self.repl.last_second {
            return;
        }
        self.repl.last_second = now_s;
        self.second_of_replica();
        self.second_of_master();
        self.check_outputs();
        self.repl.stale = true;
    }

    /// The configuration changed.
    pub(super) fn replication_config(&mut self) {
        self.repl.settings = Arc::new(settings(&self.config));
        let settings = self.repl.settings.clone();
        let around = self.around(&settings);
        self.repl.replicas.count_good(around);
        self.repl.stale = true;
    }

    /// Bytes came in.
    pub(super) fn received(&mut self, sock: Sock, data: &[u8]) {
        match self.repl.socks.get(&sock) {
            Some(&Owner::Replica(id)) => self.heard_replica(id, data),
            Some(Owner::Master) => self.heard_master(data),
            None => {}
        }
    }

    /// A send is over.
    pub(super) fn sent(&mut self, sock: Sock, result: &io::Result<usize>) {
        match self.repl.socks.get(&sock) {
            Some(Owner::Replica(_)) => self.shared_sent(sock, result),
            Some(Owner::Master) => self.master_sent(result),
            None => {}
        }
    }

    /// A peer went away.
    pub(super) fn ended(&mut self, sock: Sock, error: Option<io::Error>) {
        match self.repl.socks.get(&sock) {
            Some(&Owner::Replica(id)) => self.drop_replica(id),
            Some(Owner::Master) => {
                let why = error.map_or_else(|| "connection lost".to_owned(), |error| error.to_string());
                self.master_lost(&why);
            }
            None => {}
        }
    }

    /// Connecting to the master is over.
    pub(super) fn connected(&mut self, sock: Sock, result: io::Result<()>) {
        if self.repl.socks.get(&sock) == Some(&Owner::Master) {
            self.master_connected(result.map_err(|error| error.to_string()));
        }
    }

    /// CLIENT KILL of a replica or of the master.
    pub(super) fn close_client(&mut self, id: u64) {
        if self.repl.outlets.contains_key(&id) {
            self.drop_replica(id);
        } else if self.repl.following.is(id) {
            self.master_lost("killed");
        }
    }

    /// CLIENT UNBLOCK of a client that waits for replicas.
    pub(super) fn end_wait(&mut self, client: u64, with_error: bool) {
        if !self.repl.waits.forget(client) {
            return;
        }
        let Some(at) = self.waiting.iter().position(|asker| asker.client == client) else { return };
        let asker = self.waiting.swap_remove(at);
        let reply: &[u8] =
            if with_error { b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n" } else { b":0\r\n" };
        self.answer(Some(asker), reply);
    }

    fn trim(&mut self) {
        let repl = &mut self.repl;
        let pinned = repl.outlets.values().filter_map(|outlet| outlet.place).min();
        let keep = if repl.history.backlog.is_some() { repl.settings.backlog_bytes } else { 0 };
        repl.stream.trim(keep, pinned);
        if let Some(backlog) = &mut repl.history.backlog {
            backlog.first = repl.stream.first_offset() + 1;
        }
    }

    /// Shows others how replication stands.
    fn show(&mut self) {
        let now_s = self.now_s();
        let repl = &mut self.repl;
        repl.stale = false;
        repl.shown_ms = self.time.unix_ms;
        let asked_for = repl.settings.min_replicas > 0 && repl.settings.min_replicas_max_lag_s > 0;
        self.server.replication.set_good(repl.replicas.good(), asked_for);
        let mut standing = repl.standing();
        // Until the mark has come out, in either direction.
        standing.is_replica |= repl.change.is_some();
        self.server.replication.set_standing(standing);
        self.server.replication.show(View {
            history: repl.history.clone(),
            replicas: repl.replicas.report(now_s),
            link: repl.upstream.as_ref().map(Upstream::report),
            failover: repl.failover.name(),
            counters: repl.replicas.counters(),
        });
    }
}
