//! The replica's side: the link to the master that this server follows.
//!
//! ```text
//!   Idle ──► Connecting ──► Handshake ──► Copying ──► Loading ──► Following
//!    ▲          │            │  └─ +CONTINUE ──────────────────────►│
//!    └── a second later ◄────┴── failure; at once after a lost ◄────┘
//!                                copy or a lost link
//! ```
//!
//! [`Upstream`] decides; the log thread owns the socket, the temporary file, the loader and the applier. What the master
//! says after the handshake goes through [`bulk::Bulk`] (a copy) and [`units::Units`] (the stream).
//!
//! A history is *known* while this server could go on from its end: it has followed a master since the last full copy,
//! or was a master itself. Redis keeps this as a "cached master".

pub mod bulk;
mod handshake;
mod report;
pub mod units;
mod upstream;

pub use handshake::Step;
pub use report::{LinkReport, Transfer};
pub use upstream::{Lost, Progress, Stage, Upstream};

use super::Line;
use bytes::Bytes;

/// What the log thread is to do, in this order.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Log a line.
    Log(Line),
    /// Connect to the master; `Upstream::connected` follows.
    Connect,
    /// Send to the master.
    Send(Vec<u8>),
    /// End the connection, or give up connecting.
    Disconnect,
    /// A copy begins: of so many bytes, or until its mark.
    BeginCopy {
        /// Bytes, if they were announced.
        size: Option<u64>,
    },
    /// The next bytes of the copy.
    Copy(Bytes),
    /// The copy is whole: load it, then `Upstream::loaded`.
    EndCopy,
    /// What was received of a copy is worth nothing.
    DropCopy,
    /// Whole units of the stream: append them to the own stream as they are, and apply them.
    Apply(Bytes),
    /// The master asks for an acknowledgement of everything before this offset, as soon as it is applied.
    AckFrom(u64),
    /// The own replicas follow a history that has another name now: end their links.
    DropReplicas,
    /// The own stream is to be kept from behind this offset on, if it is not kept already.
    Keep {
        /// Bytes that came before.
        offset: u64,
    },
    /// The link is up.
    Up,
    /// The link was up and is no more.
    Down,
    /// The master that a FAILOVER handed over to took it (`true`), or did not, and why.
    HandedOver(Result<(), &'static str>),
}
