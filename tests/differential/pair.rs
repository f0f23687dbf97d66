//! Two servers side by side: one sequence sent to both, every reply and the whole final data compared.

use super::compare::equivalent;
use super::grammar::{Step, Words};
use crate::support::conn::Reply;
use crate::support::{Conn, Server, Value, quote_command};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// Databases that the generators use and the final comparison reads.
pub const DATABASES: usize = 3;

/// Options of both servers: the size limit within cheap reach of the generators.
const OPTIONS: &[&str] = &["--proto-max-bulk-len", "1mb"];

/// The oracle and the server under test.
pub struct Pair {
    oracle: Server,
    tested: Server,
}

/// Where the two went apart.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Index of the step, or the number of steps when only the final data differ.
    pub at: usize,
    /// The command, or what was compared at the end.
    pub what: String,
    /// The oracle's side.
    pub oracle: String,
    /// The tested server's side.
    pub tested: String,
}

/// One step's connections to both servers, and what EXEC will have to answer.
struct Session {
    oracle: Conn,
    tested: Conn,
    queued: Vec<Words>,
}

fn shown(reply: &io::Result<Reply>) -> String {
    match reply {
        Ok(reply) => reply.value.to_string(),
        Err(error) => format!("no reply: {error}"),
    }
}

impl Session {
    fn open(pair: &Pair) -> Self {
        Self { oracle: pair.oracle.connect(), tested: pair.tested.connect(), queued: Vec::new() }
    }

    /// Reads both replies to `words` and judges them.
    fn compare(&mut self, words: &Words) -> Result<(), (String, String)> {
        let oracle = self.oracle.read();
        let tested = self.tested.read();
        if let (Ok(a), Ok(b)) = (&oracle, &tested) {
            let queued = self.follow(words, &a.value);
            // Equal values in unequal bytes (`:01`, `:1`) are a difference of their own.
            if a.raw == b.raw || (a.value != b.value && equivalent(words, &queued, &a.value, &b.value)) {
                return Ok(());
            }
        }
        Err((shown(&oracle), shown(&tested)))
    }

    /// Keeps track of what is queued; returns the commands that this reply answers if it is an EXEC's.
    fn follow(&mut self, words: &Words, reply: &Value) -> Vec<Words> {
        if *reply == Value::Simple(b"QUEUED".to_vec()) {
            self.queued.push(words.clone());
            return Vec::new();
        }
        let ends = [&b"EXEC"[..], b"DISCARD", b"RESET", b"QUIT"];
        if words.len() == 1 && ends.iter().any(|name| words[0].eq_ignore_ascii_case(name)) {
            return std::mem::take(&mut self.queued);
        }
        Vec::new()
    }

    fn step(&mut self, step: &Step) -> Result<(), (String, String)> {
        let words = &step.words;
        let sent = self.oracle.send_command(words).and_then(|()| self.tested.send_command(words));
        if let Err(error) = sent {
            return Err((String::new(), format!("cannot send: {error}")));
        }
        self.compare(words)?;
        if step.pause_ms > 0 {
            std::thread::sleep(Duration::from_millis(step.pause_ms));
        }
        Ok(())
    }

    /// RANDOMKEY must give a key that exists: the oracle knows which do.
    fn check_random_key(&mut self) -> Result<(), (String, String)> {
        let reply = self.tested.call(&["RANDOMKEY"]);
        let Ok(Reply { value: Value::Bulk(key), .. }) = &reply else { return Ok(()) };
        match self.oracle.call(&[&b"EXISTS"[..], key]) {
            Ok(exists) if exists.value == Value::Int(1) => Ok(()),
            _ => Err(("no such key".into(), shown(&reply))),
        }
    }

    /// A whole SCAN iteration with the options of `words` must give the same keys on both sides.
    fn iterate_both(&mut self, words: &Words) -> Result<(), (String, String)> {
        let oracle = iterate(&mut self.oracle, words);
        let tested = iterate(&mut self.tested, words);
        match (&oracle, &tested) {
            (Ok(a), Ok(b)) if a == b => Ok(()),
            _ => Err((format!("iteration gives {oracle:?}"), format!("iteration gives {tested:?}"))),
        }
    }
}

