//! The elements of one large sorted set by score and member: a B+-tree that counts.
//!
//! ```text
//!                    [ first, count | first, count | … ]            branch: up to 32 children
//!                      /              \
//!        [ first, count | … ]    [ first, count | … ]
//!          /          \            /          \
//!    [score, ▸ …]  [score, ▸ …]  …                                  leaf: up to 64 points of 16 bytes
//!            └──► the member's entry in the table beside it          (super::tree)
//! ```
//!
//! Redis keeps a skiplist: a node per element with one to thirty-two levels of pointers and spans, 50 bytes on average,
//! and a cache miss per step. A leaf here holds its points side by side, 16 to 21 bytes each with the slack.
//!
//! Invariants:
//! - Points ascend by score, those of one score by member (bytewise); no two are the same. No score is NaN; -0 and 0
//!   are one score.
//! - All leaves have the same depth. Only the root may be empty, and a root that is a branch has two children at least.
//! - `first` is the lowest point under a child and `count` the number of points: both exact after every change, so no
//!   point survives in a branch when its element is gone.
//! - Of two neighbours of which one was taken from, both together hold more than fits one with a quarter to spare.
//!
//! The depth bounds all recursion; it is below eight for 2^32 elements. A tree belongs to the thread that owns its set; a
//! point-in-time copy ([`Order::share`]) shares the leaves with it, on whatever thread it is.

mod build;
mod remove;
mod walk;

pub(super) use build::sort;
pub(super) use walk::Walk;

use crate::data::entry::Alias;
use crate::data::shared::Shared;
use std::ops::Range;

/// Points of a leaf.
const LEAF_MAX: usize = 64;
/// Children of a branch.
const BRANCH_MAX: usize = 32;
/// Points for which a leaf makes room at a time.
const LEAF_STEP: usize = 16;

/// An element: its score, and where its member is.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub(super) score: f64,
    pub(super) member: Alias,
}

impl Point {
    /// The member's bytes.
    #[inline]
    pub(super) fn name(&self) -> &[u8] {
        self.member.key()
    }

    /// Whether it stands before an element of this score and name. Looks at the name only if the scores are equal.
    #[inline]
    fn is_before(&self, score: f64, name: &[u8]) -> bool {
        self.score < score || (self.score == score && self.name() < name)
    }

    /// Whether it is that element or stands before it.
    #[inline]
    fn is_not_behind(&self, score: f64, name: &[u8]) -> bool {
        self.score < score || (self.score == score && self.name() <= name)
    }
}

enum Node {
    /// Perhaps with copies of the order.
    Leaf(Shared<Vec<Point>>),
    Branch(Vec<Child>),
}

const _: () = assert!(size_of::<Node>() == 32);

impl Default for Node {
    /// An empty leaf.
    fn default() -> Node {
        Node::Leaf(Shared::default())
    }
}

struct Child {
    first: Point,
    count: usize,
    node: Node,
}

impl Child {
    /// A node with its accounts; `None` for an empty one.
    fn new(node: Node) -> Option<Child> {
        Some(Child { first: node.first()?, count: node.count(), node })
    }
}

impl Node {
    #[inline]
    fn first(&self) -> Option<Point> {
        match self {
            Node::Leaf(points) => points.first().copied(),
            Node::Branch(children) => children.first().map(|child| child.first),
        }
    }

    fn count(&self) -> usize {
        match self {
            Node::Leaf(points) => points.len(),
            Node::Branch(children) => children.iter().map(|child| child.count).sum(),
        }
    }

    /// Adds a point that is not there. Returns the right part if the node had to be split.
    fn insert(&mut self, point: Point, name: &[u8], edge: Edge) -> Option<Node> {
        match self {
            Node::Leaf(points) => {
                insert_point(points.own(), point, name, edge).map(|right| Node::Leaf(right.into()))
            }
            Node::Branch(children) => insert_below(children, point, name, edge).map(Node::Branch),
        }
    }
}

/// Whether a node is the first or the last one of its depth. Only there a full node is left full when a new one begins:
/// elsewhere points in descending order would each get a leaf of their own.
#[derive(Clone, Copy)]
struct Edge {
    first: bool,
    last: bool,
}

fn insert_point(points: &mut Vec<Point>, point: Point, name: &[u8], edge: Edge) -> Option<Vec<Point>> {
    let at = points.partition_point(|other| other.is_before(point.score, name));
    if points.len() < LEAF_MAX {
        if points.len() == points.capacity() {
            points.reserve_exact(LEAF_STEP.min(LEAF_MAX - points.len()));
        }
        points.insert(at, point);
        return None;
    }
    if at == LEAF_MAX && edge.last {
        // Scores that only grow (times) leave full leaves behind.
        return Some(vec![point]);
    }
    if at == 0 && edge.first {
        return Some(std::mem::replace(points, vec![point]));
    }
    let mut right = points.split_off(LEAF_MAX / 2);
    points.shrink_to(LEAF_MAX / 2 + LEAF_STEP);
    match at.checked_sub(LEAF_MAX / 2) {
        Some(at) if at > 0 => {
            right.reserve_exact(LEAF_STEP);
            right.insert(at, point);
        }
        _ => points.insert(at, point),
    }
    Some(right)
}

fn insert_below(children: &mut Vec<Child>, point: Point, name: &[u8], edge: Edge) -> Option<Vec<Child>> {
    let at = child_of(children, point.score, name);
    let below = Edge { first: edge.first && at == 0, last: edge.last && at + 1 == children.len() };
    let child = &mut children[at];
    let split = child.node.insert(point, name, below);
    child.count += 1;
    if let Some(first) = child.node.first() {
        child.first = first;
    }
    let right = Child::new(split?)?;
    child.count -= right.count;
    children.insert(at + 1, right);
    if children.len() <= BRANCH_MAX {
        return None;
    }
    let cut = if below.last { children.len() - 1 } else { children.len() / 2 };
    Some(children.split_off(cut))
}

