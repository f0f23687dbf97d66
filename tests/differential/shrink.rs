//! Makes a failing sequence short: whatever can go while the servers still differ, goes.

use super::grammar::Step;
use super::pair::Difference;
use std::time::{Duration, Instant};

/// How long to try; a sequence that is merely short enough is worth more than a late one.
const BUDGET: Duration = Duration::from_secs(10);

/// Returns a shorter sequence that still fails under `run`, and how it fails.
pub fn shrink(
    steps: &[Step],
    first: Difference,
    run: impl Fn(&[Step]) -> Result<(), Difference>,
) -> (Vec<Step>, Difference) {
    let deadline = Instant::now() + BUDGET;
    let mut best: Vec<Step> = steps[..steps.len().min(first.at + 1)].to_vec();
    let mut difference = first;
    let mut size = best.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < best.len() {
            if Instant::now() > deadline {
                return (best, difference);
            }
            let end = (at + size).min(best.len());
            let candidate: Vec<Step> = [&best[..at], &best[end..]].concat();
            match run(&candidate) {
                Err(again) => {
                    best = candidate[..candidate.len().min(again.at + 1)].to_vec();
                    difference = again;
                }
                Ok(()) => at = end,
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    (best, difference)
}
