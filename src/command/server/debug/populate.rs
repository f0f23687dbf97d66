//! DEBUG POPULATE: many small keys at once.

use super::is_fragment;
use crate::command::args::{int, word};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::{EntryBox, HKey};
use crate::keyspace::slots;

/// Longest key that is made; longer ones are cut (the buffer of debug.c `debugCommand`).
const KEY_MAX: usize = 127;

const NOT_POSITIVE: Failure = Failure::text("ERR value is out of range, must be positive");

/// DEBUG POPULATE count [prefix] [size]: keys that are there stay; with several shards each makes those it owns. As in
/// Redis the journal hears nothing of it.
pub(super) fn populate(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let number = |at| usize::try_from(int(word(args, at)).unwrap_or(-1)).map_err(|_| NOT_POSITIVE);
    let count = number(2)?;
    let prefix = args.get(3).copied().unwrap_or(b"key");
    let size = if args.len() > 4 { number(4)? } else { 0 };
    if size as u64 > ctx.server.config.load().proto_max_bulk_len {
        return Err(Failure::text("ERR string exceeds maximum allowed size (proto-max-bulk-len)"));
    }
    let owner = is_fragment(ctx).then_some(ctx.shard);
    let (db, shards) = (ctx.keys.db, ctx.server.shards);
    let (mut name, mut value) = (Vec::new(), Vec::new());
    for i in 0..count {
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(i).as_bytes();
        fill(&mut name, &[prefix, b":", digits]);
        name.truncate(KEY_MAX);
        let key = HKey::new(&name);
        if owner.is_some_and(|shard| slots::owner(key.slot, shards) != shard) {
            continue;
        }
        let store = ctx.keys.store(&key);
        if store.write(db, &key).is_some() {
            continue;
        }
        fill(&mut value, &[b"value:", digits]);
        if size > 0 {
            value.resize(size, 0);
        }
        store.put(db, &key, EntryBox::new_string(key.bytes, &value, None));
        store.modified(db, key.bytes);
    }
    ctx.out.ok();
    Ok(())
}

fn fill(buffer: &mut Vec<u8>, parts: &[&[u8]]) {
    buffer.clear();
    parts.iter().for_each(|part| buffer.extend_from_slice(part));
}
