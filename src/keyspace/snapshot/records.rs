//! The records of a snapshot as an RDB file holds them (Redis: rdb.c `rdbSaveKeyValuePair`), or as commands.
//!
//! ```text
//!  FC expiry i64 LE | F8 idle seconds, length | F9 counter u8 | type u8 | key, string | value
//!  if it expires      if the policy is LRU      if it is LFU
//! ```

use super::{Encode, Portions};
use crate::data::entry::LRU_MAX;
use crate::data::{Entry, EntryBox};
use crate::keyspace::{Eviction, Policy, lru};
use crate::persist::aof::rewrite::CommandWriter;
use crate::persist::rdb::{self, ValueWriter, opcode};

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
    /// What stands before the value's body.
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
        out.push(rdb::kind_of(entry));
        rdb::write_string(out, entry.key(), self.compress);
    }
}

impl Encode for RdbRecords {
    fn record(&self, entry: &Entry, out: &mut Vec<u8>) {
        self.head(entry, out);
        ValueWriter::body(entry).write_some(out, usize::MAX, self.compress);
    }

    fn large(&self, entry: EntryBox) -> Box<dyn Portions> {
        Box::new(LargeRecord { encode: *self, has_begun: false, value: ValueWriter::body(entry) })
    }
}

/// Writes entries as commands (`aof-use-rdb-preamble no`; Redis: aof.c `rewriteAppendOnlyFileRio`).
#[derive(Clone, Copy, Debug, Default)]
pub struct CommandRecords;

impl Encode for CommandRecords {
    fn record(&self, entry: &Entry, out: &mut Vec<u8>) {
        CommandWriter::new(entry).write_some(out, usize::MAX);
    }

    fn large(&self, entry: EntryBox) -> Box<dyn Portions> {
        Box::new(CommandWriter::new(entry))
    }
}

impl Portions for CommandWriter<EntryBox> {
    fn write(&mut self, out: &mut Vec<u8>, max: usize) -> bool {
        self.write_some(out, max)
    }

    fn into_entry(self: Box<Self>) -> EntryBox {
        CommandWriter::into_entry(*self)
    }
}

/// The record of a large value.
struct LargeRecord {
    encode: RdbRecords,
    has_begun: bool,
    value: ValueWriter<EntryBox>,
}

impl Portions for LargeRecord {
    fn write(&mut self, out: &mut Vec<u8>, max: usize) -> bool {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.encode.head(self.value.entry(), out);
        }
        self.value.write_some(out, max, self.encode.compress)
    }

    fn into_entry(self: Box<Self>) -> EntryBox {
        self.value.into_entry()
    }
}
