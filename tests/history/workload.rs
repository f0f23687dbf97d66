//! The traffic: concurrent clients that send random commands and record what they did and saw.
//!
//! Keys: `r*` registers (unique values, never deleted), `l*` lists of appended ids (a new key when one has
//! grown long), `c*` counters; and groups of keys for everything else (see `groups`).

use super::groups::{self, Command, KEYS, Operation, Outcome};
use super::record::{Action, Step, Txn, Version, tick};
use crate::support::{Conn, Rng, Server, Value, encode};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CLIENTS: usize = 8;
const REGISTERS: u64 = 4;
const LISTS: u64 = 3;
const COUNTERS: u64 = 2;
/// Bytes of an appended id with its end mark: the length of a value tells the place.
const ID_LEN: usize = 10;
/// A list of so many ids is left for a new key: reading it costs its length.
const LIST_LEN: u64 = 150;
/// Operations on one group of keys before the next group.
const GROUP_LEN: u64 = 96;

/// Everything recorded.
#[derive(Default)]
pub struct History {
    /// On registers, lists and counters.
    pub txns: Vec<Txn>,
    /// By group.
    pub groups: BTreeMap<u64, Vec<Operation>>,
    /// EXECs answered with null.
    pub aborts: usize,
}

/// Shared by the clients: where unique numbers come from.
struct Shared {
    next_value: AtomicU64,
    generations: [AtomicU64; LISTS as usize],
    next_group_operation: AtomicU64,
    deadline: Instant,
}

/// A command on the registers, lists and counters.
#[derive(Clone, Debug)]
enum Op {
    Get(String),
    Set(String, Version),
    /// `SET key value GET` or, alike in effect, `GETSET`.
    Swap(String, Version, bool),
    Append(String, Version),
    Incr(String),
    MGet(Vec<String>),
    MSet(Vec<(String, Version)>),
}

/// What is sent as a whole and takes effect at one moment.
enum Unit {
    Txn(Vec<Op>, bool),
    Group(u64, Vec<Command>, bool),
}

fn words(text: &str) -> Vec<Vec<u8>> {
    text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

impl Op {
    fn words(&self) -> Vec<Vec<u8>> {
        words(&match self {
            Op::Get(key) => format!("GET {key}"),
            Op::Set(key, value) => format!("SET {key} {value}"),
            Op::Swap(key, value, true) => format!("SET {key} {value} GET"),
            Op::Swap(key, value, false) => format!("GETSET {key} {value}"),
            Op::Append(key, id) => format!("APPEND {key} {id:09};"),
            Op::Incr(key) => format!("INCR {key}"),
            Op::MGet(keys) => format!("MGET {}", keys.join(" ")),
            Op::MSet(pairs) => {
                let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key} {value}")).collect();
                format!("MSET {}", pairs.join(" "))
            }
        })
    }

    /// What the reply says was done and seen.
    fn steps(&self, reply: &Value) -> Vec<Step> {
        let step = |key: &String, action| Step { key: key.clone(), action };
        match self {
            Op::Get(key) => vec![step(key, seen(key, reply))],
            Op::Set(key, value) => vec![step(key, Action::Write(*value, None))],
            Op::Swap(key, value, _) => vec![step(key, Action::Write(*value, Some(version(reply))))],
            Op::Append(key, id) => {
                let len = usize::try_from(reply.int()).unwrap();
                assert!(len > 0 && len.is_multiple_of(ID_LEN), "APPEND to {key} gave length {len}");
                vec![step(key, Action::Append(*id, (len / ID_LEN - 1) as u64))]
            }
            Op::Incr(key) => {
                let n = u64::try_from(reply.int()).unwrap();
                vec![step(key, Action::Write(n, Some(n - 1)))]
            }
            Op::MGet(keys) => {
                keys.iter().zip(reply.items()).map(|(key, item)| step(key, seen(key, item))).collect()
            }
            Op::MSet(pairs) => {
                pairs.iter().map(|(key, value)| step(key, Action::Write(*value, None))).collect()
            }
        }
    }
}

fn version(reply: &Value) -> Version {
    reply.bytes().map_or(0, |bytes| std::str::from_utf8(bytes).unwrap().parse().unwrap())
}

fn seen(key: &str, reply: &Value) -> Action {
    if !key.starts_with('l') {
        return Action::Read(version(reply));
    }
    let text = reply.bytes().map_or("", |bytes| std::str::from_utf8(bytes).unwrap());
    let ids = text.split_terminator(';').map(|id| id.parse().unwrap());
    Action::ReadList(ids.collect())
}

