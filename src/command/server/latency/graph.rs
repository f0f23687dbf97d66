//! LATENCY GRAPH: spikes as a row of columns, with their age written downwards below (sparkline.c).
//!
//! ```text
//! command - high 9 ms, low 1 ms (all time high 9 ms)
//! --------------------------------------------------------------------------------
//!   #           a column is `rows` characters of three steps each: _ o #
//!  o|
//! _||
//!             an empty row, then the age of each spike: 15s, 3m, 2h, 1d
//! 1
//! 5
//! s
//! ```

use super::no_samples;
use crate::command::{Args, Ctx, Outcome, args};
use crate::observe::latency::Series;

/// Width of a block of columns (latency.c `LATENCY_GRAPH_COLS`), and its height.
const COLUMNS: usize = 80;
const ROWS: u64 = 4;
/// The three levels within a character.
const LEVELS: [u8; 3] = *b"_o#";

pub(super) fn graph(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let event = args::word(argv, 2);
    let series = ctx.server.latency.get(event).ok_or_else(|| no_samples(event))?;
    let text = draw(&String::from_utf8_lossy(event), &series, ctx.keys.now_ms / 1000);
    ctx.out.verbatim("txt", text.as_bytes());
    Ok(())
}

fn draw(event: &str, series: &Series, now_s: i64) -> String {
    let values: Vec<u64> = series.spikes.iter().map(|spike| spike.ms).collect();
    let (low, high) = (values.iter().min().copied().unwrap_or(0), values.iter().max().copied().unwrap_or(0));
    let labels: Vec<String> =
        series.spikes.iter().map(|spike| age(now_s.saturating_sub(spike.time_s))).collect();
    let mut text = format!("{event} - high {high} ms, low {low} ms (all time high {} ms)\n", series.max_ms);
    text.push_str(&"-".repeat(COLUMNS));
    text.push('\n');
    let blocks = values.chunks(COLUMNS).zip(labels.chunks(COLUMNS));
    for (number, (values, labels)) in blocks.enumerate() {
        if number > 0 {
            text.push('\n');
        }
        block(&mut text, values, labels, low, high);
    }
    text
}

/// The age of a spike in its largest unit.
fn age(seconds: i64) -> String {
    match seconds.max(0) {
        s if s < 60 => format!("{s}s"),
        s if s < 3600 => format!("{}m", s / 60),
        s if s < 24 * 3600 => format!("{}h", s / 3600),
        s => format!("{}d", s / (24 * 3600)),
    }
}

/// Up to `COLUMNS` columns with their labels.
fn block(text: &mut String, values: &[u64], labels: &[String], low: u64, high: u64) {
    let levels = LEVELS.len() as u64;
    let steps = levels * ROWS;
    let range = (high - low).max(1);
    for row in (0..ROWS).rev() {
        for value in values {
            let step = u128::from(value - low) * u128::from(steps) / u128::from(range);
            let step = u64::try_from(step).unwrap_or(steps).min(steps - 1);
            text.push(match step.checked_sub(row * levels) {
                None => ' ',
                Some(above) => {
                    usize::try_from(above).ok().and_then(|at| LEVELS.get(at)).map_or('|', |&c| char::from(c))
                }
            });
        }
        text.push('\n');
    }
    text.push_str(&" ".repeat(values.len()));
    text.push('\n');
    let longest = labels.iter().map(String::len).max().unwrap_or(0);
    for at in 0..longest {
        text.extend(labels.iter().map(|label| label.as_bytes().get(at).map_or(' ', |&c| char::from(c))));
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::latency::{LatencyMonitor, Spike};

    #[test]
    fn columns_rise_with_the_spikes_and_ages_stand_below() {
        let monitor = LatencyMonitor::default();
        monitor.add("command", 985, 1);
        monitor.add("command", 990, 7);
        monitor.add("command", 1000, 13);
        let series = monitor.get(b"command").unwrap_or_default();
        let text = draw("command", &series, 1000);
        let expected = [
            "command - high 13 ms, low 1 ms (all time high 13 ms)",
            &"-".repeat(80),
            "  #",
            " _|",
            " ||",
            "_||",
            "   ",
            "110",
            "50s",
            "ss ",
            "",
        ];
        assert_eq!(text, expected.join("\n"));
        assert_eq!(series.spikes.back(), Some(&Spike { time_s: 1000, ms: 13 }));
    }

    #[test]
    fn ages_are_in_their_largest_unit() {
        assert_eq!([59, 60, 7199, 7200, 200_000].map(age), ["59s", "1m", "1h", "2h", "2d"]);
    }
}
