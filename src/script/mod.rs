//! L2: Lua 5.1 scripts and functions as Redis 7.2 runs them, apart from the commands that they call.
//!
//! ```text
//! command/scripting ──► engine (a thread's Lua states) ──► ffi (the C interface, the only unsafe)
//!                         │ texts: cache, library           │ natives: sandbox, api, json, msgpack, structs, bits, random
//!                         └ values: reply                   └ Host: what a script asks of the server
//! ```
//!
//! Nothing here knows shards, stores or the command table: `Host` is the seam. A state belongs to its thread; what
//! threads share are the texts of scripts (`cache`) and libraries (`library`).

mod api;
mod bits;
pub mod cache;
pub mod engine;
mod env;
mod ffi;
pub mod flags;
mod general;
mod host;
mod json;
pub mod library;
mod msgpack;
mod random;
mod reply;
mod sandbox;
mod structs;

pub use cache::{Cache, Placement, Script};
pub use flags::Flags;
pub use host::{Host, LogLevel, Registered};
pub use library::{Function, Libraries, Library, Shelf};
