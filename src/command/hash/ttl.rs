//! HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME, HPERSIST: looking at the times of fields, and taking them away.

use super::{Args, Ctx, Outcome, listed_fields};
use crate::command::args::word;
use crate::data::hash::FieldTtl;
use crate::data::{HKey, Hash};
use crate::keyspace::Class;

const BAD_COUNT: &str = "ERR Number of fields must be a positive integer";

/// Replies for a field that is not there, and for one without a time (t_hash.c `GetExpireTimeRes`).
const NO_FIELD: i64 = -2;
const NO_TTL: i64 = -1;

/// HTTL key FIELDS numfields field [field ...]
pub(super) fn httl(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now_ms = ctx.keys.now_ms;
    times(ctx, args, |at| (at - now_ms + 999) / 1000)
}

/// HPTTL key FIELDS numfields field [field ...]
pub(super) fn hpttl(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now_ms = ctx.keys.now_ms;
    times(ctx, args, |at| at - now_ms)
}

/// HEXPIRETIME key FIELDS numfields field [field ...]
pub(super) fn hexpiretime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    times(ctx, args, |at| (at + 999) / 1000)
}

/// HPEXPIRETIME key FIELDS numfields field [field ...]
pub(super) fn hpexpiretime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    times(ctx, args, |at| at)
}

/// Replies each field's time as `show` makes it of Unix milliseconds (t_hash.c `httlGenericCommand`).
fn times(ctx: &mut Ctx<'_>, args: Args<'_>, show: impl Fn(i64) -> i64) -> Outcome {
    let now_ms = ctx.keys.now_ms;
    let hash = ctx.keys.read_as::<Hash>(&HKey::new(word(args, 1)))?;
    let fields = listed_fields(args, 2, BAD_COUNT)?;
    ctx.out.array(fields.len());
    for field in fields {
        ctx.out.int(match hash.map_or(FieldTtl::NoField, |hash| hash.ttl(field, now_ms)) {
            FieldTtl::NoField => NO_FIELD,
            FieldTtl::Never => NO_TTL,
            FieldTtl::At(at) => show(at),
        });
    }
    Ok(())
}

/// HPERSIST key FIELDS numfields field [field ...]
pub(super) fn hpersist(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, now_ms) = (HKey::new(word(args, 1)), ctx.judge_ms());
    ctx.keys.read_for_write::<Hash>(&key)?;
    let fields = listed_fields(args, 2, BAD_COUNT)?;
    let edited = ctx.keys.edit(&key, |hash: &mut Hash, _| {
        fields.iter().map(|field| hash.persist(field, now_ms)).collect::<Vec<FieldTtl>>()
    })?;
    let was = edited.map_or_else(|| vec![FieldTtl::NoField; fields.len()], |edited| edited.result);
    ctx.out.array(fields.len());
    for ttl in &was {
        ctx.out.int(match ttl {
            FieldTtl::NoField => NO_FIELD,
            FieldTtl::Never => NO_TTL,
            FieldTtl::At(_) => 1,
        });
    }
    if was.iter().any(|ttl| matches!(ttl, FieldTtl::At(_))) {
        ctx.keys.effect(&key, args);
        ctx.keys.changed(&key, Class::Hash, "hpersist");
    }
    Ok(())
}
