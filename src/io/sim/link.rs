//! Connections that drivers make: to a listener of the same world, to a test that plays the server, or to nobody.
//!
//! ```text
//!   driver A ◄─ pipe p ─► relay ◄─ pipe q ─► driver B        a link between two drivers
//!   driver A ◄─ pipe p ─► SimClient of a test                a service
//! ```
//!
//! Each driver holds the server's end of its pipe. The relay moves what has arrived at the other end of one pipe into the
//! other, as far as the window there reaches, and passes on that one side has closed.

use super::pipe::{Calling, Pipe};
use super::{SimClient, SimListener, State, World};
use std::io;
use std::net::SocketAddr;

/// Who answers at an address. Addresses that nobody was set for refuse.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peer {
    /// Whoever accepts on a listener.
    Listener(SimListener),
    /// A test, see [`World::answer`].
    Test,
    /// Nobody ever: the machine is gone.
    Silent,
}

impl World {
    /// Sets who answers connects of drivers to `address`; None refuses them.
    pub fn set_peer(&self, address: SocketAddr, peer: Option<Peer>) {
        let mut state = self.lock();
        state.peers.retain(|p| p.0 != address);
        state.peers.extend(peer.map(|peer| (address, peer)));
    }

    /// The next connection that a driver made to `address`, where the test answers, if one has arrived.
    pub fn answer(&self, address: SocketAddr) -> Option<SimClient> {
        let mut state = self.lock();
        let now = state.now_ns;
        let at = state.calls.iter().position(|c| c.0 == address && c.2 <= now)?;
        let (_, conn, _) = state.calls.remove(at);
        drop(state);
        Some(SimClient::new(self.clone(), conn))
    }

    /// Breaks all links between drivers, as a net that goes down and comes up again: both ends see a reset.
    pub fn cut_links(&self) {
        let mut state = self.lock();
        for (a, b) in std::mem::take(&mut state.links) {
            for conn in [a, b] {
                state.with_pipe(conn, |pipe, air| pipe.client_resets(air));
            }
        }
    }
}

impl State {
    /// A driver connects; returns its connection.
    pub(super) fn call(&mut self, to: SocketAddr) -> usize {
        let peer = self.peers.iter().find(|p| p.0 == to).map(|p| p.1);
        let due = self.soon();
        let unlucky = self.weather.connect_error_in > 0 && self.rng.one_in(self.weather.connect_error_in);
        let calling = match peer {
            Some(Peer::Silent) => Calling { due: None, error: None },
            _ if unlucky => Calling { due: Some(due), error: Some(io::ErrorKind::TimedOut) },
            None => Calling { due: Some(due), error: Some(io::ErrorKind::ConnectionRefused) },
            Some(Peer::Listener(_) | Peer::Test) => Calling { due: Some(due), error: None },
        };
        let succeeds = calling.error.is_none();
        self.pipes.push(Pipe::called(calling));
        let conn = self.pipes.len() - 1;
        match peer {
            Some(Peer::Listener(listener)) if succeeds => {
                self.pipes.push(Pipe::new());
                self.knocking.push((listener.0, conn + 1, due));
                self.links.push((conn, conn + 1));
            }
            Some(Peer::Test) if succeeds => self.calls.push((to, conn, due)),
            _ => {}
        }
        conn
    }

    /// Moves what has arrived between the two pipes of each link.
    pub(super) fn relay(&mut self) {
        let mut links = std::mem::take(&mut self.links);
        links.retain(|&(a, b)| self.relay_from(a, b) & self.relay_from(b, a));
        self.links = links;
    }

    /// Says whether the link is still up in this direction.
    fn relay_from(&mut self, from: usize, to: usize) -> bool {
        let unread = self.pipes.get(to).map_or(0, Pipe::unread_by_server);
        let room = self.weather.window_bytes.saturating_sub(unread);
        let bytes = self.with_pipe(from, |pipe, air| pipe.client_receives(room, air)).unwrap_or_default();
        let over = self.with_pipe(from, |pipe, air| pipe.client_sees_end(air.now_ns)).unwrap_or(true);
        self.with_pipe(to, |pipe, air| {
            pipe.client_send(&bytes, air);
            if over {
                pipe.client_closes(air);
            }
        });
        !over
    }
}
