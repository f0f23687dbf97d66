//! SCAN and KEYS: walking the keys of a database.
//!
//! A SCAN cursor is a position in the order of slots (`data::table`), so it says which shard goes on. Shards answer for
//! their own slots only; where one has no more, the reply's cursor is the first of the next shard, and 0 after the last.

use super::type_name;
use crate::base::glob;
use crate::command::args::{cursor, int, is, word};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::Entry;
use crate::keyspace::slots;
use crate::resp::Out;

/// Keys asked for without COUNT (db.c `scanGenericCommand`).
const DEFAULT_COUNT: i64 = 10;

/// Which keys are reported, and how many a call aims at.
struct Options<'a> {
    count: usize,
    pattern: Option<&'a [u8]>,
    kind: Option<&'a [u8]>,
}

impl<'a> Options<'a> {
    fn parse(words: Args<'a>) -> Result<Options<'a>, Failure> {
        let (mut count, mut pattern, mut kind) = (DEFAULT_COUNT, None, None);
        for pair in words.chunks(2) {
            let &[option, value] = pair else { return Err(Failure::Syntax) };
            if is(option, "COUNT") {
                count = int(value)?;
                if count < 1 {
                    return Err(Failure::Syntax);
                }
            } else if is(option, "MATCH") {
                pattern = Some(value).filter(|&p| p != b"*");
            } else if is(option, "TYPE") {
                kind = Some(value);
            } else {
                return Err(Failure::Syntax);
            }
        }
        Ok(Options { count: usize::try_from(count).unwrap_or(usize::MAX), pattern, kind })
    }

    fn admit(&self, entry: &Entry) -> bool {
        self.pattern.is_none_or(|p| glob::matches(p, entry.key(), false))
            && self.kind.is_none_or(|k| is(k, type_name(entry.kind())))
    }
}

/// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
pub(super) fn scan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let from = cursor(word(args, 1))?;
    let options = Options::parse(args.get(2..).unwrap_or_default())?;
    let shards = ctx.server.shards;
    let slot = slots::of_cursor(from);
    let shard = slots::owner(slot, shards);
    let (db, proto) = (ctx.keys.db, ctx.out.proto());
    let store = ctx.keys.view.store(slot);

    let (mut found, mut keys) = (0, Vec::new());
    let mut list = Out::new(&mut keys, proto);
    let next = store.table(db).map_or(0, |table| {
        table.scan_range(slots::range(shard, shards), from, options.count, |entry| {
            if !store.expired(entry) && options.admit(entry) {
                found += 1;
                list.bulk(entry.key());
            }
        })
    });
    let next = if next == 0 { slots::first_cursor(shard + 1, shards) } else { next };

    ctx.out.array(2);
    ctx.out.bulk(itoa::Buffer::new().format(next).as_bytes());
    ctx.out.array(found);
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
            if !store.expired(entry) && options.admit(entry) {
                found += 1;
                list.bulk(entry.key());
            }
        });
    });
    ctx.out.array(found);
    ctx.out.raw().extend_from_slice(&keys);
    Ok(())
}
