//! The end of a simulated connection that a test holds, as the client or as the server that a driver connected to.

use super::World;

/// A client. Not reading is simply not calling [`SimClient::receive`]: the server's sends then fill the window and wait.
/// Dropped, it closes.
pub struct SimClient {
    world: World,
    conn: usize,
}

impl SimClient {
    pub(super) fn new(world: World, conn: usize) -> SimClient {
        SimClient { world, conn }
    }

    /// The connection's number, unique in its world.
    pub fn number(&self) -> usize {
        self.conn
    }

    /// Sends bytes; they arrive in pieces, in order.
    pub fn send(&self, bytes: &[u8]) {
        self.world.lock().with_pipe(self.conn, |pipe, air| pipe.client_send(bytes, air));
    }

    /// Takes what has arrived.
    pub fn receive(&self) -> Vec<u8> {
        let mut state = self.world.lock();
        let bytes =
            state.with_pipe(self.conn, |pipe, air| pipe.client_receives(usize::MAX, air)).unwrap_or_default();
        if !bytes.is_empty() {
            state.note(u64::MAX ^ self.conn as u64, &bytes);
        }
        bytes
    }

    /// Whether the connection is over and everything that came before its end was received.
    pub fn is_over(&self) -> bool {
        let mut state = self.world.lock();
        state.with_pipe(self.conn, |pipe, air| pipe.client_sees_end(air.now_ns)).unwrap_or(true)
    }

    /// Sends no more, but receives on.
    pub fn half_close(&self) {
        self.world.lock().with_pipe(self.conn, |pipe, air| pipe.client_shuts(air));
    }

    /// Closes: what was sent arrives, what comes back finds nobody.
    pub fn close(&self) {
        self.world.lock().with_pipe(self.conn, |pipe, air| pipe.client_closes(air));
    }

    /// Breaks off: what the server has not read yet is lost.
    pub fn reset(&self) {
        self.world.lock().with_pipe(self.conn, |pipe, air| pipe.client_resets(air));
    }
}

impl Drop for SimClient {
    fn drop(&mut self) {
        self.close();
    }
}
