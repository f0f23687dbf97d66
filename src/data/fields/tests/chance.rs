//! Evenness of random draws.

use std::collections::HashMap;

use super::*;

/// Chi-square of `draws` draws over all elements; about `len` with a deviation of `sqrt(2 len)` if all are alike.
fn chi_square(fields: &Fields, rng: &mut Rng, draws: u64) -> f64 {
    let mut counts: HashMap<Vec<u8>, u64> = fields.iter().map(|entry| (entry.key().to_vec(), 0)).collect();
    for _ in 0..draws {
        *counts.get_mut(fields.random(&mut || rng.next()).unwrap().key()).unwrap() += 1;
    }
    let expected = draws as f64 / counts.len() as f64;
    counts.values().map(|&count| (count as f64 - expected).powi(2) / expected).sum()
}

#[test]
#[cfg_attr(miri, ignore = "too slow")]
fn every_element_is_drawn_with_the_same_chance() {
    for_each_seed(3, |rng| {
        // Between two doublings, where full pairs stand beside half empty ones, and after many removals.
        for n in [1, 2, 9, 50, 190, 767, 3000] {
            let mut fields = filled(n);
            for _ in 0..2 {
                let len = fields.len() as f64;
                let limit = len + 5.0 * (2.0 * len).sqrt();
                let value = chi_square(&fields, rng, 100 * fields.len() as u64);
                assert!(value < limit, "{value} for {len} elements");
                (0..n / 3).for_each(|i| drop(fields.remove(&name(i * 3 + 1))));
            }
        }
    });
}

#[test]
#[cfg_attr(miri, ignore = "too slow")]
fn a_table_with_far_too_much_capacity_draws_evenly_too() {
    for_each_seed(1, |rng| {
        let mut fields = Fields::with_capacity(100_000);
        fields.extend((0..5).map(|n| entry(n, None)));
        assert!(chi_square(&fields, rng, 1000) < 5.0 + 5.0 * 10f64.sqrt());
        assert!(Fields::new().random(&mut || rng.next()).is_none());
    });
}
