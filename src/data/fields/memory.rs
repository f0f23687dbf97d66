//! What a collection weighs, and whole copies of it.

use super::{Fields, Segment, SharedSegment};
use crate::data::entry::Entry;
use crate::data::table::bucket::Bucket;
use crate::data::table::segment::StashItem;

/// Elements that [`Fields::mem_bytes`] weighs.
const SAMPLES: usize = 64;

impl Fields {
    /// Bytes of the table's own structure, without the elements. Costs a pass over the segments, one per 256 elements
    /// or so.
    #[must_use]
    pub fn mem_overhead(&self) -> usize {
        let segments: usize = self
            .segments
            .iter()
            .map(|segment| {
                segment.buckets.capacity() * size_of::<Bucket>()
                    + segment.stash.capacity() * size_of::<StashItem>()
            })
            .sum();
        size_of::<Self>()
            + self.segments.capacity() * size_of::<SharedSegment>()
            + segments
            + self.due.as_ref().map_or(0, |due| due.mem_bytes())
    }

    /// Bytes of structure and elements; the latter estimated from some of them if there are many.
    #[must_use]
    pub fn mem_bytes(&self) -> usize {
        self.mem_bytes_sampled(SAMPLES)
    }

    /// As [`Fields::mem_bytes`], from `samples` elements; 0 stands for all (MEMORY USAGE key SAMPLES n).
    ///
    /// Redis: object.c objectComputeSize takes the first ones of its iteration, too.
    #[must_use]
    pub fn mem_bytes_sampled(&self, samples: usize) -> usize {
        let samples = if samples == 0 { self.len } else { samples.min(self.len) };
        let sampled: usize = self.iter().take(samples).map(Entry::mem_bytes).sum();
        let elements = match sampled.checked_mul(self.len) {
            _ if samples == self.len => sampled,
            Some(product) => product / samples,
            None => sampled / samples * self.len,
        };
        self.mem_overhead() + elements
    }

    /// Number of allocations that dropping the collection gives back, at least.
    ///
    /// Redis: lazyfree.c lazyfreeGetFreeEffort counts the elements.
    #[must_use]
    pub fn free_effort(&self) -> usize {
        self.len + self.segments.len()
    }
}

impl Clone for Segment {
    fn clone(&self) -> Self {
        Segment {
            buckets: self.buckets.iter().map(Bucket::duplicate).collect(),
            stash: self.stash.iter().map(StashItem::duplicate).collect(),
        }
    }
}

impl Clone for Fields {
    /// Copies every element; the copy has the same order and understands the same cursors.
    fn clone(&self) -> Self {
        Self { segments: self.segments.clone(), due: self.due.clone(), ..*self }
    }
}

impl PartialEq for Fields {
    /// Whether both have the same names with the same values and expiries.
    fn eq(&self, other: &Self) -> bool {
        let same = |entry: &Entry| {
            other
                .find(entry.key())
                .is_some_and(|twin| twin.value() == entry.value() && twin.expire_ms() == entry.expire_ms())
        };
        self.len == other.len && self.iter().all(same)
    }
}

impl Eq for Fields {}
