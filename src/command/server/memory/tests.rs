//! MEMORY as clients see it.

use crate::command::testing::{Fixture, check, run};

#[test]
fn stats_has_the_fields_of_redis_and_one_per_database_with_keys() {
    let f = &mut Fixture::new();
    assert!(run(f, &["MEMORY", "STATS"]).starts_with("*54\r\n$14\r\npeak.allocated\r\n:"));
    run(f, &["SET", "a", "1"]);
    let reply = run(f, &["MEMORY", "STATS"]);
    assert!(
        reply.starts_with("*56\r\n")
            && reply.contains("$4\r\ndb.0\r\n*6\r\n$23\r\noverhead.hashtable.main\r\n:")
    );
    assert!(reply.contains("$10\r\nkeys.count\r\n:1\r\n"), "{reply}");
    // Pairs are whole: every name is followed by a value.
    assert!(
        reply.ends_with("fragmentation.bytes\r\n:0\r\n")
            || reply.contains("\r\n$19\r\nfragmentation.bytes\r\n:")
    );
}

#[test]
fn purge_and_malloc_stats_answer() {
    let f = &mut Fixture::new();
    check(f, "MEMORY PURGE", "+OK|");
    check(f, "MEMORY MALLOC-STATS", "$45|Stats not supported for the current allocator|");
    assert!(run(f, &["MEMORY", "DOCTOR"]).starts_with('$'));
}