fn group_key(group: u64, key: usize) -> String {
    format!("g{group}:{key}")
}

fn group_words(group: u64, command: &Command) -> Vec<Vec<u8>> {
    let name = |key: &usize| group_key(group, *key);
    let list = |keys: &[usize]| keys.iter().map(name).collect::<Vec<_>>().join(" ");
    let pairs = |pairs: &[(usize, u32)]| {
        pairs.iter().map(|(key, value)| format!("{} {value}", name(key))).collect::<Vec<_>>().join(" ")
    };
    words(&match command {
        Command::Get(key) => format!("GET {}", name(key)),
        Command::GetDel(key) => format!("GETDEL {}", name(key)),
        Command::Set(key, value) => format!("SET {} {value}", name(key)),
        Command::SetNx(key, value) => format!("SETNX {} {value}", name(key)),
        Command::GetSet(key, value) => format!("GETSET {} {value}", name(key)),
        Command::Del(keys) => format!("DEL {}", list(keys)),
        Command::Exists(keys) => format!("EXISTS {}", list(keys)),
        Command::MGet(keys) => format!("MGET {}", list(keys)),
        Command::MSet(all) => format!("MSET {}", pairs(all)),
        Command::MSetNx(all) => format!("MSETNX {}", pairs(all)),
        Command::Rename(from, to) => format!("RENAME {} {}", name(from), name(to)),
        Command::RenameNx(from, to) => format!("RENAMENX {} {}", name(from), name(to)),
        Command::Copy(from, to, true) => format!("COPY {} {} REPLACE", name(from), name(to)),
        Command::Copy(from, to, false) => format!("COPY {} {}", name(from), name(to)),
    })
}

fn outcome(reply: &Value) -> Outcome {
    let number = |value: &Value| version(value) as u32;
    match reply {
        Value::Simple(text) if text == b"OK" => Outcome::Done,
        Value::Int(n) => Outcome::Count(*n),
        Value::Array(items) => Outcome::Values(items.iter().map(number).collect()),
        Value::Error(text) if text == b"ERR no such key" => Outcome::NoSuchKey,
        other => Outcome::Values(vec![number(other)]),
    }
}

struct Client<'a> {
    id: usize,
    conn: Conn,
    rng: Rng,
    shared: &'a Shared,
    history: History,
}

