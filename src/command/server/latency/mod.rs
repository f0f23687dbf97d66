//! LATENCY (latency.c `latencyCommand`). Spikes are kept in `observe::latency`, durations in `observe::Durations`.

mod doctor;
mod graph;

use super::info::histogram;
use crate::base::histogram::LatencyHistogram;
use crate::command::meta::server as meta;
use crate::command::{Args, Command, Ctx, Failure, Outcome, Route, Row, args, help, table};

/// Rows of the subcommands.
pub static ROWS: &[Row] = &[
    Row::new(&meta::LATENCY_DOCTOR, Route::Home, doctor::doctor),
    Row::new(&meta::LATENCY_GRAPH, Route::Home, graph::graph),
    Row::new(&meta::LATENCY_HELP, Route::Home, help),
    Row::new(&meta::LATENCY_HISTOGRAM, Route::Home, histograms),
    Row::new(&meta::LATENCY_HISTORY, Route::Home, history),
    Row::new(&meta::LATENCY_LATEST, Route::Home, latest),
    Row::new(&meta::LATENCY_RESET, Route::Home, reset),
];

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn history(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let series = ctx.server.latency.get(args::word(argv, 2)).unwrap_or_default();
    ctx.out.array(series.spikes.len());
    for spike in series.spikes {
        ctx.out.array(2);
        ctx.out.int(spike.time_s);
        ctx.out.int(signed(spike.ms));
    }
    Ok(())
}

fn latest(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let events = ctx.server.latency.all();
    ctx.out.array(events.len());
    for (name, series) in events {
        let last = series.spikes.back();
        ctx.out.array(4);
        ctx.out.bulk(name.as_bytes());
        ctx.out.int(last.map_or(0, |spike| spike.time_s));
        ctx.out.int(last.map_or(0, |spike| signed(spike.ms)));
        ctx.out.int(signed(series.max_ms));
    }
    Ok(())
}

fn reset(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let latency = &ctx.server.latency;
    let forgotten = match argv.get(2..).unwrap_or_default() {
        [] => latency.reset(None),
        events => events.iter().map(|event| latency.reset(Some(event))).sum(),
    };
    ctx.out.count(forgotten);
    Ok(())
}

// Redis: latency.c latencyAllCommandsFillCDF, latencySpecificCommandsFillCDF. Unknown names are left out, and so are
// commands that were never called.
fn histograms(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let mut commands: Vec<&Command> = Vec::new();
    match argv.get(2..).unwrap_or_default() {
        [] => commands.extend(table::all().iter().copied()),
        names => {
            for found in names.iter().filter_map(|name| table::registry().find_by_full_name(name)) {
                commands.push(found);
                commands.extend(found.subcommands.iter().copied());
            }
        }
    }
    let called: Vec<(&Command, LatencyHistogram)> = commands
        .into_iter()
        .map(|command| (command, histogram(ctx.server, command)))
        .filter(|(_, durations)| durations.count() > 0)
        .collect();
    let out = &mut ctx.out;
    out.map(called.len());
    for (command, durations) in called {
        let pairs = durations.cumulative_us();
        out.bulk(command.full_name.as_bytes());
        out.map(2);
        out.bulk(b"calls");
        out.int(signed(durations.count()));
        out.bulk(b"histogram_usec");
        out.map(pairs.len());
        for (border_us, calls) in pairs {
            out.int(signed(border_us));
            out.int(signed(calls));
        }
    }
    Ok(())
}

/// The error of GRAPH for an event without spikes.
fn no_samples(event: &[u8]) -> Failure {
    Failure::Bytes([b"ERR No samples available for event '", args::c_str(event), b"'"].concat())
}

fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    help::reply(
        &mut ctx.out,
        "LATENCY",
        &[
            "DOCTOR",
            "    Return a human readable latency analysis report.",
            "GRAPH <event>",
            "    Return an ASCII latency graph for the <event> class.",
            "HISTORY <event>",
            "    Return time-latency samples for the <event> class.",
            "LATEST",
            "    Return the latest latency samples for all events.",
            "RESET [<event> ...]",
            "    Reset latency data of one or more <event> classes.",
            "    (default: reset all data for all event classes)",
            "HISTOGRAM [COMMAND ...]",
            "    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.",
            "    If no commands are specified then all histograms are replied.",
        ],
    );
    Ok(())
}

#[cfg(test)]
mod tests;
