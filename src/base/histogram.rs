//! Latency histogram of one command, with Redis's range and precision: 1 ns to 1 s, two significant digits.
//!
//! Each shard records into its own (no sharing); INFO latencystats and LATENCY HISTOGRAM merge them.

use hdrhistogram::Histogram;

/// Redis: server.h LATENCY_HISTOGRAM_MIN_VALUE, _MAX_VALUE, _PRECISION.
const MIN_NS: u64 = 1;
const MAX_NS: u64 = 1_000_000_000;
const SIGNIFICANT_DIGITS: u8 = 2;
/// The last value that the buckets hold: the range rounded up to a power of two.
const LAST_NS: u64 = (1 << 30) - 1;
/// First bucket border that LATENCY HISTOGRAM reports; each next one is twice as far.
const FIRST_BORDER_NS: u64 = 1_024;

/// Durations in nanoseconds.
#[derive(Clone, Debug)]
pub struct LatencyHistogram {
    inner: Histogram<u64>,
}

impl Default for LatencyHistogram {
    fn default() -> Self {
        Self::new()
    }
}

impl LatencyHistogram {
    /// An empty histogram: about 24 KiB, so make it at a command's first call.
    ///
    /// # Panics
    ///
    /// Never: the bounds are constants that the crate accepts (a test makes one).
    pub fn new() -> Self {
        match Histogram::new_with_bounds(MIN_NS, MAX_NS, SIGNIFICANT_DIGITS) {
            Ok(inner) => Self { inner },
            Err(error) => unreachable!("constant bounds refused: {error}"),
        }
    }

    /// Records one duration, clamped to the range. Redis: server.c updateCommandLatencyHistogram.
    #[inline]
    pub fn record(&mut self, duration_ns: u64) {
        self.inner.saturating_record(duration_ns.clamp(MIN_NS, MAX_NS));
    }

    /// Records `count` durations of the same length, as [`Self::record`] does.
    pub fn record_n(&mut self, duration_ns: u64, count: u64) {
        if count > 0 {
            self.inner.saturating_record_n(duration_ns.clamp(MIN_NS, MAX_NS), count);
        }
    }

    /// How many durations were recorded.
    pub fn count(&self) -> u64 {
        self.inner.len()
    }

    /// Adds what another shard recorded.
    pub fn merge(&mut self, other: &Self) {
        for bucket in other.inner.iter_recorded() {
            self.inner.saturating_record_n(bucket.value_iterated_to(), bucket.count_at_value());
        }
    }

    /// Forgets everything (CONFIG RESETSTAT).
    pub fn reset(&mut self) {
        self.inner.reset();
    }

    /// The duration in nanoseconds that `percentile` (0 to 100) of the calls did not exceed; 0 when empty.
    ///
    /// Rounds the rank as Redis's copy does (hdr_histogram.c hdr_value_at_percentile), which differs from the crate's.
    pub fn percentile_ns(&self, percentile: f64) -> u64 {
        let total = self.count();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is not negative"
        )]
        let rank = ((percentile.clamp(0.0, 100.0) / 100.0 * total as f64 + 0.5) as u64).max(1);
        let mut seen = 0_u64;
        for bucket in self.inner.iter_recorded() {
            seen = seen.saturating_add(bucket.count_at_value());
            if seen >= rank {
                let value = bucket.value_iterated_to();
                return if percentile == 0.0 {
                    self.inner.lowest_equivalent(value)
                } else {
                    self.inner.highest_equivalent(value)
                };
            }
        }
        0
    }

    /// [`Self::percentile_ns`] in microseconds, as INFO prints it (`%.3f`).
    pub fn percentile_us(&self, percentile: f64) -> f64 {
        self.percentile_ns(percentile) as f64 / 1_000.0
    }

    /// Pairs (border in µs, calls up to it), borders doubling from 1 µs, without those that add nothing.
    ///
    /// Redis: latency.c fillCommandCDF over hdr_histogram.c log_iter_next, where a border's bucket counts in full.
    pub fn cumulative_us(&self) -> Vec<(u64, u64)> {
        let mut pairs = Vec::new();
        let mut buckets = self.inner.iter_recorded().peekable();
        let (mut border, mut seen, mut reported) = (FIRST_BORDER_NS, 0_u64, 0_u64);
        while seen < self.count() {
            let border_end = if border > LAST_NS { LAST_NS } else { self.inner.highest_equivalent(border) };
            while let Some(bucket) =
                buckets.next_if(|b| self.inner.lowest_equivalent(b.value_iterated_to()) <= border)
            {
                seen = seen.saturating_add(bucket.count_at_value());
            }
            if seen > reported {
                pairs.push((border_end / 1_000, seen));
                reported = seen;
            }
            if border > LAST_NS {
                break;
            }
            border *= 2;
        }
        pairs
    }
}

#[cfg(test)]
mod tests;
