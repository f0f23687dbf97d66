//! From received bytes to commands: parsing, the checks that come first, and running what runs here.

use super::blocked::serve;
use super::conn::{Conn, End, Hold};
use super::ground::{self, Ground, Scene};
use super::journal::end_unit;
use super::mesh::Caller;
use super::meter::{Meter, Ran};
use super::{Connection, Driver, Shard};
use crate::command::blocking::Asked;
use crate::command::pubsub::replies_by_push;
use crate::command::session::ReplyMode;
use crate::command::{Args, Command, Failure, Handler, Idle, Route, ShardOp, View, shorten, table};
use crate::io::Event;
use crate::resp::{Argv, Limits, Out, Parsed, Parser, ProtocolError};
use smallvec::SmallVec;

/// What became of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// It was executed or sent on its way: go on with the next.
    Done,
    /// It cannot start yet: keep its bytes and try again when the hold ends.
    Retry(Hold),
    /// It started, and the next must wait until the hold ends.
    Wait(Hold),
}

/// Requests parsed before the first of them runs.
pub const AHEAD: usize = 16;

/// Longest request, in bytes, that is looked at before its turn comes.
const UNPIPELINED_MAX: u16 = 512;

/// From so many bytes on a request is counted before it runs (`maxmemory-clients`).
const HEAVY: usize = 32 * 1024;

/// Unread bytes of a waiting connection from which on no more are received, and at half of which receiving goes on.
const UNEXECUTED_MAX: usize = 1024 * 1024;

/// A parsed request and the command that it names.
struct Request<'a> {
    command: Result<&'static Command, Failure>,
    argv: Argv<'a>,
    /// Bytes it took.
    used: usize,
}

type Requests<'a> = SmallVec<[Request<'a>; AHEAD]>;

/// What comes behind the requests that were parsed.
enum Stop {
    /// Perhaps more requests.
    Full,
    /// Bytes without meaning.
    Skip(usize),
    /// An inline request.
    Inline(Vec<Vec<u8>>, usize),
    /// A request that is cut off.
    More(usize),
    /// Something that is no request.
    Error(ProtocolError),
}

/// What a command of another shard's connection came to.
#[derive(Debug)]
pub enum Aftermath {
    /// It replied.
    Replied,
    /// It asked for a wait: it replied nothing and does not count yet.
    Asked(Box<Asked>),
    /// It is a script that strayed: it replied nothing, and had no effect.
    Strayed,
}

impl Aftermath {
    /// The wait that was asked for.
    pub fn asked(self) -> Option<Box<Asked>> {
        match self {
            Aftermath::Asked(asked) => Some(asked),
            Aftermath::Replied | Aftermath::Strayed => None,
        }
    }
}

