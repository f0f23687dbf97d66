//! Pub/sub commands: replies, counts, and what they leave for the loop.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::command::session::Executing;
use crate::command::testing::{Fixture, check, run};
use crate::pubsub::Outgoing;
use crate::resp::Proto;

/// Channel and payload of what was published, and the number of shards that it goes to.
fn published(f: &mut Fixture) -> Vec<(String, String, usize)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    f.stores
        .iter_mut()
        .flat_map(|store| store.outbox.take())
        .map(|(_, item)| match item {
            Outgoing::Message(m, routed) => (text(&m.channel), text(&m.payload), routed.targets.len()),
            Outgoing::Event { db, key, event, .. } => (format!("{db}:{}", text(&key)), event.to_owned(), 0),
        })
        .collect()
}

#[test]
fn replies_count_channels_and_patterns_together_and_shard_channels_apart() {
    let f = &mut Fixture::new();
    check(f, "SUBSCRIBE a b a", "*3|$9|subscribe|$1|a|:1|*3|$9|subscribe|$1|b|:2|*3|$9|subscribe|$1|a|:2|");
    check(f, "PSUBSCRIBE p*", "*3|$10|psubscribe|$2|p*|:3|");
    check(f, "SSUBSCRIBE a", "*3|$10|ssubscribe|$1|a|:1|");
    check(f, "UNSUBSCRIBE a nope", "*3|$11|unsubscribe|$1|a|:2|*3|$11|unsubscribe|$4|nope|:2|");
    check(f, "SUNSUBSCRIBE", "*3|$12|sunsubscribe|$1|a|:0|");
    assert!(f.session.subscribed);
    check(f, "UNSUBSCRIBE", "*3|$11|unsubscribe|$1|b|:1|");
    check(f, "UNSUBSCRIBE", "*3|$11|unsubscribe|$-1|:1|");
    check(f, "PUNSUBSCRIBE", "*3|$12|punsubscribe|$2|p*|:0|");
    assert!(!f.session.subscribed);
    f.session.proto = Proto::V3;
    check(f, "PUNSUBSCRIBE", ">3|$12|punsubscribe|_|:0|");
    check(f, "SUBSCRIBE a", ">3|$9|subscribe|$1|a|:1|");
}

#[test]
fn publish_replies_how_many_subscriptions_it_reaches() {
    let f = &mut Fixture::sharded(2);
    check(f, "PUBLISH a hi", ":0|");
    assert!(published(f).is_empty());
    run(f, &["SUBSCRIBE", "a"]);
    run(f, &["PSUBSCRIBE", "?", "a*"]);
    check(f, "PUBLISH a hi", ":3|");
    check(f, "SPUBLISH a hi", ":0|");
    check(f, "PUBLISH b x", ":1|");
    assert_eq!(published(f), [("a".into(), "hi".into(), 1), ("b".into(), "x".into(), 1)]);
}

#[test]
fn pubsub_looks_at_all_subscriptions() {
    let f = &mut Fixture::new();
    run(f, &["SUBSCRIBE", "a", "bb"]);
    run(f, &["PSUBSCRIBE", "x*", "y*"]);
    run(f, &["SSUBSCRIBE", "s"]);
    check(f, "PUBSUB CHANNELS ?", "*1|$1|a|");
    assert!(run(f, &["PUBSUB", "CHANNELS"]).starts_with("*2\r\n"));
    check(f, "PUBSUB NUMSUB a c", "*4|$1|a|:1|$1|c|:0|");
    check(f, "PUBSUB NUMSUB", "*0|");
    check(f, "PUBSUB NUMPAT", ":2|");
    check(f, "PUBSUB SHARDCHANNELS", "*1|$1|s|");
    check(f, "PUBSUB SHARDNUMSUB s a", "*4|$1|s|:1|$1|a|:0|");
    check(f, "PUBSUB NUMPAT x", "-ERR wrong number of arguments for 'pubsub|numpat' command|");
    let wrong = "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.|";
    check(f, "PUBSUB CHANNELS a b", wrong);
    assert!(run(f, &["PUBSUB", "HELP"]).contains("SHARDNUMSUB [<shardchannel> ...]"));
    let info = run(f, &["INFO", "stats"]);
    for line in ["pubsub_channels:2\r", "pubsub_patterns:2\r", "pubsubshard_channels:1\r"] {
        assert!(info.contains(line), "{line}");
    }
    assert!(run(f, &["CLIENT", "INFO"]).contains(" flags=P db=0 sub=2 psub=2 ssub=1 "));
}

