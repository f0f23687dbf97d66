//! What INFO and ROLE say of the link to the master.

use super::upstream::{Stage, Upstream};

/// The link, as others are told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkReport {
    /// As it was given.
    pub host: String,
    /// As it was given.
    pub port: u16,
    /// `up` or not.
    pub is_up: bool,
    /// ROLE's word.
    pub role_state: &'static str,
    /// When the master was last heard, unix seconds, while the link is up.
    pub last_io_s: Option<i64>,
    /// The copy that is being received.
    pub transfer: Option<Transfer>,
    /// Since when the link is down, unix seconds; `None` if it never was up.
    pub down_since_s: Option<i64>,
    /// Whether the own offset is one of the master's history.
    pub is_known: bool,
    /// Bytes received of a unit that is not whole.
    pub pending: u64,
}

/// A copy that is being received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// Announced bytes; -1 before the announcement, 0 if they are unknown.
    pub total: i64,
    /// Received so far.
    pub read: u64,
    /// When the last of them came, unix seconds.
    pub last_io_s: i64,
}

impl Upstream {
    /// How the link stands.
    pub fn report(&self) -> LinkReport {
        let is_up = matches!(self.stage(), Stage::Following { .. });
        LinkReport {
            host: self.host.clone(),
            port: self.port,
            is_up,
            role_state: match self.stage() {
                Stage::Idle => "connect",
                Stage::Connecting => "connecting",
                Stage::Handshake { .. } => "handshake",
                Stage::Copying { .. } | Stage::Loading { .. } => "sync",
                Stage::Following { .. } => "connected",
            },
            last_io_s: is_up.then_some(self.last_io_s()),
            transfer: self.transfer(),
            down_since_s: self.down_since_s(),
            is_known: self.is_known(),
            pending: self.pending(),
        }
    }
}
