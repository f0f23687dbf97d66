//! A stream as commands (Redis: aof.c `rewriteStreamObject`).
//!
//! ```text
//!  XADD key id field value ..                                  each entry; an empty stream: XADD key MAXLEN 0 0-1 x y
//!  XSETID key last ENTRIESADDED n MAXDELETEDID id
//!  XGROUP CREATE key group last ENTRIESREAD n                  each group; -1 where it is not known
//!    XGROUP CREATECONSUMER key group consumer                  each consumer for whom nothing is pending
//!    XCLAIM key group consumer 0 id TIME ms RETRYCOUNT n JUSTID FORCE             each pending entry of the others
//! ```
//!
//! What these commands cannot say is lost, as in Redis: when consumers were seen, and that something is pending of which the
//! entry was deleted (XCLAIM drops it).

use super::{Portion, each};
use crate::data::Stream;
use crate::data::stream::{Consumer, Group, StreamId};

type Name = Box<[u8]>;

/// How far a stream is written.
#[derive(Clone, Debug)]
pub(super) enum At {
    /// In the entries, behind this one.
    Entries(Option<StreamId>),
    /// Before the group that follows this name.
    Groups(Option<Name>),
    /// In a group, before the consumer that follows this name.
    Consumers(Name, Option<Name>),
    /// In what is pending for a consumer of a group, behind this id.
    Pending(Name, Name, Option<StreamId>),
}

impl At {
    /// Writes what makes a stream without entries.
    pub(super) fn begin(key: &[u8], stream: &Stream, to: &mut Portion<'_>) -> At {
        if stream.log.is_empty() {
            to.begin(7, b"XADD", key);
            [&b"MAXLEN"[..], b"0", b"0-1", b"x", b"y"].iter().for_each(|word| to.word(word));
        }
        At::Entries(None)
    }

    /// Goes on until the portion is full or the stream ends; whether it ends.
    pub(super) fn write(&mut self, key: &[u8], stream: &Stream, to: &mut Portion<'_>) -> bool {
        while !to.is_full() {
            let next = match self {
                At::Entries(after) => entries(key, stream, after, to),
                At::Groups(after) => match stream.group_after(after.as_deref()) {
                    Some((name, group)) => Some(begin_group(key, name, group, to)),
                    None => return true,
                },
                At::Consumers(group, after) => {
                    let found = stream.group(group).and_then(|group| group.consumer_after(after.as_deref()));
                    Some(match found {
                        Some(consumer) => begin_consumer(key, group, consumer, to),
                        None => At::Groups(Some(std::mem::take(group))),
                    })
                }
                At::Pending(group, consumer, after) => {
                    let found = stream.group(group);
                    match found.is_none_or(|found| pending(key, (group, found), consumer, after, to)) {
                        true => Some(At::Consumers(std::mem::take(group), Some(std::mem::take(consumer)))),
                        false => None,
                    }
                }
            };
            match next {
                Some(next) => *self = next,
                None => return false,
            }
        }
        false
    }
}

/// Entries, and the counters behind the last one.
fn entries(key: &[u8], stream: &Stream, after: &mut Option<StreamId>, to: &mut Portion<'_>) -> Option<At> {
    let log = &stream.log;
    // None lies behind the last possible id.
    let start = after.map_or(Some(StreamId::MIN), StreamId::next);
    let rest = start.into_iter().flat_map(|start| log.range(start, StreamId::MAX, false));
    let is_end = each(to, rest, |to, entry| {
        to.begin(3 + 2 * entry.len, b"XADD", key);
        to.word(&entry.id.text());
        for (field, value) in entry.fields() {
            to.item(field);
            to.item(value);
        }
        *after = Some(entry.id);
    });
    if !is_end {
        return None;
    }
    to.begin(7, b"XSETID", key);
    to.word(&log.last_id().text());
    to.word(b"ENTRIESADDED");
    to.word(itoa::Buffer::new().format(log.added()).as_bytes());
    to.word(b"MAXDELETEDID");
    to.word(&log.max_deleted_id().text());
    Some(At::Groups(None))
}

fn begin_group(key: &[u8], name: &[u8], group: &Group, to: &mut Portion<'_>) -> At {
    // The key is the third word of XGROUP.
    to.begin(7, b"XGROUP", b"CREATE");
    to.word(key);
    to.word(name);
    to.word(&group.last_id.text());
    to.word(b"ENTRIESREAD");
    to.number(group.entries_read.map_or(-1, u64::cast_signed));
    At::Consumers(name.into(), None)
}

fn begin_consumer(key: &[u8], group: &mut Name, consumer: &Consumer, to: &mut Portion<'_>) -> At {
    if !consumer.pending().is_empty() {
        return At::Pending(std::mem::take(group), consumer.name.clone(), None);
    }
    to.begin(5, b"XGROUP", b"CREATECONSUMER");
    to.word(key);
    to.word(group);
    to.word(&consumer.name);
    At::Consumers(std::mem::take(group), Some(consumer.name.clone()))
}

/// What is pending for a consumer; whether it came to the end.
fn pending(
    key: &[u8],
    (name, group): (&[u8], &Group),
    consumer: &[u8],
    after: &mut Option<StreamId>,
    to: &mut Portion<'_>,
) -> bool {
    let owner = group.find(consumer).and_then(|slot| group.consumer(slot));
    let from = *after;
    each(to, owner.into_iter().flat_map(|owner| owner.pending_after(from)), |to, id| {
        *after = Some(id);
        let Some(pending) = group.pending().get(&id) else { return };
        to.begin(12, b"XCLAIM", key);
        to.word(name);
        to.word(consumer);
        to.number(0);
        to.word(&id.text());
        to.word(b"TIME");
        to.number(pending.delivered_ms);
        to.word(b"RETRYCOUNT");
        to.word(itoa::Buffer::new().format(pending.deliveries).as_bytes());
        to.word(b"JUSTID");
        to.word(b"FORCE");
    })
}
