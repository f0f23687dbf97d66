//! A server around the deciders: what the log thread does, over vectors.

use crate::replication::failover::{self, Failover};
use crate::replication::master::{self, Around, Ask, Facts, Heard, LinkId, Replicas, Standing};
use crate::replication::replica::{self, Lost, Progress, Stage, Upstream};
use crate::replication::{History, Settings};
use crate::resp::{Limits, Parsed, Parser};
use bytes::Bytes;
use std::collections::BTreeMap;

/// What a node wants of the network.
#[derive(Debug)]
pub enum Out {
    /// Connect to the node that listens on that port.
    Connect(u16),
    /// To its master.
    Up(Vec<u8>),
    /// To a replica.
    Down(LinkId, Vec<u8>),
    HangUp,
    Drop(LinkId),
}

/// A connection that this node serves.
#[derive(Default)]
struct Served {
    facts: Facts,
    input: Vec<u8>,
    attached: bool,
    /// First byte of the stream that it lacks.
    next: Option<u64>,
    streams: bool,
}

pub struct Node {
    pub port: u16,
    pub history: History,
    pub replicas: Replicas,
    pub upstream: Option<Upstream>,
    pub failover: Failover,
    pub settings: Settings,
    /// Bytes of the stream, the first being number `base + 1`.
    pub stream: Vec<u8>,
    pub base: u64,
    /// All that was ever written, as commands.
    pub data: Vec<u8>,
    pub paused: bool,
    pub full_copies: usize,
    pub lines: Vec<String>,
    served: BTreeMap<LinkId, Served>,
    copy: Vec<u8>,
    making: bool,
    pub out: Vec<Out>,
}

impl Node {
    pub fn new(port: u16) -> Node {
        let settings = Settings { announce_port: port, diskless_delay_s: 0, ..Settings::default() };
        Node {
            port,
            history: History::new(),
            replicas: Replicas::new(0),
            upstream: None,
            failover: Failover::None,
            settings,
            stream: Vec::new(),
            base: 0,
            data: Vec::new(),
            paused: false,
            full_copies: 0,
            lines: Vec::new(),
            served: BTreeMap::new(),
            copy: Vec::new(),
            making: false,
            out: Vec::new(),
        }
    }

