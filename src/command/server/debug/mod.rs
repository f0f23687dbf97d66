//! DEBUG: what tests need to see and to provoke (Redis: debug.c).
//!
//! One row serves all subcommands, as in Redis, so every one of them runs on every shard; with several shards each
//! states a part and [`merge`] makes the reply:
//!
//! ```text
//!  empty                      the key is not mine
//!  'F' reply                  the reply; the same of all shards that answer
//!  'D' (db u32 BE, 20 bytes)* digest of each database that has keys here
//!  'V' (20 bytes)*            digest of each key asked for, zero for those of others
//!  '-' ...                    an error (the loop passes on the first)
//! ```
//!
//! Who may call DEBUG (`enable-debug-command`) is checked before. What would restart the process, or looks into
//! structures that Redis has and Shoal has not (HTSTATS, MALLCTL, STRUCTSIZE, ...), is refused as an unknown subcommand.

mod digest;
mod help;
mod object;
mod populate;
mod protocol;
mod reload;
mod switches;

use super::acl_cmd::rewrite_lines;
use crate::base::sys::signal::raise;
use crate::base::{glob, numbers};
use crate::command::args::{is, word};
use crate::command::meta::server as meta;
use crate::command::server_state::Request;
use crate::command::{Args, Ctx, Failure, Merge, Outcome, Route, Row, Server, View};
use crate::config;
use crate::data::limits::LIST_PLAIN_BYTES;
use crate::observe::log;
use crate::resp::{Out, Proto};
use digest::{Dataset, Digest};
use std::time::Duration;

/// The row of DEBUG.
pub static ROWS: &[Row] =
    &[Row::new(&meta::DEBUG, Route::EveryBut(reload::is_reload, Merge::Custom(merge)), debug)];

/// Largest value that QUICKLIST-PACKED-THRESHOLD takes: a little below 4 GiB (quicklist.c
/// `quicklistisSetPackedThreshold`).
const PACKED_MAX: u64 = (1 << 32) - (1 << 20);

/// What a subcommand has to say on one shard.
enum Part {
    /// The reply was written.
    Written,
    /// The key belongs to another shard.
    NotMine,
    Dataset(Dataset),
    Values(Vec<Digest>),
}

/// DEBUG subcommand [arg ...]
fn debug(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let mark = ctx.out.mark();
    let fragment = is_fragment(ctx) && !reload::is_reload(args);
    let part = run(ctx, args)?;
    match part {
        Part::Written if fragment => ctx.out.raw().insert(mark, b'F'),
        Part::Written | Part::NotMine => {}
        Part::Dataset(dataset) if fragment => dataset.write_part(ctx.out.raw()),
        Part::Dataset(dataset) => ctx.out.simple(&dataset.finish()),
        Part::Values(values) if fragment => digest::write_values_part(&values, ctx.out.raw()),
        Part::Values(values) => digest::reply_values(&values, &mut ctx.out),
    }
    Ok(())
}

