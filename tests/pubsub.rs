//! Pub/sub against the real binary, with one shard and with four: counts, the order of each publisher's messages while
//! subscriptions churn and connections end, slow subscribers, events in order, and invalidations behind the values that
//! they make stale.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod support;

use std::collections::HashMap;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::{Conn, Rng, Server, Value, encode, seed};

const SHARDS: [u32; 2] = [1, 4];

fn text(value: &Value) -> String {
    match value {
        Value::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => format!("{other:?}"),
    }
}

/// The words of a message, a push or an array.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) | Value::Push(items) => items.iter().map(text).collect(),
        other => panic!("no message: {other:?}"),
    }
}

fn int(value: &Value) -> i64 {
    match value {
        Value::Int(n) => *n,
        other => panic!("no integer: {other:?}"),
    }
}

fn subscribe(server: &Server, verb: &str, names: &[&str]) -> Conn {
    let mut conn = server.connect();
    let argv: Vec<&str> = std::iter::once(verb).chain(names.iter().copied()).collect();
    conn.send_command(&argv).unwrap();
    names.iter().for_each(|_| drop(conn.read().unwrap()));
    conn
}

/// Several connections per shard, so that every shard has subscribers and publishers.
#[test]
fn a_publish_reaches_all_subscribers_and_counts_them() {
    for shards in SHARDS {
        let server = Server::tested(shards, &[]);
        let mut by_channel: Vec<Conn> = (0..9).map(|_| subscribe(&server, "SUBSCRIBE", &["news"])).collect();
        let mut by_pattern: Vec<Conn> = (0..5).map(|_| subscribe(&server, "PSUBSCRIBE", &["n?ws"])).collect();
        let mut by_shard: Vec<Conn> = (0..6).map(|_| subscribe(&server, "SSUBSCRIBE", &["news"])).collect();
        let mut publishers: Vec<Conn> = (0..6).map(|_| server.connect()).collect();
        for (i, publisher) in publishers.iter_mut().enumerate() {
            let payload = format!("m{i}");
            assert_eq!(int(&publisher.cmd(&["PUBLISH", "news", &payload])), 14);
            assert_eq!(int(&publisher.cmd(&["SPUBLISH", "news", &payload])), 6);
            assert_eq!(int(&publisher.cmd(&["PUBLISH", "olds", &payload])), 0);
            for conn in &mut by_channel {
                assert_eq!(words(&conn.read().unwrap().value), ["message", "news", &payload]);
            }
            for conn in &mut by_pattern {
                assert_eq!(words(&conn.read().unwrap().value), ["pmessage", "n?ws", "news", &payload]);
            }
            for conn in &mut by_shard {
                assert_eq!(words(&conn.read().unwrap().value), ["smessage", "news", &payload]);
            }
        }
        let publisher = &mut publishers[0];
        assert_eq!(words(&publisher.cmd(&["PUBSUB", "CHANNELS"])), ["news"]);
        assert_eq!(int(&publisher.cmd(&["PUBSUB", "NUMPAT"])), 1);
        drop(by_channel);
        // Ends of connections arrive by themselves.
        let start = Instant::now();
        while int(&publisher.cmd(&["PUBLISH", "news", "x"])) != 5 {
            assert!(start.elapsed() < Duration::from_secs(5), "subscribers that left still count");
        }
    }
}

/// Publishers number their messages and send them in every way there is: alone, in pipelines, in transactions over several
/// shards with keys. Each subscriber must see each publisher's numbers ascending without a gap. Meanwhile other connections
/// subscribe, unsubscribe and end.
#[test]
fn messages_of_a_publisher_arrive_in_order_while_subscriptions_churn() {
    const PUBLISHERS: usize = 4;
    const MESSAGES: usize = 1_500;
    let seed = seed();
    println!("SEED={seed}");
    for shards in SHARDS {
        let server = Server::tested(shards, &[]);
        let (server, done) = (&server, &AtomicBool::new(false));
        let mut readers: Vec<Conn> = (0..4).map(|_| subscribe(server, "SUBSCRIBE", &["c0", "c1"])).collect();
        readers.extend((0..3).map(|_| subscribe(server, "PSUBSCRIBE", &["c*"])));
        std::thread::scope(|scope| {
            for churner in 0..2u64 {
                scope.spawn(move || churn(server, Rng::new(seed ^ (churner << 32)), done));
            }
            let publishers: Vec<_> = (0..PUBLISHERS)
                .map(|id| {
                    scope.spawn(move || publish_numbers(server, Rng::new(seed ^ id as u64), id, MESSAGES))
                })
                .collect();
            let readers: Vec<_> = readers
                .into_iter()
                .map(|reader| scope.spawn(move || expect_numbers(reader, PUBLISHERS, MESSAGES)))
                .collect();
            publishers.into_iter().for_each(|thread| thread.join().unwrap());
            readers.into_iter().for_each(|thread| thread.join().unwrap());
            done.store(true, Ordering::Relaxed);
        });
    }
}

