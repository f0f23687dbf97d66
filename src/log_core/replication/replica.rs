//! The replica's side: the connection to the master, the copy that it sends, the stream that it sends.
//!
//! A copy goes to a temporary file, which becomes the RDB file and is loaded by a thread of its own; meanwhile nothing is
//! read from the master. The stream's units are appended to the own stream at once and applied as fast as shards take them;
//! when too much of them waits, or of a copy for the disk, the socket is not read: TCP slows the master down.

use super::super::LogCore;
use super::{Owner, say};
use crate::command::server_state::Request;
use crate::command::server_state::loading::SavedHistory;
use crate::io::{Driver, FileEvent, FileId, Files, Open, Sock};
use crate::load::rdb::Options;
use crate::load::{Loader, start::load_rdb};
use crate::log;
use crate::observe::{ClientInfo, client_flag};
use crate::replication::replica::{Action, Lost, Progress, Stage};
use crate::resp::{Limits, Parsed, Parser};
use crate::shard::apply::{Applier, Feeder, Source};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Bytes of the stream, or of a copy, that may wait here.
const ROOM_BYTES: usize = 16 << 20;
/// A master may send what it could take itself.
const LIMITS: Limits = Limits { bulk_max: i64::MAX, authenticated: true };

/// The connection to the master and what came of it.
#[derive(Default)]
pub(super) struct Following {
    sock: Option<Sock>,
    info: Option<Arc<ClientInfo>>,
    /// Number of the connection, or of the attempt to make one.
    attempt: u64,
    /// Commands for the master that are not sent, and whether a send is under way.
    out: Vec<u8>,
    busy: bool,
    /// Nothing is read until there is room.
    deaf: bool,
    applier: Option<Applier>,
    /// Units that were not taken in by the applier.
    units: VecDeque<Bytes>,
    units_bytes: usize,
    /// Offset up to which the applier has taken them in.
    pub(super) taken: u64,
    ack_from: Option<u64>,
    copy: Option<Received>,
    /// A thread loads a copy.
    loading: bool,
}

/// A copy that is being received.
struct Received {
    file: FileId,
    temp: PathBuf,
    target: PathBuf,
    unwritten: usize,
    stage: Arrival,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Arrival {
    /// More comes.
    Open,
    /// All is appended and being synced.
    Syncing,
    /// The old data goes.
    Flushing,
    /// The thread loads it.
    Loading,
}

impl Following {
    /// The database that the stream has selected, as far as it was taken in.
    pub(super) fn db(&self) -> usize {
        self.applier.as_ref().map_or(0, Applier::db)
    }

    /// Whether this client is the master.
    pub(super) fn is(&self, id: u64) -> bool {
        self.info.as_ref().is_some_and(|info| info.id == id)
    }

    /// Whether all that was received is applied.
    pub(super) fn is_applied(&self) -> bool {
        self.units.is_empty() && self.applier.as_ref().is_none_or(Applier::is_idle)
    }

    fn progress(&self) -> Progress {
        let applied = self.applier.as_ref().map_or(self.taken, |applier| applier.applied().min(self.taken));
        Progress { applied, disk: None }
    }
}

impl<D: Driver + Files> LogCore<D> {
    /// An applier of a stream that goes on at `offset` in database `db`.
    pub(super) fn new_applier(&mut self, offset: u64, db: usize) {
        let mut applier = Applier::new(
            self.server.clone(),
            self.hub.clone(),
            Source::Master,
            Feeder::Cell(self.id),
            offset,
        );
        applier.select(db);
        self.repl.following.applier = Some(applier);
        self.repl.following.taken = offset;
        self.repl.following.units.clear();
        self.repl.following.units_bytes = 0;
    }

    /// Has everything that was taken in on its way to the shards: what is submitted now comes behind it. The offset of
    /// that, on a replica.
    pub(in super::super) fn flush_applier(&mut self) -> Option<u64> {
        // What was never copied has no place in anybody's history.
        self.repl.upstream.as_ref().filter(|upstream| upstream.is_known())?;
        let applier = self.repl.following.applier.as_mut()?;
        applier.flush();
        Some(self.repl.following.taken)
    }

