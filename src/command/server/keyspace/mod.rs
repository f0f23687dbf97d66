//! DBSIZE, FLUSHDB, FLUSHALL, SWAPDB: commands on whole databases.
//!
//! They run on every shard and are stated by the first shard alone: the fragments of one transaction come out of the
//! merge together, so once is enough, and two swaps were none.

use crate::command::args::{is, word};
use crate::command::generic::existing_database;
use crate::command::meta::server as meta;
use crate::command::server_state::Request;
use crate::command::{Args, Ctx, Failure, Merge, Outcome, Route, Row, args};
use crate::keyspace::Store;

/// Rows of this file.
pub static ROWS: &[Row] = &[
    Row::new(&meta::DBSIZE, Route::Every(Merge::Sum), dbsize),
    Row::new(&meta::FLUSHALL, Route::Every(Merge::Ok), flushall),
    Row::new(&meta::FLUSHDB, Route::Every(Merge::Ok), flushdb),
    Row::new(&meta::SWAPDB, Route::Every(Merge::Ok), swapdb),
];

/// DBSIZE: keys that have expired but are not removed yet count, as in Redis.
fn dbsize(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Outcome {
    let (db, mut keys) = (ctx.keys.db, 0usize);
    ctx.keys.view.each(|store| keys = keys.saturating_add(store.table(db).map_or(0, |t| t.len())));
    ctx.out.count(keys);
    Ok(())
}

/// Whether the memory is given back in the background (db.c `getFlushCommandFlags`).
fn lazily(ctx: &Ctx<'_>, args: Args<'_>) -> Result<bool, Failure> {
    match args.get(1..).unwrap_or_default() {
        [] => Ok(ctx.server.config.load().lazyfree_lazy_user_flush),
        [option] if is(option, "SYNC") => Ok(false),
        [option] if is(option, "ASYNC") => Ok(true),
        _ => Err(Failure::Syntax),
    }
}

/// FLUSHDB [ASYNC | SYNC]
fn flushdb(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (db, lazy) = (ctx.keys.db, lazily(ctx, args)?);
    flush(ctx, b"FLUSHDB", |store| {
        store.flush(db, lazy);
    });
    Ok(())
}

/// FLUSHALL [ASYNC | SYNC]
fn flushall(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let lazy = lazily(ctx, args)?;
    flush(ctx, b"FLUSHALL", |store| {
        (0..store.dbs.len()).for_each(|db| {
            store.flush(db, lazy);
        })
    });
    // The file that would bring the keys back is replaced. A fragment on another shard says nothing.
    let is_said = ctx.shard == 0 || !ctx.keys.is_one_store();
    if is_said && !ctx.server.loading.is_any() {
        ctx.server.ask_log(Request::Flushed);
    }
    Ok(())
}

/// Stated even if nothing was there, as Redis propagates it (db.c `flushallCommand`, forceCommandPropagation).
fn flush(ctx: &mut Ctx<'_>, verb: &[u8], empty: impl Fn(&mut Store)) {
    let (db, mut states) = (ctx.keys.db, is_stated_here(ctx));
    ctx.keys.view.each(|store| {
        empty(store);
        store.flushed();
        if std::mem::replace(&mut states, false) {
            store.journal.effect(db, &[verb]);
        }
    });
    ctx.out.ok();
}

/// Whether a command on every shard states its effect here: a fragment on another shard than the first says nothing, all
/// stores together say it once.
fn is_stated_here(ctx: &Ctx<'_>) -> bool {
    ctx.shard == 0 || !ctx.keys.is_one_store()
}

/// SWAPDB index1 index2
fn swapdb(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let index = |at, line| {
        let n = args::int_or(word(args, at), line)?;
        i32::try_from(n).map_err(|_| Failure::text(line))
    };
    let (a, b) = (index(1, "ERR invalid first DB index")?, index(2, "ERR invalid second DB index")?);
    let (a, b) = (existing_database(ctx, a.into())?, existing_database(ctx, b.into())?);
    let db = ctx.keys.db;
    let mut states = is_stated_here(ctx);
    ctx.keys.view.each(|store| {
        store.swap(a, b);
        if std::mem::replace(&mut states, false) {
            let (mut x, mut y) = (itoa::Buffer::new(), itoa::Buffer::new());
            store.journal.effect(db, &[b"SWAPDB", x.format(a).as_bytes(), y.format(b).as_bytes()]);
            store.stats.dirty += 1;
        }
    });
    ctx.out.ok();
    Ok(())
}

#[cfg(test)]
mod tests;
