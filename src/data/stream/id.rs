//! The id of a stream's entry: two 64-bit numbers, of which the first is a time.

use std::ops::Deref;

/// An id. Ids are ordered by time, then by number (stream.h `streamID`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// Unix time in milliseconds, or whatever the client chose.
    pub ms: u64,
    /// Tells entries of the same time apart.
    pub seq: u64,
}

/// An id as text: `ms-seq`.
#[derive(Clone, Copy, Debug)]
pub struct IdText {
    /// Two numbers of up to twenty digits, and what stands between them.
    bytes: [u8; 41],
    len: usize,
}

impl IdText {
    #[inline]
    fn push(&mut self, part: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.len..self.len + part.len()) {
            place.copy_from_slice(part);
            self.len += part.len();
        }
    }
}

impl Deref for IdText {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl StreamId {
    /// 0-0: below every entry.
    pub const MIN: StreamId = StreamId { ms: 0, seq: 0 };
    /// The last possible id.
    pub const MAX: StreamId = StreamId { ms: u64::MAX, seq: u64::MAX };

    /// An id by its parts.
    #[must_use]
    pub const fn new(ms: u64, seq: u64) -> StreamId {
        StreamId { ms, seq }
    }

    /// The next id; none behind the last.
    #[inline]
    #[must_use]
    pub fn next(self) -> Option<StreamId> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(StreamId { ms: self.ms, seq }),
            None => Some(StreamId { ms: self.ms.checked_add(1)?, seq: 0 }),
        }
    }

    /// The id before; none before 0-0.
    #[must_use]
    pub fn prev(self) -> Option<StreamId> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(StreamId { ms: self.ms, seq }),
            None => Some(StreamId { ms: self.ms.checked_sub(1)?, seq: u64::MAX }),
        }
    }

    /// The id as clients see it.
    #[inline]
    #[must_use]
    pub fn text(self) -> IdText {
        self.joined(b'-')
    }

    /// The two numbers with `mark` between them.
    #[must_use]
    pub fn joined(self, mark: u8) -> IdText {
        let (mut ms, mut seq) = (itoa::Buffer::new(), itoa::Buffer::new());
        let mut text = IdText { bytes: [0; 41], len: 0 };
        text.push(ms.format(self.ms).as_bytes());
        text.push(&[mark]);
        text.push(seq.format(self.seq).as_bytes());
        text
    }

    /// 16 bytes that are ordered as the ids are: the keys of Redis's tree of nodes.
    #[must_use]
    pub fn to_be_bytes(self) -> [u8; 16] {
        ((u128::from(self.ms) << 64) | u128::from(self.seq)).to_be_bytes()
    }

    /// The inverse of [`StreamId::to_be_bytes`].
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the halves of a wider number")]
    pub fn from_be_bytes(bytes: [u8; 16]) -> StreamId {
        let number = u128::from_be_bytes(bytes);
        StreamId { ms: (number >> 64) as u64, seq: number as u64 }
    }

    /// The id that lies this far behind `self`; what a node states instead of the id itself.
    #[inline]
    pub(super) fn shifted(self, ms: i64, seq: i64) -> StreamId {
        StreamId {
            ms: self.ms.wrapping_add(ms.cast_unsigned()),
            seq: self.seq.wrapping_add(seq.cast_unsigned()),
        }
    }

    /// The inverse of [`StreamId::shifted`].
    #[inline]
    pub(super) fn distance_from(self, base: StreamId) -> (i64, i64) {
        (self.ms.wrapping_sub(base.ms).cast_signed(), self.seq.wrapping_sub(base.seq).cast_signed())
    }
}
