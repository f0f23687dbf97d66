//! Group server.

pub mod command_cmd;