/// All keys that a SCAN with these options yields, sorted, repetitions removed (SCAN may repeat).
fn iterate(conn: &mut Conn, words: &Words) -> Result<Vec<Vec<u8>>, String> {
    let mut keys = Vec::new();
    let mut words = words.clone();
    words[1] = b"0".to_vec();
    for _ in 0..100_000 {
        let reply = conn.call(&words).map_err(|error| error.to_string())?;
        let Value::Array(parts) = &reply.value else { return Err(reply.value.to_string()) };
        let (Value::Bulk(cursor), Value::Array(found)) = (&parts[0], &parts[1]) else {
            return Err(reply.value.to_string());
        };
        keys.extend(found.iter().filter_map(|key| key.bytes().map(<[u8]>::to_vec)));
        if cursor == b"0" {
            keys.sort();
            keys.dedup();
            return Ok(keys);
        }
        words[1].clone_from(cursor);
    }
    Err("no end after 100,000 calls".into())
}

impl Pair {
    /// Starts both.
    pub fn start(shards: u32) -> Self {
        Self { oracle: Server::oracle(OPTIONS), tested: Server::tested(shards, OPTIONS) }
    }

    /// Whether the tested server still runs; its log is printed when it is dropped dead.
    pub fn alive(&mut self) -> bool {
        self.tested.alive()
    }

