//! Splitting segments that overflow and merging those that emptied.
//!
//! A split reads every entry of one segment (its position needs one more bit of the hash). A merge reads none: the
//! two halves of a pair of the child are one bucket of the parent.
//!
//! ```text
//!  depth d      | 0 1 | 2 3 | 4 5 | ...   | 62 63 |
//!                /   \          one more bit of the position
//!  depth d+1    | 0 1 | 2 3 | 4 5 | ...  in the low child:   parent bucket b  =  child pair b
//! ```

use super::Table;
use super::arena::Record;
use super::bucket::{EXPIRING, LANES, STASHED};
use super::key::{HKey, POSITION_BITS};
use super::segment::{BUCKETS, Segment, home_bucket};
use super::tree::Node;
use crate::data::entry::EntryBox;

/// A segment with more entries than this, a quarter of its capacity, is not merged.
const MERGE_LOW: u32 = 112;
/// Entries that a merged segment may have: half full, so that it neither splits again soon nor merges again soon.
const MERGE_MAX: u32 = 224;
/// Stashed entries that a merged segment may have; well below what makes it split.
const MERGE_STASH: usize = 8;
/// Removals between two attempts to merge the same segment.
const MERGE_EVERY: u32 = 8;
/// Buckets that a split asks for ahead of the one it distributes.
const PREFETCH_AHEAD: usize = 2;

/// A segment being filled, with its accounts.
struct Half {
    segment: Option<Segment>,
    count: u32,
    expires: u32,
    min_expire: i64,
}

impl Half {
    const EMPTY: Self = Self { segment: None, count: 0, expires: 0, min_expire: i64::MAX };

    fn put(&mut self, home: usize, tag: u8, entry: EntryBox) {
        let expire = entry.expire_ms();
        if let Some(ms) = expire {
            self.expires += 1;
            self.min_expire = self.min_expire.min(ms);
        }
        self.count += 1;
        self.segment.get_or_insert_with(Segment::new).put(home, tag, entry, expire.is_some());
    }
}

impl Table {
    /// Splits segment `id` by the next bit of the position. A child without entries becomes nil.
    pub(super) fn split(&mut self, id: u32) {
        let Some(Record { mut segment, start, depth, count, .. }) = self.arena.remove(id) else {
            return;
        };
        let depth = depth + 1;
        let half_bit = 1u64 << (POSITION_BITS - depth);
        let mut halves = [Half::EMPTY, Half::EMPTY];
        let mut distribute = |tag: u8, entry: EntryBox| {
            let position = HKey::new(entry.key()).position();
            halves[usize::from(position & half_bit != 0)].put(home_bucket(position, depth), tag, entry);
        };
        (0..PREFETCH_AHEAD).for_each(|bucket| segment.prefetch_entries(bucket));
        for at in 0..BUCKETS {
            if at + PREFETCH_AHEAD < BUCKETS {
                segment.prefetch_entries(at + PREFETCH_AHEAD);
            }
            let bucket = &mut segment.buckets[at];
            for lane in bucket.occupied() {
                let tag = bucket.tag(lane);
                if let Some(entry) = bucket.take(lane) {
                    distribute(tag, entry);
                }
            }
        }
        for item in segment.stash {
            distribute(item.tag, item.entry);
        }
        self.moved += u64::from(count);
        let [low, high] = halves;
        let children = [self.adopt(low, start, depth), self.adopt(high, start | half_bit, depth)];
        self.tree.split(start, children);
    }

    fn adopt(&mut self, half: Half, start: u64, depth: u32) -> Node {
        let Some(segment) = half.segment else {
            return Node::nil(depth);
        };
        let id = self.arena.add(segment, start, depth);
        self.arena.get_mut(id).count = half.count;
        self.arena.set_expires(id, half.expires, half.min_expire);
        Node::segment(depth, id)
    }

    /// After a removal: now and then, merges segment `id` with its sibling if both are small.
    #[inline]
    pub(super) fn shrink(&mut self, id: u32) {
        let count = self.arena.get(id).count;
        if count <= MERGE_LOW && count.is_multiple_of(MERGE_EVERY) {
            self.shrink_now(id);
        }
    }

    /// Frees segment `id` if it is empty and merges it with its sibling, and so on upwards, while both are small.
    #[cold]
    pub(super) fn shrink_now(&mut self, id: u32) {
        let record = self.arena.get(id);
        let (position, depth, count) = (record.start, record.depth, record.count);
        if count > MERGE_LOW {
            return;
        }
        let mut node = Node::segment(depth, id);
        if count == 0 {
            self.arena.remove(id);
            node = Node::nil(depth);
            self.tree.replace(position, node);
        }
        while let Some(sibling) = self.tree.sibling(position, node.depth()) {
            let is_high = position >> (POSITION_BITS - node.depth()) & 1 == 1;
            let children = if is_high { [sibling, node] } else { [node, sibling] };
            let Some(parent) = self.merged(position, children) else {
                return;
            };
            self.tree.merge(position, parent);
            node = parent;
        }
    }

    /// Merges two siblings into one segment (or nil) if it is worth it; the tree still names the children.
    fn merged(&mut self, position: u64, children: [Node; 2]) -> Option<Node> {
        let depth = children[0].depth() - 1;
        if children.iter().all(|child| child.is_nil()) {
            return Some(Node::nil(depth));
        }
        let present = |child: &&Node| !child.is_nil();
        let count: u32 = children.iter().filter(present).map(|child| self.arena.get(child.id()).count).sum();
        if count > MERGE_MAX {
            return None;
        }
        let stashed: usize =
            children.iter().filter(present).map(|child| overflow(&self.arena.get(child.id()).segment)).sum();
        if stashed > MERGE_STASH {
            return None;
        }
        let (mut merged, mut expires, mut min_expire) = (Segment::new(), 0, i64::MAX);
        for (half, child) in children.iter().enumerate() {
            if child.is_nil() {
                continue;
            }
            if let Some(record) = self.arena.remove(child.id()) {
                expires += record.expires();
                min_expire = min_expire.min(record.min_expire());
                pour(record.segment, &mut merged, half * BUCKETS / 2);
            }
        }
        self.moved += u64::from(count);
        let start = Node::nil(depth).start(position);
        let half = Half { segment: Some(merged), count, expires, min_expire };
        Some(self.adopt(half, start, depth))
    }
}

/// How many entries of `child` the parent's pairs could not take: a pair of the parent is two pairs of the child.
fn overflow(child: &Segment) -> usize {
    let pairs = BUCKETS / 2;
    (0..pairs)
        .step_by(2)
        .map(|pair| (child.pair_len(pair) + child.pair_len(pair + 1)).saturating_sub(2 * LANES))
        .sum()
}

/// Moves all entries of `child` into the half of `parent` that begins at bucket `first`.
fn pour(mut child: Segment, parent: &mut Segment, first: usize) {
    for at in 0..BUCKETS {
        let bucket = &mut child.buckets[at];
        bucket.clear_flag(STASHED);
        let expiring = bucket.flag(EXPIRING);
        for lane in bucket.occupied() {
            let tag = bucket.tag(lane);
            if let Some(entry) = bucket.take(lane) {
                parent.put(first + at / 2, tag, entry, expiring);
            }
        }
    }
    for item in child.stash {
        let expiring = item.entry.has_expire();
        parent.put(first + usize::from(item.home) / 2, item.tag, item.entry, expiring);
    }
}
