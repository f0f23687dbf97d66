//! The guarantee of SCAN.

use std::collections::HashSet;

use super::*;

#[test]
fn scan_reports_all_that_stays_while_the_table_grows_and_shrinks() {
    let (base, seeds) = if cfg!(miri) { (60, 1) } else { (2500, 12) };
    for_each_seed(seeds, |rng| {
        for skew in SKEWS {
            // Numbers divisible by 8 stay; the others come and go between the calls.
            let mut table = filled(skew, base * 8);
            let mut missing: HashSet<Vec<u8>> = (0..base).map(|n| key_of(skew, n * 8)).collect();
            let (mut cursor, mut growing) = (0, false);
            loop {
                let count = 1 + rng.below(40) as usize;
                cursor = table.scan(cursor, count, |entry| {
                    missing.remove(entry.key());
                });
                assert!(cursor < 1 << 52);
                if cursor == 0 {
                    break;
                }
                if rng.below(20) == 0 {
                    growing = !growing;
                }
                for _ in 0..rng.below(400) {
                    let name = key_of(skew, rng.below(base) * 8 + 1 + rng.below(7));
                    if growing {
                        put(&mut table, &name, b"again", None);
                    } else {
                        table.remove(&HKey::new(&name));
                    }
                }
            }
            assert!(missing.is_empty(), "{} keys not reported, {skew:?}", missing.len());
            table.check_invariants();
        }
    });
}

#[test]
fn scan_of_ranges_reports_each_key_once_and_only_within() {
    for_each_seed(4, |rng| {
        for skew in SKEWS {
            let n = if cfg!(miri) { 100 } else { 3000 };
            let table = filled(skew, n);
            let cut = rng.below(16383) as u16;
            let mut seen = HashSet::new();
            for range in [0..=cut, cut + 1..=16383] {
                let mut cursor = 0;
                loop {
                    cursor = table.scan_range(range.clone(), cursor, 10, |entry| {
                        assert!(range.contains(&HKey::new(entry.key()).slot));
                        assert!(seen.insert(entry.key().to_vec()));
                    });
                    if cursor == 0 {
                        break;
                    }
                }
            }
            assert_eq!(seen.len() as u64, n);
        }
    });
}

#[test]
fn scan_ends_at_once_on_an_empty_table_and_on_a_cursor_out_of_range() {
    let table = Table::new();
    assert_eq!(table.scan(0, 10, |_| panic!("nothing to report")), 0);
    let table = filled(Skew::Uniform, 10);
    assert_eq!(table.scan(1 << 52, 10, |_| panic!("out of range")), 0);
    assert_eq!(table.scan(u64::MAX, 10, |_| panic!("out of range")), 0);
}
