//! One simulated connection: a lane of chunks each way, the server's send in flight, and how it ended.
//!
//! Order within a lane is kept; a reset drops what the server has not read, an orderly end comes after it.

use super::weather::Weather;
use crate::base::prng::Prng;
use std::collections::VecDeque;
use std::io;

/// What a connection needs of the world.
pub struct Air<'a> {
    /// The time.
    pub now_ns: u64,
    /// Random numbers.
    pub rng: &'a mut Prng,
    /// Limits and mishaps.
    pub weather: &'a Weather,
}

impl Air<'_> {
    fn soon(&mut self) -> u64 {
        self.now_ns + self.rng.below(self.weather.delay_ns.saturating_add(1))
    }

    fn piece(&mut self, at_most: usize) -> usize {
        1 + self.rng.index(at_most.min(self.weather.chunk_bytes).max(1))
    }

    fn happens(&mut self, one_in: u64) -> bool {
        one_in > 0 && self.rng.one_in(one_in)
    }
}

/// Bytes on their way in one direction.
#[derive(Default)]
struct Lane {
    chunks: VecDeque<(u64, Vec<u8>)>,
    last_due: u64,
    /// When the end arrives, behind all chunks.
    fin: Option<u64>,
    bytes: usize,
}

impl Lane {
    fn push(&mut self, bytes: &[u8], air: &mut Air<'_>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(air.piece(rest.len()).min(rest.len()));
            self.last_due = self.last_due.max(air.soon());
            self.chunks.push_back((self.last_due, piece.to_vec()));
            self.bytes += piece.len();
            rest = tail;
        }
    }

    fn end(&mut self, air: &mut Air<'_>) {
        let due = self.last_due.max(air.soon());
        self.fin.get_or_insert(due);
    }

    fn due(&self) -> Option<u64> {
        self.chunks.front().map(|c| c.0).or(self.fin)
    }

    /// Up to `most` bytes of the first chunk, if it has arrived.
    fn pop(&mut self, now_ns: u64, most: usize) -> Option<Vec<u8>> {
        let (due, chunk) = self.chunks.front_mut()?;
        if *due > now_ns {
            return None;
        }
        let tail = chunk.split_off(most.min(chunk.len()));
        let head = std::mem::replace(chunk, tail);
        if chunk.is_empty() {
            self.chunks.pop_front();
        }
        self.bytes -= head.len();
        Some(head)
    }

    fn ended(&self, now_ns: u64) -> bool {
        self.chunks.is_empty() && self.fin.is_some_and(|due| due <= now_ns)
    }
}

/// A send of the server.
struct Sending {
    buffer: Vec<u8>,
    shared: bool,
    at: usize,
    /// When the next piece moves, or the completion comes.
    due: u64,
    fails: bool,
}

/// What the server's end reports.
pub enum Report {
    /// Bytes came.
    Received(Vec<u8>),
    /// The peer ended.
    Ended(Option<io::Error>),
    /// The send is over.
    Sent(Vec<u8>, io::Result<usize>),
    /// The send of shared bytes is over.
    SentShared(io::Result<usize>),
    /// What the server began with a connect is over.
    Connected(io::Result<()>),
}

/// The server's connect under way.
pub struct Calling {
    /// When it ends; never, if nobody answers.
    pub due: Option<u64>,
    /// Why it fails, if it does.
    pub error: Option<io::ErrorKind>,
}

/// A connection.
#[derive(Default)]
pub struct Pipe {
    to_server: Lane,
    to_client: Lane,
    sending: Option<Sending>,
    /// When the connection breaks for the server, if it does.
    reset: Option<u64>,
    accepted: bool,
    server_closed: bool,
    client_closed: bool,
    end_reported: bool,
    /// The server does not listen to the client (`Driver::hear`).
    unheard: bool,
    /// It is the server that connects, and no answer has come.
    calling: Option<Calling>,
}

fn broken() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionReset)
}

impl Pipe {
    /// A connection whose peer has just called.
    pub fn new() -> Pipe {
        Pipe::default()
    }

    /// A connection that the server makes.
    pub fn called(calling: Calling) -> Pipe {
        Pipe { calling: Some(calling), ..Pipe::default() }
    }

    /// The server has accepted it.
    pub fn accept(&mut self) {
        self.accepted = true;
    }

    /// Whether the server holds it.
    pub fn is_held(&self) -> bool {
        self.accepted && !self.server_closed
    }

    /// The client sends.
    pub fn client_send(&mut self, bytes: &[u8], air: &mut Air<'_>) {
        if !self.server_closed && !self.client_closed && self.to_server.fin.is_none() && self.reset.is_none()
        {
            self.to_server.push(bytes, air);
        }
    }

    /// The client will send no more.
    pub fn client_shuts(&mut self, air: &mut Air<'_>) {
        self.to_server.end(air);
    }

    /// The client is gone; what it sent arrives.
    pub fn client_closes(&mut self, air: &mut Air<'_>) {
        self.to_server.end(air);
        self.client_closed = true;
        self.to_client = Lane::default();
    }

    /// The client is gone with a reset: what the server has not read is lost.
    pub fn client_resets(&mut self, air: &mut Air<'_>) {
        self.reset = Some(air.soon());
        self.client_closed = true;
        self.to_client = Lane::default();
    }

    /// What has arrived at the client, up to `most` bytes.
    pub fn client_receives(&mut self, most: usize, air: &mut Air<'_>) -> Vec<u8> {
        let mut all = Vec::new();
        self.pump(air);
        while all.len() < most
            && let Some(bytes) = self.to_client.pop(air.now_ns, most - all.len())
        {
            all.extend_from_slice(&bytes);
            self.pump(air);
        }
        all
    }

