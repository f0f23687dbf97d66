//! OBJECT: what the server knows of a key besides its value.

use crate::command::args::word;
use crate::command::{Args, Ctx, Failure, Outcome, help};
use crate::data::{Entry, HKey, ValueRef};
use crate::keyspace::{Policy, lru};

/// Longest string that Redis keeps in one block with its object (object.c OBJ_ENCODING_EMBSTR_SIZE_LIMIT).
const EMBSTR_MAX: usize = 44;
/// Numbers below this are shared objects in Redis (server.h OBJ_SHARED_INTEGERS).
const SHARED_INTEGERS: i64 = 10_000;
/// Their reference count (server.h OBJ_SHARED_REFCOUNT).
const SHARED_REFCOUNT: i64 = 2_147_483_647;

const NO_LFU: Failure = Failure::text(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching \
     between policies at runtime LRU and LFU data will take some time to adjust.",
);
const NO_LRU: Failure = Failure::text(
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between \
     policies at runtime LRU and LFU data will take some time to adjust.",
);

const HELP: &[&str] = &[
    "ENCODING <key>",
    "    Return the kind of internal representation used in order to store the value",
    "    associated with a <key>.",
    "FREQ <key>",
    "    Return the access frequency index of the <key>. The returned integer is",
    "    proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key>",
    "    Return the idle time of the <key>, that is the approximated number of",
    "    seconds elapsed since the last access to the key.",
    "REFCOUNT <key>",
    "    Return the number of references of the value associated with the specified",
    "    <key>.",
];

/// The name of a value's representation, as Redis would have it (object.c `strEncoding`).
pub fn encoding(entry: &Entry) -> &'static str {
    match entry.value() {
        ValueRef::Int(_) => "int",
        ValueRef::Bytes(bytes) if !entry.is_raw() && bytes.len() <= EMBSTR_MAX => "embstr",
        ValueRef::Bytes(_) => "raw",
        ValueRef::Object(object) => object.encoding(),
    }
}

/// The references that Redis would count: small numbers are shared unless each key needs an object of its own to carry
/// its use (object.c `tryObjectEncoding`, MAXMEMORY_FLAG_NO_SHARED_INTEGERS).
pub fn refcount_of(ctx: &Ctx<'_>, number: Option<i64>) -> i64 {
    let config = ctx.server.config.load();
    let policy = config.maxmemory_policy.as_str();
    let own = config.maxmemory > 0 && (policy.ends_with("-lru") || policy.ends_with("-lfu"));
    if !own && number.is_some_and(|n| (0..SHARED_INTEGERS).contains(&n)) { SHARED_REFCOUNT } else { 1 }
}

/// Replies with what `show` makes of the entry of the key; null without it.
fn show(ctx: &mut Ctx<'_>, args: Args<'_>, show: impl FnOnce(&mut Ctx<'_>, Seen) -> Outcome) -> Outcome {
    let (db, key) = (ctx.keys.db, HKey::new(word(args, 2)));
    let store = ctx.keys.store(&key);
    let policy = store.policy;
    let Some(entry) = store.look_quietly(db, &key) else {
        ctx.out.null();
        return Ok(());
    };
    let seen = Seen { encoding: encoding(entry), number: entry.int_value(), mark: entry.lru(), policy };
    show(ctx, seen)
}

/// What OBJECT looks at.
struct Seen {
    encoding: &'static str,
    number: Option<i64>,
    mark: u32,
    policy: Policy,
}

/// OBJECT ENCODING key
pub(super) fn encoding_of(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    show(ctx, args, |ctx, seen| {
        ctx.out.bulk(seen.encoding.as_bytes());
        Ok(())
    })
}

/// OBJECT REFCOUNT key
pub(super) fn refcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    show(ctx, args, |ctx, seen| {
        let count = refcount_of(ctx, seen.number);
        ctx.out.int(count);
        Ok(())
    })
}

/// OBJECT IDLETIME key
pub(super) fn idletime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    show(ctx, args, |ctx, seen| {
        if seen.policy.lfu {
            return Err(NO_LRU);
        }
        ctx.out.int(i64::from(lru::idle_s(seen.mark, ctx.keys.now_ms)));
        Ok(())
    })
}

/// OBJECT FREQ key
pub(super) fn freq(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    show(ctx, args, |ctx, seen| {
        if !seen.policy.lfu {
            return Err(NO_LFU);
        }
        ctx.out.int(i64::from(lru::lfu_counter(seen.mark, ctx.keys.now_ms, &seen.policy)));
        Ok(())
    })
}

/// OBJECT HELP
pub(super) fn help(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Outcome {
    help::reply(&mut ctx.out, "OBJECT", HELP);
    Ok(())
}
