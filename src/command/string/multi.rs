//! Commands on several keys: MGET, MSET, MSETNX.
//!
//! MGET and MSET run as independent fragments where their keys lie on several shards; each fragment comes here as a
//! command of its own. MSETNX needs all of its keys at once.

use super::value;
use crate::command::args::word;
use crate::command::{Args, Ctx, Failure, Keys, Outcome};
use crate::data::HKey;
use crate::keyspace::{Class, Expire};
use smallvec::SmallVec;

/// Keys that are hashed and prefetched together: enough to overlap the cache misses that memory allows at once.
const BATCH: usize = 16;

/// MGET key [key …].
pub fn mget(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let names = args.get(1..).unwrap_or_default();
    ctx.out.array(names.len());
    for batch in names.chunks(BATCH) {
        let keys: SmallVec<[HKey<'_>; BATCH]> = batch.iter().map(|name| HKey::new(name)).collect();
        ctx.keys.prefetch(&keys);
        for key in &keys {
            let mut digits = itoa::Buffer::new();
            // Another type is no error here, but null.
            match ctx.keys.read(key).and_then(|entry| entry.string_bytes(&mut digits)) {
                Some(bytes) => ctx.out.bulk(bytes),
                None => ctx.out.null(),
            }
        }
    }
    Ok(())
}

/// MSET key value [key value …].
pub fn mset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    check_pairs(ctx, args)?;
    set_all(&mut ctx.keys, args);
    ctx.out.ok();
    Ok(())
}

/// MSETNX key value [key value …].
pub fn msetnx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    check_pairs(ctx, args)?;
    let names = args.iter().skip(1).step_by(2);
    let mut absent = true;
    for name in names {
        if ctx.keys.write(&HKey::new(name)).is_some() {
            absent = false;
            break;
        }
    }
    if absent {
        set_all(&mut ctx.keys, args);
    }
    ctx.out.int(i64::from(absent));
    Ok(())
}

fn check_pairs(ctx: &Ctx<'_>, args: Args<'_>) -> Outcome {
    if args.len().is_multiple_of(2) {
        return Err(Failure::Arity(value::command_name(ctx).to_owned()));
    }
    Ok(())
}

/// Sets every pair. One effect tells of all of them where one journal holds it: a replica then sees all or none.
fn set_all(keys: &mut Keys<'_>, args: Args<'_>) {
    let pairs = args.get(1..).unwrap_or_default();
    let together = keys.is_one_store();
    for batch in pairs.chunks(2 * BATCH) {
        let names: SmallVec<[HKey<'_>; BATCH]> =
            batch.iter().step_by(2).map(|name| HKey::new(name)).collect();
        keys.prefetch(&names);
        for (key, text) in names.iter().zip(batch.iter().skip(1).step_by(2)) {
            keys.set_string(key, text, Expire::Clear);
            if !together {
                value::state_set(keys, key, text, Expire::Clear);
            }
            keys.changed(key, Class::String, "set");
        }
    }
    if together {
        let first = HKey::new(word(args, 1));
        if keys.journaled(&first) {
            let argv: Vec<&[u8]> = std::iter::once(&b"MSET"[..]).chain(pairs.iter().copied()).collect();
            keys.effect(&first, &argv);
        }
    }
}
