//! L5: process life: arguments, boot, signals, the control core.
//!
//! ```text
//! boot ── arguments, configuration, what the process is ──► life ── threads up, the control core, threads down
//!   ├─► loading: the thread that loads the dataset at the start
//!   └─► outside: sockets, limits, score, title; CONFIG SET comes back to it from the shards
//! ```

pub mod boot;
mod life;
mod listen;
mod loading;
mod outside;
pub mod process;
mod threads;

pub use boot::main;
