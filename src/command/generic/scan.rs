//! SCAN and KEYS: walking the keys of a database.
//!
//! A SCAN cursor is a position in the order of slots (`data::table`), so it says which shard goes on. Shards answer for
//! their own slots only; where one has no more, the reply's cursor is the first of the next shard, and 0 after the last.

use super::type_name;
use crate::command::args::{cursor, is, word};
use crate::command::scan::{self, Options};
use crate::command::{Args, Ctx, Outcome};
use crate::data::Entry;
use crate::keyspace::slots;
use crate::resp::Out;

/// Whether the key is reported.
fn admits(options: &Options<'_>, entry: &Entry) -> bool {
    options.admits(entry.key()) && options.kind.is_none_or(|kind| is(kind, type_name(entry.kind())))
}

/// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
pub(super) fn scan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let from = cursor(word(args, 1))?;
    let options = Options::parse(args.get(2..).unwrap_or_default(), true)?;
    let shards = ctx.server.shards;
    let slot = slots::of_cursor(from);
    let shard = slots::owner(slot, shards);
    let (db, proto) = (ctx.keys.db, ctx.out.proto());
    let store = ctx.keys.view.store(slot);

    let (mut found, mut keys) = (0, Vec::new());
    let mut list = Out::new(&mut keys, proto);
    let next = store.table(db).map_or(0, |table| {
        table.scan_range(slots::range(shard, shards), from, options.count, |entry| {
            if !store.expired(entry) && admits(&options, entry) {
                found += 1;
                list.bulk(entry.key());
            }
        })
    });
    let next = if next == 0 { slots::first_cursor(shard + 1, shards) } else { next };

    scan::head(&mut ctx.out, next, found);
    ctx.out.raw().extend_from_slice(&keys);
    Ok(())
}

/// KEYS pattern
pub(super) fn keys(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let pattern = Some(word(args, 1)).filter(|&p| p != b"*");
    let options = Options { count: usize::MAX, pattern, kind: None };
    let (db, proto) = (ctx.keys.db, ctx.out.proto());
    let (mut found, mut keys) = (0, Vec::new());
    let mut list = Out::new(&mut keys, proto);
    ctx.keys.view.each(|store| {
        let Some(table) = store.table(db) else { return };
        table.for_each(|entry| {
            if !store.expired(entry) && admits(&options, entry) {
                found += 1;
                list.bulk(entry.key());
            }
        });
    });
    ctx.out.array(found);
    ctx.out.raw().extend_from_slice(&keys);
    Ok(())
}
