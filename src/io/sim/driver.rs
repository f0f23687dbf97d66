//! A thread's end of the world: `Driver` and `Connection` over simulated sockets.

use super::pipe::Report;
use super::{START_UNIX_MS, State, World};
use crate::io::net::Connection;
use crate::io::{Driver, Event, FileEvent, Sock, Time, Wait};
use bytes::Bytes;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Most things that one socket reports in a turn.
const REPORTS: usize = 8;

/// A simulated listening address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimListener(pub usize);

/// Received bytes.
#[derive(Debug)]
pub struct SimBuf(Vec<u8>);

impl AsRef<[u8]> for SimBuf {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A connected socket that no driver has adopted. Dropped, it is closed.
pub struct SimSocket {
    world: World,
    conn: Option<usize>,
}

/// The driver of one shard.
pub struct SimDriver {
    pub(super) world: World,
    pub(super) shard: usize,
}

impl SimSocket {
    fn number(&self) -> usize {
        self.conn.unwrap_or_default()
    }
}

impl Drop for SimSocket {
    fn drop(&mut self) {
        if let Some(conn) = self.conn {
            self.world.lock().with_pipe(conn, |pipe, air| pipe.server_closes(air));
        }
    }
}

impl Connection for SimSocket {
    fn addresses(&self) -> (String, String) {
        (format!("127.0.0.1:{}", 10_000 + self.number()), "127.0.0.1:6379".into())
    }

    fn descriptor(&self) -> i32 {
        i32::try_from(self.number()).unwrap_or(i32::MAX)
    }

    fn is_unix(&self) -> bool {
        false
    }

    fn is_local(&self) -> bool {
        true
    }

    fn tune(&self, _keepalive_s: u64) {}

    fn refuse(&self, line: &[u8]) {
        self.world.lock().with_pipe(self.number(), |pipe, air| pipe.server_refuses(line, air));
    }
}

impl SimDriver {
    pub(super) fn new(world: World, shard: usize) -> SimDriver {
        SimDriver { world, shard }
    }

    fn accept(&self, state: &mut State, events: &mut Vec<Event<SimBuf, SimSocket>>) {
        let listeners = state.ports.get(self.shard).map(|p| p.listeners.clone()).unwrap_or_default();
        for (index, name) in listeners.iter().enumerate() {
            let mut at = 0;
            while let Some(&(listener, conn, due)) = state.knocking.get(at) {
                if Some(listener) != *name || due > state.now_ns {
                    at += 1;
                } else if state.weather.accept_error_in > 0 && state.rng.one_in(state.weather.accept_error_in)
                {
                    let later = state.soon() + 1;
                    if let Some(knock) = state.knocking.get_mut(at) {
                        knock.2 = later;
                    }
                    let error = io::Error::from_raw_os_error(libc::EMFILE);
                    events.push(Event::AcceptFailed { listener: index, error });
                } else {
                    state.knocking.remove(at);
                    state.with_pipe(conn, |pipe, _| pipe.accept());
                    state.note(conn as u64, b"accept");
                    let socket = SimSocket { world: self.world.clone(), conn: Some(conn) };
                    events.push(Event::Accepted { listener: index, socket });
                }
            }
        }
    }

    /// What the sockets report, in a random order of sockets, as far as the buffers reach.
    fn reap(&self, state: &mut State, events: &mut Vec<Event<SimBuf, SimSocket>>) {
        let Some(port) = state.ports.get(self.shard) else { return };
        let mut socks: Vec<(usize, usize)> =
            port.socks.iter().enumerate().filter_map(|(sock, conn)| Some((sock, (*conn)?))).collect();
        state.rng.shuffle(&mut socks);
        let mut buffers = state.weather.buffers;
        for (index, conn) in socks {
            let most = 1 + state.rng.index(REPORTS);
            for _ in 0..most {
                if buffers == 0 {
                    break;
                }
                let Some(report) = state.with_pipe(conn, |pipe, air| pipe.report(air)).flatten() else {
                    break;
                };
                let sock = Sock(u32::try_from(index).unwrap_or(u32::MAX));
                let what = (self.shard as u64) << 32 | conn as u64;
                events.push(match report {
                    Report::Received(bytes) => {
                        buffers -= 1;
                        state.note(what, &bytes);
                        Event::Received { sock, data: SimBuf(bytes) }
                    }
                    Report::Ended(error) => {
                        state.note(what, b"end");
                        Event::Ended { sock, error }
                    }
                    Report::Sent(buffer, result) => {
                        state.note(what ^ u64::from(result.is_ok()), &buffer);
                        Event::Sent { sock, buffer, result }
                    }
                    Report::SentShared(result) => {
                        state.note(what ^ u64::from(result.is_ok()), b"shared");
                        Event::SentShared { sock, result }
                    }
                    Report::Connected(result) => {
                        state.note(what ^ u64::from(result.is_ok()), b"connected");
                        Event::Connected { sock, result }
                    }
                });
            }
            events.extend(self.release_due(state, index, conn));
        }
    }

    /// Gives a socket out if that was asked for, its receive has stopped and nothing is in flight.
    fn release_due(&self, state: &mut State, index: usize, conn: usize) -> Option<Event<SimBuf, SimSocket>> {
        let now = state.now_ns;
        if state.pipes.get(conn)?.server_is_busy() {
            return None;
        }
        let port = state.ports.get_mut(self.shard)?;
        let at = port.releasing.iter().position(|&(sock, due)| sock == index && due <= now)?;
        port.releasing.swap_remove(at);
        self.forget(state, index);
        state.with_pipe(conn, |pipe, _| pipe.server_hands_over());
        state.note(conn as u64, b"released");
        let socket = SimSocket { world: self.world.clone(), conn: Some(conn) };
        Some(Event::Released { sock: Sock(u32::try_from(index).unwrap_or(u32::MAX)), socket })
    }

