//! The link to the master, step by step. Sources of the rules: replication.c `syncWithMaster`,
//! `slaveTryPartialResynchronization`, `readSyncBulkPayload`, `replicationCron`.

use super::bulk::{Bulk, Got};
use super::handshake::{self, Outcome, Step};
use super::report::Transfer;
use super::units::Units;
use super::{Action, Line};
use crate::replication::{History, ReplId, Settings};
use bytes::Bytes;

/// Longest reply line in the handshake (replication.c `receiveSynchronousResponse` reads it into 256 bytes).
const LINE_MAX: usize = 1024;

/// Where the link stands.
#[derive(Debug)]
pub enum Stage {
    /// Not connected; the next second tries.
    Idle,
    /// A connection is being made.
    Connecting,
    /// Commands and one-line replies.
    Handshake {
        /// The reply that is awaited.
        step: Step,
        /// The bytes of it so far.
        line: Vec<u8>,
    },
    /// A copy arrives.
    Copying {
        /// Its reader.
        bulk: Bulk,
    },
    /// A copy is being loaded.
    Loading {
        /// What came behind it.
        rest: Vec<u8>,
        /// Its end was a mark: the master waits for an acknowledgement before it sends more.
        is_marked: bool,
    },
    /// The stream arrives.
    Following {
        /// Its reader.
        units: Units,
    },
}

/// Why a connection ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lost(pub String);

/// The link to the master.
#[derive(Debug)]
pub struct Upstream {
    pub(super) host: String,
    pub(super) port: u16,
    stage: Stage,
    /// The own history is one that the master may go on from.
    known: bool,
    /// What a full copy that is under way is of; no id after SYNC.
    promised: (Option<ReplId>, u64),
    /// The master knows no offsets.
    pre_psync: bool,
    last_io_s: i64,
    down_since_s: Option<i64>,
    hands_over: bool,
}

/// What has become of the received stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Offset up to which it is applied.
    pub applied: u64,
    /// Offset up to which it is on disk, if there is an append-only file.
    pub disk: Option<u64>,
}

impl Upstream {
    /// A link to `host:port` that has yet to begin. `known`: the own history may be one that the master goes on from.
    /// `hands_over`: this server was a master and gives that up (FAILOVER).
    pub fn new(host: String, port: u16, known: bool, hands_over: bool) -> Upstream {
        Upstream {
            host,
            port,
            stage: Stage::Idle,
            known,
            promised: (None, 0),
            pre_psync: false,
            last_io_s: 0,
            down_since_s: None,
            hands_over,
        }
    }

    /// The host as it was given.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port as it was given.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the link stands.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Whether the link is up.
    pub fn is_linked(&self) -> bool {
        matches!(self.stage, Stage::Following { .. })
    }

    /// Whether the own history may be one that a master goes on from.
    pub fn is_known(&self) -> bool {
        self.known
    }

    pub(super) fn last_io_s(&self) -> i64 {
        self.last_io_s
    }

    pub(super) fn down_since_s(&self) -> Option<i64> {
        self.down_since_s
    }

    pub(super) fn pending(&self) -> u64 {
        if let Stage::Following { units } = &self.stage { units.pending() as u64 } else { 0 }
    }

    pub(super) fn transfer(&self) -> Option<Transfer> {
        let (total, read) = match &self.stage {
            Stage::Copying { bulk } if !bulk.has_begun() => (-1, 0),
            Stage::Copying { bulk } => (i64::try_from(bulk.size()).unwrap_or(i64::MAX), bulk.read),
            Stage::Loading { .. } => (0, 0),
            _ => return None,
        };
        Some(Transfer { total, read, last_io_s: self.last_io_s })
    }

    /// Connects now (replication.c `replicationSetMaster`, `connectWithMaster`).
    pub fn begin(&mut self, now_s: i64) -> Vec<Action> {
        let line = format!("Connecting to MASTER {}:{}", self.host, self.port);
        let mut actions = vec![Action::Log(Line::notice(line))];
        self.connect(now_s, &mut actions);
        actions
    }

