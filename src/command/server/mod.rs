//! Group server.

pub mod command_cmd;
pub mod debug;
pub mod keyspace;
pub mod memory;
