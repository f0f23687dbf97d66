//! The distribution of one command's durations on one shard: counters that one thread writes and any reads.
//!
//! The buckets are those of `base::histogram` (an HdrHistogram of two significant digits): below 256 ns one bucket per
//! nanosecond, from there on 128 buckets per power of two. So a bucket is found by one leading-zero count and a shift,
//! and the counters become such a histogram without loss.
//!
//! ```text
//!   duration   0 … 255 | 256 … 511 | 512 … 1023 | … up to 1 s (2^30)
//!   width          1   |     2     |     4      | …
//!   index      0 … 255 | 256 … 383 | 384 … 511  | … 3071
//! ```
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `buckets` | its shard | INFO latencystats, LATENCY HISTOGRAM | made at the first call; relaxed |
//! | `off` | CONFIG SET latency-tracking | its shard | relaxed |

use super::Counter;
use crate::base::histogram::LatencyHistogram;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Durations up to here have a bucket of their own; two significant digits need 200, rounded up to a power of two.
const LINEAR: u64 = 256;
const LINEAR_BITS: u32 = LINEAR.ilog2();
/// Longer ones count as this (server.h `LATENCY_HISTOGRAM_MAX_VALUE`).
const MAX_NS: u64 = 1_000_000_000;
const BUCKETS: usize = index_of(MAX_NS) + 1;

/// The bucket of a duration.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "a duration of at most MAX_NS gives at most BUCKETS")]
const fn index_of(nanos: u64) -> usize {
    let top = (nanos | (LINEAR - 1)).ilog2();
    let shift = top + 1 - LINEAR_BITS;
    // The shifted value keeps its top bit, so each shift adds half of the linear range.
    (shift as u64 * (LINEAR / 2) + (nanos >> shift)) as usize
}

/// A duration that belongs to bucket `index`: the lowest.
fn lowest_of(index: usize) -> u64 {
    let index = index as u64;
    if index < LINEAR {
        return index;
    }
    let shift = index / (LINEAR / 2) - 1;
    (index - shift * (LINEAR / 2)) << shift
}

/// The counters; nothing is allocated before the first call.
#[derive(Default, Debug)]
pub struct Durations {
    buckets: OnceLock<Box<[Counter]>>,
    off: AtomicBool,
}

impl Durations {
    /// Counts a duration; only the owner calls this.
    #[inline]
    pub fn record(&self, nanos: u64) {
        if self.off.load(Relaxed) {
            return;
        }
        let buckets = self.buckets.get_or_init(fresh);
        if let Some(bucket) = buckets.get(index_of(nanos.min(MAX_NS))) {
            bucket.add(1);
        }
    }

    /// Switches counting (`latency-tracking`).
    pub fn switch(&self, on: bool) {
        self.off.store(!on, Relaxed);
    }

    /// Forgets everything; only the owner calls this.
    pub fn reset(&self) {
        self.buckets.get().into_iter().flat_map(|buckets| buckets.iter()).for_each(|bucket| bucket.set(0));
    }

    /// Adds what was counted to `into`.
    pub fn add_to(&self, into: &mut LatencyHistogram) {
        let Some(buckets) = self.buckets.get() else { return };
        for (index, bucket) in buckets.iter().enumerate() {
            into.record_n(lowest_of(index), bucket.get());
        }
    }
}

#[cold]
fn fresh() -> Box<[Counter]> {
    (0..BUCKETS).map(|_| Counter::default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::prng::Prng;

    #[test]
    fn buckets_follow_each_other_without_gaps() {
        assert_eq!(BUCKETS, index_of(MAX_NS) + 1);
        let mut last = 0;
        for nanos in 0..2_000_000 {
            let index = index_of(nanos);
            assert!(index == last || index == last + 1, "at {nanos}");
            assert!(index_of(lowest_of(index)) == index && lowest_of(index) <= nanos, "at {nanos}");
            last = index;
        }
    }

    #[test]
    fn the_histogram_made_from_counters_equals_one_recorded_directly() {
        let seed = 42;
        println!("seed {seed}");
        let mut rng = Prng::new(seed);
        let (durations, mut direct) = (Durations::default(), LatencyHistogram::new());
        for _ in 0..20_000 {
            let nanos = rng.next_u64() >> (rng.below(40) + 24);
            durations.record(nanos);
            direct.record(nanos);
        }
        let mut made = LatencyHistogram::new();
        durations.add_to(&mut made);
        assert_eq!(made.count(), direct.count());
        assert_eq!(made.cumulative_us(), direct.cumulative_us());
        for percentile in [0.0, 1.0, 50.0, 90.0, 99.0, 99.9, 100.0] {
            assert_eq!(made.percentile_ns(percentile), direct.percentile_ns(percentile), "{percentile}");
        }
    }

    #[test]
    fn switched_off_nothing_is_counted_and_a_reset_forgets() {
        let durations = Durations::default();
        durations.switch(false);
        durations.record(5);
        let count = |durations: &Durations| {
            let mut all = LatencyHistogram::new();
            durations.add_to(&mut all);
            all.count()
        };
        assert_eq!(count(&durations), 0);
        durations.switch(true);
        durations.record(u64::MAX);
        assert_eq!(count(&durations), 1);
        durations.reset();
        assert_eq!(count(&durations), 0);
    }
}
