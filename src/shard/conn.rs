//! One connection of a shard: socket, unread request bytes, unsent replies, session.

use super::blocked::{Letter, Stall};
use super::order::Order;
use crate::command::Session;
use crate::command::session::Attach;
use crate::io::Sock;
use crate::observe::ClientInfo;
use crate::resp::Parser;
use std::sync::Arc;

/// Why a connection's next command has to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hold {
    /// It does not.
    None,
    /// For the replies that other shards owe it.
    Drain,
    /// For a transaction over several shards.
    Txn,
    /// For the end of a CLIENT PAUSE.
    Pause,
    /// For shards that have more messages to deliver than they can.
    Crowd,
    /// For the shard's state to come back from a transaction.
    Lend,
    /// For what a blocking command waits for, or the word whether it has to.
    Block,
    /// For the log core's answer.
    Away {
        /// Which the client does not want to see (CLIENT REPLY).
        mute: bool,
    },
    /// For its socket, which goes to the log core.
    Leaving,
}

/// How a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Not yet.
    Open,
    /// The peer sends no more: when what it asked for is answered and sent.
    AfterInput,
    /// When everything written has been sent.
    AfterReply,
    /// At once; what other shards still owe it is awaited and dropped.
    Now,
}

impl End {
    /// Whether requests are still executed.
    pub fn executes(self) -> bool {
        matches!(self, End::Open | End::AfterInput)
    }
}

/// Bytes received and not yet executed.
#[derive(Default)]
pub struct InBuf {
    bytes: Vec<u8>,
    at: usize,
}

impl InBuf {
    /// Unread bytes.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Whether all was read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends received bytes. `need` says how many unread bytes the request in them has at least: it grows to that and
    /// no further, twofold until then, for what is announced may never come.
    pub fn push(&mut self, data: &[u8], need: usize) {
        if self.at > 0 && self.at >= self.bytes.len() / 2 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        let wanted = self.bytes.len().saturating_add(data.len());
        if wanted > self.bytes.capacity() {
            let (double, need) = (wanted.saturating_mul(2), self.at.saturating_add(need));
            let room = if need >= wanted { double.min(need) } else { double };
            self.bytes.reserve_exact(room.saturating_sub(self.bytes.len()));
        }
        self.bytes.extend_from_slice(data);
    }

    /// Bytes that it takes.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Takes the buffer out, to be put back with [`InBuf::restore`] after some of it was read.
    pub fn take(&mut self) -> (Vec<u8>, usize) {
        (std::mem::take(&mut self.bytes), std::mem::take(&mut self.at))
    }

    /// Puts the buffer back with `at` bytes read; a read-up buffer is freed: idle connections hold none.
    pub fn restore(&mut self, bytes: Vec<u8>, at: usize) {
        if at < bytes.len() {
            self.bytes = bytes;
            self.at = at;
        }
    }
}

/// One connection.
pub struct Conn {
    /// Its socket.
    pub sock: Sock,
    /// Its session; `None` while a transaction carries it.
    pub session: Option<Box<Session>>,
    /// What others see of it.
    pub info: Arc<ClientInfo>,
    /// A cut-off request.
    pub parser: Parser,
    /// Unread bytes.
    pub inbuf: InBuf,
    /// Unread bytes needed before parsing makes sense again.
    pub need: usize,
    /// Replies to send.
    pub out: Vec<u8>,
    /// Bytes handed to the driver and not yet sent, and how many the buffer takes that they lie in.
    pub sending: usize,
    pub sending_room: usize,
    /// Whether a send is in flight.
    pub busy: bool,
    /// Replies still to come.
    pub order: Order,
    /// Since when replies wait for those that other shards owe (driver's clock), or 0.
    pub partial_since_ns: u64,
    /// Why the next command waits.
    pub hold: Hold,
    /// The blocking command that it waits for.
    pub stall: Option<Box<Stall>>,
    /// A message about a blocking command that came before the word that it blocks.
    pub early: Option<Box<Letter>>,
    /// What it leaves this shard for.
    pub leaving: Option<Box<Attach>>,
    /// Receiving is stopped until what was received is executed.
    pub deaf: bool,
    /// How it ends.
    pub end: End,
    /// Listed among the connections to look at when the turn ends.
    pub dirty: bool,
    /// Unix time of the last command, milliseconds.
    pub last_ms: i64,
    /// Statistics id of the last command + 1; 0: none yet.
    pub last_command: usize,
    /// Since when output exceeds the soft limit (unix ms), or 0.
    pub soft_since_ms: i64,
    /// Bytes of it that are in the shard's sum (`ShardStats::client_bytes`).
    pub counted_bytes: u64,
}

impl Conn {
    /// A fresh connection.
    pub fn new(sock: Sock, session: Box<Session>, now_ms: i64) -> Conn {
        Conn {
            sock,
            info: session.info.clone(),
            session: Some(session),
            parser: Parser::new(),
            inbuf: InBuf::default(),
            need: 0,
            out: Vec::new(),
            sending: 0,
            sending_room: 0,
            busy: false,
            order: Order::default(),
            partial_since_ns: 0,
            hold: Hold::None,
            stall: None,
            early: None,
            leaving: None,
            deaf: false,
            end: End::Open,
            dirty: false,
            last_ms: now_ms,
            last_command: 0,
            soft_since_ms: 0,
            counted_bytes: 0,
        }
    }

    /// Reply bytes that wait to be sent.
    pub fn pending_bytes(&self) -> usize {
        self.out.len() + self.sending + self.order.bytes()
    }

    /// Bytes that those replies take.
    pub fn reply_room(&self) -> usize {
        self.out.capacity() + self.sending_room + self.order.bytes()
    }

    /// Bytes taken for requests beyond those unread: announced ones count, as Redis reserves them.
    pub fn query_room(&self) -> usize {
        self.inbuf.capacity().max(self.need).saturating_sub(self.inbuf.len())
    }
}
