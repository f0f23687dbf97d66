//! Pub/sub commands.
