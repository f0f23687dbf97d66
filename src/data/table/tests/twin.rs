//! Random commands on the table and on a `HashMap`.

use std::collections::HashMap;

use super::*;

type Twin = HashMap<Vec<u8>, (Vec<u8>, Option<i64>)>;

fn content(entry: &Entry) -> (Vec<u8>, Option<i64>) {
    let mut digits = itoa::Buffer::new();
    (entry.string_bytes(&mut digits).unwrap().to_vec(), entry.expire_ms())
}

fn value_of(rng: &mut Rng) -> Vec<u8> {
    match rng.below(20) {
        0 => vec![b'x'; 5000],
        1..8 => rng.below(1000).to_string().into_bytes(),
        n => vec![b'y'; n as usize],
    }
}

fn expire_of(rng: &mut Rng) -> Option<i64> {
    rng.below(3).checked_sub(1).map(|_| rng.below(1_000_000) as i64)
}

fn step(table: &mut Table, twin: &mut Twin, skew: Skew, space: u64, remove_percent: u64, rng: &mut Rng) {
    let name = key_of(skew, rng.below(space));
    let key = HKey::new(&name);
    let draw = rng.below(100);
    if draw < remove_percent {
        assert_eq!(table.remove(&key).map(|entry| content(&entry)), twin.remove(&name));
    } else if draw < remove_percent + 5 {
        let expire = expire_of(rng);
        let there = table.replace_with(&key, |entry| entry.with_expire(expire));
        assert_eq!(there, twin.get_mut(&name).map(|value| value.1 = expire).is_some());
    } else if draw < remove_percent + 8 {
        if let Slot::Occupied(occupied) = table.upsert(&key) {
            assert_eq!(content(&occupied.remove()), twin.remove(&name).unwrap());
        }
    } else {
        let (value, expire) = (value_of(rng), expire_of(rng));
        let old = put(table, &name, &value, expire);
        assert_eq!(old.map(|entry| content(&entry)), twin.insert(name.clone(), (value, expire)));
    }
    assert_eq!(table.find(&key).map(content), twin.get(&name).cloned());
}

fn compare(table: &Table, twin: &Twin) {
    table.check_invariants();
    assert_eq!(table.len(), twin.len());
    let mut all = HashMap::new();
    table.for_each(|entry| assert!(all.insert(entry.key().to_vec(), content(entry)).is_none()));
    assert_eq!(&all, twin);
}

#[test]
fn table_equals_its_twin_over_growing_and_shrinking() {
    let (steps, seeds) = if cfg!(miri) { (150, 1) } else { (6000, 6) };
    for_each_seed(seeds, |rng| {
        for skew in SKEWS {
            let (mut table, mut twin) = (Table::new(), Twin::new());
            for remove_percent in [10, 85, 30, 95] {
                for n in 0..steps {
                    step(&mut table, &mut twin, skew, steps, remove_percent, rng);
                    if n % (steps / 12) == 0 {
                        compare(&table, &twin);
                    }
                }
            }
            for name in twin.keys().cloned().collect::<Vec<_>>() {
                assert!(table.remove(&HKey::new(&name)).is_some());
            }
            compare(&table, &Twin::new());
            assert!(table.arena.live().is_empty());
        }
    });
}

#[test]
fn invariants_hold_after_every_step_on_a_small_table() {
    for_each_seed(3, |rng| {
        for skew in SKEWS {
            let (mut table, mut twin) = (Table::new(), Twin::new());
            let steps = if cfg!(miri) { 40 } else { 600 };
            for n in 0..steps {
                let remove_percent = if n / 300 % 2 == 0 { 10 } else { 80 };
                step(&mut table, &mut twin, skew, 400, remove_percent, rng);
                table.check_invariants();
            }
            compare(&table, &twin);
        }
    });
}

#[test]
fn a_slot_lists_counts_and_clears_its_own_keys_only() {
    for_each_seed(2, |rng| {
        for skew in SKEWS {
            let mut table = filled(skew, 3000);
            let mut twin: HashMap<u16, Vec<Vec<u8>>> = HashMap::new();
            for n in 0..3000 {
                let key = key_of(skew, n);
                twin.entry(HKey::new(&key).slot).or_default().push(key);
            }
            let mut slots: Vec<u16> = twin.keys().copied().collect();
            slots.sort_unstable();
            for &slot in &slots {
                let mut listed = Vec::new();
                table.for_each_in_slot(slot, |entry| listed.push(entry.key().to_vec()));
                listed.sort();
                let mut expected = twin[&slot].clone();
                expected.sort();
                assert_eq!(listed, expected);
                assert_eq!(table.slot_len(slot), expected.len());
            }
            let mut left = 3000;
            for &slot in slots.iter().step_by(3) {
                let (step, mut cleared) = (1 + rng.below(200) as usize, 0);
                while {
                    let before = cleared;
                    let more = table.clear_slot(slot, step, |entry| {
                        assert_eq!(HKey::new(entry.key()).slot, slot);
                        cleared += 1;
                    });
                    assert!(cleared - before <= step);
                    more
                } {}
                assert_eq!(cleared, twin[&slot].len());
                left -= cleared;
                assert_eq!(table.len(), left);
                if slot % 16 == 0 {
                    table.check_invariants();
                }
            }
            table.check_invariants();
        }
    });
}

#[test]
fn a_table_that_shrank_gives_its_memory_back() {
    fix_hash_seed(42);
    let (n, keep) = if cfg!(miri) { (800, 20) } else { (60_000, 100) };
    for skew in SKEWS {
        let mut table = filled(skew, n);
        let full = table.arena.live().len();
        for i in keep..n {
            table.remove(&HKey::new(&key_of(skew, i))).unwrap();
        }
        table.check_invariants();
        let left = table.arena.live().len();
        assert!(left <= 12, "{left} segments of {full} for {keep} keys, {skew:?}");
        for i in 0..keep {
            table.remove(&HKey::new(&key_of(skew, i))).unwrap();
        }
        assert!(table.arena.live().is_empty() && table.tree.lookup(0).depth() == 0);
    }
}

#[test]
fn an_empty_table_is_small_and_take_leaves_one() {
    assert!(size_of::<Table>() <= 256);
    assert_eq!(Table::new().mem_overhead(), size_of::<Table>());
    let mut table = filled(Skew::Uniform, 1000);
    let taken = table.take();
    let dropped = std::thread::spawn(move || taken.len()).join().unwrap();
    assert_eq!((dropped, table.len(), table.next_due()), (1000, 0, None));
    table.check_invariants();
}

#[test]
fn structure_costs_at_most_22_bytes_per_key_at_any_size() {
    if cfg!(miri) {
        return;
    }
    fix_hash_seed(42);
    let mut table = Table::new();
    let mut worst = 0.0f64;
    for n in 1..=400_000u64 {
        put(&mut table, &key_of(Skew::Uniform, n), b"v", None);
        if n >= 100_000 && n.is_multiple_of(20_000) {
            worst = worst.max(table.mem_overhead() as f64 / n as f64);
        }
    }
    assert!(worst < 22.0, "{worst}");
}
