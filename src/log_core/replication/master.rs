//! The master's side: connections that ask for the stream, what they say, what the decider has done about it.

use super::super::LogCore;
use super::outlet::Outlet;
use super::{Owner, say};
use crate::command::server_state::Asker;
use crate::command::table;
use crate::io::{Driver, Files};
use crate::log;
use crate::observe::{ClientInfo, client_flag};
use crate::replication::master::{Action, GETACK, Heard, LinkId, Waiter, replconf};
use crate::resp::{Limits, Parsed};
use crate::shard::handover::HandOver;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Bytes that a replica may leave unfinished as a request.
const INBUF_BYTES: usize = 1 << 20;
/// What a replica may send.
const LIMITS: Limits = Limits { bulk_max: INBUF_BYTES as i64, authenticated: true };

/// The address without the port.
fn host(addr: &str) -> String {
    let host = addr.rsplit_once(':').map_or(addr, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}

impl<D: Driver + Files> LogCore<D> {
    /// Connections that shards hand over.
    pub(in super::super) fn take_handovers(&mut self) {
        for hand_over in self.handovers.take() {
            self.adopt_replica(hand_over);
        }
    }

    pub(super) fn adopt_replica(&mut self, mut hand_over: HandOver<D::Socket>) {
        if std::mem::take(&mut hand_over.attach.takes_over) && self.repl.upstream.is_some() {
            return self.take_over(hand_over);
        }
        let HandOver { socket, info, attach, rest } = hand_over;
        let id = info.id;
        let own = ClientInfo {
            id,
            shard: self.id,
            addr: info.addr.clone(),
            laddr: info.laddr.clone(),
            fd: info.fd,
            local: info.local,
            created_ms: info.created_ms,
            ..ClientInfo::default()
        };
        own.set_labels(|labels| *labels = info.labels());
        own.resp.store(info.resp.load(Ordering::Relaxed), Ordering::Relaxed);
        own.multi.store(-1, Ordering::Relaxed);
        own.last_ms.store(self.time.unix_ms, Ordering::Relaxed);
        own.last_command.store(info.last_command.load(Ordering::Relaxed), Ordering::Relaxed);
        own.set_flag(client_flag::REPLICA, true);
        let own = Arc::new(own);
        self.server.clients.add(own.clone());
        let sock = self.driver.adopt(socket);
        self.repl.socks.insert(sock, Owner::Replica(id));
        self.repl.outlets.insert(id, Outlet::new(sock, own, rest));
        if let Some(refusal) = self.repl.standing().refusal() {
            // It was asked before the connection came here; the answer has changed since.
            self.write_outlet(id, format!("-{refusal}\r\n").into_bytes());
            return self.end_outlet(id);
        }
        let settings = self.repl.settings.clone();
        let around = self.around(&settings);
        let repl = &mut self.repl;
        let peer = host(&info.addr);
        let actions = repl.replicas.attach(&mut repl.history, (id, attach.facts, peer), &attach.ask, around);
        self.obey_master(actions);
        self.read_replica(id);
    }

    fn write_outlet(&mut self, id: LinkId, bytes: Vec<u8>) {
        if let Some(outlet) = self.repl.outlets.get_mut(&id) {
            outlet.push(bytes.into(), None);
        }
    }

    /// Ends a connection once what is queued for it is sent.
    fn end_outlet(&mut self, id: LinkId) {
        if let Some(outlet) = self.repl.outlets.get_mut(&id) {
            outlet.closing = true;
            outlet.streams = false;
            outlet.place = None;
        }
        self.pump(id);
    }

    /// Does what the decider says.
    pub(super) fn obey_master(&mut self, actions: Vec<Action>) {
        self.repl.stale = true;
        for action in actions {
            match action {
                Action::Log(line) => say(&line),
                Action::Write(id, bytes) => self.write_outlet(id, bytes),
                Action::Pin { link, from } => {
                    if let Some(outlet) = self.repl.outlets.get_mut(&link) {
                        outlet.place = Some(from.saturating_sub(1));
                    }
                }
                Action::Stream(link) => {
                    if let Some(outlet) = self.repl.outlets.get_mut(&link) {
                        outlet.streams = true;
                    }
                }
                Action::Close(id) => self.end_outlet(id),
                Action::Delay(_) => {}
                Action::Keep => self.keep_stream(),
                Action::Forget => self.forget_stream(),
                Action::Snapshot(want) => self.want_copy(want),
                Action::Cancel => self.cancel_copy(),
                Action::Feed(bytes) => self.feed(&bytes),
                Action::Counted { client, replicas } => self.counted(client, replicas),
            }
        }
    }

    /// The stream begins: from a mark on, shards say what they do.
    pub(super) fn keep_stream(&mut self) {
        let offset = self.repl.history.offset;
        self.repl.stream.reset(offset);
        if self.repl.upstream.is_none() {
            self.repl.feeds = false;
            self.repl.feeds_from = Some(self.switch_journals(true));
            self.tap.clock().want_messages(true);
        }
    }

    /// Nobody needs the stream any more.
    fn forget_stream(&mut self) {
        self.repl.feeds = false;
        self.repl.feeds_from = None;
        self.tap.clock().want_messages(false);
        self.switch_journals(false);
        let offset = self.repl.history.offset;
        self.repl.stream.reset(offset);
    }

    /// Adds to the stream what no shard did.
    fn feed(&mut self, bytes: &[u8]) {
        // Before the mark the stream has not begun.
        if self.repl.feeds {
            self.repl.stream.append(bytes);
            self.repl.history.grew(bytes.len() as u64);
            self.repl.stale = true;
        }
    }

    fn counted(&mut self, client: u64, replicas: usize) {
        let Some(at) = self.waiting.iter().position(|asker| asker.client == client) else { return };
        let asker = self.waiting.swap_remove(at);
        self.answer(Some(asker), format!(":{replicas}\r\n").as_bytes());
    }

    /// WAIT.
    pub(in super::super) fn wait_request(&mut self, asker: Asker, replicas: usize, until_ms: Option<i64>) {
        self.waiting.push(asker);
        let stamp = self.tap.clock().issued();
        self.repl.waits.add(Waiter { client: asker.client, stamp, replicas, until_ms });
    }

    pub(super) fn settle_waits(&mut self) {
        if !self.repl.waits.is_empty() {
            let now_ms = self.time.unix_ms;
            let actions = self.repl.waits.settle(&self.repl.replicas, now_ms);
            self.obey_master(actions);
        }
    }

    /// Asks replicas for acknowledgements, once for all that have begun to wait.
    pub(super) fn ask_for_acks(&mut self) {
        if self.repl.failover.freezes() || self.repl.waits.is_empty() {
            return;
        }
        self.settle_waits();
        if self.repl.waits.take_asks() {
            self.feed(GETACK);
        }
    }

    /// Bytes came from a replica.
    pub(super) fn heard_replica(&mut self, id: LinkId, data: &[u8]) {
        let Some(outlet) = self.repl.outlets.get_mut(&id) else { return };
        outlet.info.last_ms.store(self.time.unix_ms, Ordering::Relaxed);
        outlet.info.in_bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
        outlet.inbuf.extend_from_slice(data);
        self.read_replica(id);
    }

    fn read_replica(&mut self, id: LinkId) {
        loop {
            let Some(outlet) = self.repl.outlets.get_mut(&id).filter(|outlet| !outlet.closing) else {
                return;
            };
            let input = std::mem::take(&mut outlet.inbuf);
            let mut parser = std::mem::take(&mut outlet.parser);
            let outcome = match parser.parse(&input, &LIMITS) {
                Ok(Parsed::Request(argv, consumed)) => Some((self.said(id, &argv), consumed)),
                Ok(Parsed::Inline(words, consumed)) => {
                    let argv: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
                    Some((self.said(id, &argv), consumed))
                }
                // A newline says that it lives (networking.c `processInlineBuffer`).
                Ok(Parsed::Empty(consumed)) => {
                    let now_s = self.now_s();
                    self.repl.replicas.lives(id, now_s);
                    Some((Ok(()), consumed))
                }
                Ok(Parsed::More(_)) => None,
                Err(error) => {
                    log!(Notice, "{error} from replica: id={id}");
                    return self.drop_replica(id);
                }
            };
            let Some(outlet) = self.repl.outlets.get_mut(&id) else { return };
            match outcome {
                None if input.len() > INBUF_BYTES => {
                    log!(Warning, "Closing client that reached max query buffer length: id={id}");
                    return self.drop_replica(id);
                }
                None => {
                    outlet.inbuf = input;
                    outlet.parser = parser;
                    return;
                }
                Some((Ok(()), consumed)) => {
                    outlet.inbuf = input.get(consumed..).unwrap_or_default().to_vec();
                    if outlet.inbuf.is_empty() {
                        return;
                    }
                }
                Some((Err(name), _)) => {
                    log!(Notice, "Replica generated a reply to command '{name}', disconnecting it: id={id}");
                    return self.drop_replica(id);
                }
            }
        }
    }

    /// A command of a replica. One that would be answered is not for this connection (networking.c
    /// `_addReplyToBufferOrList`): its name.
    fn said(&mut self, id: LinkId, argv: &[&[u8]]) -> Result<(), String> {
        let name = argv.first().copied().unwrap_or_default();
        if !name.eq_ignore_ascii_case(b"replconf") {
            let known = table::find(argv).map(|command| command.full_name.clone());
            return Err(known.unwrap_or_else(|| "<unknown>".to_owned()));
        }
        let mut facts = self.repl.replicas.link(id).map(|link| link.facts.clone()).unwrap_or_default();
        match replconf(&mut facts, argv.get(1..).unwrap_or_default()) {
            Heard::Ack(acked) => {
                let now_s = self.now_s();
                let actions = self.repl.replicas.acked(id, acked, now_s);
                self.obey_master(actions);
                Ok(())
            }
            Heard::GetAck | Heard::Silence => Ok(()),
            Heard::Ok | Heard::Wrong(_) => Err("replconf".to_owned()),
        }
    }

    pub(super) fn second_of_master(&mut self) {
        let settings = self.repl.settings.clone();
        let around = self.around(&settings);
        let repl = &mut self.repl;
        let actions = repl.replicas.second(&mut repl.history, around);
        self.obey_master(actions);
    }
}
