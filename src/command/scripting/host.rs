//! What a running script asks of the server: its commands, its log lines, whether it must end.

use crate::base::clock;
use crate::command::nested::{self, Declared, KILLED, Nested, Rules};
use crate::command::server_state::replication::MASTERDOWN;
use crate::command::{Args, Ctx, Failure, Idle, Outcome, shorten};
use crate::observe::log::{self, Level};
use crate::resp::Proto;
use crate::script::cache::Mark;
use crate::script::engine::{Call, Finished, MEMORY_MAX};
use crate::script::flags::{self, Flags};
use crate::script::running::Slow;
use crate::script::{Host, LogLevel, Registered};

/// A call of a script or function.
pub struct Subject<'a> {
    /// SHA-1 of the script or name of the function.
    pub name: &'a [u8],
    /// What it declares.
    pub flags: Flags,
    /// Where it may run.
    pub mark: &'a Mark,
    /// EVAL, as opposed to FCALL.
    pub is_eval: bool,
    /// Called by a command that only reads.
    pub read_only: bool,
    /// `KEYS`.
    pub keys: Args<'a>,
    /// `ARGV`.
    pub arguments: Args<'a>,
}

/// The host of one run.
struct RunHost<'a> {
    nested: Nested<'a>,
    proto: Proto,
    subject: &'a Subject<'a>,
    words: Args<'a>,
    started: u64,
    threshold_ms: u64,
    everywhere: bool,
    idle: Option<Idle<'a>>,
}

/// Splits the words behind the number of keys (eval.c `evalGenericCommand`).
///
/// # Errors
/// There are fewer words than keys, or fewer than no keys.
pub fn split<'a>(argv: Args<'a>, keys: i64) -> Result<(Args<'a>, Args<'a>), Failure> {
    let rest = argv.get(3..).unwrap_or_default();
    if keys < 0 {
        return Err(Failure::text("ERR Number of keys can't be negative"));
    }
    usize::try_from(keys)
        .ok()
        .and_then(|keys| rest.split_at_checked(keys))
        .ok_or(Failure::text("ERR Number of keys can't be greater than number of args"))
}

/// What the subject's declarations allow it, where they let it run at all: with a declaration it is refused as a command
/// with such flags would be (server.c `getCommandFlags`). `short`: memory is.
fn permit(ctx: &Ctx<'_>, subject: &Subject<'_>, short: bool) -> Result<Rules, Failure> {
    let declares = !subject.flags.has(flags::COMPAT);
    let no_writes = subject.flags.has(flags::NO_WRITES);
    let allow_oom = subject.flags.has(flags::ALLOW_OOM);
    let writes = declares && !no_writes;
    let replication = &ctx.server.replication;
    if replication.is_special() {
        let config = ctx.server.config.load();
        let shows_stale = declares && subject.flags.has(flags::ALLOW_STALE);
        if !shows_stale && replication.is_stale(&config) {
            return Err(Failure::text(MASTERDOWN));
        }
        if writes
            && !ctx.session.replays
            && let Some(line) = replication.write_refusal(&config)
        {
            return Err(Failure::text(line));
        }
    }
    if writes && let Some(failure) = ctx.server.script_refusal() {
        return Err(failure);
    }
    if writes && subject.read_only {
        return Err(Failure::text("ERR Can not execute a script with write flag using *_ro command."));
    }
    if writes && short && !allow_oom {
        return Err(Failure::text(
            "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'",
        ));
    }
    Ok(Rules { read_only: subject.read_only || (declares && no_writes), allow_oom: declares && allow_oom })
}

