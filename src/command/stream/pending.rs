//! XACK and XPENDING: entries that were delivered and not acknowledged.

use super::{ids, no_group, noted, reply};
use crate::command::args::{c_str, int, is, word};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::stream::{Consumer, Group};
use crate::data::{HKey, Stream, StreamId};
use crate::resp::Out;

/// XACK key group id [id ...]
pub(super) fn xack(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, name) = (HKey::new(word(args, 1)), word(args, 2));
    let mut acknowledged = 0;
    if ctx.keys.read_as::<Stream>(&key)?.and_then(|stream| stream.group(name)).is_some() {
        // All ids are read before the first is acted on: the command fails as a whole.
        let ids: Vec<StreamId> =
            args.get(3..).unwrap_or_default().iter().map(|id| ids::exact(id)).collect::<Result<_, _>>()?;
        let edited = ctx.keys.edit(&key, |stream: &mut Stream, _| {
            let (_, group) = stream.parts(name)?;
            Some(ids.iter().filter(|id| group.ack(**id).is_some()).count())
        })?;
        acknowledged = edited.and_then(|edited| edited.result).unwrap_or(0);
    }
    if acknowledged > 0 {
        ctx.keys.effect(&key, args);
        noted(&mut ctx.keys, &key, acknowledged as u64, None);
    }
    ctx.out.count(acknowledged);
    Ok(())
}

/// Which pending entries XPENDING lists.
struct Filter<'a> {
    min_idle_ms: i64,
    start: StreamId,
    end: StreamId,
    count: usize,
    consumer: Option<&'a [u8]>,
}

impl<'a> Filter<'a> {
    /// Reads `[IDLE ms] start end count [consumer]`.
    fn parse(args: Args<'a>) -> Result<Filter<'a>, Failure> {
        let (mut at, mut min_idle_ms) = (3, 0);
        if is(c_str(word(args, 3)), "IDLE") {
            min_idle_ms = int(word(args, 4))?;
            if args.len() < 8 {
                return Err(Failure::Syntax);
            }
            at = 5;
        }
        let count = usize::try_from(int(word(args, at + 2))?).unwrap_or(0);
        let (start, end) = (ids::start(word(args, at))?, ids::end(word(args, at + 1))?);
        Ok(Filter { min_idle_ms, start, end, count, consumer: args.get(at + 3).copied() })
    }
}

/// XPENDING key group [[IDLE min-idle-time] start end count [consumer]]
pub(super) fn xpending(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let filter = match args.len() {
        3 => None,
        6..=9 => Some(Filter::parse(args)?),
        _ => return Err(Failure::Syntax),
    };
    let (key, name) = (HKey::new(word(args, 1)), word(args, 2));
    let now_ms = ctx.keys.now_ms;
    let stream = ctx.keys.read_as::<Stream>(&key)?;
    let group = stream.and_then(|stream| stream.group(name));
    let group = group.ok_or_else(|| no_group(key.bytes, name, b""))?;
    match filter {
        None => summary(&mut ctx.out, group),
        Some(filter) => list(&mut ctx.out, group, &filter, now_ms),
    }
    Ok(())
}

fn summary(out: &mut Out<'_>, group: &Group) {
    let pending = group.pending();
    out.array(4);
    out.count(pending.len());
    let (Some((first, _)), Some((last, _))) = (pending.first_key_value(), pending.last_key_value()) else {
        out.null();
        out.null();
        out.null_array();
        return;
    };
    reply::id(out, *first);
    reply::id(out, *last);
    let busy = |consumer: &&Consumer| !consumer.pending().is_empty();
    out.array(group.consumers().filter(busy).count());
    for consumer in group.consumers().filter(busy) {
        out.array(2);
        out.bulk(&consumer.name);
        out.bulk_int(i64::try_from(consumer.pending().len()).unwrap_or(i64::MAX));
    }
}

fn list(out: &mut Out<'_>, group: &Group, filter: &Filter<'_>, now_ms: i64) {
    let only = filter.consumer.map(|name| group.find(name));
    if only == Some(None) || filter.start > filter.end {
        out.array(0);
        return;
    }
    let range = filter.start..=filter.end;
    let of_all = || group.pending().range(range.clone()).map(|(id, _)| *id);
    let ids: Box<dyn Iterator<Item = StreamId>> = match only.flatten().and_then(|slot| group.consumer(slot)) {
        Some(consumer) => Box::new(consumer.pending().range(range.clone()).copied()),
        None => Box::new(of_all()),
    };
    reply::array_of(out, |out| {
        let found = ids.filter_map(|id| Some((id, group.pending().get(&id)?)));
        let idle = found.map(|(id, pending)| (id, pending, now_ms.wrapping_sub(pending.delivered_ms)));
        let wanted = idle.filter(|(_, _, idle_ms)| filter.min_idle_ms == 0 || *idle_ms >= filter.min_idle_ms);
        wanted
            .take(filter.count)
            .inspect(|(id, pending, idle_ms)| {
                out.array(4);
                reply::id(out, *id);
                out.bulk(group.consumer(pending.consumer).map_or(&[], |consumer| &consumer.name));
                out.int((*idle_ms).max(0));
                out.int(pending.deliveries.cast_signed());
            })
            .count()
    });
}
