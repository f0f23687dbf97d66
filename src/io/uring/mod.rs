//! The real driver: one io_uring per shard, and one for the log thread.
//!
//! SINGLE_ISSUER and DEFER_TASKRUN: completions are made when the thread enters the kernel, never in between. Accept and
//! receive are multishot; received bytes lie in provided buffers; one send per socket and turn. A wake from another
//! ring is a ring message, submitted with whatever else its thread submits (no system call of its own); from foreign
//! threads it is an event descriptor. Writes and syncs of files are done by the kernel's workers (`files`).
//! `docs/shard-loop.md` has the measurements.
//!
//! Invariant: what the kernel may still touch stays alive. A socket's slot (descriptor, send buffer, address) is freed
//! only when neither a receive nor a send nor a connect is in flight on it, closed or not; a file's slot (descriptor,
//! buffers) when neither a write nor a sync is. A driver that is dropped waits for them, and leaks what does not end.

mod buffers;
mod files;
mod sockets;
pub mod sys;
#[cfg(test)]
mod tests;

use super::wake::Wakes;
use super::{Driver, Event, Sock, Time, Wait};
use crate::base::clock;
use buffers::Buffers;
pub use buffers::RecvBuf;
use bytes::Bytes;
use files::FileSlot;
use io_uring::{IoUring, cqueue, opcode, squeue, types};
use slab::Slab;
use socket2::Socket;
use sockets::{Outgoing, Slot};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SUBMISSIONS: u32 = 1024;
const COMPLETIONS: u32 = 8192;

/// Kind of operation, in the upper byte of a completion's user data; the lower 32 bits are an index.
const ACCEPT: u64 = 1;
const RECV: u64 = 2;
const SEND: u64 = 3;
const EVENT: u64 = 4;
const MESSAGE: u64 = 5;
const CANCEL: u64 = 6;
const CONNECT: u64 = 7;
const WRITE: u64 = 8;
const SYNC: u64 = 9;
const CLOSE: u64 = 10;

/// How long a driver that is dropped waits for what is in flight: cancelled sockets end at once, disks may take a while.
const PARTING: Duration = Duration::from_secs(10);

/// What a turn reports.
type Events = Vec<Event<RecvBuf, OwnedFd>>;

fn sock_of(index: usize) -> Sock {
    Sock(u32::try_from(index).unwrap_or(u32::MAX))
}

fn tag(kind: u64, index: usize) -> u64 {
    kind << 56 | index as u64
}

/// How shards wake each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WakeBy {
    /// A message from ring to ring (MSG_RING).
    RingMessage,
    /// A write to the sleeper's event descriptor.
    EventFd,
}

/// One thread's ring.
pub struct Uring {
    ring: IoUring,
    buffers: Rc<Buffers>,
    sockets: Slab<Slot>,
    listeners: Vec<Option<Socket>>,
    /// Sockets whose receive ended for lack of buffers; armed again next turn.
    starved: Vec<usize>,
    /// Listeners whose multishot accept ended; armed again next turn.
    deaf: Vec<usize>,
    /// Sockets that the kernel is done with, closed or given out; freed next turn.
    finished: Vec<usize>,
    /// Sockets that the kernel is done with, to be given out.
    released: Vec<usize>,
    /// Connects that failed before the kernel was asked.
    unconnected: Vec<(usize, io::Error)>,
    files: Slab<FileSlot>,
    /// Closed files on which nothing is left to do; freed next turn.
    finished_files: Vec<usize>,
    wakes: Arc<Wakes>,
    shard: usize,
    wake_by: WakeBy,
    event_armed: bool,
}

/// Why a shard got no ring.
#[derive(thiserror::Error, Debug)]
pub enum RingError {
    /// The kernel or a sandbox refuses io_uring.
    #[error(
        "io_uring is refused here ({0}): allow it (sysctl kernel.io_uring_disabled=0; in a container, a seccomp profile with io_uring_setup, io_uring_enter and io_uring_register) and use Linux 6.1 or later"
    )]
    Refused(io::Error),
    /// Too little memory may be locked.
    #[error(
        "io_uring cannot lock its memory ({0}): raise the limit of locked memory (ulimit -l, LimitMEMLOCK=) to at least 8 MiB"
    )]
    Memlock(io::Error),
    /// A feature is missing.
    #[error("this kernel's io_uring lacks {what} ({error}): use Linux 6.1 or later")]
    Missing {
        /// The feature.
        what: &'static str,
        /// What the kernel answered.
        error: io::Error,
    },
}

