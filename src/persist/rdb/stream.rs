//! Streams in the RDB format.
//!
//! ```text
//!  nodes (id of 16 bytes, listpack)...   as the stream holds them
//!  length, last id                       ids as two lengths
//!  first id, greatest deleted id, added  from the second form of the type on (Redis 7.0)
//!  groups: name, last id                 entries read, from the second form on
//!    pending: id, delivered (i64 ms), deliveries
//!    consumers: name, seen (i64 ms)      active (i64 ms), from the third form on (Redis 7.2)
//!      pending: ids
//! ```
//!
//! The second form is written. Integers of 64 bits stand with the least significant byte first, raw ids with the most.

use super::kind;
use super::length::{Reader, write_len};
use super::portion::Portion;
use super::read::Invalid;
use crate::data::Listpack;
use crate::data::stream::{Consumer, Group, Pending, Stream, StreamId};
use std::collections::BTreeMap;

/// Entries read of a group of which that is not known (stream.h SCG_INVALID_ENTRIES_READ).
const UNKNOWN: u64 = u64::MAX;
/// Bytes that something pending takes at least.
const PENDING_MIN: usize = 16 + 8 + 1;

fn write_id(out: &mut Vec<u8>, id: StreamId) {
    write_len(out, id.ms);
    write_len(out, id.seq);
}

/// How far a stream is written.
#[derive(Clone, Debug)]
pub(super) enum At {
    /// In the nodes, behind this one.
    Nodes(Option<StreamId>),
    /// Before the group that follows this name.
    Groups(Option<Name>),
    /// In the pending entries of a group, behind this one.
    Pending(Name, Option<StreamId>),
    /// In a group, before the consumer that follows this name.
    Consumers(Name, Option<Name>),
    /// In the pending entries of a group's consumer.
    Owned(Name, Name, Option<StreamId>),
}

type Name = Box<[u8]>;

impl At {
    /// Appends what stands before the first node.
    pub(super) fn begin(stream: &Stream, to: &mut Portion<'_>) -> At {
        write_len(to.out, stream.log.node_count() as u64);
        At::Nodes(None)
    }

    /// Goes on until the portion is full or the stream ends; whether it ends.
    pub(super) fn write(&mut self, stream: &Stream, to: &mut Portion<'_>) -> bool {
        while !to.is_full() {
            let next = match self {
                At::Nodes(after) => nodes(stream, after, to),
                At::Groups(after) => match stream.group_after(after.as_deref()) {
                    Some((name, group)) => Some(begin_group(name, group, to)),
                    None => return true,
                },
                At::Pending(name, after) => {
                    stream.group(name).and_then(|group| pending(name, group, after, to))
                }
                At::Consumers(name, after) => {
                    let consumer =
                        stream.group(name).and_then(|group| group.consumer_after(after.as_deref()));
                    Some(match consumer {
                        Some(consumer) => begin_consumer(name, consumer, to),
                        None => At::Groups(Some(std::mem::take(name))),
                    })
                }
                At::Owned(group, name, after) => owned(stream, group, name, after, to),
            };
            match next {
                Some(next) => *self = next,
                None => return false,
            }
        }
        false
    }
}

/// Nodes, and the counters behind the last one.
fn nodes(stream: &Stream, after: &mut Option<StreamId>, to: &mut Portion<'_>) -> Option<At> {
    let log = &stream.log;
    // None lies behind the last possible id.
    let start = after.map_or(Some(StreamId::MIN), StreamId::next);
    let mut nodes = start.into_iter().flat_map(|start| log.nodes_from(start));
    let is_end = to.each(&mut nodes, |to, (id, pack)| {
        to.string(&id.to_be_bytes());
        to.string(pack.as_bytes());
        *after = Some(id);
    });
    if !is_end {
        return None;
    }
    write_len(to.out, log.len());
    [log.last_id(), log.first_id(), log.max_deleted_id()].into_iter().for_each(|id| write_id(to.out, id));
    write_len(to.out, log.added());
    write_len(to.out, stream.groups().len() as u64);
    Some(At::Groups(None))
}

fn begin_group(name: &[u8], group: &Group, to: &mut Portion<'_>) -> At {
    to.string(name);
    write_id(to.out, group.last_id);
    write_len(to.out, group.entries_read.unwrap_or(UNKNOWN));
    write_len(to.out, group.pending().len() as u64);
    At::Pending(name.into(), None)
}

/// What is pending in a group, and the number of consumers behind it.
fn pending(name: &mut Name, group: &Group, after: &mut Option<StreamId>, to: &mut Portion<'_>) -> Option<At> {
    let is_end = to.each(&mut group.pending_after(*after), |to, (id, pending)| {
        to.out.extend_from_slice(&id.to_be_bytes());
        to.out.extend_from_slice(&pending.delivered_ms.to_le_bytes());
        write_len(to.out, pending.deliveries);
        *after = Some(id);
    });
    if !is_end {
        return None;
    }
    write_len(to.out, group.consumer_count() as u64);
    Some(At::Consumers(std::mem::take(name), None))
}

