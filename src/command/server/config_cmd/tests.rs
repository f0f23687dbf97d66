//! CONFIG as clients see it.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::command::Note;
use crate::command::testing::{Fixture, check, run};
use crate::config::SetError;

#[test]
fn get_prints_what_set_stored() {
    let f = &mut Fixture::new();
    check(f, "CONFIG SET hz 20 maxmemory 100mb", "+OK|");
    check(f, "CONFIG GET hz maxmemory", "*4|$2|hz|$2|20|$9|maxmemory|$9|104857600|");
    assert!(f.server.take_notes(0).iter().any(|note| matches!(note, Note::Config)));
    check(f, "CONFIG GET nothing", "*0|");
}

#[test]
fn a_refused_set_changes_nothing() {
    let f = &mut Fixture::new();
    check(f, "CONFIG SET hz 20 foo 1", "-ERR Unknown option or number of arguments for CONFIG SET - 'foo'|");
    check(f, "CONFIG SET hz 20 port", "-ERR syntax error|");
    assert!(run(f, &["CONFIG", "SET", "hz", "20", "databases", "1"]).contains("can't set immutable config"));
    f.server.on_config_set(Box::new(|_, _, changed| {
        assert_eq!(changed, ["hz", "port"]);
        Err(SetError::refused("port", "taken"))
    }));
    let reply = run(f, &["CONFIG", "SET", "hz", "20", "port", "7777"]);
    assert!(reply.contains("'port') - taken"), "{reply}");
    check(f, "CONFIG GET hz", "*2|$2|hz|$2|10|");
    assert!(f.server.take_notes(0).is_empty());
}

#[test]
fn thresholds_of_the_server_follow_the_configuration() {
    let f = &mut Fixture::new();
    assert_eq!(f.server.slow_ns(), 10_000_000);
    run(f, &["CONFIG", "SET", "latency-monitor-threshold", "3"]);
    assert_eq!(f.server.slow_ns(), 3_000_000);
    run(f, &["CONFIG", "SET", "slowlog-log-slower-than", "0", "latency-monitor-threshold", "0"]);
    assert_eq!(f.server.slow_ns(), 0);
    run(f, &["CONFIG", "SET", "slowlog-log-slower-than", "-1"]);
    assert_eq!(f.server.slow_ns(), u64::MAX);
}

#[test]
fn resetstat_forgets_counters_but_not_the_changes_since_the_last_save() {
    let f = &mut Fixture::new();
    let stats = &f.server.stats[0];
    stats.processed.add(5);
    stats.dirty.add(7);
    f.server.error_reply(0, b"-ERR x\r\n");
    f.stores[0].stats.hits = 3;
    f.stores[0].stats.dirty = 2;
    check(f, "CONFIG RESETSTAT", "+OK|");
    let stats = &f.server.stats[0];
    assert_eq!((stats.processed.get(), stats.errors.get(), stats.dirty.get()), (0, 0, 7));
    assert_eq!((f.stores[0].stats.hits, f.stores[0].stats.dirty), (0, 2));
}

#[test]
fn rewrite_needs_a_file() {
    check(&mut Fixture::new(), "CONFIG REWRITE", "-ERR The server is running without a config file|");
}
