//! The log core's view of a run: the shards' journals, merged at random moments. Checked: the merged effects, run one
//! after the other on what the shards held at the first cut, give the data that the shards hold, at the end and at every cut; and they come in
//! an order that no client could contradict.

use super::fleet::{Actor, Fleet};
use super::link::{Leave, Link};
use crate::support::Rng;
use shoal::command::server_state::Process;
use shoal::command::{Ctx, Handler, Keys, Server, Session, View, table};
use shoal::config::Config;
use shoal::data::HKey;
use shoal::journal::{Item, Part, Stream};
use shoal::keyspace::Store;
use shoal::observe::ClientInfo;
use shoal::persist::rdb::payload::{dump, restore, verified};
use shoal::resp::{Limits, Out, Parsed, Parser};
use shoal::shard::Ground;
use shoal::shard::txn::ShardSet;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

const DATABASES: usize = 2;

/// Database and key; expiry and value.
pub type Dataset = BTreeMap<(usize, Vec<u8>), (Option<i64>, Vec<u8>)>;

/// One effect of the stream.
#[derive(Debug)]
pub struct Logged {
    pub db: usize,
    pub words: Vec<String>,
    /// Number of its unit.
    pub unit: usize,
}

/// What the log core has merged.
pub struct Log {
    pub effects: Vec<Logged>,
    /// Effects before each cut, and what the shards held there.
    cuts: BTreeMap<u64, (usize, Arc<Mutex<Dataset>>)>,
    stream: Stream,
    units: usize,
    /// The journals are looked at in one of so many turns.
    pub lag: u64,
}

impl Log {
    fn part(&mut self, part: &Part<'_>, is_unit: bool) {
        let mut rest = part.bytes;
        for _ in 0..part.effects {
            let (words, used) = command(rest);
            self.effects.push(Logged { db: part.db, words, unit: self.units });
            self.units += usize::from(!is_unit);
            rest = &rest[used..];
        }
        assert!(rest.is_empty(), "a part is its commands and nothing else");
    }

    fn item(&mut self, item: &Item<'_>) {
        self.stream.append_item(item);
        match item {
            Item::Singles(part) => self.part(part, false),
            Item::Unit(parts) => {
                assert!(parts.iter().map(|part| part.effects).sum::<usize>() > 1);
                parts.iter().for_each(|part| self.part(part, true));
                self.units += 1;
            }
            Item::Cut(id) => self.cuts.get_mut(id).expect("a cut that was asked for").0 = self.effects.len(),
        }
    }

    /// Replays everything on what was there at the first cut, looking at every other.
    pub fn check(&self, finally: &Dataset) {
        let mut replay = Replay::new(&self.cuts[&1].1.lock().unwrap());
        for (at, effect) in self.effects.iter().enumerate() {
            self.check_cuts(at, &replay);
            replay.run(effect);
        }
        self.check_cuts(self.effects.len(), &replay);
        assert_eq!(replay.dataset(), *finally, "at the end");
    }

    /// The stream says the same as the items: databases by SELECT, units of several effects between MULTI and EXEC.
    fn check_stream(&mut self) {
        let mut slices = Vec::new();
        self.stream.read(0, usize::MAX, &mut slices).expect("nothing was trimmed");
        let bytes = slices.concat();
        let (mut at, mut db, mut in_multi, mut said) = (0, None, false, Vec::new());
        while at < bytes.len() {
            let (words, used) = command(&bytes[at..]);
            at += used;
            match words[0].as_str() {
                "SELECT" => db = Some(words[1].parse::<usize>().unwrap()),
                "MULTI" | "EXEC" => {
                    assert_eq!(in_multi, words[0] == "EXEC");
                    in_multi = !in_multi;
                }
                _ => said.push((db.expect("a database is selected"), words, in_multi)),
            }
        }
        assert_eq!((said.len(), in_multi), (self.effects.len(), false));
        for (i, (db, words, in_multi)) in said.iter().enumerate() {
            let effect = &self.effects[i];
            let is_unit_of = |at: Option<usize>| {
                at.and_then(|at| self.effects.get(at)).is_some_and(|e| e.unit == effect.unit)
            };
            assert_eq!((db, words), (&effect.db, &effect.words));
            assert_eq!(*in_multi, is_unit_of(i.checked_sub(1)) || is_unit_of(Some(i + 1)), "{effect:?}");
        }
    }

    fn check_cuts(&self, at: usize, replay: &Replay) {
        for (id, (_, data)) in self.cuts.iter().filter(|(_, (place, _))| *place == at) {
            assert_eq!(replay.dataset(), *data.lock().unwrap(), "at cut {id}");
        }
    }
}

