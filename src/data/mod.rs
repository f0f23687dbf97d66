//! L1: data structures that know nothing of databases, commands or clients.
//!
//! `entry` is one key with its value in one heap block, `object` what such a value may be, `limits` where its encoding
//! changes; `table` finds entries by key, slot, age and chance, `fields` does so for the elements of one large collection,
//! and `slot` is the hash-slot rule that orders the table. `listpack` and `intset` are Redis's compact forms of small
//! collections, each on a `block` that tells its own length. `set` and its like are the types that values have.
//! `bits` are the kernels of the bitmap commands. Everything here is owned by one shard thread, but for point-in-time copies
//! ([`Object::share`]), which have the parts of a large value in common (`shared`) and may go elsewhere.

pub mod bits;
mod block;
mod cursor;
pub mod entry;
pub mod fields;
pub mod geo;
pub mod hash;
pub mod hll;
pub mod intset;
pub mod limits;
pub mod list;
pub mod listpack;
pub mod object;
pub mod set;
mod shared;
pub mod slot;
pub mod stream;
pub mod table;
pub mod zset;

pub use cursor::Cursor;
pub use entry::{Entry, EntryBox, Kind, ValueRef};
pub use fields::Fields;
pub use hash::Hash;
pub use intset::{IntSet, InvalidIntSet};
pub use limits::Limits;
pub use list::List;
pub use listpack::{InvalidListpack, Item, Listpack};
pub use object::{Collection, Object};
pub use set::Set;
pub use stream::{Stream, StreamId};
pub use table::{HKey, Keeper, Table};
pub use zset::ZSet;