fn churn(server: &Server, mut rng: Rng, done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        let mut conn = server.connect();
        for _ in 0..rng.below(6) {
            let verb = ["SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE"][rng.below(4) as usize];
            conn.send_command(&[verb, ["c0", "c1", "c*", "x"][rng.below(4) as usize]]).unwrap();
        }
        if rng.below(2) == 0 {
            conn.send_command(&["QUIT"]).unwrap();
        }
        std::thread::sleep(Duration::from_millis(rng.below(3)));
    }
}

fn publish_numbers(server: &Server, mut rng: Rng, id: usize, messages: usize) {
    let mut conn = server.connect();
    let mut next = 0;
    while next < messages {
        let (mut bytes, mut replies) = (Vec::new(), 0);
        let publish = |next: usize| encode(&["PUBLISH", ["c0", "c1"][next % 2], &format!("{id}:{next}")]);
        let keys = |rng: &mut Rng| [format!("k{}", rng.below(50)), format!("l{}", rng.below(50))];
        if rng.below(3) == 0 {
            bytes.extend(encode(&["MULTI"]));
            for _ in 0..2 {
                let [from, to] = keys(&mut rng);
                bytes.extend(encode(&["SET", &from, "v"]));
                bytes.extend(encode(&["RENAME", &from, &to]));
                bytes.extend(publish(next));
                next += 1;
            }
            bytes.extend(encode(&["EXEC"]));
            replies += 8;
        } else {
            for _ in 0..=rng.below(4) {
                bytes.extend(encode(&["SET", &keys(&mut rng)[0], "v"]));
                bytes.extend(publish(next));
                next += 1;
                replies += 2;
            }
        }
        conn.send(&bytes).unwrap();
        (0..replies).for_each(|_| drop(conn.read().unwrap()));
    }
    conn.cmd(&["PUBLISH", "c0", &format!("{id}:end")]);
}

fn expect_numbers(mut reader: Conn, publishers: usize, messages: usize) {
    let mut next: HashMap<String, usize> = HashMap::new();
    let mut ended = 0;
    while ended < publishers {
        let message = words(&reader.read().unwrap().value);
        let (id, number) = message.last().unwrap().split_once(':').unwrap();
        let expected = next.entry(id.to_owned()).or_default();
        if number == "end" {
            assert!(*expected >= messages, "publisher {id} ended after {expected}");
            ended += 1;
        } else {
            assert_eq!(number.parse::<usize>().unwrap(), *expected, "publisher {id}");
            *expected += 1;
        }
    }
}

#[test]
fn a_slow_subscriber_is_cut_off_and_slows_nobody_down() {
    for shards in SHARDS {
        let server = Server::tested(shards, &["--client-output-buffer-limit", "pubsub 4mb 0 0"]);
        let mut slow: Vec<TcpStream> =
            (0..4).map(|_| TcpStream::connect(("127.0.0.1", server.port())).unwrap()).collect();
        slow.iter_mut().for_each(|s| s.write_all(&encode(&["SUBSCRIBE", "flood"])).unwrap());
        let mut quick = subscribe(&server, "SUBSCRIBE", &["flood"]);
        let mut publisher = server.connect();
        let start = Instant::now();
        while publisher.cmd(&["PUBSUB", "NUMSUB", "flood"])
            != Value::Array(vec![Value::Bulk(b"flood".to_vec()), Value::Int(5)])
        {
            assert!(start.elapsed() < Duration::from_secs(5), "subscribers did not come");
        }
        let (payload, mut worst) = ("x".repeat(64 * 1024), Duration::ZERO);
        let mut sent = 0;
        loop {
            let start = Instant::now();
            let receivers = int(&publisher.cmd(&["PUBLISH", "flood", &payload]));
            worst = worst.max(start.elapsed());
            sent += 1;
            drop(quick.read().unwrap());
            if receivers == 1 {
                break;
            }
            assert!(sent < 2_000, "slow subscribers are still there");
        }
        println!("{}: {sent} messages, worst {worst:?}", server.name());
        assert!(worst < Duration::from_millis(500), "{}: a publish took {worst:?}", server.name());
        assert_eq!(int(&publisher.cmd(&["PUBLISH", "flood", "end"])), 1);
        assert_eq!(words(&quick.read().unwrap().value)[2], "end");
    }
}

