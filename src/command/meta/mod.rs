//! What COMMAND INFO and COMMAND DOCS say of a command: facts of Redis 7.2's command table (src/commands/*.json),
//! a module per group, all commands of 7.2 and the field expiry of 7.4 (HEXPIRE and its family).
//!
//! A fact stands here whether or not the command has a handler: the registry (`table`) knows those that do.

#[cfg(test)]
pub(crate) mod all;
mod build;
mod legacy_range;

pub mod bitmap;
pub mod cluster;
pub mod connection;
pub mod generic;
pub mod geo;
pub mod hash;
pub mod hyperloglog;
pub mod list;
pub mod pubsub;
pub mod scripting;
pub mod server;
pub mod set;
pub mod sorted_set;
pub mod stream;
pub mod string;
pub mod transactions;

pub use legacy_range::LegacyRange;

/// Command flags (server.h `CMD_*`), as bits.
pub mod flag {
    /// May change the dataset.
    pub const WRITE: u64 = 1 << 0;
    /// Only reads the dataset.
    pub const READONLY: u64 = 1 << 1;
    /// Refused when memory is above `maxmemory`.
    pub const DENYOOM: u64 = 1 << 2;
    /// Provided by a module (none is).
    pub const MODULE: u64 = 1 << 3;
    /// Administrative.
    pub const ADMIN: u64 = 1 << 4;
    /// Publish and subscribe.
    pub const PUBSUB: u64 = 1 << 5;
    /// Refused in scripts.
    pub const NOSCRIPT: u64 = 1 << 6;
    /// May block the client.
    pub const BLOCKING: u64 = 1 << 8;
    /// Allowed while loading.
    pub const LOADING: u64 = 1 << 9;
    /// Allowed on a stale replica.
    pub const STALE: u64 = 1 << 10;
    /// Not shown to MONITOR.
    pub const SKIP_MONITOR: u64 = 1 << 11;
    /// Not logged by SLOWLOG.
    pub const SKIP_SLOWLOG: u64 = 1 << 12;
    /// Implies ASKING.
    pub const ASKING: u64 = 1 << 13;
    /// Constant or logarithmic time.
    pub const FAST: u64 = 1 << 14;
    /// Allowed before authentication.
    pub const NO_AUTH: u64 = 1 << 15;
    /// May replicate though no write command.
    pub const MAY_REPLICATE: u64 = 1 << 16;
    /// Available in a Sentinel.
    pub const SENTINEL: u64 = 1 << 17;
    /// Only in a Sentinel.
    pub const ONLY_SENTINEL: u64 = 1 << 18;
    /// Its keys are optional.
    pub const NO_MANDATORY_KEYS: u64 = 1 << 19;
    /// Guarded by `enable-debug-command` or `enable-module-command`.
    pub const PROTECTED: u64 = 1 << 20;
    /// Not allowed during asynchronous loading.
    pub const NO_ASYNC_LOADING: u64 = 1 << 23;
    /// Refused inside MULTI.
    pub const NO_MULTI: u64 = 1 << 24;
    /// Key positions cannot be told by first, last and step.
    pub const MOVABLE_KEYS: u64 = 1 << 25;
    /// Allowed while a script runs too long.
    pub const ALLOW_BUSY: u64 = 1 << 26;
    /// May touch keys that its words do not name.
    pub const TOUCHES_ARBITRARY_KEYS: u64 = 1 << 28;
}

/// ACL categories (server.h `ACL_CATEGORY_*`), as bits; those that follow from flags are stated too.
pub mod cat {
    /// `@keyspace`.
    pub const KEYSPACE: u32 = 1 << 0;
    /// `@read`.
    pub const READ: u32 = 1 << 1;
    /// `@write`.
    pub const WRITE: u32 = 1 << 2;
    /// `@set`.
    pub const SET: u32 = 1 << 3;
    /// `@sortedset`.
    pub const SORTEDSET: u32 = 1 << 4;
    /// `@list`.
    pub const LIST: u32 = 1 << 5;
    /// `@hash`.
    pub const HASH: u32 = 1 << 6;
    /// `@string`.
    pub const STRING: u32 = 1 << 7;
    /// `@bitmap`.
    pub const BITMAP: u32 = 1 << 8;
    /// `@hyperloglog`.
    pub const HYPERLOGLOG: u32 = 1 << 9;
    /// `@geo`.
    pub const GEO: u32 = 1 << 10;
    /// `@stream`.
    pub const STREAM: u32 = 1 << 11;
    /// `@pubsub`.
    pub const PUBSUB: u32 = 1 << 12;
    /// `@admin`.
    pub const ADMIN: u32 = 1 << 13;
    /// `@fast`.
    pub const FAST: u32 = 1 << 14;
    /// `@slow`.
    pub const SLOW: u32 = 1 << 15;
    /// `@blocking`.
    pub const BLOCKING: u32 = 1 << 16;
    /// `@dangerous`.
    pub const DANGEROUS: u32 = 1 << 17;
    /// `@connection`.
    pub const CONNECTION: u32 = 1 << 18;
    /// `@transaction`.
    pub const TRANSACTION: u32 = 1 << 19;
    /// `@scripting`.
    pub const SCRIPTING: u32 = 1 << 20;
}

