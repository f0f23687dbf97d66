//! SAVE, BGSAVE, LASTSAVE (rdb.c `saveCommand`, `bgsaveCommand`; db.c `lastsaveCommand`).
//!
//! The log core saves (`log_core/save.rs`) and answers. SAVE differs from BGSAVE in that its client waits until the file
//! is there; nobody else has to.

use crate::command::meta::server as meta;
use crate::command::server_state::{Asker, Request, SaveAs};
use crate::command::{Args, Ctx, Failure, Outcome, Route, Row, args};
use std::sync::atomic::Ordering::Relaxed;

/// Rows of this file.
pub static ROWS: &[Row] = &[
    Row::new(&meta::BGSAVE, Route::Home, bgsave),
    Row::new(&meta::LASTSAVE, Route::Home, lastsave),
    Row::new(&meta::SAVE, Route::Home, save),
];

/// SAVE
fn save(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ask(ctx, SaveAs::Foreground);
    Ok(())
}

/// BGSAVE [SCHEDULE]
fn bgsave(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let schedule = match argv.get(1..).unwrap_or_default() {
        [] => false,
        [word] if args::is(word, "schedule") => true,
        _ => return Err(Failure::Syntax),
    };
    if ctx.session.executing.is_some() || ctx.session.deny_blocking {
        // Within EXEC nothing can be waited for, so it is scheduled, as Redis does since it must not fork there.
        if ctx.server.saving.is_in_progress() {
            return Err(Failure::text(IN_PROGRESS));
        }
        ctx.server.ask_log(Request::Save(SaveAs::Scheduled, None));
        ctx.out.simple("Background saving scheduled");
        return Ok(());
    }
    ask(ctx, if schedule { SaveAs::Scheduled } else { SaveAs::Background });
    Ok(())
}

/// What a save is answered while there is one in the background.
pub const IN_PROGRESS: &str = "ERR Background save already in progress";

/// LASTSAVE: the time of the start if nothing was saved since (server.c `initServer`).
fn lastsave(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.out.int(ctx.server.saving.last_save_s.load(Relaxed));
    Ok(())
}

/// Asks the log core, which will answer.
fn ask(ctx: &mut Ctx<'_>, how: SaveAs) {
    ctx.session.away = true;
    let asker = Asker { client: ctx.session.id, shard: ctx.shard };
    ctx.server.ask_log(Request::Save(how, Some(asker)));
}
