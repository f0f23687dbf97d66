//! What the server knows of one connection beyond its socket: identity, database, protocol, transaction in the making.
//!
//! The connection's shard owns it. While a transaction runs elsewhere the session travels with it (the connection
//! waits, so nobody misses it). Single-key commands sent to another shard run under that shard's stand-in session, which
//! carries only identity, database, protocol and flags.

use super::blocking::Asked;
use super::row::Command;
use super::server_state::Request;
use crate::acl::{Acl, User, Users};
use crate::keyspace::WatchState;
use crate::observe::{ClientInfo, client_flag};
use crate::pubsub::Subscriptions;
use crate::replication::master::{Ask, Facts};
use crate::resp::Proto;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};

/// The user of a session that has not met the server's yet.
static UNMET: LazyLock<Arc<User>> = LazyLock::new(|| Arc::new(User::new_default()));

/// No generation of users has this number.
const CHECKED: u64 = u64::MAX;

/// What a connection that asks for the replication stream asks for.
#[derive(Clone, Debug)]
pub struct Attach {
    /// What it said of itself.
    pub facts: Facts,
    /// SYNC or PSYNC.
    pub ask: Ask,
    /// It was told to give its role to this server, which is its replica (PSYNC … FAILOVER).
    pub takes_over: bool,
}

/// One connection's state.
pub struct Session {
    /// Client id, unique over the life of the server.
    pub id: u64,
    /// Selected database.
    pub db: usize,
    /// Protocol of replies.
    pub proto: Proto,
    /// Whether commands that need authentication are allowed.
    pub authenticated: bool,
    /// Who it is, as of generation `seen` of the users.
    user: Arc<User>,
    seen: u64,
    /// The generation of users as of which no command needs a check: logged in, and everything is allowed. Another value
    /// means a look at the rest.
    free: u64,
    /// For a stand-in: the serial number of the caller's user.
    pub guest: Option<u32>,
    /// Its commands come from a master's stream or from a log of commands: they may do everything, nothing expires under
    /// them, and a time that has passed is set, for the stream says itself when something is gone (networking.c
    /// `mustObeyClient`, expire.c `checkAlreadyExpired`).
    pub replays: bool,
    /// Close the connection once what was written is sent.
    pub close_after_reply: bool,
    /// CLIENT NO-TOUCH.
    pub no_touch: bool,
    /// CLIENT REPLY.
    pub reply: ReplyMode,
    /// This connection is a MONITOR.
    pub monitor: bool,
    /// Commands queued since MULTI.
    pub multi: Option<Box<Multi>>,
    /// The queue that EXEC is running: its commands must not block or change what the connection is (Redis:
    /// CLIENT_DENY_BLOCKING).
    pub executing: Option<Executing>,
    /// Commands must not block for another reason: a script runs them (Redis: CLIENT_DENY_BLOCKING).
    pub deny_blocking: bool,
    /// The error that the last command replied was counted when a command of its script made it.
    pub error_counted: bool,
    /// A script touched a shard that it does not hold: the loop runs it again, over all shards.
    pub strayed: bool,
    /// The wait that the running command asked for; the loop takes it when the handler has returned.
    pub wait: Option<Box<Asked>>,
    /// The running command is answered by the log core: the connection waits for that. Only for commands that run at home
    /// and outside EXEC.
    pub away: bool,
    /// What the running command asks of the log core, which answers: the loop passes it on once what ran before is
    /// published. As for `away`.
    pub asks: Option<Box<Request>>,
    /// What it said of itself as a replica (REPLCONF).
    pub replica: Option<Box<Facts>>,
    /// It asks for the replication stream: the loop hands the connection over to the log core.
    pub attach: Option<Box<Attach>>,
    /// Watched keys.
    pub watch: Option<Box<Watching>>,
    /// RESET: the loop unregisters the watched keys once the command has run.
    pub forget_watch: bool,
    /// Channels and patterns that it subscribes to, once there was one.
    pub subscriptions: Option<Box<Subscriptions>>,
    /// It subscribes to something (Redis: CLIENT_PUBSUB): in RESP2 few commands are allowed then.
    pub subscribed: bool,
    /// Client side caching, if it is on.
    pub tracking: Option<Box<Tracking>>,
    /// The keys that its commands read are remembered for it.
    pub tracks: bool,
    /// The shard of the connection.
    pub home: usize,
    /// What other connections may see of this one (CLIENT LIST), shared with them.
    pub info: Arc<ClientInfo>,
}