/// The words of the first command in `bytes`, and the bytes that it takes.
fn command(bytes: &[u8]) -> (Vec<String>, usize) {
    let limits = Limits { bulk_max: i64::MAX, authenticated: true };
    let Ok(Parsed::Request(argv, used)) = Parser::new().parse(bytes, &limits) else {
        panic!("no whole command: {}", String::from_utf8_lossy(bytes));
    };
    (argv.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect(), used)
}

fn add_data(store: &Store, into: &mut Dataset) {
    for (db, at) in store.dbs.iter().enumerate() {
        at.table.for_each(|entry| {
            into.insert((db, entry.key().to_vec()), (entry.expire_ms(), dump(entry, false)));
        });
    }
}

/// A store on which time stands still at its beginning, so that nothing expires but by an effect.
struct Replay {
    store: Store,
    session: Session,
    server: Arc<Server>,
}

impl Replay {
    fn new(base: &Dataset) -> Replay {
        let process = Process {
            config_file: None,
            executable: PathBuf::from("shoal"),
            wake: Box::new(|_| {}),
            shutdown: Box::new(|_| {}),
            abort_shutdown: Box::new(|| false),
        };
        let config = Config { databases: DATABASES as u32, ..Config::default() };
        let mut store = Store::new(DATABASES, 1);
        for ((db, key), (expire, value)) in base {
            let value = restore(verified(value).unwrap(), &Default::default()).unwrap();
            store.put(*db, &HKey::new(key), value.into_entry(key, *expire));
        }
        Replay {
            store,
            session: Session::new(Arc::new(ClientInfo::default()), true),
            server: Arc::new(Server::new(config, 1, table::all().len(), 0, process)),
        }
    }

    fn run(&mut self, effect: &Logged) {
        let argv: Vec<&[u8]> = effect.words.iter().map(String::as_bytes).collect();
        let command = table::resolve(&argv).expect("effects are commands");
        let Handler::Run(handler) = command.row.handler else { panic!("{effect:?}") };
        let mut reply = Vec::new();
        let mut ctx = Ctx {
            keys: Keys { view: View::One(&mut self.store), db: effect.db, now_ms: 0 },
            out: Out::new(&mut reply, self.session.proto),
            session: &mut self.session,
            server: &self.server,
            command,
            shard: 0,
            idle: None,
        };
        assert!(handler(&mut ctx, &argv).is_ok() && !reply.starts_with(b"-"), "{effect:?} failed");
    }

    fn dataset(&self) -> Dataset {
        let mut all = Dataset::new();
        add_data(&self.store, &mut all);
        all
    }
}

impl Fleet {
    /// Switches the journals on.
    pub fn record(&mut self, lag: u64) {
        let (effects, cuts) = (Vec::new(), BTreeMap::new());
        self.log = Some(Log { effects, cuts, stream: Stream::new(0), units: 0, lag });
        self.cut();
    }

    /// Makes a cut, at which each shard says what it holds.
    pub fn cut(&mut self) {
        let Some(log) = &mut self.log else { panic!("nothing is recorded") };
        let (id, shards) = (log.cuts.len() as u64 + 1, self.server.shards);
        let data = Arc::new(Mutex::new(Dataset::new()));
        log.cuts.insert(id, (usize::MAX, data.clone()));
        let work = move |_: usize, ground: &mut Ground| {
            ground.store.journal.switch(true);
            ground.store.journal.cut(id, shards);
            add_data(&ground.store, &mut data.lock().unwrap());
        };
        // The log core's number; it has no wake cell here, and looks at random moments.
        self.hub.independent(shards, ShardSet::all(shards), Arc::new(work));
    }

    /// Merges what the journals have published.
    pub fn merge(&mut self) {
        let Some(log) = &mut self.log else { return };
        let world = &self.world;
        let budget = 1 + self.rng.index(2_000);
        while self.tap.poll(budget, |item| log.item(&item), |shard| world.wake(shard)) {}
        assert!(self.tap.reached() <= self.tap.clock().issued());
    }

    /// Ends a record when all clients have left: checks it and returns it.
    pub fn end_record(&mut self) -> Log {
        self.idle(300);
        self.cut();
        self.idle(300);
        self.merge();
        self.idle(300);
        self.merge();
        assert_eq!(self.tap.reached(), self.tap.clock().issued(), "something was not merged");
        assert_eq!(self.tap.clock().all_pending_bytes(), 0);
        assert!(!self.tap.has_work());
        let mut log = self.log.take().expect("a record");
        let place = log.cuts.values().map(|(place, _)| *place).max();
        assert!(place.is_some_and(|place| place <= log.effects.len()), "a cut did not come out");
        // What expired after the last cut is missing from its data, not from the effects.
        let mut finally = Dataset::new();
        self.with_stores(|store| add_data(store, &mut finally));
        log.check(&finally);
        log.check_stream();
        log
    }
}

