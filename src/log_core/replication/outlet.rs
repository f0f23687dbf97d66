//! Bytes on their way to one replica: first what is queued for it alone, then a file, then the stream from its place on.
//! Bytes are shared with the stream and with other replicas, and one send is under way at a time.

use super::super::LogCore;
use super::Owner;
use crate::io::{Driver, FileId, Files, Sock};
use crate::log;
use crate::observe::ClientInfo;
use crate::replication::master::{LinkId, State};
use crate::resp::Parser;
use bytes::Bytes;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Bytes of the stream that are queued at once.
const AHEAD_BYTES: usize = 256 * 1024;
/// Bytes of a file that are read at once.
const FILE_BYTES: usize = 256 * 1024;

/// Bytes in a queue.
pub(super) struct Queued {
    pub(super) bytes: Bytes,
    /// They are this chunk of a copy.
    pub(super) chunk: Option<u64>,
}

/// A file that is being sent.
pub(super) struct Sending {
    pub(super) file: FileId,
    pub(super) at: u64,
    pub(super) size: u64,
}

/// One replica's connection.
pub(super) struct Outlet {
    pub(super) sock: Sock,
    pub(super) info: Arc<ClientInfo>,
    pub(super) queue: VecDeque<Queued>,
    pub(super) queued_bytes: usize,
    pub(super) file: Option<Sending>,
    /// Offset in the stream up to which it was given everything; it pins what comes behind.
    pub(super) place: Option<u64>,
    /// The stream is sent from there on.
    pub(super) streams: bool,
    /// Chunks of a copy that were sent.
    pub(super) chunks_sent: u64,
    /// What is being sent: bytes, and whether they are a chunk.
    sending: Option<(usize, Option<u64>)>,
    pub(super) closing: bool,
    pub(super) inbuf: Vec<u8>,
    pub(super) parser: Parser,
}

impl Outlet {
    pub(super) fn new(sock: Sock, info: Arc<ClientInfo>, rest: Vec<u8>) -> Outlet {
        Outlet {
            sock,
            info,
            queue: VecDeque::new(),
            queued_bytes: 0,
            file: None,
            place: None,
            streams: false,
            chunks_sent: 0,
            sending: None,
            closing: false,
            inbuf: rest,
            parser: Parser::new(),
        }
    }

    pub(super) fn push(&mut self, bytes: Bytes, chunk: Option<u64>) {
        if !bytes.is_empty() {
            self.queued_bytes += bytes.len();
            self.queue.push_back(Queued { bytes, chunk });
        }
    }

    /// Bytes that wait for it, the stream's included.
    pub(super) fn pending(&self, stream_offset: u64) -> u64 {
        let behind = self.place.map_or(0, |place| stream_offset.saturating_sub(place));
        let sending = self.sending.map_or(0, |(bytes, _)| bytes);
        behind + (self.queued_bytes + sending) as u64
    }
}

impl<D: Driver + Files> LogCore<D> {
    pub(super) fn pump_all(&mut self) {
        let ids: Vec<LinkId> = self.repl.outlets.keys().copied().collect();
        ids.into_iter().for_each(|id| self.pump(id));
    }

    /// Begins the next send of a replica's connection, if there is something and none is under way.
    pub(super) fn pump(&mut self, id: LinkId) {
        let Some(outlet) = self.repl.outlets.get_mut(&id) else { return };
        if outlet.sending.is_some() {
            return;
        }
        if outlet.queue.is_empty() && outlet.file.is_some() {
            return self.pump_file(id);
        }
        if outlet.queue.is_empty()
            && outlet.streams
            && let Some(place) = outlet.place
            && place < self.repl.stream.offset()
        {
            let mut slices = Vec::new();
            match self.repl.stream.read(place, AHEAD_BYTES, &mut slices) {
                Some(read) => {
                    outlet.place = Some(place + read as u64);
                    slices.into_iter().for_each(|bytes| outlet.push(bytes, None));
                }
                // What somebody has yet to read is pinned, so this is a flaw of ours; the replica asks again.
                None => {
                    log!(Warning, "The stream no longer holds offset {place}: replica id={id} is dropped");
                    return self.drop_replica(id);
                }
            }
        }
        match outlet.queue.pop_front() {
            Some(Queued { bytes, chunk }) => {
                outlet.queued_bytes -= bytes.len();
                outlet.sending = Some((bytes.len(), chunk));
                let sock = outlet.sock;
                self.driver.send_shared(sock, bytes);
            }
            None if outlet.closing => self.drop_replica(id),
            None => {}
        }
    }

