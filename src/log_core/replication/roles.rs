//! Who this server is: REPLICAOF, PSYNC … FAILOVER, FAILOVER, and what the configuration and the loaded file say at the
//! start.
//!
//! ```text
//!  master ── Demote: standing shown, journals off behind a mark ── mark ──► connect, ask with the own id and offset
//!  replica ─ link ended, rest applied ─ Promote: id shifted, journals on behind a mark ── mark ──► standing shown
//! ```
//!
//! Clients are refused writes from the moment the standing is shown, and may write again from then on: so no write is
//! acknowledged that is neither in the stream nor in what the new history begins with.

use super::super::LogCore;
use super::{Replication, say};
use crate::command::server_state::{Asker, Pause, Request};
use crate::config::Primary;
use crate::io::{Driver, Files};
use crate::log;
use crate::replication::failover::{Action, Order};
use crate::replication::replica::Upstream;
use crate::replication::{Line, ReplId};
use crate::shard::handover::HandOver;

/// A change of roles that waits for its mark in the journals.
pub(super) struct Change {
    pub(super) mark: u64,
    to: To,
}

enum To {
    Replica { host: String, port: u16, hands_over: bool, by: String, asker: Option<Asker> },
    Master { by: String, asker: Option<Asker> },
}

impl Change {
    /// Whether a master becomes a replica.
    pub(super) fn is_demotion(&self) -> bool {
        matches!(self.to, To::Replica { .. })
    }
}

/// What waits until a change of roles is over, and a promotion that waits until everything is applied.
pub(in super::super) struct Queue<S> {
    requests: Vec<Request>,
    handovers: Vec<HandOver<S>>,
}

impl<S> Default for Queue<S> {
    fn default() -> Queue<S> {
        Queue { requests: Vec::new(), handovers: Vec::new() }
    }
}

impl Replication {
    /// Whether this replica is about to become a master.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }
}

impl<D: Driver + Files> LogCore<D> {
    fn is_changing(&self) -> bool {
        self.repl.change.is_some() || self.repl.is_leaving()
    }

    /// Once nothing is loaded any more: goes on with the history that the file tells of, and follows whom the configuration
    /// names (server.c `loadDataFromDisk`).
    pub(super) fn begin_history(&mut self) {
        // The append-only file is taken over first: what a master's copy brings must not be mixed with what was there.
        if self.repl.begun || self.server.loading.is_any() || !self.is_log_open() {
            return;
        }
        self.repl.begun = true;
        let saved = self.server.loading.take_history().filter(|saved| saved.is_whole());
        let id = saved.as_ref().and_then(|s| ReplId::parse(s.repl_id.as_deref()?.as_bytes()));
        let offset = saved.as_ref().and_then(|s| u64::try_from(s.offset?).ok());
        let saved_db = saved.as_ref().and_then(|s| usize::try_from(s.stream_db?).ok()).unwrap_or(0);
        let whole = id.zip(offset);
        match self.config.replicaof.clone() {
            Some(Primary { host, port }) => {
                if let Some((id, offset)) = whole {
                    self.repl.history.id = id;
                    self.repl.history.offset = offset;
                    self.repl.stream.reset(offset);
                }
                self.repl.upstream = Some(Upstream::new(host, port, whole.is_some(), false));
                self.new_applier(offset.unwrap_or(0), saved_db);
                let now_s = self.now_s();
                if let Some(upstream) = &mut self.repl.upstream {
                    let actions = upstream.begin(now_s);
                    self.obey_replica(actions);
                }
            }
            None => {
                if let Some((id, offset)) = whole {
                    self.repl.history.restored(id, offset);
                    self.keep_stream();
                }
            }
        }
    }

    /// What must be done with the roles as they will be.
    pub(in super::super) fn role_request(&mut self, request: Request) {
        if self.is_changing() {
            self.queue.requests.push(request);
            return;
        }
        match request {
            Request::Follow { host, port, by, asker } => self.follow(host, port, by, asker),
            Request::Lead { by, asker } => self.lead(by, asker),
            Request::Failover(order, asker) => self.failover(order, asker),
            _ => {}
        }
    }

