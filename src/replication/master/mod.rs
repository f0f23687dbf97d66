//! The master's side: links to replicas, the snapshots that they share, who waits for acknowledgements.
//!
//! ```text
//!            PSYNC id offset                    ┌────────────► Online ─────────► ack, ping, timeout
//!  Facts ──► resume? ── yes: +CONTINUE ─────────┘                 ▲
//!  (REPLCONF)  └─ no ─► WaitStart ─► WaitEnd ─► SendBulk (disk) ──┤ at once
//!                       delay, sharing   └──── (sockets) ─────────┘ the stream after the first ACK
//! ```
//!
//! [`Replicas`] decides; the log thread owns sockets, snapshots and the stream, and does what [`Action`]s say. A link's
//! place in the stream is the number of the first byte that the replica lacks; sending from there is the log thread's.

mod attach;
mod cron;
mod link;
mod replconf;
mod report;
mod sync;
mod wait;

pub use attach::{Around, Ask, Standing};
pub use link::{Facts, Link, State};
pub use replconf::{Acked, Heard, replconf};
pub use report::SlaveLine;
pub use sync::{Target, Want};
pub use wait::{GETACK, Waiter, Waits};

use super::{Line, ReplId};

/// The client's id of a replica's connection.
pub type LinkId = u64;

/// What the log thread is to do, in this order.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Log a line.
    Log(Line),
    /// Send these bytes to a replica, before anything of the stream.
    Write(LinkId, Vec<u8>),
    /// The replica is given the stream from byte `from` on; it pins what it has not been sent. Sending begins with
    /// [`Action::Stream`].
    Pin {
        /// Which.
        link: LinkId,
        /// Number of the first byte that it lacks.
        from: u64,
    },
    /// Sends the stream as it grows, from the pin on.
    Stream(LinkId),
    /// End the connection once all that was written to it is sent, or now if it does not take it.
    Close(LinkId),
    /// Let small packets wait for larger ones (`repl-disable-tcp-nodelay`).
    Delay(LinkId),
    /// The backlog begins: the stream is to be kept and shards are to state their effects.
    Keep,
    /// The backlog ended: nobody needs the stream.
    Forget,
    /// Make a snapshot for the replicas that wait for it; `Replicas::cut` or `Replicas::failed` follows.
    Snapshot(Want),
    /// Nobody waits for that snapshot any more.
    Cancel,
    /// Append these bytes, whole commands, to the stream.
    Feed(Vec<u8>),
    /// End the waiting of a client: its WAIT counted so many replicas.
    Counted {
        /// The client's id.
        client: u64,
        /// Replicas that acknowledged.
        replicas: usize,
    },
}

/// All replicas of this server.
#[derive(Debug)]
pub struct Replicas {
    links: Vec<Link>,
    /// Since when there is none, unix seconds.
    alone_since_s: i64,
    /// The snapshot that is being made for some of them.
    making: Option<sync::Making>,
    /// Seconds that the cron has counted.
    seconds: i64,
    good: usize,
    counters: Counters,
}

/// What INFO's `Stats` counts.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Counters {
    /// `sync_full`.
    pub full: u64,
    /// `sync_partial_ok`.
    pub partial_ok: u64,
    /// `sync_partial_err`.
    pub partial_err: u64,
}

impl Replicas {
    /// None, as of `now_s` (unix seconds).
    pub fn new(now_s: i64) -> Replicas {
        Replicas {
            links: Vec::new(),
            alone_since_s: now_s,
            making: None,
            seconds: 0,
            good: 0,
            counters: Counters::default(),
        }
    }

    /// The links, oldest first.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// One of them.
    pub fn link(&self, id: LinkId) -> Option<&Link> {
        self.links.iter().find(|link| link.id == id)
    }

    fn link_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.id == id)
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// CONFIG RESETSTAT.
    pub fn reset_counters(&mut self) {
        self.counters = Counters::default();
    }

    /// Replicas that are online and acknowledged in time, if `min-replicas-to-write` asks for any.
    pub fn good(&self) -> usize {
        self.good
    }

    /// Since when there is no replica, unix seconds; meaningless while there are some.
    pub fn alone_since_s(&self) -> i64 {
        self.alone_since_s
    }

    /// Time without replicas counts from now on (replication.c `replicationUnsetMaster`).
    pub fn count_alone_from(&mut self, now_s: i64) {
        self.alone_since_s = now_s;
    }

    /// The link of the replica that is reached at `host:port` (replication.c `findReplica`).
    pub fn at(&self, host: &str, port: i64) -> Option<&Link> {
        self.links.iter().find(|l| l.address().eq_ignore_ascii_case(host) && l.facts.listening_port == port)
    }

    /// Replicas that are online and have acknowledged `offset` (replication.c `replicationCountAcksByOffset`).
    pub fn acknowledged(&self, offset: u64) -> usize {
        self.links.iter().filter(|l| l.state == State::Online && l.ack_offset >= offset).count()
    }

    /// The same for what they have on disk (replication.c `replicationCountAOFAcksByOffset`).
    pub fn durable(&self, offset: u64) -> usize {
        self.links.iter().filter(|l| l.state == State::Online && l.disk_offset >= offset).count()
    }
}

/// The line that makes a replica take a full copy of history `id` as of `offset`
/// (replication.c `replicationSetupSlaveForFullResync`).
fn full_resync(id: ReplId, offset: u64) -> Vec<u8> {
    format!("+FULLRESYNC {id} {offset}\r\n").into_bytes()
}