    /// Does what the decider says.
    pub(super) fn obey_replica(&mut self, actions: Vec<Action>) {
        self.repl.stale = true;
        for action in actions {
            match action {
                Action::Log(line) => say(&line),
                Action::Connect => self.connect_master(),
                Action::Send(bytes) => {
                    self.repl.following.out.extend_from_slice(&bytes);
                    self.pump_master();
                }
                Action::Disconnect => self.disconnect_master(),
                Action::BeginCopy { size } => self.begin_receiving(size),
                Action::Copy(bytes) => self.receive_copy(&bytes),
                Action::EndCopy => self.sync_received(),
                Action::DropCopy => self.drop_received(),
                Action::Apply(bytes) => self.apply(bytes),
                Action::AckFrom(offset) => self.repl.following.ack_from = Some(offset),
                Action::DropReplicas => self.drop_all_replicas(),
                Action::Keep { offset } => {
                    if self.repl.stream.offset() != offset {
                        self.repl.stream.reset(offset);
                    }
                }
                Action::Up | Action::Down => {}
                Action::HandedOver(outcome) => self.handed_over(outcome),
            }
        }
    }

    fn connect_master(&mut self) {
        let Some(upstream) = &self.repl.upstream else { return };
        let (host, port) = (upstream.host().to_owned(), upstream.port());
        self.repl.following.attempt += 1;
        let attempt = self.repl.following.attempt;
        if let Ok(ip) = host.parse() {
            return self.dial(SocketAddr::new(ip, port));
        }
        // Names are looked up elsewhere: that may take long.
        let server = self.server.clone();
        let look_up = move || {
            let found = (host.as_str(), port).to_socket_addrs();
            let found = found.map_err(|error| error.to_string());
            let found =
                found.and_then(|mut all| all.next().ok_or_else(|| "Name or service not known".to_owned()));
            server.ask_log(Request::Resolved(attempt, found));
        };
        if let Err(error) = std::thread::Builder::new().name("resolve".into()).spawn(look_up) {
            self.server.ask_log(Request::Resolved(attempt, Err(error.to_string())));
        }
    }

    /// The master's name was looked up.
    pub(in super::super) fn resolved(&mut self, attempt: u64, found: Result<SocketAddr, String>) {
        if attempt != self.repl.following.attempt || self.repl.following.sock.is_some() {
            return;
        }
        match found {
            Ok(address) => self.dial(address),
            Err(reason) => self.master_connected(Err(reason)),
        }
    }

    fn dial(&mut self, address: SocketAddr) {
        let from = self.config.bind_source_addr.as_ref().and_then(|from| from.parse().ok());
        let sock = self.driver.connect(address, from, u64::from(self.config.tcp_keepalive_s));
        self.repl.socks.insert(sock, Owner::Master);
        self.repl.following.sock = Some(sock);
        let info = ClientInfo {
            id: self.server.clients.next_id(),
            shard: self.id,
            addr: address.to_string(),
            created_ms: self.time.unix_ms,
            ..ClientInfo::default()
        };
        info.resp.store(2, Ordering::Relaxed);
        info.multi.store(-1, Ordering::Relaxed);
        info.last_ms.store(self.time.unix_ms, Ordering::Relaxed);
        info.set_flag(client_flag::MASTER, true);
        self.repl.following.info = Some(Arc::new(info));
    }

    /// How connecting went.
    pub(super) fn master_connected(&mut self, result: Result<(), String>) {
        let now_s = self.now_s();
        let Some(upstream) = &mut self.repl.upstream else { return };
        let actions = upstream.connected(result, now_s);
        self.obey_replica(actions);
    }

    fn disconnect_master(&mut self) {
        let following = &mut self.repl.following;
        following.out.clear();
        following.busy = false;
        following.deaf = false;
        // A name that is being looked up is of no use any more.
        following.attempt += 1;
        if let Some(info) = following.info.take() {
            self.server.clients.remove(info.id);
        }
        if let Some(sock) = following.sock.take() {
            self.repl.socks.remove(&sock);
            self.driver.close(sock);
        }
    }

    fn pump_master(&mut self) {
        let following = &mut self.repl.following;
        if let Some(sock) = following.sock
            && !following.busy
            && !following.out.is_empty()
        {
            following.busy = true;
            let bytes = std::mem::take(&mut following.out);
            self.driver.send(sock, bytes);
        }
    }

