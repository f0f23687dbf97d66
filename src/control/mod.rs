//! L5: process life: arguments, boot, signals, the control core.
//!
//! ```text
//! boot ── arguments, configuration, what the process is ──► life ── threads up, the control core, threads down
//!   └─► outside: sockets, limits, score, title; CONFIG SET comes back to it from the shards
//! ```

pub mod boot;
mod life;
mod listen;
mod outside;
pub mod process;
mod threads;

pub use boot::main;