impl Uring {
    /// The ring of `shard` (the log thread's number is the number of shards); to be called on its own thread.
    ///
    /// # Errors
    /// See [`RingError`].
    pub fn new(shard: usize, wakes: Arc<Wakes>, wake_by: WakeBy) -> Result<Uring, RingError> {
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_submit_all()
            .setup_cqsize(COMPLETIONS)
            .dontfork()
            .build(SUBMISSIONS)
            .map_err(|error| match error.raw_os_error() {
                Some(libc::ENOMEM) => RingError::Memlock(error),
                Some(libc::EINVAL) => RingError::Missing { what: "SINGLE_ISSUER and DEFER_TASKRUN", error },
                _ => RingError::Refused(error),
            })?;
        // Saves a descriptor look-up per entry; without it (before 5.18) everything works the same.
        let _ = ring.submitter().register_ring_fd();
        let buffers = Buffers::register(&ring).map_err(|error| match error.raw_os_error() {
            Some(libc::ENOMEM) => RingError::Memlock(error),
            _ => RingError::Missing { what: "provided buffer rings", error },
        })?;
        wakes.set_ring(shard, ring.as_raw_fd());
        let mut uring = Uring {
            ring,
            buffers,
            sockets: Slab::new(),
            listeners: Vec::new(),
            starved: Vec::new(),
            deaf: Vec::new(),
            finished: Vec::new(),
            released: Vec::new(),
            unconnected: Vec::new(),
            files: Slab::new(),
            finished_files: Vec::new(),
            wakes,
            shard,
            wake_by,
            event_armed: false,
        };
        uring.arm_event();
        Ok(uring)
    }

    /// Queues an operation.
    ///
    /// Everything the entry points to must live until its completion; callers keep it in `self`.
    fn push(&mut self, entry: &squeue::Entry) {
        // SAFETY: descriptors and buffers of entries built in this room are owned by `self.sockets`, `self.files`,
        // `self.listeners` or `self.wakes` until the operation has completed.
        while unsafe { self.ring.submission().push(entry) }.is_err() {
            // The queue is full: hand it over. An error here returns in the turn that follows.
            if self.ring.submit().is_err() {
                std::thread::yield_now();
            }
        }
    }

    fn arm_event(&mut self) {
        if let Some(fd) = self.wakes.event_fd(self.shard) {
            let entry = opcode::PollAdd::new(types::Fd(fd), libc::POLLIN as u32)
                .multi(true)
                .build()
                .user_data(tag(EVENT, 0));
            self.push(&entry);
            self.event_armed = true;
        }
    }

    fn arm_accept(&mut self, index: usize) {
        if let Some(Some(listener)) = self.listeners.get(index) {
            let entry = opcode::AcceptMulti::new(types::Fd(listener.as_raw_fd()))
                .flags(libc::SOCK_CLOEXEC)
                .build()
                .user_data(tag(ACCEPT, index));
            self.push(&entry);
        }
    }

    fn rearm(&mut self) {
        for index in std::mem::take(&mut self.finished) {
            self.sockets.try_remove(index);
        }
        self.free_files();
        if !self.event_armed {
            self.arm_event();
        }
        for index in std::mem::take(&mut self.starved) {
            self.arm_recv(index);
        }
        for index in std::mem::take(&mut self.deaf) {
            self.arm_accept(index);
        }
    }

    fn enter(&mut self, wait: Wait) -> io::Result<()> {
        let result = match wait {
            Wait::Never => {
                let to_submit = u32::try_from(self.ring.submission().len()).unwrap_or(u32::MAX);
                const GETEVENTS: u32 = 1;
                // SAFETY: no argument is passed.
                unsafe { self.ring.submitter().enter::<libc::sigset_t>(to_submit, 0, GETEVENTS, None) }
            }
            Wait::AtMost(time) => {
                let ts = types::Timespec::new().sec(time.as_secs()).nsec(time.subsec_nanos());
                self.ring.submitter().submit_with_args(1, &types::SubmitArgs::new().timespec(&ts))
            }
        };
        match result {
            Ok(_) => Ok(()),
            Err(e) => match e.raw_os_error() {
                // Time is up; a signal; completions must be taken first: all are no failures.
                Some(libc::ETIME | libc::EINTR | libc::EBUSY | libc::EAGAIN) => Ok(()),
                _ => Err(e),
            },
        }
    }

