//! Commands that a script runs: a handler of the table, called into a reply buffer, with the checks of a script.
//!
//! A nested command sees the stores that the script holds: one, or all. With one, a command whose keys belong to another
//! shard cannot run: the script has strayed. If it has written nothing it is run again from the start with all stores
//! (`Session::strayed` tells the loop), and its mark is withdrawn, so that it goes there at once from then on.
//!
//! Redis: script.c `scriptCall`.

use super::access;
use super::connection::client::tracking::remember;
use super::meta::{flag, key_flag};
use super::row::{Command, Handler, Route};
use super::{Args, Ctx, Failure, Keys, Server, Session, View, table};
use crate::acl::User;
use crate::base::clock;
use crate::data::slot::key_slot;
use crate::keyspace::slots;
use crate::resp::{Out, Proto};
use crate::script::cache::Mark;
use smallvec::SmallVec;
use std::sync::Arc;

/// What a script may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// It must not write.
    pub read_only: bool,
    /// It may use memory beyond `maxmemory`.
    pub allow_oom: bool,
}

/// Shards of the keys that a call declared.
pub type Declared = SmallVec<[usize; 8]>;

/// What a script runs its commands with.
pub struct Nested<'a> {
    /// The stores.
    pub view: View<'a>,
    /// The caller; database and protocol are the script's while it runs.
    pub session: &'a mut Session,
    /// What all shards share.
    pub server: &'a Arc<Server>,
    /// The shard whose thread runs it.
    pub shard: usize,
    now_ms: i64,
    /// Whose permissions its commands need, if not everything is allowed.
    user: Option<Arc<User>>,
    rules: Rules,
    /// Memory was short when the script began.
    short: bool,
    wrote: bool,
    mark: &'a Mark,
    declared: &'a Declared,
    /// It touched a shard of no declared key.
    beyond: bool,
    /// It is known to be slow, so somebody may want to end it before it writes.
    pub slow: bool,
}

/// What a script is told that SCRIPT KILL ends.
pub const KILLED: &str = "Script killed by user with SCRIPT KILL...";

/// The script has to be run again with all stores.
const STRAYED: &[u8] = b"Script attempted to access a key of another shard";
/// It cannot be, for it has written.
const STRAYED_LATE: &[u8] =
    b"Script attempted to access a key of another shard after it wrote, declare all its keys";

