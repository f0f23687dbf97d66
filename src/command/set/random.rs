//! SPOP and SRANDMEMBER: members by chance.

use super::{Args, Ctx, Failure, Outcome, args};
use crate::base::prng::Prng;
use crate::command::args::word;
use crate::command::element::reply_item;
use crate::command::sampling::{self, Count};
use crate::data::{HKey, Item, Limits, Set};
use crate::keyspace::Class;
use smallvec::SmallVec;

/// Members of one SREM that states what SPOP took (t_set.c `spopWithCountCommand`).
const EFFECT_MEMBERS: usize = 1024;

/// Of a set of which less than a fifth as many members stay as go, those that stay are drawn instead (t_set.c
/// SPOP_MOVE_STRATEGY_MUL).
const KEEP_FACTOR: usize = 5;

/// Of a table, members are drawn one by one only if it is more than three times as large as their number (t_set.c
/// SRANDMEMBER_SUB_STRATEGY_MUL).
const DRAW_FACTOR: usize = 3;

/// SPOP key [count]
pub(super) fn spop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    match args.len() {
        2 => spop_one(ctx, &HKey::new(word(args, 1))),
        3 => spop_many(ctx, &HKey::new(word(args, 1)), word(args, 2)),
        _ => Err(Failure::Syntax),
    }
}

fn spop_one(ctx: &mut Ctx<'_>, key: &HKey<'_>) -> Outcome {
    let mut rng = take_rng(ctx, key);
    let edited = ctx.keys.edit(key, |set: &mut Set, _| set.pop_random(&mut rng));
    ctx.keys.store(key).rng = rng;
    let Some(edited) = edited? else {
        ctx.out.null();
        return Ok(());
    };
    let member = edited.result.unwrap_or_default();
    ctx.keys.effect(key, &[b"SREM", key.bytes, &member]);
    ctx.keys.changed(key, Class::Set, "spop");
    if edited.removed {
        ctx.keys.event(key, Class::Generic, "del");
    }
    ctx.out.bulk(&member);
    Ok(())
}

/// The random numbers of the store, to be put back: an edit borrows the store as a whole.
fn take_rng(ctx: &mut Ctx<'_>, key: &HKey<'_>) -> Prng {
    ctx.keys.store(key).rng.clone()
}

fn spop_many(ctx: &mut Ctx<'_>, key: &HKey<'_>, count: &[u8]) -> Outcome {
    let count = args::positive(count)?;
    let size = ctx.keys.read_for_write::<Set>(key)?.map_or(0, Set::len);
    if size == 0 || count == 0 {
        ctx.out.set(0);
        return Ok(());
    }
    if count >= size {
        return spop_all(ctx, key);
    }
    let mut rng = take_rng(ctx, key);
    let edited = ctx.keys.edit(key, |set: &mut Set, limits| take_random(set, count, &mut rng, limits));
    ctx.keys.store(key).rng = rng;
    let Some(edited) = edited? else { return Ok(()) };
    let taken = edited.result;
    if ctx.keys.journaled(key) {
        for members in taken.chunks(EFFECT_MEMBERS) {
            let head: [&[u8]; 2] = [b"SREM", key.bytes];
            let argv: Vec<&[u8]> = head.into_iter().chain(members.iter().map(Vec::as_slice)).collect();
            ctx.keys.effect(key, &argv);
        }
    }
    ctx.keys.changed_many(key, taken.len(), Class::Set, "spop");
    ctx.out.set(taken.len());
    taken.iter().for_each(|member| ctx.out.bulk(member));
    Ok(())
}

/// Takes the whole set: the key goes.
fn spop_all(ctx: &mut Ctx<'_>, key: &HKey<'_>) -> Outcome {
    let Some(entry) = ctx.keys.remove(key) else { return Ok(()) };
    if let Ok(set) = crate::keyspace::collection::<Set>(&entry) {
        ctx.out.set(set.len());
        set.iter().for_each(|member| reply_item(&mut ctx.out, member));
        ctx.keys.changed_many(key, set.len(), Class::Set, "spop");
    }
    ctx.keys.event(key, Class::Generic, "del");
    let lazy = ctx.keys.store(key).policy.lazy_server_del;
    ctx.keys.store(key).free(entry, lazy);
    ctx.keys.effect(key, &[if lazy { b"UNLINK".as_slice() } else { b"DEL" }, key.bytes]);
    Ok(())
}

