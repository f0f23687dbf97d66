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
use super::length::{Reader, write_len, write_string};
use super::read::Invalid;
use crate::data::Listpack;
use crate::data::stream::{Group, Pending, Stream, StreamId};
use std::collections::BTreeMap;

/// Entries read of a group of which that is not known (stream.h SCG_INVALID_ENTRIES_READ).
const UNKNOWN: u64 = u64::MAX;
/// Bytes that something pending takes at least.
const PENDING_MIN: usize = 16 + 8 + 1;

fn write_id(out: &mut Vec<u8>, id: StreamId) {
    write_len(out, id.ms);
    write_len(out, id.seq);
}

/// Appends a stream.
pub(super) fn write(out: &mut Vec<u8>, stream: &Stream, compress: bool) {
    let log = &stream.log;
    out.push(kind::STREAM_LISTPACKS_2);
    write_len(out, log.node_count() as u64);
    for (id, pack) in log.nodes() {
        write_string(out, &id.to_be_bytes(), compress);
        write_string(out, pack.as_bytes(), compress);
    }
    write_len(out, log.len());
    [log.last_id(), log.first_id(), log.max_deleted_id()].into_iter().for_each(|id| write_id(out, id));
    write_len(out, log.added());
    write_len(out, stream.groups().len() as u64);
    for (name, group) in stream.groups() {
        write_string(out, name, compress);
        write_id(out, group.last_id);
        write_len(out, group.entries_read.unwrap_or(UNKNOWN));
        write_len(out, group.pending().len() as u64);
        for (id, pending) in group.pending() {
            out.extend_from_slice(&id.to_be_bytes());
            out.extend_from_slice(&pending.delivered_ms.to_le_bytes());
            write_len(out, pending.deliveries);
        }
        write_len(out, group.consumer_count() as u64);
        for consumer in group.consumers() {
            write_string(out, &consumer.name, compress);
            out.extend_from_slice(&consumer.seen_ms.to_le_bytes());
            write_len(out, consumer.pending().len() as u64);
            consumer.pending().iter().for_each(|id| out.extend_from_slice(&id.to_be_bytes()));
        }
    }
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