/// Runs a command of another shard's connection on this shard's keys, as a part of the journal's unit under way. With a `meter`, and the shard on whose thread this
/// is, it is counted; a fragment of a command is not, its command is counted once, at home.
pub fn execute_for(
    ground: &mut Ground,
    meter: Option<(&mut Meter, usize)>,
    caller: Caller,
    command: &'static Command,
    argv: Args<'_>,
    out: &mut Vec<u8>,
    mut idle: Option<Idle<'_>>,
) -> Aftermath {
    let Ground { store, stand_in, server, shard, .. } = ground;
    stand_in.id = caller.client;
    stand_in.db = caller.db;
    stand_in.proto = caller.proto;
    stand_in.guest = Some(caller.user);
    stand_in.home = caller.home;
    stand_in.tracks = caller.tracks;
    store.no_touch = caller.no_touch;
    store.tracking.caller = caller.client;
    let now_ms = store.now_ms;
    let idle = shorten(&mut idle);
    let mut scene = Scene { view: View::One(store), now_ms, session: stand_in, server, shard: *shard, idle };
    let mark = out.len();
    let ok = ground::run(&mut scene, command, argv, out);
    store.no_touch = false;
    let asked = stand_in.wait.take();
    let strayed = std::mem::take(&mut stand_in.strayed);
    let counted = std::mem::take(&mut stand_in.error_counted);
    if let Some((meter, runner)) = meter {
        let reply = out.get(mark..).unwrap_or_default();
        let ran = Ran { command, argv, ok, client: caller.client, reply, counted };
        if asked.is_none() && !strayed {
            meter.account(server, runner, &ran);
        } else {
            meter.skip();
        }
    }
    if !store.lapsed.is_empty() {
        store.remove_lapsed();
    }
    match asked {
        Some(asked) => Aftermath::Asked(asked),
        None if strayed => Aftermath::Strayed,
        None => Aftermath::Replied,
    }
}

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Bytes arrived on connection `key`.
    pub(super) fn received(&mut self, key: usize, data: &[u8]) {
        let Some(conn) = self.conns.get_mut(key) else { return };
        self.tally.net_in += data.len() as u64;
        if conn.end != End::Open {
            return;
        }
        if self.running == Some(key) || self.late.iter().any(|(late, _)| *late == key) {
            return self.keep_late(key, data);
        }
        if conn.out.capacity() == 0 {
            // Replies go into a buffer that is warm. It comes back when it was sent, or the turn ends without a reply.
            conn.out = self.spares.pop().unwrap_or_default();
            self.touch(key);
        }
        let Some(conn) = self.conns.get_mut(key) else { return };
        if conn.inbuf.is_empty() && conn.hold == Hold::None {
            let used = self.feed(key, data);
            if let (Some(conn), Some(rest)) = (self.conns.get_mut(key), data.get(used..))
                && conn.end == End::Open
            {
                conn.inbuf.push(rest, conn.need);
            }
        } else {
            conn.inbuf.push(data, conn.need);
            self.resume(key);
        }
        self.slow_down(key);
        self.check_query_buffer(key);
    }

    /// Goes on with the unread bytes of a connection that waits for nothing.
    pub(super) fn resume(&mut self, key: usize) {
        let Some(conn) = self.conns.get_mut(key) else { return };
        if !conn.end.executes() || conn.hold != Hold::None || conn.inbuf.len() < conn.need.max(1) {
            return;
        }
        let (bytes, at) = conn.inbuf.take();
        let used = self.feed(key, bytes.get(at..).unwrap_or_default());
        if let Some(conn) = self.conns.get_mut(key) {
            conn.inbuf.restore(bytes, at + used);
            if conn.deaf && conn.inbuf.len() < UNEXECUTED_MAX / 2 {
                conn.deaf = false;
                self.driver.hear(conn.sock, true);
            }
        }
    }

    /// Stops receiving from a connection that sends faster than its commands run: the next one waits for other shards,
    /// and a bulk load must not pile up here until it meets `client-query-buffer-limit`.
    fn slow_down(&mut self, key: usize) {
        if let Some(conn) = self.conns.get_mut(key)
            && conn.hold != Hold::None
            && !conn.deaf
            && conn.inbuf.len() > UNEXECUTED_MAX
        {
            conn.deaf = true;
            self.driver.hear(conn.sock, false);
        }
    }

    /// Ends the wait of a connection; it goes on within this turn.
    pub(super) fn release(&mut self, key: usize) {
        if let Some(conn) = self.conns.get_mut(key) {
            conn.hold = Hold::None;
            self.ready.push(key);
            self.touch(key);
        }
    }

    /// Executes the requests in `data`. Returns the bytes that are done with.
    fn feed(&mut self, key: usize, data: &[u8]) -> usize {
        let mut at = 0;
        loop {
            let (requests, stop) = self.parse_ahead(key, data.get(at..).unwrap_or_default());
            if requests.len() > 1 {
                self.prefetch(key, &requests);
            }
            for request in &requests {
                match self.start(key, request) {
                    Flow::Done => at += request.used,
                    flow @ (Flow::Retry(hold) | Flow::Wait(hold)) => {
                        self.put_on_hold(key, hold);
                        return if matches!(flow, Flow::Wait(_)) { at + request.used } else { at };
                    }
                }
                if !self.still_open(key) {
                    return data.len();
                }
            }
            match stop {
                Stop::Full => {}
                Stop::Skip(used) => at += used,
                Stop::Inline(words, used) => {
                    let argv: Argv<'_> = words.iter().map(Vec::as_slice).collect();
                    match self.start(key, &Request { command: table::resolve(&argv), argv, used }) {
                        Flow::Done => at += used,
                        flow @ (Flow::Retry(hold) | Flow::Wait(hold)) => {
                            self.put_on_hold(key, hold);
                            return if matches!(flow, Flow::Wait(_)) { at + used } else { at };
                        }
                    }
                    if !self.still_open(key) {
                        return data.len();
                    }
                }
                Stop::More(need) => {
                    if let Some(conn) = self.conns.get_mut(key) {
                        conn.need = need;
                    }
                    return at;
                }
                Stop::Error(error) => {
                    self.protocol_error(key, &error);
                    return data.len();
                }
            }
        }
    }

    /// Parses up to [`AHEAD`] requests, and says what comes behind them.
    fn parse_ahead<'a>(&mut self, key: usize, data: &'a [u8]) -> (Requests<'a>, Stop) {
        let bulk_max = i64::try_from(self.config.proto_max_bulk_len).unwrap_or(i64::MAX);
        let mut requests = Requests::new();
        let Some(conn) = self.conns.get_mut(key) else { return (requests, Stop::More(0)) };
        let Some(session) = conn.session.as_deref() else { return (requests, Stop::More(0)) };
        let limits = Limits { bulk_max, authenticated: session.authenticated };
        // AUTH lifts the limits for what follows it, so before it there is no looking ahead.
        let ahead = if session.authenticated { AHEAD } else { 1 };
        let mut at = 0;
        while requests.len() < ahead {
            let rest = data.get(at..).unwrap_or_default();
            if rest.is_empty() {
                return (requests, Stop::More(0));
            }
            let stop = match conn.parser.parse(rest, &limits) {
                Ok(Parsed::Request(argv, used)) => {
                    at += used;
                    requests.push(Request { command: table::resolve(&argv), argv, used });
                    continue;
                }
                Ok(Parsed::Inline(words, used)) => Stop::Inline(words, used),
                Ok(Parsed::Empty(used)) => Stop::Skip(used),
                Ok(Parsed::More(need)) => Stop::More(need),
                Err(error) => Stop::Error(error),
            };
            return (requests, stop);
        }
        (requests, Stop::Full)
    }

    /// Asks the processor to load what the requests will touch: first the way to all buckets, then the buckets, then the entries. At a million keys
    /// nearly every lookup misses the caches; the misses of a pipeline then overlap instead of following each other.
    fn prefetch(&mut self, key: usize, requests: &Requests<'_>) {
        let Some(db) = self.conns.get(key).and_then(|c| Some(c.session.as_ref()?.db)) else { return };
        let Some(ground) = self.seat.state() else { return };
        let keys = requests.iter().filter_map(|r| {
            let word = r.command.as_ref().ok()?.one_key?;
            r.argv.get(word).copied()
        });
        ground.store.prefetch(db, keys);
    }

    /// The same for the first requests of several connections: without pipelines the misses of one turn overlap too.
    pub(super) fn prefetch_events(&mut self, events: &[Event<D::Buf, D::Socket>]) {
        let limits = Limits { bulk_max: i64::from(UNPIPELINED_MAX), authenticated: true };
        let Shard { conns, by_sock, seat, .. } = self;
        let Some(ground) = seat.state() else { return };
        let keys = events.iter().filter_map(|event| {
            let Event::Received { sock, data } = event else { return None };
            let data = data.as_ref();
            if data.len() > usize::from(UNPIPELINED_MAX) {
                return None;
            }
            let conn = conns.get(by_sock.get(sock.0 as usize).copied().flatten()?)?;
            // What is left of an earlier request, or another database, is not worth the trouble.
            if !conn.inbuf.is_empty() || conn.session.as_ref()?.db != 0 {
                return None;
            }
            match Parser::new().parse(data, &limits) {
                Ok(Parsed::Request(argv, _)) => argv.get(table::lookup(argv.first()?)?.one_key?).copied(),
                _ => None,
            }
        });
        ground.store.prefetch(0, keys);
    }

    /// Notes why a connection's next command waits.
    fn put_on_hold(&mut self, key: usize, hold: Hold) {
        if let Some(conn) = self.conns.get_mut(key) {
            conn.hold = hold;
            conn.need = 0;
            // What was parsed ahead is parsed again when the hold ends.
            conn.parser.reset();
        }
        match hold {
            Hold::Lend => self.lent_out.push(key),
            Hold::Pause => self.paused.push(key),
            Hold::Crowd => self.post.throttled.push(key),
            _ => {}
        }
    }

    /// One command of connection `key`.
    fn start(&mut self, key: usize, request: &Request<'_>) -> Flow {
        let argv = request.argv.as_slice();
        if request.used >= HEAVY && self.is_too_heavy(key, request.used) {
            return Flow::Done;
        }
        if let Some(session) = self.conns.get_mut(key).and_then(|c| c.session.as_deref_mut())
            && session.reply == ReplyMode::SkipNext
        {
            session.reply = ReplyMode::Skip;
        }
        let command = match &request.command {
            Ok(command) => *command,
            Err(failure) => {
                if !self.turned_away(key, argv) {
                    // A wrong number of words counts as a refusal of the command that they name.
                    self.refuse(key, table::find(argv), failure);
                }
                self.after_command(key, None);
                return Flow::Done;
            }
        };
        if let Some(flow) = self.gate(key, command, argv) {
            if !matches!(flow, Flow::Retry(_)) {
                self.after_command(key, None);
            }
            return flow;
        }
        // Taken before the command runs: a transaction may carry the session away.
        let shown = (self.watchful && self.server.has_monitors())
            .then(|| self.line_for_monitors(key, command, argv))
            .flatten();
        let flow = match command.row.handler {
            Handler::Shard(op) => self.shard_op(key, op, command, argv),
            Handler::Run(_) | Handler::Container => self.route(key, command, argv),
        };
        if !matches!(flow, Flow::Retry(_)) {
            if let Some(line) = shown {
                self.server.feed_monitors(&line);
            }
            self.after_command(key, Some(command));
        }
        flow
    }

    /// Runs a command on this shard's own state and queues its reply.
    #[inline]
    pub(super) fn run_here(&mut self, key: usize, command: &'static Command, argv: Args<'_>) -> Flow {
        if matches!(command.row.route, Route::Script) {
            return self.run_script_here(key, command, argv);
        }
        let Some(ground) = self.seat.state() else { return self.run_aside(key, command, argv) };
        let Some(conn) = self.conns.get_mut(key) else { return Flow::Done };
        let Conn { session, order, out, .. } = conn;
        let Some(session) = session.as_deref_mut() else { return Flow::Done };
        let Ground { store, server, shard, .. } = &mut *ground;
        store.no_touch = session.no_touch;
        store.tracking.caller = session.id;
        let now_ms = store.now_ms;
        let client = session.id;
        let meter = &mut self.meter;
        let mut go = |out: &mut Vec<u8>| {
            let mark = out.len();
            let mut scene =
                Scene { view: View::One(store), now_ms, session, server, shard: *shard, idle: None };
            let ok = ground::run(&mut scene, command, argv, out);
            let asked = session.wait.take();
            if asked.is_some() {
                meter.skip();
                return asked;
            }
            let reply = out.get(mark..).unwrap_or_default();
            let counted = false;
            meter.account(server, *shard, &Ran { command, argv, ok, client, reply, counted });
            // Asked after the command: CLIENT REPLY ON answers, CLIENT REPLY OFF does not.
            if session.is_mute() && !replies_by_push(command) {
                out.truncate(mark);
            }
            None
        };
        let asked = if order.is_empty() { go(out) } else { order.local(go) };
        if !store.lapsed.is_empty() {
            store.remove_lapsed();
        }
        end_unit(store, command);
        let subscribed = session.subscriptions.is_some();
        let tracking = session.tracking.is_some();
        let away = std::mem::take(&mut session.away).then(|| Hold::Away { mute: session.is_mute() });
        serve(ground, &mut self.meter, self.id);
        self.touch(key);
        if subscribed {
            self.apply_subscriptions(key);
            // A message to itself follows the reply that it belongs to.
            self.flush_outbox();
        }
        if tracking {
            self.sort_invalid();
        }
        let away = self.departs(key).or(away);
        match (asked, away) {
            (None, None) => Flow::Done,
            (None, Some(hold)) => Flow::Wait(hold),
            (Some(asked), _) => self.block_here(key, command, argv, *asked),
        }
    }

    /// The log core answers the command that client `id` waits for.
    pub(super) fn answered(&mut self, id: u64, bytes: &[u8]) {
        let Some(&key) = self.by_id.get(&id) else { return };
        let Some(Hold::Away { mute }) = self.conns.get(key).map(|c| c.hold) else { return };
        if !mute {
            self.push_bytes(key, bytes);
        }
        self.release(key);
    }

    /// Replies to connection `key`, behind whatever it still waits for.
    pub(super) fn reply(&mut self, key: usize, write: impl FnOnce(&mut Out<'_>)) {
        let Some(conn) = self.conns.get_mut(key) else { return };
        let proto = conn.session.as_ref().map(|s| s.proto).unwrap_or_default();
        if conn.session.as_ref().is_some_and(|s| s.is_mute()) {
            return;
        }
        if conn.order.is_empty() {
            write(&mut Out::new(&mut conn.out, proto));
        } else {
            conn.order.local(|out| write(&mut Out::new(out, proto)));
        }
        self.touch(key);
    }

    /// Replies an error for a command that does not run; inside MULTI the transaction is spoilt (Redis: `rejectCommand`).
    pub(super) fn refuse(&mut self, key: usize, command: Option<&'static Command>, failure: &Failure) {
        let is_exec = match failure {
            Failure::Arity(name) => name == "exec",
            _ => command.is_some_and(|c| matches!(c.row.handler, Handler::Shard(ShardOp::Exec))),
        };
        if is_exec && self.leave_multi(key).is_some() {
            // multi.c `execCommandAbort`: a refused EXEC ends the transaction.
            self.unwatch(key);
            let line = [b"EXECABORT Transaction discarded because of: ", failure.line().as_ref()].concat();
            self.reply(key, |out| out.error(&line));
            return self.meter.refused(&self.server, self.id, command, failure);
        }
        self.reply(key, |out| out.error(&failure.line()));
        if let Some(multi) = self.conns.get_mut(key).and_then(|c| c.session.as_mut()?.multi.as_mut()) {
            multi.aborted = true;
        }
        self.meter.refused(&self.server, self.id, command, failure);
    }
}
