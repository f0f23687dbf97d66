//! Tests of the choice of keys to evict.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::data::EntryBox;
use crate::keyspace::WatchState;
use std::sync::Arc;

const ALL: [Eviction; 7] = [
    Eviction::AllkeysLru,
    Eviction::AllkeysLfu,
    Eviction::AllkeysRandom,
    Eviction::VolatileLru,
    Eviction::VolatileLfu,
    Eviction::VolatileRandom,
    Eviction::VolatileTtl,
];

fn key(i: usize) -> Vec<u8> {
    format!("key:{i}").into_bytes()
}

/// 2,000 keys in two databases, every other with an expiry time; key i was last used i seconds after the start.
fn store(policy: Eviction) -> Store {
    let mut store = Store::new(4, 42);
    store.policy = Policy { lfu: policy.is_lfu(), lfu_log_factor: 1, lfu_decay_min: 1, ..Policy::default() };
    for i in 0..2_000 {
        store.now_ms = i64::try_from(i).unwrap() * 1_000;
        let expire = (i % 2 == 0).then_some(10_000_000 + store.now_ms);
        store.put(i % 4 / 2, &HKey::new(&key(i)), EntryBox::new_string(&key(i), b"value", expire));
    }
    store
}

fn has(store: &Store, i: usize) -> bool {
    store.peek(i % 4 / 2, &HKey::new(&key(i))).is_some()
}

#[test]
fn words_name_policies_as_the_directive_spells_them() {
    for policy in crate::config::MaxmemoryPolicy::NAMES {
        assert!(Eviction::from_name(policy.0).is_some(), "{}", policy.0);
    }
    assert_eq!(Eviction::from_name("lru"), None);
}

#[test]
fn every_policy_evicts_all_that_it_may_and_nothing_else() {
    for policy in ALL {
        let mut store = store(policy);
        let report = store.evict(policy, 5, u64::MAX, || false);
        assert_eq!(report.keys, if policy.is_volatile() { 1_000 } else { 2_000 }, "{policy:?}");
        assert!(report.exhausted && report.bytes > 0);
        assert_eq!(store.evictable(policy), 0);
        assert_eq!(store.stats.evicted, report.keys as u64);
        assert_eq!(store.stats.dirty, 0, "evictions are no changes of the dataset (Redis: evict.c)");
        assert!((0..2_000).filter(|i| i % 2 == 1).all(|i| has(&store, i) == policy.is_volatile()));
    }
    assert_eq!(store(Eviction::None).evict_one(Eviction::None, 5), None);
}

#[test]
fn long_unused_keys_go_first_under_lru() {
    for policy in [Eviction::AllkeysLru, Eviction::VolatileLru] {
        let mut store = store(policy);
        (0..400).for_each(|_| assert!(store.evict_one(policy, 10).is_some()));
        let kept = |range: std::ops::Range<usize>| range.filter(|&i| i % 2 == 0 && has(&store, i)).count();
        assert!(kept(1_500..2_000) >= 240, "{policy:?}: young {}", kept(1_500..2_000));
        assert!(kept(0..500) <= 130, "{policy:?}: old {}", kept(0..500));
    }
}

#[test]
fn rarely_used_keys_go_first_under_lfu() {
    let mut store = store(Eviction::AllkeysLfu);
    store.policy.lfu_decay_min = 0;
    for _ in 0..200 {
        (0..1_000).for_each(|i| assert!(store.read(i % 4 / 2, &HKey::new(&key(i))).is_some()));
    }
    (0..900).for_each(|_| assert!(store.evict_one(Eviction::AllkeysLfu, 10).is_some()));
    let kept = (0..1_000).filter(|&i| has(&store, i)).count();
    assert!(kept >= 950, "{kept}");
}

#[test]
fn keys_that_expire_soon_go_first_under_ttl() {
    let mut store = store(Eviction::VolatileTtl);
    (0..300).for_each(|_| assert!(store.evict_one(Eviction::VolatileTtl, 10).is_some()));
    let kept = (1_000..2_000).filter(|&i| i % 2 == 0 && has(&store, i)).count();
    assert!(kept >= 495, "{kept}");
}

#[test]
fn an_eviction_is_stated_as_a_deletion_and_reaches_watchers() {
    for lazy in [false, true] {
        let mut store = Store::new(1, 1);
        store.policy.lazy_evict = lazy;
        store.put(0, &HKey::new(b"k"), EntryBox::new_string(b"k", b"v", None));
        store.journal.switch(true);
        let state = Arc::new(WatchState::default());
        store.watched.watch(0, b"k", &state, false);
        assert!(store.evict_one(Eviction::AllkeysLru, 5).is_some());
        let effect: &[u8] =
            if lazy { b"*2\r\n$6\r\nUNLINK\r\n$1\r\nk\r\n" } else { b"*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n" };
        assert_eq!(store.journal.take().bytes, effect);
        assert!(state.is_dirty());
    }
}

#[test]
fn a_pool_filled_under_another_policy_is_not_used() {
    let mut store = store(Eviction::AllkeysLru);
    store.evict_one(Eviction::AllkeysLru, 10).unwrap();
    store.evict_one(Eviction::VolatileTtl, 10).unwrap();
    assert_eq!(store.evict_pool.policy, Eviction::VolatileTtl);
    let keys: Vec<_> = store.evict_pool.candidates.iter().map(|c| (c.db, c.key.clone())).collect();
    assert!(keys.iter().all(|(db, k)| store.peek(*db, &HKey::new(k)).unwrap().has_expire()));
}
