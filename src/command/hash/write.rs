//! HSET, HMSET, HSETNX, HDEL.

use super::{Args, Ctx, Failure, Outcome};
use crate::command::args::word;
use crate::data::hash::Ttl;
use crate::data::{HKey, Hash};
use crate::keyspace::Class;

/// HSET key field value [field value ...]
pub(super) fn hset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let created = set_all(ctx, args)?;
    ctx.out.count(created);
    Ok(())
}

/// HMSET key field value [field value ...]
pub(super) fn hmset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_all(ctx, args)?;
    ctx.out.ok();
    Ok(())
}

/// Sets pairs from word 2 on and returns how many fields are new (t_hash.c `hsetCommand`).
fn set_all(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result<usize, Failure> {
    let (key, words) = (HKey::new(word(args, 1)), args.get(2..).unwrap_or_default());
    let (pairs, rest) = words.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Failure::Arity(ctx.command.full_name.clone()));
    }
    let now_ms = ctx.judge_ms();
    let edited = ctx.keys.upsert(&key, Hash::default, |hash, limits| {
        hash.make_fit_for(words, limits);
        pairs.iter().filter(|[field, value]| !hash.set(field, value, Ttl::Clear, limits, now_ms)).count()
    })?;
    ctx.keys.effect(&key, args);
    ctx.keys.changed_many(&key, pairs.len(), Class::Hash, "hset");
    Ok(edited.result)
}

/// HSETNX key field value
pub(super) fn hsetnx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, field, value) = (HKey::new(word(args, 1)), word(args, 2), word(args, 3));
    let now_ms = ctx.judge_ms();
    let edited = ctx.keys.upsert(&key, Hash::default, |hash, limits| {
        let absent = !hash.contains(field, now_ms);
        if absent {
            hash.make_fit_for(&[field, value], limits);
            hash.set(field, value, Ttl::Clear, limits, now_ms);
        }
        absent
    })?;
    if edited.result {
        ctx.keys.effect(&key, &[b"HSET", key.bytes, field, value]);
        ctx.keys.changed(&key, Class::Hash, "hset");
    }
    ctx.out.int(i64::from(edited.result));
    Ok(())
}

/// HDEL key field [field ...]
pub(super) fn hdel(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, fields) = (HKey::new(word(args, 1)), args.get(2..).unwrap_or_default());
    let now_ms = ctx.judge_ms();
    let edited = ctx.keys.edit(&key, |hash: &mut Hash, _| {
        let before = hash.len();
        let removed = fields.iter().filter(|field| hash.remove(field, now_ms)).count();
        (removed, before - hash.len())
    })?;
    let Some(edited) = edited else {
        ctx.out.int(0);
        return Ok(());
    };
    let (removed, gone) = edited.result;
    // Fields past their time do not count, but they went as well.
    if gone > 0 {
        ctx.keys.effect(&key, args);
    }
    if gone > 0 {
        ctx.keys.changed_many(&key, gone, Class::Hash, if removed > 0 { "hdel" } else { "hexpired" });
    }
    if edited.removed {
        ctx.keys.event(&key, Class::Generic, "del");
    }
    ctx.out.count(removed);
    Ok(())
}