    /// Bytes that the server has not received yet.
    pub fn unread_by_server(&self) -> usize {
        self.to_server.bytes
    }

    /// Whether the client has seen the end of the connection.
    pub fn client_sees_end(&self, now_ns: u64) -> bool {
        self.client_closed || self.to_client.ended(now_ns)
    }

    /// When something next arrives at the client.
    pub fn client_due(&self) -> Option<u64> {
        if self.client_closed { None } else { self.to_client.due() }
    }

    /// The server starts a send.
    pub fn server_sends(&mut self, buffer: Vec<u8>, shared: bool, air: &mut Air<'_>) {
        debug_assert!(self.sending.is_none(), "one send at a time");
        let fails = air.happens(air.weather.send_error_in);
        self.sending = Some(Sending { buffer, shared, at: 0, due: air.soon(), fails });
        self.pump(air);
    }

    /// The server ends it: what was sent arrives, a send in flight may be cut.
    pub fn server_closes(&mut self, air: &mut Air<'_>) {
        self.server_closed = true;
        self.sending = None;
        self.to_server = Lane::default();
        self.to_client.end(air);
    }

    /// A line to a client that is not let in.
    pub fn server_refuses(&mut self, line: &[u8], air: &mut Air<'_>) {
        self.to_client.push(line, air);
    }

    /// Moves what the window takes from the send in flight onto the lane.
    fn pump(&mut self, air: &mut Air<'_>) {
        let Some(send) = &mut self.sending else { return };
        while send.due <= air.now_ns && send.at < send.buffer.len() && !self.client_closed {
            let room = air.weather.window_bytes.saturating_sub(self.to_client.bytes);
            if room == 0 {
                return;
            }
            let rest = send.buffer.get(send.at..).unwrap_or_default();
            let len = air.piece(rest.len()).min(rest.len()).min(room);
            self.to_client.push(rest.get(..len).unwrap_or_default(), air);
            send.at += len;
            send.due = air.soon();
            if send.fails && air.rng.one_in(2) {
                // Broken in the midst of a send: the client gets a part, then the end.
                send.at = send.buffer.len();
                self.to_client.end(air);
                self.reset = Some(air.now_ns);
            }
        }
    }

    /// Whether something is in flight from the server: a send or a connect.
    pub fn server_is_busy(&self) -> bool {
        self.sending.is_some() || self.calling.is_some()
    }

    /// The server's end passes to another driver, which begins to receive and sees an end again that has been seen.
    pub fn server_hands_over(&mut self) {
        self.end_reported = false;
        self.unheard = false;
    }

    /// When the server's end next has something to report, as far as the past decides.
    pub fn server_due(&self, weather: &Weather) -> Option<u64> {
        if let Some(calling) = &self.calling {
            return calling.due;
        }
        let received = if self.end_reported || self.unheard {
            None
        } else {
            self.reset.into_iter().chain(self.to_server.due()).min()
        };
        let sent = self.sending.as_ref().filter(|send| {
            let stuck = send.at < send.buffer.len() && self.to_client.bytes >= weather.window_bytes;
            !stuck || self.client_closed || self.reset.is_some()
        });
        received.into_iter().chain(sent.map(|s| s.due)).min()
    }

    /// The server stops listening to the client, or goes on.
    pub fn server_hears(&mut self, on: bool) {
        self.unheard = !on;
    }

    /// The next thing to report, at most one buffer of it.
    pub fn report(&mut self, air: &mut Air<'_>) -> Option<Report> {
        if let Some(calling) = &self.calling {
            if calling.due.is_none_or(|due| due > air.now_ns) {
                return None;
            }
            let error = self.calling.take().and_then(|c| c.error);
            // Nothing comes over a connection that was never made.
            self.accepted = error.is_none();
            self.end_reported = error.is_some();
            return Some(Report::Connected(error.map_or(Ok(()), |kind| Err(kind.into()))));
        }
        self.pump(air);
        if let Some(report) = self.report_send(air) {
            return Some(report);
        }
        if self.end_reported || self.unheard {
            return None;
        }
        if self.reset.is_some_and(|due| due <= air.now_ns) {
            self.to_server = Lane::default();
            self.end_reported = true;
            return Some(Report::Ended(Some(broken())));
        }
        if let Some(bytes) = self.to_server.pop(air.now_ns, air.weather.buffer_bytes) {
            return Some(Report::Received(bytes));
        }
        if self.to_server.ended(air.now_ns) {
            self.end_reported = true;
            return Some(Report::Ended(None));
        }
        None
    }

    fn report_send(&mut self, air: &mut Air<'_>) -> Option<Report> {
        let send = self.sending.as_ref()?;
        if send.due > air.now_ns {
            return None;
        }
        let gone = self.client_closed || self.reset.is_some_and(|due| due <= air.now_ns);
        // The first send to a peer that has closed may still be taken; its answer breaks the next.
        let taken =
            send.at == send.buffer.len() && !send.fails || gone && self.reset.is_none() && air.rng.one_in(2);
        let failed = gone || (send.fails && send.at == send.buffer.len());
        if !taken && !failed {
            return None;
        }
        let Sending { buffer, shared, .. } = self.sending.take()?;
        let result = if taken { Ok(buffer.len()) } else { Err(broken()) };
        if !taken {
            self.reset.get_or_insert(air.now_ns);
            self.to_client.end(air);
        }
        Some(if shared { Report::SentShared(result) } else { Report::Sent(buffer, result) })
    }
}