    fn follow(&mut self, host: String, port: u16, by: String, asker: Option<Asker>) {
        if self.repl.failover.is_on() {
            return self.answer(asker, b"-ERR REPLICAOF not allowed while failing over.\r\n");
        }
        let same =
            |upstream: &Upstream| upstream.host().eq_ignore_ascii_case(&host) && upstream.port() == port;
        if self.repl.upstream.as_ref().is_some_and(same) {
            log!(
                Notice,
                "REPLICAOF would result into synchronization with the master we are already connected with. No operation performed."
            );
            return self.answer(asker, b"+OK Already connected to specified master\r\n");
        }
        self.become_replica(host, port, false, by, asker);
    }

    fn become_replica(
        &mut self,
        host: String,
        port: u16,
        hands_over: bool,
        by: String,
        asker: Option<Asker>,
    ) {
        let to = To::Replica { host, port, hands_over, by, asker };
        self.server.unblock_all();
        if self.repl.upstream.is_some() || !self.repl.journals_on {
            return self.finish_change(to);
        }
        let mark = self.switch_journals(false);
        self.repl.change = Some(Change { mark, to });
        self.show();
    }

    /// The mark of the change has come out: the stream is what it is to be.
    pub(super) fn change_roles(&mut self) {
        if let Some(Change { to, .. }) = self.repl.change.take() {
            self.finish_change(to);
        }
    }

    fn finish_change(&mut self, to: To) {
        let asker = match to {
            To::Replica { host, port, hands_over, by, asker } => {
                self.replace_master(host, port, hands_over, &by);
                asker
            }
            To::Master { by, asker } => {
                log!(Notice, "MASTER MODE enabled ({by})");
                asker
            }
        };
        self.show();
        self.answer(asker, b"+OK\r\n");
        let requests = std::mem::take(&mut self.queue.requests);
        requests.into_iter().for_each(|request| self.role_request(request));
        if !self.is_changing() {
            let handovers = std::mem::take(&mut self.queue.handovers);
            handovers.into_iter().for_each(|hand_over| self.adopt_replica(hand_over));
        }
    }

    fn replace_master(&mut self, host: String, port: u16, hands_over: bool, by: &str) {
        self.tap.clock().want_messages(false);
        let known = match self.repl.upstream.take() {
            None => {
                say(&Line::notice(
                    "Before turning into a replica, using my own master parameters to synthesize a cached master: I may be able to synchronize with the new master with just a partial transfer.",
                ));
                for client in self.repl.waits.take_all() {
                    if let Some(at) = self.waiting.iter().position(|asker| asker.client == client) {
                        let asker = self.waiting.swap_remove(at);
                        self.answer(Some(asker), b"-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n");
                    }
                }
                let offset = self.repl.history.offset;
                self.new_applier(offset, 0);
                true
            }
            Some(mut upstream) => {
                let actions = upstream.abandon();
                let known = upstream.is_known();
                self.obey_replica(actions);
                known
            }
        };
        self.name_master(Some(Primary { host: host.clone(), port }));
        let mut upstream = Upstream::new(host.clone(), port, known, hands_over);
        let now_s = self.now_s();
        let actions = upstream.begin(now_s);
        self.repl.upstream = Some(upstream);
        self.obey_replica(actions);
        if !hands_over {
            log!(Notice, "REPLICAOF {host}:{port} enabled (user request from '{by}')");
        }
    }

    /// Keeps the configuration in step (CONFIG GET, CONFIG REWRITE).
    fn name_master(&mut self, primary: Option<Primary>) {
        let _lock = self.server.lock_config();
        let mut config = (*self.server.config.load_full()).clone();
        config.replicaof = primary;
        self.server.set_config(config);
        self.config = self.server.config.load_full();
    }

    fn lead(&mut self, by: String, asker: Option<Asker>) {
        self.become_master(format!("user request from '{by}'"), asker);
    }