    fn connect(&mut self, now_s: i64, actions: &mut Vec<Action>) {
        self.stage = Stage::Connecting;
        self.last_io_s = now_s;
        actions.push(Action::Connect);
        actions.push(Action::Log(Line::notice("MASTER <-> REPLICA sync started")));
    }

    /// How connecting went.
    pub fn connected(&mut self, result: Result<(), String>, now_s: i64) -> Vec<Action> {
        if !matches!(self.stage, Stage::Connecting) {
            return Vec::new();
        }
        match result {
            Ok(()) => {
                self.last_io_s = now_s;
                self.stage = Stage::Handshake { step: Step::Ping, line: Vec::new() };
                vec![
                    Action::Log(Line::notice("Non blocking connect for SYNC fired the event.")),
                    Action::Send(handshake::command(&[b"PING"])),
                ]
            }
            Err(reason) => {
                self.stage = Stage::Idle;
                let line = format!("Error condition on socket for SYNC: {reason}");
                vec![Action::Log(Line::warning(line)), Action::Disconnect]
            }
        }
    }

    /// Bytes came from the master.
    pub fn received(
        &mut self,
        input: Bytes,
        history: &mut History,
        settings: &Settings,
        now_s: i64,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut input = input;
        self.last_io_s = now_s;
        loop {
            match &mut self.stage {
                Stage::Idle | Stage::Connecting => return actions,
                Stage::Handshake { step, line } => {
                    let end = memchr::memchr(b'\n', &input);
                    line.extend_from_slice(&input.split_to(end.map_or(input.len(), |at| at + 1)));
                    if line.len() > LINE_MAX {
                        self.handshake_failed(&mut actions);
                        return actions;
                    }
                    if end.is_none() {
                        return actions;
                    }
                    let step = *step;
                    let text = String::from_utf8_lossy(line).trim_end_matches(['\r', '\n']).to_owned();
                    line.clear();
                    self.line(step, &text, history, settings, now_s, &mut actions);
                }
                Stage::Copying { .. } => {
                    if !self.copy(&mut input, now_s, &mut actions) {
                        return actions;
                    }
                }
                Stage::Loading { rest, .. } => {
                    rest.extend_from_slice(&input);
                    return actions;
                }
                Stage::Following { .. } => {
                    self.follow(&input, history, now_s, &mut actions);
                    return actions;
                }
            }
        }
    }

    fn line(
        &mut self,
        step: Step,
        text: &str,
        history: &mut History,
        settings: &Settings,
        now_s: i64,
        actions: &mut Vec<Action>,
    ) {
        if step == Step::Psync {
            // Masters send empty lines while they prepare an answer.
            if !text.is_empty() {
                self.answered(text, history, now_s, actions);
            }
            return;
        }
        match handshake::reply(step, text, settings, actions) {
            Outcome::Next(next) => self.stage = Stage::Handshake { step: next, line: Vec::new() },
            Outcome::Ask => {
                self.ask(history, actions);
                self.stage = Stage::Handshake { step: Step::Psync, line: Vec::new() };
            }
            Outcome::Fail => {
                self.stage = Stage::Idle;
                actions.push(Action::Disconnect);
            }
        }
    }

    fn ask(&mut self, history: &History, actions: &mut Vec<Action>) {
        self.promised = (None, 0);
        self.pre_psync = false;
        let (id, offset) = if self.known {
            let (id, offset) = (history.id.to_string(), (history.offset + 1).to_string());
            let line = format!("Trying a partial resynchronization (request {id}:{offset}).");
            actions.push(Action::Log(Line::notice(line)));
            (id, offset)
        } else {
            let line = "Partial resynchronization not possible (no cached master)";
            actions.push(Action::Log(Line::notice(line)));
            ("?".into(), "-1".into())
        };
        let mut words: Vec<&[u8]> = vec![b"PSYNC", id.as_bytes(), offset.as_bytes()];
        if self.hands_over {
            words.push(b"FAILOVER");
        }
        actions.push(Action::Send(handshake::command(&words)));
    }

