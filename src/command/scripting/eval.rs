//! EVAL, EVALSHA, EVAL_RO, EVALSHA_RO.

use super::host::{self, Subject};
use crate::command::args::{int, word};
use crate::command::meta::flag;
use crate::command::nested::failure;
use crate::command::{Args, Command, Ctx, Failure, Outcome, Server};
use crate::script::cache::Placement;
use crate::script::engine::{self, Named};
use crate::script::{Flags, Script, flags};
use std::sync::Arc;

const NO_SCRIPT: Failure = Failure::text("NOSCRIPT No matching script. Please use EVAL.");

/// EVAL script numkeys [key ...] [arg ...], and EVAL_RO.
pub fn eval(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    feed_monitors(ctx, argv);
    let (keys, arguments) = host::split(argv, int(word(argv, 2))?)?;
    let script = engine::load(&ctx.server.scripting.cache, word(argv, 1)).map_err(|why| failure(&why))?;
    run(ctx, argv, &script, keys, arguments)
}

/// EVALSHA sha1 numkeys [key ...] [arg ...], and EVALSHA_RO.
pub fn evalsha(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    feed_monitors(ctx, argv);
    if word(argv, 1).len() != 40 {
        return Err(NO_SCRIPT);
    }
    let (keys, arguments) = host::split(argv, int(word(argv, 2))?)?;
    let script = engine::find(&ctx.server.scripting.cache, Named::Sha(word(argv, 1))).ok_or(NO_SCRIPT)?;
    run(ctx, argv, &script, keys, arguments)
}

fn run(
    ctx: &mut Ctx<'_>,
    argv: Args<'_>,
    script: &Arc<Script>,
    keys: Args<'_>,
    arguments: Args<'_>,
) -> Outcome {
    let subject = Subject {
        name: &script.sha,
        flags: script.flags,
        mark: &script.mark,
        is_eval: true,
        read_only: ctx.command.row.meta.has(flag::READONLY),
        keys,
        arguments,
    };
    let server = ctx.server;
    host::run(ctx, argv, &subject, |host, call, out| {
        engine::run(&server.scripting.cache, script, host, call, out)
    })
}

/// Shows a script's command to MONITORs before the commands that it runs (eval.c `evalCommand`).
pub(super) fn feed_monitors(ctx: &Ctx<'_>, argv: Args<'_>) {
    if ctx.server.has_monitors() {
        let line = ctx.server.monitor_line(ctx.command, ctx.session, argv);
        ctx.server.feed_monitors(&line.into());
    }
}

/// What a call of EVAL, EVALSHA or FCALL is known to need before it runs.
#[derive(Clone, Copy, Debug)]
pub struct Outlook {
    /// Where it may run.
    pub placement: Placement,
    /// What it declares.
    pub flags: Flags,
}

/// Whether these words call a script or function that declares that it does not write (script.c
/// `scriptFlagsToCmdFlags`).
pub fn declares_no_writes(server: &Server, command: &Command, argv: Args<'_>) -> bool {
    let flags = match find(server, command, argv) {
        Some(outlook) => Some(outlook.flags),
        None if command.row.meta.name == "eval" => {
            flags::of_script(word(argv, 1)).ok().map(|(flags, _)| flags)
        }
        None => None,
    };
    flags.is_some_and(|flags| flags.has(flags::NO_WRITES))
}

/// Looks up the script or function that these words call; `None` if there is none yet.
pub fn find(server: &Server, command: &Command, argv: Args<'_>) -> Option<Outlook> {
    let name = word(argv, 1);
    let named = match command.row.meta.name {
        "eval" | "eval_ro" => Named::Body(name),
        "evalsha" | "evalsha_ro" => Named::Sha(name),
        _ => {
            return server.scripting.shelf.with(|libraries| {
                let (library, at) = libraries.function(name)?;
                let function = library.functions.get(at)?;
                Some(Outlook { placement: function.mark.get(), flags: function.flags })
            });
        }
    };
    let script = engine::find(&server.scripting.cache, named)?;
    Some(Outlook { placement: script.mark.get(), flags: script.flags })
}
