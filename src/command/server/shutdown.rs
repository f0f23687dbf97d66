//! SHUTDOWN and its options (db.c `shutdownCommand`).

use crate::command::server_state::{Asker, ShutdownRequest};
use crate::command::{Args, Ctx, Failure, Outcome, args};
use crate::observe::log;

/// Asks the process to end; there is no reply, the connection just ends with it. Only if what is to survive cannot be
/// saved is there one, from the control core.
pub(super) fn shutdown(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let mut request = ShutdownRequest::default();
    let mut abort = false;
    for word in argv.iter().skip(1) {
        match () {
            () if args::is(word, "nosave") => request.nosave = true,
            () if args::is(word, "save") => request.save = true,
            () if args::is(word, "now") => request.now = true,
            () if args::is(word, "force") => request.force = true,
            () if args::is(word, "abort") => abort = true,
            () => return Err(Failure::Syntax),
        }
    }
    if (abort && argv.len() > 2) || (request.nosave && request.save) {
        return Err(Failure::Syntax);
    }
    if ctx.server.scripting.desk.is_busy() && !request.nosave {
        // server.c `shutdownCommand`: a slow script is given up only if nothing is to be saved.
        return Err(Failure::text(crate::command::scripting::BUSY_EVAL));
    }
    if ctx.session.executing.is_some() && !abort && !request.now {
        return Err(Failure::text(
            "ERR SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client",
        ));
    }
    if abort {
        // It can only be in progress between the signal and the control core's next look.
        if !ctx.server.abort_shutdown() {
            return Err(Failure::text("ERR No shutdown in progress."));
        }
        log::notice("Shutdown manually aborted.");
        ctx.out.ok();
        return Ok(());
    }
    if ctx.server.loading.is_on() {
        // What is half loaded must not take the place of what it is loaded from.
        (request.save, request.nosave) = (false, true);
    }
    if ctx.session.executing.is_none() {
        ctx.session.away = true;
        request.asker = Some(Asker { client: ctx.session.id, shard: ctx.shard });
    } else {
        // Nothing can be waited for here.
        ctx.out.ok();
    }
    ctx.server.scripting.desk.abort();
    ctx.server.request_shutdown(request);
    Ok(())
}