impl Client<'_> {
    fn value(&self) -> Version {
        self.shared.next_value.fetch_add(1, Ordering::Relaxed)
    }

    fn register(&mut self) -> String {
        format!("r{}", self.rng.below(REGISTERS))
    }

    fn list(&mut self) -> String {
        let at = self.rng.index(LISTS as usize);
        format!("l{at}:{}", self.shared.generations[at].load(Ordering::Relaxed))
    }

    fn any_key(&mut self) -> String {
        match self.rng.below(REGISTERS + LISTS + COUNTERS) {
            n if n < REGISTERS => self.register(),
            n if n < REGISTERS + LISTS => self.list(),
            _ => format!("c{}", self.rng.below(COUNTERS)),
        }
    }

    fn op(&mut self) -> Op {
        match self.rng.below(20) {
            0..=4 => Op::Get(self.any_key()),
            5 | 6 => Op::Set(self.register(), self.value()),
            7..=9 => {
                let set = self.rng.percent(50);
                Op::Swap(self.register(), self.value(), set)
            }
            10..=13 => Op::Append(self.list(), self.value()),
            14 => Op::Incr(format!("c{}", self.rng.below(COUNTERS))),
            15..=17 => {
                let count = self.rng.range(2, 4);
                Op::MGet((0..count).map(|_| self.any_key()).collect())
            }
            _ => {
                let first = self.rng.below(REGISTERS);
                let count = self.rng.range(2, 3) as u64;
                let key = |at| format!("r{}", (first + at) % REGISTERS);
                Op::MSet((0..count).map(|at| (key(at), self.value())).collect())
            }
        }
    }

    fn group_command(&mut self) -> Command {
        let (a, b) = (self.rng.index(KEYS), self.rng.index(KEYS));
        let value = self.value() as u32;
        // RENAME of a key to itself is legal and dull.
        let b = if a == b { (a + 1) % KEYS } else { b };
        match self.rng.below(16) {
            0 => Command::Get(a),
            1 => Command::GetDel(a),
            2 => Command::Set(a, value),
            3 => Command::SetNx(a, value),
            4 => Command::GetSet(a, value),
            5 => Command::Del(vec![a, b]),
            6 => Command::Exists(vec![a, b, a]),
            7 | 8 => Command::MGet(vec![0, 1, 2]),
            9 => Command::MSet(vec![(a, value), (b, value)]),
            10 | 11 => Command::MSetNx(vec![(a, value), (b, value)]),
            12 => Command::Rename(a, b),
            13 => Command::RenameNx(a, b),
            14 => Command::Copy(a, b, true),
            _ => Command::Copy(a, b, false),
        }
    }

    fn unit(&mut self, group_percent: u64) -> Unit {
        let multi = self.rng.percent(20);
        let count = if multi { self.rng.range(2, 4) } else { 1 };
        if self.rng.percent(group_percent) {
            let group = self.shared.next_group_operation.fetch_add(1, Ordering::Relaxed) / GROUP_LEN;
            let commands = (0..count).map(|_| self.group_command()).collect();
            return Unit::Group(group, commands, multi);
        }
        Unit::Txn((0..count).map(|_| self.op()).collect(), multi)
    }

    fn read(&mut self) -> Value {
        self.conn.read().expect("a reply").value
    }

    /// The replies to the commands of one unit, from inside EXEC if it was a block; `None` if it was aborted.
    fn replies(&mut self, count: usize, multi: bool) -> Option<Vec<Value>> {
        if !multi {
            return Some((0..count).map(|_| self.read()).collect());
        }
        for _ in 0..=count {
            let reply = self.read();
            assert!(!reply.is_error(), "queueing failed: {reply}");
        }
        let reply = self.read();
        (!reply.is_null()).then(|| reply.items().to_vec())
    }

    fn record(&mut self, invoked: u64, returned: u64, steps: Vec<Step>, committed: bool) {
        for step in &steps {
            if let (Action::Append(_, place), true) = (&step.action, committed) {
                self.leave_long_list(&step.key, *place);
            }
        }
        self.history.txns.push(Txn { client: self.id, invoked, returned, steps, committed });
    }

    fn leave_long_list(&self, key: &str, place: u64) {
        if place < LIST_LEN {
            return;
        }
        let (list, generation) = key[1..].split_once(':').unwrap();
        let (list, generation): (usize, u64) = (list.parse().unwrap(), generation.parse().unwrap());
        self.shared.generations[list].fetch_max(generation + 1, Ordering::Relaxed);
    }

    /// Sends bytes whole or in pieces: what arrives in one read, a server may well execute in one go, and
    /// whether a block holds together shows only when others get between its pieces.
    fn send(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while self.rng.percent(30) && rest.len() > 1 {
            let cut = 1 + self.rng.index(rest.len() - 1);
            self.conn.send(&rest[..cut]).expect("server takes requests");
            rest = &rest[cut..];
            std::thread::sleep(Duration::from_micros(self.rng.below(60)));
        }
        self.conn.send(rest).expect("server takes requests");
    }

    /// Sends units, then reads all replies.
    fn exchange(&mut self, units: Vec<Unit>) {
        let mut bytes = Vec::new();
        for unit in &units {
            let (multi, commands): (bool, Vec<_>) = match unit {
                Unit::Txn(ops, multi) => (*multi, ops.iter().map(Op::words).collect()),
                Unit::Group(group, commands, multi) => {
                    (*multi, commands.iter().map(|command| group_words(*group, command)).collect())
                }
            };
            let around = |name: &str| if multi { encode(&[name]) } else { Vec::new() };
            bytes.extend(around("MULTI"));
            commands.iter().for_each(|words| bytes.extend(encode(words)));
            bytes.extend(around("EXEC"));
        }
        let invoked = tick();
        self.send(&bytes);
        for unit in units {
            match unit {
                Unit::Txn(ops, multi) => {
                    let replies = self.replies(ops.len(), multi).expect("nothing is watched");
                    let returned = tick();
                    let steps = ops.iter().zip(&replies).flat_map(|(op, reply)| op.steps(reply)).collect();
                    self.record(invoked, returned, steps, true);
                }
                Unit::Group(group, commands, multi) => {
                    let replies = self.replies(commands.len(), multi).expect("nothing is watched");
                    let returned = tick();
                    let outcomes = replies.iter().map(outcome);
                    let commands = commands.into_iter().zip(outcomes).collect();
                    let operation = Operation { client: self.id, invoked, returned, commands };
                    self.history.groups.entry(group).or_default().push(operation);
                }
            }
        }
    }

    /// WATCH, read, MULTI, write what was read, EXEC: if it commits, nobody wrote in between, so reads and
    /// writes count as one transaction at the time of EXEC.
    fn watched_update(&mut self) {
        let mut keys = vec![self.any_key()];
        if self.rng.percent(50) {
            let other = self.any_key();
            if other != keys[0] {
                keys.push(other);
            }
        }
        self.conn.cmd(&[vec!["WATCH".to_string()], keys.clone()].concat());
        let mut reads = Vec::new();
        for key in &keys {
            let invoked = tick();
            let reply = self.conn.cmd(&["GET", key]);
            let step = Step { key: key.clone(), action: seen(key, &reply) };
            reads.push(Txn {
                client: self.id,
                invoked,
                returned: tick(),
                steps: vec![step],
                committed: true,
            });
        }
        if self.rng.percent(20) {
            std::thread::yield_now();
        }
        let ops: Vec<Op> = keys
            .iter()
            .map(|key| match key.as_bytes()[0] {
                b'r' => Op::Set(key.clone(), self.value()),
                b'l' => Op::Append(key.clone(), self.value()),
                _ => Op::Incr(key.clone()),
            })
            .collect();
        let mut bytes = encode(&["MULTI"]);
        ops.iter().for_each(|op| bytes.extend(encode(&op.words())));
        bytes.extend(encode(&["EXEC"]));
        let invoked = tick();
        self.send(&bytes);
        let replies = self.replies(ops.len(), true);
        let returned = tick();
        let Some(replies) = replies else {
            self.history.aborts += 1;
            self.history.txns.append(&mut reads);
            let blind = ops.iter().filter_map(|op| match op {
                Op::Set(key, value) => Some(Step { key: key.clone(), action: Action::Write(*value, None) }),
                Op::Append(key, id) => Some(Step { key: key.clone(), action: Action::Append(*id, 0) }),
                _ => None,
            });
            let blind = blind.collect();
            self.record(invoked, returned, blind, false);
            return;
        };
        let mut steps: Vec<Step> = reads.into_iter().flat_map(|txn| txn.steps).collect();
        steps.extend(ops.iter().zip(&replies).flat_map(|(op, reply)| op.steps(reply)));
        self.record(invoked, returned, steps, true);
    }

    fn run(mut self) -> History {
        let pipelines = self.id % 3 == 2;
        while Instant::now() < self.shared.deadline {
            if pipelines {
                let count = self.rng.range(2, 5);
                let units = (0..count).map(|_| self.unit(10)).collect();
                self.exchange(units);
            } else if self.rng.percent(20) {
                self.watched_update();
            } else {
                let unit = self.unit(35);
                self.exchange(vec![unit]);
            }
        }
        self.history
    }
}

