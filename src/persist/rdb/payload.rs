//! The payload of DUMP: a value, the version it is written in, and a sum over both (cluster.c `createDumpPayload`,
//! `verifyDumpPayload`).

use super::length::Reader;
use super::read::{Invalid, Value, read_value};
use super::{VERSION, VERSION_MAX, crc64, write_value};
use crate::data::{Entry, Limits};

/// Bytes of version and sum.
const FOOTER: usize = 10;

/// The payload of an entry's value. `compress`: long strings may be compressed (`rdbcompression`).
#[must_use]
pub fn dump(entry: &Entry, compress: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let version = write_value(&mut out, entry, compress);
    sealed(out, version)
}

/// A payload of bytes that any version knows.
#[must_use]
pub fn seal(bytes: Vec<u8>) -> Vec<u8> {
    sealed(bytes, VERSION)
}

fn sealed(mut out: Vec<u8>, version: u16) -> Vec<u8> {
    out.extend_from_slice(&version.to_le_bytes());
    let sum = crc64(&out);
    out.extend_from_slice(&sum.to_le_bytes());
    out
}

/// The bytes of the value in a payload, if its version is known and its sum is right; a sum of 0 stands for none.
#[must_use]
pub fn verified(payload: &[u8]) -> Option<&[u8]> {
    verified_unless(false, payload)
}

/// As [`verified`], but with `unchecked` any sum is right (DEBUG SET-SKIP-CHECKSUM-VALIDATION).
#[must_use]
pub fn verified_unless(unchecked: bool, payload: &[u8]) -> Option<&[u8]> {
    let (value, footer) = payload.split_at_checked(payload.len().checked_sub(FOOTER)?)?;
    let (version, sum) = footer.split_first_chunk::<2>()?;
    if u16::from_le_bytes(*version) > VERSION_MAX {
        return None;
    }
    let sum = u64::from_le_bytes(sum.try_into().ok()?);
    let summed = payload.get(..payload.len() - 8)?;
    (unchecked || sum == 0 || sum == crc64(summed)).then_some(value)
}

/// Reads the value that [`verified`] found.
///
/// # Errors
/// It is none, or more follows it.
pub fn restore(value: &[u8], limits: &Limits) -> Result<Value, Invalid> {
    let mut reader = Reader::new(value);
    let kind = reader.byte()?;
    let read = read_value(&mut reader, kind, limits)?;
    if reader.left() > 0 {
        return Err(Invalid::Trailing);
    }
    Ok(read)
}