    fn reap(&mut self, events: &mut Events) {
        loop {
            let next = self.ring.completion().next();
            let Some(done) = next else { return };
            let index = (done.user_data() & 0xffff_ffff) as usize;
            match done.user_data() >> 56 {
                RECV => self.received(index, &done, events),
                SEND => self.sent(index, done.result(), events),
                CONNECT => self.connected(index, done.result(), events),
                WRITE => self.written(index, done.result(), events),
                SYNC => self.synced(index, done.result(), events),
                ACCEPT => self.accepted(index, &done, events),
                EVENT => self.event_armed = cqueue::more(done.flags()),
                _ => {}
            }
        }
    }

    fn accepted(&mut self, index: usize, done: &cqueue::Entry, events: &mut Events) {
        if done.result() >= 0 {
            // SAFETY: the kernel has just made this descriptor for us.
            let socket = unsafe { sys::own(done.result() as RawFd) };
            if self.listeners.get(index).is_some_and(Option::is_some) {
                events.push(Event::Accepted { listener: index, socket });
            }
        } else if done.result() != -libc::ECANCELED {
            let error = io::Error::from_raw_os_error(-done.result());
            events.push(Event::AcceptFailed { listener: index, error });
        }
        if !cqueue::more(done.flags()) && self.listeners.get(index).is_some_and(Option::is_some) {
            self.deaf.push(index);
        }
    }
}

impl Driver for Uring {
    type Buf = RecvBuf;
    type Socket = OwnedFd;
    type Listener = Socket;

    fn time(&self) -> Time {
        Time { unix_ms: clock::now_ms(), mono_ns: clock::ticks_to_ns(clock::ticks()) }
    }

    fn listen(&mut self, listener: Socket) -> usize {
        self.listeners.push(Some(listener));
        let index = self.listeners.len() - 1;
        self.arm_accept(index);
        index
    }

    fn unlisten(&mut self) {
        for index in 0..self.listeners.len() {
            if self.listeners.get_mut(index).and_then(Option::take).is_some() {
                let entry = opcode::AsyncCancel::new(tag(ACCEPT, index)).build().user_data(tag(CANCEL, 0));
                self.push(&entry);
            }
        }
    }

    fn adopt(&mut self, socket: OwnedFd) -> Sock {
        self.insert_socket(socket)
    }

    fn hear(&mut self, sock: Sock, on: bool) {
        self.set_hearing(sock, on);
    }

    fn send(&mut self, sock: Sock, buffer: Vec<u8>) {
        self.begin_send(sock, Outgoing::Owned(buffer));
    }

    fn send_shared(&mut self, sock: Sock, bytes: Bytes) {
        self.begin_send(sock, Outgoing::Shared(bytes));
    }

    fn connect(&mut self, to: SocketAddr, from: Option<IpAddr>, keepalive_s: u64) -> Sock {
        self.begin_connect(to, from, keepalive_s)
    }

    fn release(&mut self, sock: Sock) {
        self.begin_release(sock);
    }

    fn close(&mut self, sock: Sock) {
        self.begin_close(sock);
    }

    fn wake(&mut self, shard: usize) {
        if !self.wakes.claim(shard) {
            return;
        }
        match (self.wake_by, self.wakes.ring_fd(shard)) {
            (WakeBy::RingMessage, Some(ring)) => {
                let entry = opcode::MsgRingData::new(types::Fd(ring), 0, tag(MESSAGE, 0), None)
                    .build()
                    .flags(squeue::Flags::SKIP_SUCCESS)
                    .user_data(tag(MESSAGE, 0));
                self.push(&entry);
            }
            _ => self.wakes.signal(shard),
        }
    }

    fn turn(&mut self, wait: Wait, events: &mut Events) -> io::Result<()> {
        self.rearm();
        let has_news = !self.released.is_empty() || !self.unconnected.is_empty();
        self.enter(if has_news { Wait::Never } else { wait })?;
        self.reap(events);
        self.report_without_kernel(events);
        Ok(())
    }
}

impl Drop for Uring {
    fn drop(&mut self) {
        self.wakes.unset_ring(self.shard);
        let (begin, mut events) = (Instant::now(), Events::new());
        let in_flight = |uring: &Uring| {
            uring.sockets.iter().any(|(_, s)| !s.is_idle()) || uring.files.iter().any(|(_, f)| f.in_flight())
        };
        while in_flight(self) && begin.elapsed() < PARTING {
            // Anew each time: a send that was cut short has been taken up again. What was queued on a file behind the
            // operation in flight begins here and ends as well.
            self.cancel_sockets();
            let entered = self.enter(Wait::AtMost(Duration::from_millis(100)));
            self.reap(&mut events);
            events.clear();
            if entered.is_err() {
                break;
            }
        }
        if in_flight(self) {
            std::mem::forget((std::mem::take(&mut self.sockets), std::mem::take(&mut self.files)));
        }
    }
}
