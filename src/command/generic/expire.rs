//! EXPIRE, EXPIREAT, PEXPIRE, PEXPIREAT, PERSIST: setting and clearing expiry times.

use super::first;
use crate::command::args::{c_str, int, is, word};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::HKey;
use crate::keyspace::Class;

/// EXPIRE key seconds [NX | XX | GT | LT]
pub(super) fn expire(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now = ctx.keys.now_ms;
    set(ctx, args, 1000, now)
}

/// EXPIREAT key unix-time-seconds [NX | XX | GT | LT]
pub(super) fn expireat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set(ctx, args, 1000, 0)
}

/// PEXPIRE key milliseconds [NX | XX | GT | LT]
pub(super) fn pexpire(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now = ctx.keys.now_ms;
    set(ctx, args, 1, now)
}

/// PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]
pub(super) fn pexpireat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set(ctx, args, 1, 0)
}

/// When an expiry time is set at all.
#[derive(Clone, Copy, Default)]
struct Conditions {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
}

impl Conditions {
    /// Redis: expire.c `parseExtendedExpireArgumentsOrReply`.
    fn parse(options: &[&[u8]]) -> Result<Conditions, Failure> {
        let mut set = Conditions::default();
        for option in options {
            match () {
                () if is(option, "NX") => set.nx = true,
                () if is(option, "XX") => set.xx = true,
                () if is(option, "GT") => set.gt = true,
                () if is(option, "LT") => set.lt = true,
                () => return Err(Failure::Bytes([b"ERR Unsupported option ", c_str(option)].concat())),
            }
        }
        if set.nx && (set.xx || set.gt || set.lt) {
            return Err(Failure::text("ERR NX and XX, GT or LT options at the same time are not compatible"));
        }
        if set.gt && set.lt {
            return Err(Failure::text("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(set)
    }

    /// Whether `at` may take the place of `old`; no expiry time counts as infinitely late.
    fn allow(self, old: Option<i64>, at: i64) -> bool {
        !(self.nx && old.is_some()
            || self.xx && old.is_none()
            || self.gt && old.is_none_or(|old| at <= old)
            || self.lt && old.is_some_and(|old| at >= old))
    }
}

/// Redis: expire.c `expireGenericCommand`. `unit` is in milliseconds, `base` is what the number counts from.
fn set(ctx: &mut Ctx<'_>, args: Args<'_>, unit: i64, base: i64) -> Outcome {
    let conditions = Conditions::parse(args.get(3..).unwrap_or_default())?;
    let at = int(word(args, 2))?.checked_mul(unit).and_then(|ms| ms.checked_add(base));
    let Some(at) = at else {
        return Err(format!("ERR invalid expire time in '{}' command", ctx.command.full_name).into());
    };
    let key = first(args);
    let Some(entry) = ctx.keys.write(&key) else {
        ctx.out.int(0);
        return Ok(());
    };
    if !conditions.allow(entry.expire_ms(), at) {
        ctx.out.int(0);
        return Ok(());
    }
    if at <= ctx.judge_ms() {
        delete(ctx, &key);
    } else {
        ctx.keys.set_expire(&key, Some(at));
        ctx.keys.effect(&key, &[b"PEXPIREAT", key.bytes, itoa::Buffer::new().format(at).as_bytes()]);
        ctx.keys.changed(&key, Class::Generic, "expire");
    }
    ctx.out.int(1);
    Ok(())
}

/// A time that has passed deletes at once.
fn delete(ctx: &mut Ctx<'_>, key: &HKey<'_>) {
    let Some(entry) = ctx.keys.remove(key) else { return };
    let store = ctx.keys.store(key);
    let lazy = store.policy.lazy_expire;
    store.free(entry, lazy);
    ctx.keys.effect(key, &[if lazy { b"UNLINK" } else { b"DEL" }, key.bytes]);
    ctx.keys.changed(key, Class::Generic, "del");
}

/// PERSIST key
pub(super) fn persist(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = first(args);
    if ctx.keys.write(&key).is_none_or(|entry| !entry.has_expire()) {
        ctx.out.int(0);
        return Ok(());
    }
    ctx.keys.set_expire(&key, None);
    ctx.keys.effect(&key, &[b"PERSIST", key.bytes]);
    ctx.keys.changed(&key, Class::Generic, "persist");
    ctx.out.int(1);
    Ok(())
}
