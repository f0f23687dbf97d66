//! The entries of a stream: nodes by the id of their first entry, and what Redis counts beside them.
//!
//! Invariants:
//! - Ids ascend within a node and from node to node; `last_id` is not below any of them.
//! - `len` is the number of entries that are not deleted; every node has at least one.
//! - `first_id` is the first of those, 0-0 if there is none.
//! - A new entry goes to the last node, in place, unless that is full by the limits.

use super::node::{self, StreamEntry};
use super::{Range, StreamId};
use crate::data::shared::Shared;
use crate::data::{Limits, Listpack};
use std::collections::BTreeMap;

/// No node becomes longer, whatever the configuration says (t_stream.c STREAM_LISTPACK_MAX_SIZE); nor does the sum of
/// an entry's fields and values.
pub const NODE_BYTES_MAX: usize = 1 << 30;

/// Which id a new entry gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewId {
    /// `*`: the time, or what follows the last id.
    Auto,
    /// `ms-*`: this time, and the next number within it.
    At(u64),
    /// Exactly this one.
    Exact(StreamId),
}

/// Why an entry was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// There is no id left behind the last one.
    #[error("the stream has exhausted the last possible id")]
    Exhausted,
    /// Its id is not above the last one.
    #[error("the id is equal or smaller than the last one")]
    IdTooSmall,
}

/// The entries. See the head of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// Each perhaps with point-in-time copies of the stream.
    pub(super) nodes: BTreeMap<StreamId, Shared<Listpack>>,
    pub(super) len: u64,
    pub(super) first_id: StreamId,
    pub(super) last_id: StreamId,
    pub(super) max_deleted_id: StreamId,
    pub(super) added: u64,
}

impl Log {
    /// Number of entries.
    #[inline]
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first entry's id, 0-0 if there is none.
    #[must_use]
    pub fn first_id(&self) -> StreamId {
        self.first_id
    }

    /// The greatest id that an entry ever had, or that XSETID set.
    #[must_use]
    pub fn last_id(&self) -> StreamId {
        self.last_id
    }

    /// The greatest id that was deleted by XDEL.
    #[must_use]
    pub fn max_deleted_id(&self) -> StreamId {
        self.max_deleted_id
    }

    /// Number of entries ever added.
    #[must_use]
    pub fn added(&self) -> u64 {
        self.added
    }

    /// Number of nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The nodes, for saving.
    pub fn nodes(&self) -> impl Iterator<Item = (StreamId, &Listpack)> {
        self.nodes_from(StreamId::MIN)
    }

    /// The nodes whose id is not below `id`, for saving.
    pub fn nodes_from(&self, id: StreamId) -> impl Iterator<Item = (StreamId, &Listpack)> {
        self.nodes.range(id..).map(|(id, pack)| (*id, &**pack))
    }

    /// A copy of the log as it is now, which shares the nodes with it.
    pub(super) fn share(&mut self) -> Log {
        let nodes = self.nodes.iter_mut().map(|(id, pack)| (*id, pack.share())).collect();
        Log { nodes, ..*self }
    }

    /// Puts a node behind the others, for loading; `false` if it is none or its id not above the others'.
    #[must_use]
    pub fn load_node(&mut self, id: StreamId, pack: Listpack) -> bool {
        let above = self.nodes.last_key_value().is_none_or(|(last, _)| *last < id);
        if above && node::is_valid(&pack) {
            self.nodes.insert(id, pack.into());
            return true;
        }
        false
    }

    /// Sets what is counted beside the entries, for loading.
    pub fn load_counters(&mut self, len: u64, ids: [StreamId; 3], added: u64) {
        (self.len, self.added) = (len, added);
        [self.first_id, self.last_id, self.max_deleted_id] = ids;
    }

    /// XSETID (t_stream.c `xsetidCommand`).
    pub fn set_last_id(&mut self, id: StreamId, added: Option<u64>, max_deleted: Option<StreamId>) {
        self.last_id = id;
        self.added = added.unwrap_or(self.added);
        self.max_deleted_id = max_deleted.unwrap_or(self.max_deleted_id);
    }

    /// The id that a new entry would get.
    fn new_id(&self, wanted: NewId, now_ms: u64) -> Result<StreamId, AppendError> {
        if self.last_id == StreamId::MAX {
            return Err(AppendError::Exhausted);
        }
        let id = match wanted {
            NewId::Auto if now_ms > self.last_id.ms => StreamId::new(now_ms, 0),
            NewId::Auto => self.last_id.next().ok_or(AppendError::Exhausted)?,
            NewId::At(ms) if ms == self.last_id.ms => {
                StreamId::new(ms, self.last_id.seq.checked_add(1).ok_or(AppendError::IdTooSmall)?)
            }
            NewId::At(ms) => StreamId::new(ms, 0),
            NewId::Exact(id) => id,
        };
        if id > self.last_id { Ok(id) } else { Err(AppendError::IdTooSmall) }
    }

