//! A value as it was at one time, while the original goes on changing: what a snapshot puts aside to write it in steps.
//!
//! | value | the copy | what it takes | what the first change of a shared part takes |
//! |---|---|---|---|
//! | packed forms, strings | plain | its bytes | nothing |
//! | list | shares nodes | an allocation per node | a node's bytes (8 KiB by default) |
//! | hash, set: table | shares segments | an allocation per 256 elements | up to 450 elements |
//! | sorted set: tree | shares the order's leaves (`zset::Frozen`) | an allocation per 48 elements | 1 KiB |
//! | stream | shares nodes and groups | an allocation per node and group | a node's bytes; a group's pending entries |
//!
//! A copy may be read and dropped on another thread than that of the original, in any order.

use super::{Object, ZSet, zset};

/// A value as it was at one time.
#[derive(Debug)]
pub enum Frozen {
    /// A value in all respects, which shares parts with the original.
    Object(Object),
    /// A large sorted set, which only can be walked.
    ZSet(zset::Frozen),
}

impl Object {
    /// A copy of the value as it is now; the head of the file says what it takes.
    #[must_use]
    pub fn share(&mut self) -> Frozen {
        Frozen::Object(match self {
            Object::Str(bytes) => Object::Str(bytes.clone()),
            Object::Hash(hash) => hash.share().into(),
            Object::Set(set) => set.share().into(),
            Object::List(list) => list.share().into(),
            Object::Stream(stream) => stream.share().into(),
            Object::ZSet(ZSet::Tree(tree)) => return Frozen::ZSet(tree.share()),
            Object::ZSet(ZSet::Packed(pack)) => Object::ZSet(ZSet::Packed(pack.clone())),
        })
    }
}

impl Frozen {
    /// A value of its own. Elements of sorted sets are copied.
    #[must_use]
    pub fn thaw(self) -> Object {
        match self {
            Frozen::Object(object) => object,
            Frozen::ZSet(zset) => zset.thaw().into(),
        }
    }

    /// Bytes of the copy, as if it shared nothing; of a large sorted set without the elements.
    #[must_use]
    pub fn mem_bytes(&self) -> usize {
        match self {
            Frozen::Object(object) => object.mem_bytes(),
            Frozen::ZSet(zset) => zset.mem_bytes(),
        }
    }

    /// Number of allocations that dropping the copy gives back at most: what it shares may have become its own.
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            Frozen::Object(object) => object.free_effort(),
            Frozen::ZSet(zset) => zset.len(),
        }
    }
}

impl From<Object> for Frozen {
    fn from(object: Object) -> Frozen {
        Frozen::Object(object)
    }
}

#[cfg(test)]
pub(crate) mod tests;
