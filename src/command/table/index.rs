//! Names to commands: an open-addressing table over names folded to lower case in three registers.
//!
//! ```text
//! name ── length, first 8 bytes, last 8, bytes 8..16 ──fold──> Key ──multiply, shift──> slot, then the next ones
//! ```
//!
//! A length and three overlapping words tell any two names of up to 24 bytes apart, so comparing keys is comparing names
//! and neither hashing nor comparing reads memory byte by byte. Never changes after it was built.

use crate::command::row::Command;

/// Longest name that can be held; Redis's longest is `georadiusbymember_ro` (20).
const NAME_MAX: usize = 24;

#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Key {
    first: u64,
    last: u64,
    middle: u64,
    len: u32,
}

impl Key {
    #[inline]
    fn of(name: &[u8]) -> Option<Key> {
        let len = name.len();
        let (first, last, middle) = match name {
            [] => return None,
            [a] => (u64::from(*a), 0, 0),
            [a, .., z] if len < 4 => {
                (u64::from(*a) | u64::from(name[len / 2]) << 8 | u64::from(*z) << 16, 0, 0)
            }
            _ if len <= 8 => {
                let (head, tail) = (name.first_chunk::<4>()?, name.last_chunk::<4>()?);
                let low = u64::from(u32::from_le_bytes(*head));
                (low | u64::from(u32::from_le_bytes(*tail)) << 32, 0, 0)
            }
            _ if len <= NAME_MAX => {
                let (head, tail) = (name.first_chunk::<8>()?, name.last_chunk::<8>()?);
                let middle = if len > 16 { u64::from_le_bytes(*name[8..].first_chunk()?) } else { 0 };
                (u64::from_le_bytes(*head), u64::from_le_bytes(*tail), middle)
            }
            _ => return None,
        };
        let len = u32::try_from(len).ok()?;
        Some(Key { first: lower(first), last: lower(last), middle: lower(middle), len })
    }

    #[inline]
    fn hash(&self) -> u64 {
        let mixed = self.first ^ self.last.rotate_left(29) ^ u64::from(self.len);
        mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// Folds the letters A-Z among eight bytes, and nothing else.
#[inline]
fn lower(bytes: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let seven = bytes & !HIGH;
    // The high bit of each byte: at least 'A', more than 'Z'. No byte carries into the next, for all are below 0x80.
    let from_a = seven + (0x80 - b'A' as u64) * ONES;
    let behind_z = seven + (0x7F - b'Z' as u64) * ONES;
    let upper = (from_a ^ behind_z) & !bytes & HIGH;
    bytes | upper >> 2
}

#[derive(Clone, Copy)]
struct Slot {
    key: Key,
    command: Option<&'static Command>,
}

/// See the top of the file.
pub(super) struct Index {
    /// A power of two, at most half full: so a probe always ends at an empty slot.
    slots: Box<[Slot]>,
    shift: u32,
}

impl Index {
    /// The index of names that differ. A name longer than 24 bytes (`rename-command` can give one) goes to no table
    /// and cannot be called, like a name that nobody guesses.
    pub(super) fn new(names: Vec<(String, &'static Command)>) -> Index {
        let size = (names.len() * 2).next_power_of_two().max(2);
        let shift = 64 - size.trailing_zeros();
        let empty = Slot { key: Key::default(), command: None };
        let mut index = Index { slots: vec![empty; size].into_boxed_slice(), shift };
        for (name, command) in names {
            if let Some(key) = Key::of(name.as_bytes()) {
                let at = index.place(&key);
                index.slots[at] = Slot { key, command: Some(command) };
            }
        }
        index
    }

    /// The command of this name, in any case.
    #[inline]
    pub(super) fn get(&self, name: &[u8]) -> Option<&'static Command> {
        let key = Key::of(name)?;
        self.slots[self.place(&key)].command
    }

    /// The slot that holds `key`, or the empty one where it would be.
    #[inline]
    fn place(&self, key: &Key) -> usize {
        let mask = self.slots.len() - 1;
        #[allow(
            clippy::cast_possible_truncation,
            reason = "the shift leaves as many bits as slots have numbers"
        )]
        let mut at = (key.hash() >> self.shift) as usize & mask;
        while self.slots[at].command.is_some() && self.slots[at].key != *key {
            at = (at + 1) & mask;
        }
        at
    }
}
