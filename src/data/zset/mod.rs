//! A sorted set: members with scores, in the order of the scores, then of the members.
//!
//! | encoding | what | Redis |
//! |---|---|---|
//! | `Packed` | a listpack of members and scores, in order (packed.rs) | the same bytes |
//! | `Tree` | a table by member and a counting B+-tree by score (tree.rs, order/) | dict and skiplist |
//! | `Frozen` | a point-in-time copy of a tree: only the B+-tree, shared (frozen.rs) | none: the child has it |
//!
//! A set becomes a tree when it grows beyond the limits, and never a listpack again; only results that are made as a whole
//! choose freely (gather.rs). A copy is made to be walked, which saves it; whoever changes it makes it a tree first, and a
//! search by member is a walk. Scores are never NaN.
//!
//! Ranges are ranges of ranks: what is asked for by score or by member is looked up once at either end, and everything else
//! (walking, counting, removing) goes by rank.

mod frozen;
mod gather;
mod order;
mod packed;
mod put;
mod range;
mod tree;

#[cfg(test)]
mod tests;

pub use frozen::Frozen;
pub use gather::Gather;
pub use put::{NotANumber, Put, Rule};
pub use range::{LexBound, LexRange, ScoreBound, ScoreRange};
pub use tree::Tree;

use super::Limits;
use super::fields::{Fields, Slot};
use super::listpack::{Item, Listpack};
use std::ops::Range;

/// A sorted set.
#[derive(Debug)]
pub enum ZSet {
    /// Few and short members.
    Packed(Listpack),
    /// Any.
    Tree(Box<Tree>),
    /// A copy of a tree.
    Frozen(Box<Frozen>),
}

impl Default for ZSet {
    /// An empty set, for elements to come.
    fn default() -> ZSet {
        ZSet::Packed(Listpack::new())
    }
}

impl ZSet {
    /// An empty set fit for `count` elements of which the first has a member of `first_len` bytes (t_zset.c
    /// `zsetTypeCreate`).
    #[must_use]
    pub fn fit_for(count: usize, first_len: usize, limits: &Limits) -> ZSet {
        if count <= limits.zset_entries && first_len <= limits.zset_value_bytes {
            ZSet::default()
        } else {
            ZSet::Tree(Box::default())
        }
    }

    /// Changes to a tree at once if `more` elements alone exceed what a listpack may hold (t_zset.c
    /// `zsetTypeMaybeConvert`).
    pub fn make_fit_for(&mut self, more: usize, limits: &Limits) {
        if more > limits.zset_entries {
            self.make_tree();
        }
    }

