//! Registers as runs of equal ones.
//!
//! ```text
//!  00nnnnnn            n+1 zeros, up to 64
//!  01nnnnnn nnnnnnnn   n+1 zeros, up to 16,384
//!  1vvvvvnn            n+1 registers, up to 4, of the value v+1, up to 32
//! ```
//!
//! A value is changed by exactly the steps that Redis takes, merging of neighbours included, so that both hold the same
//! bytes after the same commands (hyperloglog.c `hllSparseSet`).

use super::hash::Place;
use super::{Corrupted, HEADER, REGISTERS, dense, invalidate, make_dense};
use smallvec::SmallVec;

const LONG_ZEROS: u8 = 0x40;
const VALUE: u8 = 0x80;
const SHORT_ZEROS_MAX: usize = 64;
const VALUE_MAX: u8 = 32;
const VALUE_LEN_MAX: usize = 4;
/// Opcodes looked at for a merge after a change.
const MERGE_SCAN: usize = 5;

/// One opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Zeros in one byte.
    Zeros(usize),
    /// Zeros in two.
    LongZeros(usize),
    /// So many registers of this value.
    Value(u8, usize),
}

impl Op {
    /// The opcode at the start of `bytes`.
    #[inline]
    fn read(bytes: &[u8]) -> Option<Op> {
        Some(match *bytes {
            [byte, ..] if byte & VALUE != 0 => Op::Value((byte >> 2 & 0x1F) + 1, usize::from(byte & 3) + 1),
            [byte, low, ..] if byte & LONG_ZEROS != 0 => {
                Op::LongZeros((usize::from(byte & 0x3F) << 8 | usize::from(low)) + 1)
            }
            // The first of two bytes, without the second.
            [byte, ..] if byte & LONG_ZEROS != 0 => return None,
            [byte, ..] => Op::Zeros(usize::from(byte & 0x3F) + 1),
            [] => return None,
        })
    }

    /// Number of registers.
    #[inline]
    fn span(self) -> usize {
        match self {
            Op::Zeros(len) | Op::LongZeros(len) | Op::Value(_, len) => len,
        }
    }

    #[inline]
    fn size(self) -> usize {
        if matches!(self, Op::LongZeros(_)) { 2 } else { 1 }
    }

    fn value(self) -> u8 {
        if let Op::Value(value, _) = self { value } else { 0 }
    }
}

/// The opcodes of a sparse body, up to one that is cut off.
pub fn ops(body: &[u8]) -> impl Iterator<Item = Op> {
    let mut rest = body;
    std::iter::from_fn(move || {
        let op = Op::read(rest)?;
        rest = rest.get(op.size()..)?;
        Some(op)
    })
}

/// Calls `f` with each run: its first register, its length, its value.
///
/// # Errors
/// The runs are not exactly all registers. Runs within them may have been told before that is known.
pub(super) fn each_run(body: &[u8], mut f: impl FnMut(usize, usize, u8)) -> Result<(), Corrupted> {
    let (mut at, mut bytes) = (0, 0);
    for op in ops(body) {
        // A run that goes beyond the last register must never be obeyed (CVE-2025-32023).
        if at + op.span() > REGISTERS {
            return Err(Corrupted);
        }
        f(at, op.span(), op.value());
        at += op.span();
        bytes += op.size();
    }
    if at == REGISTERS && bytes == body.len() { Ok(()) } else { Err(Corrupted) }
}

#[expect(clippy::cast_possible_truncation, reason = "a run is at most 16,384 long: 14 bits")]
fn zeros(len: usize) -> SmallVec<[u8; 2]> {
    let n = len - 1;
    if len > SHORT_ZEROS_MAX {
        SmallVec::from_slice(&[LONG_ZEROS | (n >> 8) as u8 & 0x3F, n as u8])
    } else {
        SmallVec::from_slice(&[n as u8])
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a run is at most 4 long: 2 bits")]
fn value(value: u8, len: usize) -> u8 {
    VALUE | (value - 1) << 2 | (len - 1) as u8
}

/// Appends a run of zeros.
pub(super) fn push_zeros(bytes: &mut Vec<u8>, len: usize) {
    bytes.extend_from_slice(&zeros(len));
}

/// Where the opcode of a register lies.
struct Found {
    op: Op,
    at: usize,
    /// The opcode before it.
    prev: Option<usize>,
    /// Its first register.
    first: usize,
}

/// Finds the opcode of the register `index`.
#[inline]
fn find(bytes: &[u8], index: usize) -> Option<Found> {
    let (mut at, mut first, mut prev) = (HEADER, 0, None);
    loop {
        let op = Op::read(bytes.get(at..)?)?;
        if index < first + op.span() {
            return Some(Found { op, at, prev, first });
        }
        (prev, first, at) = (Some(at), first + op.span(), at + op.size());
    }
}

/// See [`super::raise`].
pub(super) fn raise(bytes: &mut Vec<u8>, place: Place, max_bytes: usize) -> Result<bool, Corrupted> {
    if place.run > VALUE_MAX {
        return promote(bytes, place);
    }
    let found = find(bytes, place.index).ok_or(Corrupted)?;
    match found.op {
        Op::Value(old, _) if old >= place.run => return Ok(false),
        Op::Value(_, 1) | Op::Zeros(1) => bytes[found.at] = value(place.run, 1),
        _ => {
            let new = split(&found, place);
            let old_size = found.op.size();
            if new.len() > old_size && bytes.len() + (new.len() - old_size) > max_bytes {
                return promote(bytes, place);
            }
            bytes.splice(found.at..found.at + old_size, new);
        }
    }
    merge_neighbours(bytes, found.prev.unwrap_or(HEADER));
    invalidate(bytes);
    Ok(true)
}

/// What stands in the place of an opcode of several registers, one of which is raised.
fn split(found: &Found, place: Place) -> SmallVec<[u8; 8]> {
    let mut new = SmallVec::new();
    let rest = |new: &mut SmallVec<[u8; 8]>, len: usize| match found.op {
        _ if len == 0 => {}
        Op::Value(old, _) => new.push(value(old, len)),
        _ => new.extend_from_slice(&zeros(len)),
    };
    rest(&mut new, place.index - found.first);
    new.push(value(place.run, 1));
    rest(&mut new, found.first + found.op.span() - 1 - place.index);
    new
}

/// Merges runs of the same value that stand side by side, as far as one opcode can hold them.
fn merge_neighbours(bytes: &mut Vec<u8>, from: usize) {
    let mut at = from;
    for _ in 0..MERGE_SCAN {
        let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else { return };
        let Some(op) = Op::read(rest) else { return };
        if let Op::Value(left, len) = op
            && let Some(Op::Value(right, more)) = rest.get(1..).and_then(Op::read)
            && left == right
            && len + more <= VALUE_LEN_MAX
        {
            bytes[at + 1] = value(left, len + more);
            bytes.remove(at);
            // The merged one is looked at again, with what is behind it.
            continue;
        }
        at += op.size();
    }
}

/// Makes it dense, then raises the register.
fn promote(bytes: &mut Vec<u8>, place: Place) -> Result<bool, Corrupted> {
    make_dense(bytes)?;
    Ok(dense::raise(bytes.get_mut(HEADER..).unwrap_or_default(), place))
}
