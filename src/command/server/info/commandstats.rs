//! INFO commandstats, errorstats, latencystats: what commands did and how long they took.

use super::{Facts, Lines};
use crate::base::histogram::LatencyHistogram;
use crate::command::{Command, Server, table};
use crate::observe::{CommandStats, Counter};
use std::collections::BTreeMap;

const NS_PER_US: u64 = 1_000;

/// A command's counter summed over shards.
fn sum(facts: &Facts<'_>, command: &Command, counter: fn(&CommandStats) -> &Counter) -> u64 {
    let of_shards = facts.server.stats.iter().filter_map(|shard| shard.commands.get(command.id));
    of_shards.fold(0, |sum, stats| sum.wrapping_add(counter(stats).get()))
}

/// The durations of a command on all shards.
pub fn histogram(server: &Server, command: &Command) -> LatencyHistogram {
    let mut all = LatencyHistogram::new();
    for stats in server.stats.iter().filter_map(|shard| shard.commands.get(command.id)) {
        stats.durations.add_to(&mut all);
    }
    all
}

#[expect(clippy::cast_precision_loss, reason = "two decimals are printed")]
pub(super) fn calls(facts: &Facts<'_>, lines: &mut Lines) {
    for command in table::all() {
        let calls = sum(facts, command, |s| &s.calls);
        let rejected = sum(facts, command, |s| &s.rejected);
        let failed = sum(facts, command, |s| &s.failed);
        if calls == 0 && rejected == 0 && failed == 0 {
            continue;
        }
        let usec = sum(facts, command, |s| &s.nanos) / NS_PER_US;
        let per_call = if calls == 0 { 0.0 } else { usec as f64 / calls as f64 };
        lines.put(
            &format!("cmdstat_{}", command.full_name),
            format_args!(
                "calls={calls},usec={usec},usec_per_call={per_call:.2},rejected_calls={rejected},failed_calls={failed}"
            ),
        );
    }
}

pub(super) fn errors(facts: &Facts<'_>, lines: &mut Lines) {
    let mut all = BTreeMap::new();
    facts.server.stats.iter().for_each(|shard| shard.error_codes.add_to(&mut all));
    for (code, count) in all {
        lines.put(&format!("errorstat_{}", safe(&code)), format_args!("count={count}"));
    }
}

/// A code without the characters that INFO's own syntax uses (server.c `getSafeInfoString`).
fn safe(code: &[u8]) -> String {
    let shown = |c: char| if matches!(c, '#' | ':' | '\n' | '\r') { '_' } else { c };
    String::from_utf8_lossy(code).chars().map(shown).collect()
}

pub(super) fn latencies(facts: &Facts<'_>, lines: &mut Lines) {
    if !facts.config.latency_tracking {
        return;
    }
    for command in table::all() {
        if sum(facts, command, |s| &s.calls) == 0 {
            continue;
        }
        let durations = histogram(facts.server, command);
        if durations.count() == 0 {
            continue;
        }
        let percentiles = facts.config.latency_tracking_info_percentiles.iter();
        let figures: Vec<String> =
            percentiles.map(|p| format!("p{p}={:.3}", durations.percentile_us(*p))).collect();
        lines.put(&format!("latency_percentiles_usec_{}", command.full_name), figures.join(","));
    }
}
