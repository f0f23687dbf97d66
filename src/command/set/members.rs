//! SADD, SREM, SISMEMBER, SMISMEMBER, SCARD, SMEMBERS, SMOVE, SSCAN: members by name, and all of them.

use super::{Args, Ctx, Outcome};
use crate::command::args::{cursor, word};
use crate::command::element::reply_item;
use crate::command::scan::{self, Options};
use crate::data::{HKey, Item, Set};
use crate::keyspace::Class;
use smallvec::SmallVec;

/// SADD key member [member ...]
pub(super) fn sadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, members) = (HKey::new(word(args, 1)), args.get(2..).unwrap_or_default());
    let limits = ctx.keys.store(&key).limits;
    let fresh = || Set::fit_for(word(args, 2), members.len(), &limits);
    let edited = ctx.keys.upsert(&key, fresh, |set: &mut Set, limits| {
        set.make_fit_for(members.len(), limits);
        members.iter().filter(|member| set.add(member, limits)).count()
    })?;
    let added = edited.result;
    if added > 0 {
        ctx.keys.effect(&key, args);
        ctx.keys.changed_many(&key, added, Class::Set, "sadd");
    }
    ctx.out.count(added);
    Ok(())
}

/// SREM key member [member ...]
pub(super) fn srem(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, members) = (HKey::new(word(args, 1)), args.get(2..).unwrap_or_default());
    let edited =
        ctx.keys.edit(&key, |set: &mut Set, _| members.iter().filter(|member| set.remove(member)).count())?;
    let Some(edited) = edited.filter(|edited| edited.result > 0) else {
        ctx.out.int(0);
        return Ok(());
    };
    ctx.keys.effect(&key, args);
    ctx.keys.changed_many(&key, edited.result, Class::Set, "srem");
    if edited.removed {
        ctx.keys.event(&key, Class::Generic, "del");
    }
    ctx.out.count(edited.result);
    Ok(())
}

/// SISMEMBER key member
pub(super) fn sismember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let set = ctx.keys.read_as::<Set>(&HKey::new(word(args, 1)))?;
    ctx.out.int(i64::from(set.is_some_and(|set| set.contains(word(args, 2)))));
    Ok(())
}

/// SMISMEMBER key member [member ...]
pub(super) fn smismember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let set = ctx.keys.read_as::<Set>(&HKey::new(word(args, 1)))?;
    let members = args.get(2..).unwrap_or_default();
    ctx.out.array(members.len());
    for member in members {
        ctx.out.int(i64::from(set.is_some_and(|set| set.contains(member))));
    }
    Ok(())
}

/// SCARD key
pub(super) fn scard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let set = ctx.keys.read_as::<Set>(&HKey::new(word(args, 1)))?;
    ctx.out.count(set.map_or(0, Set::len));
    Ok(())
}

/// SMEMBERS key
pub(super) fn smembers(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let set = ctx.keys.read_as::<Set>(&HKey::new(word(args, 1)))?;
    ctx.out.set(set.map_or(0, Set::len));
    if let Some(set) = set {
        set.iter().for_each(|member| reply_item(&mut ctx.out, member));
    }
    Ok(())
}

/// SMOVE source destination member
///
/// Redis: t_set.c `smoveCommand`.
pub(super) fn smove(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (from, to, member) = (HKey::new(word(args, 1)), HKey::new(word(args, 2)), word(args, 3));
    let Some(source) = ctx.keys.read_for_write::<Set>(&from)? else {
        ctx.out.int(0);
        return Ok(());
    };
    let found = source.contains(member);
    // The destination's type is an error even where nothing would move.
    ctx.keys.read_for_write::<Set>(&to)?;
    if from.bytes == to.bytes || !found {
        ctx.out.int(i64::from(found));
        return Ok(());
    }
    let Some(taken) = ctx.keys.edit(&from, |set: &mut Set, _| set.remove(member))? else { return Ok(()) };
    ctx.keys.effect(&from, &[b"SREM", from.bytes, member]);
    ctx.keys.changed(&from, Class::Set, "srem");
    if taken.removed {
        ctx.keys.event(&from, Class::Generic, "del");
    }
    let limits = ctx.keys.store(&to).limits;
    let added = ctx.keys.upsert(
        &to,
        || Set::fit_for(member, 1, &limits),
        |set: &mut Set, limits| set.add(member, limits),
    )?;
    if added.result {
        ctx.keys.effect(&to, &[b"SADD", to.bytes, member]);
        ctx.keys.changed(&to, Class::Set, "sadd");
    }
    ctx.out.int(1);
    Ok(())
}

/// SSCAN key cursor [MATCH pattern] [COUNT count]
pub(super) fn sscan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let from = cursor(word(args, 2))?;
    // Without a key the options are not looked at.
    let Some(set) = ctx.keys.read_as::<Set>(&HKey::new(word(args, 1)))? else {
        scan::head(&mut ctx.out, 0, 0);
        return Ok(());
    };
    let options = Options::parse(args.get(3..).unwrap_or_default(), false)?;
    let mut found: SmallVec<[Item<'_>; 16]> = SmallVec::new();
    let next = match set {
        Set::Table(table) => scan::walk(from, options.count, |at, seen| {
            table.scan(at, |entry| {
                *seen += 1;
                found.push(Item::Bytes(entry.key()));
            })
        }),
        _ => {
            found.extend(set.iter());
            0
        }
    };
    found.retain(|item| options.admits(item.bytes(&mut itoa::Buffer::new())));
    scan::head(&mut ctx.out, next, found.len());
    found.into_iter().for_each(|item| reply_item(&mut ctx.out, item));
    Ok(())
}
