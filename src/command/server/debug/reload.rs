//! DEBUG RELOAD: every value is written in the RDB format and read back, in place.
//!
//! Redis saves a file and loads it; what a test can see of that is what becomes of the values. There is no file yet, so
//! its options, which are about the file, are refused.

use crate::command::{Ctx, Failure, Outcome};
use crate::data::{EntryBox, HKey};
use crate::keyspace::Store;
use crate::persist::rdb::payload;

/// Reloads the keys of all databases of the stores at hand. Keys that have expired do not come back.
pub(super) fn reload(ctx: &mut Ctx<'_>) -> Outcome {
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
