//! MONITOR: the connection is shown every command from now on.

use crate::command::{Args, Ctx, Failure, Outcome};
use crate::observe::client_flag;

/// A second MONITOR on the same connection is ignored and has no reply (server.c `monitorCommand`).
pub(super) fn monitor(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    if ctx.session.executing.is_some() {
        return Err(Failure::text("ERR MONITOR isn't allowed for DENY BLOCKING client"));
    }
    if ctx.session.monitor {
        return Ok(());
    }
    ctx.session.monitor = true;
    ctx.session.info.set_flag(client_flag::MONITOR, true);
    ctx.server.monitor_joined(ctx.session.id, ctx.session.info.shard);
    ctx.out.ok();
    Ok(())
}