    fn pump_file(&mut self, id: LinkId) {
        let Some(outlet) = self.repl.outlets.get_mut(&id) else { return };
        let Some(sending) = &mut outlet.file else { return };
        if sending.at == sending.size {
            let file = sending.file;
            outlet.file = None;
            self.driver.close_file(file);
            let settings = self.repl.settings.clone();
            let around = self.around(&settings);
            let actions = self.repl.replicas.file_sent(id, around);
            self.obey_master(actions);
            return self.pump(id);
        }
        let left = usize::try_from(sending.size - sending.at).unwrap_or(usize::MAX);
        let mut buffer = vec![0; left.min(FILE_BYTES)];
        match self.driver.read_at(sending.file, sending.at, &mut buffer) {
            Ok(read) if read > 0 => {
                buffer.truncate(read);
                sending.at += read as u64;
                outlet.sending = Some((read, None));
                let sock = outlet.sock;
                self.driver.send_shared(sock, buffer.into());
            }
            other => {
                let why = other.err().map_or_else(|| "premature EOF".to_owned(), |error| error.to_string());
                log!(Warning, "Read error sending DB to replica: {why}");
                self.drop_replica(id);
            }
        }
    }

    /// A send of shared bytes is over.
    pub(super) fn shared_sent(&mut self, sock: Sock, result: &io::Result<usize>) {
        let Some(&Owner::Replica(id)) = self.repl.socks.get(&sock) else { return };
        let Some(outlet) = self.repl.outlets.get_mut(&id) else { return };
        let sent = outlet.sending.take();
        if let Err(error) = result {
            let syncing = self.repl.replicas.link(id).is_some_and(|link| link.state != State::Online);
            if syncing {
                log!(Warning, "Write error sending DB to replica: {error}");
            }
            return self.drop_replica(id);
        }
        if let Some((bytes, chunk)) = sent {
            outlet.info.out_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
            if let Some(chunk) = chunk {
                outlet.chunks_sent = chunk + 1;
                self.repl.replicas.stuck(id, None);
                self.settle_chunks();
            }
        }
        self.pump(id);
    }

    /// Whether limits of output are kept (`client-output-buffer-limit replica`).
    pub(super) fn check_outputs(&mut self) {
        let offset = self.repl.stream.offset();
        let settings = self.repl.settings.clone();
        let ids: Vec<(LinkId, u64)> =
            self.repl.outlets.iter().map(|(id, outlet)| (*id, outlet.pending(offset))).collect();
        for (id, pending) in ids {
            if let Some(outlet) = self.repl.outlets.get(&id) {
                outlet
                    .info
                    .output_bytes
                    .store(usize::try_from(pending).unwrap_or(usize::MAX), Ordering::Relaxed);
            }
            // A copy waits for its replica; it is held by its own room.
            let around = self.around(&settings);
            if self.repl.replicas.overruns(id, pending, around) {
                let addr = self.repl.outlets.get(&id).map(|o| o.info.addr.clone()).unwrap_or_default();
                log!(
                    Warning,
                    "Client id={id} addr={addr} scheduled to be closed ASAP for overcoming of output buffer limits."
                );
                self.drop_replica(id);
            }
        }
    }

    /// Ends a replica's connection and tells the decider.
    pub(super) fn drop_replica(&mut self, id: LinkId) {
        self.close_outlet(id);
        let settings = self.repl.settings.clone();
        let around = self.around(&settings);
        let actions = self.repl.replicas.detach(id, around);
        self.obey_master(actions);
        self.settle_chunks();
    }

    /// Ends a replica's connection.
    pub(super) fn close_outlet(&mut self, id: LinkId) {
        let Some(outlet) = self.repl.outlets.remove(&id) else { return };
        if let Some(sending) = outlet.file {
            self.driver.close_file(sending.file);
        }
        self.repl.socks.remove(&outlet.sock);
        self.driver.close(outlet.sock);
        self.server.clients.remove(id);
        self.repl.stale = true;
    }
}
