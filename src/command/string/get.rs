//! Commands that read one whole value: GET, and GETDEL and GETEX, which then change its life.

use super::expiry::{Options, Ttl, Verb};
use super::value;
use crate::command::args::word;
use crate::command::{Args, Ctx, Outcome};
use crate::data::HKey;
use crate::keyspace::Class;

/// GET key.
pub fn get(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = HKey::new(word(args, 1));
    value::reply(&mut ctx.out, ctx.keys.read(&key))
}

/// GETDEL key.
pub fn getdel(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = HKey::new(word(args, 1));
    value::reply(&mut ctx.out, ctx.keys.read(&key))?;
    if let Some(entry) = ctx.keys.remove(&key) {
        let lazy = ctx.keys.store(&key).policy.lazy_user_del;
        ctx.keys.store(&key).free(entry, lazy);
        value::state_del(&mut ctx.keys, &key, lazy);
        ctx.keys.changed(&key, Class::Generic, "del");
    }
    Ok(())
}

/// GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST].
pub fn getex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::parse(args, 2, Verb::GetEx)?;
    let key = HKey::new(word(args, 1));
    let name = value::command_name(ctx);
    let now_ms = ctx.keys.now_ms;
    let Some(entry) = ctx.keys.read(&key) else {
        ctx.out.null();
        return Ok(());
    };
    value::check_kind(entry)?;
    // The time is checked before anything is replied, but only for a key that exists (t_string.c `getexCommand`).
    let at = match options.ttl {
        Some(Ttl::Time(unit, time)) => Some((unit, unit.to_unix_ms(time, now_ms, name)?)),
        _ => None,
    };
    let has_expire = entry.has_expire();
    value::reply(&mut ctx.out, Some(entry))?;
    match at {
        Some((unit, at_ms)) if !unit.is_relative() && at_ms <= ctx.judge_ms() => expire_now(ctx, &key),
        Some((_, at_ms)) => {
            ctx.keys.set_expire(&key, Some(at_ms));
            let mut digits = itoa::Buffer::new();
            if ctx.keys.journaled(&key) {
                ctx.keys.effect(&key, &[b"PEXPIREAT", key.bytes, digits.format(at_ms).as_bytes()]);
            }
            ctx.keys.changed(&key, Class::Generic, "expire");
        }
        None if options.ttl == Some(Ttl::Persist) && has_expire => {
            ctx.keys.set_expire(&key, None);
            ctx.keys.effect(&key, &[b"PERSIST", key.bytes]);
            ctx.keys.changed(&key, Class::Generic, "persist");
        }
        None => {}
    }
    Ok(())
}

/// A time that has passed deletes the key at once.
fn expire_now(ctx: &mut Ctx<'_>, key: &HKey<'_>) {
    let lazy = ctx.keys.store(key).policy.lazy_expire;
    if let Some(entry) = ctx.keys.remove(key) {
        ctx.keys.store(key).free(entry, lazy);
        value::state_del(&mut ctx.keys, key, lazy);
        ctx.keys.changed(key, Class::Generic, "del");
    }
}
