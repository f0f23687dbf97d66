//! Tests of commands on whole databases.
#![allow(clippy::unwrap_used, reason = "tests")]

use crate::command::testing::{Fixture, check, run};
use crate::keyspace::WatchState;
use std::sync::Arc;

#[test]
fn flushes_empty_one_database_or_all() {
    for shards in [1, 4] {
        let f = &mut Fixture::sharded(shards).journal();
        for db in [0, 1] {
            f.session.db = db;
            check(f, "MSET a 1 b 2 c 3 d 4", "+OK|");
        }
        f.effects();
        check(f, "DBSIZE", ":4|");
        check(f, "FLUSHDB foo", "-ERR syntax error|");
        check(f, "FLUSHDB SYNC SYNC", "-ERR syntax error|");
        check(f, "FLUSHDB", "+OK|");
        check(f, "DBSIZE", ":0|");
        f.session.db = 0;
        check(f, "DBSIZE", ":4|");
        check(f, "FLUSHALL async", "+OK|");
        check(f, "DBSIZE", ":0|");
        assert!(f.stores.iter().any(|store| !store.to_drop.is_empty()));
        assert_eq!(f.effect_lines(), ["FLUSHDB", "FLUSHALL"]);
        assert_eq!(f.stores.iter().map(|s| s.stats.dirty).sum::<u64>(), 16);
    }
}

#[test]
fn swapping_exchanges_databases_and_reaches_watchers() {
    for shards in [1, 4] {
        let f = &mut Fixture::sharded(shards).journal();
        check(f, "MSET a 1 b 2", "+OK|");
        f.effects();
        let state = Arc::new(WatchState::default());
        f.stores.iter_mut().for_each(|s| s.watched.watch(5, b"a", &state, false));
        for (line, reply) in [
            ("SWAPDB x y", "-ERR invalid first DB index|"),
            ("SWAPDB 0 99999999999", "-ERR invalid second DB index|"),
            ("SWAPDB 0 16", "-ERR DB index is out of range|"),
            ("SWAPDB -1 0", "-ERR DB index is out of range|"),
            ("SWAPDB 0 5", "+OK|"),
            ("DBSIZE", ":0|"),
        ] {
            check(f, line, reply);
        }
        assert!(state.is_dirty());
        assert_eq!(f.effect_lines(), ["SWAPDB 0 5"]);
        f.session.db = 5;
        assert_eq!(run(f, &["GET", "b"]), "$1\r\n2\r\n");
    }
}
