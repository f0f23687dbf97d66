//! The checks before a command runs, in the order of Redis's server.c `processCommand`.

use super::conn::Hold;
use super::input::Flow;
use super::{Connection, Driver, Shard};
use crate::acl::Context;
use crate::command::access::{self, Culprit};
use crate::command::meta::flag;
use crate::command::pubsub::allowed_while_subscribed;
use crate::command::server_state::Pause;
use crate::command::server_state::loading::REFUSAL;
use crate::command::server_state::replication::MASTERDOWN;
use crate::command::session::ReplyMode;
use crate::command::{Args, Command, Failure, Handler, Route, Server, Session, ShardOp, scripting};
use crate::config::ProtectedAction;
use crate::keyspace::Store;
use crate::observe::log;
use crate::resp::Proto;
use std::sync::atomic::{AtomicI64, Ordering};

/// When the warning about web browsers was last logged (unix ms; 0: never), and how often it is at most. Any shard writes.
static WARNED_MS: AtomicI64 = AtomicI64::new(0);
const WARN_EVERY_MS: i64 = 60_000;

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Checks whether connection `key` may run this command now. `Some` says what became of it instead.
    #[inline]
    pub(super) fn gate(&mut self, key: usize, command: &'static Command, argv: Args<'_>) -> Option<Flow> {
        let session = self.conns.get_mut(key)?.session.as_deref_mut()?;
        let passes = session.passes(self.server.acl.generation());
        let plain =
            passes && session.multi.is_none() && session.reply == ReplyMode::On && !session.subscribed;
        let calm = !self.watchful && command.row.meta.flags & (flag::PROTECTED | flag::NO_MULTI) == 0;
        if plain && calm { None } else { self.gate_slowly(key, command, argv) }
    }

    #[cold]
    fn gate_slowly(&mut self, key: usize, command: &'static Command, argv: Args<'_>) -> Option<Flow> {
        let meta = command.row.meta;
        if meta.has(flag::PROTECTED)
            && let Err(failure) = self.protected(key)
        {
            return Some(self.refused(key, command, &failure));
        }
        let session = self.conns.get_mut(key)?.session.as_deref_mut()?;
        session.renew_if_stale(&self.server.acl);
        if !meta.has(flag::NO_AUTH) && session.must_log_in(&self.server.acl.users()) {
            return Some(self.refused(key, command, &Failure::text("NOAUTH Authentication required.")));
        }
        let in_multi = session.multi.is_some();
        if in_multi && meta.has(flag::NO_MULTI) && !matches!(command.row.handler, Handler::Shard(_)) {
            let failure = Failure::text("ERR Command not allowed inside a transaction");
            return Some(self.refused(key, command, &failure));
        }
        if !session.passes(self.server.acl.generation())
            && let Err(failure) = permit(&self.server, session, command, argv, self.time.unix_ms)
        {
            return Some(self.refused(key, command, &failure));
        }
        if self.config.maxmemory > 0 && self.needs_room(key, command) && !self.relieve() {
            let failure = Failure::text("OOM command not allowed when used memory > 'maxmemory'.");
            return Some(self.refused(key, command, &failure));
        }
        if let Some(failure) = self.unreplicated(key, command) {
            return Some(self.refused(key, command, &failure));
        }
        if let Some(failure) = self.busy_subscribing(key, command) {
            return Some(self.refused(key, command, &failure));
        }
        if let Some(failure) = self.stale(key, command) {
            return Some(self.refused(key, command, &failure));
        }
        if self.server.loading.is_any() && !self.may_run_while_loading(key, command) {
            return Some(self.refused(key, command, &Failure::text(REFUSAL)));
        }
        if let Some(failure) = self.server.write_refusal()
            && (meta.name == "ping" || self.writes(key, command))
        {
            return Some(self.refused(key, command, &failure));
        }
        if let Some(failure) = self.busy(key, command, argv) {
            return Some(self.refused(key, command, &failure));
        }
        if self.server.is_congested() && self.publishes(key, command) {
            return Some(Flow::Retry(Hold::Crowd));
        }
        // What was evicted is stale before this command reads (server.c processCommand).
        self.sort_invalid();
        let leaves_queue =
            matches!(command.row.handler, Handler::Shard(_)) || matches!(meta.name, "quit" | "reset");
        if let Some(pause) = self.server.paused(self.time.unix_ms)
            && self.held_back(key, pause, command)
            && !(pause == Pause::Write && self.is_reading_script(command, argv))
        {
            return Some(Flow::Retry(Hold::Pause));
        }
        if in_multi && !leaves_queue {
            return Some(self.enqueue(key, command, argv));
        }
        None
    }

    /// Hangs up on a web browser that was talked into sending requests here: the words it cannot avoid are no commands
    /// (networking.c `securityWarningCommand`). Returns whether it was one.
    #[cold]
    pub(super) fn turned_away(&mut self, key: usize, argv: Args<'_>) -> bool {
        let Some(name) = argv.first() else { return false };
        if !name.eq_ignore_ascii_case(b"host:") && !name.eq_ignore_ascii_case(b"post") {
            return false;
        }
        let now = self.time.unix_ms;
        let last = WARNED_MS.load(Ordering::Relaxed);
        let due = last == 0 || now.saturating_sub(last).abs() > WARN_EVERY_MS;
        if due && WARNED_MS.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let peer = self.conns.get(key).map(|c| c.info.addr.as_str()).unwrap_or_default();
            log::warning(&format!(
                "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection from {peer} aborted."
            ));
        }
        self.close(key);
        true
    }

    /// Whether the command is refused where memory is short: by its flag, by a flag of what EXEC is about to run, and
    /// whatever is queued (server.c `processCommand`, reject_cmd_on_oom).
    fn needs_room(&mut self, key: usize, command: &'static Command) -> bool {
        let multi = self.conns.get(key).and_then(|c| c.session.as_ref()?.multi.as_ref());
        let needs = |c: &Command| c.row.meta.has(flag::DENYOOM);
        let verdict = match (multi, command.row.handler) {
            (Some(multi), Handler::Shard(ShardOp::Exec)) => multi.queue.iter().any(|q| needs(q.command)),
            (Some(_), Handler::Run(_)) => !matches!(command.row.meta.name, "quit" | "reset"),
            _ => needs(command),
        };
        if !verdict {
            // It runs in any case, but what can be freed is freed before it.
            self.relieve();
        }
        verdict
    }

    /// Whether the command, or something that EXEC is about to run, is of this kind.
    fn any_is(&self, key: usize, command: &'static Command, is: impl Fn(&Command) -> bool) -> bool {
        let multi = self.conns.get(key).and_then(|c| c.session.as_ref()?.multi.as_ref());
        match (multi, command.row.handler) {
            (Some(multi), Handler::Shard(ShardOp::Exec)) => multi.queue.iter().any(|q| is(q.command)),
            _ => is(command),
        }
    }

    /// Writes that are refused for what replicas there are, or because this server is one (server.c `processCommand`,
    /// `checkGoodReplicasStatus`).
    fn unreplicated(&self, key: usize, command: &'static Command) -> Option<Failure> {
        let replication = &self.server.replication;
        if !replication.is_special() || !self.any_is(key, command, |c| c.row.meta.has(flag::WRITE)) {
            return None;
        }
        replication.write_refusal(&self.config).map(Failure::text)
    }

    /// Commands that are refused while what is here may be out of date (`replica-serve-stale-data no`).
    fn stale(&self, key: usize, command: &'static Command) -> Option<Failure> {
        (self.server.replication.is_stale(&self.config)
            && self.any_is(key, command, |c| !c.row.meta.has(flag::STALE)))
        .then(|| Failure::text(MASTERDOWN))
    }

    /// Whether a command writes, or what EXEC is about to run (server.c `processCommand`, is_write_command).
    fn writes(&self, key: usize, command: &'static Command) -> bool {
        let writes = |c: &Command| c.row.meta.has(flag::WRITE);
        let multi = self.conns.get(key).and_then(|c| c.session.as_ref()?.multi.as_ref());
        match (multi, command.row.handler) {
            (Some(multi), Handler::Shard(ShardOp::Exec)) => multi.queue.iter().any(|q| writes(q.command)),
            _ => writes(command),
        }
    }

    fn refused(&mut self, key: usize, command: &'static Command, failure: &Failure) -> Flow {
        self.refuse(key, Some(command), failure);
        Flow::Done
    }

    /// Whether a pause holds this command back (networking.c `isPausedActions`, server.c `processCommand`): one of all
    /// commands spares none, CLIENT UNPAUSE included, and one of writes holds them before they are queued for EXEC.
    fn held_back(&self, key: usize, pause: Pause, command: &'static Command) -> bool {
        let writes = |c: &Command| c.row.meta.flags & (flag::WRITE | flag::MAY_REPLICATE) != 0;
        match pause {
            Pause::All => true,
            Pause::Write if matches!(command.row.handler, Handler::Shard(ShardOp::Exec)) => {
                self.conns.get(key).and_then(|c| c.session.as_ref()?.multi.as_ref()).is_some_and(|m| {
                    m.queue.iter().any(|q| {
                        let words: Vec<&[u8]> = q.argv.iter().map(Vec::as_slice).collect();
                        writes(q.command) && !self.is_reading_script(q.command, &words)
                    })
                })
            }
            Pause::Write => writes(command),
        }
    }

    /// Whether the command runs a script that has declared not to write, which a pause of writes lets pass.
    fn is_reading_script(&self, command: &'static Command, argv: Args<'_>) -> bool {
        matches!(command.row.route, Route::Script)
            && scripting::declares_no_writes(&self.server, command, argv)
    }

    /// Refuses most commands to a connection that subscribes in RESP2 (server.c `processCommand`).
    fn busy_subscribing(&self, key: usize, command: &'static Command) -> Option<Failure> {
        let session = self.conns.get(key)?.session.as_deref()?;
        if !session.subscribed || session.proto != Proto::V2 || allowed_while_subscribed(command) {
            return None;
        }
        let line = format!(
            "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
            command.full_name
        );
        Some(Failure::Bytes(line.into_bytes()))
    }

    /// Whether a command may run while a dataset is loaded: by its flags, and by those of what EXEC is about to run
    /// (server.c `processCommand`, is_denyloading_command and is_deny_async_loading_command).
    fn may_run_while_loading(&self, key: usize, command: &'static Command) -> bool {
        let asynchronous = self.server.loading.is_async();
        let may = |c: &Command| match asynchronous {
            true => !c.row.meta.has(flag::NO_ASYNC_LOADING),
            false => c.row.meta.has(flag::LOADING),
        };
        let queue = || self.conns.get(key)?.session.as_ref()?.multi.as_ref().map(|multi| &multi.queue);
        let is_exec = matches!(command.row.handler, Handler::Shard(ShardOp::Exec));
        may(command) && (!is_exec || queue().is_none_or(|queue| queue.iter().all(|q| may(q.command))))
    }

    /// Whether a command may publish: messages, or events of what it writes.
    fn publishes(&self, key: usize, command: &'static Command) -> bool {
        self.held_back(key, Pause::Write, command)
    }

    /// `enable-debug-command` (server.c `allowProtectedAction`).
    fn protected(&self, key: usize) -> Result<(), Failure> {
        let local = self.conns.get(key).is_some_and(|c| c.info.local);
        match self.config.enable_debug_command {
            ProtectedAction::Yes => Ok(()),
            ProtectedAction::Local if local => Ok(()),
            _ => Err(Failure::text(
                "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.",
            )),
        }
    }

    /// What follows every command that was started, or refused or queued (`None`).
    #[inline]
    pub(super) fn after_command(&mut self, key: usize, command: Option<&'static Command>) {
        let now = self.time.unix_ms;
        if let Some(conn) = self.conns.get_mut(key) {
            conn.last_ms = now;
            if let Some(command) = command {
                conn.last_command = command.id + 1;
            }
            if let Some(session) = conn.session.as_deref_mut() {
                if session.reply == ReplyMode::Skip {
                    session.reply = ReplyMode::On;
                }
                if session.close_after_reply && conn.end.executes() {
                    conn.end = super::conn::End::AfterReply;
                }
                if !command.is_some_and(is_client_command) {
                    session.caching_is_over();
                }
                if std::mem::take(&mut session.forget_watch) {
                    self.unwatch(key);
                }
            }
        }
    }
}

