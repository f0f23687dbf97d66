//! HRANDFIELD: fields by chance.

use super::{Args, Ctx, Failure, Outcome};
use crate::base::prng::Prng;
use crate::command::args::{is, word};
use crate::command::element::reply_item;
use crate::command::sampling::{self, Count};
use crate::data::hash::Pair;
use crate::data::{HKey, Hash};
use crate::resp::{Out, Proto};
use smallvec::SmallVec;

/// Of a table, fields are drawn one by one only if it is more than three times as large as their number (t_hash.c
/// HRANDFIELD_SUB_STRATEGY_MUL).
const DRAW_FACTOR: usize = 3;

/// HRANDFIELD key [count [WITHVALUES]]
pub(super) fn hrandfield(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, db) = (HKey::new(word(args, 1)), ctx.keys.db);
    let count = args.get(2).map(|count| Count::parse(count, -i64::MAX, i64::MAX)).transpose()?;
    let with_values = match args.get(3..).unwrap_or_default() {
        [] => false,
        [option] if is(option, "WITHVALUES") => true,
        _ => return Err(Failure::Syntax),
    };
    if let (true, Some(Count::Distinct(n) | Count::Repeated(n))) = (with_values, count)
        && n as u64 > (i64::MAX / 2) as u64
    {
        return Err(Failure::text("ERR value is out of range"));
    }
    // Every field must be as likely as any other, so those past their time go first (t_hash.c `hrandfieldCommand`).
    let now_ms = ctx.judge_ms();
    if ctx.keys.read_as::<Hash>(&key)?.is_some_and(|hash| hash.next_due().is_some_and(|due| due < now_ms)) {
        ctx.keys.store(&key).expire_fields(db, &key, usize::MAX);
    }
    let mut rng = ctx.keys.store(&key).rng.clone();
    let hash =
        ctx.keys.view.look(key.slot).peek(db, &key).map(crate::keyspace::collection::<Hash>).transpose()?;
    let outcome = random_fields(&mut ctx.out, hash, count, with_values, (&mut rng, now_ms));
    ctx.keys.store(&key).rng = rng;
    outcome
}

fn random_fields(
    out: &mut Out<'_>,
    hash: Option<&Hash>,
    count: Option<Count>,
    with_values: bool,
    (rng, now_ms): (&mut Prng, i64),
) -> Outcome {
    let Some(count) = count else {
        match hash.and_then(|hash| hash.random(rng)) {
            Some((field, _)) => reply_item(out, field),
            None => out.null(),
        }
        return Ok(());
    };
    let Some(hash) = hash else {
        out.array(0);
        return Ok(());
    };
    match count {
        Count::Repeated(n) => {
            let sample = hash.random(rng).map_or(0, |(f, v)| f.len() + if with_values { v.len() } else { 0 });
            count.check_reply(sample)?;
            head(out, n, with_values);
            if let Hash::Table(_) = hash {
                (0..n).filter_map(|_| hash.random(rng)).for_each(|pair| reply_pair(out, pair, with_values));
            } else {
                // One walk finds every field's place; then each draw is a look-up.
                let pairs: Vec<Pair<'_>> = hash.pairs(now_ms).collect();
                let drawn = (0..n).filter_map(|_| pairs.get(rng.index(pairs.len())));
                drawn.for_each(|pair| reply_pair(out, *pair, with_values));
            }
        }
        Count::Distinct(n) => {
            let chosen = distinct_fields(hash, n, rng, now_ms);
            head(out, chosen.len(), with_values);
            chosen.into_iter().for_each(|pair| reply_pair(out, pair, with_values));
        }
    }
    Ok(())
}

/// RESP3 nests each field with its value; RESP2 has one flat list.
fn head(out: &mut Out<'_>, fields: usize, with_values: bool) {
    let flat = with_values && out.proto() == Proto::V2;
    out.array(if flat { fields.saturating_mul(2) } else { fields });
}

fn reply_pair(out: &mut Out<'_>, (field, value): Pair<'_>, with_values: bool) {
    if with_values && out.proto() == Proto::V3 {
        out.array(2);
    }
    reply_item(out, field);
    if with_values {
        reply_item(out, value);
    }
}

/// `count` different fields, or all.
fn distinct_fields<'h>(hash: &'h Hash, count: usize, rng: &mut Prng, now_ms: i64) -> SmallVec<[Pair<'h>; 8]> {
    let len = hash.len();
    if count >= len {
        return hash.pairs(now_ms).collect();
    }
    if matches!(hash, Hash::Table(_)) && count.saturating_mul(DRAW_FACTOR) < len {
        let mut seen = ahash::AHashSet::with_capacity(count);
        let mut chosen = SmallVec::with_capacity(count);
        while chosen.len() < count {
            let Some(pair) = hash.random(rng) else { break };
            // A field of a table is bytes of its own block: equal addresses mean the same field.
            let crate::data::Item::Bytes(name) = pair.0 else { break };
            if seen.insert(name.as_ptr()) {
                chosen.push(pair);
            }
        }
        return chosen;
    }
    let mut chosen = sampling::distinct(rng, len, count).into_iter().peekable();
    let picked = hash.pairs(now_ms).enumerate().filter(|(index, _)| chosen.next_if_eq(index).is_some());
    picked.map(|(_, pair)| pair).collect()
}