    /// The answer to PSYNC.
    fn answered(&mut self, text: &str, history: &mut History, now_s: i64, actions: &mut Vec<Action>) {
        let accepted = text.starts_with("+FULLRESYNC") || text.starts_with("+CONTINUE");
        let later = text.starts_with("-NOMASTERLINK") || text.starts_with("-LOADING");
        if std::mem::take(&mut self.hands_over) {
            let outcome = if accepted { Ok(()) } else { Err("Failover target rejected psync request") };
            actions.push(Action::HandedOver(outcome));
            if !accepted {
                self.stage = Stage::Idle;
                actions.push(Action::Disconnect);
                return;
            }
        }
        if let Some(rest) = text.strip_prefix("+FULLRESYNC") {
            self.promise(rest, actions);
            self.stage = Stage::Copying { bulk: Bulk::default() };
        } else if let Some(rest) = text.strip_prefix("+CONTINUE") {
            self.continues(rest.trim(), history, actions);
        } else if later {
            let line = format!("Master is currently unable to PSYNC but should be in the future: {text}");
            actions.push(Action::Log(Line::notice(line)));
            self.stage = Stage::Idle;
            actions.push(Action::Disconnect);
        } else {
            actions.push(Action::Log(if text.starts_with("-ERR") {
                Line::notice(format!("Master does not support PSYNC or is in error state (reply: {text})"))
            } else {
                Line::warning(format!("Unexpected reply to PSYNC from master: {text}"))
            }));
            actions.push(Action::Log(Line::notice("Retrying with SYNC...")));
            actions.push(Action::Send(b"SYNC\r\n".to_vec()));
            self.pre_psync = true;
            self.stage = Stage::Copying { bulk: Bulk::default() };
        }
        self.last_io_s = now_s;
    }

    fn promise(&mut self, rest: &str, actions: &mut Vec<Action>) {
        let mut words = rest.split_ascii_whitespace();
        let id = words.next().and_then(|id| ReplId::parse(id.as_bytes()));
        let offset = words.next().and_then(|offset| offset.parse::<u64>().ok());
        if let (Some(id), Some(offset)) = (id, offset) {
            self.promised = (Some(id), offset);
            actions.push(Action::Log(Line::notice(format!("Full resync from master: {id}:{offset}"))));
        } else {
            // A copy follows all the same; without its offset there is nothing to acknowledge.
            self.pre_psync = true;
            actions.push(Action::Log(Line::warning("Master replied with wrong +FULLRESYNC syntax.")));
        }
    }

    fn continues(&mut self, id: &str, history: &mut History, actions: &mut Vec<Action>) {
        if !self.known {
            // Nothing was asked to be continued.
            actions.push(Action::Log(Line::warning(format!(
                "Unexpected reply to PSYNC from master: +CONTINUE {id}"
            ))));
            self.stage = Stage::Idle;
            actions.push(Action::Disconnect);
            return;
        }
        actions.push(Action::Log(Line::notice("Successful partial resynchronization with master.")));
        if let Some(id) = ReplId::parse(id.as_bytes()).filter(|id| *id != history.id) {
            actions.push(Action::Log(Line::notice(format!("Master replication ID changed to {id}"))));
            history.continued_as(id);
            actions.push(Action::DropReplicas);
        }
        history.keep();
        actions.push(Action::Keep { offset: history.offset });
        self.stage = Stage::Following { units: Units::default() };
        self.down_since_s = None;
        actions.push(Action::Up);
        let line = "MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.";
        actions.push(Action::Log(Line::notice(line)));
    }

    /// Takes from a copy; whether there is more to do with the input.
    fn copy(&mut self, input: &mut Bytes, now_s: i64, actions: &mut Vec<Action>) -> bool {
        let Stage::Copying { bulk } = &mut self.stage else { return true };
        let failure = match bulk.take(input) {
            Got::More => return false,
            Got::Alive => return true,
            Got::Begins(size) => {
                actions.push(Action::BeginCopy { size });
                return true;
            }
            Got::Bytes(bytes) => {
                actions.push(Action::Copy(bytes));
                return true;
            }
            Got::Whole => {
                let is_marked = bulk.is_marked();
                self.stage = Stage::Loading { rest: Vec::new(), is_marked };
                actions.push(Action::EndCopy);
                return true;
            }
            Got::Refused(text) => format!("MASTER aborted replication with an error: {text}"),
            Got::Garbage(text) => format!(
                "Bad protocol from MASTER, the first byte is not '$' (we received '{text}'), are you sure the host and port are right?"
            ),
        };
        actions.push(Action::Log(Line::warning(failure)));
        self.retry(now_s, actions);
        false
    }

