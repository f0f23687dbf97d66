//! The process around the server: command line and configuration files, background and supervisors, sockets, signals and
//! shutdown, CONFIG SET of what is outside the data, and starts that fail.
//!
//! Every test starts the real binary with a command line of its own. `SHOAL_BIN` tests another one.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

#[path = "process/background.rs"]
mod background;
#[path = "process/command_line.rs"]
mod command_line;
#[path = "process/failures.rs"]
mod failures;
#[path = "process/idle.rs"]
mod idle;
#[path = "process/instance.rs"]
mod instance;
#[path = "process/runtime.rs"]
mod runtime;
#[path = "process/shutdown.rs"]
mod shutdown;
#[path = "process/sockets.rs"]
mod sockets;
mod support;
