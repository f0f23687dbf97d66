//! LATENCY DOCTOR: spikes in words, and what to do about them (latency.c `createLatencyReport`).

use crate::command::{Args, Ctx, Outcome};
use crate::config::Config;
use crate::observe::latency::Series;

/// What an event points to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Advice {
    EnableSlowlog,
    LowerSlowlog,
    ReadSlowlog,
    Machine,
    RaiseHz,
    LargeValues,
    SuddenEviction,
}

pub(super) fn doctor(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let events = ctx.server.latency.all();
    let text = report(&events, &ctx.server.config.load(), ctx.keys.now_ms / 1000);
    ctx.out.verbatim("txt", text.as_bytes());
    Ok(())
}

fn report(events: &[(&'static str, Series)], config: &Config, now_s: i64) -> String {
    if events.is_empty() {
        return if config.latency_monitor_threshold == 0 {
            "The latency monitor is off, so there is nothing to report. Switch it on with CONFIG SET \
             latency-monitor-threshold <milliseconds>.\n"
        } else {
            "No latency spike has been observed since the monitor was switched on or reset.\n"
        }
        .to_owned();
    }
    let mut text = "Latency spikes have been observed:\n\n".to_owned();
    let mut advice = Vec::new();
    for (number, (event, series)) in events.iter().enumerate() {
        let Some(figures) = series.figures(now_s) else { continue };
        text.push_str(&format!(
            "{}. {event}: {} latency spikes (average {}ms, mean deviation {}ms, period {:.2} sec). Worst all time event {}ms.\n",
            number + 1,
            figures.count,
            figures.average_ms,
            figures.deviation_ms,
            figures.period_s,
            series.max_ms,
        ));
        advice.extend(advise(event, config));
    }
    advice.sort_unstable();
    advice.dedup();
    if advice.is_empty() {
        text.push_str("\nNo setting is known that would help against these.\n");
    } else {
        text.push_str("\nWhat may help:\n\n");
        advice.iter().for_each(|advice| text.push_str(&words(*advice, config)));
    }
    text
}

/// What may help against an event.
fn advise(event: &str, config: &Config) -> Vec<Advice> {
    match event {
        "command" => {
            let slower_than_ms = config.slowlog_log_slower_than / 1000;
            let slowlog = match config.slowlog_log_slower_than {
                ..0 => Some(Advice::EnableSlowlog),
                _ if slower_than_ms > config.latency_monitor_threshold => Some(Advice::LowerSlowlog),
                _ => None,
            };
            slowlog.into_iter().chain([Advice::ReadSlowlog, Advice::LargeValues]).collect()
        }
        "fast-command" => vec![Advice::Machine],
        "expire-cycle" if config.hz < 100 => vec![Advice::RaiseHz, Advice::LargeValues],
        "expire-cycle" | "expire-del" | "eviction-del" => vec![Advice::LargeValues],
        "eviction-cycle" => vec![Advice::SuddenEviction],
        _ => Vec::new(),
    }
}

fn words(advice: Advice, config: &Config) -> String {
    let threshold_us = config.latency_monitor_threshold.saturating_mul(1000);
    match advice {
        Advice::EnableSlowlog => format!(
            "- Slow commands are not logged. CONFIG SET slowlog-log-slower-than {threshold_us} shows which ones take long.\n"
        ),
        Advice::LowerSlowlog => format!(
            "- The slow log leaves out commands that count as spikes here. CONFIG SET slowlog-log-slower-than {threshold_us} lets it show them.\n"
        ),
        Advice::ReadSlowlog => "- SLOWLOG GET tells which commands take long; commands over many elements do by their nature.\n".to_owned(),
        Advice::Machine => "- Commands that do little work took long, so the process was kept waiting: look for other programs \
on the same CPUs, a busy neighbour on a virtual machine (steal time in top), swapping, and CPU limits of the container. Fewer \
shards than CPUs (directive `shards`) leave room for others. `redis-cli --intrinsic-latency 100` measures what the machine itself adds.\n".to_owned(),
        Advice::RaiseHz => "- A higher `hz` (CONFIG SET hz 100) removes expired keys in smaller steps.\n".to_owned(),
        Advice::LargeValues => "- Freeing large values takes long. UNLINK and the lazyfree-lazy-* directives free them in the \
background; several smaller values are better than one large one.\n".to_owned(),
        Advice::SuddenEviction => "- Much had to be evicted at once. That follows a sudden fall of `maxmemory` or very large \
writes; lower `maxmemory` in steps, and leave room below it.\n".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::latency::LatencyMonitor;

    #[test]
    fn a_report_names_each_event_and_what_may_help() {
        let mut config = Config { latency_monitor_threshold: 5, ..Config::default() };
        let monitor = LatencyMonitor::default();
        monitor.add("command", 100, 300);
        monitor.add("fast-command", 100, 20);
        let text = report(&monitor.all(), &config, 110);
        let line = "1. command: 1 latency spikes (average 300ms, mean deviation 0ms, period 10.00 sec). Worst all time event 300ms.\n";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("\n2. fast-command: "), "{text}");
        assert!(text.contains("slowlog-log-slower-than 5000"), "{text}");
        config.slowlog_log_slower_than = -1;
        assert!(report(&monitor.all(), &config, 110).contains("not logged"));
    }

    #[test]
    fn without_spikes_it_says_whether_the_monitor_is_on() {
        let mut config = Config::default();
        assert!(report(&[], &config, 0).contains("is off"));
        config.latency_monitor_threshold = 1;
        assert!(report(&[], &config, 0).contains("No latency spike"));
    }
}
