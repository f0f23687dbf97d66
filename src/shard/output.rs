//! What leaves a shard when a turn ends: one send per connection, batches and answers to other shards; output limits;
//! the end of connections.

use super::conn::{Conn, End, Hold};
use super::{Connection, Driver, Shard};
use crate::command::connection::client::tracking::disable;
use crate::io::Sock;
use crate::observe::log;
use std::io;
use std::sync::atomic::Ordering;

/// Emptied output buffers kept for reuse, and the largest that is kept, in bytes.
const SPARES: usize = 64;
const SPARE_BYTES: usize = 64 * 1024;
/// Reply bytes behind a send that the kernel does not take, beyond which an unauthenticated client is cut off
/// (CVE-2025-21605), and how many it may be owed at all: Redis does not count its fixed buffer of 16 KiB.
const UNAUTH_WAITING: usize = 1024;
const UNAUTH_OUTPUT: usize = UNAUTH_WAITING + 16 * 1024;
/// From so many unsent bytes on, the limits are looked at after each command, not only when the turn ends.
pub(super) const WATCH_OUTPUT: usize = 64 * 1024;

/// How long replies of a pipeline wait for those that other shards still owe it, in nanoseconds, and from how many bytes
/// on they do not wait.
pub(super) const PARTIAL_NS: u64 = 1_000_000;
const PARTIAL_BYTES: usize = 16 * 1024;

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Lists a connection among those to look at when the turn ends.
    #[inline]
    pub(super) fn touch(&mut self, key: usize) {
        if let Some(conn) = self.conns.get_mut(key)
            && !conn.dirty
        {
            conn.dirty = true;
            self.dirty.push(key);
        }
    }

    /// Sends what may be sent.
    pub(super) fn end_turn(&mut self) {
        self.attend();
        self.publish_waits();
        let may_send = self.n == 1 || self.seat.may_send();
        for key in std::mem::take(&mut self.partial) {
            match self.conns.get(key) {
                Some(conn) if conn.partial_since_ns == 0 => {}
                Some(conn) if self.time.mono_ns.saturating_sub(conn.partial_since_ns) < PARTIAL_NS => {
                    self.partial.push(key);
                }
                Some(_) => self.touch(key),
                None => {}
            }
        }
        // Before any reply: who acts upon one must not be ahead of what was published before it.
        self.flush_outbox();
        if may_send {
            self.limit_tracking();
            self.sort_invalid();
            self.broadcast_changes();
        }
        self.publish_journal();
        if may_send {
            // Settling may end a connection (output limits, client eviction), which is settled then.
            while !self.dirty.is_empty() {
                for key in std::mem::take(&mut self.dirty) {
                    self.settle(key);
                }
                self.relieve_clients();
            }
        }
        self.release_held();
        self.hand_to_free();
        if let Some(ground) = self.seat.state()
            && ground.store.stats.dirty > 0
        {
            self.server.publish(self.id, &mut ground.store);
        }
        if self.n > 1 {
            let (mesh, driver) = (&mut self.mesh, &mut self.driver);
            mesh.flush(may_send, |shard| driver.wake(shard));
            if may_send {
                self.post_invalid();
            }
        }
    }

    /// Hands large values to the thread that frees them.
    fn hand_to_free(&mut self) {
        if let Some(ground) = self.seat.state() {
            for garbage in ground.store.to_drop.drain(..) {
                // Without the thread (the server is ending) it is freed here.
                drop(self.freeing.send(garbage));
            }
        }
    }

    /// Starts the next send of a connection, or ends the connection if that is due.
    fn settle(&mut self, key: usize) {
        let Some(conn) = self.conns.get_mut(key) else { return };
        conn.dirty = false;
        if conn.hold == Hold::Leaving && conn.end != End::Now {
            return;
        }
        let owed = conn.order.open() > 0 || conn.hold == Hold::Txn || conn.stall.is_some();
        match conn.end {
            End::Now if !owed => return self.remove(key),
            End::Now => return,
            End::AfterReply if !owed && !conn.busy && conn.out.is_empty() => return self.remove(key),
            // A blocked client of Redis that goes away does not come back from its wait.
            End::AfterInput if conn.hold == Hold::Pause && !owed => return self.remove(key),
            // What is left of its input is a request that was cut off, unless its turn is still to come, or stood behind a
            // blocking command.
            End::AfterInput
                if !owed
                    && !conn.busy
                    && conn.out.is_empty()
                    && matches!(conn.hold, Hold::None | Hold::Block)
                    && !self.ready.contains(&key) =>
            {
                return self.remove(key);
            }
            _ => {}
        }
        if conn.order.open() > 0 && conn.end == End::Open && conn.out.len() < PARTIAL_BYTES {
            // Other shards still owe replies to this pipeline: one send for all of them, if they come soon.
            if conn.partial_since_ns == 0 {
                conn.partial_since_ns = self.time.mono_ns.max(1);
                self.partial.push(key);
            }
            if self.time.mono_ns.saturating_sub(conn.partial_since_ns) < PARTIAL_NS {
                return;
            }
        }
        conn.partial_since_ns = 0;
        if !conn.busy && !conn.out.is_empty() {
            let buffer = std::mem::take(&mut conn.out);
            self.send(key, buffer);
        } else if conn.out.is_empty() && conn.out.capacity() > 0 {
            let buffer = std::mem::take(&mut conn.out);
            self.keep(buffer);
        }
        self.publish(key);
        self.check_output(key);
    }

    fn keep(&mut self, mut buffer: Vec<u8>) {
        if self.spares.len() < SPARES && buffer.capacity() <= SPARE_BYTES {
            buffer.clear();
            self.spares.push(buffer);
        }
    }

    /// A send is over.
    pub(super) fn sent(&mut self, sock: Sock, buffer: Vec<u8>, result: io::Result<usize>) {
        let Some(key) = self.key_of(sock) else { return };
        self.keep(buffer);
        let Some(conn) = self.conns.get_mut(key) else { return };
        conn.busy = false;
        conn.sending = 0;
        conn.sending_room = 0;
        conn.info.output_bytes.store(conn.pending_bytes(), Ordering::Relaxed);
        conn.info.output_room.store(conn.reply_room(), Ordering::Relaxed);
        self.recount(key);
        let Some(conn) = self.conns.get_mut(key) else { return };
        match result {
            Ok(bytes) => {
                self.tally.net_out += bytes as u64;
                if !conn.out.is_empty() || conn.out.capacity() > 0 || conn.end != End::Open {
                    self.touch(key);
                }
            }
            Err(error) => {
                log::verbose(&format!("Error writing to client: {error}"));
                self.close(key);
            }
        }
    }

    /// Queues bytes that are no reply (a MONITOR's line).
    pub(super) fn push_bytes(&mut self, key: usize, bytes: &[u8]) {
        if let Some(conn) = self.conns.get_mut(key) {
            if conn.order.is_empty() {
                conn.out.extend_from_slice(bytes);
            } else {
                conn.order.local(|out| out.extend_from_slice(bytes));
            }
            self.touch(key);
        }
    }

    /// Shows others the state of a connection.
    fn publish(&mut self, key: usize) {
        let Some(conn) = self.conns.get_mut(key) else { return };
        let info = &conn.info;
        info.last_ms.store(conn.last_ms, Ordering::Relaxed);
        let unread = conn.inbuf.len().saturating_sub(conn.parser.read_bytes());
        info.query_bytes.store(unread, Ordering::Relaxed);
        info.query_free.store(conn.query_room(), Ordering::Relaxed);
        info.argv_bytes.store(conn.parser.word_bytes(), Ordering::Relaxed);
        info.output_bytes.store(conn.pending_bytes(), Ordering::Relaxed);
        info.output_room.store(conn.reply_room(), Ordering::Relaxed);
        info.last_command.store(conn.last_command, Ordering::Relaxed);
        if let Some(session) = conn.session.as_deref() {
            session.publish();
        }
        self.recount(key);
    }

    /// Takes what a connection shows of itself over into this shard's sum.
    pub(super) fn recount(&mut self, key: usize) {
        let Some(conn) = self.conns.get_mut(key) else { return };
        let bytes = conn.info.memory() as u64;
        let before = std::mem::replace(&mut conn.counted_bytes, bytes);
        self.count_client_bytes(bytes.wrapping_sub(before));
    }

    /// Adds to what this shard's connections take; wraps for less.
    fn count_client_bytes(&self, more: u64) {
        if let Some(stats) = self.server.stats.get(self.id) {
            stats.client_bytes.add(more);
        }
    }

    /// Whether connection `key` is open after a command; one that pipelines requests for large replies may meet its
    /// output limit long before the turn ends.
    #[inline]
    pub(super) fn still_open(&mut self, key: usize) -> bool {
        if self.conns.get(key).is_some_and(|c| c.end.executes() && c.out.len() >= WATCH_OUTPUT) {
            self.check_output(key);
        }
        self.conns.get(key).is_some_and(|c| c.end.executes())
    }

    /// `client-output-buffer-limit` (networking.c `checkClientOutputBufferLimits`).
    pub(super) fn check_output(&mut self, key: usize) {
        let Some(conn) = self.conns.get_mut(key) else { return };
        let bytes = conn.pending_bytes();
        if bytes <= UNAUTH_WAITING || conn.end == End::Now {
            conn.soft_since_ms = 0;
            return;
        }
        let unauthenticated = conn.session.as_ref().is_some_and(|s| !s.authenticated)
            && (bytes > UNAUTH_OUTPUT || bytes - conn.sending > UNAUTH_WAITING);
        let Some(limit) = self.config.client_output_buffer_limit.get(conn.limit_class()) else { return };
        let bytes = bytes as u64;
        let hard = limit.hard_bytes > 0 && bytes >= limit.hard_bytes;
        let soft = limit.soft_bytes > 0 && bytes >= limit.soft_bytes;
        if !soft {
            conn.soft_since_ms = 0;
        } else if conn.soft_since_ms == 0 {
            conn.soft_since_ms = self.time.unix_ms;
        }
        let since = conn.soft_since_ms;
        let soft_ms = i64::try_from(limit.soft_seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
        let too_long = soft && self.time.unix_ms.saturating_sub(since) > soft_ms;
        if hard || too_long || unauthenticated {
            log::warning(&format!(
                "Client id={} addr={} scheduled to be closed ASAP for overcoming of output buffer limits.",
                conn.info.id, conn.info.addr
            ));
            self.tally.output_limit_closed += 1;
            self.close(key);
        }
    }

    /// `client-query-buffer-limit`.
    pub(super) fn check_query_buffer(&mut self, key: usize) {
        let limit = self.config.client_query_buffer_limit;
        if let Some(conn) = self.conns.get(key)
            && conn.inbuf.len() as u64 > limit
        {
            log::warning(&format!(
                "Closing client that reached max query buffer length: id={} addr={}",
                conn.info.id, conn.info.addr
            ));
            self.tally.query_limit_closed += 1;
            self.close(key);
        }
    }

    /// Ends a connection at once: nothing more is sent.
    pub(super) fn close(&mut self, key: usize) {
        if let Some(conn) = self.conns.get_mut(key) {
            conn.end = End::Now;
            self.touch(key);
            self.give_up(key);
        }
    }

    /// The peer went away, or will send no more: then what it has asked for is still answered, since the end may arrive
    /// together with the requests (Redis replies between two reads; networking.c `readQueryFromClient`).
    pub(super) fn peer_ended(&mut self, sock: Sock, error: Option<io::Error>) {
        let Some(key) = self.key_of(sock) else { return };
        if let Some(error) = error {
            log::verbose(&format!("Reading from client: {error}"));
            return self.close(key);
        }
        log::debug("Client closed connection");
        if let Some(conn) = self.conns.get_mut(key)
            && conn.end == End::Open
        {
            conn.end = End::AfterInput;
        }
        self.touch(key);
        self.give_up(key);
    }

    /// Replies a protocol error and ends the connection after it.
    pub(super) fn protocol_error(&mut self, key: usize, error: &crate::resp::ProtocolError) {
        self.reply(key, |out| out.error(&error.line()));
        if let Some(conn) = self.conns.get_mut(key) {
            conn.end = End::AfterReply;
            log::verbose(&format!("{error} from client: id={} addr={}", conn.info.id, conn.info.addr));
        }
    }

    fn remove(&mut self, key: usize) {
        if let Some(conn) = self.take_out(key) {
            self.driver.close(conn.sock);
        }
    }

    /// Takes a connection out of this shard; its socket is the caller's then.
    pub(super) fn take_out(&mut self, key: usize) -> Option<Conn> {
        let mut conn = self.conns.try_remove(key)?;
        if let Some(place) = self.by_sock.get_mut(conn.sock.0 as usize) {
            *place = None;
        }
        self.by_id.remove(&conn.info.id);
        self.count_client_bytes(conn.counted_bytes.wrapping_neg());
        self.server.clients.remove(conn.info.id);
        self.server.connection_closed(self.id);
        self.forget_subscriptions(key, &mut conn);
        if let Some(session) = conn.session.as_deref_mut() {
            disable(&self.server, session);
        }
        if let Some(watch) = conn.session.as_mut().and_then(|s| s.watch.take()) {
            self.forget(*watch);
        }
        if conn.session.as_ref().is_some_and(|s| s.monitor) {
            self.server.monitor_left(conn.info.id);
        }
        Some(conn)
    }

    /// Hands over what is still to be sent, before the loop ends.
    pub(super) fn flush_all(&mut self) -> io::Result<()> {
        self.driver.unlisten();
        let mut events = Vec::new();
        let deadline = self.driver.time().mono_ns + 200_000_000;
        loop {
            self.turn(&mut events);
            let unsent = self.conns.iter().any(|(_, c)| c.busy || !c.out.is_empty());
            // Clients may be cut off, what they were told may not.
            let is_told = !self.seat.state().is_some_and(|ground| ground.store.journal.is_behind());
            if is_told && (!unsent || self.driver.time().mono_ns > deadline) {
                return Ok(());
            }
            self.driver.turn(crate::io::Wait::AtMost(std::time::Duration::from_millis(10)), &mut events)?;
        }
    }
}

