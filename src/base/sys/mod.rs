//! Safe wrappers of the system calls that std does not offer, so that `unsafe` stays in this room.
//!
//! Each file is one concern. Wrappers return `io::Result` and decide nothing: what to call when, and what to log,
//! is the business of `control::process` and `observe`. Only `signal`, `crash` and `handler_io` hold state: what
//! a signal handler must find without a lock or an allocation.

pub mod affinity;
pub mod crash;
pub mod fd;
pub mod handler_io;
pub mod limits;
pub mod process;
pub mod signal;
pub mod syslog;
pub mod time;
pub mod title;
pub mod usage;
