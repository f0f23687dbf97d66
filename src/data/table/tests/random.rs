//! Draws by chance.

use std::collections::HashMap;

use super::*;

#[test]
fn every_key_is_drawn_about_as_often() {
    if cfg!(miri) {
        return;
    }
    for_each_seed(2, |rng| {
        for skew in SKEWS {
            let table = filled(skew, 1000);
            let mut drawn: HashMap<Vec<u8>, u32> = HashMap::new();
            table.sample(100_000, false, &mut || rng.next(), |entry| {
                *drawn.entry(entry.key().to_vec()).or_default() += 1;
            });
            assert_eq!(drawn.len(), 1000, "{skew:?}");
            let (least, most) = (drawn.values().min().unwrap(), drawn.values().max().unwrap());
            assert!(*least > 50 && *most < 200, "{least} to {most}, {skew:?}");
        }
    });
}

#[test]
fn few_expiring_keys_among_many_are_found() {
    for_each_seed(2, |rng| {
        let mut table = filled(Skew::Uniform, if cfg!(miri) { 100 } else { 20_000 });
        assert!(table.random_expiring(&mut || rng.next()).is_none());
        for n in 0..5 {
            put(&mut table, &key_of(Skew::Uniform, n), b"v", Some(7));
        }
        let mut drawn: HashMap<Vec<u8>, u32> = HashMap::new();
        table.sample(500, true, &mut || rng.next(), |entry| {
            assert_eq!(entry.expire_ms(), Some(7));
            *drawn.entry(entry.key().to_vec()).or_default() += 1;
        });
        assert_eq!(drawn.values().sum::<u32>(), 500);
        assert!(cfg!(miri) || drawn.len() == 5);
        assert!(Table::new().random(&mut || rng.next()).is_none());
    });
}

#[test]
fn a_single_key_is_drawn_too() {
    let table = filled(Skew::Uniform, 1);
    assert_eq!(table.random(&mut || u64::MAX).unwrap().key(), b"key:0");
    assert_eq!(table.random(&mut || 0).unwrap().key(), b"key:0");
}