/// Whether this is one shard's part of the reply.
fn is_fragment(ctx: &Ctx<'_>) -> bool {
    ctx.server.shards > 1 && matches!(ctx.keys.view, View::One(_))
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result<Part, Failure> {
    let sub = word(args, 1);
    match args.len() {
        2 if is(sub, "HELP") => help::reply(&mut ctx.out),
        2 if is(sub, "DIGEST") => return Ok(Part::Dataset(Dataset::of_view(ctx))),
        2 if is(sub, "CHANGE-REPL-ID") => change_repl_id(ctx),
        2 if is(sub, "CONFIG-REWRITE-FORCE-ALL") => rewrite_config(ctx)?,
        2.. if is(sub, "RELOAD") => reload::reload(ctx, args)?,
        2 if is(sub, "LOADAOF") => reload::load_aof(ctx)?,
        3 if is(sub, "ERROR") => return Err(Failure::Bytes(word(args, 2).to_vec())),
        3 if is(sub, "OBJECT") => return object::object(ctx, args),
        3 if is(sub, "SLEEP") => sleep(ctx, word(args, 2)),
        2 if is(sub, "SEGFAULT") => segfault()?,
        3 if is(sub, "LOG") => once(ctx, |_| log::warning(&format!("DEBUG LOG: {}", text(word(args, 2))))),
        3 if is(sub, "PAUSE-CRON") => switches::pause_cron(ctx, word(args, 2)),
        3 if is(sub, "PROTOCOL") => protocol::protocol(ctx, word(args, 2))?,
        3 if is(sub, "SET-ACTIVE-EXPIRE") => switches::set_active_expire(ctx, word(args, 2)),
        3 if is(sub, "SET-DISABLE-DENY-SCRIPTS") => switches::unbind_scripts(ctx, word(args, 2)),
        3 if is(sub, "SET-SKIP-CHECKSUM-VALIDATION") => switches::uncheck_sums(ctx, word(args, 2)),
        3 if is(sub, "QUICKLIST-PACKED-THRESHOLD") => packed_threshold(ctx, word(args, 2))?,
        4 if is(sub, "REPLYBUFFER") => switches::reply_buffer(ctx, word(args, 2), word(args, 3))?,
        4 if is(sub, "STRINGMATCH-LEN") => {
            ctx.out.int(i64::from(glob::matches(word(args, 2), word(args, 3), false)));
        }
        3..=5 if is(sub, "POPULATE") => populate::populate(ctx, args)?,
        2.. if is(sub, "DIGEST-VALUE") => return Ok(Part::Values(digest::of_keys(ctx, args))),
        _ => return Err(unknown(sub)),
    }
    Ok(Part::Written)
}

/// networking.c `addReplySubcommandSyntaxError`.
fn unknown(sub: &[u8]) -> Failure {
    let sub = sub.get(..sub.len().min(128)).unwrap_or_default();
    Failure::Bytes(
        [b"ERR unknown subcommand or wrong number of arguments for '", sub, b"'. Try DEBUG HELP."].concat(),
    )
}

/// Ends the server as an invalid access to memory would, with the report of a crash.
fn segfault() -> Outcome {
    raise(libc::SIGSEGV).map_err(|error| Failure::from(format!("ERR {error}")))
}

/// Stops the whole server, which is the point: each shard sleeps in its own fragment.
fn sleep(ctx: &mut Ctx<'_>, seconds: &[u8]) {
    let seconds = numbers::parse_f64(seconds).unwrap_or(0.0);
    if let Ok(time) = Duration::try_from_secs_f64(seconds) {
        std::thread::sleep(time);
    }
    ctx.out.ok();
}

/// Does what concerns the whole server, not each shard.
fn once(ctx: &mut Ctx<'_>, f: impl FnOnce(&Server)) {
    if ctx.shard == 0 || !is_fragment(ctx) {
        f(ctx.server);
    }
    ctx.out.ok();
}

/// A word as text for the log.
fn text(word: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(word)
}

/// The dataset's history gets a new name.
fn change_repl_id(ctx: &mut Ctx<'_>) {
    once(ctx, |server| {
        log::notice("Changing replication IDs after receiving DEBUG change-repl-id");
        server.ask_log(Request::RenameHistory);
    });
}

/// CONFIG REWRITE with all directives, those at their defaults too.
fn rewrite_config(ctx: &mut Ctx<'_>) -> Outcome {
    let failed = |why: &dyn std::fmt::Display| {
        Err(Failure::from(format!("ERR CONFIG-REWRITE-FORCE-ALL failed: {why}")))
    };
    let Some(path) = &ctx.server.config_file else { return failed(&"there is no configuration file") };
    if ctx.shard == 0 || !is_fragment(ctx) {
        let _guard = ctx.server.lock_config();
        if let Err(error) =
            config::rewrite_all(path, &ctx.server.config.load(), &[("user", rewrite_lines(ctx.server))])
        {
            return failed(&error);
        }
    }
    ctx.out.ok();
    Ok(())
}

/// It tunes how lists are stored, not what they hold; 0 is the default (quicklist.c `quicklistisSetPackedThreshold`).
fn packed_threshold(ctx: &mut Ctx<'_>, word: &[u8]) -> Outcome {
    let bytes = numbers::parse_memory(word)
        .filter(|bytes| *bytes <= PACKED_MAX)
        .ok_or(Failure::text("ERR argument must be a memory value bigger than 1 and smaller than 4gb"))?;
    let bytes = usize::try_from(bytes).ok().filter(|bytes| *bytes > 0).unwrap_or(LIST_PLAIN_BYTES);
    ctx.keys.view.each(|store| store.limits.list_plain_bytes = bytes);
    ctx.out.ok();
    Ok(())
}

/// The reply to the parts of [`debug`].
fn merge(parts: &[Vec<u8>], _random: u64, out: &mut Vec<u8>) {
    let tagged = |tag: u8| parts.iter().filter_map(move |part| part.strip_prefix(&[tag]));
    if let Some(reply) = tagged(b'F').next() {
        return out.extend_from_slice(reply);
    }
    // Simple strings read the same in both protocols.
    let mut reply = Out::new(out, Proto::V2);
    if tagged(b'V').next().is_some() {
        let values = tagged(b'V').fold(Vec::new(), digest::add_values_part);
        return digest::reply_values(&values, &mut reply);
    }
    let mut dataset = Dataset::default();
    tagged(b'D').for_each(|part| dataset.add_part(part));
    reply.simple(&dataset.finish());
}

#[cfg(test)]
mod tests;
