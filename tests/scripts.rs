//! Scripts and functions against the real binary with one shard and with four: keys that are declared or not, the rule
//! by which a script is run again, slow scripts and their end.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};
use support::{Conn, Server, encode};

const SHARDS: [u32; 2] = [1, 4];

/// Runs a command line (words split at `|`) and returns the reply as it came.
fn run(conn: &mut Conn, line: &str) -> String {
    let words: Vec<&str> = line.split('|').collect();
    String::from_utf8_lossy(&conn.call(&words).unwrap().raw).replace("\r\n", "|")
}

#[track_caller]
fn check(conn: &mut Conn, line: &str, reply: &str) {
    assert_eq!(run(conn, line), reply, "{line}");
}

fn with_each(check: impl Fn(&Server, &mut Conn)) {
    for shards in SHARDS {
        let server = Server::tested(shards, &["--busy-reply-threshold", "100"]);
        let mut conn = Conn::open(server.port()).unwrap();
        check(&server, &mut conn);
    }
}

#[test]
fn scripts_see_the_keys_of_all_shards() {
    with_each(|_, conn| {
        check(
            conn,
            "EVAL|for i=1,64 do redis.call('set','k'..i,i) end return redis.call('dbsize')|0",
            ":64|",
        );
        check(conn, "EVAL|local s=0 for i=1,64 do s=s+redis.call('get','k'..i) end return s|0", ":2080|");
        check(
            conn,
            "EVAL|return redis.call('mget',KEYS[1],KEYS[2],KEYS[3])|3|k1|k2|k3",
            "*3|$1|1|$1|2|$1|3|",
        );
        check(conn, "EVAL|return #redis.call('keys','k*')|0", ":64|");
        check(conn, "EVAL|redis.call('flushall') return redis.call('dbsize')|0", ":0|");
    });
}

#[test]
fn a_script_keeps_to_its_shard_until_it_strays() {
    with_each(|_, conn| {
        // The key that it touches beside its own is an argument, so the server cannot know of it.
        let script =
            "redis.call('incr',KEYS[1]) if ARGV[1] then return redis.call('incr',ARGV[1]) end return 0";
        let sha = run(conn, &format!("SCRIPT|LOAD|{script}"));
        let sha = sha.split('|').nth(1).unwrap().to_owned();
        for i in 1..=20 {
            check(conn, &format!("EVALSHA|{sha}|1|own{i}"), ":0|");
        }
        let mut failed = 0;
        for i in 1..=20 {
            // It writes first: on a shard of its own it cannot be started again.
            let got = run(conn, &format!("EVALSHA|{sha}|1|own{i}|other"));
            if got.starts_with("-ERR Script attempted to access a key of another shard after it wrote") {
                failed += 1;
            } else {
                assert_eq!(got, format!(":{}|", i - failed));
            }
        }
        assert!(failed <= 1, "the mark is withdrawn with the first failure");
        // What reads first is started again, and nobody notices.
        let script = "local n = redis.call('get',ARGV[1]) redis.call('incr',KEYS[1]) return n";
        for i in 1..=20 {
            check(conn, &format!("EVAL|{script}|1|{{x}}{i}|{{x}}absent"), "$-1|");
        }
        for i in 1..=20 {
            check(conn, &format!("SET|far{i}|{i}"), "+OK|");
            check(
                conn,
                &format!("EVAL|{script}|1|{{x}}{i}|far{i}"),
                &format!("${}|{i}|", i.to_string().len()),
            );
            check(conn, &format!("GET|{{x}}{i}"), "$1|2|");
        }
    });
}

#[test]
fn pipelined_scripts_keep_their_order() {
    with_each(|_, conn| {
        // On its first call it runs over all shards, on later ones where its key is; the replies must not notice.
        let mut sent = Vec::new();
        let mut expected = Vec::new();
        for i in 0..200 {
            let key = format!("list{}", i % 7);
            sent.extend(encode(&["EVAL", "return redis.call('append',KEYS[1],ARGV[1])", "1", &key, "x"]));
            sent.extend(encode(&["STRLEN", &key]));
            let len = i / 7 + 1;
            expected.push(format!(":{len}|"));
            expected.push(format!(":{len}|"));
        }
        conn.send(&sent).unwrap();
        for expect in expected {
            let got = String::from_utf8_lossy(&conn.read().unwrap().raw).replace("\r\n", "|");
            assert_eq!(got, expect);
        }
    });
}

