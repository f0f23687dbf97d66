//! FUNCTION: libraries of functions, the same on all shards (functions.c).

use super::host::write_log;
use super::{payload, script, stats};
use crate::base::glob;
use crate::command::args::{c_str, is, word};
use crate::command::meta::scripting as meta;
use crate::command::nested::failure;
use crate::command::{Args, Ctx, Failure, Outcome, Route, Row, Server, help};
use crate::script::{Function, Libraries, Library, engine, flags};
use std::sync::Arc;

/// Changes of the libraries run over all shards together, though they touch no keys: so they have a place in the order of
/// transactions, and the journal states them in that order.
const TOGETHER: Route = Route::Far(|_| true);

/// The subcommands.
pub static ROWS: &[Row] = &[
    Row::new(&meta::FUNCTION_DELETE, TOGETHER, delete),
    Row::new(&meta::FUNCTION_DUMP, Route::Home, dump),
    Row::new(&meta::FUNCTION_FLUSH, TOGETHER, flush),
    Row::new(&meta::FUNCTION_HELP, Route::Home, help),
    Row::new(&meta::FUNCTION_KILL, Route::Home, kill),
    Row::new(&meta::FUNCTION_LIST, Route::Home, list),
    Row::new(&meta::FUNCTION_LOAD, TOGETHER, load),
    Row::new(&meta::FUNCTION_RESTORE, TOGETHER, restore),
    Row::new(&meta::FUNCTION_STATS, Route::Home, stats::stats),
];

/// States the command as its own effect: it is deterministic.
fn changed(ctx: &mut Ctx<'_>, argv: Args<'_>) {
    let (db, mut stated) = (ctx.keys.db, false);
    ctx.keys.view.each(|store| {
        if !std::mem::replace(&mut stated, true) {
            store.journal.effect(db, argv);
            store.stats.dirty += 1;
        }
    });
    ctx.server.scripting.publish_memory(ctx.shard);
}

/// Compiles a library's text (functions.c `functionsCreateWithLibraryCtx`). `present`: the libraries that its name must
/// not be among unless `replace`.
fn create(code: &[u8], present: &Libraries, replace: bool, timeout: bool) -> Result<Library, Vec<u8>> {
    let (name, engine, start) = flags::of_library(code)?;
    if !flags::is_name(&name) {
        return Err(b"Library names can only contain letters, numbers, or underscores(_) and must be at least one character long".to_vec());
    }
    if !engine.eq_ignore_ascii_case(b"lua") {
        return Err([b"Engine '", engine.as_slice(), b"' not found"].concat());
    }
    if !replace && present.get(&name).is_some() {
        return Err([b"Library '", name.as_slice(), b"' already exists"].concat());
    }
    let body = code.get(start..).unwrap_or_default();
    let registered = engine::load_library(body, timeout, write_log)?;
    if registered.is_empty() {
        return Err(b"No functions registered".to_vec());
    }
    let functions = registered
        .into_iter()
        .map(|f| Function {
            name: f.name,
            description: f.description,
            flags: f.flags,
            mark: Default::default(),
        })
        .collect();
    Ok(Library::new(name, code.to_vec(), start, functions))
}

/// Adds a library that a file holds, on any thread (rdb.c `rdbFunctionLoad`). `replace`: in place of one of its name.
///
/// # Errors
/// Why it cannot be loaded.
pub fn load_saved(server: &Server, code: &[u8], replace: bool) -> Result<(), Vec<u8>> {
    let shelf = &server.scripting.shelf;
    let _lock = shelf.lock();
    let present = shelf.now();
    let library = Arc::new(create(code, &present, replace, false)?);
    shelf.replace(present.with(std::slice::from_ref(&library))?);
    Ok(())
}

/// Forgets all libraries (functions.c `functionsLibCtxClearCurrent`).
pub fn forget_all(server: &Server) {
    let shelf = &server.scripting.shelf;
    let _lock = shelf.lock();
    shelf.replace(Libraries::default().without(b""));
}

/// FUNCTION LOAD [REPLACE] code
fn load(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let mut replace = false;
    let Some((code, options)) = argv.get(2..).and_then(<[_]>::split_last) else {
        return Err(Failure::text("ERR Function code is missing"));
    };
    for option in options {
        if !is(option, "replace") {
            return Err(failure(&[b"Unknown option given: ", c_str(option)].concat()));
        }
        replace = true;
    }
    let shelf = &ctx.server.scripting.shelf;
    let lock = shelf.lock();
    let present = shelf.now();
    let library = Arc::new(create(code, &present, replace, true).map_err(|why| failure(&why))?);
    let all = present.with(std::slice::from_ref(&library)).map_err(|why| failure(&why))?;
    shelf.replace(all);
    drop(lock);
    changed(ctx, argv);
    ctx.out.bulk(&library.name);
    Ok(())
}

/// FUNCTION DELETE library-name
fn delete(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let shelf = &ctx.server.scripting.shelf;
    let lock = shelf.lock();
    let present = shelf.now();
    if present.get(word(argv, 2)).is_none() {
        return Err(Failure::text("ERR Library not found"));
    }
    shelf.replace(present.without(word(argv, 2)));
    drop(lock);
    changed(ctx, argv);
    ctx.out.ok();
    Ok(())
}

/// FUNCTION FLUSH [ASYNC | SYNC]: threads drop what they compiled when they next call a function, so both are the same.
fn flush(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    match argv.get(2..).unwrap_or_default() {
        [] => {}
        [mode] if is(mode, "sync") || is(mode, "async") => {}
        [_] => return Err(Failure::text("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")),
        _ => return Err(subcommand_syntax(argv)),
    }
    let shelf = &ctx.server.scripting.shelf;
    let lock = shelf.lock();
    shelf.replace(Libraries::default().without(b""));
    drop(lock);
    changed(ctx, argv);
    ctx.out.ok();
    Ok(())
}

