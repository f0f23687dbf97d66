//! FUNCTION STATS: the running function and the engines.

use super::BUSY_EVAL;
use crate::base::clock;
use crate::command::{Args, Ctx, Failure, Outcome};

/// FUNCTION STATS (functions.c `functionStatsCommand`).
pub fn stats(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let running = ctx.server.scripting.desk.first();
    if running.as_ref().is_some_and(|slow| slow.is_eval) {
        return Err(Failure::text(BUSY_EVAL));
    }
    let libraries = ctx.server.scripting.shelf.now();
    let out = &mut ctx.out;
    out.map(2);
    out.bulk(b"running_script");
    match running {
        None => out.null(),
        Some(slow) => {
            let nanos = clock::ticks_to_ns(clock::ticks().saturating_sub(slow.started));
            out.map(3);
            out.bulk(b"name");
            out.bulk(&slow.name);
            out.bulk(b"command");
            out.bulks(&slow.words);
            out.bulk(b"duration_ms");
            out.int(i64::try_from(nanos / clock::NS_PER_MS).unwrap_or(i64::MAX));
        }
    }
    out.bulk(b"engines");
    out.map(1);
    out.bulk(b"LUA");
    out.map(2);
    out.bulk(b"libraries_count");
    out.count(libraries.len());
    out.bulk(b"functions_count");
    out.count(libraries.functions_len());
    Ok(())
}