#[test]
fn scripts_in_transactions_and_functions_on_every_shard() {
    with_each(|server, conn| {
        check(conn, "MULTI", "+OK|");
        check(
            conn,
            "EVAL|redis.call('set','a',1) redis.call('set','b',2) return redis.call('get','a')|0",
            "+QUEUED|",
        );
        check(conn, "GET|b", "+QUEUED|");
        check(conn, "EXEC", "*2|$1|1|$1|2|");
        let library = "#!lua name=lib\nlocal function get(keys, args) return redis.call('get', keys[1]) end\nredis.register_function{function_name='lib_get', callback=get, flags={'no-writes'}}";
        check(conn, &format!("FUNCTION|LOAD|{library}"), "$3|lib|");
        for _ in 0..8 {
            let mut other = Conn::open(server.port()).unwrap();
            check(&mut other, "FCALL|lib_get|1|b", "$1|2|");
            check(&mut other, "FCALL_RO|LIB_GET|1|a", "$1|1|");
        }
        check(conn, "FUNCTION|DELETE|lib", "+OK|");
        for _ in 0..8 {
            let mut other = Conn::open(server.port()).unwrap();
            check(&mut other, "FCALL|lib_get|1|b", "-ERR Function not found|");
        }
    });
}

/// Repeats a command on fresh connections, which meet all shards, until `enough` says so.
fn until(server: &Server, line: &str, enough: impl Fn(&str) -> bool) {
    let start = Instant::now();
    loop {
        let mut conn = Conn::open(server.port()).unwrap();
        let got = run(&mut conn, line);
        if enough(&got) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{line}: {got}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_slow_script_can_be_killed_from_every_connection() {
    with_each(|server, conn| {
        check(conn, "SET|k|1", "+OK|");
        // Once over all shards and, when it is known, on one.
        for _ in 0..3 {
            check(
                conn,
                "EVAL|local n = tonumber(ARGV[1]) while n ~= 0 do n = n + 1 end return redis.call('get',KEYS[1])|1|k|0",
                "$1|1|",
            );
            let slow = encode(&[
                "EVAL",
                "local n = tonumber(ARGV[1]) while n ~= 0 do n = n + 1 end return redis.call('get',KEYS[1])",
                "1",
                "k",
                "1",
            ]);
            conn.send(&slow).unwrap();
            // What is sent before a script is known to be slow may wait for its end.
            std::thread::sleep(Duration::from_millis(400));
            until(server, "GET|k", |got| got.starts_with("-BUSY Redis is busy running a script."));
            for _ in 0..8 {
                let mut other = Conn::open(server.port()).unwrap();
                let got = run(&mut other, "GET|k");
                assert!(got.starts_with("-BUSY"), "{got}");
                let got = run(&mut other, "FUNCTION|KILL");
                assert!(got.starts_with("-BUSY"), "{got}");
            }
            until(server, "SCRIPT|KILL", |got| got == "+OK|");
            let got = String::from_utf8_lossy(&conn.read().unwrap().raw).into_owned();
            assert!(got.starts_with("-ERR Script killed by user with SCRIPT KILL"), "{got}");
            until(server, "GET|k", |got| got == "$1|1|");
            check(conn, "SCRIPT|KILL", "-NOTBUSY No scripts in execution right now.|");
        }
    });
}

#[test]
fn a_script_that_wrote_ends_only_with_the_server() {
    for shards in SHARDS {
        let mut server = Server::tested(shards, &["--busy-reply-threshold", "100"]);
        let mut conn = Conn::open(server.port()).unwrap();
        conn.send(&encode(&["EVAL", "redis.call('set',KEYS[1],1) while true do end", "1", "k"])).unwrap();
        std::thread::sleep(Duration::from_millis(400));
        until(&server, "SCRIPT|KILL", |got| got.starts_with("-UNKILLABLE"));
        let mut other = Conn::open(server.port()).unwrap();
        let got = run(&mut other, "SHUTDOWN");
        assert!(got.starts_with("-BUSY"), "{got}");
        other.send(&encode(&["SHUTDOWN", "NOSAVE"])).unwrap();
        let start = Instant::now();
        while server.alive() {
            assert!(start.elapsed() < Duration::from_secs(10), "the server must end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