#[test]
fn a_transaction_may_subscribe_but_not_to_shard_channels() {
    let f = &mut Fixture::new();
    f.session.executing = Some(Executing { commands: 1, bytes: 0 });
    check(f, "SUBSCRIBE a", "*3|$9|subscribe|$1|a|:1|");
    check(f, "SSUBSCRIBE a", "-ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client|");
}

#[test]
fn ping_answers_subscribers_as_a_message() {
    let f = &mut Fixture::new();
    run(f, &["SUBSCRIBE", "a"]);
    check(f, "PING", "*2|$4|pong|$0||");
    check(f, "PING x", "*2|$4|pong|$1|x|");
    check(f, "RESET", "+RESET|");
    check(f, "PING", "+PONG|");
    check(f, "PUBLISH a hi", ":0|");
    f.session.proto = Proto::V3;
    run(f, &["SUBSCRIBE", "a"]);
    check(f, "PING", "+PONG|");
}

/// Events as Redis gives them, in their order.
#[test]
fn events_are_those_of_redis_in_their_order() {
    let f = &mut Fixture::sharded(3);
    let all = 0b111_1111_1111_1111 & !0b11;
    for store in &mut f.stores {
        store.policy.events = crate::keyspace::effective_events(all | 3);
    }
    for (line, events) in [
        ("SET k v", "k new, k set"),
        ("SET k v EX 100", "k set, k expire"),
        ("SETEX k 100 v", "k set, k expire"),
        ("GET k", ""),
        ("GET none", "none keymiss"),
        ("EXISTS none k", "none keymiss"),
        ("OBJECT ENCODING none", ""),
        ("GETEX k PERSIST", "k persist"),
        ("EXPIRE k 10", "k expire"),
        ("EXPIRE k -1", "k del"),
        ("INCR n", "n new, n incrby"),
        ("DECR n", "n incrby"),
        ("INCRBYFLOAT n 1", "n incrbyfloat"),
        ("APPEND s x", "s new, s append"),
        ("SETRANGE s 5 x", "s setrange"),
        ("SETBIT s 5 1", "s setbit"),
        ("RENAME s t", "t new, s rename_from, t rename_to"),
        ("COPY t u", "u new, u copy_to"),
        ("COPY t u REPLACE", "u new, u copy_to"),
        ("MOVE u 1", "u new, u move_from, u move_to"),
        ("MSET a 1 b 2", "a new, a set, b new, b set"),
        ("GETDEL a", "a del"),
        ("DEL b none t", "b del, t del"),
        ("GETSET n 1", "n set"),
        ("UNLINK n", "n del"),
    ] {
        let argv: Vec<&str> = line.split(' ').collect();
        run(f, &argv);
        let mut items: Vec<_> = f.stores.iter_mut().flat_map(|store| store.outbox.take()).collect();
        items.sort_by_key(|(number, _)| *number);
        let told: Vec<String> = items
            .into_iter()
            .map(|(_, item)| match item {
                Outgoing::Event { key, event, .. } => format!("{} {event}", String::from_utf8_lossy(&key)),
                Outgoing::Message(..) => panic!("nothing was published"),
            })
            .collect();
        assert_eq!(told.join(", "), events, "{line}");
    }
    run(f, &["SET", "k", "v", "PX", "1"]);
    published(f);
    f.now_ms += 10;
    run(f, &["GET", "k"]);
    assert_eq!(published(f), [("0:k".into(), "expired".into(), 0), ("0:k".into(), "keymiss".into(), 0)]);
}