/// Whether a queued command may still run: rules may have changed since it was queued (multi.c `execCommand`).
#[inline]
pub(super) fn may_still_run(
    server: &Server,
    session: &mut Session,
    command: &'static Command,
    argv: Args<'_>,
    now_ms: i64,
) -> Result<(), Failure> {
    if session.passes(server.acl.generation()) {
        return Ok(());
    }
    session.renew_if_stale(&server.acl);
    permit(server, session, command, argv, now_ms)
}

/// Whether the client's user may run this command; what it may not is logged.
#[cold]
pub(super) fn permit(
    server: &Server,
    session: &Session,
    command: &'static Command,
    argv: Args<'_>,
    now_ms: i64,
) -> Result<(), Failure> {
    let user = session.user();
    let Err(denied) = access::permit(user, command, argv) else { return Ok(()) };
    let executing = session.executing.is_some();
    let context = if executing || session.multi.is_some() { Context::Multi } else { Context::Toplevel };
    let culprit = Culprit { session, user: user.name(), command, argv, now_ms };
    server.log_denied(denied, context, &culprit);
    Err(if executing { denied.exec_failure() } else { denied.failure(user, command, argv) })
}

/// CLIENT and its subcommands, of which CLIENT CACHING is about the next command.
fn is_client_command(command: &'static Command) -> bool {
    command.parent.is_some_and(|parent| parent.meta.name == "client")
}

/// Whether an expired key counts as changed for its watcher; see `Watched::was_expired`.
pub(super) fn watch_broken(
    store: &Store,
    watching: &crate::command::session::Watching,
    owns: impl Fn(u16) -> bool,
) -> bool {
    watching.state.is_dirty()
        || watching.keys.iter().any(|(db, key)| {
            let hashed = crate::data::HKey::new(key);
            owns(hashed.slot)
                && store.table(*db).and_then(|t| t.find(&hashed)).is_some_and(|e| store.expired(e))
                && !store.watched.was_expired(*db, key, &watching.state)
        })
}
