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
    fn the_monotonic_clock_does_not_go_back() {
        let mut last = mono_ns();
        for _ in 0..10_000 {
            let now = mono_ns();
            assert!(now >= last);
            last = now;
        }
    }
}
