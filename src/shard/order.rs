//! The order of replies on one connection while some of them are made on other shards.
//!
//! ```text
//!   slots:  [ remote(2) | local 14 B | remote(1) ✔ 7 B | local 5 B ]     oldest first
//!   later:  [ 14 B of local reply ……… | 5 B ]                            replies made here, waiting for their turn
//! ```
//!
//! Replies of one shard come back in the order in which the requests went there, so a reply belongs to the oldest
//! open slot of its shard. Whatever is complete at the front moves to the connection's output.

use std::collections::VecDeque;

enum Slot {
    /// Made on this shard; `None` until it arrives.
    Remote { shard: usize, reply: Option<Vec<u8>>, mute: bool },
    /// That many bytes of `later`.
    Local(usize),
}

/// Replies of one connection that are still to come, or wait behind one that is.
#[derive(Default)]
pub struct Order {
    slots: VecDeque<Slot>,
    later: Vec<u8>,
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

    /// Bytes held back.
    pub fn bytes(&self) -> usize {
        self.later.len()
    }

    /// A request went to `shard`. `mute`: the client does not want the reply (CLIENT REPLY).
    pub fn expect(&mut self, shard: usize, mute: bool) {
        self.open += 1;
        self.slots.push_back(Slot::Remote { shard, reply: None, mute });
    }

    /// Writes a local reply behind the outstanding ones.
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
        self.open = self.open.saturating_sub(1);
        if matches!(self.slots.front(), Some(Slot::Remote { shard: s, .. }) if *s == shard) {
            if let Some(Slot::Remote { mute: false, .. }) = self.slots.pop_front() {
                out.extend_from_slice(bytes);
            }
            return self.drain(out);
        }
        for slot in &mut self.slots {
            if let Slot::Remote { shard: s, reply: reply @ None, mute } = slot
                && *s == shard
            {
                *reply = Some(if *mute { Vec::new() } else { bytes.to_vec() });
                return;
            }
        }
    }

    fn drain(&mut self, out: &mut Vec<u8>) {
        let mut used = 0;
        while let Some(slot) = self.slots.front() {
            match slot {
                Slot::Remote { reply: None, .. } => break,
                Slot::Remote { reply: Some(bytes), .. } => out.extend_from_slice(bytes),
                Slot::Local(len) => {
                    out.extend_from_slice(self.later.get(used..used + len).unwrap_or_default());
                    used += len;
                }
            }
            self.slots.pop_front();
        }
        self.later.drain(..used);
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
}
