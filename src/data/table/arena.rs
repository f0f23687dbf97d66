//! The segments of a table by id, with what the table knows about each, and the indexes over them.
//!
//! Invariants:
//! - `live` lists every segment once, `expiring` those with `expires > 0`; each record knows its place there.
//! - `due` holds `(min_expire, id)` for exactly the segments in `expiring`. `min_expire` is a lower bound: removing
//!   a key does not raise it, a sweep does.
//! - Records stand in chunks that never move, so growth copies no more than the list of chunks.

use std::collections::BTreeSet;

use super::segment::{CAPACITY, Segment, StashItem};
use super::tree::MAX_ID;

const CHUNK: usize = 64;
const NOWHERE: u32 = u32::MAX;

/// One segment and what the table keeps about it.
pub(super) struct Record {
    pub(super) segment: Segment,
    /// First position that the segment covers.
    pub(super) start: u64,
    pub(super) depth: u32,
    /// Entries in it.
    pub(super) count: u32,
    /// Entries with an expiry in it.
    expires: u32,
    live_at: u32,
    expiring_at: u32,
    min_expire: i64,
}

impl Record {
    /// Number of entries with an expiry.
    #[inline]
    pub(super) fn expires(&self) -> u32 {
        self.expires
    }

    /// Lower bound of the expiries; `i64::MAX` if there are none.
    #[inline]
    pub(super) fn min_expire(&self) -> i64 {
        self.min_expire
    }
}

/// All segments of a table.
#[derive(Default)]
pub(super) struct Arena {
    /// Record of id n at `[(n - 1) / CHUNK][(n - 1) % CHUNK]`; 0 is no id.
    chunks: Vec<Vec<Option<Record>>>,
    free: Vec<u32>,
    live: Vec<u32>,
    expiring: Vec<u32>,
    due: BTreeSet<(i64, u32)>,
}

impl Arena {
    #[inline]
    pub(super) fn get(&self, id: u32) -> &Record {
        let at = (id as usize).wrapping_sub(1);
        match &self.chunks[at / CHUNK][at % CHUNK] {
            Some(record) => record,
            None => unreachable!("a node names a freed segment"),
        }
    }

    /// Where the record of `id` lies, for a prefetch; it is not looked at.
    #[inline]
    pub(super) fn address(&self, id: u32) -> *const u8 {
        let at = (id as usize).wrapping_sub(1);
        std::ptr::from_ref(&self.chunks[at / CHUNK][at % CHUNK]).cast()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: u32) -> &mut Record {
        let at = (id as usize).wrapping_sub(1);
        match &mut self.chunks[at / CHUNK][at % CHUNK] {
            Some(record) => record,
            None => unreachable!("a node names a freed segment"),
        }
    }

    fn cell(&mut self, id: u32) -> &mut Option<Record> {
        let at = id as usize - 1;
        &mut self.chunks[at / CHUNK][at % CHUNK]
    }

    /// Adds a segment, its counts still zero, and gives its id.
    pub(super) fn add(&mut self, segment: Segment, start: u64, depth: u32) -> u32 {
        let id = match self.free.pop() {
            Some(id) => id,
            None => self.fresh_id(),
        };
        let live_at = index(self.live.len());
        self.live.push(id);
        *self.cell(id) = Some(Record {
            segment,
            start,
            depth,
            count: 0,
            expires: 0,
            live_at,
            expiring_at: NOWHERE,
            min_expire: i64::MAX,
        });
        id
    }

