//! Sockets of the ring: receiving, sending, connecting, and the two ways out, closed or released.
//!
//! ```text
//!   connect ─► connecting ─► open ─┬─ close ───► closing ───┐   when idle: the slot is freed
//!   adopt ──────────────────► open ┴─ release ─► releasing ─┴─► when idle: Released, then the slot is freed
//! ```
//!
//! Idle means that no receive, send or connect is in flight. A slot is freed in the turn after, so that no event of this
//! turn can name a successor that got the same index.

use super::{CANCEL, CONNECT, Events, RECV, SEND, Uring, buffers, sock_of, sys, tag};
use crate::io::{Event, Sock, net};
use bytes::Bytes;
use io_uring::{cqueue, opcode, types};
use socket2::SockAddr;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// What is being sent.
pub(super) enum Outgoing {
    Owned(Vec<u8>),
    Shared(Bytes),
}

impl AsRef<[u8]> for Outgoing {
    fn as_ref(&self) -> &[u8] {
        match self {
            Outgoing::Owned(buffer) => buffer,
            Outgoing::Shared(bytes) => bytes,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    /// To be given out when idle.
    Releases,
    /// To be freed when idle.
    Closes,
    /// In the list of those freed next turn.
    Finished,
}

pub(super) struct Slot {
    /// None if none could be made, or it was given out.
    fd: Option<OwnedFd>,
    receiving: bool,
    sending: Option<Outgoing>,
    sent: usize,
    /// The address that the kernel connects to, as long as it does.
    connecting: Option<Box<SockAddr>>,
    fate: Fate,
    /// Receiving was stopped by `hear`.
    deaf: bool,
}

impl Slot {
    fn new(fd: Option<OwnedFd>) -> Slot {
        Slot {
            fd,
            receiving: false,
            sending: None,
            sent: 0,
            connecting: None,
            fate: Fate::Stays,
            deaf: false,
        }
    }

    fn target(&self) -> Option<types::Fd> {
        self.fd.as_ref().map(|fd| types::Fd(fd.as_raw_fd()))
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.receiving && self.sending.is_none() && self.connecting.is_none()
    }
}

impl Uring {
    pub(super) fn insert_socket(&mut self, socket: OwnedFd) -> Sock {
        let index = self.sockets.insert(Slot::new(Some(socket)));
        self.arm_recv(index);
        sock_of(index)
    }

    pub(super) fn begin_connect(&mut self, to: SocketAddr, from: Option<IpAddr>, keepalive_s: u64) -> Sock {
        match net::outgoing(to, from, keepalive_s) {
            Ok(fd) => {
                let target = types::Fd(fd.as_raw_fd());
                let mut slot = Slot::new(Some(fd));
                let address = slot.connecting.insert(Box::new(to.into()));
                let entry = opcode::Connect::new(target, address.as_ptr().cast(), address.len());
                let index = self.sockets.insert(slot);
                self.push(&entry.build().user_data(tag(CONNECT, index)));
                sock_of(index)
            }
            Err(error) => {
                let index = self.sockets.insert(Slot::new(None));
                self.unconnected.push((index, error));
                sock_of(index)
            }
        }
    }

    pub(super) fn arm_recv(&mut self, index: usize) {
        if let Some(slot) = self.sockets.get_mut(index)
            && !slot.receiving
            && !slot.deaf
            && slot.connecting.is_none()
            && slot.fate == Fate::Stays
            && let Some(target) = slot.target()
        {
            slot.receiving = true;
            let entry = opcode::RecvMulti::new(target, buffers::GROUP).build().user_data(tag(RECV, index));
            self.push(&entry);
        }
    }

    pub(super) fn begin_send(&mut self, sock: Sock, what: Outgoing) {
        let index = sock.0 as usize;
        if let Some(slot) = self.sockets.get_mut(index) {
            debug_assert!(slot.sending.is_none() && slot.connecting.is_none(), "one thing at a time");
            debug_assert!(slot.fate == Fate::Stays, "no send on a socket that is leaving");
            slot.sending = Some(what);
            slot.sent = 0;
            self.arm_send(index);
        }
    }

    fn arm_send(&mut self, index: usize) {
        let Some(slot) = self.sockets.get(index) else { return };
        let (Some(target), Some(what)) = (slot.target(), &slot.sending) else { return };
        let rest = what.as_ref().get(slot.sent..).unwrap_or_default();
        let len = u32::try_from(rest.len()).unwrap_or(u32::MAX);
        let entry = opcode::Send::new(target, rest.as_ptr(), len)
            .flags(libc::MSG_NOSIGNAL | libc::MSG_WAITALL)
            .build()
            .user_data(tag(SEND, index));
        self.push(&entry);
    }

    fn cancel(&mut self, kind: u64, index: usize) {
        let entry = opcode::AsyncCancel::new(tag(kind, index)).build().user_data(tag(CANCEL, 0));
        self.push(&entry);
    }

    pub(super) fn set_hearing(&mut self, sock: Sock, on: bool) {
        let index = sock.0 as usize;
        let Some(slot) = self.sockets.get_mut(index) else { return };
        let was_deaf = std::mem::replace(&mut slot.deaf, !on);
        if on && was_deaf {
            self.starved.push(index);
        } else if !on && slot.receiving {
            self.cancel(RECV, index);
        }
    }

    pub(super) fn begin_release(&mut self, sock: Sock) {
        let index = sock.0 as usize;
        if let Some(slot) = self.sockets.get_mut(index)
            && slot.fate == Fate::Stays
        {
            slot.fate = Fate::Releases;
            if slot.receiving {
                self.cancel(RECV, index);
            }
            self.settle(index);
        }
    }

    pub(super) fn begin_close(&mut self, sock: Sock) {
        let index = sock.0 as usize;
        if let Some(slot) = self.sockets.get_mut(index)
            && slot.fate != Fate::Finished
        {
            slot.fate = Fate::Closes;
            if slot.connecting.is_some() {
                // Shut down instead, it might be connected anew when the kernel tries again.
                self.cancel(CONNECT, index);
            } else if let Some(fd) = &slot.fd {
                sys::shutdown(fd.as_fd());
            }
            self.settle(index);
        }
    }

    /// Lets a socket go its way when the kernel is done with it.
    fn settle(&mut self, index: usize) {
        if let Some(slot) = self.sockets.get_mut(index)
            && slot.is_idle()
        {
            match slot.fate {
                Fate::Closes => {
                    slot.fate = Fate::Finished;
                    self.finished.push(index);
                }
                Fate::Releases => self.released.push(index),
                Fate::Stays | Fate::Finished => {}
            }
        }
    }

    /// Reports what needed no completion: sockets that are idle and released, and those that could not be made.
    pub(super) fn report_without_kernel(&mut self, events: &mut Events) {
        for index in std::mem::take(&mut self.released) {
            if let Some(slot) = self.sockets.get_mut(index)
                && slot.fate == Fate::Releases
                && let Some(socket) = slot.fd.take()
            {
                slot.fate = Fate::Finished;
                self.finished.push(index);
                events.push(Event::Released { sock: sock_of(index), socket });
            }
        }
        for (index, error) in std::mem::take(&mut self.unconnected) {
            if self.sockets.get(index).is_some_and(|s| s.fate == Fate::Stays) {
                events.push(Event::Connected { sock: sock_of(index), result: Err(error) });
            }
        }
    }

    pub(super) fn received(&mut self, index: usize, done: &cqueue::Entry, events: &mut Events) {
        let data = match (cqueue::buffer_select(done.flags()), usize::try_from(done.result())) {
            (Some(bid), Ok(len)) => Some(self.buffers.take(bid, len)),
            _ => None,
        };
        let Some(slot) = self.sockets.get_mut(index) else { return };
        let over = !cqueue::more(done.flags());
        slot.receiving = !over;
        if slot.fate == Fate::Closes {
            drop(data);
            return self.settle(index);
        }
        let sock = sock_of(index);
        let result = done.result();
        // Cancelled by `hear` (receiving starts anew if that was taken back meanwhile), or no buffer was left.
        let paused = result == -libc::ECANCELED || result == -libc::ENOBUFS;
        if result > 0 {
            events.extend(data.map(|data| Event::Received { sock, data }));
        } else if !paused {
            let error = (result < 0).then(|| io::Error::from_raw_os_error(-result));
            events.push(Event::Ended { sock, error });
        }
        if slot.fate == Fate::Releases {
            self.settle(index);
        } else if over && (result > 0 || paused) {
            self.starved.push(index);
        }
    }

    pub(super) fn sent(&mut self, index: usize, result: i32, events: &mut Events) {
        let Some(slot) = self.sockets.get_mut(index) else { return };
        let Some(what) = slot.sending.take() else { return };
        if slot.fate == Fate::Closes {
            return self.settle(index);
        }
        let result = match usize::try_from(result) {
            Ok(n) if slot.sent + n < what.as_ref().len() && n > 0 => {
                slot.sent += n;
                slot.sending = Some(what);
                return self.arm_send(index);
            }
            Ok(n) => Ok(slot.sent + n),
            Err(_) => Err(io::Error::from_raw_os_error(-result)),
        };
        let sock = sock_of(index);
        events.push(match what {
            Outgoing::Owned(buffer) => Event::Sent { sock, buffer, result },
            Outgoing::Shared(_) => Event::SentShared { sock, result },
        });
        self.settle(index);
    }

    pub(super) fn connected(&mut self, index: usize, result: i32, events: &mut Events) {
        let Some(slot) = self.sockets.get_mut(index) else { return };
        slot.connecting = None;
        if slot.fate == Fate::Closes {
            return self.settle(index);
        }
        let result = if result < 0 { Err(io::Error::from_raw_os_error(-result)) } else { Ok(()) };
        let succeeded = result.is_ok();
        events.push(Event::Connected { sock: sock_of(index), result });
        if succeeded {
            self.arm_recv(index);
        }
        self.settle(index);
    }

    /// Asks the kernel to leave off everything that is in flight on sockets.
    pub(super) fn cancel_sockets(&mut self) {
        let busy: Vec<usize> =
            self.sockets.iter().filter(|(_, s)| !s.is_idle()).map(|(index, _)| index).collect();
        for index in busy {
            for kind in [RECV, SEND, CONNECT] {
                self.cancel(kind, index);
            }
        }
    }
}
