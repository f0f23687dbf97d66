//! SCRIPT: the cache of scripts, and an end for the running one.

use super::{BUSY_EVAL, BUSY_FUNCTION};
use crate::command::args::{is, word};
use crate::command::meta::scripting as meta;
use crate::command::nested::failure;
use crate::command::{Args, Ctx, Failure, Outcome, Route, Row, help};
use crate::script::cache::sha_word;
use crate::script::engine;
use crate::script::running::Kill;

/// The subcommands.
pub static ROWS: &[Row] = &[
    Row::new(&meta::SCRIPT_DEBUG, Route::Home, debug),
    Row::new(&meta::SCRIPT_EXISTS, Route::Home, exists),
    Row::new(&meta::SCRIPT_FLUSH, Route::Home, flush),
    Row::new(&meta::SCRIPT_HELP, Route::Home, help),
    Row::new(&meta::SCRIPT_KILL, Route::Home, kill_script),
    Row::new(&meta::SCRIPT_LOAD, Route::Home, load),
];

/// SCRIPT DEBUG YES | SYNC | NO: there is no debugger to switch on.
fn debug(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let mode = word(argv, 2);
    if is(mode, "no") {
        ctx.out.ok();
        return Ok(());
    }
    Err(Failure::text(if is(mode, "yes") || is(mode, "sync") {
        "ERR The script debugger is not available"
    } else {
        "ERR Use SCRIPT DEBUG YES/SYNC/NO"
    }))
}

/// SCRIPT EXISTS sha1 [sha1 ...]
fn exists(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let names = argv.get(2..).unwrap_or_default();
    ctx.out.array(names.len());
    for name in names {
        let known = sha_word(name).is_some_and(|sha| ctx.server.scripting.cache.get(&sha).is_some());
        ctx.out.int(i64::from(known));
    }
    Ok(())
}

/// SCRIPT FLUSH [ASYNC | SYNC]: every thread drops what it compiled when it next runs a script, so both are the same.
fn flush(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    match argv.get(2..).unwrap_or_default() {
        [] => {}
        [mode] if is(mode, "sync") || is(mode, "async") => {}
        _ => return Err(Failure::text("ERR SCRIPT FLUSH only support SYNC|ASYNC option")),
    }
    ctx.server.scripting.cache.flush();
    ctx.out.ok();
    Ok(())
}

/// SCRIPT LOAD script
fn load(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let script = engine::load(&ctx.server.scripting.cache, word(argv, 2)).map_err(|why| failure(&why))?;
    ctx.out.bulk(&script.sha);
    ctx.server.scripting.publish_memory(ctx.shard);
    Ok(())
}

fn kill_script(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    kill(ctx, true)
}

/// SCRIPT KILL (`eval`), FUNCTION KILL (script.c `scriptKill`).
pub(super) fn kill(ctx: &mut Ctx<'_>, eval: bool) -> Outcome {
    Err(Failure::text(match ctx.server.scripting.desk.kill(eval) {
        Kill::Done => {
            ctx.out.ok();
            return Ok(());
        }
        Kill::NotBusy => "NOTBUSY No scripts in execution right now.",
        Kill::Unkillable => {
            "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
        }
        Kill::IsEval => BUSY_EVAL,
        Kill::IsFunction => BUSY_FUNCTION,
    }))
}

fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    help::reply(
        &mut ctx.out,
        "SCRIPT",
        &[
            "DEBUG (YES|SYNC|NO)",
            "    Set the debug mode for subsequent scripts executed.",
            "EXISTS <sha1> [<sha1> ...]",
            "    Return information about the existence of the scripts in the script cache.",
            "FLUSH [ASYNC|SYNC]",
            "    Flush the Lua scripts cache. Very dangerous on replicas.",
            "    When called without the optional mode argument, the behavior is determined by the",
            "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
            "    * ASYNC: Asynchronously flush the scripts cache.",
            "    * SYNC: Synchronously flush the scripts cache.",
            "KILL",
            "    Kill the currently executing Lua script.",
            "LOAD <script>",
            "    Load a script into the scripts cache without executing it.",
        ],
    );
    Ok(())
}