    /// Number of elements.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            ZSet::Packed(pack) => packed::len(pack),
            ZSet::Tree(tree) => tree.len(),
            ZSet::Frozen(copy) => copy.len(),
        }
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The score of a member.
    #[inline]
    #[must_use]
    pub fn score(&self, name: &[u8]) -> Option<f64> {
        match self {
            ZSet::Packed(pack) => packed::find(pack, name).map(|(_, score)| score),
            ZSet::Tree(tree) => tree.score(name),
            ZSet::Frozen(copy) => copy.rank(name).map(|(_, score)| score),
        }
    }

    /// The score of a member taken from another collection.
    #[inline]
    #[must_use]
    pub fn score_of_item(&self, member: Item<'_>) -> Option<f64> {
        self.score(member.bytes(&mut itoa::Buffer::new()))
    }

    /// Adds a member or changes its score, by `rule`. `score` is a number.
    ///
    /// # Errors
    /// INCR would leave no number; then nothing changed.
    #[inline]
    pub fn put(&mut self, name: &[u8], score: f64, rule: Rule, limits: &Limits) -> Result<Put, NotANumber> {
        debug_assert!(!score.is_nan());
        let pack = match self {
            ZSet::Tree(tree) => return tree.put(name, score, rule),
            ZSet::Packed(pack) => pack,
            ZSet::Frozen(_) => return self.make_tree().put(name, score, rule),
        };
        let found = packed::find(pack, name);
        let put = rule.decide(found.map(|(_, score)| score), score)?;
        match (put, found) {
            (Put::Added(score), _) => {
                let fits = packed::len(pack) < limits.zset_entries
                    && name.len() <= limits.zset_value_bytes
                    && pack.safe_to_add(name.len());
                if fits {
                    packed::insert(pack, name, score);
                } else {
                    return self.make_tree().put(name, score, Rule::default());
                }
            }
            (Put::Updated(score), Some((pos, _))) => {
                pack.delete_range(pos, 2);
                packed::insert(pack, name, score);
            }
            _ => {}
        }
        Ok(put)
    }

    /// Takes a member out; its score.
    #[inline]
    pub fn remove(&mut self, name: &[u8]) -> Option<f64> {
        match self {
            ZSet::Packed(pack) => {
                let (pos, score) = packed::find(pack, name)?;
                pack.delete_range(pos, 2);
                Some(score)
            }
            ZSet::Tree(tree) => tree.remove(name),
            ZSet::Frozen(_) => self.make_tree().remove(name),
        }
    }

    /// The rank of a member, lowest score first, and its score.
    #[must_use]
    pub fn rank(&self, name: &[u8]) -> Option<(usize, f64)> {
        match self {
            ZSet::Packed(pack) => packed::pairs(pack)
                .enumerate()
                .find(|(_, (_, member, _))| member.eq_bytes(name))
                .map(|(rank, (_, _, score))| (rank, score)),
            ZSet::Tree(tree) => tree.rank(name),
            ZSet::Frozen(copy) => copy.rank(name),
        }
    }

    /// The ranks of the elements whose scores are in `range`.
    #[must_use]
    pub fn ranks_by_score(&self, range: &ScoreRange) -> Range<usize> {
        let order = match self {
            ZSet::Packed(pack) => return packed::ranks_by_score(pack, range),
            ZSet::Tree(tree) => &tree.order,
            ZSet::Frozen(copy) => copy.order(),
        };
        let start = order.partition_point(|point| range.is_above(point.score));
        let end = order.partition_point(|point| range.reaches(point.score));
        start..end.max(start)
    }

    /// The ranks of the elements whose members are in `range`, as a walk in this direction finds them. Means something only
    /// where all scores are equal; otherwise it is some range, without error.
    #[must_use]
    pub fn ranks_by_lex(&self, range: &LexRange<'_>, reverse: bool) -> Range<usize> {
        let order = match self {
            ZSet::Packed(pack) => return packed::ranks_by_lex(pack, range, reverse),
            _ if range.is_void() => return 0..0,
            ZSet::Tree(tree) => &tree.order,
            ZSet::Frozen(copy) => copy.order(),
        };
        let start = order.partition_point(|point| range.is_above(point.name()));
        let end = order.partition_point(|point| range.reaches(point.name()));
        start..end.max(start)
    }

    /// The elements of these ranks, which must be there; the last one first if `reverse`.
    #[inline]
    #[must_use]
    pub fn walk(&self, ranks: Range<usize>, reverse: bool) -> Walk<'_> {
        Walk(match self {
            ZSet::Packed(pack) => Way::Packed(packed::Walk::new(pack, &ranks, reverse)),
            ZSet::Tree(tree) => Way::Tree(tree.order.walk(ranks, reverse)),
            ZSet::Frozen(copy) => Way::Tree(copy.order().walk(ranks, reverse)),
        })
    }

    /// All elements in order.
    #[must_use]
    pub fn iter(&self) -> Walk<'_> {
        self.walk(0..self.len(), false)
    }

    /// The element of a rank.
    #[must_use]
    pub fn nth(&self, rank: usize) -> Option<(Item<'_>, f64)> {
        if rank < self.len() { self.walk(rank..rank + 1, false).next() } else { None }
    }

    /// Takes out the elements of these ranks, which must be there.
    pub fn remove_range(&mut self, ranks: Range<usize>) {
        if ranks.len() >= self.len() {
            *self = ZSet::default();
            return;
        }
        match self {
            ZSet::Packed(pack) => packed::remove_range(pack, &ranks),
            ZSet::Tree(tree) => tree.remove_range(ranks),
            ZSet::Frozen(_) => self.make_tree().remove_range(ranks),
        }
    }

    /// Reports some elements of a tree to `f` and returns the next cursor (see [`Fields::scan`]); all elements of a
    /// listpack, and 0.
    pub fn scan<'s>(&'s self, cursor: u64, mut f: impl FnMut(Item<'s>, f64)) -> u64 {
        match self {
            ZSet::Packed(pack) => {
                packed::pairs(pack).for_each(|(_, member, score)| f(member, score));
                0
            }
            ZSet::Tree(tree) => {
                tree.fields.scan(cursor, |entry| f(Item::Bytes(entry.key()), tree::score_of(entry)))
            }
            ZSet::Frozen(copy) => copy.scan(cursor, f),
        }
    }

    /// Bytes that the set asked the allocator for beside its entry's block.
    #[must_use]
    pub fn mem_bytes(&self) -> usize {
        match self {
            ZSet::Packed(pack) => pack.mem_bytes(),
            ZSet::Tree(tree) => tree.mem_bytes(),
            ZSet::Frozen(copy) => copy.mem_bytes(),
        }
    }

    /// Allocations given back when the set is dropped (lazyfree.c `lazyfreeGetFreeEffort`).
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            ZSet::Packed(_) => 1,
            ZSet::Tree(tree) => tree.len(),
            // The copy may be the last one that keeps a removed original.
            ZSet::Frozen(copy) => copy.len(),
        }
    }

    /// The name that OBJECT ENCODING gives it.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match self {
            ZSet::Packed(_) => "listpack",
            ZSet::Tree(_) | ZSet::Frozen(_) => "skiplist",
        }
    }

    /// A copy of the set as it is now; of a tree one that shares the order's leaves with it (see [`Frozen`]).
    #[must_use]
    pub fn share(&mut self) -> ZSet {
        match self {
            ZSet::Packed(pack) => ZSet::Packed(pack.clone()),
            ZSet::Tree(tree) => ZSet::Frozen(Box::new(tree.share())),
            ZSet::Frozen(copy) => ZSet::Frozen(Box::new(copy.share())),
        }
    }

    /// Changes to a tree and returns it.
    fn make_tree(&mut self) -> &mut Tree {
        if let ZSet::Frozen(copy) = self {
            *self = ZSet::Tree(Box::new(copy.thaw()));
        }
        if let ZSet::Packed(pack) = self {
            let mut tree = Box::<Tree>::default();
            let mut digits = itoa::Buffer::new();
            for (_, member, score) in packed::pairs(pack) {
                // A number plus nothing is one, so this cannot fail.
                let _ = tree.put(member.bytes(&mut digits), score, Rule::default());
            }
            *self = ZSet::Tree(tree);
        }
        match self {
            ZSet::Tree(tree) => tree,
            _ => unreachable!("it has just become a tree"),
        }
    }
}

