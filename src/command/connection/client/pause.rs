//! Holding clients back and letting them go: CLIENT PAUSE, UNPAUSE, UNBLOCK.

use crate::command::server_state::Pause;
use crate::command::{Args, Ctx, Failure, Outcome, args};

// Redis: networking.c pauseClientsByClient, timeout.c getTimeoutFromObjectOrReply.
pub(super) fn pause(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let mode = match argv.get(3) {
        None => Pause::All,
        Some(word) if args::is(word, "all") => Pause::All,
        Some(word) if args::is(word, "write") => Pause::Write,
        Some(_) => return Err(Failure::text("ERR CLIENT PAUSE mode must be WRITE or ALL")),
    };
    if argv.len() > 4 {
        return Err(Failure::Syntax);
    }
    let timeout_ms = args::int_or(args::word(argv, 2), "ERR timeout is not an integer or out of range")?;
    if timeout_ms < 0 {
        return Err(Failure::text("ERR timeout is negative"));
    }
    let now_ms = ctx.keys.now_ms;
    let until_ms = now_ms.checked_add(timeout_ms).ok_or(Failure::text("ERR timeout is out of range"))?;
    ctx.server.pause(until_ms, mode, now_ms);
    ctx.out.ok();
    Ok(())
}

pub(super) fn unpause(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.server.unpause();
    ctx.out.ok();
    Ok(())
}

/// No command blocks yet, so there is never a client to unblock.
pub(super) fn unblock(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    match argv.get(3) {
        None => {}
        Some(word) if args::is(word, "timeout") || args::is(word, "error") => {}
        Some(_) => return Err(Failure::text("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")),
    }
    args::int(args::word(argv, 2))?;
    ctx.out.int(0);
    Ok(())
}
