//! The 24 bits of use that an entry carries (Redis: evict.c, object.c). Pure functions.
//!
//! ```text
//!  LRU: | seconds, 24 bits |        wraps after 194 days, as in Redis
//!  LFU: | minutes, 16 bits | counter, 8 bits |
//! ```

use super::Policy;
use crate::base::prng::Prng;

const LFU_INIT: u32 = 5;

/// LRU clock: seconds, 24 bits.
#[inline]
pub fn clock(now_ms: i64) -> u32 {
    u32::try_from((now_ms / 1000) & 0xff_ffff).unwrap_or(0)
}

/// Seconds since the last use that an LRU mark tells (evict.c `estimateObjectIdleTime`); right up to 194 days.
pub fn idle_s(mark: u32, now_ms: i64) -> u32 {
    clock(now_ms).wrapping_sub(mark) & 0xff_ffff
}

/// LRU mark of a key that was used last `idle_s` seconds ago; what is longer than the clock counts as its whole span
/// (object.c `objectSetLRUOrLFU`).
pub fn idle_since(now_ms: i64, idle_s: i64) -> u32 {
    let idle = u32::try_from(idle_s).unwrap_or(u32::MAX).min(0xff_ffff);
    clock(now_ms).wrapping_sub(idle) & 0xff_ffff
}

/// LFU mark of a key that was used just now, with its counter given.
pub fn lfu_with(now_ms: i64, counter: u32) -> u32 {
    minutes(now_ms) << 8 | counter & 0xff
}

/// Minutes, 16 bits, in the upper part of an LFU mark.
fn minutes(now_ms: i64) -> u32 {
    u32::try_from((now_ms / 60_000) & 0xffff).unwrap_or(0)
}

/// LFU mark of a new key.
pub fn lfu_new(now_ms: i64) -> u32 {
    minutes(now_ms) << 8 | LFU_INIT
}

/// The counter after the decay due since its last use (evict.c `LFUDecrAndReturn`).
pub fn lfu_counter(mark: u32, now_ms: i64, policy: &Policy) -> u32 {
    let (then, counter) = (mark >> 8 & 0xffff, mark & 0xff);
    let elapsed = minutes(now_ms).wrapping_sub(then) & 0xffff;
    match policy.lfu_decay_min {
        0 => counter,
        per => counter.saturating_sub(elapsed / per),
    }
}

/// The mark of an entry after one more use, by the policy in force.
#[inline]
pub fn used(mark: u32, now_ms: i64, policy: &Policy, rng: &mut Prng) -> u32 {
    if policy.lfu { lfu_touch(mark, now_ms, policy, rng.next_u64()) } else { clock(now_ms) }
}

/// The mark after one more use (evict.c `LFULogIncr`: the higher the counter, the rarer an increment).
pub fn lfu_touch(mark: u32, now_ms: i64, policy: &Policy, random: u64) -> u32 {
    let mut counter = lfu_counter(mark, now_ms, policy);
    if counter < 255 {
        let base = f64::from(counter.saturating_sub(LFU_INIT));
        let chance = 1.0 / (base * f64::from(policy.lfu_log_factor) + 1.0);
        if (random >> 11) as f64 / (1u64 << 53) as f64 <= chance {
            counter += 1;
        }
    }
    minutes(now_ms) << 8 | counter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_survives_the_wrap_of_the_clock() {
        let before = (0xff_ffff - 2) * 1000;
        assert_eq!(idle_s(clock(before), before + 10_000), 10);
    }

    #[test]
    fn a_counter_decays_by_one_per_period_and_stops_at_zero() {
        let policy = Policy { lfu_decay_min: 2, lfu_log_factor: 10, ..Policy::default() };
        let mark = lfu_new(0);
        assert_eq!(lfu_counter(mark, 60_000, &policy), LFU_INIT);
        assert_eq!(lfu_counter(mark, 4 * 60_000, &policy), LFU_INIT - 2);
        assert_eq!(lfu_counter(mark, 1000 * 60_000, &policy), 0);
        assert_eq!(lfu_counter(mark, 1000 * 60_000, &Policy::default()), LFU_INIT);
    }

    #[test]
    fn a_counter_grows_surely_at_first_and_never_above_255() {
        let policy = Policy { lfu_log_factor: 10, ..Policy::default() };
        let mut rng = Prng::new(7);
        assert_eq!(lfu_touch(lfu_new(0), 0, &policy, u64::MAX) & 0xff, LFU_INIT + 1);
        assert_eq!(lfu_touch(100, 0, &policy, u64::MAX), 100);
        assert_eq!(lfu_touch(100, 0, &policy, 0), 101);
        let busy = Policy { lfu_log_factor: 0, ..policy };
        let mark = (0..1000).fold(lfu_new(0), |m, _| lfu_touch(m, 0, &busy, rng.next_u64()));
        assert_eq!(mark & 0xff, 255);
    }
}
