//! L1: data structures that know nothing of databases, commands or clients.
//!
//! `entry` is one key with its value in one heap block, `table` finds entries by key, slot, age and chance, `fields`
//! does so for the elements of one large collection, and `slot` is the hash-slot rule that orders the table; `bits` are
//! the kernels of the bitmap commands. Everything here is owned by one shard thread.

pub mod bits;
pub mod entry;
pub mod fields;
pub mod slot;
pub mod table;

pub use entry::{Entry, EntryBox, Kind, Object, ValueRef};
pub use fields::Fields;
pub use table::{HKey, Table};