/// The child under which an element of this score and name stands, or belongs.
#[inline]
fn child_of(children: &[Child], score: f64, name: &[u8]) -> usize {
    children.partition_point(|child| child.first.is_not_behind(score, name)).saturating_sub(1)
}

/// Points in order. See the module's documentation.
#[derive(Default)]
pub(super) struct Order {
    root: Node,
}

impl Order {
    /// Adds a point that is not there.
    #[inline]
    pub(super) fn insert(&mut self, point: Point) {
        // The name is borrowed from a copy of the point: it does not depend on where the point goes.
        let member = point.member;
        let edge = Edge { first: true, last: true };
        let Some(right) = self.root.insert(point, member.key(), edge) else { return };
        let left = std::mem::take(&mut self.root);
        self.root = Node::Branch([left, right].into_iter().filter_map(Child::new).collect());
    }

    /// Gives an element that is there another score.
    #[inline]
    pub(super) fn rescore(&mut self, old: f64, name: &[u8], new: f64) {
        if self.nudge(old, name, new) {
            return;
        }
        if let Some(point) = self.remove(old, name) {
            self.insert(Point { score: new, ..point });
        }
    }

    /// Changes a score where its element stays between its neighbours in the leaf: most steps of a counter.
    fn nudge(&mut self, old: f64, name: &[u8], new: f64) -> bool {
        let mut node = &mut self.root;
        loop {
            match node {
                Node::Branch(children) => {
                    let at = child_of(children, old, name);
                    node = &mut children[at].node;
                }
                Node::Leaf(points) => {
                    let at = points.partition_point(|point| point.is_before(old, name));
                    // The ends of a leaf are left out: branches know the first, and the last has a neighbour elsewhere.
                    if at == 0 || at + 1 >= points.len() {
                        return false;
                    }
                    let stays =
                        points[at - 1].is_before(new, name) && !points[at + 1].is_not_behind(new, name);
                    if stays {
                        points.own()[at].score = new;
                    }
                    return stays;
                }
            }
        }
    }

    /// The number of points in front for which `is_low` holds, which must hold for those of a lower rank if it holds for
    /// one.
    #[inline]
    pub(super) fn partition_point(&self, mut is_low: impl FnMut(&Point) -> bool) -> usize {
        let (mut node, mut rank) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(points) => return rank + points.partition_point(is_low),
                Node::Branch(children) => {
                    let Some(at) = children.partition_point(|child| is_low(&child.first)).checked_sub(1)
                    else {
                        return rank;
                    };
                    rank += children[..at].iter().map(|child| child.count).sum::<usize>();
                    node = &children[at].node;
                }
            }
        }
    }

    /// The rank of an element, which is there: the number of those before it.
    pub(super) fn rank(&self, score: f64, name: &[u8]) -> usize {
        self.partition_point(|point| point.is_before(score, name))
    }

    /// The points of these ranks, the last one first if `reverse`.
    #[inline]
    pub(super) fn walk(&self, ranks: Range<usize>, reverse: bool) -> Walk<'_> {
        Walk::new(&self.root, ranks, reverse)
    }

    /// A copy that shares the leaves: takes a small allocation per leaf. Whoever changes a shared leaf first duplicates
    /// it. The caller keeps all entries alive that either one has points of.
    pub(super) fn share(&mut self) -> Order {
        fn of(node: &mut Node) -> Node {
            match node {
                Node::Leaf(points) => Node::Leaf(points.share()),
                Node::Branch(children) => {
                    Node::Branch(children.iter_mut().map(|c| Child { node: of(&mut c.node), ..*c }).collect())
                }
            }
        }
        Order { root: of(&mut self.root) }
    }

    /// Bytes that the nodes take from the allocator.
    pub(super) fn mem_bytes(&self) -> usize {
        fn of(node: &Node) -> usize {
            match node {
                Node::Leaf(points) => points.capacity() * size_of::<Point>(),
                Node::Branch(children) => {
                    let own = children.capacity() * size_of::<Child>();
                    own + children.iter().map(|child| of(&child.node)).sum::<usize>()
                }
            }
        }
        of(&self.root)
    }
}

#[cfg(test)]
impl Order {
    /// Checks what the head of this file promises; `len` points.
    pub(super) fn check(&self, len: usize) {
        fn depth(node: &Node, is_root: bool) -> usize {
            match node {
                Node::Leaf(points) => {
                    assert!(points.len() <= LEAF_MAX && (is_root || !points.is_empty()));
                    0
                }
                Node::Branch(children) => {
                    assert!(children.len() <= BRANCH_MAX && children.len() >= if is_root { 2 } else { 1 });
                    let depths: Vec<usize> = children.iter().map(|child| depth(&child.node, false)).collect();
                    assert!(depths.iter().all(|d| *d == depths[0]));
                    for child in children {
                        assert_eq!(child.count, child.node.count());
                        let first = child.node.first().map(|point| (point.score, point.name().to_vec()));
                        assert_eq!(first, Some((child.first.score, child.first.name().to_vec())));
                    }
                    depths[0] + 1
                }
            }
        }
        depth(&self.root, true);
        assert_eq!(self.root.count(), len);
        let points: Vec<Point> = self.walk(0..len, false).copied().collect();
        assert_eq!(points.len(), len);
        assert!(points.windows(2).all(|pair| pair[0].is_before(pair[1].score, pair[1].name())));
    }
}
