//! L2: databases of one shard: entries, expiry, eviction, watched keys.
//!
//! `Store` is everything that a transaction over several shards borrows from one of them; nothing else of a shard is
//! ever lent. It is touched only by the thread that holds it: its own shard's, or the last to arrive at a dependent
//! transaction while its owner is parked.

pub mod blocked;
pub mod claim;
pub mod evict;
pub mod expire;
pub mod field_expiry;
mod flush;
mod load;
pub mod lru;
mod notify;
mod objects;
pub mod pressure;
pub mod slots;
pub mod snapshot;
mod store;
mod strings;
mod watch;

pub use blocked::{Blocked, Waiter};
pub use claim::Claim;
pub use evict::{Eviction, Freed};
pub use expire::CycleReport;
pub use field_expiry::{FieldDue, FieldsExpired};
pub use load::Usage;
pub use notify::{Class, effective as effective_events};
pub use objects::{Edited, WrongKind, collection};
pub use store::{Db, Policy, Stats, Store, ToDrop};
pub use strings::{Expire, Sum};
pub use watch::{Verdict, WatchState, Watched};