/// Which replies a client wants (CLIENT REPLY).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReplyMode {
    /// All.
    #[default]
    On,
    /// None.
    Off,
    /// Not the one of the next command.
    SkipNext,
    /// Not the one of the running command.
    Skip,
}

/// Commands between MULTI and EXEC.
#[derive(Default)]
pub struct Multi {
    /// Queued commands.
    pub queue: Vec<Queued>,
    /// A command was refused while queueing: EXEC fails.
    pub aborted: bool,
    /// Bytes held by the queue.
    pub bytes: usize,
}

/// Size of the queue that EXEC is running: its commands see their client still in MULTI (multi.c `execCommand`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Executing {
    /// Commands.
    pub commands: usize,
    /// Bytes held by them.
    pub bytes: usize,
}

impl Multi {
    /// The size of the queue.
    pub fn size(&self) -> Executing {
        Executing { commands: self.queue.len(), bytes: self.bytes }
    }
}

/// One queued command.
pub struct Queued {
    /// The command.
    pub command: &'static Command,
    /// Its words.
    pub argv: Vec<Vec<u8>>,
}

/// What a tracked prefix takes here and in the table of prefixes, an estimate.
const PREFIX_BYTES: usize = 64;

/// CLIENT TRACKING: what a connection asked for.
#[derive(Default)]
pub struct Tracking {
    /// BCAST.
    pub bcast: bool,
    /// OPTIN.
    pub optin: bool,
    /// OPTOUT.
    pub optout: bool,
    /// NOLOOP.
    pub noloop: bool,
    /// CLIENT CACHING was given for the next command.
    pub caching: bool,
    /// PREFIX, in order.
    pub prefixes: Vec<Box<[u8]>>,
}

impl Tracking {
    /// Whether the keys that the next command reads are remembered (tracking.c `trackingRememberKeys`).
    pub fn remembers(&self) -> bool {
        !(self.bcast || (self.optin && !self.caching) || (self.optout && self.caching))
    }
}

/// Keys under WATCH.
#[derive(Default)]
pub struct Watching {
    /// The flag that a change sets.
    pub state: Arc<WatchState>,
    /// Database and key of each.
    pub keys: Vec<(usize, Vec<u8>)>,
    /// Bytes that they take.
    pub bytes: usize,
}

impl Watching {
    /// Adds a key that is not watched yet.
    pub fn add(&mut self, db: usize, key: &[u8]) {
        self.keys.push((db, key.to_vec()));
        self.bytes += size_of::<(usize, Vec<u8>)>() + key.len();
    }
}

impl Session {
    /// The session of a new connection, or the stand-in of a shard.
    pub fn new(info: Arc<ClientInfo>, authenticated: bool) -> Session {
        Session {
            id: info.id,
            db: 0,
            proto: Proto::V2,
            authenticated,
            user: UNMET.clone(),
            seen: 0,
            free: CHECKED,
            guest: None,
            replays: false,
            close_after_reply: false,
            no_touch: false,
            reply: ReplyMode::On,
            monitor: false,
            multi: None,
            executing: None,
            deny_blocking: false,
            error_counted: false,
            strayed: false,
            wait: None,
            away: false,
            asks: None,
            replica: None,
            attach: None,
            watch: None,
            forget_watch: false,
            subscriptions: None,
            subscribed: false,
            tracking: None,
            tracks: false,
            home: info.shard,
            info,
        }
    }

    /// The session of a master's stream, or of a log of commands.
    pub fn of_stream() -> Session {
        let mut session = Session::new(Arc::default(), true);
        session.replays = true;
        session.deny_blocking = true;
        session
    }

    /// Who it is.
    pub fn user(&self) -> &Arc<User> {
        &self.user
    }

    /// Whether it may run any command without a further look, as of this generation of users.
    #[inline]
    pub fn passes(&self, generation: u64) -> bool {
        self.free == generation
    }

    /// Whether it has to log in before other commands (server.c `authRequired`).
    pub fn must_log_in(&self, users: &Users) -> bool {
        let default = users.default_user();
        !(self.authenticated || default.needs_no_password() && default.is_enabled())
    }

    /// See [`Session::renew`]; nothing happens while the users are those it knows. Returns whether they were not.
    #[inline]
    pub fn renew_if_stale(&mut self, acl: &Acl) -> bool {
        let stale = self.seen != acl.generation();
        if stale {
            self.renew(acl);
        }
        stale
    }

