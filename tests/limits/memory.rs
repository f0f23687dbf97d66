//! Full memory and mass expiry.

use super::{info, resident, tested_servers, wait_until};
use crate::support::{Conn, Server, Value, encode};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const LIMIT: u64 = 48 << 20;
const VALUE: usize = 1_000;

/// Writes `count` values of 1,000 bytes under names that `key` makes; returns the error replies.
fn fill(conn: &mut Conn, count: usize, ttl: bool, key: impl Fn(usize) -> String) -> usize {
    let value = "v".repeat(VALUE);
    let mut errors = 0;
    for chunk in (0..count).collect::<Vec<_>>().chunks(500) {
        let expiry = ["EX", "10000"];
        let bytes: Vec<u8> = chunk
            .iter()
            .flat_map(|&n| {
                let (name, tail) = (key(n), if ttl { &expiry[..] } else { &[] });
                encode(&[&["SET", &name, &value], tail].concat())
            })
            .collect();
        conn.send(&bytes).unwrap();
        errors += chunk.iter().filter(|_| matches!(conn.read().unwrap().value, Value::Error(_))).count();
    }
    errors
}

fn limited(policy: &str) -> [Server; 2] {
    tested_servers(&["--maxmemory", &LIMIT.to_string(), "--maxmemory-policy", policy])
}

#[test]
fn without_eviction_writes_are_refused_and_reads_go_on() {
    for server in limited("noeviction") {
        let mut conn = server.connect();
        let errors = fill(&mut conn, 80_000, false, |n| format!("key:{n}"));
        assert!(errors > 0, "{}", server.name());
        assert!(info(&mut conn, "used_memory") < LIMIT + (4 << 20));
        // Far above the limit, so that buffers that come and go make no difference.
        conn.cmd(&["CONFIG", "SET", "maxmemory", &(LIMIT / 2).to_string()]);
        for write in [&["SET", "x", "y"][..], &["APPEND", "key:1", "x"], &["MSET", "a", "1", "b", "2"]] {
            let refused = "-OOM command not allowed when used memory > 'maxmemory'.";
            assert_eq!(conn.cmd(write).to_string(), refused, "{}: {write:?}", server.name());
        }
        assert_eq!(conn.cmd(&["GET", "key:1"]), Value::Bulk(vec![b'v'; VALUE]));
        assert_eq!(conn.cmd(&["DEL", "key:1", "key:2", "key:3"]), Value::Int(3));
        conn.cmd(&["FLUSHALL"]);
        wait_until("room again", Duration::from_secs(5), || {
            conn.cmd(&["SET", "x", "y"]).to_string() == "+OK"
        });
    }
}

#[test]
fn every_policy_keeps_memory_at_the_limit() {
    for policy in
        ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-ttl", "volatile-random"]
    {
        for server in limited(policy) {
            let mut conn = server.connect();
            let errors = fill(&mut conn, 60_000, true, |n| format!("key:{n}"));
            assert_eq!(errors, 0, "{policy}, {}", server.name());
            let used = info(&mut conn, "used_memory");
            assert!(used < LIMIT + LIMIT / 50, "{policy}, {}: {} MiB", server.name(), used >> 20);
            assert!(info(&mut conn, "evicted_keys") > 5_000, "{policy}, {}", server.name());
        }
    }
}

/// All keys on one shard: the others have nothing to evict, and it must do all of it.
#[test]
fn one_hot_shard_stays_below_the_limit() {
    let before = resident(&limited("allkeys-lru")[1]);
    let [_, server] = limited("allkeys-lru");
    // Connections of all shards write.
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let mut conn = server.connect();
            scope.spawn(move || {
                let errors = fill(&mut conn, 30_000, false, |n| format!("{{tag}}:{writer}:{n}"));
                assert_eq!(errors, 0);
            });
        }
    });
    let mut conn = server.connect();
    let (used, resident) = (info(&mut conn, "used_memory"), resident(&server));
    println!(
        "hot shard: used {} MiB, resident {} MiB, base {} MiB",
        used >> 20,
        resident >> 20,
        before >> 20
    );
    assert!(used < LIMIT + LIMIT / 25, "{} MiB", used >> 20);
    assert!(resident < LIMIT * 115 / 100 + before + (16 << 20), "{} MiB", resident >> 20);
}

fn unix_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Keys are gone from sight at their time, from memory a little later, and nobody else notices.
#[test]
fn keys_that_expire_together_stall_nobody() {
    const KEYS: usize = 300_000;
    for server in tested_servers(&[]) {
        let (mut conn, mut other) = (server.connect(), server.connect());
        let at = unix_ms() + 5_000;
        for chunk in (0..KEYS).collect::<Vec<_>>().chunks(1_000) {
            let line = |n: &usize| encode(&["SET", &format!("key:{n}"), "v", "PXAT", &at.to_string()]);
            conn.send(&chunk.iter().flat_map(line).collect::<Vec<u8>>()).unwrap();
            chunk.iter().for_each(|_| assert_eq!(conn.read().unwrap().raw, b"+OK\r\n"));
        }
        if unix_ms() + 200 < at {
            assert_eq!(conn.cmd(&["DBSIZE"]), Value::Int(KEYS as i64));
            assert_ne!(conn.cmd(&["GET", "key:1"]), Value::NullBulk);
        }
        while unix_ms() <= at {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(conn.cmd(&["GET", "key:7"]), Value::NullBulk);
        assert_eq!(conn.cmd(&["EXISTS", "key:1", "key:2", "key:3", "key:4"]), Value::Int(0));
        let mut worst = Duration::ZERO;
        let took = wait_until("expired keys removed", Duration::from_secs(20), || {
            for _ in 0..20 {
                let start = Instant::now();
                other.cmd(&["GET", "absent"]);
                worst = worst.max(start.elapsed());
            }
            conn.cmd(&["DBSIZE"]) == Value::Int(0)
        });
        println!("{}: {KEYS} keys gone after {took:?}, others waited {worst:?}", server.name());
        // 50 ms is the aim; the rest is what a shared machine takes from both ends.
        assert!(worst < Duration::from_millis(250), "{}: {worst:?}", server.name());
        assert_eq!(info(&mut conn, "expired_keys"), KEYS as u64);
    }
}
