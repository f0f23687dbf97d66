//! BGREWRITEAOF (aof.c `bgrewriteaofCommand`). The log core does it and answers (`log_core/append.rs`).

use crate::command::meta::server as meta;
use crate::command::server_state::{Asker, Request};
use crate::command::{Args, Ctx, Outcome, Route, Row};

/// Rows of this file.
pub static ROWS: &[Row] = &[Row::new(&meta::BGREWRITEAOF, Route::Home, bgrewriteaof)];

/// What a rewrite that has to wait is answered.
pub const SCHEDULED: &str = "Background append only file rewriting scheduled";

/// BGREWRITEAOF
fn bgrewriteaof(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    if ctx.session.executing.is_some() || ctx.session.deny_blocking {
        // Within EXEC nothing can be waited for; Redis schedules it too, since it must not fork there.
        ctx.server.ask_log(Request::RewriteLog(None));
        ctx.out.simple(SCHEDULED);
        return Ok(());
    }
    ctx.session.away = true;
    let asker = Asker { client: ctx.session.id, shard: ctx.shard };
    ctx.server.ask_log(Request::RewriteLog(Some(asker)));
    Ok(())
}