    /// Takes a connection off its place, which is free again from the next turn.
    fn forget(&self, state: &mut State, index: usize) {
        if let Some(port) = state.ports.get_mut(self.shard)
            && let Some(place) = port.socks.get_mut(index)
        {
            *place = None;
            port.releasing.retain(|r| r.0 != index);
            port.closed.push(index);
        }
    }

    fn place(&self, state: &mut State, conn: Option<usize>) -> Sock {
        let Some(port) = state.ports.get_mut(self.shard) else { return Sock(u32::MAX) };
        let index = port.free.pop().unwrap_or_else(|| {
            port.socks.push(None);
            port.socks.len() - 1
        });
        if let Some(place) = port.socks.get_mut(index) {
            *place = conn;
        }
        Sock(u32::try_from(index).unwrap_or(u32::MAX))
    }

    fn begin_send(&self, sock: Sock, buffer: Vec<u8>, shared: bool) {
        let mut state = self.world.lock();
        if let Some(conn) = self.conn_of(&state, sock) {
            state.with_pipe(conn, |pipe, air| pipe.server_sends(buffer, shared, air));
        }
    }

    fn conn_of(&self, state: &State, sock: Sock) -> Option<usize> {
        state.ports.get(self.shard)?.socks.get(sock.0 as usize).copied().flatten()
    }
}

impl Driver for SimDriver {
    type Buf = SimBuf;
    type Socket = SimSocket;
    type Listener = SimListener;

    fn time(&self) -> Time {
        let now_ns = self.world.now_ns();
        let unix_ms = START_UNIX_MS.saturating_add_unsigned(now_ns / 1_000_000);
        Time { unix_ms, mono_ns: now_ns }
    }

    fn listen(&mut self, listener: SimListener) -> usize {
        let mut state = self.world.lock();
        let Some(port) = state.ports.get_mut(self.shard) else { return 0 };
        port.listeners.push(Some(listener.0));
        port.listeners.len() - 1
    }

    fn unlisten(&mut self) {
        if let Some(port) = self.world.lock().ports.get_mut(self.shard) {
            port.listeners.iter_mut().for_each(|l| *l = None);
        }
    }

    fn adopt(&mut self, mut socket: SimSocket) -> Sock {
        let conn = socket.conn.take();
        self.place(&mut self.world.lock(), conn)
    }

    fn hear(&mut self, sock: Sock, on: bool) {
        let mut state = self.world.lock();
        if let Some(conn) = self.conn_of(&state, sock) {
            state.with_pipe(conn, |pipe, _| pipe.server_hears(on));
        }
    }

    fn send(&mut self, sock: Sock, buffer: Vec<u8>) {
        self.begin_send(sock, buffer, false);
    }

    fn send_shared(&mut self, sock: Sock, bytes: Bytes) {
        self.begin_send(sock, bytes.to_vec(), true);
    }

    fn connect(&mut self, to: SocketAddr, _from: Option<IpAddr>, _keepalive_s: u64) -> Sock {
        let mut state = self.world.lock();
        let conn = state.call(to);
        self.place(&mut state, Some(conn))
    }

    fn release(&mut self, sock: Sock) {
        let mut state = self.world.lock();
        let due = state.soon();
        if self.conn_of(&state, sock).is_some()
            && let Some(port) = state.ports.get_mut(self.shard)
            && port.releasing.iter().all(|r| r.0 != sock.0 as usize)
        {
            port.releasing.push((sock.0 as usize, due));
        }
    }

    fn close(&mut self, sock: Sock) {
        let mut state = self.world.lock();
        if let Some(conn) = self.conn_of(&state, sock) {
            state.with_pipe(conn, |pipe, air| pipe.server_closes(air));
            self.forget(&mut state, sock.0 as usize);
        }
    }

    fn wake(&mut self, shard: usize) {
        if self.world.wakes.claim(shard)
            && let Some(port) = self.world.lock().ports.get_mut(self.shard)
        {
            // Like a ring message: it leaves when this shard next enters the kernel.
            port.waking.push(shard);
        }
    }

    /// The wait is the business of whoever gives turns: this reports what is there.
    fn turn(&mut self, _wait: Wait, events: &mut Vec<Event<SimBuf, SimSocket>>) -> io::Result<()> {
        let mut state = self.world.lock();
        let Some(port) = state.ports.get_mut(self.shard) else { return Ok(()) };
        port.woken = false;
        let closed = std::mem::take(&mut port.closed);
        port.free.extend(closed);
        for shard in std::mem::take(&mut port.waking) {
            if let Some(port) = state.ports.get_mut(shard) {
                port.woken = true;
            }
        }
        state.relay();
        self.accept(&mut state, events);
        let mut told = Vec::new();
        self.reap_files(&mut state, &mut |event| told.push(event));
        for event in told {
            let (what, bytes) = match &event {
                FileEvent::Written { file, bytes, result, .. } => {
                    (file.0, *bytes << 1 | usize::from(result.is_ok()))
                }
                FileEvent::Synced { file, result } => (file.0, usize::from(result.is_ok())),
            };
            state.note(u64::from(what), &bytes.to_le_bytes());
            events.push(Event::File(event));
        }
        self.reap(&mut state, events);
        Ok(())
    }
}
