//! One replica's link.

use super::LinkId;

/// What a connection said about itself by REPLCONF before it asked for the stream.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Where the replica listens; 0 if it did not say.
    pub listening_port: i64,
    /// `ip-address`: what others are told instead of the socket's address.
    pub ip: Option<String>,
    /// `capa eof`: it finds the end of a copy whose length is not known beforehand.
    pub eof: bool,
    /// `capa psync2`: it understands a change of the id at `+CONTINUE`.
    pub psync2: bool,
    /// `rdb-only`: it wants a copy and no stream.
    pub rdb_only: bool,
    /// `rdb-filter-only`: keys stay out of the copy.
    pub without_data: bool,
    /// `rdb-filter-only` without `functions`: libraries stay out of the copy.
    pub without_functions: bool,
    /// `version` of the replica, as it spells it.
    pub version: Option<String>,
}

impl Facts {
    /// Whether it asks for a part of a copy only, which is made for sockets alone.
    pub fn is_filtered(&self) -> bool {
        self.without_data || self.without_functions
    }

    /// Whether both want the same parts of a copy.
    pub fn wants_same(&self, other: &Facts) -> bool {
        (self.without_data, self.without_functions) == (other.without_data, other.without_functions)
    }

    /// Whether a copy made for `other` can be read by this one too (`(mine & theirs) == theirs`).
    pub fn can_all_of(&self, other: &Facts) -> bool {
        (self.eof || !other.eof) && (self.psync2 || !other.psync2)
    }
}

/// Where a link stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It waits for a snapshot to begin.
    WaitStart,
    /// A snapshot for it is on its way to its cut or is being made; `sockets`: it is received meanwhile.
    WaitEnd {
        /// Without a file in between.
        sockets: bool,
    },
    /// The file is being sent.
    SendBulk,
    /// It gets the stream.
    Online,
    /// It wanted a copy only, and has it.
    Sent,
}

impl State {
    /// As INFO names it; a link that has no name there is not listed (server.c `replstateToString`).
    pub fn name(self) -> Option<&'static str> {
        match self {
            State::WaitStart | State::WaitEnd { .. } => Some("wait_bgsave"),
            State::SendBulk => Some("send_bulk"),
            State::Online => Some("online"),
            State::Sent => None,
        }
    }
}

/// A replica.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its client id.
    pub id: LinkId,
    /// What it said about itself.
    pub facts: Facts,
    /// Address of its socket, without the port.
    pub peer: String,
    /// Where it stands.
    pub state: State,
    /// It asked by SYNC: it knows no offsets and acknowledges nothing.
    pub pre_psync: bool,
    /// Since when it waits for a snapshot, unix seconds.
    pub asked_s: i64,
    /// When it last acknowledged, unix seconds.
    pub ack_s: i64,
    /// Highest offset that it acknowledged.
    pub ack_offset: u64,
    /// Highest offset that it has on disk (`FACK`).
    pub disk_offset: u64,
    /// The stream begins with the next ACK.
    pub start_on_ack: bool,
    /// Since when the soft limit of its output is exceeded, unix seconds.
    pub soft_since_s: Option<i64>,
    /// Since when a send of a copy does not go on, unix seconds.
    pub stuck_since_s: Option<i64>,
}

impl Link {
    /// A link that has yet to be given a state that lasts.
    pub(super) fn new(id: LinkId, facts: Facts, peer: String, now_s: i64) -> Link {
        Link {
            id,
            facts,
            peer,
            state: State::WaitStart,
            pre_psync: false,
            asked_s: now_s,
            ack_s: now_s,
            ack_offset: 0,
            disk_offset: 0,
            start_on_ack: false,
            soft_since_s: None,
            stuck_since_s: None,
        }
    }

    /// Where clients and Sentinel reach it.
    pub fn address(&self) -> &str {
        self.facts.ip.as_deref().filter(|ip| !ip.is_empty()).unwrap_or(&self.peer)
    }

    /// As the log names it (replication.c `replicationGetSlaveName`).
    pub fn name(&self) -> String {
        name(&self.facts, &self.peer, self.id)
    }

    /// Whether it waits for or receives a copy.
    pub fn is_syncing(&self) -> bool {
        matches!(self.state, State::WaitStart | State::WaitEnd { .. } | State::SendBulk)
    }

    /// Seconds since its last acknowledgement, 0 unless it is online.
    pub fn lag_s(&self, now_s: i64) -> i64 {
        if self.state == State::Online { now_s.saturating_sub(self.ack_s).max(0) } else { 0 }
    }
}

/// The name of a replica in the log: `address:port`, or that of the client if it has not said where it listens.
fn name(facts: &Facts, peer: &str, id: LinkId) -> String {
    let ip = facts.ip.as_deref().filter(|ip| !ip.is_empty()).unwrap_or(peer);
    match (ip.is_empty(), facts.listening_port) {
        (true, _) => format!("client id #{id}"),
        (false, 0) => format!("{ip}:<unknown-replica-port>"),
        (false, port) if ip.contains(':') => format!("[{ip}]:{port}"),
        (false, port) => format!("{ip}:{port}"),
    }
}
