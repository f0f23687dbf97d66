//! L1: data structures that know nothing of databases, commands or clients.
//!
//! `entry` is one key with its value in one heap block, `object` what such a value may be, `table` finds entries by key, slot, age and chance, and
//! `slot` is the hash-slot rule that orders the table; `bits` are the kernels of the bitmap commands. Everything here is owned by one shard thread.

pub mod bits;
pub mod entry;
pub mod limits;
pub mod object;
pub mod slot;
pub mod table;

pub use entry::{Entry, EntryBox, Kind, ValueRef};
pub use limits::Limits;
pub use object::Object;
pub use table::{HKey, Table};
