//! One large element of a list, as it is: a pointer to a block of its length and its bytes.

use crate::data::block::{Block, PlainFrame};
use std::fmt;
use std::ops::Deref;

/// Length of the head.
const HEAD: usize = 8;

/// The bytes of an element. Eight bytes itself.
#[derive(Clone)]
pub(super) struct Plain(Block<PlainFrame>);

impl Plain {
    /// What it takes from the allocator.
    pub(super) fn mem_bytes(&self) -> usize {
        self.0.capacity()
    }
}

impl From<&[u8]> for Plain {
    fn from(text: &[u8]) -> Plain {
        let mut block = Block::from_bytes(&HEAD.to_le_bytes());
        block.splice(HEAD, 0, &[text]);
        Plain(block)
    }
}

impl Deref for Plain {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.0.bytes().get(HEAD..).unwrap_or_default()
    }
}

impl PartialEq for Plain {
    fn eq(&self, other: &Plain) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.escape_ascii())
    }
}
