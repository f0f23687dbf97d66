//! All elements, borrowed or owned.
//!
//! The order is that of the buckets, which is no order of the names; it stays the same while the table does.

use std::slice;

use super::{Fields, SharedSegment};
use crate::data::entry::{Entry, EntryBox};
use crate::data::table::bucket::{Bucket, LANES, Lanes};
use crate::data::table::segment::StashItem;

/// Buckets whose entries are asked for ahead of those being reported.
const PREFETCH_AHEAD: usize = 2;

/// The elements of a [`Fields`] by reference.
pub struct Iter<'f> {
    segments: slice::Iter<'f, SharedSegment>,
    buckets: slice::Iter<'f, Bucket>,
    bucket: Option<&'f Bucket>,
    lanes: Lanes,
    stash: slice::Iter<'f, StashItem>,
    left: usize,
}

impl Fields {
    /// All elements, in no particular order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            segments: self.segments.iter(),
            buckets: [].iter(),
            bucket: None,
            lanes: Lanes::default(),
            stash: [].iter(),
            left: self.len,
        }
    }
}

impl<'f> Iterator for Iter<'f> {
    type Item = &'f Entry;

    #[inline]
    fn next(&mut self) -> Option<&'f Entry> {
        loop {
            if let Some(bucket) = self.bucket
                && let Some(lane) = self.lanes.next()
            {
                self.left -= 1;
                return bucket.get(lane).map(|entry| &**entry);
            }
            if let Some(bucket) = self.buckets.next() {
                if let Some(ahead) = self.buckets.as_slice().get(PREFETCH_AHEAD - 1) {
                    ahead.prefetch_entries();
                }
                self.bucket = Some(bucket);
                self.lanes = bucket.occupied();
            } else if let Some(item) = self.stash.next() {
                self.left -= 1;
                return Some(&item.entry);
            } else {
                let segment = self.segments.next()?;
                self.buckets = segment.buckets.iter();
                self.stash = segment.stash.iter();
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'f> IntoIterator for &'f Fields {
    type Item = &'f Entry;
    type IntoIter = Iter<'f>;

    fn into_iter(self) -> Iter<'f> {
        self.iter()
    }
}

/// The elements of a [`Fields`], taken out of it. Each segment is freed when it has been emptied.
pub struct IntoIter {
    segments: std::vec::IntoIter<SharedSegment>,
    buckets: std::vec::IntoIter<Bucket>,
    lanes: std::array::IntoIter<Option<EntryBox>, LANES>,
    stash: std::vec::IntoIter<StashItem>,
    left: usize,
}

impl IntoIterator for Fields {
    type Item = EntryBox;
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter {
            segments: self.segments.into_iter(),
            buckets: Vec::new().into_iter(),
            lanes: Bucket::default().into_lanes(),
            stash: Vec::new().into_iter(),
            left: self.len,
        }
    }
}

impl Iterator for IntoIter {
    type Item = EntryBox;

    fn next(&mut self) -> Option<EntryBox> {
        loop {
            if let Some(entry) = self.lanes.by_ref().flatten().next() {
                self.left -= 1;
                return Some(entry);
            }
            if let Some(bucket) = self.buckets.next() {
                self.lanes = bucket.into_lanes();
            } else if let Some(item) = self.stash.next() {
                self.left -= 1;
                return Some(item.entry);
            } else {
                let segment = self.segments.next()?.into_inner();
                self.buckets = segment.buckets.into_iter();
                self.stash = segment.stash.into_iter();
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for IntoIter {}

impl FromIterator<EntryBox> for Fields {
    fn from_iter<I: IntoIterator<Item = EntryBox>>(entries: I) -> Self {
        let mut fields = Self::new();
        fields.extend(entries);
        fields
    }
}

impl Extend<EntryBox> for Fields {
    fn extend<I: IntoIterator<Item = EntryBox>>(&mut self, entries: I) {
        for entry in entries {
            self.insert(entry);
        }
    }
}
