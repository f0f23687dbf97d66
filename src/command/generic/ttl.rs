//! TTL, PTTL, EXPIRETIME, PEXPIRETIME: reading expiry times.

use super::first;
use crate::command::{Args, Ctx, Outcome};

/// TTL key
pub(super) fn ttl(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now = ctx.keys.now_ms;
    reply(ctx, args, |at| seconds(at.saturating_sub(now).max(0)))
}

/// PTTL key
pub(super) fn pttl(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now = ctx.keys.now_ms;
    reply(ctx, args, |at| at.saturating_sub(now).max(0))
}

/// EXPIRETIME key
pub(super) fn expiretime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, seconds)
}

/// PEXPIRETIME key
pub(super) fn pexpiretime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, |at| at)
}

/// The nearest second.
fn seconds(ms: i64) -> i64 {
    ms / 1000 + i64::from(ms % 1000 >= 500)
}

/// Redis: expire.c `ttlGenericCommand`: -2 without the key, -1 without an expiry time.
fn reply(ctx: &mut Ctx<'_>, args: Args<'_>, show: impl Fn(i64) -> i64) -> Outcome {
    let (db, key) = (ctx.keys.db, first(args));
    let number = match ctx.keys.store(&key).look(db, &key) {
        None => -2,
        Some(entry) => entry.expire_ms().map_or(-1, show),
    };
    ctx.out.int(number);
    Ok(())
}
