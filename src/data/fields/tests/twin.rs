//! Random operations against a `HashMap`.

use std::collections::HashMap;

use super::*;
use crate::data::entry::ValueRef;

type Twin = HashMap<Vec<u8>, (i64, Option<i64>)>;

fn same(fields: &Fields, twin: &Twin) {
    assert_eq!(fields.len(), twin.len());
    for entry in fields {
        let (number, expire) = twin[entry.key()];
        assert_eq!(entry.value(), ValueRef::Int(number));
        assert_eq!(entry.expire_ms(), expire);
    }
}

fn expire_of(rng: &mut Rng) -> Option<i64> {
    rng.below(3).eq(&0).then(|| rng.below(10_000) as i64)
}

/// One random change or lookup of one element, on both sides.
fn step(fields: &mut Fields, twin: &mut Twin, rng: &mut Rng, names: u64, growing: bool) {
    let key = name(rng.below(names));
    let (number, expire) = (rng.next() as i64, expire_of(rng));
    let new = || EntryBox::new_int(&key, number, expire);
    match rng.below(10) {
        0 => assert_eq!(fields.find(&key).and_then(Entry::int_value), twin.get(&key).map(|it| it.0)),
        1 => {
            let found = fields.replace_with(&key, |entry| entry.with_expire(expire));
            assert_eq!(found, twin.get_mut(&key).map(|it| it.1 = expire).is_some());
        }
        2 => {
            if let Some(entry) = fields.find_mut(&key) {
                assert!(entry.set_int(number));
                twin.get_mut(&key).unwrap().0 = number;
            }
        }
        3 => match fields.upsert(&key) {
            Slot::Occupied(mut occupied) => {
                assert_eq!(occupied.get().expire_ms(), twin[&key].1);
                if number % 2 == 0 {
                    occupied.replace(new());
                    twin.insert(key.clone(), (number, expire));
                } else {
                    assert_eq!(occupied.remove().int_value(), Some(twin.remove(&key).unwrap().0));
                }
            }
            Slot::Vacant(vacant) => {
                assert_eq!(vacant.insert(new()).key(), &*key);
                assert_eq!(twin.insert(key.clone(), (number, expire)), None);
            }
        },
        4..=8 if growing => {
            let old = fields.insert(new());
            assert_eq!(
                old.and_then(|entry| entry.int_value()),
                twin.insert(key, (number, expire)).map(|it| it.0)
            );
        }
        _ => {
            let old = fields.remove(&key);
            assert_eq!(old.and_then(|entry| entry.int_value()), twin.remove(&key).map(|it| it.0));
        }
    }
}

#[test]
fn random_operations_agree_with_a_hash_map() {
    let (rounds, steps, seeds) = if cfg!(miri) { (3, 150, 1) } else { (12, 4000, 12) };
    for_each_seed(seeds, |rng| {
        let (mut fields, mut twin) = (Fields::new(), Twin::new());
        let names = 1 << (3 + rng.below(12));
        for round in 0..rounds {
            for _ in 0..steps {
                step(&mut fields, &mut twin, rng, names, round % 3 != 2);
            }
            fields.check_invariants();
            same(&fields, &twin);
            sweep(&mut fields, &mut twin, rng);
            let copy = fields.clone();
            copy.check_invariants();
            assert_eq!(copy, fields);
            for key in twin.keys() {
                assert!(copy.contains(key));
            }
        }
        for entry in fields.drain() {
            assert!(twin.remove(entry.key()).is_some());
        }
        assert!(twin.is_empty() && fields.is_empty());
    });
}

fn sweep(fields: &mut Fields, twin: &mut Twin, rng: &mut Rng) {
    let expires = twin.values().filter(|it| it.1.is_some()).count();
    assert_eq!(fields.expires_len(), expires);
    let first = twin.values().filter_map(|it| it.1).min();
    assert!(fields.next_due() <= first || first.is_none());
    assert_eq!(fields.next_due().is_some(), expires > 0);
    let now = rng.below(10_000) as i64;
    let before = fields.len();
    let swept = fields.sweep_due(now, usize::MAX, |entry| {
        assert!(entry.expire_ms().unwrap() < now);
        assert!(twin.remove(entry.key()).is_some());
    });
    assert!(!swept.more);
    assert_eq!(swept.removed, before - fields.len());
    assert!(twin.values().all(|it| it.1.is_none_or(|ms| ms >= now)));
    assert!(fields.next_due().is_none_or(|bound| bound >= now));
    fields.check_invariants();
    same(fields, twin);
}

#[test]
fn a_sweep_stops_when_its_work_is_done_and_says_so() {
    for_each_seed(1, |_| {
        let n = if cfg!(miri) { 600 } else { 20_000 };
        let mut fields: Fields = (0..n).map(|i| entry(i, Some(i as i64))).collect();
        let swept = fields.sweep_due(i64::MAX, 100, drop);
        assert!(swept.more && swept.removed < 700, "{swept:?}");
        fields.check_invariants();
        while fields.sweep_due(i64::MAX, 100, drop).more {}
        assert!(fields.is_empty() && fields.next_due().is_none());
        fields.check_invariants();
    });
}

#[test]
fn a_batch_finds_what_single_lookups_find() {
    for_each_seed(1, |_| {
        // A small table and one that is large enough to be prefetched.
        for n in [500, if cfg!(miri) { 500 } else { 20_000 }] {
            let fields = filled(n);
            let names: Vec<Vec<u8>> = (0..100).map(|i| name(n / 50 * i)).collect();
            let keys: Vec<FieldKey> = names.iter().map(|name| FieldKey::new(name)).collect();
            let mut next = 0;
            fields.find_batch(&keys, |at, found| {
                assert_eq!(at, next);
                next += 1;
                assert_eq!(found.map(Entry::key), (at < 50).then_some(&*names[at]));
            });
            assert_eq!(next, 100);
        }
        let keys = [FieldKey::new(b"a"), FieldKey::new(b"")];
        Fields::new().find_batch(&keys, |_, found| assert!(found.is_none()));
    });
}

#[test]
fn blocks_stay_where_they_are_while_the_table_grows_and_shrinks() {
    for_each_seed(1, |_| {
        let mut fields = filled(10);
        let address = |fields: &Fields, n| std::ptr::from_ref(fields.find(&name(n)).unwrap()).cast::<u8>();
        let before: Vec<_> = (0..10).map(|n| address(&fields, n)).collect();
        fields.extend((10..2000).map(|n| entry(n, None)));
        assert!((0..10).all(|n| address(&fields, n as u64) == before[n]));
        (10..2000).for_each(|n| drop(fields.remove(&name(n))));
        assert!((0..10).all(|n| address(&fields, n as u64) == before[n]));
    });
}
