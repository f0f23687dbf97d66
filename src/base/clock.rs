//! Raw reads of the machine's clocks. Any thread may call them; they hold no state.
//!
//! Execution never calls these: the driver reads the clock once per loop turn and hands the time to the shard, so
//! that a simulated run can hand it a simulated one.

use libc::{CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_REALTIME_COARSE, clockid_t};

use super::sys::time::clock_gettime_ns;

/// Nanoseconds in a microsecond.
pub const NS_PER_US: u64 = 1_000;
/// Nanoseconds in a millisecond.
pub const NS_PER_MS: u64 = 1_000_000;

/// Unix time in nanoseconds; a clock set before 1970 reads as 0.
fn unix_ns(clock: clockid_t) -> u64 {
    clock_gettime_ns(clock)
}

/// Unix time in milliseconds.
pub fn now_ms() -> i64 {
    i64::try_from(unix_ns(CLOCK_REALTIME) / NS_PER_MS).unwrap_or(i64::MAX)
}

/// Unix time in microseconds.
pub fn now_us() -> i64 {
    i64::try_from(unix_ns(CLOCK_REALTIME) / NS_PER_US).unwrap_or(i64::MAX)
}

/// Unix time in milliseconds as of the last timer tick: up to 4 ms old (CONFIG_HZ=250), and a third of the price.
/// For what tolerates that, such as the idle time of a client.
pub fn now_ms_coarse() -> i64 {
    i64::try_from(unix_ns(CLOCK_REALTIME_COARSE) / NS_PER_MS).unwrap_or(i64::MAX)
}

/// Nanoseconds since an arbitrary start; never goes back. For durations.
pub fn mono_ns() -> u64 {
    unix_ns(CLOCK_MONOTONIC)
}

/// A reading of the cheapest steady counter: the time-stamp counter where the kernel itself keeps time by it, else
/// nanoseconds. Only differences mean something, and only after [`ticks_to_ns`].
#[inline]
pub fn ticks() -> u64 {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if rate().counter {
        // SAFETY: every x86-64 processor has the instruction, and the kernel lets user space use it.
        return unsafe { std::arch::x86_64::_rdtsc() };
    }
    mono_ns()
}

/// Nanoseconds of a difference of two [`ticks`] readings.
#[inline]
pub fn ticks_to_ns(ticks: u64) -> u64 {
    let ns = (u128::from(ticks) * u128::from(rate().ns_per_tick_q32)) >> 32;
    u64::try_from(ns).unwrap_or(u64::MAX)
}

/// How ticks become nanoseconds.
#[derive(Clone, Copy)]
struct Rate {
    counter: bool,
    /// Nanoseconds of a tick, times 2^32.
    ns_per_tick_q32: u64,
}

#[inline]
fn rate() -> Rate {
    static RATE: std::sync::OnceLock<Rate> = std::sync::OnceLock::new();
    *RATE.get_or_init(measure_rate)
}

/// Both clocks at one moment: of a few tries the one in which nothing came between them.
#[cfg(all(target_arch = "x86_64", not(miri)))]
fn paired() -> (u64, u64) {
    let mut best = (u64::MAX, 0, 0);
    for _ in 0..16 {
        // SAFETY: as in `ticks`.
        let before = unsafe { std::arch::x86_64::_rdtsc() };
        let ns = mono_ns();
        // SAFETY: as in `ticks`.
        let after = unsafe { std::arch::x86_64::_rdtsc() };
        let width = after.wrapping_sub(before);
        if width < best.0 {
            best = (width, before.wrapping_add(width / 2), ns);
        }
    }
    (best.1, best.2)
}

/// Compares the counter with the monotonic clock for two milliseconds, once per process. The counter is trusted where
/// the kernel trusts it as its clock source: constant, not stopping, the same on all processors.
#[cold]
fn measure_rate() -> Rate {
    let nanoseconds = Rate { counter: false, ns_per_tick_q32: 1 << 32 };
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let line = flags.lines().find(|l| l.starts_with("flags")).unwrap_or_default();
        if !["constant_tsc", "nonstop_tsc"].iter().all(|flag| line.contains(flag)) {
            return nanoseconds;
        }
        let (t0, ns0) = paired();
        let (mut t1, mut ns1) = (t0, ns0);
        while ns1.saturating_sub(ns0) < 2 * NS_PER_MS {
            (t1, ns1) = paired();
        }
        let ticks = u128::from(t1.saturating_sub(t0).max(1));
        let scaled = (u128::from(ns1 - ns0) << 32) / ticks;
        u64::try_from(scaled).map_or(nanoseconds, |q| Rate { counter: true, ns_per_tick_q32: q })
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    nanoseconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unix_clocks_agree_with_std() {
        let std_ms = i64::try_from(
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map(|d| d.as_millis())
                .unwrap_or(0),
        )
        .unwrap_or(0);
        assert!((now_ms() - std_ms).abs() < 1_000);
        assert!((now_us() / 1_000 - std_ms).abs() < 1_000);
        assert!((now_ms_coarse() - std_ms).abs() < 1_000);
    }

    #[test]
    fn ticks_measure_what_the_monotonic_clock_measures() {
        // The thread may lose the processor between two readings: then once more.
        let mut worst = f64::INFINITY;
        for _ in 0..20 {
            let (t0, ns0) = (ticks(), mono_ns());
            std::thread::sleep(std::time::Duration::from_millis(20));
            let (by_ticks, by_clock) = (ticks_to_ns(ticks() - t0), mono_ns() - ns0);
            worst = worst.min(by_ticks.abs_diff(by_clock) as f64 / by_clock as f64);
        }
        assert!(worst < 0.01, "off by {worst}");
    }

    #[test]
    fn the_monotonic_clock_does_not_go_back() {
        let mut last = mono_ns();
        for _ in 0..10_000 {
            let now = mono_ns();
            assert!(now >= last);
            last = now;
        }
    }
}
