//! The latency monitor: for each kind of event the last spikes above `latency-monitor-threshold`.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `events` | the thread in which a spike happened; LATENCY RESET | LATENCY | under its lock, which only spikes take |

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Spikes kept per event (latency.h `LATENCY_TS_LEN`).
const SAMPLES: usize = 160;

/// One spike: the worst within its second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spike {
    /// Unix time in seconds.
    pub time_s: i64,
    /// Duration in milliseconds.
    pub ms: u64,
}

/// Spikes of one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// Oldest first.
    pub spikes: VecDeque<Spike>,
    /// The longest ever, in milliseconds.
    pub max_ms: u64,
}

impl Series {
    /// Adds a spike; within one second only the longest is kept (latency.c `latencyAddSample`).
    fn add(&mut self, spike: Spike) {
        self.max_ms = self.max_ms.max(spike.ms);
        match self.spikes.back_mut() {
            Some(last) if last.time_s == spike.time_s => last.ms = last.ms.max(spike.ms),
            _ => {
                if self.spikes.len() == SAMPLES {
                    self.spikes.pop_front();
                }
                self.spikes.push_back(spike);
            }
        }
    }

    /// Figures for a report; `None` without spikes (latency.c `analyzeLatencyForEvent`).
    pub fn figures(&self, now_s: i64) -> Option<Figures> {
        let count = u64::try_from(self.spikes.len()).ok().filter(|count| *count > 0)?;
        let average_ms = self.spikes.iter().map(|s| s.ms).sum::<u64>() / count;
        let deviation_ms = self.spikes.iter().map(|s| s.ms.abs_diff(average_ms)).sum::<u64>() / count;
        let first_s = self.spikes.front().map_or(now_s, |s| s.time_s);
        let span_s = u64::try_from(now_s.saturating_sub(first_s)).unwrap_or(0).max(1);
        Some(Figures { count, average_ms, deviation_ms, period_s: span_s as f64 / count as f64 })
    }
}

/// What a report says of an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Spikes kept.
    pub count: u64,
    /// Their average.
    pub average_ms: u64,
    /// Mean absolute deviation from it.
    pub deviation_ms: u64,
    /// Seconds from one to the next, on average.
    pub period_s: f64,
}

/// Spikes by event.
#[derive(Default, Debug)]
pub struct LatencyMonitor {
    events: Mutex<BTreeMap<&'static str, Series>>,
}

impl LatencyMonitor {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Series>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a spike of `event` at unix second `time_s`.
    pub fn add(&self, event: &'static str, time_s: i64, ms: u64) {
        self.lock().entry(event).or_default().add(Spike { time_s, ms });
    }

    /// Spikes of one event.
    pub fn get(&self, event: &[u8]) -> Option<Series> {
        self.lock().iter().find(|(name, _)| name.as_bytes() == event).map(|(_, series)| series.clone())
    }

    /// Spikes of all events, in the order of their names.
    pub fn all(&self) -> Vec<(&'static str, Series)> {
        self.lock().iter().map(|(name, series)| (*name, series.clone())).collect()
    }

    /// Forgets one event, in any case of its letters, or all. Returns how many were known.
    pub fn reset(&self, event: Option<&[u8]>) -> usize {
        let mut events = self.lock();
        let before = events.len();
        events.retain(|name, _| event.is_some_and(|event| !event.eq_ignore_ascii_case(name.as_bytes())));
        before - events.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spike_a_second_is_kept_and_the_oldest_goes() {
        let monitor = LatencyMonitor::default();
        monitor.add("command", 10, 5);
        monitor.add("command", 10, 9);
        monitor.add("command", 10, 7);
        let series = monitor.get(b"command").unwrap_or_default();
        assert_eq!(series.spikes, [Spike { time_s: 10, ms: 9 }]);
        (11..=171).for_each(|time_s| monitor.add("command", time_s, 1));
        let series = monitor.get(b"command").unwrap_or_default();
        assert_eq!((series.spikes.len(), series.max_ms), (SAMPLES, 9));
        assert_eq!(series.spikes.front().map(|s| s.time_s), Some(12));
    }

    #[test]
    fn figures_are_average_deviation_and_period() {
        let monitor = LatencyMonitor::default();
        [(0, 100), (10, 200), (20, 300)].iter().for_each(|&(at, ms)| monitor.add("x", at, ms));
        let figures = monitor.get(b"x").and_then(|series| series.figures(30));
        assert_eq!(figures, Some(Figures { count: 3, average_ms: 200, deviation_ms: 66, period_s: 10.0 }));
        assert_eq!(Series::default().figures(30), None);
    }

    #[test]
    fn a_reset_forgets_the_named_events() {
        let monitor = LatencyMonitor::default();
        ["a", "b", "c"].iter().for_each(|event| monitor.add(event, 1, 1));
        assert_eq!(monitor.reset(Some(b"B")), 1);
        assert_eq!(monitor.reset(Some(b"b")), 0);
        assert_eq!(monitor.reset(None), 2);
        assert!(monitor.all().is_empty());
    }
}