/// With more published than can be delivered at once publishers wait; nothing is lost and nothing is out of order.
#[test]
fn a_flood_of_publishes_waits_for_its_delivery() {
    const MESSAGES: usize = 30_000;
    for shards in SHARDS {
        let server = Server::tested(shards, &["--client-output-buffer-limit", "pubsub 0 0 0"]);
        let mut readers: Vec<Conn> = (0..4).map(|_| subscribe(&server, "SUBSCRIBE", &["flood"])).collect();
        let mut publisher = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        let payload = "y".repeat(700);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Replies are few bytes: they fit into the sockets' buffers.
                for first in (0..MESSAGES).step_by(100) {
                    let batch: Vec<u8> = (first..first + 100)
                        .flat_map(|n| encode(&["PUBLISH", "flood", &format!("{n}:{payload}")]))
                        .collect();
                    publisher.write_all(&batch).unwrap();
                }
            });
            for reader in &mut readers {
                scope.spawn(|| {
                    for n in 0..MESSAGES {
                        let message = words(&reader.read().unwrap().value);
                        assert_eq!(message[2].split(':').next().unwrap(), n.to_string());
                    }
                });
            }
        });
    }
}

#[test]
fn events_of_commands_over_several_shards_come_in_the_order_of_their_keys() {
    for shards in SHARDS {
        let server = Server::tested(shards, &["--notify-keyspace-events", "EA"]);
        let mut listener = subscribe(&server, "PSUBSCRIBE", &["__key*"]);
        let mut conn = server.connect();
        for round in 0..30 {
            let key = |n: usize| format!("{round}:{n}");
            conn.cmd(&["MSET", &key(0), "v", &key(1), "v", &key(2), "v"]);
            conn.cmd(&["RENAME", &key(0), &key(3)]);
            conn.cmd(&["MULTI"]);
            conn.cmd(&["INCR", &key(4)]);
            conn.cmd(&["DEL", &key(1), &key(2), &key(3)]);
            conn.cmd(&["APPEND", &key(5), "x"]);
            conn.cmd(&["EXEC"]);
            let expected = [
                ("set", 0),
                ("set", 1),
                ("set", 2),
                ("rename_from", 0),
                ("rename_to", 3),
                ("incrby", 4),
                ("del", 1),
                ("del", 2),
                ("del", 3),
                ("append", 5),
            ];
            for (event, n) in expected {
                let message = words(&listener.read().unwrap().value);
                assert_eq!(message[2..], [format!("__keyevent@0__:{event}"), key(n)], "{}", server.name());
            }
        }
    }
}

/// A client holds what it has read until it is told that it is stale. Were it told before it got the value, it would hold
/// that for ever: so whenever the key has changed since, a push must still be to come.
#[test]
fn an_invalidation_never_overtakes_the_value_that_it_makes_stale() {
    for shards in SHARDS {
        let server = Server::tested(shards, &[]);
        let (server, done) = (&server, &AtomicBool::new(false));
        std::thread::scope(|scope| {
            for reader in 0..3 {
                scope.spawn(move || hold_until_told(server, &format!("k{reader}"), done));
            }
            let mut writer = server.connect();
            for n in 0..4_000 {
                writer.cmd(&["SET", &format!("k{}", n % 3), &n.to_string()]);
            }
            done.store(true, Ordering::Relaxed);
        });
    }
}

fn hold_until_told(server: &Server, key: &str, done: &AtomicBool) {
    let (mut conn, mut plain) = (server.connect(), server.connect());
    conn.hello3();
    conn.cmd(&["CLIENT", "TRACKING", "ON"]);
    let mut changed = 0;
    while !done.load(Ordering::Relaxed) {
        conn.send_command(&["GET", key]).unwrap();
        let held = loop {
            match conn.read().unwrap().value {
                Value::Push(_) => {}
                value => break value,
            }
        };
        if plain.cmd(&["GET", key]) != held {
            changed += 1;
            assert!(matches!(conn.read().expect("told that it is stale").value, Value::Push(_)));
        }
    }
    println!("{}: {key} changed {changed} times while it was held", server.name());
}

#[test]
fn a_flush_is_told_once_to_each_client_that_tracks() {
    for shards in SHARDS {
        let server = Server::tested(shards, &[]);
        let mut clients: Vec<Conn> = (0..6).map(|_| server.connect()).collect();
        for conn in &mut clients {
            conn.hello3();
            conn.cmd(&["CLIENT", "TRACKING", "ON"]);
        }
        let mut other = server.connect();
        for _ in 0..20 {
            other.cmd(&["FLUSHALL"]);
            for conn in &mut clients {
                let Value::Push(items) = conn.read().unwrap().value else { panic!("no push") };
                assert!(matches!(items.as_slice(), [_, Value::Null | Value::NullBulk]), "{items:?}");
                // And no second one.
                conn.send_command(&["ECHO", "x"]).unwrap();
                assert_eq!(text(&conn.read().unwrap().value), "x");
            }
        }
    }
}
