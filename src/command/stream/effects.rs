//! Effects of what happens to pending entries: an XCLAIM for each that says where it is now, however it got there
//! (t_stream.c `streamPropagateXCLAIM`), and XGROUP for what XCLAIM cannot say.

use crate::command::Keys;
use crate::data::stream::{Group, Pending};
use crate::data::{HKey, StreamId};

/// What an XCLAIM of an effect says.
struct Claimed {
    id: StreamId,
    consumer: Box<[u8]>,
    pending: Pending,
    last_id: StreamId,
}

/// Effects on one group, gathered while its stream is borrowed.
#[derive(Default)]
pub(super) struct Effects {
    /// Somebody needs them; else nothing is gathered.
    wanted: bool,
    created: Option<Box<[u8]>>,
    claims: Vec<Claimed>,
    group_id: Option<(StreamId, Option<u64>)>,
}

impl Effects {
    /// None so far; `wanted` if somebody needs them.
    pub(super) fn new(wanted: bool) -> Effects {
        Effects { wanted, ..Effects::default() }
    }

    /// A consumer was created, which no XCLAIM will tell.
    pub(super) fn created(&mut self, consumer: &[u8]) {
        if self.wanted {
            self.created = Some(consumer.into());
        }
    }

    /// `id` is pending like this, or was just before it was taken off because it has no entry: an XCLAIM that finds none
    /// does the same.
    pub(super) fn claimed(&mut self, group: &Group, id: StreamId, pending: Pending) {
        let consumer = group.consumer(pending.consumer).filter(|_| self.wanted);
        if let Some(consumer) = consumer {
            let (consumer, last_id) = (consumer.name.clone(), group.last_id);
            self.claims.push(Claimed { id, consumer, pending, last_id });
        }
    }

    /// The group has read further, which no XCLAIM tells.
    pub(super) fn moved(&mut self, group: &Group) {
        if self.wanted {
            self.group_id = Some((group.last_id, group.entries_read));
        }
    }

    /// States them.
    pub(super) fn state(&self, keys: &mut Keys<'_>, key: &HKey<'_>, group: &[u8]) {
        if let Some(consumer) = &self.created {
            keys.effect(key, &[b"XGROUP", b"CREATECONSUMER", key.bytes, group, consumer]);
        }
        for claim in &self.claims {
            let (mut time, mut count) = (itoa::Buffer::new(), itoa::Buffer::new());
            keys.effect(
                key,
                &[
                    b"XCLAIM",
                    key.bytes,
                    group,
                    &claim.consumer,
                    b"0",
                    &claim.id.text(),
                    b"TIME",
                    time.format(claim.pending.delivered_ms).as_bytes(),
                    b"RETRYCOUNT",
                    count.format(claim.pending.deliveries.cast_signed()).as_bytes(),
                    b"FORCE",
                    b"JUSTID",
                    b"LASTID",
                    &claim.last_id.text(),
                ],
            );
        }
        if let Some((last_id, read)) = self.group_id {
            let mut count = itoa::Buffer::new();
            let read = count.format(read.map_or(-1, u64::cast_signed)).as_bytes();
            keys.effect(key, &[b"XGROUP", b"SETID", key.bytes, group, &last_id.text(), b"ENTRIESREAD", read]);
        }
    }
}