    /// Which of the commands the oracle never executed with success: what was not compared at all.
    pub fn uncovered<'a>(&self, commands: &[&'a str]) -> Vec<&'a str> {
        let reply = self.oracle.connect().cmd(&["INFO", "commandstats"]);
        let text = String::from_utf8_lossy(reply.bytes().unwrap_or_default()).into_owned();
        let succeeded = |line: &str| {
            let count = |name: &str| -> u64 {
                let value = line.split([',', ':']).find_map(|field| field.strip_prefix(name));
                value.and_then(|value| value.parse().ok()).unwrap_or(0)
            };
            count("calls=") > count("failed_calls=")
        };
        let covered = |name: &str| {
            let prefix = format!("cmdstat_{name}:");
            text.lines().any(|line| line.starts_with(&prefix) && succeeded(line))
        };
        commands.iter().filter(|name| !covered(name)).copied().collect()
    }

    /// Both servers as a new one: no keys, and the directives that the generators change at their defaults.
    pub fn clear(&self) {
        const DEFAULTS: &[(&str, &str)] = &[
            ("slowlog-log-slower-than", "10000"),
            ("slowlog-max-len", "128"),
            ("maxmemory-samples", "5"),
            ("lfu-log-factor", "10"),
            ("lfu-decay-time", "1"),
            ("lazyfree-lazy-user-del", "no"),
            ("active-expire-effort", "1"),
            ("appendfsync", "everysec"),
            ("list-max-listpack-size", "-2"),
            ("stream-node-max-entries", "100"),
            ("hll-sparse-max-bytes", "3000"),
            ("set-max-intset-entries", "512"),
            ("zset-max-listpack-entries", "128"),
            ("zset-max-listpack-value", "64"),
            ("maxmemory-policy", "noeviction"),
        ];
        for server in [&self.oracle, &self.tested] {
            let mut conn = server.connect();
            conn.cmd(&["FLUSHALL"]);
            for (name, value) in DEFAULTS {
                conn.cmd(&["CONFIG", "SET", name, value]);
            }
        }
    }

    /// Runs the steps one by one on empty servers; the first difference ends the run.
    pub fn run(&self, steps: &[Step]) -> Result<(), Difference> {
        self.clear();
        let mut sessions = [Session::open(self), Session::open(self)];
        for (at, step) in steps.iter().enumerate() {
            let session = &mut sessions[step.conn];
            let name = step.words[0].to_ascii_uppercase();
            let mut outcome = session.step(step);
            if outcome.is_ok() && session.queued.is_empty() {
                outcome = match name.as_slice() {
                    b"RANDOMKEY" if step.words.len() == 1 => session.check_random_key(),
                    b"SCAN" if step.words.get(1).is_some_and(|cursor| cursor == b"0") => {
                        session.iterate_both(&step.words).or_else(|failed| refused(&failed))
                    }
                    _ => Ok(()),
                };
            }
            if let Err((oracle, tested)) = outcome {
                return Err(Difference { at, what: quote_command(&step.words), oracle, tested });
            }
            if name == b"QUIT" {
                *session = Session::open(self);
            }
        }
        drop(sessions);
        self.compare_data(steps.len())
    }

    /// Runs all steps over one connection per server, sent in pieces cut at `cuts` (sizes, used in turn).
    pub fn run_pipelined(&self, steps: &[Step], cuts: &[usize]) -> Result<(), Difference> {
        self.clear();
        let mut session = Session::open(self);
        let bytes: Vec<u8> = steps.iter().flat_map(|step| crate::support::encode(&step.words)).collect();
        let mut rest = bytes.as_slice();
        for cut in cuts.iter().cycle() {
            let (piece, later) = rest.split_at((*cut).min(rest.len()));
            session.oracle.send(piece).expect("oracle takes bytes");
            if let Err(error) = session.tested.send(piece) {
                let tested = format!("cannot send: {error}");
                return Err(Difference { at: 0, what: "pipeline".into(), oracle: String::new(), tested });
            }
            rest = later;
            if rest.is_empty() {
                break;
            }
            if cut % 7 == 0 {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
        for (at, step) in steps.iter().enumerate() {
            if let Err((oracle, tested)) = session.compare(&step.words) {
                return Err(Difference { at, what: quote_command(&step.words), oracle, tested });
            }
        }
        drop(session);
        self.compare_data(steps.len())
    }

    /// Compares every key of every database in use, and DEBUG DIGEST where both know it.
    fn compare_data(&self, at: usize) -> Result<(), Difference> {
        let differ = |what: String, oracle: String, tested: String| Difference { at, what, oracle, tested };
        let (mut oracle, mut tested) = (self.oracle.connect(), self.tested.connect());
        let mut has_scores = false;
        for database in 0..DATABASES {
            let contents = |conn: &mut Conn| contents(conn, database).map_err(|error| error.to_string());
            let (a, b) = (contents(&mut oracle), contents(&mut tested));
            let (Ok(a), Ok(b)) = (&a, &b) else {
                return Err(differ(
                    format!("data of database {database}"),
                    format!("{a:?}"),
                    format!("{b:?}"),
                ));
            };
            let is_zset = |values: &Vec<Value>| values.first() == Some(&Value::Simple(b"zset".to_vec()));
            has_scores |= a.values().any(is_zset);
            for key in a.keys().chain(b.keys()) {
                let what = || format!("data of database {database}, key {}", crate::support::quote(key));
                let (Some(x), Some(y)) = (a.get(key), b.get(key)) else {
                    let presence = |map: &BTreeMap<_, _>| format!("present: {}", map.contains_key(key));
                    return Err(differ(what(), presence(a), presence(b)));
                };
                for (name, (x, y)) in QUERIES.iter().zip(x.iter().zip(y)) {
                    let words = name.split(' ').map(|word| word.as_bytes().to_vec()).collect();
                    if !equivalent(&words, &[], x, y) {
                        return Err(differ(format!("{}, {name}", what()), x.to_string(), y.to_string()));
                    }
                }
            }
        }
        // 7.0 and 7.2 digest other texts of the same scores.
        if has_scores {
            return Ok(());
        }
        // Redis counts a key that has expired until its cycle comes by: at a difference, wait for that.
        for wait_ms in [0, 150, 500, 1000] {
            std::thread::sleep(Duration::from_millis(wait_ms));
            let digest = |conn: &mut Conn| conn.call(&["DEBUG", "DIGEST"]);
            match (digest(&mut oracle), digest(&mut tested)) {
                (Ok(a), Ok(b)) if a.raw == b.raw || a.value.is_error() || b.value.is_error() => {
                    return Ok(());
                }
                (a, b) if wait_ms == 1000 => {
                    return Err(differ("DEBUG DIGEST".into(), shown(&a), shown(&b)));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What the final comparison asks of every key.
const QUERIES: &[&str] = &["TYPE", "GET", "PTTL", "OBJECT ENCODING", "SMEMBERS", "ZRANGEBYSCORE"];

fn contents(conn: &mut Conn, database: usize) -> io::Result<BTreeMap<Vec<u8>, Vec<Value>>> {
    conn.call(&["SELECT".to_string(), database.to_string()])?;
    let listing = conn.call(&["KEYS", "*"])?.value;
    let Value::Array(keys) = listing else { return Err(io::Error::other(listing.to_string())) };
    let mut all = BTreeMap::new();
    for key in keys.iter().filter_map(Value::bytes) {
        let commands: Vec<Words> = QUERIES
            .iter()
            .map(|query| {
                let words = query.split(' ').map(|w| w.as_bytes().to_vec()).chain([key.to_vec()]);
                let range: &[&[u8]] =
                    if *query == "ZRANGEBYSCORE" { &[b"-inf", b"inf", b"WITHSCORES"] } else { &[] };
                words.chain(range.iter().map(|word| word.to_vec())).collect()
            })
            .collect();
        let replies = conn.pipeline(&commands)?;
        all.insert(key.to_vec(), replies.into_iter().map(|reply| reply.value).collect());
    }
    Ok(all)
}

/// An iteration that both refuse in the same words is no difference.
fn refused(failed: &(String, String)) -> Result<(), (String, String)> {
    if failed.0.contains("Err(") && failed.0 == failed.1 { Ok(()) } else { Err(failed.clone()) }
}
