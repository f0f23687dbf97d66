//! A walk over points by rank, in either direction.

use super::{Child, Node, Point};
use crate::data::table::segment::prefetch;
use smallvec::SmallVec;
use std::ops::Range;

/// Points ahead whose members are asked for from memory.
const AHEAD: usize = 4;

/// The points of a range of ranks.
pub(in super::super) struct Walk<'a> {
    /// The branches above the leaf, each with the child that the way leads through.
    path: SmallVec<[(&'a [Child], usize); 4]>,
    leaf: &'a [Point],
    /// Index of the next point in the leaf.
    at: usize,
    left: usize,
    reverse: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(root: &'a Node, ranks: Range<usize>, reverse: bool) -> Walk<'a> {
        let mut walk = Walk { path: SmallVec::new(), leaf: &[], at: 0, left: ranks.len(), reverse };
        if walk.left > 0 {
            walk.descend(root, if reverse { ranks.end - 1 } else { ranks.start });
        }
        walk
    }

    /// Goes down from `node` to the point of this rank under it.
    fn descend(&mut self, mut node: &'a Node, mut rank: usize) {
        loop {
            match node {
                Node::Leaf(points) => {
                    (self.leaf, self.at) = (points, rank);
                    return;
                }
                Node::Branch(children) => {
                    let mut at = 0;
                    while let Some(child) = children.get(at)
                        && child.count <= rank
                    {
                        rank -= child.count;
                        at += 1;
                    }
                    let Some(child) = children.get(at) else { return };
                    self.path.push((children, at));
                    node = &child.node;
                }
            }
        }
    }

    /// Goes on in the next leaf.
    #[cold]
    fn next_leaf(&mut self) {
        while let Some((children, at)) = self.path.pop() {
            let next = if self.reverse { at.checked_sub(1) } else { at.checked_add(1) };
            if let Some(next) = next
                && let Some(child) = children.get(next)
            {
                self.path.push((children, next));
                return self.descend(&child.node, if self.reverse { child.count - 1 } else { 0 });
            }
        }
        self.left = 0;
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = &'a Point;

    #[inline]
    fn next(&mut self) -> Option<&'a Point> {
        if self.left == 0 {
            return None;
        }
        let point = self.leaf.get(self.at)?;
        self.left -= 1;
        if self.left > 0 {
            let ahead = if self.reverse { self.at.wrapping_sub(AHEAD) } else { self.at + AHEAD };
            if let Some(point) = self.leaf.get(ahead) {
                prefetch(point.member.address());
            }
            // Past either end of the leaf the index is out of its bounds.
            self.at = if self.reverse { self.at.wrapping_sub(1) } else { self.at + 1 };
            if self.at >= self.leaf.len() {
                self.next_leaf();
            }
        }
        Some(point)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Walk<'_> {}
