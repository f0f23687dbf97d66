//! Blocked clients on the real binary, on one shard and on four: who is served and in which order, every end that a wait
//! can have, and that no element is lost or delivered twice while clients come and go.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::{Conn, Rng, Server, Value, seed};

const SHARDS: [u32; 2] = [1, 4];

/// Runs a check on fresh servers.
fn on_servers(check: impl Fn(&Server)) {
    for shards in SHARDS {
        check(&Server::tested(shards, &[]));
    }
}

fn number(conn: &mut Conn, field: &str) -> usize {
    let text = conn.cmd(&["INFO", "clients"]);
    let text = String::from_utf8_lossy(text.bytes().unwrap()).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{field}:"))).unwrap();
    line.trim().parse().unwrap()
}

/// Waits until that many clients are blocked.
fn until_blocked(conn: &mut Conn, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while number(conn, "blocked_clients") != count {
        assert!(Instant::now() < deadline, "{} blocked, not {count}", number(conn, "blocked_clients"));
        thread::sleep(Duration::from_millis(1));
    }
}

/// A connection that has sent a command which blocks.
fn blocked(server: &Server, words: &[&str], count: usize) -> Conn {
    let mut conn = server.connect();
    conn.send_command(words).unwrap();
    until_blocked(&mut server.connect(), count);
    conn
}

fn id(conn: &mut Conn) -> String {
    conn.cmd(&["CLIENT", "ID"]).int().to_string()
}

fn bulks(words: &[&str]) -> Value {
    Value::Array(words.iter().map(|w| Value::Bulk(w.as_bytes().to_vec())).collect())
}