impl Clone for ZSet {
    /// Copies every element.
    fn clone(&self) -> ZSet {
        match self {
            ZSet::Packed(pack) => ZSet::Packed(pack.clone()),
            ZSet::Tree(tree) => ZSet::Tree(tree.clone()),
            ZSet::Frozen(copy) => ZSet::Tree(Box::new(copy.thaw())),
        }
    }
}

impl PartialEq for ZSet {
    /// Whether both hold the same elements, however encoded.
    fn eq(&self, other: &ZSet) -> bool {
        let same = |(a, b): ((Item<'_>, f64), (Item<'_>, f64))| {
            a.1 == b.1 && a.0.eq_bytes(b.0.bytes(&mut itoa::Buffer::new()))
        };
        self.len() == other.len() && self.iter().zip(other.iter()).all(same)
    }
}

/// Elements in order: member and score.
pub struct Walk<'a>(Way<'a>);

enum Way<'a> {
    Packed(packed::Walk<'a>),
    Tree(order::Walk<'a>),
}

impl<'a> Iterator for Walk<'a> {
    type Item = (Item<'a>, f64);

    #[inline]
    fn next(&mut self) -> Option<(Item<'a>, f64)> {
        match &mut self.0 {
            Way::Packed(walk) => walk.next(),
            Way::Tree(walk) => walk.next().map(|point| (Item::Bytes(point.name()), point.score)),
        }
    }
}
