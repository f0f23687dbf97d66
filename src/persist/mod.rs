//! L2: Redis's formats on disk and on the wire: values as an RDB file holds them, and the append-only file.
//!
//! Pure functions from values to bytes and back; nothing here knows of databases, commands or files.

pub mod aof;
pub mod rdb;
