//! What growth costs: entries moved and time per insert, bytes per key.
//!
//! `cargo test --release --test table_growth -- --ignored --nocapture growth_50m` measures 50 million keys (6 GB);
//! `SHOAL_GROWTH_KEYS` sets another number.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test")]

use std::time::{Duration, Instant};

use shoal::data::entry::EntryBox;
use shoal::data::table::{HKey, Table};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const VALUE: [u8; 64] = [b'v'; 64];
/// Two splits of a segment with a full stash.
const MOVED_MAX: u64 = 2 * (448 + 32);

fn key(n: u64) -> Vec<u8> {
    format!("key:{n:012}").into_bytes()
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn an_insert_moves_a_bounded_number_of_entries_at_any_size() {
    let mut table = Table::new();
    let mut worst = 0;
    for n in 0..200_000 {
        let before = table.moved_entries();
        let key = key(n);
        table.insert(&HKey::new(&key), EntryBox::new_string(&key, b"v", None));
        worst = worst.max(table.moved_entries() - before);
    }
    assert!(worst > 0 && worst <= MOVED_MAX, "{worst} entries moved by one insert");
    for n in 0..200_000 {
        let before = table.moved_entries();
        table.remove(&HKey::new(&key(n))).unwrap();
        worst = worst.max(table.moved_entries() - before);
    }
    assert!(worst <= 46 * 224, "{worst} entries moved by one removal");
}

#[test]
#[ignore = "needs 6 GB and a release build"]
fn growth_50m() {
    let keys: u64 = std::env::var("SHOAL_GROWTH_KEYS").map_or(50_000_000, |text| text.parse().unwrap());
    let start_bytes = resident_bytes();
    let (mut table, mut worst, mut over_1ms) = (Table::new(), Duration::ZERO, 0u32);
    let (mut worst_moved, mut worst_split) = (0, Duration::ZERO);
    let begin = Instant::now();
    for n in 0..keys {
        let key = key(n);
        let (moved, start) = (table.moved_entries(), Instant::now());
        table.insert(&HKey::new(&key), EntryBox::new_string(&key, &VALUE, None));
        let took = start.elapsed();
        let moved = table.moved_entries() - moved;
        worst = worst.max(took);
        worst_moved = worst_moved.max(moved);
        over_1ms += u32::from(took > Duration::from_millis(1));
        if moved > 0 {
            worst_split = worst_split.max(took);
        }
    }
    let total = begin.elapsed();
    let bytes = resident_bytes() - start_bytes;
    println!(
        "keys {keys}: max stall {} us (splitting {} us, {over_1ms} over 1 ms), moved at most {worst_moved}, \
         {:.1} bytes per key resident, {:.1} of them structure, {} ns per insert",
        worst.as_micros(),
        worst_split.as_micros(),
        bytes as f64 / keys as f64,
        table.mem_overhead() as f64 / keys as f64,
        total.as_nanos() / u128::from(keys),
    );
    assert!(worst_moved <= MOVED_MAX);
}
