//! The records of a snapshot as an RDB file holds them (Redis: rdb.c `rdbSaveKeyValuePair`).
//!
//! ```text
//!  FC expiry i64 LE | F8 idle seconds, length | F9 counter u8 | type u8 | key, string | value
//!  if it expires      if the policy is LRU      if it is LFU
//! ```

use super::{Encode, Portions};
use crate::data::entry::LRU_MAX;
use crate::data::{Entry, EntryBox};
use crate::keyspace::{Eviction, Policy, lru};
use crate::persist::rdb::{self, opcode};

/// Which marks of use a record carries (Redis: by `maxmemory-policy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UseMarks {
    /// None.
    #[default]
    None,
    /// The idle time.
    Idle,
    /// The counter of uses.
    Freq,
}

impl UseMarks {
    /// The marks that keys have to carry under `policy`.
    #[must_use]
    pub fn under(policy: Eviction) -> UseMarks {
        match policy {
            Eviction::AllkeysLru | Eviction::VolatileLru => UseMarks::Idle,
            Eviction::AllkeysLfu | Eviction::VolatileLfu => UseMarks::Freq,
            _ => UseMarks::None,
        }
    }
}

/// Seconds by which a mark of use may lie behind the cut because the key was used since: its idle time then looks like
/// that much less than the whole span of the clock.
const USED_SINCE_S: u32 = 86_400;

/// Writes records in the RDB format.
#[derive(Clone, Copy, Debug)]
pub struct RdbRecords {
    /// Long strings are compressed (`rdbcompression`).
    pub compress: bool,
    /// Marks of use that are written.
    pub marks: UseMarks,
    /// The time of the cut, Unix milliseconds.
    pub now_ms: i64,
    /// How the store reads counters of uses.
    pub policy: Policy,
}

impl RdbRecords {
    /// What stands before the type.
    fn head(&self, entry: &Entry, out: &mut Vec<u8>) {
        if let Some(at_ms) = entry.expire_ms() {
            out.push(opcode::EXPIRETIME_MS);
            out.extend_from_slice(&at_ms.to_le_bytes());
        }
        match self.marks {
            UseMarks::None => {}
            UseMarks::Idle => {
                let idle = lru::idle_s(entry.lru(), self.now_ms);
                out.push(opcode::IDLE);
                rdb::write_len(out, if idle > LRU_MAX - USED_SINCE_S { 0 } else { u64::from(idle) });
            }
            UseMarks::Freq => {
                let counter = lru::lfu_counter(entry.lru(), self.now_ms, &self.policy);
                out.push(opcode::FREQ);
                out.push(u8::try_from(counter).unwrap_or(u8::MAX));
            }
        }
    }
}

impl Encode for RdbRecords {
    fn record(&self, entry: &Entry, out: &mut Vec<u8>) {
        self.head(entry, out);
        let kind_at = out.len();
        // The type stands before the key, the rest of the value behind it.
        out.push(0);
        rdb::write_string(out, entry.key(), self.compress);
        let value_at = out.len();
        rdb::write_value(out, entry, self.compress);
        out[kind_at] = out.remove(value_at);
    }

    fn large(&self, entry: EntryBox) -> Box<dyn Portions> {
        Box::new(LargeRecord { encode: *self, entry, written: None })
    }
}

/// The record of a large value.
struct LargeRecord {
    encode: RdbRecords,
    entry: EntryBox,
    /// The record and what of it was handed out.
    written: Option<(Vec<u8>, usize)>,
}

impl Portions for LargeRecord {
    fn write(&mut self, out: &mut Vec<u8>, max: usize) -> bool {
        let (bytes, at) = self.written.get_or_insert_with(|| {
            let mut bytes = Vec::new();
            self.encode.record(&self.entry, &mut bytes);
            (bytes, 0)
        });
        let end = at.saturating_add(max).min(bytes.len());
        out.extend_from_slice(bytes.get(*at..end).unwrap_or_default());
        *at = end;
        end == bytes.len()
    }

    fn into_entry(self: Box<Self>) -> EntryBox {
        self.entry
    }
}