    /// Adds an entry whose fields and values alternate in `words`, which hold [`NODE_BYTES_MAX`] bytes at most (t_stream.c
    /// `streamAppendItem`).
    ///
    /// # Errors
    /// There is no such id any more.
    #[inline]
    pub fn append(
        &mut self,
        wanted: NewId,
        words: &[&[u8]],
        now_ms: u64,
        limits: &Limits,
    ) -> Result<StreamId, AppendError> {
        let id = self.new_id(wanted, now_ms)?;
        if !self.append_to_last(id, words, limits) {
            self.nodes.insert(id, node::create(words).into());
        }
        self.len = self.len.saturating_add(1);
        self.added = self.added.wrapping_add(1);
        self.last_id = id;
        if self.len == 1 {
            self.first_id = id;
        }
        Ok(id)
    }

    /// Adds to the last node if there is one that is not full.
    #[inline]
    fn append_to_last(&mut self, id: StreamId, words: &[&[u8]], limits: &Limits) -> bool {
        let Some(mut last) = self.nodes.last_entry() else { return false };
        let master = *last.key();
        let pack = last.get_mut();
        let bytes_max = match limits.stream_node_bytes {
            0 => NODE_BYTES_MAX,
            bytes => bytes.min(NODE_BYTES_MAX),
        };
        let more: usize = words.iter().map(|word| word.len()).sum();
        if pack.total_bytes().saturating_add(more) >= bytes_max {
            return false;
        }
        let Some(head) = node::head(pack) else { return false };
        let entries = usize::try_from(head.live.saturating_add(head.deleted)).unwrap_or(usize::MAX);
        if limits.stream_node_entries != 0 && entries >= limits.stream_node_entries {
            return false;
        }
        node::append(pack.own(), &head, id.distance_from(master), words);
        true
    }

    /// Entries from `start` to `end`, both included, backwards if `reverse`.
    #[inline]
    #[must_use]
    pub fn range(&self, start: StreamId, end: StreamId, reverse: bool) -> Range<'_> {
        Range::new(&self.nodes, (start, end), reverse, false)
    }

    /// The entry with this id.
    #[must_use]
    pub fn get(&self, id: StreamId) -> Option<StreamEntry<'_>> {
        self.range(id, id, false).next()
    }

    /// The greatest id of an entry that is there.
    #[must_use]
    pub fn last_live_id(&self) -> Option<StreamId> {
        self.range(StreamId::MIN, StreamId::MAX, true).next().map(|entry| entry.id)
    }

    /// The id of the first entry, be it a tombstone; the last possible id if there is none (t_stream.c `streamGetEdgeID`).
    #[must_use]
    pub fn first_written_id(&self) -> StreamId {
        let mut all = Range::new(&self.nodes, (StreamId::MIN, StreamId::MAX), false, true);
        all.next().map_or(StreamId::MAX, |entry| entry.id)
    }

    /// Deletes the entries with these ids and returns how many there were (t_stream.c `xdelCommand`).
    pub fn delete(&mut self, ids: &[StreamId]) -> u64 {
        let (mut deleted, mut first_gone) = (0, false);
        for id in ids {
            if self.delete_one(*id) {
                deleted += 1;
                first_gone |= *id == self.first_id;
                self.max_deleted_id = self.max_deleted_id.max(*id);
            }
        }
        if first_gone || self.len == 0 {
            self.find_first();
        }
        deleted
    }

    fn delete_one(&mut self, id: StreamId) -> bool {
        let Some((master, pack)) = self.nodes.range_mut(..=id).next_back() else { return false };
        let (master, Some(head)) = (*master, node::head(pack)) else { return false };
        let found = node::Walk::new(master, pack).and_then(|mut walk| walk.find(|entry| entry.id >= id));
        let Some(entry) = found.filter(|entry| entry.id == id && !entry.is_deleted()) else { return false };
        let place = (entry.at, entry.flags);
        if head.live <= 1 {
            self.nodes.remove(&master);
        } else {
            let pack = pack.own();
            node::mark_deleted(pack, &[place]);
            node::set_counts(pack, head.live.saturating_sub(1), head.deleted.saturating_add(1));
        }
        self.len = self.len.saturating_sub(1);
        true
    }

    /// Sets `first_id` after deletions.
    pub(super) fn find_first(&mut self) {
        let mut all = self.range(StreamId::MIN, StreamId::MAX, false);
        self.first_id = all.next().map_or(StreamId::MIN, |entry| entry.id);
    }

    /// Whether something at or behind `id` was deleted (t_stream.c `streamRangeHasTombstones`, to the end).
    #[must_use]
    pub fn has_tombstones_from(&self, id: StreamId) -> bool {
        self.len > 0
            && self.max_deleted_id != StreamId::MIN
            && self.first_id <= self.max_deleted_id
            && id <= self.max_deleted_id
    }

    /// How many entries were ever added up to `id`, where that can be known (t_stream.c
    /// `streamEstimateDistanceFromFirstEverEntry`).
    #[must_use]
    pub fn rank(&self, id: StreamId) -> Option<u64> {
        if self.added == 0 || (self.len == 0 && id <= self.last_id) || id == self.last_id {
            return Some(self.added);
        }
        let whole = self.max_deleted_id == StreamId::MIN || self.max_deleted_id < self.first_id;
        if id > self.last_id || !whole {
            return None;
        }
        let before_all = self.added.wrapping_sub(self.len);
        match id.cmp(&self.first_id) {
            std::cmp::Ordering::Less => Some(before_all),
            std::cmp::Ordering::Equal => Some(before_all.wrapping_add(1)),
            std::cmp::Ordering::Greater => None,
        }
    }
}
