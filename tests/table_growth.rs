//! What growth costs: entries moved and time per insert, bytes per key.
//!
//! `cargo test --release --test table_growth -- --ignored --nocapture growth_50m` measures 50 million keys (6 GB);
//! `SHOAL_GROWTH_KEYS` sets another number.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test")]

use std::time::{Duration, Instant};

use shoal::data::entry::EntryBox;
use shoal::data::table::{HKey, Table};

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

/// CPU time of this thread: unlike the clock on the wall it does not count what the machine gives to others.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call only writes to `time`.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
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
    // As the server does at its start (`disable-thp`).
    shoal::base::sys::process::disable_huge_pages().unwrap();
    let start_bytes = resident_bytes();
    let (mut table, mut worst, mut over_1ms) = (Table::new(), Duration::ZERO, 0u32);
    let (mut worst_moved, mut worst_cpu) = (0, Duration::ZERO);
    let mut splits = Vec::new();
    let begin = cpu_time();
    for n in 0..keys {
        let key = key(n);
        let (moved, start, start_cpu) = (table.moved_entries(), Instant::now(), cpu_time());
        table.insert(&HKey::new(&key), EntryBox::new_string(&key, &VALUE, None));
        let (took, took_cpu) = (start.elapsed(), cpu_time() - start_cpu);
        let moved = table.moved_entries() - moved;
        worst = worst.max(took);
        worst_moved = worst_moved.max(moved);
        over_1ms += u32::from(took > Duration::from_millis(1));
        if moved > 0 {
            splits.push(took_cpu);
        } else {
            worst_cpu = took_cpu.max(worst_cpu);
        }
    }
    let total = cpu_time() - begin;
    splits.sort_unstable();
    let split_us = |percent: usize| splits[(splits.len() - 1) * percent / 100].as_micros();
    let bytes = resident_bytes() - start_bytes;
    println!(
        "keys {keys}: max stall {} us ({over_1ms} over 1 ms; of CPU {} us without a split, \
         with one {} us median, {} us p99, {} us max), moved at most {worst_moved}, \
         {:.1} bytes per key resident, {:.1} of them structure, {} ns of CPU per insert with its timing",
        worst.as_micros(),
        worst_cpu.as_micros(),
        split_us(50),
        split_us(99),
        split_us(100),
        bytes as f64 / keys as f64,
        table.mem_overhead() as f64 / keys as f64,
        total.as_nanos() / u128::from(keys),
    );
    assert!(worst_moved <= MOVED_MAX);
}
