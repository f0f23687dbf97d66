//! Storing a sorted set that a command made: Z*STORE, GEORADIUS STORE, GEOSEARCHSTORE.

use super::{Args, Ctx, Outcome};
use crate::base::numbers::write_f64;
use crate::command::result::{Recipe, Told};
use crate::data::{HKey, ZSet};
use crate::keyspace::Class;

/// Stores a result and replies its size. The dataset counts `changes` of it.
pub fn store(
    ctx: &mut Ctx<'_>,
    dest: &HKey<'_>,
    args: Args<'_>,
    result: ZSet,
    event: &'static str,
    changes: usize,
) -> Outcome {
    ctx.out.count(result.len());
    let told = Told { class: Class::ZSet, event, changes };
    ctx.keys.store_result(dest, args, result, &told, recipe);
    Ok(())
}

fn recipe(zset: &ZSet) -> Recipe {
    let mut words: Vec<Vec<u8>> = Vec::with_capacity(zset.len() * 2);
    for (member, score) in zset.iter() {
        let mut text = Vec::new();
        write_f64(&mut text, score);
        words.extend([text, member.to_vec()]);
    }
    Recipe { verb: b"ZADD", width: 2, words }
}
