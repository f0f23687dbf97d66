//! Point-in-time copies of a table, and a place in a table that stays valid between calls.

use super::Fields;
use crate::data::entry::Entry;
use crate::data::table::bucket::LANES;

/// Buckets whose entries are asked for ahead of the one that is read.
const PREFETCH_AHEAD: usize = 2;

/// How far somebody has come who reads a table element by element, without borrowing it in between. It means something
/// only as long as the table does not change, as a copy of one does not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    segment: usize,
    /// A bucket of it; all buckets behind the last one are its stash.
    bucket: usize,
    /// A lane of the bucket, or the place in the stash.
    lane: usize,
}

impl Fields {
    /// A copy of the table as it is now, which shares the segments with it: takes one small allocation per segment (about
    /// 256 elements), and some 50 bytes per segment. Whoever changes a shared segment first duplicates it, which copies
    /// up to 450 elements.
    #[must_use]
    pub fn share(&mut self) -> Fields {
        Fields {
            segments: self.segments.iter_mut().map(super::SharedSegment::share).collect(),
            due: self.due.clone(),
            ..*self
        }
    }

    /// The element at `cursor` in the order of [`Fields::iter`]; moves the cursor on. `None` at the end.
    #[inline]
    pub fn next_at(&self, cursor: &mut Cursor) -> Option<&Entry> {
        loop {
            let segment = self.segments.get(cursor.segment)?;
            match segment.buckets.get(cursor.bucket) {
                Some(bucket) => {
                    if cursor.lane == 0
                        && let Some(ahead) = segment.buckets.get(cursor.bucket + PREFETCH_AHEAD)
                    {
                        ahead.prefetch_entries();
                    }
                    while cursor.lane < LANES {
                        cursor.lane += 1;
                        if let Some(entry) = bucket.get(cursor.lane - 1) {
                            return Some(entry);
                        }
                    }
                    (cursor.bucket, cursor.lane) = (cursor.bucket + 1, 0);
                }
                None => match segment.stash.get(cursor.lane) {
                    Some(item) => {
                        cursor.lane += 1;
                        return Some(&item.entry);
                    }
                    None => *cursor = Cursor { segment: cursor.segment + 1, bucket: 0, lane: 0 },
                },
            }
        }
    }
}
