//! Storing a sorted set that a command made: Z*STORE, GEORADIUS STORE, GEOSEARCHSTORE.

use super::{Args, Ctx, Keys, Outcome};
use crate::base::numbers::write_f64;
use crate::data::{Collection, EntryBox, HKey, ZSet};
use crate::keyspace::Class;

/// Stores a result in place of whatever is at `dest`, or removes that if the result is empty, and replies its size. The
/// dataset counts `changes` of it.
///
/// In one store the command itself is the effect, for one journal then holds all that it depends on; with sources in
/// other journals the result has to be told.
pub fn store(
    ctx: &mut Ctx<'_>,
    dest: &HKey<'_>,
    args: Args<'_>,
    result: ZSet,
    event: &'static str,
    changes: usize,
) -> Outcome {
    let size = result.len();
    let together = ctx.keys.is_one_store();
    if together {
        // Sources that were found expired must be gone before the effect, not after the command.
        ctx.keys.store(dest).remove_lapsed();
    }
    let lazy = ctx.keys.store(dest).policy.lazy_server_del;
    ctx.out.count(size);
    if size == 0 {
        if let Some(old) = ctx.keys.remove(dest) {
            ctx.keys.store(dest).free(old, lazy);
            ctx.keys.effect(dest, &[b"DEL", dest.bytes]);
            ctx.keys.changed(dest, Class::Generic, "del");
        }
        return Ok(());
    }
    if together {
        ctx.keys.effect(dest, args);
    } else if ctx.keys.journaled(dest) {
        state(&mut ctx.keys, dest, &result);
    }
    let entry = EntryBox::new_object(dest.bytes, ZSet::KIND, result.into(), None);
    if let Some(old) = ctx.keys.put(dest, entry) {
        ctx.keys.store(dest).free(old, lazy);
    }
    ctx.keys.changed_many(dest, changes, Class::ZSet, event);
    Ok(())
}

/// States the result itself.
fn state(keys: &mut Keys<'_>, dest: &HKey<'_>, result: &ZSet) {
    keys.effect(dest, &[b"DEL", dest.bytes]);
    let mut words: Vec<Vec<u8>> = Vec::with_capacity(result.len() * 2);
    for (member, score) in result.iter() {
        let mut text = Vec::new();
        write_f64(&mut text, score);
        words.extend([text, member.to_vec()]);
    }
    let head: [&[u8]; 2] = [b"ZADD", dest.bytes];
    let argv: Vec<&[u8]> = head.into_iter().chain(words.iter().map(Vec::as_slice)).collect();
    keys.effect(dest, &argv);
}