/// Runs `engine`, which runs the subject, on `ctx`.
///
/// # Errors
/// The subject must not run now (script.c `scriptPrepareForRun`).
pub fn run(
    ctx: &mut Ctx<'_>,
    argv: Args<'_>,
    subject: &Subject<'_>,
    engine: impl FnOnce(&mut dyn Host, &Call<'_>, &mut Vec<u8>) -> Finished,
) -> Outcome {
    let (short, threshold_ms) = {
        let config = ctx.server.config.load();
        let limit = usize::try_from(config.maxmemory).unwrap_or(usize::MAX);
        let short = limit > 0 && !ctx.session.replays && crate::base::alloc::used_memory() > limit;
        (short, u64::try_from(config.busy_reply_threshold).unwrap_or(0))
    };
    let rules = permit(ctx, subject, short)?;
    let declared: Declared = nested::shards_of(subject.keys, ctx.server.shards);
    let (server, shard, proto) = (ctx.server, ctx.shard, ctx.out.proto());
    let everywhere = server.shards > 1 && !ctx.keys.is_one_store();
    let (db, denied) = (ctx.session.db, std::mem::replace(&mut ctx.session.deny_blocking, true));
    let own_proto = std::mem::take(&mut ctx.session.proto);
    let mark = ctx.out.mark();
    let mut reply = std::mem::take(ctx.out.raw());
    let mut idle = ctx.idle.take();
    let idle = shorten(&mut idle);
    let nested = Nested::new(ctx, rules, subject.mark, &declared, short);
    let started = clock::ticks();
    let mut host =
        RunHost { nested, proto: Proto::V2, subject, words: argv, started, threshold_ms, everywhere, idle };
    let call = Call { keys: subject.keys, arguments: subject.arguments, proto, memory_max: MEMORY_MAX };
    let finished = engine(&mut host, &call, &mut reply);
    let slow = host.nested.slow;
    let strayed = host.nested.has_strayed();
    host.nested.judge();
    if slow {
        server.scripting.desk.leave(shard);
    }
    *ctx.out.raw() = reply;
    ctx.session.db = db;
    ctx.session.deny_blocking = denied;
    ctx.session.proto = own_proto;
    ctx.session.error_counted = finished.error_was_counted;
    server.scripting.publish_memory(shard);
    if strayed {
        ctx.out.truncate(mark);
    }
    Ok(())
}

impl RunHost<'_> {
    /// A script that has run for too long is shown to the others, who then are told that the server is busy.
    #[cold]
    fn turn_slow(&mut self, elapsed_ms: u64) {
        self.nested.slow = true;
        let Subject { name, is_eval, .. } = *self.subject;
        log::warning(&format!(
            "Slow script detected: still in execution after {elapsed_ms} milliseconds. You can try killing the script using the {} command. Script name is: {}.",
            if is_eval { "SCRIPT KILL" } else { "FUNCTION KILL" },
            String::from_utf8_lossy(name)
        ));
        self.nested.server.scripting.desk.enter(Slow {
            shard: self.nested.shard,
            everywhere: self.everywhere,
            is_eval,
            name: name.to_vec(),
            words: self.words.iter().map(|w| w.to_vec()).collect(),
            started: self.started,
            wrote: self.nested.has_written(),
            killed: false,
        });
        // While it goes on replies of earlier commands leave: what those did must be published.
        self.nested.publish_earlier();
        // Connections that wait for their shard's state are told, too.
        self.nested.server.post_all(&crate::command::Note::Busy);
    }
}

impl Host for RunHost<'_> {
    #[inline]
    fn call(&mut self, words: &[&[u8]], reply: &mut Vec<u8>) -> Result<(), Vec<u8>> {
        self.nested.call(words, self.proto, reply)
    }

    fn set_resp(&mut self, proto: Proto) {
        self.proto = proto;
        self.nested.session.proto = proto;
    }

    fn resp(&self) -> Proto {
        self.proto
    }

    fn permits(&mut self, words: &[&[u8]]) -> Option<bool> {
        nested::permits(self.nested.server, self.nested.session, words)
    }

    fn log(&mut self, level: LogLevel, text: &[u8]) {
        write_log(level, text);
    }

    fn interrupt(&mut self) -> Option<&'static str> {
        if self.nested.has_strayed() {
            return Some("Script attempted to access a key of another shard");
        }
        let elapsed_ms = clock::ticks_to_ns(clock::ticks().saturating_sub(self.started)) / clock::NS_PER_MS;
        if self.threshold_ms == 0 || elapsed_ms < self.threshold_ms {
            return None;
        }
        if !self.nested.slow {
            self.turn_slow(elapsed_ms);
        }
        if let Some(idle) = &mut self.idle {
            idle();
        }
        let killed = self.nested.server.scripting.desk.is_killed(self.nested.shard);
        if killed {
            log::notice("Lua script killed by user with SCRIPT KILL.");
        }
        killed.then_some(KILLED)
    }

    fn register(&mut self, _: Registered) -> Result<(), String> {
        Err("redis.register_function can only be called on FUNCTION LOAD command".to_owned())
    }
}

/// `redis.log`.
pub fn write_log(level: LogLevel, text: &[u8]) {
    let level = match level {
        LogLevel::Debug => Level::Debug,
        LogLevel::Verbose => Level::Verbose,
        LogLevel::Notice => Level::Notice,
        LogLevel::Warning => Level::Warning,
    };
    if log::enabled(level) {
        log::write(level, text);
    }
}