/// Ids of what is pending for a consumer.
fn owned(
    stream: &Stream,
    group: &mut Name,
    name: &mut Name,
    after: &mut Option<StreamId>,
    to: &mut Portion<'_>,
) -> Option<At> {
    let consumer = stream.group(group).and_then(|group| group.consumer(group.find(name)?));
    let from = *after;
    let mut ids = consumer.into_iter().flat_map(|consumer| consumer.pending_after(from));
    let is_end = to.each(&mut ids, |to, id| {
        to.out.extend_from_slice(&id.to_be_bytes());
        *after = Some(id);
    });
    is_end.then(|| At::Consumers(std::mem::take(group), Some(std::mem::take(name))))
}

fn begin_consumer(group: &mut Name, consumer: &Consumer, to: &mut Portion<'_>) -> At {
    to.string(&consumer.name);
    to.out.extend_from_slice(&consumer.seen_ms.to_le_bytes());
    write_len(to.out, consumer.pending().len() as u64);
    At::Owned(std::mem::take(group), consumer.name.clone(), None)
}

fn read_id(from: &mut Reader<'_>) -> Result<StreamId, Invalid> {
    Ok(StreamId::new(from.length()?, from.length()?))
}

fn read_raw_id(from: &mut Reader<'_>) -> Result<StreamId, Invalid> {
    from.array().map(StreamId::from_be_bytes)
}

/// Reads a stream of one of the three forms.
///
/// # Errors
/// The bytes are none.
pub(super) fn read(from: &mut Reader<'_>, form: u8) -> Result<Stream, Invalid> {
    let mut stream = Stream::default();
    for _ in 0..from.count(2)? {
        let id = from.string()?;
        let id = <[u8; 16]>::try_from(&*id).map(StreamId::from_be_bytes).map_err(|_| Invalid::Pack)?;
        let pack = Listpack::from_bytes(&from.string()?).map_err(|_| Invalid::Pack)?;
        if !stream.log.load_node(id, pack) {
            return Err(Invalid::Pack);
        }
    }
    let (len, last) = (from.length()?, read_id(from)?);
    if form == kind::STREAM_LISTPACKS {
        let first = stream.log.first_written_id();
        stream.log.load_counters(len, [first, last, StreamId::MIN], len);
    } else {
        let (first, deleted) = (read_id(from)?, read_id(from)?);
        let added = from.length()?;
        stream.log.load_counters(len, [first, last, deleted], added);
    }
    if len > 0 && stream.log.node_count() == 0 {
        return Err(Invalid::Empty);
    }
    for _ in 0..from.count(5)? {
        let name = from.string()?;
        let group = read_group(from, form, &stream)?;
        if !stream.add_group(&name, group) {
            return Err(Invalid::Duplicate);
        }
    }
    Ok(stream)
}

fn read_group(from: &mut Reader<'_>, form: u8, stream: &Stream) -> Result<Group, Invalid> {
    let last_id = read_id(from)?;
    let read = match form {
        kind::STREAM_LISTPACKS => stream.log.rank(last_id),
        _ => Some(from.length()?).filter(|&read| read != UNKNOWN),
    };
    let mut group = Group::new(last_id, read);
    // To whom something is pending is said by the consumers.
    let mut unclaimed = BTreeMap::new();
    for _ in 0..from.count(PENDING_MIN)? {
        let id = read_raw_id(from)?;
        let delivered_ms = i64::from_le_bytes(from.array()?);
        if unclaimed.insert(id, (delivered_ms, from.length()?)).is_some() {
            return Err(Invalid::Duplicate);
        }
    }
    for _ in 0..from.count(10)? {
        let name = from.string()?;
        let seen_ms = i64::from_le_bytes(from.array()?);
        let (slot, created) = group.find_or_create(&name, seen_ms);
        if !created {
            return Err(Invalid::Duplicate);
        }
        let active_ms = match form {
            kind::STREAM_LISTPACKS_3 => i64::from_le_bytes(from.array()?),
            _ => seen_ms,
        };
        if let Some(consumer) = group.consumer_mut(slot) {
            consumer.active_ms = Some(active_ms).filter(|&at| at >= 0);
        }
        for _ in 0..from.count(16)? {
            let id = read_raw_id(from)?;
            let (delivered_ms, deliveries) = unclaimed.remove(&id).ok_or(Invalid::Duplicate)?;
            group.set(id, Pending { consumer: slot, delivered_ms, deliveries });
        }
    }
    if unclaimed.is_empty() { Ok(group) } else { Err(Invalid::Pack) }
}