/// Bit and name of each category, in the order of acl.c `ACLCommandCategories`.
pub static CATEGORIES: &[(u32, &str)] = &[
    (cat::KEYSPACE, "keyspace"),
    (cat::READ, "read"),
    (cat::WRITE, "write"),
    (cat::SET, "set"),
    (cat::SORTEDSET, "sortedset"),
    (cat::LIST, "list"),
    (cat::HASH, "hash"),
    (cat::STRING, "string"),
    (cat::BITMAP, "bitmap"),
    (cat::HYPERLOGLOG, "hyperloglog"),
    (cat::GEO, "geo"),
    (cat::STREAM, "stream"),
    (cat::PUBSUB, "pubsub"),
    (cat::ADMIN, "admin"),
    (cat::FAST, "fast"),
    (cat::SLOW, "slow"),
    (cat::BLOCKING, "blocking"),
    (cat::DANGEROUS, "dangerous"),
    (cat::CONNECTION, "connection"),
    (cat::TRANSACTION, "transaction"),
    (cat::SCRIPTING, "scripting"),
];

/// Flags of a key specification, as bits (server.h `CMD_KEY_*`).
pub mod key_flag {
    /// Reads the value only.
    pub const RO: u32 = 1 << 0;
    /// Reads and writes.
    pub const RW: u32 = 1 << 1;
    /// Overwrites.
    pub const OW: u32 = 1 << 2;
    /// Removes.
    pub const RM: u32 = 1 << 3;
    /// Returns or copies the value.
    pub const ACCESS: u32 = 1 << 4;
    /// Changes the value depending on itself.
    pub const UPDATE: u32 = 1 << 5;
    /// Adds data only.
    pub const INSERT: u32 = 1 << 6;
    /// Deletes data only.
    pub const DELETE: u32 = 1 << 7;
    /// The word is no key but decides the slot.
    pub const NOT_KEY: u32 = 1 << 8;
    /// Some keys may be left out.
    pub const INCOMPLETE: u32 = 1 << 9;
    /// What is done depends on the arguments.
    pub const VARIABLE_FLAGS: u32 = 1 << 10;
}

/// Where the keys of a command begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At this word (0 is the command name).
    Index(i32),
    /// Behind this keyword, searched from the given word (negative: from the end).
    Keyword(&'static str, i32),
    /// Not told.
    Unknown,
}

/// Which words from there on are keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Find {
    /// Up to `last` (relative to the first; negative: from the end), every `step`-th; `limit` n>1: the first 1/n of them.
    Range {
        /// Last key, relative to the first; negative counts from the end.
        last: i32,
        /// Distance between keys.
        step: i32,
        /// 0 or 1: no limit; n: only the first n-th part of the rest.
        limit: i32,
    },
    /// A count at `num` (relative), the first key at `first`, every `step`-th.
    KeyNum {
        /// Position of the count, relative to the begin.
        num: i32,
        /// Position of the first key, relative to the begin.
        first: i32,
        /// Distance between keys.
        step: i32,
    },
    /// Not told.
    Unknown,
}

/// One key specification.
#[derive(Clone, Copy, Debug)]
pub struct KeySpec {
    /// What is done to these keys (`key_flag`).
    pub flags: u32,
    /// Where they begin.
    pub begin: Begin,
    /// How to go on from there.
    pub find: Find,
    /// Note of COMMAND INFO, if any.
    pub notes: Option<&'static str>,
}

/// One argument in COMMAND DOCS.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    /// Name.
    pub name: &'static str,
    /// Type as COMMAND DOCS prints it (`key`, `string`, `integer`, `oneof`, `block`, …).
    pub kind: &'static str,
    /// Word to display if it differs from the name.
    pub display: Option<&'static str>,
    /// Index of the key specification, for keys.
    pub key_spec: Option<u32>,
    /// Literal word before the value.
    pub token: Option<&'static str>,
    /// Summary of the argument, if any.
    pub summary: Option<&'static str>,
    /// Version that brought it, if later than the command.
    pub since: Option<&'static str>,
    /// Version that deprecated it.
    pub deprecated_since: Option<&'static str>,
    /// `optional`, `multiple`, `multiple_token`, as COMMAND DOCS lists them.
    pub flags: &'static [&'static str],
    /// Arguments of a `oneof` or `block`.
    pub args: &'static [Arg],
}

/// Everything COMMAND says about one command or subcommand.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// Name in lower case; of a subcommand without its container's.
    pub name: &'static str,
    /// Words including the name; negative: at least so many.
    pub arity: i32,
    /// `flag::*`.
    pub flags: u64,
    /// `cat::*`.
    pub categories: u32,
    /// Key specifications.
    pub keys: &'static [KeySpec],
    /// One line.
    pub summary: &'static str,
    /// Version that brought it.
    pub since: &'static str,
    /// Group in COMMAND DOCS.
    pub group: &'static str,
    /// Complexity, if documented.
    pub complexity: Option<&'static str>,
    /// `deprecated`, `syscmd`.
    pub doc_flags: &'static [&'static str],
    /// Version that deprecated it.
    pub deprecated_since: Option<&'static str>,
    /// What to use instead.
    pub replaced_by: Option<&'static str>,
    /// Version and what changed.
    pub history: &'static [(&'static str, &'static str)],
    /// Command tips.
    pub tips: &'static [&'static str],
    /// Arguments.
    pub args: &'static [Arg],
}

impl Meta {
    /// Whether `flag` (one of [`flag`]) is set.
    #[inline]
    pub fn has(&self, flag: u64) -> bool {
        self.flags & flag != 0
    }
}
