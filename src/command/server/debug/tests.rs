//! Tests of DEBUG. Digests were taken from Redis 7.0.15.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::command::server_state::Request;
use crate::command::testing::{Fixture, check, run};
use crate::command::{Keys, Note, table};
use crate::keyspace::Store;

/// Runs a command in fragments, as the loop does, and returns the merged reply.
fn fragments(f: &mut Fixture, line: &str) -> String {
    let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    let command = table::resolve(&argv).unwrap();
    let mut parts = Vec::new();
    for (shard, store) in f.stores.iter_mut().enumerate() {
        let mut part = Vec::new();
        store.now_ms = f.now_ms;
        let mut ctx = Ctx {
            keys: Keys { view: View::One(store), db: f.session.db, now_ms: f.now_ms },
            out: Out::new(&mut part, f.session.proto),
            session: &mut f.session,
            server: &f.server,
            command,
            shard,
            idle: None,
        };
        if let Err(failure) = debug(&mut ctx, &argv) {
            Out::new(&mut part, Proto::V2).error(&failure.line());
        }
        parts.push(part);
    }
    let mut out = Vec::new();
    match parts.iter().find(|p| p.starts_with(b"-")) {
        Some(error) => out.clone_from(error),
        None => merge(&parts, 0, &mut out),
    }
    String::from_utf8(out).unwrap().replace("\r\n", "|")
}

/// The dataset whose digest Redis was asked for.
fn fill(f: &mut Fixture) {
    for line in ["SET a 1", "SET b hello", "SET n -12345", "SET e v PX 100000"] {
        check(f, line, "+OK|");
    }
    f.session.db = 3;
    check(f, "SET a 1", "+OK|");
    check(f, "SET c xyz", "+OK|");
    f.session.db = 0;
}

const DATASET: &str = "+17a86a205fdf37c12ab5e1915a0868daf02bf48f|";
const VALUES: &str = "*3|+b4fc66738120fba0b5aa500ab5c2bf89cea1c5da|+311b17018163335616e089f6b951c82c477335ac|+0000000000000000000000000000000000000000|";

#[test]
fn the_digest_is_that_of_redis_however_many_shards_there_are() {
    let f = &mut Fixture::new();
    check(f, "DEBUG DIGEST", "+0000000000000000000000000000000000000000|");
    fill(f);
    check(f, "DEBUG DIGEST", DATASET);
    check(f, "DEBUG DIGEST-VALUE a e nokey", VALUES);
    check(f, "DEBUG DIGEST-VALUE", "*0|");
    for shards in [2, 5] {
        let f = &mut Fixture::sharded(shards);
        assert_eq!(fragments(f, "DEBUG DIGEST"), "+0000000000000000000000000000000000000000|");
        fill(f);
        check(f, "DEBUG DIGEST", DATASET);
        assert_eq!(fragments(f, "DEBUG DIGEST"), DATASET);
        assert_eq!(fragments(f, "DEBUG DIGEST-VALUE a e nokey"), VALUES);
        assert_eq!(fragments(f, "DEBUG DIGEST-VALUE"), "*0|");
    }
}

#[test]
fn populating_makes_each_key_once_and_keeps_what_is_there() {
    for shards in [1, 4] {
        let f = &mut Fixture::sharded(shards).journal();
        check(f, "SET key:5 mine", "+OK|");
        f.effects();
        let reply = if shards == 1 {
            run(f, &["DEBUG", "POPULATE", "1000"]).replace("\r\n", "|")
        } else {
            fragments(f, "DEBUG POPULATE 1000")
        };
        assert_eq!(reply, "+OK|");
        check(f, "DBSIZE", ":1000|");
        check(f, "GET key:5", "$4|mine|");
        check(f, "GET key:999", "$9|value:999|");
        check(f, "DEBUG POPULATE 2 p 10", "+OK|");
        assert_eq!(run(f, &["GET", "p:1"]), "$10\r\nvalue:1\0\0\0\r\n");
        check(f, "DEBUG POPULATE x", "-ERR value is out of range, must be positive|");
        check(f, "DEBUG POPULATE 1 p -1", "-ERR value is out of range, must be positive|");
        assert!(f.effects().is_empty());
    }
}

#[test]
fn an_object_is_described_by_the_shard_that_owns_it() {
    let f = &mut Fixture::sharded(3);
    fill(f);
    for (key, rest) in [
        ("a", "refcount:2147483647 encoding:int serializedlength:2 lru:"),
        ("b", "refcount:1 encoding:embstr serializedlength:6 lru:"),
        ("n", "refcount:1 encoding:int serializedlength:3 lru:"),
    ] {
        let line = fragments(f, &format!("DEBUG OBJECT {key}"));
        assert!(line.starts_with("+Value at:0x") && line.contains(rest), "{line}");
    }
    assert_eq!(fragments(f, "DEBUG OBJECT nokey"), "-ERR no such key|");
}

#[test]
fn subcommands_take_their_words_as_redis_does() {
    let f = &mut Fixture::new();
    let unknown = "-ERR unknown subcommand or wrong number of arguments for ";
    for (line, reply) in [
        ("DEBUG JMAP", format!("{unknown}'JMAP'. Try DEBUG HELP.|")),
        ("DEBUG sleep", format!("{unknown}'sleep'. Try DEBUG HELP.|")),
        ("DEBUG DIGEST x", format!("{unknown}'DIGEST'. Try DEBUG HELP.|")),
        ("DEBUG SLEEP 0.001", "+OK|".to_owned()),
        ("DEBUG SLEEP x", "+OK|".to_owned()),
        ("DEBUG ERROR foo", "-foo|".to_owned()),
        ("DEBUG STRINGMATCH-LEN a*c abbc", ":1|".to_owned()),
        ("DEBUG STRINGMATCH-LEN a*c abb", ":0|".to_owned()),
        ("DEBUG QUICKLIST-PACKED-THRESHOLD 100b", "+OK|".to_owned()),
        ("DEBUG QUICKLIST-PACKED-THRESHOLD 0", "+OK|".to_owned()),
        (
            "DEBUG QUICKLIST-PACKED-THRESHOLD 5g",
            "-ERR argument must be a memory value bigger than 1 and smaller than 4gb|".to_owned(),
        ),
        ("DEBUG SET-ACTIVE-EXPIRE 0", "+OK|".to_owned()),
    ] {
        check(f, line, &reply);
    }
    assert!(matches!(f.server.take_notes(0)[..], [Note::ActiveExpire(false)]));
    check(f, "DEBUG CHANGE-REPL-ID", "+OK|");
    assert!(matches!(f.server.log.take()[..], [Request::RenameHistory]));
    assert!(f.stores.iter().all(|store: &Store| store.stats.dirty == 0));
}

#[test]
fn payloads_are_taken_without_their_sums_if_told_so() {
    let f = &mut Fixture::new();
    let payload: [&[u8]; 4] = [b"RESTORE", b"k", b"0", b"\0\x01a\x09\0wrongsum"];
    assert!(f.run_bytes(&payload).starts_with(b"-ERR DUMP payload"));
    check(f, "DEBUG SET-SKIP-CHECKSUM-VALIDATION 1", "+OK|");
    assert_eq!(f.run_bytes(&payload), b"+OK\r\n");
}