    fn around<'a>(settings: &'a Settings, upstream: bool, frozen: bool, now_s: i64) -> Around<'a> {
        Around { now_s, settings, is_saving: false, is_replica: upstream, is_frozen: frozen }
    }

    /// A client writes.
    pub fn write(&mut self, command: &[u8]) {
        assert!(self.upstream.is_none() && !self.paused);
        self.data.extend_from_slice(command);
        if self.history.backlog.is_some() {
            self.append(command);
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        self.stream.extend_from_slice(bytes);
        self.history.grew(bytes.len() as u64);
        self.trim();
    }

    fn trim(&mut self) {
        assert_eq!(self.base + self.stream.len() as u64, self.history.offset);
        let kept = self.settings.backlog_bytes;
        let surplus = (self.stream.len() as u64).saturating_sub(kept) as usize;
        let pinned = self.served.values().filter_map(|s| s.next).min().unwrap_or(u64::MAX);
        let surplus = surplus.min(pinned.saturating_sub(self.base + 1) as usize);
        self.stream.drain(..surplus);
        self.base += surplus as u64;
        if let Some(backlog) = &mut self.history.backlog {
            backlog.first = backlog.first.max(self.base + 1);
        }
    }

    /// The stream begins anew at the history's offset.
    fn restart_stream(&mut self) {
        self.stream.clear();
        self.base = self.history.offset;
    }

    pub fn follow(&mut self, port: u16, hands_over: bool, now_s: i64) {
        let known = match self.upstream.take() {
            None => true,
            Some(mut upstream) => {
                let actions = upstream.abandon();
                let known = upstream.is_known();
                self.obey_replica(actions, now_s);
                known
            }
        };
        let mut upstream = Upstream::new("node".into(), port, known, hands_over);
        let actions = upstream.begin(now_s);
        self.upstream = Some(upstream);
        self.obey_replica(actions, now_s);
    }

    /// REPLICAOF NO ONE.
    pub fn lead(&mut self, now_s: i64) {
        let Some(mut upstream) = self.upstream.take() else { return };
        let actions = upstream.abandon();
        self.obey_replica(actions, now_s);
        let line = self.history.shift();
        self.lines.push(line.text);
        let actions = self.replicas.detach_all(Node::around(&self.settings, false, false, now_s));
        self.obey_master(actions, now_s);
        self.replicas.count_alone_from(now_s);
    }

    pub fn accept(&mut self, id: LinkId) {
        self.served.insert(id, Served::default());
    }

    pub fn replica_gone(&mut self, id: LinkId, now_s: i64) {
        self.served.remove(&id);
        let around = Node::around(&self.settings, self.upstream.is_some(), false, now_s);
        let actions = self.replicas.detach(id, around);
        self.obey_master(actions, now_s);
    }

    pub fn from_replica(&mut self, id: LinkId, bytes: &[u8], now_s: i64) {
        let Some(served) = self.served.get_mut(&id) else { return };
        served.input.extend_from_slice(bytes);
        let input = std::mem::take(&mut served.input);
        let mut at = 0;
        let limits = Limits { bulk_max: 1 << 20, authenticated: true };
        loop {
            match Parser::new().parse(&input[at..], &limits) {
                Ok(Parsed::Request(argv, n)) => {
                    at += n;
                    self.command(id, &argv, now_s);
                }
                Ok(Parsed::Inline(_, n) | Parsed::Empty(n)) => at += n,
                Ok(Parsed::More(_)) => break,
                Err(e) => panic!("{e}"),
            }
        }
        if let Some(served) = self.served.get_mut(&id) {
            served.input = input[at..].to_vec();
        }
    }

    fn command(&mut self, id: LinkId, argv: &[&[u8]], now_s: i64) {
        let Some(served) = self.served.get_mut(&id) else { return };
        match argv[0] {
            b"PING" => self.out.push(Out::Down(id, b"+PONG\r\n".to_vec())),
            b"REPLCONF" => match master::replconf(&mut served.facts, &argv[1..]) {
                Heard::Ok => self.out.push(Out::Down(id, b"+OK\r\n".to_vec())),
                Heard::Ack(acked) => {
                    let actions = self.replicas.acked(id, acked, now_s);
                    self.obey_master(actions, now_s);
                }
                other => panic!("{other:?}"),
            },
            b"PSYNC" => self.psync(id, argv, now_s),
            other => panic!("{}", String::from_utf8_lossy(other)),
        }
    }

    fn psync(&mut self, id: LinkId, argv: &[&[u8]], now_s: i64) {
        if argv.len() == 4 && self.upstream.is_some() && self.history.id.is_named(argv[1]) {
            self.lead(now_s);
        }
        let standing = Standing {
            is_replica: self.upstream.is_some(),
            is_linked: self.upstream.as_ref().is_some_and(Upstream::is_linked),
            fails_over: self.failover.is_on(),
        };
        if let Some(refusal) = standing.refusal() {
            self.out.push(Out::Down(id, format!("-{refusal}\r\n").into_bytes()));
            return;
        }
        let Some(served) = self.served.get_mut(&id) else { return };
        served.attached = true;
        let facts = served.facts.clone();
        let offset = std::str::from_utf8(argv[2]).unwrap().parse().unwrap();
        let ask = Ask::Psync { id: argv[1].to_vec(), offset };
        let around = Node::around(&self.settings, self.upstream.is_some(), false, now_s);
        let actions = self.replicas.attach(&mut self.history, (id, facts, "node".into()), &ask, around);
        self.obey_master(actions, now_s);
    }

    fn obey_master(&mut self, actions: Vec<master::Action>, now_s: i64) {
        use master::Action::*;
        for action in actions {
            match action {
                Log(line) => self.lines.push(line.text),
                Write(id, bytes) => self.out.push(Out::Down(id, bytes)),
                Pin { link, from } => {
                    if let Some(served) = self.served.get_mut(&link) {
                        served.next = Some(from);
                    }
                }
                Stream(link) => {
                    if let Some(served) = self.served.get_mut(&link) {
                        served.streams = true;
                    }
                }
                Close(id) => {
                    self.served.remove(&id);
                    self.out.push(Out::Drop(id));
                }
                Keep => self.restart_stream(),
                Forget => self.restart_stream(),
                Snapshot(_) => self.making = true,
                Cancel => self.making = false,
                Feed(bytes) => self.append(&bytes),
                Delay(_) | Counted { .. } => {}
            }
        }
        self.feed(now_s);
    }

    /// Sends what is due: copies that are being made, the stream.
    pub fn feed(&mut self, now_s: i64) {
        if std::mem::take(&mut self.making) {
            let actions = self.replicas.cut(&self.history, self.history.offset);
            self.obey_master(actions, now_s);
            for id in self.replicas.receivers().collect::<Vec<_>>() {
                self.full_copies += 1;
                self.out.push(Out::Down(id, self.data.clone()));
            }
            let around = Node::around(&self.settings, self.upstream.is_some(), false, now_s);
            let (actions, _) = self.replicas.finished(around);
            self.obey_master(actions, now_s);
        }
        for (id, served) in &mut self.served {
            let Some(next) = served.next.filter(|_| served.streams) else { continue };
            let bytes = &self.stream[(next - 1 - self.base) as usize..];
            if !bytes.is_empty() {
                self.out.push(Out::Down(*id, bytes.to_vec()));
                served.next = Some(next + bytes.len() as u64);
            }
        }
    }

    fn step_replica(
        &mut self,
        now_s: i64,
        step: impl FnOnce(&mut Upstream, &mut History, &Settings) -> Vec<replica::Action>,
    ) {
        let Some(upstream) = &mut self.upstream else { return };
        // The history's offset moves with the stream, below.
        let mut history = self.history.clone();
        let actions = step(upstream, &mut history, &self.settings);
        self.history = history;
        self.obey_replica(actions, now_s);
    }

    pub fn connected(&mut self, ok: bool, now_s: i64) {
        let result = if ok { Ok(()) } else { Err("refused".to_owned()) };
        self.step_replica(now_s, |upstream, _, _| upstream.connected(result, now_s));
    }

    pub fn master_gone(&mut self, now_s: i64) {
        self.step_replica(now_s, |upstream, _, _| upstream.lost(&Lost("cut".into()), now_s));
    }

    pub fn from_master(&mut self, bytes: &[u8], now_s: i64) {
        let bytes = Bytes::copy_from_slice(bytes);
        self.step_replica(now_s, |upstream, history, settings| {
            upstream.received(bytes, history, settings, now_s)
        });
        if matches!(self.upstream.as_ref().map(Upstream::stage), Some(Stage::Loading { .. })) {
            self.step_replica(now_s, |upstream, history, _| upstream.replaces(history));
            self.data = std::mem::take(&mut self.copy);
            self.step_replica(now_s, |upstream, history, _| upstream.loaded(true, history, now_s));
        }
    }

    fn obey_replica(&mut self, actions: Vec<replica::Action>, now_s: i64) {
        use replica::Action::*;
        for action in actions {
            match action {
                Log(line) => self.lines.push(line.text),
                Connect => self.out.push(Out::Connect(self.upstream.as_ref().unwrap().port())),
                Send(bytes) => self.out.push(Out::Up(bytes)),
                Disconnect => self.out.push(Out::HangUp),
                BeginCopy { .. } => self.copy.clear(),
                Copy(bytes) => self.copy.extend_from_slice(&bytes),
                EndCopy | DropCopy | Up | Down => {}
                Apply(bytes) => {
                    self.stream.extend_from_slice(&bytes);
                    self.data.extend_from_slice(&without_pings(&bytes));
                    self.trim();
                    self.feed(now_s);
                }
                AckFrom(_) => {}
                DropReplicas => {
                    let around = Node::around(&self.settings, true, false, now_s);
                    let actions = self.replicas.detach_all(around);
                    self.obey_master(actions, now_s);
                }
                Keep { offset } if self.base + self.stream.len() as u64 != offset => {
                    self.stream.clear();
                    self.base = offset;
                }
                Keep { .. } => {}
                HandedOver(Ok(())) => {
                    let actions = self.failover.accepted();
                    self.obey_failover(actions, now_s);
                }
                HandedOver(Err(why)) => {
                    let actions = self.failover.abort(why);
                    self.obey_failover(actions, now_s);
                }
            }
        }
    }

    pub fn obey_failover(&mut self, actions: Vec<failover::Action>, now_s: i64) {
        for action in actions {
            match action {
                failover::Action::Log(line) => self.lines.push(line.text),
                failover::Action::Pause => self.paused = true,
                failover::Action::Resume => self.paused = false,
                failover::Action::Follow(_, port) => self.follow(port, true, now_s),
                failover::Action::Lead => self.lead(now_s),
            }
        }
    }

    pub fn second(&mut self, now_s: i64) {
        let progress = Progress { applied: self.history.offset, disk: None };
        self.step_replica(now_s, |upstream, _, settings| upstream.second(progress, settings, now_s));
        let frozen = self.failover.freezes();
        let around = Node::around(&self.settings, self.upstream.is_some(), frozen, now_s);
        let actions = self.replicas.second(&mut self.history, around);
        self.obey_master(actions, now_s);
        let actions = self.failover.step(&self.replicas, self.history.offset, now_s * 1000);
        self.obey_failover(actions, now_s);
    }
}

/// The writes among these commands.
fn without_pings(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).replace("*1\r\n$4\r\nPING\r\n", "");
    text.into_bytes()
}
