//! L0: the only user of io-uring and glommio: the shard driver, its simulated twin, wakes between threads.
//!
//! The loops of shards and of the log thread see the world through [`Driver`]: time, listeners, sockets, wakes; the log
//! thread through [`Files`] as well. `uring::Uring` is the real one of both; `sim::SimDriver` runs the same loops in a
//! test with simulated time, sockets and disk.

pub mod core;
pub mod files;
pub mod net;
mod queue;
pub mod sim;
pub mod uring;
pub mod wake;

use bytes::Bytes;
pub use files::{FileEvent, FileId, Files, Open};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A socket as its driver knows it; valid until [`Driver::close`] or `Event::Released`.
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
    /// A send of shared bytes is over; the next may begin.
    SentShared {
        /// On this socket.
        sock: Sock,
        /// Bytes sent; fewer than were handed in only on error.
        result: io::Result<usize>,
    },
    /// What [`Driver::connect`] began is over. Receiving has begun, or the socket is still to be closed.
    Connected {
        /// This socket.
        sock: Sock,
        /// Why it failed.
        result: io::Result<()>,
    },
    /// What [`Driver::release`] asked for: nothing is in flight on the socket any more, and no event names it again.
    Released {
        /// What it was.
        sock: Sock,
        /// The open socket, for another driver to adopt.
        socket: S,
    },
    /// Something happened to a file.
    File(FileEvent),
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

/// What a loop needs of the outside. All calls come from the loop's own thread.
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
    /// Sends all of `bytes` without a copy, as [`Driver::send`] does; `SentShared` tells of its end.
    fn send_shared(&mut self, sock: Sock, bytes: Bytes);
    /// Connects to `to`, from the address `from` if given (`bind-source-addr`), with TCP_NODELAY and with keepalive probes
    /// every so many seconds (0: none). `Connected` tells how it went, whatever fails; until then nothing may be sent. To give
    /// up waiting, close it.
    fn connect(&mut self, to: SocketAddr, from: Option<IpAddr>, keepalive_s: u64) -> Sock;
    /// Stops receiving on a socket for good and gives it out, open, with `Released`, when neither a receive nor a send is
    /// in flight. What arrives before comes as `Received` as ever, and the peer's end as `Ended` (the next driver sees it
    /// again); what arrives later stays in the socket for the next driver. No send may begin meanwhile.
    fn release(&mut self, sock: Sock);
    /// Ends a socket. No event names it afterwards.
    fn close(&mut self, sock: Sock);
    /// Wakes the driver with this number (shards from 0, the log thread behind them) if it may be asleep; takes effect at
    /// the latest in the next turn.
    fn wake(&mut self, shard: usize);
    /// Submits what was asked for, waits as told, and appends what happened to `events`.
    ///
    /// # Errors
    /// The ring itself failed: the shard cannot go on.
    fn turn(&mut self, wait: Wait, events: &mut Vec<Event<Self::Buf, Self::Socket>>) -> io::Result<()>;
}
