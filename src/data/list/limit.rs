//! How large a node of a list may be: `list-max-listpack-size` as a number of bytes or of elements.

use crate::data::Limits;

/// Bytes of a node for the size classes -1 to -5 (Redis: quicklist.c `optimization_level`).
const CLASS_BYTES: [usize; 5] = [4096, 8192, 16_384, 32_768, 65_536];
/// Bytes of a node that is limited by the number of its elements (quicklist.c SIZE_SAFETY_LIMIT).
const SAFE_BYTES: usize = 8192;
/// What an element may take in a node beside its bytes (quicklist.c SIZE_ESTIMATE_OVERHEAD).
const OVERHEAD: usize = 8;

/// The limits of one node.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeLimit {
    /// Bytes of the packed elements; `None` if their number is limited.
    bytes: Option<usize>,
    /// Number of elements, if `bytes` is none.
    count: usize,
    /// Elements of this length or more get a node of their own.
    plain: usize,
}

impl NodeLimit {
    /// The limits that the configuration sets (quicklist.c `quicklistNodeLimit`).
    #[inline]
    pub(super) fn of(limits: &Limits) -> NodeLimit {
        let size = limits.list_node_size;
        let plain = limits.list_plain_bytes;
        match usize::try_from(size) {
            Ok(count) => NodeLimit { bytes: None, count: count.max(1), plain },
            Err(_) => {
                let class = usize::try_from(size.unsigned_abs()).unwrap_or(usize::MAX).min(CLASS_BYTES.len());
                let bytes = CLASS_BYTES.get(class - 1).copied();
                NodeLimit { bytes, count: usize::MAX, plain }
            }
        }
    }

    /// Whether a node of so many bytes and elements is too large (quicklist.c `quicklistNodeExceedsLimit`).
    #[inline]
    pub(super) fn is_exceeded(self, bytes: usize, count: usize) -> bool {
        match self.bytes {
            Some(limit) => bytes > limit,
            None => bytes > SAFE_BYTES || count > self.count,
        }
    }

    /// Whether an element of `len` bytes may join a packed node of `bytes` bytes and `count` elements (quicklist.c
    /// `_quicklistNodeAllowInsert`).
    #[inline]
    pub(super) fn admits(self, bytes: usize, count: usize, len: usize) -> bool {
        !self.is_plain(len)
            && !self.is_exceeded(bytes.saturating_add(len).saturating_add(OVERHEAD), count + 1)
    }

    /// Whether an element of `len` bytes gets a node of its own.
    #[inline]
    pub(super) fn is_plain(self, len: usize) -> bool {
        len >= self.plain
    }

    /// Whether a lone node is so small that the list shall be one listpack again: half the limit, so that a list
    /// about the limit does not change its form at every command (t_list.c `listTypeTryConvertQuicklist`).
    #[inline]
    pub(super) fn is_half_empty(self, bytes: usize, count: usize) -> bool {
        match self.bytes {
            Some(limit) => bytes <= limit / 2,
            None => count <= self.count / 2,
        }
    }
}
