//! L0: small tools without state of their own that every room may use.
//!
//! Nothing here knows of keys, clients or configuration. The only process-wide state is what cannot live anywhere
//! else: the allocator's counters (`alloc`) and what signal handlers touch (`sys::signal`, `sys::crash`). With
//! `data` and `io` this is the room where `unsafe` may appear: `sys` wraps the system calls that std does not offer.

pub mod alloc;
pub mod args;
pub mod clock;
pub mod digest;
pub mod glob;
pub mod histogram;
pub mod numbers;
mod os_text;
pub mod prng;
pub mod sys;

pub use os_text::os_text;
