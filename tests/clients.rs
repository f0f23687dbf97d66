//! The `redis` crate, the client library of Rust users, against the real binary: both protocol versions,
//! pipelines, transactions, iteration.

#![allow(clippy::unwrap_used)]

mod support;

use redis::{Commands, Connection, RedisResult, Value, cmd, pipe};
use std::collections::{BTreeSet, HashMap};
use support::Server;

const PROTOCOLS: [&str; 2] = ["resp2", "resp3"];

fn connect(server: &Server, protocol: &str) -> Connection {
    let url = format!("redis://127.0.0.1:{}/?protocol={protocol}", server.port());
    redis::Client::open(url).unwrap().get_connection().unwrap()
}

/// Runs a check with each protocol version on a fresh server with four shards.
fn with_each_protocol(check: impl Fn(&mut Connection)) {
    for protocol in PROTOCOLS {
        let server = Server::tested(4, &[]);
        check(&mut connect(&server, protocol));
    }
}

#[test]
fn values_of_all_kinds_come_back_as_they_were() {
    with_each_protocol(|con| {
        let binary: Vec<u8> = (0..=255).collect();
        let _: () = con.set("binary", &binary).unwrap();
        assert_eq!(con.get::<_, Vec<u8>>("binary").unwrap(), binary);
        let _: () = con.set("number", 41).unwrap();
        assert_eq!(con.incr::<_, _, i64>("number", 1).unwrap(), 42);
        let large = "x".repeat(3_000_000);
        let _: () = con.set("large", &large).unwrap();
        assert_eq!(con.get::<_, String>("large").unwrap(), large);
        assert_eq!(con.get::<_, Option<String>>("absent").unwrap(), None);
        assert_eq!(con.mget::<_, Vec<Option<i64>>>(&["number", "absent"]).unwrap(), vec![Some(42), None]);
    });
}

#[test]
fn errors_reach_the_client_with_their_code() {
    with_each_protocol(|con| {
        let _: () = con.set("text", "abc").unwrap();
        let error = con.incr::<_, _, i64>("text", 1).unwrap_err();
        assert_eq!(error.code(), Some("ERR"));
        assert_eq!(error.detail(), Some("value is not an integer or out of range"));
        let unknown: RedisResult<()> = cmd("NOSUCH").arg(1).query(con);
        assert!(unknown.unwrap_err().to_string().contains("unknown command"));
    });
}

#[test]
fn the_greeting_tells_the_protocol() {
    for (protocol, number) in [("resp2", 2), ("resp3", 3)] {
        let server = Server::tested(1, &[]);
        let mut con = connect(&server, protocol);
        let hello: HashMap<String, Value> = cmd("HELLO").query(&mut con).unwrap();
        assert_eq!(hello["proto"], Value::Int(number));
        let configured: HashMap<String, String> =
            cmd("CONFIG").arg("GET").arg("maxmemory-samples").query(&mut con).unwrap();
        assert_eq!(configured["maxmemory-samples"], "5");
    }
}

#[test]
fn pipelines_answer_in_order() {
    with_each_protocol(|con| {
        let mut pipeline = pipe();
        for n in 0..1_000 {
            pipeline.set(format!("key:{n}"), n).ignore();
            pipeline.get(format!("key:{n}"));
        }
        let numbers: Vec<i64> = pipeline.query(con).unwrap();
        assert_eq!(numbers, (0..1_000).collect::<Vec<_>>());
    });
}

#[test]
fn transactions_over_several_slots_commit_as_one() {
    with_each_protocol(|con| {
        let (a, b): (i64, i64) = pipe().atomic().incr("a", 5).incr("b", 7).query(con).unwrap();
        assert_eq!((a, b), (5, 7));
        let (sum,): (i64,) = redis::transaction(con, &["a", "b"], |con, pipeline| {
            let (a, b): (i64, i64) = con.mget(&["a", "b"])?;
            pipeline.set("sum", a + b).ignore().get("sum").query(con)
        })
        .unwrap();
        assert_eq!(sum, 12);
    });
}

#[test]
fn a_watched_key_that_changes_makes_the_transaction_start_again() {
    for protocol in PROTOCOLS {
        let server = Server::tested(4, &[]);
        let (mut con, mut other) = (connect(&server, protocol), connect(&server, protocol));
        let mut attempts = 0;
        let (value,): (i64,) = redis::transaction(&mut con, &["n"], |con, pipeline| {
            attempts += 1;
            let n: Option<i64> = con.get("n")?;
            if attempts == 1 {
                let _: () = other.set("n", 10)?;
            }
            pipeline.set("n", n.unwrap_or(0) + 1).ignore().get("n").query(con)
        })
        .unwrap();
        assert_eq!((value, attempts), (11, 2));
    }
}

#[test]
fn iteration_finds_every_key() {
    with_each_protocol(|con| {
        let mut pipeline = pipe();
        let expected: BTreeSet<String> = (0..2_000).map(|n| format!("user:{n}")).collect();
        expected.iter().for_each(|key| {
            pipeline.set(key, 1).ignore();
        });
        pipeline.set("other", 1).ignore();
        let _: () = pipeline.query(con).unwrap();
        let found: RedisResult<BTreeSet<String>> = con.scan_match("user:*").unwrap().collect();
        assert_eq!(found.unwrap(), expected);
        let all: RedisResult<BTreeSet<String>> = con.scan().unwrap().collect();
        assert_eq!(all.unwrap().len(), 2_001);
        assert_eq!(cmd("DBSIZE").query::<i64>(con).unwrap(), 2_001);
    });
}

#[test]
fn databases_are_separate() {
    let server = Server::tested(4, &[]);
    let open = |database: u8| {
        let url = format!("redis://127.0.0.1:{}/{database}", server.port());
        redis::Client::open(url).unwrap().get_connection().unwrap()
    };
    let (mut zero, mut one) = (open(0), open(1));
    let _: () = zero.set("key", "in 0").unwrap();
    assert_eq!(one.get::<_, Option<String>>("key").unwrap(), None);
    assert!(cmd("MOVE").arg("key").arg(1).query::<bool>(&mut zero).unwrap());
    assert_eq!(one.get::<_, String>("key").unwrap(), "in 0");
}
