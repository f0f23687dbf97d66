//! HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT: when fields expire (Redis 7.4: t_hash.c `hexpireGenericCommand`).

use super::{Args, Ctx, Failure, Outcome, listed_fields};
use crate::command::args::{int, is, word};
use crate::data::hash::{Condition, SetTtl};
use crate::data::{HKey, Hash};
use crate::keyspace::Class;

/// Latest time that a field may have (ebuckets.h EB_EXPIRE_TIME_MAX less two bits: t_hash.c HFE_MAX_ABS_TIME_MSEC).
const TIME_MAX_MS: i64 = 0x0000_FFFF_FFFF_FFFF >> 2;

/// How the time is given.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Form {
    seconds: bool,
    relative: bool,
}

/// HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
pub(super) fn hexpire(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_times(ctx, args, Form { seconds: true, relative: true })
}

/// HPEXPIRE key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
pub(super) fn hpexpire(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_times(ctx, args, Form { seconds: false, relative: true })
}

/// HEXPIREAT key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
pub(super) fn hexpireat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_times(ctx, args, Form { seconds: true, relative: false })
}

/// HPEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
pub(super) fn hpexpireat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_times(ctx, args, Form { seconds: false, relative: false })
}

/// The time in word 2, in Unix milliseconds.
fn time(ctx: &Ctx<'_>, args: Args<'_>, form: Form) -> Result<i64, Failure> {
    let given = int(word(args, 2))?;
    if given < 0 {
        return Err(Failure::text("ERR invalid expire time, must be >= 0"));
    }
    let base = if form.relative { ctx.keys.now_ms } else { 0 };
    let millis = if form.seconds { given.checked_mul(1000) } else { Some(given) };
    millis.filter(|&ms| ms <= TIME_MAX_MS - base).map(|ms| ms + base).ok_or_else(|| {
        Failure::from(format!("ERR invalid expire time in '{}' command", ctx.command.full_name))
    })
}

fn condition(word: &[u8]) -> Option<Condition> {
    let options =
        [("NX", Condition::Nx), ("XX", Condition::Xx), ("GT", Condition::Gt), ("LT", Condition::Lt)];
    options.into_iter().find(|(name, _)| is(word, name)).map(|(_, condition)| condition)
}

fn set_times(ctx: &mut Ctx<'_>, args: Args<'_>, form: Form) -> Outcome {
    let key = HKey::new(word(args, 1));
    ctx.keys.read_for_write::<Hash>(&key)?;
    let at_ms = time(ctx, args, form)?;
    let condition = condition(word(args, 3));
    let fields = listed_fields(
        args,
        3 + usize::from(condition.is_some()),
        "ERR Parameter `numFields` should be greater than 0",
    )?;
    let (now_ms, condition) = (ctx.judge_ms(), condition.unwrap_or(Condition::Always));
    let edited = ctx.keys.edit(&key, |hash: &mut Hash, _| {
        fields.iter().map(|field| hash.set_ttl(field, at_ms, condition, now_ms)).collect::<Vec<SetTtl>>()
    })?;
    ctx.out.array(fields.len());
    let Some(edited) = edited else {
        (0..fields.len()).for_each(|_| ctx.out.int(SetTtl::NoField as i64));
        return Ok(());
    };
    edited.result.iter().for_each(|&result| ctx.out.int(result as i64));
    let those = |wanted: SetTtl| -> Vec<&[u8]> {
        fields
            .iter()
            .zip(&edited.result)
            .filter(|(_, got)| **got == wanted)
            .map(|(field, _)| *field)
            .collect()
    };
    let (set, deleted) = (those(SetTtl::Done), those(SetTtl::Deleted));
    state(ctx, &key, at_ms, &set, &deleted);
    if !set.is_empty() {
        let db = ctx.keys.db;
        ctx.keys.store(&key).watch_fields(db, key.bytes);
        ctx.keys.changed(&key, Class::Hash, "hexpire");
    }
    if !deleted.is_empty() {
        ctx.keys.store(&key).stats.expired_fields += deleted.len() as u64;
        ctx.keys.changed(&key, Class::Hash, "hexpired");
    }
    if edited.removed {
        ctx.keys.event(&key, Class::Generic, "del");
    }
    Ok(())
}

/// States the effect: the fields that got the time as HPEXPIREAT, those whose time has passed as HDEL.
fn state(ctx: &mut Ctx<'_>, key: &HKey<'_>, at_ms: i64, set: &[&[u8]], deleted: &[&[u8]]) {
    if !ctx.keys.journaled(key) {
        return;
    }
    if !deleted.is_empty() {
        let head: [&[u8]; 2] = [b"HDEL", key.bytes];
        ctx.keys.effect(key, &[&head, deleted].concat());
    }
    if !set.is_empty() {
        let (mut at, mut count) = (itoa::Buffer::new(), itoa::Buffer::new());
        let head: [&[u8]; 5] = [
            b"HPEXPIREAT",
            key.bytes,
            at.format(at_ms).as_bytes(),
            b"FIELDS",
            count.format(set.len()).as_bytes(),
        ];
        ctx.keys.effect(key, &[&head, set].concat());
    }
}
