//! A stream: entries in the order of their ids, and the groups of consumers that read them (t_stream.c, stream.h).
//!
//! ```text
//!  Stream ─┬─ log     id → node (listpack of entries), counters         log.rs, node.rs, range.rs, trim.rs
//!          └─ groups  name → last id, pending entries, consumers        group.rs
//! ```
//!
//! The two are parts of their own, so that a group can change while the log is read. Nodes are Redis's bytes; RDB files
//! and DUMP carry them as they are. Unlike other collections a stream keeps its key when it is empty.
//!
//! A stream belongs to the thread that owns its entry.

mod group;
mod id;
mod log;
mod node;
mod radix;
mod range;
mod trim;

#[cfg(test)]
mod tests;

pub use group::{Consumer, ConsumerSlot, Group, Pending};
pub use id::{IdText, StreamId};
pub use log::{AppendError, Log, NODE_BYTES_MAX, NewId};
pub use node::StreamEntry;
pub use range::Range;
pub use trim::{Keep, Trim};

use super::Listpack;
use super::shared::Shared;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Nodes that are looked at to estimate the size of all.
const SAMPLED_NODES: usize = 64;

/// A stream. See the module's documentation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stream {
    /// Its entries.
    pub log: Log,
    /// Each perhaps with point-in-time copies of the stream.
    groups: BTreeMap<Box<[u8]>, Shared<Group>>,
}

impl Stream {
    /// The groups by name.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = (&[u8], &Group)> {
        self.groups.iter().map(|(name, group)| (&**name, &**group))
    }

    /// The group whose name follows `name`; the first one for `None`.
    #[must_use]
    pub fn group_after(&self, name: Option<&[u8]>) -> Option<(&[u8], &Group)> {
        let start = name.map_or(Bound::Unbounded, Bound::Excluded);
        let (name, group) = self.groups.range::<[u8], _>((start, Bound::Unbounded)).next()?;
        Some((&**name, &**group))
    }

    /// The group of this name.
    #[inline]
    #[must_use]
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(name).map(|group| &**group)
    }

    /// The entries, and the group of this name for changing it.
    #[inline]
    pub fn parts(&mut self, group: &[u8]) -> Option<(&Log, &mut Group)> {
        Some((&self.log, self.groups.get_mut(group)?.own()))
    }

    /// Adds a group; `false` if there is one of that name.
    pub fn add_group(&mut self, name: &[u8], group: Group) -> bool {
        if self.groups.contains_key(name) {
            return false;
        }
        self.groups.insert(name.into(), group.into());
        true
    }

    /// Removes a group; `false` if there is none of that name.
    pub fn remove_group(&mut self, name: &[u8]) -> bool {
        self.groups.remove(name).is_some()
    }

    /// A copy of the stream as it is now, which shares nodes and groups with it: takes a small allocation for each.
    /// Whoever changes a shared node or group first duplicates it, a group with all that is pending in it (about 100 ns
    /// for each).
    #[must_use]
    pub fn share(&mut self) -> Stream {
        let groups = self.groups.iter_mut().map(|(name, group)| (name.clone(), group.share())).collect();
        Stream { log: self.log.share(), groups }
    }

    /// Bytes that the stream asked the allocator for beside its entry's block; estimated from some of the nodes if there
    /// are many (object.c `objectComputeSize`).
    #[must_use]
    pub fn mem_bytes(&self) -> usize {
        let nodes = self.log.node_count();
        let sampled = nodes.min(SAMPLED_NODES);
        let bytes: usize = self.log.nodes().take(sampled).map(|(_, pack)| pack.mem_bytes()).sum();
        let packs = bytes / sampled.max(1) * (nodes - sampled) + bytes;
        let groups: usize = self.groups.iter().map(|(name, group)| name.len() + group.mem_bytes()).sum();
        size_of::<Stream>() + packs + nodes * size_of::<(StreamId, Shared<Listpack>)>() + groups
    }

    /// Allocations given back when the stream is dropped (lazyfree.c `lazyfreeGetFreeEffort`, which takes the first group
    /// for all).
    #[must_use]
    pub fn free_effort(&self) -> usize {
        let of_group = self.groups.values().next().map_or(0, |group| 1 + group.pending().len());
        self.log.node_count().saturating_add(of_group.saturating_mul(self.groups.len()))
    }
}