    /// A send to the master is over.
    pub(super) fn master_sent(&mut self, result: &io::Result<usize>) {
        self.repl.following.busy = false;
        match result {
            Ok(_) => self.pump_master(),
            Err(error) => self.master_lost(&error.to_string()),
        }
    }

    /// The connection to the master ended.
    pub(super) fn master_lost(&mut self, why: &str) {
        let now_s = self.now_s();
        let Some(upstream) = &mut self.repl.upstream else { return };
        let actions = upstream.lost(&Lost(why.to_owned()), now_s);
        self.obey_replica(actions);
    }

    /// Bytes came from the master.
    pub(super) fn heard_master(&mut self, data: &[u8]) {
        let now_s = self.now_s();
        let bytes = Bytes::copy_from_slice(data);
        let settings = self.repl.settings.clone();
        let repl = &mut self.repl;
        let Some(upstream) = &mut repl.upstream else { return };
        let was_linked = upstream.is_linked();
        let actions = upstream.received(bytes, &mut repl.history, &settings, now_s);
        let is_linked = upstream.is_linked();
        if let Some(info) = &repl.following.info {
            info.last_ms.store(self.time.unix_ms, Ordering::Relaxed);
            info.in_bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
        self.obey_replica(actions);
        if is_linked && !was_linked {
            self.list_master();
        }
        self.throttle_master();
    }

    /// The master is a client like others, from now on.
    fn list_master(&mut self) {
        if let Some(info) = self.repl.following.info.clone() {
            self.server.clients.add(info);
        }
    }

    /// Reads from the master, or not.
    fn throttle_master(&mut self) {
        let following = &mut self.repl.following;
        let full = following.units_bytes > ROOM_BYTES
            || following
                .copy
                .as_ref()
                .is_some_and(|copy| copy.unwritten > ROOM_BYTES || copy.stage != Arrival::Open);
        if let Some(sock) = following.sock
            && full != following.deaf
        {
            following.deaf = full;
            self.driver.hear(sock, !full);
        }
    }

    fn begin_receiving(&mut self, size: Option<u64>) {
        let dir = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let temp = dir.join(format!("temp-{}.{}.rdb", self.now_s(), std::process::id()));
        match size {
            None => {
                log!(Notice, "MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF to disk")
            }
            Some(size) => {
                log!(Notice, "MASTER <-> REPLICA sync: receiving {size} bytes from master to disk");
            }
        }
        match self.driver.open_file(&temp, Open::Create) {
            Ok(file) => {
                let target = dir.join(&self.config.dbfilename);
                self.repl.following.copy =
                    Some(Received { file, temp, target, unwritten: 0, stage: Arrival::Open });
            }
            Err(error) => {
                log!(Warning, "Opening the temp file needed for MASTER <-> REPLICA synchronization: {error}");
                self.master_lost("no file for the copy");
            }
        }
    }

    fn receive_copy(&mut self, bytes: &Bytes) {
        if let Some(copy) = &mut self.repl.following.copy {
            copy.unwritten += bytes.len();
            self.driver.append(copy.file, bytes.to_vec());
        }
    }

    fn sync_received(&mut self) {
        if let Some(copy) = &mut self.repl.following.copy {
            copy.stage = Arrival::Syncing;
            self.driver.sync(copy.file, false);
        }
        self.throttle_master();
    }

    fn drop_received(&mut self) {
        let Some(copy) = self.repl.following.copy.take() else { return };
        if matches!(copy.stage, Arrival::Open | Arrival::Syncing) {
            self.driver.close_file(copy.file);
            self.remove_file(&copy.temp);
        }
    }

    fn remove_file(&mut self, path: &Path) {
        if let Err(error) = self.driver.remove(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            log!(Warning, "Can't remove {}: {error}", path.display());
        }
    }

    /// Something happened to a file; whether it was that of a copy which is received.
    pub(in super::super) fn received_file_event(&mut self, event: &FileEvent) -> bool {
        let Some(copy) = &mut self.repl.following.copy else { return false };
        match event {
            FileEvent::Written { file, buffer, result, .. } if *file == copy.file => {
                copy.unwritten = copy.unwritten.saturating_sub(buffer.len());
                match result {
                    Ok(()) => self.throttle_master(),
                    Err(error) => {
                        log!(
                            Warning,
                            "Write error or short write writing to the DB dump file needed for MASTER <-> REPLICA synchronization: {error}"
                        );
                        self.copy_broken();
                    }
                }
            }
            FileEvent::Synced { file, result } if *file == copy.file => match result {
                Ok(()) => self.name_received(),
                Err(error) => {
                    log!(
                        Warning,
                        "Failed trying to sync the temp DB to disk in MASTER <-> REPLICA synchronization: {error}"
                    );
                    self.copy_broken();
                }
            },
            _ => return false,
        }
        true
    }

    /// The copy cannot be used: the master is asked again.
    fn copy_broken(&mut self) {
        let now_s = self.now_s();
        let repl = &mut self.repl;
        let Some(upstream) = &mut repl.upstream else { return };
        let actions = match upstream.stage() {
            Stage::Loading { .. } => upstream.loaded(false, &mut repl.history, now_s),
            _ => upstream.lost(&Lost("the copy could not be written".into()), now_s),
        };
        self.obey_replica(actions);
    }

    /// The copy is durable: it becomes the RDB file, and what is here goes.
    fn name_received(&mut self) {
        let Some(copy) = &mut self.repl.following.copy else { return };
        self.driver.close_file(copy.file);
        copy.stage = Arrival::Flushing;
        let (temp, target) = (copy.temp.clone(), copy.target.clone());
        let dir = target.parent().map(Path::to_owned).unwrap_or_default();
        let named = self.driver.rename(&temp, &target).and_then(|()| self.driver.sync_dir(&dir));
        if let Err(error) = named {
            log!(
                Warning,
                "Failed trying to rename the temp DB into {} in MASTER <-> REPLICA synchronization: {error}",
                target.display()
            );
            self.remove_file(&temp);
            return self.copy_broken();
        }
        let repl = &mut self.repl;
        let Some(upstream) = &mut repl.upstream else { return };
        let actions = upstream.replaces(&mut repl.history);
        self.obey_replica(actions);
        self.suspend_log();
        log!(Notice, "MASTER <-> REPLICA sync: Flushing old data");
        self.new_applier(0, 0);
        let how: &[u8] = if self.config.replica_lazy_flush { b"ASYNC" } else { b"SYNC" };
        if let Some(applier) = &mut self.repl.following.applier {
            for command in [[&b"FLUSHALL"[..], how], [&b"FUNCTION"[..], b"FLUSH"]] {
                if let Err(refusal) = applier.push(&command, 0) {
                    log!(Warning, "Flushing old data: {refusal}");
                }
            }
            applier.flush();
        }
    }

    /// Loads the copy, once the old data is gone and no other copy is being loaded.
    fn load_received(&mut self) {
        let following = &mut self.repl.following;
        let Some(copy) = following.copy.as_mut().filter(|copy| copy.stage == Arrival::Flushing) else {
            return;
        };
        if following.loading || following.applier.as_ref().is_some_and(|applier| !applier.is_idle()) {
            return;
        }
        log!(Notice, "MASTER <-> REPLICA sync: Loading DB in memory");
        copy.stage = Arrival::Loading;
        following.loading = true;
        let (attempt, target) = (following.attempt, copy.target.clone());
        let server = self.server.clone();
        let loader = Loader { server: server.clone(), hub: self.hub.clone() };
        let body = move || {
            let options = Options { keep_expired: true, merge: true };
            let loaded = load_rdb(&loader, &target, options);
            let history = match loaded {
                Ok(true) => Some(server.loading.take_history().unwrap_or_default()),
                _ => None,
            };
            server.loading.end();
            server.ask_log(Request::CopyLoaded(attempt, history));
        };
        if let Err(error) = std::thread::Builder::new().name("load".into()).spawn(body) {
            log!(Warning, "Loading got no thread: {error}");
            self.server.ask_log(Request::CopyLoaded(attempt, None));
        }
    }

    /// The thread has loaded a copy, or not.
    pub(in super::super) fn copy_loaded(&mut self, attempt: u64, saved: Option<SavedHistory>) {
        self.repl.following.loading = false;
        if attempt != self.repl.following.attempt {
            return;
        }
        let target = self.repl.following.copy.take().map(|copy| copy.target);
        if let Some(target) = target.filter(|_| saved.is_some() && self.keeps_no_files()) {
            log!(
                Notice,
                "Removing the RDB file obtained from the master. This replica has persistence disabled"
            );
            self.remove_sync_file(&target);
        }
        let now_s = self.now_s();
        let repl = &mut self.repl;
        let Some(upstream) = &mut repl.upstream else { return };
        if saved.is_none() {
            log!(
                Warning,
                "Failed trying to load the MASTER synchronization DB from disk, check server logs."
            );
        }
        let actions = upstream.loaded(saved.is_some(), &mut repl.history, now_s);
        if let Some(saved) = saved {
            let offset = repl.history.offset;
            let keep = actions.iter().find_map(|action| match action {
                Action::Keep { offset } => Some(*offset),
                _ => None,
            });
            let db = saved.stream_db.and_then(|db| usize::try_from(db).ok()).unwrap_or(0);
            self.new_applier(keep.unwrap_or(offset), db);
            self.list_master();
            self.resume_log();
        }
        self.obey_replica(actions);
        self.throttle_master();
    }

    /// Whole units of the master's stream.
    fn apply(&mut self, bytes: Bytes) {
        self.repl.stream.append(&bytes);
        self.repl.following.units_bytes += bytes.len();
        self.repl.following.units.push_back(bytes);
    }

    /// Goes on with what is to be applied.
    pub(super) fn advance_applying(&mut self) {
        let following = &mut self.repl.following;
        let Some(applier) = &mut following.applier else { return };
        let changed = applier.advance();
        let mut parser = Parser::new();
        while applier.has_room()
            && let Some(bytes) = following.units.pop_front()
        {
            // A reference of its own: what was parsed is borrowed until it is pushed.
            let unit = bytes.clone();
            let outcome = parser.parse(&unit, &LIMITS);
            let consumed = match &outcome {
                Ok(Parsed::Request(_, n) | Parsed::Inline(_, n) | Parsed::Empty(n)) => *n,
                // Units are whole and were read before.
                Ok(Parsed::More(_)) | Err(_) => bytes.len(),
            };
            let end = following.taken + consumed as u64;
            let pushed = match outcome {
                Ok(Parsed::Request(argv, _)) => applier.push(&argv, end),
                Ok(Parsed::Inline(words, _)) => {
                    applier.push(&words.iter().map(Vec::as_slice).collect::<Vec<_>>(), end)
                }
                _ => Ok(()),
            };
            if let Err(refusal) = pushed {
                log!(
                    Warning,
                    "== CRITICAL == This replica is sending an error to its master: '{refusal}' at offset {end}"
                );
            }
            following.taken = end;
            following.units_bytes = following.units_bytes.saturating_sub(consumed);
            let rest = bytes.slice(consumed.min(bytes.len())..);
            if !rest.is_empty() {
                following.units.push_front(rest);
            }
        }
        applier.flush();
        if changed {
            self.repl.stale = true;
        }
        self.throttle_master();
        self.load_received();
        self.acknowledge();
        self.lead_if_applied();
    }

    fn acknowledge(&mut self) {
        let progress = self.repl.following.progress();
        if self.repl.following.ack_from.is_some_and(|from| progress.applied >= from) {
            self.repl.following.ack_from = None;
            let action = self.repl.upstream.as_ref().and_then(|upstream| upstream.acknowledge(progress));
            self.obey_replica(action.into_iter().collect());
        }
    }

    /// Whether shards have applied something since the last look.
    pub(in super::super) fn has_applied(&mut self) -> bool {
        self.repl.following.applier.as_mut().is_some_and(Applier::advance)
    }

    pub(super) fn second_of_replica(&mut self) {
        if self.repl.change.is_some() || self.repl.is_leaving() {
            return;
        }
        let progress = self.repl.following.progress();
        let now_s = self.now_s();
        let settings = self.repl.settings.clone();
        if let Some(upstream) = &mut self.repl.upstream {
            let actions = upstream.second(progress, &settings, now_s);
            self.obey_replica(actions);
        }
    }
}
