//! Queues of waiting clients, and what makes keys ready.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::data::{EntryBox, HKey};
use crate::keyspace::{Expire, Store};

fn waiter(seq: u64, keys: &[&str], on_delete: bool) -> Arc<Waiter> {
    Arc::new(Waiter {
        claim: Claim::new(),
        seq,
        client: seq,
        home: 0,
        db: 0,
        proto: Proto::V2,
        no_touch: false,
        user: 1,
        tracks: false,
        kind: Kind::List,
        on_delete,
        timeout_ms: 0,
        null_array: true,
        command: 0,
        words: Vec::new(),
        keys: keys.iter().map(|k| k.as_bytes().into()).collect(),
        shards: vec![0],
        whole: false,
    })
}

fn order(blocked: &Blocked, key: &[u8]) -> Vec<u64> {
    let next = |from: u64| blocked.waiter(0, key, from).map(|w| w.seq);
    std::iter::successors(next(0), |seq| next(seq + 1)).collect()
}

fn ready(blocked: &mut Blocked) -> Vec<String> {
    std::iter::from_fn(|| blocked.next_ready())
        .map(|(_, k)| String::from_utf8_lossy(&k).into_owned())
        .collect()
}

#[test]
fn clients_stand_in_the_order_of_their_arrival() {
    let mut blocked = Blocked::default();
    let (a, b, c) = (waiter(1, &["x", "y"], false), waiter(2, &["x"], false), waiter(3, &["y", "x"], true));
    for w in [&a, &b, &c, &a] {
        blocked.add(w, |_| true);
    }
    assert_eq!((order(&blocked, b"x"), order(&blocked, b"y")), (vec![1, 2, 3], vec![1, 3]));
    assert_eq!((blocked.keys(), blocked.keys_on_delete()), (2, 2));
    blocked.remove(&b);
    blocked.remove(&b);
    assert_eq!(order(&blocked, b"x"), [1, 3]);
    blocked.remove(&c);
    assert_eq!((blocked.keys(), blocked.keys_on_delete()), (2, 0));
    blocked.remove(&a);
    assert!(blocked.is_empty() && order(&blocked, b"x").is_empty());
}

#[test]
fn only_the_keys_of_this_shard_are_registered() {
    let mut blocked = Blocked::default();
    blocked.add(&waiter(1, &["mine", "foreign"], false), |key| key == b"mine");
    assert_eq!((blocked.keys(), order(&blocked, b"foreign")), (1, vec![]));
}

#[test]
fn a_key_is_listed_once_until_it_is_taken() {
    let mut blocked = Blocked::default();
    blocked.add(&waiter(1, &["x", "y"], false), |_| true);
    for key in [&b"y"[..], b"x", b"y", b"nobody waits for this"] {
        blocked.signal(0, key);
    }
    blocked.signal(7, b"x");
    assert_eq!(ready(&mut blocked), ["y", "x"]);
    blocked.signal(0, b"y");
    assert_eq!(ready(&mut blocked), ["y"]);
}

fn list(key: &str) -> EntryBox {
    EntryBox::new_object(key.as_bytes(), Kind::List, crate::data::Object::Str(vec![b'v'; 100]), None)
}

/// A store in which client 1 waits for lists `a` and `b`, and client 2 for the deletion of `c`.
fn store() -> Store {
    let mut store = Store::new(4, 1);
    store.now_ms = 1_000;
    store.blocked.add(&waiter(1, &["a", "b"], false), |_| true);
    store.blocked.add(&waiter(2, &["c"], true), |_| true);
    store
}

#[test]
fn a_key_that_appears_is_ready_if_its_type_can_be_waited_for() {
    let mut store = store();
    store.put(0, &HKey::new(b"a"), list("a"));
    store.put(0, &HKey::new(b"b"), EntryBox::new_string(b"b", b"v", None));
    store.put(1, &HKey::new(b"a"), list("a"));
    assert_eq!(ready(&mut store.blocked), ["a"]);
    store.ready(0, &HKey::new(b"b"), Kind::Hash);
    store.ready(0, &HKey::new(b"b"), Kind::Stream);
    assert_eq!(ready(&mut store.blocked), ["b"]);
}

#[test]
fn whatever_removes_a_key_is_told_to_those_who_wait_for_that() {
    type Removal = fn(&mut Store);
    let removals: &[(&str, Removal)] = &[
        ("remove", |s| drop(s.remove(0, &HKey::new(b"c")))),
        ("overwrite", |s| assert!(s.set_string(0, &HKey::new(b"c"), b"v", Expire::Clear))),
        ("put", |s| drop(s.put(0, &HKey::new(b"c"), EntryBox::new_string(b"c", b"v", None)))),
        ("flush", |s| assert!(s.flush(0, false) > 0)),
        ("swap", |s| assert!(s.swap(0, 1))),
        ("expire", |s| {
            s.set_expire(0, &HKey::new(b"c"), Some(1_500));
            s.now_ms = 2_000;
            assert!(s.write(0, &HKey::new(b"c")).is_none());
        }),
    ];
    for (name, removal) in removals {
        let mut store = store();
        for key in ["a", "c"] {
            store.put(0, &HKey::new(key.as_bytes()), list(key));
        }
        ready(&mut store.blocked);
        removal(&mut store);
        assert_eq!(ready(&mut store.blocked), ["c"], "{name}");
    }
}

#[test]
fn a_swap_brings_keys() {
    let mut store = store();
    store.put(1, &HKey::new(b"b"), list("b"));
    store.put(1, &HKey::new(b"a"), EntryBox::new_string(b"a", b"v", None));
    assert_eq!(ready(&mut store.blocked), [""; 0]);
    assert!(store.swap(1, 0));
    assert_eq!(ready(&mut store.blocked), ["b"]);
}
