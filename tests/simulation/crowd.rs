//! Concurrent clients over registers, append lists and groups of keys, and the history that they leave to the checker.
//!
//! Clients of a risky run may vanish with requests in flight. What such a request did is learned from the others: a
//! write that somebody saw took effect, and all of its EXEC with it; one that nobody saw explains nothing and is left
//! out.

use super::fleet::{Actor, Fleet};
use super::groups::{self, Command, Operation, Outcome, Verdict};
use super::journal::Log;
use super::link::{Leave, Link};
use super::record::{Action, Step, Txn, Version, tick};
use super::{graph, versions};
use crate::support::{Rng, Value};
use shoal::command::table;
use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

const REGISTERS: u64 = 3;
const LISTS: u64 = 2;
/// Bytes of an appended id with its end mark: the length of a value tells the place.
const ID_LEN: usize = 6;
/// Operations on the group of keys: the search takes 128 at most.
const GROUP_OPERATIONS: usize = 100;

#[derive(Clone, Debug)]
enum Op {
    Get(String),
    Set(String, Version),
    GetSet(String, Version),
    Append(String, Version),
    MGet(Vec<String>),
    MSet(Vec<(String, Version)>),
}

/// What takes effect at one moment.
#[derive(Clone, Debug)]
enum Unit {
    Plain(Op),
    Multi(Vec<Op>),
    /// Reads under WATCH, then a block that writes what was read.
    Watched(Vec<String>, Vec<Op>),
    Group(Vec<Command>, bool),
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_string).collect()
}

impl Op {
    fn words(&self) -> Vec<String> {
        words(&match self {
            Op::Get(key) => format!("GET {key}"),
            Op::Set(key, v) => format!("SET {key} {v}"),
            Op::GetSet(key, v) => format!("GETSET {key} {v}"),
            Op::Append(key, id) => format!("APPEND {key} {id:05};"),
            Op::MGet(keys) => format!("MGET {}", keys.join(" ")),
            Op::MSet(pairs) => {
                format!(
                    "MSET {}",
                    pairs.iter().map(|(k, v)| format!("{k} {v}")).collect::<Vec<_>>().join(" ")
                )
            }
        })
    }

    fn steps(&self, reply: &Value) -> Vec<Step> {
        let step = |key: &String, action| Step { key: key.clone(), action };
        match self {
            Op::Get(key) => vec![step(key, seen(key, reply))],
            Op::Set(key, v) => vec![step(key, Action::Write(*v, None))],
            Op::GetSet(key, v) => vec![step(key, Action::Write(*v, Some(version(reply))))],
            Op::Append(key, id) => {
                let len = usize::try_from(reply.int()).unwrap();
                assert!(len > 0 && len.is_multiple_of(ID_LEN), "APPEND to {key} gave length {len}");
                vec![step(key, Action::Append(*id, (len / ID_LEN - 1) as u64))]
            }
            Op::MGet(keys) => {
                keys.iter().zip(reply.items()).map(|(k, item)| step(k, seen(k, item))).collect()
            }
            Op::MSet(pairs) => pairs.iter().map(|(k, v)| step(k, Action::Write(*v, None))).collect(),
        }
    }

