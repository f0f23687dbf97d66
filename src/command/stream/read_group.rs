//! XREADGROUP: new entries for a consumer, or those that are pending for it (t_stream.c `xreadCommand`,
//! `streamReplyWithRange`, `streamReplyWithRangeFromConsumerPEL`).

use super::effects::Effects;
use super::read::{Options, Streams};
use super::{ids, noted, reply, require_group};
use crate::command::{Args, Ctx, Failure, Outcome};
use crate::data::stream::{ConsumerSlot, Group, Log, Pending, StreamEntry};
use crate::data::{HKey, Stream, StreamId};
use crate::resp::Out;

/// Stands for `>`; an id of this value means the same, as it does in Redis.
const NEW: StreamId = StreamId::MAX;

const DOLLAR: Failure = Failure::text(
    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by \
     specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.",
);

/// XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]
pub(super) fn xreadgroup(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::parse(ctx, args, true)?;
    let (group, consumer) = options.group.unwrap_or_default();
    let from = options.keys.iter().zip(options.ids).map(|(key, id)| first_look(ctx, key, id, group));
    let from: Vec<StreamId> = from.collect::<Result<_, _>>()?;
    let mut streams = Streams::new(&ctx.out);
    for (name, after) in options.keys.iter().zip(&from) {
        let key = HKey::new(name);
        let mut effects = Effects::new(ctx.keys.journaled(&key));
        let now_ms = ctx.keys.now_ms;
        ctx.keys.read_as::<Stream>(&key)?;
        let (out, streams) = (&mut ctx.out, &mut streams);
        let edited = ctx.keys.edit(&key, |stream: &mut Stream, _| {
            let (log, group) = stream.parts(group)?;
            let reading = Reading { name, consumer, options: &options, now_ms, log, group };
            Some(reading.serve(*after, streams, out, &mut effects))
        })?;
        let served = edited.and_then(|edited| edited.result);
        let Some(Served { created, replied }) = served else { continue };
        effects.state(&mut ctx.keys, &key, group);
        noted(&mut ctx.keys, &key, u64::from(replied), None);
        if created {
            noted(&mut ctx.keys, &key, 1, Some("xgroup-createconsumer"));
        }
    }
    if streams.finish(&mut ctx.out) { Ok(()) } else { options.wait(ctx, args, &from) }
}

/// The id behind which a stream is to be read; [`NEW`] for what nobody of the group has read.
fn first_look(ctx: &mut Ctx<'_>, key: &[u8], id: &[u8], group: &[u8]) -> Result<StreamId, Failure> {
    require_group(&mut ctx.keys, &HKey::new(key), group, b" in XREADGROUP with GROUP option")?;
    match id {
        _ if ids::is_mark(id, b"$") => Err(DOLLAR),
        _ if ids::is_mark(id, b">") => Ok(NEW),
        _ => ids::exact(id),
    }
}

/// What one stream led to.
struct Served {
    /// The consumer is new.
    created: bool,
    /// There was something to reply, be it an empty history.
    replied: bool,
}

/// One stream being read.
struct Reading<'a> {
    name: &'a [u8],
    consumer: &'a [u8],
    options: &'a Options<'a>,
    now_ms: i64,
    log: &'a Log,
    group: &'a mut Group,
}

impl Reading<'_> {
    fn serve(
        mut self,
        after: StreamId,
        streams: &mut Streams,
        out: &mut Out<'_>,
        effects: &mut Effects,
    ) -> Served {
        let (slot, created) = self.group.find_or_create(self.consumer, self.now_ms);
        if created && self.options.no_ack {
            effects.created(self.consumer);
        }
        if let Some(consumer) = self.group.consumer_mut(slot) {
            consumer.seen_ms = self.now_ms;
        }
        let replied = if after == NEW {
            let unread = self.log.last_live_id().is_some_and(|last| last > self.group.last_id);
            if unread {
                streams.add(out, self.name);
                self.deliver(slot, out, effects);
            }
            unread
        } else {
            streams.add(out, self.name);
            self.repeat(slot, after, out);
            true
        };
        Served { created, replied }
    }

    /// Hands out what the group has not read.
    fn deliver(&mut self, slot: ConsumerSlot, out: &mut Out<'_>, effects: &mut Effects) {
        let start = self.group.last_id.next().unwrap_or_default();
        let (count, mut moved) = (reply::limit(self.options.count), false);
        reply::array_of(out, |out| {
            let entries = self.log.range(start, StreamId::MAX, false).take(count);
            let tell = |entry: StreamEntry<'_>| {
                moved |= self.group.advance(self.log, entry.id);
                reply::entry(out, &entry);
                if !self.options.no_ack {
                    self.assign(slot, entry.id, effects);
                }
            };
            entries.map(tell).count()
        });
        // Else the claims tell the last id.
        if moved && self.options.no_ack {
            effects.moved(self.group);
        }
    }

    /// Makes an entry pending for the consumer.
    fn assign(&mut self, slot: ConsumerSlot, id: StreamId, effects: &mut Effects) {
        let pending = Pending { consumer: slot, delivered_ms: self.now_ms, deliveries: 1 };
        self.group.set(id, pending);
        if let Some(consumer) = self.group.consumer_mut(slot) {
            consumer.active_ms = Some(self.now_ms);
        }
        effects.claimed(self.group, id, pending);
    }

    /// Hands out again what is pending for the consumer; of entries that were deleted only the id. Nothing of it is an
    /// effect: so Redis has it.
    fn repeat(&mut self, slot: ConsumerSlot, after: StreamId, out: &mut Out<'_>) {
        let start = after.next().unwrap_or_default();
        let pending = self.group.consumer(slot).map(|consumer| consumer.pending().range(start..));
        let ids: Vec<StreamId> =
            pending.into_iter().flatten().take(reply::limit(self.options.count)).copied().collect();
        out.array(ids.len());
        for id in ids {
            if let Some(entry) = self.log.get(id) {
                reply::entry(out, &entry);
                self.group.redeliver(id, self.now_ms);
            } else {
                out.array(2);
                reply::id(out, id);
                out.null_array();
            }
        }
    }
}
