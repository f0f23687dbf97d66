//! What the structure costs.

use super::*;

fn per_element(fields: &Fields) -> f64 {
    fields.mem_overhead() as f64 / fields.len() as f64
}

#[test]
#[cfg_attr(miri, ignore = "too slow")]
fn the_structure_costs_less_than_that_of_a_dict_while_growing_and_shrinking() {
    for_each_seed(1, |_| {
        // Redis: 24 bytes of dictEntry and 8 to 16 of bucket per element (dict.c).
        let mut fields = Fields::new();
        let (mut sum, mut steps) = (0.0, 0);
        let weighed = |n: u64| n.is_multiple_of(if n < 5000 { 7 } else { 1009 });
        for n in 1..=1_000_000 {
            fields.insert(entry(n, None));
            if [1, 10, 100, 1_000_000].contains(&n) {
                println!("{} bytes per element of {n}", per_element(&fields));
            }
            if n >= 130 && weighed(n) {
                (sum, steps) = (sum + per_element(&fields), steps + 1);
                assert!(per_element(&fields) < 24.0, "{} at {n}", per_element(&fields));
            }
        }
        println!("{} bytes per element on average", sum / f64::from(steps));
        for n in (1..=1_000_000).rev() {
            assert!(n < 130 || !weighed(n) || per_element(&fields) < 30.0, "{} at {n}", per_element(&fields));
            fields.remove(&name(n));
        }
        assert_eq!(fields.mem_overhead(), size_of::<Fields>());
    });
}

#[test]
fn a_small_table_is_small() {
    for_each_seed(1, |_| {
        for n in 1..130 {
            let bytes = filled(n).mem_overhead() as u64;
            assert!(bytes <= 136 + 128 + 24 * n, "{bytes} bytes of structure for {n}");
        }
    });
}

#[test]
fn the_weight_from_samples_is_near_the_exact_one() {
    for_each_seed(1, |_| {
        let fields = filled(3000);
        let exact = fields.mem_bytes_sampled(0);
        assert_eq!(exact, fields.mem_overhead() + fields.iter().map(Entry::mem_bytes).sum::<usize>());
        assert!(fields.mem_bytes().abs_diff(exact) < exact / 10);
        assert_eq!(Fields::new().mem_bytes(), size_of::<Fields>());
    });
}

#[test]
fn a_table_with_capacity_takes_that_many_without_growing() {
    for_each_seed(1, |_| {
        let mut fields = Fields::with_capacity(1000);
        let before = fields.mem_overhead();
        fields.extend((0..1000).map(|n| entry(n, None)));
        assert!(fields.mem_overhead() - before < 1000, "only stashes may have come");
        fields.check_invariants();
    });
}
