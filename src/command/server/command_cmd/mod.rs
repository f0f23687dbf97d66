//! COMMAND and its subcommands: what the registry tells of itself.
//!
//! `info` and `docs` write the entries; here is which ones are asked for. Handlers read nothing but the registry, so they
//! run on any shard.

mod docs;
mod info;

use crate::base::glob;
use crate::command::meta::server as meta;
use crate::command::row::{Handler, Route};
use crate::command::table::{self, Malformed, Registry, keys_with_flags};
use crate::command::{Args, Command, Ctx, Failure, Outcome, Row, args};
use crate::resp::Out;

/// The command table's rows for COMMAND.
pub static ROWS: &[Row] = &[Row {
    meta: &meta::COMMAND,
    route: Route::Home,
    handler: Handler::Run(command),
    get_keys: None,
    subcommands: &[
        Row::new(&meta::COMMAND_COUNT, Route::Home, count),
        Row::new(&meta::COMMAND_DOCS, Route::Home, docs),
        Row::new(&meta::COMMAND_GETKEYS, Route::Home, getkeys),
        Row::new(&meta::COMMAND_GETKEYSANDFLAGS, Route::Home, getkeysandflags),
        Row::new(&meta::COMMAND_HELP, Route::Home, help),
        Row::new(&meta::COMMAND_INFO, Route::Home, info),
        Row::new(&meta::COMMAND_LIST, Route::Home, list),
    ],
}];

// Redis: server.c commandCommand.
fn command(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let commands = table::commands();
    ctx.out.array(commands.len());
    commands.iter().for_each(|command| info::write(&mut ctx.out, command));
    Ok(())
}

fn count(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.out.count(table::count());
    Ok(())
}

// Redis: server.c commandInfoCommand. Names without a command are null here and left out by DOCS.
fn info(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let names = argv.get(2..).unwrap_or_default();
    if names.is_empty() {
        return command(ctx, argv);
    }
    ctx.out.array(names.len());
    for name in names {
        match table::registry().find_by_full_name(name) {
            Some(found) => info::write(&mut ctx.out, found),
            None => ctx.out.null(),
        }
    }
    Ok(())
}

// Redis: server.c commandDocsCommand.
fn docs(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let names = argv.get(2..).unwrap_or_default();
    let found: Vec<&Command> = if names.is_empty() {
        table::commands().to_vec()
    } else {
        names.iter().filter_map(|name| table::registry().find_by_full_name(name)).collect()
    };
    ctx.out.map(found.len());
    for command in found {
        ctx.out.bulk(command.full_name.as_bytes());
        docs::write(&mut ctx.out, command);
    }
    Ok(())
}

fn getkeys(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let words = argv.get(2..).unwrap_or_default();
    let keys = keys_in(table::registry(), words)?;
    ctx.out.array(keys.len());
    keys.iter().for_each(|&(index, _)| ctx.out.bulk(args::word(words, index)));
    Ok(())
}

fn getkeysandflags(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let words = argv.get(2..).unwrap_or_default();
    let keys = keys_in(table::registry(), words)?;
    write_keys_and_flags(&mut ctx.out, words, &keys);
    Ok(())
}

fn write_keys_and_flags(out: &mut Out<'_>, words: Args<'_>, keys: &[(usize, u32)]) {
    out.array(keys.len());
    for &(index, flags) in keys {
        out.array(2);
        out.bulk(args::word(words, index));
        info::key_flags(out, flags);
    }
}

// Redis: server.c getKeysSubcommandImpl.
fn keys_in(registry: &Registry, words: Args<'_>) -> Result<Vec<(usize, u32)>, Failure> {
    let Some(command) = registry.find(words) else {
        return Err(Failure::text("ERR Invalid command specified"));
    };
    if !table::has_keys(command.row) {
        return Err(Failure::text("ERR The command has no key arguments"));
    }
    if !table::arity_fits(command, words.len()) {
        return Err(Failure::text("ERR Invalid number of arguments specified for command"));
    }
    let mut keys = Vec::new();
    keys_with_flags(command, words, &mut keys)
        .map_err(|Malformed| Failure::text("ERR Invalid arguments specified for command"))?;
    Ok(keys)
}

/// What COMMAND LIST leaves in.
enum Filter<'a> {
    All,
    /// Nothing: a module's commands, and there are no modules; or a category that does not exist.
    Nothing,
    Category(u32),
    Pattern(&'a [u8]),
}

impl Filter<'_> {
    fn takes(&self, command: &Command) -> bool {
        match self {
            Filter::All => true,
            Filter::Nothing => false,
            Filter::Category(category) => command.row.meta.categories & category != 0,
            Filter::Pattern(pattern) => glob::matches(pattern, command.full_name.as_bytes(), true),
        }
    }
}

fn list(ctx: &mut Ctx<'_>, argv: Args<'_>) -> Outcome {
    let names = listed(table::registry(), argv.get(2..).unwrap_or_default())?;
    ctx.out.bulks(&names);
    Ok(())
}

// Redis: server.c commandListCommand. A filter looks at subcommands whether or not it takes their container.
fn listed<'r>(registry: &'r Registry, options: Args<'_>) -> Result<Vec<&'r str>, Failure> {
    let filter = match options {
        [] => Filter::All,
        [by, kind, value] if args::is(by, "filterby") => match () {
            () if args::is(kind, "module") => Filter::Nothing,
            () if args::is(kind, "aclcat") => info::category(value).map_or(Filter::Nothing, Filter::Category),
            () if args::is(kind, "pattern") => Filter::Pattern(value),
            () => return Err(Failure::Syntax),
        },
        _ => return Err(Failure::Syntax),
    };
    let with_subcommands =
        |command: &&'static Command| std::iter::once(*command).chain(command.subcommands.iter().copied());
    let taken = registry.commands().iter().flat_map(with_subcommands).filter(|command| filter.takes(command));
    Ok(taken.map(|command| command.full_name.as_str()).collect())
}

/// COMMAND HELP, headed and ended as networking.c `addReplyHelp` does.
const HELP: &[&str] = &[
    "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "(no subcommand)",
    "    Return details about all Redis commands.",
    "COUNT",
    "    Return the total number of commands in this Redis server.",
    "LIST",
    "    Return a list of all commands in this Redis server.",
    "INFO [<command-name> ...]",
    "    Return details about multiple Redis commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "DOCS [<command-name> ...]",
    "    Return documentation details about multiple Redis commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "GETKEYS <full-command>",
    "    Return the keys from a full Redis command.",
    "GETKEYSANDFLAGS <full-command>",
    "    Return the keys and the access flags from a full Redis command.",
    "HELP",
    "    Print this help.",
];

fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.out.array(HELP.len());
    HELP.iter().for_each(|line| ctx.out.simple(line));
    Ok(())
}

#[cfg(test)]
mod tests;
