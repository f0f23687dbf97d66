//! L2: pub/sub without I/O: who subscribes to what, which shards a message must reach, what it looks like on the wire.
//!
//! ```text
//!   SUBSCRIBE ─► Subscriptions (of the session) ─► Registry: channel → subscribers per shard     shared by all threads
//!                        └─ changes ─────────────► Local: channel → connections                  one per shard
//!   PUBLISH ───► Registry::route ─► Outbox (of the store) ─► Inbox of each shard that needs it ─► Local ─► connections
//! ```
//!
//! The registry is written by subscribe and unsubscribe only; a publish reads it, so the receiver count needs no round
//! trip and shards without subscribers are left alone. Why messages stay in order: docs/pubsub.md.

mod inbox;
mod local;
mod message;
mod outbox;
mod registry;
mod subscriptions;
pub mod tracking;

pub use inbox::{Inbox, Inboxes};
pub use local::Local;
pub use message::{Delivery, Forms, Kind, Message};
pub use outbox::{Outbox, Outgoing};
pub use registry::{Registry, Routed, Target};
pub use subscriptions::{Change, SharedNames, Subscriptions, Topic};

/// The name of a channel or a pattern, shared by everyone who subscribes to it.
pub type Name = std::sync::Arc<[u8]>;

#[cfg(test)]
mod tests;
