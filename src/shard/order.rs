//! The order of replies on one connection while some of them are made on other shards.
//!
//! ```text
//!   slots:  [ remote(2) | local 14 B | remote(1) ✔ 7 B | local 5 B ]     oldest first
//!   later:  [ 14 B of local reply ……… | 5 B ]                            replies made here, waiting for their turn
//! ```
//!
//! Replies of one shard come back in the order in which the requests went there, so a reply belongs to the oldest
//! open slot of its shard: `due` keeps the numbers of those. Whatever is complete at the front moves to the connection's
//! output. Every step costs what it moves, however many slots are open: pipelines have hundreds of thousands.

use std::collections::VecDeque;

/// Memory for replies that wait which a connection keeps between pipelines, in bytes.
const KEPT_BYTES: usize = 1024;

enum Slot {
    /// Made on this shard; `None` until it arrives.
    Remote { reply: Option<Vec<u8>>, mute: bool },
    /// That many bytes of `later`.
    Local(usize),
}

/// Replies of one connection that are still to come, or wait behind one that is.
#[derive(Default)]
pub struct Order {
    slots: VecDeque<Slot>,
    /// Number of the slot at the front; the one behind it has the next number.
    first: u64,
    /// By shard: the numbers of its open slots, oldest first.
    due: Vec<VecDeque<u64>>,
    later: Vec<u8>,
    /// Bytes of `later` that have moved on.
    moved: usize,
    /// Bytes of remote replies that wait for their turn.
    arrived_bytes: usize,
    open: usize,
}

impl Order {
    /// Whether no reply is outstanding: replies may go straight to the output.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Replies that other shards still owe.
    pub fn open(&self) -> usize {
        self.open
    }

    /// Whether all outstanding replies are `shard`'s.
    pub fn waits_only_for(&self, shard: usize) -> bool {
        self.open == self.due.get(shard).map_or(0, VecDeque::len)
    }

    /// Bytes held back.
    pub fn bytes(&self) -> usize {
        self.later.len() - self.moved + self.arrived_bytes
    }

    /// A request went to `shard`. `mute`: the client does not want the reply (CLIENT REPLY).
    pub fn expect(&mut self, shard: usize, mute: bool) {
        if self.due.len() <= shard {
            self.due.resize_with(shard + 1, VecDeque::new);
        }
        if let Some(due) = self.due.get_mut(shard) {
            due.push_back(self.first.wrapping_add(self.slots.len() as u64));
            self.open += 1;
            self.slots.push_back(Slot::Remote { reply: None, mute });
        }
    }

    /// Writes a local reply behind the outstanding ones; there must be some.
    pub fn local<R>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let start = self.later.len();
        let result = write(&mut self.later);
        let len = self.later.len() - start;
        match self.slots.back_mut() {
            Some(Slot::Local(n)) => *n += len,
            _ => self.slots.push_back(Slot::Local(len)),
        }
        result
    }

    /// A reply of `shard` arrived: it and all that waited only for it move to `out`.
    pub fn arrived(&mut self, shard: usize, bytes: &[u8], out: &mut Vec<u8>) {
        let Some(number) = self.due.get_mut(shard).and_then(VecDeque::pop_front) else { return };
        self.open = self.open.saturating_sub(1);
        let index = usize::try_from(number.wrapping_sub(self.first)).unwrap_or(usize::MAX);
        let Some(Slot::Remote { reply, mute }) = self.slots.get_mut(index) else { return };
        let bytes = if *mute { &[][..] } else { bytes };
        if index == 0 {
            self.pop();
            out.extend_from_slice(bytes);
            return self.drain(out);
        }
        *reply = Some(bytes.to_vec());
        self.arrived_bytes += bytes.len();
    }

    fn pop(&mut self) -> Option<Slot> {
        self.first = self.first.wrapping_add(1);
        self.slots.pop_front()
    }

    fn drain(&mut self, out: &mut Vec<u8>) {
        while let Some(slot) = self.slots.front() {
            match slot {
                Slot::Remote { reply: None, .. } => break,
                Slot::Remote { reply: Some(bytes), .. } => {
                    out.extend_from_slice(bytes);
                    self.arrived_bytes -= bytes.len();
                }
                Slot::Local(len) => {
                    let end = self.moved + len;
                    out.extend_from_slice(self.later.get(self.moved..end).unwrap_or_default());
                    self.moved = end;
                }
            }
            self.pop();
        }
        // Moving what is left to the front pays when at least as much has moved on.
        if self.moved == self.later.len() {
            self.later.clear();
            self.later.shrink_to(KEPT_BYTES);
            self.moved = 0;
        } else if self.moved > self.later.len() / 2 {
            self.later.drain(..self.moved);
            self.moved = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_leave_in_the_order_of_their_requests() {
        let (mut order, mut out) = (Order::default(), Vec::new());
        order.expect(2, false);
        order.local(|o| o.extend_from_slice(b"a"));
        order.expect(1, false);
        order.local(|o| o.extend_from_slice(b"b"));
        order.local(|o| o.extend_from_slice(b"c"));
        order.expect(2, false);
        order.arrived(1, b"1", &mut out);
        assert_eq!(out, b"");
        order.arrived(2, b"2", &mut out);
        assert_eq!(out, b"2a1bc");
        assert_eq!(order.open(), 1);
        order.arrived(2, b"3", &mut out);
        assert_eq!(out, b"2a1bc3");
        assert!(order.is_empty());
    }

    #[test]
    fn a_muted_reply_takes_its_place_but_no_bytes() {
        let (mut order, mut out) = (Order::default(), Vec::new());
        order.expect(1, true);
        order.expect(2, false);
        order.expect(1, true);
        order.arrived(2, b"x", &mut out);
        order.arrived(1, b"muted", &mut out);
        order.arrived(1, b"muted", &mut out);
        assert_eq!(out, b"x");
        assert!(order.is_empty());
    }

    /// A pipeline over several shards once took a second per hundred thousand requests: each reply was searched its slot
    /// from the front, and each that moved on moved all bytes behind it.
    #[test]
    fn a_long_pipeline_costs_what_its_replies_cost() {
        const REQUESTS: usize = 300_000;
        let (mut order, mut out) = (Order::default(), Vec::new());
        for i in 0..REQUESTS {
            match i % 3 {
                2 => order.local(|o| o.extend_from_slice(b"+LOCAL\r\n")),
                shard => order.expect(shard + 1, false),
            }
        }
        let start = std::time::Instant::now();
        // The second shard answers first: all its replies wait behind the first shard's.
        for shard in [2, 1] {
            for _ in 0..REQUESTS / 3 {
                order.arrived(shard, &[b'0' + u8::try_from(shard).unwrap_or(0)], &mut out);
            }
        }
        assert!(order.is_empty() && order.open() == 0 && order.bytes() == 0);
        assert_eq!(out, b"12+LOCAL\r\n".repeat(REQUESTS / 3));
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn bytes_that_wait_are_counted_wherever_they_are() {
        let (mut order, mut out) = (Order::default(), Vec::new());
        order.expect(0, false);
        order.expect(1, false);
        order.local(|o| o.extend_from_slice(b"abc"));
        order.arrived(1, b"12345", &mut out);
        assert_eq!(order.bytes(), 8);
        order.arrived(0, b"x", &mut out);
        assert_eq!((order.bytes(), out.len()), (0, 9));
    }
}
