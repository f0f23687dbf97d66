//! Holding clients back and letting them go: CLIENT PAUSE, UNPAUSE, UNBLOCK.

use crate::command::server_state::Pause;
use crate::command::{Args, Ctx, Failure, Note, Outcome, args};
use crate::keyspace::claim::{End, Reason};
use std::sync::PoisonError;

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

/// CLIENT UNBLOCK id [TIMEOUT | ERROR]: claims the wait, whose home shard then answers (networking.c
/// `clientCommand`).
pub(super) fn unblock(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let reason = match argv.get(3) {
        None => Reason::Timeout,
        Some(word) if args::is(word, "timeout") => Reason::Timeout,
        Some(word) if args::is(word, "error") => Reason::Error,
        Some(_) => return Err(Failure::text("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")),
    };
    let id = args::int(args::word(argv, 2))?;
    let client = u64::try_from(id).ok().and_then(|id| ctx.server.clients.get(id));
    let end = client.as_ref().and_then(|client| {
        let blocked = client.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        Some(blocked.as_ref()?.claim.end(reason))
    });
    if let (Some(End::Won), Some(client)) = (end, &client) {
        ctx.server.post(client.shard, Note::Unblocked(client.id));
    }
    ctx.out.int(i64::from(matches!(end, Some(End::Won | End::Noted(true)))));
    Ok(())
}
