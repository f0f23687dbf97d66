//! The values that are more than a short string: what lies behind an entry of form `Object`.
//!
//! An object is 24 bytes and lies by value in its entry's block, so a small collection costs one further allocation (its
//! packed elements) and one further cache miss. Each variant is the handle of a type that has a file of its own; what is
//! asked of all of them (memory, cost of freeing, encoding name, copies) is answered here.

use super::entry::Kind;
use super::hash::Hash;
use super::list::List;
use super::set::Set;
use super::stream::Stream;
use super::zset::ZSet;

/// A type of value as the keyspace sees it, which creates, edits and removes values of all types by the same rules.
pub trait Collection: Sized + Into<Object> {
    /// The type's name.
    const KIND: Kind;

    /// The value, if the object is of this type.
    fn of(object: &Object) -> Option<&Self>;

    /// The value for changing it, if the object is of this type.
    fn of_mut(object: &mut Object) -> Option<&mut Self>;

    /// Whether a key must not hold the value any more, because nothing is left in it.
    fn is_spent(&self) -> bool;
}

/// A value with memory of its own.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Object {
    /// A string longer than [`INLINE_MAX`](super::entry::INLINE_MAX), with room to grow.
    Str(Vec<u8>),
    /// A hash.
    Hash(Hash),
    /// A set.
    Set(Set),
    /// A list.
    List(List),
    /// A stream.
    Stream(Box<Stream>),
    /// A sorted set.
    ZSet(ZSet),
}

/// Makes a type a [`Collection`] that is the variant of the same name, spent when it is empty.
macro_rules! collection {
    ($name:ident) => {
        impl Collection for $name {
            const KIND: Kind = Kind::$name;

            #[inline]
            fn of(object: &Object) -> Option<&Self> {
                if let Object::$name(value) = object { Some(value) } else { None }
            }

            #[inline]
            fn of_mut(object: &mut Object) -> Option<&mut Self> {
                if let Object::$name(value) = object { Some(value) } else { None }
            }

            #[inline]
            fn is_spent(&self) -> bool {
                self.is_empty()
            }
        }

        impl From<$name> for Object {
            fn from(value: $name) -> Object {
                Object::$name(value)
            }
        }
    };
}

collection!(Hash);

collection!(Set);
collection!(ZSet);

impl Collection for Stream {
    const KIND: Kind = Kind::Stream;

    #[inline]
    fn of(object: &Object) -> Option<&Self> {
        if let Object::Stream(stream) = object { Some(stream) } else { None }
    }

    #[inline]
    fn of_mut(object: &mut Object) -> Option<&mut Self> {
        if let Object::Stream(stream) = object { Some(stream) } else { None }
    }

    /// Never: a stream may be empty.
    #[inline]
    fn is_spent(&self) -> bool {
        false
    }
}

impl From<Stream> for Object {
    fn from(stream: Stream) -> Object {
        Object::Stream(Box::new(stream))
    }
}

impl Object {
    /// Bytes that the value asked the allocator for beside the entry's own block.
    #[must_use]
    pub fn mem_bytes(&self) -> usize {
        match self {
            Object::Str(bytes) => bytes.capacity(),
            Object::Hash(hash) => hash.mem_bytes(),
            Object::Set(set) => set.mem_bytes(),
            Object::List(list) => list.mem_bytes(),
            Object::Stream(stream) => stream.mem_bytes(),
            Object::ZSet(zset) => zset.mem_bytes(),
        }
    }

    /// Number of allocations that dropping the value gives back; what decides whether another thread should do it.
    ///
    /// Redis: lazyfree.c lazyfreeGetFreeEffort (strings count as one, lists as many as they have nodes).
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            Object::Str(_) => 1,
            Object::Hash(hash) => hash.free_effort(),
            Object::Set(set) => set.free_effort(),
            Object::List(list) => list.node_count(),
            Object::Stream(stream) => stream.free_effort(),
            Object::ZSet(zset) => zset.free_effort(),
        }
    }

    /// A copy of the value as it is now, while the original goes on changing: what a snapshot puts aside to write it in
    /// steps.
    ///
    /// | value | the copy | what it takes | what the first change of a shared part takes |
    /// |---|---|---|---|
    /// | packed forms, strings | plain | its bytes | nothing |
    /// | list | shares nodes | an allocation per node | a node's bytes (8 KiB by default) |
    /// | hash, set: table | shares segments | an allocation per 256 elements | a copy of up to 450 elements |
    /// | sorted set: tree | shares the order's leaves | an allocation per 48 elements | 1 KiB |
    /// | stream | shares nodes and groups | an allocation per node or group | a node's bytes, a group's pending entries |
    ///
    /// Original and copy may be read, changed and dropped on different threads, in any order; either is a value in all
    /// respects. The copy of a large sorted set is slow in all but walking ([`ZSet::Frozen`]).
    #[must_use]
    pub fn share(&mut self) -> Object {
        match self {
            Object::Str(bytes) => Object::Str(bytes.clone()),
            Object::Hash(hash) => hash.share().into(),
            Object::Set(set) => set.share().into(),
            Object::List(list) => list.share().into(),
            Object::Stream(stream) => stream.share().into(),
            Object::ZSet(zset) => zset.share().into(),
        }
    }

    /// The name that OBJECT ENCODING gives the value (Redis: object.c strEncoding).
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match self {
            Object::Str(_) => "raw",
            Object::Hash(hash) => hash.encoding(),
            Object::Set(set) => set.encoding(),
            Object::List(list) => list.encoding(),
            Object::Stream(_) => "stream",
            Object::ZSet(zset) => zset.encoding(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
