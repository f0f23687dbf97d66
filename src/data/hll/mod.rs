//! HyperLogLog: how many different elements were seen, estimated from 16,384 registers (hyperloglog.c).
//!
//! ```text
//!  0      4          5       8            16
//!  +------+----------+-------+------------+- - - - - - - - - -
//!  | HYLL | encoding | 0 0 0 | cached     | registers
//!  +------+----------+-------+------------+- - - - - - - - - -
//!         0: dense            u64, little endian; its highest bit says that it does not hold any more
//!         1: sparse
//! ```
//!
//! The value of a key is a string of these bytes, the same that Redis writes, so it may come from anywhere: a client can
//! SET one. [`Hll::parse`] checks the head; whatever reads the registers checks those ([`Corrupted`]) and never reads or
//! writes beyond them. Nothing here knows of keys.

mod dense;
mod estimate;
mod hash;
mod sparse;

#[cfg(test)]
mod tests;

pub use hash::{Place, place};
pub use sparse::{Op, ops};

/// Number of registers.
pub const REGISTERS: usize = 1 << hash::INDEX_BITS;
/// Bytes before the registers.
const HEADER: usize = 16;
/// Bytes of a dense value.
const DENSE_LEN: usize = HEADER + REGISTERS * dense::REGISTER_BITS / 8;
const MAGIC: &[u8; 4] = b"HYLL";
const ENCODING_AT: usize = 4;
const CACHE_AT: usize = 8;
/// Of the last byte of the cached number: it does not hold any more.
const STALE: u8 = 1 << 7;

/// All registers, a byte each.
pub type Registers = [u8; REGISTERS];

/// How registers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// 6 bits each.
    Dense,
    /// Runs of equal ones.
    Sparse,
}

impl Encoding {
    /// The name that PFDEBUG gives it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Dense => "dense",
            Encoding::Sparse => "sparse",
        }
    }
}

/// A string that does not begin as a HyperLogLog does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the string is no HyperLogLog")]
pub struct NoHll;

/// The registers are not what the head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the HyperLogLog is corrupted")]
pub struct Corrupted;

/// A HyperLogLog for reading.
#[derive(Clone, Copy, Debug)]
pub struct Hll<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
}

impl<'a> Hll<'a> {
    /// Looks at the head (hyperloglog.c `isHLLObjectOrReply`).
    ///
    /// # Errors
    /// It is none.
    pub fn parse(bytes: &'a [u8]) -> Result<Hll<'a>, NoHll> {
        let encoding = match *bytes {
            [b'H', b'Y', b'L', b'L', 0, ..] if bytes.len() == DENSE_LEN => Encoding::Dense,
            [b'H', b'Y', b'L', b'L', 1, ..] if bytes.len() >= HEADER => Encoding::Sparse,
            _ => return Err(NoHll),
        };
        Ok(Hll { bytes, encoding })
    }

    /// How its registers are kept.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The bytes of the registers.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.bytes.get(HEADER..).unwrap_or_default()
    }

    /// The number that was computed before, if it still holds.
    #[must_use]
    pub fn cached(&self) -> Option<u64> {
        let (number, _) = self.bytes.get(CACHE_AT..)?.split_first_chunk::<8>()?;
        (number[7] & STALE == 0).then_some(u64::from_le_bytes(*number))
    }

    /// The estimated number of elements.
    ///
    /// # Errors
    /// The registers are broken.
    pub fn count(&self) -> Result<u64, Corrupted> {
        let mut histogram = estimate::Histogram::default();
        match self.encoding {
            Encoding::Dense => dense::each(self.body(), |_, value| histogram.add(value, 1)),
            Encoding::Sparse => sparse::each_run(self.body(), |_, len, value| histogram.add(value, len))?,
        }
        Ok(histogram.estimate())
    }

    /// Raises each of `registers` to this one's.
    ///
    /// # Errors
    /// The registers are broken; some may have been raised.
    pub fn merge_into(&self, registers: &mut Registers) -> Result<(), Corrupted> {
        let mut raise = |at: usize, len: usize, value: u8| {
            if value > 0 {
                registers.iter_mut().skip(at).take(len).for_each(|register| *register = value.max(*register));
            }
        };
        match self.encoding {
            Encoding::Dense => dense::each(self.body(), |at, value| raise(at, 1, value)),
            Encoding::Sparse => sparse::each_run(self.body(), raise)?,
        }
        Ok(())
    }
}

/// The estimated number of elements that these registers saw.
#[must_use]
pub fn count(registers: &Registers) -> u64 {
    let mut histogram = estimate::Histogram::default();
    registers.iter().for_each(|value| histogram.add(*value, 1));
    histogram.estimate()
}

/// A new one, which has seen nothing: one run of zeros.
#[must_use]
pub fn empty() -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    bytes[..MAGIC.len()].copy_from_slice(MAGIC);
    bytes[ENCODING_AT] = 1;
    sparse::push_zeros(&mut bytes, REGISTERS);
    bytes
}

/// Raises a register of a dense one in place; whether it was lower.
///
/// # Errors
/// It is not dense.
pub fn raise_dense(bytes: &mut [u8], place: Place) -> Result<bool, Corrupted> {
    if Hll::parse(bytes).map(|hll| hll.encoding) != Ok(Encoding::Dense) {
        return Err(Corrupted);
    }
    Ok(dense::raise(bytes.get_mut(HEADER..).unwrap_or_default(), place))
}

/// Raises a register; whether it was lower. A sparse one that would become longer than `sparse_max_bytes`, or has no form
/// for the value, becomes dense.
///
/// # Errors
/// It is broken, and was left as it is.
pub fn raise(bytes: &mut Vec<u8>, place: Place, sparse_max_bytes: usize) -> Result<bool, Corrupted> {
    match Hll::parse(bytes).map(|hll| hll.encoding) {
        Ok(Encoding::Dense) => Ok(dense::raise(bytes.get_mut(HEADER..).unwrap_or_default(), place)),
        Ok(Encoding::Sparse) => sparse::raise(bytes, place, sparse_max_bytes),
        Err(NoHll) => Err(Corrupted),
    }
}

/// Makes it dense; whether it was not (hyperloglog.c `hllSparseToDense`).
///
/// # Errors
/// It is broken, and was left as it is.
pub fn make_dense(bytes: &mut Vec<u8>) -> Result<bool, Corrupted> {
    let hll = Hll::parse(bytes).map_err(|NoHll| Corrupted)?;
    if hll.encoding == Encoding::Dense {
        return Ok(false);
    }
    let mut dense = vec![0; DENSE_LEN];
    let body = &mut dense[HEADER..];
    sparse::each_run(hll.body(), |at, len, value| {
        (at..at + len).filter(|_| value > 0).for_each(|at| dense::set(body, at, value));
    })?;
    dense[..HEADER].copy_from_slice(&bytes[..HEADER]);
    dense[ENCODING_AT] = 0;
    *bytes = dense;
    Ok(true)
}

/// Notes the estimated number.
pub fn set_cached(bytes: &mut [u8], count: u64) {
    if let Some((number, _)) = bytes.get_mut(CACHE_AT..).and_then(|tail| tail.split_first_chunk_mut::<8>()) {
        *number = count.to_le_bytes();
    }
}

/// Notes that the number noted before does not hold any more.
pub fn invalidate(bytes: &mut [u8]) {
    if let Some(last) = bytes.get_mut(CACHE_AT + 7) {
        *last |= STALE;
    }
}
