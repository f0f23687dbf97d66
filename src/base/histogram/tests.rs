//! Expected values were read from Redis's copy of hdr_histogram.c.

use super::*;

#[test]
fn an_empty_histogram_reports_nothing() {
    let histogram = LatencyHistogram::new();
    assert_eq!(histogram.percentile_ns(99.0), 0);
    assert!(histogram.cumulative_us().is_empty());
}

#[test]
fn durations_are_clamped_to_the_range() {
    let mut histogram = LatencyHistogram::new();
    histogram.record(0);
    histogram.record(u64::MAX);
    assert_eq!(histogram.count(), 2);
    assert_eq!(histogram.percentile_ns(0.0), 1);
    assert_eq!(histogram.percentile_ns(50.0), 1);
    assert_eq!(histogram.percentile_ns(100.0), 1_002_438_655, "the end of the last bucket");
    assert_eq!(histogram.cumulative_us(), [(1, 1), (1_073_741, 2)]);
}

#[test]
fn percentiles_are_the_ends_of_buckets() {
    let mut histogram = LatencyHistogram::new();
    for ns in (1_000..=100_000).step_by(1_000) {
        histogram.record(ns);
    }
    assert_eq!(histogram.percentile_us(50.0), 50.175);
    assert_eq!(histogram.percentile_us(99.0), 99.327);
    assert_eq!(histogram.percentile_us(99.9), 100.351);
    assert_eq!(
        histogram.cumulative_us(),
        [(1, 1), (2, 2), (4, 4), (8, 8), (16, 16), (33, 33), (66, 66), (132, 100)]
    );
}

#[test]
fn merging_equals_recording_together() {
    let (mut a, mut b, mut both) =
        (LatencyHistogram::new(), LatencyHistogram::new(), LatencyHistogram::new());
    let mut rng = crate::base::prng::Prng::new(9);
    for i in 0..10_000 {
        let ns = rng.next_u64() >> rng.index(60);
        if i % 3 == 0 { &mut a } else { &mut b }.record(ns);
        both.record(ns);
    }
    a.merge(&b);
    assert_eq!(a.count(), both.count());
    assert_eq!(a.cumulative_us(), both.cumulative_us());
    for p in [0.0, 1.0, 50.0, 90.0, 99.9, 100.0] {
        assert_eq!(a.percentile_ns(p), both.percentile_ns(p));
    }
    a.reset();
    assert_eq!(a.count(), 0);
}
