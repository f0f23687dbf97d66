//! Elements that are encoded ahead, so that a pack takes all of them by one splice.

use super::Listpack;
use super::decode::COUNT_UNKNOWN;
use super::encode::Encoded;
use smallvec::SmallVec;

/// Encoded elements. Those of a usual stream entry lie on the stack.
#[derive(Default)]
pub struct Batch {
    bytes: SmallVec<[u8; 256]>,
    count: usize,
}

impl Batch {
    /// Adds a string.
    #[inline]
    pub fn push(&mut self, text: &[u8]) {
        self.add(&Encoded::of_bytes(text));
    }

    /// Adds a number.
    #[inline]
    pub fn push_int(&mut self, number: i64) {
        self.add(&Encoded::of_int(number));
    }

    #[inline]
    fn add(&mut self, entry: &Encoded<'_>) {
        entry.parts().iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.count += 1;
    }
}

impl Listpack {
    /// Adds all elements of `batch` behind the last entry, in order.
    #[inline]
    pub fn append_batch(&mut self, batch: &Batch) {
        let stated = self.stated_count();
        self.block.splice(self.end(), 0, &[&batch.bytes]);
        // A count that is unknown stays so, as with any single append: to count anew would take a walk each time.
        if stated != COUNT_UNKNOWN {
            self.set_count(usize::from(stated) + batch.count);
        }
    }
}