/// A client that sends anything and looks at no reply.
pub struct Mixer {
    link: Link,
    rng: Rng,
    left: u64,
    owed: usize,
    done: bool,
}

impl Mixer {
    pub fn new(fleet: &mut Fleet, label: u64) -> Mixer {
        let mut rng = fleet.rng.fork(label);
        let left = 5 + rng.below(40);
        Mixer { link: Link::new(fleet), rng, left, owed: 0, done: false }
    }

    fn send(&mut self, line: &str) {
        self.link.request(&line.split(' ').collect::<Vec<_>>());
        self.owed += 1;
    }

    /// A command on strings (s), lists (l), hashes (h), sets (t) and sorted sets (z).
    fn line(&mut self) -> String {
        let (a, b, c, n) = (self.rng.below(5), self.rng.below(5), self.rng.below(5), self.rng.below(100));
        match self.rng.below(40) {
            0 | 1 => format!("SET s{a} {n}"),
            2 => format!("SET s{a} {n} PX {}", 1 + n),
            3 => format!("INCRBY s{a} {n}"),
            4 => format!("APPEND s{a} {n}"),
            5 | 6 => format!("MSET s{a} {n} s{b} x{n} s{c} y"),
            7 => format!("MSETNX s{a} {n} s{b} z"),
            8 => format!("DEL s{a} l{b} t{c}"),
            9 => format!("UNLINK s{a} s{b}"),
            10 => format!("MGET s{a} s{b} s{c}"),
            11 => format!("RENAME s{a} s{b}"),
            12 => format!("COPY s{a} s{b} REPLACE"),
            13 => format!("PEXPIRE s{a} {n}"),
            14 => format!("PERSIST s{a}"),
            15 => format!("GETDEL s{a}"),
            16 => format!("RPUSH l{a} {n} {b} {c}"),
            17 => format!("LPOP l{a} 2"),
            18 => format!("LMOVE l{a} l{b} LEFT RIGHT"),
            19 => format!("BLPOP l{a} l{b} 0.001"),
            20 => format!("BLMOVE l{a} l{b} RIGHT LEFT 0.001"),
            21 => format!("LMPOP 2 l{a} l{b} LEFT COUNT 2"),
            22 => format!("SADD t{a} {n} {b} {c}"),
            23 => format!("SPOP t{a} 2"),
            24 => format!("SMOVE t{a} t{b} {c}"),
            25 => format!("SUNIONSTORE t{a} t{b} t{c}"),
            26 => format!("SINTERSTORE t{a} t{b} t{c}"),
            27 => format!("HINCRBYFLOAT h{a} f{b} 0.{n}"),
            28 => format!("HDEL h{a} f{b} f{c}"),
            29 => format!("ZADD z{a} {n} m{b} {c} m{c}"),
            30 => format!("ZPOPMIN z{a}"),
            31 => format!("ZUNIONSTORE z{a} 2 z{b} z{c}"),
            32 => format!("MOVE s{a} 1"),
            33 => format!("SORT l{a} ALPHA STORE l{b}"),
            34 => format!("PEXPIRE l{a} {n}"),
            35 => format!("SELECT {}", n % 2),
            36 if n < 10 => "FLUSHALL".into(),
            36 if n < 20 => "FLUSHDB".into(),
            36 if n < 40 => "SWAPDB 0 1".into(),
            36 => "DBSIZE".into(),
            37 => format!("EVAL return{{redis.call('set',KEYS[1],{n}),redis.call('incr',KEYS[1])}} 1 s{a}"),
            38 => format!("EVAL redis.call('rpush',KEYS[1],1)redis.call('del',KEYS[2]) 2 l{a} s{b}"),
            // It does not say which keys it uses.
            _ => format!("EVAL redis.call('set','s{a}',{n})return(redis.call('get','s{b}')) 0"),
        }
    }

    fn round(&mut self) {
        self.left -= 1;
        for _ in 0..1 + self.rng.below(6) {
            if self.rng.percent(20) {
                self.send("MULTI");
                for _ in 0..1 + self.rng.below(4) {
                    let line = self.line();
                    self.send(&line);
                }
                self.send("EXEC");
            } else {
                let line = self.line();
                self.send(&line);
            }
        }
    }
}

impl Actor for Mixer {
    fn act(&mut self, fleet: &mut Fleet) -> bool {
        if self.done {
            return false;
        }
        let moved = self.link.poll(&mut self.rng);
        self.owed -= self.link.replies.drain(..).count();
        if self.left == 0 && self.owed == 0 && self.link.has_sent() {
            self.link.leave(Leave::Close);
            self.done = true;
            return true;
        }
        if self.owed == 0 && self.left > 0 {
            if self.rng.percent(5) {
                fleet.cut();
            }
            self.round();
            return true;
        }
        moved
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn explain(&self) -> String {
        format!("a mixer is owed {} replies", self.owed)
    }
}
