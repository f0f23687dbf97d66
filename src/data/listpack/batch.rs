//! Elements that are encoded ahead, so that a pack takes all of them by one splice.
//!
//! ```text
//!  near   [ entry, entry, .. | free ]      on the stack, while everything fits
//!  far    entry, entry, ..                 on the heap, once it did not; then `near` is out of use
//! ```

use super::Listpack;
use super::decode::COUNT_UNKNOWN;
use super::encode::{Encoded, SHORT_TEXT, SHORT_TEXT_END};
use crate::base::numbers::parse_i64;

/// Room on the stack: enough for a usual stream entry.
const NEAR: usize = 256;

/// Encoded elements.
pub struct Batch {
    near: [u8; NEAR],
    near_len: usize,
    far: Vec<u8>,
    count: usize,
}

impl Default for Batch {
    fn default() -> Batch {
        Batch { near: [0; NEAR], near_len: 0, far: Vec::new(), count: 0 }
    }
}

impl Batch {
    /// Adds a string.
    #[inline]
    pub fn push(&mut self, text: &[u8]) {
        if let Some(number) = parse_i64(text) {
            return self.push_int(number);
        }
        // By far the most frequent form is written without a detour: a byte of length, the text, a byte of both.
        if let Ok(len @ 0..SHORT_TEXT_BYTES) = u8::try_from(text.len())
            && let Some([head, data @ .., back]) = self.room(text.len() + 2)
        {
            (*head, *back) = (SHORT_TEXT | len, len + 1);
            data.copy_from_slice(text);
            return;
        }
        self.add(&Encoded::of_bytes(text));
    }

    /// Adds a number.
    #[inline]
    pub fn push_int(&mut self, number: i64) {
        if let Ok(byte @ 0..0x80) = u8::try_from(number)
            && let Some(place) = self.room(2)
        {
            place.copy_from_slice(&[byte, 1]);
            return;
        }
        self.add(&Encoded::of_int(number));
    }

    /// The next `len` bytes of what is near, for one element.
    #[inline]
    fn room(&mut self, len: usize) -> Option<&mut [u8]> {
        if !self.far.is_empty() {
            return None;
        }
        let place = self.near.get_mut(self.near_len..self.near_len + len)?;
        self.near_len += len;
        self.count += 1;
        Some(place)
    }

    fn add(&mut self, entry: &Encoded<'_>) {
        let parts = entry.parts();
        if let Some(mut place) = self.room(entry.len()) {
            for part in parts {
                let (here, rest) = place.split_at_mut(part.len());
                here.copy_from_slice(part);
                place = rest;
            }
            return;
        }
        if self.far.is_empty() {
            self.far.extend_from_slice(self.near.get(..self.near_len).unwrap_or_default());
        }
        parts.iter().for_each(|part| self.far.extend_from_slice(part));
        self.count += 1;
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        if self.far.is_empty() { self.near.get(..self.near_len).unwrap_or_default() } else { &self.far }
    }
}

/// [`SHORT_TEXT_END`] as the length of such a text is written.
#[expect(clippy::cast_possible_truncation, reason = "64")]
const SHORT_TEXT_BYTES: u8 = SHORT_TEXT_END as u8;

impl Listpack {
    /// Adds all elements of `batch` behind the last entry, in order.
    #[inline]
    pub fn append_batch(&mut self, batch: &Batch) {
        let stated = self.stated_count();
        self.block.splice(self.end(), 0, &[batch.bytes()]);
        // A count that is unknown stays so, as with any single append: to count anew would take a walk each time.
        if stated != COUNT_UNKNOWN {
            self.set_count(usize::from(stated) + batch.count);
        }
    }
}
