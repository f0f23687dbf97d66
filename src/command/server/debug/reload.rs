//! DEBUG RELOAD and DEBUG LOADAOF: the dataset is loaded again from its files, on a thread of its own; the client waits.
//!
//! Within a transaction, where nothing can be waited for, every value is written in the RDB format and read back in place:
//! what can be seen of RELOAD without looking at files is what becomes of the values.

use crate::command::args::{is, word};
use crate::command::server_state::{Asker, Reload};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::{EntryBox, HKey};
use crate::keyspace::Store;
use crate::persist::rdb::payload;

/// Whether these words of DEBUG ask for one of them.
pub(super) fn is_reload(argv: Args<'_>) -> bool {
    is(word(argv, 1), "RELOAD") || is(word(argv, 1), "LOADAOF")
}

/// DEBUG RELOAD [MERGE] [NOFLUSH] [NOSAVE]
pub(super) fn reload(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (mut save, mut flush, mut merge) = (true, true, false);
    for option in args.get(2..).unwrap_or_default() {
        match () {
            () if is(option, "MERGE") => merge = true,
            () if is(option, "NOFLUSH") => flush = false,
            () if is(option, "NOSAVE") => save = false,
            () => {
                return Err(Failure::text(
                    "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
                ));
            }
        }
    }
    if begin(ctx, Reload::Rdb { save, flush, merge }) {
        return Ok(());
    }
    if (save, flush, merge) != (true, true, false) {
        return Err(Failure::text("ERR DEBUG RELOAD with options cannot run here"));
    }
    in_place(ctx)
}

/// DEBUG LOADAOF
pub(super) fn load_aof(ctx: &mut Ctx<'_>) -> Outcome {
    if begin(ctx, Reload::Aof) { Ok(()) } else { Err(Failure::text("ERR DEBUG LOADAOF cannot run here")) }
}

/// Has it begun elsewhere and the client wait, if a client can wait here.
fn begin(ctx: &mut Ctx<'_>, reload: Reload) -> bool {
    if ctx.session.executing.is_some() || ctx.session.deny_blocking {
        return false;
    }
    let asker = Asker { client: ctx.session.id, shard: ctx.shard };
    ctx.session.away = ctx.server.reload(reload, asker);
    ctx.session.away
}

/// Reloads the keys of all databases of the stores at hand. Keys that have expired do not come back.
fn in_place(ctx: &mut Ctx<'_>) -> Outcome {
    let mut failed = false;
    ctx.keys.view.each(|store| (0..store.dbs.len()).for_each(|db| failed |= !reload_db(store, db)));
    if failed {
        return Err(Failure::text("ERR Error trying to load the RDB dump, check server logs"));
    }
    ctx.out.ok();
    Ok(())
}

/// A key, its expiry, its value in the RDB format.
type Written = (Box<[u8]>, Option<i64>, Vec<u8>);

/// `false` if a value could not be read back: it stays as it was.
fn reload_db(store: &mut Store, db: usize) -> bool {
    let Some(table) = store.table(db) else { return true };
    let mut payloads: Vec<Written> = Vec::with_capacity(table.len());
    let mut lapsed: Vec<Box<[u8]>> = Vec::new();
    table.for_each(|entry| {
        if store.expired(entry) {
            lapsed.push(entry.key().into());
        } else {
            payloads.push((entry.key().into(), entry.expire_ms(), payload::dump(entry, true)));
        }
    });
    for key in lapsed {
        store.remove(db, &HKey::new(&key));
    }
    let limits = store.limits;
    let back = |key: &[u8], expire, bytes: &[u8]| -> Option<EntryBox> {
        payload::restore(payload::verified(bytes)?, &limits).ok().map(|value| value.into_entry(key, expire))
    };
    let mut whole = true;
    for (key, expire, bytes) in payloads {
        match back(&key, expire, &bytes) {
            Some(entry) => drop(store.put(db, &HKey::new(&key), entry)),
            None => whole = false,
        }
    }
    whole
}
