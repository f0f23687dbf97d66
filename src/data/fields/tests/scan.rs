//! The guarantee of SCAN.

use std::collections::HashSet;

use super::*;

#[test]
fn scan_reports_all_that_stays_while_the_table_grows_and_shrinks() {
    let (max, seeds) = if cfg!(miri) { (60, 1) } else { (4000, 40) };
    for_each_seed(seeds, |rng| {
        // Numbers divisible by 8 stay; the others come and go between the calls.
        let base = 1 + rng.below(max);
        let mut fields = filled(base * 8);
        let mut missing: HashSet<Vec<u8>> = (0..base).map(|n| name(n * 8)).collect();
        let (mut cursor, mut growing) = (0, false);
        loop {
            let last = cursor;
            cursor = fields.scan(cursor, |entry| {
                missing.remove(entry.key());
            });
            assert!(cursor < 1 << 52 && (cursor > last || cursor == 0));
            if cursor == 0 {
                break;
            }
            if rng.below(40) == 0 {
                growing = !growing;
            }
            for _ in 0..rng.below(base / 4 + 2) {
                let number = rng.below(base) * 8 + 1 + rng.below(7);
                if growing {
                    fields.insert(entry(number, None));
                } else {
                    fields.remove(&name(number));
                }
            }
        }
        assert!(missing.is_empty(), "{} elements not reported", missing.len());
        fields.check_invariants();
    });
}

#[test]
fn scan_of_a_table_at_rest_reports_each_element_once() {
    for_each_seed(1, |_| {
        for n in (1..300).chain([1000, 3333]) {
            let fields = filled(n);
            let (mut seen, mut cursor) = (HashSet::new(), 0);
            loop {
                cursor = fields.scan(cursor, |entry| assert!(seen.insert(entry.key().to_vec())));
                if cursor == 0 {
                    break;
                }
            }
            assert_eq!(seen.len() as u64, n);
        }
    });
}

#[test]
fn scan_ends_at_once_on_an_empty_table_and_on_a_cursor_out_of_range() {
    assert_eq!(Fields::new().scan(0, |_| panic!("nothing to report")), 0);
    for cursor in [1 << 52, u64::MAX] {
        assert_eq!(filled(10).scan(cursor, |_| panic!("out of range")), 0);
    }
}

#[test]
fn copying_in_the_order_of_a_scan_crowds_no_pair() {
    for_each_seed(1, |_| {
        let n = if cfg!(miri) { 500 } else { 50_000 };
        let source = filled(n);
        let (mut copy, mut cursor, mut widest) = (Fields::new(), 0, 0);
        loop {
            cursor = source.scan(cursor, |entry| {
                copy.insert(entry.clone_with_key(entry.key()));
            });
            widest = widest.max(copy.widest_stash);
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(copy, source);
        assert!(widest < 30, "{widest} stashed in one pair");
    });
}