/// Runs the clients for `duration` and returns what they recorded, ended by a read of everything.
pub fn run(server: &Server, seed: u64, duration: Duration) -> History {
    let shared = Shared {
        next_value: AtomicU64::new(1),
        generations: std::array::from_fn(|_| AtomicU64::new(0)),
        next_group_operation: AtomicU64::new(0),
        deadline: Instant::now() + duration,
    };
    let client = |id: usize| {
        let rng = Rng::new(seed).fork(id as u64);
        Client { id, conn: server.connect(), rng, shared: &shared, history: History::default() }
    };
    let parts: Vec<History> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(&client).collect();
        let threads: Vec<_> = clients.into_iter().map(|client| scope.spawn(|| client.run())).collect();
        threads.into_iter().map(|thread| thread.join().expect("client ends well")).collect()
    });
    let mut history = History::default();
    for part in parts {
        history.txns.extend(part.txns);
        history.aborts += part.aborts;
        part.groups.into_iter().for_each(|(group, all)| history.groups.entry(group).or_default().extend(all));
    }
    let mut last = client(CLIENTS);
    let keys: Vec<String> = final_keys(&history);
    for key in keys {
        last.exchange(vec![Unit::Txn(vec![Op::Get(key)], false)]);
    }
    for &group in history.groups.keys() {
        last.exchange(vec![Unit::Group(group, vec![Command::MGet((0..groups::KEYS).collect())], false)]);
    }
    history.txns.extend(last.history.txns);
    last.history
        .groups
        .into_iter()
        .for_each(|(group, all)| history.groups.entry(group).or_default().extend(all));
    history
}

fn final_keys(history: &History) -> Vec<String> {
    let steps = history.txns.iter().flat_map(|txn| &txn.steps);
    let keys: std::collections::BTreeSet<&String> = steps.map(|step| &step.key).collect();
    keys.into_iter().cloned().collect()
}
