//! L0: the only user of io-uring and glommio: the shard driver, its simulated twin, wakes between threads.
//!
//! A shard's loop sees the world through [`Driver`]: time, listeners, sockets, wakes. `uring::Uring` is the real one;
//! `sim::Sim` runs the same loop in a test with simulated time and sockets.

pub mod core;
pub mod net;
pub mod sim;
pub mod uring;
pub mod wake;

use std::io;
use std::time::Duration;

/// A connected socket as its driver knows it; valid until [`Driver::close`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Sock(pub u32);

/// What happened since the last turn.
#[derive(Debug)]
pub enum Event<B, S> {
    /// A connection came in on a listener.
    Accepted {
        /// Index that [`Driver::listen`] gave.
        listener: usize,
        /// The socket, not yet read from: see [`Driver::adopt`].
        socket: S,
    },
    /// Accepting failed (out of descriptors, for instance); the listener stays open.
    AcceptFailed {
        /// Index that [`Driver::listen`] gave.
        listener: usize,
        /// Why.
        error: io::Error,
    },
    /// Bytes arrived.
    Received {
        /// On this socket.
        sock: Sock,
        /// The bytes; the buffer goes back to the driver when dropped.
        data: B,
    },
    /// The peer closed, or receiving failed. Nothing more will be received; the socket is still to be closed.
    Ended {
        /// This socket.
        sock: Sock,
        /// Why, if it was not an orderly close.
        error: Option<io::Error>,
    },
    /// A send is over; the next may begin.
    Sent {
        /// On this socket.
        sock: Sock,
        /// The buffer that was handed in.
        buffer: Vec<u8>,
        /// Bytes sent; fewer than the buffer's length only on error.
        result: io::Result<usize>,
    },
}

/// Time as a driver tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// Unix time in milliseconds.
    pub unix_ms: i64,
    /// Nanoseconds of a clock that never goes back.
    pub mono_ns: u64,
}

/// How long a turn may wait for something to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    Never,
    /// At most so long.
    AtMost(Duration),
}

/// What a shard's loop needs of the outside. All calls come from the shard's thread.
pub trait Driver {
    /// Received bytes.
    type Buf: AsRef<[u8]>;
    /// A connected socket that no driver has adopted yet; it may go to another shard.
    type Socket: Send + 'static;
    /// A listening socket.
    type Listener;

    /// The time now.
    fn time(&self) -> Time;
    /// Starts accepting on a listener; its index is named in `Accepted`.
    fn listen(&mut self, listener: Self::Listener) -> usize;
    /// Stops accepting on all listeners and closes them.
    fn unlisten(&mut self);
    /// Starts receiving on a socket.
    fn adopt(&mut self, socket: Self::Socket) -> Sock;
    /// Stops receiving on a socket, or goes on. What is already on its way still arrives, and the peer's end is seen only
    /// when receiving goes on: the peer is slowed down by TCP's own window.
    fn hear(&mut self, sock: Sock, on: bool);
    /// Sends the whole buffer. One send per socket at a time: the next after `Sent`.
    fn send(&mut self, sock: Sock, buffer: Vec<u8>);
    /// Ends a socket. No event names it afterwards.
    fn close(&mut self, sock: Sock);
    /// Wakes another shard's driver if it may be asleep; takes effect at the latest in the next turn.
    fn wake(&mut self, shard: usize);
    /// Submits what was asked for, waits as told, and appends what happened to `events`.
    ///
    /// # Errors
    /// The ring itself failed: the shard cannot go on.
    fn turn(&mut self, wait: Wait, events: &mut Vec<Event<Self::Buf, Self::Socket>>) -> io::Result<()>;
}
