//! Switches of a connection: CLIENT NO-EVICT, NO-TOUCH, REPLY.

use super::on_off;
use crate::command::session::ReplyMode;
use crate::command::{Args, Ctx, Failure, Outcome, args};
use crate::observe::client_flag;

pub(super) fn no_evict(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    ctx.session.info.set_flag(client_flag::NO_EVICT, on_off(args::word(argv, 2))?);
    ctx.out.ok();
    Ok(())
}

pub(super) fn no_touch(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let on = on_off(args::word(argv, 2))?;
    ctx.session.no_touch = on;
    ctx.session.info.set_flag(client_flag::NO_TOUCH, on);
    ctx.out.ok();
    Ok(())
}

/// OFF and SKIP have no reply themselves; SKIP while OFF changes nothing.
pub(super) fn reply(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let word = args::word(argv, 2);
    match () {
        () if args::is(word, "on") => {
            ctx.session.reply = ReplyMode::On;
            ctx.out.ok();
        }
        () if args::is(word, "off") => ctx.session.reply = ReplyMode::Off,
        () if args::is(word, "skip") => {
            if ctx.session.reply != ReplyMode::Off {
                ctx.session.reply = ReplyMode::SkipNext;
            }
        }
        () => return Err(Failure::Syntax),
    }
    Ok(())
}
