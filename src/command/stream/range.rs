//! XLEN, XRANGE, XREVRANGE, XDEL, XSETID.

use super::noted;
use super::{ids, reply};
use crate::command::args::{c_str, int, is, word};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::{HKey, Stream, StreamId};
use crate::keyspace::Class;

/// XLEN key
pub(super) fn xlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = HKey::new(word(args, 1));
    let len = ctx.keys.read_as::<Stream>(&key)?.map_or(0, |stream| stream.log.len());
    ctx.out.int(len.cast_signed());
    Ok(())
}

/// XRANGE key start end [COUNT count]
pub(super) fn xrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_range(ctx, args, (2, 3))
}

/// XREVRANGE key end start [COUNT count]
pub(super) fn xrevrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_range(ctx, args, (3, 2))
}

/// Replies the entries between the ids in two words, of which the first is where the range starts (t_stream.c
/// `xrangeGenericCommand`).
fn reply_range(ctx: &mut Ctx<'_>, args: Args<'_>, (start_at, end_at): (usize, usize)) -> Outcome {
    let (start, end) = (ids::start(word(args, start_at))?, ids::end(word(args, end_at))?);
    let mut count = None;
    for option in args.get(4..).unwrap_or_default().chunks(2) {
        match option {
            [name, number] if is(c_str(name), "COUNT") => {
                count = Some(usize::try_from(int(number)?).unwrap_or(0));
            }
            _ => return Err(Failure::Syntax),
        }
    }
    let key = HKey::new(word(args, 1));
    match ctx.keys.read_as::<Stream>(&key)? {
        None => ctx.out.array(0),
        Some(_) if count == Some(0) => ctx.out.null_array(),
        Some(stream) => {
            let range = stream.log.range(start, end, start_at > end_at);
            reply::entries(&mut ctx.out, range, count.unwrap_or(0));
        }
    }
    Ok(())
}

/// XDEL key id [id ...]
pub(super) fn xdel(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = HKey::new(word(args, 1));
    let mut deleted = 0;
    if ctx.keys.read_for_write::<Stream>(&key)?.is_some() {
        let ids: Vec<StreamId> =
            args.get(2..).unwrap_or_default().iter().map(|id| ids::exact(id)).collect::<Result<_, _>>()?;
        let edited = ctx.keys.edit(&key, |stream: &mut Stream, _| stream.log.delete(&ids))?;
        deleted = edited.map_or(0, |edited| edited.result);
    }
    if deleted > 0 {
        ctx.keys.effect(&key, args);
        let count = usize::try_from(deleted).unwrap_or(usize::MAX);
        ctx.keys.changed_many(&key, count, Class::Stream, "xdel");
    }
    ctx.out.int(deleted.cast_signed());
    Ok(())
}

/// XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]
pub(super) fn xsetid(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let id = ids::exact(word(args, 2))?;
    let (mut added, mut max_deleted) = (None, None);
    for option in args.get(3..).unwrap_or_default().chunks(2) {
        match option {
            [name, count] if is(c_str(name), "ENTRIESADDED") => {
                let count = int(count)?;
                added = Some(
                    u64::try_from(count).map_err(|_| Failure::text("ERR entries_added must be positive"))?,
                );
            }
            [name, deleted] if is(c_str(name), "MAXDELETEDID") => {
                let deleted = ids::exact(deleted)?;
                if id < deleted {
                    return Err(Failure::text(
                        "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
                    ));
                }
                max_deleted = Some(deleted);
            }
            _ => return Err(Failure::Syntax),
        }
    }
    let key = HKey::new(word(args, 1));
    let edited = ctx.keys.edit(&key, |stream: &mut Stream, _| {
        check_last_id(stream, id, added)?;
        stream.log.set_last_id(id, added, max_deleted.filter(|id| *id != StreamId::MIN));
        Ok::<(), Failure>(())
    })?;
    edited.ok_or(Failure::NoSuchKey)?.result?;
    ctx.keys.effect(&key, args);
    noted(&mut ctx.keys, &key, 1, Some("xsetid"));
    ctx.out.ok();
    Ok(())
}

/// Whether the stream's last id may become `id`, and its count of entries ever added `added`.
fn check_last_id(stream: &Stream, id: StreamId, added: Option<u64>) -> Outcome {
    let log = &stream.log;
    let line = if id < log.max_deleted_id() {
        "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"
    } else if log.is_empty() {
        return Ok(());
    } else if log.last_live_id().is_some_and(|last| id < last) {
        "ERR The ID specified in XSETID is smaller than the target stream top item"
    } else if added.is_some_and(|added| log.len() > added) {
        "ERR The entries_added specified in XSETID is smaller than the target stream length"
    } else {
        return Ok(());
    };
    Err(Failure::text(line))
}
