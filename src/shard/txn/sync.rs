//! The synchronisation primitives of the protocol: std's, or shuttle's when the model checker runs.
//!
//! `cargo test --lib --features model` compiles the protocol against shuttle, whose scheduler then decides every
//! interleaving. A build that is not a test never sees shuttle, whatever its features. Nothing else in this room
//! may name `std::sync` for anything that two threads touch, or the checker is blind to it.

#[cfg(not(all(test, feature = "model")))]
pub(super) use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence},
};

#[cfg(all(test, feature = "model"))]
pub(super) use shuttle::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence},
};

/// Locks `mutex`; a poisoned one is taken as it is.
///
/// The server is built with `panic = "abort"`, so poison exists only in tests, where the first panic is the one
/// worth reading.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
