//! The applier against a plain replay: random streams, one and several shards, turns in any order.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]

use super::*;
use crate::base::prng::{Prng, os_random_u64};
use crate::command::Session;
use crate::command::testing::{Fixture, NOW_MS};
use crate::data::HKey;
use crate::keyspace::{Store, slots};
use crate::shard::txn::{Seat, Waker};

struct NoWaker;

impl Waker for NoWaker {
    fn wake(&self, _: usize) {}
}

/// Shards without loops: their seats, turned by hand.
struct World {
    seats: Vec<Seat<Ground>>,
    applier: Applier,
    server: Arc<Server>,
    rng: Prng,
    seed: u64,
    end: u64,
}

impl World {
    fn new(shards: usize, source: Source, seed: u64) -> World {
        let server = Fixture::sharded(shards).server;
        let (hub, vacancies) = Hub::new(shards, Box::new(NoWaker));
        let seats = vacancies.into_iter().map(|vacancy| {
            let shard = vacancy.shard();
            let mut store = Store::new(16, seed + shard as u64);
            store.now_ms = NOW_MS;
            let stand_in = Box::new(Session::of_stream());
            let server = server.clone();
            vacancy.sit(Box::new(Ground { store, stand_in, server, shard, letters: Vec::new() }))
        });
        let seats = seats.collect();
        let applier = Applier::new(server.clone(), hub, source, Feeder::Cell(shards), 0);
        World { seats, applier, server, rng: Prng::new(seed), seed, end: 0 }
    }

    fn push(&mut self, words: &[&[u8]]) {
        while !self.applier.has_room() {
            self.turn();
        }
        self.end += words.len() as u64;
        self.applier.push(words, self.end).unwrap();
        match self.rng.below(8) {
            0 => self.turn(),
            1 => self.applier.flush(),
            _ => {}
        }
    }

    fn turn(&mut self) {
        let at = self.rng.index(self.seats.len());
        self.seats[at].turn();
        self.seats[at].may_send();
        self.applier.advance();
    }

    fn finish(&mut self) {
        self.applier.flush();
        for _ in 0..1_000_000 {
            if self.applier.is_idle() {
                assert_eq!(self.applier.applied(), self.end, "seed {}", self.seed);
                // Parked shards notice that their state is back.
                self.seats.iter_mut().for_each(|seat| {
                    while seat.state().is_none() {
                        seat.turn();
                    }
                });
                return;
            }
            self.turn();
        }
        panic!("the applier never became idle: seed {}", self.seed);
    }

    fn has(&mut self, key: &[u8]) -> bool {
        let hashed = HKey::new(key);
        let owner = slots::owner(hashed.slot, self.seats.len());
        self.seats[owner].state().unwrap().store.peek(0, &hashed).is_some()
    }

    /// The digest of its data, as DEBUG DIGEST tells it. Whatever has expired counts too: nothing expires in a stream.
    fn digest(&mut self) -> String {
        let mut fixture = Fixture::sharded(self.seats.len());
        fixture.now_ms = 0;
        for (seat, store) in self.seats.iter_mut().zip(&mut fixture.stores) {
            std::mem::swap(&mut seat.state().unwrap().store, store);
        }
        let digest = digest_of(&mut fixture);
        for (seat, store) in self.seats.iter_mut().zip(&mut fixture.stores) {
            store.now_ms = NOW_MS;
            std::mem::swap(&mut seat.state().unwrap().store, store);
        }
        digest
    }
}

fn digest_of(fixture: &mut Fixture) -> String {
    fixture.stores.iter_mut().for_each(|store| store.ageless = true);
    String::from_utf8(fixture.run_bytes(&[b"debug", b"digest"])).unwrap()
}

type Words = Vec<Vec<u8>>;