/// The integer of a `:n` reply; 0 if it is none.
pub fn integer(reply: &[u8]) -> i64 {
    let digits = reply.strip_prefix(b":").and_then(|r| r.strip_suffix(b"\r\n")).unwrap_or_default();
    crate::base::numbers::parse_i64(digits).unwrap_or(0)
}

/// Element count of an array reply and where its elements begin.
pub fn array_head(reply: &[u8]) -> (usize, usize) {
    let end = memchr::memchr(b'\n', reply).map_or(0, |i| i + 1);
    let digits = reply.get(1..end.saturating_sub(2)).unwrap_or_default();
    let count = crate::base::numbers::parse_i64(digits).and_then(|n| usize::try_from(n).ok());
    (count.unwrap_or(0), end)
}

/// The elements of an array of bulk strings, nulls and one-line values, each with its header.
pub fn elements(reply: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (_, start) = array_head(reply);
    let mut rest = reply.get(start..).unwrap_or_default();
    std::iter::from_fn(move || {
        let line = memchr::memchr(b'\n', rest)? + 1;
        let mut len = line;
        if rest.first() == Some(&b'$') {
            let digits = rest.get(1..line - 2).unwrap_or_default();
            if let Some(n) = crate::base::numbers::parse_i64(digits).and_then(|n| usize::try_from(n).ok()) {
                len = line + n + 2;
            }
        }
        let (element, tail) = rest.split_at_checked(len)?;
        rest = tail;
        Some(element)
    })
}
