//! The synchronisation primitives of the publication protocol: std's and rtrb's, or shuttle's when the model checker runs.
//!
//! `cargo test --lib --features model journal` compiles `ring.rs` against shuttle, whose scheduler then decides every
//! interleaving. A build that is not a test never sees shuttle, whatever its features.

#[cfg(not(all(test, feature = "model")))]
pub(super) use {
    rtrb::{Consumer, Producer, PushError, RingBuffer},
    std::sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering, fence},
    },
};

#[cfg(all(test, feature = "model"))]
pub(super) use {
    model::{Consumer, Producer, PushError, RingBuffer},
    shuttle::sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering, fence},
    },
};

/// rtrb's ring as the scheduler of shuttle can see it: what `ring.rs` uses of it.
#[cfg(all(test, feature = "model"))]
mod model {
    use shuttle::sync::{Arc, Mutex};
    use std::collections::VecDeque;

    type Shared<T> = Arc<Mutex<VecDeque<T>>>;

    pub struct RingBuffer;
    pub struct Producer<T>(Shared<T>, usize);
    pub struct Consumer<T>(Shared<T>);
    pub enum PushError<T> {
        Full(T),
    }

    impl RingBuffer {
        pub fn new<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
            let shared = Shared::default();
            (Producer(shared.clone(), capacity), Consumer(shared))
        }
    }

    impl<T> Producer<T> {
        pub fn push(&mut self, value: T) -> Result<(), PushError<T>> {
            let mut queue = self.0.lock().expect("no thread panics with the lock");
            if queue.len() == self.1 {
                return Err(PushError::Full(value));
            }
            queue.push_back(value);
            Ok(())
        }

        pub fn is_abandoned(&self) -> bool {
            Arc::strong_count(&self.0) == 1
        }
    }

    impl<T> Consumer<T> {
        pub fn pop(&mut self) -> Result<T, ()> {
            self.0.lock().expect("no thread panics with the lock").pop_front().ok_or(())
        }

        pub fn is_empty(&self) -> bool {
            self.0.lock().expect("no thread panics with the lock").is_empty()
        }
    }
}
