//! What the integration tests share: server processes, a byte-exact client and seeded randomness.
//!
//! Invariants: a [`Server`] owns its process and its directory and ends both when dropped, by process id and
//! never by name; a [`Conn`] never hides bytes, so what two servers sent can be compared as sent.

// Every test crate includes this module whole and uses a part of it.
#![allow(dead_code, unused_imports)]
// Numbers here are small or random by intent; a panic is how a test says no.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

pub mod conn;
pub mod rng;
pub mod server;
pub mod value;

pub use conn::{Conn, encode};
pub use rng::Rng;
pub use server::Server;
pub use value::{Value, quote, quote_command};

/// A number from the environment, or `default` where the variable is unset.
///
/// Panics when the variable is set to something else: a typo must not silently shorten a run.
pub fn env_number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")),
        Err(_) => default,
    }
}

/// The seed of a random test: `SEED` from the environment, else a fresh one. Always printed by the caller.
pub fn seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    env_number("SEED", u64::from(now.subsec_nanos()) ^ (now.as_secs() << 20))
}
