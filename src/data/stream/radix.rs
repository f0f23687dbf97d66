//! How many nodes Redis's radix tree would have for the same keys, which XINFO STREAM tells.
//!
//! ```text
//!  root ── "\0\0\1" ──┬─ 'a' ── "bcd.." ── leaf        a run of bytes shared by all keys below is one node,
//!                     └─ 'b' ── "xyz.." ── leaf        a place where keys part is one, and so is the end of each key
//! ```
//!
//! The number follows from how many leading bytes neighbours among the sorted keys share (rax.c `raxGenericInsert`).

use super::Log;

/// Bytes of a key.
const KEY_LEN: usize = 16;

/// Nodes for a place at `depth` and for the run of bytes that leads to it from the place at `parent`.
fn nodes(depth: usize, parent: Option<usize>) -> usize {
    // The byte on which keys part belongs to the place itself.
    let run_from = parent.map_or(0, |at| at + 1);
    1 + usize::from(depth > run_from)
}

impl Log {
    /// The number of nodes of Redis's tree. Takes a walk over the nodes' ids.
    #[must_use]
    pub fn radix_nodes(&self) -> usize {
        let mut keys = self.nodes.keys().map(|id| id.to_be_bytes()).peekable();
        // Depths of the places on the way to the current key where keys part.
        let mut open = Vec::with_capacity(KEY_LEN);
        let mut total = usize::from(keys.peek().is_none());
        while let Some(key) = keys.next() {
            let shared = keys.peek().map(|next| key.iter().zip(next).take_while(|(a, b)| a == b).count());
            // The place that the key's own end hangs from: where it parts from either neighbour, whichever is deeper.
            total += nodes(KEY_LEN, open.last().copied().max(shared));
            while let Some(depth) = open.pop_if(|depth| shared.is_none_or(|shared| *depth > shared)) {
                total += nodes(depth, open.last().copied().max(shared));
            }
            if let Some(shared) = shared
                && open.last() != Some(&shared)
            {
                open.push(shared);
            }
        }
        total
    }
}