impl<'a> Nested<'a> {
    /// For a script that runs on `ctx`.
    pub fn new(
        ctx: &'a mut Ctx<'_>,
        rules: Rules,
        mark: &'a Mark,
        declared: &'a Declared,
        short: bool,
    ) -> Nested<'a> {
        let Ctx { keys, session, server, shard, .. } = ctx;
        Nested {
            now_ms: keys.now_ms,
            user: session.limits(&server.acl),
            view: keys.view.reborrow(),
            session,
            server,
            shard: *shard,
            rules,
            short,
            wrote: false,
            mark,
            declared,
            beyond: false,
            slow: false,
        }
    }

    /// Publishes what commands before the script did.
    pub fn publish_earlier(&mut self) {
        let mut is_due = false;
        self.view.each(|store| is_due |= store.journal.publish());
        if is_due {
            self.server.wake_log_core();
        }
    }

    /// Whether a command that writes was run.
    pub fn has_written(&self) -> bool {
        self.wrote
    }

    /// Whether it has to be run again with all stores; what it returned counts for nothing.
    pub fn has_strayed(&self) -> bool {
        self.session.strayed
    }

    /// Notes, after a run over all shards, whether the shards of its keys would have done.
    pub fn judge(&self) {
        if matches!(self.view, View::One(_)) || self.server.shards == 1 {
            return;
        }
        let one = self.declared.iter().all(|shard| Some(shard) == self.declared.first());
        if self.beyond {
            self.mark.withdraw();
        } else if one {
            self.mark.declared_suffice();
        }
    }

    /// Runs a command; its reply is appended to `reply` in protocol `proto`.
    ///
    /// # Errors
    /// Why it was not run.
    pub fn call(&mut self, words: Args<'_>, proto: Proto, reply: &mut Vec<u8>) -> Result<(), Vec<u8>> {
        let Some(command) = table::registry().find(words) else {
            return Err(self.refused(None, b"Unknown Redis command called from script"));
        };
        if let Err(why) = self.may_run(command, words) {
            return Err(self.refused(Some(command), &why));
        }
        let Handler::Run(handler) = command.row.handler else {
            return Err(self.refused(Some(command), b"This Redis command is not allowed from script"));
        };
        self.wrote |= command.row.meta.has(flag::WRITE);
        if self.server.has_monitors() {
            let line = self.server.monitor_line_of_script(command, self.session.db, words);
            self.server.feed_monitors(&line.into());
        }
        let started = clock::ticks();
        let mark = reply.len();
        let keys = Keys { view: self.view.reborrow(), db: self.session.db, now_ms: self.now_ms };
        let (server, shard) = (self.server, self.shard);
        let out = Out::new(reply, proto);
        let session = &mut *self.session;
        let mut ctx = Ctx { keys, out, session, server, command, shard, idle: None };
        let outcome = handler(&mut ctx, words);
        if ctx.session.tracks {
            remember(&mut ctx.keys, ctx.session, command, words);
        }
        if let Err(failure) = outcome {
            ctx.out.truncate(mark);
            ctx.out.error(&failure.line());
        }
        let reply = reply.get(mark..).unwrap_or_default();
        self.account(command, clock::ticks().saturating_sub(started), reply);
        // The next command counts (DBSIZE) without what this one found expired.
        self.view.each(|store| {
            if !store.lapsed.is_empty() {
                store.remove_lapsed();
            }
        });
        Ok(())
    }

    /// The checks of script.c `scriptCall`, in its order.
    fn may_run(&mut self, command: &'static Command, words: Args<'_>) -> Result<(), Vec<u8>> {
        let meta = command.row.meta;
        if !table::arity_fits(command, words.len()) || matches!(command.row.handler, Handler::Container) {
            return Err(b"Wrong number of args calling Redis command from script".to_vec());
        }
        if meta.has(flag::NOSCRIPT) && !self.server.switches.are_scripts_unbound() {
            return Err(b"This Redis command is not allowed from script".to_vec());
        }
        if !meta.has(flag::STALE)
            && self.server.replication.is_special()
            && self.server.replication.is_stale(&self.server.config.load())
        {
            return Err(b"Can not execute the command on a stale replica".to_vec());
        }
        if let Some(user) = &self.user {
            access::permit_in_script(self.server, self.session, user, command, words, self.now_ms)?;
        }
        if self.rules.read_only && meta.flags & (flag::WRITE | flag::MAY_REPLICATE) != 0 {
            return Err(b"Write commands are not allowed from read-only scripts.".to_vec());
        }
        if meta.has(flag::WRITE)
            && let Some(failure) = self.server.write_refusal()
        {
            return Err([b"-", &*failure.line()].concat());
        }
        if meta.has(flag::WRITE)
            && self.server.replication.is_special()
            && !self.session.replays
            && let Some(line) = self.server.replication.write_refusal(&self.server.config.load())
        {
            return Err([b"-", line.as_bytes()].concat());
        }
        if meta.has(flag::DENYOOM) && self.short && !self.wrote && !self.rules.allow_oom {
            return Err(b"-OOM command not allowed when used memory > 'maxmemory'.".to_vec());
        }
        if self.server.shards > 1 {
            self.reach(command, words)?;
        }
        if self.slow && meta.has(flag::WRITE) && !self.server.scripting.desk.may_write(self.shard) {
            return Err(KILLED.as_bytes().to_vec());
        }
        Ok(())
    }

    /// Whether the shards that the command needs are there.
    fn reach(&mut self, command: &'static Command, words: Args<'_>) -> Result<(), Vec<u8>> {
        if self.session.strayed {
            // It caught the error; nothing that it does now may have an effect.
            return Err(STRAYED.to_vec());
        }
        let shards = self.server.shards;
        let is_here = |shard: usize| shard == self.shard;
        let is_one = matches!(self.view, View::One(_));
        let fits = |shard: usize| if is_one { is_here(shard) } else { self.declared.contains(&shard) };
        let owner =
            |word: usize| slots::owner(key_slot(words.get(word).copied().unwrap_or_default()), shards);
        let inside = match command.row.route {
            Route::Home => true,
            Route::Far(beyond) if beyond(words) => false,
            Route::Keys(_) if command.row.meta.keys.iter().any(|s| s.flags & key_flag::INCOMPLETE != 0) => {
                false
            }
            Route::Keys(_) | Route::Far(_) | Route::Script => match command.one_key {
                Some(word) => fits(owner(word)),
                None => {
                    let mut keys = Vec::new();
                    // Words that do not tell their keys are an error that the handler knows.
                    table::keys_of(command, words, &mut keys).is_err()
                        || keys.into_iter().all(|k| fits(owner(k)))
                }
            },
            Route::Every(_) | Route::EveryBut(..) | Route::Cursor(_) => false,
        };
        if inside {
            return Ok(());
        }
        if !is_one {
            self.beyond = true;
            return Ok(());
        }
        self.mark.withdraw();
        if self.wrote {
            return Err(STRAYED_LATE.to_vec());
        }
        self.session.strayed = true;
        Err(STRAYED.to_vec())
    }

    /// Counts a command that was refused.
    #[cold]
    fn refused(&self, command: Option<&'static Command>, why: &[u8]) -> Vec<u8> {
        if !self.session.strayed {
            let stats = self.server.stats.get(self.shard);
            if let Some(of_command) = command.and_then(|c| stats?.commands.get(c.id)) {
                of_command.rejected.add(1);
            }
            let code: &[u8] = if why.starts_with(b"-") { b"" } else { b"-ERR " };
            self.server.error_reply(self.shard, &[code, why].concat());
        }
        why.to_vec()
    }

    fn account(&self, command: &'static Command, ticks: u64, reply: &[u8]) {
        let Some(stats) = self.server.stats.get(self.shard) else { return };
        let nanos = clock::ticks_to_ns(ticks);
        stats.processed.add(1);
        let failed = reply.starts_with(b"-");
        if let Some(of_command) = stats.commands.get(command.id) {
            of_command.calls.add(1);
            of_command.nanos.add(nanos);
            of_command.record(nanos);
            if failed {
                of_command.failed.add(1);
            }
        }
        if failed {
            self.server.error_reply(self.shard, reply);
        }
    }
}

/// The shards of these keys.
pub fn shards_of(keys: Args<'_>, shards: usize) -> Declared {
    if shards == 1 {
        return Declared::new();
    }
    keys.iter().map(|key| slots::owner(key_slot(key), shards)).collect()
}

/// Whether the caller may run the command that these words name; `None` if there is none.
pub fn permits(server: &Server, session: &Session, words: Args<'_>) -> Option<bool> {
    let command = table::registry().find(words)?;
    Some(session.limits(&server.acl).is_none_or(|user| access::permit(&user, command, words).is_ok()))
}

/// A refusal as a failure of the command that called the script.
pub fn failure(why: &[u8]) -> Failure {
    match why.strip_prefix(b"-") {
        Some(line) => Failure::Bytes(line.to_vec()),
        None => Failure::Bytes([b"ERR ", why].concat()),
    }
}
