//! Tests of the table of one collection against a naive twin. Every random test prints its seed; `SHOAL_SEED` adds
//! one more.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]

mod chance;
mod invariants;
mod memory;
mod scan;
mod twin;

use super::*;
use crate::data::table::fix_hash_seed;

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

fn name(n: u64) -> Vec<u8> {
    format!("field:{n}").into_bytes()
}

fn entry(n: u64, expire: Option<i64>) -> EntryBox {
    EntryBox::new_string(&name(n), b"some value", expire)
}

fn filled(n: u64) -> Fields {
    (0..n).map(|i| entry(i, None)).collect()
}
