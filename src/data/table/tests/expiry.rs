//! Sweeps against a sorted list.

use std::collections::BTreeSet;

use super::*;

#[test]
fn sweep_removes_exactly_what_is_due() {
    let (n, seeds) = if cfg!(miri) { (100, 1) } else { (4000, 5) };
    for_each_seed(seeds, |rng| {
        for skew in SKEWS {
            let (mut table, mut twin) = (Table::new(), BTreeSet::new());
            for i in 0..n {
                let key = key_of(skew, i);
                let expire = (rng.below(3) > 0).then(|| rng.below(10_000) as i64);
                put(&mut table, &key, b"v", expire);
                twin.extend(expire.map(|ms| (ms, key)));
            }
            let mut now = 0;
            while !twin.is_empty() {
                now += 1 + rng.below(1500) as i64;
                assert!(table.next_due().unwrap() <= twin.first().unwrap().0);
                loop {
                    let sweep = table.sweep_due(now, 1 + rng.below(1000) as usize, |entry| {
                        let ms = entry.expire_ms().unwrap();
                        assert!(ms < now && twin.remove(&(ms, entry.key().to_vec())));
                    });
                    table.check_invariants();
                    if !sweep.more {
                        break;
                    }
                }
                assert!(twin.first().is_none_or(|first| first.0 >= now));
                assert_eq!(table.expires_len(), twin.len());
                // After a full sweep the bound is exact.
                assert_eq!(table.next_due(), twin.first().map(|first| first.0));
            }
        }
    });
}

#[test]
fn keys_that_are_not_due_cost_a_sweep_nothing() {
    fix_hash_seed(42);
    let mut table = filled(Skew::Uniform, 1000);
    put(&mut table, b"soon", b"v", Some(50));
    put(&mut table, b"late", b"v", Some(5000));
    assert_eq!(table.sweep_due(50, 100, |_| panic!("due only past its time")), Sweep::default());
    let sweep = table.sweep_due(51, 1000, |entry| assert_eq!(entry.key(), b"soon"));
    assert_eq!(sweep.removed, 1);
    assert!(sweep.examined < 100, "{sweep:?}");
    assert_eq!(table.next_due(), Some(5000));
    assert!(table.replace_with(&HKey::new(b"late"), |entry| entry.with_expire(None)));
    assert_eq!((table.next_due(), table.expires_len()), (None, 0));
}
