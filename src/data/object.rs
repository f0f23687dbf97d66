//! The values that are more than a short string: what lies behind an entry of form `Object`.
//!
//! An object is 24 bytes and lies by value in its entry's block, so a small collection costs one further allocation (its
//! packed elements) and one further cache miss. Each variant is the handle of a type that has a file of its own; what is
//! asked of all of them (memory, cost of freeing, encoding name) is answered here.

/// A value with memory of its own.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Object {
    /// A string longer than [`INLINE_MAX`](super::entry::INLINE_MAX), with room to grow.
    Str(Vec<u8>),
}

impl Object {
    /// Bytes that the value asked the allocator for beside the entry's own block.
    #[must_use]
    pub fn mem_bytes(&self) -> usize {
        match self {
            Object::Str(bytes) => bytes.capacity(),
        }
    }

    /// Number of allocations that dropping the value gives back; what decides whether another thread should do it.
    ///
    /// Redis: lazyfree.c lazyfreeGetFreeEffort (strings count as one).
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            Object::Str(_) => 1,
        }
    }

    /// The name that OBJECT ENCODING gives the value (Redis: object.c strEncoding).
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match self {
            Object::Str(_) => "raw",
        }
    }
}