/// Takes `count` members, fewer than there are, out of the set.
fn take_random(set: &mut Set, count: usize, rng: &mut Prng, limits: &Limits) -> Vec<Vec<u8>> {
    let remaining = set.len().saturating_sub(count);
    if let Set::Packed(pack) = set {
        let chosen = sampling::distinct(rng, pack.len(), count);
        let (mut taken, mut positions) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut chosen = chosen.into_iter().peekable();
        for (index, (at, item)) in pack.iter().enumerate() {
            if chosen.next_if_eq(&index).is_some() {
                taken.push(item.to_vec());
                positions.push(at);
            }
        }
        pack.delete_many(&positions);
        return taken;
    }
    if remaining.saturating_mul(KEEP_FACTOR) > count {
        return (0..count).map_while(|_| set.pop_random(rng)).collect();
    }
    let Some(first) = set.pop_random(rng) else { return Vec::new() };
    // What stays may be small again: it is built anew in the tightest encoding.
    let mut kept = Set::fit_for(&first, 1, limits);
    kept.add(&first, limits);
    for member in (1..remaining).map_while(|_| set.pop_random(rng)) {
        kept.add(&member, limits);
    }
    std::mem::replace(set, kept).iter().map(|item| item.to_vec()).collect()
}

/// SRANDMEMBER key [count]
pub(super) fn srandmember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if args.len() > 3 {
        return Err(Failure::Syntax);
    }
    let key = HKey::new(word(args, 1));
    // Redis: LONG_MAX on both sides, so the lowest number has a positive twin.
    let count = args.get(2).map(|count| Count::parse(count, -i64::MAX, i64::MAX)).transpose()?;
    let mut rng = take_rng(ctx, &key);
    let outcome = random_members(ctx, &key, count, &mut rng);
    ctx.keys.store(&key).rng = rng;
    outcome
}

fn random_members(ctx: &mut Ctx<'_>, key: &HKey<'_>, count: Option<Count>, rng: &mut Prng) -> Outcome {
    let set = ctx.keys.read_as::<Set>(key)?;
    let Some(count) = count else {
        match set.and_then(|set| set.random(rng)) {
            Some(member) => reply_item(&mut ctx.out, member),
            None => ctx.out.null(),
        }
        return Ok(());
    };
    let Some(set) = set else {
        ctx.out.array(0);
        return Ok(());
    };
    match count {
        Count::Repeated(n) => {
            count.check_reply(set.random(rng).map_or(0, |member| member.len()))?;
            ctx.out.array(n);
            if let Set::Packed(pack) = set {
                // One walk finds every member's place; then each draw is a look-up.
                let members: Vec<Item<'_>> = pack.iter().map(|(_, item)| item).collect();
                (0..n)
                    .filter_map(|_| members.get(rng.index(members.len())))
                    .for_each(|m| reply_item(&mut ctx.out, *m));
            } else {
                (0..n).filter_map(|_| set.random(rng)).for_each(|member| reply_item(&mut ctx.out, member));
            }
        }
        Count::Distinct(n) => {
            let chosen = distinct_members(set, n, rng);
            ctx.out.array(chosen.len());
            chosen.into_iter().for_each(|member| reply_item(&mut ctx.out, member));
        }
    }
    Ok(())
}

/// `count` different members, or all.
fn distinct_members<'s>(set: &'s Set, count: usize, rng: &mut Prng) -> SmallVec<[Item<'s>; 8]> {
    match set {
        _ if count >= set.len() => set.iter().collect(),
        Set::Ints(ints) => sampling::distinct_few(rng, ints.len(), count)
            .into_iter()
            .filter_map(|index| ints.get(index).map(Item::Int))
            .collect(),
        Set::Table(table) if count.saturating_mul(DRAW_FACTOR) < table.len() => {
            let mut seen = ahash::AHashSet::with_capacity(count);
            let mut chosen = SmallVec::with_capacity(count);
            while chosen.len() < count {
                let Some(entry) = table.random(&mut || rng.next_u64()) else { break };
                if seen.insert(entry.key()) {
                    chosen.push(Item::Bytes(entry.key()));
                }
            }
            chosen
        }
        _ => {
            let mut chosen = sampling::distinct(rng, set.len(), count).into_iter().peekable();
            let picked = set.iter().enumerate().filter(|(index, _)| chosen.next_if_eq(index).is_some());
            picked.map(|(_, member)| member).collect()
        }
    }
}
