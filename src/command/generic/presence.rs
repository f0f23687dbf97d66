//! DEL, UNLINK, EXISTS, TOUCH, TYPE: whether keys are there, and taking them away.

use super::{first, type_name};
use crate::command::{Args, Ctx, Outcome, View};
use crate::data::HKey;
use crate::keyspace::Class;
use smallvec::SmallVec;

/// DEL key [key ...]
pub(super) fn del(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    remove(ctx, args, b"DEL")
}

/// UNLINK key [key ...]
pub(super) fn unlink(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    remove(ctx, args, b"UNLINK")
}

/// Redis: db.c `delGenericCommand`. The effect names only keys that were there.
fn remove(ctx: &mut Ctx<'_>, args: Args<'_>, verb: &[u8]) -> Outcome {
    let mut gone: SmallVec<[&[u8]; 8]> = SmallVec::new();
    for &name in args.get(1..).unwrap_or_default() {
        let key = HKey::new(name);
        if let Some(entry) = ctx.keys.remove(&key) {
            let store = ctx.keys.store(&key);
            let lazy = verb == b"UNLINK" || store.policy.lazy_user_del;
            store.free(entry, lazy);
            ctx.keys.changed(&key, Class::Generic, "del");
            gone.push(name);
        }
    }
    let db = ctx.keys.db;
    match &mut ctx.keys.view {
        View::One(store) if store.journal.is_on() && !gone.is_empty() => {
            let argv: SmallVec<[&[u8]; 9]> = std::iter::once(verb).chain(gone.iter().copied()).collect();
            store.journal.effect(db, &argv);
        }
        View::One(_) => {}
        // Each in the journal of its own shard.
        View::Many(_) => gone.iter().for_each(|name| ctx.keys.effect(&HKey::new(name), &[verb, name])),
    }
    ctx.out.count(gone.len());
    Ok(())
}

/// EXISTS key [key ...]: a key counts as often as it is named.
pub(super) fn exists(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    count(ctx, args, |ctx, key| {
        let db = ctx.keys.db;
        ctx.keys.store(key).look(db, key).is_some()
    })
}

/// TOUCH key [key ...]
pub(super) fn touch(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    count(ctx, args, |ctx, key| ctx.keys.read(key).is_some())
}

fn count(ctx: &mut Ctx<'_>, args: Args<'_>, there: impl Fn(&mut Ctx<'_>, &HKey<'_>) -> bool) -> Outcome {
    let names = args.get(1..).unwrap_or_default();
    let found = names.iter().filter(|name| there(ctx, &HKey::new(name))).count();
    ctx.out.count(found);
    Ok(())
}

/// TYPE key
pub(super) fn type_of(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (db, key) = (ctx.keys.db, first(args));
    let name = ctx.keys.store(&key).look(db, &key).map_or("none", |entry| type_name(entry.kind()));
    ctx.out.simple(name);
    Ok(())
}
