//! Connections that leave their shard: whoever asks for the replication stream belongs to the log core from then on.
//!
//! ```text
//!  PSYNC ─► Session::attach ─► hold, Driver::release ─► Released ─► HandOver ─► log core adopts the socket
//! ```
//!
//! What arrived behind the request goes along, unread. The client keeps its id; its entry in the registry is replaced by
//! one that names the log core as the owner.
//!
//! | field | who writes | who reads | when |
//! |---|---|---|---|
//! | `Handovers::list`, `filled` | shards | the log core | per connection, under the lock |

use super::conn::Hold;
use super::{Connection, Driver, Shard};
use crate::command::session::Attach;
use crate::io::Sock;
use crate::observe::ClientInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A connection on its way to the log core.
pub struct HandOver<S> {
    /// Its socket.
    pub socket: S,
    /// What others saw of it.
    pub info: Arc<ClientInfo>,
    /// What it asks for.
    pub attach: Attach,
    /// What arrived behind that.
    pub rest: Vec<u8>,
}

/// Connections on their way to the log core.
pub struct Handovers<S> {
    filled: AtomicBool,
    list: Mutex<Vec<HandOver<S>>>,
}

impl<S> Default for Handovers<S> {
    fn default() -> Handovers<S> {
        Handovers { filled: AtomicBool::new(false), list: Mutex::default() }
    }
}

impl<S> Handovers<S> {
    /// Whether there are any.
    pub fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Acquire)
    }

    /// Takes them, oldest first.
    pub fn take(&self) -> Vec<HandOver<S>> {
        if !self.is_filled() {
            return Vec::new();
        }
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        self.filled.store(false, Ordering::Release);
        std::mem::take(&mut *list)
    }

    fn put(&self, hand_over: HandOver<S>) {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).push(hand_over);
        self.filled.store(true, Ordering::Release);
    }
}

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// What the command that ran asks of others: `Some` if the connection waits for that or leaves.
    pub(super) fn departs(&mut self, key: usize) -> Option<Hold> {
        let conn = self.conns.get_mut(key)?;
        let session = conn.session.as_deref_mut()?;
        if let Some(request) = session.asks.take() {
            let mute = session.is_mute();
            // Before the log core looks: WAIT is about what ran before it.
            self.publish_journal();
            self.server.ask_log(*request);
            return Some(Hold::Away { mute });
        }
        let attach = session.attach.take()?;
        conn.leaving = Some(attach);
        self.driver.release(conn.sock);
        Some(Hold::Leaving)
    }

    /// The socket of a connection that leaves is free.
    pub(super) fn released(&mut self, sock: Sock, socket: D::Socket) {
        let Some(key) = self.key_of(sock) else { return };
        let Some(mut conn) = self.take_out(key) else { return };
        let Some(attach) = conn.leaving.take() else { return };
        let (bytes, at) = conn.inbuf.take();
        let rest = bytes.get(at..).unwrap_or_default().to_vec();
        self.handovers.put(HandOver { socket, info: conn.info, attach: *attach, rest });
        self.server.wake(self.server.log_core());
    }
}
