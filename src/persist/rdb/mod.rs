//! Values in Redis's RDB format (Redis: rdb.c, rdb.h): what DUMP and RESTORE carry, and what a file is made of.
//!
//! ```text
//!  value    = type byte, body                              (write.rs, read.rs: a body per type)
//!  length   = 00llllll | 01llllll l8 | 80 l32 BE | 81 l64 BE            (length.rs)
//!  string   = length, bytes | C0 i8 | C1 i16 LE | C2 i32 LE | C3 packed length, length, LZF
//!  payload  = value, version u16 LE, CRC-64 u64 LE         (payload.rs: DUMP)
//! ```
//!
//! Written is what version 10 knows, so that any Redis from 7.0 on and any Valkey reads it; only hashes with times to live
//! of fields need version 12 (Redis 7.4). Read is everything up to 12, the formats of old versions included.
//!
//! Whatever is read may be hostile: nothing is trusted before it is checked, and what is allocated is bounded by what
//! was given.

mod checksum;
pub mod file;
mod legacy;
mod length;
mod lzf;
pub mod payload;
mod portion;
mod read;
pub mod scan;
mod stream;
mod write;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

pub use checksum::{Crc64, crc64};
pub use length::{Reader, write_len, write_string};
pub use read::{Invalid, Value, read_entry, read_value};
pub use write::{ValueWriter, kind_of, needed_version, write_value};

/// The newest version that is read.
pub const VERSION_MAX: u16 = 12;
/// The version that is written unless a value needs more.
pub const VERSION: u16 = 10;

/// Bytes that say what body follows (rdb.h RDB_TYPE_*).
mod kind {
    pub const STRING: u8 = 0;
    pub const LIST: u8 = 1;
    pub const SET: u8 = 2;
    pub const ZSET: u8 = 3;
    pub const HASH: u8 = 4;
    pub const ZSET_2: u8 = 5;
    pub const MODULE_PRE_GA: u8 = 6;
    pub const MODULE_2: u8 = 7;
    pub const HASH_ZIPMAP: u8 = 9;
    pub const LIST_ZIPLIST: u8 = 10;
    pub const SET_INTSET: u8 = 11;
    pub const ZSET_ZIPLIST: u8 = 12;
    pub const HASH_ZIPLIST: u8 = 13;
    pub const LIST_QUICKLIST: u8 = 14;
    pub const STREAM_LISTPACKS: u8 = 15;
    pub const HASH_LISTPACK: u8 = 16;
    pub const ZSET_LISTPACK: u8 = 17;
    pub const LIST_QUICKLIST_2: u8 = 18;
    pub const STREAM_LISTPACKS_2: u8 = 19;
    pub const SET_LISTPACK: u8 = 20;
    pub const STREAM_LISTPACKS_3: u8 = 21;
    pub const HASH_METADATA: u8 = 24;
    pub const HASH_LISTPACK_EX: u8 = 25;
}

/// Bytes that say what record of a file follows, where a type may stand (rdb.h RDB_OPCODE_*).
pub mod opcode {
    /// A slot of the cluster: its number, its keys, those that expire (Redis 7.4).
    pub const SLOT_INFO: u8 = 244;
    /// The text of a library of functions.
    pub const FUNCTION2: u8 = 245;
    /// The same as release candidates of Redis 7.0 wrote it.
    pub const FUNCTION_PRE_GA: u8 = 246;
    /// Data of a module beside the keys.
    pub const MODULE_AUX: u8 = 247;
    /// The idle time of the next key: a length, seconds.
    pub const IDLE: u8 = 248;
    /// The counter of uses of the next key: one byte.
    pub const FREQ: u8 = 249;
    /// A fact about the file: two strings.
    pub const AUX: u8 = 250;
    /// Number of keys of the database, and of those that expire.
    pub const RESIZEDB: u8 = 251;
    /// When the next key expires: Unix milliseconds, i64 LE.
    pub const EXPIRETIME_MS: u8 = 252;
    /// When the next key expires: Unix seconds, i32 LE.
    pub const EXPIRETIME: u8 = 253;
    /// The database of the keys that follow.
    pub const SELECTDB: u8 = 254;
    /// The end; the sum follows.
    pub const EOF: u8 = 255;
}

/// How a node of a list is packed (quicklist.h QUICKLIST_NODE_CONTAINER_*).
mod container {
    pub const PLAIN: u64 = 1;
    pub const PACKED: u64 = 2;
}
