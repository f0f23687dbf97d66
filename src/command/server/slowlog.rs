//! SLOWLOG (slowlog.c `slowlogCommand`). The log itself is `observe::slowlog`.

use crate::command::meta::server as meta;
use crate::command::{Args, Ctx, Failure, Outcome, Route, Row, args, help};

/// Rows of the subcommands.
pub static ROWS: &[Row] = &[
    Row::new(&meta::SLOWLOG_GET, Route::Home, get),
    Row::new(&meta::SLOWLOG_HELP, Route::Home, help),
    Row::new(&meta::SLOWLOG_LEN, Route::Home, len),
    Row::new(&meta::SLOWLOG_RESET, Route::Home, reset),
];

/// Entries that GET replies when it is not told how many.
const DEFAULT_COUNT: usize = 10;

fn get(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    const LINE: &str = "ERR count should be greater than or equal to -1";
    let count = match argv {
        [_, _] => DEFAULT_COUNT,
        [_, _, count] => match args::int_or(count, LINE)? {
            -1 => usize::MAX,
            count => usize::try_from(count).map_err(|_| Failure::text(LINE))?,
        },
        _ => return Err(Failure::Arity(ctx.command.full_name.clone())),
    };
    let entries = ctx.server.slowlog.latest(count);
    let out = &mut ctx.out;
    out.array(entries.len());
    for entry in entries {
        out.array(6);
        out.int(entry.id);
        out.int(entry.time_s);
        out.int(entry.micros);
        out.bulks(&entry.words);
        out.bulk(entry.addr.as_bytes());
        out.bulk(&entry.name);
    }
    Ok(())
}

fn len(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.out.count(ctx.server.slowlog.len());
    Ok(())
}

fn reset(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.server.slowlog.reset();
    ctx.out.ok();
    Ok(())
}

fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    help::reply(
        &mut ctx.out,
        "SLOWLOG",
        &[
            "GET [<count>]",
            "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
            "    Entries are made of:",
            "    id, timestamp, time in microseconds, arguments array, client IP and port,",
            "    client name",
            "LEN",
            "    Return the length of the slowlog.",
            "RESET",
            "    Reset the slowlog.",
        ],
    );
    Ok(())
}