    /// The copy is about to replace the dataset: what was known is worth nothing from here on
    /// (replication.c `replicationAttachToNewMaster`).
    pub fn replaces(&mut self, history: &mut History) -> Vec<Action> {
        let mut actions = Vec::new();
        if std::mem::take(&mut self.known) {
            actions.push(Action::Log(Line::notice("Discarding previously cached master state.")));
        }
        history.backlog = None;
        actions.push(Action::DropReplicas);
        actions
    }

    /// How loading the copy went. After a failure the master is asked again at once.
    pub fn loaded(&mut self, ok: bool, history: &mut History, now_s: i64) -> Vec<Action> {
        let mut actions = Vec::new();
        let Stage::Loading { rest, is_marked } = &mut self.stage else { return actions };
        if !ok {
            self.retry(now_s, &mut actions);
            return actions;
        }
        let (rest, is_marked) = (std::mem::take(rest), *is_marked);
        let (id, offset) = self.promised;
        history.replaced(id.unwrap_or_else(ReplId::random), offset);
        self.known = !self.pre_psync;
        self.down_since_s = None;
        self.last_io_s = now_s;
        self.stage = Stage::Following { units: Units::default() };
        actions.push(Action::Keep { offset });
        actions.push(Action::Up);
        actions.push(Action::Log(Line::notice("MASTER <-> REPLICA sync: Finished with success")));
        if is_marked {
            actions.push(Action::Send(ack(Progress { applied: offset, disk: None })));
        }
        self.follow(&rest, history, now_s, &mut actions);
        actions
    }

    fn follow(&mut self, input: &[u8], history: &mut History, now_s: i64, actions: &mut Vec<Action>) {
        let Stage::Following { units } = &mut self.stage else { return };
        let (ready, outcome) = units.push(input);
        if let Some(at) = ready.asked
            && !self.pre_psync
        {
            actions.push(Action::AckFrom(history.offset + at as u64));
        }
        if !ready.bytes.is_empty() {
            history.grew(ready.bytes.len() as u64);
            actions.push(Action::Apply(ready.bytes));
        }
        if let Err(error) = outcome {
            let line = format!("Protocol error ({error}) from master: the link is given up");
            actions.push(Action::Log(Line::warning(line)));
            actions.push(Action::Disconnect);
            // What broke the protocol was not a part of the history that was followed: a partial resynchronization would
            // meet it again (networking.c freeClient does not cache a master after a protocol error).
            self.known = false;
            self.down(now_s, actions);
        }
    }

    /// The connection ended by itself.
    pub fn lost(&mut self, why: &Lost, now_s: i64) -> Vec<Action> {
        let mut actions = vec![Action::Disconnect];
        match &self.stage {
            Stage::Idle | Stage::Connecting => self.stage = Stage::Idle,
            Stage::Handshake { .. } => {
                let line = format!("Failed to read response from the server: {}", why.0);
                actions.push(Action::Log(Line::warning(line)));
                self.handshake_failed(&mut actions);
            }
            Stage::Copying { .. } => {
                let line = format!("I/O error trying to sync with MASTER: {}", why.0);
                actions.push(Action::Log(Line::warning(line)));
                self.retry(now_s, &mut actions);
            }
            // What was received is whole: the link's end is found out when it is followed.
            Stage::Loading { .. } => {}
            Stage::Following { .. } => {
                actions.push(Action::Log(Line::notice("Connection with master lost.")));
                self.known &= !self.pre_psync;
                if self.known {
                    actions.push(Action::Log(Line::notice("Caching the disconnected master state.")));
                }
                self.down(now_s, &mut actions);
            }
        }
        actions
    }