/// One random command; few keys, so that they meet.
fn command(rng: &mut Prng) -> Words {
    let key = |rng: &mut Prng| format!("k{}", rng.below(24));
    let (a, b, c) = (key(rng), key(rng), key(rng));
    let (n, m) = (rng.below(40), rng.below(6));
    let past = NOW_MS - 1000 - rng.below(1000) as i64;
    let later = NOW_MS + 100_000 + rng.below(1000) as i64;
    let text = match rng.below(44) {
        0 | 1 => format!("SET {a} v{n}"),
        2 => format!("APPEND {a} x{n}"),
        3 => format!("INCRBY {a} {n}"),
        4 => format!("DEL {a} {b} {c}"),
        5 | 6 => format!("MSET {a} 1{n} {b} 2{n} {c} 3{n}"),
        7 => format!("RENAME {a} {b}"),
        8 => format!("COPY {a} {b} REPLACE"),
        9 | 10 => format!("RPUSH {a} e{n} {m} e{m}"),
        11 => format!("LMOVE {a} {b} LEFT RIGHT"),
        12 | 13 => format!("SADD {a} {n} {m} s{n}"),
        14 => format!("SMOVE {a} {b} {m}"),
        15 => format!("SUNIONSTORE {a} {b} {c}"),
        16 => format!("SDIFFSTORE {a} {b} {c}"),
        17 | 18 => format!("ZADD {a} {n} z{m} {m} z{n}"),
        19 => format!("ZUNIONSTORE {a} 2 {b} {c}"),
        20 | 21 => format!("HSET {a} f{m} {n} g {m}"),
        22 => format!("HINCRBY {a} f{m} {n}"),
        23 => format!("HPEXPIREAT {a} {past} FIELDS 1 f{m}"),
        24 => format!("HPEXPIREAT {a} {later} FIELDS 1 g"),
        25 => format!("PEXPIREAT {a} {past}"),
        26 => format!("PEXPIREAT {a} {later}"),
        27 => format!("PERSIST {a}"),
        28 => format!("XADD {a} {}-{} f v{n}", rng.next_u32(), n + 1),
        29 => format!("SELECT {}", rng.below(3)),
        30 => format!("SWAPDB {} {}", rng.below(3), rng.below(3)),
        31 if n == 0 => "FLUSHDB".into(),
        31 => format!("MOVE {a} {}", rng.below(3)),
        32 => format!("BITOP XOR {a} {b} {c}"),
        33 => format!("PFADD {a} p{n} p{m}"),
        34 => format!("PFMERGE {a} {b} {c}"),
        35 => format!("SETRANGE {a} {m} y{n}"),
        36 => format!("EVAL redis.call('set',KEYS[1],ARGV[1]);redis.call('incr','{b}') 1 {a} w{n}"),
        37 => format!("SORT {a} BY nosort STORE {b}"),
        38 => format!("UNLINK {a} {b}"),
        39 => format!("SET {a} t{n} PXAT {past}"),
        40 => format!("MSETNX {a} {n} {b} {m}"),
        41 => "PING".into(),
        42 => format!("GET {a}"),
        _ => format!("SET {a} only one {n} too many"),
    };
    text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

/// A stream: single commands and transactions.
fn stream(rng: &mut Prng, len: usize) -> Vec<Words> {
    let word = |text: &str| vec![text.as_bytes().to_vec()];
    let mut all = Vec::new();
    while all.len() < len {
        if rng.one_in(5) {
            all.push(word("MULTI"));
            (0..rng.below(6)).for_each(|_| all.push(command(rng)));
            all.push(word(if rng.one_in(12) { "DISCARD" } else { "EXEC" }));
        } else {
            all.push(command(rng));
        }
    }
    all
}

/// The same stream on one store, one command after the other.
fn replay(all: &[Words]) -> String {
    let mut fixture = Fixture::new();
    fixture.session = Session::of_stream();
    fixture.stores[0].ageless = true;
    let mut queue: Option<Vec<&Words>> = None;
    let run = |fixture: &mut Fixture, words: &Words| {
        let argv: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        fixture.run_bytes(&argv);
    };
    for words in all {
        match words[0].as_slice() {
            b"MULTI" => queue = Some(Vec::new()),
            b"DISCARD" => queue = None,
            b"EXEC" => queue.take().unwrap().into_iter().for_each(|words| run(&mut fixture, words)),
            // The applier follows SELECT as it comes; a discarded one was never sent by a master.
            b"SELECT" => run(&mut fixture, words),
            _ => match &mut queue {
                Some(queue) => queue.push(words),
                None => run(&mut fixture, words),
            },
        }
    }
    fixture.now_ms = 0;
    digest_of(&mut fixture)
}

#[test]
fn a_stream_gives_the_data_that_a_plain_replay_gives() {
    let base = os_random_u64();
    for round in 0..60 {
        let seed = base.wrapping_add(round);
        // Within a transaction databases are chosen at its beginning, so that the plain replay is simple.
        let mut rng = Prng::new(seed);
        let all: Vec<Words> = without_select_in_multi(stream(&mut rng, 400));
        let expected = replay(&all);
        for shards in [1, 4] {
            for source in [Source::File, Source::Master] {
                let mut world = World::new(shards, source, seed);
                for words in &all {
                    let argv: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
                    world.push(&argv);
                }
                world.finish();
                assert_eq!(world.digest(), expected, "seed {seed}, {shards} shards, {source:?}");
            }
        }
    }
}

fn without_select_in_multi(all: Vec<Words>) -> Vec<Words> {
    let mut inside = false;
    all.into_iter()
        .filter(|words| {
            match words[0].as_slice() {
                b"MULTI" => inside = true,
                b"EXEC" | b"DISCARD" => inside = false,
                _ => {}
            }
            !(inside && words[0] == b"SELECT")
        })
        .collect()
}

#[test]
fn a_database_selected_within_a_transaction_is_that_of_what_follows() {
    for source in [Source::File, Source::Master] {
        let mut world = World::new(4, source, 3);
        for words in [&["MULTI"][..], &["SET", "a", "0"], &["SELECT", "2"], &["SET", "b", "2"], &["EXEC"]] {
            let argv: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
            world.push(&argv);
        }
        world.push(&[b"SET", b"c", b"2"]);
        world.finish();
        let find = |world: &mut World, db: usize, key: &[u8]| {
            let hashed = HKey::new(key);
            let owner = slots::owner(hashed.slot, 4);
            world.seats[owner].state().unwrap().store.peek(db, &hashed).is_some()
        };
        assert!(find(&mut world, 0, b"a") && find(&mut world, 2, b"b") && find(&mut world, 2, b"c"));
        assert_eq!(world.applier.db(), 2);
    }
}

#[test]
fn what_counts_as_applied_has_been() {
    let base = os_random_u64();
    for round in 0..20 {
        let seed = base.wrapping_add(round);
        let mut world = World::new(3, Source::Master, seed);
        let mut pushed: Vec<(String, u64)> = Vec::new();
        let mut last = 0;
        for i in 0..400 {
            let key = format!("key:{i}");
            if world.rng.one_in(20) {
                let other = format!("other:{i}");
                world.push(&[b"MSET", key.as_bytes(), b"1", other.as_bytes(), b"2"]);
            } else {
                world.push(&[b"SET", key.as_bytes(), b"1"]);
            }
            pushed.push((key, world.end));
            let applied = world.applier.applied();
            assert!(applied >= last && applied <= world.end, "seed {seed}");
            last = applied;
            // Parked shards have lent their state for a moment: look when all are at home.
            if world.seats.iter_mut().all(|seat| seat.state().is_some()) {
                for (key, _) in pushed.iter().filter(|(_, end)| *end <= applied) {
                    assert!(world.has(key.as_bytes()), "seed {seed}: {key} by {applied}");
                }
            }
        }
        world.finish();
    }
}

#[test]
fn an_open_transaction_holds_the_applied_offset_back() {
    let mut world = World::new(2, Source::Master, 1);
    world.push(&[b"SET", b"a", b"1"]);
    world.push(&[b"MULTI"]);
    world.push(&[b"SET", b"b", b"1"]);
    world.applier.flush();
    while !world.applier.is_idle() {
        world.turn();
    }
    assert_eq!(world.applier.applied(), 3);
    assert!(world.applier.is_in_multi() && !world.has(b"b"));
    world.applier.abandon_multi();
    assert_eq!(world.applier.applied(), world.end);
}

#[test]
fn bytes_on_the_way_are_bounded() {
    let mut world = World::new(2, Source::File, 1);
    let value = vec![b'x'; 1000];
    let mut taken = 0;
    while world.applier.has_room() {
        world.applier.push(&[b"SET", b"a", &value], taken + 1).unwrap();
        taken += 1;
        assert!(taken < 1000, "there is always room");
    }
    while !world.applier.has_room() {
        world.turn();
    }
}

#[test]
fn an_unknown_command_is_refused_and_an_error_is_counted() {
    let mut world = World::new(2, Source::Master, 1);
    assert_eq!(world.applier.push(&[b"NONSENSE", b"a"], 2), Err(Refusal::Unknown));
    for words in [&["SET", "a", "x"][..], &["INCR", "a"], &["GET"], &["EXEC"], &["SELECT", "99"]] {
        let argv: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        world.push(&argv);
    }
    world.end = world.applier.taken;
    world.finish();
    assert_eq!(world.server.unexpected_errors.load(std::sync::atomic::Ordering::Relaxed), 4);
}

#[test]
fn functions_and_messages_come_in_their_place() {
    let mut world = World::new(4, Source::Master, 9);
    let code = b"#!lua name=lib\nredis.register_function('f', function(keys) return redis.call('incr', keys[1]) end)";
    world.push(&[b"FUNCTION", b"LOAD", code]);
    world.push(&[b"FCALL", b"f", b"1", b"n"]);
    world.push(&[b"PUBLISH", b"channel", b"message"]);
    world.push(&[b"FUNCTION", b"DELETE", b"lib"]);
    world.push(&[b"FCALL", b"f", b"1", b"n"]);
    world.finish();
    assert!(world.has(b"n"));
    assert_eq!(world.server.unexpected_errors.load(std::sync::atomic::Ordering::Relaxed), 1);
}
