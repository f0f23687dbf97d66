//! Clients that wait until replicas have acknowledged what they wrote.

use super::{Action, Replicas};

/// A WAIT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiter {
    /// The client's id.
    pub client: u64,
    /// Stamp that the journal had when it asked: what it wrote before is below it.
    pub stamp: u64,
    /// Replicas that it waits for.
    pub replicas: usize,
    /// When it gives up, unix milliseconds.
    pub until_ms: Option<i64>,
}

/// All of them. Offsets are known once the merge has passed their stamps.
#[derive(Default, Debug)]
pub struct Waits {
    unplaced: Vec<Waiter>,
    placed: Vec<(u64, Waiter)>,
    asks: bool,
}

impl Waits {
    /// A client waits.
    pub fn add(&mut self, waiter: Waiter) {
        self.unplaced.push(waiter);
    }

    /// All effects with a stamp below `watermark` are in the stream, which ends at `offset`.
    pub fn merged(&mut self, watermark: u64, offset: u64) {
        let placed = &mut self.placed;
        let asks = &mut self.asks;
        self.unplaced.retain(|waiter| {
            let there = waiter.stamp <= watermark;
            if there {
                placed.push((offset, *waiter));
                *asks = true;
            }
            !there
        });
    }

    /// Answers those that have what they waited for or whose time is over, oldest first
    /// (replication.c `processClientsWaitingReplicas`).
    pub fn settle(&mut self, replicas: &Replicas, now_ms: i64) -> Vec<Action> {
        let mut actions = Vec::new();
        let over = |waiter: &Waiter| waiter.until_ms.is_some_and(|until| until <= now_ms);
        self.placed.retain(|(offset, waiter)| {
            let count = replicas.acknowledged(*offset);
            let done = count >= waiter.replicas || over(waiter);
            if done {
                actions.push(Action::Counted { client: waiter.client, replicas: count });
            }
            !done
        });
        self.unplaced.retain(|waiter| {
            if over(waiter) {
                actions.push(Action::Counted { client: waiter.client, replicas: 0 });
            }
            !over(waiter)
        });
        actions
    }

    /// Whether replicas are to be asked for acknowledgements; said once per new waiter that has to wait.
    pub fn take_asks(&mut self) -> bool {
        std::mem::take(&mut self.asks) && !self.placed.is_empty()
    }

    /// The client went away, or was unblocked by force; whether it waited.
    pub fn forget(&mut self, client: u64) -> bool {
        let before = self.placed.len() + self.unplaced.len();
        self.placed.retain(|(_, waiter)| waiter.client != client);
        self.unplaced.retain(|waiter| waiter.client != client);
        before != self.placed.len() + self.unplaced.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.placed.is_empty() && self.unplaced.is_empty()
    }

    /// When the first of them gives up, unix milliseconds.
    pub fn next_ms(&self) -> Option<i64> {
        let all = self.placed.iter().map(|(_, waiter)| waiter).chain(&self.unplaced);
        all.filter_map(|waiter| waiter.until_ms).min()
    }

    /// Ends all waits at once: this server is no longer a master.
    pub fn take_all(&mut self) -> Vec<u64> {
        let placed = std::mem::take(&mut self.placed).into_iter().map(|(_, waiter)| waiter.client);
        placed.chain(std::mem::take(&mut self.unplaced).into_iter().map(|waiter| waiter.client)).collect()
    }
}

/// The commands by which a master asks all replicas for acknowledgements (replication.c `sendGetackToReplicas`).
pub const GETACK: &[u8] = b"*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";
