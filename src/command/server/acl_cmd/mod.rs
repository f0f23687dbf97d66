//! ACL: users and what they may do, as clients manage them (acl.c `aclCommand`). The rules themselves are the room `acl`.
//!
//! All run on the shard of the caller's connection; users are shared, so a change holds for every shard when the reply
//! leaves.

mod ask;
mod files;
mod log;
mod users;

pub use files::{Starting, rewrite_lines};

use crate::command::meta::server as meta;
use crate::command::{Args, Ctx, Failure, Outcome, Route, Row, args, help};

/// Rows of the subcommands.
pub static ROWS: &[Row] = &[
    Row::new(&meta::ACL_CAT, Route::Home, ask::cat),
    Row::new(&meta::ACL_DELUSER, Route::Home, users::deluser),
    Row::new(&meta::ACL_DRYRUN, Route::Home, ask::dryrun),
    Row::new(&meta::ACL_GENPASS, Route::Home, ask::genpass),
    Row::new(&meta::ACL_GETUSER, Route::Home, users::getuser),
    Row::new(&meta::ACL_HELP, Route::Home, help),
    Row::new(&meta::ACL_LIST, Route::Home, users::list),
    Row::new(&meta::ACL_LOAD, Route::Home, files::load),
    Row::new(&meta::ACL_LOG, Route::Home, log::log),
    Row::new(&meta::ACL_SAVE, Route::Home, files::save),
    Row::new(&meta::ACL_SETUSER, Route::Home, users::setuser),
    Row::new(&meta::ACL_USERS, Route::Home, users::users),
    Row::new(&meta::ACL_WHOAMI, Route::Home, users::whoami),
];

/// The reply to more words than a subcommand takes (networking.c `addReplySubcommandSyntaxError`).
fn too_many_words(argv: Args<'_>) -> Failure {
    let name = args::c_str(args::word(argv, 1));
    let shown = name.get(..128).unwrap_or(name);
    let line = [b"ERR unknown subcommand or wrong number of arguments for '", shown, b"'. Try ACL HELP."];
    Failure::Bytes(line.concat())
}

fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    help::reply(&mut ctx.out, "ACL", HELP);
    Ok(())
}

const HELP: &[&str] = &[
    "CAT [<category>]",
    "    List all commands that belong to <category>, or all command categories",
    "    when no category is specified.",
    "DELUSER <username> [<username> ...]",
    "    Delete a list of users.",
    "DRYRUN <username> <command> [<arg> ...]",
    "    Returns whether the user can execute the given command without executing the command.",
    "GETUSER <username>",
    "    Get the user's details.",
    "GENPASS [<bits>]",
    "    Generate a secure 256-bit user password. The optional `bits` argument can",
    "    be used to specify a different size.",
    "LIST",
    "    Show users details in config file format.",
    "LOAD",
    "    Reload users from the ACL file.",
    "LOG [<count> | RESET]",
    "    Show the ACL log entries.",
    "SAVE",
    "    Save the current config to the ACL file.",
    "SETUSER <username> <attribute> [<attribute> ...]",
    "    Create or modify a user with the specified attributes.",
    "USERS",
    "    List all the registered usernames.",
    "WHOAMI",
    "    Return the current connection username.",
];

#[cfg(test)]
mod tests;
