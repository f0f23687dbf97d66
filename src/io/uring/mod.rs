//! The real driver: one io_uring per shard.
//!
//! SINGLE_ISSUER and DEFER_TASKRUN: completions are made when the shard enters the kernel, never in between. Accept and
//! receive are multishot; received bytes lie in provided buffers; one send per socket and turn. A wake from another
//! shard is a ring message, submitted with whatever else that shard submits (no system call of its own); from foreign
//! threads it is an event descriptor. `docs/shard-loop.md` has the measurements.
//!
//! Invariant: what the kernel may still touch stays alive. A socket's slot (descriptor, send buffer) is freed only when
//! neither a receive nor a send is in flight on it, closed or not.

mod buffers;
pub mod sys;

use super::wake::Wakes;
use super::{Driver, Event, Sock, Time, Wait};
use crate::base::clock;
use buffers::Buffers;
pub use buffers::RecvBuf;
use io_uring::{IoUring, cqueue, opcode, squeue, types};
use slab::Slab;
use socket2::Socket;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::sync::Arc;

const SUBMISSIONS: u32 = 1024;
const COMPLETIONS: u32 = 8192;

/// Kind of operation, in the upper byte of a completion's user data; the lower 32 bits are an index.
const ACCEPT: u64 = 1;
const RECV: u64 = 2;
const SEND: u64 = 3;
const EVENT: u64 = 4;
const MESSAGE: u64 = 5;
const CANCEL: u64 = 6;

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

struct Slot {
    fd: OwnedFd,
    receiving: bool,
    sending: Option<Vec<u8>>,
    sent: usize,
    closing: bool,
    finished: bool,
    /// Receiving was stopped by `hear`.
    deaf: bool,
}

/// One shard's ring.
pub struct Uring {
    ring: IoUring,
    buffers: Rc<Buffers>,
    sockets: Slab<Slot>,
    listeners: Vec<Option<Socket>>,
    /// Sockets whose receive ended for lack of buffers; armed again next turn.
    starved: Vec<usize>,
    /// Listeners whose multishot accept ended; armed again next turn.
    deaf: Vec<usize>,
    /// Closed sockets that the kernel is done with; freed next turn.
    finished: Vec<usize>,
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
    /// The ring of `shard`; to be called on the shard's own thread.
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
        // SAFETY: descriptors and buffers of entries built in this file are owned by `self.sockets`, `self.listeners`
        // or `self.wakes` until the operation has completed.
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

    fn arm_recv(&mut self, index: usize) {
        if let Some(slot) = self.sockets.get_mut(index)
            && !slot.receiving
            && !slot.deaf
        {
            slot.receiving = true;
            let fd = types::Fd(slot.fd.as_raw_fd());
            let entry = opcode::RecvMulti::new(fd, buffers::GROUP).build().user_data(tag(RECV, index));
            self.push(&entry);
        }
    }

    fn arm_send(&mut self, index: usize) {
        let Some(slot) = self.sockets.get(index) else { return };
        let rest = slot.sending.as_deref().and_then(|b| b.get(slot.sent..)).unwrap_or_default();
        let len = u32::try_from(rest.len()).unwrap_or(u32::MAX);
        let entry = opcode::Send::new(types::Fd(slot.fd.as_raw_fd()), rest.as_ptr(), len)
            .flags(libc::MSG_NOSIGNAL | libc::MSG_WAITALL)
            .build()
            .user_data(tag(SEND, index));
        self.push(&entry);
    }

    /// Frees a closing socket when the kernel is done with it: in the next turn, so that no event of this turn can
    /// name a successor that got the same index.
    fn settle(&mut self, index: usize) {
        if let Some(slot) = self.sockets.get_mut(index)
            && slot.closing
            && !slot.receiving
            && slot.sending.is_none()
            && !slot.finished
        {
            slot.finished = true;
            self.finished.push(index);
        }
    }