    /// Takes over what became of its user. Whose user was deleted is nobody special any more; its connection is about to be
    /// closed (acl.c `ACLFreeUserAndKillClients`).
    #[cold]
    fn renew(&mut self, acl: &Acl) {
        let generation = acl.generation();
        let users = acl.users();
        match users.by_serial(self.user.serial()) {
            Some(user) => self.user = user.clone(),
            // A session that has not met the users yet begins as the default one.
            None if self.seen == 0 => self.user = users.default_user().clone(),
            None => {
                self.user = users.default_user().clone();
                self.authenticated = false;
            }
        }
        self.settle(generation, &users);
    }

    /// Lets it in as `user`.
    pub fn log_in(&mut self, acl: &Acl, user: Arc<User>) {
        self.authenticated = true;
        self.user = user;
        // The user may be older than the present generation: the next command takes a look.
        self.seen = 1;
        self.free = CHECKED;
        self.renew(acl);
        self.show_user();
    }

    /// Makes it what a new connection is (networking.c `clientSetDefaultAuth`).
    pub fn log_out(&mut self, acl: &Acl) {
        let generation = acl.generation();
        let users = acl.users();
        self.user = users.default_user().clone();
        self.authenticated = self.user.needs_no_password() && self.user.is_enabled();
        self.settle(generation, &users);
        self.show_user();
    }

    fn settle(&mut self, generation: u64, users: &Users) {
        self.seen = generation;
        let free = self.user.is_unrestricted() && !self.must_log_in(users);
        self.free = if free { generation } else { CHECKED };
    }

    fn show_user(&self) {
        self.info.set_labels(|labels| labels.user = self.user.name().to_vec());
    }

    /// The user whose permissions its commands need; `None` if everything is allowed. For what runs under this session on
    /// any shard: a script's calls, SORT's patterns.
    pub fn limits(&self, acl: &Acl) -> Option<Arc<User>> {
        if self.replays {
            return None;
        }
        let serial = match self.guest {
            None if self.passes(acl.generation()) => return None,
            // It has not met the users yet, and begins as the default one.
            None if self.seen == 0 => acl.users().default_user().serial(),
            None => self.user.serial(),
            Some(serial) => u64::from(serial),
        };
        let user = acl.users().by_serial(serial).cloned();
        // One who was deleted meanwhile may do nothing.
        let user = user.unwrap_or_else(|| Arc::new(User::nobody()));
        (!user.is_unrestricted()).then_some(user)
    }

    /// The serial number of its user, as it travels with its commands.
    #[inline]
    pub fn user_serial(&self) -> u32 {
        // One beyond that belongs to nobody, and may do nothing.
        u32::try_from(self.user.serial()).unwrap_or(u32::MAX)
    }

    /// Whether replies are dropped at present (CLIENT REPLY OFF, SKIP).
    #[inline]
    pub fn is_mute(&self) -> bool {
        matches!(self.reply, ReplyMode::Off | ReplyMode::Skip)
    }

    /// A command is over: CLIENT CACHING was about it (networking.c `resetClient`).
    pub fn caching_is_over(&mut self) {
        if let Some(tracking) = &mut self.tracking
            && tracking.caching
            && self.multi.is_none()
        {
            tracking.caching = false;
            self.tracks = tracking.remembers();
        }
    }

    /// Shows others what may have changed (CLIENT LIST).
    pub fn publish(&self) {
        let info = &self.info;
        info.db.store(self.db, Ordering::Relaxed);
        info.resp.store(if self.proto == Proto::V3 { 3 } else { 2 }, Ordering::Relaxed);
        let queue = self.multi.as_deref().map(Multi::size);
        let queue = queue.or(self.executing);
        let commands = queue.map_or(-1, |q| i64::try_from(q.commands).unwrap_or(i64::MAX));
        info.multi.store(commands, Ordering::Relaxed);
        let watched = self.watch.as_ref().map_or(0, |w| w.bytes);
        // Without the prefixes themselves, which would have to be gone through (networking.c `getClientMemoryUsage`).
        let prefixes = self.tracking.as_ref().map_or(0, |t| t.prefixes.len() * PREFIX_BYTES);
        info.multi_bytes.store(queue.map_or(0, |q| q.bytes) + watched + prefixes, Ordering::Relaxed);
        info.set_flag(client_flag::MULTI, queue.is_some());
        info.set_flag(client_flag::DIRTY, self.watch.as_ref().is_some_and(|w| w.state.is_dirty()));
        info.watch.store(self.watch.as_ref().map_or(0, |w| w.keys.len()), Ordering::Relaxed);
    }
}