    fn handshake_failed(&mut self, actions: &mut Vec<Action>) {
        let line = "Master did not respond to command during SYNC handshake";
        actions.push(Action::Log(Line::warning(line)));
        self.stage = Stage::Idle;
        actions.push(Action::Disconnect);
    }

    /// The link was up: it is tried again at once (replication.c `replicationHandleMasterDisconnection`).
    fn down(&mut self, now_s: i64, actions: &mut Vec<Action>) {
        self.down_since_s = Some(now_s);
        actions.push(Action::Down);
        actions
            .push(Action::Log(Line::notice(format!("Reconnecting to MASTER {}:{}", self.host, self.port))));
        self.connect(now_s, actions);
    }

    /// A handshake or a copy failed: it is tried again at once (replication.c `cancelReplicationHandshake`).
    fn retry(&mut self, now_s: i64, actions: &mut Vec<Action>) {
        self.cancel(actions);
        let line = format!("Reconnecting to MASTER {}:{} after failure", self.host, self.port);
        actions.push(Action::Log(Line::notice(line)));
        self.connect(now_s, actions);
    }

    /// Gives up what is under way; the link is idle then.
    pub fn cancel(&mut self, actions: &mut Vec<Action>) {
        if matches!(self.stage, Stage::Copying { .. } | Stage::Loading { .. }) {
            actions.push(Action::DropCopy);
        }
        actions.push(Action::Disconnect);
        self.stage = Stage::Idle;
    }

    /// This server will follow another one, or none: ends the link. Whether the own history is still worth asking with is
    /// what [`Upstream::is_known`] says.
    pub fn abandon(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.is_linked() {
            actions.push(Action::Log(Line::notice("Connection with master lost.")));
            self.known &= !self.pre_psync;
            if self.known {
                actions.push(Action::Log(Line::notice("Caching the disconnected master state.")));
            }
            actions.push(Action::Down);
        }
        self.cancel(&mut actions);
        actions
    }

    /// A second has passed.
    pub fn second(&mut self, progress: Progress, settings: &Settings, now_s: i64) -> Vec<Action> {
        let mut actions = Vec::new();
        let late = now_s.saturating_sub(self.last_io_s) > settings.timeout_s;
        match &self.stage {
            Stage::Idle => return self.begin(now_s),
            Stage::Connecting | Stage::Handshake { .. } if late => {
                actions.push(Action::Log(Line::warning("Timeout connecting to the MASTER...")));
                self.retry(now_s, &mut actions);
            }
            Stage::Copying { .. } if late => {
                actions.push(Action::Log(Line::warning(
                    "Timeout receiving bulk data from MASTER... If the problem persists try to set the 'repl-timeout' parameter in redis.conf to a larger value.",
                )));
                self.retry(now_s, &mut actions);
            }
            // The master must not take the silence for death (replication.c `replicationSendNewlineToMaster`).
            Stage::Loading { .. } => actions.push(Action::Send(b"\n".to_vec())),
            Stage::Following { .. } if late => {
                let line = "MASTER timeout: no data nor PING received...";
                actions.push(Action::Log(Line::warning(line)));
                actions.extend(self.lost(&Lost("timeout".into()), now_s));
            }
            Stage::Following { .. } if !self.pre_psync => actions.push(Action::Send(ack(progress))),
            _ => {}
        }
        actions
    }

    /// The acknowledgement that [`Action::AckFrom`] asked for, once so much is applied.
    pub fn acknowledge(&self, progress: Progress) -> Option<Action> {
        (self.is_linked() && !self.pre_psync).then(|| Action::Send(ack(progress)))
    }
}

/// REPLCONF ACK (replication.c `replicationSendAck`).
fn ack(progress: Progress) -> Vec<u8> {
    let applied = progress.applied.to_string();
    match progress.disk {
        None => handshake::command(&[b"REPLCONF", b"ACK", applied.as_bytes()]),
        Some(disk) => handshake::command(&[
            b"REPLCONF",
            b"ACK",
            applied.as_bytes(),
            b"FACK",
            disk.to_string().as_bytes(),
        ]),
    }
}