    /// Ends the link; what was received is still applied.
    fn become_master(&mut self, by: String, asker: Option<Asker>) {
        let Some(upstream) = &mut self.repl.upstream else { return self.answer(asker, b"+OK\r\n") };
        let actions = upstream.abandon();
        self.obey_replica(actions);
        self.repl.leaving = Some((by, asker));
        self.lead_if_applied();
    }

    /// Goes on with a promotion when everything that was received is applied (replication.c `replicationUnsetMaster`).
    pub(super) fn lead_if_applied(&mut self) {
        if self.repl.leaving.is_none() || !self.repl.following.is_applied() {
            return;
        }
        let Some((by, asker)) = self.repl.leaving.take() else { return };
        self.repl.upstream = None;
        self.resume_log();
        self.name_master(None);
        log!(Notice, "Discarding previously cached master state.");
        let line = self.repl.history.shift();
        say(&line);
        self.drop_all_replicas();
        let now_s = self.now_s();
        self.repl.replicas.count_alone_from(now_s);
        self.repl.stream.forget_db();
        let to = To::Master { by, asker };
        if self.repl.history.backlog.is_none() {
            return self.finish_change(to);
        }
        self.tap.clock().want_messages(true);
        let mark = self.switch_journals(true);
        self.repl.feeds_from = Some(mark);
        self.repl.change = Some(Change { mark, to });
    }

    /// A master that hands over asks to be followed: its replica becomes the master first, then answers.
    pub(super) fn take_over(&mut self, hand_over: HandOver<D::Socket>) {
        let by = format!("failover request from '{}'", hand_over.info.addr);
        self.queue.handovers.push(hand_over);
        if !self.is_changing() {
            self.become_master(by, None);
        }
    }

    pub(super) fn drop_all_replicas(&mut self) {
        let settings = self.repl.settings.clone();
        let around = self.around(&settings);
        let actions = self.repl.replicas.detach_all(around);
        self.obey_master(actions);
    }

    fn failover(&mut self, order: Order, asker: Asker) {
        let is_replica = self.repl.upstream.is_some();
        let now_ms = self.time.unix_ms;
        match self.repl.failover.order(order, &self.repl.replicas, is_replica, now_ms) {
            Ok(actions) => {
                self.obey_failover(actions);
                self.show();
                self.answer(Some(asker), b"+OK\r\n");
            }
            Err(line) => self.answer(Some(asker), format!("-{line}\r\n").as_bytes()),
        }
    }

    fn obey_failover(&mut self, actions: Vec<Action>) {
        self.repl.stale = true;
        for action in actions {
            match action {
                Action::Log(line) => say(&line),
                Action::Pause => {
                    self.server.pause(i64::MAX, Pause::Write, self.time.unix_ms);
                    // What was written before the pause is in the stream when this mark is.
                    self.repl.frozen_at = Some(self.switch_journals(true));
                }
                Action::Resume => {
                    self.repl.frozen_at = None;
                    self.server.unpause();
                }
                Action::Follow(host, port) => self.become_replica(host, port, true, String::new(), None),
                Action::Lead => self.become_master("failover".to_owned(), None),
            }
        }
    }

    pub(super) fn step_failover(&mut self) {
        if !self.repl.failover.is_on() || self.repl.frozen_at.is_some() || self.is_changing() {
            return;
        }
        let (offset, now_ms) = (self.repl.history.offset, self.time.unix_ms);
        let actions = self.repl.failover.step(&self.repl.replicas, offset, now_ms);
        self.obey_failover(actions);
    }

    /// The target of a failover has answered.
    pub(super) fn handed_over(&mut self, outcome: Result<(), &'static str>) {
        let actions = match outcome {
            Ok(()) => self.repl.failover.accepted(),
            Err(why) => self.repl.failover.abort(why),
        };
        self.obey_failover(actions);
    }

    /// DEBUG CHANGE-REPL-ID.
    pub(in super::super) fn rename_history(&mut self) {
        self.repl.history.rename();
        self.repl.stale = true;
    }
}
