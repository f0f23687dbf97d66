//! Group connection: who the client is and how it wants to be served.
//!
//! Handlers run on the shard that owns the connection, so `ctx.session` is the connection's own. Other connections are
//! seen through the registry (`ctx.server.clients`), possibly a loop turn old, and ended by a note to their shard.

pub mod auth;
pub mod client;

use super::meta::connection as meta;
use super::{Args, Ctx, Failure, Outcome, Route, Row, args, pubsub};
use crate::command::session::ReplyMode;
use crate::observe::client_flag;
use crate::resp::Proto;

/// The command table's rows of this group.
pub static ROWS: &[Row] = &[
    Row::new(&meta::AUTH, Route::Home, auth::auth),
    Row::container(&meta::CLIENT, client::ROWS),
    Row::new(&meta::ECHO, Route::Home, echo),
    Row::new(&meta::HELLO, Route::Home, auth::hello),
    Row::new(&meta::PING, Route::Home, ping),
    Row::new(&meta::QUIT, Route::Home, quit),
    Row::new(&meta::RESET, Route::Home, reset),
    Row::new(&meta::SELECT, Route::Home, select),
];

// Redis: server.c pingCommand.
fn ping(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    match argv {
        [_] | [_, _] if ctx.session.subscribed && ctx.out.proto() == Proto::V2 => {
            ctx.out.bulks(&[b"pong", args::word(argv, 1)]);
        }
        [_] => ctx.out.simple("PONG"),
        [_, message] => ctx.out.bulk(message),
        _ => return Err(Failure::Arity(ctx.command.full_name.clone())),
    }
    Ok(())
}

fn echo(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    ctx.out.bulk(args::word(argv, 1));
    Ok(())
}

fn quit(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.out.ok();
    ctx.session.close_after_reply = true;
    Ok(())
}

// Redis: networking.c clearClientConnectionState. Library name and version stay: they tell of the program behind the
// connection, not of its state.
fn reset(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let session = &mut *ctx.session;
    if std::mem::take(&mut session.monitor) {
        ctx.server.monitor_left(session.id);
    }
    session.db = 0;
    session.proto = Proto::V2;
    session.log_out(&ctx.server.acl);
    session.multi = None;
    session.forget_watch = true;
    session.reply = ReplyMode::On;
    session.no_touch = false;
    client::tracking::disable(ctx.server, session);
    pubsub::leave_all(ctx.server, session);
    session.info.set_labels(|labels| labels.name.clear());
    for flag in [client_flag::MONITOR, client_flag::MULTI, client_flag::NO_EVICT, client_flag::NO_TOUCH] {
        session.info.set_flag(flag, false);
    }
    ctx.out.set_proto(Proto::V2);
    ctx.out.simple("RESET");
    Ok(())
}

// Redis: db.c selectCommand, object.c getIntFromObjectOrReply.
fn select(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let index = args::int32(args::word(argv, 1))?;
    let databases = ctx.server.config.load().databases;
    match u32::try_from(index) {
        Ok(index) if index < databases => {
            ctx.session.db = usize::try_from(index).map_err(|_| Failure::NotInteger)?;
            ctx.out.ok();
            Ok(())
        }
        _ => Err(Failure::text("ERR DB index is out of range")),
    }
}

#[cfg(test)]
mod tests;