    /// Keys and versions written.
    fn writes(&self) -> Vec<(String, Version)> {
        match self {
            Op::Get(_) | Op::MGet(_) => Vec::new(),
            Op::Set(key, v) | Op::GetSet(key, v) | Op::Append(key, v) => vec![(key.clone(), *v)],
            Op::MSet(pairs) => pairs.clone(),
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
    Action::ReadList(text.split_terminator(';').map(|id| id.parse().unwrap()).collect())
}

fn group_words(command: &Command) -> Vec<String> {
    let name = |key: &usize| format!("g{key}");
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

fn is_known(words: &[String]) -> bool {
    table::is_known(words[0].as_bytes())
}

/// What all clients share.
#[derive(Default)]
struct Shared {
    next_value: Cell<u64>,
    group_operations: Cell<usize>,
}

#[derive(Default)]
struct History {
    txns: Vec<Txn>,
    group: Vec<Operation>,
    /// Units whose replies never came, and when they were sent.
    lost: Vec<(Txn, Vec<(String, Version)>)>,
    aborts: usize,
}

/// One client.
pub struct Member {
    id: usize,
    link: Link,
    rng: Rng,
    shared: Rc<Shared>,
    history: History,
    /// What is in flight: units, and when they were sent.
    units: Vec<Unit>,
    invoked: u64,
    left: u64,
    risky: bool,
    leaving: bool,
    done: bool,
}

impl Member {
    fn value(&self) -> u64 {
        self.shared.next_value.set(self.shared.next_value.get() + 1);
        self.shared.next_value.get()
    }

    fn key(&mut self) -> String {
        match self.rng.below(REGISTERS + LISTS) {
            n if n < REGISTERS => format!("r{n}"),
            n => format!("l{}", n - REGISTERS),
        }
    }

    fn write(&self, key: String) -> Op {
        let value = self.value();
        if key.starts_with('l') { Op::Append(key, value) } else { Op::Set(key, value) }
    }

    fn op(&mut self) -> Op {
        let register = format!("r{}", self.rng.below(REGISTERS));
        match self.rng.below(10) {
            0 | 1 => Op::Get(self.key()),
            2..=4 => {
                let key = self.key();
                self.write(key)
            }
            5 => Op::GetSet(register, self.value()),
            6 | 7 => Op::MGet((0..3).map(|_| self.key()).collect()),
            _ => {
                let other = format!("r{}", (register.as_bytes()[1] - b'0' + 1) % REGISTERS as u8);
                Op::MSet(vec![(register, self.value()), (other, self.value())])
            }
        }
    }

    fn group_command(&mut self) -> Command {
        let a = self.rng.index(groups::KEYS);
        let b = (a + 1 + self.rng.index(groups::KEYS - 1)) % groups::KEYS;
        let value = self.value() as u32;
        loop {
            let command = match self.rng.below(15) {
                0 => Command::Get(a),
                1 => Command::GetDel(a),
                2 => Command::Set(a, value),
                3 => Command::SetNx(a, value),
                4 => Command::GetSet(a, value),
                5 => Command::Del(vec![a, b]),
                6 => Command::Exists(vec![a, b, a]),
                7 => Command::MGet(vec![0, 1, 2]),
                8 => Command::MSet(vec![(a, value), (b, value)]),
                9 | 10 => Command::MSetNx(vec![(a, value), (b, value)]),
                11 => Command::Rename(a, b),
                12 => Command::RenameNx(a, b),
                13 => Command::Copy(a, b, true),
                _ => Command::Copy(a, b, false),
            };
            if is_known(&group_words(&command)) {
                return command;
            }
        }
    }

    fn unit(&mut self) -> Unit {
        let multi = table::is_known(b"MULTI") && self.rng.percent(30);
        let count = if multi { self.rng.range(1, 4) } else { 1 };
        let room = self.shared.group_operations.get() < GROUP_OPERATIONS;
        if !self.risky && room && self.rng.percent(35) {
            self.shared.group_operations.set(self.shared.group_operations.get() + 1);
            return Unit::Group((0..count).map(|_| self.group_command()).collect(), multi);
        }
        if multi && self.rng.percent(40) {
            let keys: BTreeSet<String> = (0..self.rng.range(1, 2)).map(|_| self.key()).collect();
            let writes = keys.iter().map(|key| self.write(key.clone())).collect();
            return Unit::Watched(keys.into_iter().collect(), writes);
        }
        if multi { Unit::Multi((0..count).map(|_| self.op()).collect()) } else { Unit::Plain(self.op()) }
    }

    fn send(&mut self, unit: &Unit) {
        let block = |link: &mut Link, commands: &[Vec<String>], multi: bool| {
            if multi {
                link.request(&["MULTI"]);
            }
            commands.iter().for_each(|words| link.request(words));
            if multi {
                link.request(&["EXEC"]);
            }
        };
        let all = |ops: &[Op]| ops.iter().map(Op::words).collect::<Vec<_>>();
        match unit {
            Unit::Plain(op) => block(&mut self.link, &[op.words()], false),
            Unit::Multi(ops) => block(&mut self.link, &all(ops), true),
            Unit::Watched(keys, ops) => {
                self.link.request(&[vec!["WATCH".to_string()], keys.clone()].concat());
                keys.iter().for_each(|key| self.link.request(&["GET", key]));
                block(&mut self.link, &all(ops), true);
            }
            Unit::Group(commands, multi) => {
                block(&mut self.link, &commands.iter().map(group_words).collect::<Vec<_>>(), *multi);
            }
        }
    }

    /// Takes the replies of a block: those inside EXEC, `None` if it was aborted.
    fn block(&mut self, count: usize, multi: bool) -> Option<Vec<Value>> {
        if !multi {
            return Some(self.link.replies.drain(..count).collect());
        }
        for reply in self.link.replies.drain(..=count) {
            assert!(!reply.is_error(), "queueing failed: {reply}");
        }
        let reply = self.link.replies.pop_front().expect("counted");
        assert!(!reply.is_error(), "EXEC failed: {reply}");
        (!reply.is_null()).then(|| reply.items().to_vec())
    }

    fn record(&mut self, steps: Vec<Step>, committed: bool) {
        let (client, invoked, returned) = (self.id, self.invoked, tick());
        self.history.txns.push(Txn { client, invoked, returned, steps, committed });
    }

    fn finish(&mut self, unit: Unit) {
        let steps_of = |ops: &[Op], replies: &[Value]| -> Vec<Step> {
            ops.iter().zip(replies).flat_map(|(op, reply)| op.steps(reply)).collect()
        };
        match unit {
            Unit::Plain(op) => {
                let reply = self.link.replies.pop_front().expect("counted");
                self.record(op.steps(&reply), true);
            }
            Unit::Multi(ops) => {
                let replies = self.block(ops.len(), true).expect("nothing is watched");
                self.record(steps_of(&ops, &replies), true);
            }
            Unit::Watched(keys, ops) => {
                self.link.replies.pop_front();
                let values: Vec<Value> = self.link.replies.drain(..keys.len()).collect();
                let reads =
                    keys.iter().zip(&values).map(|(k, v)| Step { key: k.clone(), action: seen(k, v) });
                let mut steps: Vec<Step> = reads.collect();
                match self.block(ops.len(), true) {
                    Some(replies) => {
                        steps.extend(steps_of(&ops, &replies));
                        self.record(steps, true);
                    }
                    None => {
                        self.history.aborts += 1;
                        steps.into_iter().for_each(|step| self.record(vec![step], true));
                        let steps = ops.iter().flat_map(Op::writes);
                        let steps = steps.map(|(key, v)| Step { key, action: Action::Write(v, None) });
                        self.record(steps.collect(), false);
                    }
                }
            }
            Unit::Group(commands, multi) => {
                let replies = self.block(commands.len(), multi).expect("nothing is watched");
                let commands = commands.into_iter().zip(replies.iter().map(outcome)).collect();
                let (client, invoked, returned) = (self.id, self.invoked, tick());
                self.history.group.push(Operation { client, invoked, returned, commands });
            }
        }
    }

    /// Replies that a unit brings.
    fn replies_of(unit: &Unit) -> usize {
        match unit {
            Unit::Plain(_) => 1,
            Unit::Multi(ops) => ops.len() + 2,
            Unit::Watched(keys, ops) => keys.len() + ops.len() + 3,
            Unit::Group(commands, multi) => commands.len() + if *multi { 2 } else { 0 },
        }
    }

    /// Records the units whose replies are there.
    fn collect(&mut self) {
        while let Some(unit) = self.units.first() {
            if self.link.replies.len() < Self::replies_of(unit) {
                return;
            }
            let unit = self.units.remove(0);
            self.finish(unit);
        }
        assert!(self.link.replies.is_empty(), "replies that nobody asked for");
    }

    fn start(&mut self) {
        let count = if self.rng.percent(30) { self.rng.range(2, 5) } else { 1 };
        self.left -= 1;
        self.invoked = tick();
        for _ in 0..count {
            let unit = self.unit();
            self.send(&unit);
            self.units.push(unit);
        }
    }

    /// The connection is gone with what was in flight.
    fn lose(&mut self) {
        for unit in std::mem::take(&mut self.units) {
            let ops = match unit {
                Unit::Plain(op) => vec![op],
                Unit::Multi(ops) | Unit::Watched(_, ops) => ops,
                Unit::Group(..) => panic!("groups are for loyal clients"),
            };
            let writes: Vec<(String, Version)> = ops.iter().flat_map(Op::writes).collect();
            let txn = Txn {
                client: self.id,
                invoked: self.invoked,
                returned: u64::MAX,
                steps: Vec::new(),
                committed: true,
            };
            self.history.lost.push((txn, writes));
        }
    }

    fn reconnect(&mut self, fleet: &Fleet) {
        self.lose();
        self.link = Link::new(fleet);
    }
}

impl Actor for Member {
    fn act(&mut self, fleet: &mut Fleet) -> bool {
        if self.done {
            return false;
        }
        let moved = self.link.poll(&mut self.rng);
        self.collect();
        if self.leaving {
            self.done = self.link.client.is_over();
            return moved || self.done;
        }
        if self.link.client.is_over() {
            assert!(self.risky, "the server closed a connection in good order");
            self.reconnect(fleet);
            return true;
        }
        if self.units.is_empty() {
            if self.left == 0 {
                let how = *self.rng.pick(&[Leave::Close, Leave::Reset, Leave::HalfClose]);
                self.link.leave(how);
                self.leaving = true;
            } else {
                self.start();
            }
            return true;
        }
        if self.risky && self.rng.percent(2) {
            self.link.leave(*self.rng.pick(&[Leave::Close, Leave::Reset]));
            self.reconnect(fleet);
            return true;
        }
        moved
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn explain(&self) -> String {
        format!("client {}: waits for {:?}, has {:?}", self.id, self.units.first(), self.link.replies)
    }
}

/// All clients of a run.
pub struct Crowd {
    pub members: Vec<Member>,
}

impl Crowd {
    pub fn new(fleet: &mut Fleet, clients: usize, risky: bool) -> Crowd {
        let shared = Rc::new(Shared::default());
        let member = |id: usize| {
            let mut rng = fleet.rng.fork(id as u64);
            let left = 3 + rng.below(12);
            Member {
                id,
                link: Link::new(fleet),
                rng,
                shared: shared.clone(),
                history: History::default(),
                units: Vec::new(),
                invoked: 0,
                left,
                risky,
                leaving: false,
                done: false,
            }
        };
        Crowd { members: (0..clients).map(member).collect() }
    }

    /// Reads every key, one after the other.
    pub fn reader(&self, fleet: &Fleet) -> Reader {
        let registers = (0..REGISTERS).map(|n| format!("r{n}"));
        let keys = registers.chain((0..LISTS).map(|n| format!("l{n}")));
        let mut commands: Vec<Vec<String>> = keys.map(|key| vec!["GET".to_string(), key]).collect();
        commands.push(words("MGET g0 g1 g2"));
        Reader::new(fleet, commands)
    }

    /// Checks that the merged journals do not contradict what clients saw: who asked for a write after it had seen
    /// another, its own or not, finds it behind that; and what took effect at one moment is one unit.
    pub fn check_log(&self, log: &Log) {
        let mut place: HashMap<(String, Version), usize> = HashMap::new();
        for effect in &log.effects {
            let pairs = effect.words.get(1..).unwrap_or_default().chunks(2).filter(|pair| pair.len() == 2);
            for pair in pairs.filter(|_| matches!(effect.words[0].as_str(), "SET" | "MSET" | "APPEND")) {
                if let Ok(version) = pair[1].trim_end_matches(';').parse() {
                    place.insert((pair[0].clone(), version), effect.unit);
                }
            }
        }
        // For each transaction: when it began, its first write, when it was over, the last that it has seen.
        let mut spans: Vec<(u64, Option<usize>, u64, Option<usize>)> = Vec::new();
        for txn in self.members.iter().flat_map(|m| &m.history.txns).filter(|txn| txn.committed) {
            let at = |key: &String, v: Version| {
                *place
                    .get(&(key.clone(), v))
                    .unwrap_or_else(|| panic!("{key}={v} of {txn} is not in the log"))
            };
            let (mut writes, mut seen) = (BTreeSet::new(), BTreeSet::new());
            for Step { key, action } in &txn.steps {
                match action {
                    Action::Write(v, _) | Action::Append(v, _) => {
                        writes.insert(at(key, *v));
                    }
                    Action::Read(0) => {}
                    Action::Read(v) => {
                        seen.insert(at(key, *v));
                    }
                    Action::ReadList(list) => seen.extend(list.iter().map(|v| at(key, *v))),
                }
            }
            assert!(writes.len() <= 1, "{txn} is in several units: {writes:?}");
            let first = writes.first().copied();
            seen.extend(writes);
            spans.push((txn.invoked, first, txn.returned, seen.last().copied()));
        }
        for later in &spans {
            let Some(first) = later.1 else { continue };
            for earlier in spans.iter().filter(|earlier| earlier.2 < later.0) {
                assert!(
                    earlier.3.is_none_or(|seen| seen < first),
                    "unit {first} was asked for when unit {:?} had been seen",
                    earlier.3
                );
            }
        }
    }

    /// Checks the history, ended by what `reader` read.
    pub fn check(self, reader: Reader) {
        let (mut txns, mut group, mut lost) = (Vec::new(), Vec::new(), Vec::new());
        for member in self.members {
            txns.extend(member.history.txns);
            group.extend(member.history.group);
            lost.extend(member.history.lost);
        }
        let client = usize::MAX;
        for (words, reply) in reader.commands.iter().zip(&reader.replies) {
            let (invoked, returned) = (tick(), tick());
            if words[0] == "MGET" {
                let commands = vec![(Command::MGet(vec![0, 1, 2]), outcome(reply))];
                group.push(Operation { client, invoked, returned, commands });
            } else {
                let steps = vec![Step { key: words[1].clone(), action: seen(&words[1], reply) }];
                txns.push(Txn { client, invoked, returned, steps, committed: true });
            }
        }
        resolve(&mut txns, lost);
        let versions = versions::collect(&txns);
        let graph = graph::build(&txns, &versions);
        let mut anomalies = versions.anomalies;
        anomalies.extend(graph.shortest_cycle().map(|cycle| graph.explain(&cycle, &txns)));
        assert!(anomalies.is_empty(), "{} anomalies:\n{}", anomalies.len(), anomalies.join("\n\n"));
        let verdict = groups::check(&group);
        assert!(verdict != Verdict::Anomaly, "no order explains:\n{}", groups::explain(&group));
    }
}

/// Adds the lost units that took effect to the history.
fn resolve(txns: &mut Vec<Txn>, lost: Vec<(Txn, Vec<(String, Version)>)>) {
    let mut observed: BTreeSet<(String, Version)> = BTreeSet::new();
    let mut places: HashMap<(String, Version), u64> = HashMap::new();
    for step in txns.iter().flat_map(|txn| &txn.steps) {
        match &step.action {
            Action::Read(v) | Action::Write(_, Some(v)) => {
                observed.insert((step.key.clone(), *v));
            }
            Action::ReadList(list) => {
                for (place, v) in (0..).zip(list) {
                    places.insert((step.key.clone(), *v), place);
                    observed.insert((step.key.clone(), *v));
                }
            }
            Action::Write(_, None) | Action::Append(..) => {}
        }
    }
    for (mut txn, writes) in lost {
        if !writes.iter().any(|write| observed.contains(write)) {
            continue;
        }
        for (key, v) in writes {
            let action = if key.starts_with('l') {
                let place = places.get(&(key.clone(), v));
                Action::Append(
                    v,
                    *place.unwrap_or_else(|| panic!("half of {txn} took effect, not {key}={v}")),
                )
            } else {
                Action::Write(v, None)
            };
            txn.steps.push(Step { key, action });
        }
        txns.push(txn);
    }
}

/// A client that asks one thing after the other and keeps the replies.
pub struct Reader {
    link: Link,
    rng: Rng,
    commands: Vec<Vec<String>>,
    pub replies: Vec<Value>,
    sent: bool,
}

impl Reader {
    pub fn new(fleet: &Fleet, commands: Vec<Vec<String>>) -> Reader {
        Reader { link: Link::new(fleet), rng: fleet.rng.clone(), commands, replies: Vec::new(), sent: false }
    }
}

impl Actor for Reader {
    fn act(&mut self, _fleet: &mut Fleet) -> bool {
        if self.is_done() {
            return false;
        }
        if !self.sent {
            self.sent = true;
            self.commands.iter().for_each(|words| self.link.request(words));
        }
        let moved = self.link.poll(&mut self.rng);
        self.replies.extend(self.link.replies.drain(..));
        if self.is_done() {
            self.link.client.close();
        }
        moved
    }

    fn is_done(&self) -> bool {
        self.replies.len() == self.commands.len()
    }

    fn explain(&self) -> String {
        format!("the reader has {} of {} replies", self.replies.len(), self.commands.len())
    }
}
