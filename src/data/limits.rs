//! Where a collection's encoding changes: the `*-max-*` directives in the form that the types ask for.
//!
//! Copied into each store when the configuration changes. All counts are elements (fields of a hash, members of a set or
//! sorted set), all sizes bytes of one element.

/// Default of [`Limits::list_plain_bytes`] (Redis: quicklist.c `packed_threshold`).
pub const LIST_PLAIN_BYTES: usize = 1 << 30;

/// Limits of the compact encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `list-max-listpack-size`: elements of a list node if positive; -1 to -5 stand for 4, 8, 16, 32, 64 KiB.
    pub list_node_size: i32,
    /// `list-compress-depth`: nodes at either end of a list that stay uncompressed; 0 for all.
    pub list_compress_depth: u32,
    /// Length in bytes from which on an element of a list gets a node of its own (DEBUG QUICKLIST-PACKED-THRESHOLD).
    pub list_plain_bytes: usize,
    /// `hash-max-listpack-entries`.
    pub hash_entries: usize,
    /// `hash-max-listpack-value`.
    pub hash_value_bytes: usize,
    /// `set-max-intset-entries`.
    pub set_ints: usize,
    /// `set-max-listpack-entries`.
    pub set_entries: usize,
    /// `set-max-listpack-value`.
    pub set_value_bytes: usize,
    /// `zset-max-listpack-entries`.
    pub zset_entries: usize,
    /// `zset-max-listpack-value`.
    pub zset_value_bytes: usize,
    /// `stream-node-max-bytes`; 0 for no limit.
    pub stream_node_bytes: usize,
    /// `stream-node-max-entries`; 0 for no limit.
    pub stream_node_entries: usize,
    /// `hll-sparse-max-bytes`.
    pub hll_sparse_bytes: usize,
}

impl Default for Limits {
    /// The defaults of the directives (Redis: config.c).
    fn default() -> Limits {
        Limits {
            list_node_size: -2,
            list_compress_depth: 0,
            list_plain_bytes: LIST_PLAIN_BYTES,
            hash_entries: 512,
            hash_value_bytes: 64,
            set_ints: 512,
            set_entries: 128,
            set_value_bytes: 64,
            zset_entries: 128,
            zset_value_bytes: 64,
            stream_node_bytes: 4096,
            stream_node_entries: 100,
            hll_sparse_bytes: 3000,
        }
    }
}