    fn fresh_id(&mut self) -> u32 {
        match self.chunks.last_mut() {
            // The first chunk grows as a vector does, so that a small table has a small arena.
            Some(chunk) if chunk.len() < CHUNK => chunk.push(None),
            Some(_) => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(None);
                self.chunks.push(chunk);
            }
            None => self.chunks.push(vec![None]),
        }
        let full = (self.chunks.len() - 1) * CHUNK;
        let id = index(full + self.chunks.last().map_or(0, Vec::len));
        assert!(id <= MAX_ID, "more segments than a node can name");
        id
    }

    /// Takes a segment out, with its entries.
    pub(super) fn remove(&mut self, id: u32) -> Option<Record> {
        let record = self.cell(id).take()?;
        self.live.swap_remove(record.live_at as usize);
        if let Some(&moved) = self.live.get(record.live_at as usize) {
            self.get_mut(moved).live_at = record.live_at;
        }
        if record.expires > 0 {
            self.due.remove(&(record.min_expire, id));
            self.unlist_expiring(record.expiring_at);
        }
        self.free.push(id);
        Some(record)
    }

    fn unlist_expiring(&mut self, at: u32) {
        self.expiring.swap_remove(at as usize);
        if let Some(&moved) = self.expiring.get(at as usize) {
            self.get_mut(moved).expiring_at = at;
        }
    }

    /// Accounts for entries with an expiry that came to segment `id`, none of them due before `min_expire`.
    #[inline]
    pub(super) fn add_expires(&mut self, id: u32, count: u32, min_expire: i64) {
        let record = self.get(id);
        let bound = record.min_expire.min(min_expire);
        self.set_expires(id, record.expires + count, bound);
    }

    /// Accounts for one entry with an expiry that left segment `id`.
    #[inline]
    pub(super) fn drop_expire(&mut self, id: u32) {
        let record = self.get(id);
        self.set_expires(id, record.expires - 1, record.min_expire);
    }

    /// Sets the number of entries with an expiry and their lower bound.
    pub(super) fn set_expires(&mut self, id: u32, count: u32, min_expire: i64) {
        let min_expire = if count == 0 { i64::MAX } else { min_expire };
        let expiring_len = index(self.expiring.len());
        let record = self.get_mut(id);
        let (old_count, old_min, at) = (record.expires, record.min_expire, record.expiring_at);
        record.expires = count;
        record.min_expire = min_expire;
        if old_count > 0 && count > 0 {
            if old_min != min_expire {
                self.due.remove(&(old_min, id));
                self.due.insert((min_expire, id));
            }
        } else if count > 0 {
            record.expiring_at = expiring_len;
            self.expiring.push(id);
            self.due.insert((min_expire, id));
        } else if old_count > 0 {
            record.expiring_at = NOWHERE;
            self.unlist_expiring(at);
            self.due.remove(&(old_min, id));
        }
    }

    /// The segment whose bound is lowest, with the bound.
    #[inline]
    pub(super) fn first_due(&self) -> Option<(i64, u32)> {
        self.due.first().copied()
    }

    /// Ids of all segments.
    pub(super) fn live(&self) -> &[u32] {
        &self.live
    }

    /// Ids of the segments that hold an entry with an expiry.
    pub(super) fn expiring(&self) -> &[u32] {
        &self.expiring
    }

    /// Bytes of buckets, stashes, records and indexes.
    pub(super) fn mem_bytes(&self) -> usize {
        let buckets = self.live.len() * CAPACITY / super::bucket::LANES * 64;
        let stashes: usize =
            self.live.iter().map(|&id| self.get(id).segment.stash.capacity() * size_of::<StashItem>()).sum();
        let records: usize =
            self.chunks.iter().map(|chunk| chunk.capacity() * size_of::<Option<Record>>()).sum();
        let lists = self.free.capacity() + self.live.capacity() + self.expiring.capacity();
        buckets
            + stashes
            + records
            + self.chunks.capacity() * size_of::<Vec<Option<Record>>>()
            + lists * size_of::<u32>()
            // A B-tree leaf of the standard library holds 11 keys and is on average two thirds full.
            + self.due.len() * size_of::<(i64, u32)>() * 3 / 2
    }

    #[cfg(test)]
    pub(super) fn check(&self) {
        let records = || self.chunks.iter().flatten().flatten();
        assert_eq!(records().count(), self.live.len());
        assert_eq!(records().filter(|record| record.expires > 0).count(), self.expiring.len());
        assert_eq!(self.due.len(), self.expiring.len());
        for (at, &id) in self.live.iter().enumerate() {
            assert_eq!(self.get(id).live_at as usize, at);
        }
        for (at, &id) in self.expiring.iter().enumerate() {
            let record = self.get(id);
            assert_eq!(record.expiring_at as usize, at);
            assert!(self.due.contains(&(record.min_expire, id)));
        }
    }
}

/// A length as an index of four bytes; ids are checked against [`MAX_ID`], lists are no longer than ids.
fn index(len: usize) -> u32 {
    match u32::try_from(len) {
        Ok(index) => index,
        Err(_) => unreachable!("more segments than a node can name"),
    }
}
