//! Tests of the table against a naive twin. Every random test prints its seed; `SHOAL_SEED` adds one more.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]

mod expiry;
mod invariants;
mod random;
mod scan;
mod twin;

use super::*;

/// Seeds to run a property test with; each is printed, so that a failure's output names it.
fn for_each_seed(count: u64, mut test: impl FnMut(&mut Rng)) {
    fix_hash_seed(42);
    let extra = std::env::var("SHOAL_SEED").ok().and_then(|text| text.parse().ok());
    for seed in (1..=count).chain(extra) {
        println!("seed {seed}");
        test(&mut Rng(seed));
    }
}

/// SplitMix64.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// How the keys of a test spread over the slots.
#[derive(Clone, Copy, Debug)]
enum Skew {
    Uniform,
    OneSlot,
    FewSlots,
    Mixed,
}

const SKEWS: [Skew; 4] = [Skew::Uniform, Skew::OneSlot, Skew::FewSlots, Skew::Mixed];

fn key_of(skew: Skew, n: u64) -> Vec<u8> {
    match skew {
        Skew::Uniform => format!("key:{n}"),
        Skew::OneSlot => format!("{{tag}}:{n}"),
        Skew::FewSlots => format!("{{tag{}}}:{n}", n % 5),
        Skew::Mixed if n.is_multiple_of(2) => format!("{{tag}}:{n}"),
        Skew::Mixed => format!("key:{n}"),
    }
    .into_bytes()
}

fn put(table: &mut Table, key: &[u8], value: &[u8], expire: Option<i64>) -> Option<EntryBox> {
    table.insert(&HKey::new(key), EntryBox::new_string(key, value, expire))
}

fn filled(skew: Skew, n: u64) -> Table {
    let mut table = Table::new();
    for i in 0..n {
        put(&mut table, &key_of(skew, i), b"value of some length", None);
    }
    table
}
