//! A simulated client's connection with RESP on top: requests leave in pieces, replies come as values.

use super::fleet::Fleet;
use crate::support::{Rng, Value, encode};
use shoal::io::sim::SimClient;
use std::collections::VecDeque;

/// How a client leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    Close,
    Reset,
    /// Sends no more and reads what still comes.
    HalfClose,
}

/// A connection.
pub struct Link {
    pub client: SimClient,
    outbox: VecDeque<u8>,
    unread: Vec<u8>,
    pub replies: VecDeque<Value>,
    /// So many more calls without reading.
    deaf: u64,
}

impl Link {
    pub fn new(fleet: &Fleet) -> Link {
        Link {
            client: fleet.connect(),
            outbox: VecDeque::new(),
            unread: Vec::new(),
            replies: VecDeque::new(),
            deaf: 0,
        }
    }

    /// Queues a request.
    pub fn request<W: AsRef<[u8]>>(&mut self, words: &[W]) {
        self.outbox.extend(encode(words));
    }

    /// Whether everything queued was sent.
    pub fn has_sent(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Sends a piece of what is queued and reads what has come. Says whether anything moved.
    pub fn poll(&mut self, rng: &mut Rng) -> bool {
        let mut moved = false;
        if !self.outbox.is_empty() {
            moved = true;
            let whole = rng.percent(60);
            let len = if whole { self.outbox.len() } else { 1 + rng.index(self.outbox.len()) };
            let piece: Vec<u8> = self.outbox.drain(..len).collect();
            self.client.send(&piece);
        }
        if self.deaf > 0 {
            self.deaf -= 1;
            return true;
        }
        if rng.percent(2) {
            self.deaf = rng.below(60);
        }
        let bytes = self.client.receive();
        moved |= !bytes.is_empty();
        self.unread.extend(bytes);
        while let Some((value, used)) = Value::parse(&self.unread).expect("replies are well-formed") {
            self.unread.drain(..used);
            self.replies.push_back(value);
        }
        moved
    }

    /// Leaves; what was not sent yet is dropped.
    pub fn leave(&mut self, how: Leave) {
        self.outbox.clear();
        match how {
            Leave::Close => self.client.close(),
            Leave::Reset => self.client.reset(),
            Leave::HalfClose => self.client.half_close(),
        }
    }
}
