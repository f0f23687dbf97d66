//! Commands that store one whole value: SET, SETEX, PSETEX, SETNX, GETSET.

use super::expiry::{Only, Options, Ttl, Unit, Verb};
use super::value;
use crate::command::args::word;
use crate::command::{Args, Ctx, Outcome};
use crate::data::HKey;
use crate::keyspace::Expire;

/// SET key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL].
pub fn set(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = HKey::new(word(args, 1));
    if args.len() == 3 {
        value::store(&mut ctx.keys, &key, word(args, 2), Expire::Clear);
        ctx.out.ok();
        return Ok(());
    }
    set_with_options(ctx, &key, args)
}

/// The order of checks is Redis's (t_string.c `setGenericCommand`): options, time, type (only for GET), condition.
fn set_with_options(ctx: &mut Ctx<'_>, key: &HKey<'_>, args: Args<'_>) -> Outcome {
    let options = Options::parse(args, 3, Verb::Set)?;
    let expire = match options.ttl {
        None | Some(Ttl::Persist) => Expire::Clear,
        Some(Ttl::Keep) => Expire::Keep,
        Some(Ttl::Time(unit, time)) => {
            Expire::At(unit.to_unix_ms(time, ctx.keys.now_ms, value::command_name(ctx))?)
        }
    };
    if options.get {
        value::reply(&mut ctx.out, ctx.keys.read(key))?;
    }
    let refused = match options.only {
        None => false,
        Some(Only::Absent) => ctx.keys.write(key).is_some(),
        Some(Only::Present) => ctx.keys.write(key).is_none(),
    };
    if !refused {
        value::store(&mut ctx.keys, key, word(args, 2), expire);
    }
    match (options.get, refused) {
        (true, _) => {}
        (false, true) => ctx.out.null(),
        (false, false) => ctx.out.ok(),
    }
    Ok(())
}

/// SETEX key seconds value.
pub fn setex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_for(ctx, args, Unit::Ex)
}

/// PSETEX key milliseconds value.
pub fn psetex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_for(ctx, args, Unit::Px)
}

fn set_for(ctx: &mut Ctx<'_>, args: Args<'_>, unit: Unit) -> Outcome {
    let at_ms = unit.to_unix_ms(word(args, 2), ctx.keys.now_ms, value::command_name(ctx))?;
    let key = HKey::new(word(args, 1));
    value::store(&mut ctx.keys, &key, word(args, 3), Expire::At(at_ms));
    ctx.out.ok();
    Ok(())
}

/// SETNX key value.
pub fn setnx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = HKey::new(word(args, 1));
    let absent = ctx.keys.write(&key).is_none();
    if absent {
        value::store(&mut ctx.keys, &key, word(args, 2), Expire::Clear);
    }
    ctx.out.int(i64::from(absent));
    Ok(())
}

/// GETSET key value.
pub fn getset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = HKey::new(word(args, 1));
    value::reply(&mut ctx.out, ctx.keys.read(&key))?;
    value::store(&mut ctx.keys, &key, word(args, 2), Expire::Clear);
    Ok(())
}
