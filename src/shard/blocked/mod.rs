//! Blocked clients: BLPOP and its kin, BZPOPMIN, XREAD BLOCK. `docs/blocking.md` tells how it fits together.
//!
//! ```text
//!   connection's shard (home.rs)                          owner of the keys (serve.rs)
//!   request ────────────────────────────────────────────► nothing there: registers a Waiter in its store
//!   Hold::Block, deadline  ◄── Answer::Blocks ──────────── …
//!                                                          a key got something: claims the waiter, runs its command again
//!   reply, goes on         ◄── Letter::Reply ───────────── …
//!   time is up, connection gone: claims it, answers ─ Letter::Forget ─► removes what is left of it
//! ```
//!
//! Whoever answers takes the waiter's claim first (`keyspace::claim`), so exactly one does. Waiters hold ids, never
//! connections.

mod home;
mod letter;
mod narrow;
mod serve;

pub use home::{Stall, could_block};
pub use letter::Letter;
pub use serve::{look, register, serve, waiter};
