//! Taking points out of the tree: one, or those of a range of ranks. Neighbours that became small are merged.

use super::{BRANCH_MAX, Child, LEAF_MAX, Node, Order, Point, child_of};
use std::ops::Range;

impl Node {
    /// Points of a leaf or children of a branch, and how many two neighbours may have to become one: a quarter is left
    /// free, so that removals and inserts in turn do not merge and split in turn.
    #[inline]
    fn load(&self) -> (usize, usize) {
        match self {
            Node::Leaf(points) => (points.len(), LEAF_MAX / 4 * 3),
            Node::Branch(children) => (children.len(), BRANCH_MAX / 4 * 3),
        }
    }

    /// Takes all of `right`, which is of the same depth and stands behind.
    fn append(&mut self, right: Node) {
        match (self, right) {
            (Node::Leaf(points), Node::Leaf(more)) => {
                let points = points.own();
                points.reserve_exact(more.len());
                points.extend_from_slice(&more);
            }
            (Node::Branch(children), Node::Branch(more)) => children.extend(more),
            _ => unreachable!("neighbours have the same depth"),
        }
    }

    fn remove(&mut self, score: f64, name: &[u8]) -> Option<Point> {
        match self {
            Node::Leaf(points) => {
                let at = points.partition_point(|point| point.is_before(score, name));
                let found = points.get(at).is_some_and(|point| point.is_not_behind(score, name));
                found.then(|| points.own().remove(at))
            }
            Node::Branch(children) => {
                let at = child_of(children, score, name);
                let child = &mut children[at];
                let removed = child.node.remove(score, name)?;
                child.count -= 1;
                tidy(children, at);
                Some(removed)
            }
        }
    }

    /// Takes out the point of a rank, which must be there.
    fn remove_nth(&mut self, mut rank: usize) -> Point {
        match self {
            Node::Leaf(points) => points.own().remove(rank),
            Node::Branch(children) => {
                let mut at = 0;
                while children[at].count <= rank {
                    rank -= children[at].count;
                    at += 1;
                }
                let child = &mut children[at];
                let removed = child.node.remove_nth(rank);
                child.count -= 1;
                tidy(children, at);
                removed
            }
        }
    }

    /// Takes out the points of these ranks, and gives each to `gone` in order.
    fn remove_range(&mut self, ranks: Range<usize>, gone: &mut impl FnMut(Point)) {
        let children = match self {
            Node::Leaf(points) => return points.own().drain(ranks).for_each(gone),
            Node::Branch(children) => children,
        };
        let (mut start, mut first_touched) = (0, None);
        for (at, child) in children.iter_mut().enumerate() {
            let end = start + child.count;
            let (low, high) = (ranks.start.max(start), ranks.end.min(end));
            if low < high {
                child.node.remove_range(low - start..high - start, gone);
                child.count -= high - low;
                first_touched = first_touched.or(Some(at));
            }
            start = end;
        }
        children.retain_mut(|child| {
            if let Some(first) = child.node.first() {
                child.first = first;
            }
            child.count > 0
        });
        // What is left of the first and of the last one touched now stand side by side.
        if let Some(at) = first_touched {
            for at in [at + 1, at] {
                if at < children.len() {
                    tidy(children, at);
                }
            }
        }
    }
}

/// After a removal under the child at `at`: drops it if it is empty, merges it with a neighbour if both fit one node.
fn tidy(children: &mut Vec<Child>, at: usize) {
    let child = &mut children[at];
    let Some(first) = child.node.first() else {
        children.remove(at);
        return;
    };
    child.first = first;
    let (load, limit) = child.node.load();
    if load > limit / 2 {
        return;
    }
    let fits = |other: Option<&Child>| other.is_some_and(|other| other.node.load().0 + load <= limit);
    let left = match at.checked_sub(1) {
        Some(left) if fits(children.get(left)) => left,
        _ if fits(children.get(at + 1)) => at,
        _ => return,
    };
    let right = children.remove(left + 1);
    children[left].count += right.count;
    children[left].node.append(right.node);
}

impl Order {
    /// Takes an element out. `None` if it is not there.
    #[inline]
    pub(in super::super) fn remove(&mut self, score: f64, name: &[u8]) -> Option<Point> {
        let removed = self.root.remove(score, name);
        self.lower_root();
        removed
    }

    /// Takes out the points of these ranks, which must be there, and gives each to `gone` in order. `gone` may free the
    /// element: nothing in the tree leads to it by then but the part that is being emptied.
    pub(in super::super) fn remove_range(&mut self, ranks: Range<usize>, mut gone: impl FnMut(Point)) {
        match ranks.len() {
            0 => return,
            1 => gone(self.root.remove_nth(ranks.start)),
            _ => self.root.remove_range(ranks, &mut gone),
        }
        self.lower_root();
    }

    /// Drops levels of one child, and a branch without any.
    #[inline]
    fn lower_root(&mut self) {
        while let Node::Branch(children) = &mut self.root
            && children.len() <= 1
        {
            self.root = children.pop().map_or_else(Node::default, |child| child.node);
        }
    }
}