/// networking.c `addReplySubcommandSyntaxError`.
fn subcommand_syntax(argv: Args<'_>) -> Failure {
    let line = [
        b"unknown subcommand or wrong number of arguments for '",
        c_str(word(argv, 1)),
        b"'. Try FUNCTION HELP.",
    ];
    failure(&line.concat())
}

/// FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]
fn list(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let (mut with_code, mut pattern) = (false, None);
    let mut words = argv.get(2..).unwrap_or_default().iter();
    while let Some(option) = words.next() {
        if !with_code && is(option, "withcode") {
            with_code = true;
        } else if pattern.is_none() && is(option, "libraryname") {
            let name = words.next().ok_or(Failure::text("ERR library name argument was not given"))?;
            pattern = Some(*name);
        } else {
            return Err(failure(&[b"Unknown argument ", c_str(option)].concat()));
        }
    }
    let libraries = ctx.server.scripting.shelf.now();
    let fits = |l: &&Arc<Library>| pattern.is_none_or(|p| glob::matches(p, &l.name, true));
    let mut chosen: Vec<&Arc<Library>> = libraries.iter().filter(fits).collect();
    chosen.sort_by(|a, b| a.name.cmp(&b.name));
    ctx.out.array(chosen.len());
    for library in chosen {
        write_library(ctx, library, with_code);
    }
    Ok(())
}

fn write_library(ctx: &mut Ctx<'_>, library: &Library, with_code: bool) {
    let out = &mut ctx.out;
    out.map(if with_code { 4 } else { 3 });
    out.bulk(b"library_name");
    out.bulk(&library.name);
    out.bulk(b"engine");
    out.bulk(b"LUA");
    out.bulk(b"functions");
    out.array(library.functions.len());
    for function in &library.functions {
        out.map(3);
        out.bulk(b"name");
        out.bulk(&function.name);
        out.bulk(b"description");
        match &function.description {
            Some(text) => out.bulk(text),
            None => out.null(),
        }
        out.bulk(b"flags");
        out.set(function.flags.names().count());
        function.flags.names().for_each(|name| out.simple(name));
    }
    if with_code {
        out.bulk(b"library_code");
        out.bulk(&library.code);
    }
}

/// FUNCTION DUMP
fn dump(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let libraries = ctx.server.scripting.shelf.now();
    let payload = payload::write(libraries.iter().map(|l| l.code.as_slice()));
    ctx.out.bulk(&payload);
    Ok(())
}

/// FUNCTION RESTORE payload [FLUSH | APPEND | REPLACE]
fn restore(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let (mut flush, mut replace) = (false, false);
    match argv.get(3..).unwrap_or_default() {
        [] => {}
        [policy] if is(policy, "append") => {}
        [policy] if is(policy, "replace") => replace = true,
        [policy] if is(policy, "flush") => flush = true,
        [_] => {
            return Err(Failure::text(
                "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
            ));
        }
        _ => return Err(subcommand_syntax(argv)),
    }
    let texts = payload::read(word(argv, 2)).map_err(|why| failure(why.as_bytes()))?;
    let shelf = &ctx.server.scripting.shelf;
    let lock = shelf.lock();
    let mut restored = Libraries::default();
    let mut added: Vec<Arc<Library>> = Vec::new();
    for code in texts {
        let library = create(&code, &restored, false, false).map_err(|why| failure(&why))?;
        added.push(Arc::new(library));
        restored =
            restored.with(added.get(added.len() - 1..).unwrap_or_default()).map_err(|why| failure(&why))?;
    }
    let present = shelf.now();
    if flush {
        shelf.replace(if added.is_empty() { restored.without(b"") } else { restored });
    } else {
        if let Some(library) = added.iter().find(|l| !replace && present.get(&l.name).is_some()) {
            let line = [b"Library ", library.name.as_slice(), b" already exists"].concat();
            return Err(failure(&line));
        }
        shelf.replace(present.with(&added).map_err(|why| failure(&why))?);
    }
    drop(lock);
    changed(ctx, argv);
    ctx.out.ok();
    Ok(())
}

fn kill(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    script::kill(ctx, false)
}

fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    help::reply(
        &mut ctx.out,
        "FUNCTION",
        &[
            "LOAD [REPLACE] <FUNCTION CODE>",
            "    Create a new library with the given library name and code.",
            "DELETE <LIBRARY NAME>",
            "    Delete the given library.",
            "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
            "    Return general information on all the libraries:",
            "    * Library name",
            "    * The engine used to run the Library",
            "    * Library description",
            "    * Functions list",
            "    * Library code (if WITHCODE is given)",
            "    It also possible to get only function that matches a pattern using LIBRARYNAME argument.",
            "STATS",
            "    Return information about the current function running:",
            "    * Function name",
            "    * Command used to run the function",
            "    * Duration in MS that the function is running",
            "    If no function is running, return nil",
            "    In addition, returns a list of available engines.",
            "KILL",
            "    Kill the current running function.",
            "FLUSH [ASYNC|SYNC]",
            "    Delete all the libraries.",
            "    When called without the optional mode argument, the behavior is determined by the",
            "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
            "    * ASYNC: Asynchronously flush the libraries.",
            "    * SYNC: Synchronously flush the libraries.",
            "DUMP",
            "    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command",
            "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
            "    Restore the libraries represented by the given payload, it is possible to give a restore policy to",
            "    control how to handle existing libraries (default APPEND):",
            "    * FLUSH: delete all existing libraries.",
            "    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.",
            "    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old",
            "      libraries with the new libraries (notice that even on this option there is a chance of failure",
            "      in case of functions name collision with another library).",
        ],
    );
    Ok(())
}
