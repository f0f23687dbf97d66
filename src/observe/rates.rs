//! Rates "right now" (`instantaneous_*` of INFO): the average of the last samples of ever-growing counters.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `inner` | the control core, ten times a second; CONFIG RESETSTAT | INFO | under its lock |

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Samples that are averaged (server.h `STATS_METRIC_SAMPLES`).
const SAMPLES: usize = 16;

/// The counters at one moment, summed over shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Monotonic time in microseconds.
    pub time_us: u64,
    /// Commands processed.
    pub commands: u64,
    /// Bytes received.
    pub net_in: u64,
    /// Bytes sent.
    pub net_out: u64,
    /// Loop turns that did something.
    pub turns: u64,
    /// Microseconds of those turns.
    pub turns_us: u64,
}

/// The averages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Commands per second.
    pub commands: u64,
    /// Bytes received per second.
    pub net_in: u64,
    /// Bytes sent per second.
    pub net_out: u64,
    /// Loop turns per second.
    pub turns: u64,
    /// Microseconds per turn.
    pub turn_us: u64,
}

impl Rates {
    fn between(old: &Counts, new: &Counts) -> Rates {
        // Redis: server.c trackInstantaneousMetric.
        let rate = |old: u64, new: u64, old_base: u64, new_base: u64, factor: u64| {
            let (rise, base) = (new.saturating_sub(old), new_base.saturating_sub(old_base));
            rise.saturating_mul(factor).checked_div(base).unwrap_or(0)
        };
        let a_second = |old_count, new_count| rate(old_count, new_count, old.time_us, new.time_us, 1_000_000);
        Rates {
            commands: a_second(old.commands, new.commands),
            net_in: a_second(old.net_in, new.net_in),
            net_out: a_second(old.net_out, new.net_out),
            turns: a_second(old.turns, new.turns),
            turn_us: rate(old.turns_us, new.turns_us, old.turns, new.turns, 1),
        }
    }
}

#[derive(Default, Debug)]
struct Inner {
    last: Option<Counts>,
    samples: [Rates; SAMPLES],
    next: usize,
}

/// The last samples.
#[derive(Default, Debug)]
pub struct Sampler {
    inner: Mutex<Inner>,
}

impl Sampler {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a sample.
    pub fn sample(&self, now: Counts) {
        let mut inner = self.lock();
        if let Some(last) = inner.last.replace(now) {
            let place = inner.next;
            inner.next = (place + 1) % SAMPLES;
            if let Some(sample) = inner.samples.get_mut(place) {
                *sample = Rates::between(&last, &now);
            }
        }
    }

    /// The averages. Samples not taken yet count as zero, as in Redis.
    pub fn rates(&self) -> Rates {
        let samples = self.lock().samples;
        let average = |field: fn(&Rates) -> u64| {
            samples.iter().fold(0_u64, |sum, s| sum.saturating_add(field(s))) / SAMPLES as u64
        };
        Rates {
            commands: average(|s| s.commands),
            net_in: average(|s| s.net_in),
            net_out: average(|s| s.net_out),
            turns: average(|s| s.turns),
            turn_us: average(|s| s.turn_us),
        }
    }

    /// Forgets the samples.
    pub fn reset(&self) {
        *self.lock() = Inner::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_averages_over_the_last_sixteen_samples() {
        let sampler = Sampler::default();
        for tick in 0..40_u64 {
            sampler.sample(Counts {
                time_us: 5 + tick * 100_000,
                commands: tick * 50,
                net_in: tick * 1_000,
                net_out: 0,
                turns: tick * 10,
                turns_us: tick * 70,
            });
        }
        let rates = sampler.rates();
        assert_eq!(rates, Rates { commands: 500, net_in: 10_000, net_out: 0, turns: 100, turn_us: 7 });
        sampler.reset();
        assert_eq!(sampler.rates(), Rates::default());
    }

    #[test]
    fn counters_that_were_reset_and_a_standing_clock_give_zero() {
        let sampler = Sampler::default();
        let full = Counts { time_us: 1_000_000, commands: 99, ..Counts::default() };
        sampler.sample(full);
        sampler.sample(Counts { commands: 5, time_us: 1_100_000, ..full });
        sampler.sample(Counts { commands: 50, time_us: 1_100_000, ..full });
        assert_eq!(sampler.rates(), Rates::default());
    }
}
