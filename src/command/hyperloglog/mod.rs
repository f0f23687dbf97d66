//! Group hyperloglog: how many different elements a key has seen, more or less (hyperloglog.c). The values are strings
//! that `data::hll` reads and changes.

mod add;
mod count;
mod debug;
mod merge;
mod selftest;

#[cfg(test)]
mod tests;

use super::meta::hyperloglog as meta;
use super::string::value;
use super::{Failure, Keys, Route, Row, Spread};
use crate::data::entry::INLINE_MAX;
use crate::data::hll::{Corrupted, Hll, NoHll};
use crate::data::{Entry, EntryBox, HKey, Kind, Object, ValueRef};

/// Keys of one shard or of several, all at once.
const KEYS: Route = Route::Keys(Spread::Whole);

/// Rows of this group.
pub static ROWS: &[Row] = &[
    Row::new(&meta::PFADD, KEYS, add::pfadd),
    Row::new(&meta::PFCOUNT, KEYS, count::pfcount),
    Row::new(&meta::PFDEBUG, KEYS, debug::pfdebug),
    Row::new(&meta::PFMERGE, KEYS, merge::pfmerge).with_keys(merge::keys),
    Row::new(&meta::PFSELFTEST, Route::Home, selftest::pfselftest),
];

const NOT_VALID: Failure = Failure::text("WRONGTYPE Key is not a valid HyperLogLog string value.");
const CORRUPTED: Failure = Failure::text("INVALIDOBJ Corrupted HLL object detected");

impl From<NoHll> for Failure {
    fn from(_: NoHll) -> Failure {
        NOT_VALID
    }
}

impl From<Corrupted> for Failure {
    fn from(_: Corrupted) -> Failure {
        CORRUPTED
    }
}

/// The bytes of a string; none for a number, which no HyperLogLog is.
fn bytes_of(entry: &Entry) -> &[u8] {
    match entry.value() {
        ValueRef::Bytes(bytes) => bytes,
        ValueRef::Object(Object::Str(bytes)) => bytes,
        _ => &[],
    }
}

/// The HyperLogLog that an entry holds.
///
/// # Errors
/// It holds another type, or a string that is none.
fn hll_of(entry: &Entry) -> Result<Hll<'_>, Failure> {
    value::check_kind(entry)?;
    Ok(Hll::parse(bytes_of(entry))?)
}

/// The value of `key` to be changed: taken out of its entry where it has memory of its own, else copied.
fn take(keys: &mut Keys<'_>, key: &HKey<'_>) -> Result<Option<Vec<u8>>, Failure> {
    let Some(entry) = keys.write(key) else { return Ok(None) };
    hll_of(entry)?;
    match entry.object_mut() {
        Some(Object::Str(bytes)) => Ok(Some(std::mem::take(bytes))),
        _ => Ok(Some(bytes_of(entry).to_vec())),
    }
}

/// The inverse of [`take`], also for a key that is to be created. Its time to live stays.
fn put_back(keys: &mut Keys<'_>, key: &HKey<'_>, bytes: Vec<u8>) {
    match keys.write(key).map(|entry| entry.object_mut().is_some()) {
        Some(true) => {
            if let Some(entry) = keys.write(key)
                && let Some(Object::Str(place)) = entry.object_mut()
            {
                *place = bytes;
                entry.set_raw(true);
            }
        }
        Some(false) => {
            keys.replace_with(key, |old| {
                let new = raw_entry(old.key(), bytes, old.expire_ms());
                new.set_lru(old.lru());
                new
            });
        }
        None => {
            keys.put(key, raw_entry(key.bytes, bytes, None));
        }
    }
}

/// A string that was changed in place, as OBJECT ENCODING tells it.
fn raw_entry(key: &[u8], bytes: Vec<u8>, expire_ms: Option<i64>) -> EntryBox {
    if bytes.len() <= INLINE_MAX {
        return EntryBox::new_raw(key, &bytes, expire_ms);
    }
    let mut entry = EntryBox::new_object(key, Kind::String, Object::Str(bytes), expire_ms);
    entry.set_raw(true);
    entry
}
