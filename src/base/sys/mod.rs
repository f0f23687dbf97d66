//! Safe wrappers of the system calls that std does not offer, so that `unsafe` stays in this room.
//!
//! Each file is one concern. Wrappers return `io::Result` and decide nothing: what to call when, and what to log,
//! is the business of `control::process` and `observe`.

pub mod fd;
pub mod time;
