//! What it costs one shard to wake another: a message from ring to ring against a write to an event descriptor, and
//! what spinning before the sleep is worth.
//!
//! `cargo bench --bench wake`. Two threads with a `Uring` each pass a token to and fro. The receiver either sleeps in the
//! kernel at once or first looks at the token for a while without sleeping; CPU time is that of the whole process.
#![allow(missing_docs, clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a bench")]

use shoal::base::sys::affinity;
use shoal::io::uring::{Uring, WakeBy};
use shoal::io::wake::Wakes;
use shoal::io::{Driver, Wait};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

const ROUNDS: u64 = 20_000;

/// How often each side has been given the token.
#[derive(Default)]
struct Token {
    given: [AtomicU64; 2],
}

/// Waits until the token has come `turn` times.
fn await_token(driver: &mut Uring, wakes: &Wakes, token: &Token, me: usize, turn: u64, spin: Duration) {
    let came = || token.given[me].load(Ordering::Acquire) >= turn;
    let mut events = Vec::new();
    let start = Instant::now();
    while !came() {
        if start.elapsed() < spin {
            std::hint::spin_loop();
            continue;
        }
        wakes.announce_sleep(me);
        let wait = if came() { Wait::Never } else { Wait::AtMost(Duration::from_millis(100)) };
        driver.turn(wait, &mut events).unwrap();
        wakes.awake(me);
    }
}

fn pass_token(driver: &mut Uring, token: &Token, to: usize) {
    token.given[to].fetch_add(1, Ordering::Release);
    driver.wake(to);
    // A ring message leaves with the next turn, as in the shard's loop.
    driver.turn(Wait::Never, &mut Vec::new()).unwrap();
}

static CPUS: OnceLock<Vec<usize>> = OnceLock::new();

/// Pins this thread to the `nth` CPU, as shards are, if there is one; on one CPU a spinning thread keeps the other off.
fn pin(nth: usize) {
    // Asked once: a pinned thread may use only its own.
    let cpus = CPUS.get_or_init(|| affinity::allowed_cpus().unwrap());
    if let Some(&cpu) = cpus.get(nth) {
        affinity::pin_to(cpu).unwrap();
    }
}

/// CPU time of the process so far: user and system.
fn cpu() -> Duration {
    // SAFETY: getrusage fills the struct that it is given.
    let usage = unsafe {
        let mut usage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1_000);
    time(usage.ru_utime) + time(usage.ru_stime)
}

/// Sorted round trips, and the CPU time of one.
fn run(wake_by: WakeBy, spin: Duration, rounds: u64) -> (Vec<Duration>, Duration) {
    let wakes = Arc::new(Wakes::new(2).unwrap());
    let token = Arc::new(Token::default());
    let ready = Arc::new(std::sync::Barrier::new(2));
    let (before, mut trips) = (cpu(), Vec::with_capacity(rounds as usize));
    std::thread::scope(|scope| {
        let (w, t, r) = (wakes.clone(), token.clone(), ready.clone());
        scope.spawn(move || {
            pin(1);
            let mut driver = Uring::new(1, w.clone(), wake_by).unwrap();
            r.wait();
            for turn in 1..=rounds {
                await_token(&mut driver, &w, &t, 1, turn, spin);
                pass_token(&mut driver, &t, 0);
            }
        });
        pin(0);
        let mut driver = Uring::new(0, wakes.clone(), wake_by).unwrap();
        ready.wait();
        for turn in 1..=rounds {
            let start = Instant::now();
            pass_token(&mut driver, &token, 1);
            await_token(&mut driver, &wakes, &token, 0, turn, spin);
            trips.push(start.elapsed());
        }
    });
    let used = cpu().saturating_sub(before) / rounds as u32;
    trips.sort_unstable();
    (trips, used)
}

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    if !std::env::args().any(|arg| arg == "--bench") {
        run(WakeBy::RingMessage, Duration::ZERO, 10);
        return;
    }
    pin(0);
    println!("| wake by | spin before sleep | round trip p50 | p99 | CPU per round trip |");
    println!("|---|---|---|---|---|");
    for spin_us in [0, 5, 20, 50] {
        for wake_by in [WakeBy::RingMessage, WakeBy::EventFd] {
            let (trips, used) = run(wake_by, Duration::from_micros(spin_us), ROUNDS);
            let at = |percent: usize| trips[(trips.len() - 1) * percent / 100].as_nanos() as f64 / 1_000.0;
            println!(
                "| {wake_by:?} | {spin_us} µs | {:.1} µs | {:.1} µs | {:.1} µs |",
                at(50),
                at(99),
                used.as_nanos() as f64 / 1_000.0
            );
        }
    }
}
