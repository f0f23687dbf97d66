//! A bounded piece of what is written.

use super::length::write_string;

/// Where a writer puts bytes, and when it pauses.
pub(super) struct Portion<'o> {
    pub(super) out: &'o mut Vec<u8>,
    /// Length of `out` from which on the portion is full.
    end: usize,
    compress: bool,
}

impl<'o> Portion<'o> {
    /// Up to `max_bytes` beyond what `out` holds. `compress`: long strings may be compressed.
    pub(super) fn new(out: &'o mut Vec<u8>, max_bytes: usize, compress: bool) -> Portion<'o> {
        // A full one would not let anybody get on.
        let end = out.len().saturating_add(max_bytes.max(1));
        Portion { out, end, compress }
    }

    /// Whether the writer should pause.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.out.len() >= self.end
    }

    /// Appends a string.
    #[inline]
    pub(super) fn string(&mut self, text: &[u8]) {
        write_string(self.out, text, self.compress);
    }

    /// Calls `write` for the items until the portion is full; whether they have come to an end.
    #[inline]
    pub(super) fn each<T>(
        &mut self,
        items: &mut dyn Iterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> bool {
        while !self.is_full() {
            match items.next() {
                Some(item) => write(self, item),
                None => return true,
            }
        }
        false
    }
}