fn nobody_waits(server: &Server) {
    let mut conn = server.connect();
    until_blocked(&mut conn, 0);
    let deadline = Instant::now() + Duration::from_secs(10);
    while number(&mut conn, "total_blocking_keys") != 0 {
        assert!(Instant::now() < deadline, "registrations are left");
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(number(&mut conn, "clients_in_timeout_table"), 0);
}

#[test]
fn clients_are_served_in_the_order_in_which_they_blocked() {
    on_servers(|server| {
        let mut conn = server.connect();
        for key in ["a", "b", "c", "d", "e"] {
            let mut clients: Vec<Conn> = (1..=4).map(|i| blocked(server, &["BLPOP", key, "0"], i)).collect();
            assert_eq!(conn.cmd(&["RPUSH", key, "1", "2", "3"]).int(), 3);
            for (client, element) in clients.iter_mut().zip(["1", "2", "3"]) {
                assert_eq!(client.read().unwrap().value, bulks(&[key, element]));
            }
            assert_eq!(conn.cmd(&["LPUSH", key, "4"]).int(), 1);
            assert_eq!(clients[3].read().unwrap().value, bulks(&[key, "4"]));
            assert_eq!(conn.cmd(&["LLEN", key]).int(), 0);
        }
        nobody_waits(server);
    });
}

#[test]
fn a_client_of_several_keys_is_served_by_the_first_that_gets_something() {
    on_servers(|server| {
        let mut conn = server.connect();
        let keys = ["k1", "k2", "k3", "k4", "k5", "k6"];
        for key in keys {
            let words: Vec<&str> = [&["BRPOP"], &keys[..], &["0"]].concat();
            let mut first = blocked(server, &words, 1);
            let mut second = blocked(server, &words, 2);
            conn.cmd(&["RPUSH", key, "x", "y"]);
            assert_eq!(first.read().unwrap().value, bulks(&[key, "y"]));
            assert_eq!(second.read().unwrap().value, bulks(&[key, "x"]));
            nobody_waits(server);
        }
    });
}

#[test]
fn a_wait_ends_when_its_time_is_up_and_not_later() {
    on_servers(|server| {
        for (words, null) in [
            (&["BLPOP", "a", "b", "c", "d", "0.05"][..], Value::NullArray),
            (&["BLPOP", "c", "0.013"], Value::NullArray),
            (&["BLMOVE", "a", "b", "LEFT", "LEFT", "0.031"], Value::NullArray),
            (&["BLMOVE", "a", "d", "LEFT", "LEFT", "0.031"], Value::NullArray),
        ] {
            let limit = Duration::from_secs_f64(words.last().unwrap().parse().unwrap());
            let mut conn = server.connect();
            conn.cmd(&["PING"]);
            let late = (0..5)
                .map(|_| {
                    let start = Instant::now();
                    assert_eq!(conn.cmd(words), null);
                    assert!(start.elapsed() >= limit, "{words:?} after {:?}", start.elapsed());
                    start.elapsed() - limit
                })
                .min();
            assert!(late.unwrap() < Duration::from_millis(15), "{words:?} late by {late:?}");
        }
        nobody_waits(server);
    });
}

#[test]
fn what_was_sent_behind_a_blocking_command_waits_for_it() {
    on_servers(|server| {
        let mut conn = server.connect();
        for key in ["a", "b", "c", "d"] {
            let mut client = server.connect();
            for words in
                [&["SET", "s", "1"][..], &["INCR", "s"], &["BLPOP", key, "0"], &["INCR", "s"], &["GET", "s"]]
            {
                client.send_command(words).unwrap();
            }
            until_blocked(&mut conn, 1);
            assert_eq!(conn.cmd(&["GET", "s"]), Value::Bulk(b"2".to_vec()));
            conn.cmd(&["RPUSH", key, "v"]);
            let replies: Vec<Value> = (0..5).map(|_| client.read().unwrap().value).collect();
            assert_eq!(replies[2], bulks(&[key, "v"]));
            assert_eq!((&replies[3], &replies[4]), (&Value::Int(3), &Value::Bulk(b"3".to_vec())));
        }
        nobody_waits(server);
    });
}

#[test]
fn nothing_is_served_in_the_middle_of_a_transaction() {
    on_servers(|server| {
        let mut conn = server.connect();
        let mut client = blocked(server, &["BLPOP", "a", "0"], 1);
        let mut across = blocked(server, &["BLPOP", "c", "b", "0"], 2);
        for words in [
            &["MULTI"][..],
            &["RPUSH", "a", "1"],
            &["DEL", "a"],
            &["RPUSH", "b", "2"],
            &["LLEN", "b"],
            &["RPUSH", "a", "3"],
            &["BLPOP", "nothing", "0"],
        ] {
            conn.cmd(words);
        }
        let replies = conn.cmd(&["EXEC"]);
        assert_eq!(replies.items()[3], Value::Int(1));
        assert_eq!(*replies.items().last().unwrap(), Value::NullArray, "in MULTI nothing blocks");
        assert_eq!(client.read().unwrap().value, bulks(&["a", "3"]));
        assert_eq!(across.read().unwrap().value, bulks(&["b", "2"]));
        nobody_waits(server);
    });
}

#[test]
fn a_key_that_comes_by_another_way_serves_too() {
    on_servers(|server| {
        let mut conn = server.connect();
        for (setup, key) in [
            (&["RENAME", "from", "to"][..], "to"),
            (&["COPY", "from", "copy"], "copy"),
            (&["SWAPDB", "0", "9"], "from"),
        ] {
            conn.cmd(&["FLUSHALL"]);
            let mut client = blocked(server, &["BLPOP", key, "nix", "0"], 1);
            if setup[0] == "SWAPDB" {
                conn.cmd(&["SELECT", "9"]);
            }
            conn.cmd(&["RPUSH", "from", "v"]);
            conn.cmd(setup);
            assert_eq!(client.read().unwrap().value, bulks(&[key, "v"]), "{setup:?}");
            conn.cmd(&["SELECT", "0"]);
        }
        let mut client = blocked(server, &["BLPOP", "x", "0"], 1);
        conn.cmd(&["SET", "x", "no list"]);
        conn.cmd(&["DEL", "x"]);
        until_blocked(&mut conn, 1);
        conn.cmd(&["RPUSH", "x", "v"]);
        assert_eq!(client.read().unwrap().value, bulks(&["x", "v"]));
        nobody_waits(server);
    });
}

#[test]
fn moves_that_wait_for_each_other_form_a_chain() {
    on_servers(|server| {
        let mut conn = server.connect();
        let keys = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"];
        let mut movers: Vec<Conn> = keys
            .windows(2)
            .enumerate()
            .map(|(i, pair)| blocked(server, &["BLMOVE", pair[0], pair[1], "LEFT", "RIGHT", "0"], i + 1))
            .collect();
        let mut last = blocked(server, &["BLPOP", "c7", "0"], 8);
        conn.cmd(&["RPUSH", "c0", "e"]);
        for mover in &mut movers {
            assert_eq!(mover.read().unwrap().value, Value::Bulk(b"e".to_vec()));
        }
        assert_eq!(last.read().unwrap().value, bulks(&["c7", "e"]));
        // In a circle everyone moves once.
        let mut one = blocked(server, &["BLMOVE", "c0", "c1", "LEFT", "RIGHT", "0"], 1);
        let mut other = blocked(server, &["BLMOVE", "c1", "c0", "LEFT", "RIGHT", "0"], 2);
        conn.cmd(&["RPUSH", "c0", "e"]);
        assert_eq!(one.read().unwrap().value, Value::Bulk(b"e".to_vec()));
        assert_eq!(other.read().unwrap().value, Value::Bulk(b"e".to_vec()));
        assert_eq!(conn.cmd(&["LLEN", "c0"]).int(), 1);
        nobody_waits(server);
    });
}

#[test]
fn moves_over_shards_keep_their_place_and_their_errors() {
    on_servers(|server| {
        let mut conn = server.connect();
        for to in ["t1", "t2", "t3", "t4"] {
            let mut first = blocked(server, &["BLMOVE", "s", to, "LEFT", "RIGHT", "0"], 1);
            let mut second = blocked(server, &["BLPOP", "s", "0"], 2);
            let mut third = blocked(server, &["BLMOVE", "s", to, "LEFT", "RIGHT", "0"], 3);
            conn.cmd(&["RPUSH", "s", "1", "2", "3"]);
            assert_eq!(first.read().unwrap().value, Value::Bulk(b"1".to_vec()));
            assert_eq!(second.read().unwrap().value, bulks(&["s", "2"]));
            assert_eq!(third.read().unwrap().value, Value::Bulk(b"3".to_vec()));
            assert_eq!(conn.cmd(&["LRANGE", to, "0", "-1"]), bulks(&["1", "3"]));
            // A destination of another type fails the move; the element stays.
            let mut wrong = blocked(server, &["BLMOVE", "s", to, "LEFT", "RIGHT", "0"], 1);
            conn.cmd(&["SET", to, "text"]);
            conn.cmd(&["RPUSH", "s", "4"]);
            assert!(
                matches!(wrong.read().unwrap().value, Value::Error(text) if text.starts_with(b"WRONGTYPE"))
            );
            assert_eq!(conn.cmd(&["LPOP", "s"]), Value::Bulk(b"4".to_vec()));
        }
        nobody_waits(server);
    });
}

#[test]
fn client_unblock_answers_as_it_is_told() {
    on_servers(|server| {
        let mut conn = server.connect();
        for words in [&["BLPOP", "a", "0"][..], &["BLPOP", "a", "b", "c", "d", "0"]] {
            for (how, reply) in [
                (None, Value::NullArray),
                (Some("TIMEOUT"), Value::NullArray),
                (Some("ERROR"), Value::Error(b"UNBLOCKED client unblocked via CLIENT UNBLOCK".to_vec())),
            ] {
                let mut client = server.connect();
                let id = id(&mut client);
                assert_eq!(conn.cmd(&["CLIENT", "UNBLOCK", &id]).int(), 0);
                client.send_command(words).unwrap();
                until_blocked(&mut conn, 1);
                let list = conn.cmd(&["CLIENT", "LIST", "ID", &id]);
                assert!(String::from_utf8_lossy(list.bytes().unwrap()).contains(" flags=b "));
                let unblock: Vec<&str> = ["CLIENT", "UNBLOCK", &id].into_iter().chain(how).collect();
                assert_eq!(conn.cmd(&unblock).int(), 1);
                assert_eq!(client.read().unwrap().value, reply);
                assert_eq!(client.cmd(&["PING"]), Value::Simple(b"PONG".to_vec()));
                assert_eq!(conn.cmd(&["CLIENT", "UNBLOCK", &id]).int(), 0);
            }
        }
        nobody_waits(server);
    });
}

#[test]
fn a_client_that_is_gone_gets_nothing() {
    on_servers(|server| {
        let mut conn = server.connect();
        for words in [
            &["BLPOP", "a", "0"][..],
            &["BLPOP", "a", "b", "c", "d", "0"],
            &["BLMOVE", "a", "d", "LEFT", "LEFT", "0"],
        ] {
            let mut killed = server.connect();
            let id = id(&mut killed);
            killed.send_command(words).unwrap();
            until_blocked(&mut conn, 1);
            assert_eq!(conn.cmd(&["CLIENT", "KILL", "ID", &id]).int(), 1);
            assert!(killed.read().is_err());
            drop(blocked(server, words, 1));
            until_blocked(&mut conn, 0);
            conn.cmd(&["RPUSH", "a", "v"]);
            assert_eq!(conn.cmd(&["LPOP", "a"]), Value::Bulk(b"v".to_vec()));
        }
        nobody_waits(server);
    });
}

#[test]
fn nobody_is_served_during_a_pause() {
    on_servers(|server| {
        let mut conn = server.connect();
        let mut client = blocked(server, &["BLPOP", "a", "0"], 1);
        conn.cmd(&["CLIENT", "PAUSE", "100000", "WRITE"]);
        let mut pusher = server.connect();
        pusher.send_command(&["RPUSH", "a", "v"]).unwrap();
        until_blocked(&mut conn, 2);
        conn.cmd(&["CLIENT", "UNPAUSE"]);
        assert_eq!(client.read().unwrap().value, bulks(&["a", "v"]));
        assert_eq!(pusher.read().unwrap().value, Value::Int(1));
        nobody_waits(server);
    });
}

#[test]
fn a_call_counts_once() {
    on_servers(|server| {
        let mut conn = server.connect();
        let mut client = blocked(server, &["BLPOP", "a", "0"], 1);
        conn.cmd(&["RPUSH", "a", "v"]);
        client.read().unwrap();
        client.cmd(&["BLPOP", "a", "0.01"]);
        let text = conn.cmd(&["INFO", "commandstats"]);
        let text = String::from_utf8_lossy(text.bytes().unwrap()).into_owned();
        assert!(text.contains("cmdstat_blpop:calls=2,"), "{text}");
    });
}

/// What the crowd shares.
struct Crowd {
    port: u16,
    done: AtomicBool,
    pushed: AtomicUsize,
}

const CROWD_KEYS: usize = 5;

/// Elements that this consumer got; it leaves now and then, half-closed, so that it still reads what was sent before the
/// server knew.
fn consume(crowd: &Crowd, mut rng: Rng) -> Vec<String> {
    let mut got = Vec::new();
    let mut take = |value: &Value| match value {
        Value::Array(items) => got.push(String::from_utf8(items[1].bytes().unwrap().to_vec()).unwrap()),
        Value::NullArray | Value::NullBulk | Value::Bulk(_) => {}
        other => panic!("unexpected reply {other:?}"),
    };
    while !crowd.done.load(Ordering::Relaxed) {
        let mut conn = Conn::open(crowd.port).unwrap();
        for _ in 0..rng.range(1, 30) {
            let start = rng.index(CROWD_KEYS);
            let keys: Vec<String> = (0..usize::try_from(rng.range(1, 4)).unwrap())
                .map(|i| format!("q{}", (start + i) % CROWD_KEYS))
                .collect();
            let mut words: Vec<&str> = vec!["BLPOP"];
            words.extend(keys.iter().map(String::as_str));
            let (from, to) = (format!("q{start}"), format!("q{}", (start + 1) % CROWD_KEYS));
            words.push("0.02");
            if rng.percent(15) {
                words = vec!["BLMOVE", &from, &to, "LEFT", "RIGHT", "0.01"];
            }
            conn.send_command(&words).unwrap();
            if rng.percent(10) {
                thread::sleep(Duration::from_micros(rng.below(2_000)));
                conn.finish();
                while let Ok(reply) = conn.read() {
                    take(&reply.value);
                }
                break;
            }
            take(&conn.read().unwrap().value);
        }
    }
    got
}

fn produce(crowd: &Crowd, producer: usize, mut rng: Rng) {
    let mut conn = Conn::open(crowd.port).unwrap();
    for i in 0..400 {
        let key = format!("q{}", rng.index(CROWD_KEYS));
        let elements: Vec<String> = (0..rng.range(1, 3)).map(|j| format!("{producer}-{i}-{j}")).collect();
        let mut words = vec![if rng.percent(50) { "RPUSH" } else { "LPUSH" }, &key];
        words.extend(elements.iter().map(String::as_str));
        if rng.percent(20) {
            let other = format!("q{}", rng.index(CROWD_KEYS));
            let more = format!("{producer}-{i}-more");
            conn.cmd(&["MULTI"]);
            conn.cmd(&words);
            conn.cmd(&["RPUSH", &other, &more]);
            conn.cmd(&["EXEC"]);
            crowd.pushed.fetch_add(1, Ordering::Relaxed);
        } else {
            conn.cmd(&words);
        }
        crowd.pushed.fetch_add(elements.len(), Ordering::Relaxed);
        if rng.percent(30) {
            thread::sleep(Duration::from_micros(rng.below(1_000)));
        }
    }
}

#[test]
fn every_element_is_delivered_once_or_stays() {
    let seed = seed();
    println!("SEED={seed}");
    on_servers(|server| {
        let mut rng = Rng::new(seed);
        let crowd = Arc::new(Crowd {
            port: server.port(),
            done: AtomicBool::new(false),
            pushed: AtomicUsize::new(0),
        });
        let consumers: Vec<_> = (0..8)
            .map(|i| {
                let (crowd, rng) = (crowd.clone(), rng.fork(i));
                thread::spawn(move || consume(&crowd, rng))
            })
            .collect();
        let producers: Vec<_> = (0..4)
            .map(|i| {
                let (crowd, rng) = (crowd.clone(), rng.fork(100 + i as u64));
                thread::spawn(move || produce(&crowd, i, rng))
            })
            .collect();
        producers.into_iter().for_each(|p| p.join().unwrap());
        crowd.done.store(true, Ordering::Relaxed);
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for element in consumers.into_iter().flat_map(|c| c.join().unwrap()) {
            *seen.entry(element).or_default() += 1;
        }
        let delivered = seen.len();
        let mut conn = server.connect();
        for key in 0..CROWD_KEYS {
            for element in conn.cmd(&["LRANGE", &format!("q{key}"), "0", "-1"]).items() {
                *seen.entry(String::from_utf8(element.bytes().unwrap().to_vec()).unwrap()).or_default() += 1;
            }
        }
        let twice: BTreeSet<&String> = seen.iter().filter(|(_, n)| **n > 1).map(|(e, _)| e).collect();
        assert!(twice.is_empty(), "more than once: {twice:?}");
        assert_eq!(seen.len(), crowd.pushed.load(Ordering::Relaxed), "elements were lost");
        assert!(delivered > seen.len() / 2, "{delivered} of {} were waited for", seen.len());
        nobody_waits(server);
    });
}