    fn rearm(&mut self) {
        for index in std::mem::take(&mut self.finished) {
            self.sockets.try_remove(index);
        }
        if !self.event_armed {
            self.arm_event();
        }
        for index in std::mem::take(&mut self.starved) {
            if self.sockets.get(index).is_some_and(|s| !s.closing) {
                self.arm_recv(index);
            }
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

    fn reap(&mut self, events: &mut Vec<Event<RecvBuf, OwnedFd>>) {
        loop {
            let next = self.ring.completion().next();
            let Some(done) = next else { return };
            let index = (done.user_data() & 0xffff_ffff) as usize;
            match done.user_data() >> 56 {
                RECV => self.received(index, &done, events),
                SEND => self.sent(index, done.result(), events),
                ACCEPT => self.accepted(index, &done, events),
                EVENT => self.event_armed = cqueue::more(done.flags()),
                _ => {}
            }
        }
    }

    fn received(&mut self, index: usize, done: &cqueue::Entry, events: &mut Vec<Event<RecvBuf, OwnedFd>>) {
        let data = match (cqueue::buffer_select(done.flags()), usize::try_from(done.result())) {
            (Some(bid), Ok(len)) => Some(self.buffers.take(bid, len)),
            _ => None,
        };
        let Some(slot) = self.sockets.get_mut(index) else { return };
        let over = !cqueue::more(done.flags());
        slot.receiving = !over;
        if slot.closing {
            drop(data);
            return self.settle(index);
        }
        let sock = Sock(u32::try_from(index).unwrap_or(u32::MAX));
        let result = done.result();
        if result == -libc::ECANCELED {
            // Stopped by `hear`; if that was taken back meanwhile, receiving starts anew.
            self.starved.push(index);
        } else if result > 0 {
            events.extend(data.map(|data| Event::Received { sock, data }));
            if over {
                self.starved.push(index);
            }
        } else if result == -libc::ENOBUFS {
            self.starved.push(index);
        } else {
            let error = (result < 0).then(|| io::Error::from_raw_os_error(-result));
            events.push(Event::Ended { sock, error });
        }
    }

    fn sent(&mut self, index: usize, result: i32, events: &mut Vec<Event<RecvBuf, OwnedFd>>) {
        let Some(slot) = self.sockets.get_mut(index) else { return };
        let Some(buffer) = slot.sending.take() else { return };
        if slot.closing {
            return self.settle(index);
        }
        let sock = Sock(u32::try_from(index).unwrap_or(u32::MAX));
        let result = match usize::try_from(result) {
            Ok(n) if slot.sent + n < buffer.len() && n > 0 => {
                slot.sent += n;
                slot.sending = Some(buffer);
                return self.arm_send(index);
            }
            Ok(n) => Ok(slot.sent + n),
            Err(_) => Err(io::Error::from_raw_os_error(-result)),
        };
        events.push(Event::Sent { sock, buffer, result });
    }

    fn accepted(&mut self, index: usize, done: &cqueue::Entry, events: &mut Vec<Event<RecvBuf, OwnedFd>>) {
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
        let slot = Slot {
            fd: socket,
            receiving: false,
            sending: None,
            sent: 0,
            closing: false,
            finished: false,
            deaf: false,
        };
        let index = self.sockets.insert(slot);
        self.arm_recv(index);
        Sock(u32::try_from(index).unwrap_or(u32::MAX))
    }

    fn hear(&mut self, sock: Sock, on: bool) {
        let index = sock.0 as usize;
        let Some(slot) = self.sockets.get_mut(index) else { return };
        let was_deaf = std::mem::replace(&mut slot.deaf, !on);
        if on && was_deaf {
            self.starved.push(index);
        } else if !on && slot.receiving {
            let entry = opcode::AsyncCancel::new(tag(RECV, index)).build().user_data(tag(CANCEL, 0));
            self.push(&entry);
        }
    }

    fn send(&mut self, sock: Sock, buffer: Vec<u8>) {
        let index = sock.0 as usize;
        if let Some(slot) = self.sockets.get_mut(index) {
            debug_assert!(slot.sending.is_none(), "one send at a time");
            slot.sending = Some(buffer);
            slot.sent = 0;
            self.arm_send(index);
        }
    }

    fn close(&mut self, sock: Sock) {
        let index = sock.0 as usize;
        if let Some(slot) = self.sockets.get_mut(index) {
            slot.closing = true;
            sys::shutdown(slot.fd.as_fd());
            self.settle(index);
        }
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

    fn turn(&mut self, wait: Wait, events: &mut Vec<Event<RecvBuf, OwnedFd>>) -> io::Result<()> {
        self.rearm();
        self.enter(wait)?;
        self.reap(events);
        Ok(())
    }
}
