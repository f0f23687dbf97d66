//! Sends that wait until the append-only file is on disk (`appendfsync always`): Redis writes it before it replies
//! (server.c `beforeSleep`).
//!
//! A send waits for everything that any shard had published when it was due: it may tell of it, whether it answers a write
//! or a read. Stamps grow, so sends leave in the order in which they came. Meanwhile the connection counts as busy: what
//! else it is to be sent gathers behind.

use super::{Connection, Driver, Shard};
use std::collections::VecDeque;

/// One send.
struct Held {
    key: usize,
    /// The client, since another may take its place meanwhile.
    client: u64,
    /// Released when this stamp is.
    stamp: u64,
    buffer: Vec<u8>,
}

/// Sends that wait, oldest first.
#[derive(Default)]
pub(super) struct HeldSends(VecDeque<Held>);

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Sends `buffer` on a connection that is not busy, as soon as it may be.
    #[inline]
    pub(super) fn send(&mut self, key: usize, buffer: Vec<u8>) {
        let Some(conn) = self.conns.get_mut(key) else { return };
        conn.sending = buffer.len();
        conn.sending_room = buffer.capacity();
        conn.busy = true;
        match self.server.appending.hold_until() {
            None => self.driver.send(conn.sock, buffer),
            Some(stamp) => {
                let client = conn.info.id;
                self.held.0.push_back(Held { key, client, stamp, buffer });
            }
        }
    }

    /// Sends what may be sent by now.
    pub(super) fn release_held(&mut self) {
        if self.held.0.is_empty() {
            return;
        }
        self.server.appending.wait(self.id);
        while let Some(held) = self.held.0.front()
            && self.server.appending.is_released(held.stamp)
            && let Some(Held { key, client, buffer, .. }) = self.held.0.pop_front()
        {
            match self.conns.get(key) {
                Some(conn) if conn.info.id == client => self.driver.send(conn.sock, buffer),
                _ => {}
            }
        }
    }
}
