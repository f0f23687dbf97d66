//! A tree from many points at once: sorted, then built level by level, without a single search.

use super::{BRANCH_MAX, Child, LEAF_MAX, Node, Order, Point};
use std::cmp::Ordering;

/// Points of a new leaf: room for some inserts before it is split.
const LEAF_FILL: usize = LEAF_MAX / 4 * 3;
/// Children of a new branch.
const BRANCH_FILL: usize = BRANCH_MAX / 4 * 3;

impl Order {
    /// The tree of `points`, which are in no order and all different.
    pub(in super::super) fn from_points(mut points: Vec<Point>) -> Order {
        sort(&mut points);
        Order::from_sorted(&points)
    }

    /// The tree of `points`, which are in order.
    pub(in super::super) fn from_sorted(points: &[Point]) -> Order {
        let leaves = points.chunks(LEAF_FILL).map(|chunk| Node::Leaf(chunk.to_vec().into()));
        let mut level: Vec<Child> = leaves.filter_map(Child::new).collect();
        while level.len() > BRANCH_MAX {
            let mut below = level.into_iter();
            let branches =
                std::iter::from_fn(|| Child::new(Node::Branch(below.by_ref().take(BRANCH_FILL).collect())));
            level = branches.collect();
        }
        let root = match level.len() {
            0 | 1 => level.pop().map_or_else(Node::default, |child| child.node),
            _ => Node::Branch(level),
        };
        Order { root }
    }
}

/// Sorts by score, then by member.
pub(in super::super) fn sort(points: &mut [Point]) {
    points.sort_unstable_by(|a, b| {
        let by_score = a.score.partial_cmp(&b.score).unwrap_or(Ordering::Equal);
        by_score.then_with(|| a.name().cmp(b.name()))
    });
}
