//! RENAME, RENAMENX, COPY, MOVE: entries that go from one key or database to another.
//!
//! Effects on two keys stand in the journal of the destination's shard: what precedes them there is at most the removal
//! of an expired destination, which has to come first.

use super::{database, first};
use crate::command::args::{is, word};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::HKey;
use crate::keyspace::Class;
use smallvec::SmallVec;

const SAME: Failure = Failure::text("ERR source and destination objects are the same");

/// RENAME key newkey
pub(super) fn rename(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    match rename_to(ctx, args, false)? {
        Renamed::Yes | Renamed::SameKey => ctx.out.ok(),
        Renamed::Taken => unreachable!("RENAME overwrites"),
    }
    Ok(())
}

/// RENAMENX key newkey
pub(super) fn renamenx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let renamed = rename_to(ctx, args, true)?;
    ctx.out.int(i64::from(matches!(renamed, Renamed::Yes)));
    Ok(())
}

enum Renamed {
    Yes,
    SameKey,
    Taken,
}

/// Redis: db.c `renameGenericCommand`.
fn rename_to(ctx: &mut Ctx<'_>, args: Args<'_>, nx: bool) -> Result<Renamed, Failure> {
    let (from, to) = (first(args), HKey::new(word(args, 2)));
    if ctx.keys.write(&from).is_none() {
        return Err(Failure::NoSuchKey);
    }
    if from.bytes == to.bytes {
        return Ok(Renamed::SameKey);
    }
    if ctx.keys.write(&to).is_some() && nx {
        return Ok(Renamed::Taken);
    }
    let db = ctx.keys.db;
    let Some(entry) = ctx.keys.remove(&from) else { return Err(Failure::NoSuchKey) };
    let store = ctx.keys.store(&to);
    if let Some(old) = store.move_in(db, &to, entry.with_key(to.bytes)) {
        let lazy = store.policy.lazy_server_del;
        store.free(old, lazy);
    }
    let verb: &[u8] = if nx { b"RENAMENX" } else { b"RENAME" };
    ctx.keys.effect(&to, &[verb, from.bytes, to.bytes]);
    ctx.keys.changed(&from, Class::Generic, "rename_from");
    ctx.keys.store(&to).also_changed(db, to.bytes, Class::Generic, "rename_to");
    Ok(Renamed::Yes)
}

/// COPY source destination [DB destination-db] [REPLACE]
///
/// Redis: db.c `copyCommand`.
pub(super) fn copy(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (from, to) = (first(args), HKey::new(word(args, 2)));
    let source_db = ctx.keys.db;
    let (mut db, mut replace) = (source_db, false);
    let mut options = args.get(3..).unwrap_or_default().iter();
    while let Some(option) = options.next() {
        if is(option, "REPLACE") {
            replace = true;
        } else if is(option, "DB") {
            db = database(ctx, options.next().ok_or(Failure::Syntax)?)?;
        } else {
            return Err(Failure::Syntax);
        }
    }
    if db == source_db && from.bytes == to.bytes {
        return Err(SAME);
    }
    let Some(copy) = ctx.keys.read(&from).map(|entry| entry.clone_with_key(to.bytes)) else {
        ctx.out.int(0);
        return Ok(());
    };
    let store = ctx.keys.store(&to);
    if store.write(db, &to).is_some() && !replace {
        ctx.out.int(0);
        return Ok(());
    }
    if let Some(old) = store.put(db, &to, copy) {
        // What was there is deleted first, so the key is a new one.
        store.event(db, to.bytes, Class::New, "new");
        let lazy = store.policy.lazy_server_del;
        store.free(old, lazy);
    }
    let mut digits = itoa::Buffer::new();
    let mut argv: SmallVec<[&[u8]; 6]> = SmallVec::from_slice(&[b"COPY", from.bytes, to.bytes]);
    if db != source_db {
        argv.extend_from_slice(&[b"DB", digits.format(db).as_bytes()]);
    }
    if replace {
        argv.push(b"REPLACE");
    }
    store.journal.effect(source_db, &argv);
    store.changed(db, to.bytes, Class::Generic, "copy_to");
    ctx.out.int(1);
    Ok(())
}

/// MOVE key db
///
/// Redis: db.c `moveCommand`.
pub(super) fn move_key(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = first(args);
    let (from, to) = (ctx.keys.db, database(ctx, word(args, 2))?);
    if from == to {
        return Err(SAME);
    }
    let store = ctx.keys.store(&key);
    // An expired key over there is removed, and stated so, before the move is.
    let moved = store.write(from, &key).is_some() && store.write(to, &key).is_none();
    if let Some(entry) = moved.then(|| store.remove(from, &key)).flatten() {
        store.move_in(to, &key, entry);
        store.journal.effect(from, &[b"MOVE", key.bytes, itoa::Buffer::new().format(to).as_bytes()]);
        store.changed(from, key.bytes, Class::Generic, "move_from");
        store.also_changed(to, key.bytes, Class::Generic, "move_to");
    }
    ctx.out.int(i64::from(moved));
    Ok(())
}
